# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that are read whole, and replaced in one moment.

Whoever opens a file while it is replaced gets all of the old one or all of the new one; a process that has it open, such as a running Java, keeps the old
one. That holds for a machine that loses power, too: the new content is on the disk before it gets its name.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import stat
import typing as t

from .._common.errors import InvalidOption, NotFound
from .errors import NotAccessible

#: What the new content is called until it is complete. The class path has only names that end with .jar or .JAR.
UNFINISHED = ".unfinished"
#: How often to look for an unfinished file that no other process is about to name.
MOST_ATTEMPTS = 10


class File(t.NamedTuple):
    """A file as it was read: its path, content, and the operating system's data about it."""

    path: str
    content: bytes
    status: os.stat_result


def read(path: str, most: int) -> File:
    """Read a regular file of at most ``most`` bytes.

    Raises :class:`NotFound`, :class:`InvalidOption` if it is a symbolic link, no regular file, or larger, and :class:`NotAccessible`.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotFound(f"There is no file {path}.") from None
    except OSError as error:
        if error.errno == errno.ELOOP and os.path.islink(path):
            raise InvalidOption(
                f"{path} is a symbolic link, and replacing what it leads to might change more than this host. Name the file itself, {os.path.realpath(path)}."
            ) from None
        raise _not_accessible("read", path, error) from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise InvalidOption(f"{path} is not a file.")
        if status.st_size > most:
            raise InvalidOption(f"{path} has {status.st_size} bytes, more than {most}.")
        with os.fdopen(handle, "rb", closefd=False) as file:
            return File(path, file.read(), status)
    except OSError as error:
        raise _not_accessible("read", path, error) from None
    finally:
        os.close(handle)


def listing(directory: str) -> t.List[str]:
    """Names in a directory, in order; none if there is no such directory. Raises :class:`NotAccessible`."""
    try:
        return sorted(os.listdir(directory))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _not_accessible("read", directory, error) from None


def make_directory(path: str) -> None:
    """Make a directory, and those above it, if it is not there; for the owner to write, for all to read. Raises :class:`NotAccessible`."""
    missing = []
    above = path
    while not os.path.isdir(above):
        missing.append(above)
        above = os.path.dirname(above)
    for directory in reversed(missing):
        try:
            with contextlib.suppress(FileExistsError):
                os.mkdir(directory, 0o755)
            _settle(os.path.dirname(directory))
        except OSError as error:
            raise _not_accessible("made", directory, error) from None


def check_writable(directory: str) -> None:
    """Raise :class:`NotAccessible` if files cannot be made in a directory, or it cannot be made in the one above it that is there."""
    while not os.path.lexists(directory):
        directory = os.path.dirname(directory)
    if not os.path.isdir(directory):
        raise NotAccessible(f"{directory} is not a directory.")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise NotAccessible(
            f"No files can be made in {directory}: the file system is read-only, or the task needs become: true."
        )


def write(path: str, content: bytes, like: str, modified: t.Optional[int] = None) -> None:
    """Make a file, or replace it, in one moment.

    The new file gets the owner, mode, access lists and extended attributes (SELinux's context is one) of the file ``like``, which may be the one that
    is replaced. ``modified`` is its time of change in nanoseconds of unix time; now if it is not given.

    Raises :class:`NotAccessible`, and then nothing has changed. A run that is killed leaves the file as it was or as it should be, and perhaps a hidden
    file beside it, which the next run uses up.
    """
    directory, name = os.path.split(path)
    scratch = os.path.join(directory, f".{name}{UNFINISHED}")
    try:
        with _alone(scratch) as handle:
            try:
                _fill(handle, content)
                _dress(scratch, like, modified)
                os.fsync(handle)
                os.rename(scratch, path)
            except OSError:
                os.unlink(scratch)
                raise
        _settle(directory)
    except OSError as error:
        raise _not_accessible("written", path, error) from None


@contextlib.contextmanager
def _alone(scratch: str) -> t.Iterator[int]:
    """The unfinished file, opened for this process alone."""
    for _attempt in range(MOST_ATTEMPTS):
        handle = os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_named(handle, scratch):  # another process has meanwhile finished it, and given it its name
                continue
            yield handle
            return
        finally:
            os.close(handle)
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def _is_named(handle: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


def _fill(handle: int, content: bytes) -> None:
    os.ftruncate(handle, 0)
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _dress(path: str, like: str, modified: t.Optional[int]) -> None:
    """Give a file the owner, mode and extended attributes of another. The owner comes first: changing it takes set-id bits away."""
    status, own = os.lstat(like), os.lstat(path)
    if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
        os.chown(path, status.st_uid, status.st_gid)
    shutil.copystat(like, path)
    if modified is None:
        os.utime(path)
    else:
        os.utime(path, ns=(modified, modified))


def _settle(directory: str) -> None:
    """Have the names in a directory on the disk."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _not_accessible(action: str, path: str, error: OSError) -> NotAccessible:
    if error.errno in (errno.EAGAIN, errno.EWOULDBLOCK):
        return NotAccessible(f"Another task is writing {path} at this moment.")
    return NotAccessible(f"{path} cannot be {action}: {error.strerror}.")
