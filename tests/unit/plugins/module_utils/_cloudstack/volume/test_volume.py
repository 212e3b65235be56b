# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes: what is sent for each wish, what is waited for, what is refused, and that carrying out a plan leaves nothing to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.versions import parse
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.volume import states, volume
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.volume.current import Current
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.volume.plan import plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    InvalidOption,
    NotAllowed,
    NotFound,
    Outdated,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import converge, predicted
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

GIB = 1 << 30
ID = "7cecd2a8-7341-43e3-b95d-b521d1decd55"
ZONE = {"id": "z-1", "name": "zone1"}
OPTIONS = {
    **dict.fromkeys(volume.SPEC["argument_spec"]),
    "state": "present",
    "name": "data",
    "allow_shrink": False,
    "allow_vm_migration": False,
    "expunge": False,
    "wait_timeout": 60,
}
CUSTOM = {"id": "o-c", "name": "custom", "iscustomized": True, "tags": "fast"}
LIMITED = {"id": "o-l", "name": "limited", "iscustomized": True, "iscustomizediops": True, "tags": "fast"}
FIXED = {"id": "o-8", "name": "fixed", "iscustomized": False, "disksize": 8, "maxiops": 500, "miniops": 1}
TAGGED = {"id": "o-t", "name": "tagged", "iscustomized": True, "tags": "other"}
OFFERINGS = (CUSTOM, LIMITED, FIXED, TAGGED)
SP = {"id": "t1;1", "name": "sp", "zoneid": "z-1", "state": "Up", "provider": "StorPool", "tags": "fast"}
OTHER = {**SP, "id": "t2;2", "name": "other", "tags": "fast,other"}
NFS = {**SP, "id": "0b1c6c3e-53a1-4ad4-8f0e-3b1d6f0e6d1a", "name": "nfs", "provider": "DefaultPrimary", "tags": "fast"}
POOLS = (SP, OTHER, NFS, {**SP, "id": "t3;3", "name": "down", "state": "Maintenance"})
VM = {"id": "vm-1", "name": "i-1", "displayname": "db-1", "state": "Running", "zoneid": "z-1", "account": "admin"}
STOPPED = {**VM, "id": "vm-2", "name": "i-2", "displayname": "db-2", "state": "Stopped"}
ON_VM = {
    "virtualmachineid": "vm-1",
    "vmname": "i-1",
    "vmdisplayname": "db-1",
    "vmstate": "Running",
    "deviceid": 1,
}


def want(**options):
    return volume.want({**OPTIONS, **options})


def row(**fields):
    return {
        "id": ID,
        "name": "data",
        "type": "DATADISK",
        "state": "Ready",
        "size": 5 * GIB,
        "zoneid": "z-1",
        "zonename": "zone1",
        "account": "admin",
        "storageid": "t1;1",
        "storage": "sp",
        "diskofferingid": "o-c",
        "diskofferingname": "custom",
        "path": "/dev/storpool-byid/sim.b.sn",
        **fields,
    }


ALLOCATED = {"state": "Allocated", "storageid": None, "storage": None, "path": None}


def current(row=None, version="4.19.1", **fields):
    given = {"zone": ZONE, "offerings": OFFERINGS, "pools": POOLS, "row": row, **fields}
    return Current(parse(version), **given)


def calls(planned):
    return [(step.call, step.body) for step in planned.steps]


ON_NFS = {**ON_VM, "storageid": NFS["id"], "storage": "nfs", "path": ID}
HOSTS = tuple({"id": f"h-{n}", "name": f"kvm{n}", "suitableformigration": n != 1} for n in (1, 2, 3))
TO_STORPOOL = {"storage_pool": "sp", "allow_vm_migration": True}


def test_a_disk_goes_to_storpool_with_its_vm_if_that_may_be_migrated():
    disk, root = row(**ON_NFS), row(**{**ON_NFS, "id": "r-1", "name": "ROOT-1", "storageid": SP["id"]})
    there = current(disk, disks=(root, disk), hosts=HOSTS)
    [step] = plan(there, want(**TO_STORPOOL)).steps
    assert step.call == "migrateVirtualMachineWithVolume"
    assert step.body["virtualmachineid"] == "vm-1"
    assert step.body["hostid"] in ("h-2", "h-3")  # h-1 is not suitable
    assert step.body["migrateto"] == [{"volume": ID, "pool": SP["id"]}]
    assert plan(there._replace(hosts=HOSTS[::-1]), want(**TO_STORPOOL)).steps == (step,)
    after = plan(there, want(**TO_STORPOOL)).after
    assert (after["pool"]["name"], after["path"]) == ("sp", None)
    both = there._replace(disks=(disk, dict(root, storageid=NFS["id"])))
    [step] = plan(both, want(**TO_STORPOOL)._replace(with_others=True)).steps
    assert [each["volume"] for each in step.body["migrateto"]] == sorted([ID, "r-1"])


