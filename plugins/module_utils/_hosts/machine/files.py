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
import hashlib
import os
import shutil
import stat
import typing as t

from ..._common.errors import Failure, InvalidOption, NotFound, Outdated
from ..errors import NotAccessible
from . import renames

#: What the new content is called until it is complete. The class path has only names that end with .jar or .JAR.
UNFINISHED = ".unfinished"
#: How often to look for an unfinished file that no other process is about to name.
MOST_ATTEMPTS = 10
#: The largest file that is read to be compared: no jar of a plugin has as much.
MOST_BYTES = 2**28
#: What the directories that are made allow: the owner to write, all to read.
UMASK = 0o022


class File(t.NamedTuple):
    """A file as it was read: its path, content, and the operating system's data about it."""

    path: str
    content: bytes
    status: os.stat_result


class Owner(t.NamedTuple):
    """Whose a file is, and who may use it: ids of user and group, and permission bits."""

    uid: int
    gid: int
    mode: int


class New(t.NamedTuple):
    """A file that is to be: where, what, and with which attributes.

    ``like`` is the path of a file whose owner, mode, access lists and extended attributes (SELinux's context is one) it gets, which may be the one that
    it replaces; or an :class:`Owner`, and the rest is as for any file that is made in its directory. ``modified`` is its time of change in nanoseconds
    of unix time, now if it is not given.
    """

    path: str
    content: bytes
    like: t.Union[str, Owner]
    modified: t.Optional[int] = None


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
    """Make a directory, and those above it, if it is not there; for the owner to write, for all to read, whatever the umask is.

    Raises :class:`NotAccessible`.
    """
    missing = []
    above = path
    while not os.path.isdir(above):
        missing.append(above)
        above = os.path.dirname(above)
    before = os.umask(UMASK)  # a chmod afterwards would be left out by a kill in between
    try:
        for directory in reversed(missing):
            with told("made", directory):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(directory, 0o755)
                _settle(os.path.dirname(directory))
    finally:
        os.umask(before)


def write(
    path: str,
    content: bytes,
    like: t.Union[str, Owner],
    modified: t.Optional[int] = None,
    expected: t.Optional[str] = None,
) -> None:
    """Make a file, or replace it, in one moment; ``like`` and ``modified`` are as for :class:`New`.

    ``expected`` is the checksum of what may be replaced, if not anything. Raises :class:`NotAccessible`, and :class:`Outdated` if something else is
    there, and then nothing has changed. A run that is killed leaves the file as it was or as it should be, and perhaps a hidden file beside it, which
    the next run removes.
    """
    with told("written", path), prepared(New(path, content, like, modified)) as scratch:
        if expected:
            replace(scratch, path, expected)
        else:
            os.rename(scratch, path)
        settle((path,))


def replace(scratch: str, path: str, expected: str) -> None:
    """Give a complete file the name of another, which has this checksum and is gone afterwards.

    Raises :class:`Outdated` if the other has another checksum by now, and leaves it; and :class:`OSError`.
    """
    try:
        if not renames.exchange(scratch, path):
            expect(path, expected)
            os.rename(scratch, path)
            return
        try:
            expect(scratch, expected, path)
        except Failure:
            renames.exchange(scratch, path)
            raise
        os.unlink(scratch)
    except FileNotFoundError:
        raise _outdated(path) from None


def put(scratch: str, path: str) -> None:
    """Give a complete file its name, which no file has. Raises :class:`Outdated` if one has it by now, and :class:`OSError`."""
    try:
        renames.move(scratch, path)
    except (FileExistsError, FileNotFoundError):
        raise _outdated(path) from None


def take_away(path: str, expected: str) -> None:
    """Remove a file of this checksum. Raises :class:`Outdated` if it has another by now, and leaves it; and :class:`OSError`."""
    aside = scratch_of(path)
    clear(aside)
    put(path, aside)
    try:
        expect(aside, expected, path)
    except Failure:
        put(aside, path)
        raise
    os.unlink(aside)


def expect(place: str, checksum: t.Optional[str], path: t.Optional[str] = None) -> None:
    """Raise :class:`Outdated` if a file has another checksum; ``None``: if there is one. ``path`` is what it is called, if not so."""
    try:
        there: t.Optional[str] = hashlib.sha256(read(place, MOST_BYTES).content).hexdigest()
    except NotFound:
        there = None
    except InvalidOption:  # no file, or larger than all that is written here
        there = ""
    if there != checksum:
        raise _outdated(path or place)


