# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The admin interface, all under ``/_sim/``: JSON in and out, no authentication, never journaled.

======  ===================  =============================================================
GET     ``/_sim/``           the paths there are
GET     ``/_sim/journal``    the calls received, ``?since=N`` for those numbered above N
DELETE  ``/_sim/journal``    forgets them
POST    ``/_sim/reset``      everything as at the start: state, journal, faults, switches; with
                             ``{"to": "kept"}`` state and switches as they were kept
POST    ``/_sim/keep``       keeps state and switches as they are now, until the next time
GET     ``/_sim/switches``   every switch with its value, default, choices and meaning
POST    ``/_sim/switches``   ``{name: value}``
GET     ``/_sim/state``      the whole state
GET     ``/_sim/faults``     the faults that are left
POST    ``/_sim/faults``     a fault or a list of faults
DELETE  ``/_sim/faults``     removes them
any     ``/_sim/<name>``     the simulator's own
======  ===================  =============================================================

A request that cannot be done answers 400 (404 for an unknown path, 405 for a wrong method) and ``{"error": sentence}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import orjson

from simulators.kit.faults import Faults, normalized
from simulators.kit.journal import Journal
from simulators.kit.product import AdminError, Product
from simulators.kit.switches import Switches

PREFIX = "/_sim/"
LONGEST_NUMBER = 18

Query = Mapping[str, str]


class Admin:
    """Answers requests to ``/_sim/``."""

    def __init__(self, product: Product, switches: Switches, journal: Journal, faults: Faults) -> None:
        self._product = product
        self._switches = switches
        self._journal = journal
        self._faults = faults
        self._kept: tuple[Any, dict[str, Any]] | None = None
        self._own: dict[tuple[str, str], Callable[[Query, Any], Any]] = {
            ("GET", "journal"): self._read_journal,
            ("DELETE", "journal"): self._clear_journal,
            ("POST", "reset"): self._reset,
            ("POST", "keep"): self._keep,
            ("GET", "switches"): lambda query, body: switches.describe(),
            ("POST", "switches"): self._set_switches,
            ("GET", "state"): lambda query, body: product.state(),
            ("GET", "faults"): lambda query, body: faults.describe(),
            ("POST", "faults"): self._add_faults,
            ("DELETE", "faults"): self._clear_faults,
        }

    def handle(self, method: str, path: str, body: bytes) -> tuple[int, Any]:
        """``(HTTP status, JSON value)`` for one request; ``path`` as received."""
        parts = urlsplit(path)
        name = parts.path[len(PREFIX) :]
        try:
            given = orjson.loads(body) if body else None
        except ValueError:
            return 400, {"error": "the request body is not JSON"}
        query = dict(parse_qsl(parts.query))
        own = sorted({own_name for _method, own_name in self._own})
        try:
            if name == "":
                return 200, {"paths": [PREFIX + known for known in sorted((*own, *self._product.admin))]}
            if (method, name) in self._own:
                return 200, self._own[method, name](query, given)
            if name in self._product.admin:
                return 200, self._product.admin[name](method, query, given)
        except ValueError as problem:
            return 400, {"error": str(problem)}
        if name in own:
            return 405, {"error": f"{PREFIX}{name} does not take {method}"}
        return 404, {"error": f"there is no {PREFIX}{name}; see {PREFIX}"}

    def _read_journal(self, query: Query, body: Any) -> Any:
        since = query.get("since", "0")
        if not since.isascii() or not since.isdigit() or len(since) > LONGEST_NUMBER:
            raise AdminError("since is the number of a journal entry")
        return self._journal.report(int(since))

    def _clear_journal(self, query: Query, body: Any) -> Any:
        self._journal.clear()
        return {"ok": True}

    def _reset(self, query: Query, body: Any) -> Any:
        if body not in (None, {}, {"to": "kept"}):
            raise AdminError('what is reset becomes as at the start or, with {"to": "kept"}, as it was kept')
        if body and self._kept is None:
            raise AdminError(f"nothing was kept; see {PREFIX}keep")
        self._switches.reset()
        self._journal.reset()
        self._faults.clear()
        if body and self._kept is not None:
            state, values = self._kept
            self._switches.set(values)
            self._product.restore(state, self._switches)
        else:
            self._product.reset(self._switches)
        return {"ok": True}

    async def _keep(self, query: Query, body: Any) -> Any:
        self._kept = (await self._product.keep(), dict(self._switches))
        return {"ok": True}

    def _set_switches(self, query: Query, body: Any) -> Any:
        if not isinstance(body, dict):
            raise AdminError("switches are set with an object: name, value")
        self._switches.set(body)
        return {name: self._switches[name] for name in body}

    def _add_faults(self, query: Query, body: Any) -> Any:
        faults = [normalized(fault, self._product.rival) for fault in (body if isinstance(body, list) else [body])]
        self._faults.add(faults)
        return faults

    def _clear_faults(self, query: Query, body: Any) -> Any:
        self._faults.clear()
        return {"ok": True}