@pytest.mark.parametrize(
    ("changed", "options", "version", "says"),
    [
        ({}, {"allow_vm_migration": False}, "4.19", "only together with it, to another host. Set allow_vm_migration"),
        ({}, {}, "4.17", "only from one StorPool pool to another"),
        ({"hosts": HOSTS[:1]}, {}, "4.19", "no other is suitable.*it looked at: kvm1"),
        (
            {"disks": (row(**ON_NFS), row(**{**ON_NFS, "id": "r-1", "name": "ROOT-1"}))},
            {},
            "4.19",
            r"only if all its disks are there afterwards, which 'ROOT-1' \(on 'nfs'\) would not be",
        ),
    ],
)
def test_a_disk_that_cannot_go_with_its_vm_is_refused_before_anything_is_sent(changed, options, version, says):
    there = current(row(**ON_NFS), version, **{"disks": (row(**ON_NFS),), "hosts": HOSTS, **changed})
    with pytest.raises(NotAllowed, match=says):
        plan(there, want(**{**TO_STORPOOL, **options}))


def test_a_volume_is_made_as_it_shall_be():
    wanted = want(zone="zone1", disk_offering="limited", size="5GiB", max_iops=500, vm="db-1", storage_pool="other")
    planned = plan(current(vms=(VM,), owner={"account": "joe", "domainid": "d-1"}), wanted)
    [step] = planned.steps
    assert (step.call, step.repeatable) == ("createVolume", False)
    assert step.body == {
        "account": "joe",
        "domainid": "d-1",
        "name": "data",
        "zoneid": "z-1",
        "diskofferingid": "o-l",
        "size": 5,
        "maxiops": 500,
    }
    assert planned.later == (
        "attach volume 'data' to VM 'db-1'",
        "move volume 'data' to primary storage pool 'other', if CloudStack chooses another",
    )
    assert (planned.after["id"], planned.after["vm"]["name"], planned.after["pool"]["name"]) == (None, "i-1", "other")


@pytest.mark.parametrize(
    ("options", "fields", "body"),
    [
        ({"disk_offering": "fixed"}, {}, {"diskofferingid": "o-8"}),
        ({"disk_offering": "fixed", "size": "9GiB"}, {}, {"diskofferingid": "o-8"}),
        ({"snapshot": "s"}, {"virtualsize": 5 * GIB}, {"snapshotid": "s-1"}),
        (
            {"snapshot": "s", "disk_offering": "custom"},
            {"virtualsize": 3 * GIB + 1},
            {"snapshotid": "s-1", "diskofferingid": "o-c", "size": 4},
        ),
    ],
)
def test_the_size_of_a_new_volume_is_that_of_what_it_is_made_from(options, fields, body):
    snapshots = ({"id": "s-1", "name": "s", "state": "BackedUp", "zoneid": "z-1", **fields},)
    planned = plan(current(snapshots=snapshots), want(zone="zone1", **options))
    assert calls(planned) == [("createVolume", {"name": "data", "zoneid": "z-1", **body})]
    assert planned.later == (("grow volume 'data' from 8 GiB to 9 GiB",) if options.get("size") else ())


