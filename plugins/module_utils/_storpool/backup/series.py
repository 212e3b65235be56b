# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A series of snapshots or backups of some volumes: which volumes, how what is of the series is marked, and what of it goes.

Each point of a series has a name, so that a second run of a task finds what the first one made. Nothing without the mark is ever deleted.
"""

from __future__ import annotations

import fnmatch
import re
import typing as t

from ..._common.errors import InvalidOption, NotFound
from ..._common.given import refuse_empty
from ..._common.words import listing
from ..cluster import names
from ..cluster.reader import Raw, Reader, has_tags, keys_of
from ..connection.options import TAGS
from ..objects import guard, named, policy
from . import retention

KEEP: t.Dict[str, t.Any] = {
    "type": "dict",
    "options": {rule: {"type": "int", "default": 0} for rule in retention.RULES},
}
OPTIONS: t.Dict[str, t.Any] = dict(
    series={"type": "str", "required": True},
    name={"type": "str", "required": True},
    volumes={"type": "list", "elements": "str"},
    match_tags={"type": "dict"},
    keep=KEEP,
    keep_at_least={"type": "int", "default": 1},
    **dict({"tags": TAGS["tags"]}, **guard.OPTION),
)
_PATTERN = re.compile(r"[*?\[]")


class Mark(t.NamedTuple):
    """How what is of a series is known. ``kind`` is "backup" or "rotation": a backup leaves a snapshot here, which no rotation is to take for its own."""

    kind: str
    series: str
    name: str

    @property
    def of_series(self) -> t.Dict[str, str]:
        """The tag that all of the series has."""
        return {f"ansible-{self.kind}-series": self.series}

    @property
    def tags(self) -> t.Dict[str, str]:
        """The tags of this point of it."""
        return dict(self.of_series, **{f"ansible-{self.kind}-name": self.name})

    def name_of(self, tags: t.Mapping[str, str]) -> t.Optional[str]:
        """What the point is called that these tags are of; ``None`` if they are not of the series."""
        if tags.get(f"ansible-{self.kind}-series") != self.series:
            return None
        return tags.get(f"ansible-{self.kind}-name") or None

    def is_mark(self, tag: str) -> bool:
        """Whether a tag of this name is one by which something is known."""
        return tag.startswith(f"ansible-{self.kind}-")


class Want(t.NamedTuple):
    """What both kinds of series have. ``volumes`` are names, ``~globalId`` or shell patterns. ``now`` is when the task began, by this host's clock."""

    mark: Mark
    volumes: t.Tuple[str, ...]
    match_tags: t.Optional[t.Dict[str, str]]
    keep: t.Optional[retention.Keep]
    tags: t.Dict[str, str]
    allow_foreign: bool
    now: int


def want(kind: str, params: t.Mapping[str, t.Any], now: int) -> Want:
    """What the options say. Raises :class:`InvalidOption`."""
    for option in ("series", "name"):
        refuse_empty(params[option], option)
        names.tags({option: params[option]}, option)
    mark = Mark(kind, params["series"], params["name"])
    tags = names.tags(params["tags"], "tags") or {}
    taken = sorted(tag for tag in tags if mark.is_mark(tag))
    if taken:
        raise InvalidOption(
            f"tags: {listing(map(repr, taken))} says to which series something belongs: use series and name."
        )
    if params["volumes"] is not None and not params["volumes"]:
        raise InvalidOption(
            "volumes: the list is empty. Name the volumes, or leave the option out and give match_tags."
        )
    return Want(
        mark,
        tuple(_pattern_or_reference(each, index) for index, each in enumerate(params["volumes"] or ())),
        policy.match_tags(params["match_tags"]),
        _keep(params["keep"], params["keep_at_least"]),
        {key: value for key, value in tags.items() if value},
        params["allow_foreign"],
        now,
    )


def _pattern_or_reference(text: str, index: int) -> str:
    option = f"volumes[{index}]"
    refuse_empty(text, option)
    return text if _PATTERN.search(text) else names.reference(text, option, "volume")


def _keep(given: t.Optional[t.Mapping[str, int]], at_least: int) -> t.Optional[retention.Keep]:
    if at_least < 1:
        raise InvalidOption(f"keep_at_least: it is {at_least}. The newest one always stays: give 1 or more.")
    if given is None:
        return None
    for rule in retention.RULES:
        if given[rule] < 0:
            raise InvalidOption(f"keep.{rule}: it is {given[rule]}. Give how many shall stay, or 0.")
    if not any(given[rule] for rule in retention.RULES):
        raise InvalidOption(
            f"keep: it says of nothing how many shall stay. Give {listing(retention.RULES)} or some of them, or leave the option out to keep everything."
        )
    return retention.Keep(at_least=at_least, **{rule: given[rule] for rule in retention.RULES})


def volumes(reader: Reader, wanted: Want) -> t.List[Raw]:
    """The volumes that are meant, each once, in the order of the list. Raises :class:`NotFound` for a name or pattern that means none."""
    every = reader.volumes()
    by_key = {key: volume for volume in every for key in keys_of(volume)}
    found: t.Dict[str, Raw] = {}
    for each in wanted.volumes or ("*",):
        if _PATTERN.search(each):
            matched = [raw for raw in every if not wanted.volumes or _matches(str(raw["name"]), each)]
        else:
            matched = [by_key[each]] if each in by_key else []
        if not matched and wanted.volumes:
            instead = named.instead(reader, "volume", each)
            raise NotFound(f"volumes: there is no volume {each!r}, so nothing of it would be kept.{instead}")
        found.update((str(raw["globalId"]), raw) for raw in matched if has_tags(raw, wanted.match_tags or {}))
    if not found:
        tags = listing(f"{key}={value}" for key, value in sorted((wanted.match_tags or {}).items()))
        raise NotFound(
            f"match_tags: no volume{' of these' if wanted.volumes else ''} has {tags}, so nothing would be kept."
        )
    return list(found.values())


def _matches(name: str, pattern: str) -> bool:
    """What has no name is listed with its global id in place of one, which no pattern is meant for."""
    return not name.startswith("~") and fnmatch.fnmatchcase(name, pattern)


def moment(raw: Raw, wanted: Want) -> int:
    """When something was taken, as unix time. What does not say it is of later than now, so that it stays."""
    return int(raw.get("creationTimestamp") or wanted.now + 1)


def leaving(moments: t.Mapping[str, int], wanted: Want) -> t.FrozenSet[str]:
    """Of the points of a series, those that are to go. What this task makes or has made, and is called as it says, is not among them."""
    if wanted.keep is None:
        return frozenset()
    own = wanted.mark.name
    known = {name: min(moment, wanted.now) if name == own else moment for name, moment in moments.items()}
    return frozenset(known) - retention.staying(known, wanted.keep, wanted.now) - {own}
