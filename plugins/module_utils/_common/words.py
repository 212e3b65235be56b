# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small helpers for sentences that people read."""

from __future__ import annotations

import difflib
import heapq
import re
import typing as t

#: With how many of very many names a word is compared letter by letter.
_MOST_COMPARED = 200
#: How much is shown of a very long text, from its beginning and from its end.
MOST_BEGINNING, MOST_END = 5000, 1000
_NAMES_AN_OPTION = re.compile(r"""\S*[:_/\[]|(?!it )[a-z]+ is (?:empty:|['"\d-])""")


def sentence(text: str) -> str:
    """The text with a capital first letter, the rest as it is (names keep their case).

    What is spelled in its own way at the beginning stays so: an option (``size: ...``, ``size is 1 MiB``, ``volumes[3].name is empty``), an address.
    """
    return text if _NAMES_AN_OPTION.match(text) else text[:1].upper() + text[1:]


def quoted(value: t.Any, most: int = 80) -> str:
    """A value as Python writes it, which shows spaces and line ends; of a long one the beginning."""
    words = repr(value)
    return words if len(words) <= most else words[:most] + "..."


def shortened(text: str, beginning: int = MOST_BEGINNING, end: int = MOST_END) -> str:
    """A text with its beginning and its end, where servers, programs or tasks have said more than anybody reads.

    To be called when secrets have been taken out, since nobody would find a part of one.
    """
    left_out = len(text) - beginning - end
    return text if left_out <= 0 else f"{text[:beginning]} ... ({left_out:,} characters are left out) ... {text[-end:]}"


def nearest(word: str, others: t.Iterable[str]) -> t.Optional[str]:
    """That of the others which the word may be a misspelling of."""
    by_lower = {other.lower(): other for other in others}
    close = difflib.get_close_matches(word.lower(), list(by_lower), n=1, cutoff=0.6)
    return by_lower[close[0]] if close else None


def nearest_first(word: str, others: t.Iterable[str]) -> t.List[str]:
    """The others, those first that the word is most like. Of very many, only those that begin alike are looked at that closely."""
    every = sorted(set(others))
    close = heapq.nlargest(_MOST_COMPARED, every, key=lambda other: _same_beginning(word, other))
    likeness = {other: difflib.SequenceMatcher(None, word.lower(), other.lower()).ratio() for other in close}
    return sorted(every, key=lambda other: (-likeness.get(other, 0.0), other))


def _same_beginning(one: str, other: str) -> int:
    return next((at for at, (left, right) in enumerate(zip(one, other)) if left != right), min(len(one), len(other)))


def there_is(who: str, names: t.Iterable[str], wanted: t.Optional[str] = None, verb: str = "has") -> str:
    """What somebody has in place of what was asked for: ``Did you mean 'zone1'? CloudStack has zone1 and zone2.``

    The ten most like ``wanted`` are named, the nearest first.
    """
    every = set(names)
    ordered = sorted(every) if wanted is None else nearest_first(wanted, every)
    close = (nearest(wanted, ordered[:_MOST_COMPARED]) or _longer(wanted, ordered)) if wanted else None
    hint = f"Did you mean {close!r}? " if close else ""
    return f"{hint}{who} {verb} {listing(ordered) or 'none'}."


def _longer(word: str, others: t.Iterable[str]) -> t.Optional[str]:
    """The first of the others that the word is a part of, if that says something."""
    return next((other for other in others if len(word) > 2 and word.lower() in other.lower()), None)


def there_are(who: str, numbers: t.Iterable[int], wanted: int) -> str:
    """The same of what has numbers: ``StorPool has 1, 2 and 3.``"""
    nearest_numbers = sorted(set(numbers), key=lambda number: (abs(number - wanted), number))
    told = [*sorted(nearest_numbers[:10]), *nearest_numbers[10:]]
    return f"{who} has {listing(told) or 'none'}."


def in_order(name: str) -> t.Tuple[t.Any, ...]:
    """By what names are sorted for people, so that ``web-2`` comes before ``web-10``."""
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in re.split("([0-9]+)", name) if part)


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
        words = [*words[:most], f"{len(words) - most:,} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)
