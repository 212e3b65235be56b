# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One disk of a backup as a new volume on another VM: what is meant, and the calls that are left. Pure.

The volume is made and marked in CloudStack, attached and detached once, so that it gets a half on StorPool, and that is reverted while nobody has it. Only when
that is noted in CloudStack it is attached for good, and never reverted again. CloudStack's tags on it tell what it is and how far it is, its chain of parents
whether it was reverted (:mod:`.marks`), so another run goes on from there.

What is done on CloudStack's side is planned by whatever manages volumes there; the errand says what it is asked for.
"""

from __future__ import annotations

import typing as t

from .._common.errors import InvalidOption, NotAllowed
from .._common.plan import Plan, Step
from .._common.words import listing, sentence, there_is
from . import marks, plan
from .aim import name_of
from .backup import HERE, LATEST, Backup, Disk, Row, check_age, choose, created_of, utc
from .marks import tag
from .pairing import GIB

#: Tags of the volume in CloudStack: of which backup it is to hold which disk (CloudStack's id) by which snapshot, and since when it does (``done``).
BACKUP, OF, SNAPSHOT, STATE = "volume-restore", "volume-restore-of", "volume-restore-snapshot", "volume-restore-state"
_NOT_HERE = "Give another name (name), or remove that volume (cloudstack_volume)."


class Want(t.NamedTuple):
    """A desired volume, or none (``present``). ``disk`` and ``name`` are as the task gives them, ``before`` and ``max_age`` in seconds."""

    present: bool
    vm: t.Optional[str]
    disk: t.Optional[str]
    onto: str
    zone: t.Optional[str]
    name: t.Optional[str]
    offering: t.Optional[str]
    backup: str
    before: t.Optional[int]
    max_age: t.Optional[int]
    wait_timeout: int


class Current(t.NamedTuple):
    """What the plan has to know.

    ``onto`` is the VM that gets the volume; its name and the ``disk`` that it is to hold (CloudStack's id) are settled. ``row`` is CloudStack's volume of that
    name, ``half`` StorPool's. ``backups`` have the disk alone. ``snapshots``, ``by_name`` and ``remote`` are as for the restore of a VM; ``ours`` are those
    that are here only for this volume. ``stored`` is how much has been written to it, if that was asked. ``spare`` is one too many, which this run has made.
    """

    onto: t.Optional[Row]
    source: str
    disk: t.Optional[str]
    name: str
    row: t.Optional[Row]
    half: t.Optional[Row]
    snapshots: t.Mapping[str, Row]
    by_name: t.Mapping[str, Row]
    ours: t.Tuple[Row, ...]
    now: float
    remote: t.Mapping[str, Row] = {}
    backups: t.Tuple[Backup, ...] = ()
    stored: int = 0
    spare: t.Optional[Row] = None

    @property
    def who(self) -> str:
        """The volume in a sentence."""
        return f"volume {self.name!r}"

    @property
    def key(self) -> str:
        """What StorPool's objects say that they are for."""
        return marks.key_of(self.row or self.onto or {}, self.name)

    @property
    def safety(self) -> t.Optional[Row]:
        """The snapshot that keeps the limits and tags that the half had, if it is this one's."""
        kept = [row for row in self.ours if tag(row, marks.KIND) == marks.SAFETY]
        return next((row for row in kept if self.row and tag(row, marks.DISK) == self.row["id"]), None)


class Goal(t.NamedTuple):
    """What a run is to do: which disk of which backup, and how large the volume is, in GiB. ``cautions`` say what may not be expected."""

    backup: Backup
    disk: Disk
    gib: int
    cautions: t.Tuple[str, ...] = ()


class Errand(t.NamedTuple):
    """What CloudStack's side is asked for next: options of the module for volumes, and the way that is left in words."""

    options: t.Mapping[str, t.Any]
    stage: str = ""


MAKE, GIVE, TAKE, FILL, REST, REMOVE = "make", "give a half", "take", "fill", "rest", "remove"


def cloud_tags(row: t.Optional[Row]) -> t.Dict[str, str]:
    """CloudStack's own tags of a volume."""
    return {str(each["key"]): str(each.get("value") or "") for each in (row or {}).get("tags") or ()}


def default_name(disk: str) -> str:
    """What the volume is called if the task does not say."""
    return f"restored-{disk}"


def of_disk(backups: t.Iterable[Backup], disk: str) -> t.Tuple[Backup, ...]:
    """The backups with this disk alone: what ails another one does not matter."""
    found = []
    for backup in backups:
        mine = tuple(each for each in backup.disks if each.volume == disk)
        if mine and mine[0].size is not None:
            found.append(backup._replace(disks=mine, problem=None))
        else:
            has = listing(each.volume for each in backup.disks)
            lacks = f"it has no volume {disk}, but {has}" if backup.disks else "it has no disks"
            found.append(backup._replace(disks=(), problem=backup.problem or lacks))
    return tuple(found)


def the_disk(wanted: str, sources: t.Sequence[Row], every: t.Iterable[Backup]) -> str:
    """CloudStack's id of the disk that is meant: an id, or the name of a volume that the VM has or a backup is of. Raises :class:`InvalidOption`."""
    ids = {str(row["id"]) for row in sources} | {disk.volume for backup in every for disk in backup.disks}
    if wanted.lower() in ids:
        return wanted.lower()
    found = sorted({str(row["id"]) for row in sources if row["name"] == wanted})
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidOption(f"disk: {len(found)} disks have the name {wanted!r}. Give the id of one: {listing(found)}.")
    names = {str(row["id"]): str(row["name"]) for row in sources}
    has = there_is("The VM, with its backups,", [names.get(one, one) for one in ids if one], wanted)
    raise InvalidOption(f"disk: there is no disk {wanted!r} with that name or id. {has}")


def aim(current: Current, wanted: Want) -> Goal:
    """What is meant. Raises a :class:`Failure` where it must not or cannot be done."""
    vm = f"VM {wanted.vm!r}"
    disk_id, marked = str(current.disk), cloud_tags(current.row)
    if BACKUP not in marked:
        backup = choose(current.backups, wanted.backup, wanted.before, vm)
        check_age(backup, wanted.max_age, current.now)
        return Goal(backup, backup.disks[0], _gib(backup.disks[0]))
    name = marked[BACKUP]
    backup = next((each for each in current.backups if each.id == name and each.disks), None) or _as_marked(current)
    what = f"{sentence(current.who)} is for disk {marked.get(OF)} of {backup}"
    other = "Give another name (name), or remove it first (state: absent)."
    if marked.get(OF) != disk_id:
        raise NotAllowed(f"{what}, not for disk {disk_id}. {other}")
    if wanted.backup not in (LATEST, name) or (wanted.before is not None and backup.created >= wanted.before):
        asked = f"backup {wanted.backup}" if wanted.backup != LATEST else f"one from before {utc(wanted.before or 0)}"
        raise NotAllowed(f"{what}, not of {asked}. {other}")
    disk = Disk(disk_id, marked.get(SNAPSHOT, ""))
    disk = next((each for each in backup.disks if each.snapshot == disk.snapshot), disk)
    gib = int((current.row or {}).get("size") or 0) // GIB
    if STATE not in marked:
        return Goal(backup, disk, gib)
    check_age(backup, wanted.max_age, current.now)
    newer = next((each for each in current.backups if each.created > backup.created and not each.problem), None)
    told = (
        f"{what}, and there is {newer} by now. It is left as it is; for the newer one, remove it first (state: absent)."
    )
    return Goal(backup, disk, gib, (told,) if newer and wanted.backup == LATEST and wanted.before is None else ())


def _as_marked(current: Current) -> Backup:
    name = cloud_tags(current.row)[BACKUP]
    return Backup(current.source, created_of(name), name.partition(".")[2] or HERE)


def _gib(disk: Disk) -> int:
    return -(-int(disk.size or 0) // GIB)


def errand(current: Current, wanted: Want, goal: t.Optional[Goal]) -> t.Optional[Errand]:
    """What to ask CloudStack's side for; ``None`` if there is nothing there that is to go. Raises :class:`NotAllowed` for what is not ours."""
    row, marked = current.row, cloud_tags(current.row)
    if goal is None:
        if row is None:
            return None
        _check_ours(current, row, marked)
        return Errand(removing(row), REMOVE)
    onto = t.cast(Row, current.onto)
    if row is None:
        whose = {"project": onto["projectid"]} if onto.get("projectid") else _account(onto)
        offering = {"disk_offering": wanted.offering, "size": f"{goal.gib}GiB"}
        return Errand({"name": current.name, "zone": onto["zoneid"], "vm": onto["id"], **whose, **offering}, MAKE)
    known = {"id": row["id"], "name": row["name"]}
    if row.get("virtualmachineid") not in (None, onto["id"]):
        raise NotAllowed(
            f"{sentence(current.who)} is attached to another VM, {row.get('vmdisplayname') or row.get('vmname')!r}. Detach it there (cloudstack_volume), or "
            "give another name (name)."
        )
    if STATE in marked:
        return Errand({**known, "vm": onto["id"]}, REST)
    if not row.get("path"):
        _check_adopted(current, row, marked, goal)
        return Errand({**known, "vm": onto["id"]}, GIVE)
    if BACKUP not in marked:
        raise NotAllowed(f"There is a {current.who} that this module has not made. {_NOT_HERE}")
    if current.half is None:
        raise NotAllowed(
            f"{sentence(current.who)} is on primary storage pool {row.get('storage')!r}, and not on this StorPool cluster. Remove it (state: absent), and "
            "choose a disk offering whose volumes are (disk_offering)."
        )
    if is_reverted(current, goal):
        return Errand({**known, "vm": onto["id"]}, FILL)
    return Errand({**known, "vm": ""}, TAKE)


def _account(vm: Row) -> t.Dict[str, str]:
    return {"account": vm["account"], "domain": vm["domainid"]} if vm.get("account") and vm.get("domainid") else {}


def _check_ours(current: Current, row: Row, marked: t.Mapping[str, str]) -> None:
    """Refuse to remove what this module has not made. One without marks is its own only if it never was anywhere, and has a name that nobody else gives."""
    is_new = row.get("state") == "Allocated" and not row.get("path") and not row.get("virtualmachineid")
    if BACKUP not in marked and not (is_new and row["name"] == default_name(str(current.disk))):
        raise NotAllowed(
            f"{sentence(current.who)} is not one that this module has made, so it is not removed: CloudStack's tag {BACKUP!r} is not on it. Remove it with "
            "cloudstack_volume if it is to go."
        )
    if current.onto is not None and row.get("virtualmachineid") not in (None, current.onto["id"]):
        raise NotAllowed(
            f"{sentence(current.who)} is attached to another VM, {row.get('vmdisplayname') or row.get('vmname')!r}, so it is not removed. Detach it there "
            "first (cloudstack_volume)."
        )


def _check_adopted(current: Current, row: Row, marked: t.Mapping[str, str], goal: Goal) -> None:
    """Refuse to fill what this module has not made: as long as it has no mark, it has to be just what this would make."""
    if BACKUP not in marked and (row.get("virtualmachineid") or int(row.get("size") or 0) != goal.gib * GIB):
        raise NotAllowed(f"There is a {current.who} that this module has not made. {_NOT_HERE}")


def is_reverted(current: Current, goal: Goal) -> bool:
    """Whether the half has what the backup has: what it was is no longer among its parents, or the backup's snapshot is."""
    half = t.cast(Row, current.half)
    if current.safety is not None:
        return not marks.is_on(half, current.safety, current.by_name, current.who)
    row = current.snapshots.get(goal.disk.snapshot)
    return row is not None and marks.is_on(half, row, current.by_name, current.who)


def calls(
    current: Current, wanted: Want, goal: Goal, todo: Plan, stage: str, changes: t.Callable[[Row, Row], Row]
) -> Plan:
    """The calls that are left until the VM has the volume. ``todo`` is what CloudStack's side plans for the errand of this ``stage``."""
    way = _way(current, goal) if stage in (MAKE, GIVE, TAKE) else []
    steps: t.List[Step] = []
    held = {BACKUP: goal.backup.id, OF: goal.disk.volume, SNAPSHOT: goal.disk.snapshot}
    todo = todo._replace(after=dict(todo.after, tags={**todo.after["tags"], **held, STATE: "done"}))
    if stage in (GIVE, TAKE) and BACKUP not in cloud_tags(current.row):
        steps.append(_note(current, held, way[0], wanted))
    if stage == MAKE:
        return todo._replace(later=tuple(way))
    if stage == GIVE:
        if not todo.steps:
            raise NotAllowed(
                f"{sentence(current.who)} is attached to {name_of(t.cast(Row, current.onto))}, and is on no pool: CloudStack puts volumes on one when a VM "
                "that was started once has them. Start the VM, then run the task again."
            )
        given = [step._replace(action=way[1]) if step.call == "attachVolume" else step for step in todo.steps]
        return _on_the_way(current, todo, [*steps, *given], way[2:])
    if stage == TAKE and todo.steps:
        return _on_the_way(current, todo, [*steps, *todo.steps], way[3:])
    if stage == TAKE:
        steps += _filling(current, goal)
        return _on_the_way(current, todo, steps, way[way.index(steps[-1].action) + 1 :])
    if stage == FILL:
        steps += _righted(current, changes)
        steps.append(_note(current, {STATE: "done"}, _noted(current), wanted))
    steps += [*todo.steps, *_away(current)]
    return Plan(tuple(steps), todo.before, todo.after, cautions=(*goal.cautions, *todo.cautions))


def _on_the_way(current: Current, todo: Plan, steps: t.Sequence[Step], later: t.Sequence[str]) -> Plan:
    onto = t.cast(Row, current.onto)
    vm = {"id": onto["id"], "name": onto.get("displayname") or onto["name"], "state": onto.get("state")}
    return Plan(tuple(steps), todo.before, dict(todo.after, vm=vm), tuple(later))


def removal(current: Current, todo: t.Optional[Plan]) -> Plan:
    """The calls that are left until nothing of it is there: what is on StorPool only for it first."""
    kept = tuple(_away(current))
    if todo is None:
        return Plan(kept, None, None)
    return todo._replace(steps=(*kept, *todo.steps))


def removing(row: Row) -> t.Dict[str, t.Any]:
    """The options that remove a volume for good."""
    return {"id": row["id"], "state": "absent", "vm": "", "expunge": True}


def _way(current: Current, goal: Goal) -> t.List[str]:
    """All that is done of a volume once it is there, in words."""
    who, vm = current.who, name_of(t.cast(Row, current.onto))
    is_here = goal.disk.snapshot in current.snapshots
    copies = [row["globalId"] for row in current.ours if tag(row, marks.KIND) == marks.COPY]
    place = None
    if not is_here and not (current.half is not None and is_reverted(current, goal)):
        place = plan.origin(current, goal.disk.snapshot, goal.disk.location, str(goal.backup), who)
        copies.append(goal.disk.snapshot)
    half = {"globalId": "", "size": int((current.half or {"size": goal.gib * GIB})["size"])}
    return [
        f"note on {who} that it is for disk {goal.disk.volume} of {goal.backup}",
        f"attach {who} to {vm} for a moment, so that it is on StorPool",
        f"detach {who} from {vm}",
        *([plan.bring({"remoteId": goal.disk.snapshot, "remoteLocation": place}, None, who).action] if place else []),
        _kept(current),
        _let_go(current),
        plan.revert(half, who, goal.disk.snapshot, f" of {goal.backup}").action,
        _noted(current),
        f"attach {who} to {vm}",
        _safety_goes(current),
        *(plan.delete({"globalId": one}, "a copy").action for one in copies),
    ]


def _kept(current: Current) -> str:
    return f"keep the limits and tags of {current.who}, as a snapshot of it while it is empty"


def _let_go(current: Current) -> str:
    """A job of CloudStack's that failed leaves volumes attached which CloudStack calls detached."""
    return f"see that no host has {current.who}"


def _noted(current: Current) -> str:
    return f"note that {current.who} holds what it is for"


def _safety_goes(current: Current) -> str:
    return f"delete the snapshot of {current.who} while it was empty"


def _note(current: Current, tags: t.Mapping[str, str], words: str, wanted: Want) -> Step:
    row = t.cast(Row, current.row)
    body = {
        "resourcetype": "Volume",
        "resourceids": row["id"],
        "tags": [{"key": key, "value": value} for key, value in sorted(tags.items())],
    }
    return Step("createTags", None, body, words, timeout=wanted.wait_timeout)


def _filling(current: Current, goal: Goal) -> t.List[Step]:
    """Keep what the half is, and revert it. Nobody has it attached."""
    half, row = t.cast(Row, current.half), t.cast(Row, current.row)
    if current.stored and current.safety is None:
        raise NotAllowed(
            f"Somebody has written to {current.who} before it held what it is for. See what that is; then remove it (state: absent), and run the task again."
        )
    steps = []
    tags = {marks.BACKUP: goal.backup.id, marks.VOLUME: current.key}
    if goal.disk.snapshot not in current.snapshots:
        place = plan.origin(current, goal.disk.snapshot, goal.disk.location, str(goal.backup), current.who)
        body = {
            "remoteId": goal.disk.snapshot,
            "remoteLocation": place,
            "tags": {**tags, marks.KIND: marks.COPY, marks.DISK: str(row["id"])},
        }
        steps.append(plan.bring(body, half.get("templateName"), current.who))
    if current.safety is None:
        ours = {marks.KIND: marks.SAFETY, marks.DISK: str(row["id"]), marks.TO: goal.disk.snapshot}
        item = {
            "volume": "~" + str(half["globalId"]),
            "name": f"volume-restore.{current.key}",  # so that one is filled, whoever else makes one
            "tags": {**marks.own_tags(half), **tags, **ours},
        }
        steps.append(Step("VolumesGroupSnapshot", None, {"volumes": [item]}, _kept(current)))
    steps.append(plan.detach([half], _let_go(current)))
    return [*steps, plan.revert(half, current.who, goal.disk.snapshot, f" of {goal.backup}")]


def _righted(current: Current, changes: t.Callable[[Row, Row], Row]) -> t.List[Step]:
    """The limits and tags that the half had, and the size that CloudStack knows."""
    half, size = t.cast(Row, current.half), int((current.row or {}).get("size") or 0)
    body = plan.right(half, current.safety, current.snapshots, changes)
    if int(half["size"]) < size:
        body["size"] = size
    words = f"give {current.who} the limits and tags that it had before"
    return [Step("VolumeUpdate", "~" + str(half["globalId"]), body, words)] if body else []


def _away(current: Current) -> t.List[Step]:
    """Delete what is on StorPool only for the way."""
    kept = [row for row in current.ours if tag(row, marks.KIND) == marks.SAFETY]
    copies = [plan.delete(row, "a copy") for row in current.ours if tag(row, marks.KIND) == marks.COPY]
    return [plan.delete(row, "")._replace(action=_safety_goes(current)) for row in kept] + copies