@pytest.mark.parametrize(
    ("before", "options", "version", "expected"),
    [
        ({}, {"size": "6GiB"}, "4.19", [("resizeVolume", {"id": ID, "size": 6})]),
        ({}, {"size": "5GiB"}, "4.19", []),
        ({"size": 5 * GIB + 512}, {"size": f"{5 * GIB + 512}"}, "4.19", []),
        (
            {},
            {"size": "4GiB", "allow_shrink": True},
            "4.19",
            [("resizeVolume", {"id": ID, "size": 4, "shrinkok": True})],
        ),
        ({}, {"disk_offering": "fixed"}, "4.16", [("resizeVolume", {"id": ID, "diskofferingid": "o-8"})]),
        ({}, {"disk_offering": "fixed"}, "4.17", [("changeOfferingForVolume", {"id": ID, "diskofferingid": "o-8"})]),
        (
            {},
            {"disk_offering": "fixed", "size": "9GiB"},
            "4.17",
            [
                ("changeOfferingForVolume", {"id": ID, "diskofferingid": "o-8"}),
                ("resizeVolume", {"id": ID, "size": 9}),
            ],
        ),
        (
            {},
            {"disk_offering": "limited", "size": "6GiB", "max_iops": 5},
            "4.19",
            [("changeOfferingForVolume", {"id": ID, "diskofferingid": "o-l", "size": 6, "maxiops": 5})],
        ),
        ({"diskofferingid": "o-l"}, {"max_iops": 5}, "4.19", [("resizeVolume", {"id": ID, "maxiops": 5})]),
        ({}, {"id": ID, "name": "log"}, "4.16", [("updateVolume", {"id": ID, "name": "log"})]),
        ({}, {"vm": "db-2"}, "4.19", [("attachVolume", {"id": ID, "virtualmachineid": "vm-2"})]),
        (
            {},
            {"vm": "db-2", "device_id": 7},
            "4.19",
            [("attachVolume", {"id": ID, "virtualmachineid": "vm-2", "deviceid": 7})],
        ),
        (ON_VM, {"vm": ""}, "4.19", [("detachVolume", {"id": ID})]),
        (ON_VM, {"vm": "db-1"}, "4.19", []),
        (ON_VM, {"vm": "db-1", "device_id": 1}, "4.19", []),
        (
            {**ON_VM, "vmstate": "Stopped"},
            {"vm": "db-2"},
            "4.19",
            [("detachVolume", {"id": ID}), ("attachVolume", {"id": ID, "virtualmachineid": "vm-2"})],
        ),
        ({}, {"storage_pool": "sp"}, "4.19", []),
        ({}, {"storage_pool": "t2;2"}, "4.19", [("migrateVolume", {"volumeid": ID, "storageid": "t2;2"})]),
        ({}, {"storage_pool": "nfs"}, "4.19", [("migrateVolume", {"volumeid": ID, "storageid": NFS["id"]})]),
        (
            ON_VM,
            {"storage_pool": "other"},
            "4.19",
            [("migrateVolume", {"volumeid": ID, "storageid": "t2;2", "livemigrate": True})],
        ),
        (
            ON_VM,
            {"storage_pool": "nfs", "vm": ""},
            "4.19",
            [("detachVolume", {"id": ID}), ("migrateVolume", {"volumeid": ID, "storageid": NFS["id"]})],
        ),
        (
            {"storageid": "t2;2", "diskofferingid": "o-t"},
            {"storage_pool": "sp", "disk_offering": "custom"},
            "4.19",
            [("migrateVolume", {"volumeid": ID, "storageid": "t1;1", "newdiskofferingid": "o-c"})],
        ),
        (
            {},
            {"storage_pool": "other", "disk_offering": "tagged"},
            "4.19",
            [
                ("migrateVolume", {"volumeid": ID, "storageid": "t2;2"}),
                ("changeOfferingForVolume", {"id": ID, "diskofferingid": "o-t", "size": 5}),
            ],
        ),
        ({"state": "Destroy"}, {"id": ID}, "4.14", [("recoverVolume", {"id": ID})]),
        (
            {"type": "ROOT", **ON_VM, "deviceid": 0},
            {"size": "6GiB", "vm": "db-1"},
            "4.19",
            [("resizeVolume", {"id": ID, "size": 6})],
        ),
        ({}, {"state": "absent"}, "4.14", [("destroyVolume", {"id": ID, "expunge": False})]),
        ({}, {"state": "absent", "expunge": True}, "4.13", [("deleteVolume", {"id": ID})]),
        (ALLOCATED, {"state": "absent"}, "4.13", [("deleteVolume", {"id": ID})]),
        (
            ON_VM,
            {"state": "absent", "vm": ""},
            "4.14",
            [("detachVolume", {"id": ID}), ("destroyVolume", {"id": ID, "expunge": False})],
        ),
        ({"state": "Destroy"}, {"state": "absent"}, "4.14", []),
        (
            {"state": "Destroy"},
            {"state": "absent", "expunge": True},
            "4.14",
            [("destroyVolume", {"id": ID, "expunge": True})],
        ),
    ],
)
def test_what_is_sent(before, options, version, expected):
    vms = tuple(vm for vm in (VM, STOPPED) if options.get("vm") == vm["displayname"])
    if "id" in options:
        options = {"name": None, **options}
    planned = plan(current(row(**before), version, vms=vms), want(**options))
    assert calls(planned) == expected
    assert all(step.timeout == 60 or step.call == "recoverVolume" for step in planned.steps)


