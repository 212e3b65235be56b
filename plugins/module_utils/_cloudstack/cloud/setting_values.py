# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of CloudStack's settings: texts for the API, compared as what they mean, and not shown if they hold secrets."""

from __future__ import annotations

import re
import typing as t
from decimal import Decimal, InvalidOperation

from ..._common.errors import InvalidOption

#: What is shown in place of a secret.
HIDDEN = "***"
#: StorPool's connections hold a token (drivers of 4.17 and 4.21).
_CONNECTIONS = frozenset(["sp.alternative.endpoint", "sp.cluster.endpoint"])
#: Parts of the names of settings that hold a secret, and whole words of them; a word that ends with "key" is one as well.
_SECRET_PARTS = ("credential", "passphrase", "passwd", "password", "privatekey", "secret", "token")
_SECRET_WORDS = frozenset(["keys", "pin", "psk", "pwd"])
#: CloudStack's own categories of what it keeps encrypted.
_SECRET_CATEGORIES = ("secure", "hidden")
#: A StorPool token, or the user of an address, in a value.
_TOKEN = re.compile(r"SP_AUTH_TOKEN=([^;&\s]+)|[a-z][a-z0-9+.\-]*://([^@/\s]+)@", re.IGNORECASE)
#: CloudStack 4.18 and newer say what a value is; for the others any text goes.
_BOOLEAN, _WHOLE, _DECIMAL = "Boolean", "Number", "Decimal"
_NUMBERS = (_WHOLE, _DECIMAL)
#: A part of a whole, such as a threshold; it may be anything that CloudStack takes for one.
_RANGE = "Range"
_TRUTHS = frozenset(["true", "false"])


def text_of(value: t.Any) -> str:
    """The text of an option's value, for the API. Raises :class:`InvalidOption` for a list or a dictionary."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, (int, str)):
        return str(value)
    raise InvalidOption("value: give a text, a number or a boolean. CloudStack writes lists as texts with commas.")


def checked(text: str, kind: t.Optional[str], name: str) -> str:
    """The text as CloudStack stores it for a setting of a type; an empty one is "no value". Raises :class:`InvalidOption` for one of another type."""
    if kind in (_BOOLEAN, None) and text.lower() in _TRUTHS:
        return text.lower()
    if not text:
        return text
    if kind == _BOOLEAN:
        raise InvalidOption(f"value: setting {name!r} is either true or false.")
    if kind in _NUMBERS:
        number = _number(text)
        if number is None or (kind == _WHOLE and number != number.to_integral_value()):
            raise InvalidOption(f"value: setting {name!r} is a {'whole ' if kind == _WHOLE else ''}number.")
        return str(int(number)) if kind == _WHOLE else text
    return text


def same(left: t.Optional[str], right: t.Optional[str], kind: t.Optional[str]) -> bool:
    """Whether two values mean the same. Without a type (before 4.18), texts that look like booleans or numbers are taken for that."""
    left, right = left or "", right or ""
    if left == right:
        return True
    booleans = (left.lower(), right.lower())
    if kind in (_BOOLEAN, None) and set(booleans) <= _TRUTHS:
        return booleans[0] == booleans[1]
    if kind in (*_NUMBERS, _RANGE, None):
        numbers = _number(left), _number(right)
        return numbers[0] is not None and numbers[0] == numbers[1]
    return False


def holds_secret(name: str, *values: t.Optional[str], category: t.Optional[str] = None) -> bool:
    """Whether the values of a setting may not be shown: by its name, its category, or a token or password that is a part of one of them."""
    lower = name.lower()
    words = re.split(r"[^a-z0-9]+", lower)
    return (
        lower in _CONNECTIONS
        or str(category).lower() in _SECRET_CATEGORIES
        or any(part in lower for part in _SECRET_PARTS)
        or any(word in _SECRET_WORDS or word.endswith("key") for word in words if word != lower)
        or any(_TOKEN.search(value) for value in values if value)
    )


def secrets_in(*values: t.Optional[str]) -> t.List[str]:
    """The texts that nobody may see of the values of a setting that holds secrets; one that is true or false is none."""
    tokens = [
        token for value in values if value for match in _TOKEN.finditer(value) for token in match.groups() if token
    ]
    lines = [
        line.strip() for value in values if value for line in value.splitlines()
    ]  # an error may be cut at the end of one
    return [text for text in (*tokens, *values, *lines) if text and text.lower() not in _TRUTHS]


def without_token(text: str) -> str:
    """The text without the tokens in it."""
    return _TOKEN.sub(lambda match: match.group(0).replace(match.group(1) or match.group(2), HIDDEN), text)


def _number(text: str) -> t.Optional[Decimal]:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
