# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of calls: each handler declares its name, method, arguments and request fields beside its code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from simulators.storpool.fields import Field
from simulators.storpool.state import Context

Handler = Callable[..., Any]


@dataclass(frozen=True)
class ApiCall:
    """One call. ``handler(context, *targets, args)`` gives the answer's ``data`` (GET), or what a change's answer has
    beside ok and generation (POST; None for nothing).

    ``targets``: how many path arguments follow the name. ``locate``: what to look for in the connected clusters under
    ``MultiCluster/``: "volume", "snapshot" or "either" for the first path argument, or a function of the arguments
    that gives the reference or None. ``body``: how to read a body that is not an object of ``fields``. ``listing``:
    under ``MultiCluster/`` the items of every cluster are joined.
    """

    method: str
    name: str
    handler: Handler
    targets: int = 0
    fields: dict[str, Field] | None = None
    locate: str | Callable[[dict[str, Any]], str | None] | None = None
    body: Callable[[Any, Context], dict[str, Any]] | None = None
    listing: bool = False


CALLS: dict[tuple[str, str], ApiCall] = {}


def get(
    name: str, *fields: Field, targets: int = 0, locate: str | None = None, listing: bool = False
) -> Callable[[Handler], Handler]:
    """Declares a GET call; ``fields`` are those of its ``?json=`` argument."""

    def declare(handler: Handler) -> Handler:
        table = {field.name: field for field in fields}
        CALLS["GET", name] = ApiCall("GET", name, handler, targets, table, locate, listing=listing)
        return handler

    return declare


def post(
    name: str,
    *fields: Field,
    targets: int = 0,
    locate: str | Callable[[dict[str, Any]], str | None] | None = None,
    body: Callable[[Any, Context], dict[str, Any]] | None = None,
) -> Callable[[Handler], Handler]:
    """Declares a POST call."""

    def declare(handler: Handler) -> Handler:
        table = {field.name: field for field in fields}
        CALLS["POST", name] = ApiCall("POST", name, handler, targets, table, locate, body)
        return handler

    return declare
