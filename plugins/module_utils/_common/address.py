# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of APIs, as options, variables and files give them: one check for all, before anything is sent.

Libraries repair what they are given, each in its own way: a token was sent to another port than the one in the message because of a ``#`` in a host. So
what is taken here is only what every one of them takes for the same host and port. ``source`` is where a value comes from, for the sentence: an option,
a variable, a line of a file.
"""

from __future__ import annotations

import ipaddress
import math
import os
import re
import typing as t

from .errors import InvalidOption

LAST_PORT = 65535
#: Of a value that is wrong, as much is shown.
MOST_SHOWN = 80

_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?")
#: What a resolver takes for a number wherever it is the last part of a name: "0x7f.1" and "010.1" are IPv4 addresses to some, and others to others.
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}")
_PORT = re.compile(r"[0-9]{1,5}")
_URL = re.compile(r"(?:https?)://(?P<authority>[^/]*)(?P<path>.*)", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:]*)(?::(?P<port>.*))?")
_PATH = re.compile(r"(?:/(?:[A-Za-z0-9\-._~!$&'()*+,;=:@/]|%[0-9A-Fa-f]{2})*)?")


def source(option: str, variable: str, value: t.Any, environ: t.Optional[t.Mapping[str, str]] = None) -> str:
    """Where an option has its value from, in words: itself, or the variable that stands in for it if that says the same."""
    told = (os.environ if environ is None else environ).get(variable)
    return f"{option} (the environment variable {variable})" if told and _says(told, value) else option


def _says(told: str, value: t.Any) -> bool:
    try:
        return told.strip() == str(value).strip() or math.isnan(float(value)) or float(told) == float(value)
    except (ValueError, TypeError, OverflowError):
        return False


def joined(host_: str, port_: int) -> str:
    """``HOST:PORT``, an IPv6 address in brackets."""
    return "{0}:{1}".format(f"[{host_}]" if ":" in host_ else host_, port_)


def host(value: str, source_: str) -> str:
    """A host name or an IP address, an IPv6 one without the brackets that it may be given in. Raises :class:`InvalidOption`."""
    wrong = _wrong_host(value)
    if wrong:
        shown = "" if "@" in value else f" {_shown(value)},"  # what is before an "@" may be a secret
        raise InvalidOption(
            f"{source_} is{shown} {wrong}: give a host name or an IP address alone, no URL and no port, such as 10.1.1.10 or fd00::10."
        )
    return value[1:-1] if value.startswith("[") else value


def port(value: t.Any, source_: str) -> int:
    """A port, which a file gives as text. Raises :class:`InvalidOption`."""
    text = str(value).strip()
    if not _PORT.fullmatch(text) or not 1 <= int(text) <= LAST_PORT:
        raise InvalidOption(f"{source_} is {_shown(str(value))}: give a number from 1 to {LAST_PORT}.")
    return int(text)


def token(value: str, source_: str) -> str:
    """A token that can be sent in an HTTP header. Raises :class:`InvalidOption`, which does not tell the token."""
    if any(not "!" <= character <= "~" for character in value):
        raise InvalidOption(
            f"{source_} holds a space or a character that cannot be sent in an HTTP header; check how it was read."
        )
    return value


def url(value: str, source_: str, advice: str) -> str:
    """The address of an API as a URL; ``advice`` is a sentence for whoever gave another thing.

    Raises :class:`InvalidOption`, which does not tell the URL: it may hold a secret.
    """
    wrong = _wrong_url(value)
    if wrong:
        raise InvalidOption(f"{source_} is no address: {wrong}. {advice}")
    return value


def _wrong_host(value: str) -> t.Optional[str]:
    """Why a value is no host, if so."""
    wrong = _wrong_characters(value)
    if wrong:
        return wrong
    bare = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    if "[" in bare or "]" in bare or (bare != value and ":" not in bare):
        return "whose brackets are not those of an IPv6 address"
    if ":" in bare:
        return _wrong_ipv6(bare)
    name = bare[:-1] if bare.endswith(".") else bare
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return None if _IPV4.fullmatch(bare) else "which is no IPv4 address of four decimal numbers from 0 to 255"
    if len(name) > 253:
        return "which is longer than the 253 characters of a host name"
    for label in labels:
        if not label:
            return "which has nothing between two dots, or before the first"
        if len(label) > 63:
            return "one of whose parts is longer than the 63 characters of a part of a host name"
        if not _LABEL.fullmatch(label):
            return "which has a character that is none of a host name, or a part that begins or ends with '-'"
    return None


def _wrong_ipv6(text: str) -> t.Optional[str]:
    if "://" in text:
        return "which is a URL"
    if "%" in text:
        return "whose zone ('%') no URL can carry"
    last = text.rpartition(":")[2]
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return "which is no IPv6 address" if text.count(":") > 1 else "which holds a port"
    return "which is no IPv6 address" if "." in last and not _IPV4.fullmatch(last) else None


def _wrong_characters(value: str) -> t.Optional[str]:
    if not value.strip():
        return "which is empty"
    if "@" in value:
        return "something with '@'"
    if not all(ord(character) < 128 for character in value):
        return "which is not ASCII (a name in another script is written with xn--)"
    if any(not "!" <= character <= "~" for character in value):
        return "which has a space or a control character"
    return None


def _wrong_url(value: str) -> t.Optional[str]:
    """Why a value is no URL of an API, if so."""
    if not value.strip():
        return "it is empty"
    if any(not "!" <= character <= "~" for character in value) or "\\" in value:
        return "it has a space, a control character, a backslash or something that is not ASCII"
    if "?" in value or "#" in value:
        return "it holds a query or a fragment"
    parts = _URL.fullmatch(value)
    if not parts:
        return "it does not begin with 'http://' or 'https://'"
    if "@" in parts.group("authority"):
        return "it holds a user"
    place = _AUTHORITY.fullmatch(parts.group("authority"))
    if not place:
        return "something comes after the brackets of an IPv6 address that is no port"
    named, number = place.groups()
    wrong = _wrong_host(named)
    if wrong:
        return f"it has a host {wrong}"
    if number is not None and not (_PORT.fullmatch(number) and 1 <= int(number) <= LAST_PORT):
        return f"its port is no number from 1 to {LAST_PORT}, or it has an IPv6 address without brackets"
    return None if _PATH.fullmatch(parts.group("path")) else "its path has a character that a URL cannot have"


def _shown(value: str) -> str:
    return repr(value if len(value) <= MOST_SHOWN else value[:MOST_SHOWN] + "...")
