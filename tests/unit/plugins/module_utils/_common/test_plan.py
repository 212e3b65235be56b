# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""converge: one loop for every module, here on a shelf of named things that an API might hold."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    ApiError,
    BadAnswer,
    NotAllowed,
    NotConverged,
    ReplyLost,
    TransientError,
    Unreachable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Plan, Step, backoff, converge


class Shelf:
    """An API with one call, ``Put``, that puts a thing onto the shelf; ``events`` say what happens to each call in turn."""

    def __init__(self, *events, repeatable=True):
        self.things: list[str] = []
        self.calls: list[str] = []
        self.pauses: list[float] = []
        self.events = list(events)
        self.repeatable = repeatable

    def look(self):
        return list(self.things)

    def plan(self, current, wanted=("cup", "plate")):
        steps = tuple(
            Step("Put", thing, None, f"put the {thing}", repeatable=self.repeatable)
            for thing in wanted
            if thing not in current
        )
        return Plan(steps, current, [*current, *(step.target for step in steps)])

    def apply(self, step):
        self.calls.append(step.target)
        event = self.events.pop(0) if self.events else "done"
        if event in ("done", "lost after", "garbled after"):
            self.things.append(step.target)
        if event in ("garbled before", "garbled after"):
            raise BadAnswer("that is no answer")
        if event in ("lost before", "lost after"):
            raise ReplyLost("the connection broke")
        if event in ("refused", "transient"):
            raise {"refused": Unreachable, "transient": TransientError}[event]("later")
        if event == "rival":
            self.things.append(step.target)
            raise ApiError("it is there", error={"name": "objectExists"})
        if event == "forbidden":
            raise ApiError("no", error={"name": "busy"})

    def converge(self, **options):
        return converge(self.look, self.plan, self.apply, sleep=self.pauses.append, **options)


def test_each_step_is_taken_once_and_the_result_says_so():
    shelf = Shelf()
    outcome = shelf.converge()
    assert shelf.calls == ["cup", "plate"]
    assert outcome[:4] == (True, [], ["cup", "plate"], ("put the cup", "put the plate"))


def test_check_mode_tells_the_same_and_writes_nothing():
    shelf = Shelf()
    outcome = shelf.converge(check_mode=True)
    assert shelf.calls == []
    assert outcome == Shelf().converge()


def test_nothing_to_do_is_no_change():
    shelf = Shelf()
    shelf.converge()
    assert shelf.converge()[:4] == (False, ["cup", "plate"], ["cup", "plate"], ())


def test_a_lost_reply_after_the_effect_is_not_sent_again_and_counts_as_changed():
    shelf = Shelf("lost after")
    outcome = shelf.converge()
    assert shelf.calls == ["cup", "plate"]
    assert outcome.changed
    assert outcome.actions == ("put the cup", "put the plate")


def test_a_lost_reply_before_the_effect_is_sent_again():
    shelf = Shelf("lost before")
    shelf.converge()
    assert shelf.calls == ["cup", "cup", "plate"]


def test_what_would_make_two_of_a_thing_is_not_sent_again_when_its_reply_is_lost():
    shelf = Shelf("lost before", repeatable=False)
    with pytest.raises(ReplyLost, match="Could not put the cup: the connection broke"):
        shelf.converge()
    assert shelf.calls == ["cup"]


def test_an_answer_that_is_none_counts_as_a_reply_that_was_lost():
    shelf = Shelf("garbled after", "garbled before")
    outcome = shelf.converge()
    assert shelf.calls == ["cup", "plate", "plate"]
    assert outcome.actions == ("put the cup", "put the plate")
    once = Shelf("garbled before", repeatable=False)
    with pytest.raises(BadAnswer, match=r"Could not put the cup: that is no answer\. The call may have taken effect"):
        once.converge()
    assert once.calls == ["cup"]


