# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every call of the vendor's client for volumes, snapshots, attachments, templates, groups, disks and services."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from storpool import spapi

from simulators.client import Simulator

GIB = 1024**3
FAR = "far.c"


class Recorder(spapi.Api):
    """The vendor's client; remembers the raw answer of each call by the name of the client's method."""

    def __init__(self, simulator: Simulator, **options: Any) -> None:
        super().__init__(host=simulator.host, port=simulator.port, auth=simulator.args["token"], **options)
        self.raw: dict[str, list[Any]] = {}
        self._last: Any = None

    def __call__(self, method: str, multi: bool, *args: Any, **kwargs: Any) -> Any:
        # In a multicluster the client asks a named cluster for RemoteCommand/.../MultiCluster/..., which servers do not know.
        multi = multi and kwargs.get("clusterName") is None
        self._last = super().__call__(method, multi, *args, **kwargs)
        return self._last

    def run(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Calls a method of the client; gives its typed result."""
        result = getattr(self, name)(*args, **kwargs)
        self.raw.setdefault(name, []).append(self._last)
        return result


Run = Callable[..., Any]


def drive(simulator: Simulator, api: Recorder) -> None:
    """Runs the whole scenario against a fresh simulator."""
    simulator.admin("POST", "clusters", {"id": FAR, "name": "far-cluster", "location": "far-away"})
    for part in (_templates, _volumes, _snapshots, _chains, _attachments, _services, _disks, _vags, _locations):
        part(api.run)
    _remote(simulator, api.run)
    _other(api.run)
    _end(api.run)


def _templates(run: Run) -> None:
    run("placementGroupUpdate", "nvme", {"addDisks": [102], "rmDisks": []})
    run("placementGroupUpdate", "nvme", {"rename": "flash", "addDisks": [202, 302], "rmDisks": []})
    run("placementGroupDescribe", "flash")
    run("placementGroupsList")
    run("faultSetsList")
    run("volumeTemplateCreate", {"name": "hybrid", "placeAll": "hdd", "placeTail": "ssd", "replication": 3})
    run("volumeTemplateCreate", {"name": "fast", "placeAll": "flash", "replication": 2, "size": 2 * GIB, "iops": 1000})
    run("volumeTemplateCreate", {"name": "bare"})
    run("volumeTemplateDescribe", "bare")


def _volumes(run: Run) -> None:
    run("volumeCreate", {"name": "db-1", "size": GIB, "template": "hybrid", "tags": {"virt": "cs"}})
    run("volumeCreate", {"name": "from-template", "template": "fast"})
    run("volumeCreate", {"size": GIB, "replication": 3, "iops": 0, "bw": "-"})
    run("volumeUpdate", "db-1", {"sizeAdd": GIB, "iops": 500, "tags": {"qc": "gold"}})
    run("volumeCreate", {"name": "copy", "baseOn": "db-1"})
    run("volumesList")
    run("volumeList", "db-1")
    run("volumeDescribe", "db-1")
    run("volumeInfo", "db-1")
    run("volumesSpace")


def _snapshots(run: Run) -> None:
    unnamed = next(volume.name for volume in run("volumesList") if volume.name.startswith("~"))
    run("snapshotCreate", "db-1", {"name": "db-1-a", "tags": {"keep": "1"}})
    run("snapshotCreate", "db-1", {"bind": True})
    run("snapshotCreate", unnamed, {"deleteAfter": 3600})
    run("snapshotCreateGroup", {"volumes": [{"volume": "db-1", "name": "group-1"}, {"volume": unnamed}]})
    run("snapshotUpdate", "db-1-a", {"rename": "db-1-b", "bind": False, "deleteAfter": 60, "template": "fast"})
    run("snapshotsList")
    run("snapshotList", "db-1-b")
    run("snapshotDescribe", "db-1-b")
    run("snapshotInfo", "db-1-b")
    run("snapshotsSpace")
    run("volumesStatus")
    run("volumesQuickStatus")


def _chains(run: Run) -> None:
    run("volumeListSnapshots", "db-1")
    run("volumeRevert", "db-1", {"toSnapshot": "db-1-b"})
    unnamed = next(volume.name for volume in run("volumesList") if volume.name.startswith("~"))
    for _time in range(2):
        run("volumeRevert", unnamed, {"toSnapshot": "db-1-b"})
    run("snapshotCreate", unnamed, {})
    run("volumesReassignWait", {"reassign": [{"volume": unnamed, "rw": [1]}]})
    for name in ("volumesList", "snapshotsList", "attachmentsList", "volumesSpace", "volumesStatus"):
        run(name)
    run("volumesReassignWait", {"reassign": [{"volume": unnamed, "detach": "all"}]})
    run("snapshotCreate", "db-1", {"name": "top"})
    run("snapshotRebase", "top", {"parentName": "db-1-b"})
    run("volumeRebase", "db-1", {"parentName": "db-1-b"})
    run("volumeRebase", "db-1", {})
    run("volumeCreate", {"name": "frozen", "size": GIB, "template": "hybrid"})
    run("volumeFreeze", "frozen", {"deleteAfter": 60})


def _attachments(run: Run) -> None:
    run("volumesReassign", [{"volume": "db-1", "rw": [1]}, {"snapshot": "db-1-b", "ro": [2]}])
    run("volumesReassignWait", {"reassign": [{"volume": "db-1", "rw": [2], "detach": "all", "force": True}]})
    run("attachmentsList")
    run("volumesReassignWait", {"reassign": [{"volume": "db-1", "detach": [2]}], "attachTimeout": 5})
    run("volumesReassignWait", {"reassign": [{"snapshot": "db-1-b", "detach": "all"}], "attachTimeout": 0})


def _services(run: Run) -> None:
    run("servicesList")
    run("serversList")
    run("serversListBlocked")
    run("peersList")
    run("tasksList")
    run("clientsConfigDump")
    run("clientConfigWait", 1)
    run("clientActiveRequests", 1)
    run("allPeersActiveRequests", {"msecsTimeout": 1000})
    run("volumeTemplatesList")
    run("volumeTemplatesStatus")
    run("volumeRelocatorStatus")
    run("volumeRelocatorDisks")
    run("volumeRelocatorVolumeDisks", "db-1")
    run("volumeRelocatorSnapshotDisks", "db-1-b")
    run("volumeBalancerSetStatus", {"cmd": "start"})
    run("volumeBalancerGetStatus")
    run("volumeBalancerVolumesStatus")
    run("volumeBalancerDisks")
    run("volumeBalancerVolumeDisks", "db-1")
    run("volumeBalancerSnapshotDisks", "db-1-b")
    run("volumeBalancerVolumeDiskSets", "db-1")
    run("volumeBalancerSnapshotDiskSets", "db-1-b")


def _disks(run: Run) -> None:
    run("disksList")
    run("diskDescribe", 101)
    run("serverDisksList", 1)
    run("serverDiskDescribe", 1, 101)
    run("diskActiveRequests", 101)
    for name in ("diskSoftEject", "diskSoftEjectPause", "diskSoftEjectCancel", "diskRetrim"):
        run(name, 101)
    for name in ("diskScrubPause", "diskScrubStart", "diskScrubContinue"):
        run(name, 101)
    run("diskSetDesc", 101, {"description": "left bay 3"})
    run("diskIgnore", 101)
    run("diskEject", 303)
    run("disksList")
    run("volumeAbandonDisk", "db-1", {"diskId": 303})
    run("snapshotAbandonDisk", "db-1-b", {"diskId": 303})
    run("volumeRelocatorDisks")
    run("volumesStatus")
    run("diskForget", 303)


def _vags(run: Run) -> None:
    run("volumeCreate", {"name": "child", "parent": "db-1-b"})
    run("volumeUpdateVag", "child", {"vagId": "parent"})
    vag = run("volumeList", "from-template")[0].visibleVolumeId
    run("vagList", vag)
    run("vagUpdate", {"vagId": str(vag), "targetsCount": 8})
    run("snapshotUpdateVag", "top", {"vagId": vag})


def _locations(run: Run) -> None:
    run("locationAdd", {"id": "mars", "name": "mars"})
    run("locationUpdate", {"location": "mars", "sendBufferSize": 1048576, "recvBufferSize": 1048576})
    run("locationRename", {"location": "mars", "name": "red-planet"})
    run("clusterAdd", {"id": "x", "location": "red-planet", "name": "base"})
    run("clusterRename", {"cluster": "base", "name": "colony"})
    run("remoteBridgeAdd", {"ip": "192.0.2.7", "publicKey": "abcdef", "location": "red-planet"})
    run("remoteBridgeAdd", {"ip": "192.0.2.8", "publicKey": "abcdef", "remote": "colony", "minimumDeleteDelay": 60})
    run("locationsList")
    run("clustersList")
    run("remoteBridgesList")
    run("remoteBridgeRemove", {"ip": "192.0.2.7"})
    run("remoteBridgeRemove", {"ip": "192.0.2.8"})
    run("clusterRemove", {"name": "colony"})
    run("locationRemove", {"location": "red-planet"})


def _remote(simulator: Simulator, run: Run) -> None:
    """The other cluster really is there: what goes out is seen there and comes back."""
    run("snapshotExport", {"snapshot": "db-1-b", "location": "far-away"})
    run("exportsList")
    run("snapshotUnexport", {"snapshot": "db-1-b", "all": True, "force": True})
    backup = run("volumeBackup", {"volume": "db-1", "location": "far-away", "tags": {"backup": "1"}})
    run("volumesGroupBackup", {"volumes": ["db-1", "copy"], "location": "far-away"})
    remote = run("snapshotsRemoteList")["snapshots"]
    assert backup.remoteId in {snapshot.remoteId for snapshot in remote}
    unexport = [{"location": "far-away", "globalSnapshotId": backup.remoteId, "deleteAfter": 60}]
    run("snapshotsRemoteUnexport", {"remoteSnapshots": unexport})
    there = {"clusterName": "far-cluster"}
    volume = run("volumeCreate", {"name": "elsewhere", "size": GIB, "replication": 3}, **there)
    for name in ("original", "original-2"):
        run("snapshotCreate", "elsewhere", {"name": name}, **there)
        run("snapshotExport", {"snapshot": name, "location": "location-abc"}, **there)
    ids = {item.name: item.remoteId for item in run("snapshotsRemoteList")["snapshots"]}
    from_far = {"remoteLocation": "far-away", "template": "hybrid"}
    run("snapshotFromRemote", {**from_far, "remoteId": ids["original"], "name": "arrived"})
    run("volumeRelocatorStatus")
    run("volumeFromRemote", {**from_far, "remoteId": ids["original-2"], "name": "arrived-volume"})
    run("snapshotsRemoteList")
    run("volumeExport", "elsewhere", {"clusterId": "abc.b"}, **there)
    run("volumesRemoteList")
    run("volumeExportsList", **there)
    run("volumeMoveToRemote", "copy", {"cluster": "far-cluster"})
    assert run("volumeList", "copy", **there)[0].name == "copy"
    run("volumeCreate", {"name": "short-lived", "size": GIB, "replication": 3})
    run("snapshotCreate", "short-lived", {"name": "leaving"})
    run("volumeDelete", "short-lived")
    run("snapshotMoveToRemote", "leaving", {"clusterId": FAR})
    assert run("snapshotList", "leaving", **there)[0].name == "leaving"
    run("volumeAcquire", "db-1", {})
    assert volume.globalId.startswith(FAR)


def _other(run: Run) -> None:
    run("maintenanceSet", {"nodeId": 1, "duration": 600, "description": "new memory"})
    run("maintenanceList")
    run("maintenanceComplete", {"nodeId": 1})
    run("kvsCreate", "settings")
    run("kvsUpdate", "settings", {"set": {"one": "1", "two": "2"}, "runIfVersionIs": 1})
    run("kvsBuckets")
    run("kvsList", "settings")
    run("kvsGet", "settings", "one")
    run("kvsDelete", "settings")


def _end(run: Run) -> None:
    run("volumeDelete", "db-1")
    run("snapshotDelete", "db-1-b")
    run("snapshotsList")
    target = next(snapshot.globalId for snapshot in run("snapshotsList") if snapshot.name == "group-1")
    run("snapshotDeleteById", target)
    run("volumeTemplateUpdate", "fast", {"rename": "faster", "iops": 2000, "propagate": True})
    run("volumeTemplateDelete", "bare")
    run("placementGroupUpdate", "spare", {"addDisks": [], "rmDisks": []})
    run("placementGroupDelete", "spare")
