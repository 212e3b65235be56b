# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots, one or a group taken in one moment: what a task may want of them, and what it has to know first. The plan is in :mod:`snapshot_plan`."""

from __future__ import annotations

import time
import typing as t

from ..._common.errors import InvalidOption
from ..._common.given import located, refuse_empty
from ..._common.plan import Managed, Outcome, Plan
from ..._common.words import quoted
from ..cluster import names, origin, times
from ..cluster.predicted import Predicted
from ..cluster.reader import Raw, Reader
from ..connection.options import POLICY, TAGS
from . import detach, guard, named, policy, snapshot_plan
from . import identity as objects
from .snapshot_plan import Current, Found, Item, Want

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        volume={"type": "str"},
        volumes={
            "type": "list",
            "elements": "dict",
            "options": {
                "volume": {"type": "str", "required": True},
                "name": {"type": "str"},
                "match_tags": {"type": "dict"},
                "tags": {"type": "dict"},
            },
        },
        bind={"type": "bool"},
        delete_after={"type": "str"},
        delete_at={"type": "str"},
        copy_volume_tags={"type": "bool", "default": False},
        template={"type": "str"},
        on_attached=detach.OPTION,
        **dict(objects.IDENTITY, **dict(POLICY, **TAGS, **guard.OPTION)),
    ),
    "required_one_of": [["name", "global_id", "match_tags", "volumes"]],
    "mutually_exclusive": [
        ["delete_after", "delete_at"],
        *[["volumes", option] for option in ("volume", "previous_name", "global_id", "match_tags")],
        *objects.IDENTITY_EXCLUSIVE,
    ],
    "required_by": objects.IDENTITY_REQUIRED_BY,
    "plain_names": {"volumes": "volume"},
}
#: What the name for a group has in the place of the name of each volume.
VOLUME = "{volume}"


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired snapshots that the options describe. Raises :class:`InvalidOption`."""
    group = params["volumes"] is not None
    if group and not params["volumes"]:
        raise InvalidOption("volumes: the list is empty. Name the volumes of which to take snapshots in one moment.")
    tags = names.tags(params["tags"], "tags")
    if params["copy_volume_tags"] and params["purge_tags"] and tags is not None:
        raise InvalidOption("purge_tags would remove the tags that copy_volume_tags copies: set one of them, not both.")
    items = _members(params, tags) if group else (_item(params, tags),)
    _refuse_repeated_names(items)
    return Want(
        present=params["state"] == "present",
        group=group,
        items=items,
        bind=params["bind"],
        delete_after=times.duration(params["delete_after"], "delete_after"),
        delete_at=times.moment(params["delete_at"], "delete_at"),
        template=objects.checked(params, "template", names.name, "template"),
        policy=policy.wanted(params),
        purge_tags=params["purge_tags"] and tags is not None,
        copy_volume_tags=params["copy_volume_tags"],
        on_attached=params["on_attached"],
        allow_foreign=params["allow_foreign"],
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what the plan needs. Raises :class:`Ambiguous` if several snapshots answer to one description."""
    one_by_one = reader.in_lists() if wanted.group else reader
    now = int(time.time())
    if not wanted.present:
        return Current(_found_to_delete(reader, one_by_one, wanted), now=now)
    items = tuple(_found(one_by_one, item) for item in wanted.items)
    bases = [item.snapshot or item.volume or {} for item in items]
    settings: t.Dict[str, t.Any] = {}
    for base in bases:
        settings.update(policy.changes(base, wanted.policy))
    other_template = wanted.template and any(base.get("templateName") != wanted.template for base in bases)
    template = reader.template(str(wanted.template)) if other_template else None
    return Current(
        items,
        now=now,
        template=template,
        templates=tuple(str(raw["name"]) for raw in reader.templates()) if other_template and template is None else (),
        unknown_groups=policy.unknown_groups(reader, settings),
    )


def show(outcome: Outcome) -> t.Dict[str, t.Any]:
    """``snapshot``, the one, and ``snapshots``, a list of the one or of the group."""
    after = outcome.after
    if after is not None and "snapshots" in after:
        return {"snapshot": None, "snapshots": after["snapshots"]}
    return {"snapshot": after, "snapshots": [] if after is None else [after]}


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """A snapshot that is new becomes the parent of the volume that it was taken of."""
    after = todo.after["snapshots"] if todo.after and "snapshots" in todo.after else [todo.after]
    for found, result in zip(current.items, after or [None] * len(current.items)):
        if found.snapshot and found.clients and result is None:
            reader.attach("snapshot", [found.snapshot], [])
        if not found.snapshot and not result:
            continue
        seconds = result and result["delete_at"] is None and _seconds_to_live(found, result, todo)
        date = {"targetDeleteDate": current.now + seconds} if seconds else {}
        if found.volume and not found.snapshot:
            reader.take(found.volume, result, **date)
        else:
            reader.change("snapshot", found.snapshot, result, **date)


