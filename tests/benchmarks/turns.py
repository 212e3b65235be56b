# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What deploy_agents takes one agent after the other and side by side; on hosts of the lab, whose agents are as slow to start as a real one.

All hosts share the processors of this machine, which real ones do not, so their Python keeps the code that it has compiled.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

from benchmarks import roll
from benchmarks.plays import SECONDS
from lab import jars
from lab.layout import INVENTORY
from tools.workspace import BUILD, COLLECTION, env_bin, environment

AGENTS, AT_ONCE = 8, 4
#: Seconds from the start of the service until it works; that of the lab is there in one.
START = 20
DROP_IN = "/etc/systemd/system/cloudstack-agent.service.d"
SLOW = f"mkdir -p {DROP_IN} && printf '[Service]\\nExecStartPre=/bin/sleep {START}\\n' > {DROP_IN}/slow.conf && systemctl daemon-reload"


def measure() -> dict[int, float]:
    """The seconds of a whole run that gives every agent another jar, by how many have their turn together."""
    directory = BUILD / "bench" / "turns"
    took = {}
    with roll.hosts(keep_code=True):
        for number in range(AGENTS):
            roll.lab("exec", f"agent{number + 1}", "sh", "-c", SLOW)
        _deploy(directory, _jar(directory, 8), 1, "--check")
        for release, at_once in ((8, AT_ONCE), (9, 1)):
            took[at_once] = _deploy(directory, _jar(directory, release), at_once)
    return took


def _jar(directory: Path, release: int) -> Path:
    """A jar unlike those of other releases."""
    path = directory / str(release) / jars.file_name(jars.DRIVER_NAME, f"{roll.VERSION}.0")
    return jars.make_driver(f"{roll.VERSION}.0", path, release=release, classes="Storpool")


def _deploy(directory: Path, jar: Path, at_once: int, *arguments: str) -> float:
    variables = {
        "driver_src": str(jar),
        "deploy_agents_at_once": at_once,
        "deploy_agents_domain": "inventory_hostname",
        "deploy_agents_batches": ["100%"],
        "deploy_agents_report": str(directory / "rollout"),
    }
    command = [env_bin() / "ansible-playbook", "--inventory", INVENTORY, "--forks", str(AGENTS)]
    begin = time.monotonic()
    with (directory / f"output-{at_once}").open("w+", encoding="utf-8") as output:
        ended = subprocess.run(
            [*command, f"{COLLECTION}.deploy_agents", "--extra-vars", json.dumps(variables), *arguments],
            env=environment() | {"ANSIBLE_CALLBACKS_ENABLED": "ansible.posix.profile_tasks"},
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
        seconds = time.monotonic() - begin
        output.seek(0)
        if ended.returncode:
            raise SystemExit(output.read()[-4000:])
    report = json.loads((directory / "rollout.json").read_text(encoding="utf-8"))
    if [host["outcome"] for host in report["hosts"]] != ["deployed"] * AGENTS:
        raise SystemExit(f"every agent was to get the jar: {report}")
    return seconds
