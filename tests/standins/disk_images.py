# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disk images of every format that the collection reads, made with qemu-img of content that can be compared byte for byte."""

from __future__ import annotations

import random
import shutil
import subprocess
from pathlib import Path

MIB = 1 << 20
SECTOR = 512
#: Format -> further options with which qemu-img makes one; several for formats with several kinds.
KINDS = {
    "raw": ("raw", ()),
    "qcow2": ("qcow2", ()),
    "qcow2 compressed": ("qcow2", ("-c",)),
    "qcow2 of version 2": ("qcow2", ("-o", "compat=0.10")),
    "qcow2 with large clusters": ("qcow2", ("-o", "cluster_size=2M")),
    "qcow2 with extended tables": ("qcow2", ("-o", "extended_l2=on,cluster_size=128k")),
    "vmdk": ("vmdk", ()),
    "vmdk streamOptimized": ("vmdk", ("-o", "subformat=streamOptimized")),
    "vhdx": ("vhdx", ()),
    "vpc": ("vpc", ("-o", "force_size=on")),
    "vpc fixed": ("vpc", ("-o", "subformat=fixed,force_size=on")),
    "vdi": ("vdi", ()),
    "vdi static": ("vdi", ("-o", "static=on")),
}


def program() -> str:
    """The program qemu-img. AssertionError if it is not installed: then nothing of this can be tested."""
    found = shutil.which("qemu-img")
    assert found, "there is no qemu-img on this machine: install the package qemu-utils (.ci/run does)"
    return found


def content(size: int, seed: int = 1) -> bytes:
    """A disk of so many bytes: data, nothing, data that is one sector long, data at the very end."""
    rng = random.Random(seed)
    disk = bytearray(size)
    for start, length in ((0, 70_000), (size // 2, SECTOR), (size * 3 // 4 + 7, 9_000), (size - SECTOR, SECTOR)):
        piece = rng.randbytes(max(0, min(length, size - start)))
        disk[start : start + len(piece)] = piece
    return bytes(disk)


def make(path: Path, disk: bytes, kind: str = "qcow2") -> Path:
    """An image of one of the :data:`KINDS` with this disk in it."""
    form, options = KINDS[kind]
    raw = path.with_name(path.name + ".disk")
    raw.write_bytes(disk)
    if form == "raw":
        return raw.rename(path)
    _run("convert", "-f", "raw", "-O", form, *options, raw, path)
    raw.unlink()
    return path


def empty(path: Path, size: str, form: str = "qcow2", *options: str) -> Path:
    """An image of a disk of this size with nothing on it."""
    _run("create", "-q", "-f", form, *options, path, size)
    return path


def disk_in(path: Path, form: str) -> bytes:
    """The disk in an image, as qemu-img reads it."""
    raw = path.with_name(path.name + ".read")
    _run("convert", "-f", form, "-O", "raw", path, raw)
    disk = raw.read_bytes()
    raw.unlink()
    return disk


def _run(*arguments: object) -> None:
    subprocess.run([program(), *map(str, arguments)], check=True, capture_output=True, timeout=120)
