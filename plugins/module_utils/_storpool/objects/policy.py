# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What volumes, snapshots and templates have in common: where their copies are, how fast they may be, and their tags."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NotFound
from ..._common.words import there_is
from ..cluster import names
from ..cluster.reader import Raw, Reader
from ..connection.options import POLICY_FIELDS

PLACES = ("placeAll", "placeTail", "placeHead")
#: The placement group that StorPool falls back to where nothing names one (StorPool's knowledge base).
DEFAULT_GROUP = "default"


def wanted(params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The policy that the options ask for, in StorPool's fields; only what is given."""
    policy = {field: params[option] for option, field in POLICY_FIELDS.items() if params.get(option) is not None}
    for option in ("place_all", "place_tail", "place_head"):
        if params.get(option) is not None:
            names.name(params[option], option, "placement group")
    for option in ("iops", "bw"):
        if option in policy:
            policy[option] = names.limit(policy[option], option)
    return policy


def changes(raw: Raw, policy: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The part of a wanted policy that an object does not have yet.

    What nothing has set for the other places follows ``placeAll``, and is listed as if it had been set. So if that changes, they are said as well.
    """
    missing = {field: value for field, value in policy.items() if _shown(field, raw.get(field)) != value}
    if "placeAll" in missing:
        missing.update({place: policy[place] for place in PLACES if place in policy})
    return missing


def settings_of(raw: Raw) -> t.Dict[str, t.Any]:
    """The policy that an object has, as an object made from it would start out."""
    return {field: _shown(field, raw.get(field)) for field in POLICY_FIELDS.values()}


def unknown_groups(reader: Reader, policy: t.Mapping[str, t.Any]) -> t.Mapping[str, str]:
    """The placement groups that a policy names and the cluster does not have, each with what there is instead. Reads nothing if it names none."""
    named = {policy[place] for place in PLACES if place in policy}
    there = reader.placement_groups() if named else {}
    return {group: there_is("StorPool", there, group) for group in sorted(named - set(there))}


def refuse_unknown(groups: t.Mapping[str, str], of: str) -> None:
    """Raise :class:`NotFound` if there are groups that the cluster does not have; ``of`` says whose placement it is."""
    if groups:
        raise NotFound(
            "{0}: there is no placement group {1}. {2} Create it first (storpool_placement_group), or name one that exists.".format(
                of, " and no placement group ".join(repr(group) for group in groups), next(iter(groups.values()))
            )
        )


def tag_changes(
    current: t.Mapping[str, str], wanted_tags: t.Optional[t.Mapping[str, str]], purge: bool
) -> t.Dict[str, str]:
    """The tags to send so that an object has those wanted: StorPool merges, and an empty value removes.

    With ``purge`` those not named are removed; without it they stay. ``None`` leaves all tags alone.
    """
    if wanted_tags is None:
        return {}
    send = {key: value for key, value in wanted_tags.items() if current.get(key, "") != value}
    if purge:
        send.update({key: "" for key in current if key not in wanted_tags})
    return send


def merged_tags(current: t.Mapping[str, str], sent: t.Mapping[str, str]) -> t.Dict[str, str]:
    """The tags of an object after ``sent`` has been merged into them."""
    return {key: value for key, value in dict(current, **sent).items() if value != ""}


def match_tags(value: t.Optional[t.Mapping[t.Any, t.Any]], option: str = "match_tags") -> t.Optional[t.Dict[str, str]]:
    """Tags that identify an object: at least one, and none of them empty, since every object would match."""
    tags = names.tags(value, option)
    if tags is not None and (not tags or "" in tags.values()):
        raise InvalidOption(
            f"{option}: it must name at least one tag, each with a value; an empty one would match objects that are not meant."
        )
    return tags


def keep_identity(
    tags: t.Optional[t.Mapping[str, str]], identity: t.Optional[t.Mapping[str, str]]
) -> t.Optional[t.Dict[str, str]]:
    """The wanted tags with the identifying ones among them, so that the object is found again.

    Raises :class:`InvalidOption` if ``tags`` would give an identifying tag another value.
    """
    if not identity:
        return None if tags is None else dict(tags)
    for key, value in (tags or {}).items():
        if identity.get(key, value) != value:
            raise InvalidOption(
                f"tags would set {key!r} to {value!r}, but match_tags finds the object by {key!r} being {identity[key]!r}: it would not be found again."
            )
    return dict(tags or {}, **identity)


def _shown(field: str, value: t.Any) -> t.Any:
    """A field of a listing as it would be asked for: a limit of 0 is ``-``, and what old servers leave out is the default."""
    if field in ("iops", "bw"):
        return names.UNLIMITED if value in (None, 0, "") else value
    if field == "limitType":
        return value or "total"
    if field == "reuseServer":
        return bool(value)
    return value
