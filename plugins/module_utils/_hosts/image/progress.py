# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a copy is, for who looks on: a line in a file that whoever started the module can read while it runs."""

from __future__ import annotations

import contextlib
import os
import time
import typing as t

#: At most so often something is said, in seconds.
PAUSE = 0.5


class Progress:
    """Says how far it is in the file ``path``; ``None``: to nobody. What cannot be said is left unsaid."""

    def __init__(self, path: t.Optional[str] = None, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._last = float("-inf")

    def part(self, what: str) -> t.Callable[[float], None]:
        """A function that hears how much of 100 has been done of a part of the work."""
        self.say(what)

        def hear(percent: float) -> None:
            if self._clock() - self._last >= PAUSE:
                self.say(f"{what} {percent:.0f} %")

        return hear

    def say(self, words: str) -> None:
        """Say what is being done."""
        self._last = self._clock()
        if not self._path:
            return
        scratch = f"{self._path}.new"
        with contextlib.suppress(OSError):
            handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
            try:
                os.write(handle, words.encode())
            finally:
                os.close(handle)
            os.rename(scratch, self._path)
