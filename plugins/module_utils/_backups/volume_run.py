# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module for one disk of a backup as a new volume: its options, what it sees of both sides, and what it does."""

from __future__ import annotations

import time
import typing as t

from .._common.errors import Ambiguous, InvalidOption, NotFound
from .._common.given import refuse_empty
from .._common.plan import Plan, Step, backoff, converge
from .._common.time_left import TimeLeft, checked
from .._common.words import listing
from . import marks, volume_plan, volumecare
from .aim import name_of
from .backup import LATEST, UUID, Backup, Params, Row, Seconds, before_of, max_age_of
from .reading import Apply, Shelf, Sides, source_of
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
_LONGEST_NAME = 255


class Desk(t.NamedTuple):
    """What manages volumes on CloudStack's side, which is not known here.

    ``volume`` looks at what options of its module are about, and gives what makes the plan of it. ``check_offering`` refuses a disk offering (name or id) whose
    volumes would not be on StorPool with so many GiB, for a VM.
    """

    volume: t.Callable[[t.Mapping[str, t.Any]], t.Callable[[], Plan]]
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
        self._offering_fits = False
        self.goal: t.Optional[Goal] = None

    def look(self) -> t.Callable[[], Plan]:
        """Both sides as they are now, and what makes the plan of that."""
        current, wanted = self._current(), self._wanted
        if not wanted.present:
            errand = volume_plan.errand(current, wanted, None)
            make = self._desk.volume(errand.options) if errand else None
            return lambda: volume_plan.removal(current, make() if make else None)
        goal = self.goal = volume_plan.aim(current, wanted)
        errand = t.cast(Errand, volume_plan.errand(current, wanted, goal))
        current = self._more(current, goal, errand.stage)
        todo = self._desk.volume(errand.options)
        return lambda: volume_plan.calls(current, wanted, goal, todo(), errand.stage, self._sides.changes)

    def apply(self, step: Step) -> t.Any:
        """Carry out a step; what was read before is no longer so."""
        self._shelf.forget("volumes", "snapshots")
        return (self._cluster if step.call in _TO_STORPOOL else self._cloud)(step)

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
        row = self._row(name, onto)
        snapshots = shelf.snapshots()
        current = Current(
            onto,
            source,
            disk,
            name,
            row,
            shelf.halves([row]).get(str(row["id"])) if row else None,
            {str(one["globalId"]): one for one in shelf.living()},
            {str(one["name"]): one for one in snapshots},
            (),
            self._clock(),
            backups=volume_plan.of_disk(every, disk) if disk else (),
        )
        if row is None and onto is None:
            return current
        ours = tuple(one for one in shelf.living() if marks.tag(one, marks.VOLUME) == current.key)
        return current._replace(ours=ours)

    def _onto(self) -> t.Optional[Row]:
        wanted = self._wanted
        onto = self._sides.the_vm(wanted.onto, wanted.zone)
        if onto is None and wanted.present:
            raise NotFound(
                f"onto: CloudStack has no VM {wanted.onto!r} with that name, display name or id. Name one that is there."
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

    def _row(self, name: str, onto: t.Optional[Row]) -> t.Optional[Row]:
        """CloudStack's volume of this name that is whose the VM is; if that is gone, the one that this module has made."""
        wanted = self._wanted
        zone = str(onto["zoneid"]) if onto else self._sides.zone_id(wanted.zone)
        called = self._sides.cloud.volumes_called(self._volume or name, zone)
        rows = [row for row in called if row["name"] == name]
        if not rows and not wanted.present:  # one that was destroyed, and is not expunged yet
            where = {"zoneid": zone} if zone else {}
            there = self._sides.cloud.volumes(name=name, state="Destroy", **where)
            rows = [row for row in there if row["name"] == name and _is_marked(row)]
        if onto is not None:
            rows = [row for row in rows if all(row.get(each) == onto.get(each) for each in _OWNER)]
        else:
            rows = [row for row in rows if _is_marked(row)]
        if len(rows) > 1:
            marked = [row for row in rows if _is_marked(row)]
            rows = marked if len(marked) == 1 else rows
        if len(rows) > 1:
            ids = listing(sorted(str(row["id"]) for row in rows))
            raise Ambiguous(
                f"name: {len(rows)} volumes have the name {name!r}: {ids}. Give another name, or remove those that are not needed (cloudstack_volume)."
            )
        self._volume = str(rows[0]["id"]) if rows else None
        for row in rows:
            row["reference"] = self._sides.reference(row.get("path"))
        return rows[0] if rows else None


_OWNER = ("account", "projectid", "domainid")


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
