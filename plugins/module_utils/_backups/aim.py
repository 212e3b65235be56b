# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a restore is to do: which VM, which backup, and which disk to which. Pure; all that can be refused is refused here, before anything is done."""

from __future__ import annotations

import typing as t

from .._common.errors import NotAllowed
from .._common.words import listing
from . import marks, pairing
from .backup import LATEST, Backup, Disk, Row, check_age, choose, created_of
from .marks import Memory, tag
from .pairing import Pair


class Want(t.NamedTuple):
    """A desired restore. ``start`` is ``None`` for "if it ran", ``before`` and ``max_age`` are in seconds, ``disks`` pairs of ``from`` and ``to``."""

    vm: str
    onto: t.Optional[str]
    zone: t.Optional[str]
    disks: t.Optional[t.Sequence[t.Mapping[str, str]]]
    backup: str
    before: t.Optional[int]
    max_age: t.Optional[int]
    stop_vm: bool
    start: t.Optional[bool]
    wait_timeout: int


class Current(t.NamedTuple):
    """What the plan has to know.

    ``vm`` is the VM that is written to, ``source`` the id of the one whose backup it is, ``targets`` the disks of the former, ``halves`` StorPool's volumes
    by their ids. ``snapshots`` are those here by global id, ``by_name`` all by name, ``remote`` those elsewhere, if they were read. ``sources`` are
    CloudStack's rows of the volumes in backups. ``settles`` waits until what goes on with the VM is over, ``None`` if nothing does. ``halted`` is whether this
    run has stopped it.
    """

    vm: Row
    source: str
    targets: t.Tuple[Row, ...]
    halves: t.Mapping[str, Row]
    snapshots: t.Mapping[str, Row]
    by_name: t.Mapping[str, Row]
    memory: Memory
    ended: t.Mapping[str, Memory]
    now: float
    remote: t.Mapping[str, Row] = {}
    backups: t.Tuple[Backup, ...] = ()
    sources: t.Mapping[str, Row] = {}
    settles: t.Any = None
    halted: bool = False


class Goal(t.NamedTuple):
    """What a run is to do, from its first look on. ``ran`` is whether the VM ran before any run touched it, ``already`` whether all was done before."""

    backup: Backup
    pairs: t.Tuple[Pair, ...]
    ran: bool
    already: bool = False


def name_of(vm: Row) -> str:
    """A VM in a sentence."""
    return "VM {0!r}".format(vm.get("displayname") or vm["name"])


def aim(current: Current, wanted: Want) -> Goal:
    """What is meant. Raises a :class:`Failure` where it must not or cannot be done, before anything is."""
    memory, vm = current.memory, name_of(current.vm)
    if memory.record is not None:
        return _continued(current, wanted)
    ids = [each.id for each in current.backups]
    known = wanted.backup == LATEST and memory.backup in ids
    backup = choose(current.backups, str(memory.backup) if known else wanted.backup, wanted.before, vm)
    ran = memory.ran or current.vm.get("state") in ("Running", "Starting", "Migrating")
    if backup.id in current.ended:
        return Goal(backup, (), ran, already=True)
    if not known:
        check_age(backup, wanted.max_age, current.now)
    nowhere = [pairing.name_of(row) for row in current.targets if row["id"] not in current.halves]
    if nowhere or not current.targets:
        raise NotAllowed(
            f"{vm} cannot be restored: {listing(nowhere) or 'a disk of it'} is not on this StorPool cluster."
        )
    if wanted.disks is not None:
        pairs = pairing.explicit(backup, current.sources, current.targets, wanted.disks)
    elif current.source == current.vm["id"]:
        pairs = pairing.in_place(backup, current.targets, vm)
    else:
        pairs = pairing.onto(backup, current.sources, current.targets, vm)
    pairing.check_sizes(backup, pairs)
    return Goal(backup, pairs, ran)


def check_alone(current: Current, backup: str) -> None:
    """Raise :class:`NotAllowed` if another restore of the VM than that to this backup is going: whoever is at it is not disturbed."""
    memory, vm = current.memory, name_of(current.vm)
    if memory.backup in (None, backup) or backup in current.ended:
        return
    if memory.state == marks.UNDONE:
        if _is_stopped_for_it(current):  # whoever is at it may start it any moment
            raise NotAllowed(
                f"A restore of {vm} to backup {memory.backup} was given up, and {vm}, which ran before, was not started again yet. Run the task again when it "
                "is started; start it yourself if no task is at it any more."
            )
    elif memory.record is not None:
        raise NotAllowed(
            f"A restore of {vm} to backup {memory.backup} was begun, and has not ended. Let it end first (backup: {memory.backup}); then restore {backup}."
        )
    elif memory.lock is not None:
        raise NotAllowed(
            f"A restore of {vm} to backup {memory.backup} was begun, and has touched no disk yet. Let it end first (backup: {memory.backup}); then restore "
            f"{backup}. {give_up(current)}"
        )


def give_up(current: Current) -> str:
    """How a person gives up a restore that has touched no disk yet."""
    memory, vm = current.memory, name_of(current.vm)
    starts = f", and start {vm}, which ran before" if _is_stopped_for_it(current) else ""
    name = t.cast(Row, memory.lock)["name"]
    return f"If no task is at it any more, you can also delete snapshot {name!r} (storpool_snapshot){starts}."


def _is_stopped_for_it(current: Current) -> bool:
    return current.memory.ran and current.vm.get("state") == "Stopped"


def _continued(current: Current, wanted: Want) -> Goal:
    """The restore that a run before this one has begun: what it was to do is on its safety snapshots."""
    memory, vm = current.memory, name_of(current.vm)
    name = str(memory.backup)
    if wanted.backup not in (LATEST, name):
        check_alone(current, wanted.backup)
    backup = next((each for each in current.backups if each.id == name), None) or Backup(
        current.source, created_of(name), name.partition(".")[2]
    )
    rows = {str(row["id"]): row for row in current.targets}
    gone = sorted(disk for disk in memory.safety if disk not in rows)
    if gone:
        raise NotAllowed(
            f"A restore of {vm} to backup {name} was begun, and its disks {listing(gone)} were taken away since. Attach them again (cloudstack_volume), "
            f"then run the task again. {marks.anew(memory)}"
        )
    volumes = {disk.snapshot: disk.volume for disk in backup.disks}
    pairs = []
    for disk, row in sorted(memory.safety.items()):
        to = tag(row, marks.TO)
        pairs.append(Pair(rows[disk], Disk(volumes.get(to, disk), to)))
    return Goal(backup, tuple(pairs), memory.ran)
