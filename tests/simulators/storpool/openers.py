# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has a device open: processes of this machine and of its containers, mounts, other users in the kernel."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path


def is_open(device: Path) -> bool:
    """Whether a block device or a file is open; a file counts where it was opened by the name that ``device`` is.

    Without root, only processes of the same user are seen.
    """
    try:
        wanted = os.stat(device)
    except OSError:
        return False
    if stat.S_ISBLK(wanted.st_mode):
        numbers = (found.st_rdev for _name, found in _open_files() if stat.S_ISBLK(found.st_mode))
        return wanted.st_rdev in numbers or _is_claimed(device)
    # In a container the beginning of the name is another.
    name = "/" + "/".join(device.parts[-2:])
    same = (found for found_name, found in _open_files() if found_name.removesuffix(" (deleted)").endswith(name))
    return any(os.path.samestat(found, wanted) for found in same)


def _open_files() -> Iterator[tuple[str, os.stat_result]]:
    """The name and the state of each file that any other process has open."""
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            for entry in os.scandir(process / "fd"):
                name = os.readlink(entry.path)
                if name.startswith("/"):
                    yield name, os.stat(entry.path)
        except OSError:  # it has ended, or is not ours to look at
            continue


def _is_claimed(device: Path) -> bool:
    """Whether it is mounted, or a part of another device."""
    try:
        os.close(os.open(device, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError as error:
        return error.errno == errno.EBUSY
    return False
