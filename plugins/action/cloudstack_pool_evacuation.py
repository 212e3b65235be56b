# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says how far an evacuation is, while it runs: the module of the same name moves some volumes in each part, until none is left."""

from __future__ import annotations

import typing as t

from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.evacuation import report
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import PartlyFailed
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
        rows: t.Dict[str, report.Row] = {}
        warnings: t.List[t.Any] = []
        pace = _progress.Pace(self._task)
        while True:
            seconds = _progress.OTHER_PARTS if rows else _progress.FIRST_PART
            part = {"seconds": seconds, "failed": [key for key, row in rows.items() if row["result"] == report.FAILED]}
            result = self._execute_module(module_args=dict(self._task.args, _slice=part), task_vars=task_vars)
            if "rows" not in result:
                return self._broken_off(rows, result)
            rows.update((row["id"], row) for row in result.pop("rows"))
            warnings += result.pop("warnings", None) or []
            waiting = sum(row["result"] == report.WAITING for row in rows.values())
            if not waiting:
                return self._ended(rows, dict(result, warnings=warnings) if warnings else result)
            failed = [row for row in rows.values() if row["result"] == report.FAILED]
            display.display(pace.line(len(rows) - waiting, len(failed), len(rows)))

    @staticmethod
    def _ended(rows: t.Mapping[str, report.Row], more: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        what = f"primary storage pool {more['pool']['name']!r}"
        try:
            return report.report(what, list(rows.values()), more)
        except PartlyFailed as failure:
            return dict(failure.result(), failed=True)

    @staticmethod
    def _broken_off(rows: t.Mapping[str, report.Row], result: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
        """A part that could not be done as a whole ends the task; it says what was done before."""
        if not rows:
            return dict(result)
        done = sum(row["result"] in (report.MOVED, report.EXPUNGED) for row in rows.values())
        told = f"{result.get('msg')} ({done:,} of {len(rows):,} volumes were moved before.)"
        return dict(result, failed=True, changed=bool(done), msg=told)
