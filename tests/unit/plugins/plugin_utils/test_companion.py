# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in a companion is a program: it cannot hurt who started it, and it leaves nothing to what runs there next."""

from __future__ import annotations

import atexit
import json
import locale
import logging
import os
import signal
import socket
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.storpool.cloudstack.plugins.plugin_utils._companion import Companion


@pytest.fixture(name="companion")
def _companion() -> Iterator[Companion]:
    companion = Companion()
    yield companion
    companion.end()


def say(*words: str) -> None:
    print(*words)


def tell(what: str) -> None:
    print(what)
    print(what, file=sys.stderr)
    os.write(1, b"by its number\n")


def test_it_says_what_a_program_would(companion):
    assert companion.run(say, "hello") == (0, "hello\n", "")
    assert companion.run(say) == (0, "\n", "")
    code, out, err = companion.run(tell, "\udcff and \N{SNOWMAN}")
    assert (code, sorted(out.splitlines()), err) == (
        0,
        ["by its number", "\udcff and \N{SNOWMAN}"],
        "\\udcff and \N{SNOWMAN}\n",
    )


def leave(code: Any) -> None:
    sys.exit(code)


def crash() -> None:
    raise ValueError("a fault of the module")


def vanish(code: int) -> None:
    print("last words", flush=True)
    os._exit(code)


def be_killed(number: int) -> None:
    os.kill(os.getpid(), number)


def at_exit() -> None:
    atexit.register(say, "tidied")


@pytest.mark.parametrize(
    ("work", "given", "code"),
    [
        (leave, (None,), 0),
        (leave, (3,), 3),
        (leave, ("words",), 1),
        (vanish, (7,), 7),
        (be_killed, (9,), -9),
        (be_killed, (15,), -15),
    ],
)
def test_it_ends_as_a_program_would(companion, work, given, code):
    assert companion.run(work, *given).code == code
    assert companion.run(say, "still here") == (0, "still here\n", "")


def test_a_crash_is_told_on_standard_error(companion):
    companion.run(say, "what went well before")
    code, out, err = companion.run(crash)
    assert (code, out) == (1, "")
    assert err.startswith("Traceback")
    assert err.endswith("ValueError: a fault of the module\n")


def test_what_was_said_before_a_sudden_end_is_kept(companion):
    assert companion.run(vanish, 2) == (2, "last words\n", "")


def test_exit_functions_run_once_with_what_registered_them(companion):
    assert companion.run(at_exit).out == "tidied\n"
    assert companion.run(say, "next").out == "next\n"


def hang(mark: str) -> None:
    Path(mark).write_text(str(os.getpid()))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(60)


class TimeOutError(BaseException):
    """As Ansible's own for the keyword timeout, which comes from a signal handler as well."""


def test_nothing_goes_on_after_the_time_out_of_a_task(companion, tmp_path):
    def ring(*_signal: Any) -> None:
        raise TimeOutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    try:
        with pytest.raises(TimeOutError):
            companion.run(hang, str(tmp_path / "mark"))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    pid = int((tmp_path / "mark").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert companion.run(say, "again").out == "again\n"


def spoil(directory: str) -> None:
    os.environ["LEFT"] = "1"
    os.environ.pop("HOME", None)
    os.chdir(directory)
    os.umask(0o777)
    sys.argv[:] = ["other"]
    sys.path.insert(0, directory)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    socket.setdefaulttimeout(1)
    logging.getLogger().addHandler(logging.NullHandler())
    logging.getLogger().setLevel(1)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("error")
    sys.stdout.close()
    sys.stdin.close()


def look() -> None:
    mask = os.umask(0)
    os.umask(mask)
    print(
        json.dumps(
            {
                "environment": dict(os.environ),
                "directory": os.getcwd(),
                "umask": mask,
                "argv": sys.argv,
                "path": sys.path,
                "signals": {str(number): str(signal.getsignal(number)) for number in signal.Signals},
                "time out": socket.getdefaulttimeout(),
                "logging": [logging.getLogger().level, len(logging.getLogger().handlers), logging.root.manager.disable],
                "filters": [str(one) for one in warnings.filters],
                "locale": locale.setlocale(locale.LC_ALL),
                "threads": [thread.name for thread in threading.enumerate()],
                "stdin": sys.stdin.read(),
            }
        )
    )


def test_a_run_leaves_nothing_to_the_next(companion, tmp_path):
    before = json.loads(companion.run(look).out)
    assert companion.run(spoil, str(tmp_path)).code == 0
    assert json.loads(companion.run(look).out) == before
    assert before["stdin"] == ""


def stay_busy() -> None:
    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    print(os.getpid())


def who() -> None:
    print(os.getpid())


def test_what_leaves_a_thread_running_is_not_followed_by_another_run_there(companion):
    first = companion.run(who).out
    assert companion.run(stay_busy).out == first
    assert companion.run(who).out != first


def test_a_companion_is_reused(companion):
    assert len({companion.run(who).out for _run in range(5)}) == 1


def test_much_output_and_much_input(companion):
    text = "0123456789" * 1_000_000
    assert companion.run(say, text) == (0, text + "\n", "")


def test_ending_leaves_no_process_and_no_open_file():
    files = len(os.listdir("/proc/self/fd"))
    companion = Companion()
    pid = int(companion.run(who).out)
    companion.end()
    companion.end()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert len(os.listdir("/proc/self/fd")) == files


def start_one(mark: str, work: Callable[..., None]) -> None:
    companion = Companion()
    Path(mark).write_text(companion.run(work).out)
    os._exit(0)


def test_it_does_not_outlive_who_made_it(tmp_path):
    """Even if that is killed."""
    mark = tmp_path / "pid"
    pid = os.fork()
    if not pid:
        start_one(str(mark), who)
    os.waitpid(pid, 0)
    companion = int(mark.read_text())
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and Path(f"/proc/{companion}").exists():
        if "Z" in Path(f"/proc/{companion}/stat").read_text().rpartition(")")[2].split()[0]:
            break
        time.sleep(0.02)
    else:
        assert not Path(f"/proc/{companion}").exists()
