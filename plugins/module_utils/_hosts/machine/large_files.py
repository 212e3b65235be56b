# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are too large to be read whole: their checksums, and making one piece by piece beside its place."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import typing as t

from ..._common.errors import InvalidOption
from . import files, obstacles

_PIECE = 1 << 20


class Found(t.NamedTuple):
    """A file that is there: its size in bytes, and its checksum as hexadecimal digits."""

    size: int
    digest: str


def found(path: str, algorithm: str, option: str) -> t.Optional[Found]:
    """The file at a path; ``None`` if there is nothing.

    Raises :class:`InvalidOption` if that is no place for a file, and :class:`NotAccessible`.
    """
    directory = os.path.dirname(path)
    if not os.path.isabs(path) or not os.path.isdir(directory):
        raise InvalidOption(f"{option} is {path!r}: give the absolute path of a file in a directory that is there.")
    with files.told("read", path):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError:
            if os.path.islink(path):
                raise InvalidOption(
                    f"{option} is {path!r}, which is a symbolic link. Name the file itself, {os.path.realpath(path)}."
                ) from None
            raise
        try:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise InvalidOption(f"{option} is {path!r}, and that is no file. Give the path of a file.")
            return _read(handle, algorithm)
        finally:
            os.close(handle)


def _read(handle: int, algorithm: str) -> Found:
    digest, size = hashlib.new(algorithm), 0
    while True:
        piece = os.read(handle, _PIECE)
        if not piece:
            return Found(size, digest.hexdigest())
        digest.update(piece)
        size += len(piece)


def check_place(path: str, option: str) -> None:
    """Raise :class:`InvalidOption` or :class:`NotAccessible` if no file can be made or replaced there, as far as that can be known before it is tried."""
    directory = os.path.dirname(path)
    obstacles.check_writable(directory)
    with files.told("looked at", directory):
        longest = os.pathconf(directory, "PC_NAME_MAX")
    if len(os.fsencode(os.path.basename(files.scratch_of(path)))) > longest:
        raise InvalidOption(
            f"{option}: the name of {path} is too long. While it is made there is another file beside it, with a longer name."
        )
    if os.path.lexists(path):
        obstacles.check_replaceable(path)


def free_bytes(directory: str) -> int:
    """How much more can be written there. Raises :class:`NotAccessible`."""
    with files.told("looked at", directory):
        status = os.statvfs(directory)
    return status.f_bavail * status.f_frsize


class Unfinished:
    """A file that is being made beside its place. Only its owner may read it. ``size`` and ``digest`` are those of what is in it so far."""

    def __init__(self, handle: int, scratch: str, path: str, algorithm: str) -> None:
        self._handle = handle
        self._scratch = scratch
        self._path = path
        self._algorithm = algorithm
        self.restart()

    def restart(self) -> None:
        """Begin again with nothing."""
        with files.told("written", self._path):
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.ftruncate(self._handle, 0)
        self.size = 0
        self._digest = hashlib.new(self._algorithm)

    def add(self, piece: bytes) -> None:
        """Write a piece. Raises :class:`NotAccessible`, for instance if the disk is full."""
        with files.told("written", self._path):
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        self._digest.update(piece)
        self.size += len(piece)

    @property
    def digest(self) -> str:
        """The checksum so far, as hexadecimal digits."""
        return self._digest.hexdigest()

    def name(self, replace: bool) -> None:
        """Give it its name, for good. Raises :class:`Outdated` if a file has it and is not to be replaced, and :class:`NotAccessible`."""
        with files.told("written", self._path):
            os.fsync(self._handle)
            if replace:
                os.rename(self._scratch, self._path)
            else:
                files.put(self._scratch, self._path)
            files.settle((self._path,))


@contextlib.contextmanager
def unfinished(path: str, algorithm: str) -> t.Iterator[Unfinished]:
    """A new file beside its place, kept from other processes. It is removed if it does not get its name; one that a killed run has left is, too."""
    with files.told("written", path), files.alone(files.scratch_of(path)) as handle:
        scratch = files.scratch_of(path)
        try:
            yield Unfinished(handle, scratch, path, algorithm)
        finally:
            files.drop(handle, scratch)
