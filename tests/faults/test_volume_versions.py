# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes on releases of CloudStack that have other calls for them: the whole life of one, with what was written to both APIs."""

from __future__ import annotations

import pytest

from faults import alone
from faults.alone import written
from faults.scenario import GIB, NOTHING
from faults.worlds import CloudStack
from simulators.client import start
from simulators.cloudstack.versions import parse

DATA = {"name": "data", "zone": "zone1", "wait_timeout": 60}
ROOT = {"zoneid": "1", "serviceofferingid": "1", "templateid": "1"}


@pytest.fixture(params=["4.8", "4.11.3", "4.14", "4.16.1", "4.18.1", "4.20", "4.22"])
def cloud(request, storpool):
    """A cloud of each release, with the pools sp and other, a VM that runs, and offerings."""
    of_storpool = {"storpool_url": storpool.simulator.url, "storpool_token": storpool.simulator.args["token"]}
    with start("cloudstack", version=request.param, hosts=2, **of_storpool) as simulator:
        world = CloudStack(simulator, storpool)
        storpool.begin(NOTHING)
        for name, template in (("sp", "hybrid"), ("other", "ssd")):
            pool = {"name": name, "zone": "zone1", "template": template, "capacity": "1TiB", "tags": ["fast"]}
            made = alone.ran(world, "cloudstack_storpool_pool", {**world.connection, **storpool.connection, **pool})
            assert not made.failed, made.output
        custom = {"displaytext": "x", "tags": "fast", "customized": "true"}
        world.do(
            ("createDiskOffering", {"name": "custom", **custom}),
            ("createDiskOffering", {"name": "limited", **custom, "customizediops": "true"}),
            ("createDiskOffering", {"name": "fixed", "displaytext": "x", "tags": "fast", "disksize": 8}),
            ("deployVirtualMachine", {**ROOT, "name": "db-1"}),
            ("deployVirtualMachine", {**ROOT, "name": "db-2"}),
        )
        yield world


def release(cloud):
    return parse(cloud.simulator.args["version"])


def test_the_life_of_a_volume(cloud):
    is_new = release(cloud).at_least("4.17")
    made = {**DATA, "disk_offering": "custom", "size": "5GiB"}
    volume = ran(cloud, made, writes=["createVolume"])
    assert (volume["state"], volume["size"], volume["vm"], volume["storpool_id"]) == ("Allocated", 5 * GIB, None, None)
    assert ran(cloud, made, writes=[]) == volume
    volume = ran(cloud, {**made, "vm": "db-1"}, writes=["attachVolume"])
    assert (volume["vm"]["name"], volume["device_id"], volume["pool"]["name"]) == ("db-1", 1, "sp")
    assert of_storpool(cloud, volume)["size"] == 5 * GIB
    volume = ran(cloud, {**DATA, "size": "6GiB"}, writes=["resizeVolume"])
    assert of_storpool(cloud, volume)["size"] == 6 * GIB
    volume = ran(cloud, {**DATA, "vm": ""}, writes=["detachVolume"])
    if release(cloud).at_least("4.11"):
        volume = ran(cloud, {**DATA, "storage_pool": "other"}, writes=["migrateVolume"])
        assert of_storpool(cloud, volume)["templateName"] == "ssd"
    change = {**DATA, "disk_offering": "fixed"}
    volume = ran(cloud, change, writes=["changeOfferingForVolume" if is_new else "resizeVolume"])
    assert (volume["disk_offering"]["name"], volume["size"]) == ("fixed", 8 * GIB)
    assert of_storpool(cloud, volume)["size"] == 8 * GIB
    volume = ran(cloud, {**DATA, "vm": "db-2", "device_id": 5}, writes=["attachVolume"])
    assert volume["device_id"] == 5
    removed = {"name": "data", "state": "absent", "expunge": True}
    refused(cloud, removed, "is attached to VM 'db-2', which is Running, so it is not removed")
    removing = "destroyVolume" if release(cloud).at_least("4.14") else "deleteVolume"
    assert ran(cloud, {**removed, "vm": ""}, writes=["detachVolume", removing]) is None
    assert ran(cloud, removed, writes=[]) is None
    assert [row["state"] for row in rows(cloud, "data")] == ["Expunged"]


def test_a_volume_of_a_vm_that_runs_is_moved_where_that_works(cloud):
    volume = ran(
        cloud,
        {**DATA, "disk_offering": "custom", "size": "5GiB", "vm": "db-1"},
        writes=["createVolume", "attachVolume"],
    )
    move = {**DATA, "storage_pool": cloud.id_of("other")}
    if not release(cloud).at_least("4.18"):
        refused(
            cloud,
            move,
            "moves no volumes of VMs that run on KVM; the first that does, between StorPool pools, is 4.18.0",
        )
        return
    moved = ran(cloud, move, writes=["migrateVolume"])
    assert (moved["storpool_id"], moved["pool"]["name"]) == (volume["storpool_id"], "other")
    assert of_storpool(cloud, moved)["templateName"] == "ssd"


