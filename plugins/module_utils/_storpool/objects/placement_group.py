# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Placement groups: named sets of disks."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NotAllowed, NotFound
from ..._common.plan import Managed, Plan, Step
from ..._common.words import listing, there_are
from ..cluster import names, results
from ..cluster.predicted import Predicted
from ..cluster.reader import Raw, Reader
from . import named
from .policy import PLACES

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str", "required": True},
        "previous_name": {"type": "str"},
        "disks": {"type": "list", "elements": "int"},
        "purge_disks": {"type": "bool", "default": False},
        "remove_disks": {"type": "list", "elements": "int"},
    },
}


class Want(t.NamedTuple):
    """A desired placement group. ``disks`` is ``None`` if the task says nothing of the disks that it shall have."""

    present: bool
    which: named.Which
    disks: t.Optional[t.FrozenSet[int]]
    purge_disks: bool
    remove_disks: t.FrozenSet[int]


class Current(t.NamedTuple):
    """What a plan for one placement group has to know. ``users`` are read only if it may be deleted, ``unknown_disks`` only if some are added."""

    group: t.Optional[Raw] = None
    unknown_disks: t.FrozenSet[int] = frozenset()
    disks: t.Tuple[int, ...] = ()  # those that there are, if some are unknown
    users: t.Tuple[str, ...] = ()


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired placement group that the options describe. Raises :class:`InvalidOption`."""
    which = named.which("placement group", params)
    disks, removed = _disks(params, "disks"), _disks(params, "remove_disks") or frozenset()
    both = sorted((disks or frozenset()) & removed)
    if both:
        raise InvalidOption(
            f"{_disk_list(both)} cannot be in disks and in remove_disks at once: say whether the placement group shall have it or not."
        )
    return Want(params["state"] == "present", which, disks, params["purge_disks"] and disks is not None, removed)


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if the old and the new name of a rename are both there."""
    group = named.find(wanted.which, reader.placement_groups().get)
    if not wanted.present:
        return Current(group, users=_users(reader, wanted.which.name) if group else ())
    added = (wanted.disks or frozenset()) - _members(group)
    there = tuple(reader.disks()) if added else ()
    return Current(group, unknown_disks=added - frozenset(there), disks=there)


def plan(current: Current, wanted: Want) -> Plan:
    """The call that makes the current placement group the wanted one: StorPool creates, extends and shrinks with the same.

    Raises :class:`NotFound` for disks that are not there, :class:`NotAllowed` if a group to be deleted is in use, :class:`InvalidOption` if it would be
    without disks.
    """
    group, which = current.group, wanted.which
    if not wanted.present:
        return _plan_absent(group, current.users)
    if current.unknown_disks:
        raise NotFound(
            f"{which}: the cluster has no {_disk_list(sorted(current.unknown_disks))}. {there_are('StorPool', current.disks, min(current.unknown_disks))} "
            "storpool_cluster_info shows more of each."
        )
    had = _members(group)
    shall = (
        (wanted.disks or frozenset()) if wanted.purge_disks else had | (wanted.disks or frozenset())
    ) - wanted.remove_disks
    _refuse_empty(shall, group, which)
    before = results.placement_group(group) if group else None
    after = {"name": which.name, "disks": sorted(shall)}
    words = [
        f"{verb} {_disk_list(disks)}"
        for verb, disks in (("add", sorted(shall - had)), ("remove", sorted(had - shall)))
        if disks
    ]
    body: t.Dict[str, t.Any] = {"addDisks": sorted(shall - had), "rmDisks": sorted(had - shall)}
    if group is None:
        return Plan(
            (Step("PlacementGroupUpdate", which.name, body, f"create {which} with {_disk_list(sorted(shall))}"),),
            None,
            after,
        )
    if group["name"] != which.name:
        body["rename"] = which.name
        words.insert(0, f"rename it to {which.name!r}")
    if not words:
        return Plan((), before, before)
    action = "update placement group {0!r}: {1}".format(group["name"], ", ".join(words))
    return Plan((Step("PlacementGroupUpdate", group["name"], body, action),), before, after)


def _plan_absent(group: t.Optional[Raw], users: t.Sequence[str]) -> Plan:
    if group is None:
        return Plan((), None, None)
    name = group["name"]
    if users:
        raise NotAllowed(
            f"Placement group {name!r} is in use by {listing(users)}, so it is not deleted. Give those another placement group first, or delete them."
        )
    return Plan(
        (Step("PlacementGroupDelete", name, None, f"delete placement group {name!r}", advice=named.IN_USE),),
        results.placement_group(group),
        None,
    )


def _refuse_empty(shall: t.FrozenSet[int], group: t.Optional[Raw], which: named.Which) -> None:
    if shall:
        return
    if group is None:
        raise InvalidOption(f"{which} does not exist, and nothing says which disks it shall have: set disks.")
    if group["disks"]:
        raise InvalidOption(f"{which} would be left without any disk. To delete it, set state to absent.")


def _disks(params: t.Mapping[str, t.Any], option: str) -> t.Optional[t.FrozenSet[int]]:
    disks = params[option]
    if disks is None:
        return None
    twice = sorted({disk for disk in disks if disks.count(disk) > 1})
    if twice:
        raise InvalidOption(
            f"{_disk_list(twice)} {'is' if len(twice) == 1 else 'are'} named more than once in {option}. Name each disk once."
        )
    for disk in disks:
        if not 0 <= disk <= names.LAST_DISK:
            raise InvalidOption(f"{option}: {disk} cannot be the id of a disk; they are from 0 to {names.LAST_DISK}.")
    return frozenset(disks)


def _members(group: t.Optional[Raw]) -> t.FrozenSet[int]:
    return frozenset(int(disk) for disk in group["disks"]) if group else frozenset()


def _users(reader: Reader, name: str) -> t.Tuple[str, ...]:
    """The templates, volumes and snapshots that keep copies in the group, each with its kind."""
    kinds = (("StorPool template", reader.templates), ("volume", reader.volumes), ("snapshot", reader.snapshots))
    return tuple(
        named.label(kind, raw["name"])
        for kind, every in kinds
        for raw in every()
        if name in [raw.get(place) for place in PLACES]
    )


def _disk_list(disks: t.Sequence[int]) -> str:
    return f"disk{'' if len(disks) == 1 else 's'} {listing(disks)}"


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The group as it would be."""
    reader.change("placement group", current.group, todo.after)


PLACEMENT_GROUP = Managed("placement_group", SPEC, want, look, plan, imagine=imagine)