@pytest.mark.parametrize(
    ("before", "options", "version", "kind", "words"),
    [
        (None, {}, "4.19", InvalidOption, "set disk_offering or snapshot"),
        (None, {"id": ID, "name": None}, "4.19", NotFound, "There is no volume with the id"),
        (None, {"disk_offering": "costum"}, "4.19", NotFound, "CloudStack has custom, "),
        (None, {"disk_offering": "custom"}, "4.19", InvalidOption, "set size"),
        (None, {"disk_offering": "custom", "size": "5.5GiB"}, "4.19", InvalidOption, "give 5 or 6 GiB"),
        (None, {"disk_offering": "fixed", "size": "7GiB"}, "4.19", InvalidOption, "have 8 GiB, not 7 GiB"),
        (None, {"disk_offering": "fixed", "size": "9GiB"}, "4.16", InvalidOption, "have 8 GiB, not 9 GiB"),
        (None, {"disk_offering": "fixed", "max_iops": 5}, "4.19", InvalidOption, "'fixed' does not"),
        (None, {"disk_offering": "fixed", "storage_pool": "sp"}, "4.19", NotAllowed, "Say which VM it is for (vm)"),
        (
            None,
            {"disk_offering": "tagged", "size": "1GiB", "storage_pool": "sp", "vm": "db-1"},
            "4.19",
            InvalidOption,
            "has not the storage tags other",
        ),
        (
            None,
            {"disk_offering": "fixed", "storage_pool": "down", "vm": "db-1"},
            "4.19",
            NotAllowed,
            "is Maintenance, and has to be Up",
        ),
        ({}, {"size": "4GiB"}, "4.19", NotAllowed, "set allow_shrink"),
        (ON_VM, {"size": "4GiB", "allow_shrink": True}, "4.19", NotAllowed, "Stop the VM, or detach the volume, first"),
        ({"size": 9 * GIB}, {"disk_offering": "fixed"}, "4.22", NotAllowed, "set allow_shrink"),
        (
            {"size": 9 * GIB},
            {"disk_offering": "fixed", "allow_shrink": True},
            "4.19",
            NotAllowed,
            "the first that does is 4.20.0",
        ),
        (
            {"diskofferingid": "o-8", "size": 8 * GIB},
            {"size": "9GiB"},
            "4.16",
            InvalidOption,
            "the first that does is 4.17.0",
        ),
        ({}, {"disk_offering": "tagged"}, "4.19", InvalidOption, "Name the pool that it shall be on as well"),
        ({}, {"max_iops": 5}, "4.19", InvalidOption, "leaves them to the user"),
        ({}, {"id": ID, "name": "log"}, "4.15", InvalidOption, "the first that has is 4.16.0"),
        ({**ON_VM, "virtualmachineid": "vm-9"}, {"vm": "db-2"}, "4.19", NotAllowed, "Detach it in a task of its own"),
        (ON_VM, {"vm": "db-1", "device_id": 2}, "4.19", NotAllowed, "as device 1, not 2"),
        ({}, {"vm": "db-2", "device_id": 2}, "4.19", InvalidOption, "The first one that is free is 1;"),
        ({"account": "joe"}, {"vm": "db-2"}, "4.19", InvalidOption, "Both need the same owner"),
        ({"zoneid": "z-2"}, {"vm": "db-2"}, "4.19", InvalidOption, "the volume is not"),
        ({}, {"vm": "gone"}, "4.19", NotFound, "CloudStack has db-1."),
        ({}, {"storage_pool": "down"}, "4.19", NotAllowed, "is Maintenance, and has to be Up"),
        (
            ON_VM,
            {"storage_pool": "other"},
            "4.17",
            NotAllowed,
            "the first that does, between StorPool pools, is 4.18.0",
        ),
        (ON_VM, {"storage_pool": "nfs"}, "4.22", NotAllowed, "only from one StorPool pool to another"),
        (ALLOCATED, {"storage_pool": "other"}, "4.19", NotAllowed, "is on no pool yet"),
        ({"state": "UploadError"}, {"size": "6GiB"}, "4.19", NotAllowed, "is UploadError"),
        ({"size": None}, {"size": "6GiB"}, "4.19", NotAllowed, "does not say how large volume 'data' is"),
        ({"size": None}, {"disk_offering": "fixed"}, "4.19", NotAllowed, "Run the task again when it does"),
        ({"type": "ROOT", **ON_VM}, {"state": "absent", "vm": ""}, "4.19", NotAllowed, "it goes with the VM"),
        ({"type": "ROOT", **ON_VM}, {"vm": ""}, "4.19", NotAllowed, "root disks are not detached"),
        (
            {"type": "ROOT", **ON_VM},
            {"max_iops": 5},
            "4.19",
            NotAllowed,
            "only its size, its disk offering and its pool",
        ),
        ({"type": "ROOT", **ON_VM}, {"id": ID, "name": "log"}, "4.19", NotAllowed, "only its size"),
        (ON_VM, {"state": "absent"}, "4.19", NotAllowed, "is attached to VM 'db-1', which is Running"),
        ({}, {"state": "absent"}, "4.13", NotAllowed, "Set expunge to remove it for good"),
        ({"state": "Expunged"}, {"id": ID}, "4.19", NotFound, "cannot be had back"),
    ],
)
def test_what_is_refused(before, options, version, kind, words):
    vms = tuple(vm for vm in (VM, STOPPED) if options.get("vm") == vm["displayname"])
    if "id" in options:
        options = {"name": None, **options}
    neighbours = (row(id="another", deviceid=2),)
    known = current(
        None if before is None else row(**before),
        version,
        vms=vms,
        neighbours=neighbours,
        there={"vms": ({"name": "db-1"},)},
    )
    with pytest.raises(kind) as refusal:
        plan(known, want(**options))
    assert words in refusal.value.message
    assert refusal.value.result()["msg"].endswith(".")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"state": "absent", "size": "1GiB", "vm": "x"}, "size and vm: only for a volume that shall exist"),
        ({"device_id": 4}, "give vm as well"),
        ({"vm": "x", "device_id": 0}, "0 is the root disk"),
        ({"vm": "x", "device_id": 3}, "the drive for ISO images"),
        ({"max_iops": 0}, "give a number above 0"),
        ({"max_iops": 1, "min_iops": 2}, "more than max_iops"),
        ({"id": "5"}, "no id of a volume"),
        ({"name": ""}, "name is ''"),
        ({"size": "5 GB"}, "Write 5GiB"),
        ({"wait_timeout": 0}, "wait_timeout"),
    ],
)
def test_tasks_that_are_wrong_in_themselves(options, words):
    with pytest.raises(InvalidOption) as refusal:
        want(**options)
    assert words in refusal.value.message


