# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CloudStack's own tags of a snapshot or a VM: what a task may want, and the calls that make it so."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption
from ..._common.plan import Step
from ..._common.words import listing
from . import results
from .reader import Raw

#: What CloudStack calls a volume snapshot and a VM where it is about tags.
SNAPSHOT, VM = "Snapshot", "UserVm"
_MOST = 255


class Change(t.NamedTuple):
    """A command that changes tags, what it is given, and what it does in words, before and after those for whose tags they are."""

    command: str
    body: Raw
    begin: str
    end: str = ""

    def words(self, who: str) -> str:
        """What it does to a snapshot or VM."""
        return f"{self.begin} {who}{self.end}"


def step(change: Change, who: str, seconds: int) -> Step:
    """The step that makes a change of a snapshot or VM."""
    return Step(change.command, None, change.body, change.words(who), timeout=seconds)


def checked(given: t.Optional[t.Mapping[str, t.Any]], option: str = "tags") -> t.Optional[t.Dict[str, str]]:
    """The tags in an option, as texts; ``None`` if it was not given. Raises :class:`InvalidOption`."""
    if given is None:
        return None
    found = {}
    for key, value in given.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        wrong = value is None or isinstance(value, (dict, list))
        for part in (str(key), text):
            wrong = wrong or not part.strip() or part != part.strip() or len(part) > _MOST
        if wrong:
            raise InvalidOption(
                f"{option}.{str(key)[:80]}: a tag has a key and a value of 1 to {_MOST} characters each, with no space at the beginning or the end."
            )
        found[str(key)] = text
    return found


def changes(
    row: Raw, wanted: t.Optional[t.Mapping[str, str]], purge: bool, kind: str = SNAPSHOT
) -> t.Tuple[Raw, t.List[Change]]:
    """The row with the tags that it is to have, and what makes it so. CloudStack changes no value: the tag goes, and comes anew."""
    has = results.tags_of(row)
    if wanted is None:
        return row, []
    new = {key: value for key, value in wanted.items() if has.get(key) != value}
    gone = {key: value for key, value in has.items() if key in new or (purge and key not in wanted)}
    made = []
    if gone:
        made.append(Change("deleteTags", _body(kind, row, gone), f"take the tags {listing(sorted(gone))} from"))
    if new:
        told = listing(f"{key}={value}" for key, value in sorted(new.items()))
        made.append(Change("createTags", _body(kind, row, new), "give", f" the tags {told}"))
    after = {**{key: value for key, value in has.items() if key not in gone}, **new}
    return dict(row, tags=[{"key": key, "value": value} for key, value in sorted(after.items())]), made


def _body(kind: str, row: Raw, tags: t.Mapping[str, str]) -> Raw:
    # An empty value is that of a tag without one, which cannot be named.
    given = [{"key": key, "value": value} if value else {"key": key} for key, value in sorted(tags.items())]
    return {"resourcetype": kind, "resourceids": row.get("id"), "tags": given}
