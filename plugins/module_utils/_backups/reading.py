# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading backups, from VolumeCare or from tags, and one run of a restore: what it sees, and what it does."""

from __future__ import annotations

import time
import typing as t

from .._common.errors import ApiError, Failure, NotAllowed, NotFound, Outdated
from .._common.plan import Outcome, Plan, Step
from .._common.words import listing, there_is
from . import checks, marks, tags, volumecare
from .aim import Current, Goal, Want, aim, check_alone, give_up, name_of
from .backup import UUID, Backup, Row, in_order, located
from .marks import tag
from .plan import WAIT, back, forward
from .refusals import Gone, Refusals

#: Calls of a restore that CloudStack gets; all others are StorPool's.
TO_CLOUDSTACK = frozenset(["stopVirtualMachine", "startVirtualMachine", WAIT])
#: Calls after whose refusal everything goes back to what it was: all that come before the disks are those of the backup.
_ON_THE_WAY = frozenset(
    ["SnapshotFromRemote", "stopVirtualMachine", "VolumesGroupSnapshot", "VolumesReassignWait", "VolumeRevert"]
)
#: Seconds in which the disks of a VM are taken to stay those that were read.
_FRESH = 10
#: Lists that are no longer so after a call.
_CHANGES = {
    "VolumeUpdate": ("volumes",),
    "VolumeRevert": ("volumes",),
    "VolumeSnapshot": ("volumes", "snapshots"),
    "VolumesGroupSnapshot": ("volumes", "snapshots"),
    "SnapshotFromRemote": ("snapshots",),
    "SnapshotUpdate": ("snapshots",),
    "SnapshotDelete": ("snapshots",),
}
Apply = t.Callable[[Step], t.Any]


class Sides(t.NamedTuple):
    """What reads both sides, and what is known of names on either, neither of which is known here.

    ``the_vm`` finds a VM by name or id in a zone, for an option (``vm`` unless it is told). ``reference`` gives what StorPool calls what has a path,
    ``keys_of`` all that an object of StorPool's is known by. ``changes`` gives the policy that would make one object like another. ``status`` is what
    VolumeCare says; ``None`` if backups are known by their tags. ``zone_id`` gives the id of a zone, given its name or id, or nothing. ``settles`` gives
    what waits for the end of a state of a VM that passes, ``None`` for one that does not.
    """

    cloud: t.Any
    cluster: t.Any
    the_vm: t.Callable[..., t.Optional[Row]]
    reference: t.Callable[[t.Optional[str]], t.Optional[str]]
    keys_of: t.Callable[[Row], t.Tuple[str, ...]]
    changes: t.Callable[[Row, Row], Row] = lambda _thing, _like: {}
    status: t.Optional[t.Callable[[], str]] = None
    zone_id: t.Callable[[t.Optional[str]], t.Optional[str]] = lambda _zone: None
    settles: t.Callable[[Row], t.Any] = lambda _vm: None


