# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a step of a plan is carried out: commands once, jobs to their end, and waiting only until a deadline."""

from __future__ import annotations

import itertools
import time
import typing as t

from .._common.errors import ApiError, BadAnswer, NotConverged, Outdated
from .._common.plan import Step
from .._common.words import listing
from . import states
from .api import Api, is_outdated
from .reader import Reader

#: Commands that are answered at once with the id of a job; a step's time-out is then for the job.
ASYNC = frozenset(["enableStorageMaintenance", "cancelStorageMaintenance", "deleteSnapshot"])
_IN_PROGRESS, _SUCCEEDED = 0, 1


class Settled(t.NamedTuple):
    """The pool is in a state that does not pass by itself, or is gone."""

    pool_id: str


class Connected(t.NamedTuple):
    """The hosts, as (id, name), have connected the pool."""

    pool_id: str
    hosts: t.Tuple[t.Tuple[str, str], ...]


class Worker:
    """Carries out the steps of plans over one :class:`Api`."""

    def __init__(self, api: Api, reader: Reader, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._reader = reader
        self._clock = clock

    def apply(self, step: Step) -> None:
        """Carry out one step. Raises as :meth:`Api.change` does, and :class:`NotConverged` when its time is over."""
        if isinstance(step.body, Settled):
            self._settle(step, step.body)
        elif isinstance(step.body, Connected):
            self._connect(step, step.body)
        elif step.call in ASYNC:
            self._follow(step, self._api.change(step.call, step.body))
        else:
            self._api.change(step.call, step.body, step.timeout)

    def _follow(self, step: Step, accepted: t.Mapping[str, t.Any]) -> None:
        """Wait for the job of a command. Its failure is raised as if the command itself had failed."""
        if "jobid" not in accepted:
            raise BadAnswer("CloudStack accepted the command without the id of a job for it.", call=f"POST {step.call}")
        for _attempt in self._attempts(step):
            answer = self._api.read("queryAsyncJobResult", jobid=accepted["jobid"])
            if answer.get("jobstatus") == _SUCCEEDED:
                return
            if answer.get("jobstatus") != _IN_PROGRESS:
                raise self._failed(step, answer)
        raise _late(step, "CloudStack's job for it still runs")

    def _failed(self, step: Step, answer: t.Mapping[str, t.Any]) -> ApiError:
        result = answer.get("jobresult")
        result = result if isinstance(result, dict) else {"errortext": str(result)}
        code = result.get("errorcode") or answer.get("jobresultcode")
        text = self._api.scrub(str(result.get("errortext") or "no description"))
        kind = Outdated if is_outdated(text) else ApiError
        return kind(
            f"CloudStack's job for it failed with {code}: {text}",
            call=f"POST {step.call}",
            error={"name": str(code), "descr": text, "transient": False},
        )

    def _settle(self, step: Step, goal: Settled) -> None:
        for _attempt in self._attempts(step):
            pool = self._reader.pool(goal.pool_id)
            if pool is None or pool["state"] not in states.PASSING:
                return
        raise _late(
            step,
            "it still is. If no management server works on it (one may have been restarted), repair it in CloudStack",
        )

    def _connect(self, step: Step, goal: Connected) -> None:
        missing = goal.hosts
        for _attempt in self._attempts(step):
            missing = tuple(host for host in missing if not self._reader.has_connected(host[0], goal.pool_id))
            if not missing:
                return
        hosts = listing(name for _id, name in missing)
        raise _late(
            step,
            f"not connected: {hosts}. Check that the StorPool client runs and the StorPool driver is installed there, and reconnect the host in CloudStack",
        )

    def _attempts(self, step: Step) -> t.Iterator[int]:
        """One number for each attempt, with growing pauses between them (0.2 to 2 s), until the step's time is over."""
        deadline = self._clock() + t.cast(float, step.timeout)
        for attempt in itertools.count():
            yield attempt
            left = deadline - self._clock()
            if left <= 0:
                return
            self._api.sleep(min(2.0, 0.2 * 1.5 ** min(attempt, 10), left))


def _late(step: Step, words: str) -> NotConverged:
    return NotConverged(
        f"{step.timeout:g} s (wait_timeout) were not enough: {words}. Run the task again: it goes on from there.",
        call=str(step),
    )