@pytest.mark.parametrize(
    "going",
    [
        {"state": "Resizing"},
        {"state": "Migrating"},
        {"state": "Creating"},
        {"jobid": "j-1", "jobstatus": 0},
        {**ON_VM, "vmstate": "Migrating"},
    ],
)
def test_what_goes_on_is_waited_for(going):
    planned = plan(current(row(**going)), want(size="6GiB"))
    [step] = planned.steps
    assert (step.method, step.call, step.body.volume_id) == ("GET", "listVolumes", ID)
    removal = plan(current(row(**{**going, "virtualmachineid": None})), want(state="absent", expunge=True))
    assert [step.method for step in removal.steps] == ["GET"]
    assert removal.later == ("expunge volume 'data'",)


def test_what_goes_on_holds_up_only_what_would_change():
    assert plan(current(row(state="Snapshotting")), want(size="5GiB")).steps == ()
    assert len(plan(current(row(state="Snapshotting")), want(size="4GiB")).steps) == 1
    assert len(plan(current(row(state="Creating")), want(size="5GiB")).steps) == 1


def test_a_vm_that_starts_is_waited_for():
    vm = {**VM, "state": "Starting"}
    [step] = plan(current(row(), vms=(vm,)), want(vm="db-1")).steps
    assert (step.method, step.body) == ("GET", states.SettledVm("vm-1"))


