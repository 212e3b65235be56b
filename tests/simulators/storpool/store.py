# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The directory where the bytes are: claimed, filled in the order of the calls, emptied.

Work goes on in threads, so that no copy keeps the server from answering: what concerns the same file is done in the order in
which it was given, all else side by side.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from simulators.storpool.files import Abandoned, carry_out
from simulators.storpool.names import GLOBAL_ID
from simulators.storpool.steps import Step, files_of

MARKER = ".storpool-simulator"
MARKED = (
    "The bytes of a simulated StorPool cluster. The next simulator that is started with this directory removes them.\n"
)
#: Names that clients have for the files, where there are no loop devices: hard links, in a directory for each client.
HANDLES = "handles"
CLUSTER = r"[a-z0-9]+\.[a-z0-9]+"
DIRECTORIES = re.compile(rf"{HANDLES}(/{CLUSTER}[.][0-9]+)?|{CLUSTER}")
FILES = re.compile(rf"{re.escape(MARKER)}|({HANDLES}/{CLUSTER}[.][0-9]+|{CLUSTER})/{GLOBAL_ID.pattern}")
THREADS = 4

Work = asyncio.Task[None]


class DataError(Exception):
    """Why a directory or a device cannot be used, in a sentence."""


class Store:
    """The files below ``root``; one simulator at a time can have it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = _claim(root)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="data")
        self._abandoned = threading.Event()
        self._last: dict[str, Work] = {}
        self._running: set[Work] = set()
        self._wiping: Work | None = None

    def submit(self, steps: list[Step]) -> Work | None:
        """Begin with steps, once what was given before for the same files is done; None if there are none."""
        if not steps:
            return None
        names = files_of(steps)
        before = {self._last[name] for name in names if name in self._last}
        if self._wiping is not None:
            before.add(self._wiping)
        work = asyncio.get_running_loop().create_task(self._run(before, steps, self._abandoned))
        self._running.add(work)
        for name in names:
            self._last[name] = work

        def ended(_work: Work) -> None:
            self._running.discard(work)
            for name in names:
                if self._last.get(name) is work:
                    del self._last[name]
            failure = None if work.cancelled() else work.exception()
            if failure is not None and not isinstance(failure, Abandoned):
                print(
                    f"the data of {', '.join(sorted(names))} could not be kept: {failure}", file=sys.stderr, flush=True
                )

        work.add_done_callback(ended)
        return work

    async def _run(self, before: set[Work], steps: list[Step], abandoned: threading.Event) -> None:
        if before:
            await asyncio.wait(before)
        await asyncio.get_running_loop().run_in_executor(self._pool, carry_out, self.root, steps, abandoned)

    async def settled(self, file: str | None = None) -> None:
        """Returns once what was given so far for a file, or for all, is done."""
        waiting = [work for name, work in self._last.items() if file in (None, name)]
        if file is None and self._wiping is not None:
            waiting.append(self._wiping)
        if waiting:
            await asyncio.wait(waiting)

    def is_busy(self, file: str) -> bool:
        """Whether something is still to be done with a file."""
        return file in self._last or (self._wiping is not None and not self._wiping.done())

    def wipe(self) -> None:
        """Give up what is not done yet, and remove every file; what is given later comes after that."""
        self._abandoned.set()
        before = {*self._running, *({self._wiping} if self._wiping is not None else ())}
        self._abandoned = threading.Event()
        self._last.clear()
        self._wiping = asyncio.get_running_loop().create_task(self._wipe(before))

    async def _wipe(self, before: set[Work]) -> None:
        if before:
            await asyncio.wait(before)
        await asyncio.get_running_loop().run_in_executor(self._pool, _remove_files, self.root)

    def close(self) -> None:
        """Give up what is not done yet, and give the directory free; the files stay."""
        self._abandoned.set()
        self._pool.shutdown(cancel_futures=True)
        os.close(self._lock)


def _claim(root: Path) -> int:
    """Take a directory that is empty, or that an earlier simulator has left, whose files are removed; the lock on it."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        found = {path.name for path in root.iterdir()}
        if found and MARKER not in found:
            raise DataError(f"{root} is neither empty nor a simulator's: give another directory, or empty it.")
        marker = os.open(root / MARKER, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(marker, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(
                f"{root} is in use by another simulator: give another directory, or end that one."
            ) from None
        for path in root.rglob("*"):
            if path.is_symlink() or not _is_own(path.relative_to(root), path.is_dir()):
                raise DataError(f"{path} is not a simulator's: take it out of {root}, or give another directory.")
        os.pwrite(marker, MARKED.encode(), 0)
        _remove_files(root)
    except OSError as error:
        raise DataError(f"{root} cannot be used as the directory for data: {error.strerror or error}.") from error
    return marker


def _is_own(path: Path, is_directory: bool) -> bool:
    """Whether a simulator makes such a file or directory."""
    return (DIRECTORIES if is_directory else FILES).fullmatch(path.as_posix()) is not None


def _remove_files(root: Path) -> None:
    for path in root.iterdir():
        if path.name != MARKER:
            shutil.rmtree(path)
