# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The StorPool simulator's volumes."""

from __future__ import annotations

import pytest

from unit.simulators.model import GIB, Model


def test_a_named_volume_is_an_array_of_one_and_found_by_id_too():
    model = Model()
    answer = model.post("VolumeCreate", {"name": "db-1", "size": GIB, "replication": 3})
    assert (answer["ok"], answer["name"]) == (True, "db-1")
    assert model.get("Volume/db-1") == model.get(f"Volume/~{answer['globalId']}")
    assert len(model.get("Volume/db-1")) == 1
    assert answer["globalId"].startswith("abc.b.")


def test_without_a_template_places_fall_back_to_default_and_limits_are_unlimited():
    model = Model()
    model.create("a", iops=0, bw="-")
    volume = model.volume("a")
    assert [volume[key] for key in ("placeAll", "placeTail", "placeHead")] == ["default"] * 3
    assert (volume["iops"], volume["bw"], volume["limitType"], volume["parentName"]) == ("-", "-", "total", "")


def test_an_unnamed_volume_is_listed_by_its_id_and_can_be_named_and_unnamed():
    model = Model()
    for body in ({"name": "", "size": GIB, "replication": 1}, {"size": GIB, "replication": 1}):
        answer = model.post("VolumeCreate", body)
        assert answer["name"] == "~" + answer["globalId"]
        model.post(f"VolumeUpdate/{answer['name']}", {"rename": "named"})
        assert model.volume("named")["globalId"] == answer["globalId"]
        assert model.post("VolumeUpdate/named", {"rename": ""})["name"] == answer["name"]


def test_volumes_and_snapshots_share_one_name_space_on_create_and_rename():
    model = Model()
    model.create("a")
    model.create("b")
    model.post("VolumeSnapshot/a", {"name": "s"})
    assert model.refused("VolumeCreate", {"name": "s", "size": GIB, "replication": 3}) == "objectExists"
    assert model.refused("VolumeSnapshot/a", {"name": "b"}) == "objectExists"
    assert model.refused("VolumeUpdate/a", {"rename": "s"}) == "objectExists"
    assert model.refused("SnapshotUpdate/s", {"rename": "a"}) == "objectExists"
    assert not model.changes("VolumeUpdate/a", {"rename": "a"})


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"name": "a b", "size": GIB}, "invalidParam"),
        ({"name": "list", "size": GIB}, "invalidParam"),
        ({"name": "a\n", "size": GIB}, "invalidParam"),
        ({"name": "a" * 200, "size": GIB}, "invalidParam"),
        ({"name": "a"}, "invalidParam"),
        ({"name": "a", "size": 513}, "invalidParam"),
        ({"name": "a", "size": 0}, "invalidParam"),
        ({"name": "a", "size": True}, "jsonError"),
        ({"name": "a", "size": "big"}, "jsonError"),
        ({"name": 7, "size": GIB}, "jsonError"),
        ({"name": "a", "size": GIB, "replication": 4}, "invalidParam"),
        ({"name": "a", "size": GIB, "template": "nope"}, "objectDoesNotExist"),
        ({"name": "a", "size": GIB, "parent": "nope"}, "objectDoesNotExist"),
        ({"name": "a", "parent": "x", "baseOn": "y"}, "invalidParam"),
        ({"name": "a", "size": GIB, "placeAll": "nope"}, "objectDoesNotExist"),
        ({"name": "a", "size": GIB, "tags": {"k": "a/b"}}, "invalidParam"),
        ({"name": "a", "size": GIB, "tags": {"k": 1}}, "jsonError"),
        ({"name": "a", "size": GIB, "iops": -1}, "invalidParam"),
        ({"name": "a", "size": GIB, "limitType": "perMiB"}, "invalidParam"),
        ([], "jsonError"),
    ],
)
def test_bad_requests_are_refused_and_change_nothing(body, error):
    body = {"replication": 3, **body} if isinstance(body, dict) else body
    assert Model().refused("VolumeCreate", body) == error


def test_replication_must_come_from_somewhere():
    assert Model().refused("VolumeCreate", {"name": "a", "size": GIB}) == "invalidParam"


def test_awkward_but_legal_requests_are_accepted():
    """Numbers as strings, empty tags as a string, null, unknown keys, a # in front."""
    model = Model()
    body = {"name": "#a", "size": str(GIB), "replication": "2", "tags": "", "template": None, "whatever": 1}
    model.post("VolumeCreate", body)
    assert model.volume("%23a")["size"] == GIB
    assert Model(unknown_keys="rejected").refused("VolumeCreate", body) == "jsonError"


def test_tags_are_merged_and_an_empty_value_removes():
    model = Model()
    model.create("a", tags={"one": "1", "two": "2", "none": ""})
    assert model.volume("a")["tags"] == {"one": "1", "two": "2"}
    model.post("VolumeUpdate/a", {"tags": {"two": "", "three": "3"}})
    assert model.volume("a")["tags"] == {"one": "1", "three": "3"}
    assert not model.changes("VolumeUpdate/a", {"tags": {}})
    assert not model.changes("VolumeUpdate/a", {})