@pytest.mark.parametrize(("version", "often"), [("4.19", True), ("4.20.1", False)])
def test_a_guest_that_may_not_know_its_new_size_is_warned_of(version, often):
    [told] = plan(current(row(**ON_VM), version), want(size="6GiB")).cautions
    assert "need reboot" in told
    assert ("often could not" in told) == often
    assert plan(current(row(), version), want(size="6GiB")).cautions == ()
    assert plan(current(row(**ON_VM), version), want(size="5GiB")).cautions == ()


def test_losses_are_told():
    assert plan(current(row()), want(state="absent", expunge=True)).losses == ("All data of volume 'data' is lost.",)
    assert plan(current(row()), want(state="absent")).losses == ()
    [told] = plan(current(row()), want(size="4GiB", allow_shrink=True)).losses
    assert "what is beyond its new size is lost" in told


def api(volumes=(), **lists):
    def listed(params):
        if params.get("projectid") or (params.get("state") == "Destroy"):
            return [each for each in volumes if each["state"] == "Destroy"] if params.get("state") else []
        if "id" in params:
            found = [each for each in volumes if each["id"] == params["id"]]
            if not found:
                raise Outdated("entity does not exist")
            return found
        return [each for each in volumes if params.get("name") in (None, each["name"])]

    everything = {
        "listVolumes": listed,
        "listZones": [ZONE],
        "listDiskOfferings": list(OFFERINGS),
        "listStoragePools": list(POOLS),
        "listDomains": [
            {"id": "d-1", "name": "sales", "path": "ROOT/sales"},
            {"id": "d-2", "name": "x", "path": "ROOT/x"},
        ],
        "listProjects": [{"id": "p-1", "name": "web"}],
        **lists,
    }
    return FakeApi(lists=everything)


def test_a_name_that_several_have_is_told_with_what_they_are():
    both = [row(**ON_VM), row(id=ID.replace("7", "8"), account="joe", domain="sales")]
    with pytest.raises(Ambiguous) as refusal:
        volume.look(api(both).reader(), want(size="6GiB"))
    assert ID in refusal.value.message
    assert "VM 'db-1'" in refusal.value.message
    assert "account 'joe' of domain 'sales'" in refusal.value.message
    found = volume.look(api(both).reader(), want(size="6GiB", account="joe", domain="ROOT/sales"))
    assert found.row is None  # that account is in another domain, as far as the row tells
    both[1]["domainid"] = "d-1"
    assert volume.look(api(both).reader(), want(account="joe", domain="sales")).row == both[1]


def test_owners_that_are_not_there_are_told():
    with pytest.raises(NotFound) as refusal:
        volume.look(api().reader(), want(account="joe", domain="sale"))
    assert (
        refusal.value.message
        == "domain: there is no domain 'sale' with that name or id. Did you mean 'sales'? CloudStack has sales and x."
    )
    assert volume.look(api().reader(), want(project="web")).owner == {"projectid": "p-1"}


def test_only_what_the_plan_needs_is_read():
    asked = api([row()])
    volume.look(asked.reader(), want())
    assert set(asked.calls) == {"listCapabilities", "listVolumes"}
    asked = api([row()])
    volume.look(asked.reader(), want(size="5GiB"))
    assert set(asked.calls) == {"listCapabilities", "listVolumes", "listDiskOfferings"}


def test_a_destroyed_volume_is_no_volume_of_its_name():
    destroyed = api([row(state="Destroy")])
    assert volume.look(destroyed.reader(), want()).row is None
    assert volume.look(destroyed.reader(), want(state="absent")).row is None
    assert volume.look(destroyed.reader(), want(state="absent", expunge=True)).row["state"] == "Destroy"
    assert volume.look(destroyed.reader(), want(name=None, id=ID)).row["state"] == "Destroy"
    assert volume.look(api().reader(), want(name=None, id=ID)).row is None


def test_waiting_ends_when_nothing_works_on_the_volume():
    rows = [row(state="Resizing")]
    asked = api(rows)
    missing = states.Settled(ID).watch(asked.reader())
    assert "it is Resizing" in missing()
    rows[0] = row()
    assert missing() is None
    gone = states.Settled(ID, gone=True).watch(asked.reader())
    assert "it is Ready" in gone()
    rows.clear()
    assert gone() is None
    assert missing() is None


