# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which objects an info module is asked for: the conditions that all kinds have, most of them looked at here, since releases differ in those of lists."""

from __future__ import annotations

import fnmatch
import typing as t

from ..._common.errors import InvalidOption, Outdated
from ..._common.given import refuse_empty
from ..cloud.reader import Raw, Reader, is_uuid
from ..cloud.results import tags_of

Params = t.Mapping[str, t.Any]

#: The options of objects that belong to an account.
OPTIONS: t.Dict[str, t.Any] = {
    "name": {"type": "list", "elements": "str"},
    "id": {"type": "list", "elements": "str"},
    "zone": {"type": "str"},
    "account": {"type": "str"},
    "domain": {"type": "str"},
    "project": {"type": "str"},
    "state": {"type": "list", "elements": "str"},
    "tags": {"type": "dict"},
}


def check(params: Params, spec: t.Mapping[str, t.Any]) -> None:
    """Raise :class:`InvalidOption` for a condition that is empty, since that is a variable gone wrong, and for the value of a tag that is no text."""
    for option in spec["argument_spec"]:
        refuse_empty(params[option], option)
    tags = params.get("tags")
    for key, value in tags.items() if isinstance(tags, dict) else ():
        if not isinstance(value, (str, int, float)):
            raise InvalidOption(f"tags.{key}: the value of a tag is a text.")


def where(reader: Reader, params: Params, ids: t.Mapping[str, str]) -> t.Optional[t.Dict[str, str]]:
    """The conditions that CloudStack itself is to look at; ``None`` if the zone does not exist, so that nothing is in it.

    These are the zone, and what one id alone says: ``ids`` has options, and the parameters that they are for CloudStack.
    """
    found: t.Dict[str, str] = {}
    for option, parameter in ids.items():
        value = params[option]
        only = value[0] if isinstance(value, list) and len(value) == 1 else value
        if isinstance(only, str) and is_uuid(only):
            found[parameter] = only
    if params["zone"] is not None:
        zone = reader.zone(params["zone"])
        if zone is None:
            return None
        found["zoneid"] = str(zone["id"])
    return found


def listed(read: t.Callable[..., t.List[Raw]], conditions: t.Optional[t.Mapping[str, str]]) -> t.List[Raw]:
    """The rows of a reader's list that meet conditions; none for ``None``, and none for the id of what does not exist, which CloudStack refuses."""
    if conditions is None:
        return []
    try:
        rows = read(**conditions)
    except Outdated:
        return []
    zone = conditions.get("zoneid")
    return [row for row in rows if zone is None or row.get("zoneid") in (None, zone)]


def chosen(rows: t.Iterable[Raw], params: Params, names: t.Sequence[str] = ("name",)) -> t.List[Raw]:
    """The rows that meet the conditions that all kinds have, by zone, name and id. ``names`` are the members that a pattern for the name may fit."""
    patterns, ids, states, tags = (params.get(option) for option in ("name", "id", "state", "tags"))
    account = params.get("account")
    wanted_states = None if states is None else {state.lower() for state in states}
    found = [
        row
        for row in of(of(rows, "domain", params.get("domain")), "project", params.get("project"))
        if (patterns is None or any(_fits(row, member, patterns) for member in names))
        and (ids is None or row["id"] in ids)
        and (account is None or row.get("account") == account)
        and (wanted_states is None or str(row.get("state")).lower() in wanted_states)
        and (tags is None or _has(row, tags))
    ]
    return sorted(found, key=lambda row: (str(row.get("zonename")), str(row["name"]), str(row["id"])))


def of(
    rows: t.Iterable[Raw],
    what: str,
    wanted: t.Optional[str],
    id_member: t.Optional[str] = None,
    names: t.Sequence[str] = (),
) -> t.List[Raw]:
    """The rows whose ``what`` ("domain", "project", ...) has this id; if there is none with it, this name. All of them for ``None``."""
    found = list(rows)
    if wanted is None:
        return found
    return [row for row in found if row.get(id_member or what + "id") == wanted] or [
        row for row in found if wanted in [row.get(member) for member in names or (what,)]
    ]


def _fits(row: Raw, member: str, patterns: t.Iterable[str]) -> bool:
    return row.get(member) is not None and any(fnmatch.fnmatchcase(str(row[member]), pattern) for pattern in patterns)


def _has(row: Raw, tags: t.Mapping[str, t.Any]) -> bool:
    own = tags_of(row)
    return all(own.get(key) == str(value) for key, value in tags.items())
