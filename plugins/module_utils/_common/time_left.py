# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a task may wait, all in all: for calls, for jobs, for states, and between attempts."""

from __future__ import annotations

import time
import typing as t

from .errors import InvalidOption

#: The longest wait that a task can ask for, in seconds: a week. More than that is a slip, and much more overflows a socket's time-out.
LONGEST = 7 * 24 * 60 * 60
#: What a call may take whose turn comes when the time is over, in seconds: enough to see what has become of the last change.
LAST_LOOK = 1.0


class TimeLeft:
    """The time that a task still has; it runs from when this is made. ``seconds`` is that of the task's ``option``, ``None`` is "as long as it takes"."""

    def __init__(
        self,
        seconds: t.Optional[float] = None,
        option: str = "wait_timeout",
        clock: t.Callable[[], float] = time.monotonic,
    ) -> None:
        self._seconds = float("inf") if seconds is None else float(min(seconds, LONGEST))
        self._option = option
        self._clock = clock
        self._end = clock() + self._seconds

    def __str__(self) -> str:
        return f"{self._seconds:g} s ({self._option})"

    @property
    def seconds(self) -> float:
        """What is left, never below 0."""
        return max(0.0, self._end - self._clock())

    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self._clock() >= self._end

    def within(self, seconds: float) -> float:
        """So many seconds, or what is left if that is less; always enough for a last look."""
        return min(seconds, max(self.seconds, LAST_LOOK))

    def allows(self, pause: float) -> bool:
        """Whether there is time for another attempt after a pause of so many seconds."""
        return pause < self.seconds


def checked(params: t.Mapping[str, t.Any], option: str, least: int = 1) -> int:
    """The seconds that an option gives. Raises :class:`InvalidOption` for fewer than ``least``, and for more than :data:`LONGEST`."""
    seconds = int(params[option])
    if not least <= seconds <= LONGEST:
        raise InvalidOption(f"{option} is {seconds}: give a number of seconds, at least {least} and at most {LONGEST}.")
    return seconds
