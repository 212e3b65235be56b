# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The StorPool simulator's snapshots: names, chains, deletion, time."""

from __future__ import annotations

import pytest

from unit.simulators.model import GIB, START, Model


def test_a_snapshot_becomes_the_parent_and_takes_the_old_parent():
    model = Model()
    model.create("a", tags={"k": "v"})
    model.post("VolumeSnapshot/a", {"name": "s1"})
    answer = model.post("VolumeSnapshot/a", {"name": "s2"})
    assert model.volume("a")["parentName"] == "s2"
    assert (model.snapshot("s2")["parentName"], model.snapshot("s2")["onVolume"]) == ("s1", "a")
    assert (model.snapshot("s1")["onVolume"], model.snapshot("s1")["tags"]) == ("-", {})
    assert model.snapshot("s2")["id"] == answer["snapshotVisibleVolumeId"]
    assert "autoName" not in answer


def test_an_unnamed_snapshot_has_an_unstable_name_and_a_stable_id():
    model = Model()
    model.create("a")
    answer = model.post("VolumeSnapshot/a", {})
    gid = answer["snapshotGlobalId"]
    assert answer["autoName"] == f"a@{answer['snapshotVisibleVolumeId']}"
    assert model.snapshot(answer["autoName"])["globalId"] == gid
    model.post("VolumeUpdate/a", {"rename": "b"})
    assert model.refused(f"Snapshot/{answer['autoName']}") == "objectDoesNotExist"
    assert model.snapshot(f"~{gid}")["name"] == f"b@{answer['snapshotVisibleVolumeId']}"
    model.post("VolumeDelete/b")
    assert model.snapshot(f"~{gid}")["name"] == f"b@{answer['snapshotVisibleVolumeId']}"
    model.post(f"SnapshotUpdate/~{gid}", {"rename": "named"})
    assert (model.snapshot("named")["globalId"], model.snapshot("named")["autoName"]) == (gid, False)


def test_an_unnamed_snapshot_of_an_unnamed_volume_is_listed_by_id():
    model = Model()
    gid = model.create("")
    answer = model.post(f"VolumeSnapshot/~{gid}", {})
    assert model.snapshot("~" + answer["snapshotGlobalId"])["name"] == "~" + answer["snapshotGlobalId"]
    assert "autoName" not in answer


def test_names_with_at_or_star_cannot_be_given():
    model = Model()
    model.create("a")
    for name in ("a@1", "*a", "status", "a b"):
        assert model.refused("VolumeSnapshot/a", {"name": name}) == "invalidParam"


def test_deletion_is_asynchronous_and_frees_the_name_at_once():
    model = Model(snapshot_delete_seconds=5.0)
    model.create("a")
    gid = model.post("VolumeSnapshot/a", {"name": "s"})["snapshotGlobalId"]
    model.post("SnapshotDelete/s")
    listed = model.snapshots()[gid]
    assert (listed["name"], listed["deleted"], listed["deleteBlocked"]) == ("*s", True, "pending")
    assert model.refused("Snapshot/s") == "objectDoesNotExist"
    assert model.refused("VolumeCreate", {"parent": f"~{gid}"}) == "objectDoesNotExist"
    assert not model.changes(f"SnapshotDelete/~{gid}")
    model.post("VolumeSnapshot/a", {"name": "s"})
    assert model.volume("a")["parentName"] == "s"
    assert model.snapshot("s")["parentName"] == "*s"
    model.now += 5
    assert gid not in model.snapshots()
    assert model.snapshot("s")["parentName"] == ""
    assert model.refused(f"SnapshotDelete/~{gid}") == "objectDoesNotExist"


@pytest.mark.parametrize(("switch", "found"), [("found", True), ("missing", False)])
def test_reading_a_snapshot_being_deleted_by_id_is_a_switch(switch, found):
    model = Model(deleted_by_id=switch)
    model.create("a")
    gid = model.post("VolumeSnapshot/a", {"name": "s"})["snapshotGlobalId"]
    model.post(f"SnapshotDeleteById/{gid}")
    assert (model.refused(f"Snapshot/~{gid}") == "nothing") is found


def test_a_name_may_be_taken_until_the_snapshot_is_gone():
    model = Model(deleted_name="taken")
    model.create("a")
    model.post("VolumeSnapshot/a", {"name": "s"})
    model.post("SnapshotDelete/s")
    assert model.refused("Snapshot/s") == "objectDoesNotExist"
    assert model.refused("VolumeSnapshot/a", {"name": "s"}) == "objectExists"
    model.now += 2
    model.post("VolumeSnapshot/a", {"name": "s"})


@pytest.mark.parametrize(("switch", "name"), [("plain", "~abc.b.{}"), ("star", "*~abc.b.{}")])
def test_the_name_of_an_unnamed_snapshot_being_deleted_is_a_switch(switch, name):
    model = Model(deleted_unnamed=switch)
    gid = model.post(f"VolumeSnapshot/~{model.create('')}", {})["snapshotGlobalId"]
    model.post(f"SnapshotDelete/~{gid}")
    assert model.snapshots()[gid]["name"] == name.format(gid.rpartition(".")[2])


@pytest.mark.parametrize(("switch", "stays"), [("merged", False), ("blocked", True)])
def test_children_survive_and_may_hold_a_deletion_up(switch, stays):
    model = Model(multiple_children=switch)
    model.create("a")
    model.post("VolumeSnapshot/a", {"name": "s"})
    model.post("VolumeCreate", {"name": "child", "parent": "s"})
    model.post("SnapshotDelete/s")
    model.now += 10
    assert (len(model.snapshots()) == 1) is stays
    assert model.volume("child")["parentName"] == ("*s" if stays else "")
    model.post("VolumeDelete/child")
    model.now += 10
    assert model.snapshots() == {}


