# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a task says how far it is while it runs, and how long its parts are.

A module can say nothing before it ends, over most connections. So its action runs it in parts with the same options, until nothing is left. Every part
reads what is there, and does what is left of the task.
"""

from __future__ import annotations

import os
import sys
import time
import typing as t

#: Seconds in which a part begins with new objects: a short one first, so that it is said soon that there is much to do.
FIRST_PART, OTHER_PARTS = 3, 10
#: Ansible's strategies load a plugin where there is still a terminal; the process that runs it has none.
ON_A_TERMINAL = sys.stdout.isatty() and not os.environ.get("CI")


def is_wanted(task: t.Any) -> bool:
    """Whether somebody is to see how far a task is. One in check mode, or in the background, is done in one go."""
    progress = task.args.get("progress", "auto")
    in_one_go = task.async_val or task.check_mode
    return not in_one_go and (progress == "always" or (progress == "auto" and ON_A_TERMINAL))


class Pace:
    """How fast a task is, as a line for who watches it: ``storpool_objects: 1,200 of 2,000 done, 3 failed; 120 a second, about 7 s left``."""

    def __init__(self, task: t.Any, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._name = str(task.action).rpartition(".")[2]
        self._clock = clock
        self._begin = clock()

    def line(self, over: int, failed: int, total: int) -> str:
        """``over`` are those of the ``total`` that are done or have failed."""
        seconds = max(self._clock() - self._begin, 0.001)
        rate = over / seconds
        pace = f"{rate:,.0f} a second" if rate >= 10 else f"{rate * 60:,.0f} a minute"
        left = f"; {pace}, about {_duration((total - over) / rate)} left" if over else ""
        return f"{self._name}: {over - failed:,} of {total:,} done{f', {failed:,} failed' if failed else ''}{left}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
