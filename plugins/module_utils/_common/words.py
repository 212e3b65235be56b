# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small helpers for sentences that people read."""

from __future__ import annotations

import difflib
import re
import typing as t

_NAMES_AN_OPTION = re.compile(r"\S*[:_/\[]|[a-z]+ is empty:")


def sentence(text: str) -> str:
    """The text with a capital first letter, the rest as it is (names keep their case).

    What is spelled in its own way at the beginning stays so: an option (``size: ...``, ``wait_timeout is ...``, ``volumes[3].name is empty``), an address.
    """
    return text if _NAMES_AN_OPTION.match(text) else text[:1].upper() + text[1:]


def quoted(value: t.Any, most: int = 80) -> str:
    """A value as Python writes it, which shows spaces and line ends; of a long one the beginning."""
    words = repr(value)
    return words if len(words) <= most else words[:most] + "..."


def nearest(word: str, others: t.Iterable[str]) -> t.Optional[str]:
    """That of the others which the word may be a misspelling of."""
    by_lower = {other.lower(): other for other in others}
    close = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def nearest_first(word: str, others: t.Iterable[str]) -> t.List[str]:
    """The others, those first that the word is most like."""
    likeness = {other: difflib.SequenceMatcher(None, word.lower(), other.lower()).ratio() for other in others}
    return sorted(likeness, key=lambda other: (-likeness[other], other))


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
