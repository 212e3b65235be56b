# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an evacuation returns: a row for each volume that was on the pool, and one sentence if not all of them could be moved.

A row is ``{id, name, type, vm, result, msg, kind}``; ``vm`` is a name, and ``kind`` and ``msg`` say why a volume was not moved.
"""

from __future__ import annotations

import typing as t

from ..._common import alike
from ..._common.errors import PartlyFailed

Row = t.Dict[str, t.Any]

MOVED, EXPUNGED, FAILED, WAITING = "moved", "expunged", "failed", "waiting"
#: How many reasons a sentence gives; the rows have all of them.
_MOST_REASONS = 3
#: How many volumes of a list the result of a failure names; the rest is counted. Ansible prints all of it.
_MOST_SHOWN = 20
_LISTS = {MOVED: "moved", EXPUNGED: "expunged", FAILED: "failed"}


def report(what: str, rows: t.Sequence[Row], more: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The result of the module. Raises :class:`PartlyFailed`, which carries all of it, if a volume could not be moved.

    ``what`` is how sentences call the pool, ``more`` what the result has besides.
    """
    result: t.Dict[str, t.Any] = dict(
        more,
        **{name: [_shown(row) for row in rows if row["result"] == word] for word, name in _LISTS.items()},
    )
    result["changed"] = bool(result["moved"] or result["expunged"])
    if not result["failed"]:
        return result
    found = alike.groups(
        alike.Reason(
            f"{row['name']!r}" + (f" of VM {row['vm']!r}" if row["vm"] else ""),
            [str(row[key]) for key in ("name", "id", "vm") if row[key]],
            str(row["msg"]),
        )
        for row in result["failed"]
    )
    told = [alike.line(group) for group in found[:_MOST_REASONS]]
    count = len(result["failed"])
    result["left_out"] = {name: max(len(result[name]) - _MOST_SHOWN, 0) for name in _LISTS.values()}
    for name in _LISTS.values():
        result[name] = result[name][:_MOST_SHOWN]
    unsaid = "The list failed has " + (
        f"the first {_MOST_SHOWN}; cloudstack_volume_info shows all that is on the pool. "
        if result["left_out"]["failed"]
        else "each of them. "
    )
    raise PartlyFailed(
        f"{count:,} of {len(rows):,} volumes {'is' if count == 1 else 'are'} left on {what}. {' '.join(told)} {unsaid}Run the task again when that is put "
        "right.",
        result,
    )


def _shown(row: Row) -> Row:
    return {
        key: row[key] for key in ("id", "name", "type", "vm", *(("msg", "kind") if row["result"] == FAILED else ()))
    }
