# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many objects brought to where they are wanted in one task: each on a :class:`.plan.Course` of its own, all looked at together.

::

    read lists ─▶ plan each object whose turn it is ─▶ apply, side by side ─▶ read lists ─▶ ...  until every plan is empty

One that fails holds up only what needs it. However many have to be looked at again, the lists are read once for all of them.
"""

from __future__ import annotations

import copy
import functools
import time
import typing as t

from .crew import Crew, Result
from .errors import ApiError, BadAnswer, Failure, InvalidOption, ReplyLost, Unreachable
from .plan import MAY_PASS, Course, Outcome, Plan, Step, backoff, predicted
from .words import listing

#: How many objects may share one call.
MOST_TOGETHER = 100
#: Errors of a read. They are about the API, and not about the object that was to be looked at.
OF_THE_API = (ApiError, BadAnswer, ReplyLost, Unreachable)

#: What a job has before it begins, and once it is over.
_NO_COURSE = Course(())
_NO_PLAN = Plan((), None, None)

WAITING, DONE, FAILED, NOT_TRIED = "waiting", "done", "failed", "not tried"


class Job:
    """One object of many. ``label`` is how sentences call it. ``look`` is given a reader, ``plan`` what ``look`` returned.

    ``needs`` are the jobs that must have been done before this one, ``after`` those that must be over, done or failed. A job without ``look`` is a
    mark that others can wait for.

    Jobs whose plans are one step each, and whose ``company`` is the same function, share calls: it makes one step of several jobs.
    ``imagine`` changes what a reader says as if a plan had been carried out; it is called in check mode.
    """

    __slots__ = (
        "after",
        "begun",
        "company",
        "course",
        "culprit",
        "current",
        "failure",
        "imagine",
        "label",
        "look",
        "needs",
        "not_before",
        "outcome",
        "plan",
        "reader",
        "state",
        "todo",
        "together",
    )

    def __init__(
        self,
        label: str,
        look: t.Optional[t.Callable[[t.Any], t.Any]] = None,
        plan: t.Optional[t.Callable[[t.Any], Plan]] = None,
        company: t.Optional[t.Callable[[t.Sequence[Job]], Step]] = None,
        imagine: t.Optional[t.Callable[[t.Any, t.Any, Plan], None]] = None,
    ) -> None:
        self.label = label
        self.look = look
        self.plan = plan
        self.company = company
        self.imagine = imagine
        self.needs: t.Sequence[Job] = ()
        self.after: t.Sequence[Job] = ()
        self.state = WAITING
        self.course = _NO_COURSE
        self.reader: t.Any = None
        self.current: t.Any = None
        self.todo = _NO_PLAN
        self.outcome: t.Optional[Outcome] = None
        self.failure: t.Optional[Failure] = None
        self.culprit: t.Optional[Job] = None
        self.begun = False
        self.not_before = 0.0
        self.together = MOST_TOGETHER

    def __repr__(self) -> str:
        return f"<Job {self.label}: {self.state}>"

    @property
    def over(self) -> bool:
        """Whether nothing more will be done, well or not."""
        return self.state != WAITING

    def fail(self, failure: Failure) -> None:
        """This job cannot be done; it is said why."""
        self.state, self.failure = FAILED, failure

    def is_ripe(self) -> bool:
        """Whether all that it waits for is over. A job that needs one that was not done is over by that."""
        for job in self.needs:
            if job.state in (FAILED, NOT_TRIED):
                self.state, self.culprit = NOT_TRIED, job.culprit or job
                return False
        return all(job.over for job in self.needs) and all(job.over for job in self.after)

    def forget(self) -> None:
        """Let go of what only a look at it needed: of a hundred thousand jobs that is most of what there is to remember."""
        self.current, self.todo = None, _NO_PLAN

    def look_and_plan(self, reader: t.Any) -> None:
        """Fill ``current`` and ``todo``. Raises as ``look`` and ``plan`` do."""
        if self.look and self.plan:
            self.reader = reader
            self.current = self.look(reader)
            self.todo = self.plan(self.current)


class Group(t.NamedTuple):
    """Jobs that share steps; usually one with its own."""

    jobs: t.Tuple[Job, ...]
    steps: t.Tuple[Step, ...]


def in_order(jobs: t.Iterable[Job]) -> t.List[Job]:
    """The jobs, each behind those that it waits for, otherwise as they come. Raises :class:`InvalidOption` if they wait for each other in a circle."""
    order: t.Dict[Job, None] = {}
    for start in jobs:
        if not start.needs and not start.after:
            order[start] = None
            continue
        path: t.Dict[Job, t.Iterator[Job]] = {}
        job: t.Optional[Job] = start
        while job is not None:
            if job not in path:
                path[job] = iter([*job.needs, *job.after])
            ahead = next((other for other in path[job] if other not in order), None)
            if ahead is None:
                order[job] = None
                del path[job]
                job = next(reversed(list(path)), None) if path else None
            elif ahead in path:
                circle = [*path][[*path].index(ahead) :]
                raise InvalidOption(
                    f"{listing(each.label for each in circle)} wait for each other in a circle. Do it in two tasks."
                )
            else:
                job = ahead
    return list(order)


def foresee(jobs: t.Iterable[Job], reader: t.Any) -> None:
    """What :func:`converge_all` would do, as far as it can be known without doing it: check mode.

    Each job sees what those before it would have changed, as far as their ``imagine`` tells the reader. Raises as :func:`in_order` and what reads do.
    """
    for job in in_order(jobs):
        if job.over or not job.is_ripe():
            continue
        try:
            job.look_and_plan(reader)
        except OF_THE_API:
            raise
        except Failure as failure:
            job.fail(failure)
            continue
        job.state, job.outcome = DONE, predicted(job.todo)
        if job.imagine and job.todo.steps:
            job.imagine(reader, job.current, job.todo)


def converge_all(
    jobs: t.Iterable[Job],
    read: t.Callable[[], t.Any],
    crew: Crew,
    pauses: t.Sequence[float] = backoff(5),
    seconds: float = float("inf"),
    clock: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> None:
    """Bring every job to its end: after it each is done, failed, or not tried because of one that failed.

    ``read`` makes a reader of how things are now. No object is begun more than ``seconds`` after the first; what has not been begun by then stays
    ``waiting``. Raises what a read raises, as long as nothing has been changed; later such an error is that of each job that is left, but what has been
    begun is not given up for a list that is none, before it has been read as often as ``pauses`` allow.
    """
    every = in_order(jobs)
    waiting = [job for job in every if not job.over]
    for job in waiting:
        job.course = Course(pauses)
    patience = Patience(pauses)
    more_reads = iter(pauses)
    until = float("inf")
    while True:
        wake = min((job.not_before for job in waiting if job.begun), default=0.0)
        others = clock() < until and any(not job.begun and job.is_ripe() for job in waiting)
        if wake > clock() and not others:
            sleep(wake - clock())
        try:
            ready = _look_again(waiting, read(), clock(), clock() < until)
        except OF_THE_API as failure:
            if not any(job.begun for job in every):
                raise
            pause = next(more_reads, None) if isinstance(failure, BadAnswer) else None
            if pause is not None:
                sleep(pause)
                continue
            _give_up(waiting, failure)
            return
        waiting = [job for job in waiting if not job.over]
        if not ready and not any(job.begun for job in waiting):
            return
        until = min(until, clock() + seconds)
        lasting = patience.tried_by(_apply(ready, crew, until, clock))
        del ready  # and with it the plans, before the lists are read again
        if lasting:
            _give_up(waiting, lasting)
            return
        if patience.pause:
            sleep(patience.pause)


def _apply(
    ready: t.Iterable[Job], crew: Crew, until: float, clock: t.Callable[[], float]
) -> t.List[t.Optional[t.Tuple[Step, Failure]]]:
    """Apply the steps of these jobs, first of those that have been begun, the others until it is ``until``. What stopped each group that was tried."""
    results: t.List[t.Optional[Result]] = []
    groups: t.List[Group] = []
    for begun, end in ((True, float("inf")), (False, until)):
        some = _groups(job for job in ready if job.begun == begun)
        groups += some
        results += crew.carry_out([group.steps for group in some], functools.partial(_is_before, end, clock))
    _take_notes(groups, results, clock())
    return [result.stopped for result in results if result is not None]


class Patience:
    """Ends a task whose calls all fail for want of a connection, once that has been so for as many rounds as one object would be tried again."""

    def __init__(self, pauses: t.Sequence[float]) -> None:
        self._pauses = pauses
        self._bad = 0

    @property
    def pause(self) -> float:
        """Seconds to wait for a connection before the next round."""
        return self._pauses[self._bad - 1] if self._bad else 0.0

    def tried_by(self, stops: t.Sequence[t.Optional[t.Tuple[Step, Failure]]]) -> t.Optional[Failure]:
        """Take note of a round, of what stopped each plan in it; the error to end the task with, if this was the last one."""
        errors = [stopped[1] for stopped in stops if stopped and isinstance(stopped[1], (Unreachable, ReplyLost))]
        self._bad = self._bad + 1 if errors and len(errors) == len(stops) else 0
        return errors[-1] if self._bad > len(self._pauses) else None


def _look_again(waiting: t.Iterable[Job], reader: t.Any, now: float, begin: bool) -> t.List[Job]:
    """Plan what is ripe; what turns out to be done is over. Returns the jobs that have steps to be applied now."""
    ready = []
    for job in waiting:
        if job.over or not job.is_ripe() or job.not_before > now:
            continue
        try:
            job.look_and_plan(reader)
            ended = job.course.ends_with(job.todo)
        except Failure as failure:
            if isinstance(failure, BadAnswer) or (isinstance(failure, OF_THE_API) and not job.begun):
                raise
            job.fail(failure)
            continue
        if ended:
            job.state, job.outcome, job.course = DONE, job.course.outcome(job.todo), _NO_COURSE
            job.forget()
        elif begin or job.begun:
            job.todo = job.todo._replace(before=None, after=None)  # which the next look makes anew
            ready.append(job)
        else:
            job.forget()
    return ready


def _is_before(end: float, clock: t.Callable[[], float]) -> bool:
    return clock() < end


def _groups(ready: t.Iterable[Job]) -> t.List[Group]:
    alone, sociable = [], {}  # type: t.List[Group], t.Dict[t.Tuple[t.Any, int], t.List[Job]]
    for job in ready:
        if job.company and len(job.todo.steps) == 1:
            sociable.setdefault((job.company, job.together), []).append(job)
        else:
            alone.append(Group((job,), job.todo.steps))
    for (company, most), jobs in sociable.items():
        for start in range(0, len(jobs), most):
            some = jobs[start : start + most]
            alone.append(Group(tuple(some), (company(some),) if len(some) > 1 else some[0].todo.steps))
    return alone


def _take_notes(groups: t.Iterable[Group], results: t.Iterable[t.Optional[Result]], now: float) -> None:
    """Tell jobs what came of them. Pauses begin now for all of them, so that all can be looked at again together."""
    for group, result in zip(groups, results):
        if result is not None:
            _take_note(group, result, now)


def _take_note(group: Group, result: Result, now: float) -> None:
    """Tell each job of a group what came of its steps. A call that several share and that is refused is tried again in smaller parts."""
    alone = len(group.jobs) == 1
    stopped = result.stopped
    for job in group.jobs:
        job.begun = True
        try:
            if alone or stopped is None:
                pause = job.course.advance(result.done if alone else job.todo.steps, stopped)
            elif isinstance(stopped[1], MAY_PASS):
                pause = job.course.advance((), (job.todo.steps[0], copy.copy(stopped[1])))
            else:
                pause, job.together = 0.0, max(1, len(group.jobs) // 10)
        except Failure as failure:
            job.fail(failure)
            continue
        job.forget()
        job.not_before = now + pause if pause else 0.0


def _give_up(waiting: t.Iterable[Job], failure: Failure) -> None:
    for job in waiting:
        if not job.over:
            job.state, job.failure = (FAILED if job.begun else NOT_TRIED), failure
