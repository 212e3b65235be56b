# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of volumes and of VMs on releases of CloudStack that keep them in different places, list deleted ones, or have no snapshots of whole VMs."""

from __future__ import annotations

import pytest

from faults import alone
from faults.alone import written
from faults.scenario import NOTHING
from faults.worlds import CloudStack
from simulators.client import start
from simulators.cloudstack.versions import parse

POOL = {"name": "sp", "zone": "zone1", "template": "hybrid", "capacity": "1TiB"}
NIGHTLY = {"name": "nightly", "volume": "data", "zone": "zone1", "tags": {"keep": "7"}}
GONE = {"name": "nightly", "volume": "data", "state": "absent"}
BACK = {"volume": "data", "snapshot": "nightly"}
BEFORE = {"name": "before", "vm": "web", "zone": "zone1", "description": "before the upgrade"}


@pytest.fixture(params=["4.8", "4.11.3", "4.16.1", "4.18.1", "4.19", "4.20", "4.20.1", "4.21", "4.23"])
def cloud(request, storpool):
    """A cloud of each release, with a pool and a volume on it."""
    of_storpool = {"storpool_url": storpool.simulator.url, "storpool_token": storpool.simulator.args["token"]}
    with start("cloudstack", version=request.param, hosts=1, **of_storpool) as simulator:
        world = CloudStack(simulator, storpool)
        storpool.begin(NOTHING)
        ran(world, "cloudstack_storpool_pool", POOL, writes=["createStoragePool"])
        world.add(pool="sp", volumes=1, name="data")
        yield world


def test_a_snapshot_of_a_volume_from_its_beginning_to_its_end(cloud):
    release = parse(cloud.simulator.args["version"])
    made = ran(cloud, "cloudstack_volume_snapshot", NIGHTLY, writes=["createSnapshot", "createTags"])
    setting = (
        "snapshot.backup.to.secondary is true" if release.at_least("4.21") else "sp.bypass.secondary.storage is false"
    )
    told = f"copied to secondary storage ({setting})" if release.at_least("4.11") else "copied to secondary storage"
    assert made["actions"][0].endswith(told)
    snapshot = made["snapshot"]
    assert (snapshot["state"], snapshot["tags"], snapshot["zone"]) == ("BackedUp", {"keep": "7"}, "zone1")
    assert ran(cloud, "cloudstack_volume_snapshot", NIGHTLY, writes=[])["snapshot"] == snapshot
    [half] = [
        row
        for row in cloud.storpool.state()["snapshots"]
        if snapshot["id"] in (row["givenName"], row["tags"].get("uuid"))
    ]
    assert snapshot["storpool"] == {"global_id": half["lastingId"], "name": half["givenName"] or None}
    if release.at_least("4.11"):
        ran(cloud, "cloudstack_volume_revert", BACK, writes=["revertSnapshot"])
    ran(cloud, "cloudstack_volume_snapshot", GONE, writes=["deleteSnapshot"])
    ran(cloud, "cloudstack_volume_snapshot", GONE, writes=[])
    again = ran(cloud, "cloudstack_volume_snapshot", NIGHTLY, writes=["createSnapshot", "createTags"])["snapshot"]
    assert again["id"] != snapshot["id"]
    assert ran(cloud, "cloudstack_volume_snapshot", NIGHTLY, writes=[])["snapshot"] == again


def test_where_a_snapshot_is_kept_is_insisted_on(cloud):
    release = parse(cloud.simulator.args["version"])
    on_storpool = {**NIGHTLY, "backup": False}
    told = refused(cloud, "cloudstack_volume_snapshot", on_storpool, kind="not_allowed")
    if not release.at_least("4.11"):
        assert "this release has no setting for it" in told
        return
    name, value = (
        ("snapshot.backup.to.secondary", False) if release.at_least("4.21") else ("sp.bypass.secondary.storage", True)
    )
    assert name in told
    ran(cloud, "cloudstack_configuration", {"name": name, "value": value}, writes=["updateConfiguration"])
    made = ran(cloud, "cloudstack_volume_snapshot", on_storpool, writes=["createSnapshot", "createTags"])
    assert "kept on StorPool only" in made["actions"][0]
    [row] = cloud.admin("GET", "state")["snapshots"]
    assert not row["on_secondary"]
    assert name in refused(
        cloud, "cloudstack_volume_snapshot", {**NIGHTLY, "name": "weekly", "backup": True}, kind="not_allowed"
    )