def test_growing_is_free_and_shrinking_needs_consent():
    model = Model()
    model.create("a")
    model.post("VolumeUpdate/a", {"sizeAdd": GIB})
    assert model.volume("a")["size"] == 2 * GIB
    assert model.refused("VolumeUpdate/a", {"size": GIB}) == "invalidParam"
    assert model.refused("VolumeUpdate/a", {"size": GIB, "sizeAdd": GIB}) == "invalidParam"
    model.post("VolumeUpdate/a", {"size": GIB, "shrinkOk": True})
    assert model.volume("a")["size"] == GIB


def test_limits_per_gib_follow_the_size():
    model = Model()
    model.create("a", size=10 * GIB, iops=1.5, limitType="perGiB")
    [volume] = model.dump()["clusters"]["abc.b"]["volumes"]
    assert (volume["iops"], volume["limitType"], volume["effectiveIops"]) == (1.5, "perGiB", 15)


def test_a_child_inherits_policy_and_size_but_not_tags():
    model = Model()
    model.create("a", size=2 * GIB, iops=100, tags={"k": "v"})
    model.post("VolumeSnapshot/a", {"name": "s", "tags": {"t": "1"}})
    model.post("VolumeCreate", {"name": "child", "parent": "s"})
    child = model.volume("child")
    assert [child[key] for key in ("size", "parentName", "iops", "replication", "tags")] == [2 * GIB, "s", 100, 3, {}]
    assert model.refused("VolumeCreate", {"name": "small", "parent": "s", "size": GIB}) == "invalidParam"
    model.switches["smaller_than_parent"] = "accepted"
    model.post("VolumeCreate", {"name": "small", "parent": "s", "size": GIB})
    assert model.volume("small")["size"] == GIB


def test_base_on_makes_a_transient_common_parent_that_goes_with_its_second_child():
    model = Model(snapshot_delete_seconds=0.0)
    model.create("a", tags={"k": "v"})
    answer = model.post("VolumeCreate", {"name": "copy", "baseOn": "a"})
    assert answer["autoName"] == model.volume("a")["parentName"] == model.volume("copy")["parentName"]
    assert answer["autoName"].startswith("a@")
    [transient] = model.get("SnapshotsList")
    assert (transient["transient"], transient["autoName"], transient["onVolume"]) == (True, True, "a")
    assert model.refused("VolumesReassign", [{"snapshot": answer["autoName"], "ro": [1]}]) == "invalidParam"
    model.post("VolumeDelete/copy")
    assert model.get("SnapshotsList") == []
    assert model.volume("a")["parentName"] == ""


def test_a_template_gives_size_parent_and_policy_and_explicit_values_win():
    model = Model()
    model.create("golden", size=2 * GIB)
    model.post("VolumeSnapshot/golden", {"name": "image"})
    template = {"name": "t", "placeAll": "hdd", "placeTail": "ssd", "replication": 2, "parent": "image", "iops": 10}
    model.post("VolumeTemplateCreate", template)
    model.post("VolumeCreate", {"name": "a", "template": "t", "iops": 20})
    keys = ("size", "parentName", "placeAll", "placeTail", "placeHead", "iops", "replication", "templateName")
    assert [model.volume("a")[key] for key in keys] == [2 * GIB, "image", "hdd", "ssd", "hdd", 20, 2, "t"]


@pytest.mark.parametrize(("switch", "limit"), [("taken", 10), ("kept", 77)])
def test_another_template_moves_the_volume_for_a_while(switch, limit):
    model = Model(template_change_limits=switch, migration_seconds=60.0)
    model.post("VolumeTemplateCreate", {"name": "t", "placeAll": "ssd", "replication": 2, "iops": 10})
    model.create("a", iops=77)
    model.post("VolumeUpdate/a", {"template": "t"})
    volume = model.volume("a")
    assert (volume["templateName"], volume["placeAll"], volume["replication"], volume["iops"]) == ("t", "ssd", 2, limit)
    assert model.get("VolumesGetStatusQuick")["a"]["migrating"]
    assert model.get("TasksList")
    model.now += 61
    assert not model.get("VolumesGetStatusQuick")["a"]["migrating"]
    assert model.get("TasksList") == []


def test_deleting_an_attached_volume_needs_to_be_told_how():
    model = Model()
    model.create("a")
    model.attach("a", 1)
    model.open("a", 1)
    assert model.refused("VolumeDelete/a") == "busy"
    assert model.refused("VolumeDelete/a", {"onAttached": "detach"}) == "busy"
    model.post("VolumeDelete/a", {"onAttached": "detachForce"})
    assert (model.get("VolumesList"), model.get("AttachmentsList")) == ([], [])
    assert model.refused("VolumeDelete/a") == "objectDoesNotExist"


def test_what_a_deletion_does_when_not_told_how_is_a_switch():
    model = Model(delete_attached="detach")
    model.create("a")
    model.attach("a", 1)
    model.post("VolumeDelete/a")
    assert model.get("VolumesList") == []