def _outdated(path: str) -> Outdated:
    return Outdated(f"{path} was changed by something else at the same moment.")


def dress(path: str, owner: Owner) -> None:
    """Give a file to an owner; one that has other names besides keeps them as they are. Raises :class:`NotAccessible`."""
    with told("given to another owner", path):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(handle)
            if status.st_nlink == 1:
                _own(handle, owner)
                return
        finally:
            os.close(handle)
    content = read(path, MOST_BYTES).content
    write(path, content, owner, status.st_mtime_ns, hashlib.sha256(content).hexdigest())


def scratch_of(path: str) -> str:
    """What a file is called until it is complete."""
    directory, name = os.path.split(path)
    return os.path.join(directory, f".{name}{UNFINISHED}")


def hidden_name(name: str) -> bool:
    """Whether a file of this name is one that is not complete, or has been taken away just now."""
    return name.startswith(".") and name.endswith(UNFINISHED)


def named_by(scratch: str) -> str:
    """The path that an incomplete file is to get."""
    directory, name = os.path.split(scratch)
    return os.path.join(directory, name[1 : -len(UNFINISHED)])


def left_over(scratch: str) -> t.Optional[File]:
    """What a run that was stopped has left, without its content if that is more than a jar has; ``None`` if there is nothing, or a task is at it."""
    try:
        return read(scratch, MOST_BYTES) if _is_free(scratch) else None
    except NotFound:
        return None
    except InvalidOption:
        return File(scratch, b"", os.lstat(scratch))


def _is_free(scratch: str) -> bool:
    try:
        handle = os.open(scratch, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return stat.S_ISREG(os.fstat(handle).st_mode)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)


@contextlib.contextmanager
def prepared(new: New) -> t.Iterator[str]:
    """The path of a complete file that only waits for its name, kept from other processes. It is removed if it does not get the name."""
    scratch = scratch_of(new.path)
    with alone(scratch) as handle:
        try:
            _fill(handle, new.content)
            _dress(handle, scratch, new)
            os.fsync(handle)
            yield scratch
        finally:
            drop(handle, scratch)


def drop(handle: int, scratch: str) -> None:
    """Remove an unfinished file that has not got its name."""
    if _is_named(handle, scratch):
        os.unlink(scratch)


@contextlib.contextmanager
def told(action: str, path: str) -> t.Iterator[None]:
    """Turns an error of the operating system into a sentence."""
    try:
        yield
    except OSError as error:
        raise _not_accessible(action, path, error) from None


@contextlib.contextmanager
def alone(scratch: str) -> t.Iterator[int]:
    """A new unfinished file, opened for this process alone."""
    for _attempt in range(MOST_ATTEMPTS):
        clear(scratch)
        try:
            handle = os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except FileExistsError:  # of another process, just now
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not _is_named(handle, scratch):  # another process has taken it for left over
                continue
            yield handle
            return
        finally:
            os.close(handle)
    raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def clear(scratch: str) -> None:
    """Take the name away from what a killed run has left, without writing to it: somebody may have given it another name, too.

    Raises :class:`BlockingIOError` if another process is at it, and :class:`IsADirectoryError`.
    """
    try:
        if not stat.S_ISREG(os.lstat(scratch).st_mode):
            os.unlink(scratch)
            return
        handle = os.open(scratch, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_named(handle, scratch):
            os.unlink(scratch)
    finally:
        os.close(handle)


def _is_named(handle: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


def _fill(handle: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(handle, rest) :]


def _dress(handle: int, path: str, new: New) -> None:
    """Give an unfinished file the attributes that it should have. The owner comes first: changing it takes set-id bits away."""
    if isinstance(new.like, Owner):
        _own(handle, new.like)
    else:
        status, own = os.lstat(new.like), os.lstat(path)
        if (own.st_uid, own.st_gid) != (status.st_uid, status.st_gid):
            os.chown(path, status.st_uid, status.st_gid)
        shutil.copystat(new.like, path)
    if new.modified is None:
        os.utime(path)
    else:
        os.utime(path, ns=(new.modified, new.modified))


def _own(handle: int, owner: Owner) -> None:
    status = os.fstat(handle)
    if (status.st_uid, status.st_gid) != (owner.uid, owner.gid):
        os.fchown(handle, owner.uid, owner.gid)
    os.fchmod(handle, owner.mode)


def settle(paths: t.Iterable[str]) -> None:
    """Have the names of these files on the disk, also that they are not there any more."""
    for directory in sorted({os.path.dirname(path) for path in paths}):
        with told("written", directory):
            _settle(directory)


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
