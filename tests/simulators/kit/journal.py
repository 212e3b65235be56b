# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: one entry for each API call received."""

from __future__ import annotations

import time
from typing import Any

from simulators.kit.product import Call

PENDING = "pending"


class Journal:
    """Entries in the order in which the calls were received; numbers grow until :meth:`reset`."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []
        self._last = 0

    def open(self, call: Call, rival: bool = False) -> dict[str, Any]:
        """Adds an entry for ``call`` with outcome ``pending``; the caller fills in ``effect`` and ``outcome``."""
        self._last += 1
        entry = {
            "n": self._last,
            "time": time.time(),
            "method": call.method,
            "call": call.name,
            "target": call.target,
            "path": call.path,
            "body": call.body,
            "write": call.write,
            "effect": False,
            "outcome": PENDING,
        }
        if rival:
            entry["rival"] = True
        self._entries.append(entry)
        return entry

    def report(self, since: int = 0) -> dict[str, Any]:
        """``{calls, writes, effects, entries}`` of the entries numbered above ``since``."""
        entries = [entry for entry in self._entries if entry["n"] > since]
        return {
            "calls": len(entries),
            "writes": sum(entry["write"] for entry in entries),
            "effects": sum(entry["effect"] for entry in entries),
            "entries": entries,
        }

    def clear(self) -> None:
        """Forgets the entries; numbering goes on."""
        self._entries.clear()

    def reset(self) -> None:
        """Forgets the entries and numbers from 1 again."""
        self.clear()
        self._last = 0
