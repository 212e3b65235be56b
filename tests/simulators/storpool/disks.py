# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disk calls."""

from __future__ import annotations

from typing import Any

from simulators.storpool import errors, fields, names, placement
from simulators.storpool.calls import get, post
from simulators.storpool.fields import required
from simulators.storpool.state import MIB, OBJECT_SIZE, Cluster, Context, Disk

SECTOR = 512
ENTRIES_PER_OBJECT = 4
OBJECT_OK = 1


def _get(context: Context, number: str) -> Disk:
    disk = context.cluster.disks.get(fields.disk_id("diskId", number, context.switches))
    if disk is None:
        errors.missing("Disk", number)
    return disk


def _down_view(disk: Disk) -> dict[str, Any]:
    return {
        "id": disk.id,
        "serverId": disk.server,
        "ssd": disk.ssd,
        "generationLeft": disk.generation_left,
        "model": "Simulated SSD" if disk.ssd else "Simulated HDD",
        "serial": f"SIM{disk.id:06d}",
        "description": disk.description,
        "softEject": disk.soft_eject,
    }


def disk_view(disk: Disk, usage: tuple[int, int]) -> dict[str, Any]:
    """The summary of a disk that is up or down; ``usage``: (bytes of client data, objects) on it."""
    if not disk.up:
        return _down_view(disk)
    stored, objects = usage
    groups = disk.size // placement.AG_SIZE
    used_groups = min(groups, -(-objects // placement.OBJECTS_PER_AG))
    capacity = disk.size // OBJECT_SIZE
    entries = capacity * ENTRIES_PER_OBJECT
    return {
        **_down_view(disk),
        "sectorsCount": disk.size // SECTOR,
        "empty": objects == 0,
        "noFua": False,
        "noFlush": False,
        "noTrim": not disk.ssd,
        "isWbc": not disk.ssd,
        "journaled": False,
        "device": f"/dev/sd{chr(ord('a') + disk.id % 26)}1",
        "agCount": groups,
        "agAllocated": used_groups,
        "agFree": groups - used_groups,
        "agFull": objects // placement.OBJECTS_PER_AG,
        "agPartial": used_groups - objects // placement.OBJECTS_PER_AG,
        "agFreeing": 0,
        "agMaxSizeFull": 0,
        "agMaxSizePartial": 0,
        "agFreeNotTrimmed": 0,
        "entriesCount": entries,
        "entriesAllocated": objects * ENTRIES_PER_OBJECT,
        "entriesFree": entries - objects * ENTRIES_PER_OBJECT,
        "objectsCount": capacity,
        "objectsAllocated": objects,
        "objectsFree": capacity - objects,
        "objectsOnDiskSize": stored,
        "wbc": None if disk.ssd else {"pages": 0, "pagesPending": 0, "maxPages": 65536},
        "aggregateScore": {"entries": 0, "space": 0, "total": 0},
        "scrubbing": disk.scrubbing,
        "scrubbingStartedBefore": 0,
        "scrubbedBytes": 0,
        "scrubbingBW": 100 * MIB if disk.scrubbing and not disk.scrubbing_paused else 0,
        "scrubbingFinishAfter": 0,
        "scrubbingPausedFor": 0,
        "scrubbingPaused": disk.scrubbing_paused,
        "lastScrubCompleted": disk.last_scrub,
        "pendingErrorRecoveries": 0,
        "totalErrorsDetected": 0,
    }


@get("DisksList")
def disks_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """An object keyed by disk id."""
    usage = placement.stored_per_disk(context.cluster)
    return {str(disk.id): disk_view(disk, usage[disk.id]) for disk in context.cluster.disks.values()}


def _objects(cluster: Cluster, disk: Disk, generation: int) -> dict[str, Any]:
    """Each object of a volume or snapshot that has data, on this disk, keyed by a running number."""
    found: dict[str, Any] = {}
    for volume in (*cluster.volumes.values(), *cluster.snapshots.values()):
        used = placement.objects_count(volume.stored)
        for index, disks in enumerate(placement.objects(cluster, volume)[:used]):
            if disk.id in disks:
                found[str(len(found))] = {
                    "objectId": index,
                    "generation": generation,
                    "version": 1,
                    "volume": names.listed(volume),
                    "parentVolume": "" if volume.parent is None else names.listed(volume.parent),
                    "onDiskSize": OBJECT_SIZE,
                    "storedSize": min(OBJECT_SIZE, volume.stored),
                    "state": OBJECT_OK,
                    "volumeId": volume.id,
                }
    return found


def _describe(context: Context, disk: Disk) -> dict[str, Any]:
    view = disk_view(disk, placement.stored_per_disk(context.cluster)[disk.id])
    return {**view, "objects": _objects(context.cluster, disk, context.cluster.generation)} if disk.up else view


@get("DiskDescribe", targets=1)
def disk_describe(context: Context, number: str, args: dict[str, Any]) -> dict[str, Any]:
    return _describe(context, _get(context, number))


def _server(context: Context, number: str) -> int:
    server = fields.integer(1, 32767)("serverId", number, context.switches)
    if server not in context.cluster.servers:
        errors.missing("Server", number)
    return server


@get("ServerDisksList", targets=1)
def server_disks_list(context: Context, number: str, args: dict[str, Any]) -> dict[str, Any]:
    server = _server(context, number)
    usage = placement.stored_per_disk(context.cluster)
    disks = [disk for disk in context.cluster.disks.values() if disk.server == server]
    return {str(disk.id): disk_view(disk, usage[disk.id]) for disk in disks}


@get("ServerDiskDescribe", targets=2)
def server_disk_describe(context: Context, server: str, number: str, args: dict[str, Any]) -> dict[str, Any]:
    disk = _get(context, number)
    if disk.server != _server(context, server):
        errors.missing("Disk", number)
    return _describe(context, disk)


@post("DiskEject", targets=1)
def disk_eject(context: Context, number: str, args: dict[str, Any]) -> None:
    """The disk goes down, even if it is not empty."""
    disk = _get(context, number)
    if disk.up:
        disk.generation_left = context.cluster.generation
        context.changed = True


@post("DiskForget", targets=1)
def disk_forget(context: Context, number: str, args: dict[str, Any]) -> None:
    """Takes a disk that is down out of the cluster and its placement groups."""
    disk = _get(context, number)
    if disk.up:
        raise errors.ApiFailure(errors.BUSY, f"Disk {disk.id} is up")
    for group in context.cluster.groups.values():
        group.disks.discard(disk.id)
    del context.cluster.disks[disk.id]
    context.changed = True


@post("DiskIgnore", targets=1)
def disk_ignore(context: Context, number: str, args: dict[str, Any]) -> None:
    """Only of use while a cluster waits for disks: nothing to do for one that runs."""
    _get(context, number)


def _soft_eject(context: Context, number: str, value: str, allowed: tuple[str, ...]) -> None:
    disk = _get(context, number)
    if disk.soft_eject not in (*allowed, value):
        raise errors.ApiFailure(errors.PRECONDITION, f"Soft-eject of disk {disk.id} is {disk.soft_eject}")
    context.changed = disk.soft_eject != value
    disk.soft_eject = value


@post("DiskSoftEject", targets=1)
def disk_soft_eject(context: Context, number: str, args: dict[str, Any]) -> None:
    _soft_eject(context, number, "on", ("off", "paused"))


@post("DiskSoftEjectPause", targets=1)
def disk_soft_eject_pause(context: Context, number: str, args: dict[str, Any]) -> None:
    _soft_eject(context, number, "paused", ("on",))


@post("DiskSoftEjectCancel", targets=1)
def disk_soft_eject_cancel(context: Context, number: str, args: dict[str, Any]) -> None:
    _soft_eject(context, number, "off", ("on", "paused"))


@post("DiskRetrim", targets=1)
def disk_retrim(context: Context, number: str, args: dict[str, Any]) -> None:
    _get(context, number)


def _scrub(context: Context, number: str, *, running: bool = False, paused: bool | None = None) -> None:
    """Scrubbing begins with a start and stands still while it is paused, whichever of the two comes first.

    The vendor's script of checks pauses a disk that is idle, starts it, and finds it paused until it is continued.
    """
    disk = _get(context, number)
    before = disk.scrubbing, disk.scrubbing_paused
    disk.scrubbing = disk.scrubbing or running
    if paused is not None:
        disk.scrubbing_paused = paused
    context.changed = before != (disk.scrubbing, disk.scrubbing_paused)


@post("DiskScrubStart", targets=1)
def disk_scrub_start(context: Context, number: str, args: dict[str, Any]) -> None:
    _scrub(context, number, running=True)


@post("DiskScrubPause", targets=1)
def disk_scrub_pause(context: Context, number: str, args: dict[str, Any]) -> None:
    _scrub(context, number, paused=True)


@post("DiskScrubContinue", targets=1)
def disk_scrub_continue(context: Context, number: str, args: dict[str, Any]) -> None:
    _scrub(context, number, paused=False)


_DESCRIPTION = fields.matching(names.DESCRIPTION, 30, empty=True)


@post("DiskSetDescription", required("description", _DESCRIPTION), targets=1)
def disk_set_description(context: Context, number: str, args: dict[str, Any]) -> None:
    disk = _get(context, number)
    context.changed = disk.description != args["description"]
    disk.description = args["description"]
