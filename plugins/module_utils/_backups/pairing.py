# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which disk of a backup goes to which disk of a VM: never by chance."""

from __future__ import annotations

import typing as t

from .._common.errors import InvalidOption, NotAllowed
from .._common.sizes import human
from .._common.words import listing
from .backup import Backup, Disk, Row

ROOT = "ROOT"
GIB = 1 << 30
_SAY = "Say which disk of the backup goes to which of the VM (disks)"


class Pair(t.NamedTuple):
    """A disk of the VM, which is a row of CloudStack's, and the disk of the backup that it is brought back to."""

    target: Row
    disk: Disk


def in_place(backup: Backup, targets: t.Sequence[Row], vm: str) -> t.Tuple[Pair, ...]:
    """The VM's own disks. Raises :class:`NotAllowed` unless the backup has just these."""
    by_volume = {disk.volume: disk for disk in backup.disks}
    missing = [name_of(row) for row in targets if row["id"] not in by_volume]
    if missing:
        raise NotAllowed(
            f"The {backup} lacks {listing(missing)} of {vm}, so it would be a mixture of then and now. Detach what was added since (cloudstack_volume), name "
            "another backup, or say with disks which disks are to be restored, if a part is what is wanted."
        )
    there = {row["id"] for row in targets}
    more = [f"volume {disk.volume}" for disk in backup.disks if disk.volume not in there]
    if more:
        raise NotAllowed(
            f"The {backup} has {listing(more)}, which {vm} no longer has. Attach it again (cloudstack_volume), or say with disks which are to be restored, "
            "if a part is what is wanted."
        )
    return tuple(Pair(row, by_volume[row["id"]]) for row in targets)


def onto(backup: Backup, sources: t.Mapping[str, Row], targets: t.Sequence[Row], vm: str) -> t.Tuple[Pair, ...]:
    """The disks of another VM: the root disk to the root disk, data disks by device id, else by name.

    ``sources`` are CloudStack's rows of the volumes in the backup, by id, as far as it still has them.
    """
    if len(backup.disks) != len(targets):
        raise InvalidOption(
            f"onto: the {backup} has {len(backup.disks)} disks ({_listed(backup, sources)}), and {vm} has {len(targets)} "
            f"({listing(name_of(row) for row in targets)}). Give the VM as many, or say which go where (disks)."
        )
    if len(targets) == 1:
        return (Pair(targets[0], backup.disks[0]),)
    unknown = [disk.volume for disk in backup.disks if disk.volume not in sources]
    if unknown:
        raise InvalidOption(
            f"disks: what the volumes {listing(unknown)} of the {backup} were is not known to CloudStack any more. {_SAY}."
        )
    by_type = {
        kind: [disk for disk in backup.disks if (sources[disk.volume].get("type") == ROOT) == kind]
        for kind in (True, False)
    }
    roots = [row for row in targets if row.get("type") == ROOT]
    data = [row for row in targets if row.get("type") != ROOT]
    if len(by_type[True]) != 1 or len(roots) != 1:
        raise InvalidOption(
            f"disks: the {backup} has {len(by_type[True])} root disks, and {vm} has {len(roots)}. {_SAY}."
        )
    for member in ("deviceid", "name"):
        left = {sources[disk.volume].get(member): disk for disk in by_type[False]}
        right = {row.get(member): row for row in data}
        if None not in left and len(left) == len(by_type[False]) and set(left) == set(right):
            return (Pair(roots[0], by_type[True][0]), *(Pair(right[key], left[key]) for key in sorted(left, key=str)))
    raise InvalidOption(
        f"disks: the data disks of the {backup} ({_listed(backup, sources)}) and of {vm} ({listing(name_of(row) for row in data)}) have neither the same "
        f"device ids nor the same names. {_SAY}."
    )


def explicit(
    backup: Backup, sources: t.Mapping[str, Row], targets: t.Sequence[Row], given: t.Sequence[t.Mapping[str, str]]
) -> t.Tuple[Pair, ...]:
    """The pairs that a task names. Raises :class:`InvalidOption` for what is not there, is there twice, or is a root disk only on one side."""
    pairs: t.List[Pair] = []
    for number, item in enumerate(given):
        disk = _the_one(
            [
                each
                for each in backup.disks
                if is_called(item["from"], each.volume, sources.get(each.volume, {}).get("name"))
            ],
            f"disks[{number}].from: the {backup}",
            item["from"],
            _listed(backup, sources),
        )
        row = _the_one(
            [each for each in targets if is_called(item["to"], each["id"], each["name"])],
            f"disks[{number}].to: the VM",
            item["to"],
            listing(name_of(each) for each in targets),
        )
        kind = sources.get(disk.volume, {}).get("type")
        if kind is not None and (kind == ROOT) != (row.get("type") == ROOT):
            raise InvalidOption(
                f"disks[{number}]: {item['from']!r} and {item['to']!r} are a root disk and a data disk. A root disk goes to the root disk."
            )
        if any(pair.disk == disk or pair.target is row for pair in pairs):
            raise InvalidOption(f"disks[{number}]: {item['from']!r} or {item['to']!r} is named twice.")
        pairs.append(Pair(row, disk))
    return tuple(pairs)


def check_sizes(backup: Backup, pairs: t.Iterable[Pair]) -> None:
    """Refuse what would cut off the end of a disk."""
    for row, disk in pairs:
        if row.get("size") is None:
            raise NotAllowed(
                f"CloudStack does not say how large {name_of(row)} is, so the end of it might be cut off. See what state it is in, and run the task again "
                "when it is Ready."
            )
        if disk.size is not None and disk.size > int(row["size"]):
            enough = -(-disk.size // GIB)
            raise NotAllowed(
                f"{name_of(row)} has {human(int(row['size']))}, and its disk in the {backup} has {human(disk.size)}: the end would be cut off. Grow it to "
                f"{enough} GiB first (cloudstack_volume), then run the task again."
            )


def name_of(row: Row) -> str:
    """A disk of CloudStack's in a sentence."""
    return f"volume {row['name']!r}"


def _listed(backup: Backup, sources: t.Mapping[str, Row]) -> str:
    return listing(
        f"{disk.volume} ({sources[disk.volume]['name']})" if disk.volume in sources else disk.volume
        for disk in backup.disks
    )


def is_called(wanted: str, id_: str, *names: t.Optional[str]) -> bool:
    """Whether what a task names is what has this id, which may be in capital letters, or one of these names."""
    return wanted in names or wanted.lower() == id_


def _the_one(found: t.Sequence[t.Any], where: str, wanted: str, there: str) -> t.Any:
    if len(found) != 1:
        raise InvalidOption(f"{where} has {len(found) or 'no'} disks {wanted!r}. It has {there}.")
    return found[0]
