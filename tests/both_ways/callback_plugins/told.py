# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a line of JSON for each result to the file that TOLD_IN names."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: told
type: notification
short_description: What tasks returned
description: [What tasks returned.]
requirements: []
"""


class CallbackModule(CallbackBase):
    """What every task and item returned, and how it ended."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "told"
    CALLBACK_NEEDS_ENABLED = True

    def _tell(self, how, result):
        line = {"how": how, "host": result._host.get_name(), "task": result._task.get_name(), "result": result._result}
        with open(os.environ["TOLD_IN"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")

    def v2_runner_on_ok(self, result):
        self._tell("ok", result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._tell("failed", result)

    def v2_runner_on_unreachable(self, result):
        self._tell("unreachable", result)

    def v2_runner_on_skipped(self, result):
        self._tell("skipped", result)

    def v2_runner_retry(self, result):
        self._tell("retry", result)

    def v2_runner_item_on_ok(self, result):
        self._tell("item ok", result)

    def v2_runner_item_on_failed(self, result):
        self._tell("item failed", result)
