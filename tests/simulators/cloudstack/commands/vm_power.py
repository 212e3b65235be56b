# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starting and stopping VMs: the volumes are attached and detached through the StorPool API."""

from __future__ import annotations

import contextlib

from simulators.cloudstack import rows
from simulators.cloudstack.errors import INSUFFICIENT_CAPACITY, ApiError, DriverError, internal
from simulators.cloudstack.plugin import storage
from simulators.cloudstack.plugin.driver import is_storpool
from simulators.cloudstack.state import State


def volumes_of(state: State, vm: rows.VirtualMachine) -> list[rows.Volume]:
    """The attached volumes of a VM in the order of their device ids."""
    return sorted((one for one in state.volumes if one.vm == vm.db_id), key=lambda one: one.device_id or 0)


def storpool_of(state: State, volume: rows.Volume) -> rows.Pool | None:
    """The StorPool pool on which a volume really is, None when it is nowhere or elsewhere."""
    pool = state.pools.get(volume.pool)
    return pool if pool and volume.path and is_storpool(pool) else None


def choose_host(
    state: State, vm: rows.VirtualMachine, avoid: int | None = None, cluster: int | None = None
) -> rows.Host:
    """The usable host, of a cluster if one is named, with the fewest VMs that has every pool of the VM connected; 533 when there is none."""
    needed = [pool for pool in (storpool_of(state, volume) for volume in volumes_of(state, vm)) if pool]
    fitting = [
        host
        for host in state.hosts
        if (host.state, host.resource_state, host.zone) == ("Up", "Enabled", vm.zone)
        and host.db_id != avoid
        and cluster in (None, host.cluster)
        and all(host.db_id in pool.connected_hosts for pool in needed)
    ]
    if not fitting or any(pool.state != "Up" for pool in needed):
        raise ApiError(INSUFFICIENT_CAPACITY, f"Unable to create a deployment for VM instance {vm.name}")
    return min(fitting, key=lambda host: sum(other.host == host.db_id for other in state.vms))


async def start_vm(
    state: State, vm: rows.VirtualMachine, host: rows.Host | None = None, cluster: int | None = None
) -> None:
    """Attaches the VM's volumes on a host, of a cluster if one is named, and runs it there."""
    chosen = host or choose_host(state, vm, cluster=cluster)
    vm.state = "Starting"
    again = vm.was_stopped and state.release.has("storpool_detaches_before_start")
    try:
        for volume in volumes_of(state, vm):
            pool = storpool_of(state, volume)
            if pool and again and volume.type == "ROOT":
                await storage.detach_everywhere(state, pool, volume)
            if pool:
                await storage.attach(state, pool, volume, chosen)
    finally:
        vm.state = "Stopped"
    vm.state, vm.host = "Running", chosen.db_id


async def stop_vm(state: State, vm: rows.VirtualMachine, forced: bool = False) -> None:
    """Detaches the VM's volumes from its host. A VM whose host is away is only marked as stopped, if it is stopped by force."""
    host = state.hosts.get(vm.host)
    if host and host.state != "Up":
        if not forced:
            raise internal(f"Unable to stop {vm.name}: its host {host.name} is {host.state}")
        host = None
    before, vm.state = vm.state, "Stopping"
    try:
        for volume in volumes_of(state, vm):
            pool = storpool_of(state, volume)
            if pool and host:
                await storage.detach(state, pool, volume, host)
    except DriverError:
        vm.state = before
        raise
    vm.state, vm.host, vm.was_stopped = "Stopped", None, True


async def migrate_vm(state: State, vm: rows.VirtualMachine, target: rows.Host) -> None:
    """A live migration: attached on both hosts for a moment, then on the new one only, unless the agent of the old one has died meanwhile."""
    source = state.hosts.get(vm.host)
    pairs = [(pool, volume) for volume in volumes_of(state, vm) if (pool := storpool_of(state, volume))]
    for pool, volume in pairs:
        await storage.attach(state, pool, volume, target)
    vm.host = target.db_id
    for pool, volume in pairs:
        if source:
            with contextlib.suppress(DriverError):
                await storage.detach(state, pool, volume, source)


async def migrate_away(state: State, host: rows.Host) -> None:
    """Moves every running VM of a host to others."""
    for vm in list(state.vms):
        if vm.state == "Running" and vm.host == host.db_id:
            await migrate_vm(state, vm, choose_host(state, vm, avoid=host.db_id))
