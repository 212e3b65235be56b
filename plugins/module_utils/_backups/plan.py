# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM back to a backup: what is meant, and the calls that are left. Pure.

Forward: take the lock with the first snapshot that is brought here, or with one of a disk; bring the others, stop the VM, keep what its disks hold, detach,
revert; then put right what reverts have changed beside contents, start the VM, delete what was only for the way, the lock last. Back, if a disk cannot be
reverted: revert all to what was kept, and the rest likewise. Either can be continued by another run, since what is there tells how far it was (:mod:`.marks`).
"""

from __future__ import annotations

import typing as t

from .._common.errors import NotAllowed
from .._common.plan import Plan, Step
from .._common.sizes import human
from .._common.words import listing
from . import checks, marks, pairing
from .aim import Current, Goal, Want, name_of
from .backup import Backup, Row, utc
from .checks import is_reverted
from .marks import tag
from .pairing import Pair
from .refusals import Gone

#: Seconds in which clients have to let go of disks.
DETACH_SECONDS = 60
#: The call with which the end of what CloudStack does with a VM is waited for.
WAIT = "listVirtualMachines"
_LIMITS = ("iops", "bw", "limitType")
_OPEN = (
    ("busy", "Somebody has it open. Find out who, close it there, and run the task again."),
    ("open", "Somebody has it open. Find out who, close it there, and run the task again."),
)
_START = (
    (
        "",
        "Its disks are those of the backup. Start it in CloudStack when what stands in the way is gone, or run the task again.",
    ),
)
_START_AGAIN = (
    (
        "",
        "Its disks are what they were before. Start it in CloudStack when what stands in the way is gone, or run the task again.",
    ),
)


def forward(current: Current, goal: Goal, wanted: Want, changes: t.Callable[[Row, Row], Row]) -> Plan:
    """The calls that are left until the VM is what it was in the backup. ``changes`` gives the policy that would make the one object like the other."""
    memory = current.memory
    if memory.state == marks.UNDONE:
        return back(current, goal._replace(pairs=()), wanted, changes)
    if (goal.backup.id not in current.ended or current.halted) and current.settles is not None:
        return _settling(current, goal, wanted)
    starts = goal.ran if wanted.start is None else wanted.start
    if goal.backup.id in current.ended:
        checks.still_restored(current, goal)
        there = _shown(current, goal, True)
        rest = [] if memory.record else _put_right(current, current.ended[goal.backup.id].safety, changes, marked=True)
        rest += [_left(row) for row in memory.copies if tag(row, marks.BACKUP) == goal.backup.id]
        if current.halted and starts and current.vm.get("state") == "Stopped":  # too late: another run had started it
            rest.append(_start(current, wanted))
        again = (
            f"{name_of(current.vm)} was restored to {goal.backup} before, and the safety snapshots of that are still there, so it is not reverted again. If "
            "that is wanted, delete them first (storpool_snapshot)."
        )
        return Plan(tuple(rest), there, there, cautions=(again,) if goal.already else ())
    if memory.record is None:
        checks.disks(current, goal, wanted)
    checks.halves(current, goal)
    left = [pair for pair in goal.pairs if memory.record is None or not is_reverted(current, pair)]
    if left:
        steps = _reverting(current, goal, wanted, left)
        later = [f"start {name_of(current.vm)}"] if starts else []
        lock, copies = _will_be(current, goal)
        later += [*(_left(row).action for row in copies), _restored(current), *(_left(row).action for row in lock)]
        return Plan(tuple(steps), _shown(current, goal, False), _shown(current, goal, True), tuple(later))
    steps = _put_right(current, memory.safety, changes)
    if starts and current.vm.get("state") != "Running":
        steps.append(_start(current, wanted))
    steps += [_left(row) for row in memory.copies if row is not memory.lock]
    steps.append(_note(current, marks.DONE, _restored(current)))
    steps += [_left(memory.lock)] if memory.lock else []
    return Plan(tuple(steps), _shown(current, goal, False), _shown(current, goal, True))


def _settling(current: Current, goal: Goal, wanted: Want) -> Plan:
    """Wait for the end of what CloudStack does with the VM just now, such as what a run that was ended has begun."""
    there = _shown(current, goal, False)
    words = f"wait until {name_of(current.vm)} is no longer {current.vm.get('state')}"
    waits = Step(WAIT, None, current.settles, words, method="GET", timeout=wanted.wait_timeout)
    return Plan((waits,), there, there)


def back(current: Current, goal: Goal, wanted: Want, changes: t.Callable[[Row, Row], Row]) -> Plan:
    """The calls that are left until the VM is what it was before the restore."""
    memory, there = current.memory, _shown(current, goal, False)
    if current.settles is not None:
        return _settling(current, goal, wanted)
    if memory.state == marks.BEGUN:
        checks.halves(current, goal)
        reverted = [pair for pair in goal.pairs if is_reverted(current, pair)]
        if reverted:
            return Plan(
                tuple(_revert(current, pair, memory.safety[pair.target["id"]], None) for pair in reverted), there, there
            )
    steps = _put_right(current, memory.safety, changes)
    if memory.state == marks.BEGUN:
        steps.append(_note(current, marks.UNDONE, f"note that the disks of {name_of(current.vm)} are what they were"))
    steps += [_left(row) for row in memory.copies if row is not memory.lock]
    if goal.ran and current.vm.get("state") == "Stopped":
        words = f"start {name_of(current.vm)}, as it ran before"
        steps.append(_start(current, wanted)._replace(action=words, advice=_START_AGAIN))
    record = memory.record
    others = [row for row in memory.safety.values() if row is not record]
    steps += [delete(row, "a safety snapshot") for row in others + ([record] if record else [])]
    steps += [_left(memory.lock)] if memory.lock else []
    return Plan(tuple(steps), there, there)


def _reverting(current: Current, goal: Goal, wanted: Want, left: t.Sequence[Pair]) -> t.List[Step]:
    memory, vm, state = current.memory, current.vm, current.vm.get("state")
    who = name_of(vm)
    if state == "Running" and memory.state == marks.BEGUN:
        raise NotAllowed(
            f"{who} was started while a restore to {goal.backup} was on its way: what was written since is on none of the safety snapshots "
            f"({listing(str(row['name']) for row in memory.safety.values())}). Look at its disks; then stop it, to let the restore end, or delete these "
            "snapshots (storpool_snapshot), to begin anew."
        )
    if state == "Running" and not wanted.stop_vm:
        raise NotAllowed(f"{who} is Running, and has to be stopped for this. Set stop_vm to let the task do it.")
    if state not in ("Running", "Stopped"):
        refusal = Gone if memory.record is None else NotAllowed
        raise refusal(f"{who} is {state}; only a VM that is Running or Stopped can be restored.")
    missing = [pair for pair in left if pair.disk.snapshot not in current.snapshots]
    locks = memory.record is None and memory.lock is None
    steps = [_bring(current, goal, pair, locks and pair is missing[0]) for pair in missing]
    if locks and not missing:
        steps.append(_mark(current, goal))
    if state == "Running":
        body = {"id": vm["id"], "forced": True}
        steps.append(Step("stopVirtualMachine", None, body, f"stop {who}", timeout=wanted.wait_timeout))
    if memory.record is None:
        steps.append(_keep(current, goal))
    steps.append(_detach(current, left))
    return steps + [_revert(current, pair, None, goal.backup) for pair in left]


def _will_be(current: Current, goal: Goal) -> t.Tuple[t.List[Row], t.List[Row]]:
    """What is here, or will be, only for the way: the lock, and the rest."""
    memory = current.memory
    missing = [pair.disk.snapshot for pair in goal.pairs if pair.disk.snapshot not in current.snapshots]
    copies = [{"globalId": snapshot, "tags": {marks.KIND: marks.COPY}} for snapshot in missing]
    if memory.lock is not None or memory.record is not None:
        lock = [memory.lock] if memory.lock else []
    elif missing:
        lock = [copies.pop(0)]
    else:
        lock = [{"globalId": "", **_lock(current, goal, marks.MARK)}]
    return lock, [row for row in memory.copies if row is not memory.lock] + copies


def _lock(current: Current, goal: Goal, kind: str) -> Row:
    """Name and tags of what is written first."""
    number = current.memory.number
    tags = dict(_tags(current, goal, kind), **{marks.NUMBER: str(number)})
    return {"name": marks.lock_name(str(current.vm["id"]), number), "tags": tags}


def _tags(current: Current, goal: Goal, kind: str) -> t.Dict[str, str]:
    return {
        marks.BACKUP: goal.backup.id,
        marks.VM: str(current.vm["id"]),
        marks.KIND: kind,
        marks.RAN: "1" if goal.ran else "0",
    }


def origin(current: t.Any, snapshot: str, location: t.Optional[str], backup: str, who: str) -> str:
    """The location that sends a snapshot which is not here, for a volume. Raises :class:`NotAllowed` if there is none."""
    if any(each["globalId"] == snapshot for each in current.by_name.values()):
        raise NotAllowed(
            f"Snapshot ~{snapshot} of {backup} is being deleted here just now, by an earlier run or by somebody else. Run the task again in a minute."
        )
    place = location or (current.remote.get(snapshot) or {}).get("location")
    if place is None:
        raise Gone(
            f"Snapshot ~{snapshot} of {backup} is neither here nor at a location that exports it to this cluster, so {who} cannot be reverted to it."
        )
    return str(place)


def bring(body: Row, template: t.Optional[str], who: str) -> Step:
    """The step that brings a snapshot here, for a volume whose template it gets."""
    place = body["remoteLocation"]
    return Step(
        "SnapshotFromRemote",
        None,
        dict(body, template=template) if template else body,
        f"bring snapshot ~{body['remoteId']} for {who} here from {place!r}",
        advice=(("", f"See that location {place!r} is connected, and what keeps the snapshot from being sent."),),
        recurs=True,
    )


def _bring(current: Current, goal: Goal, pair: Pair, locks: bool) -> Step:
    row, snapshot = pair.target, pair.disk.snapshot
    place = origin(current, snapshot, pair.disk.location, str(goal.backup), pairing.name_of(row))
    more: Row = _lock(current, goal, marks.COPY) if locks else {"tags": _tags(current, goal, marks.COPY)}
    more["tags"][marks.DISK] = str(row["id"])
    body = {"remoteId": snapshot, "remoteLocation": place, **more}
    return bring(body, current.halves[str(row["id"])].get("templateName"), pairing.name_of(row))


def _mark(current: Current, goal: Goal) -> Step:
    """What is written first if there is nothing to bring: a snapshot of a disk, of which only its name and tags matter."""
    row = goal.pairs[0].target
    words = f"take a snapshot of {pairing.name_of(row)}, which notes that a restore of {name_of(current.vm)} has begun"
    return Step(
        "VolumeSnapshot", "~" + str(current.halves[str(row["id"])]["globalId"]), _lock(current, goal, marks.MARK), words
    )


def _keep(current: Current, goal: Goal) -> Step:
    """All disks at one moment. The first is the record."""
    volumes = []
    for number, pair in enumerate(goal.pairs):
        half = current.halves[str(pair.target["id"])]
        tags = dict(
            marks.own_tags(half),
            **_tags(current, goal, marks.SAFETY),
            **{
                marks.DISK: str(pair.target["id"]),
                marks.TO: pair.disk.snapshot,
                marks.NUMBER: str(current.memory.number),
            },
        )
        if number == 0:
            tags.update({marks.STATE: marks.BEGUN, marks.DISKS: str(len(goal.pairs))})
        name = marks.safety_name(str(current.vm["id"]), current.memory.number, number)
        volumes.append({"volume": "~" + str(half["globalId"]), "name": name, "tags": tags})
    disks = listing(repr(str(pair.target["name"])) for pair in goal.pairs)
    words = f"take safety snapshots of the disks {disks} of {name_of(current.vm)} as they are now"
    return Step("VolumesGroupSnapshot", None, {"volumes": volumes}, words)


def _detach(current: Current, pairs: t.Sequence[Pair]) -> Step:
    disks = listing(repr(str(pair.target["name"])) for pair in pairs)
    halves = [current.halves[str(pair.target["id"])] for pair in pairs]
    return detach(halves, f"detach the disks {disks} of {name_of(current.vm)}")


def detach(halves: t.Sequence[Row], words: str) -> Step:
    """The step after which nobody has these volumes attached."""
    items = [{"volume": "~" + str(half["globalId"]), "detach": "all"} for half in halves]
    body = {"reassign": items, "attachTimeout": DETACH_SECONDS}
    return Step("VolumesReassignWait", None, body, words, timeout=float(DETACH_SECONDS), advice=_OPEN, recurs=True)


def _revert(current: Current, pair: Pair, safety: t.Optional[Row], backup: t.Optional[Backup]) -> Step:
    half = current.halves[str(pair.target["id"])]
    snapshot = str(safety["globalId"]) if safety else pair.disk.snapshot
    return revert(half, pairing.name_of(pair.target), snapshot, f" of {backup}" if backup else ", as it was")


def revert(half: Row, who: str, snapshot: str, told: str) -> Step:
    """The step that reverts a volume; ``told`` goes on after the snapshot's id, and says which that is."""
    words = f"revert {who} ({human(int(half['size']))}) to snapshot ~{snapshot}{told}"
    return Step("VolumeRevert", "~" + str(half["globalId"]), {"toSnapshot": "~" + snapshot}, words, advice=_OPEN)


