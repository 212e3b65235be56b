# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a line of JSON for each task to the file that BENCH_TIMES names: how long it took, how many modules ran in it, and what it returned."""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: durations
type: notification
short_description: How long tasks take
description: [How long tasks take.]
requirements: []
"""


class CallbackModule(CallbackBase):
    """One host, one play."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "durations"
    CALLBACK_NEEDS_ENABLED = True

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._start = time.monotonic()
        self._modules = 0

    def v2_runner_item_on_ok(self, result):
        self._modules += 1

    def v2_runner_on_ok(self, result):
        shown = {
            key: result._result[key]
            for key in ("changed", "summary", "counts", "books", "vms")
            if key in result._result
        }
        line = {"seconds": time.monotonic() - self._start, "modules": self._modules or 1, "result": shown}
        with open(os.environ["BENCH_TIMES"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
