# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a task may wait: what is left, what a call gets of it, and what a course does when it is over."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    InvalidOption,
    ReplyLost,
    TransientError,
    Unreachable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Plan, Step, carry_out, converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import LONGEST, TimeLeft, checked


class World:
    """A thing that is to be put somewhere by a call that takes ``seconds`` and ends with ``failure``, or well; and a clock."""

    def __init__(self, seconds=0.0, failure=None, effect=False, timeout=None, method="POST"):
        self.now, self.there, self.calls = 0.0, False, 0
        self.seconds, self.failure, self.effect = seconds, failure, effect
        self.step = Step("Put", None, None, "put it there", method=method, timeout=timeout)

    def look(self):
        return self.there

    def plan(self, there):
        return Plan(() if there else (self.step,), there, True)

    def apply(self, step):
        self.calls += 1
        self.now += self.seconds
        self.there = self.there or self.effect
        if self.failure:
            raise self.failure("no answer")

    def sleep(self, seconds):
        self.now += seconds

    def clock(self):
        return self.now

    def converge(self, seconds=None, **options):
        left = TimeLeft(seconds, clock=self.clock)
        return converge(self.look, self.plan, self.apply, sleep=self.sleep, time_left=left, **options)


@pytest.mark.parametrize("failure", [ReplyLost, TransientError, Unreachable])
@pytest.mark.parametrize(("each", "calls"), [(20, 1), (19.5, 1), (8, 3), (0.01, 5)])
def test_no_attempt_begins_when_the_time_is_over(failure, each, calls):
    world = World(each, failure)
    with pytest.raises(
        failure, match=r"^Could not put it there: no answer. There is no time left to try again: 20 s .wait_timeout."
    ) as told:
        world.converge(20)
    assert told.value.result()["error"] == {"kind": failure.kind}
    assert world.calls == calls
    assert world.now - each < 20


def test_without_a_bound_the_pauses_decide():
    world = World(100, ReplyLost)
    with pytest.raises(ReplyLost, match=r"no answer$"):
        world.converge()
    assert world.calls == 6


def test_what_was_done_although_nobody_said_so_is_seen_by_the_last_look():
    world = World(20, ReplyLost, effect=True)
    assert world.converge(20).changed
    assert world.calls == 1


def test_the_last_look_does_not_hide_what_was_lost():
    world = World(20, ReplyLost)
    looks = iter([False])

    def look():
        for there in looks:
            return there
        raise Unreachable("nobody is there")

    world.look = look
    with pytest.raises(ReplyLost, match="no answer"):
        world.converge(20)


@pytest.mark.parametrize(("each", "calls"), [(90, 1), (60, 1), (31, 2), (0.1, 6)])
def test_a_call_that_waits_takes_its_time_once_however_often_it_is_sent(each, calls):
    world = World(each, ReplyLost, timeout=60)
    with pytest.raises(ReplyLost, match="no answer"):
        world.converge(clock=world.clock)
    assert world.calls == calls


def test_waits_one_after_the_other_share_their_time():
    given, now = [], [0.0]

    def apply(step):
        given.append(step.timeout)
        now[0] += 25

    steps = [Step("Wait", str(number), None, "wait", method="GET", timeout=60) for number in range(4)]
    done, stopped = carry_out(steps, apply, lambda: now[0])
    assert given == [60, 35, 10, 1]
    assert (done, stopped) == (steps, None)


def test_what_is_left():
    now = [100.0]
    left = TimeLeft(20, clock=lambda: now[0])
    assert (left.seconds, left.within(5), left.within(60), left.is_over()) == (20, 5, 20, False)
    assert (left.allows(19), left.allows(20)) == (True, False)
    now[0] = 119.5
    assert (left.within(60), left.is_over()) == (1, False)
    now[0] = 200
    assert (left.seconds, left.within(60), left.within(0.5), left.is_over()) == (0, 1, 0.5, True)
    assert str(left) == "20 s (wait_timeout)"
    assert TimeLeft().within(1e9) == 1e9
    assert TimeLeft(10**400).seconds <= LONGEST


@pytest.mark.parametrize("seconds", [0, -1, LONGEST + 1, 10**12])
def test_waits_that_nobody_means_are_refused(seconds):
    with pytest.raises(InvalidOption, match=f"^wait_timeout is {seconds}: give a number of seconds, at least 1 and"):
        checked({"wait_timeout": seconds}, "wait_timeout")


def test_a_wait_of_nothing_is_one_where_it_means_something():
    assert checked({"wait_stable": 0}, "wait_stable", 0) == 0
