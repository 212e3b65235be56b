# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prints the CPU seconds that a task over COUNT volumes plans for when nothing is to be done, the API's answers being there: ``growth.py COUNT``.

Run as a process of its own, so that nothing of another measurement is in its memory.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from ansible.plugins.loader import init_plugin_loader

from tools.workspace import BUILD

init_plugin_loader([str(BUILD)])

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk import run as bulk_run  # noqa: E402
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk import steer as bulk  # noqa: E402

REPEATS = 5


class Answers:
    """An API that has all its answers ready."""

    def __init__(self, count: int) -> None:
        self._volumes = json.dumps([volume(number) for number in range(1, count + 1)])

    def get(self, call: str, _target: str | None = None) -> Any:
        """The list that was asked for, parsed as from an answer."""
        return json.loads(self._volumes) if call == "VolumesList" else []


def volume(number: int) -> dict[str, Any]:
    """A volume as the API lists it."""
    policy = {"placeAll": "hdd", "placeTail": "ssd", "placeHead": "hdd", "iops": "-", "bw": "-", "limitType": "total"}
    return {
        "id": number,
        "name": f"v-{number:05}",
        "globalId": f"sim.b.{number}",
        "size": 1073741824,
        "templateName": "hybrid",
        "parentName": "",
        "replication": 3,
        "reuseServer": False,
        "creationTimestamp": 1700000000,
        "tags": {"owner": "bench", "number": f"{number:05}"},
        **policy,
    }


def options(count: int) -> dict[str, Any]:
    """The options of the task, each volume an item of its own."""
    params = {name: rule.get("default") for name, rule in bulk.SPEC["argument_spec"].items()}
    items = [
        {
            "name": f"v-{number:05}",
            "size": "1GiB",
            "template": "hybrid",
            "tags": {"owner": "bench", "number": f"{number:05}"},
        }
        for number in range(1, count + 1)
    ]
    return {**params, "volumes": items}


def main() -> None:
    count = int(sys.argv[1])
    api, params = Answers(count), options(count)
    bulk_run.collect_seldom()
    best = float("inf")
    for _round in range(REPEATS):
        start = time.process_time()
        rows, _warnings = bulk.run(api, lambda: None, 0, params)
        best = min(best, time.process_time() - start)
        if {row["result"] for row in rows} != {"unchanged"}:
            raise RuntimeError("the task was to find nothing to do")
    print(best)


if __name__ == "__main__":
    main()
