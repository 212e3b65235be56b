# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``written``: fails unless a simulator has received exactly these writes since the last ``written``."""

from __future__ import annotations

import json
import urllib.request

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """``written: {to: storpool, calls: [{call: VolumeCreate, target: null, body: {...}}]}``.

    ``call`` alone may be written as a string. What an expected call does not mention is not compared; a body is
    compared whole. ``reads`` bounds the number of reads, if it is given. Without ``calls`` nothing is expected, and
    ``to`` may be a list: ``seen`` is what all of these have received. The journals are empty afterwards.
    """

    def run(self, tmp=None, task_vars=None):
        args = self._task.args
        to = args.get("to", "storpool")
        journals = [self._taken(task_vars["sim"][one]["url"]) for one in ([to] if isinstance(to, str) else to)]
        seen = [entry for journal in journals for entry in journal["entries"] if entry["write"]]
        if "calls" not in args:
            return {"changed": False, "seen": seen}
        [journal] = journals
        expected = [{"call": call} if isinstance(call, str) else dict(call) for call in args["calls"]]
        reads = journal["calls"] - len(seen)
        matches = len(seen) == len(expected) and all(
            entry[key] == value for call, entry in zip(expected, seen, strict=True) for key, value in call.items()
        )
        result = {"changed": False, "seen": seen, "reads": reads}
        if not matches:
            shown = [{key: entry[key] for key in ("call", "target", "body", "outcome")} for entry in seen]
            result.update(failed=True, msg=f"Expected these writes: {expected}\nbut the journal has: {shown}")
        elif reads > args.get("reads", reads):
            result.update(failed=True, msg=f"Expected at most {args['reads']} reads, but there were {reads}.")
        return result

    def _taken(self, simulator: str) -> dict:
        url = f"{simulator}/_sim/journal"
        journal = self._request(url, "GET")
        self._request(url, "DELETE")
        return journal

    def _request(self, url: str, method: str) -> dict:
        request = urllib.request.Request(url, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return json.load(response)
