# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Switches: behaviours that are unknown or differ between versions, each with its documented choices."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: The largest value of a switch that is a number: more bytes than any cluster has, and every clock can add it.
MOST = 2**62


@dataclass(frozen=True)
class Switch:
    """One behaviour. ``choices`` None means: any value of the type of ``default`` (numbers from 0 to :data:`MOST`)."""

    name: str
    default: Any
    choices: tuple[Any, ...] | None
    help: str

    def problem(self, value: Any) -> str | None:
        """Why ``value`` cannot be set, as a sentence; None if it can."""
        if self.choices is not None:
            if any(value == choice and type(value) is type(choice) for choice in self.choices):
                return None
            return f"switch {self.name}: {value!r} is not one of {', '.join(map(repr, self.choices))}"
        wanted = (int, float) if isinstance(self.default, float) else (type(self.default),)
        if isinstance(value, bool) or not isinstance(value, wanted):
            return f"switch {self.name}: {value!r} is not of type {type(self.default).__name__}"
        if isinstance(value, (int, float)) and value < 0:
            return f"switch {self.name}: {value!r} is negative"
        if isinstance(value, (int, float)) and value > MOST:
            return f"switch {self.name}: {value!r} is above {MOST}"
        return None


COMMON = (
    Switch("delay_ms", 0, None, "every answer of the API comes that many milliseconds later"),
    Switch("connection", "keep-alive", ("keep-alive", "close"), "whether a connection serves more than one request"),
)


class Switches(Mapping[str, Any]):
    """The declared switches and their values: a read-only mapping, changed by :meth:`set` and :meth:`reset` only."""

    def __init__(self, declared: Iterable[Switch]) -> None:
        self._declared = {switch.name: switch for switch in declared}
        self._values: dict[str, Any] = {}
        self.reset()

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def reset(self) -> None:
        """All values back to their defaults."""
        self._values = {name: switch.default for name, switch in self._declared.items()}

    def set(self, values: Mapping[str, Any]) -> None:
        """Sets all of ``values`` or, on a bad name or value, none: ValueError with a sentence."""
        for name, value in values.items():
            if name not in self._declared:
                raise ValueError(f"there is no switch {name!r}; there are {', '.join(sorted(self._declared))}")
            problem = self._declared[name].problem(value)
            if problem:
                raise ValueError(problem)
        self._values.update(values)

    def describe(self) -> dict[str, dict[str, Any]]:
        """``{name: {value, default, choices, help}}``."""
        return {
            name: {
                "value": self._values[name],
                "default": switch.default,
                "choices": None if switch.choices is None else list(switch.choices),
                "help": switch.help,
            }
            for name, switch in self._declared.items()
        }
