# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Durations and moments as people write them, and as StorPool counts them: in seconds, and in seconds since 1970 in UTC."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timedelta, timezone

from ..._common.errors import InvalidOption
from ..._common.given import refuse_empty
from ..._common.words import quoted

NEVER = 0
#: The longest duration, two hundred years; a longer one is a slip, and ends after the last moment that there is.
LONGEST = 200 * 366 * 86400
_NEVER = ", or 'never'"
#: No place on earth is further from UTC: what is, is a slip, and would be another day.
_FURTHEST = timedelta(hours=14)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(r"([0-9]+)\s*([smhdw]?)")
_MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2})(?::([0-9]{2}))?)?\s*(Z|UTC|[+-][0-9]{2}:?[0-9]{2})?"
)


def duration(value: t.Optional[str], option: str, never: str = _NEVER) -> t.Optional[int]:
    """Seconds from ``7d``, ``12h``, ``30m``, ``90s``, ``2w`` or a number of seconds; :data:`NEVER` for ``never`` or 0. ``None`` is not given.

    ``never`` is how an error goes on that says what can be given: it is empty where ``never`` is refused.
    """
    if value is None:
        return None
    refuse_empty(value, option)
    text = value.strip()
    match = _DURATION.fullmatch(text)
    if never and text == "never":
        return NEVER
    if not match:
        raise InvalidOption(
            f"{option}: {quoted(value)} is no duration. Give seconds, or a number with s, m, h, d or w, such as '7d'{never}."
        )
    number = match.group(1).lstrip("0") or "0"
    seconds = int(number[:12]) * _SECONDS[match.group(2) or "s"]
    if len(number) > 12 or seconds > LONGEST:
        raise InvalidOption(f"{option}: {quoted(value)} is too long. Give at most two hundred years{never}.")
    return seconds


def moment(value: t.Optional[str], option: str, never: str = _NEVER) -> t.Optional[int]:
    """A unix time from itself or from ISO 8601, in UTC unless it says otherwise; :data:`NEVER` for ``never`` or 0. ``None`` is not given.

    ``never`` as for :func:`duration`.
    """
    if value is None:
        return None
    refuse_empty(value, option)
    text = value.strip()
    if never and text == "never":
        return NEVER
    if re.fullmatch("[0-9]{1,11}", text):
        return int(text)
    match = _MOMENT.fullmatch(text)
    try:
        if not match:
            raise ValueError
        day, time, seconds, zone = match.groups()
        text = "{0} {1}:{2} +0000".format(day, time or "00:00", seconds or "00")
        return int((datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z") - _offset(zone)).timestamp())
    except (ValueError, OverflowError):
        raise InvalidOption(
            f"{option}: {quoted(value)} is no time. Give a unix time, or ISO 8601 such as '2030-01-31T12:00:00Z'{never}."
        ) from None


def utc(moment_: int) -> str:
    """A unix time for people: ``2030-01-31T12:00:00Z``."""
    return datetime.fromtimestamp(moment_, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def human(seconds: int) -> str:
    """A duration for people: ``7 d``, ``90 s``; in the largest unit that gives a whole number."""
    unit = max((unit for unit, length in _SECONDS.items() if seconds % length == 0), key=lambda unit: _SECONDS[unit])
    return f"{seconds // _SECONDS[unit]} {unit}"


def _offset(zone: t.Optional[str]) -> timedelta:
    if zone in (None, "Z", "UTC"):
        return timedelta()
    digits = str(zone)[1:].replace(":", "")
    distance = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if int(digits[2:]) > 59 or distance > _FURTHEST:
        raise ValueError
    return -distance if str(zone)[0] == "-" else distance
