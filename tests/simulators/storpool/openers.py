# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who has a device open: processes of this machine and of its containers, mounts, other users in the kernel."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path


def opened(devices: Iterable[Path]) -> set[Path]:
    """Those of some block devices and files that are open; a file counts where it was opened by the name that is given.

    Without root, only processes of the same user are seen.
    """
    blocks, files = {}, {}
    for device in devices:
        with contextlib.suppress(OSError):
            found = device.stat()
            if stat.S_ISBLK(found.st_mode):
                blocks[found.st_rdev] = device
            else:
                files[found.st_dev, found.st_ino, _tail(str(device))] = device
    if not blocks and not files:
        return set()
    seen = {device for device in blocks.values() if _is_claimed(device)}
    tails = {tail for _device, _inode, tail in files}
    for path, name in _open_files():
        tail = _tail(name)
        if not blocks and tail not in tails:
            continue  # most of what there is; looking at each of them takes long
        with contextlib.suppress(OSError):  # it was closed
            found = os.stat(path)
            if stat.S_ISBLK(found.st_mode):
                seen.add(blocks.get(found.st_rdev))
            else:
                seen.add(files.get((found.st_dev, found.st_ino, tail)))
    return seen - {None}


def _tail(name: str) -> str:
    """The end of a file's name, which is the same in a container, where the beginning is another."""
    return "/".join(name.removesuffix(" (deleted)").rsplit("/", 2)[-2:])


def _open_files() -> Iterator[tuple[str, str]]:
    """Each file that any other process has open: where to look at it, and its name."""
    own = str(os.getpid())
    for process in os.listdir("/proc"):
        if not process.isdigit() or process == own:
            continue
        with contextlib.suppress(OSError):  # it has ended, or is not ours to look at
            for entry in os.listdir(f"/proc/{process}/fd"):
                with contextlib.suppress(OSError):  # it was closed
                    path = f"/proc/{process}/fd/{entry}"
                    name = os.readlink(path)
                    if name.startswith("/"):
                        yield path, name


def _is_claimed(device: Path) -> bool:
    """Whether it is mounted, or a part of another device."""
    try:
        os.close(os.open(device, os.O_RDONLY | os.O_EXCL | os.O_CLOEXEC))
    except OSError as error:
        return error.errno == errno.EBUSY
    return False
