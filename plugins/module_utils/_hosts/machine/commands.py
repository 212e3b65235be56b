# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other programs, run for a bounded time and without a question that nobody answers."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import typing as t

from ..._common.errors import Failure, NotFound
from ..errors import NotAccessible


class TimedOut(Failure):
    """A program did not end in time, and was stopped."""

    kind = "timed_out"


class Ran(t.NamedTuple):
    """How a program ended: its status, and what it wrote."""

    status: int
    output: str
    errors: str


def locate(name: str) -> str:
    """The absolute path of a program, given by name or by path. Raises :class:`NotFound`."""
    found = shutil.which(os.path.expanduser(name))
    if not found:
        raise NotFound(f"There is no program {name} on this machine.")
    return os.path.abspath(found)


def run(
    argv: t.Sequence[str],
    timeout: float,
    directory: t.Optional[str] = None,
    environment: t.Optional[t.Mapping[str, str]] = None,
) -> Ran:
    """Run a program and return what it wrote. ``timeout`` is in seconds; ``environment`` is added to this process's own.

    Raises :class:`TimedOut`, after the program and all that it has started are gone, and :class:`NotAccessible` if it cannot be started.
    """
    with _started(argv, directory, environment, subprocess.PIPE, subprocess.PIPE) as process:
        output, errors = _wait(process, argv, timeout)
    return Ran(int(process.returncode), output.decode("utf-8", "replace"), errors.decode("utf-8", "replace"))


def run_logged(
    argv: t.Sequence[str], timeout: float, log: str, directory: str, environment: t.Mapping[str, str]
) -> int:
    """Run a program that writes much, all of it to the end of the file ``log``, and return its status. Raises as :func:`run` does."""
    try:
        with open(log, "ab") as file, _started(argv, directory, environment, file, subprocess.STDOUT) as process:
            _wait(process, argv, timeout)
    except OSError as error:
        raise NotAccessible(f"{log} cannot be written: {error.strerror}.") from None
    return int(process.returncode)


@contextlib.contextmanager
def _started(
    argv: t.Sequence[str],
    directory: t.Optional[str],
    environment: t.Optional[t.Mapping[str, str]],
    output: t.Any,
    errors: t.Any,
) -> t.Iterator[t.Any]:
    """The program while it runs, in a group of its own. The group is gone afterwards, whatever happens."""
    try:
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            list(argv),
            cwd=directory,
            env=dict(os.environ, **(environment or {})),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            start_new_session=True,
        )
    except OSError as error:
        raise NotAccessible(f"{argv[0]} cannot be run: {error.strerror}.") from None
    with process:
        try:
            yield process
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _wait(process: t.Any, argv: t.Sequence[str], timeout: float) -> t.Tuple[bytes, bytes]:
    try:
        output, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        name = os.path.basename(argv[0])
        raise TimedOut(f"{name} did not end within {timeout:g} seconds, and was stopped.") from None
    return output, errors
