# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From an HTTP request to a call: parameters, what the journal may show of them, and which are secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from simulators.kit import Call, Request

API_PATH = "/client/api"
FORWARDED_BY = "X-Forwarded-By"
#: Where copies of volumes are, and what a request for one is called, whichever it is for.
DIRECTORY, FILE = "/userdata/", "userdata"
MASK = "***"
_SECRET_NAMES = ("url", "signature", "apikey", "secretkey", "password")
_READ_PREFIXES = ("list", "query", "get", "find", "ready")


@dataclass(frozen=True)
class Received:
    """What the server needs of a request; a trusted one needs no signature (a rival inside the simulator).

    `via` names the management server that has forwarded it. `header` gives the value of a header, or None.
    """

    path: str
    params: Mapping[str, str]
    post: bool
    trusted: bool = False
    via: str | None = None
    header: Callable[[str], str | None] = {}.get


def parse(request: Request) -> Call:
    """The call of a request; parameters of the query string and of a form body are one set."""
    parts = urlsplit(request.path)
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    if request.method == "POST":
        pairs += parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True)
    params: dict[str, str] = {}
    for name, value in pairs:
        params.setdefault(name, value)
    path = parts.path
    if parts.query:
        shown = masked(dict(parse_qsl(parts.query, keep_blank_values=True)))
        path += "?" + urlencode(shown, safe="*")
    return _call(request.method, path, _received(request, parts.path, params))


def _received(request: Request, path: str, params: Mapping[str, str]) -> Received:
    return Received(path, params, request.method == "POST", via=request.header(FORWARDED_BY), header=request.header)


def rival(spec: Mapping[str, Any]) -> Call:
    """A call made inside the simulator: `{"command": name, "body": {parameter: value}}`."""
    name, body = spec.get("command"), spec.get("body") or {}
    if not isinstance(name, str) or not isinstance(body, dict):
        raise ValueError("a rival request has a command and a body with its parameters")
    params = {"command": name, "response": "json", **{key: str(value) for key, value in body.items()}}
    return _call("POST", API_PATH, Received(API_PATH, params, True, trusted=True))


def _call(method: str, path: str, received: Received) -> Call:
    lowered = {name.lower(): value for name, value in received.params.items()}
    name = lowered.get("command", "")
    target = lowered.get("id") or lowered.get("vmsnapshotid") or lowered.get("name")
    return Call(
        method=method,
        name=name or (FILE if received.path.startswith(DIRECTORY) else received.path),
        path=path,
        target=MASK if target and "SP_AUTH_TOKEN" in target else target,
        body=masked(received.params),
        write=bool(name) and not name.startswith(_READ_PREFIXES),
        detail=received,
    )


def masked(params: Mapping[str, str]) -> dict[str, str]:
    """The parameters with the values of secrets hidden."""
    endpoint = any("endpoint" in value for name, value in params.items() if name.lower() == "name")
    return {
        name: MASK if _is_secret(name, endpoint) or "SP_AUTH_TOKEN" in value else value
        for name, value in params.items()
    }


def _is_secret(name: str, endpoint: bool) -> bool:
    lowered = name.lower()
    return lowered in _SECRET_NAMES or "token" in lowered or (endpoint and lowered == "value")
