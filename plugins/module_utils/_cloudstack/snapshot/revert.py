# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume of CloudStack's back to a snapshot: what a task may want, what it has to know first, and the plan.

Nothing in CloudStack shows whether a volume was reverted, so this is a verb.
"""

from __future__ import annotations

import typing as t

from ..._common.errors import Incomplete, NameTaken, NotAllowed
from ..._common.plan import Outcome, Plan, Step
from ..._common.time_left import checked
from ..._common.verb import History, Verb
from ..._common.words import listing, sentence
from .. import texts
from ..cloud import named, results, reverted
from ..cloud.predicted import Predicted
from ..cloud.reader import Raw, Reader
from ..cloud.reverted import Halves
from ..cloud.snapshots import OF_VOLUMES, holds_all, waiting
from . import own
from .plan import label, predicted_of, taking
from .there import there

#: Without the options for StorPool's address and token, which are the StorPool side's; the module puts them in.
SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "volume": {"type": "str", "required": True},
        "snapshot": {"type": "str", "required": True},
        "zone": {"type": "str"},
        "safety_snapshot": {"type": "str"},
        "wait_timeout": {"type": "int", "default": 3600},
    }
}
#: States of a volume that end by themselves.
_PASSING = frozenset(["Creating", "Snapshotting", "Resizing", "Migrating", "Copying", "Reverting", "Attaching"])
_ADVICE = (
    ("not in the shutdown state", "Somebody has started the VM: stop it, and run the task again."),
    ("VM snapshots", "Remove the snapshots of the VM first (cloudstack_vm_snapshot)."),
    (
        "not implemented",
        "The StorPool driver of this CloudStack cannot revert volumes: make a new volume of the snapshot, or use a newer driver.",
    ),
    ("", "The log of the management server tells more."),
)


class Want(t.NamedTuple):
    """A desired revert: a volume and a snapshot by name or id, in a zone if one is given."""

    volume: str
    snapshot: str
    zone: t.Optional[str]
    safety: t.Optional[str]
    wait_timeout: int


class Current(t.NamedTuple):
    """What the plan has to know. ``elsewhere`` are snapshots with the name that are of other volumes, read only if this one has none.

    ``there`` is what there is in place of a volume or a snapshot that is not there.
    """

    volume: t.Optional[Raw] = None
    snapshot: t.Optional[Raw] = None
    half: t.Optional[Raw] = None  # what StorPool has of the snapshot
    elsewhere: t.Tuple[Raw, ...] = ()
    vm_snapshots: t.Tuple[Raw, ...] = ()
    halves: Halves = Halves({})
    safeties: t.Tuple[Raw, ...] = ()  # the snapshots of it that have the name of the safety snapshot, the oldest first
    vm: t.Optional[Raw] = None  # read only if there are safety snapshots
    there: t.Tuple[Raw, ...] = ()


class Settled(t.NamedTuple):
    """Nothing goes on with the volume any more."""

    volume_id: str

    def watch(self, reader: Reader) -> t.Callable[[], t.Optional[str]]:
        """What is missing, asked anew each time."""

        def missing() -> t.Optional[str]:
            states = [str(row.get("state")) for row in reader.volumes(id=self.volume_id)]
            return next((f"it still is {state}" for state in states if state in _PASSING), None)

        return missing


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired revert that the options describe. Raises :class:`InvalidOption`."""
    return Want(
        volume=texts.text(params["volume"], "volume"),
        snapshot=texts.text(params["snapshot"], "snapshot"),
        zone=texts.text(params["zone"], "zone"),
        safety=texts.text(params["safety_snapshot"], "safety_snapshot"),
        wait_timeout=checked(params, "wait_timeout"),
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if several volumes, or snapshots of the volume, answer to the description."""
    zone_id = named.zone_id(reader, wanted.zone)
    rows = reader.volumes_called(wanted.volume, zone_id)
    volume = named.the_one("volume", "volume", wanted.volume, rows)
    if volume is None:
        return Current(there=tuple(reader.volumes(**named.within(zone_id))))
    listed = reader.volume_snapshots(volumeid=volume["id"])
    of_it = [row for row in listed if wanted.snapshot in (row["id"], row["name"])]
    safe = [row for row in listed if row["name"] == wanted.safety]
    safe.sort(key=lambda row: str(row.get("created")))
    found = there(reader, [*of_it, *(row for row in safe if row not in of_it)], must_know=False)
    of_it = [row for row in of_it if row in found.rows]
    snapshot = named.the_one("snapshot", "snapshot", wanted.snapshot, of_it)
    if snapshot is None:
        rows = reader.snapshots_called(wanted.snapshot, None)
        elsewhere = tuple(row for row in rows if row.get("volumeid") != volume["id"])
        return Current(volume, elsewhere=elsewhere, there=tuple(listed))
    vm_id = volume.get("virtualmachineid")
    vm_snapshots = tuple(reader.vm_snapshots(virtualmachineid=vm_id)) if vm_id else ()
    return Current(
        volume,
        snapshot,
        found.half(snapshot),
        (),
        vm_snapshots,
        reverted.read(reader, [volume]),
        tuple(row for row in safe if row in found.rows),
        next(iter(reader.vms(id=vm_id)), None) if vm_id and safe else None,
    )


def pin(wanted: Want, first: Current) -> Want:
    """From the first look on, the volume and the snapshot that were found then are meant."""
    if first.volume is None or first.snapshot is None:
        return wanted
    return wanted._replace(volume=str(first.volume["id"]), snapshot=str(first.snapshot["id"]))


def plan(current: Current, wanted: Want, history: History) -> Plan:
    """The call that is left, or, when it was made, what it has changed on StorPool and should not have.

    Raises a :class:`Failure` where the task must not or cannot be done: see the kinds in :mod:`.._common.errors`.
    """
    first = t.cast(Current, history.first)
    volume, snapshot = _found(current, wanted)
    kept = _kept(current, snapshot, wanted, first)
    before = _shown(current, volume, snapshot, kept, "what has been written to it")
    is_done = any(step.call == "revertSnapshot" for step in history.done)
    if is_done or (kept is not None and own.is_done(kept, snapshot)):
        after = _shown(current, volume, snapshot, kept, f"as of {label(snapshot)}")
        rest = _end(snapshot, kept, wanted) if kept else []
        cautions = reverted.cautions([volume], first.halves, current.halves) if is_done else ()
        return Plan(tuple(rest), after, after, cautions=cautions)
    _check(volume, current.vm_snapshots)
    target = f"{label(snapshot)}{_taken(snapshot)}"
    step = Step(
        "revertSnapshot",
        None,
        {"id": snapshot["id"]},
        f"revert volume {volume['name']!r} to {target}",
        timeout=wanted.wait_timeout,
        advice=_ADVICE,
    )
    loss = (
        f"Volume {volume['name']!r} is reverted to {target}: what was written to it since is lost (no safety_snapshot)."
    )
    losses = () if wanted.safety else (loss,)
    safety, steps = _keep(volume, snapshot, wanted, first, kept)
    later: t.Tuple[str, ...] = ()
    after = _shown(current, volume, snapshot, None, f"as of {label(snapshot)}")
    if safety is not None:
        begun = own.begun(snapshot, str(wanted.safety))
        later = tuple(each.action for each in _end(begun, safety, wanted))
        after = _shown(current, volume, own.ended(snapshot), own.done(safety, snapshot), f"as of {label(snapshot)}")
    if snapshot.get("state") in OF_VOLUMES.passing:
        wait = waiting(OF_VOLUMES, snapshot, label(snapshot), wanted.wait_timeout)
        return Plan((wait,), before, after, (*(each.action for each in (*steps, step)), *later), losses)
    if volume.get("state") not in _PASSING:
        _check_states(volume, snapshot)
        return Plan((*steps, step), before, after, later, losses)
    # It may be a revert that goes on, of this task or another; then nobody knows to what, and to revert once more is harmless.
    words = f"wait until volume {volume['name']!r} is no longer {volume['state']}"
    wait = Step("listVolumes", None, Settled(str(volume["id"])), words, method="GET", timeout=wanted.wait_timeout)
    return Plan((wait, *steps, step), before, after, later, losses)


def _kept(current: Current, snapshot: Raw, wanted: Want, first: Current) -> t.Optional[Raw]:
    """The safety snapshot: the newest of this run, or one of an earlier run, if that has reverted the volume or nothing was written after it was taken.

    A run that was ended may have begun to revert. What is in the volume then is that snapshot's, and whoever has written to it since wants to keep that.
    """
    known = {str(row["id"]) for row in first.safeties}
    for row in reversed(current.safeties):
        if str(row["id"]) not in known or own.is_done(row, snapshot):
            return row
    begun = wanted.safety is not None and own.has_begun(first.snapshot or snapshot, wanted.safety)
    if not begun or not current.safeties:
        return None
    last = current.safeties[-1]
    still_comes = last.get("state") in OF_VOLUMES.passing
    return last if still_comes or holds_all(last, current.vm) else None


def _end(snapshot: Raw, safety: Raw, wanted: Want) -> t.List[Step]:
    return own.end(snapshot, label(snapshot), safety, label(safety), wanted.wait_timeout)


def _keep(
    volume: Raw, snapshot: Raw, wanted: Want, first: Current, safety: t.Optional[Raw]
) -> t.Tuple[t.Optional[Raw], t.Tuple[Step, ...]]:
    """The snapshot of what the volume holds now, as it is or will be, and what is left to do for it.

    It has to be a new one, or that of an earlier run of the task: nothing shows whether another was taken before or after what is to be kept.
    """
    if wanted.safety is None:
        return None, ()
    if first.safeties and not own.has_begun(first.snapshot or snapshot, wanted.safety):
        raise NameTaken(
            f"safety_snapshot: volume {volume['name']!r} has a snapshot {wanted.safety!r}{_taken(first.safeties[-1])} already, and no earlier run of this task "
            "took it. Choose another name, or delete the snapshot if it is not needed."
        )
    if safety is None:
        begin = own.begin(snapshot, label(snapshot), wanted.safety, wanted.wait_timeout)
        take = taking(volume, wanted.safety, wanted.wait_timeout, " as it is now")
        return predicted_of(volume, wanted.safety), (*begin, take)
    if safety.get("state") in OF_VOLUMES.passing:
        return safety, (waiting(OF_VOLUMES, safety, label(safety), wanted.wait_timeout),)
    if safety.get("state") != OF_VOLUMES.ready:
        raise Incomplete(
            f"safety_snapshot: {label(safety)} could not be taken (state {safety.get('state')}), so the volume is not reverted. Delete it "
            "(cloudstack_volume_snapshot), and run the task again."
        )
    return safety, ()


def show(outcome: Outcome) -> t.Dict[str, t.Any]:
    """The volume, the snapshots, and what was lost for good."""
    return dict(
        {key: outcome.after[key] for key in ("volume", "snapshot", "safety_snapshot")}, lost=list(outcome.losses)
    )


def _found(current: Current, wanted: Want) -> t.Tuple[Raw, Raw]:
    volume = current.volume
    if volume is None:
        where = f" in zone {wanted.zone!r}" if wanted.zone else ""
        raise named.missing("volume", "volume", wanted.volume, current.there, where)
    if current.snapshot is not None:
        return volume, current.snapshot
    if current.elsewhere:
        others = listing(sorted({repr(str(row.get("volumename"))) for row in current.elsewhere}))
        raise NotAllowed(
            f"snapshot: volume {volume['name']!r} has no snapshot {wanted.snapshot!r} with that name or id; the one of that name is of volume {others}. "
            "CloudStack reverts a volume only to its own snapshots: make a new volume of that one."
        )
    raise named.missing("snapshot", "snapshot", wanted.snapshot, current.there, f" of volume {volume['name']!r}")


def _check(volume: Raw, vm_snapshots: t.Sequence[Raw]) -> None:
    """Refuse what CloudStack would refuse since there is a VM."""
    who = sentence(f"volume {volume['name']!r}")
    vm, state = str(volume.get("vmdisplayname") or volume.get("vmname")), volume.get("vmstate")
    if volume.get("virtualmachineid") and state not in (None, "Stopped"):
        raise NotAllowed(
            f"{who} is that of VM {vm!r}, which is {state}, and a volume is reverted only while nobody uses it. Stop the VM first; then run the task again."
        )
    if vm_snapshots:
        names = listing(sorted(repr(str(row.get("displayname") or row["name"])) for row in vm_snapshots))
        raise NotAllowed(
            f"{who} is that of VM {vm!r}, which has the VM snapshots {names}, and CloudStack reverts no single volume of such a VM. Revert the whole VM "
            "(cloudstack_vm_revert), or remove these snapshots first (cloudstack_vm_snapshot)."
        )


def _check_states(volume: Raw, snapshot: Raw) -> None:
    who = sentence(f"volume {volume['name']!r}")
    if volume.get("state") != "Ready":
        raise NotAllowed(f"{who} is {volume.get('state')}, and CloudStack reverts only volumes that are Ready.")
    if snapshot.get("state") != OF_VOLUMES.ready:
        raise NotAllowed(
            f"{who} cannot be reverted: {label(snapshot)} is in state {snapshot.get('state')}, and holds nothing."
        )
    if snapshot.get("revertable") is False:
        raise NotAllowed(
            f"{who} cannot be reverted: CloudStack says of {label(snapshot)} that nothing can be reverted to it."
        )


def _taken(row: Raw) -> str:
    """`` of 2026-01-31T12:00:00+0000``, or nothing where CloudStack does not say."""
    return f" of {row['created']}" if row.get("created") else ""


def _shown(current: Current, volume: Raw, snapshot: Raw, safety: t.Optional[Raw], contents: str) -> t.Dict[str, t.Any]:
    """One side of the diff. ``contents`` says in words what the volume holds, as nothing else need show a revert."""
    return {
        "volume": {"id": volume["id"], "name": volume["name"]},
        "snapshot": results.volume_snapshot(snapshot, current.half),
        "safety_snapshot": None if safety is None else results.volume_snapshot(safety),
        "contents": contents,
    }


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The snapshot that keeps what the volume holds now."""
    safety = todo.after["safety_snapshot"]
    if not current.safeties and safety is not None:
        taken = predicted_of(t.cast(Raw, current.volume), safety["name"])
        reader.change_snapshot(None, own.done(taken, t.cast(Raw, current.snapshot)))


REVERT = Verb("volume", SPEC, want, look, plan, show, pin=pin, imagine=imagine)
