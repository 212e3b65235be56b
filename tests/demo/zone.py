# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demonstration on hosts: a zone with two management servers and three agents, provisioned with one playbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tools.workspace import BUILD, ROOT, env_bin, environment

HERE = Path(__file__).resolve().parent
INVENTORY = BUILD / "lab" / "inventory.yml"
REPORT = BUILD / "demo-verify"
VERSION = "4.19.1"
UNAVAILABLE = 3  # the exit status of "lab up" where containers cannot run
SECONDS = 1200  # the image is made on first use
AGENTS = 3


class ZoneError(RuntimeError):
    """The zone is not as it should be; the text says what."""


def provision() -> dict[str, Any] | None:
    """Provision the zone, its output going to the terminal, and return the report of ``verify``; None where there can be no hosts."""
    print("\n===== A zone on hosts =====", flush=True)
    up = _lab("up")
    if up.returncode == UNAVAILABLE:
        print(f"{up.stderr.strip()} The demonstration goes on without hosts.")
        return None
    try:
        _must(up)
        _must(_lab("install", "--version", VERSION))
        settings = {"ANSIBLE_FORKS": "10"}
        extra = ["--extra-vars", f"@{HERE / 'zone.yml'}", "--extra-vars", f"verify_report={REPORT}"]
        command = [env_bin() / "ansible-playbook", "--inventory", INVENTORY, "storpool.cloudstack.provision_zone"]
        subprocess.run([*command, *extra], env=environment() | settings, check=True, timeout=SECONDS)
    except subprocess.CalledProcessError as error:
        raise ZoneError(f"provision_zone failed with status {error.returncode}") from error
    finally:
        if not os.environ.get("LAB_KEEP"):
            _lab("down")
    return _checked(json.loads(REPORT.with_suffix(".json").read_text()))


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


def _lab(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lab", *command],
        env={**environment(), "PYTHONPATH": str(ROOT / "tests")},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _must(ended: subprocess.CompletedProcess[str]) -> None:
    if ended.returncode:
        raise ZoneError(ended.stderr.strip() or f"{ended.args} ended with {ended.returncode}")
