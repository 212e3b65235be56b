# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Java's `String.split` and `java.net.URI`, as far as the StorPool driver's parsing of a pool URL depends on them."""

from __future__ import annotations

import ipaddress
import re
import string
from typing import NamedTuple

_ALPHANUM = string.ascii_letters + string.digits
_UNRESERVED = _ALPHANUM + "_-!.~'()*"
_PATH = _UNRESERVED + ":@&=+$,;/"
_URIC = _UNRESERVED + ";/?:@&=+$,[]"
_USER_INFO = _UNRESERVED + ";:&=+$,"
_SERVER = _USER_INFO + _ALPHANUM + "-.:@[]"
_REG_NAME = _UNRESERVED + "$,;:@&=+"

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?")


class UriSyntaxError(Exception):
    """java.net.URISyntaxException."""


class Uri(NamedTuple):
    """The parts the driver reads; `path` is None for an opaque URI, `port` is -1 when there is none."""

    scheme: str | None
    user_info: str | None
    host: str | None
    port: int
    path: str | None


def split(text: str, separator: str) -> list[str]:
    """`text.split(separator)` of Java for a one-character separator: empty strings at the end are dropped."""
    parts = text.split(separator)
    while len(parts) > 1 and parts[-1] == "":
        parts.pop()
    return [] if parts == [""] and text else parts


def parse_uri(text: str) -> Uri:
    """`new java.net.URI(text)`; raises UriSyntaxError where Java throws URISyntaxException."""
    scheme, rest = _scheme(text)
    if scheme is not None and not rest.startswith("/"):
        opaque, _mark, fragment = rest.partition("#")
        if not opaque:
            raise UriSyntaxError(f"Expected scheme-specific part: {text}")
        _check(opaque, _URIC, text)
        _check(fragment, _URIC, text)
        return Uri(scheme, None, None, -1, None)
    rest, _mark, fragment = rest.partition("#")
    rest, _mark, query = rest.partition("?")
    _check(query, _URIC, text)
    _check(fragment, _URIC, text)
    user_info, host, port, path = None, None, -1, rest
    if rest.startswith("//"):
        authority, slash, tail = rest[2:].partition("/")
        path = slash + tail
        if authority:
            user_info, host, port = _authority(authority, text)
        elif not (path or query or fragment):
            raise UriSyntaxError(f"Expected authority: {text}")
    _check(path, _PATH, text)
    return Uri(scheme, user_info, host, port, path)


def _scheme(text: str) -> tuple[str | None, str]:
    end = re.search(r"[/?#:]", text)
    if not end or end.group() != ":":
        return None, text
    scheme = text[: end.start()]
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        raise UriSyntaxError(f"Illegal character in scheme name: {text}")
    return scheme, text[end.end() :]


def _authority(authority: str, text: str) -> tuple[str | None, str | None, int]:
    """User info, host and port; an authority that is no host name is a registry name: nothing is known of it."""
    legal_for_registry = _legal(authority, _REG_NAME)
    server = _server(authority) if _legal(authority, _SERVER + ("%" if "]" in authority else "")) else None
    if server:
        return server
    if legal_for_registry:
        return None, None, -1
    raise UriSyntaxError(f"Illegal character in authority: {text}")


def _server(authority: str) -> tuple[str | None, str, int] | None:
    user_info, at, rest = authority.partition("@")
    if not at:
        user_info, rest = None, authority
    elif not _legal(user_info, _USER_INFO):
        return None
    match = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::(\d*))?", rest)
    if not match or not _is_host(match.group(1)):
        return None
    port = int(match.group(2)) if match.group(2) else -1
    return (user_info, match.group(1), port) if port < 2**31 else None


def _is_host(host: str) -> bool:
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            return False
        return True
    if re.fullmatch(r"\d{1,3}(\.\d{1,3}){3}", host):
        return all(int(part) < 256 for part in host.split("."))
    return bool(_HOST_NAME.fullmatch(host))


def _legal(text: str, allowed: str) -> bool:
    """Only allowed characters, %XX escapes, and non-ASCII characters that are neither spaces nor controls."""
    plain = re.sub(r"%[0-9A-Fa-f]{2}", "", text)
    return all(char in allowed or (ord(char) > 0x9F and not char.isspace()) for char in plain)


def _check(text: str, allowed: str, whole: str) -> None:
    if not _legal(text, allowed):
        raise UriSyntaxError(f"Illegal character: {whole}")
