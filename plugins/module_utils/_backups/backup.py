# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of VMs: a moment, and for each disk the snapshot that StorPool has of it. What there is, which one is meant, and how they look in results."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timezone

from .._common.answers import LAST_MOMENT
from .._common.errors import InvalidOption, NotAllowed, NotFound
from .._common.words import listing, there_is

Row = t.Dict[str, t.Any]
Params = t.Mapping[str, t.Any]
#: Seconds, or seconds since 1970, from what people write, for an option. A third argument is how its errors go on when they say what can be given.
Seconds = t.Callable[..., t.Optional[int]]
#: What ``backup`` says for the newest one.
LATEST = "latest"
HERE = "here"
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
GLOBAL_ID = re.compile(r"[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+")
_NOT_OF_IDS = re.compile(r"[^A-Za-z0-9_.:-]")


class Disk(t.NamedTuple):
    """A disk in a backup: CloudStack's id of the volume, and the snapshot's global id.

    ``location`` is the name of the location that has to send the snapshot, ``None`` if it is here or is nowhere; ``size`` is ``None`` for what is nowhere.
    """

    volume: str
    snapshot: str
    location: t.Optional[str] = None
    size: t.Optional[int] = None


class Backup(t.NamedTuple):
    """A backup of a VM (id). ``place`` is where it is, in the words of who knows of it; ``problem`` is why it cannot be restored, if it cannot."""

    vm: str
    created: int
    place: str
    disks: t.Tuple[Disk, ...] = ()
    problem: t.Optional[str] = None
    number: int = 0

    @property
    def id(self) -> str:
        """What a task calls it; what StorPool takes for the value of a tag."""
        more = f":{self.number + 1}" if self.number else ""
        return _NOT_OF_IDS.sub("_", f"{self.created}.{self.place}{more}")

    def __str__(self) -> str:
        return f"backup {self.id} of {utc(self.created)}"

    def shown(self, now: float) -> Row:
        """The backup as modules return it."""
        return {
            "id": self.id,
            "created": utc(self.created),
            "age": max(0, int(now - self.created)),
            "location": self.place,
            "usable": self.problem is None,
            "problem": self.problem,
            "disks": [
                {"volume_id": disk.volume, "snapshot": disk.snapshot, "location": disk.location, "size": disk.size}
                for disk in self.disks
            ],
        }


def created_of(name: str) -> int:
    """The moment that the id of a backup begins with; 0 if it begins with none, since ids are kept in tags, which people can write."""
    digits = name.partition(".")[0]
    fits = digits.isascii() and digits.isdigit() and len(digits) <= len(str(LAST_MOMENT))
    return min(int(digits), LAST_MOMENT) if fits else 0


def utc(moment: int) -> str:
    """A unix time for people: ``2030-01-31T12:00:00Z``."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def in_order(backups: t.Iterable[Backup]) -> t.Tuple[Backup, ...]:
    """The newest first. Those with one id are numbered."""
    found: t.List[Backup] = []
    seen: t.Dict[str, int] = {}
    for backup in sorted(backups, key=lambda one: (-one.created, one.place, one.disks)):
        number = seen.get(backup.id, 0)
        seen[backup.id] = number + 1
        found.append(backup._replace(number=number))
    return tuple(found)


def located(backup: Backup, here: t.Mapping[str, Row], remote: t.Mapping[str, Row]) -> Backup:
    """The backup with where each snapshot is and how large, given the snapshots here and those that other locations export to us, by global id."""
    disks, missing = [], []
    for disk in backup.disks:
        row = here.get(disk.snapshot) or remote.get(disk.snapshot)
        if row is None:
            missing.append("~" + disk.snapshot)
            disks.append(disk)
            continue
        place = None if disk.snapshot in here else str(row["location"])
        disks.append(disk._replace(location=place, size=int(row["size"])))
    problem = backup.problem
    if missing and problem is None:
        problem = (
            f"its snapshots {listing(missing)} are neither here nor at a location that exports them to this cluster"
        )
    return backup._replace(disks=tuple(disks), problem=problem)


def choose(backups: t.Sequence[Backup], wanted: str, before: t.Optional[int], vm: str) -> Backup:
    """The backup that is meant: the one with an id, or the newest, or the newest that was made before a moment.

    Raises :class:`NotFound` if there is none, and :class:`NotAllowed` if it cannot be restored: an older one is taken only if the task names it.
    """
    if wanted != LATEST:
        for backup in backups:
            if backup.id == wanted:
                return _usable(backup, ())
        raise NotFound(
            f"backup: {vm} has no backup {wanted!r}. {there_is('It', (each.id for each in backups), wanted)}"
        )
    old = [each for each in backups if before is None or each.created < before]
    if not old:
        told = f" from before {utc(before)}" if before is not None and backups else ""
        oldest = f" The oldest is {backups[-1]}." if told else ""
        raise NotFound(f"backup: {vm} has no backup{told}.{oldest}")
    return _usable(old[0], old[1:])


def _usable(backup: Backup, others: t.Sequence[Backup]) -> Backup:
    if backup.problem is None:
        return backup
    other = next((each for each in others if each.problem is None), None)
    way_out = f" The newest that can is {other}: name it (backup: {other.id})." if other else ""
    raise NotAllowed(f"The {backup} cannot be restored: {backup.problem}.{way_out}")


def max_age_of(params: Params, duration: Seconds) -> t.Optional[int]:
    """How old a backup may be, in seconds, by the option of that name. Raises :class:`InvalidOption`."""
    age = duration(params["max_age"], "max_age", "")
    if age == 0:
        raise InvalidOption("max_age: no backup is that new. Give a duration such as '1d', or leave the option out.")
    return age


def before_of(params: Params, moment: Seconds) -> t.Optional[int]:
    """The moment by which a backup has to have been made, by the option of that name, which goes with no ``backup``. Raises :class:`InvalidOption`."""
    if params["before"] is not None and params["backup"] != LATEST:
        raise InvalidOption("before: it chooses among backups, and backup names one. Leave one of them out.")
    before = moment(params["before"], "before", "")
    if before == 0:
        raise InvalidOption(
            "before: no backup is that old. Give a moment, or leave the option out for the newest backup."
        )
    return before


def check_age(backup: Backup, max_age: t.Optional[int], now: float) -> None:
    """Raise :class:`NotAllowed` for a backup that is older than the task allows."""
    age = int(now - backup.created)
    if max_age is not None and age > max_age:
        raise NotAllowed(
            f"The {backup} is {age} s old, more than max_age allows ({max_age} s), so nothing was done. Raise max_age if data of then is what is wanted."
        )
