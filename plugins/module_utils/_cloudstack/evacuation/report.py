# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an evacuation returns: a row for each volume that was on the pool, and one sentence if not all of them could be moved.

A row is ``{id, name, type, vm, result, msg, kind}``; ``vm`` is a name, and ``kind`` and ``msg`` say why a volume was not moved.
"""

from __future__ import annotations

import typing as t

from ..._common.errors import PartlyFailed
from ..._common.words import listing

Row = t.Dict[str, t.Any]

MOVED, EXPUNGED, FAILED, WAITING = "moved", "expunged", "failed", "waiting"
#: How many reasons a sentence gives; the rows have all of them.
_MOST_REASONS = 3


def report(what: str, rows: t.Sequence[Row], more: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The result of the module. Raises :class:`PartlyFailed`, which carries all of it, if a volume could not be moved.

    ``what`` is how sentences call the pool, ``more`` what the result has besides.
    """
    result: t.Dict[str, t.Any] = dict(
        more,
        moved=[_shown(row) for row in rows if row["result"] == MOVED],
        expunged=[_shown(row) for row in rows if row["result"] == EXPUNGED],
        failed=[_shown(row) for row in rows if row["result"] == FAILED],
    )
    result["changed"] = bool(result["moved"] or result["expunged"])
    if not result["failed"]:
        return result
    reasons: t.Dict[str, t.List[str]] = {}
    for row in result["failed"]:
        reasons.setdefault(row["msg"], []).append(f"{row['name']!r}" + (f" of VM {row['vm']!r}" if row["vm"] else ""))
    told = [f"{listing(sorted(names), most=3)}: {reason}" for reason, names in list(reasons.items())[:_MOST_REASONS]]
    count = len(result["failed"])
    raise PartlyFailed(
        f"{count} of {len(rows)} volumes {'is' if count == 1 else 'are'} left on {what}. {' '.join(told)} The list failed has "
        "each of them; run the task again when that is put right.",
        result,
    )


def _shown(row: Row) -> Row:
    return {
        key: row[key] for key in ("id", "name", "type", "vm", *(("msg", "kind") if row["result"] == FAILED else ()))
    }
