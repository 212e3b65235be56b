# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots: the plan from what is there to what is wanted. A single snapshot is planned as a group of one, but for the call that takes it."""

from __future__ import annotations

import typing as t

from ..._common.errors import Incomplete, InvalidOption, NameTaken, NotAllowed, NotFound
from ..._common.plan import Plan, Step
from ..._common.words import listing, sentence
from ..cluster import names, origin, results, times
from ..cluster.owner import unmarked
from ..cluster.reader import Raw
from . import detach, guard, named, policy
from . import identity as objects

#: A date of deletion that StorPool counts from the moment at which it takes the snapshot; nobody else can know it.
_BY_STORPOOLS_CLOCK = -1
_UNEXPORT = "Take it back from the other location first (StorPool's SnapshotUnexport)."


class Item(t.NamedTuple):
    """One desired snapshot. ``volume`` is a name or ``~globalId``, or ``None`` if the snapshot has to exist already."""

    which: objects.Which
    volume: t.Optional[str]
    tags: t.Optional[t.Dict[str, str]]


class Want(t.NamedTuple):
    """Desired snapshots and what all of them shall be like. ``delete_after`` is seconds, ``delete_at`` a unix time; in both 0 is never."""

    present: bool
    group: bool
    items: t.Tuple[Item, ...]
    bind: t.Optional[bool]
    delete_after: t.Optional[int]
    delete_at: t.Optional[int]
    template: t.Optional[str]
    policy: t.Dict[str, t.Any]
    purge_tags: bool
    copy_volume_tags: bool
    on_attached: str
    allow_foreign: bool


class Found(t.NamedTuple):
    """What is there of one desired snapshot. ``holder`` has the wanted name, if the snapshot does not: "volume" or "snapshot"."""

    snapshot: t.Optional[Raw] = None
    volume: t.Optional[Raw] = None
    holder: t.Optional[str] = None
    clients: t.Tuple[int, ...] = ()
    locations: t.Tuple[str, ...] = ()
    there: str = ""  # what there is in place of a volume that is not


class Current(t.NamedTuple):
    """What a plan has to know: for each desired snapshot what is there; ``now`` is this host's unix time. ``templates`` are the names of those that
    there are, if the wanted one is not among them.
    """

    items: t.Tuple[Found, ...]
    now: int
    template: t.Optional[Raw] = None
    templates: t.Tuple[str, ...] = ()
    unknown_groups: t.Mapping[str, str] = {}


class Change(t.NamedTuple):
    """An update of one snapshot: the call's body, in words, and the snapshot after it."""

    body: t.Dict[str, t.Any]
    words: t.List[str]
    after: Raw


def plan(current: Current, wanted: Want) -> Plan:
    """The calls that make the current snapshots the wanted ones.

    Raises a :class:`Failure` where the task must not or cannot be done: see the kinds in :mod:`.._common.errors`.
    """
    things = [guard.Thing("snapshot", found.snapshot) for found in current.items if found.snapshot]
    return guard.guarded(lambda: _plan(current, wanted), things, wanted.allow_foreign)


def _plan(current: Current, wanted: Want) -> Plan:
    for item, found in zip(wanted.items, current.items):
        _check(item, found, wanted)
    if not wanted.present:
        return _plan_absent(current, wanted)
    _check_references(current, wanted)
    missing = [item for item, found in zip(wanted.items, current.items) if found.snapshot is None]
    if not missing:
        return _plan_update(current, wanted)
    if len(missing) < len(wanted.items):
        _refuse_partial(current, missing)
    return _plan_create(current, wanted)


