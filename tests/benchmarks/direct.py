# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tasks that run in a process of Ansible's own, against the same tasks as modules usually run."""

from __future__ import annotations

import json
import sys
from typing import Any

from benchmarks.plays import Workbench
from simulators.client import Simulator, start
from tools.workspace import COLLECTION

FEW, MANY = 100, 1000  # items of a loop
#: What a play of many different tasks is made of, a third of it writing.
NAMES = ("one", "two", "three")


def loop(count: int) -> list[dict[str, Any]]:
    """A loop of one task that creates so many volumes."""
    task = {"name": "{{ 'v-%05d' % item }}", "size": "1GiB", "replication": 3}
    return [{f"{COLLECTION}.storpool_volume": task, "loop": list(range(1, count + 1))}]


def thirty(cloudstack: dict[str, Any]) -> list[dict[str, Any]]:
    """Thirty tasks of both products."""
    tasks: list[tuple[str, dict[str, Any]]] = [
        ("storpool_cluster_info", {}),
        ("storpool_placement_group", {"name": "hdd"}),
        ("storpool_template", {"name": "hybrid", "replication": 3, "place_all": "hdd"}),
        ("storpool_template_info", {}),
        ("cloudstack_info", {}),
        ("cloudstack_host_info", {}),
        ("cloudstack_storpool_pool_info", {}),
        ("cloudstack_configuration", {"name": "storage.overprovisioning.factor", "value": "2"}),
        ("storpool_objects", {"volumes": [{"name": "many-{1..5}", "size": "1GiB", "replication": 3}]}),
    ]
    for name in NAMES:
        tasks += [
            ("storpool_volume", {"name": name, "size": "1GiB", "template": "hybrid"}),
            ("storpool_volume", {"name": name, "iops": "1000", "tags": {"owner": "bench"}}),
            ("storpool_volume_info", {"name": name}),
            ("storpool_snapshot", {"name": f"{name}-now", "volume": name}),
            ("storpool_snapshot_info", {"volume": name}),
            ("storpool_attach", {"volume": name, "clients": [1]}),
            ("storpool_attach_info", {"volume": name}),
        ]
    return [
        {f"{COLLECTION}.{module}": dict(options, **(cloudstack if module.startswith("cloudstack") else {}))}
        for module, options in tasks
    ]


class Whole:
    """Whole runs of ansible-playbook, and what they took."""

    def __init__(self, simulator: Simulator, bench: Workbench) -> None:
        self._simulator = simulator
        self._bench = bench

    def run(self, tasks: list[dict[str, Any]], directly: bool) -> dict[str, float]:
        """``seconds`` and ``cpu_seconds`` of a run of these tasks against a fresh cluster."""
        self._simulator.reset()
        play = self._bench.content(self._simulator, tuple(tasks))
        play["vars"] = {"storpool_cloudstack_direct": directly, "ansible_python_interpreter": sys.executable}
        playbook = self._bench.directory / "whole.json"
        playbook.write_text(json.dumps([play]))
        return self._bench.run("-m", "ansible", "playbook", str(playbook))


def measure(simulator: Simulator, bench: Workbench, repeats: int) -> dict[str, float]:
    """The numbers of the table, by name."""
    whole = Whole(simulator, bench)

    def best(tasks: list[dict[str, Any]], directly: bool, key: str) -> float:
        return min(whole.run(tasks, directly)[key] for _round in range(repeats))

    few, many = (best(loop(count), True, "cpu_seconds") for count in (FEW, MANY))
    one = whole.run(loop(1), False)["seconds"]
    with start("cloudstack", version="4.19.1") as cloud:
        access = {
            "api_url": f"{cloud.url}/client/api",
            "api_key": cloud.args["api_key"],
            "api_secret": cloud.args["secret_key"],
        }
        mixed = thirty(access)
        mixed_directly, mixed_usually = (best(mixed, directly, "seconds") for directly in (True, False))
    usual = best(loop(FEW), False, "seconds")
    directly = best(loop(MANY), True, "seconds")
    return {
        "item": (many - few) / (MANY - FEW),
        "loop": directly / (one + (usual - one) * MANY / FEW),
        "mixed": mixed_directly / mixed_usually,
        "seconds of the loop": directly,
        "seconds of thirty tasks": mixed_directly,
    }
