# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the info modules show of CloudStack: which objects, how often the API is asked for them, and with which halves of StorPool's."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.predicted import Predicted
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.paging import Pages
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.info import (
    disk_offerings,
    snapshots,
    vms,
    volumes,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    InvalidOption,
    NotConfigured,
    Outdated,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import halves
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi
from unit.plugins.module_utils._storpool.in_process import Cluster, options

PAGE = 500
VM, OTHER_VM = (str(uuid.UUID(int=number)) for number in (1, 2))


def nobody():
    raise AssertionError("StorPool was asked")


class Cloud(FakeApi):
    """A server with pages of 500 rows. ``asked`` are the parameters of every page that was read; ``of_projects`` are rows that only projects have."""

    def __init__(self, of_projects=(), unknown=(), lists_destroyed=False, **lists):
        super().__init__(lists={"listZones": [{"id": "z-1", "name": "zone1"}, {"id": "z-2", "name": "zone2"}], **lists})
        self.asked, self.of_projects, self.unknown = [], of_projects, unknown
        self.lists_destroyed = lists_destroyed

    def rows(self, command, key, **params):
        if params.get("id") in self.unknown:
            raise Outdated("no such entity")
        found = list(self.of_projects) if "projectid" in params else super().rows(command, key, **params)
        members = {
            "id": "id",
            "zoneid": "zoneid",
            "virtualmachineid": "virtualmachineid",
            "volumeid": "volumeid",
            "hostid": "hostid",
        }
        for parameter, member in members.items():
            found = [row for row in found if params.get(parameter) in (None, row.get(member))]
        if command == "listVolumes" and ("state" in params or not self.lists_destroyed):
            found = [row for row in found if (row["state"] == "Destroy") == (params.get("state") == "Destroy")]

        def read(page, size):
            self.asked.append({"command": command, **params})
            size = size or PAGE
            start = ((page or 1) - 1) * size
            return found[start : start + size], len(found)

        return Pages().every(read, one="id" in params)


def volume(number, **fields):
    return {
        "id": str(uuid.UUID(int=number)),
        "name": f"v-{number}",
        "type": "DATADISK",
        "state": "Ready",
        "size": 1 << 30,
        "zoneid": "z-1",
        "zonename": "zone1",
        "account": "admin",
        "domainid": "d-1",
        "domain": "ROOT",
        "storageid": "hybrid;1",
        "storage": "sp",
        "path": f"/dev/storpool-byid/abc.b.{number}",
        **fields,
    }


def on(vm_id, name, state="Running"):
    return {"virtualmachineid": vm_id, "vmname": name, "vmdisplayname": name.upper(), "vmstate": state}


def shown(api, ask=nobody, **given):
    return volumes.volumes(api.reader(), options(volumes.SPEC_VOLUMES, given), ask)["volumes"]


def names(found):
    return [thing["name"] for thing in found]


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (499, 2), (10_000, 21)])
def test_many_volumes_are_read_in_pages_and_never_one_by_one(count, pages):
    """The last page is the one that is not full; what belongs to projects is one list more."""
    api = Cloud(listVolumes=[volume(number) for number in range(count)])
    cluster = Cluster()
    found = shown(api, lambda: halves.volumes(Reader(cluster)), storpool=True)
    assert len({row["id"] for row in found}) == count
    assert len(api.asked) <= pages + 2
    assert {asked["command"] for asked in api.asked} == {"listVolumes"}
    assert cluster.reads == (["VolumesList"] if count else [])


