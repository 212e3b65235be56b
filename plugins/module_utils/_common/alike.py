# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Things that failed, those together that failed for the same reason, though the sentence of each has its own names, ids and numbers."""

from __future__ import annotations

import re
import typing as t

from .words import listing

#: How many names a line has; the rest is counted.
MOST_NAMED = 3
#: With more groups than that, those are one whose reasons differ in quoted names only.
_MANY = 10
_IDS = re.compile(r"~?\b[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|[0-9]+")
_QUOTED = re.compile(r"(?<!\w)'[^']*'(?!\w)")


class Reason(t.NamedTuple):
    """Why something failed. ``label`` is what a line calls it (nothing, if it is empty), ``own`` are names that are its own in the sentence ``why``."""

    label: str
    own: t.Sequence[str]
    why: str


def groups(reasons: t.Iterable[Reason]) -> t.List[t.List[Reason]]:
    """Those together that are alike, the largest group first."""
    every = [(_without_ids(one), one) for one in reasons]
    found = _grouped(every)
    if len(found) > _MANY:
        found = _grouped((_QUOTED.sub("''", text), one) for text, one in every)
    return sorted(found, key=lambda group: -len(group))


def line(group: t.Sequence[Reason], most: int = MOST_NAMED) -> str:
    """``db-1, db-2, db-3 and 97 more: No room.``; where the sentences are not the same, the first stands for all."""
    names = listing((one.label for one in group if one.label), most=most)
    alike = " alike" if any(one.why != group[0].why for one in group) else ""
    return f"{names}{alike}: {group[0].why}" if names else group[0].why


def _grouped(every: t.Iterable[t.Tuple[str, Reason]]) -> t.List[t.List[Reason]]:
    found: t.Dict[str, t.List[Reason]] = {}
    for text, one in every:
        found.setdefault(text, []).append(one)
    return list(found.values())


def _without_ids(one: Reason) -> str:
    text = one.why
    for name in sorted(filter(None, one.own), key=len, reverse=True):
        if name in text:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "''", text)
    return _IDS.sub("#", text)
