# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Block devices over files, where this machine has loop devices and lets us use them."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from simulators.storpool.store import DataError

SECONDS = 20
PROGRAM = "/usr/sbin/losetup"


def usable(directory: Path) -> bool:
    """Whether a file in a directory can become a block device here, which only root can make."""
    if os.geteuid() != 0 or not os.access(PROGRAM, os.X_OK) or not os.path.exists("/dev/loop-control"):
        return False
    with tempfile.NamedTemporaryFile(dir=directory) as file:
        file.truncate(4096)
        try:
            detach(attach(Path(file.name), read_only=True))
        except DataError:
            return False
    return True


def attach(file: Path, *, read_only: bool) -> Path:
    """A new block device that is the file."""
    return Path(_losetup("--find", "--show", *(["--read-only"] if read_only else []), str(file)).strip())


def detach(device: Path) -> None:
    """No such device any more; one that is open goes when it is closed."""
    _losetup("--detach", str(device))


def resized(device: Path) -> None:
    """The file of a device has another size."""
    _losetup("--set-capacity", str(device))


def over(directory: Path) -> list[Path]:
    """The block devices whose files are in a directory."""
    found = []
    for path in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            backing = Path(path.read_text(encoding="utf-8").strip())
        except OSError:  # gone meanwhile
            continue
        if directory.resolve() in backing.parents:
            found.append(Path("/dev") / path.parent.parent.name)
    return found


def _losetup(*words: str) -> str:
    try:
        ended = subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DataError(f"losetup {' '.join(words)}: {error}") from error
    if ended.returncode:
        raise DataError(f"losetup {' '.join(words)}: {ended.stderr.strip()}")
    return ended.stdout
