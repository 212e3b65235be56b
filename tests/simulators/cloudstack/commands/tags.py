# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of virtual machines: the driver copies `vc-policy` to all volumes of a VM."""

from __future__ import annotations

from typing import Any

from simulators.cloudstack import rows
from simulators.cloudstack.arguments import map_values
from simulators.cloudstack.commands.vm_power import storpool_of, volumes_of
from simulators.cloudstack.errors import invalid
from simulators.cloudstack.plugin import storage
from simulators.cloudstack.registry import JOB, Context, Param, Plan, command
from simulators.cloudstack.state import State

RESOURCES = (Param("resourceids", "list", required=True), Param("resourcetype", required=True))


def _vms(context: Context) -> list[rows.VirtualMachine]:
    kind = context.args["resourcetype"]
    if kind.lower() != "uservm":
        raise invalid(f"Resource type {kind} is not supported by this simulator")
    found = []
    for resource in context.args["resourceids"]:
        vm = context.state.vms.by_uuid(resource)
        if vm is None or vm.removed:
            raise invalid(f"Unable to find resource by id {resource} and type {kind}")
        found.append(vm)
    return found


async def _copy_policy(state: State, vm: rows.VirtualMachine, value: str) -> None:
    for volume in volumes_of(state, vm):
        pool = storpool_of(state, volume)
        if pool:
            await storage.update_tags(state, pool, volume, {storage.POLICY: value})


@command("createTags", JOB, None, *RESOURCES, Param("tags", "map", required=True))
async def create_tags(context: Context) -> Plan:
    state, vms, tags = context.state, _vms(context), map_values(context.args["tags"])

    async def run() -> dict[str, Any]:
        for vm in vms:
            vm.tags.update(tags)
            if storage.POLICY in tags:
                await _copy_policy(state, vm, tags[storage.POLICY])
        return {"success": True}

    return Plan(run)


@command("deleteTags", JOB, None, *RESOURCES, Param("tags", "map"))
async def delete_tags(context: Context) -> Plan:
    """Those tags that are named, all of them if none is."""
    state, vms, named = context.state, _vms(context), map_values(context.args["tags"])

    async def run() -> dict[str, Any]:
        for vm in vms:
            gone = [key for key in vm.tags if not named or key in named]
            for key in gone:
                del vm.tags[key]
            if storage.POLICY in gone:
                await _copy_policy(state, vm, "")
        return {"success": True}

    return Plan(run)