class Cloud:
    """One volume, or none, under CloudStack's rules; ``apply`` raises AssertionError for what it would refuse."""

    def __init__(self, before, version):
        self.row, self.version, self.then = before and dict(before), version, None
        self.vms = {"vm-1": VM, "vm-2": STOPPED}

    def current(self, wanted):
        vms = tuple(vm for vm in self.vms.values() if wanted.vm in (vm["id"], vm["displayname"]))
        return current(self.row and dict(self.row), self.version, vms=vms)

    def apply(self, step):
        if step.method == "GET":  # what goes on ends, and another volume may be there by then
            self.row.update(jobstatus=1, id=self.then or self.row["id"])
        else:
            getattr(self, "_" + step.call)(**step.body)

    def _createVolume(self, *, name, zoneid, diskofferingid, size=None, miniops=None, maxiops=None):  # noqa: N802
        assert self.row is None
        offering = next(each for each in OFFERINGS if each["id"] == diskofferingid)
        assert (size is not None) == offering["iscustomized"]
        self.row = row(name=name, size=(size or offering.get("disksize")) * GIB, **ALLOCATED)
        self.row.update(diskofferingid=offering["id"], diskofferingname=offering["name"])
        self.row.update(miniops=offering.get("miniops", miniops), maxiops=offering.get("maxiops", maxiops))

    def _attachVolume(self, *, id, virtualmachineid, deviceid=None):  # noqa: A002, N802
        assert id == self.row["id"]
        assert not self.row.get("virtualmachineid")
        vm = self.vms[virtualmachineid]
        assert vm["state"] in ("Running", "Stopped")
        on_pool = {} if self.row.get("storageid") else {"storageid": SP["id"], "storage": "sp", "state": "Ready"}
        given = {"vmname": vm["name"], "vmdisplayname": vm["displayname"], "vmstate": vm["state"]}
        self.row.update(on_pool, virtualmachineid=virtualmachineid, deviceid=deviceid or 1, **given)

    def _detachVolume(self, *, id):  # noqa: A002, N802
        assert self.row["virtualmachineid"]
        assert self.row["type"] != "ROOT"
        for member in ON_VM:
            self.row[member] = None

    def _migrateVolume(self, *, volumeid, storageid, livemigrate=False, newdiskofferingid=None):  # noqa: N802
        assert self.row["storageid"]
        assert bool(livemigrate) == (self.row.get("vmstate") == "Running")
        pool = next(each for each in POOLS if each["id"] == storageid)
        assert pool["state"] == "Up"
        if newdiskofferingid:
            self.row["diskofferingid"] = newdiskofferingid
        offering = next(each for each in OFFERINGS if each["id"] == self.row["diskofferingid"])
        assert not offering.get("tags") or offering["tags"] in pool["tags"].split(",")
        self.row.update(storageid=storageid, storage=pool["name"])

    def _changeOfferingForVolume(self, **body):  # noqa: N802
        assert parse(self.version) >= (4, 17)
        self._resizeVolume(**body)

    def _resizeVolume(self, *, id, size=None, shrinkok=False, diskofferingid=None, miniops=None, maxiops=None):  # noqa: A002, N802
        offering = next(each for each in OFFERINGS if each["id"] == (diskofferingid or self.row["diskofferingid"]))
        if diskofferingid:
            assert (size is not None) == offering["iscustomized"]
            self.row.update(diskofferingid=offering["id"], diskofferingname=offering["name"])
            self.row.update(miniops=offering.get("miniops"), maxiops=offering.get("maxiops"))
            size = size or offering["disksize"]
        if size is not None:
            assert size * GIB >= self.row["size"] or shrinkok
            self.row["size"] = size * GIB
        for member, value in (("miniops", miniops), ("maxiops", maxiops)):
            if value is not None:
                assert offering.get("iscustomizediops")
                self.row[member] = value

    def _updateVolume(self, *, id, name):  # noqa: A002, N802
        self.row["name"] = name

    def _recoverVolume(self, *, id):  # noqa: A002, N802
        assert self.row["state"] == "Destroy"
        self.row["state"] = "Ready"

    def _destroyVolume(self, *, id, expunge):  # noqa: A002, N802
        assert not self.row.get("virtualmachineid")
        self.row = None if expunge else {**self.row, "state": "Destroy"}

    def _deleteVolume(self, *, id):  # noqa: A002, N802
        assert not self.row.get("virtualmachineid")
        self.row = None


