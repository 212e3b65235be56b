# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module for one disk of a backup as a new volume: its options, what it sees of both sides, and what it does."""

from __future__ import annotations

import time
import typing as t

from .._common.errors import Ambiguous, Failure, InvalidOption, NotFound
from .._common.given import refuse_empty
from .._common.plan import Plan, Step, backoff, converge
from .._common.time_left import TimeLeft, checked
from .._common.words import listing, sentence
from . import marks, plan, volume_plan, volumecare
from .aim import name_of
from .backup import LATEST, UUID, Backup, Params, Row, Seconds, before_of, max_age_of
from .reading import Apply, Shelf, Sides, other_vms, source_of
from .refusals import Gone
from .run import BOTH
from .volume_plan import Current, Errand, Goal, Want

VOLUME_RESTORE: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        BOTH,
        source=volumecare.OPTIONS["source"],
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        vm={"type": "str"},
        disk={"type": "str"},
        onto={"type": "str", "required": True},
        name={"type": "str"},
        disk_offering={"type": "str"},
        backup={"type": "str", "default": LATEST},
        before={"type": "str"},
        max_age={"type": "str"},
        wait_timeout={"type": "int", "default": 3600},
    ),
    "required_if": [["state", "present", ["vm", "source", "disk", "disk_offering"]]],
    "required_one_of": [["name", "disk"]],
}
#: Calls that StorPool gets; all others are CloudStack's.
_TO_STORPOOL = frozenset(
    [
        "SnapshotFromRemote",
        "VolumesGroupSnapshot",
        "VolumesReassignWait",
        "VolumeRevert",
        "VolumeUpdate",
        "SnapshotDelete",
    ]
)
#: Lists of StorPool's that are no longer so after a call, where it is not both; CloudStack's row of the volume is read at each look.
_CHANGES: t.Mapping[str, t.Tuple[str, ...]] = {
    "createVolume": (),
    "createTags": (),
    "attachVolume": ("volumes",),
    "detachVolume": ("volumes",),
    "SnapshotFromRemote": ("snapshots",),
    "VolumesReassignWait": (),
    "VolumeRevert": ("volumes",),
    "VolumeUpdate": ("volumes",),
    "SnapshotDelete": ("snapshots",),
}
_BOTH = ("volumes", "snapshots")
_LONGEST_NAME = 255


class Desk(t.NamedTuple):
    """What manages volumes on CloudStack's side, which is not known here.

    ``volume`` looks at what options of its module are about, and gives what makes the plan of it; the row of the volume has just been read, if there is one.
    ``check_offering`` refuses a disk offering (name or id) whose volumes would not be on StorPool with so many GiB, for a VM.
    """

    volume: t.Callable[[t.Mapping[str, t.Any], t.Optional[Row]], t.Callable[[], Plan]]
    check_offering: t.Callable[[str, Row, int], None]


def want(params: Params, duration: Seconds, moment: Seconds) -> Want:
    """The desired volume that the options describe. Raises :class:`InvalidOption`."""
    for option in ("vm", "backup", "onto", "zone", "disk", "name", "disk_offering"):
        refuse_empty(params[option], option)
    name = params["name"]
    if name is not None and (name != name.strip() or len(name) > _LONGEST_NAME):
        raise InvalidOption(
            f"name is {name[:80]!r}: give 1 to {_LONGEST_NAME} characters, with no space at the beginning or the end."
        )
    return Want(
        present=params["state"] == "present",
        vm=params["vm"],
        disk=params["disk"],
        onto=params["onto"],
        zone=params["zone"],
        name=name,
        offering=params["disk_offering"],
        backup=params["backup"],
        before=before_of(params, moment),
        max_age=max_age_of(params, duration),
        wait_timeout=checked(params, "wait_timeout"),
    )


class Filled(t.NamedTuple):
    """The volume holds what it is for, or is gone."""

    volume_id: str

    def watch(self, reader: t.Any) -> t.Callable[[], t.Optional[str]]:
        """What is missing, asked anew each time."""

        def missing() -> t.Optional[str]:
            row = reader.volume(self.volume_id)
            if row is None or volume_plan.STATE in volume_plan.cloud_tags(row):
                return None
            return "the other run has not filled it. If that was ended in between, this does what is left"

        return missing


