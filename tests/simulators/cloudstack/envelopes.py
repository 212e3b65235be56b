# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an answer looks like: one top-level key, `{}` for an empty list, errors, and a plain XML form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from simulators.cloudstack.errors import UNSUPPORTED_ACTION, ApiError
from simulators.cloudstack.versions import Release

ERROR_ENVELOPE = "errorresponse"


def listing(key: str, rows: list[Mapping[str, Any]], total: int) -> dict[str, Any]:
    """`count` is the number of matches, not of rows: a page beyond the end has no rows, an empty list neither key."""
    if not total:
        return {}
    return {"count": total, key: rows} if rows else {"count": total}


def error_body(error: ApiError) -> dict[str, Any]:
    """The object in the envelope of an error."""
    body: dict[str, Any] = {"uuidList": [], "errorcode": error.status}
    if error.cs_code is not None:
        body["cserrorcode"] = error.cs_code
    return {**body, "errortext": error.text}


def error_envelope(error: ApiError, command_envelope: str | None) -> str:
    """The top-level key of an error: that of the command, unless it is unknown or the code is 432."""
    if command_envelope is None or error.status == UNSUPPORTED_ACTION:
        return ERROR_ENVELOPE
    return command_envelope


def present(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without those that are None: null fields are never sent."""
    return {name: value for name, value in values.items() if value is not None}


def date(moment: float | None) -> str | None:
    """2025-04-16T19:24:55+0000, from seconds since the epoch."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def json_content_type(release: Release) -> str:
    kind = "application/json" if release.has("json_content_type_is_application") else "text/javascript"
    return f"{kind}; charset=UTF-8"


def xml(envelope: str, body: Mapping[str, Any], release: Release) -> str:
    """The default form when `response=json` is not asked for; only as good as a person needs to read it."""
    head = f'<?xml version="1.0" encoding="UTF-8"?><{envelope} cloud-stack-version="{release.text}">'
    return f"{head}{_elements(body)}</{envelope}>"


def _elements(value: Any) -> str:
    if isinstance(value, Mapping):
        return "".join(_named(str(name), item) for name, item in value.items())
    if isinstance(value, bool):
        return "true" if value else "false"
    return escape(str(value))


def _named(name: str, value: Any) -> str:
    items = value if isinstance(value, list) else [value]
    return "".join(f"<{name}>{_elements(item)}</{name}>" for item in items)
