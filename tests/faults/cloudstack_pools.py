# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for primary storage pools."""

from __future__ import annotations

from typing import Any

from faults.scenario import Ids, Scenario, Steps

_POOL: dict[str, Any] = {"name": "sp", "zone": "zone1", "wait_timeout": 30, "connected_hosts": "ignore"}
_NEW = {**_POOL, "template": "hybrid", "tags": ["fast"]}


def made(world: Any) -> None:
    """A pool."""
    world.do(("createStoragePool", world.new_pool("sp", "hybrid", tags="fast")))


def _disabled(world: Any) -> None:
    made(world)
    world.do(("updateStoragePool", {"id": world.id_of("sp"), "enabled": "false"}))


def _in_maintenance(world: Any) -> None:
    made(world)
    world.do(("enableStorageMaintenance", {"id": world.id_of("sp")}))


def _in_use(world: Any) -> None:
    made(world)
    world.add(pool="sp", volumes=1, snapshots=1)


def _of_pool(command: str, **more: str) -> Any:
    """A rival's command for the pool, if it is there."""

    def steps(ids: Ids) -> Steps:
        return ((command, {**more, "id": ids["pool sp"]}),) if "pool sp" in ids else ()

    return steps


_REMOVED = {"rival: gone": _of_pool("deleteStoragePool"), "rival: changed": _of_pool("cancelStorageMaintenance")}
_BUSY = {
    "rival: gone": _of_pool("enableStorageMaintenance"),
    "rival: changed": _of_pool("updateStoragePool", tags="theirs"),
    "rival: replaced": _of_pool("updateStoragePool", enabled="false"),
    "rival: exists": _of_pool("updateStoragePool", name="renamed"),
}


def _pool(state: str, options: dict[str, Any], **more: Any) -> Scenario:
    defaults = {
        "names": ("'sp'", "'sp-new'"),
        "subjects": ("pool sp",),
        "prepare": made,
        "rivals": _BUSY,
    }
    return Scenario("cloudstack_storpool_pool", state, {**_POOL, **options}, **{**defaults, **more})


POOLS = (
    _pool("create", {**_NEW, "capacity": "1TiB", "connected_hosts": "all"}, prepare=None, rivals={}, storpool=True),
    _pool(
        "create with the capacity of the template",
        {**_NEW, "capacity": "from_template", "allocation_state": "disabled"},
        prepare=None,
        rivals={},
        storpool=True,
    ),
    _pool("change tags", {"tags": ["fast", "new"], "template": "hybrid", "connected_hosts": "report"}),
    _pool("disable", {"allocation_state": "disabled"}),
    _pool("enable", {"allocation_state": "enabled"}, prepare=_disabled),
    _pool("maintenance", {"allocation_state": "maintenance"}, prepare=_in_use),
    _pool("out of maintenance", {"allocation_state": "disabled"}, prepare=_in_maintenance, rivals=_REMOVED),
    _pool("rename", {"name": "sp-new", "previous_name": "sp", "tags": ["fast", "new"]}),
    _pool("delete", {"state": "absent"}),
    _pool(
        "delete in use",
        {"state": "absent", "delete_volumes": True, "delete_snapshots": True, "expunge_destroyed_volumes": True},
        names=("'sp'", "'sim-volume"),
        prepare=_in_use,
    ),
)
INFO = (
    Scenario("cloudstack_storpool_pool_info", "read", {}, names=(), prepare=made),
    Scenario(
        "cloudstack_volume_info", "read", {"zone": "zone1", "storpool": True}, names=(), prepare=_in_use, storpool=True
    ),
    Scenario("cloudstack_snapshot_info", "read", {"storpool": True}, names=(), prepare=_in_use, storpool=True),
    Scenario("cloudstack_snapshot_info", "read those of VMs", {"kind": "vm", "vm": "no-vm"}, names=(), prepare=_in_use),
    Scenario("cloudstack_vm_info", "read", {"name": ["sim-*"]}, names=(), prepare=_in_use),
)