def _check(item: Item, found: Found, wanted: Want) -> None:
    """Everything that the task says of one snapshot has to fit what is there, before anything is written."""
    if found.snapshot and found.volume and origin.is_of(found.snapshot, found.volume) is False:
        raise NameTaken(
            f"{sentence(str(item.which))} exists, but it was not taken of {objects.label('volume', found.volume)}: it was taken of a volume with the "
            f"global id ~{origin.global_id(found.snapshot)}. Choose another name or other tags, or delete it, or leave out volume "
            "to manage it whatever it was taken of."
        )
    if not wanted.present:
        return
    if found.snapshot is None and item.which.global_id:
        raise NotFound(f"There is no {item.which}. StorPool gives out global ids itself: name a snapshot that exists.")
    if found.holder:
        raise NameTaken(
            f"The name {item.which.name!r} belongs to a {found.holder}, so no snapshot can have it. Volumes and snapshots share their names: choose another."
        )
    if found.snapshot is None and item.volume is None:
        raise InvalidOption(
            f"{sentence(str(item.which))} does not exist: set volume to say of which volume to take it."
        )
    if found.snapshot is None and found.volume is None:
        raise NotFound(f"{sentence(str(item.which))} cannot be taken: there is no volume {item.volume!r}.{found.there}")


def _check_references(current: Current, wanted: Want) -> None:
    if wanted.template and current.template is None:
        bases = [found.snapshot or found.volume or {} for found in current.items]
        if any(base.get("templateName") != wanted.template for base in bases):
            raise NotFound(
                "{0}: {1} Create it first (storpool_template), or name one that exists.".format(
                    sentence(_names(wanted.items)), named.no_such("template", wanted.template, current.templates)
                )
            )
    policy.refuse_unknown(current.unknown_groups, sentence(_names(wanted.items)))


def _refuse_partial(current: Current, missing: t.Sequence[Item]) -> None:
    there = [objects.label("snapshot", found.snapshot) for found in current.items if found.snapshot]
    raise Incomplete(
        "Of the group, {0} {1}, and {2} {3} not. The snapshots of a group are taken in one moment, so the missing cannot be added to the others: "
        "delete those that exist, or give the whole group new names or tags.".format(
            listing(there), _exist(there), _names(missing), "does" if len(missing) == 1 else "do"
        )
    )


def _plan_absent(current: Current, wanted: Want) -> Plan:
    there = [found for found in current.items if found.snapshot]
    exported = listing(
        f"{_label(found)} is still exported to {listing(found.locations)}" for found in there if found.locations
    )
    if exported:
        raise NotAllowed(f"{sentence(exported)}, so StorPool would not delete it. {_UNEXPORT}")
    attached = [detach.Attached("snapshot", t.cast(Raw, found.snapshot), found.clients) for found in there]
    steps = list(
        detach.steps(attached, wanted.on_attached, f"so {'it is' if len(there) == 1 else 'they are'} not deleted")
    )
    steps += [
        Step(
            "SnapshotDelete",
            objects.reference(t.cast(Raw, found.snapshot)),
            None,
            f"delete {_label(found)}",
            advice=(("still exported", _UNEXPORT),),
            destroys=objects.reference(t.cast(Raw, found.snapshot)),
        )
        for found in there
    ]
    before = [t.cast(Raw, found.snapshot) for found in there]
    return Plan(tuple(steps), _object(before, wanted), _object([], wanted))


def _plan_create(current: Current, wanted: Want) -> Plan:
    """Take the snapshots, then give them what StorPool cannot be told when it takes them."""
    made = [_made(item, t.cast(Raw, found.volume), wanted) for item, found in zip(wanted.items, current.items)]
    steps = [_group_step(current, wanted, made) if wanted.group else _single_step(current, wanted, made[0])]
    if not wanted.group:
        made[0] = dict(made[0], **_predicted(current, wanted))
    later: t.List[str] = []
    after = []
    for item, snapshot in zip(wanted.items, made):
        change = _change(snapshot, item, current, wanted)
        relative = {"targetDeleteDate": _BY_STORPOOLS_CLOCK} if change.body.get("deleteAfter") else {}
        after.append(dict(change.after, **relative))
        words = "update {0}: {1}".format(item.which, ", ".join(change.words))
        if change.body and item.which.name:
            steps.append(Step("SnapshotUpdate", item.which.name, change.body, words))
        elif change.body:
            later.append(words)
    return Plan(tuple(steps), _object([], wanted), _object(after, wanted), later=tuple(later))


