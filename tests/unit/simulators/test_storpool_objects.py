# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The StorPool simulator's templates, placement groups, disks, services, balancer and key-value store."""

from __future__ import annotations

import pytest

from unit.simulators.model import GIB, Model


def test_a_template_lists_what_is_not_set_as_a_dash():
    model = Model()
    model.post("VolumeTemplateCreate", {"name": "t"})
    view = model.get("VolumeTemplateDescribe/t")
    keys = ("size", "replication", "iops", "bw", "limitType", "placeAll", "placeTail", "parentName")
    assert [view[key] for key in keys] == ["-", "-", "-", "-", "total", "default", "default", ""]
    assert model.refused("VolumeTemplateCreate", {"name": "t"}) == "objectExists"
    assert model.refused("VolumeTemplateCreate", {"name": "a.b"}) == "invalidParam"
    assert model.refused("VolumeTemplateDescribe/u") == "objectDoesNotExist"
    model.post("VolumeTemplateCreate", {"name": "status"})


def test_a_dash_unsets_only_where_the_switch_says_so():
    model = Model()
    model.post("VolumeTemplateCreate", {"name": "t", "size": GIB, "replication": 3})
    assert model.refused("VolumeTemplateUpdate/t", {"size": "-"}) == "invalidParam"
    model.switches["template_dash"] = "unset"
    model.post("VolumeTemplateUpdate/t", {"size": "-", "replication": "-"})
    view = model.get("VolumeTemplateDescribe/t")
    assert (view["size"], view["replication"]) == ("-", "-")


@pytest.mark.parametrize(("propagate", "iops"), [(False, 10), (True, 20)])
def test_a_template_change_reaches_existing_volumes_only_when_propagated(propagate, iops):
    model = Model()
    model.post("VolumeTemplateCreate", {"name": "t", "placeAll": "hdd", "replication": 2, "iops": 10})
    model.post("VolumeCreate", {"name": "a", "template": "t", "size": GIB, "bw": 7})
    model.post("VolumeSnapshot/a", {"name": "s"})
    model.post("VolumeTemplateUpdate/t", {"iops": 20, "rename": "u", "propagate": propagate})
    for view in (model.volume("a"), model.snapshot("s")):
        assert (view["iops"], view["bw"], view["templateName"]) == (iops, 7, "u")
    model.post("VolumeCreate", {"name": "b", "template": "u", "size": GIB})
    assert model.volume("b")["iops"] == 20
    assert not model.changes("VolumeTemplateUpdate/u", {"iops": 20, "propagate": propagate})


def test_templates_and_groups_in_use_stay():
    model = Model(snapshot_delete_seconds=5.0, error_in_use="preconditionViolation")
    model.post("PlacementGroupUpdate/pg", {"addDisks": [101, 201, 301], "rmDisks": []})
    model.post("VolumeTemplateCreate", {"name": "t", "placeAll": "pg", "replication": 3})
    model.post("VolumeCreate", {"name": "a", "template": "t", "size": GIB})
    model.post("VolumeSnapshot/a", {"name": "s"})
    model.post("VolumeDelete/a")
    model.post("SnapshotDelete/s")
    [status] = model.get("VolumeTemplatesStatus")
    counts = ("volumesCount", "snapshotsCount", "removingSnapshotsCount")
    assert [status[key] for key in counts] == [0, 1, 1]
    assert model.refused("VolumeTemplateDelete/t", {}) == "preconditionViolation"
    model.now += 5
    assert model.refused("PlacementGroupDelete/pg", {}) == "preconditionViolation"
    model.post("VolumeTemplateDelete/t")
    model.post("PlacementGroupDelete/pg")
    assert set(model.get("PlacementGroupsList")) == {"default", "hdd", "ssd"}


def test_template_space_is_after_replication():
    model = Model()
    for name, copies in (("one", 1), ("three", 3)):
        model.post("VolumeTemplateCreate", {"name": name, "placeAll": "hdd", "replication": copies})
    one, three = (status["stored"] for status in model.get("VolumeTemplatesStatus"))
    assert one["capacity"] == one["free"] == model.get("VolumeTemplatesStatus")[0]["capacityPlaceAll"] * 4096 // 4224
    assert three["capacity"] == one["capacity"] // 3


def test_groups_are_created_extended_shrunk_and_renamed_by_one_call():
    model = Model()
    model.post("PlacementGroupUpdate/pg", {"addDisks": ["101"], "rmDisks": []})
    model.post("PlacementGroupUpdate/pg", {"addDisks": [102], "rmDisks": [101], "rename": "pg2"})
    assert model.get("PlacementGroupDescribe/pg2")["disks"] == [102]
    assert not model.changes("PlacementGroupUpdate/pg2", {"addDisks": [102], "rmDisks": [303]})
    assert model.refused("PlacementGroupUpdate/pg2", {"addDisks": [999]}) == "objectDoesNotExist"
    assert model.refused("PlacementGroupUpdate/pg2", {"rename": "hdd"}) == "objectExists"
    assert model.refused("PlacementGroupUpdate/a.b", {"addDisks": [101]}) == "invalidParam"
    assert model.refused("PlacementGroupDescribe/pg") == "objectDoesNotExist"


