# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks in processes of their own: to run them side by side, and to end them in the middle."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from faults import runner
from faults.runner import Ended, Request, Wire

#: What a task may take that waits for nothing, on a machine that is busy with much else.
SECONDS = 240

_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
#: A module and its options.
Task = tuple[str, dict[str, Any]]


class Gate(Wire):
    """Holds a process up before it sends this request, until somebody opens."""

    def __init__(self, at: Request | None, **more: Any) -> None:
        super().__init__(**more)
        self._at = at
        self._outside, self._inside = socket.socketpair()
        self._outside.settimeout(SECONDS)

    def _holds(self, number: int) -> bool:
        return self.requests[number] == self._at

    def _between(self, number: int, send: Callable[[], Any]) -> Any:
        if self._holds(number):
            self._inside.sendall(b".")
            self._inside.recv(1)
        return super()._between(number, send)

    def is_reached(self) -> bool:
        """Wait until the process, which has been forked, is there; whether it does not end before."""
        self._inside.close()
        return self._arrives()

    def _arrives(self) -> bool:
        return self._outside.recv(1) == b"."

    def open(self) -> None:
        """Let the process go on."""
        with contextlib.suppress(BrokenPipeError):
            self._outside.sendall(b".")
        self._outside.close()


class Steps(Gate):
    """Holds a process up before each request that it sends, until somebody lets it send this one."""

    goes_on = True

    def __init__(self) -> None:
        super().__init__(None)

    def _holds(self, number: int) -> bool:
        return True

    def begin(self) -> None:
        """Wait until the process, which has been forked, is at its first request."""
        self.goes_on = self.is_reached()

    def step(self) -> None:
        """Let the process send one request, and wait until it is at the next one, or at its end: it no longer ``goes_on`` then."""
        self._outside.sendall(b".")
        self.goes_on = self._arrives()


class Child:
    """A process that runs tasks one after another; ``wire`` is that of all of them. It starts at once."""

    def __init__(self, tasks: Iterable[Task], wire: Wire | None = None) -> None:
        tasks = list(tasks)
        for module, _options in tasks:
            runner.load(module)  # so that the child has nothing to import
        handle, name = tempfile.mkstemp()
        os.close(handle)
        self._results = Path(name)
        held = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)  # none is for the copy of us that the child is at first
        self._pid = os.fork()
        if self._pid == 0:
            try:
                signal.signal(signal.SIGINT, signal.default_int_handler)
                signal.pthread_sigmask(signal.SIG_SETMASK, held)
                ended = [runner.run(module, options, wire) for module, options in tasks]
                self._results.write_text(json.dumps([vars(each) for each in ended]), encoding="utf-8")
            finally:
                os._exit(0)
        signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def end(self, number: int) -> None:
        """Send the process a signal, if it has not ended."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, number)

    def wait(self) -> list[Ended]:
        """How the tasks ended; nothing if the process was ended before. TimeoutError if it takes longer than :data:`SECONDS`."""
        deadline = time.monotonic() + SECONDS
        while os.waitpid(self._pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
                raise TimeoutError("the tasks did not end")
            time.sleep(0.002)
        text = self._results.read_text(encoding="utf-8")
        self._results.unlink()
        return [Ended(**each) for each in json.loads(text or "[]")]