def _plan_update(current: Current, wanted: Want) -> Plan:
    steps, before, after = [], [], []
    for item, found in zip(wanted.items, current.items):
        snapshot = t.cast(Raw, found.snapshot)
        change = _change(snapshot, item, current, wanted)
        before.append(snapshot)
        after.append(change.after)
        if change.body:
            nameless = item.which.match_tags and not item.which.name
            what = item.which if nameless else _label(found)
            words = "update {0}: {1}".format(what, ", ".join(change.words))
            steps.append(Step("SnapshotUpdate", objects.reference(snapshot), change.body, words))
    return Plan(tuple(steps), _object(before, wanted), _object(after, wanted))


def _made(item: Item, volume: Raw, wanted: Want) -> Raw:
    """The snapshot that StorPool makes of a volume: with its policy and template, and with no more than the tags that are sent.

    What is taken here is ours, whosever the volume is, so marks of other systems are not copied.
    """
    copied = unmarked(volume.get("tags") or {}) if wanted.copy_volume_tags else {}
    tags = policy.merged_tags(copied, item.tags or {})
    return dict(
        policy.settings_of(volume),
        name=item.which.name,
        autoName=not item.which.name,
        size=volume["size"],
        templateName=volume.get("templateName"),
        parentName=volume.get("parentName"),
        onVolume=volume["name"],
        createdFromGlobalId=volume["globalId"],
        tags=tags,
    )


def _single_step(current: Current, wanted: Want, made: Raw) -> Step:
    item, volume = wanted.items[0], t.cast(Raw, current.items[0].volume)
    body = {"name": item.which.name, "tags": made["tags"] or None, "bind": wanted.bind or None}
    body.update(_deletion({}, current, wanted))
    return Step(
        "VolumeSnapshot",
        objects.reference(volume),
        {field: value for field, value in body.items() if value is not None},
        f"take {item.which} of {objects.label('volume', volume)}",
        repeatable=bool(item.which.name),
    )


def _predicted(current: Current, wanted: Want) -> t.Dict[str, t.Any]:
    """What :func:`_single_step` gives a snapshot beside its name and tags. Members of a group get it by an update."""
    deletion = _deletion({}, current, wanted)
    date = _BY_STORPOOLS_CLOCK if "deleteAfter" in deletion else deletion.get("targetDeleteDate", times.NEVER)
    return {"bound": bool(wanted.bind), "targetDeleteDate": date}


def _group_step(current: Current, wanted: Want, made: t.Sequence[Raw]) -> Step:
    volumes = [t.cast(Raw, found.volume) for found in current.items]
    for index, volume in enumerate(volumes):
        if any(volume["globalId"] == other["globalId"] for other in volumes[:index]):
            raise InvalidOption(
                f"volumes: {objects.label('volume', volume)} is named twice. A group has one snapshot of each volume."
            )
    rows = []
    for item, volume, snapshot in zip(wanted.items, volumes, made):
        row = {"volume": objects.reference(volume), "name": item.which.name, "tags": snapshot["tags"] or None}
        rows.append({field: value for field, value in row.items() if value is not None})
    pairs = listing(f"{item.which} of {objects.label('volume', volume)}" for item, volume in zip(wanted.items, volumes))
    return Step(
        "VolumesGroupSnapshot",
        None,
        {"volumes": rows},
        f"take in one moment {pairs}",
        repeatable=all(item.which.name for item in wanted.items),
    )