def test_a_look_that_is_answered_with_nonsense_is_repeated_only_after_a_change():
    shelf = Shelf()
    looks = iter([None, BadAnswer("nonsense"), BadAnswer("nonsense"), None, None])

    def look():
        trouble = next(looks)
        if trouble:
            raise trouble
        return list(shelf.things)

    assert converge(look, shelf.plan, shelf.apply, sleep=shelf.pauses.append).changed
    assert shelf.pauses == [1, 2]
    looks = iter([BadAnswer("nonsense")])
    with pytest.raises(BadAnswer):
        converge(look, shelf.plan, shelf.apply)


@pytest.mark.parametrize("event", ["refused", "transient", "lost before", "garbled before"])
def test_trouble_that_passes_is_waited_for_and_trouble_that_stays_is_told(event):
    passing, lasting = Shelf(event, event), Shelf(*[event] * 9)
    assert passing.converge().changed
    assert passing.pauses == [1, 2]
    with pytest.raises((Unreachable, TransientError, ReplyLost, BadAnswer), match="Could not put the cup"):
        lasting.converge(pauses=backoff(3))
    assert lasting.pauses == [1, 2, 4]


def test_a_rival_that_was_faster_is_a_new_fact():
    shelf = Shelf("rival")
    outcome = shelf.converge()
    assert shelf.calls == ["cup", "plate"]
    assert outcome.actions == ("put the plate",)


def test_an_error_that_says_no_ends_the_task_at_once():
    shelf = Shelf("done", "forbidden")
    with pytest.raises(ApiError, match="Could not put the plate: no"):
        shelf.converge()
    assert shelf.calls == ["cup", "plate"]


def test_an_accepted_call_that_has_no_effect_is_not_repeated_for_ever():
    shelf = Shelf("ignored")
    with pytest.raises(NotConverged, match="accepted the call to put the cup"):
        shelf.converge()
    assert shelf.calls == ["cup", "plate"]


def test_the_same_refusal_twice_is_the_answer():
    def exists(_step):
        raise ApiError("there is one", error={"name": "objectExists"})

    shelf = Shelf()
    with pytest.raises(ApiError, match="there is one"):
        converge(shelf.look, shelf.plan, exists, sleep=shelf.pauses.append)


def test_the_pauses_double_up_to_16_seconds():
    assert backoff(7) == (1, 2, 4, 8, 16, 16, 16)
    assert backoff(0) == ()


def test_a_step_that_must_not_be_repeated_is_not_sent_with_another_body_either():
    """What a step sends may depend on what is read, so after a lost answer it need not be equal to what it was."""
    sent = []

    def plan(number):
        step = Step("Make", None, {"size": number}, "make a thing", repeatable=False)
        return Plan((step,), None, "a thing")

    def lose(step):
        sent.append(step.body)
        raise ReplyLost("the connection broke")

    numbers = iter(range(9))
    with pytest.raises(ReplyLost, match="Could not make a thing"):
        converge(lambda: next(numbers), plan, lose, sleep=lambda _seconds: None)
    assert sent == [{"size": 0}]


def test_what_comes_in_the_place_of_something_is_not_destroyed_with_it():
    there = ["old"]
    sent = []

    def plan(found):
        return Plan(tuple(Step("Drop", each, None, f"drop the {each} cup", destroys=each) for each in found), found, [])

    def replace(step):
        sent.append(step.target)
        there[:] = ["new"]
        raise ApiError("it is gone", error={"name": "objectDoesNotExist"})

    with pytest.raises(NotAllowed, match="Could not drop the new cup: it is not what was there"):
        converge(lambda: list(there), plan, replace)
    assert sent == ["old"]


def test_what_is_left_to_destroy_is_destroyed():
    there = ["a", "b"]

    def plan(found):
        return Plan(tuple(Step("Drop", each, None, f"drop {each}", destroys=each) for each in found), found, [])

    def drop(step):
        there.remove(step.target)
        if step.target == "a":
            raise ReplyLost("the connection broke")

    assert converge(lambda: list(there), plan, drop, sleep=lambda _seconds: None).changed
    assert there == []
