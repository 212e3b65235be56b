# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that work on a host's files: their examples are run on a directory that stands for the host's root."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

from standins import kvm_plugin


def kvm_agent(root: Path) -> None:
    """An agent of CloudStack 4.9.3.0, as its package installs it."""
    jar = root / "usr/share/cloudstack-agent/lib/cloud-plugin-hypervisor-kvm-4.9.3.0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(kvm_plugin.jar("4.9.3.0"))


#: What makes the host that a module's examples start from.
HOSTS: dict[str, Callable[[Path], None]] = {"cloudstack_kvm_patch": kvm_agent}


def moved(task: dict[str, Any], module: str, options: dict[str, Any], root: Path) -> dict[str, Any]:
    """The task with every path among its options, also those that it leaves at their default, below ``root``.

    ``module`` is the name that the task calls, ``options`` what ansible-doc says of the module's options.
    """
    task = copy.deepcopy(task)
    for name, described in options.items():
        value = task[module].get(name, described.get("default"))
        if described["type"] == "path" and value:
            task[module][name] = f"{root}{value}"
    return task


def look(root: Path, register: str) -> dict[str, Any]:
    """A task that notes every file and directory below ``root``."""
    options = {"paths": str(root), "recurse": True, "hidden": True, "file_type": "any"}
    return {"ansible.builtin.find": options, "register": register}


def differences(before: str, after: str) -> str:
    """A Jinja expression: paths of what was made, removed, replaced or changed between two such looks."""
    one, other = (
        f"({name}.files | map(attribute='path') | zip({name}.files | map(attribute='inode'), "
        f"{name}.files | map(attribute='mtime'), {name}.files | map(attribute='mode')) | map('list') | list)"
        for name in (before, after)
    )
    return f"({one} | symmetric_difference({other}) | map('first') | unique | list)"