def test_a_snapshot_that_is_listed_though_it_was_deleted_needs_storpool(cloud):
    release = parse(cloud.simulator.args["version"])
    ran(cloud, "cloudstack_volume_snapshot", {**NIGHTLY, "tags": None}, writes=["createSnapshot"])
    if release.at_least("4.19") and not release.at_least("4.20.1"):
        told = refused(cloud, "cloudstack_volume_snapshot", GONE, kind="not_configured", storpool=False)
        assert "goes on to list snapshots that were deleted" in told
        return
    assert (
        ran(cloud, "cloudstack_volume_snapshot", {**NIGHTLY, "tags": None}, writes=[], storpool=False)["snapshot"][
            "storpool"
        ]
        is None
    )
    ran(cloud, "cloudstack_volume_snapshot", GONE, writes=["deleteSnapshot"], storpool=False)
    ran(cloud, "cloudstack_volume_snapshot", GONE, writes=[], storpool=False)


def test_all_disks_of_a_vm(cloud):
    release = parse(cloud.simulator.args["version"])
    vm = running_vm(cloud)
    if not release.at_least("4.11"):
        assert "4.11.0 is the first" in refused(
            cloud, "cloudstack_vm_snapshot", BEFORE, kind="not_allowed", storpool=False
        )
        return
    made = ran(cloud, "cloudstack_vm_snapshot", BEFORE, writes=["createVMSnapshot"], storpool=False)["snapshot"]
    assert (made["display_name"], made["description"], made["vm_id"]) == ("before", "before the upgrade", vm)
    assert ran(cloud, "cloudstack_vm_snapshot", BEFORE, writes=[], storpool=False)["snapshot"] == made
    group = [row for row in cloud.storpool.state()["snapshots"] if row["tags"].get("cs") == "group"]
    assert [row["tags"]["uuid"] for row in group] == [made["id"]] * 2
    back = {"vm": "web", "snapshot": "before"}
    assert "is Running" in refused(cloud, "cloudstack_vm_revert", back, kind="not_allowed")
    cloud.do(("stopVirtualMachine", {"id": vm}))
    cloud.forget()
    assert "VM snapshots 'before'" in refused_single_revert(cloud)
    reverted = ran(cloud, "cloudstack_vm_revert", back, writes=["revertToVMSnapshot"])
    assert "'data'" in reverted["lost"][0]
    assert {row["parentName"] for row in cloud.storpool.state()["volumes"] if row["tags"].get("cvm") == vm} <= {
        row["name"] for row in group
    }
    ran(
        cloud,
        "cloudstack_vm_snapshot",
        {"name": "before", "vm": "web", "state": "absent"},
        writes=["deleteVMSnapshot"],
        storpool=False,
    )
    ran(cloud, "cloudstack_vm_snapshot", {"name": "before", "vm": "web", "state": "absent"}, writes=[], storpool=False)


def running_vm(world):
    """The id of a VM that runs, with the volume beside its root disk."""
    state = world.admin("GET", "state")
    body = {"zoneid": "1", "serviceofferingid": "1", "templateid": state["templates"][0]["id"], "name": "web"}
    world.do(("deployVirtualMachine", body))
    state = world.admin("GET", "state")
    [vm] = [row["id"] for row in state["vms"] if row["name"] == "web"]
    [volume] = [row["id"] for row in state["volumes"] if row["name"] == "data"]
    world.do(("attachVolume", {"id": volume, "virtualmachineid": vm}))
    world.forget()
    return str(vm)


def refused_single_revert(world):
    """What is said of a revert of one volume of a VM that has VM snapshots."""
    ran(world, "cloudstack_volume_snapshot", {**NIGHTLY, "tags": None}, writes=["createSnapshot"])
    return refused(world, "cloudstack_volume_revert", BACK, kind="not_allowed")


def ended(world, module, options, storpool):
    connection = {**world.connection, **(world.storpool.connection if storpool else {})}
    return alone.ran(world, module, {**connection, **options})


def ran(world, module, options, *, writes, storpool=None):
    """The result of a run that went well, and wrote just this."""
    storpool = module != "cloudstack_configuration" if storpool is None else storpool
    task = ended(world, module, options, storpool)
    assert not task.failed, task.output
    assert written(world) == writes
    assert task.changed == bool(writes)
    return task.result


def refused(world, module, options, *, kind, storpool=True):
    """What is said of a task that was not begun, of this kind of failure."""
    task = ended(world, module, options, storpool)
    assert task.failed, task.output
    assert task.result["error"]["kind"] == kind, task.output
    assert written(world) == []
    return task.result["msg"]
