# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook that empties a pool, killed twice on its way: each volume is moved once, nothing else is touched, and the pool is gone in the end."""

from __future__ import annotations

import json
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from contract import documented
from simulators.client import Simulator, storpool_call
from tools.processes import kill_family

VOLUMES = 50
RUNNING = 15
KILLED_AFTER = (6, 14)
WITHIN = 300
REFUSED = {"errorcode": 530, "errortext": "Failed to migrate volume"}
PLACES = {"replication": 3, "placeAll": "hdd", "placeTail": "ssd", "placeHead": "hdd"}


def test_a_pool_is_emptied_by_a_playbook_that_is_killed_twice(
    storpool: Simulator, cloudstack: Simulator, tmp_path: Path
):
    make_pools(storpool, cloudstack, "old", "new", "third")
    attached = cloudstack.admin("POST", "objects", {"pool": "old", "vms": RUNNING})
    idle = {"pool": "old", "vms": 5, "running": False, "volumes": VOLUMES - RUNNING - 5, "destroyed_volumes": 2}
    cloudstack.admin("POST", "objects", idle)
    cloudstack.admin("POST", "objects", {"pool": "third", "vms": 1, "volumes": 3})
    before = rows(cloudstack)
    cloudstack.switch(job_delay_ms=800)
    cloudstack.clear_journal()
    for count in KILLED_AFTER:
        process = begin(storpool, cloudstack, tmp_path)
        wait_for(lambda count=count: migrations(cloudstack) >= count, process)
        kill_family(process)
    process = begin(storpool, cloudstack, tmp_path)
    told = process.communicate(timeout=WITHIN)[0]
    assert process.returncode == 0, told
    assert "cloudstack_pool_evacuation: " in told

    written = [entry for entry in cloudstack.journal()["entries"] if entry["write"]]
    moves = [entry["body"] for entry in written if entry["call"] == "migrateVolume"]
    moved = Counter(body["volumeid"] for body in moves)
    of_old = {row["id"]: row for row in before if row["pool"] == 1}
    living = {key for key, row in of_old.items() if row["state"] == "Ready"}
    assert (len(living), set(moved)) == (VOLUMES, living)
    assert set(moved.values()) == {1}
    roots = {row["id"] for row in before if row["vm"] and row["pool"] == 1}
    live = {body["volumeid"] for body in moves if body.get("livemigrate", "").lower() == "true"}
    assert live <= roots
    assert len(live) == len(attached["vms"])
    others = Counter(entry["call"] for entry in written if entry["call"] != "migrateVolume")
    assert others == {
        "updateStoragePool": 2,  # from Disabled, a pool gets into maintenance by way of Up
        "destroyVolume": 2,
        "enableStorageMaintenance": 1,
        "deleteStoragePool": 1,
    }
    first = written[0]
    assert (first["call"], first["body"]["enabled"].lower()) == ("updateStoragePool", "false")
    after = {row["id"]: row for row in rows(cloudstack)}
    new = {pool["name"]: pool["db_id"] for pool in cloudstack.state()["pools"]}["new"]
    assert {after[key]["pool"] for key in living} == {new}
    assert all(after[row["id"]] == row for row in before if row["pool"] == 3)
    [cluster] = storpool.state()["clusters"].values()
    templates = Counter(row["templateName"] for row in cluster["volumes"])
    assert templates["old"] == 0, templates
    assert templates["new"] >= VOLUMES


def test_what_cannot_be_moved_is_told_and_holds_up_nothing(storpool: Simulator, cloudstack: Simulator, tmp_path: Path):
    make_pools(storpool, cloudstack, "old", "new")
    made = cloudstack.admin("POST", "objects", {"pool": "old", "vms": 1, "volumes": 3, "snapshots": 1})
    cloudstack.clear_journal()
    cloudstack.fault({"call": "migrateVolume", "kind": "api_error", "times": 3, **REFUSED})
    process = begin(storpool, cloudstack, tmp_path, evacuate_remove=False, evacuate_at_once=1)
    told = process.communicate(timeout=WITHIN)[0]
    assert process.returncode == 0, told  # the three that failed were tried once more
    calls = Counter(
        entry["body"]["volumeid"] for entry in cloudstack.journal()["entries"] if entry["call"] == "migrateVolume"
    )
    assert sorted(calls.values()) == [1, 1, 2, 2, 2]
    assert made["snapshots"]
    assert "snapshots of volumes that were on it" in told
    report = json.loads((tmp_path / "storpool-evacuate_pool.json").read_text())
    assert (report["ok"], len(report["moved"]), report["failed"]) == (True, 5, [])
    page = (tmp_path / "storpool-evacuate_pool.html").read_text()
    assert all(f"<li>{volume['name']}</li>" in page for volume in report["moved"])
    assert "{{" not in page


def make_pools(storpool: Simulator, cloudstack: Simulator, *names: str) -> None:
    """StorPool templates, and a pool on each."""
    for name in names:
        assert storpool_call(storpool, "VolumeTemplateCreate", {"name": name, **PLACES}).ok
        documented.by_others(cloudstack, documented.pool(storpool, name, name))


