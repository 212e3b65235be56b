# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small helpers for sentences that people read."""

from __future__ import annotations

import typing as t


def sentence(text: str) -> str:
    """The text with a capital first letter, the rest as it is (names keep their case).

    What is spelled in its own way at the beginning stays so: an option (``size: ...``, ``wait_timeout is ...``), an address.
    """
    first = text.split(" ", 1)[0]
    return text if any(mark in first for mark in ":_/") else text[:1].upper() + text[1:]


def decoded(line: bytes) -> str:
    """A line of a configuration file, whose comments may be in any of the old encodings."""
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        return line.decode("latin-1")


def listing(things: t.Iterable[t.Any], most: int = 10) -> str:
    """``a, b and c``; after ``most`` of them, how many more there are."""
    words = [str(thing) for thing in things]
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
