# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a step of a plan is carried out: commands once, jobs to their end, and waiting only until a deadline."""

from __future__ import annotations

import itertools
import time
import typing as t

from ..._common.errors import ApiError, BadAnswer, NotConverged, ReplyLost, TransientError, Unreachable
from ..._common.plan import Step
from ..._common.time_left import TimeLeft
from ..._common.transport import first_line
from ..._common.words import listing
from ..connection import refusals, shapes
from ..connection.api import Api
from . import states
from .reader import Reader

#: Commands that are answered at once with the id of a job; a step's time-out is then for the job.
ASYNC = frozenset(
    [
        "enableStorageMaintenance",
        "cancelStorageMaintenance",
        "deleteSnapshot",
        "addResourceDetail",
        "createTemplate",
        "deleteTemplate",
        "extractVolume",
        "createVolume",
        "updateVolume",
        "attachVolume",
        "detachVolume",
        "migrateVolume",
        "migrateVirtualMachineWithVolume",
        "resizeVolume",
        "changeOfferingForVolume",
        "destroyVolume",
        "createSnapshot",
        "revertSnapshot",
        "createVMSnapshot",
        "deleteVMSnapshot",
        "revertToVMSnapshot",
        "createTags",
        "deleteTags",
        "stopVirtualMachine",
        "startVirtualMachine",
    ]
)
#: What whoever waits puts up with: a management server that drains, stops or starts refuses connections, breaks them, answers 503, or has no API yet.
AWAY = (BadAnswer, ReplyLost, TransientError, Unreachable)
_IN_PROGRESS, _SUCCEEDED = 0, 1

#: Asks once what is still missing, in words; ``None`` if nothing is.
Missing = t.Callable[[], t.Optional[str]]


class Settled(t.NamedTuple):
    """The pool is in a state that does not pass by itself, or is gone."""

    pool_id: str

    def watch(self, reader: Reader) -> Missing:
        """What is missing, asked anew each time."""

        def missing() -> t.Optional[str]:
            pool = reader.pool(self.pool_id)
            if pool is None or pool["state"] not in states.PASSING:
                return None
            return "it still is. If no management server works on it (one may have been restarted), repair it in CloudStack"

        return missing


class Connected(t.NamedTuple):
    """The hosts, as (id, name), have connected the pool."""

    pool_id: str
    hosts: t.Tuple[t.Tuple[str, str], ...]

    def watch(self, reader: Reader) -> Missing:
        """What is missing; a host that had connected the pool once is not asked about again."""
        left = list(self.hosts)

        def missing() -> t.Optional[str]:
            left[:] = [host for host in left if not reader.has_connected(host[0], self.pool_id)]
            if not left:
                return None
            hosts = listing(name for _id, name in left)
            return (
                f"not connected: {hosts}. Check that the StorPool client runs and the StorPool driver is installed there, and reconnect the host in "
                "CloudStack"
            )

        return missing


def until(
    missing: Missing,
    seconds: float,
    sleep: t.Callable[[float], None],
    clock: t.Callable[[], float] = time.monotonic,
    stable: float = 0.0,
) -> t.Optional[str]:
    """Wait at most ``seconds`` until nothing is missing, and then until nothing has been missing for ``stable`` seconds.

    Returns ``None``, or what was missing when the time was over. As long as the API is away (:data:`AWAY`), that is what is missing. Raises what else
    ``missing`` raises.
    """
    deadline = clock() + seconds
    since: t.Optional[float] = None
    for attempt in itertools.count():
        try:
            words = missing()
        except AWAY as failure:
            words = failure.message.rstrip(".")
        now = clock()
        if words is None:
            since = now if since is None else since
            left = since + stable - now
            if left <= 0:
                return None
        else:
            since = None
            left = deadline - now
            if left <= 0:
                return words
        sleep(min(pause(attempt), left))
    raise AssertionError("counting has no end")


def pause(attempt: int) -> float:
    """Seconds to wait after an attempt (counted from 0): 0.2, growing to 2."""
    return float(min(2.0, 0.2 * 1.5 ** min(attempt, 10)))


class Worker:
    """Carries out the steps of plans over one :class:`Api`, as long as there is time left for the task."""

    def __init__(
        self,
        api: Api,
        reader: Reader,
        clock: t.Callable[[], float] = time.monotonic,
        time_left: t.Optional[TimeLeft] = None,
    ) -> None:
        self._api = api
        self._reader = reader
        self._clock = clock
        self._time_left = time_left

    def apply(self, step: Step) -> t.Any:
        """Carry out one step; what its job ended with, if it has one.

        Raises as :meth:`Api.change` does, and :class:`NotConverged` when its time is over.
        """
        if step.method == "GET":
            return self._wait(step)
        if self._time_left and self._time_left.is_over():
            raise self._late(step, "there was no time left to begin with it")
        if step.call in ASYNC:
            return self._follow(step, self._api.change(step.call, step.body))
        self._api.change(step.call, step.body, step.timeout)
        return None

    def _seconds(self, step: Step) -> float:
        """What is left of the time for a step."""
        seconds = t.cast(float, step.timeout)
        return min(seconds, self._time_left.seconds) if self._time_left else seconds

    def _wait(self, step: Step) -> None:
        """Wait for what the body of a step watches; if the time is over already, look once."""
        seconds = self._seconds(step)
        missing = step.body.watch(self._reader.hurried(t.cast(float, step.timeout)))
        words = until(missing, seconds, self._api.sleep, self._clock)
        if words is not None:
            raise self._late(step, words)

    def _follow(self, step: Step, accepted: t.Mapping[str, t.Any]) -> t.Any:
        """Wait for the job of a command, and return its result. Its failure is raised as if the command itself had failed."""
        if not isinstance(accepted.get("jobid"), str) or not accepted["jobid"]:
            raise BadAnswer("CloudStack accepted the command without the id of a job for it.", call=f"POST {step.call}")
        deadline = self._clock() + self._seconds(step)
        for attempt in itertools.count():
            answer = self._api.read("queryAsyncJobResult", jobid=accepted["jobid"])
            shapes.refuse_other_job(step.call, step.body, accepted["jobid"], answer)
            if answer.get("jobstatus") == _SUCCEEDED:
                return answer.get("jobresult")
            if answer.get("jobstatus") != _IN_PROGRESS:
                raise self._failed(step, answer)
            left = deadline - self._clock()
            if left <= 0:
                raise self._late(step, "CloudStack's job for it still runs")
            self._api.sleep(min(pause(attempt), left))
        raise AssertionError("counting has no end")

    def _failed(self, step: Step, answer: t.Mapping[str, t.Any]) -> ApiError:
        result = answer.get("jobresult")
        result = result if isinstance(result, dict) else {"errortext": str(result)}
        code = str(result.get("errorcode") or answer.get("jobresultcode"))
        every = str(result.get("errortext") or "no description")
        kind, text = refusals.kind_of(code, every), self._api.scrub(first_line(every))
        return kind(
            f"CloudStack's job for it failed with {code}: {text}",
            call=f"POST {step.call}",
            error={"name": code, "descr": text, "transient": kind is TransientError},
        )

    def _late(self, step: Step, words: str) -> NotConverged:
        seconds = self._time_left or f"{step.timeout:g} s (wait_timeout)"
        return NotConverged(
            f"{seconds} were not enough: {words}. Run the task again: it goes on from there.", call=str(step)
        )
