# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The StorPool simulator's other clusters: prefixes, exports, backups, copies, moves."""

from __future__ import annotations

import pytest

from unit.simulators.model import GIB, Model


@pytest.fixture
def model():
    """Two clusters: abc.b, the local one, and far.c at the location "far-away"."""
    model = Model()
    model.add_cluster(id="far.c", name="far-cluster", location="far-away")
    model.post("RemoteCommand/far-cluster/VolumeCreate", {"name": "there", "size": GIB, "replication": 3})
    model.create("here")
    return model


def test_remote_command_takes_a_name_or_an_id(model):
    for prefix in ("RemoteCommand/far-cluster", "RemoteCommand/~far.c"):
        assert [volume["name"] for volume in model.get(f"{prefix}/VolumesList")] == ["there"]
    assert [volume["name"] for volume in model.get("RemoteCommand/nobody/VolumesList")] == ["here"]
    model.switches["remote_command_unknown"] = "refused"
    assert model.refused("RemoteCommand/nobody/VolumesList") == "objectDoesNotExist"
    model.add_cluster(id="far.c", connected=False)
    assert model.refused("RemoteCommand/far-cluster/VolumesList") == "multiCluster"


def test_multicluster_finds_and_lists_in_every_cluster(model):
    listing = model.get("MultiCluster/VolumesList")
    assert [(volume["name"], volume["clusterId"]) for volume in listing] == [("here", "abc.b"), ("there", "far.c")]
    envelope = model.done("MultiCluster/VolumeUpdate/there", {}).envelope
    assert (envelope["clusterId"], envelope["data"]["ok"]) == ("far.c", True)
    assert model.done("MultiCluster/VolumeUpdate/here", {}).envelope["clusterId"] == "abc.b"
    assert model.refused("VolumeUpdate/there", {}) == "objectDoesNotExist"
    assert model.refused("MultiCluster/Volume/nowhere") == "objectDoesNotExist"
    assert "clusterId" not in model.done("VolumeUpdate/here", {}).envelope


def test_all_clusters_nests_each_clusters_own_envelope(model):
    clusters = model.get("MultiCluster/AllClusters/VolumesList")["clusters"]
    assert {each["clusterId"]: len(each["response"]["data"]) for each in clusters} == {"abc.b": 1, "far.c": 1}
    model.add_cluster(id="far.c", connected=False)
    clusters = model.get("MultiCluster/AllClusters/SnapshotsList")["clusters"]
    assert ["response" in each for each in clusters] == [True, False]


def test_attaching_a_volume_of_another_cluster_moves_it_or_exports_it(model):
    assert model.refused("VolumesReassign", [{"volume": "there", "rw": [1]}]) == "objectDoesNotExist"
    model.post("MultiCluster/VolumesReassign", [{"volume": "there", "rw": [1], "mcMode": "export"}])
    assert model.clients_of("there") == {1: "rw"}
    assert model.refused("Volume/there") == "objectDoesNotExist"
    model.post("VolumesReassign", [{"volume": "there", "detach": [1], "allowRemoteExported": True}])
    model.post("MultiCluster/VolumesReassign", [{"volume": "there", "rw": [2]}])
    assert model.volume("there")["globalId"].startswith("far.c.")
    assert model.get("RemoteCommand/~far.c/VolumesList") == []


def test_volume_acquire_moves_here_and_then_does_nothing(model):
    model.post("RemoteCommand/~far.c/VolumesReassign", [{"volume": "there", "rw": [1]}])
    assert model.refused("VolumeAcquire/there", {}) == "objectDoesNotExist"
    assert model.refused("MultiCluster/VolumeAcquire/there", {}) == "busy"
    assert model.changes("MultiCluster/VolumeAcquire/there", {"onRemoteAttached": "detach"})
    assert not model.changes("MultiCluster/VolumeAcquire/there", {})
    assert model.volume("there")["parentName"] == ""


