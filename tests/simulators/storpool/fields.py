# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Request fields: types, ranges and names. Wrong JSON types are jsonError, bad values invalidParam.

Numbers may come as strings, null is as if the key were absent, and ``tags`` may be "" (StorPool API facts: accepted
from several clients).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulators.storpool import errors, names

Convert = Callable[[str, Any, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Field:
    """A key of a request: ``convert(name, value, switches)`` gives the value or raises ApiFailure."""

    name: str
    convert: Convert
    required: bool = False


def required(name: str, convert: Convert) -> Field:
    return Field(name, convert, required=True)


def parse(fields: Mapping[str, Field], body: Any, switches: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments in ``body``: only keys that are there and not null."""
    if body is None:
        body = {}
    if not isinstance(body, dict):
        errors.bad_json("The request must be a JSON object")
    if switches["unknown_keys"] == "rejected":
        unknown = sorted(set(body) - set(fields))
        if unknown:
            errors.bad_json(f"Unknown key '{unknown[0]}'")
    args = {}
    for name, value in body.items():
        known = fields.get(name)
        if known is not None and value is not None:
            args[name] = known.convert(name, value, switches)
    for name, known in fields.items():
        if known.required and name not in args:
            errors.bad_json(f"Missing key '{name}'")
    return args


def integer(low: int | None = None, high: int | None = None) -> Convert:
    """A whole number, or a string of one, from ``low`` to ``high``."""

    def convert(name: str, value: Any, switches: Mapping[str, Any]) -> int:
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]+", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            errors.bad_json(f"{name} must be an integer")
        if (low is not None and value < low) or (high is not None and value > high):
            errors.invalid(f"Invalid {name} {value}")
        return value

    return convert


def boolean(name: str, value: Any, switches: Mapping[str, Any]) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        errors.bad_json(f"{name} must be a boolean")
    return value


def text(name: str, value: Any, switches: Mapping[str, Any]) -> str:
    """Any string."""
    if not isinstance(value, str):
        errors.bad_json(f"{name} must be a string")
    return value


def matching(pattern: re.Pattern[str], longest: int, reserved: tuple[str, ...] = (), *, empty: bool = False) -> Convert:
    """A string that matches ``pattern`` whole; "" only with ``empty``."""

    def convert(name: str, value: Any, switches: Mapping[str, Any]) -> str:
        value = text(name, value, switches)
        if value == "" and empty:
            return value
        if not pattern.fullmatch(value) or len(value) > longest or value in reserved:
            errors.invalid(f"Invalid {name} '{value}'")
        return value

    return convert


def one_of(*choices: Any) -> Convert:
    """One of some strings."""

    def convert(name: str, value: Any, switches: Mapping[str, Any]) -> Any:
        if not isinstance(value, str):
            errors.bad_json(f"{name} must be a string")
        if value not in choices:
            errors.invalid(f"Invalid {name} '{value}'. Must be one of {', '.join(map(str, choices))}")
        return value

    return convert


def list_of(item: Convert) -> Convert:
    """A JSON array."""

    def convert(name: str, value: Any, switches: Mapping[str, Any]) -> list[Any]:
        if not isinstance(value, list):
            errors.bad_json(f"{name} must be a list")
        return [item(name, each, switches) for each in value]

    return convert


def object_of(*members: Field) -> Convert:
    """A JSON object with its own fields."""
    fields = {member.name: member for member in members}

    def convert(name: str, value: Any, switches: Mapping[str, Any]) -> dict[str, Any]:
        if not isinstance(value, dict):
            errors.bad_json(f"{name} must be an object")
        return parse(fields, value, switches)

    return convert


def either(literal: Any, other: Convert) -> Convert:
    """``literal`` itself, or whatever ``other`` takes."""

    def convert(name: str, value: Any, switches: Mapping[str, Any]) -> Any:
        return value if value == literal and type(value) is type(literal) else other(name, value, switches)

    return convert


def size(name: str, value: Any, switches: Mapping[str, Any]) -> int:
    """Bytes: positive, a multiple of 512 (or what the switch says)."""
    value = integer()(name, value, switches)
    multiple = switches["size_multiple"]
    if value < 1 or value % multiple:
        errors.invalid(f"Invalid {name} {value}. Must be a positive multiple of {multiple}")
    return value


def template_size(name: str, value: Any, switches: Mapping[str, Any]) -> int | str:
    """A size, or "-" where the switch allows it."""
    return dash(size)(name, value, switches)


def dash(other: Convert) -> Convert:
    """``other``; or "-" for "not set" where the switch ``template_dash`` allows it."""

    def convert(name: str, value: Any, switches: Mapping[str, Any]) -> Any:
        if value == "-":
            if switches["template_dash"] == "unset":
                return value
            errors.invalid(f"Invalid {name} '-'")
        return other(name, value, switches)

    return convert


def limit(name: str, value: Any, switches: Mapping[str, Any]) -> float | str:
    """bw and iops: a number, not negative, or "-"; 0 and "-" both mean unlimited, and how 0 is listed is a switch.

    Fractions are let through: limits per GiB may have them.
    """
    if value == "-":
        return "-"
    if isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value):
        value = float(value) if "." in value else int(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        errors.bad_json(f"{name} must be a number or '-'")
    if value < 0:
        errors.invalid(f"Invalid {name} {value}")
    return "-" if value == 0 and switches["limit_zero"] == "-" else value


def tags(name: str, value: Any, switches: Mapping[str, Any]) -> dict[str, str]:
    """An object of strings; "" counts as none."""
    if value == "":
        return {}
    if not isinstance(value, dict):
        errors.bad_json(f"{name} must be an object")
    for key, content in value.items():
        if not isinstance(content, str):
            errors.bad_json(f"{name}: the value of '{key}' must be a string")
        if not names.TAG_NAME.fullmatch(key) or len(key) > names.VOLUME_MAX:
            errors.invalid(f"Invalid tag name '{key}'")
        if not names.TAG_VALUE.fullmatch(content) or len(content) > names.VOLUME_MAX:
            errors.invalid(f"Invalid value of tag '{key}'")
    return value


RESERVED = ("list", "status")
volume_name = matching(names.VOLUME, names.VOLUME_MAX, RESERVED)
volume_name_or_none = matching(names.VOLUME, names.VOLUME_MAX, RESERVED, empty=True)
template_name = matching(names.PLAIN, names.VOLUME_MAX, ("list",))
group_name = matching(names.PLAIN, names.GROUP_MAX, ("list",))
location_name = matching(names.VOLUME, names.LOCATION_MAX, ("list",))
cluster_name = matching(names.VOLUME, names.LOCATION_MAX)
global_id = matching(names.GLOBAL_ID, names.VOLUME_MAX)
cluster_id = matching(re.compile(r"[a-z0-9]+\.[a-z0-9]+"), names.LOCATION_MAX)
id_part = matching(re.compile(r"[a-z0-9]+"), names.LOCATION_MAX)
bucket_name = matching(names.VOLUME, 1022)
reference = text  # a name or ~globalId: checked where it is looked up
client_id = integer(1, 4095)
disk_id = integer(0, 4095)
on_attached = one_of("fail", "detach", "detachForce", "export")

POLICY = (
    Field("placeAll", group_name),
    Field("placeTail", group_name),
    Field("placeHead", group_name),
    Field("replication", integer(1, 3)),
    Field("bw", limit),
    Field("iops", limit),
    Field("limitType", one_of("total", "perGiB")),
    Field("reuseServer", boolean),
    Field("tags", tags),
)
DELETE_DATE = (Field("targetDeleteDate", integer(0)), Field("deleteAfter", integer(0)))
