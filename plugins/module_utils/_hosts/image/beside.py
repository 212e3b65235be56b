# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read in a thread of its own while programs copy."""

from __future__ import annotations

import contextlib
import threading
import typing as t

from ..._common.errors import Failure

#: Reads to the end, or to where it is when the event is set, and returns what came of it.
Work = t.Callable[[threading.Event], str]


class Reading:
    """Something that is being read."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ended: t.List[str] = []
        self._failed: t.List[Failure] = []
        self._thread.start()

    def result(self) -> str:
        """What came of it, as soon as it is there. Raises the :class:`Failure` that it ended with."""
        self._thread.join()
        if self._failed:
            raise self._failed[0]
        return self._ended[0]

    def end(self) -> None:
        """Stop reading."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._ended.append(self._work(self._stop))
        except Failure as failure:
            self._failed.append(failure)


@contextlib.contextmanager
def reading(work: Work) -> t.Iterator[Reading]:
    """Something to read meanwhile, which is over when the block ends, whatever happens."""
    one = Reading(work)
    try:
        yield one
    finally:
        one.end()
