# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs programs with a bound on their time, and keeps what they say."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
import threading
import time
import types
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .workspace import LOGS, ROOT

# What a program that ran out of time is said to have ended with, as timeout(1) has it.
OUT_OF_TIME = 124
STOPPED = 128 + signal.SIGTERM

_running: set[subprocess.Popen[bytes]] = set()
_stopping = threading.Event()


@dataclasses.dataclass(frozen=True)
class Finished:
    """A program's end: exit status, everything it printed (both streams, in order), and how long it took."""

    status: int
    output: str
    seconds: float

    @property
    def ok(self) -> bool:
        return self.status == 0


def run(command: Sequence[str | Path], log: str, timeout: float, env: Mapping[str, str], cwd: Path = ROOT) -> Finished:
    """Run a command to its end, or for ``timeout`` seconds; its output is kept in ``.build/logs/<log>.log``.

    It gets a process group of its own, all of which ends with it: a test that hangs leaves nothing behind. Once this
    process was told to end (see :func:`end_with_us`), nothing new is started.
    """
    if _stopping.is_set():
        return Finished(STOPPED, "", 0.0)
    path = LOGS / f"{log}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()
    with path.open("wb") as sink:
        process = subprocess.Popen(
            [str(word) for word in command],
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _running.add(process)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            status = OUT_OF_TIME
            sink.write(f"\nended after {timeout:.0f} s, the time it was given\n".encode())
        finally:
            _running.discard(process)
            _end_group(process)
    return Finished(status, path.read_text(encoding="utf-8", errors="replace"), time.monotonic() - start)


def family(process: int) -> list[int]:
    """A process and what it has started, whatever sessions and groups that is in."""
    found = [process]
    for number in found:
        for children in Path(f"/proc/{number}/task").glob("*/children"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                found += map(int, children.read_text().split())
    return found


def kill_family(process: subprocess.Popen[Any]) -> None:
    """End a process and what it has started as if the machine had lost its power."""
    for number in family(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)
    process.wait()


def end_with_us() -> None:
    """When this process is told to end, by Ctrl-C or SIGTERM, end what it started: that is in other process groups."""

    def stop(number: int, _frame: types.FrameType | None) -> None:
        _stopping.set()
        for process in list(_running):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End what is left of the process group: politely if the command itself still runs, then for good."""
    with contextlib.suppress(ProcessLookupError):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
