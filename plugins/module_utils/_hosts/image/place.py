# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that an image is exported to: complete or not there, and with a note beside it of what it is."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
import time
import typing as t

from ..._common.errors import Failure, InvalidOption
from ..._common.sizes import about
from ..errors import NoSpace, NotAccessible
from ..machine import files, obstacles
from ..machine.large_files import free_bytes
from .source import sha256_of_file

NOTE = ".storpool-image"
MOST_NOTE = 1 << 16
_OWN = 0o600
#: How often a look is taken whether a program of a run that was killed has died, and seconds in between.
_DYING, _PAUSE = 100, 0.1


class Known(t.NamedTuple):
    """What the note beside a file says: of what it was made, how, and what the file was like."""

    source: str
    format: str
    compress: bool
    virtual_size: int
    size: int
    sha256: str


def standing(dest: str) -> t.Tuple[bool, t.Optional[Known]]:
    """Whether there is a file, and what it is, if that is known and the file is still as it was made. Reads all of a file that has a note.

    Raises :class:`InvalidOption` and :class:`NotAccessible` if nothing can be written there.
    """
    if not os.path.isdir(_parent(dest)):
        raise InvalidOption(f"dest: there is no directory {_parent(dest)} on this host.")
    obstacles.check_writable(_parent(dest))
    longest = max(map(os.path.basename, (files.scratch_of(dest), dest + NOTE)), key=lambda name: len(os.fsencode(name)))
    if len(os.fsencode(longest)) > os.pathconf(_parent(dest), "PC_NAME_MAX"):
        raise InvalidOption(
            f"dest: the name of {dest} is too long. While it is made there are other files beside it, with longer names."
        )
    try:
        status = os.lstat(dest)
    except FileNotFoundError:
        return False, None
    if not stat.S_ISREG(status.st_mode):
        raise InvalidOption(f"dest: {dest} is not a file.")
    obstacles.check_replaceable(dest)
    known = _note(dest)
    if known is None or status.st_size != known.size or sha256_of_file(dest) != known.sha256:
        return True, None
    return True, known


@contextlib.contextmanager
def unfinished(dest: str, sleep: t.Callable[[float], None] = time.sleep) -> t.Iterator[int]:
    """A new file beside ``dest``, open for this process and its children alone. It is gone afterwards, unless it was given its name."""
    scratch = files.scratch_of(dest)
    with contextlib.ExitStack() as stack:
        with files.told("written", dest):
            handle = _alone(stack, scratch, sleep)
        try:
            yield handle
        finally:
            files.drop(handle, scratch)


def _alone(stack: contextlib.ExitStack, scratch: str, sleep: t.Callable[[float], None]) -> int:
    """As :func:`.files.alone`; a program of a run that was killed may take a moment to die, with the file open."""
    for _attempt in range(_DYING):
        with contextlib.suppress(BlockingIOError):
            return stack.enter_context(files.alone(scratch))
        sleep(_PAUSE)
    return stack.enter_context(files.alone(scratch))


def settle(handle: int, dest: str) -> None:
    """Have all of the file on the disk, and nothing of it in memory."""
    with _room_for(dest):
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)


def finish(handle: int, dest: str, known: Known, replace: bool) -> None:
    """Give the file its name. The note comes first: a note without its file is none, a file without its note is somebody's.

    Raises :class:`Outdated` if there is a file by now that is not to be replaced.
    """
    content = json.dumps(known._asdict(), sort_keys=True).encode() + b"\n"
    files.write(dest + NOTE, content, files.Owner(os.geteuid(), os.getegid(), _OWN))
    with files.told("written", dest):
        with contextlib.suppress(FileNotFoundError):
            before = os.lstat(dest)
            os.fchown(handle, before.st_uid, before.st_gid)
            os.fchmod(handle, stat.S_IMODE(before.st_mode))
        if replace:
            os.rename(files.scratch_of(dest), dest)
        else:
            files.put(files.scratch_of(dest), dest)
    files.settle((dest,))


def free(dest: str) -> int:
    """The bytes that can still be written where the file shall be."""
    return free_bytes(_parent(dest))


def refuse_no_room(dest: str, needed: int) -> None:
    """Raise :class:`NoSpace` if there is not so much space for the file."""
    there = free(dest)
    if needed > there:
        raise NoSpace(f"dest: {_parent(dest)} has {about(there)} free, and {dest} would take {about(needed)}.")


def _note(dest: str) -> t.Optional[Known]:
    try:
        told = json.loads(files.read(dest + NOTE, MOST_NOTE).content.decode("utf-8"))
        known = Known(**told)
    except (Failure, ValueError, TypeError, RecursionError):
        return None
    right = all(isinstance(each, str) for each in (known.source, known.format, known.sha256))
    return known if right and isinstance(known.size, int) and isinstance(known.virtual_size, int) else None


def _parent(dest: str) -> str:
    return os.path.dirname(dest)


@contextlib.contextmanager
def _room_for(dest: str) -> t.Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise NoSpace(f"dest: there is no space left for {dest}.") from None
        raise NotAccessible(f"dest: {dest} cannot be written: {error.strerror}.") from None
