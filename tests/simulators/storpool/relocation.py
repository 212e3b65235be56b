# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks, relocator and balancer. Nothing is out of place here but what moves after a change of template."""

from __future__ import annotations

from typing import Any

from simulators.storpool import errors, fields, names, placement, views
from simulators.storpool.calls import get, post
from simulators.storpool.fields import required
from simulators.storpool.state import Context, Snapshot, Volume

_AFTER = {"start": "ready", "stop": "nothing to do", "commit": "nothing to do"}


def _moving(context: Context) -> list[Volume]:
    everything = (*context.cluster.volumes.values(), *context.cluster.snapshots.values())
    return [volume for volume in everything if volume.moving_until > context.now]


@get("TasksList")
def tasks_list(context: Context, args: dict[str, Any]) -> list[dict[str, Any]]:
    """One task for each volume that moves and each disk it moves to."""
    tasks = []
    for volume in _moving(context):
        objects = placement.info(context.cluster, volume)["objectsPerDisk"]
        tasks += [
            {
                "diskId": int(disk),
                "transactionId": volume.id,
                "allObjects": count,
                "completedObjects": 0,
                "dispatchedObjects": min(count, 1),
                "unresolvedObjects": 0,
            }
            for disk, count in objects.items()
        ]
    return tasks


@get("VolumeRelocatorStatus")
def relocator_status(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    recovering = sum(snapshot.recovering_until > context.now for snapshot in context.cluster.snapshots.values())
    return {"status": "on", "volumesToRelocate": len(_moving(context)), "recoveringFromRemote": recovering}


def _target(value: int) -> dict[str, int]:
    return {"current": value, "target": value, "delta": 0, "toRecover": 0}


def _disk_targets(context: Context, usage: dict[int, tuple[int, int]]) -> dict[str, Any]:
    """Per disk: what is there and what should be; ``usage``: (bytes, objects) of each disk to show."""
    targets: dict[str, Any] = {}
    for number, (stored, objects) in sorted(usage.items()):
        disk = context.cluster.disks[number]
        view = {"id": disk.id, "serverId": disk.server, "generationLeft": disk.generation_left}
        if disk.up:
            view |= {
                "objectsCount": disk.size // placement.OBJECT_SIZE,
                "objectsAllocated": _target(objects),
                "storedSize": _target(stored),
                "onDiskSize": _target(stored * placement.WITH_CHECKSUMS // placement.DATA),
            }
        targets[str(number)] = view
    return targets


def _of(context: Context, volume: Volume) -> dict[str, Any]:
    objects = placement.info(context.cluster, volume)["objectsPerDisk"]
    total = max(1, sum(objects.values()))
    stored = volume.stored * (volume.policy.replication or 1)
    return _disk_targets(context, {int(disk): (stored * count // total, count) for disk, count in objects.items()})


@get("VolumeRelocatorDisksList")
def relocator_disks(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return _disk_targets(context, placement.stored_per_disk(context.cluster))


@get("VolumeRelocatorVolumeDisks", targets=1, locate="volume")
def relocator_volume_disks(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    return _of(context, names.get_volume(context, reference))


@get("VolumeRelocatorSnapshotDisks", targets=1, locate="snapshot")
def relocator_snapshot_disks(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    return _of(context, names.readable_snapshot(context, reference))


@get("VolumeBalancerStatus")
def balancer_status(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return {"status": context.cluster.balancer, "auto": False}


@post("VolumeBalancerStatus", required("cmd", fields.one_of("start", "stop", "commit")))
def balancer_command(context: Context, args: dict[str, Any]) -> None:
    """A run is ready at once; commit needs one that is ready."""
    command = args["cmd"]
    if command == "commit" and context.cluster.balancer != "ready":
        raise errors.ApiFailure(errors.PRECONDITION, "The balancer is not ready")
    context.changed = context.cluster.balancer != _AFTER[command]
    context.cluster.balancer = _AFTER[command]


def _balanced(context: Context, volume: Volume) -> dict[str, Any]:
    summary = views.summary(volume, context)
    keys = ("name", "placeAll", "placeTail", "placeHead", "replication", "size", "objectsCount")
    return {
        **{key: summary[key] for key in keys},
        "snapshot": isinstance(volume, Snapshot),
        "reallocated": False,
        "blocked": False,
    }


@get("VolumeBalancerVolumesStatus")
def balancer_volumes(context: Context, args: dict[str, Any]) -> list[dict[str, Any]]:
    everything = (*context.cluster.volumes.values(), *context.cluster.snapshots.values())
    return [_balanced(context, volume) for volume in everything]


@get("VolumeBalancerDisksList")
def balancer_disks(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return _disk_targets(context, placement.stored_per_disk(context.cluster))


@get("VolumeBalancerVolumeDisks", targets=1, locate="volume")
def balancer_volume_disks(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    return _of(context, names.get_volume(context, reference))


@get("VolumeBalancerSnapshotDisks", targets=1, locate="snapshot")
def balancer_snapshot_disks(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    return _of(context, names.readable_snapshot(context, reference))


def _disk_sets(context: Context, volume: Volume) -> dict[str, Any]:
    sets = placement.disk_sets(context.cluster, volume)
    return {**_balanced(context, volume), "currentDiskSets": sets, "balancerDiskSets": sets}


@get("VolumeBalancerVolumeDiskSets", targets=1, locate="volume")
def balancer_volume_disk_sets(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    return _disk_sets(context, names.get_volume(context, reference))


@get("VolumeBalancerSnapshotDiskSets", targets=1, locate="snapshot")
def balancer_snapshot_disk_sets(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    return _disk_sets(context, names.readable_snapshot(context, reference))