def _put_right(
    current: Current, safety: t.Mapping[str, Row], changes: t.Callable[[Row, Row], Row], marked: bool = False
) -> t.List[Step]:
    """Limits and tags as they were, where a revert has brought those of the snapshot, and no trace of the restore on the disks.

    With ``marked`` only on disks with such a trace: those that a run beside this one has reverted when it was over.
    """
    steps = []
    for row in current.targets:
        half = current.halves.get(str(row["id"]))
        if half is None or (marked and not set(half.get("tags") or {}) & set(marks.EVERY)):
            continue
        body = right(half, safety.get(str(row["id"])), current.snapshots, changes)
        if body:
            steps.append(Step("VolumeUpdate", "~" + str(half["globalId"]), body, _as_before(row)))
    return steps


def right(
    half: Row, safety: t.Optional[Row], snapshots: t.Mapping[str, Row], changes: t.Callable[[Row, Row], Row]
) -> Row:
    """The limits and tags that a volume lacks, or has too many, to be as its safety snapshot says that it was. The latter knows to what it was reverted."""
    body: Row = {}
    tags = {key: "" for key in half.get("tags") or {} if key in marks.EVERY}
    if safety is not None:
        body = {key: value for key, value in changes(half, safety).items() if key in _LIMITS}
        before, has = marks.own_tags(safety), marks.own_tags(half)
        came = marks.own_tags(snapshots.get(tag(safety, marks.TO)) or {})
        tags.update({key: value for key, value in before.items() if has.get(key) != value})
        tags.update({key: "" for key in has if key not in before and key in came})
    return dict(body, tags=tags) if tags else body


