# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to end: heard where what was begun can be put away, and nowhere else."""

from __future__ import annotations

import os
import signal

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common import endings

ALL = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def end(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def handlers_stay():
    before = [signal.getsignal(number) for number in ALL]
    yield
    assert [signal.getsignal(number) for number in ALL] == before


@pytest.mark.parametrize("number", ALL)
def test_a_request_is_an_interrupt(number: int) -> None:
    with pytest.raises(KeyboardInterrupt), endings.told_to_end():
        end(number)


def call(seen: list[str], *numbers: int, fails: bool = False) -> None:
    """A call during which these requests come."""
    with endings.to_its_end():
        for number in numbers:
            end(number)
        seen.append("it went on")
        if fails:
            raise OSError


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("number", ALL)
def test_it_is_heard_when_a_call_is_over(number: int, fails: bool) -> None:
    seen: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        call(seen, number, fails=fails)
    assert seen


def test_it_is_heard_at_once_when_it_is_repeated() -> None:
    seen: list[str] = []
    with pytest.raises(KeyboardInterrupt):
        call(seen, signal.SIGTERM, signal.SIGINT)
    assert not seen


def test_nothing_disturbs_what_is_put_away() -> None:
    with endings.undisturbed():
        with endings.to_its_end():
            end(signal.SIGTERM)
        end(signal.SIGINT)