class Shelf:
    """The backups that there are. Each list is read once, as long as nobody forgets it."""

    def __init__(self, sides: Sides) -> None:
        self._sides = sides
        self._lists: t.Dict[str, t.Any] = {}

    def forget(self, *names: str) -> None:
        """These lists, or all of them, are read anew when they are needed."""
        for name in names or tuple(self._lists):
            self._lists.pop(name, None)

    def forget_disks(self, vm: Row) -> None:
        """The disks of this VM are read anew when they are needed."""
        self.forget("disks of " + str(vm["id"]))

    def snapshots(self) -> t.List[Row]:
        """All snapshots here, those being deleted too."""
        return list(self._once("snapshots", self._sides.cluster.every_snapshot))

    def living(self) -> t.List[Row]:
        """The snapshots here that stay."""
        return [row for row in self.snapshots() if not (row.get("deleted") or str(row["name"]).startswith("*"))]

    def volumes(self) -> t.List[Row]:
        """All volumes here."""
        return list(self._once("volumes", self._sides.cluster.volumes))

    def remote(self) -> t.Dict[str, Row]:
        """The snapshots that other locations export to this cluster, by global id."""
        rows = self._once("remote", self._sides.cluster.remote_snapshots)
        return {str(row["remoteId"]): row for row in rows}

    def disks(self, vm: Row) -> t.List[Row]:
        """CloudStack's volumes of a VM, each with what StorPool calls it."""
        read = self._sides.cloud.volumes_of_vm
        rows = self._once("disks of " + str(vm["id"]), lambda: read(vm))
        for row in rows:
            row["reference"] = self._sides.reference(row.get("path"))
        return sorted(rows, key=lambda row: (row.get("type") != "ROOT", row.get("deviceid") or 0, str(row["id"])))

    def volume(self, volume_id: str) -> t.Optional[Row]:
        """CloudStack's row of a volume, if it still has it."""
        row: t.Optional[Row] = self._once("volume " + volume_id, lambda: self._sides.cloud.volume(volume_id))
        return row

    def halves(self, rows: t.Iterable[Row]) -> t.Dict[str, Row]:
        """StorPool's halves of volumes of CloudStack's, by the ids of these."""
        by_key = {key: half for half in self.volumes() for key in self._sides.keys_of(half)}
        return {str(row["id"]): by_key[row["reference"]] for row in rows if row["reference"] in by_key}

    def backups(self, rows: t.Iterable[Row]) -> t.Dict[str, t.Tuple[Backup, ...]]:
        """The backups of each VM, the newest first. ``rows`` are volumes of CloudStack's that snapshots without other signs can be of."""
        here = {str(row["globalId"]): row for row in self.living()}
        if self._sides.status is not None:
            told = self._once("status", lambda: volumecare.parse(t.cast(t.Any, self._sides.status)()))
            away = any(disk.snapshot not in here for each in told.values() for one in each for disk in one.disks)
            remote = self.remote() if away else {}
            return {vm: in_order(located(each, here, remote) for each in of_it) for vm, of_it in told.items()}
        names = {str(row["id"]): str(row["id"]) for row in rows}
        for volume, half in self.halves(rows).items():
            names.update(dict.fromkeys(self._sides.keys_of(half), volume))
        found = tags.backups(here.values(), self.remote().values(), names)
        return {vm: in_order(of_it) for vm, of_it in found.items()}

    def _once(self, name: str, read: t.Callable[[], t.Any]) -> t.Any:
        if name not in self._lists:
            self._lists[name] = read()
        return self._lists[name]


def other_vms(rows: t.Iterable[Row], wanted: str) -> str:
    """Which VMs there are in place of one that is not, in a sentence."""
    return there_is("CloudStack", (str(row.get("displayname") or row["name"]) for row in rows), wanted)


def source_of(sides: Sides, vm: str, zone: t.Optional[str]) -> t.Tuple[t.Optional[Row], str]:
    """A VM that is there, or was, and its id. Raises :class:`NotFound` for a name that no VM has: of one that is gone, only the id is left."""
    row = sides.the_vm(vm, zone)
    if row is None and not UUID.fullmatch(vm.lower()):
        raise NotFound(
            f"vm: CloudStack has no VM {vm!r} with that name, display name or id. {other_vms(sides.cloud.vms(), vm)} Of a VM that was removed give the id "
            "(cloudstack_vm_backup_info lists those that have backups)."
        )
    return row, str(row["id"]) if row else vm.lower()