VOLUMES = [
    volume(1, name="ROOT-7", type="ROOT", tags=[{"key": "a", "value": "1"}, {"key": "b"}], **on(VM, "web-1")),
    volume(
        2,
        name="data",
        miniops=1,
        maxiops=500,
        deviceid=1,
        diskofferingid="o-1",
        diskofferingname="gold",
        **on(VM, "web-1"),
    ),
    volume(
        3,
        name="data",
        zoneid="z-2",
        zonename="zone2",
        account="ann",
        domainid="d-2",
        domain="sales",
        storageid="n-1",
        storage="nfs",
        path="uuid",
    ),
    volume(4, name="new", state="Allocated", path=None, storageid=None, storage=None),
    volume(5, name="web-1", **on(OTHER_VM, "db")),
    volume(6, name="gone", state="Destroy"),
]
OF_PROJECT = volume(7, name="shared", account=None, projectid="p-1", project="p")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["ROOT-7", "data", "new", "shared", "web-1", "data"]),
        ({"name": ["data"]}, ["data", "data"]),
        ({"name": ["ROOT-*", "n?w", "nope"]}, ["ROOT-7", "new"]),
        ({"id": [volume(3)["id"], volume(4)["id"]]}, ["new", "data"]),
        ({"id": [volume(5)["id"]]}, ["web-1"]),
        ({"id": ["no-uuid"]}, []),
        ({"zone": "zone2"}, ["data"]),
        ({"zone": "z-1", "name": ["data"]}, ["data"]),
        ({"zone": "nope"}, []),
        ({"account": "ann"}, ["data"]),
        ({"domain": "sales"}, ["data"]),
        ({"domain": "d-2"}, ["data"]),
        ({"project": "p"}, ["shared"]),
        ({"project": "p-1"}, ["shared"]),
        ({"vm": "web-1"}, ["ROOT-7", "data"]),
        ({"vm": "WEB-1"}, ["ROOT-7", "data"]),
        ({"vm": VM, "type": "ROOT"}, ["ROOT-7"]),
        ({"pool": "nfs"}, ["data"]),
        ({"pool": "hybrid;1"}, ["ROOT-7", "data", "shared", "web-1"]),
        ({"disk_offering": "gold"}, ["data"]),
        ({"state": ["allocated"]}, ["new"]),
        ({"state": ["Destroy", "Allocated"]}, ["gone", "new"]),
        ({"tags": {"a": 1}}, ["ROOT-7"]),
        ({"tags": {"a": "1", "b": ""}}, ["ROOT-7"]),
        ({"tags": {"a": "2"}}, []),
        ({"tags": {}, "account": "ann"}, ["data"]),
    ],
)
def test_volumes_meet_all_conditions(asked, expected):
    for lists_destroyed in (False, True):
        api = Cloud([OF_PROJECT], lists_destroyed=lists_destroyed, listVolumes=VOLUMES)
        assert names(shown(api, **asked)) == expected


def test_an_id_that_does_not_exist_is_no_volume():
    unknown = volume(99)["id"]
    assert shown(Cloud(unknown=[unknown], listVolumes=VOLUMES), id=[unknown]) == []


@pytest.mark.parametrize("option", ["zone", "account", "domain", "project", "vm", "pool", "disk_offering"])
def test_an_empty_condition_is_refused_before_anything_is_read(option):
    api = Cloud(listVolumes=VOLUMES)
    with pytest.raises(InvalidOption, match=f"{option} is empty"):
        shown(api, **{option: " "})
    assert api.asked == []


def test_a_volume_has_all_that_cloudstack_tells():
    found = shown(Cloud(listVolumes=VOLUMES), name=["data"], zone="zone1")[0]
    assert found == {
        "id": volume(2)["id"],
        "name": "data",
        "type": "DATADISK",
        "state": "Ready",
        "size": 1 << 30,
        "zone": "zone1",
        "zone_id": "z-1",
        "account": "admin",
        "domain": "ROOT",
        "project": None,
        "vm": {"id": VM, "name": "web-1", "state": "Running"},
        "device_id": 1,
        "pool": {"id": "hybrid;1", "name": "sp"},
        "disk_offering": {"id": "o-1", "name": "gold"},
        "min_iops": 1,
        "max_iops": 500,
        "path": "/dev/storpool-byid/abc.b.2",
        "storpool_id": "abc.b.2",
        "snapshot_id": None,
        "created": None,
        "tags": {},
        "storpool": None,
    }


def test_the_token_in_the_id_of_a_pool_of_an_old_driver_is_not_shown():
    pool = "SP_API_HTTP=10.1.1.1:81;SP_AUTH_TOKEN=123456;SP_TEMPLATE=hybrid"
    found = shown(Cloud(listVolumes=[volume(1, storageid=pool)]), pool=pool)
    assert [row["pool"]["id"] for row in found] == [pool.replace("123456", "***")]