def begin(storpool: Simulator, cloudstack: Simulator, directory: Path, **more: Any) -> subprocess.Popen[str]:
    """The playbook in a process of its own."""
    values = {
        "evacuate_pool": "old",
        "evacuate_zone": "zone1",
        "evacuate_to": "new",
        "evacuate_at_once": 4,
        "evacuate_remove": True,
        "cloudstack_api_url": f"{cloudstack.url}/client/api",
        "cloudstack_api_key": cloudstack.args["api_key"],
        "cloudstack_api_secret": cloudstack.args["secret_key"],
        **more,
    }
    variables = directory / "variables.yml"
    variables.write_text(yaml.safe_dump(values))
    command = [documented.programs("ansible-playbook"), f"{documented.COLLECTION}.evacuate_pool", "--extra-vars"]
    return subprocess.Popen(
        [*command, f"@{variables}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=directory,
        env={**documented.environment(directory), "PWD": str(directory), "STORPOOL_CLOUDSTACK_DIRECT": "true"},
    )


def migrations(cloudstack: Simulator) -> int:
    """How many were begun."""
    return sum(entry["call"] == "migrateVolume" for entry in cloudstack.journal()["entries"])


def wait_for(done: Any, process: subprocess.Popen[str]) -> None:
    until = time.monotonic() + WITHIN
    while not done():
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.05)


def rows(cloudstack: Simulator) -> list[dict[str, Any]]:
    """The volumes as the cloud has them."""
    return [row for row in cloudstack.state()["volumes"] if not row["removed"]]


def test_disks_of_vms_that_run_come_to_storpool_with_them(storpool: Simulator, cloudstack: Simulator, tmp_path: Path):
    make_pools(storpool, cloudstack, "new")
    nfs = {"scope": "zone", "hypervisor": "KVM", "provider": "DefaultPrimary", "url": "nfs://10.0.0.9/export"}
    documented.by_others(cloudstack, ("createStoragePool", {"name": "old", "zoneid": "1", **nfs}))
    ids = {pool["name"]: pool["id"] for pool in cloudstack.state()["pools"]}
    made = cloudstack.admin("POST", "objects", {"pool": "old", "vms": 2, "volumes": 1, "storpool": False})
    documented.by_others(cloudstack, ("updateStoragePool", {"id": ids["old"], "enabled": "false"}))
    hosts = {vm["id"]: vm["host"] for vm in cloudstack.state()["vms"]}
    play = tmp_path / "evacuate.yml"
    keys = {"api_key": cloudstack.args["api_key"], "api_secret": cloudstack.args["secret_key"]}
    task = {"pool": "old", "to": "new", "api_url": f"{cloudstack.url}/client/api", **keys}
    for options, moved in (({}, 1), ({"allow_vm_migration": True}, 3)):
        tasks = [{"storpool.cloudstack.cloudstack_pool_evacuation": {**task, **options}}]
        play.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": tasks}]))
        ended = subprocess.run(
            [documented.programs("ansible-playbook"), str(play)],
            capture_output=True,
            text=True,
            check=False,
            timeout=WITHIN,
            env={**documented.environment(tmp_path), "STORPOOL_CLOUDSTACK_DIRECT": "true"},
        )
        assert (ended.returncode == 0) == bool(options), ended.stdout
        assert options or "Set allow_vm_migration" in ended.stdout
        names = {pool["db_id"]: pool["name"] for pool in cloudstack.state()["pools"]}
        assert sum(names[row["pool"]] == "new" for row in rows(cloudstack)) == moved
    after = {vm["id"]: vm["host"] for vm in cloudstack.state()["vms"]}
    assert all(after[vm] not in (None, hosts[vm]) for vm in made["vms"])
    [cluster] = storpool.state()["clusters"].values()
    assert len([row for row in cluster["volumes"] if row["tags"].get("cvm") in made["vms"]]) == 2


def test_a_pool_of_another_kind_takes_what_does_not_run(storpool: Simulator, cloudstack: Simulator, tmp_path: Path):
    make_pools(storpool, cloudstack, "old")
    nfs = {"scope": "zone", "hypervisor": "KVM", "provider": "DefaultPrimary", "url": "nfs://10.0.0.9/export"}
    documented.by_others(cloudstack, ("createStoragePool", {"name": "nfs", "zoneid": "1", **nfs}))
    made = cloudstack.admin("POST", "objects", {"pool": "old", "vms": 1, "volumes": 2})
    process = begin(storpool, cloudstack, tmp_path, evacuate_to="nfs")
    told = process.communicate(timeout=WITHIN)[0]
    assert process.returncode == 2, told
    assert "1 of 3 volumes is left on primary storage pool 'old'" in told
    assert "only from one StorPool pool to another" in told
    names = {pool["db_id"]: pool["name"] for pool in cloudstack.state()["pools"]}
    where = {row["id"]: names[row["pool"]] for row in rows(cloudstack)}
    assert sorted(where.values()) == ["nfs", "nfs", "old"]
    assert {where[key] for key in made["volumes"]} == {"nfs"}
    assert names[1] == "old"  # it is not empty, and so it is not removed
