# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the points in time of a series stay: the last ones, and of so many hours, days and weeks the last one each.

Hours, days and weeks are those of UTC, where none is missing or comes twice; weeks begin on Monday. Only those count that have a point in time, so that a
series which paused for a month keeps what it has. Of each the last one stays: to remove often, or once after a while, comes to the same.

A point after now was made by a clock that was ahead, or by somebody else meanwhile. Nobody knows how old it is, so it stays, and stands for no other.
"""

from __future__ import annotations

import typing as t

HOUR, DAY, WEEK = 3600, 86400, 7 * 86400
#: 1970 began on a Thursday.
_MONDAY = 3 * DAY
#: Option -> which hour, day or week a time is in.
_PERIODS: t.Tuple[t.Tuple[str, t.Callable[[int], int]], ...] = (
    ("hourly", lambda moment: moment // HOUR),
    ("daily", lambda moment: moment // DAY),
    ("weekly", lambda moment: (moment + _MONDAY) // WEEK),
)
RULES = ("last", *(name for name, _period in _PERIODS))


class Keep(t.NamedTuple):
    """What stays: so many of the last, and the last one of so many hours, days and weeks; and never fewer than ``at_least``, which is 1 or more."""

    last: int = 0
    hourly: int = 0
    daily: int = 0
    weekly: int = 0
    at_least: int = 1


def staying(moments: t.Mapping[str, int], keep: Keep, now: int) -> t.FrozenSet[str]:
    """Of points in time (unix, in seconds), by what they are called, those that stay."""
    known = sorted(
        (name for name in moments if moments[name] <= now), key=lambda name: (moments[name], name), reverse=True
    )
    stay = {name for name in moments if moments[name] > now}
    stay.update(known[: max(keep.last, keep.at_least, 1)])
    for rule, period in _PERIODS:
        newest: t.Dict[int, str] = {}
        for name in known:
            newest.setdefault(period(moments[name]), name)
        stay.update(list(newest.values())[: getattr(keep, rule)])
    return frozenset(stay)
