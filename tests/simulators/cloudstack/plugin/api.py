# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to the StorPool API as the driver makes them: one HTTP connection a call, HTTP status ignored."""

from __future__ import annotations

import asyncio
import string
from typing import Any

import aiohttp
import orjson
from yarl import URL

from simulators.cloudstack.errors import DriverError
from simulators.cloudstack.java import UriSyntaxError, parse_uri
from simulators.cloudstack.plugin.url import Connection

#: The driver sets no time-out at all; a test needs an end, in seconds.
TIMEOUT = aiohttp.ClientTimeout(total=600)
MISSING = "objectDoesNotExist"
_LEGAL = string.ascii_letters + string.digits + "-_.!~'()*;/?:@&=+$,[]%"


class StorPoolError(DriverError):
    """An error that the StorPool API answered."""

    def __init__(self, name: str, descr: str) -> None:
        super().__init__(f"{name}: {descr}")
        self.name = name
        self.descr = descr


async def call(connection: Connection, query: str, body: Any = None, *, post: bool = False) -> dict[str, Any]:
    """GET, or POST when `post` or a body is given; the whole answer, envelope included.

    Raises StorPoolError for an error answer and DriverError, with the Java client's texts, for everything below.
    """
    if connection.host_port is None:
        raise DriverError("Invalid StorPool config. Missing SP_API_HTTP_HOST")
    if connection.token is None:
        raise DriverError("Invalid StorPool config. Missing SP_AUTH_TOKEN")
    url = f"http://{connection.host_port}/ctrl/1.0/{query}"
    _check_url(url)
    method = "POST" if post or body is not None else "GET"
    data = None if body is None else orjson.dumps(body)
    headers = {"Authorization": f"Storpool v1:{connection.token}"}
    if data is not None:
        headers["Content-Type"] = "application/json; charset=UTF-8"
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as session,
            session.request(method, URL(url, encoded=True), data=data, headers=headers) as response,
        ):
            answer = await response.read()
    except (TimeoutError, aiohttp.ClientError, ValueError, OSError) as error:
        raise DriverError(_transport_text(connection.host_port, error)) from error
    return _decoded(answer)


def _decoded(answer: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(answer)
    except orjson.JSONDecodeError:
        raise DriverError("com.google.gson.JsonSyntaxException: Did not consume the entire document.") from None
    if not isinstance(value, dict):
        raise DriverError("java.lang.IllegalStateException: Expected BEGIN_OBJECT but was STRING at path $")
    error = value.get("error")
    if error is not None:
        fields = error if isinstance(error, dict) else {"descr": str(error)}
        raise StorPoolError(fields.get("name") or "null", fields.get("descr") or "null")
    return value


def _check_url(url: str) -> None:
    index = next((position for position, char in enumerate(url) if char not in _LEGAL and ord(char) < 128), None)
    if index is not None:
        raise DriverError(f"Illegal character in path at index {index}: {url}")
    try:
        host = parse_uri(url).host
    except UriSyntaxError as error:
        raise DriverError(str(error)) from error
    if host is None:
        raise DriverError(f"URI does not specify a valid host name: {url}")


def _transport_text(host_port: str, error: Exception) -> str:
    host, _colon, port = host_port.rpartition(":")
    host = host or port
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"{host}: Name or service not known"
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = error.os_error.strerror or str(error.os_error)
        if "refused" in reason.lower() or "Connect call failed" in reason:
            reason = "Connection refused (Connection refused)"
        return f"Connect to {host_port} [{host}] failed: {reason}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return f"{host_port} failed to respond"
    if isinstance(error, asyncio.TimeoutError):
        return "Read timed out"
    return str(error) or "Connection reset"
