# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for VMs and their backups. What the disks hold afterwards is looked at in ``test_restore``."""

from __future__ import annotations

from typing import Any

from faults.cloudstack_pools import made
from faults.scenario import Ids, Scenario, Steps

#: Pauses take no time here, and what jobs do takes some on a busy machine.
_TASK = {"vm": "web", "source": "tags", "stop_vm": True, "wait_timeout": 300}


def _backed_up(world: Any) -> None:
    """A VM that runs, and a backup of its disk."""
    made(world)
    world.add(pool="sp", vms=1, name="web")
    state = world.admin("GET", "state")
    [vm] = state["vms"]
    disks = ["~" + row["path"].rpartition("/")[2] for row in state["volumes"] if row["vm"] == vm["db_id"]]
    items = [{"volume": disk} for disk in disks]
    world.storpool.do(("VolumesGroupSnapshot", {"volumes": items, "tags": {"cvm": vm["id"]}}))


def _on_vm(command: str) -> Any:
    def steps(ids: Ids) -> Steps:
        return ((command, {"id": ids["vm web"]}),)

    return steps


RESTORES = (
    Scenario(
        "cloudstack_vm_restore",
        "running",
        _TASK,
        names=("'web'", "'ROOT-"),
        prepare=_backed_up,
        rivals={"rival: changed": _on_vm("stopVirtualMachine"), "rival: gone": _on_vm("destroyVirtualMachine")},
        subjects=("vm web",),
        storpool=True,
        works=True,
    ),
    Scenario(
        "cloudstack_vm_backup_info",
        "listed",
        {"source": "tags"},
        names=("'web'",),
        prepare=_backed_up,
        storpool=True,
    ),
)
