# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the strings of a request to a command's arguments (CloudStack ParamUnpackWorker, ParamProcessWorker)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from simulators.cloudstack.errors import MALFORMED_PARAMETER, PARAM_ERROR, ApiError, invalid
from simulators.cloudstack.registry import LIST, Command, Param
from simulators.cloudstack.state import State

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_MAP_ITEM = re.compile(r"([^\[]+)\[([^\]]*)\](?:\.(.+))?")
#: The size of a page that has no limit; `page` is not given then (BaseListCmd, all releases).
UNLIMITED = -1
_LONG = re.compile(r"-?\d+")


def arguments(command: Command, params: Mapping[str, str], state: State) -> dict[str, Any]:
    """Every declared parameter with its value, None for what was not sent; paging is checked for list commands.

    Raises ApiError 430 for a malformed map and 431 for what is missing, invalid or unknown.
    """
    plain, maps = _unpack(params)
    values: dict[str, Any] = {}
    for param in command.params:
        if param.feature and not state.release.has(param.feature):
            values[param.name] = None
            continue
        values[param.name] = _value(command, param, plain.get(param.name), maps.get(param.name), state)
    if command.kind == LIST:
        values["keyword"] = plain.get("keyword")
        values["page"], values["pagesize"] = _paging(command, plain, state)
    return values


def _unpack(params: Mapping[str, str]) -> tuple[dict[str, str], dict[str, dict[str, dict[str, str]]]]:
    plain: dict[str, str] = {}
    maps: dict[str, dict[str, dict[str, str]]] = {}
    for name, value in params.items():
        if "[" not in name:
            plain[name.lower()] = value
            continue
        match = _MAP_ITEM.fullmatch(name)
        if not match:
            raise ApiError(
                MALFORMED_PARAMETER,
                f"Unable to decode parameter: {name}; if specifying an object array, please use "
                "parameter[index].field=XXX, e.g. userGroupList[0].group=httpGroup",
            )
        field, index, key = match.groups()
        maps.setdefault(field.lower(), {}).setdefault(index, {})[key or index] = value
    return plain, maps


def _value(
    command: Command, param: Param, text: str | None, items: dict[str, dict[str, str]] | None, state: State
) -> Any:
    keeps_empty = ("list", "text")
    missing = items is None if param.kind == "map" else text is None or (text == "" and param.kind not in keeps_empty)
    if missing:
        if param.required:
            raise ApiError(
                PARAM_ERROR,
                f"Unable to execute API command {command.spoken} due to missing parameter {param.name}",
            )
        # An empty text stays one: updateConfiguration with an empty value clears a setting.
        return text if param.kind == "string" else None
    if param.kind == "map":
        return items
    if param.kind == "list":
        return [part.strip() for part in text.split(",")] if text else []
    if param.kind == "bool":
        return text.lower() == "true"
    if param.kind == "long":
        if not _LONG.fullmatch(text) or abs(int(text)) >= 2**63:
            raise ApiError(
                PARAM_ERROR,
                f"Unable to execute API command {command.spoken} due to invalid value {text} for parameter "
                f"{param.name}",
            )
        return int(text)
    if param.kind == "id":
        return _internal_id(command, param, text, state)
    return text


def _internal_id(command: Command, param: Param, text: str, state: State) -> int | None:
    """The internal number for a uuid. Numbers are taken as they are, unless the parameter is newer than 3.0."""
    is_uuid = bool(_UUID.fullmatch(text))
    if not is_uuid:
        if param.newer and state.switches["bare_uuid_since_filter"] == "dropped":
            return None
        if not param.newer and _LONG.fullmatch(text):
            return _known_number(command, param, int(text), state)
    for table in param.table.split("|"):
        row = state.table(table).by_uuid(text)
        if row is not None:
            return row.db_id
    raise ApiError(
        PARAM_ERROR,
        f"Unable to execute API command {command.spoken} due to invalid value. Invalid parameter {param.name} "
        f"value={text} due to incorrect long value format, or entity does not exist or due to incorrect parameter "
        "annotation for the field in api cmd class.",
    )


def _known_number(command: Command, param: Param, number: int, state: State) -> int:
    """An internal number as given; lists filter by it, for everything else its row must be there."""
    tables = (param.table or "").split("|")
    if command.kind != LIST and all(state.table(table).get(number) is None for table in tables):
        raise invalid(f"Unable to find {param.name} {number}")
    return number


def _paging(command: Command, plain: Mapping[str, str], state: State) -> tuple[int | None, int | None]:
    page, size = (_number(command, plain, name) for name in ("page", "pagesize"))
    limit = state.switches["default_page_size"]
    if page is None and size not in (None, UNLIMITED):
        raise ApiError(PARAM_ERROR, '"page" parameter is required when "pagesize" is specified')
    if size is None and page is not None:
        raise ApiError(PARAM_ERROR, '"pagesize" parameter is required when "page" is specified')
    if size is not None and size > limit:
        raise invalid(f"Page size can't exceed max allowed page size value: {limit}")
    if size == UNLIMITED and page is not None:
        raise invalid("Can't specify page parameter when pagesize is -1 (Unlimited)")
    return page, size


def _number(command: Command, plain: Mapping[str, str], name: str) -> int | None:
    return _value(command, Param(name, "long"), plain.get(name), None, None)


def page_of(rows: list[Any], page: int | None, size: int | None, default_size: int) -> list[Any]:
    """The rows of one page; without paging the first `default_size`, or all if that is asked for."""
    if size == UNLIMITED:
        return rows[:]
    if page is None or size is None:
        return rows[:default_size]
    start = max(page - 1, 0) * max(size, 0)
    return rows[start : start + max(size, 0)]


def like(pattern: str, text: str) -> bool:
    """SQL `text LIKE '%pattern%'` in MySQL's default collation: no case, `%` and `_` are wildcards."""
    parts = {"%": ".*", "_": "."}
    expression = "".join(parts.get(char, re.escape(char)) for char in pattern)
    return re.search(expression, text, re.IGNORECASE | re.DOTALL) is not None


def map_values(items: Mapping[str, Mapping[str, str]] | None) -> dict[str, str]:
    """`details[0].key=value` items as one mapping; the key/value pair style is understood too."""
    merged: dict[str, str] = {}
    for item in (items or {}).values():
        if set(item) == {"key", "value"}:
            merged[item["key"]] = item["value"]
        else:
            merged.update(item)
    return merged
