# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of many plans, applied over several connections at once."""

from __future__ import annotations

import threading
import typing as t

from .errors import Failure, ReplyLost, Unreachable
from .plan import Step, carry_out

Apply = t.Callable[[Step], t.Any]


class Result(t.NamedTuple):
    """The steps of one plan that were done, and the one that failed, if one did, with its error."""

    done: t.List[Step]
    stopped: t.Optional[t.Tuple[Step, Failure]]


class Crew:
    """Up to ``size`` workers, each with a connection of its own that it keeps for as long as the crew exists."""

    def __init__(self, connect: t.Callable[[], Apply], size: int) -> None:
        self._connect = connect
        self._size = size
        self._connections: t.List[Apply] = []

    def carry_out(
        self, plans: t.Sequence[t.Sequence[Step]], go_on: t.Callable[[], bool] = lambda: True
    ) -> t.List[t.Optional[Result]]:
        """What came of each plan; ``None`` for those that were not begun.

        Nothing more is begun when ``go_on`` says no, or when as many plans in a row as there are workers failed for want of a connection.
        """
        size = min(self._size, len(plans))
        while len(self._connections) < size:
            self._connections.append(self._connect())
        queue = _Queue(plans, size, go_on)
        if size == 1:
            queue.work(self._connections[0])
        elif size:
            _side_by_side(queue, self._connections[:size])
        return queue.results


class _Queue:
    """Plans that workers take one after another."""

    def __init__(self, plans: t.Sequence[t.Sequence[Step]], workers: int, go_on: t.Callable[[], bool]) -> None:
        self.results: t.List[t.Optional[Result]] = [None] * len(plans)
        self.stopped = False
        self._plans = plans
        self._workers = workers
        self._go_on = go_on
        self._next = iter(range(len(plans)))
        self._lock = threading.Lock()
        self._broken_in_a_row = 0

    def work(self, apply: Apply) -> None:
        """Carry out one plan after another, until there are none left."""
        number = self._take()
        while number is not None:
            result = Result(*carry_out(self._plans[number], apply))
            self.results[number] = result
            self._judge(result)
            number = self._take()

    def _take(self) -> t.Optional[int]:
        with self._lock:
            if self.stopped or self._broken_in_a_row >= self._workers or not self._go_on():
                return None
            return next(self._next, None)

    def _judge(self, result: Result) -> None:
        broken = result.stopped is not None and isinstance(result.stopped[1], (Unreachable, ReplyLost))
        with self._lock:
            self._broken_in_a_row = self._broken_in_a_row + 1 if broken else 0


def _side_by_side(queue: _Queue, connections: t.Sequence[Apply]) -> None:
    """One thread a connection. They are daemons: a task that is interrupted does not wait for an API that does not answer."""
    fine: t.List[bool] = []

    def work(apply: Apply) -> None:
        try:
            queue.work(apply)
            fine.append(True)
        finally:
            queue.stopped = True  # nothing is left, or this worker has failed

    threads = [threading.Thread(target=work, args=(apply,), daemon=True) for apply in connections]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:
        queue.stopped = True
    if len(fine) < len(threads):
        raise RuntimeError("a worker ended by an error of its own; its traceback is above")
