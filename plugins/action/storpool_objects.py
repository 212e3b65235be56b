# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says how far a bulk task is, while it runs.

A module can say nothing before it ends, over most connections. So the task is done in parts of a few seconds: the module is run with the same options
until nothing is left, and its results are put together. Every part reads what is there and does what is left of the task; an object that was begun is
brought to its end in the same part.
"""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import PartlyFailed
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk.show import report
from ansible_collections.storpool.cloudstack.plugins.plugin_utils import _progress
from ansible_collections.storpool.cloudstack.plugins.plugin_utils._direct import ActionModule as DirectAction
from ansible_collections.storpool.cloudstack.plugins.plugin_utils._direct import prepare

display = Display()
prepare(__name__)


class ActionModule(DirectAction):
    """The action of the module of the same name."""

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Dict[str, t.Any]:
        if not _progress.is_wanted(self._task):
            return dict(super().run(tmp, task_vars))
        ActionBase.run(self, tmp, task_vars)
        return self._in_parts(task_vars)

    def _in_parts(self, task_vars: t.Any) -> t.Dict[str, t.Any]:
        parts, pace = Parts(), _progress.Pace(self._task)
        while True:
            seconds = _progress.OTHER_PARTS if parts.total else _progress.FIRST_PART
            part = {"seconds": seconds, "failed": parts.failed()}
            result = self._execute_module(module_args=dict(self._task.args, _slice=part), task_vars=task_vars)
            if "rows" not in result:
                return parts.broken_off(result, bool(self._task.diff))
            parts.add(result)
            if not parts.waiting:
                return parts.result(bool(self._task.diff))
            display.display(pace.line(parts.total - parts.waiting, len(parts.failed()), parts.total))


class Parts:
    """What the parts of a task have done so far. ``total`` is the number of its objects as the first part saw it, ``waiting`` how many are left."""

    def __init__(self) -> None:
        self.total = 0
        self.waiting = 0
        self._rows: t.Dict[t.Tuple[str, str, str], t.Dict[str, t.Any]] = {}
        self._more: t.Dict[str, t.Any] = {}
        self._warnings: t.List[t.Any] = []
        self._with_objects = False

    def failed(self) -> t.List[t.Tuple[str, str, str]]:
        """What has failed, and is not to be tried again."""
        return [key for key, row in self._rows.items() if row["result"] == "failed"]

    def add(self, result: t.Mapping[str, t.Any]) -> None:
        """Take the result of one more part. What one has done, the next sees as unchanged."""
        if not self.total:
            self.total, self._with_objects = result["total"], result["with_objects"]
            self._more = {"invocation": result["invocation"]} if "invocation" in result else {}
        self.waiting = result["waiting"]
        self._warnings += result.get("warnings") or []
        for row in result["rows"]:
            key = (row["kind"], str(row["item"]), row["object"])
            if self._rows.get(key, row)["result"] == "unchanged":
                self._rows.pop(key, None)
            self._rows.setdefault(key, row)

    def result(self, diff: bool, broken_off: bool = False) -> t.Dict[str, t.Any]:
        """The result of the task."""
        # Ansible makes a text of a number in which it sees a secret.
        rows = sorted(self._rows.values(), key=lambda row: (row["item"] is None, str(row["number"]).rjust(12)))
        more = dict(self._more, warnings=self._warnings) if self._warnings else self._more
        try:
            return dict(
                report(rows, self.total - len(rows) - self.waiting, diff, self._with_objects, broken_off), **more
            )
        except PartlyFailed as failure:
            return dict(failure.result(), failed=True, **more)

    def broken_off(self, result: t.Mapping[str, t.Any], diff: bool) -> t.Dict[str, t.Any]:
        """The result of the task if a part of it could not be done as a whole: what was done before, and why it does not go on."""
        if not self.total:
            return dict(result)
        so_far = f"after {self.total - self.waiting:,} of {self.total:,} objects"
        done = dict(self.result(diff, broken_off=True), failed=True, msg="{0} ({1})".format(result.get("msg"), so_far))
        return dict(
            done, **{key: result[key] for key in ("error", "call", "exception", "unreachable") if key in result}
        )
