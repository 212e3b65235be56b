# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``simulator``: a request to a simulator's admin interface, with its answer as the result's ``answer``."""

from __future__ import annotations

import json
import urllib.request

from ansible.plugins.action import ActionBase


class ActionModule(ActionBase):
    """``simulator: {of: storpool, path: switches, body: {...}}``; POST if there is a body, else GET, else ``method``."""

    def run(self, tmp=None, task_vars=None):
        args = self._task.args
        url = f"{task_vars['sim'][args.get('of', 'storpool')]['url']}/_sim/{args['path']}"
        body = args.get("body")
        method = args.get("method", "GET" if body is None else "POST")
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return {"changed": method != "GET", "answer": json.load(response)}
