# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Putting a pool into maintenance, out of it, and changing its scope: asynchronous jobs."""

from __future__ import annotations

from typing import Any

from simulators.cloudstack import rows, views
from simulators.cloudstack.commands.pools import POOL_ID, existing, named
from simulators.cloudstack.commands.vm_power import start_vm, stop_vm
from simulators.cloudstack.errors import ApiError, DriverError, internal, invalid
from simulators.cloudstack.plugin.driver import is_storpool
from simulators.cloudstack.registry import JOB, LIST, Context, Param, Plan, command
from simulators.cloudstack.state import State


def _result(state: State, pool: rows.Pool) -> dict[str, Any]:
    return {"storagepool": views.pool(state, pool, listing=False)}


@command("enableStorageMaintenance", JOB, None, POOL_ID, envelope="prepareprimarystorageformaintenanceresponse")
async def enable_storage_maintenance(context: Context) -> Plan:
    state = context.state
    pool = existing(state, context.args["id"])

    async def run() -> dict[str, Any]:
        await _enter(state, pool)
        return _result(state, pool)

    return Plan(run, instance_type="StoragePool", instance_id=pool.id)


async def _enter(state: State, pool: rows.Pool) -> None:
    """Stops the VMs that use the pool; with no host Up there is nothing to prepare."""
    if pool.state not in ("Up", "ErrorInMaintenance"):
        raise invalid(f"Primary storage {named(state, pool)} is not ready for migration, as the status is:{pool.state}")
    others = [other for other in state.pools if other is not pool and other.zone == pool.zone]
    if any(other.state == "PrepareForMaintenance" and other.cluster == pool.cluster for other in others):
        raise internal("Only one storage pool in a cluster can be in PrepareForMaintenance mode")
    if any(host.state == "Up" and host.zone == pool.zone for host in state.hosts):
        pool.state = "PrepareForMaintenance"
        text = state.switches["maintenance_error"]
        try:
            if text:
                raise internal(text)
            for vm in list(state.vms):
                if vm.state == "Running" and _uses(state, vm, pool):
                    await stop_vm(state, vm)
                    pool.stopped_vms.add(vm.db_id)
        except (ApiError, DriverError) as error:
            pool.state = "ErrorInMaintenance"
            raise internal(str(error)) from error
    pool.state = "Maintenance"


def _uses(state: State, vm: rows.VirtualMachine, pool: rows.Pool) -> bool:
    return any(volume.vm == vm.db_id and volume.pool == pool.db_id for volume in state.volumes)


@command("cancelStorageMaintenance", JOB, None, POOL_ID, envelope="cancelprimarystoragemaintenanceresponse")
async def cancel_storage_maintenance(context: Context) -> Plan:
    state = context.state
    pool = existing(state, context.args["id"])

    async def run() -> dict[str, Any]:
        await _leave(state, pool)
        return _result(state, pool)

    return Plan(run, instance_type="StoragePool", instance_id=pool.id)


async def _leave(state: State, pool: rows.Pool) -> None:
    """The pool is Up before anything else; then the VMs that its maintenance stopped are started."""
    if pool.state in ("Up", "PrepareForMaintenance"):
        raise internal(
            f"Resource [StoragePool:{pool.db_id}] is unreachable: Primary storage {named(state, pool)} is not ready to "
            f"complete migration, as the status is:{pool.state}"
        )
    pool.state = "Up"
    stopped, pool.stopped_vms = sorted(pool.stopped_vms), set()
    for number in stopped:
        vm = state.vms.get(number)
        if vm and not vm.removed and vm.state == "Stopped":
            await start_vm(state, vm)


@command(
    "changeStoragePoolScope",
    JOB,
    None,
    POOL_ID,
    Param("scope", required=True),
    Param("clusterid", "id", "clusters"),
    feature="change_storage_pool_scope",
)
async def change_storage_pool_scope(context: Context) -> Plan:
    state, args = context.state, context.args
    pool = existing(state, args["id"])
    scope = args["scope"].upper()

    async def run() -> dict[str, Any]:
        if scope not in ("ZONE", "CLUSTER"):
            raise invalid(f"Invalid scope {args['scope']} for the storage pool, it is zone or cluster")
        if pool.state != "Disabled":
            raise invalid("Scope of the Primary storage pool can be changed only if it is in Disabled state")
        if pool.scope == scope:
            raise invalid("New scope must be different than the current scope")
        if scope == "CLUSTER":
            if args["clusterid"] is None:
                raise invalid("Cluster ID not provided for cluster scope")
            if is_storpool(pool):
                raise internal("Only Zone-Wide scope is supported!")
            cluster = state.clusters[args["clusterid"]]
            pool.pod, pool.cluster = cluster.pod, cluster.db_id
        else:
            pool.pod = pool.cluster = None
        pool.scope = scope
        return {"success": True}

    return Plan(run, instance_type="StoragePool", instance_id=pool.id)


@command(
    "listAffectedVmsForStorageScopeChange",
    LIST,
    "virtualmachine",
    Param("storageid", "id", "pools", required=True),
    Param("clusterid", "id", "clusters", required=True),
    feature="change_storage_pool_scope",
)
async def list_affected_vms(context: Context) -> list[dict[str, Any]]:
    state = context.state
    pool = existing(state, context.args["storageid"])
    affected = []
    for vm in state.vms:
        host = state.hosts.get(vm.host)
        if _uses(state, vm, pool) and host and host.cluster != context.args["clusterid"]:
            affected.append({"id": vm.id, "name": vm.name, "hostid": host.id, "hostname": host.name})
    return affected


@command(
    "configureStorageAccess",
    JOB,
    None,
    Param("storageid", "id", "pools"),
    Param("storageaccessgroups"),
    feature="storage_access_groups",
)
async def configure_storage_access(context: Context) -> Plan:
    state = context.state
    if context.args["storageid"] is None:
        raise invalid("Either zoneId, podId, clusterId, hostId or storageId is required")
    pool = existing(state, context.args["storageid"])

    async def run() -> dict[str, Any]:
        pool.access_groups = context.args["storageaccessgroups"] or None
        return {"success": True}

    return Plan(run, instance_type="StoragePool", instance_id=pool.id)
