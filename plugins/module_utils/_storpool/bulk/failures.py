# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a bulk task that failed, those together that failed for the same reason: a thousand are told like one."""

from __future__ import annotations

import re
import typing as t

from ..._common.words import listing, sentence

Row = t.Dict[str, t.Any]
#: A reason, and the rows that have it.
Group = t.Tuple[str, t.List[Row]]

#: How many groups, and how many objects of each, a result names. The rest is counted.
MOST_NAMED = 20
#: How many groups, and how many names of each, the sentence names.
MOST_IN_A_SENTENCE = 3
_GLOBAL_ID = re.compile(r"~[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+")
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_OF = "attachments of "
#: What there is in place of one that is not, which is another for each.
_INSTEAD = re.compile(r" (Did you mean '|StorPool has ).*")
_OTHER_OBJECTS = re.compile(r"'[^']*'|[0-9]+")


def groups(rows: t.Iterable[Row]) -> t.List[Group]:
    """The rows by kind, result and reason, the largest group first; what failed comes before what was not tried because of it.

    Where there would be very many groups, those are one whose reasons differ only in names and numbers, and the first reason stands for them.
    """
    fine = _grouped((row, reason(row), reason(row)) for row in rows)
    if len(fine) > MOST_NAMED:
        told = ((row, why, _INSTEAD.sub("", why)) for why, members in fine for row in members)
        fine = _grouped((row, why, _OTHER_OBJECTS.sub("", alike)) for row, why, alike in told)
    return sorted(fine, key=lambda group: (group[1][0]["result"] != "failed", -len(group[1])))


def reason(row: Row) -> str:
    """Why an object failed, without what is its own in the sentence."""
    text, label = (_UUID.sub("...", _GLOBAL_ID.sub("~...", str(row[key]))) for key in ("msg", "object"))
    label = label[len(_OF) :] if label.startswith(_OF) else label
    nouns = {"template": "StorPool template", "attachment": label.split(" ", 1)[0]}
    noun = "the " + nouns.get(row["kind"], str(row["kind"]))
    text = text.rstrip(".")
    for name, instead in ((sentence(label), sentence(noun)), (label, noun)):
        if text.startswith(name + ": "):
            text = text[len(name) + 2 :]
        text = text.replace(name, instead)
    return text.replace(repr(str(row["name"])), "'...'") if row["name"] else text


def shown_as(why: str, members: t.Sequence[Row]) -> t.Dict[str, t.Any]:
    """A group as the result has it. ``error`` and ``call`` are those of the first."""
    first = members[0]
    return {
        "kind": first["kind"],
        "result": first["result"],
        "count": len(members),
        "msg": first["msg"] if len(members) == 1 else sentence(why) + ".",
        "error": first["error"],
        "call": first["call"],
        "names": [_name(row) for row in members[:MOST_NAMED]],
        "items": list(dict.fromkeys(row["item"] for row in members if row["item"]))[:MOST_NAMED],
    }


def complaint(alike: t.Sequence[Group], counts: t.Mapping[str, int]) -> str:
    """What failed and why; what is the reason for many is said once."""
    failed = [group for group in alike if group[1][0]["result"] == "failed"] or list(alike)
    untried = ", {0:,} not tried".format(counts["not_tried"]) if counts["not_tried"] else ""
    more = sum(len(members) for _why, members in failed[MOST_IN_A_SENTENCE:])
    return "{0:,} of {1:,} objects failed{2}: {3}{4}".format(
        counts["failed"],
        sum(counts.values()),
        untried,
        "; ".join(_in_words(*group) for group in failed[:MOST_IN_A_SENTENCE]),
        f"; and {more:,} more for other reasons, see failures" if more else "",
    )


def _grouped(rows: t.Iterable[t.Tuple[Row, str, str]]) -> t.List[Group]:
    found: t.Dict[t.Tuple[t.Any, ...], Group] = {}
    for row, why, alike in rows:
        key = (row["kind"], row["result"], (row["error"] or {}).get("kind"), alike)
        found.setdefault(key, (why, []))[1].append(row)
    return list(found.values())


def _in_words(why: str, members: t.Sequence[Row]) -> str:
    if len(members) == 1:
        return str(members[0]["msg"]).rstrip(".")
    names = [_name(row) for row in members[:MOST_IN_A_SENTENCE]]
    more = len(members) - len(names)
    named = ", ".join(names) + f" and {more:,} more" if more else listing(names)
    return "{0:,} {1}s ({2}): {3}".format(len(members), members[0]["kind"], named, why)


def _name(row: Row) -> str:
    return str(row["name"] or row["object"])