def test_moving_away_can_leave_an_export(model):
    model.attach("here", 1)
    target = {"clusterId": "far.c"}
    assert model.refused("VolumeMoveToRemote/here", target) == "busy"
    model.post("VolumeMoveToRemote/here", {**target, "onAttached": "export"})
    assert model.clients_of("here") == {1: "rw"}
    assert {volume["name"] for volume in model.get("RemoteCommand/~far.c/VolumesList")} == {"there", "here"}
    assert [export["snapshot"] for export in model.get("RemoteCommand/~far.c/VolumeExportsList")["exports"]] == ["here"]
    assert model.refused("VolumeMoveToRemote/here", target) == "objectDoesNotExist"


def test_a_backup_is_a_snapshot_with_the_same_id_at_the_other_location(model):
    assert model.refused("VolumeBackup", {"volume": "here", "location": "nowhere"}) == "objectDoesNotExist"
    remote_id = model.post("VolumeBackup", {"volume": "here", "location": "far-away", "tags": {"b": "1"}})["remoteId"]
    [snapshot] = model.get(f"RemoteCommand/~far.c/Snapshot/~{remote_id}")
    assert (snapshot["backup"], snapshot["recoveringFromRemote"], snapshot["tags"]) == (True, True, {"b": "1"})
    assert snapshot["backupOfGlobalId"] == model.volume("here")["globalId"]
    [remote] = model.get("SnapshotsRemoteList")["snapshots"]
    assert (remote["remoteId"], remote["location"], remote["onVolume"]) == (remote_id, "far-away", "here")


def test_a_copy_from_remote_keeps_the_id_and_takes_time(model):
    gid = model.post("RemoteCommand/~far.c/VolumeSnapshot/there", {"name": "s"})["snapshotGlobalId"]
    body = {"remoteLocation": "far-away", "remoteId": gid, "name": ""}
    assert model.refused("SnapshotFromRemote", body) == "objectDoesNotExist"
    model.post("RemoteCommand/~far.c/SnapshotExport", {"snapshot": "s", "location": "location-abc"})
    model.post("SnapshotFromRemote", body)
    assert model.snapshot("~" + gid)["recoveringFromRemote"]
    assert model.refused("SnapshotFromRemote", body) == "objectExists"
    unexport = {"snapshot": "s", "all": True}
    assert model.refused("RemoteCommand/~far.c/SnapshotUnexport", unexport) == "busy"
    model.now += 2
    assert not model.snapshot("~" + gid)["recoveringFromRemote"]
    assert model.refused("RemoteCommand/~far.c/SnapshotDelete/s", {}) == "busy"
    model.post("RemoteCommand/~far.c/SnapshotUnexport", unexport)
    model.post("RemoteCommand/~far.c/SnapshotDelete/s")


def test_the_other_location_keeps_its_minimum_delay(model):
    bridge = {"ip": "192.0.2.1", "publicKey": "k", "location": "location-abc", "minimumDeleteDelay": 100}
    model.post("RemoteCommand/~far.c/RemoteBridgeAdd", bridge)
    remote_id = model.post("VolumeBackup", {"volume": "here", "location": "far-away"})["remoteId"]
    item = {"location": "far-away", "globalSnapshotId": remote_id, "deleteAfter": 10}
    model.post("SnapshotsRemoteUnexport", {"remoteSnapshots": [item]})
    [snapshot] = model.get(f"RemoteCommand/~far.c/Snapshot/~{remote_id}")
    assert snapshot["targetDeleteDate"] == int(model.now) + 100


def test_a_location_that_is_only_registered_has_no_data():
    model = Model()
    model.create("a")
    model.post("LocationAdd", {"id": "mars", "name": "mars"})
    assert model.refused("VolumeBackup", {"volume": "a", "location": "mars"}) == "preconditionViolation"
    assert model.refused("LocationAdd", {"id": "mars", "name": "other"}) == "objectExists"
    model.post("ClusterAdd", {"id": "x", "location": "mars", "name": "base"})
    assert model.refused("LocationRemove", {"location": "mars"}) == "busy"
    assert model.refused("VolumeMoveToRemote/a", {"cluster": "base"}) == "objectDoesNotExist"