def test_deleting_moves_the_data_to_the_child():
    model = Model()
    model.create("a")
    model.world.local.by_name["a"].stored = 100
    model.post("VolumeSnapshot/a", {"name": "s"})
    [space] = model.get("SnapshotsSpace")
    assert (space["storedSize"], space["spaceUsed"]) == (100, 0)
    [used] = model.get("VolumesSpace")
    assert (used["storedSize"], used["spaceUsed"]) == (0, 100)
    model.post("SnapshotDelete/s")
    model.now += 2
    assert model.get("VolumesSpace")[0]["storedSize"] == 100


def test_bound_snapshots_go_with_their_last_child_and_attachment():
    model = Model(snapshot_delete_seconds=0.0)
    model.create("a")
    model.post("VolumeSnapshot/a", {"name": "s", "bind": True})
    model.post("VolumesReassign", [{"snapshot": "s", "ro": [1]}])
    model.post("VolumeDelete/a")
    assert model.snapshot("s")["bound"]
    model.post("VolumesReassign", [{"snapshot": "s", "detach": "all"}])
    assert model.get("SnapshotsList") == []


def test_unbound_again_it_stays():
    model = Model()
    model.create("a")
    model.post("VolumeSnapshot/a", {"name": "s", "bind": True})
    model.post("SnapshotUpdate/s", {"bind": False})
    model.post("VolumeDelete/a")
    model.now += 10
    assert not model.snapshot("s")["bound"]


@pytest.mark.parametrize("body", [{"deleteAfter": 60}, {"targetDeleteDate": int(START) + 60}])
def test_a_delete_date_is_absolute_and_kept_to(body):
    model = Model()
    model.create("a")
    model.post("VolumeSnapshot/a", {"name": "s", **body})
    assert model.snapshot("s")["targetDeleteDate"] == int(START) + 60
    model.now += 59
    assert not model.snapshot("s")["deleted"]
    model.now += 1
    assert [snapshot["deleted"] for snapshot in model.get("SnapshotsList")] == [True]
    model.now += 2
    assert model.get("SnapshotsList") == []


def test_a_delete_date_can_be_cancelled_and_not_be_past():
    model = Model()
    model.create("a")
    model.post("VolumeSnapshot/a", {"name": "s", "deleteAfter": 60})
    assert model.refused("SnapshotUpdate/s", {"targetDeleteDate": int(START) - 1}) == "invalidParam"
    model.post("SnapshotUpdate/s", {"deleteAfter": 0})
    model.now += 100
    assert model.snapshot("s")["targetDeleteDate"] == 0
    model.switches["target_delete_date_none"] = "absent"
    assert "targetDeleteDate" not in model.snapshot("s")


def test_attached_snapshots_are_not_deleted_and_not_on_schedule_either():
    model = Model()
    model.create("a")
    model.post("VolumeSnapshot/a", {"name": "s", "deleteAfter": 10})
    model.post("VolumesReassign", [{"snapshot": "s", "ro": [1]}])
    assert model.refused("SnapshotDelete/s") == "busy"
    model.now += 100
    assert not model.snapshot("s")["deleted"]
    model.post("VolumesReassign", [{"snapshot": "s", "detach": [1]}])
    model.now += 1
    assert [snapshot["deleted"] for snapshot in model.get("SnapshotsList")] == [True]


def test_a_group_is_all_or_nothing_and_merges_tags():
    model = Model()
    model.create("a")
    model.create("b")
    wrong = [{"volume": "a", "name": "s"}, {"volume": "b", "name": "s"}]
    assert model.refused("VolumesGroupSnapshot", {"volumes": wrong}) == "objectExists"
    assert (
        model.refused("VolumesGroupSnapshot", {"volumes": [{"volume": "a"}, {"volume": "x"}]}) == "objectDoesNotExist"
    )
    body = {"volumes": [{"volume": "a", "name": "s", "tags": {"own": "1"}}, {"volume": "b"}], "tags": {"all": "1"}}
    first, second = model.post("VolumesGroupSnapshot", body)["snapshots"]
    assert (first["snapshot"], first["volume"], first["remoteId"]) == ("s", "a", first["snapshotGlobalId"])
    assert model.snapshot("s")["tags"] == {"own": "1", "all": "1"}
    assert model.snapshot("~" + second["snapshotGlobalId"])["tags"] == {"all": "1"}


def test_the_placeholder_of_a_snapshot_on_no_volume_is_a_switch():
    model = Model(on_volume_none="")
    model.create("a")
    model.post("VolumeSnapshot/a", {"name": "s"})
    model.post("VolumeDelete/a")
    assert model.snapshot("s")["onVolume"] == ""


def test_a_snapshot_has_its_own_template_and_limits():
    model = Model()
    model.create("a")
    model.post("VolumeTemplateCreate", {"name": "t", "placeAll": "ssd", "replication": 2})
    model.post("VolumeSnapshot/a", {"name": "s"})
    model.post("SnapshotUpdate/s", {"template": "t", "iops": 5})
    model.post("VolumeCreate", {"name": "child", "parent": "s"})
    child = model.volume("child")
    assert (child["templateName"], child["placeAll"], child["iops"], child["size"]) == ("t", "ssd", 5, GIB)
