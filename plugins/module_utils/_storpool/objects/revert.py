# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume back to a snapshot: what a task may want, what it has to know first, and the plan.

Whether a volume was reverted cannot be read from the cluster in general, so this is a verb. The plan remembers what it has done in this run, and what
the volume was like before it: StorPool may give a reverted volume the limits and tags of the snapshot (StorPool API facts: clients send them again).
"""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NameTaken, NotAllowed, NotFound
from ..._common.plan import Outcome, Plan, Step
from ..._common.verb import History, Verb
from ..._common.words import listing, sentence
from ..cluster import names, origin, results, times
from ..cluster.predicted import Predicted
from ..cluster.reader import Raw, Reader
from ..connection import ids as identity
from . import detach, guard, named, policy
from . import identity as objects

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        {option: objects.IDENTITY[option] for option in ("name", "global_id", "match_tags")},
        snapshot={"type": "str", "required": True},
        revert_size={"type": "bool", "default": False},
        allow_unrelated={"type": "bool", "default": False},
        on_attached=detach.OPTION,
        safety_snapshot={"type": "str"},
        safety_delete_after={"type": "str"},
        **guard.OPTION,
    ),
    "required_one_of": [["name", "global_id", "match_tags"]],
    "mutually_exclusive": [["name", "global_id", "match_tags"]],
    "required_by": {"safety_delete_after": ["safety_snapshot"]},
}

#: What a volume holds before a revert, in words.
_OWN = "what has been written to it"


class Want(t.NamedTuple):
    """A desired revert. ``snapshot`` is a name or ``~globalId``, ``safety`` a name for a new snapshot, ``safety_delete_after`` in seconds."""

    which: objects.Which
    snapshot: str
    revert_size: bool
    allow_unrelated: bool
    on_attached: str
    safety: t.Optional[str]
    safety_delete_after: t.Optional[int]
    allow_foreign: bool


class Current(t.NamedTuple):
    """What the plan has to know.

    ``parents`` are global ids, read only if the snapshot was taken of another volume. ``written`` is whether the volume may have been written to since
    the safety snapshot; it is read, which is slow, only if an earlier run may have ended between that snapshot and the revert.
    """

    volume: t.Optional[Raw]
    snapshot: t.Optional[Raw] = None
    there: str = ""  # what there is in place of a volume or snapshot that is not
    parents: t.FrozenSet[str] = frozenset()
    clients: t.Tuple[int, ...] = ()
    safety: t.Optional[Raw] = None
    safety_is_volume: bool = False
    written: bool = True


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired revert that the options describe. Raises :class:`InvalidOption`."""
    safety = params["safety_snapshot"]
    return Want(
        which=objects.which("volume", dict(params, previous_name=None, state="present")),
        snapshot=names.reference(params["snapshot"], "snapshot", "snapshot"),
        revert_size=params["revert_size"],
        allow_unrelated=params["allow_unrelated"],
        on_attached=params["on_attached"],
        safety=None if safety is None else names.new_snapshot_name(safety, "safety_snapshot"),
        safety_delete_after=times.duration(params["safety_delete_after"], "safety_delete_after"),
        allow_foreign=params["allow_foreign"],
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if several volumes answer to the description."""
    volume = objects.find(wanted.which, reader.volume, reader.volumes_with)
    if volume is None:
        return Current(None, there=named.instead(reader, "volume", wanted.which.name) if wanted.which.name else "")
    snapshot = reader.snapshot(wanted.snapshot)
    foreign = snapshot is not None and origin.is_of(snapshot, volume) is False
    safety = reader.snapshot(wanted.safety) if wanted.safety else None
    if safety is not None:
        safety = origin.settled(safety, volume)
    return Current(
        volume,
        snapshot,
        there="" if snapshot else named.instead(reader, "snapshot", wanted.snapshot),
        parents=frozenset(str(parent["globalId"]) for parent in reader.parents_of(volume)) if foreign else frozenset(),
        clients=detach.clients_of(reader.attachments_of(volume)),
        safety=safety,
        safety_is_volume=bool(wanted.safety and safety is None and reader.volume(wanted.safety)),
        written=not (_is_on(volume, safety) and _is_empty(reader, volume)),
    )


def pin(wanted: Want, first: Current) -> Want:
    """From the first look on, the volume that was found then is meant: a revert may change its present id and its tags, but not the id that stays."""
    if first.volume is None or wanted.which.name is not None:
        return wanted
    return wanted._replace(which=wanted.which._replace(global_id=first.volume["globalId"], match_tags=None))


def plan(current: Current, wanted: Want, history: History) -> Plan:
    """The calls that are left: detach, take the safety snapshot, revert; then put right what the revert should not have changed.

    Raises a :class:`Failure` where the task must not or cannot be done: see the kinds in :mod:`.._common.errors`.
    """
    first = t.cast(Current, history.first)
    # As it was before this run: afterwards it may have the tags of the snapshot.
    things = [guard.Thing("volume", first.volume)] if first.volume else []
    instead = dict(guard.MODULES, volume="cloudstack_volume_revert")
    return guard.guarded(lambda: _plan(current, wanted, history), things, wanted.allow_foreign, instead)


def _plan(current: Current, wanted: Want, history: History) -> Plan:
    first = t.cast(Current, history.first)
    volume = _same_volume(current, wanted, first)
    if first.safety and first.snapshot and first.safety["globalId"] == first.snapshot["globalId"]:
        raise InvalidOption(f"snapshot and safety_snapshot are both {wanted.safety!r}: a safety snapshot is a new one.")
    if _was_reverted_before(first):
        if _is_left_as_reverted(first):
            kept = t.cast(Raw, first.safety)
            # A safety snapshot that was taken by hand may have no tags.
            before = dict(kept, tags=kept.get("tags") or volume.get("tags"))
            return _plan_to_put_right(current, volume, before, volume["size"])
        there = _shown(volume, current.safety, _as_of(current.snapshot))
        return Plan((), there, there)
    if _is_reverted(current, volume, first, history):
        before = t.cast(Raw, first.volume)
        return _plan_to_put_right(current, volume, before, _size(before, t.cast(Raw, first.snapshot), wanted))
    snapshot = _checked_snapshot(current, volume, wanted)
    _check_safety(current, wanted, first)
    if current.clients and (history.done or not first.clients):
        raise NotAllowed(
            f"{sentence(_label(volume))} was attached to {objects.client_list(current.clients)} while the task worked on it, so it is not reverted. "
            "Find out who uses it, then run the task again."
        )
    attached = detach.Attached("volume", volume, current.clients)
    steps = list(detach.steps([attached], wanted.on_attached, "so it is not reverted"))
    safety = current.safety
    if wanted.safety and safety is None:
        steps.append(_safety_step(volume, wanted))
        safety = _predicted_safety(volume, wanted)
    steps.append(_revert_step(volume, snapshot, wanted))
    after = dict(volume, parentName=snapshot["name"], size=_size(volume, snapshot, wanted))
    after.pop("currentGlobalId", None)  # it may be another one then
    losses = () if wanted.safety else (_loss(current, volume, snapshot),)
    return Plan(
        tuple(steps), _shown(volume, current.safety, _OWN), _shown(after, safety, _as_of(snapshot)), losses=losses
    )


def show(outcome: Outcome) -> t.Dict[str, t.Any]:
    """The volume, the safety snapshot, and what was lost for good."""
    shown = {key: outcome.after[key] for key in ("volume", "safety_snapshot")}
    return dict(shown, lost=list(outcome.losses))


def at_stake(history: History, step: t.Optional[Step]) -> t.Optional[str]:
    """What the volume had and may have lost, if the task ends between the revert and what puts that right. A safety snapshot remembers it."""
    tried = [each.call for each in (*history.done, *([step] if step else ()))]
    volume, snapshot = history.first.volume, history.first.snapshot
    if "VolumeRevert" not in tried or tried[-1] == "VolumeUpdate" or "VolumeSnapshot" in tried or history.first.safety:
        return None
    body, words = _to_put_right(dict(volume, **_own(snapshot)), volume)
    if not body:
        return None
    return f"Before the revert {_label(volume)} had {listing(words, most=100)}; if it no longer has, give it that back (storpool_volume)."


def _same_volume(current: Current, wanted: Want, first: Current) -> Raw:
    if current.volume is None or first.volume is None:
        raise NotFound(
            "There is no {0}, so it cannot be reverted.{1}".format(
                str(wanted.which).replace("the volume", "volume", 1), current.there
            )
        )
    if current.volume["globalId"] != first.volume["globalId"]:
        raise NotAllowed(
            f"{sentence(str(wanted.which))} became another volume while the task worked on it, so it is not reverted. "
            "Find out who replaced it, then run the task again."
        )
    return current.volume


def _was_reverted_before(first: Current) -> bool:
    """Whether an earlier run of the task reverted the volume, which only a safety snapshot can tell.

    Taking the safety snapshot makes it the parent of the volume. So if it is there, and the parent is the snapshot to revert to, the revert came after it.
    """
    volume, safety = t.cast(Raw, first.volume), first.safety
    return safety is not None and origin.is_of(safety, volume) is not False and _is_on(volume, first.snapshot)


def _is_left_as_reverted(first: Current) -> bool:
    """Whether the volume has all that a revert may bring from the snapshot, as if the run that reverted it had ended before it could put that right."""
    volume, snapshot = t.cast(Raw, first.volume), t.cast(Raw, first.snapshot)
    return _own(volume) == _own(snapshot)


def _own(raw: Raw) -> t.Dict[str, t.Any]:
    """What a volume or a snapshot has of its own beside its name, its size and its data."""
    return dict(policy.settings_of(raw), templateName=raw.get("templateName"), tags=raw.get("tags") or {})


def _is_reverted(current: Current, volume: Raw, first: Current, history: History) -> bool:
    """Whether this run has reverted the volume. If the answer was lost, a parent that has become the snapshot says so, or another present id if it was
    the parent before. A server that keeps the id says nothing then. To revert once more is harmless, as the volume is attached nowhere and so nobody can
    have written to it."""
    if any(step.call == "VolumeRevert" for step in history.done):
        return True
    before = t.cast(Raw, first.volume)
    other_id = identity.current(volume) != identity.current(before)
    came_after = other_id or current.safety is not None or not _is_on(before, first.snapshot)
    return came_after and _is_on(volume, current.snapshot) and current is not first


def _is_empty(reader: Reader, volume: Raw) -> bool:
    """Whether a volume holds no data but that of its parents."""
    return any(row["globalId"] == volume["globalId"] and row["storedSize"] == 0 for row in reader.volumes_space())


def _is_on(volume: Raw, snapshot: t.Optional[Raw]) -> bool:
    return snapshot is not None and volume.get("parentName") == snapshot["name"]


def _checked_snapshot(current: Current, volume: Raw, wanted: Want) -> Raw:
    """The snapshot to revert to, if nothing speaks against it before anything is written."""
    snapshot, what = current.snapshot, _label(volume)
    if snapshot is None:
        raise NotFound(f"{sentence(what)} cannot be reverted: there is no snapshot {wanted.snapshot!r}.{current.there}")
    if _is_unrelated(current, snapshot, volume) and not wanted.allow_unrelated:
        raise NotAllowed(
            f"{sentence(objects.label('snapshot', snapshot))} was not taken of {what}, nor is the volume based on it: all that the volume holds would give "
            "way to the contents of another one. If that is meant, set allow_unrelated."
        )
    if snapshot["size"] > volume["size"] and not wanted.revert_size:
        raise NotAllowed(
            f"{sentence(objects.label('snapshot', snapshot))} has {names.human(snapshot['size'])} and {what} only {names.human(volume['size'])}, so the end of "
            "what was saved would be cut off. Set revert_size to give the volume the size of the snapshot."
        )
    return snapshot


def _is_unrelated(current: Current, snapshot: Raw, volume: Raw) -> bool:
    return origin.is_of(snapshot, volume) is False and snapshot["globalId"] not in current.parents


def _check_safety(current: Current, wanted: Want, first: Current) -> None:
    """The safety snapshot has to be a new one, unless nothing can have been written after it: the task may have ended before the revert."""
    if current.safety_is_volume:
        raise NameTaken(
            f"safety_snapshot: the name {wanted.safety!r} belongs to a volume. Volumes and snapshots share their names: choose another."
        )
    if first.safety is not None and (first.written or first.clients):
        raise NameTaken(
            f"safety_snapshot: there is a snapshot {wanted.safety!r}{_taken(first.safety)} already, and it does not hold what was written after it. "
            "Choose another name, or delete it if it is not needed."
        )


def _safety_step(volume: Raw, wanted: Want) -> Step:
    body: t.Dict[str, t.Any] = {"name": wanted.safety}
    if volume.get("tags"):
        body["tags"] = dict(
            volume["tags"]
        )  # with the policy, which it gets by itself, it remembers all that a revert may change
    if wanted.safety_delete_after:
        body["deleteAfter"] = wanted.safety_delete_after
    action = f"take snapshot {wanted.safety!r} of {_label(volume)} as it is now"
    return Step("VolumeSnapshot", objects.reference(volume), body, action)


def _revert_step(volume: Raw, snapshot: Raw, wanted: Want) -> Step:
    body: t.Dict[str, t.Any] = {"toSnapshot": objects.reference(snapshot)}
    words = f"revert {_label(volume)} to {_as_of(snapshot)}"
    if wanted.revert_size:
        body["revertSize"] = True
    if _size(volume, snapshot, wanted) != volume["size"]:
        words += ", and its size from {0} to {1}".format(names.human(volume["size"]), names.human(snapshot["size"]))
    return Step("VolumeRevert", objects.reference(volume), body, words)


def _plan_to_put_right(current: Current, volume: Raw, before: Raw, size: int) -> Plan:
    """Give the volume its own limits, tags and the rest of its policy back, where the revert has brought those of the snapshot.

    ``before`` is the volume as it was, or the safety snapshot, which was taken with all of that.
    """
    body, words = _to_put_right(volume, before)
    if volume["size"] != size:
        body["size"] = size
        if size < volume["size"]:
            body["shrinkOk"] = True
        words.append(f"size {names.human(size)}")
    steps: t.Tuple[Step, ...] = ()
    if body:
        action = f"give {_label(volume)} what it had before the revert: {listing(words, most=100)}"
        steps = (Step("VolumeUpdate", objects.reference(volume), body, action),)
    there = _shown(volume, current.safety, _as_of(current.snapshot))
    return Plan(steps, there, there)


def _to_put_right(volume: Raw, before: Raw) -> t.Tuple[t.Dict[str, t.Any], t.List[str]]:
    """The policy and the tags that a volume has to be given to have those that it had before; also in words."""
    body = policy.changes(volume, policy.settings_of(before))
    template = before.get("templateName")
    if template and volume.get("templateName") != template:
        body = dict(policy.settings_of(before), template=template)
    words = [
        "{0} {1}".format(field, "unlimited" if value == names.UNLIMITED else value)
        for field, value in sorted(body.items())
    ]
    tags = policy.tag_changes(volume.get("tags") or {}, before.get("tags") or {}, purge=True)
    if tags:
        body["tags"] = tags
        words += [f"tag {key}={value}" if value else f"no tag {key}" for key, value in sorted(tags.items())]
    return body, words


def _size(volume: Raw, snapshot: Raw, wanted: Want) -> int:
    return int(snapshot["size"] if wanted.revert_size else volume["size"])


def _loss(current: Current, volume: Raw, snapshot: Raw) -> str:
    what = "what it held before" if _is_unrelated(current, snapshot, volume) else "what was written to it since"
    return (
        f"{sentence(_label(volume))} is reverted to {_as_of(snapshot)}, and nothing keeps {what} (no safety_snapshot)."
    )


def _predicted_safety(volume: Raw, wanted: Want) -> Raw:
    """The safety snapshot before it is there; its date of deletion only StorPool's clock can tell."""
    return dict(
        policy.settings_of(volume),
        name=wanted.safety,
        size=volume["size"],
        templateName=volume.get("templateName"),
        parentName=volume.get("parentName"),
        createdFromGlobalId=volume["globalId"],
        tags=dict(volume.get("tags") or {}),
    )


def _shown(volume: Raw, safety: t.Optional[Raw], contents: str) -> t.Dict[str, t.Any]:
    """One side of the diff. ``contents`` says in words what the volume holds, as nothing else need show a revert."""
    return {
        "volume": results.volume(volume),
        "safety_snapshot": None if safety is None else results.snapshot(safety),
        "contents": contents,
    }


def _label(volume: Raw) -> str:
    return objects.label("volume", volume)


def _as_of(snapshot: t.Optional[Raw]) -> str:
    """What a volume holds after a revert: in words, ``snapshot 'db-1-nightly' of 2030-01-31T12:00:00Z``."""
    return "" if snapshot is None else objects.label("snapshot", snapshot) + _taken(snapshot)


def _taken(snapshot: Raw) -> str:
    """`` of 2030-01-31T12:00:00Z``, or nothing where the listing has no time."""
    moment = snapshot.get("creationTimestamp")
    return f" of {times.utc(moment)}" if moment else ""


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The volume as it would be, attached nowhere, and its safety snapshot."""
    if current.clients:
        reader.attach("volume", [t.cast(Raw, current.volume)], [])
    if current.safety is None and todo.after["safety_snapshot"]:
        reader.change("snapshot", None, todo.after["safety_snapshot"])
    reader.change("volume", current.volume, todo.after["volume"])


REVERT = Verb("volume", SPEC, want, look, plan, show, at_stake, pin, imagine)