def test_an_empty_group_holds_no_volumes_and_may_not_be_created():
    model = Model()
    model.post("PlacementGroupUpdate/pg", {})
    body = {"name": "a", "size": GIB, "replication": 1, "placeAll": "pg"}
    assert model.refused("VolumeCreate", body) == "insufficientResources"
    assert Model(empty_placement_group="refused").refused("PlacementGroupUpdate/pg", {}) == "invalidParam"


def test_disks_go_down_and_are_forgotten():
    model = Model()
    model.create("a", placeAll="hdd")
    assert set(model.get("DisksList")) == {"101", "201", "301", "102", "202", "302", "103", "203", "303"}
    assert model.refused("DiskForget/101", {}) == "busy"
    model.post("DiskEject/101")
    down = model.get("DiskDescribe/101")
    assert (down["generationLeft"] >= 0, "sectorsCount" in down) == (True, False)
    assert set(model.get("ServerDisksList/1")) == {"101", "102", "103"}
    model.post("DiskForget/101")
    assert 101 not in model.get("PlacementGroupDescribe/hdd")["disks"]
    assert model.refused("DiskDescribe/101") == "objectDoesNotExist"
    assert model.refused("ServerDiskDescribe/1/201") == "objectDoesNotExist"


def test_soft_eject_has_an_order():
    model = Model()
    assert model.refused("DiskSoftEjectPause/101", {}) == "preconditionViolation"
    for call, state in (("DiskSoftEject", "on"), ("DiskSoftEjectPause", "paused"), ("DiskSoftEjectCancel", "off")):
        model.post(f"{call}/101")
        assert model.get("DisksList")["101"]["softEject"] == state
    assert model.refused("DiskSetDescription/101", {"description": "a/b"}) == "invalidParam"
    model.post("DiskSetDescription/101", {"description": "bay 3"})
    assert model.get("DisksList")["101"]["description"] == "bay 3"


def test_services_are_keyed_by_id_and_one_management_is_active():
    model = Model()
    model.client(id=2, up=False)
    services = model.get("ServicesList")
    assert {key: client["status"] for key, client in services["clients"].items()} == {
        "1": "running",
        "2": "down",
        "3": "running",
    }
    assert sum(mgmt["active"] for mgmt in services["mgmt"].values()) == 1
    assert model.get("ServersList")["clients"] == {}
    assert set(model.get("FaultSetsList")) == {"rack1", "rack2", "rack3"}


def test_a_cluster_that_is_not_operational_answers_one_call_only():
    model = Model(cluster_status="waiting")
    assert model.refused("ServicesList") == "clusterNotOperational"
    assert model.get("ServersListBlocked")["clusterStatus"] == "waiting"


def test_the_balancer_commits_what_is_ready():
    model = Model()
    assert model.refused("VolumeBalancerStatus", {"cmd": "commit"}) == "preconditionViolation"
    model.post("VolumeBalancerStatus", {"cmd": "start"})
    assert model.get("VolumeBalancerStatus") == {"status": "ready", "auto": False}
    model.post("VolumeBalancerStatus", {"cmd": "commit"})
    assert model.get("VolumeBalancerStatus")["status"] == "nothing to do"


def test_allocation_groups_are_shared_with_the_parent():
    model = Model()
    model.create("a")
    model.create("b")
    vag = model.volume("a")["id"]
    assert model.get(f"VagList/{vag}")["vagId"] == vag
    assert model.refused("VolumeUpdateVag/b", {"vagId": "parent"}) == "invalidParam"
    assert model.changes("VolumeUpdateVag/b", {"vagId": vag})
    assert model.refused("VagUpdate", {"vagId": str(vag), "targetsCount": 3}) == "invalidParam"


def test_buckets_count_their_changes():
    model = Model()
    model.post("KV/Create/b")
    model.post("KV/Set/b", {"set": {"x": "1", "y": "2"}})
    model.post("KV/Set/b", {"set": {"x": ""}, "runIfVersionIs": 2})
    assert model.get("KV/List/b") == {"name": "b", "version": 3, "pairs": {"y": "2"}}
    assert model.refused("KV/Set/b", {"set": {"y": "3"}, "runIfVersionIs": 2}) == "runIfVersionIsMismatch"
    assert model.get("KV") == {"buckets": {"b": 3}}
    assert model.refused("KV/Get/b/x") == "objectDoesNotExist"