class VolumeRun:
    """One run: it looks at both sides, plans, and carries out steps."""

    def __init__(
        self,
        sides: Sides,
        desk: Desk,
        wanted: Want,
        cloud: Apply,
        cluster: Apply,
        clock: t.Callable[[], float] = time.time,
    ) -> None:
        self._sides, self._desk, self._wanted, self._clock = sides, desk, wanted, clock
        self._cloud, self._cluster = cloud, cluster
        self._shelf = Shelf(sides)
        self._about: t.Optional[t.Tuple[t.Optional[Row], str, t.Optional[str], t.Sequence[Backup]]] = None
        self._volume: t.Optional[str] = None
        self._made: t.Optional[str] = None  # the one that this run has made
        self._yielded = False  # it has given that up for the one that another run has made
        self._offering_fits = False
        self.goal: t.Optional[Goal] = None

    def look(self) -> t.Callable[[], Plan]:
        """Both sides as they are now, and what makes the plan of that."""
        current, wanted = self._current(), self._wanted
        if not wanted.present:
            errand = volume_plan.errand(current, wanted, None)
            make = self._desk.volume(errand.options, current.row) if errand else None
            return lambda: volume_plan.removal(current, make() if make else None)
        if current.spare is not None:
            self._yielded = True
            of_spare = self._desk.volume(volume_plan.removing(current.spare), current.spare)
            return lambda: _yielding(of_spare())
        if self._yielded and current.row and volume_plan.STATE not in volume_plan.cloud_tags(current.row):
            return lambda: self._waiting(current)
        goal = self.goal = volume_plan.aim(current, wanted)
        errand = t.cast(Errand, volume_plan.errand(current, wanted, goal))
        current = self._more(current, goal, errand.stage)
        todo = self._desk.volume(errand.options, current.row)
        return lambda: self._plan(current, goal, todo(), errand.stage)

    def _plan(self, current: Current, goal: Goal, todo: Plan, stage: str) -> Plan:
        try:
            every = volume_plan.calls(current, self._wanted, goal, todo, stage, self._sides.changes)
            stale = self._stale(current) if any(step.call == "VolumesGroupSnapshot" for step in every.steps) else []
            return every._replace(steps=(*stale, *every.steps))
        except Gone as gone:
            if current.row is not None:
                gone.message += f" {sentence(current.who)} is empty. Unless the snapshot comes back, remove it (state: absent), and run the task again."
            raise

    def _stale(self, current: Current) -> t.List[Step]:
        """The steps that delete what was kept of a volume which is no more: it has the name that is needed now."""
        kept = [row for row in current.ours if marks.tag(row, marks.KIND) == marks.SAFETY]
        gone = [row for row in kept if self._sides.cloud.volume(marks.tag(row, marks.DISK)) is None]
        return [plan.delete(row, "one of a volume that is gone,") for row in gone]

    def apply(self, step: Step) -> t.Any:
        """Carry out a step; what it changes is read anew at the next look, and all of it if it fails."""
        try:
            answer = (self._cluster if step.call in _TO_STORPOOL else self._cloud)(step)
        except Failure:
            self._shelf.forget(*_BOTH, "remote")
            raise
        for name in _CHANGES.get(step.call, _BOTH):
            self._shelf.forget(name)
        if step.call == "createVolume" and isinstance(answer, dict):
            self._made = (answer.get("volume") or {}).get("id")
        return answer

    def _waiting(self, current: Current) -> Plan:
        """The other run is at work on it, so this one leaves it alone."""
        words = f"wait until {current.who} is what another run has begun"
        watched = Filled(str(t.cast(Row, current.row)["id"]))
        return Plan(
            (Step("listVolumes", None, watched, words, method="GET", timeout=self._wanted.wait_timeout),), None, None
        )

    def _more(self, current: Current, goal: Goal, stage: str) -> Current:
        """What has to be known at this stage only."""
        if stage == volume_plan.MAKE and not self._offering_fits:
            onto = t.cast(Row, current.onto)
            self._desk.check_offering(str(self._wanted.offering), onto, goal.gib)
            self._refuse_vm_snapshots(onto)
            self._offering_fits = True
        if goal.disk.snapshot not in current.snapshots:
            current = current._replace(remote=self._shelf.remote())
        if stage == volume_plan.TAKE and current.safety is None and not (current.row or {}).get("virtualmachineid"):
            half = t.cast(Row, current.half)
            rows = self._sides.cluster.volumes_space()
            stored = [int(row.get("storedSize") or 0) for row in rows if row["globalId"] == half["globalId"]]
            current = current._replace(stored=sum(stored))
        return current

    def _refuse_vm_snapshots(self, onto: Row) -> None:
        rows = self._sides.cloud.vm_snapshots(virtualmachineid=onto["id"])
        if rows:
            names = listing(repr(row.get("displayname") or row["name"]) for row in rows)
            raise InvalidOption(
                f"onto: {name_of(onto)} has VM snapshots ({names}), and CloudStack attaches nothing to such a VM. Remove them first "
                "(cloudstack_vm_snapshot), or name another VM."
            )

    def _current(self) -> Current:
        wanted, shelf = self._wanted, self._shelf
        if self._about is None:
            self._about = (self._onto(), *self._disk())
        onto, source, disk, every = self._about
        name = wanted.name or volume_plan.default_name(str(disk))
        row, spare = self._row(name, onto)
        snapshots = shelf.snapshots()
        has_half = row is not None and row["reference"] and volume_plan.STATE not in volume_plan.cloud_tags(row)
        current = Current(
            onto,
            source,
            disk,
            name,
            row,
            shelf.halves([row]).get(str(row["id"])) if row and has_half else None,
            {str(one["globalId"]): one for one in shelf.living()},
            {str(one["name"]): one for one in snapshots},
            (),
            self._clock(),
            backups=volume_plan.of_disk(every, disk) if disk else (),
            spare=spare,
        )
        if row is None and onto is None:
            return current
        return current._replace(ours=self._ours(current.key))

    def _ours(self, key: str) -> t.Tuple[Row, ...]:
        return tuple(one for one in self._shelf.living() if marks.tag(one, marks.VOLUME) == key)

    def _onto(self) -> t.Optional[Row]:
        wanted = self._wanted
        onto = self._sides.the_vm(wanted.onto, wanted.zone, "onto")
        if onto is None and wanted.present:
            raise NotFound(
                f"onto: CloudStack has no VM {wanted.onto!r} with that name, display name or id. {other_vms(self._sides.cloud.vms(), wanted.onto)}"
            )
        return onto

    def _disk(self) -> t.Tuple[str, t.Optional[str], t.Sequence[Backup]]:
        """The id of the VM whose backups they are, that of the disk, and the backups. To remove a volume, less has to be known."""
        wanted = self._wanted
        if not wanted.present and (wanted.name is not None or UUID.fullmatch(str(wanted.disk).lower())):
            return "", wanted.disk.lower() if wanted.disk else None, ()
        if wanted.vm is None:
            raise InvalidOption(
                f"disk: {wanted.disk!r} is no id of a volume. Give the id, or the VM that it is of as well (vm)."
            )
        row, source = source_of(self._sides, wanted.vm, wanted.zone)
        sources = self._shelf.disks(row) if row else []
        every = self._shelf.backups(sources).get(source, ()) if wanted.present else ()
        disk = str(wanted.disk)
        if not UUID.fullmatch(disk.lower()):
            known = {str(each["id"]) for each in sources}
            others = sorted({each.volume for backup in every for each in backup.disks if each.volume} - known)
            gone = [self._shelf.volume(one) for one in others]
            sources = [*sources, *(each for each in gone if each is not None)]
        return source, volume_plan.the_disk(disk, sources, every), every

    def _row(self, name: str, onto: t.Optional[Row]) -> t.Tuple[t.Optional[Row], t.Optional[Row]]:
        """CloudStack's volume of this name that is whose the VM is; if that is gone, the one that this module has made. Beside it one that is to go."""
        wanted, cloud = self._wanted, self._sides.cloud
        zone = str(onto["zoneid"]) if onto else self._sides.zone_id(wanted.zone)
        rows = [row for row in self._called(name, zone, onto) if row["name"] == name]
        if not rows and not wanted.present:  # one that was destroyed, and is not expunged yet
            where = {"zoneid": zone} if zone else {}
            there = cloud.volumes(name=name, state="Destroy", **where)
            rows = [row for row in there if row["name"] == name and _is_marked(row)]
        if onto is not None:
            rows = [row for row in rows if all(row.get(each) == onto.get(each) for each in _OWNER)]
        else:
            rows = [row for row in rows if _is_marked(row)]
        spare = None
        if len(rows) > 1:
            made = [row for row in rows if row["id"] == self._made]
            marked = [row for row in rows if _is_marked(row)]
            if made:
                is_done = volume_plan.STATE in volume_plan.cloud_tags(made[0])  # and so somebody may have it
                rows = made if is_done else [self._first(rows, marked, marks.key_of(made[0], name))]
                spare = made[0] if made != rows else None
            elif len(marked) == 1:
                rows = marked
        if len(rows) > 1:
            ids = listing(sorted(str(row["id"]) for row in rows))
            raise Ambiguous(
                f"name: {len(rows)} volumes have the name {name!r}: {ids}. Give another name, or remove those that are not needed (cloudstack_volume)."
            )
        self._volume = str(rows[0]["id"]) if rows else None
        for row in rows:
            row["reference"] = self._sides.reference(row.get("path"))
        return rows[0] if rows else None, spare

    def _called(self, name: str, zone: t.Optional[str], onto: t.Optional[Row]) -> t.Iterable[Row]:
        """The volumes of that name, and maybe others, with one call if it is known whose."""
        cloud = self._sides.cloud
        if onto is None:
            return t.cast(t.List[Row], cloud.volumes_called(self._volume or name, zone))
        project = {"projectid": onto["projectid"]} if onto.get("projectid") else {}
        return t.cast(t.List[Row], cloud.volumes(name=name, zoneid=zone, of_projects=False, **project))

    def _first(self, rows: t.Sequence[Row], marked: t.Sequence[Row], key: str) -> Row:
        """Which one counts, if another run has made one as well: that which is filled, of which there is one, since a name of StorPool's is taken once.

        As long as none is, any order will do that is the same for all; who made another one gives it up.
        """
        filled = [row for row in rows if volume_plan.STATE in volume_plan.cloud_tags(row)]
        kept = {marks.tag(one, marks.DISK) for one in self._ours(key) if marks.tag(one, marks.KIND) == marks.SAFETY}
        filled = filled or [row for row in rows if row["id"] in kept]
        return min(filled or marked or rows, key=lambda row: (str(row.get("created")), str(row["id"])))


