# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The block device that StorPool's client makes of what is attached to this host."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
import typing as t

from ..._common.errors import NotConverged
from ..._common.sizes import human
from ..errors import Differs, NotAccessible
from .qemu import Node

PAUSE = 0.05
#: What direct reads and writes are a multiple of, on any device.
_BLOCK = 4096


class Device:
    """An open device. ``path`` is the link that led to it."""

    def __init__(self, path: str, handle: int, size: int) -> None:
        self.path = path
        self.size = size
        self._handle = handle
        self._is_block = stat.S_ISBLK(os.fstat(handle).st_mode)
        self._direct = size % _BLOCK == 0 and can_be_direct(handle)

    @property
    def node(self) -> Node:
        """What qemu-img opens."""
        return Node(self._handle, "raw", self._is_block, self._direct)

    def settle(self) -> None:
        """Have on the device what was written, and nothing of it in memory, so that what is read from now on is what the device has."""
        try:
            os.fsync(self._handle)
            os.posix_fadvise(self._handle, 0, 0, os.POSIX_FADV_DONTNEED)
        except OSError as error:
            raise NotAccessible(f"{self.path} cannot be written: {error.strerror}.") from None


@contextlib.contextmanager
def opened(
    directory: str,
    global_id: str,
    name: t.Optional[str],
    size: int,
    writable: bool,
    seconds: float,
    clock: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
) -> t.Iterator[Device]:
    """The device of the volume or snapshot with this global id, while it is open, as soon as it is there and has its ``size``.

    Raises :class:`NotConverged` if it is not within ``seconds``, and :class:`NotAccessible`.
    """
    links = [os.path.join(directory, "storpool-byid", global_id)]
    links += [os.path.join(directory, "storpool", name)] if name else []
    end = clock() + seconds
    handle: t.Optional[int] = None
    try:
        while True:
            handle, path = _open(links, writable)
            found = 0 if handle is None else os.lseek(handle, 0, os.SEEK_END)
            if handle is not None and found == size:
                break
            if clock() >= end:
                raise _not_there(links, handle is not None, found, size, seconds)
            if handle is not None:
                os.close(handle)
                handle = None
            sleep(PAUSE)
        yield Device(path, handle, size)
    finally:
        if handle is not None:
            os.close(handle)


def _open(links: t.Iterable[str], writable: bool) -> t.Tuple[t.Optional[int], str]:
    for link in links:
        try:
            handle = os.open(link, (os.O_RDWR if writable else os.O_RDONLY) | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOMEDIUM):
                continue
            advice = " The task needs become: true." if error.errno in (errno.EACCES, errno.EPERM) else ""
            raise NotAccessible(f"{link} cannot be opened: {error.strerror}.{advice}") from None
        mode = os.fstat(handle).st_mode
        if not (stat.S_ISBLK(mode) or stat.S_ISREG(mode)):
            os.close(handle)
            raise NotAccessible(f"{link} is no block device.")
        return handle, link
    return None, ""


def _not_there(links: t.Sequence[str], there: bool, found: int, size: int, seconds: float) -> Exception:
    if there:
        return Differs(
            f"{links[0]} has {human(found)} and not {human(size)}, as StorPool says, even after {seconds:g} s."
        )
    return NotConverged(
        f"StorPool says that it is attached to this host, but {links[0]} did not appear within {seconds:g} s. See whether the StorPool client service "
        "(storpool_block) runs here, and whether this is the host whose SP_OURID the configuration has."
    )


def can_be_direct(handle: int) -> bool:
    """Whether what is open can be read without the cache: any device can, but not files of every file system."""
    try:
        probe = os.open(f"/proc/self/fd/{handle}", os.O_RDONLY | os.O_DIRECT | os.O_CLOEXEC)
    except OSError:
        return False
    os.close(probe)
    return True
