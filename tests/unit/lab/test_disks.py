# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What tests compare disks by: no byte may escape it, and how a disk is stored must not matter."""

from __future__ import annotations

from pathlib import Path

import pytest

from standins import disks

SIZE = (8 << 20) + 512


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "disk"
    path.touch()
    with path.open("r+b") as file:
        file.truncate(SIZE)
    return path


def test_holes_are_zeros_and_every_byte_counts(disk: Path) -> None:
    empty = disks.digest(disk)
    disks.write(disk, "THEN of data-1")
    then = disks.digest(disk)
    whole = disk.with_name("whole")
    whole.write_bytes(disk.read_bytes())  # without holes
    assert disks.digest(whole) == then != empty
    for place in (0, 1 << 20, SIZE - 1):
        changed = bytearray(whole.read_bytes())
        changed[place] ^= 1
        other = disk.with_name("other")
        other.write_bytes(changed)
        assert disks.digest(other) != then, place
    disks.write(disk, "NOW of data-1")
    now = disks.digest(disk)
    disks.write(disk, "NOW of data-1")
    assert disks.digest(disk) == now != then
    with disk.open("r+b") as file:
        file.truncate(SIZE - 512)
    assert disks.digest(disk) != now