@hypothesis_given(st.data())
def test_what_is_shown_is_what_meets_each_condition_alone(data):
    """Conditions are independent of each other and of the order of the rows; nothing else decides."""
    rows = data.draw(st.permutations([*VOLUMES[:5], OF_PROJECT]))
    conditions = {
        "account": "admin",
        "domain": "ROOT",
        "type": "DATADISK",
        "pool": "sp",
        "state": ["Ready"],
        "name": ["*a*"],
    }
    asked = data.draw(st.lists(st.sampled_from(sorted(conditions)), unique=True))
    alone = [{row["id"] for row in shown(Cloud(listVolumes=rows), **{option: conditions[option]})} for option in asked]
    together = shown(Cloud(listVolumes=rows), **{option: conditions[option] for option in asked})
    everything = {row["id"] for row in rows}
    assert [row["id"] for row in together] == [
        row["id"] for row in shown(Cloud(listVolumes=rows)) if row["id"] in everything.intersection(*alone)
    ]


# --- with StorPool ---------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster():
    cluster = Cluster()
    cluster.post("VolumeTemplateCreate", {"name": "hybrid", "placeAll": "hdd", "replication": 3})
    return cluster


def test_each_volume_has_its_half_from_two_lists(cluster):
    ids = [
        cluster.create(template="hybrid", iops=500, tags={"cs": "volume", "uuid": f"u-{number}"}) for number in range(3)
    ]
    cluster.post("VolumesReassignWait", {"reassign": [{"volume": "~" + ids[0], "rw": [2], "ro": [1]}]})
    cluster.create("uuid-of-an-old-one", template="hybrid")
    rows = [volume(number, path=f"/dev/storpool-byid/{one}") for number, one in enumerate(ids)]
    rows += [
        volume(3, path="/dev/storpool/uuid-of-an-old-one"),
        volume(4, path="/dev/storpool-byid/abc.b.gone"),
        volume(5, path=None),
    ]
    cluster.forget()
    found = [
        row["storpool"]
        for row in shown(Cloud(listVolumes=rows), lambda: halves.volumes(Reader(cluster)), storpool=True)
    ]
    assert cluster.reads == ["VolumesList", "AttachmentsList"]
    assert [half and half["global_id"] for half in found[:3]] == ids
    assert found[0]["clients"] == [
        {"client": number, "rights": rights, "device": f"/dev/storpool-byid/{ids[0]}"}
        for number, rights in ((1, "ro"), (2, "rw"))
    ]
    assert found[1]["clients"] == []
    assert (found[0]["template"], found[0]["iops"], found[0]["bw"], found[0]["tags"]) == (
        "hybrid",
        500,
        None,
        {"cs": "volume", "uuid": "u-0"},
    )
    assert found[3]["name"] == "uuid-of-an-old-one"
    assert found[4:] == [None, None]


def test_a_volume_is_found_by_the_id_that_it_had_before_a_revert():
    cluster = Cluster(revert_new_global_id=True)
    made = cluster.create(size=1 << 30)
    cluster.post("VolumeSnapshot/~" + made, {"name": "s"})
    cluster.post("VolumeRevert/~" + made, {"toSnapshot": "s"})
    assert cluster.volume("~" + made)["globalId"] != made
    api = Cloud(listVolumes=[volume(1, path=f"/dev/storpool-byid/{made}")])
    assert shown(api, lambda: halves.volumes(Reader(cluster)), storpool=True)[0]["storpool"]["global_id"] == made


def test_storpool_is_asked_only_if_that_is_wanted_and_there_is_something_to_ask_for():
    assert names(shown(Cloud(listVolumes=VOLUMES), name=["new"])) == ["new"]
    assert shown(Cloud(listVolumes=VOLUMES), name=["nope"], storpool=True) == []

    def unknown():
        raise NotConfigured("There is no StorPool API token")

    with pytest.raises(NotConfigured):
        shown(Cloud(listVolumes=VOLUMES), unknown, storpool=True)


