# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that reads what strangers made: bounded in time, memory and what it may say, and gone when this process is."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import selectors
import signal
import subprocess
import time
import typing as t

from ..._common import endings
from ..errors import NotAccessible
from ..machine.commands import TimedOut

#: What is read of what a program writes: its results are a few lines.
MOST_OUTPUT = 4 << 20
MOST_ERRORS = 1 << 16
_PIECE = 1 << 16
_PDEATHSIG = 1


class Limits(t.NamedTuple):
    """What a program may take: seconds of processor time (``None``: any), bytes of address space, seconds all in all."""

    processor: t.Optional[int]
    memory: int
    seconds: float


class Ended(t.NamedTuple):
    """How a program ended: its status (negative: the signal that ended it), and what it wrote."""

    status: int
    output: str
    errors: str


def run(
    argv: t.Sequence[str],
    limits: Limits,
    handles: t.Iterable[int] = (),
    hear: t.Optional[t.Callable[[bytes], None]] = None,
) -> Ended:
    """Run a program, which inherits the open files ``handles``. ``hear`` gets what it writes instead of the result.

    Raises :class:`TimedOut`, and :class:`NotAccessible` if it cannot be started. It has ended in any case, also if this process is killed.
    """
    return side_by_side([argv], limits, handles, [hear])[0]


def side_by_side(
    every: t.Sequence[t.Sequence[str]],
    limits: Limits,
    handles: t.Iterable[int],
    hears: t.Sequence[t.Optional[t.Callable[[bytes], None]]],
) -> t.List[Ended]:
    """As :func:`run`, several programs at the same time, one of ``hears`` for each. If there is a failure, none of them goes on."""
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(_started(argv, limits, tuple(handles))) for argv in every]
        heard = _listen(processes, os.path.basename(every[0][0]), limits.seconds, hears)
        statuses = [int(process.wait()) for process in processes]
    return [
        Ended(status, output.decode("utf-8", "replace"), told.decode("utf-8", "replace"))
        for status, (output, told) in zip(statuses, heard)
    ]


@contextlib.contextmanager
def _started(argv: t.Sequence[str], limits: Limits, handles: t.Iterable[int]) -> t.Iterator[t.Any]:
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def prepare() -> None:  # between fork and exec
        libc.prctl(_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory, limits.memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if limits.processor is not None:
            resource.setrlimit(resource.RLIMIT_CPU, (limits.processor, limits.processor))

    process: t.Any = None
    try:
        with endings.to_its_end():  # else it could run without anybody who knows it
            process = subprocess.Popen(  # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
                list(argv),
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=tuple(handles),
                start_new_session=True,
                preexec_fn=prepare,  # noqa: PLW1509  # what runs beside it computes a checksum, and holds no lock that is needed there
            )
        with process:
            try:
                yield process
            finally:
                _end(process)
    except (OSError, subprocess.SubprocessError) as error:
        if process is not None:
            raise
        told = getattr(error, "strerror", None) or str(error)
        raise NotAccessible(f"{argv[0]} cannot be run: {told}.") from None
    finally:
        if process is not None:
            _end(process)


def _end(process: t.Any) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _listen(
    processes: t.Sequence[t.Any], name: str, seconds: float, hears: t.Sequence[t.Optional[t.Callable[[bytes], None]]]
) -> t.List[t.Tuple[bytes, bytes]]:
    """What each of the programs writes until all of them end; of their errors the beginning."""
    said, told = [b"" for _each in processes], [b"" for _each in processes]
    end = time.monotonic() + seconds
    with selectors.DefaultSelector() as waiting:
        for number, process in enumerate(processes):
            for stream in (process.stdout, process.stderr):
                waiting.register(stream, selectors.EVENT_READ, number)
        while waiting.get_map():
            ready = waiting.select(max(0.0, end - time.monotonic()))
            if not ready:
                raise TimedOut(f"{name} did not end within {seconds:g} seconds, and was stopped.")
            for key, _events in ready:
                number, piece = key.data, os.read(key.fd, _PIECE)
                hear = hears[number]
                if not piece:
                    waiting.unregister(key.fileobj)
                elif key.fileobj is processes[number].stderr:
                    told[number] += piece[: MOST_ERRORS - len(told[number])]
                elif hear:
                    hear(piece)
                else:
                    said[number] += piece
                if len(said[number]) > MOST_OUTPUT:
                    raise TimedOut(f"{name} wrote more than {MOST_OUTPUT} bytes, and was stopped.")
    return list(zip(said, told))
