# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The types between the kit and a simulator."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson

from simulators.kit.switches import Switch


class AdminError(ValueError):
    """A request to ``/_sim/`` that cannot be done; its text is one sentence for a person (HTTP 400)."""


@dataclass(frozen=True)
class Request:
    """An HTTP request to the API, read whole.

    ``path`` is as received, still quoted and with the query string; ``header`` gives a header's value or None.
    """

    method: str
    path: str
    body: bytes
    header: Callable[[str], str | None]


@dataclass
class Call:
    """One API call, as far as it could be understood.

    ``name`` is what faults match and the journal shows; ``body`` is shown in the journal, so secrets must be masked in
    it; ``detail`` is the simulator's own (the real arguments, a parse error, the token), never shown.
    """

    method: str
    name: str
    path: str
    target: str | None = None
    body: Any = None
    write: bool = False
    detail: Any = None


@dataclass
class Answer:
    """What goes back: ``outcome`` is ``ok`` or ``error:<name or code>``; ``effect`` says that the state was changed.

    ``wait``, if given, is called and awaited once the effect is journaled; the Answer it gives is sent instead.
    """

    body: bytes
    status: int = 200
    outcome: str = "ok"
    effect: bool = False
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: Callable[[], Awaitable[Answer]] | None = None


def json_answer(value: Any, status: int = 200, outcome: str = "ok", effect: bool = False) -> Answer:
    """An Answer whose body is ``value`` as JSON."""
    return Answer(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS), status, outcome, effect)


class Product(Protocol):
    """What a simulator must have; the package docstring says what each member does."""

    @property
    def switches(self) -> tuple[Switch, ...]: ...

    @property
    def admin(self) -> Mapping[str, Callable[[str, Mapping[str, str], Any], Any]]: ...

    def reset(self, switches: Mapping[str, Any]) -> None: ...

    def state(self) -> dict[str, Any]: ...

    async def keep(self) -> Any: ...

    def restore(self, kept: Any, switches: Mapping[str, Any]) -> None: ...

    def parse(self, request: Request) -> Call: ...

    def rival(self, spec: Mapping[str, Any]) -> Call: ...

    def perform(self, call: Call) -> Answer: ...

    def fault_answer(self, call: Call, fault: Mapping[str, Any]) -> Answer: ...
