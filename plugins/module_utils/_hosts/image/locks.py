# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run at a time for each thing on this host: a lock that is gone with its process, however that ends; qemu-img ends with it, too (:mod:`.process`)."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import stat
import tempfile
import time
import typing as t

from ..errors import NotAccessible

PAUSE = 0.2


@contextlib.contextmanager
def alone(
    key: str,
    seconds: float,
    busy: t.Callable[[], Exception],
    clock: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> t.Iterator[None]:
    """Be the only one on this host that works on ``key``.

    Raises what ``busy`` returns if another still is after so many seconds, and :class:`NotAccessible`.
    """
    path = os.path.join(_directory(), hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:32])
    end = clock() + seconds
    while True:
        handle = _locked(path)
        if handle is not None:
            break
        if clock() >= end:
            raise busy()
        sleep(PAUSE)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.unlink(path)
        os.close(handle)


def _locked(path: str) -> t.Optional[int]:
    """The open file, if the lock could be had and the file is still the one that others find there."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NotAccessible(f"{path} cannot be opened: {error.strerror}.") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(handle), os.stat(path)):
            return handle
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(handle)
    return None


def _directory() -> str:
    """A directory of this user's, which nobody else can put anything into."""
    user = os.geteuid()
    path = "/run/storpool_image" if user == 0 else os.path.join(tempfile.gettempdir(), f"storpool_image-{user}")
    try:
        with contextlib.suppress(FileExistsError):
            os.mkdir(path, 0o700)
        status = os.lstat(path)
    except OSError as error:
        raise NotAccessible(f"{path} cannot be made: {error.strerror}.") from None
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != user or status.st_mode & 0o022:
        raise NotAccessible(f"{path} is not a directory of this user's alone. Remove it, then run the task again.")
    return path
