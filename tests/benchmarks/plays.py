# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tasks through ansible-playbook and says how long each took, and the modules in them."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from simulators.client import Simulator, storpool_call
from tools.stage import stage
from tools.workspace import BUILD, COLLECTION, env_bin, environment

HERE = Path(__file__).resolve().parent
SECONDS = 900  # for a whole playbook


@dataclasses.dataclass(frozen=True)
class Took:
    """What a task took. ``seconds`` is the whole task as Ansible sees it; ``modules`` are the processes of its modules, in order."""

    seconds: float
    modules: list[dict[str, float]]
    result: dict[str, Any]


class Workbench:
    """A directory for playbooks and measurements, and the staged collection."""

    def __init__(self) -> None:
        stage()
        self.directory = BUILD / "bench"
        self.directory.mkdir(parents=True, exist_ok=True)
        self._log = self.directory / "modules.jsonl"
        self._interpreter = self.directory / "python"
        words = [sys.executable, str(HERE / "stopwatch.py"), str(self._log), sys.executable]
        self._interpreter.write_text('#!/bin/sh\nexec {} "$@"\n'.format(" ".join(f"'{word}'" for word in words)))
        self._interpreter.chmod(0o700)

    def pool(self, storpool: Simulator, cloud: Simulator) -> dict[str, str]:
        """Make the primary storage pool ``sp`` of a zone, with its StorPool template; how CloudStack is reached."""
        storpool_call(storpool, "VolumeTemplateCreate", {"name": "hybrid", "replication": 3, "placeAll": "hdd"})
        access = {
            "api_url": f"{cloud.url}/client/api",
            "api_key": cloud.args["api_key"],
            "api_secret": cloud.args["secret_key"],
        }
        pool = {"name": "sp", "zone": "zone1", "template": "hybrid", "capacity": "1PiB", **access}
        self.play(storpool, {f"{COLLECTION}.cloudstack_storpool_pool": pool})
        return access

    def play(self, simulator: Simulator, *tasks: dict[str, Any], directly: bool = False) -> list[Took]:
        """Run tasks in one play; what each took. A task that fails is an error. Tasks that run ``directly`` have no processes of modules."""
        self._log.unlink(missing_ok=True)
        times = self.directory / "tasks.jsonl"
        times.unlink(missing_ok=True)
        playbook = self.directory / "play.json"
        play = self.content(simulator, tasks)
        if directly:
            play["vars"] = {"ansible_python_interpreter": sys.executable}
        playbook.write_text(json.dumps([play]))
        ended = subprocess.run(
            [str(env_bin() / "ansible-playbook"), str(playbook)],
            env=self._environment(times),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        if ended.returncode:
            raise RuntimeError(ended.stdout[-4000:] + ended.stderr[-4000:])
        modules = [] if directly else _lines(self._log)
        took = []
        for task in _lines(times):
            own = [modules.pop(0) for _number in range(0 if directly else task["modules"])]
            took.append(Took(task["seconds"], own, task["result"]))
        return took

    def run(self, *command: str) -> dict[str, float]:
        """Run a program, and say what it took."""
        self._log.unlink(missing_ok=True)
        subprocess.run(
            [sys.executable, str(HERE / "stopwatch.py"), str(self._log), sys.executable, *command],
            env=self._environment(Path(os.devnull)),
            stdout=subprocess.DEVNULL,
            timeout=SECONDS,
            check=True,
        )
        [took] = _lines(self._log)
        return took

    def content(self, simulator: Simulator, tasks: tuple[dict[str, Any], ...]) -> dict[str, Any]:
        """A play of these tasks, whose modules are measured."""
        connection = {
            "sp_api_http_host": simulator.host,
            "sp_api_http_port": simulator.port,
            "sp_auth_token": simulator.args["token"],
        }
        return {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"ansible_python_interpreter": str(self._interpreter)},
            "module_defaults": {f"group/{COLLECTION}.storpool": connection},
            "tasks": list(tasks),
        }

    def _environment(self, times: Path) -> dict[str, str]:
        return environment() | {
            "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
            "ANSIBLE_CALLBACKS_ENABLED": "durations",
            "ANSIBLE_LOCALHOST_WARNING": "false",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            "BENCH_TIMES": str(times),
        }


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
