# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VM that runs goes to another host, and its disks to other pools on the way: what KVM can do instead of moving the disk of a VM that stays."""

from __future__ import annotations

import contextlib
from typing import Any

from simulators.cloudstack import rows, views
from simulators.cloudstack.commands.vm_power import storpool_of, volumes_of
from simulators.cloudstack.errors import DriverError, internal, invalid
from simulators.cloudstack.guest_views import vm_row
from simulators.cloudstack.plugin import storage
from simulators.cloudstack.plugin.driver import is_storpool
from simulators.cloudstack.registry import JOB, LIST, Context, Param, Plan, command
from simulators.cloudstack.state import State

Mapping = list[tuple[rows.Volume, rows.Pool]]


def _vm(context: Context) -> rows.VirtualMachine:
    vm = context.state.vms.get(context.args["virtualmachineid"])
    if vm is None or vm.removed:
        raise invalid(f"Unable to find the VM by id={context.args['virtualmachineid']}")
    return vm


@command("findHostsForMigration", LIST, "host", Param("virtualmachineid", "id", "vms", required=True))
async def find_hosts_for_migration(context: Context) -> list[dict[str, Any]]:
    """The other hosts of the zone, each with whether it is suitable, and whether disks would have to move for it."""
    state, vm = context.state, _vm(context)
    if vm.state != "Running":
        raise invalid("VM is not running, cannot migrate the vm with specified id")
    pools = [pool for volume in volumes_of(state, vm) if (pool := state.pools.get(volume.pool))]
    return [
        {
            **views.host(state, host, ("min",)),
            "suitableformigration": (host.state, host.resource_state) == ("Up", "Enabled"),
            "requiresstoragemotion": any(host.db_id not in pool.connected_hosts for pool in pools),
        }
        for host in state.hosts
        if host.zone == vm.zone and host.db_id != vm.host and not host.removed
    ]


@command(
    "migrateVirtualMachineWithVolume",
    JOB,
    None,
    Param("virtualmachineid", "id", "vms", required=True),
    Param("hostid", "id", "hosts"),
    Param("migrateto", "map"),
)
async def migrate_virtual_machine_with_volume(context: Context) -> Plan:
    """Only what runs: of VMs that are stopped, disks are moved one by one here."""
    state, args = context.state, context.args
    vm, host = _vm(context), state.hosts.get(args["hostid"])
    wanted = [(item.get("volume", ""), item.get("pool", "")) for item in (args["migrateto"] or {}).values()]
    disks = volumes_of(state, vm)

    async def run() -> dict[str, Any]:
        if host is None and not wanted:
            raise invalid("Either hostid or migrateto  must be passed for migrating the VM")
        if host is None:
            raise invalid(
                f"VM ID: {vm.id} is not in Stopped state to migrate, use hostid parameter to migrate it to a new host"
            )
        if vm.state != "Running":
            raise invalid(f"VM ID: {vm.id} is not in Running state to migrate it to new host")
        vm.state = "Migrating"
        try:
            await _migrate(state, vm, host, wanted)
        finally:
            vm.state = "Running"
            for disk in disks:
                disk.passing = ""
        return {"virtualmachine": vm_row(state, vm)}

    for disk in disks:
        disk.passing = "Migrating" if any(disk.id == volume for volume, _pool in wanted) else disk.passing
    return Plan(run, instance_type="VirtualMachine", instance_id=vm.id)


async def _migrate(state: State, vm: rows.VirtualMachine, host: rows.Host, wanted: list[tuple[str, str]]) -> None:
    if any(snapshot.vm == vm.db_id for snapshot in state.vm_snapshots):
        raise invalid("VM with VM Snapshots cannot be migrated with storage, please remove all VM snapshots")
    if host.db_id == vm.host:
        raise invalid(
            f"Cannot migrate VM as it is already present on host {host.name} (ID: {host.id}), please specify valid "
            "destination host to migrate the VM"
        )
    if (host.state, host.resource_state) != ("Up", "Enabled"):
        raise internal(
            f"Cannot migrate VM, destination host {host.name} (ID: {host.id}) is not in correct state, has status: "
            f"{host.state}, state: {host.resource_state}"
        )
    mapping = _mapping(state, vm, host, wanted)
    moved = {volume.db_id for volume, _pool in mapping}
    stay = [volume for volume in volumes_of(state, vm) if volume.db_id not in moved]
    can = state.release.has("storpool_live_migration") and all(is_storpool(pool) for _volume, pool in mapping)
    if not can or any(storpool_of(state, volume) is None for volume in stay):
        source = state.hosts[vm.host or 0]
        raise internal(
            f"Failed to migrated vm {vm.name} along with its volumes. Can't find strategy to move data. Source Host: {source.name}, Destination Host: "
            f"{host.name}, Volume UUIDs: {','.join(volume.id for volume, _pool in mapping)}"
        )
    await _carry(state, vm, host, mapping, stay)


def _mapping(state: State, vm: rows.VirtualMachine, host: rows.Host, wanted: list[tuple[str, str]]) -> Mapping:
    found = []
    for volume_id, pool_id in wanted:
        volume = state.volumes.by_uuid(volume_id)
        pool = next((one for one in state.pools if one.id == pool_id), None)
        if volume is None or volume.removed:
            raise invalid(f"There is no volume present with the given id {volume_id}")
        if pool is None:
            raise invalid(f"There is no storage pool present with the given id {pool_id}")
        if pool.state in ("PrepareForMaintenance", "Maintenance", "ErrorInMaintenance"):
            raise invalid(
                f"Cannot migrate volume {volume.name}to the destination storage pool {pool.name} as the storage pool is in "
                "maintenance mode."
            )
        if volume.vm != vm.db_id:
            raise invalid(
                f"Volume {volume.name} doesn't belong to the VM {vm.name} (ID: {vm.id}) that has to be migrated"
            )
        if host.db_id not in pool.connected_hosts:
            raise internal(
                f"Cannot migrate the volume [{volume.id}] to the storage pool [{pool.id}] while migrating VM [{vm.id}] to target "
                f"host [{host.id}]. The host does not have access to the storage pool entered."
            )
        found.append((volume, pool))
    return found


async def _carry(
    state: State, vm: rows.VirtualMachine, host: rows.Host, mapping: Mapping, stay: list[rows.Volume]
) -> None:
    """New volumes on StorPool, attached where the VM goes to, which writes to them what it has; then those that it had are deleted."""
    source, old = state.hosts.get(vm.host), []
    for volume, pool in mapping:
        old.append((storpool_of(state, volume), volume.path))
        await storage.create_volume(state, pool, volume)
        await storage.attach(state, pool, volume, host)
    pairs = [(pool, volume) for volume in stay if (pool := storpool_of(state, volume))]
    for pool, volume in pairs:
        await storage.attach(state, pool, volume, host)
    vm.host = host.db_id
    for pool, volume in pairs:
        if source:
            with contextlib.suppress(DriverError):
                await storage.detach(state, pool, volume, source)
    for was_on, path in old:
        if was_on:
            await storage.delete_path(state, was_on, path)
