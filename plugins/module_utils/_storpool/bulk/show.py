# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bulk module returns: a row for each object, the objects, counts, and a diff that people can read however many objects there are.

A row is ``{kind, name, object, item, result, actions, msg, error, call}``, and until it is shown, ``number``, ``before``, ``after`` and
``changed`` as well.
"""

from __future__ import annotations

import typing as t

from ..._common.errors import PartlyFailed
from ..._common.words import listing
from .failures import complaint, groups, shown_as

Row = t.Dict[str, t.Any]

LISTS = {"template": "templates", "volume": "volumes", "snapshot": "snapshots", "attachment": "attachments"}
RESULTS = ("created", "updated", "deleted", "unchanged", "failed", "not_tried")
#: Of how many changed objects of one kind a diff shows each; of more it shows groups of those that change alike, as many.
MOST_SHOWN = 20
#: How many names stand for a group.
MOST_NAMES = 3
_NOT_SHOWN = frozenset(["number", "before", "after", "changed"])
#: What is different for every object, and would keep objects that change alike from being shown as one group.
_OWN = frozenset(["name", "global_id", "current_global_id", "device", "creation_timestamp", "created_from"])


def report(
    rows: t.Sequence[Row], unchanged: int, diff: bool, with_objects: bool, broken_off: bool = False
) -> t.Dict[str, t.Any]:
    """The result of the module. Raises :class:`PartlyFailed`, which carries all of it, if an object failed.

    ``rows`` may leave out objects that are unchanged, if the objects themselves are not to be returned; ``unchanged`` is how many those are.
    Ansible prints all of a result that is a failure. So unless ``with_objects``, one (``broken_off``: of a task that ends here, whatever the rows say) has in
    ``results`` only what failed, and of many only what stands for each group of objects that failed alike.
    """
    counts = {word: sum(1 for row in rows if row["result"] == word) for word in RESULTS}
    counts["unchanged"] += unchanged
    result: t.Dict[str, t.Any] = {
        "changed": any(row["changed"] for row in rows),
        "summary": counts,
    }
    failed = [row for row in rows if row["result"] in ("failed", "not_tried")]
    alike = groups(failed)
    told = [row for row in rows if row["result"] != "unchanged"]
    if (failed or (broken_off and len(told) > MOST_SHOWN)) and not with_objects:
        shown = failed if len(failed) <= MOST_SHOWN else [members[0] for _reason, members in alike[:MOST_SHOWN]]
        if len(shown) < len(told):
            result["results_left_out"] = len(told) - len(shown)
        told = shown
    result["results"] = [{key: row[key] for key in row if key not in _NOT_SHOWN} for row in told]
    if failed:
        result["failures"] = [shown_as(reason, members) for reason, members in alike[:MOST_SHOWN]]
    if with_objects:
        for kind, option in LISTS.items():
            result[option] = [thing for row in rows if row["kind"] == kind for thing in _things(row["after"])]
    if diff:
        result["diff"] = difference(rows)
    if failed:
        raise PartlyFailed(complaint(alike, counts), result)
    return result


def word(before: t.Any, after: t.Any, changed: bool) -> str:
    """What happened to an object, in one word."""
    if not changed:
        return "unchanged"
    if isinstance(after, list):
        return "updated"
    if not _things(before):
        return "created"
    return "updated" if _things(after) else "deleted"


def difference(rows: t.Iterable[Row]) -> t.Dict[str, t.Any]:
    """The diff: of each kind the objects that change, or where they are many, groups of those that change alike."""
    sides: t.Dict[str, t.Dict[str, t.Any]] = {"before": {}, "after": {}}
    rows = [row for row in rows if row["changed"]]
    for kind, option in LISTS.items():
        changed = [row for row in rows if row["kind"] == kind]
        if len(changed) <= MOST_SHOWN:
            shown = [(row["object"], _shown(row["before"]), _shown(row["after"])) for row in changed]
        else:
            shown = _alike(changed)
        for title, before, after in shown:
            for side, value in (("before", before), ("after", after)):
                if value is not None:
                    sides[side].setdefault(option, {})[title] = value
    return sides


def _things(side: t.Any) -> t.List[t.Any]:
    """The objects that a plan speaks of: one or none, or those of a group, or attachments."""
    if side is None:
        return []
    if isinstance(side, list):
        return side
    return list(side["snapshots"]) if "snapshots" in side else [side]


def _shown(side: t.Any) -> t.Any:
    """One side of a row; of attachments no more than which client has which rights."""
    if isinstance(side, list):
        return {"client {0}".format(row["client"]): row["rights"] for row in side}
    return side


def _alike(rows: t.Iterable[Row]) -> t.List[t.Tuple[str, t.Any, t.Any]]:
    """Groups of objects that change alike: a title with how many there are and the first names, and what is another before and after."""
    groups: t.Dict[str, t.Tuple[t.List[str], t.Any, t.Any]] = {}
    for row in rows:
        before, after = _part(_shown(row["before"]), _shown(row["after"]))
        groups.setdefault(repr((before, after)), ([], before, after))[0].append(_bare(row))
    shown = list(groups.values())
    parts = [
        (f"{len(names):,}: {listing(names, most=MOST_NAMES)}", before, after)
        for names, before, after in shown[:MOST_SHOWN]
    ]
    rest = [name for names, _before, _after in shown[MOST_SHOWN:] for name in names]
    if rest:
        parts.append((f"{len(rest):,} more, each with changes of its own: {listing(rest, most=MOST_NAMES)}", None, {}))
    return parts


def _part(before: t.Any, after: t.Any) -> t.Tuple[t.Any, t.Any]:
    """What a change changes; of what is created, all but what is its own."""
    if before is None:
        return None, {key: value for key, value in after.items() if value not in (None, {}) and key not in _OWN}
    if after is None:
        return {"state": "present"}, None
    keys = [key for key in {**before, **after} if before.get(key) != after.get(key)]
    return ({key: side[key] for key in keys if key in side} for side in (before, after))  # type: ignore[return-value]


def _bare(row: Row) -> str:
    return str(row["name"] or row["object"])