def _change(snapshot: Raw, item: Item, current: Current, wanted: Want) -> Change:
    """What an existing snapshot, or one that will just have been taken, still lacks."""
    body: t.Dict[str, t.Any] = {}
    words: t.List[str] = []
    after = dict(snapshot)
    if item.which.name and item.which.name != snapshot["name"]:
        body["rename"] = after["name"] = item.which.name
        after["autoName"] = False
        words.append(f"rename it to {item.which.name!r}")
    if wanted.template and wanted.template != snapshot.get("templateName"):
        body["template"] = after["templateName"] = wanted.template
        body.update(wanted.policy)
        after.update(policy.settings_of(t.cast(Raw, current.template)))
        words.append(f"move it to template {wanted.template!r}")
    settings = policy.changes(snapshot, wanted.policy)
    words += [
        "set {0} to {1}".format(field, "unlimited" if value == names.UNLIMITED else value)
        for field, value in settings.items()
    ]
    body.update(settings)
    after.update(wanted.policy)
    if wanted.bind is not None and wanted.bind != bool(snapshot.get("bound")):
        body["bind"] = after["bound"] = wanted.bind
        words.append("bind it to what is made from it" if wanted.bind else "unbind it from what is made from it")
    deletion = _deletion(snapshot, current, wanted)
    if deletion:
        body.update(deletion)
        after["targetDeleteDate"] = _date(deletion, current)
        words.append(_words(deletion))
    tags = policy.tag_changes(snapshot.get("tags") or {}, item.tags, wanted.purge_tags)
    if tags:
        body["tags"] = tags
        after["tags"] = policy.merged_tags(snapshot.get("tags") or {}, tags)
        words.append("change its tags {0}".format(", ".join(sorted(tags))))
    return Change(body, words, after)


def _deletion(snapshot: Raw, current: Current, wanted: Want) -> t.Dict[str, t.Any]:
    """The fields that give a snapshot its wanted date of deletion, if it does not have it.

    A duration counts from now on, so it is for snapshots that have no date yet; otherwise every run would put the date off.
    """
    date = snapshot.get("targetDeleteDate") or times.NEVER
    if wanted.delete_at is not None and wanted.delete_at != date:
        if wanted.delete_at == times.NEVER:
            return {"deleteAfter": 0}
        if wanted.delete_at <= current.now:
            raise InvalidOption(
                f"delete_at: {times.utc(wanted.delete_at)} has passed (it is {times.utc(current.now)} on this host). StorPool takes only times to come."
            )
        return {"targetDeleteDate": wanted.delete_at}
    if wanted.delete_after == times.NEVER and date:
        return {"deleteAfter": 0}
    if wanted.delete_after and not date:
        return {"deleteAfter": wanted.delete_after}
    return {}


def _date(deletion: t.Mapping[str, int], current: Current) -> int:
    """The date of deletion that the fields bring about, as far as this host's clock can tell."""
    if deletion.get("deleteAfter"):
        return current.now + deletion["deleteAfter"]
    return deletion.get("targetDeleteDate", times.NEVER)


def _words(deletion: t.Mapping[str, int]) -> str:
    if deletion.get("targetDeleteDate"):
        return "schedule its deletion for {0}".format(times.utc(deletion["targetDeleteDate"]))
    return (
        "schedule its deletion in {0}".format(times.human(deletion["deleteAfter"]))
        if deletion["deleteAfter"]
        else "cancel its deletion"
    )


def _object(snapshots: t.Sequence[Raw], wanted: Want) -> t.Any:
    """One side of a plan: the snapshot, or ``None`` if it is not there; of a group, all that are."""
    shown = [dict(results.snapshot(snapshot), **_unknown(snapshot)) for snapshot in snapshots]
    if wanted.group:
        return {"snapshots": shown}
    return shown[0] if shown else None


def _unknown(snapshot: Raw) -> t.Dict[str, t.Any]:
    return {"delete_at": None} if snapshot.get("targetDeleteDate") == _BY_STORPOOLS_CLOCK else {}


def _label(found: Found) -> str:
    return objects.label("snapshot", t.cast(Raw, found.snapshot))


def _names(items: t.Sequence[Item]) -> str:
    return listing(str(item.which) for item in items)


def _exist(things: t.Sequence[str]) -> str:
    return "exists" if len(things) == 1 else "exist"
