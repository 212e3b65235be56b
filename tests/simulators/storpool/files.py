# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carries out steps on sparse files: by reflink where the file system can, else by copying what is no hole."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import itertools
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from simulators.storpool.steps import Copy, Make, Refill, Remove, Rename, Resize, Step

FICLONE = 0x40049409
PUNCH_HOLE_KEEP_SIZE = 0x02 | 0x01
#: Bytes that are copied at once; between two of these a copy can be given up.
CHUNK = 16 * 2**20
#: So often copies are made again because somebody wrote to their sources meanwhile.
ATTEMPTS = 5
READ_ONLY = 0o444
READ_WRITE = 0o644

_libc = ctypes.CDLL(None, use_errno=True)
_libc.fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)


class Abandoned(Exception):
    """The work is not needed any more."""


def carry_out(root: Path, steps: Sequence[Step], abandoned: threading.Event) -> None:
    """Do the steps one after the other, copies in a row as of one moment; OSError where one cannot be done.

    :class:`Abandoned` once ``abandoned`` is set.
    """
    for kind, group in itertools.groupby(steps, type):
        if kind is Copy:
            _copies(root, list(group), abandoned)
            continue
        for step in group:
            _give_up_if(abandoned)
            _step(root, step, abandoned)


def _step(root: Path, step: Step, abandoned: threading.Event) -> None:
    path = root / step.file
    match step:
        case Make(size=size):
            with _new(path) as descriptor:
                os.ftruncate(descriptor, size)
        case Refill(source=source, size=size):
            with _opened(root / source, os.O_RDONLY) as given, _opened(path, os.O_RDWR) as taken:
                _fill(given, taken, size, abandoned)
        case Resize(size=size):
            os.truncate(path, size)
        case Rename(source=source):
            path.parent.mkdir(exist_ok=True)
            os.rename(root / source, path)
        case Remove():
            path.unlink(missing_ok=True)


def _give_up_if(abandoned: threading.Event) -> None:
    if abandoned.is_set():
        raise Abandoned


@contextlib.contextmanager
def _opened(path: Path, flags: int, mode: int = 0) -> Iterator[int]:
    """A file descriptor for as long as the block lasts."""
    number = os.open(path, flags | os.O_CLOEXEC, mode)
    try:
        yield number
    finally:
        os.close(number)


def _new(path: Path) -> contextlib.AbstractContextManager[int]:
    path.parent.mkdir(exist_ok=True)
    return _opened(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, READ_WRITE)


def _copies(root: Path, copies: list[Copy], abandoned: threading.Event) -> None:
    """Make all of them as their sources are at one moment: again if somebody wrote to a source meanwhile.

    What is written to all the time has no such moment that could be met; then the last attempt counts.
    """
    own = {copy.file for copy in copies}
    sources = sorted({root / copy.source for copy in copies if copy.source not in own})
    for _attempt in range(ATTEMPTS):
        before = [_written(path) for path in sources]
        try:
            for copy in copies:
                _give_up_if(abandoned)
                _copy(root, copy, abandoned)
        except OSError:  # a part of the bytes is nobody's: what reads them has to fail, too
            for copy in copies:
                (root / copy.file).unlink(missing_ok=True)
            raise
        if before == [_written(path) for path in sources]:
            return
    names = ", ".join(path.name for path in sources)
    print(f"{names}: written to all the time while copied; the copy is not of one moment", file=sys.stderr, flush=True)


def _written(path: Path) -> tuple[int, int]:
    """What changes with every write to the file."""
    found = os.stat(path)
    return found.st_mtime_ns, found.st_size


def _copy(root: Path, copy: Copy, abandoned: threading.Event) -> None:
    path = root / copy.file
    path.unlink(missing_ok=True)  # an earlier attempt
    with _opened(root / copy.source, os.O_RDONLY) as given, _new(path) as taken:
        _fill(given, taken, copy.size, abandoned)
        if copy.read_only:
            os.fchmod(taken, READ_ONLY)


def _fill(given: int, taken: int, size: int, abandoned: threading.Event) -> None:
    """Let ``taken`` be ``size`` bytes: those of ``given`` as far as they go, then zeros. Its holes stay holes."""
    _empty(taken, size)
    length = os.fstat(given).st_size
    try:
        fcntl.ioctl(taken, FICLONE, given)
        os.ftruncate(taken, size)
        return
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.ENOTTY, errno.EINVAL, errno.EXDEV, errno.ENOSYS):
            raise
    for begin, end in data(given, min(length, size)):
        offset = begin
        while offset < end:
            _give_up_if(abandoned)
            offset += _send(given, taken, offset, min(CHUNK, end - offset))


def _empty(taken: int, size: int) -> None:
    """Let it be ``size`` zeros. It keeps its size on the way there if that is the same: a device may be on it."""
    length = os.fstat(taken).st_size
    if length and _libc.fallocate(taken, PUNCH_HOLE_KEEP_SIZE, 0, length):
        os.ftruncate(taken, 0)  # no holes can be made here
    os.ftruncate(taken, size)


def data(given: int, length: int) -> Iterator[tuple[int, int]]:
    """Where a file has data, from and to, as far as ``length``."""
    end = 0
    while end < length:
        try:
            begin = os.lseek(given, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        end = min(length, os.lseek(given, begin, os.SEEK_HOLE))
        if begin < end:
            yield begin, end


def _send(given: int, taken: int, offset: int, count: int) -> int:
    try:
        sent = os.copy_file_range(given, taken, count, offset, offset)
    except OSError as error:
        if error.errno not in (errno.EXDEV, errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            raise
        sent = os.pwrite(taken, os.pread(given, count, offset), offset)
    if not sent:
        raise OSError(errno.EIO, "the file became shorter while it was copied")
    return sent