SNAPSHOTS = [
    {
        "id": str(uuid.UUID(int=number)),
        "name": f"s-{number}",
        "state": "BackedUp",
        "zoneid": "z-1",
        "account": "admin",
        **fields,
    }
    for number, fields in enumerate(
        (
            {
                "volumeid": volume(1)["id"],
                "volumename": "data",
                "intervaltype": "MANUAL",
                "virtualsize": 5,
                "revertable": True,
            },
            {"volumeid": volume(2)["id"], "volumename": "logs", "intervaltype": "DAILY", "state": "Error"},
            {"volumeid": volume(3)["id"], "volumename": "data", "intervaltype": "HOURLY", "zoneid": "z-2"},
        )
    )
]


def snaps(api, ask=nobody, **given):
    return snapshots.snapshots(api.reader(), options(snapshots.SPEC_SNAPSHOTS, given), ask)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["s-0", "s-1", "s-2"]),
        ({"volume": "data"}, ["s-0", "s-2"]),
        ({"volume": volume(2)["id"]}, ["s-1"]),
        ({"volume": "data", "zone": "zone2"}, ["s-2"]),
        ({"type": ["manual", "DAILY"]}, ["s-0", "s-1"]),
        ({"state": ["Error"]}, ["s-1"]),
        ({"name": ["*-2"]}, ["s-2"]),
    ],
)
def test_snapshots_meet_all_conditions(asked, expected):
    found = snaps(Cloud(listSnapshots=SNAPSHOTS), **asked)
    assert set(found) == {"snapshots"}
    assert names(found["snapshots"]) == expected


def test_each_snapshot_has_its_half_by_its_tags(cluster):
    """A snapshot of the first driver has its id for a name; what is tagged for something else is no half."""
    cluster.create("v", template="hybrid")
    ids = [row["id"] for row in SNAPSHOTS]
    cluster.post("VolumeSnapshot/v", {"name": "", "tags": {"cs": "snapshot", "uuid": ids[0]}})
    cluster.post("VolumeSnapshot/v", {"name": "", "tags": {"cs": "template", "uuid": ids[1]}})
    cluster.post("VolumeSnapshot/v", {"name": ids[2]})
    cluster.forget()
    found = snaps(
        Cloud(listSnapshots=SNAPSHOTS),
        lambda: halves.snapshots(Reader(cluster)),
        storpool=True,
    )
    halves_found = [row["storpool"] for row in found["snapshots"]]
    assert cluster.reads == ["SnapshotsList", "AttachmentsList"]
    assert halves_found[0]["tags"] == {"cs": "snapshot", "uuid": ids[0]}
    assert halves_found[0]["global_id"]
    assert halves_found[1] is None
    assert halves_found[2]["name"] == ids[2]


VM_SNAPSHOTS = [
    {
        "id": str(uuid.UUID(int=number)),
        "name": f"i-2_{number}",
        "displayname": name,
        "state": "Ready",
        "virtualmachineid": vm,
        "zoneid": zone,
        "current": True,
    }
    for number, name, vm, zone in ((1, "before", VM, "z-1"), (2, "after", OTHER_VM, "z-1"), (3, "before", "x", "z-2"))
]
VMS = [
    {
        "id": VM,
        "name": "web-1",
        "displayname": "Web",
        "state": "Running",
        "zoneid": "z-1",
        "hostid": str(uuid.UUID(int=8)),
        "hostname": "host1",
    },
    {
        "id": OTHER_VM,
        "name": "db",
        "displayname": "web-1",
        "state": "Stopped",
        "zoneid": "z-1",
        "serviceofferingid": "1",
        "serviceofferingname": "small",
    },
]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["after", "before", "before"]),
        ({"vm": VM}, ["before"]),
        ({"vm": "db"}, ["after"]),
        ({"vm": "web-1"}, ["after", "before"]),
        ({"vm": "nope"}, []),
        ({"name": ["bef*"]}, ["before", "before"]),
        ({"zone": "zone2"}, ["before"]),
    ],
)
def test_snapshots_of_vms_meet_all_conditions(asked, expected):
    api = Cloud(listVMSnapshot=VM_SNAPSHOTS, listVirtualMachines=VMS)
    found = snaps(api, kind="vm", **asked)
    assert set(found) == {"vm_snapshots"}
    assert sorted(row["display_name"] for row in found["vm_snapshots"]) == expected
    assert not any("zoneid" in asked for asked in api.asked if asked["command"] == "listVMSnapshot")