def _seconds_to_live(found: Found, result: t.Mapping[str, t.Any], todo: Plan) -> t.Optional[int]:
    """How long a snapshot is to live that StorPool gives the date of its deletion."""
    targets = [None, result["name"], *([objects.reference(found.snapshot)] if found.snapshot else [])]
    if not found.snapshot and found.volume:
        targets.append(objects.reference(found.volume))
    bodies = [step.body for step in todo.steps if step.body and step.target in targets]
    return next((body["deleteAfter"] for body in bodies if body.get("deleteAfter")), None)


def _item(params: t.Mapping[str, t.Any], tags: t.Optional[t.Dict[str, str]]) -> Item:
    which = objects.which("snapshot", params)
    return Item(
        which,
        volume=objects.checked(params, "volume", names.reference, "volume"),
        tags=policy.keep_identity(tags, which.match_tags),
    )


def _members(params: t.Mapping[str, t.Any], tags: t.Optional[t.Dict[str, str]]) -> t.Tuple[Item, ...]:
    pattern = params["name"]
    refuse_empty(pattern, "name")
    if pattern is not None and VOLUME not in pattern:
        raise InvalidOption(
            f"name: {quoted(pattern)} cannot be the name of all snapshots of the group. Write {VOLUME} where the name of the volume shall be, as in "
            f"'{VOLUME}-nightly'."
        )
    members = []
    for index, item in enumerate(params["volumes"]):
        try:
            members.append(_member(params, _named(item, pattern), tags))
        except InvalidOption as failure:
            raise InvalidOption(located(f"volumes[{index}]", failure.message, item)) from None
    return tuple(members)


def _named(item: t.Mapping[str, t.Any], pattern: t.Optional[str]) -> t.Mapping[str, t.Any]:
    """A member of a group, called as the pattern says if it does not say itself how its snapshot is found."""
    if item["name"] is not None or item["match_tags"] is not None:
        return item
    volume = names.reference(item["volume"], "volume", "volume")
    if pattern is None:
        raise InvalidOption(
            f"nothing says what the snapshot of volume {volume!r} is called. Set name to a pattern for the whole group, such as '{VOLUME}-nightly', or give "
            "the item a name or match_tags."
        )
    if volume.startswith("~"):
        raise InvalidOption(f"volume {volume} has no name to call its snapshot by: give the item a name or match_tags.")
    return dict(item, name=pattern.replace(VOLUME, volume))


def _member(params: t.Mapping[str, t.Any], item: t.Mapping[str, t.Any], tags: t.Optional[t.Dict[str, str]]) -> Item:
    """A member of a group: what the whole task says is said of it too, and its own tags come on top."""
    own = names.tags(item["tags"], "tags")
    both = None if tags is None and own is None else dict(tags or {}, **(own or {}))
    which = objects.which("snapshot", dict(item, previous_name=None, global_id=None, state=params["state"]))
    return Item(
        which,
        volume=objects.checked(item, "volume", names.reference, "volume"),
        tags=policy.keep_identity(both, which.match_tags),
    )


def _refuse_repeated_names(items: t.Sequence[Item]) -> None:
    for index, item in enumerate(items):
        if any(item.which == other.which for other in items[:index]):
            raise InvalidOption(
                f"volumes: {item.which} is meant twice. Each snapshot of the group needs its own name or tags."
            )


def _found(reader: Reader, item: Item) -> Found:
    snapshot = objects.find(item.which, reader.snapshot, reader.snapshots_with)
    renamed = item.which.name is not None and (snapshot is None or snapshot["name"] != item.which.name)
    volume = reader.volume(item.volume) if item.volume else None
    if snapshot is not None:
        snapshot = origin.settled(snapshot, volume if item.volume else origin.volume(reader, snapshot))
    return Found(
        snapshot,
        volume=volume,
        holder=objects.holder(reader, item.which, snapshot) if renamed else None,
        there=named.instead(reader, "volume", item.volume) if item.volume and not (snapshot or volume) else "",
    )


def _found_to_delete(reader: Reader, one_by_one: Reader, wanted: Want) -> t.Tuple[Found, ...]:
    snapshots = [objects.find(item.which, one_by_one.snapshot, one_by_one.snapshots_with) for item in wanted.items]
    there = [snapshot for snapshot in snapshots if snapshot]
    exports = reader.exports() if any(_looks_exported(snapshot) for snapshot in there) else []
    found = []
    for item, snapshot in zip(wanted.items, snapshots):
        if snapshot is None:
            found.append(Found())
            continue
        found.append(
            Found(
                snapshot,
                volume=one_by_one.volume(item.volume) if item.volume else None,
                clients=detach.clients_of(one_by_one.attachments_of(snapshot)),
                locations=tuple(sorted(str(row["location"]) for row in exports if _is_export_of(row, snapshot))),
            )
        )
    return tuple(found)


def _looks_exported(snapshot: Raw) -> bool:
    """A first hint that spares the list of exports (vendor client ``sptypes``: ``ownerExported``, ``clusterLocalExported``, ...)."""
    return "Exported" in str(snapshot.get("mcState") or "")


def _is_export_of(row: Raw, snapshot: Raw) -> bool:
    return bool(row.get("globalId") == snapshot["globalId"] or row.get("snapshot") == snapshot["name"])


SNAPSHOT = Managed("snapshot", SPEC, want, look, snapshot_plan.plan, show=show, imagine=imagine)
