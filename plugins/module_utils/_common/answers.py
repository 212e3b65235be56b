# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in an answer: JSON that is strictly JSON, and rows that have what they have to have.

Whoever plans trusts the rows that were read. So at the border each row is checked for the members that are used: those that have to be there, and of which
type each is. What else a server sends is left alone, since newer servers send more.
"""

from __future__ import annotations

import json
import re
import sys
import typing as t

from .errors import BadAnswer

Row = t.Dict[str, t.Any]
#: Says of a value what is wrong with it; ``None`` if nothing is.
Check = t.Callable[[t.Any], t.Optional[str]]

#: Numbers beyond it are those of no disk, and no counter has so many digits.
MOST = 2**63
#: The last moment that has a year with four digits.
LAST_MOMENT = 253402300799
#: Objects, lists and members of one answer; a row of StorPool's has some thirty. More would take much more memory than the text.
MOST_PARTS = 16_000_000
#: Bytes of a body that stay there.
MOST_LEFT = 1024
_LONE = re.compile("[\ud800-\udfff]")
_LONE_ESCAPED = re.compile(r"\\u[dD][89a-fA-F]")
_MOST_DIGITS = 4300


def decode(body: t.Union[bytes, bytearray], spare: t.Optional[t.Callable[[Row], Row]] = None) -> t.Any:
    """The value of a JSON text in UTF-8. Raises :class:`ValueError` for all else: other encodings, ``NaN``, nesting and numbers without end.

    ``spare`` is given each object and returns what stands in its place. Of a ``bytearray`` only the beginning is left, which errors show: a large body, its
    text and its value would be too much at once.
    """
    text = body.decode("utf-8-sig")
    if isinstance(body, bytearray):
        del body[MOST_LEFT:]
    if text.count(",") + text.count("[") + text.count("{") > MOST_PARTS:
        raise ValueError("too many parts")
    # Newer interpreters bound the length of numbers themselves.
    options: t.Dict[str, t.Any] = {"object_hook": spare}
    if not hasattr(sys, "get_int_max_str_digits"):
        options["parse_int"] = _whole
    try:
        value = json.loads(text, parse_constant=_constant, **options)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _readable(value) if _LONE_ESCAPED.search(text) else value


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError("a number without end")
    return int(digits)


def _constant(name: str) -> t.NoReturn:
    raise ValueError(f"{name} is no JSON")


def _readable(value: t.Any, depth: int = 0) -> t.Any:
    """The value with halves of characters replaced, which can be neither printed nor sent."""
    if depth > 100:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return _LONE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_readable(each, depth + 1) for each in value]
    if isinstance(value, dict):
        return {_readable(key): _readable(each, depth + 1) for key, each in value.items()}
    return value


# --- what values can be --------------------------------------------------------------------------------------------


def text(value: t.Any) -> t.Optional[str]:
    """Any text."""
    return None if isinstance(value, str) else "is no text"


def name(value: t.Any) -> t.Optional[str]:
    """A text that is not empty."""
    return None if isinstance(value, str) and value else "is no name"


def is_whole(value: t.Any) -> bool:
    """Whether JSON has a whole number here; for Python, true and false are some as well."""
    return isinstance(value, int) and not isinstance(value, bool)


def count(value: t.Any) -> t.Optional[str]:
    """A whole number that is not negative."""
    return None if is_whole(value) and 0 <= value < MOST else "is no whole number from 0 on"


def whole(value: t.Any) -> t.Optional[str]:
    """A whole number."""
    return None if is_whole(value) and -MOST < value < MOST else "is no whole number"


def moment(value: t.Any) -> t.Optional[str]:
    """Seconds since 1970, up to the end of the last year that can be written."""
    return None if is_whole(value) and 0 <= value <= LAST_MOMENT else "is no unix time"


def amount(value: t.Any) -> t.Optional[str]:
    """A number that is not negative, whole or not."""
    fits = (is_whole(value) or isinstance(value, float)) and 0 <= value < MOST
    return None if fits else "is no number from 0 on"


def number(value: t.Any) -> t.Optional[str]:
    """A number, also as text, as in ids of some servers."""
    if is_whole(value):
        return whole(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return None
    return "is no number"


def flag(value: t.Any) -> t.Optional[str]:
    """True or false."""
    return None if isinstance(value, bool) else "is neither true nor false"


def maybe(check: Check) -> Check:
    """What the check accepts, or nothing."""

    def checked(value: t.Any) -> t.Optional[str]:
        return None if value is None else check(value)

    return checked


def either(*checks: Check) -> Check:
    """What one of the checks accepts. It is the last one that says what is wrong."""

    def checked(value: t.Any) -> t.Optional[str]:
        told: t.Optional[str] = None
        for check in checks:
            told = check(value)
            if told is None:
                return None
        return told

    return checked


def only(*values: t.Any) -> Check:
    """One of these values."""

    def checked(value: t.Any) -> t.Optional[str]:
        fits = any(value == each and type(value) is type(each) for each in values)
        return None if fits else "is none of {0}".format(", ".join(json.dumps(each) for each in values))

    return checked


def list_of(check: Check) -> Check:
    """A list of what the check accepts."""

    def checked(value: t.Any) -> t.Optional[str]:
        if not isinstance(value, list):
            return "is no list"
        return next((told for told in map(check, value) if told), None)

    return checked


def dict_of(check: Check, key: Check = text) -> Check:
    """An object whose members the check accepts, and whose keys ``key`` does; an empty list stands for an empty object in some answers."""

    def checked(value: t.Any) -> t.Optional[str]:
        if value == [] and isinstance(value, list):
            return None
        if not isinstance(value, dict):
            return "is no object"
        for name_, each in value.items():
            told = key(name_) or check(each)
            if told:
                return f"has a member that {told}"
        return None

    return checked


def keyed(one: Check, member: str) -> Check:
    """An object of rows, each under what it has in ``member``."""
    every = dict_of(one)

    def checked(value: t.Any) -> t.Optional[str]:
        told = every(value)
        if told is None and any(str(each[member]) != key for key, each in dict(value).items()):
            told = f"has a member under another {member} than its own"
        return told

    return checked


def row(required: t.Mapping[str, Check], optional: t.Optional[t.Mapping[str, Check]] = None) -> Check:
    """An object with these members. Those that are ``optional`` may be missing or null; members that are not named may be anything."""
    wanted = tuple(required.items())
    known = tuple((optional or {}).items())

    def checked(value: t.Any) -> t.Optional[str]:
        if not isinstance(value, dict):
            return "is no object"
        for member, check in wanted:
            told = check(value[member]) if member in value else "is not there"
            if told:
                return f"has a {member} that {told}" if member in value else f"has no {member}"
        for member, check in known:
            if value.get(member) is not None:
                told = check(value[member])
                if told:
                    return f"has a {member} that {told}"
        return None

    return checked


def rows(one: Check, unique: t.Optional[str] = None) -> Check:
    """A list of rows; no two of them have the same member ``unique``. An empty object stands for an empty list in some answers."""

    def checked(value: t.Any) -> t.Optional[str]:
        if value == {} and isinstance(value, dict):
            return None
        if not isinstance(value, list):
            return "is no list"
        for number_, each in enumerate(value, 1):
            told = one(each)
            if told:
                return f"has an entry (number {number_}) that {told}"
        if unique and len({each[unique] for each in value}) < len(value):
            return f"has two entries with the same {unique}"
        return None

    return checked


def refuse(what: str, told: t.Optional[str], call: t.Optional[str] = None) -> None:
    """Raise :class:`BadAnswer` if a check says that something is wrong. ``what`` is the beginning of the sentence."""
    if told:
        raise BadAnswer(
            f"{what} {told}. Look at the state of that server, and at what lies between it and this host.", call=call
        )