def test_a_driver_that_moves_nothing_says_so(cloud):
    if release(cloud).at_least("4.11"):
        return
    ran(
        cloud,
        {**DATA, "disk_offering": "custom", "size": "5GiB", "vm": "db-1"},
        writes=["createVolume", "attachVolume"],
    )
    ran(cloud, {**DATA, "vm": ""}, writes=["detachVolume"])
    move = {**cloud.connection, **DATA, "storage_pool": "other"}
    ended = alone.ran(cloud, "cloudstack_volume", move)
    assert "The StorPool driver of this CloudStack moves no volumes." in ended.result["msg"]
    assert written(cloud) == ["migrateVolume"]


def test_what_was_destroyed_is_recovered_or_expunged(cloud):
    made = {**DATA, "disk_offering": "custom", "size": "5GiB", "vm": "db-1"}
    volume = ran(cloud, made, writes=["createVolume", "attachVolume"])
    removed = {"name": "data", "state": "absent", "vm": ""}
    if not release(cloud).at_least("4.14"):
        refused(cloud, removed, "keeps nothing of a volume that is removed")
        return
    ran(cloud, removed, writes=["detachVolume", "destroyVolume"])
    ran(cloud, removed, writes=[])
    assert [row["state"] for row in rows(cloud, "data")] == ["Destroy"]
    recovered = ran(cloud, {"id": volume["id"]}, writes=["recoverVolume"])
    assert (recovered["state"], recovered["storpool_id"]) == ("Ready", volume["storpool_id"])
    ran(cloud, {"id": volume["id"], "state": "absent"}, writes=["destroyVolume"])
    ran(cloud, {"name": "data", "state": "absent", "expunge": True}, writes=["destroyVolume"])
    assert [row["state"] for row in rows(cloud, "data")] == ["Expunged"]


def test_limits_that_the_user_chooses(cloud):
    made = {**DATA, "disk_offering": "limited", "size": "5GiB", "max_iops": 500, "min_iops": 1, "vm": "db-1"}
    volume = ran(cloud, made, writes=["createVolume", "attachVolume"])
    # The driver of 4.8 passes no limits on, and that of 4.20 and newer puts the template's in their place when it attaches.
    passes_them_on = release(cloud).at_least("4.11")
    if passes_them_on and not release(cloud).at_least("4.20"):
        assert of_storpool(cloud, volume)["iops"] == 500
    changed = ran(cloud, {**DATA, "max_iops": 900}, writes=["resizeVolume"])
    assert (changed["max_iops"], changed["size"]) == (900, 5 * GIB)
    assert of_storpool(cloud, changed)["iops"] == (900 if passes_them_on else "-")


def test_a_name_of_another_sort(cloud):
    volume = ran(cloud, {**DATA, "disk_offering": "fixed"}, writes=["createVolume"])
    renamed = {"id": volume["id"], "name": "log"}
    if not release(cloud).at_least("4.16"):
        refused(cloud, renamed, "the first that has is 4.16.0")
        return
    assert ran(cloud, renamed, writes=["updateVolume"])["name"] == "log"


def ran(cloud, options, *, writes):
    """The volume after a run that went well, and wrote just this; check mode has said so before."""
    foreseen = alone.ran(cloud, "cloudstack_volume", {**cloud.connection, **options}, check=True)
    assert not foreseen.failed, foreseen.output
    assert written(cloud) == []
    assert foreseen.changed == bool(writes)
    ended = alone.ran(cloud, "cloudstack_volume", {**cloud.connection, **options})
    assert not ended.failed, ended.output
    assert written(cloud) == writes
    assert ended.changed == bool(writes)
    assert_as_foreseen(foreseen.result["volume"], ended.result["volume"])
    return ended.result["volume"]


def assert_as_foreseen(foreseen, volume):
    """What check mode told of a volume is so, but for what only CloudStack gives out."""
    assert (foreseen is None) == (volume is None)
    for member, value in (foreseen or {}).items():
        assert value in (volume[member], None), member


def refused(cloud, options, words):
    ended = alone.ran(cloud, "cloudstack_volume", {**cloud.connection, **options})
    assert ended.failed, ended.output
    assert words in ended.result["msg"]
    assert written(cloud) == []


def rows(cloud, name):
    return [row for row in cloud.state()["volumes"] if row["name"] == name]


def of_storpool(cloud, volume):
    """StorPool's half of a volume."""
    named = (volume["storpool_id"],)
    [row] = [row for row in cloud.storpool.state()["volumes"] if {row["lastingId"], row["givenName"]} & {*named}]
    return row