@pytest.mark.parametrize(
    ("options", "call"),
    [
        ({"state": "absent", "expunge": True}, "_destroyVolume"),
        ({"state": "absent"}, "_destroyVolume"),
        ({"size": "4GiB", "allow_shrink": True}, "_resizeVolume"),
    ],
)
def test_what_was_waited_for_is_destroyed_and_nothing_that_took_its_place(options, call):
    done = []
    for then in (None, "0b1c6c3e-53a1-4ad4-8f0e-3b1d6f0e6d1f"):
        cloud, wanted = Cloud(row(jobid="j-1", jobstatus=0), "4.19"), want(**options)
        cloud.then, real = then, getattr(cloud, call)
        setattr(cloud, call, lambda real=real, **body: (done.append(body["id"]), real(**body)))
        refused, outcome = attempt(
            lambda cloud=cloud, wanted=wanted: converge(
                lambda: cloud.current(wanted), lambda now: plan(now, wanted), cloud.apply
            )
        )
        assert bool(refused) == bool(then), refused
        assert refused or outcome.changed
    assert done == [ID]


_ROWS = st.one_of(
    st.none(),
    st.builds(
        lambda *parts: row(**{key: value for part in parts for key, value in part.items()}),
        st.sampled_from([{}, {}, {"state": "Destroy"}, {"type": "ROOT"}]),
        st.sampled_from([{}, {"storageid": "t2;2", "storage": "other"}, ALLOCATED]),
        st.sampled_from(
            [{}, ON_VM, {**ON_VM, "virtualmachineid": "vm-2", "vmstate": "Stopped", "vmdisplayname": "db-2"}]
        ),
        st.sampled_from([{}, {"diskofferingid": "o-l"}, {"diskofferingid": "o-8", "size": 8 * GIB}]),
        st.sampled_from([{}, {"size": 7 * GIB}, {"size": 7 * GIB + 512}]),
    ),
)
_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "disk_offering": st.sampled_from(["custom", "limited", "fixed", "tagged"]),
        "size": st.sampled_from(["5GiB", "8GiB", "9GiB"]),
        "allow_shrink": st.booleans(),
        "max_iops": st.sampled_from([100, 500]),
        "vm": st.sampled_from(["", "db-1", "db-2"]),
        "storage_pool": st.sampled_from(["sp", "other", "nfs"]),
        "zone": st.just("zone1"),
    },
)
_REMOVALS = st.fixed_dictionaries({"state": st.just("absent")}, optional={"expunge": st.booleans(), "vm": st.just("")})


@given(
    before=_ROWS,
    options=st.one_of(_OPTIONS, _OPTIONS, _REMOVALS),
    by=st.sampled_from([{}, {"name": None, "id": ID}, {"id": ID, "name": "log"}]),
    version=st.sampled_from(["4.8", "4.14", "4.16", "4.18.1", "4.22"]),
)
def test_a_plan_leaves_nothing_to_do_and_check_mode_tells_of_it(before, options, by, version):
    wanted, cloud = want(**{**options, **by}), Cloud(before, version)
    if before and before["state"] == "Destroy" and before.get("virtualmachineid"):
        return  # what is destroyed is attached to nothing
    refused, foreseen = attempt(lambda: predicted(plan(cloud.current(wanted), wanted)))
    if refused:
        assert refused.result()["msg"].endswith(".")
        return
    refused, done = attempt(
        lambda: converge(
            lambda: cloud.current(wanted), lambda now: plan(now, wanted), cloud.apply, sleep=lambda _s: None
        )
    )
    if refused:
        # What only CloudStack decides, the pool of a volume that is attached for the first time, may stand in the way of a move.
        assert "moved" in refused.message
        return
    assert done.changed == foreseen.changed
    if done.changed and before:
        assert set(done.actions) <= set(foreseen.actions)
    if wanted.present:
        for member in ("name", "size", "device_id", "max_iops", "disk_offering"):
            assert foreseen.after[member] in (done.after[member], None), member


def attempt(work):
    """What was refused, or what came of it."""
    try:
        return None, work()
    except (InvalidOption, NotAllowed, NotFound) as failure:
        return failure, None