@pytest.mark.parametrize(("switch", "listed"), [("-", "-"), ("0", 0)])
def test_how_a_limit_of_zero_is_listed_is_a_switch(switch, listed):
    model = Model(limit_zero=switch)
    model.create("a", iops=0, limitType="perGiB")
    assert model.volume("a")["iops"] == listed
    [volume] = model.dump()["clusters"]["abc.b"]["volumes"]
    assert volume["effectiveIops"] is None


@pytest.mark.parametrize(("switch", "tags"), [("given", {"own": "1"}), ("copied", {"own": "1", "k": "v"})])
def test_whether_copies_take_tags_over_is_a_switch(switch, tags):
    model = Model(clone_tags=switch)
    model.create("a", tags={"k": "v"})
    model.post("VolumeCreate", {"name": "copy", "baseOn": "a", "tags": {"own": "1"}})
    assert model.volume("copy")["tags"] == tags


def test_capacity_can_be_bounded():
    model = Model(capacity_bytes=3 * GIB)
    model.create("a", size=2 * GIB)
    assert model.refused("VolumeCreate", {"size": 2 * GIB, "replication": 3}) == "insufficientResources"
    assert model.refused("VolumeUpdate/a", {"sizeAdd": 2 * GIB}) == "insufficientResources"
    model.post("VolumeUpdate/a", {"size": 3 * GIB})


def test_revert_keeps_name_and_tags_and_takes_any_snapshot():
    """And the id, on a server that keeps it; for others see test_storpool_identity."""
    model = Model(revert_global_id="kept")
    gid = model.create("a", size=2 * GIB, iops=10, tags={"k": "v"})
    model.create("other", size=GIB, iops=99)
    model.post("VolumeSnapshot/other", {"name": "s", "tags": {"s": "1"}})
    assert model.post("VolumeRevert/a", {"toSnapshot": "s"})["globalId"] == gid
    volume = model.volume("a")
    keys = ("globalId", "size", "parentName", "iops", "tags")
    assert [volume[key] for key in keys] == [gid, 2 * GIB, "s", 10, {"k": "v"}]
    model.post("VolumeRevert/a", {"toSnapshot": "s", "revertSize": True})
    assert model.volume("a")["size"] == GIB
    model.switches |= {"revert_limits": "restored", "revert_tags": "restored"}
    model.post("VolumeRevert/a", {"toSnapshot": "s"})
    assert (model.volume("a")["iops"], model.volume("a")["tags"]) == (99, {"s": "1"})


def test_revert_of_an_attached_volume_is_a_switch():
    model = Model()
    model.create("a")
    model.post("VolumeSnapshot/a", {"name": "s"})
    model.attach("a", 1)
    assert model.refused("VolumeRevert/a", {"toSnapshot": "s"}) == "busy"
    model.switches["revert_attached"] = "accepted"
    model.post("VolumeRevert/a", {"toSnapshot": "s"})
    assert model.clients_of("a") == {1: "rw"}


@pytest.mark.parametrize("keeps", [True, False])
def test_freeze_makes_a_snapshot_of_the_same_name(keeps):
    model = Model(freeze_keeps_id=keeps)
    gid = model.create("a", tags={"k": "v"})
    model.post("VolumeFreeze/a")
    assert model.get("VolumesList") == []
    assert model.snapshot("a")["tags"] == {"k": "v"}
    assert (model.snapshot("a")["globalId"] == gid) is keeps


def test_rebase_goes_up_the_chain_only():
    model = Model()
    model.create("a")
    for name in ("s1", "s2", "s3"):
        model.post("VolumeSnapshot/a", {"name": name})
    assert [snapshot["name"] for snapshot in model.get("VolumeListSnapshots/a")] == ["s3", "s2", "s1"]
    model.post("VolumeRebase/a", {"parentName": "s1"})
    assert model.volume("a")["parentName"] == "s1"
    assert model.refused("VolumeRebase/a", {"parentName": "s3"}) == "invalidParam"
    model.post("VolumeRebase/a")
    assert model.volume("a")["parentName"] == ""


@pytest.mark.parametrize(
    ("switch", "value", "member", "present"),
    [
        ("limit_type", "absent", "limitType", False),
        ("reuse_server", "absent", "reuseServer", False),
        ("empty_tags", "absent", "tags", False),
        ("empty_tags", "object", "tags", True),
    ],
)
def test_members_that_older_servers_lack(switch, value, member, present):
    model = Model(**{switch: value})
    model.create("a", limitType="perGiB")
    assert (member in model.volume("a")) is present


def test_a_coarser_granularity_is_a_switch():
    assert Model(size_multiple=4096).refused("VolumeCreate", {"size": 512, "replication": 3}) == "invalidParam"
    Model().create("a", size=512)


def test_describe_places_copies_on_different_servers():
    model = Model()
    model.create("a", size=GIB)
    view = model.get("VolumeDescribe/a")
    assert len(view["objects"]) == view["objectsCount"] == 32
    for disks in view["targetDiskSets"]:
        assert len({disk // 100 for disk in disks}) == 3
    info = model.get("VolumeGetInfo/a")
    assert sum(info["objectsPerDisk"].values()) == 32 * 3
