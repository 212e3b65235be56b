# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for VMs whose disks are gone but for their backups. Both sites, and the way back, are in ``test_failover``."""

from __future__ import annotations

from typing import Any

from faults.cloudstack_pools import made
from faults.scenario import GIB, Ids, Scenario, Steps

#: Pauses take no time here, and what jobs do takes some on a busy machine.
_TASK = {"groups": [["web"]], "wait_timeout": 300}
_UP = {**_TASK, "cluster": "cluster1", "source": "tags"}


def _vm(world: Any, running: bool) -> tuple[str, str, str]:
    """A VM, with its id, that of its disk, and what StorPool calls that."""
    made(world)
    world.add(pool="sp", vms=1, name="web", running=running)
    state = world.admin("GET", "state")
    [vm] = state["vms"]
    [disk] = [row for row in state["volumes"] if row["vm"] == vm["db_id"]]
    return vm["id"], disk["id"], "~" + disk["path"].rpartition("/")[2]


def _lost(world: Any) -> None:
    """A VM whose disk is gone, and a backup of it."""
    vm, _disk, volume = _vm(world, running=False)
    world.storpool.do(
        ("VolumesGroupSnapshot", {"volumes": [{"volume": volume}], "tags": {"cvm": vm}}),
        (f"VolumeDelete/{volume}", {}),
    )


def _elsewhere(world: Any) -> None:
    """A VM that runs on what is in another cluster."""
    _vm_id, _disk, volume = _vm(world, running=True)
    detached = {"reassign": [{"volume": volume, "detach": "all", "force": True}]}
    world.storpool.do(("VolumesReassignWait", detached), (f"VolumeMoveToRemote/{volume}", {"clusterId": "far.c"}))


def _left_behind(world: Any) -> None:
    """A VM that runs, and what an earlier failover has left of it."""
    vm, disk, _volume = _vm(world, running=True)
    tags = {"cs": "volume", "uuid": disk, "cvm": vm, "vm-failover": "1.here", "vm-failover-from": "a.b.c"}
    world.storpool.do(("VolumeCreate", {"size": GIB, "template": "hybrid", "tags": tags}))


def _on_vm(command: str) -> Any:
    def steps(ids: Ids) -> Steps:
        return ((command, {"id": ids["vm web"]}),)

    return steps


_RIVALS = {"rival: changed": _on_vm("stopVirtualMachine"), "rival: gone": _on_vm("destroyVirtualMachine")}
_OF_ALL: dict[str, Any] = {"names": ("'web'",), "rivals": _RIVALS, "subjects": ("vm web",), "storpool": True}
FAILOVERS = (
    Scenario("cloudstack_vm_failover", "up", _UP, prepare=_lost, works=True, **_OF_ALL),
    Scenario(
        "cloudstack_vm_failover",
        "stopped",
        {**_TASK, "state": "stopped", "stop_vms": True},
        prepare=_elsewhere,
        far=True,
        **_OF_ALL,
    ),
    Scenario("cloudstack_vm_failover", "cleaned", {**_TASK, "state": "cleaned"}, prepare=_left_behind, **_OF_ALL),
)
