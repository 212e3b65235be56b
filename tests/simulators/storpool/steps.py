# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a call does to the bytes of volumes and snapshots: the model notes steps, and whoever keeps bytes takes them.

A file is named as in :attr:`simulators.storpool.state.Volume.file`; sizes are in bytes.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Make:
    """A new file that holds nothing but zeros."""

    file: str
    size: int


@dataclass(frozen=True)
class Copy:
    """A new file with the beginning of another's bytes, and zeros after them. Copies in a row are of one moment."""

    source: str
    file: str
    size: int
    read_only: bool


@dataclass(frozen=True)
class Refill:
    """A file gets the bytes of another as with :class:`Copy`, and stays the file that somebody may have open."""

    source: str
    file: str
    size: int


@dataclass(frozen=True)
class Resize:
    """Bytes beyond the new size are lost, those beyond the old are zeros."""

    file: str
    size: int


@dataclass(frozen=True)
class Rename:
    """The same file under another name."""

    source: str
    file: str


@dataclass(frozen=True)
class Remove:
    """No such file any more."""

    file: str


Step = Make | Copy | Refill | Resize | Rename | Remove


def files_of(steps: list[Step]) -> set[str]:
    """Every file that steps read or write."""
    return {name for step in steps for name in (step.file, getattr(step, "source", step.file))}
