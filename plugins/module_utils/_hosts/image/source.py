# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An image that is to be imported: a file of this host, or what comes from an address. Nothing of it is believed."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import http.client
import netrc
import os
import stat
import tempfile
import threading
import typing as t
import zlib
from urllib.error import HTTPError

from ..._common.errors import InvalidOption, NotFound, Unreachable
from ..._common.secret_urls import redacted
from ..._common.sizes import about, human
from ..._common.wire import announced
from ..._common.words import quoted
from ..errors import Differs, NoSpace, NotAccessible, Unusable
from ..machine import obstacles
from ..machine.large_files import free_bytes
from . import beside, headers
from .qemu import Node, Qemu
from .want import Want

_PIECE = 1 << 18
#: How long an address may keep silent, in seconds.
_SILENCE = 60
_LEADS_ON = range(300, 400)


class Source:
    """An open image whose header has been checked.

    ``size`` is its virtual size, ``stored()`` about how much of that is data. ``sha256`` gives that of the file, once it is known.
    """

    def __init__(self, handle: int, shown: str, wanted: Want, qemu: Qemu, sha256: t.Callable[[], str]) -> None:
        self._shown = shown
        self._wanted = wanted
        self._before = os.fstat(handle)
        self.handle = handle
        self.sha256 = sha256
        with _told_of(shown):
            self.format = self._format()
            told = headers.checked(self.format, self._read, self._before.st_size)
            self._refuse_too_large(told)
            self.size = qemu.size(self.node)
            self._refuse_too_large(self.size)
            if told is not None and self.size < told:
                raise Unusable(f"its header tells of {told} bytes, and qemu-img would read {self.size} of them")
            qemu.check(self.node)
        self.stored = lambda: qemu.stored(self.node)

    @property
    def node(self) -> Node:
        """What qemu-img opens."""
        return Node(self.handle, self.format)

    def hash(self) -> str:
        """The SHA-256 of the file. Raises :class:`Differs` if it is not the one that is wanted."""
        found = self.sha256()
        if self._wanted.sha256 and found != self._wanted.sha256:
            raise Differs(
                f"src: the SHA-256 of {self._shown} is {found}, not {self._wanted.sha256} as checksum says: it is another file, or not all of it."
            )
        return found

    def refuse_changed(self) -> None:
        """Raise :class:`Differs` if the file has been written to since it was opened."""
        now = os.fstat(self.handle)
        if any(getattr(now, each) != getattr(self._before, each) for each in ("st_size", "st_mtime_ns", "st_ctime_ns")):
            raise Differs(f"src: {self._shown} was changed while it was read.")

    def _format(self) -> str:
        length = self._before.st_size
        if not length:
            raise Unusable("it is empty")
        if self._wanted.format == headers.RAW:
            return headers.RAW
        found = headers.found(self._read, length)
        if self._wanted.format and found != self._wanted.format:
            raise Unusable(f"it is {found}, and not {self._wanted.format} as format says")
        return found

    def _refuse_too_large(self, size: t.Optional[int]) -> None:
        if size == 0:
            raise Unusable("it says that it is a disk of 0 bytes")
        if size is not None and size > self._wanted.max_size:
            raise Unusable(
                f"it says that it is a disk of {human(size)}, more than the {human(self._wanted.max_size)} that max_size allows"
            )

    def _read(self, offset: int, count: int) -> bytes:
        with _readable(self._shown):
            return os.pread(self.handle, count, offset)


@contextlib.contextmanager
def opened(wanted: Want, qemu: Qemu) -> t.Iterator[Source]:
    """The image that is wanted, while it is open. Raises :class:`Failure`, also for what its header says. Nothing is left of what came from an address."""
    shown = redacted(wanted.src)
    with contextlib.ExitStack() as stack:
        if wanted.is_url:
            handle, sha256 = _download(wanted, shown)
        else:
            handle, sha256 = _open(wanted.src), None
        stack.callback(os.close, handle)
        if sha256 and sha256 != wanted.sha256:
            raise Differs(
                f"src: the SHA-256 of what came from {shown} is {sha256}, not {wanted.sha256} as checksum says: it is another file, or not all of it."
            )
        if sha256 is None:
            result = stack.enter_context(beside.reading(lambda stop: sha256_of(handle, shown, stop))).result
        else:
            result = functools.partial(str, sha256)
        yield Source(handle, shown, wanted, qemu, result)


def refuse_no_place(wanted: Want) -> None:
    """Raise a :class:`Failure` if nothing that comes from an address could be kept on this host. Nothing is written."""
    if not os.path.isdir(wanted.work_dir):
        raise InvalidOption(f"work_dir: there is no directory {wanted.work_dir} on this host.")
    obstacles.check_writable(wanted.work_dir)
    if not free_bytes(wanted.work_dir):
        raise NoSpace(f"work_dir: there is no space left in {wanted.work_dir}.")


