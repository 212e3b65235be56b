# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs on other machines that report to the simulator, while they run: agents and management servers.

What they reported is in the rows; here is what no dump of the state shows: when they were heard last, and the work that
an agent has been given. Times are seconds of the monotonic clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

#: How often a wait for an agent's answer looks whether the agent is still there, in seconds.
_LOOK_SECONDS = 0.2


@dataclass
class ServerSession:
    """A management server's process. `gone`: it said goodbye (`over`) or fell silent."""

    boot: str
    heard: float = field(default_factory=time.monotonic)
    gone: bool = False
    over: bool = False


@dataclass
class AgentSession:
    """An agent's process. `gone` and `over` as above; `connecting` is its coming up, `retry_at` its next attempt."""

    boot: str
    heard: float = field(default_factory=time.monotonic)
    gone: bool = False
    over: bool = False
    connecting: asyncio.Task[None] | None = None
    retry_at: float | None = None
    work: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    _waiting: dict[str, asyncio.Future[Mapping[str, Any] | None]] = field(default_factory=dict)
    _given: asyncio.Event = field(default_factory=asyncio.Event)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    async def ask(self, work: Mapping[str, Any], patience: float, silence: float) -> Mapping[str, Any] | None:
        """Gives the agent work and waits for its answer.

        None when there is none: `patience` seconds have passed, the agent has gone, or it was silent for `silence`
        seconds. Work that is not answered is lost.
        """
        if self.gone:
            return None
        number = f"{self.boot}/{next(self._numbers)}"
        answer = asyncio.get_running_loop().create_future()
        self.work[number], self._waiting[number] = {"id": number, **work}, answer
        self._given.set()
        end = time.monotonic() + patience
        try:
            while not answer.done() and time.monotonic() < min(end, self.heard + silence):
                await asyncio.wait([answer], timeout=_LOOK_SECONDS)
            return answer.result() if answer.done() else None
        finally:
            self.work.pop(number, None)
            self._waiting.pop(number, None)

    async def hold(self, seconds: float) -> None:
        """Waits until there is new work, for that long."""
        if seconds > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._given.wait()
        self._given.clear()

    def answered(self, answer: Mapping[str, Any]) -> None:
        """Hands on an answer; one that nobody waits for any more is dropped."""
        number = str(answer["id"])
        self.work.pop(number, None)
        waiting = self._waiting.get(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def end(self) -> None:
        """The process has gone: what it was doing is lost."""
        self.gone, self.retry_at = True, None
        self._given.set()
        if self.connecting is not None:
            self.connecting.cancel()
            self.connecting = None
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_result(None)