_OWNER = ("account", "projectid", "domainid")


def _yielding(todo: Plan) -> Plan:
    """The calls that remove what this run has made too much. Nobody has to have seen it before: nobody ever had it."""
    return Plan(tuple(step._replace(destroys=None) for step in todo.steps), None, None)


def _is_marked(row: Row) -> bool:
    return volume_plan.BACKUP in volume_plan.cloud_tags(row)


def restore_volume(
    run: VolumeRun,
    retries: int,
    check_mode: bool,
    time_left: TimeLeft,
    clock: t.Callable[[], float] = time.time,
) -> Row:
    """Have the volume, or not, and return what was done; ``diff`` is for whoever wants one."""
    outcome = converge(
        look=run.look,
        plan=lambda make: make(),
        apply=run.apply,
        check_mode=check_mode,
        pauses=backoff(retries),
        time_left=time_left,
    )
    goal = run.goal
    return {
        "changed": outcome.changed,
        "volume": outcome.after,
        "backup": goal.backup.shown(clock()) if goal else None,
        "disk": {"volume_id": goal.disk.volume, "snapshot": goal.disk.snapshot} if goal else None,
        "actions": list(outcome.actions),
        "warnings": [*outcome.losses, *outcome.cautions],
        "diff": {"before": outcome.before or {}, "after": outcome.after or {}},
    }