def sha256_of_file(path: str) -> str:
    """The SHA-256 of a file of this host. Raises as :func:`opened` does."""
    handle = _open(path)
    try:
        return sha256_of(handle, path)
    finally:
        os.close(handle)


def sha256_of(handle: int, shown: str, stop: t.Optional[threading.Event] = None) -> str:
    """The SHA-256 of an open file; of a part of it if ``stop`` is set meanwhile."""
    digest, offset, buffer = hashlib.sha256(), 0, memoryview(bytearray(_PIECE))
    with _readable(shown):
        while not (stop and stop.is_set()):
            count = os.preadv(handle, [buffer], offset)
            if not count:
                break
            digest.update(buffer[:count])
            offset += count
    return digest.hexdigest()


def _open(path: str) -> int:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotFound(f"src: there is no file {path} on this host.") from None
    except (OSError, ValueError) as error:
        raise NotAccessible(f"src: {path} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise InvalidOption(f"src: {path} is not a file.")
    return handle


def _download(wanted: Want, shown: str) -> t.Tuple[int, str]:
    """What an address gives, as an open file without a name, and its SHA-256."""
    from ansible.module_utils import urls  # noqa: PLC0415  # it takes longer to be imported than all the rest

    try:
        answer = urls.open_url(
            wanted.src, timeout=_SILENCE, validate_certs=wanted.validate_certs, http_agent="storpool_image"
        )
    except HTTPError as error:
        astray = " It leads in a circle, or to something else than http and https." if error.code in _LEADS_ON else ""
        raise NotFound(f"src: {shown} answered with HTTP {error.code}.{astray}") from None
    except (OSError, http.client.HTTPException, urls.ConnectionError, urls.SSLValidationError, ValueError) as error:
        told = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        is_malformed = isinstance(error, (http.client.InvalidURL, ValueError)) and not isinstance(error, OSError)
        if is_malformed:  # its words may have a piece of a password
            told = "the address, or what it answers or leads to, is malformed"
        raise Unreachable(f"src: {shown} cannot be fetched: {told}.") from None
    except netrc.NetrcParseError:
        raise NotAccessible(
            f"src: {shown} cannot be fetched: the file .netrc of the user who runs the task is damaged. Mend or remove it."
        ) from None
    with contextlib.closing(answer):
        is_unpacked = answer.headers.get("Content-Encoding", "").lower() == "gzip"  # by open_url
        length = None if is_unpacked else announced(answer.headers)
        _refuse_no_room(wanted.work_dir, length)
        handle = _nameless(wanted.work_dir)
        try:
            sha256 = _receive(answer, handle, shown, length)
        except BaseException:
            os.close(handle)
            raise
    return handle, sha256


def _receive(answer: t.Any, handle: int, shown: str, length: t.Optional[int]) -> str:
    digest, count = hashlib.sha256(), 0
    while True:
        try:
            piece = answer.read(_PIECE)
        except (OSError, EOFError, ValueError, zlib.error, http.client.HTTPException) as error:
            raise Unreachable(
                f"src: {shown} broke off after {about(count)}: {error or type(error).__name__}."
            ) from None
        if not piece:
            break
        digest.update(piece)
        count += len(piece)
        try:
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(handle, rest) :]
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoSpace(
                    f"work_dir: there is no space left for what comes from {shown}, after {about(count)}."
                ) from None
            raise NotAccessible(f"work_dir: what comes from {shown} cannot be written: {error.strerror}.") from None
    if length is not None and count < length:
        raise Unreachable(f"src: {shown} broke off after {about(count)} of {about(length)}.")
    return digest.hexdigest()


def _refuse_no_room(directory: str, length: t.Optional[int]) -> None:
    free = free_bytes(directory)
    if length is not None and length > free:
        raise NoSpace(f"work_dir: {directory} has {about(free)} free, and {about(length)} would be fetched.")


def _nameless(directory: str) -> int:
    """A new file that is gone when nobody has it open."""
    try:
        with contextlib.suppress(AttributeError, IsADirectoryError):
            return os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
            raise NotAccessible(f"work_dir: no file can be made in {directory}: {error.strerror}.") from None
    try:
        handle, path = tempfile.mkstemp(dir=directory)
    except OSError as error:
        raise NotAccessible(f"work_dir: no file can be made in {directory}: {error.strerror}.") from None
    os.unlink(path)
    return handle


@contextlib.contextmanager
def _told_of(shown: str) -> t.Iterator[None]:
    """What is wrong with the image becomes a sentence that names it."""
    try:
        yield
    except Unusable as failure:
        raise Unusable(f"src: {quoted(shown, 300)} cannot be imported: {failure.message.rstrip('.')}.") from None


@contextlib.contextmanager
def _readable(shown: str) -> t.Iterator[None]:
    try:
        yield
    except OSError as error:
        raise NotAccessible(f"src: {shown} cannot be read: {error.strerror}.") from None
