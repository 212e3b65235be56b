# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Killing a process before each of the calls that it makes to the operating system, one after the other."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import renames

#: Those that change files.
CHANGES = ("mkdir", "write", "chown", "fchmod", "utime", "rename", "renameat2", "unlink")
#: Calls that change files, or decide how.
CALLS = (
    "open",
    "mkdir",
    "write",
    "lstat",
    "chown",
    "fchmod",
    "utime",
    "fsync",
    "rename",
    "renameat2",
    "unlink",
    "close",
)


def number_of_calls(work: Callable[[], object], which: Sequence[str] = CALLS) -> int:
    """How many of them some work makes. The work is done."""
    with counted(lambda number: None, which) as calls:
        work()
    return len(calls)


def kill_before(number: int, work: Callable[[], object], which: Sequence[str] = CALLS) -> None:
    """Do the work in a process of its own, which is killed before the call of this number (the first is 1)."""

    def kill(reached: int) -> None:
        if reached == number:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if not child:
        try:
            with counted(kill, which):
                work()
        finally:
            os._exit(0)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), f"the work ended before call {number}"


@contextlib.contextmanager
def counted(before: Callable[[int], object], names: Sequence[str]) -> Iterator[list[str]]:
    """Has ``before`` called with a number before each of the calls of these names, from 1 on. Yields the names of the calls that were made."""
    calls: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            place = renames if name == "renameat2" else os
            patch.setattr(place, name, _counting(getattr(place, name), name, calls, before))
        yield calls


def _counting(function: Callable, name: str, calls: list[str], before: Callable[[int], object]) -> Callable:
    def call(*args, **kwargs):
        calls.append(name)
        before(len(calls))
        return function(*args, **kwargs)

    return call
