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


def write(path: str, content: bytes, like: t.Union[str, Owner], modified: t.Optional[int] = None) -> None:
    """Make a file, or replace it, in one moment; ``like`` and ``modified`` are as for :class:`New`.

    Raises :class:`NotAccessible`, and then nothing has changed. A run that is killed leaves the file as it was or as it should be, and perhaps a hidden
    file beside it, which the next run uses up.
    """
    switch((New(path, content, like, modified),), ())


def switch(news: t.Iterable[New], gone: t.Iterable[str]) -> None:
    """Make or replace some files and remove others, with nothing in between but renaming and removing.

    What is new is there, complete and for good, before what goes is gone. Raises :class:`NotAccessible`; nothing has changed if a new file could not be
    written. A run that is killed leaves each file as it was or as it should be.
    """
    with contextlib.ExitStack() as stack:
        ready = [(stack.enter_context(_prepared(new)), new.path) for new in news]
        for scratch, path in ready:
            with _told("written", path):
                os.rename(scratch, path)
        _settle_all(path for _scratch, path in ready)
        gone = tuple(gone)
        for path in gone:
            with _told("removed", path):
                os.unlink(path)
        _settle_all(gone)


def dress(path: str, owner: Owner) -> None:
    """Give a file to an owner. Raises :class:`NotAccessible`."""
    with _told("given to another owner", path):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            _own(handle, owner)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _prepared(new: New) -> t.Iterator[str]:
    """The path of a complete file that only waits for its name, kept from other processes. It is removed if it does not get the name."""
    directory, name = os.path.split(new.path)
    scratch = os.path.join(directory, f".{name}{UNFINISHED}")
    with _told("written", new.path), _alone(scratch) as handle:
        try:
            _fill(handle, new.content)
            _dress(handle, scratch, new)
            os.fsync(handle)
            yield scratch
        finally:
            if _is_named(handle, scratch):
                os.unlink(scratch)


@contextlib.contextmanager
def _told(action: str, path: str) -> t.Iterator[None]:
    """Turns an error of the operating system into a sentence."""
    try:
        yield
    except OSError as error:
        raise _not_accessible(action, path, error) from None


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


def _settle_all(paths: t.Iterable[str]) -> None:
    """Have the names of these files on the disk, also that they are not there any more."""
    for directory in sorted({os.path.dirname(path) for path in paths}):
        with _told("written", directory):
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
