# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects on a pool without the calls that would make them: for tests that need a pool in use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulators.cloudstack import rows
from simulators.cloudstack.commands.virtual_machines import create_root, new_vm
from simulators.cloudstack.commands.vm_power import start_vm
from simulators.cloudstack.plugin import storage
from simulators.cloudstack.state import State
from simulators.kit import AdminError

#: What may be asked for, and what is made when it is not said.
DEFAULTS: dict[str, Any] = {
    "vms": 0,
    "running": True,
    "volumes": 0,
    "destroyed_volumes": 0,
    "snapshots": 0,
    "templates": 0,
    "cached_templates": 0,
    "size_gib": 1,
    "name": "",
    "storpool": True,
}


async def create_objects(state: State, pool: rows.Pool, wanted: Mapping[str, Any]) -> dict[str, list[str]]:
    """Makes the objects; the ids by kind.

    `vms` have a ROOT volume each and run unless `running` is false; `snapshots` are those of one more volume;
    `vms` and `volumes` are called `name` if there is one;
    `templates` are StorPool snapshots of their own, `cached_templates` those of the template spool. With `storpool`
    false only CloudStack's rows are made, and no call to StorPool. AdminError for an unknown name.
    """
    unknown = sorted(set(wanted) - set(DEFAULTS))
    if unknown:
        raise AdminError(f"objects have no {', '.join(unknown)}; there are {', '.join(DEFAULTS)}")
    ask = {**DEFAULTS, **wanted}
    for name, default in DEFAULTS.items():
        wrong = type(ask[name]) is not type(default)
        if wrong or (not isinstance(default, str) and ask[name] < 0):
            kinds = {bool: "true or false", int: "a number from 0", str: "a text"}
            raise AdminError(f"{name} is {kinds[type(default)]}")
    real, size = ask["storpool"], ask["size_gib"] << 30
    made: dict[str, list[str]] = {"vms": [], "volumes": [], "snapshots": [], "templates": []}
    for _number in range(ask["vms"]):
        name = ask["name"] or f"sim-vm-{pool.db_id}-{len(list(state.vms)) + 1}"
        vm = await _vm(state, pool, name, real, ask["running"])
        made["vms"].append(vm.id)
    for number in range(ask["volumes"] + ask["destroyed_volumes"]):
        volume = await _volume(state, pool, size, real, ask["name"])
        if number >= ask["volumes"]:
            volume.state = "Destroy"
        made["volumes"].append(volume.id)
    if ask["snapshots"] or ask["templates"]:
        await _snapshots(state, pool, await _volume(state, pool, size, real), ask, made)
    for _number in range(ask["cached_templates"]):
        await _cached_template(state, pool, size, real)
    return made


async def _vm(state: State, pool: rows.Pool, name: str, real: bool, running: bool) -> rows.VirtualMachine:
    template = next(one for one in state.templates if one.zone == pool.zone)
    vm, root = new_vm(state, pool.zone, 1, template, name)
    if real:
        await create_root(state, root, template, pool)
        if running:
            await start_vm(state, vm)
    else:
        root.pool, root.state = pool.db_id, "Ready"
        if running:
            host = next(host for host in state.hosts if host.zone == pool.zone)
            vm.state, vm.host = "Running", host.db_id
    return vm


async def _volume(state: State, pool: rows.Pool, size: int, real: bool, name: str = "") -> rows.Volume:
    number = len(list(state.volumes)) + 1
    name = name or f"sim-volume-{pool.db_id}-{number}"
    volume = state.volumes.add(rows.Volume(name=name, size=size, zone=pool.zone))
    if real:
        await storage.create_volume(state, pool, volume)
    else:
        volume.pool, volume.state = pool.db_id, "Ready"
    return volume


async def _snapshots(
    state: State, pool: rows.Pool, volume: rows.Volume, ask: Mapping[str, Any], made: dict[str, list[str]]
) -> None:
    made["volumes"].append(volume.id)
    for number in range(ask["snapshots"]):
        snapshot = state.snapshots.add(
            rows.Snapshot(
                name=f"{volume.name}-{number}",
                volume=volume.db_id,
                volume_size=volume.size,
                zone=volume.zone,
                state="BackedUp",
                pool=pool.db_id,
            )
        )
        if ask["storpool"]:
            snapshot.path = await storage.create_snapshot(state, pool, volume, snapshot.id)
        made["snapshots"].append(snapshot.id)
    for number in range(ask["templates"]):
        template = state.templates.add(
            rows.Template(name=f"{volume.name}-template-{number}", zone=volume.zone, size=volume.size, pool=pool.db_id)
        )
        if ask["storpool"]:
            template.path = await storage.create_snapshot(state, pool, volume, template.id, "template")
        made["templates"].append(template.id)


async def _cached_template(state: State, pool: rows.Pool, size: int, real: bool) -> None:
    template = state.templates.add(
        rows.Template(name=f"sim-template-{len(list(state.templates)) + 1}", zone=pool.zone, size=size)
    )
    if not real:
        raise AdminError("cached templates are StorPool snapshots: they need storpool true")
    await storage.cache_template(state, pool, template)
