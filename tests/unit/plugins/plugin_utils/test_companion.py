# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs in a companion is a program: it cannot hurt who started it, and it leaves nothing to what runs there next."""

from __future__ import annotations

import atexit
import contextlib
import decimal
import gc
import json
import locale
import logging
import os
import re
import resource
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

from ansible_collections.storpool.cloudstack.plugins.plugin_utils import _companion
from ansible_collections.storpool.cloudstack.plugins.plugin_utils._companion import Companion


@pytest.fixture(name="companion")
def _a_companion() -> Iterator[Companion]:
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
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(f"{mark}.new").write_text(str(os.getpid()))
    Path(f"{mark}.new").rename(mark)
    time.sleep(60)


class TimeOutError(BaseException):
    """As Ansible's own for the keyword timeout, which comes from a signal handler as well."""


def test_nothing_goes_on_after_the_time_out_of_a_task(companion, tmp_path):
    mark = tmp_path / "mark"

    def ring(*_signal: Any) -> None:
        if mark.exists():  # it hangs
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise TimeOutError

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.1, 0.1)
    try:
        with pytest.raises(TimeOutError):
            companion.run(hang, str(mark))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    pid = int(mark.read_text())
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
    signal.setitimer(signal.ITIMER_REAL, 60)
    signal.setitimer(signal.ITIMER_PROF, 60)
    sys.stdout.close()
    sys.stdin.close()


def open_files() -> dict[str, str]:
    """What each descriptor stands for."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(FileNotFoundError):  # the directory that was listed
            found[name] = os.readlink(f"/proc/self/fd/{name}")
    return found


def unnumbered(path: str) -> str:
    """A file without a name is another one for each companion."""
    return re.sub("#[0-9]+", "#", path)


def state() -> dict[str, Any]:
    mask = os.umask(0)
    os.umask(mask)
    return {
        "environment": dict(os.environ),
        "directory": os.getcwd(),
        "umask": mask,
        "argv": sys.argv,
        "path": sys.path,
        "signals": {str(number): str(signal.getsignal(number)) for number in signal.Signals},
        "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
        "timers": [signal.getitimer(timer) != (0, 0) for timer in (signal.ITIMER_REAL, signal.ITIMER_PROF)],
        "time out": socket.getdefaulttimeout(),
        "logging": [logging.getLogger().level, len(logging.getLogger().handlers), logging.root.manager.disable],
        "logger": [logging.getLogger("urllib3").level, len(logging.getLogger("urllib3").handlers)],
        "filters": [str(one) for one in warnings.filters],
        "locale": locale.setlocale(locale.LC_ALL),
        "threads": [thread.name for thread in threading.enumerate()],
        # Sockets are those of servers that other tests have left to end, and of ours.
        "files": sorted(what for what in map(unnumbered, open_files().values()) if not what.startswith("socket:")),
        "output": unnumbered(os.readlink("/proc/self/fd/1")),
        "limits": resource.getrlimit(resource.RLIMIT_NOFILE),
        "priority": os.getpriority(os.PRIO_PROCESS, 0),
        "decimals": decimal.getcontext().prec,
        "recursion": sys.getrecursionlimit(),
        "collected": gc.isenabled(),
        "hook": str(sys.excepthook),
        "global": _companion.PATIENCE,
    }


def look() -> None:
    print(json.dumps({**state(), "stdin": sys.stdin.read()}))


def test_a_run_leaves_nothing_to_the_next(companion, tmp_path):
    before = json.loads(companion.run(look).out)
    assert companion.run(spoil, str(tmp_path)).code == 0
    assert json.loads(companion.run(look).out) == before
    assert before["stdin"] == ""


def block() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def log_more() -> None:
    logging.getLogger("urllib3").setLevel(logging.DEBUG)


def speak_another_language() -> None:
    locale.setlocale(locale.LC_NUMERIC, "C.UTF-8" if locale.setlocale(locale.LC_NUMERIC) == "C" else "C")


def keep_a_thread() -> None:
    threading.Thread(target=time.sleep, args=(30,), daemon=True).start()


def keep_a_file() -> None:
    os.open(os.devnull, os.O_RDONLY)


def write_elsewhere() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def take_less() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (100, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


LEAST_PRIORITY = 19


def be_nice() -> None:
    os.nice(1)


def count_roughly() -> None:
    decimal.getcontext().prec = 3


def recurse_less() -> None:
    sys.setrecursionlimit(500)


def never_collect() -> None:
    gc.disable()


def tell_nobody() -> None:
    sys.excepthook = print


def set_a_global() -> None:
    _companion.PATIENCE = 9.0


LEAVES = [
    *(block, log_more, speak_another_language, keep_a_thread, keep_a_file, write_elsewhere, take_less),
    *(count_roughly, recurse_less, never_collect, tell_nobody, set_a_global),
]


if os.getpriority(os.PRIO_PROCESS, 0) < LEAST_PRIORITY:  # else it cannot be nicer
    LEAVES.append(be_nice)


def leave_and_look(work: Callable[[], None], mark: str) -> None:
    before = state()
    work()
    Path(mark).write_text(str(state() != before))


@pytest.mark.parametrize("work", LEAVES, ids=lambda work: work.__name__)
def test_what_a_run_leaves_in_its_process_is_gone_with_that(companion, work, tmp_path):
    before = companion.run(look).out
    assert companion.run(leave_and_look, work, str(tmp_path / "mark")).code == 0
    assert (tmp_path / "mark").read_text() == "True"
    assert companion.run(look).out == before


def who() -> None:
    print(os.getpid())


def test_a_companion_is_reused(companion):
    assert len({companion.run(who).out for _run in range(5)}) == 1


def test_much_output_and_much_input(companion):
    text = "0123456789" * 1_000_000
    assert companion.run(say, text) == (0, text + "\n", "")


def test_ending_leaves_no_process_and_no_open_file():
    files = open_files().items()
    companion = Companion()
    pid = int(companion.run(who).out)
    companion.end()
    companion.end()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert open_files().items() <= files  # others in this process may close theirs meanwhile


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
    deadline = time.monotonic() + 60
    while runs(companion):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
