# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that say how long one call or program may take. Not a number, infinity and 1e10 are slips, and nothing ends with them.

How long a task may wait is :mod:`.time_left`'s.
"""

from __future__ import annotations

import typing as t

from .errors import InvalidOption

#: The longest that one call may take, a day.
LONGEST_CALL = 86400


def seconds(value: t.Any, option: str, most: int = LONGEST_CALL) -> float:
    """A number of seconds above 0 and at most ``most``. Raises :class:`InvalidOption`."""
    if not 0 < value <= most:  # which is also false for what is not a number
        told = f"{value:g}" if isinstance(value, float) or abs(value) < 10**18 else "too large"
        raise InvalidOption(f"{option} is {told}: give a number of seconds above 0, at most {most}.")
    return float(value)
