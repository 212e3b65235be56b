# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demonstration on hosts: a zone with a management server and two agents, provisioned with one playbook."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from lab import command
from lab.layout import INVENTORY
from tools.workspace import BUILD, ROOT, env_bin, environment

REPORT = BUILD / "demo-verify"
VERSION = "4.19.1"
AGENTS = 2
SECONDS = 300


class ZoneError(RuntimeError):
    """The zone is not as it should be; the text says what."""


@contextmanager
def hosts() -> Iterator[Future[str]]:
    """Hosts with CloudStack's packages, made while other work goes on; the future says why there can be none, if so."""
    with ThreadPoolExecutor(1) as pool:
        try:
            yield pool.submit(_make_hosts)
        finally:
            pool.shutdown(cancel_futures=True)
            if not os.environ.get("LAB_KEEP"):
                command.run("down")


def provision(made: Future[str]) -> dict[str, Any] | None:
    """Provision the zone, its output going to the terminal, and return the report of ``verify``; None where there can be no hosts."""
    print(
        "\n===== A zone on hosts: ansible-playbook storpool.cloudstack.provision_zone -e @examples/provision_zone/zone.yml =====",
        flush=True,
    )
    if impossible := made.result():
        print(f"{impossible} The demonstration goes on without hosts.")
        return None
    settings = {"ANSIBLE_FORKS": "10"}
    extra = [
        "--extra-vars",
        f"@{ROOT / 'examples/provision_zone/zone.yml'}",
        "--extra-vars",
        f"verify_report={REPORT} driver_settle=1",
    ]
    play = [env_bin() / "ansible-playbook", "--inventory", INVENTORY, "storpool.cloudstack.provision_zone"]
    ended = subprocess.run([*play, *extra], env=environment() | settings, timeout=SECONDS, check=False)
    if ended.returncode:
        raise ZoneError(f"provision_zone failed with status {ended.returncode}")
    return _checked(json.loads(REPORT.with_suffix(".json").read_text()))


def _make_hosts() -> str:
    up = command.run("up", "--agents", str(AGENTS), "--management", "1")
    if up.returncode == command.UNAVAILABLE:
        return up.stderr.strip()
    for ended in (up, command.run("install", "--version", VERSION)):
        if ended.returncode:
            raise ZoneError(ended.stderr.strip() or f"{ended.args} ended with {ended.returncode}")
    return ""


def rows(report: dict[str, Any]) -> list[list[str]]:
    """A host a row: name, component, CloudStack's version, driver, service, state in CloudStack, problems."""
    found = []
    for host in report["hosts"]:
        [component] = host["components"]
        part = host["deployment"][component]
        found.append(
            [
                host["host"],
                component,
                part["version"],
                ", ".join(jar["version"] for jar in part["driver_jars"]),
                part["service"]["state"],
                (host["cloudstack_host"] or {}).get("state", ""),
                str(len(host["problems"])),
            ]
        )
    return found


def _checked(report: dict[str, Any]) -> dict[str, Any]:
    problems = [problem["message"] for host in report["hosts"] for problem in host["problems"]]
    if problems:
        raise ZoneError(" ".join(problems))
    [pool] = report["pools"]
    if len(pool["hosts"]["connected"]) != AGENTS or pool["hosts"]["not_connected"]:
        raise ZoneError(f"the pool should be connected on {AGENTS} agents: {pool['hosts']}")
    return report
