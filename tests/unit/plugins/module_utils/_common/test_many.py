# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""converge_all: many things on a shelf, each with its own troubles, looked at together."""

from __future__ import annotations

import itertools
import threading
import time

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.crew import Crew
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    ApiError,
    BadAnswer,
    InvalidOption,
    NotAllowed,
    NotConverged,
    ReplyLost,
    TransientError,
    Unreachable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.many import (
    DONE,
    FAILED,
    NOT_TRIED,
    WAITING,
    Job,
    converge_all,
    foresee,
    in_order,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Plan, Step, backoff

ERRORS = {
    "transient": TransientError("later"),
    "garbled": BadAnswer("that is no answer"),
    "lost": ReplyLost("the connection broke"),
    "refused": Unreachable("nobody there"),
    "no": ApiError("no", error={"name": "busy"}),
    "exists": ApiError("it is there", error={"name": "objectExists"}),
}


class Shelf:
    """Things that can be put onto it. ``troubles`` are what happens to the next calls for a thing; "after" behind a trouble: with the effect."""

    def __init__(self, **troubles):
        self.things = set()
        self.calls = []
        self.reads = 0
        self.pauses = []
        self.now = 0.0
        self.troubles = {thing: list(events) for thing, events in troubles.items()}

    def read(self):
        self.reads += 1
        return set(self.things)

    def apply(self, step):
        self.calls.append(step.target)
        for thing in step.target.split("+"):
            events = self.troubles.get(thing)
            event = events.pop(0) if events else ""
            if not event or "after" in event:
                self.things.add(thing)
            if event:
                raise type(ERRORS[event.split()[0]])(
                    str(ERRORS[event.split()[0]]), error=ERRORS[event.split()[0]].error
                )
        self.now += 1.0

    def job(self, thing, needs=(), after=(), repeatable=True, company=None):
        def plan(there):
            step = Step("Put", thing, None, f"put the {thing}", repeatable=repeatable)
            return Plan(() if thing in there else (step,), None, thing)

        job = Job(f"the {thing}", lambda there: there, plan, company, lambda reader, current, todo: reader.add(thing))
        job.needs, job.after = list(needs), list(after)
        return job

    def sleep(self, seconds):
        self.pauses.append(seconds)
        self.now += seconds

    def run(self, *jobs, size=1, **options):
        crew = Crew(lambda: self.apply, size)
        converge_all(jobs, self.read, crew, clock=lambda: self.now, sleep=self.sleep, **options)
        return [job.state for job in jobs]


def together(jobs):
    return Step("Put", "+".join(job.todo.steps[0].target for job in jobs), None, "put them")


def test_all_are_done_after_one_read_and_seen_to_be_done_after_another():
    shelf = Shelf()
    jobs = [shelf.job(thing) for thing in ("cup", "plate", "bowl")]
    assert shelf.run(*jobs) == [DONE] * 3
    assert shelf.calls == ["cup", "plate", "bowl"]
    assert shelf.reads == 2
    assert [job.outcome.actions for job in jobs] == [("put the cup",), ("put the plate",), ("put the bowl",)]


def test_nothing_to_do_is_one_read():
    shelf = Shelf()
    shelf.things = {"cup"}
    job = shelf.job("cup")
    assert shelf.run(job) == [DONE]
    assert (shelf.reads, shelf.calls, job.outcome.changed) == (1, [], False)


def test_what_needs_another_comes_after_it_however_they_are_listed():
    shelf = Shelf()
    plate = shelf.job("plate")
    cup = shelf.job("cup", needs=[plate])
    spoon = shelf.job("spoon", after=[cup])
    assert shelf.run(spoon, cup, plate) == [DONE] * 3
    assert shelf.calls == ["plate", "cup", "spoon"]


def test_one_that_fails_holds_up_only_what_needs_it():
    shelf = Shelf(plate=["no"])
    plate, bowl = shelf.job("plate"), shelf.job("bowl")
    cup = shelf.job("cup", needs=[plate])
    spoon = shelf.job("spoon", needs=[cup])
    fork = shelf.job("fork", after=[spoon])
    assert shelf.run(plate, bowl, cup, spoon, fork) == [FAILED, DONE, NOT_TRIED, NOT_TRIED, DONE]
    assert spoon.culprit is plate
    assert str(plate.failure) == "Could not put the plate: no"


def test_a_plan_that_is_refused_is_the_failure_of_its_own_object():
    shelf = Shelf()
    cup, plate = shelf.job("cup"), shelf.job("plate")

    def refuse(_there):
        raise NotAllowed("the plate is not for putting")

    plate.plan = refuse
    assert shelf.run(cup, plate) == [DONE, FAILED]
    assert plate.failure.kind == "not_allowed"


def test_an_answer_that_is_none_is_the_trouble_of_one_object_only():
    things = [f"cup{number}" for number in range(20)]
    shelf = Shelf(cup5=["garbled after"], cup6=["garbled"], cup7=["garbled"] * 9)
    jobs = [shelf.job(thing) for thing in things]
    assert shelf.run(*jobs, size=4) == [FAILED if thing == "cup7" else DONE for thing in things]
    assert [shelf.calls.count(f"cup{number}") for number in (4, 5, 6, 7)] == [1, 1, 2, 6]
    assert jobs[7].failure.kind == "bad_answer"


def test_a_list_that_is_none_is_read_again_once_something_was_begun():
    shelf = Shelf()
    looks = iter([None, None, "bad", None, "bad", "bad", *[None] * 9])

    def look(there):
        if next(looks):
            raise BadAnswer("that is no list")
        return there

    jobs = [shelf.job("cup"), shelf.job("plate")]
    for job in jobs:
        job.look = look
    assert shelf.run(*jobs) == [DONE, DONE]
    assert shelf.calls == ["cup", "plate"]
    looks = iter(["bad"])
    first = shelf.job("bowl")
    first.look = look
    with pytest.raises(BadAnswer):
        shelf.run(first)


def test_however_many_are_to_be_tried_again_there_is_one_read_and_one_pause_for_all():
    troubles = {f"cup{number}": ["transient"] for number in range(50)}
    shelf = Shelf(**troubles)
    assert set(shelf.run(*[shelf.job(thing) for thing in troubles])) == {DONE}
    assert shelf.reads == 3
    assert len(shelf.calls) == 100
    assert len(shelf.pauses) == 1


def test_an_error_that_stays_is_told_after_the_last_pause_and_the_rest_is_done():
    shelf = Shelf(cup=["transient"] * 9)
    cup, plate = shelf.job("cup"), shelf.job("plate")
    assert shelf.run(cup, plate, pauses=backoff(3)) == [FAILED, DONE]
    assert shelf.calls.count("cup") == 4
    assert sum(shelf.pauses) == pytest.approx(7, abs=1)


def test_a_lost_reply_is_looked_up_and_not_sent_again():
    shelf = Shelf(cup=["lost after"], plate=["lost"])
    cup, plate = shelf.job("cup"), shelf.job("plate")
    assert shelf.run(cup, plate) == [DONE, DONE]
    assert sorted(shelf.calls) == ["cup", "plate", "plate"]
    assert cup.outcome.changed


def test_what_would_make_two_of_a_thing_is_not_sent_again():
    shelf = Shelf(cup=["lost"])
    cup, plate = shelf.job("cup", repeatable=False), shelf.job("plate")
    assert shelf.run(cup, plate) == [FAILED, DONE]
    assert shelf.calls.count("cup") == 1


def test_a_rival_that_was_faster_is_a_new_fact():
    shelf = Shelf(cup=["exists after"])
    cup = shelf.job("cup")
    assert shelf.run(cup) == [DONE]
    assert not cup.outcome.changed


def test_a_change_that_does_not_show_is_an_error():
    shelf = Shelf()
    cup, plate = shelf.job("cup"), shelf.job("plate")
    cup.look = lambda there: there - {"cup"}
    assert shelf.run(cup, plate) == [FAILED, DONE]
    assert isinstance(cup.failure, NotConverged)


def test_when_nobody_answers_the_task_ends_and_does_not_try_each_of_a_thousand():
    troubles = {f"cup{number}": ["refused"] * 99 for number in range(1000)}
    shelf = Shelf(**troubles)
    states = shelf.run(*[shelf.job(thing) for thing in troubles], size=2, pauses=backoff(2))
    assert set(states) <= {FAILED, NOT_TRIED}
    assert len(shelf.calls) < 20
    assert sum(shelf.pauses) < 10


def test_a_read_that_fails_before_anything_was_changed_is_the_failure_of_the_task():
    shelf = Shelf()

    def away(_there):
        raise Unreachable("nobody there")

    job = shelf.job("cup")
    job.look = away
    with pytest.raises(Unreachable):
        shelf.run(job)
    with pytest.raises(Unreachable):
        foresee([job], set())


def test_a_read_that_fails_later_is_the_failure_of_all_that_is_left_and_what_was_done_is_told():
    shelf = Shelf()
    cup = shelf.job("cup")
    plate = shelf.job("plate", needs=[cup])
    original = shelf.read

    def read():
        if shelf.reads:
            raise Unreachable("nobody there")
        return original()

    shelf.read = read
    assert shelf.run(cup, plate) == [FAILED, NOT_TRIED]
    assert [step.target for step in cup.course.done] == ["cup"]


def test_some_share_a_call():
    shelf = Shelf()
    jobs = [shelf.job(f"cup{number}", company=together) for number in range(250)]
    assert set(shelf.run(*jobs)) == {DONE}
    assert [call.count("+") + 1 for call in shelf.calls] == [100, 100, 50]
    assert jobs[7].outcome.actions == ("put the cup7",)


def test_a_shared_call_that_is_refused_is_tried_in_smaller_parts_until_the_bad_one_is_alone():
    shelf = Shelf(cup42=["no"] * 99)
    jobs = [shelf.job(f"cup{number}", company=together) for number in range(100)]
    original = shelf.apply

    def all_or_none(step):
        before = set(shelf.things)
        try:
            original(step)
        except ApiError:
            shelf.things = before
            raise

    shelf.apply = all_or_none
    states = shelf.run(*jobs)
    assert [number for number, state in enumerate(states) if state != DONE] == [42]
    assert len(shelf.calls) == 1 + 10 + 10


def test_a_part_begins_nothing_after_its_time_and_ends_what_it_began():
    shelf = Shelf(cup0=["transient"])
    jobs = [shelf.job(f"cup{number}") for number in range(10)]
    states = shelf.run(*jobs, seconds=3.5)
    assert states[0] == DONE
    assert states.count(DONE) == 5
    assert states.count(WAITING) == 5
    assert set(shelf.run(*[shelf.job(f"cup{number}") for number in range(10)])) == {DONE}


def test_foreseeing_writes_nothing_and_sees_what_comes_before():
    shelf = Shelf()
    plate = shelf.job("plate")
    cup = shelf.job("cup", needs=[plate])
    plan = cup.plan

    def only_on_a_plate(there):
        if "plate" not in there:
            raise NotAllowed("a cup needs a plate")
        return plan(there)

    cup.plan = only_on_a_plate
    foresee([cup, plate], set())
    assert (cup.state, plate.state, shelf.calls) == (DONE, DONE, [])
    assert cup.outcome.actions == ("put the cup",)


def test_a_circle_is_refused_in_words():
    shelf = Shelf()
    cup, plate = shelf.job("cup"), shelf.job("plate")
    cup.needs, plate.after = [plate], [cup]
    with pytest.raises(InvalidOption, match="the cup and the plate wait for each other"):
        in_order([cup, plate])


def test_a_long_chain_is_put_in_order():
    shelf = Shelf()
    jobs = [shelf.job(f"cup{number}") for number in range(3000)]
    for first, second in itertools.pairwise(jobs):
        first.needs = [second]
    assert in_order(jobs) == jobs[::-1]


def test_workers_work_side_by_side_and_keep_their_connections():
    made, used = [], set()
    gate = threading.Barrier(4, timeout=60)

    def connect():
        name = len(made)
        made.append(name)

        def apply(step):
            used.add((name, threading.get_ident()))
            if step.target == "wait":
                gate.wait()

        return apply

    crew = Crew(connect, 4)
    waiting = [[Step("Put", "wait", None, "wait")] for _time in range(4)]
    assert [len(result.done) for result in crew.carry_out(waiting)] == [1] * 4
    crew.carry_out([[Step("Put", "go", None, "go")]] * 100)
    assert made == [0, 1, 2, 3]


def test_a_worker_that_breaks_by_a_defect_is_not_passed_over(capfd, monkeypatch):
    monkeypatch.setattr(threading, "excepthook", lambda args: None)

    def connect():
        def apply(step):
            time.sleep(0.01)
            raise KeyError(step.target)

        return apply

    with pytest.raises(RuntimeError, match="a worker ended"):
        Crew(connect, 2).carry_out([[Step("Put", "cup", None, "put")]] * 4)
