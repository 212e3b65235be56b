# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of whole virtual machines, without memory: StorPool snapshots of all volumes at one moment."""

from __future__ import annotations

import time
from typing import Any

from simulators.cloudstack import rows
from simulators.cloudstack.commands.owners import OWNER_PARAMS, is_asked_for
from simulators.cloudstack.commands.vm_power import storpool_of, volumes_of
from simulators.cloudstack.errors import internal, invalid
from simulators.cloudstack.guest_views import vm_snapshot_row
from simulators.cloudstack.plugin import api, storage
from simulators.cloudstack.plugin.driver import driver
from simulators.cloudstack.plugin.url import EXT0
from simulators.cloudstack.registry import JOB, LIST, Context, Param, Plan, command
from simulators.cloudstack.state import State

VM_SNAPSHOT_ID = Param("vmsnapshotid", "id", "vm_snapshots", required=True)


def _pool_of(state: State, vm: rows.VirtualMachine) -> rows.Pool:
    """The StorPool pool of the volumes of a VM; the first driver, and what is elsewhere, has no such snapshots."""
    if driver(state).name == EXT0:
        raise invalid("KVM VM does not allow to take a disk-only snapshot when VM is in running state")
    pools = [storpool_of(state, volume) for volume in volumes_of(state, vm)]
    if not pools or any(pool is None for pool in pools):
        raise invalid("Can not create vm snapshot: not all volumes of the VM are on StorPool")
    return pools[0]


@command(
    "createVMSnapshot",
    JOB,
    None,
    Param("virtualmachineid", "id", "vms", required=True),
    Param("name"),
    Param("description"),
    Param("snapshotmemory", "bool"),
    Param("quiescevm", "bool"),
)
async def create_vm_snapshot(context: Context) -> Plan:
    state, args = context.state, context.args
    vm = state.vms.get(args["virtualmachineid"])
    if vm is None or vm.removed:
        raise invalid(
            f"Creating VM snapshot failed due to VM:{args['virtualmachineid']} is a system VM or does not exist"
        )
    if vm.state not in ("Running", "Stopped"):
        raise invalid(f"Creating vm snapshot failed due to VM:{vm.db_id} is not in the running or Stopped state")
    if args["snapshotmemory"]:
        raise invalid("KVM VM does not allow to take a disk-and-memory snapshot of volumes on StorPool")
    pool = _pool_of(state, vm)
    stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime(state.clock.now()))
    name = f"i-2-{vm.db_id}-VM_VS_{stamp}"
    snapshot = state.vm_snapshots.add(
        rows.VMSnapshot(
            name=name,
            display_name=args["name"] or name,
            description=args["description"] or None,
            vm=vm.db_id,
            zone=vm.zone,
            parent=next((other.db_id for other in state.vm_snapshots if other.vm == vm.db_id and other.current), None),
            current=False,
        )
    )

    async def run() -> dict[str, Any]:
        try:
            snapshot.paths = await storage.create_group_snapshot(state, pool, volumes_of(state, vm), snapshot.id)
        except api.StorPoolError as error:
            snapshot.state = "Error"
            raise internal(f"Could not create VM snapshot: {error}") from error
        _make_current(state, snapshot)
        snapshot.state, snapshot.pool = "Ready", pool.db_id
        return {"vmsnapshot": vm_snapshot_row(state, snapshot)}

    return Plan(run, created_id=snapshot.id, instance_type="VmSnapshot", instance_shown=False)


def _make_current(state: State, snapshot: rows.VMSnapshot) -> None:
    for other in state.vm_snapshots:
        if other.vm == snapshot.vm:
            other.current = other is snapshot


def _existing(context: Context) -> rows.VMSnapshot:
    snapshot = context.state.vm_snapshots.get(context.args["vmsnapshotid"])
    if snapshot is None or snapshot.removed:
        raise invalid(f"unable to find the vm snapshot with id {context.args['vmsnapshotid']}")
    return snapshot


@command("deleteVMSnapshot", JOB, None, VM_SNAPSHOT_ID)
async def delete_vm_snapshot(context: Context) -> Plan:
    state, snapshot = context.state, _existing(context)
    if snapshot.state not in ("Ready", "Expunging", "Error"):
        raise invalid(
            f"Can't delete the vm snapshotshot {snapshot.db_id} due to it is not in READY, ERROR, or EXPUNGING State"
        )

    async def run() -> dict[str, Any]:
        pool, snapshot.state = state.pools.get(snapshot.pool), "Expunging"
        if pool:
            for path in snapshot.paths.values():
                await storage.delete_snapshot(state, pool, path)
        state.vm_snapshots.remove(snapshot)
        for other in state.vm_snapshots:
            if other.parent == snapshot.db_id:
                other.parent = snapshot.parent
            if snapshot.current and other.db_id == snapshot.parent:
                other.current = True
        return {"success": True}

    return Plan(run, instance_type="VmSnapshot")


@command("revertToVMSnapshot", JOB, None, VM_SNAPSHOT_ID)
async def revert_to_vm_snapshot(context: Context) -> Plan:
    """Only of a VM that is stopped, since memory is never a part of these snapshots."""
    state, snapshot = context.state, _existing(context)
    vm = state.vms[snapshot.vm]

    async def run() -> dict[str, Any]:
        if vm.state == "Running":
            raise invalid(
                "VM Snapshot revert not allowed. This will result in VM state change. You can revert running VM to "
                "disk and memory type snapshot and stopped VM to disk type snapshot"
            )
        if vm.state != "Stopped":
            raise internal("VM Snapshot reverting failed due to vm is not in the state of Running or Stopped.")
        if snapshot.state != "Ready":
            raise invalid("VM Snapshot reverting failed due to vmSnapshot is not in the state of Created.")
        pool, snapshot.state = state.pools[snapshot.pool], "Reverting"
        try:
            for number, path in snapshot.paths.items():
                await storage.revert(state, pool, state.volumes[int(number)], path)
        finally:
            snapshot.state = "Ready"
        _make_current(state, snapshot)
        return {"success": True}

    return Plan(run, instance_type="VmSnapshot")


@command(
    "listVMSnapshot",
    LIST,
    "vmSnapshot",
    VM_SNAPSHOT_ID.optional(),
    Param("virtualmachineid", "id", "vms"),
    Param("name"),
    Param("state"),
    Param("listall", "bool"),
    *OWNER_PARAMS,
)
async def list_vm_snapshots(context: Context) -> list[dict[str, Any]]:
    args = context.args
    return [
        vm_snapshot_row(context.state, row)
        for row in context.state.vm_snapshots
        if is_asked_for(context, context.state.vms[row.vm], by="vmsnapshotid")
        and args["vmsnapshotid"] in (None, row.db_id)
        and args["virtualmachineid"] in (None, row.vm)
        and args["name"] in (None, row.display_name)
        and (not args["state"] or args["state"].lower() == row.state.lower())
    ]