def _as_before(row: Row) -> str:
    return f"give {pairing.name_of(row)} the limits and tags that it had before"


def _start(current: Current, wanted: Want) -> Step:
    body = {"id": current.vm["id"]}
    words = f"start {name_of(current.vm)}"
    return Step("startVirtualMachine", None, body, words, timeout=wanted.wait_timeout, advice=_START)


def delete(row: Row, what: str) -> Step:
    """The step that deletes a snapshot of a restore."""
    words = f"delete snapshot ~{row['globalId']}, {what} that was only for the way"
    return Step("SnapshotDelete", "~" + str(row["globalId"]), None, words)


def _left(row: Row) -> Step:
    """The step that deletes what was brought or taken only for the way. What has a name of the restore's own is known by that before it has an id."""
    if tag(row, marks.KIND) == marks.MARK:
        words = f"delete snapshot {row['name']!r}, a note that was only for the way"
        return delete(row, "a note")._replace(action=words)
    return delete(row, "a copy")


def _restored(current: Current) -> str:
    return f"note that {name_of(current.vm)} is restored"


def _note(current: Current, state: str, words: str) -> Step:
    record = t.cast(Row, current.memory.record)
    return Step("SnapshotUpdate", "~" + str(record["globalId"]), {"tags": {marks.STATE: state}}, words)


def _shown(current: Current, goal: Goal, restored: bool) -> Row:
    """One side of the diff."""
    vm = current.vm
    names = [marks.safety_name(str(vm["id"]), current.memory.number, number) for number in range(len(goal.pairs))]
    ended = current.ended.get(goal.backup.id)
    if current.memory.safety or ended:
        names = sorted(str(row["name"]) for row in (ended or current.memory).safety.values())
    return {
        "vm": {"id": vm["id"], "name": vm["name"], "state": vm.get("state")},
        "disks": [
            {
                "id": pair.target["id"],
                "name": pair.target["name"],
                "from_volume_id": pair.disk.volume,
                "snapshot": pair.disk.snapshot,
            }
            for pair in goal.pairs
        ],
        "safety_snapshots": names if restored else [],
        "contents": f"as of {utc(goal.backup.created)}" if restored else "what has been written to its disks",
    }
