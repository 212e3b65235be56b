# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A fork of an Ansible worker in which modules run one after the other, as programs would.

The worker that forks it, and so Ansible, is out of reach of what runs there: a module that crashes, hangs or calls ``os._exit`` ends the companion, and
that is that module's failure. It is made when a worker first needs it, and is gone when the worker is. Each run begins with the environment, directory,
umask, signal handlers and the like that the companion was made with, whatever the one before has left; one that leaves what is not put back (a thread, an
open file, a limit) was the last there.
"""

from __future__ import annotations

import atexit
import contextlib
import decimal
import gc
import locale
import logging
import multiprocessing.util
import os
import pickle
import resource
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import traceback
import typing as t
import warnings

_LENGTH = struct.Struct("!Q")
_ANSWER = struct.Struct("!i?")  # the exit code, and whether the companion ends with it
_FATAL = (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGHUP)
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_LIMITS = sorted({getattr(resource, name) for name in dir(resource) if name.startswith("RLIMIT_")})
_OURS = __name__.rpartition(".plugins.")[0]
PATIENCE = 1.0  # seconds from asking a companion to end to ending it

Work = t.Callable[..., None]


class Outcome(t.NamedTuple):
    """How a run ended: its exit code (negative: the signal that ended it), and what it wrote."""

    code: int
    out: str
    err: str


class Companion:
    """Runs a function in the fork, again and again. ``work`` and what it is given have to be known to the fork: they are pickled."""

    def __init__(self) -> None:
        self._pid = 0
        self._line: t.Optional[socket.socket] = None
        self._texts: t.Tuple[t.IO[bytes], ...] = ()

    def run(self, work: Work, *given: t.Any) -> Outcome:
        """Call ``work(*given)`` there. Whatever ends the waiting for it (Ctrl-C, the time-out of a task) ends the run as well."""
        if not self._pid:
            self._start()
        line = t.cast(socket.socket, self._line)
        ended = False
        for file in self._texts:
            os.ftruncate(file.fileno(), 0)
            os.lseek(file.fileno(), 0, os.SEEK_SET)
        try:
            message = pickle.dumps((work, given))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                line.sendall(_LENGTH.pack(len(message)) + message)
            answer = _receive(line, _ANSWER.size)
            ended = True
        finally:
            if not ended:
                self.end()
        out, err = (_text(file) for file in self._texts)
        code, ends = _ANSWER.unpack(answer) if answer else (0, True)
        if ends:
            status = self._reap()
            code = code if answer else status  # without an answer, it ended in the middle
        return Outcome(code, out, err)

    def end(self) -> None:
        """End it, if need be by force."""
        if not self._pid:
            return
        with contextlib.suppress(ProcessLookupError, ChildProcessError):
            os.kill(self._pid, signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE
            while not os.waitpid(self._pid, os.WNOHANG)[0]:
                if time.monotonic() > deadline:
                    os.kill(self._pid, signal.SIGKILL)
                    os.waitpid(self._pid, 0)
                    break
                time.sleep(0.01)
        self._forget()

    def _start(self) -> None:
        here, there = socket.socketpair()
        self._texts = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115  # closed by _forget
        self._pid = os.fork()
        if not self._pid:
            here.close()
            _live(there, *(file.fileno() for file in self._texts))
        there.close()
        self._line = here
        multiprocessing.util.Finalize(self, Companion.end, args=(self,), exitpriority=0)  # when the worker ends

    def _reap(self) -> int:
        _pid, status = os.waitpid(self._pid, 0)
        self._forget()
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)

    def _forget(self) -> None:
        for thing in (self._line, *self._texts):
            if thing:
                thing.close()
        self._pid, self._line, self._texts = 0, None, ()


def _live(line: socket.socket, out: int, err: int) -> t.NoReturn:
    """The life of the fork: run what comes, until the worker is gone or something cannot be put back."""
    done = False
    try:
        gc.freeze()  # a collection would touch, and so copy, the memory that is shared with the worker
        for number in _FATAL:
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for given, number in ((nothing, 0), (out, 1), (err, 2)):
            os.dup2(given, number)
        begin = _Beginning()
        while True:
            head = _receive(line, _LENGTH.size)
            if head is None:
                break
            work, given = pickle.loads(_receive(line, *_LENGTH.unpack(head)) or b"")  # noqa: S301  # from the worker itself
            begin.restore()
            code, ends = _run(work, given), begin.is_beyond_repair()
            line.sendall(_ANSWER.pack(code, ends))
            if ends:
                break
        done = True
    finally:
        if not done:
            traceback.print_exc()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(0 if done else 1)


def _run(work: Work, given: t.Sequence[t.Any]) -> int:
    """Run it as Python runs a program: its exit code. What it raises ends the companion."""
    try:
        work(*given)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    return code


class _Beginning:
    """What a run must not leave to the next one, as it was when the companion was made."""

    def __init__(self) -> None:
        atexit._clear()
        self._environment = dict(os.environ)
        self._directory = os.getcwd()
        self._umask = os.umask(0o077)
        self._argv = list(sys.argv)
        self._path = list(sys.path)
        self._signals = {number: signal.getsignal(number) for number in signal.Signals}
        self._time_out = socket.getdefaulttimeout()
        self._filters = list(warnings.filters)
        root = logging.getLogger()
        self._logging = root.level, list(root.handlers), root.manager.disable
        self._globals = {name: dict(vars(module)) for name, module in sys.modules.items() if name.startswith(_OURS)}
        self._lasting = _lasting()

    def restore(self) -> None:
        """Begin anew."""
        sys.stdin, sys.stdout, sys.stderr = (
            _stream(0, "r", "strict"),
            _stream(1, "w", "surrogateescape"),
            _stream(2, "w", "backslashreplace"),
        )
        if dict(os.environ) != self._environment:
            os.environ.clear()
            os.environ.update(self._environment)
        time.tzset()
        os.chdir(self._directory)
        os.umask(self._umask)
        sys.argv[:], sys.path[:] = self._argv, self._path
        for number, handler in self._signals.items():
            if signal.getsignal(number) != handler:
                signal.signal(number, handler)
        for timer in _TIMERS:
            signal.setitimer(timer, 0)
        socket.setdefaulttimeout(self._time_out)
        warnings.filters[:] = self._filters
        root = logging.getLogger()
        root.level, root.handlers[:], root.manager.disable = self._logging[0], self._logging[1], self._logging[2]

    def is_beyond_repair(self) -> bool:
        """Whether something is left that goes on, or is not put back: the next run gets a fork of its own."""
        return _lasting() != self._lasting or not all(
            before.items() <= vars(sys.modules[name]).items() for name, before in self._globals.items()
        )


def _lasting() -> t.Dict[str, t.Any]:
    """What a process has but once, beside what :class:`_Beginning` puts back."""
    return {
        "threads": set(threading.enumerate()),
        "files": _open_files(),
        "limits": [resource.getrlimit(limit) for limit in _LIMITS],
        "priority": os.getpriority(os.PRIO_PROCESS, 0),
        "user": (os.geteuid(), os.getegid()),
        "signals": signal.pthread_sigmask(signal.SIG_BLOCK, ()),
        "locale": locale.setlocale(locale.LC_ALL),
        "decimals": repr(decimal.getcontext()),
        "interpreter": (sys.getrecursionlimit(), sys.excepthook, gc.isenabled()),
        "loggers": [
            (name, logger.level, logger.handlers[:], logger.filters[:], logger.disabled, logger.propagate)
            for name, logger in logging.root.manager.loggerDict.items()
            if isinstance(logger, logging.Logger)
        ],
    }


def _open_files() -> t.Dict[int, t.Tuple[int, int]]:
    """What each descriptor stands for."""
    files = {}
    for number in map(int, os.listdir("/dev/fd")):
        with contextlib.suppress(OSError):  # the directory that was listed
            status = os.fstat(number)
            files[number] = status.st_dev, status.st_ino
    return files


def _stream(number: int, mode: str, errors: str) -> t.Any:
    return open(number, mode, encoding="utf-8", errors=errors, closefd=False)


def _receive(line: socket.socket, count: int) -> t.Optional[bytes]:
    """That many bytes, or ``None`` if the other side is gone."""
    parts = bytearray()
    while len(parts) < count:
        try:
            part = line.recv(count - len(parts))
        except ConnectionResetError:
            part = b""
        if not part:
            return None
        parts += part
    return bytes(parts)


def _text(file: t.IO[bytes]) -> str:
    descriptor = file.fileno()
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode("utf-8", "surrogateescape")
