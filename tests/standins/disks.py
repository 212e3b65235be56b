# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bytes of a disk in a sparse file: written all over it, and compared whole, at the price of what has been written."""

from __future__ import annotations

import errno
import hashlib
import os
import random
from collections.abc import Iterator
from pathlib import Path

CHUNK = 1 << 16
PIECES = 24
LONGEST = 9000
NOTHING = bytes(CHUNK)


def write(path: Path, seed: str) -> None:
    """Write here and there on a disk, at its beginning and at its end, too; what and where is another for each seed."""
    rng = random.Random(seed)
    size = path.stat().st_size
    with path.open("r+b") as file:
        for start in (0, size - LONGEST, *(rng.randrange(size - LONGEST) for _number in range(PIECES))):
            file.seek(start)
            file.write(rng.randbytes(LONGEST if start + LONGEST == size else rng.randint(1, LONGEST)))


def digest(path: Path) -> str:
    """One and the same text for disks of which every byte is the same, holes being zeros."""
    found = hashlib.sha256(b"%d" % path.stat().st_size)
    with path.open("rb", buffering=0) as file:
        for number in _written(file.fileno()):
            file.seek(number * CHUNK)
            chunk = file.read(CHUNK)
            if chunk != NOTHING[: len(chunk)]:
                found.update(b"%d " % number)
                found.update(chunk)
    return found.hexdigest()


def _written(file: int) -> Iterator[int]:
    """The chunks that are no holes."""
    start, last = 0, -1
    while True:
        try:
            start = os.lseek(file, start, os.SEEK_DATA)
        except OSError as problem:
            if problem.errno == errno.ENXIO:  # there is nothing but a hole up to the end
                return
            raise
        end = os.lseek(file, start, os.SEEK_HOLE)
        for number in range(max(start // CHUNK, last + 1), (end - 1) // CHUNK + 1):
            yield number
            last = number
        start = end
