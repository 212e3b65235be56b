# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where data is: objects, disk sets, space on disks. Everything follows from the state, nothing is stored twice."""

from __future__ import annotations

from collections import Counter
from typing import Any

from simulators.storpool.state import MIB, OBJECT_SIZE, Cluster, Disk, PlacementGroup, Policy, Volume

AG_SIZE = 512 * MIB
# Of 4096+128 bytes on a disk 4096 are data (the arithmetic of the public block storage drivers).
DATA, WITH_CHECKSUMS = 4096, 4096 + 128
OBJECTS_PER_AG = AG_SIZE // OBJECT_SIZE


def objects_count(size: int) -> int:
    """How many 32 MiB objects ``size`` bytes have."""
    return -(-size // OBJECT_SIZE)


def _pick(cluster: Cluster, group: PlacementGroup, index: int, taken: list[Disk], policy: Policy) -> Disk | None:
    """A disk of ``group`` that is not taken, on a server that is not used if possible; ``index`` rotates them."""
    disks = [cluster.disks[number] for number in sorted(group.disks) if number in cluster.disks]
    usable = [disk for disk in disks if disk.up and disk.soft_eject == "off" and disk not in taken] or [
        disk for disk in disks if disk not in taken
    ]
    if not policy.reuse_server:
        servers = {disk.server for disk in taken}
        usable = [disk for disk in usable if disk.server not in servers] or usable
    return usable[index % len(usable)] if usable else None


def disk_sets(cluster: Cluster, volume: Volume) -> list[list[int]]:
    """The sets of disks that hold the volume's objects, in turn: head, others, tail (the last copy).

    They follow from the policy alone, so volumes share them until disks or groups change.
    """
    policy = volume.policy
    groups = (policy.place_all, policy.place_tail, policy.place_head)
    key = (*(group.id for group in groups), policy.replication, policy.reuse_server)
    if key not in cluster.disk_sets:
        cluster.disk_sets[key] = _disk_sets(cluster, policy)
    return cluster.disk_sets[key]


def _disk_sets(cluster: Cluster, policy: Policy) -> list[list[int]]:
    copies = policy.replication or 1
    sets = []
    for index in range(max(1, len(policy.place_all.disks))):
        taken: list[Disk] = []
        for copy in range(copies):
            if copy == copies - 1:
                group = policy.place_tail
            else:
                group = policy.place_head if copy == 0 else policy.place_all
            disk = _pick(cluster, group, index + copy, taken, policy)
            if disk is not None:
                taken.append(disk)
        sets.append([disk.id for disk in taken])
    return sets


def objects(cluster: Cluster, volume: Volume) -> list[list[int]]:
    """The disks of each object."""
    sets = disk_sets(cluster, volume)
    return [sets[number % len(sets)] for number in range(objects_count(volume.size))]


def info(cluster: Cluster, volume: Volume) -> dict[str, Any]:
    """What VolumeGetInfo adds: disksCount, objectsPerDisk, objectsPerChain, objectsPerDiskSet."""
    total = objects_count(volume.size)
    sets = disk_sets(cluster, volume)
    per_set = [(disks, total // len(sets) + (index < total % len(sets))) for index, disks in enumerate(sets)]
    per_disk: Counter[int] = Counter()
    for disks, count in per_set:
        for disk in disks:
            per_disk[disk] += count
    stats = [{"disks": disks, "count": count} for disks, count in per_set if count]
    return {
        "disksCount": len(per_disk),
        "objectsPerDisk": {str(disk): count for disk, count in sorted(per_disk.items())},
        "objectsPerChain": stats,
        "objectsPerDiskSet": stats,
    }


def on_disk_size(volume: Volume) -> int:
    """The bytes that the object's own data takes on disks, all copies."""
    return volume.stored * (volume.policy.replication or 1) * WITH_CHECKSUMS // DATA


def stored_per_disk(cluster: Cluster) -> dict[int, tuple[int, int]]:
    """For each disk: (bytes of client data, objects), of all volumes and snapshots."""
    stored: Counter[int] = Counter()
    counts: Counter[int] = Counter()
    for volume in (*cluster.volumes.values(), *cluster.snapshots.values()):
        if not volume.stored:
            continue
        sets = disk_sets(cluster, volume)
        used = objects_count(volume.stored)
        for index, disks in enumerate(sets):
            share = used // len(sets) + (index < used % len(sets))
            for disk in disks:
                counts[disk] += share
                stored[disk] += share * (volume.stored // max(1, used))
    return {number: (stored[number], counts[number]) for number in cluster.disks}


def group_space(cluster: Cluster, group: PlacementGroup, usage: dict[int, tuple[int, int]]) -> tuple[int, int]:
    """(capacity, available) of a group's disks that are up, in raw bytes."""
    disks = [cluster.disks[number] for number in group.disks if number in cluster.disks]
    capacity = sum(disk.size for disk in disks if disk.up)
    used = sum(usage[disk.id][0] for disk in disks if disk.up)
    return capacity, max(0, capacity - used)


def client_space(policy: Policy, spaces: dict[str, tuple[int, int]]) -> tuple[int, int]:
    """(capacity, free) for client data, after replication; ``spaces`` holds group_space of placeAll and placeTail."""
    copies = policy.replication or 1
    result = []
    for index in (0, 1):
        raw_all = spaces["placeAll"][index] * DATA // WITH_CHECKSUMS
        raw_tail = spaces["placeTail"][index] * DATA // WITH_CHECKSUMS
        if policy.place_tail is policy.place_all or copies == 1:
            result.append(raw_tail // copies)
        else:
            result.append(min(raw_all // (copies - 1), raw_tail))
    return result[0], result[1]