class Run:
    """One run of a restore: it looks, plans and carries out steps, and knows whether it is on its way back."""

    def __init__(
        self,
        sides: Sides,
        wanted: Want,
        cloud: Apply,
        cluster: Apply,
        clock: t.Callable[[], float] = time.time,
        timer: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._sides, self._wanted, self._clock, self._timer = sides, wanted, clock, timer
        self._cloud, self._cluster = cloud, cluster
        self._shelf = Shelf(sides)
        self._vm: t.Optional[Row] = None
        self._source: t.Optional[str] = None
        self._source_row: t.Optional[Row] = None
        self._refused = Refusals()
        self._halted, self._begun, self._aimed_at = False, False, 0.0
        self.goal: t.Optional[Goal] = None
        self.aimed: t.Optional[Goal] = None
        self.failed: t.Optional[Failure] = None

    def look(self) -> Current:
        """Both sides as they are now; what cannot have changed since the last look is not read again.

        Snapshots are read first: a restore that does not show in them, and changes what is read after them, keeps this one from getting the lock.
        """
        shelf = self._shelf
        if self.goal is None:
            self._aimed_at = self._timer()
        if self.goal is None and self._vm is not None:  # what was left of another restore is gone
            self._vm = dict(self._vm, unsure=True)
            shelf.forget()
        snapshots = shelf.snapshots()
        vm = self._the_vm()
        targets = shelf.disks(vm)
        volumes = shelf.volumes()
        living = shelf.living()
        halves = shelf.halves(targets)
        memory, ended = marks.recall(str(vm["id"]), living, volumes)
        current = Current(
            vm,
            str(self._source),
            tuple(targets),
            halves,
            {str(row["globalId"]): row for row in living},
            {str(row["name"]): row for row in snapshots},
            memory,
            ended,
            self._clock(),
            settles=self._sides.settles(vm),
            halted=self._halted,
        )
        if self.goal is None:
            current = self._with_backups(current)
        elif self.failed is None and self.goal.backup.id not in ended:
            is_here = all(pair.disk.snapshot in current.snapshots for pair in self.goal.pairs)
            current = current if is_here else current._replace(remote=shelf.remote())
        return current

    def plan(self, current: Current) -> Plan:
        """The calls that are left, on the way there or, after a refusal, on the way back."""
        goal = self.goal or self._aim(current)
        self._begun = current.memory.state == marks.BEGUN
        if self._halted or (current.memory.ran and current.memory.backup == goal.backup.id):
            # Else it would stay stopped if a run beside this one had stopped it when this one aimed.
            goal = goal._replace(ran=True)
        self.aimed = goal
        if current.memory.state != marks.UNDONE or self.goal:
            self.goal = goal
        if goal.backup.id in current.ended:
            self.failed = None  # another run has brought it to its end
        try:
            check_alone(current, goal.backup.id)
        except NotAllowed as other:
            raise self.failed or other from None  # whose lock it is has all there is to put back
        checks.whole(current, goal)
        if self.failed is None:
            try:
                return forward(current, goal, self._wanted, self._sides.changes)
            except Gone as gone:
                if current.memory.backup != goal.backup.id:
                    raise  # nothing has begun
                self.failed = gone
        checks.way_back(current, goal, self.failed)
        return back(current, goal, self._wanted, self._sides.changes)

    def _aim(self, current: Current) -> Goal:
        try:
            return aim(current, self._wanted)
        except Failure as failure:
            if current.memory.record is None and current.memory.lock is not None:
                told = f"A restore to backup {current.memory.backup} was begun, and has touched no disk yet"
                failure.message = f"{failure.message.rstrip('.')}. {told}. {give_up(current)}"
            raise

    def apply(self, step: Step) -> t.Any:
        """Carry out a step. A refusal on the way there turns the run back: its next plan is that of the way back."""
        if step.call == "VolumesGroupSnapshot" and self._halted:
            self._see_disks(step)
        self._halted = self._halted or step.call == "stopVirtualMachine"
        try:
            answer = (self._cloud if step.call in TO_CLOUDSTACK else self._cluster)(step)
        except Failure as failure:
            self._vm = None if self._vm is None else dict(self._vm, unsure=True)
            self._shelf.forget("volumes", "snapshots", "remote")
            if self.failed is None and step.call in _ON_THE_WAY and self._refused.is_final(step, failure):
                self.failed = failure.while_doing(step.action)
                if isinstance(failure, ApiError):
                    failure.advise(step.advice)
                # Without the name of the error: a course does not go on after the same one of the same step.
                raise Outdated(failure.message, call=failure.call) from None
            raise
        self._halted = self._halted and step.call != "startVirtualMachine"
        self._shelf.forget(*_CHANGES.get(step.call, ("nothing",)))
        if step.call in TO_CLOUDSTACK:
            row = answer.get("virtualmachine") if isinstance(answer, dict) else None
            known = (
                self._vm is not None and isinstance(row, dict) and row.get("id") == self._vm["id"] and row.get("state")
            )
            self._vm = (
                dict(t.cast(Row, self._vm), state=row["state"]) if known and row else dict(self._vm or {}, unsure=True)
            )
        return answer

    def _see_disks(self, step: Step) -> None:
        """Raise :class:`Outdated` if the VM has other disks by now than those that are to be reverted: a stop may take minutes."""
        if self._timer() - self._aimed_at < _FRESH:
            return
        vm = t.cast(Row, self._vm)
        before = {row["id"] for row in self._shelf.disks(vm)}
        self._shelf.forget_disks(vm)
        if {row["id"] for row in self._shelf.disks(vm)} != before:
            self._vm = dict(vm, unsure=True)
            raise Outdated(f"{name_of(vm)} has other disks than before.", call=str(step))

    def end(self, outcome: Outcome, check_mode: bool) -> Outcome:
        """The outcome, or the failure that turned the run back, now that all is as it was. In check mode it turns back what a run before has begun."""
        if self.failed is not None and check_mode:
            told = self.failed.message.rstrip(".")
            self.failed.message = (
                f"{told}. A run would bring all disks back to what they were before, and leave nothing of the restore"
            )
            raise self.failed
        if self.failed is not None:
            goal = t.cast(Goal, self.goal)
            state = (self._vm or {}).get("state")
            self.failed.message = (
                f"{self.failed.message.rstrip('.')}. All disks are what they were before, {name_of(t.cast(Row, self._vm))} is {state}, and nothing of the "
                f"restore to {goal.backup} is left"
            )
            raise self.failed
        return outcome

    def left_as(self) -> str:
        """How the VM is left if the run ends on its way, in a sentence that begins with a space; nothing if its disks were not touched, or somebody runs it."""
        if not self._begun or self._vm is None or self._vm.get("state") != "Stopped":
            return ""
        told = f" {name_of(self._vm)} is Stopped, and its disks can be of different moments"
        return f"{told}: do not start it, and run the task again, which goes on. What they held before is on the safety snapshots."

    def _the_vm(self) -> Row:
        wanted = self._wanted
        if self._source is None:
            self._source_row, self._source = source_of(self._sides, wanted.vm, wanted.zone)
        if self._vm is None:
            row = self._source_row
            if wanted.onto is not None:
                row = self._sides.the_vm(wanted.onto, wanted.zone, "onto")
            if row is None:
                option = "vm" if wanted.onto is None else "onto"
                told = wanted.onto or wanted.vm
                raise NotFound(
                    f"{option}: CloudStack has no VM {told!r}. Make a VM with as many disks, and name it (onto)."
                    if option == "vm"
                    else f"onto: CloudStack has no VM {told!r} with that name, display name or id. {other_vms(self._sides.cloud.vms(), told)}"
                )
            self._vm = row
        elif self._vm.get("unsure"):
            row = self._sides.the_vm(str(self._vm["id"]), None)
            if row is None:
                raise NotFound(f"{name_of(self._vm)} was removed while the task worked on it.{self._left()}")
            self._vm = row
        return self._vm

    def _left(self) -> str:
        """What is here of the restores of a VM that is gone, for a person: no other run will need it."""
        rows = [row for row in self._shelf.living() if tag(row, marks.VM) == t.cast(Row, self._vm)["id"]]
        names: t.Dict[bool, t.List[str]] = {True: [], False: []}
        for row in rows:
            names[tag(row, marks.KIND) == marks.SAFETY].append(str(row["name"]))
        told = f" Nobody needs snapshots {listing(sorted(names[False]))} any more." if names[False] else ""
        kept = f" What its disks held is on snapshots {listing(sorted(names[True]))}." if names[True] else ""
        return f"{told}{kept} Delete them with storpool_snapshot." if rows else ""

    def _with_backups(self, current: Current) -> Current:
        """The look of a run that does not know yet what it is to do."""
        rows = list(current.targets)
        if current.source != current.vm["id"]:
            rows += self._shelf.disks(self._source_row) if self._source_row else []
        every = self._shelf.backups(rows).get(current.source, ())
        sources = {str(row["id"]): row for row in rows}
        if current.source != current.vm["id"]:
            for volume in sorted({disk.volume for backup in every for disk in backup.disks} - set(sources)):
                row = self._sides.cloud.volume(volume) if volume else None
                if row is not None:
                    sources[volume] = row
        remote = self._shelf.remote() if current.memory.record is not None else {}
        return current._replace(backups=every, sources=sources, remote=remote)
