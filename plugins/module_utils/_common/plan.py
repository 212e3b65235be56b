# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans, and the one loop that carries them out.

A plan is what a task would write, computed from what is there and what is wanted, without any I/O::

    look ─▶ plan ─▶ apply each step ─▶ look ─▶ plan (now empty)

Check mode plans and stops. Diff mode shows the plan's before and after.
"""

from __future__ import annotations

import time
import typing as t

from .errors import (
    ApiError,
    BadAnswer,
    Failure,
    NotAllowed,
    NotConverged,
    Outdated,
    ReplyLost,
    TransientError,
    Unreachable,
)
from .time_left import LAST_LOOK, TimeLeft

Current = t.TypeVar("Current")

#: StorPool's errors that say "what you read is no longer so": read and plan again, as after :class:`Outdated`.
NEW_FACTS = frozenset(["objectExists", "objectDoesNotExist"])
#: Errors of a change that are no refusal of it. After the last two it may have taken effect: what answered is not what it should be, or nothing did.
MAY_PASS = (Unreachable, TransientError, ReplyLost, BadAnswer)
#: How often one task plans anew before it gives the error of the last attempt to the user.
MOST_ROUNDS = 10


class Step(t.NamedTuple):
    """One API call of a plan.

    ``action`` is an infinitive that names the object ("grow volume 'db-1' from 1 GiB to 2 GiB"); results list it and errors begin with it.
    ``timeout`` is for calls that wait for something: the seconds that this may take, however often it has to be sent.
    ``repeatable`` is false where doing it twice makes two of something, because the API keeps no name that would collide.
    ``advice`` says what to do if the API refuses: pairs of an error's name, or a part of its description, and a sentence. The first that fits is
    added to the error; an empty text fits every error.
    ``destroys`` is the id of what the step destroys for good, if it does. Only what the first look of a task saw is destroyed.
    ``recurs`` is whether it may be wanted once more when it was done, since it is for the steps behind it only: what it brings can be gone again, and what it
    frees be taken. How often is bounded by the rounds of a course.
    """

    call: str
    target: t.Optional[str]
    body: t.Any
    action: str
    method: str = "POST"
    timeout: t.Optional[float] = None
    repeatable: bool = True
    advice: t.Tuple[t.Tuple[str, str], ...] = ()
    destroys: t.Optional[str] = None
    recurs: bool = False

    def __str__(self) -> str:
        return "{0} {1}".format(self.method, "/".join(part for part in (self.call, self.target) if part))


class Plan(t.NamedTuple):
    """What to write, in order, and the object before and after it (``None`` where it does not exist).

    ``seen`` are ids of what a later plan of the same task may come to destroy, beside what the steps destroy.
    ``later`` says in words what can only be planned once the steps were done, since it needs an id that the API gives out.
    ``losses`` says in sentences what the steps destroy for good, and ``cautions`` why what is wanted may not do what one expects.
    """

    steps: t.Tuple[Step, ...]
    before: t.Any
    after: t.Any
    later: t.Tuple[str, ...] = ()
    losses: t.Tuple[str, ...] = ()
    cautions: t.Tuple[str, ...] = ()
    seen: t.FrozenSet[str] = frozenset()


class Managed(t.NamedTuple):
    """What it takes to manage a kind of object: the options of its module, and three functions.

    ``want`` makes the desired state of the options and raises :class:`InvalidOption`; ``look`` reads what the plan has to know, given a reader and
    the desired state; ``plan`` is pure, given what was read and the desired state. ``key`` names the object in results.
    ``settle``, given the desired state and what is there after all steps, waits for effects that the API does not show. Check mode leaves it out.
    ``show`` makes the part of the result that describes the object, where it is more than the object under ``key``.
    ``imagine``, given a reader that foresees, what was looked at and a plan with steps, tells the reader what these would change. Check mode calls it, so that
    later plans can build on this one.
    """

    key: str
    spec: t.Mapping[str, t.Any]
    want: t.Callable[[t.Mapping[str, t.Any]], t.Any]
    look: t.Callable[[t.Any, t.Any], t.Any]
    plan: t.Callable[[t.Any, t.Any], Plan]
    settle: t.Optional[t.Callable[[t.Any, t.Any], None]] = None
    show: t.Optional[t.Callable[[Outcome], t.Mapping[str, t.Any]]] = None
    imagine: t.Optional[t.Callable[[t.Any, t.Any, Plan], None]] = None


class Outcome(t.NamedTuple):
    """What a task did, or in check mode would do."""

    changed: bool
    before: t.Any
    after: t.Any
    actions: t.Tuple[str, ...]
    losses: t.Tuple[str, ...] = ()
    cautions: t.Tuple[str, ...] = ()


def backoff(retries: int) -> t.Tuple[float, ...]:
    """Seconds to wait before each retry: 1, 2, 4, 8, 16, 16, ... (the vendor's client: 5 retries, doubling)."""
    return tuple(float(min(2**n, 16)) for n in range(retries))


#: The time of those who have no limit.
_NO_LIMIT = TimeLeft()
#: The first plan of most objects, in brief.
_NOTHING_LOST = Plan((), None, None)


class Course:
    """The way of one object from what is there to what is wanted: which steps were done, and whether and when to try again.

    After a reply that was lost or is none, an error that will pass, or an error that says that the world has changed meanwhile, nothing is sent again
    blindly: the state is read again, and what is still to be done is planned again. Whoever steers the course looks, plans, applies and waits; the course
    decides.
    ``pauses`` are the waits in seconds before the next attempts when the API is unreachable or says that an error is transient. There are fewer if
    ``time_left`` is over before, or the calls of a step have taken what the step may take (:attr:`Step.timeout`).

    There can be a hundred thousand at once, so it keeps no more than it has to: of the ``first`` plan not what it leads to, nor steps that destroy nothing;
    of the steps that were ``done`` a hash in place of the body.
    """

    __slots__ = (
        "_cautions",
        "_lost",
        "_pauses",
        "_refused",
        "_rounds",
        "_taken",
        "_time_left",
        "_waited",
        "done",
        "first",
        "too_late",
    )

    def __init__(self, pauses: t.Sequence[float] = backoff(5), time_left: t.Optional[TimeLeft] = None) -> None:
        self.done: t.Tuple[Step, ...] = ()
        self.first: t.Optional[Plan] = None
        self.too_late: t.Optional[Failure] = (
            None  # for which there was no other attempt; the next look may say that it was done
        )
        self._pauses = pauses
        self._waited = 0  # how many of the pauses
        self._time_left = time_left or _NO_LIMIT
        self._taken: t.Tuple[t.Tuple[str, float], ...] = ()  # calls that failed and have a time-out, and their seconds
        self._rounds = 0
        self._lost: t.Optional[t.Tuple[Step, Failure]] = None
        self._refused: t.Tuple[t.Tuple[Step, str], ...] = ()
        self._cautions: t.Tuple[str, ...] = ()

    def ends_with(self, todo: Plan) -> bool:
        """Take note of a plan made of a fresh look; whether nothing is left to do.

        Raises :class:`NotConverged` if an accepted change does not show or the object changes all the time, :class:`NotAllowed` if something else would
        be destroyed than what was seen first, and the error of a lost step that may not be repeated, or for which no time is left.
        """
        self.first = self.first or _in_brief(todo)
        self._cautions += tuple(words for words in todo.cautions if words not in self._cautions)
        _spare_newcomers(todo, self.first)
        if self._lost:
            self.done += _accounted_for(self._lost, todo)
            self._lost = None
        if not todo.steps:
            return True
        if self.too_late and _changes(todo.steps):
            raise self.too_late
        self.too_late = None
        _refuse_to_repeat(todo, self.done)
        self._rounds += 1
        if self._rounds > MOST_ROUNDS:
            raise NotConverged(
                "The object kept changing while the task worked on it. Run the task again when nothing else changes it."
            )
        return False

    def advance(self, done: t.Iterable[Step], stopped: t.Optional[t.Tuple[Step, Failure]]) -> float:
        """Take note of the steps that were done and of the one that failed, as :func:`carry_out` returns them.

        Returns the seconds to wait before the next look. Raises the failure if looking again would not help.
        """
        self.done += tuple(_mark(step) for step in done)
        if stopped is None:
            return 0.0
        step, error = stopped
        error.while_doing(step.action)
        if isinstance(error, MAY_PASS):
            pause = self._next_pause()
            if pause is None or step.method == "GET":
                raise error
            if isinstance(error, BadAnswer):
                error.message = (
                    f"{error.message.rstrip('.')}. The call may have taken effect; run the task again, it reads first"
                )
            self._lost = (step, error) if isinstance(error, (ReplyLost, BadAnswer)) else None
            if self._is_too_late(step, error, pause):
                self.too_late = error
                return 0.0
            return pause
        if not isinstance(error, ApiError):
            raise error
        error.advise(step.advice)
        if not _is_news(error) or (step, error.name) in self._refused:
            raise error
        self._refused += ((step, error.name),)
        return 0.0

    def look_later(self, error: Failure) -> float:
        """The seconds to wait before another look, if one after a change was answered with what is no answer. Raises all other errors of a look."""
        if self.too_late:
            raise self.too_late from None
        pause = self._next_pause() if isinstance(error, BadAnswer) and (self.done or self._lost) else None
        if pause is None or not self._time_left.allows(pause):
            raise error
        return pause

    def _next_pause(self) -> t.Optional[float]:
        self._waited += 1
        return self._pauses[self._waited - 1] if self._waited <= len(self._pauses) else None

    def _is_too_late(self, step: Step, error: Failure, pause: float) -> bool:
        """Whether another attempt would begin when the time for it is over."""
        if not self._time_left.allows(pause):
            error.message = f"{error.message.rstrip('.')}. There is no time left to try again: {self._time_left}."
            return True
        if step.timeout is None:
            return False
        self._taken += ((step.call, error.seconds),)
        return sum(seconds for call, seconds in self._taken if call == step.call) >= step.timeout

    def outcome(self, todo: Plan) -> Outcome:
        """What was done, once nothing is left to do."""
        first = self.first or todo
        return Outcome(_changes(self.done), first.before, todo.after, _actions(self.done), first.losses, self._cautions)


def carry_out(
    steps: t.Iterable[Step], apply: t.Callable[[Step], t.Any], clock: t.Callable[[], float] = time.monotonic
) -> t.Tuple[t.List[Step], t.Optional[t.Tuple[Step, Failure]]]:
    """Apply steps in order until one fails: those that were done, and the one that was not, with its error.

    Steps that only wait (GET) share the time of the first of them.
    """
    done: t.List[Step] = []
    waited = 0.0
    for step in steps:
        begun = clock()
        waits = step.method == "GET" and step.timeout is not None
        now = step._replace(timeout=max(LAST_LOOK, t.cast(float, step.timeout) - waited)) if waits else step
        try:
            apply(now)
        except Failure as error:
            error.seconds = clock() - begun
            return done, (step, error)
        waited += clock() - begun if waits else 0.0
        done.append(step)
    return done, None


def predicted(todo: Plan) -> Outcome:
    """What carrying out a plan would do: the result of check mode."""
    return Outcome(
        _changes(todo.steps), todo.before, todo.after, _actions(todo.steps) + todo.later, todo.losses, todo.cautions
    )


def converge(
    look: t.Callable[[], Current],
    plan: t.Callable[[Current], Plan],
    apply: t.Callable[[Step], t.Any],
    check_mode: bool = False,
    pauses: t.Sequence[float] = backoff(5),
    sleep: t.Callable[[float], None] = time.sleep,
    clock: t.Callable[[], float] = time.monotonic,
    time_left: t.Optional[TimeLeft] = None,
) -> Outcome:
    """Make what is there what is wanted, on one :class:`Course`.

    Raises :class:`Failure` as ``look``, ``plan`` and ``apply`` do, and as the course does. After the last of the ``pauses``, or when no time is left, the
    error is raised.
    """
    course = Course(pauses, time_left)
    while True:
        try:
            current = look()
        except Failure as error:
            sleep(course.look_later(error))
            continue
        todo = plan(current)
        if check_mode:
            return predicted(todo)
        if course.ends_with(todo):
            return course.outcome(todo)
        pause = course.advance(*carry_out(todo.steps, apply, clock))
        if pause:
            sleep(pause)


def _in_brief(todo: Plan) -> Plan:
    brief = todo._replace(steps=tuple(step for step in todo.steps if step.destroys), after=None)
    return _NOTHING_LOST if brief == _NOTHING_LOST else brief


def _mark(step: Step) -> Step:
    """What a step is known by once it was done."""
    return step._replace(body=hash(repr(step.body)))


def _accounted_for(lost: t.Tuple[Step, Failure], todo: Plan) -> t.Tuple[Step, ...]:
    """The step whose reply was lost, if it took effect, which shows in what is still to be done. If it did not, the step may be unsafe to repeat."""
    step, failure = lost
    if not step.repeatable and any(other.call == step.call and not other.repeatable for other in todo.steps):
        raise failure  # even if it would be sent with another body by now
    return () if step in todo.steps else (_mark(step),)


def _spare_newcomers(todo: Plan, first: Plan) -> None:
    """What has come in the place of something while the task worked on it is not destroyed: nobody has seen what it holds."""
    seen = first.seen.union(step.destroys for step in first.steps if step.destroys)
    if isinstance(first.before, dict):  # it may have had to wait for it first
        seen |= {str(first.before.get("id"))}
    for step in todo.steps:
        if step.destroys and step.destroys not in seen:
            raise NotAllowed(
                f"Could not {step.action}: it is not what was there when the task began, something else has come in its place. Run the task again if it is "
                "meant all the same.",
                call=str(step),
            )


def _is_news(error: ApiError) -> bool:
    return isinstance(error, Outdated) or error.name in NEW_FACTS


def _changes(steps: t.Iterable[Step]) -> bool:
    """Whether there is a change among the steps; those with GET only wait for something."""
    return any(step.method != "GET" for step in steps)


def _actions(steps: t.Iterable[Step]) -> t.Tuple[str, ...]:
    return tuple(step.action for step in steps)


def _refuse_to_repeat(todo: Plan, done: t.Sequence[Step]) -> None:
    """A step that was accepted and is still wanted did not do what it says: say so, rather than send it for ever."""
    for step in todo.steps:
        if not step.recurs and _mark(step) in done:
            raise NotConverged(
                f"The API accepted the call to {step.action}, and the object still does not show it. Either something else changes the same object at the "
                "same time, or the API stores another value than the one asked for; compare the task with what the info module shows.",
                call=str(step),
            )
