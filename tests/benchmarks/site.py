# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drill of a failover: which of the VMs of a site could be brought up at the other one."""

from __future__ import annotations

from benchmarks.plays import Workbench
from simulators.client import start, storpool_call
from tools.workspace import COLLECTION

VMS, IN_A_GROUP = 500, 100
BATCH = 50
FAR_TOKEN = "1618033988749894848"
FAR = {"id": "far.c", "name": "far-cluster", "location": "far-away", "token": FAR_TOKEN}


def measure(bench: Workbench, repeats: int) -> dict[str, float]:
    """Processor seconds, seconds and memory of the module's process, and how many requests each product gets. Every VM could be brought up."""
    with start("storpool") as storpool, start("cloudstack", version="4.19.1", hosts=2) as cloud:
        storpool_call(storpool, "VolumeTemplateCreate", {"name": "hybrid", "replication": 3, "placeAll": "hdd"})
        storpool.switch(recovery_seconds=0)
        storpool.admin("POST", "clusters", FAR)
        access = {
            "api_url": f"{cloud.url}/client/api",
            "api_key": cloud.args["api_key"],
            "api_secret": cloud.args["secret_key"],
        }
        pool = {"name": "sp", "zone": "zone1", "template": "hybrid", "capacity": "1PiB", **access}
        bench.play(storpool, {f"{COLLECTION}.cloudstack_storpool_pool": pool})
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
