# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would keep files from being written, as far as it can be known before anything is touched: check mode refuses what a run would refuse."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import struct
import typing as t

from ..errors import NotAccessible

#: How Linux is asked for the attributes of a file (ioctl_iflags(2)), and those with which nobody may rename or remove it.
GET_FLAGS = 2 << 30 | struct.calcsize("l") << 16 | ord("f") << 8 | 1
IMMUTABLE, APPEND_ONLY = 0x10, 0x20
MOUNTS = "/proc/self/mountinfo"
ESCAPED = re.compile(r"\\([0-7]{3})")


def check_writable(directory: str) -> None:
    """Raise :class:`NotAccessible` if files cannot be made in a directory, or it cannot be made in the one above it that is there."""
    while not os.path.lexists(directory):
        directory = os.path.dirname(directory)
    if not os.path.isdir(directory):
        raise NotAccessible(f"{directory} is not a directory.")
    _check_attributes(directory)
    if not os.access(directory, os.W_OK | os.X_OK):
        raise NotAccessible(
            f"No files can be made in {directory}: the file system is read-only, or the task needs become: true."
        )


def check_replaceable(path: str) -> None:
    """Raise :class:`NotAccessible` if a file that is there cannot be replaced and removed, as far as that can be known before it is tried."""
    status, above = os.lstat(path), os.stat(os.path.dirname(path))
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)):
        raise NotAccessible(f"{path} is in the way, which is no file. Remove it, then run the task again.")
    _check_attributes(path)
    if above.st_mode & stat.S_ISVTX and os.geteuid() not in (0, above.st_uid, status.st_uid):
        raise NotAccessible(f"{path} belongs to another user: the task needs become: true.")
    if path in _mount_points():
        raise NotAccessible(f"{path} is mounted there, so it can be neither replaced nor removed. Unmount it first.")


def _check_attributes(path: str) -> None:
    """Raise :class:`NotAccessible` if a file or directory may not be changed by anybody. Links and special files have no such attributes."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        flags = struct.unpack("l", fcntl.ioctl(handle, GET_FLAGS, bytes(struct.calcsize("l"))))[0]
    except OSError:  # a file system without them
        return
    finally:
        os.close(handle)
    for flag, letter, word in ((IMMUTABLE, "i", "immutable"), (APPEND_ONLY, "a", "append-only")):
        if flags & flag:
            raise NotAccessible(
                f"{path} is {word}, so that not even root can replace it. Take that away with chattr -{letter} {path}."
            )


def _mount_points() -> t.Set[str]:
    try:
        with open(MOUNTS, encoding="utf-8", errors="surrogateescape") as file:
            fields = [line.split() for line in file]
    except OSError:
        return set()
    return {ESCAPED.sub(lambda found: chr(int(found.group(1), 8)), field[4]) for field in fields}
