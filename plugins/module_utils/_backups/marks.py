# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore leaves on StorPool while it is on its way, so that the next run knows what was done: names, tags, and chains of parents.

Copies of snapshots that were brought here only for it, and the snapshots that keep what the disks held before, say what they are for. The first of the latter
is the record: it says how far the restore is. Whether a disk was reverted shows in its chain of parents: its safety snapshot is in it before, and not after.

Restores of a VM are numbered, and what one writes first is a snapshot whose name has nothing but VM and number (a copy, or one of a disk). Names are unique,
so this is the lock: of runs that have seen the same, one gets it, and the others have written nothing. It goes when all is done. A run that has seen nothing
of a restore that is over by now gets its number again, but not the names of its safety snapshots, which are taken all at once or not at all.
"""

from __future__ import annotations

import hashlib
import re
import typing as t

from .._common import answers
from .._common.errors import NotAllowed
from .._common.words import listing
from .backup import Row

#: Tags: of which backup a restore is, onto which VM (id), what the object is to it, of which disk of the VM (id), to which snapshot that is reverted (global
#: id), whether the VM ran, on the record how far the restore is, which number the restore has (not on copies that are no lock), and on the record how many
#: disks are restored.
BACKUP, VM, KIND, DISK, TO, RAN, STATE, NUMBER, DISKS = (
    "vm-restore",
    "vm-restore-vm",
    "vm-restore-kind",
    "vm-restore-disk",
    "vm-restore-to",
    "vm-restore-ran",
    "vm-restore-state",
    "vm-restore-number",
    "vm-restore-disks",
)
#: What is only for one disk as a new volume says for which one (:func:`key_of`), in place of a VM.
VOLUME = "volume-restore"
EVERY = (BACKUP, VM, KIND, DISK, TO, RAN, STATE, NUMBER, DISKS, VOLUME)
COPY, SAFETY, MARK = "copy", "safety", "mark"
BEGUN, DONE, UNDONE = "begun", "done", "undone"


class Memory(t.NamedTuple):
    """What is there of restores onto a VM. ``safety`` are the safety snapshots of the one that matters, by disk, ``record`` is one of them.

    ``copies`` are all snapshots that were only for the way, and ``lock`` is one of them. ``number`` is that of the safety snapshots that are taken next.
    """

    copies: t.Tuple[Row, ...] = ()
    safety: t.Mapping[str, Row] = {}
    record: t.Optional[Row] = None
    backup: t.Optional[str] = None
    ran: bool = False
    lock: t.Optional[Row] = None
    number: int = 1

    @property
    def state(self) -> t.Optional[str]:
        """How far the restore is; ``None`` if no disk was touched yet."""
        return None if self.record is None else tag(self.record, STATE)


def tag(thing: Row, name: str) -> str:
    """The value of a tag; one that is not there is empty."""
    return str((thing.get("tags") or {}).get(name) or "")


def own_tags(thing: Row) -> t.Dict[str, str]:
    """The tags of an object without those of a restore."""
    return {key: str(value) for key, value in (thing.get("tags") or {}).items() if key not in EVERY}


def lock_name(vm: str, number: int) -> str:
    """The name of what a restore writes first."""
    return f"vm-restore.{vm}.{number}"


def safety_name(vm: str, number: int, disk: int) -> str:
    """The name of a safety snapshot. Those of other versions have the id of the backup in place of the number."""
    return f"{lock_name(vm, number)}.{disk}"


def key_of(owner: Row, name: str) -> str:
    """What a new volume is known by on StorPool, before it is there too: its name, whose it is, as a VM or volume of the same owner tells, and its zone."""
    whose = [str(owner.get(member) or "") for member in ("zoneid", "domainid", "projectid", "account")]
    return hashlib.sha256("/".join([*whose, name]).encode()).hexdigest()[:32]


def recall(vm: str, snapshots: t.Iterable[Row], volumes: t.Iterable[Row]) -> t.Tuple[Memory, t.Dict[str, Memory]]:
    """What there is of a restore onto a VM that has not ended, and those that have ended, by backup.

    Raises :class:`NotAllowed` if there are two that have not.
    """
    every = list(snapshots)
    of_it = [row for row in every if tag(row, VM) == vm]
    copies = tuple(row for row in of_it if tag(row, KIND) in (COPY, MARK))
    # Other versions have a mark on a volume, in place of a lock.
    marked = [row for row in volumes if tag(row, VM) == vm and tag(row, KIND) == MARK]
    restores: t.Dict[t.Tuple[str, str], t.Dict[str, Row]] = {}
    for row in of_it:
        if tag(row, KIND) == SAFETY:
            restores.setdefault((tag(row, BACKUP), tag(row, NUMBER)), {})[tag(row, DISK)] = row
    going, ended = [], {}
    for (backup, _number), safety in restores.items():
        record = next((row for row in safety.values() if tag(row, STATE)), None)
        memory = Memory((), safety, record, backup, bool(record and tag(record, RAN) == "1"))
        if memory.state == DONE:
            ended[backup] = memory
        elif record is not None:
            going.append(memory)
    if len(going) > 1:
        names = ", ".join(sorted(str(memory.backup) for memory in going))
        raise NotAllowed(
            f"Restores of VM {vm} to several backups ({names}) were begun, and none has ended. See its disks; then delete the safety snapshots of those that "
            f"do not count (storpool_snapshot; their names begin with vm-restore.{vm})."
        )
    signs = [row for row in (*copies, *marked) if tag(row, BACKUP) not in ended]
    lock = next((row for row in signs if tag(row, NUMBER)), None)
    number = _next_number(vm, every, lock)
    if going:
        lock = next((row for row in copies if tag(row, NUMBER) and tag(row, BACKUP) == going[0].backup), None)
        return going[0]._replace(copies=copies, lock=lock, number=number), ended
    ran = any(tag(row, RAN) == "1" for row in signs)
    first = lock or (signs[0] if signs else None)
    return Memory(copies, backup=tag(first, BACKUP) if first else None, ran=ran, lock=lock, number=number), ended


def _next_number(vm: str, snapshots: t.Iterable[Row], lock: t.Optional[Row]) -> int:
    """That of the lock, unless there are safety snapshots with it; else one more than the highest there is."""
    names = re.compile(rf"vm-restore\.{re.escape(vm)}\.(\d+)(\.\d+)?")
    found = [match for match in (names.fullmatch(str(row["name"])) for row in snapshots) if match]
    own = lock and tag(lock, NUMBER)
    if own and answers.number(own) is None and not any(match.group(2) and match.group(1) == own for match in found):
        return int(own)
    return 1 + max((int(match.group(1)) for match in found), default=0)


def anew(memory: Memory) -> str:
    """How a person who has looked at the disks gives up a restore that cannot go on."""
    names = listing(sorted(str(row["name"]) for row in memory.safety.values()))
    return f"To begin anew, with the disks as they are now, delete these first (storpool_snapshot): {names}."


def is_on(volume: Row, snapshot: Row, by_name: t.Mapping[str, Row], who: str) -> bool:
    """Whether a snapshot is in the chain of parents of a volume, which it is until the volume is reverted to another one.

    ``by_name`` has every snapshot by its name, those being deleted too. Raises :class:`NotAllowed` if the chain is not known to its end.
    """
    parent, seen = str(volume.get("parentName") or ""), set()  # type: str, t.Set[str]
    while parent:
        row = by_name.get(parent) or by_name.get("*" + parent) or by_name.get(parent.lstrip("*"))
        if row is None or parent in seen:
            raise NotAllowed(
                f"Whether {who} was reverted already is not known, as StorPool does not list its parent {parent!r}. Run the task again; if that does not help, "
                f"look at the parents of volume ~{volume['globalId']}: if snapshot {snapshot['name']!r} is among them, it was not."
            )
        if row["globalId"] == snapshot["globalId"]:
            return True
        seen.add(parent)
        parent = str(row.get("parentName") or "")
    return False
