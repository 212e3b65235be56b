# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor client's types, applied strictly.

The client is lenient: a missing or invalid member becomes None in a partial object, and numbers are converted. Here a
member that is declared and not optional must be there, and a scalar must pass unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from storpool import spapi, spcatch, spjson, sptype, sptypes

#: Validators that turn a number into a name.
CONVERTING = {"ObjectState"}


def api_methods() -> dict[str, Callable[..., Any]]:
    """The calls that the vendor client declares, by the client's own method names."""
    return {
        name: method
        for name, method in vars(spapi.Api).items()
        if callable(method) and "returns" in getattr(method, "__globals__", {}) and hasattr(method, "spDoc")
    }


def _scalar_problem(definition: sptype.SpType, value: Any) -> str | None:
    if isinstance(value, (dict, list)) or any(name in definition.name for name in CONVERTING):
        return None
    try:
        converted = definition.handleVal(value)
    except spcatch.InvalidArgumentError:
        return None
    if type(converted) is not type(value) or converted != value:
        return f"{value!r} only passes as {definition.name} after a conversion to {converted!r}"
    return None


@contextmanager
def _strict() -> Iterator[None]:
    """Objects of the vendor's types refuse missing members and values that need a conversion."""
    lenient = spjson.JsonObjectImpl.__new__

    def strict(cls: Any, json: Any = None, **kwargs: Any) -> Any:
        if isinstance(json, dict):
            for name, definition in cls.__jsonAttrDefs__.items():
                if name not in json:
                    if not definition.name.startswith("Optional("):
                        spcatch.error("{where}: {what} is missing", where=cls.__name__, what=name)
                    continue
                problem = _scalar_problem(definition, json[name])
                if problem:
                    spcatch.error("{where}.{what}: {why}", where=cls.__name__, what=name, why=problem)
        return lenient(cls, json, **kwargs)

    spjson.JsonObjectImpl.__new__ = strict
    try:
        yield
    finally:
        spjson.JsonObjectImpl.__new__ = lenient


def problem_of(method: str, raw: Any) -> str | None:
    """Why ``raw``, the data of an answer, is not what the vendor's ``method`` declares to return; None if it is."""
    returns = getattr(spapi.Api, method).__globals__["returns"]
    with _strict():
        try:
            typed = returns(raw)
        except spcatch.InvalidArgumentError as error:
            return str(error)
    return _wrong_alternative(typed, raw)


def _wrong_alternative(typed: Any, raw: Any) -> str | None:
    """An object that passed only as the other of two types: an up disk as a down one, a snapshot as a volume."""
    for key, value in raw.items() if isinstance(raw, dict) else ():
        item = typed.get(int(key) if key.isdigit() else key) if isinstance(typed, dict) else None
        if isinstance(value, dict) and item is not None:
            if "softEject" in value and isinstance(item, sptypes.UpDiskSummary) != (value["generationLeft"] == -1):
                return f"disk {key} passed as {type(item).__name__}"
            if "decreasedRedundancy" in value and isinstance(item, sptypes.SnapshotSummary) != value["snapshot"]:
                return f"{key} passed as {type(item).__name__}"
            if isinstance(value.get("objectsAllocated"), dict) and not isinstance(item, sptypes.UpDiskTarget):
                return f"disk {key} passed as {type(item).__name__}"
    return None
