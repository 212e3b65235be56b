# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drill of a failover: which of the VMs of a site could be brought up at the other one. And one VM that is brought back to a backup."""

from __future__ import annotations

from benchmarks.plays import Workbench
from simulators.client import Simulator, start, storpool_call
from tools.workspace import COLLECTION

VMS, IN_A_GROUP = 500, 100
BATCH = 50
DISKS = 8
FAR_TOKEN = "1618033988749894848"
FAR = {"id": "far.c", "name": "far-cluster", "location": "far-away", "token": FAR_TOKEN}


def measure(bench: Workbench, repeats: int) -> dict[str, float]:
    """Processor seconds, seconds and memory of the module's process, and how many requests each product gets. Every VM could be brought up."""
    with start("storpool") as storpool, start("cloudstack", version="4.19.1", hosts=2) as cloud:
        access = _begin(bench, storpool, cloud)
        for _batch in range(0, VMS, BATCH):
            cloud.admin("POST", "objects", {"pool": "sp", "vms": BATCH, "running": False})
        state = cloud.state()
        ids = {row["db_id"]: row["id"] for row in state["vms"]}
        for row in state["volumes"]:
            volume = "~" + row["path"].rpartition("/")[2]
            body = {"volumes": [volume], "location": "far-away", "tags": {"cvm": ids[row["vm"]]}}
            storpool_call(storpool, "VolumesGroupBackup", body)
        every = list(ids.values())
        drill = {
            "groups": [every[first : first + IN_A_GROUP] for first in range(0, VMS, IN_A_GROUP)],
            "cluster": "cluster1",
            "source": "tags",
            "max_age": "1d",
            "sp_auth_token": FAR_TOKEN,
            **access,
        }
        found: dict[str, list[float]] = {"cpu_seconds": [], "seconds": [], "MB": [], "storpool": [], "cloudstack": []}
        for _round in range(repeats):
            for simulator in (storpool, cloud):
                simulator.clear_journal()
            [took] = bench.play(storpool, {f"{COLLECTION}.cloudstack_vm_failover": drill, "check_mode": True})
            could = [row["result"] for row in took.result["vms"]]
            if could != ["up"] * VMS:
                raise RuntimeError(f"all VMs should be possible: {took.result.get('msg')}")
            for key in ("cpu_seconds", "seconds"):
                found[key].append(took.modules[0][key])
            found["MB"].append(took.modules[0]["megabytes"])
            found["storpool"].append(storpool.journal()["calls"])
            found["cloudstack"].append(cloud.journal()["calls"])
        return {key: max(values) if key == "MB" else min(values) for key, values in found.items()}


def restore(bench: Workbench) -> dict[str, int]:
    """How many requests it takes to bring a VM that runs back to a backup at the other site, called by its name and by its id.

    How often a job is asked about depends on how long it takes; once each is counted. CloudStack attaches disks itself, beside
    one call of the module's that detaches them.
    """
    found = {}
    with start("storpool") as storpool, start("cloudstack", version="4.19.1", hosts=1) as cloud:
        access = _begin(bench, storpool, cloud)
        storpool.switch(revert_tags="kept", revert_limits="kept")
        for by in ("name", "id"):
            cloud.admin("POST", "objects", {"pool": "sp", "vms": 1, "name": f"web-{by}"})
            data = cloud.admin("POST", "objects", {"pool": "sp", "volumes": DISKS - 1, "name": by})["volumes"]
            [vm] = (row for row in cloud.state()["vms"] if row["name"] == f"web-{by}")
            tasks = [{f"{COLLECTION}.cloudstack_volume": {"id": one, "vm": vm["id"], **access}} for one in data]
            bench.play(storpool, *tasks)
            rows = [row for row in cloud.state()["volumes"] if row["vm"] == vm["db_id"]]
            volumes = ["~" + row["path"].rpartition("/")[2] for row in rows]
            body = {"volumes": volumes, "location": "far-away", "tags": {"cvm": vm["id"]}}
            for one in storpool_call(storpool, "VolumesGroupBackup", body).json()["data"]["backups"].values():
                storpool_call(storpool, f"SnapshotDelete/~{one['remoteId']}", {})
            for simulator in (storpool, cloud):
                simulator.clear_journal()
            task = {"vm": vm[by], "source": "tags", "stop_vm": True, **access}
            bench.play(storpool, {f"{COLLECTION}.cloudstack_vm_restore": task})
            calls = [row["call"] for simulator in (storpool, cloud) for row in simulator.journal()["entries"]]
            if (calls.count("SnapshotFromRemote"), calls.count("VolumeRevert")) != (DISKS, DISKS):
                raise RuntimeError(f"{DISKS} disks should be brought and reverted: {calls}")
            others = calls.count("queryAsyncJobResult") - 2 + calls.count("VolumesReassignWait") - 1
            found[by] = len(calls) - others
    return found


def _begin(bench: Workbench, storpool: Simulator, cloud: Simulator) -> dict[str, str]:
    """A pool in a zone whose other site is ``FAR``; how CloudStack is reached."""
    storpool.switch(recovery_seconds=0)
    storpool.admin("POST", "clusters", FAR)
    return bench.pool(storpool, cloud)