@pytest.mark.parametrize(
    "given",
    [{"kind": "vm", "volume": "x"}, {"kind": "vm", "storpool": True}, {"kind": "vm", "type": ["MANUAL"]}, {"vm": "x"}],
)
def test_a_condition_of_the_other_kind_is_refused(given):
    option = next(name for name in given if name != "kind")
    with pytest.raises(InvalidOption, match=rf"{option} is given.*set kind to"):
        snaps(Cloud(), **given)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["db", "web-1"]),
        ({"host": "host1"}, ["web-1"]),
        ({"host": VMS[0]["hostid"]}, ["web-1"]),
        ({"name": ["web*"]}, ["db", "web-1"]),
        ({"service_offering": "small"}, ["db"]),
        ({"state": ["running"]}, ["web-1"]),
        ({"id": [VM]}, ["web-1"]),
    ],
)
def test_vms_meet_all_conditions(asked, expected):
    api = Cloud(listVirtualMachines=VMS)
    found = vms.vms(api.reader(), options(vms.SPEC_VMS, asked))["vms"]
    assert names(found) == expected
    assert {asked["details"] for asked in api.asked} == {"tmpl,servoff"}
    assert [vm["host"] for vm in found] == [
        {"id": VMS[0]["hostid"], "name": "host1"} if name == "web-1" else None for name in expected
    ]


# --- disk offerings --------------------------------------------------------------------------------------------------

OFFERINGS = [
    {"id": "o-1", "name": "gold", "disksize": 10, "tags": "fast,ssd", "maxiops": 500, "miniops": 1},
    {"id": "o-2", "name": "any", "iscustomized": True, "disksize": 0, "zoneid": "z-2"},
    {"id": "o-3", "name": "old", "state": "Inactive"},
]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["any", "gold"]),
        ({"name": ["g*"]}, ["gold"]),
        ({"id": ["o-2"]}, ["any"]),
        ({"tags": ["ssd"]}, ["gold"]),
        ({"customized": True}, ["any"]),
        ({"customized": False}, ["gold"]),
        ({"zone": "zone1"}, ["gold"]),
        ({"zone": "z-2"}, ["any", "gold"]),
        ({"zone": "nope"}, []),
    ],
)
def test_disk_offerings_meet_all_conditions(asked, expected):
    api = Cloud(listDiskOfferings=OFFERINGS)
    found = disk_offerings.disk_offerings(api.reader(), options(disk_offerings.SPEC_DISK_OFFERINGS, asked))[
        "disk_offerings"
    ]
    assert names(found) == expected
    assert [row["zones"] for row in found if row["name"] == "any"] in ([], [["zone2"]])
    assert "listResourceDetails" not in api.calls


@pytest.mark.parametrize(("version", "calls"), [("4.16.1.0", 1), ("4.17.0.0", 0)])
def test_details_are_asked_for_where_the_list_does_not_tell(version, calls):
    rows = [dict(OFFERINGS[0], details={"SP_TEMPLATE": "hybrid"}), *OFFERINGS[1:]] if not calls else OFFERINGS
    details = [{"key": "SP_TEMPLATE", "value": "hybrid"}]
    api = Cloud(listDiskOfferings=rows, listResourceDetails=details)
    api.version = version
    asked = options(disk_offerings.SPEC_DISK_OFFERINGS, {"name": ["gold"], "details": True})
    found = disk_offerings.disk_offerings(api.reader(), asked)["disk_offerings"]
    assert found[0]["storpool_template"] == "hybrid"
    assert api.calls.count("listResourceDetails") == calls


def test_an_offering_that_is_foreseen_is_shown():
    reader = Predicted(Cloud(listDiskOfferings=OFFERINGS).reader())
    reader.change_offering(OFFERINGS[0], None, {})
    reader.change_offering(None, {"name": "new", "disksize": 5}, {"SP_QOSCLASS": "tier1"})
    asked = options(disk_offerings.SPEC_DISK_OFFERINGS, {"details": True, "name": ["gold", "new"]})
    found = disk_offerings.disk_offerings(reader, asked)["disk_offerings"]
    assert [(row["name"], row["qos_class"]) for row in found] == [("new", "tier1")]
