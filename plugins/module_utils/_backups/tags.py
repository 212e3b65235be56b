# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups as the tags of snapshots tell of them: those of a VM carry its id in ``cvm``, as its volumes do.

Snapshots of one moment are one backup. Which volume one is of tells its tag ``uuid``, or the volume that it was taken of.
"""

from __future__ import annotations

import typing as t

from .backup import HERE, UUID, Backup, Disk, Row
from .marks import KIND

#: Snapshots of CloudStack's own (``cs``), which it restores itself.
_CLOUDSTACKS = frozenset(["snapshot", "group", "template", "temporary"])
#: Tags that are another one on each disk of a VM, or change while it lives.
_OF_A_DISK = frozenset(["uuid", "disk", "cs", "qc", "vc-policy", "cvm"])
#: Seconds between snapshots of one backup, since their times are whole ones.
_TOGETHER = 1


def backups(
    here: t.Iterable[Row], remote: t.Iterable[Row], volumes: t.Mapping[str, str]
) -> t.Dict[str, t.List[Backup]]:
    """The backups of each VM (id). ``volumes`` are CloudStack's ids of volumes, by all that a volume may be called: its id, and StorPool's names.

    Rows of ``here`` are those of SnapshotsList, rows of ``remote`` those of SnapshotsRemoteList. What is at both places is here.
    """
    rows = [
        dict(row, place=None, origin=row.get("createdFromGlobalId"))
        for row in here
        if KIND not in (row.get("tags") or {})
    ]
    known = {str(row["globalId"]) for row in rows}
    for row in remote:
        if str(row["remoteId"]) not in known:
            known.add(str(row["remoteId"]))
            origin = row.get("createdFromGlobalId") or row.get("onVolume")
            rows.append(dict(row, globalId=row["remoteId"], place=row["location"], origin=origin))
    of_vms: t.Dict[str, t.List[Row]] = {}
    for row in rows:
        tags = row.get("tags") or {}
        vm = str(tags.get("cvm") or "")
        if UUID.fullmatch(vm) and tags.get("cs") not in _CLOUDSTACKS:
            of_vms.setdefault(vm, []).append(dict(row, volume=_volume_of(row, volumes)))
    return {vm: [_backup(vm, group) for group in _moments(of_it)] for vm, of_it in of_vms.items()}


def _volume_of(row: Row, volumes: t.Mapping[str, str]) -> t.Optional[str]:
    uuid, origin = str((row.get("tags") or {}).get("uuid") or ""), str(row.get("origin") or "")
    for name in (uuid, origin, "~" + origin):
        if name in volumes:
            return volumes[name]
    return uuid if UUID.fullmatch(uuid) else None


def _moments(rows: t.Iterable[Row]) -> t.List[t.List[Row]]:
    """The snapshots of each moment: taken within a second, with the same tags, and none of a volume that has one already."""
    groups: t.List[t.List[Row]] = []
    for row in sorted(rows, key=lambda each: (int(each.get("creationTimestamp") or 0), str(each["globalId"]))):
        for group in groups:
            first = group[0]
            together = int(row.get("creationTimestamp") or 0) - int(first.get("creationTimestamp") or 0) <= _TOGETHER
            if together and _shared(row) == _shared(first) and row["volume"] not in [each["volume"] for each in group]:
                group.append(row)
                break
        else:
            groups.append([row])
    return groups


def _shared(row: Row) -> t.Dict[str, str]:
    return {key: value for key, value in (row.get("tags") or {}).items() if key not in _OF_A_DISK}


def _backup(vm: str, group: t.Sequence[Row]) -> Backup:
    places = sorted({str(row["place"]) for row in group if row["place"]})
    disks = sorted(
        Disk(str(row["volume"] or ""), str(row["globalId"]), row["place"], int(row["size"])) for row in group
    )
    unknown = ["~" + disk.snapshot for disk in disks if not disk.volume]
    problem = f"which volume its snapshots {', '.join(unknown)} are of is not known" if unknown else None
    created = min(int(row.get("creationTimestamp") or 0) for row in group)
    return Backup(vm, created, "+".join(places) or HERE, tuple(disks), problem)
