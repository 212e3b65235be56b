# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the agent role costs that changes nothing, against a playbook that copies the jar and looks at the service; on hosts of the lab."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.plays import SECONDS
from lab import command, image, jars
from lab.layout import INVENTORY
from tools.workspace import BUILD, COLLECTION, env_bin, environment

VERSION = "4.16.1"
PLUGINS = "/usr/share/cloudstack-agent/plugins"
#: How many agents it is measured on; the ratio with a limit is that of AGENTS.
SIZES, AGENTS = (1, 2, 4, 8), 3


def measure(repeats: int) -> tuple[dict[int, float], dict[int, float]]:
    """The least seconds of a whole ``ansible-playbook``, by the number of agents: with the role, and with the bare tasks."""
    directory = BUILD / "bench"
    jar = Path(
        jars.make_driver("4.16.1.0", directory / jars.file_name(jars.DRIVER_NAME, "4.16.1.0"), classes="Storpool")
    )
    role = {
        "ansible.builtin.include_role": {"name": f"{COLLECTION}.driver", "tasks_from": "agent"},
        "vars": {"driver_src": str(jar), "driver_settle": 1},
    }
    bare = [
        {"ansible.builtin.copy": {"src": str(jar), "dest": f"{PLUGINS}/{jar.name}", "owner": "root", "mode": "0644"}},
        {"ansible.builtin.systemd_service": {"name": "cloudstack-agent", "state": "started"}},
    ]
    with hosts():
        _play(directory, [role], max(SIZES))
        times: tuple[dict[int, float], dict[int, float]] = ({}, {})
        for size in sorted({*SIZES, AGENTS}):
            for found, tasks in zip(times, ([role], bare), strict=True):
                found[size] = min(_play(directory, tasks, size) for _round in range(repeats))
    return times


@contextmanager
def hosts(keep_code: bool = False) -> Iterator[None]:
    """So many agents as are measured at most, with CloudStack, as on machines never touched before; ``keep_code`` is what the lab's Python does for tests."""
    try:
        lab("up", "--agents", str(max(SIZES)), "--management", "1")
        lab("install", "--version", VERSION)
        for number in range(0 if keep_code else max(SIZES)):
            lab("exec", f"agent{number + 1}", "rm", image.KEEPS_CODE)
        yield
    finally:
        lab("down")


def lab(*arguments: str) -> None:
    """Run a command of the lab, which has to end well."""
    ended = command.run(*arguments)
    if ended.returncode:
        raise SystemExit(ended.stderr.strip() or f"lab {arguments[0]} ended with {ended.returncode}")


def _play(directory: Path, tasks: list[dict[str, Any]], agents: int) -> float:
    """Run tasks on so many agents; the seconds that it took."""
    connection = {name: f"{{{{ cloudstack_{name} }}}}" for name in ("api_url", "api_key", "api_secret")}
    playbook = directory / "roll.json"
    play = {
        "hosts": f"cloudstack_agents[0:{agents - 1}]",
        "gather_facts": False,
        "any_errors_fatal": True,
        "module_defaults": {f"group/{COLLECTION}.cloudstack": connection},
        "tasks": tasks,
    }
    playbook.write_text(json.dumps([play]))
    begin = time.monotonic()
    ended = subprocess.run(
        [env_bin() / "ansible-playbook", "--inventory", INVENTORY, "--forks", str(max(SIZES)), playbook],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    seconds = time.monotonic() - begin
    if ended.returncode or ended.stdout.count("failed=0") != agents:
        raise SystemExit(ended.stdout)
    return seconds
