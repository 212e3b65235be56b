# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults: what goes wrong, for which calls, how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulators.kit.product import Call

KINDS = frozenset(
    (
        "reset_before",
        "reset_after",
        "hang_before",
        "hang_after",
        "delay",
        "http_error",
        "garbage",
        "api_error",
        "rival",
    )
)

DEFAULTS: dict[str, Any] = {"method": None, "target": None, "skip": 0, "times": 1}

EXTRAS: dict[str, dict[str, Any]] = {
    "hang_before": {"seconds": 3600},
    "hang_after": {"seconds": 3600},
    "delay": {"seconds": 1},
    "http_error": {"status": 500, "html": True},
    "garbage": {"after": False},
    "rival": {"requests": []},
}


#: Seconds, about thirty years: longer than anybody waits, and short enough for every clock.
LONGEST = 10**9

#: What a member of a fault has to be, in words, where it is given.
_TYPES: dict[str, tuple[type, str]] = {
    "target": (str, "a text or null"),
    "html": (bool, "true or false"),
    "after": (bool, "true or false"),
    "transient": (bool, "true or false"),
    "name": (str, "a text"),
    "descr": (str, "a text"),
    "errorcode": (int, "a number"),
    "errortext": (str, "a text"),
}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_seconds(value: Any) -> bool:
    """Whether a value is a time that can be waited for, in seconds."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= LONGEST


def _check_types(fault: Mapping[str, Any]) -> None:
    for name, (kind, words) in _TYPES.items():
        value = fault.get(name)
        wrong = not isinstance(value, kind) or (kind is int and isinstance(value, bool))
        if name in fault and wrong and not (name == "target" and value is None):
            raise ValueError(f"the {name} of a fault is {words}")
    if "errorcode" in fault and not 400 <= fault["errorcode"] <= 599:
        raise ValueError("the errorcode of an api_error is from 400 to 599")


def normalized(fault: Any, check_rival: Callable[[Mapping[str, Any]], object]) -> dict[str, Any]:
    """``fault`` with every default filled in; ValueError with a sentence if it makes no sense."""
    kind = fault.get("kind") if isinstance(fault, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise ValueError(f"a fault is an object with a kind, one of {', '.join(sorted(KINDS))}")
    if not isinstance(fault.get("call"), str):
        raise ValueError('a fault names its call, or "*" for every call')
    full = {**DEFAULTS, **EXTRAS.get(fault["kind"], {}), **fault}
    if full["method"] not in (None, "GET", "POST"):
        raise ValueError("the method of a fault is GET, POST or null")
    if not _is_count(full["skip"]) or not (full["times"] is None or (_is_count(full["times"]) and full["times"])):
        raise ValueError("skip is a number from 0, times a number from 1 or null for ever")
    if not is_seconds(full.get("seconds", 0)):
        raise ValueError(f"seconds is a number from 0 to {LONGEST}")
    _check_types(full)
    if full["kind"] == "http_error" and not (_is_count(full["status"]) and 400 <= full["status"] <= 599):
        raise ValueError("the status of an http_error is from 400 to 599")
    if full["kind"] == "rival":
        if not isinstance(full["requests"], list) or not full["requests"]:
            raise ValueError("a rival has a list of requests")
        for spec in full["requests"]:
            if not isinstance(spec, dict):
                raise ValueError("each request of a rival is an object")
            check_rival(spec)
    return full


class Faults:
    """The faults that wait for their calls, in the order in which they were given."""

    def __init__(self) -> None:
        self._faults: list[dict[str, Any]] = []
        #: How often they were removed: what hangs since before that hangs no longer.
        self.cleared = 0

    def add(self, faults: list[dict[str, Any]]) -> None:
        """Adds normalized faults."""
        self._faults.extend(faults)

    def clear(self) -> None:
        self._faults.clear()
        self.cleared += 1

    def describe(self) -> list[dict[str, Any]]:
        """The faults that are left, with their remaining skip and times."""
        return self._faults

    def take(self, call: Call) -> dict[str, Any] | None:
        """The fault that strikes ``call``, or None. Each matching fault that still skips calls skips this one."""
        for fault in self._faults:
            if (
                fault["call"] not in ("*", call.name)
                or fault["method"] not in (None, call.method)
                or fault["target"] not in (None, call.target)
            ):
                continue
            if fault["skip"]:
                fault["skip"] -= 1
                continue
            if fault["times"] is not None:
                fault["times"] -= 1
                if not fault["times"]:
                    self._faults.remove(fault)
            return fault
        return None
