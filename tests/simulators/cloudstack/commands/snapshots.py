# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of volumes."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from simulators.cloudstack import rows, settings
from simulators.cloudstack.commands.owners import OWNER_PARAMS, is_asked_for
from simulators.cloudstack.commands.vm_power import storpool_of
from simulators.cloudstack.commands.volumes import existing_volume
from simulators.cloudstack.errors import internal, invalid
from simulators.cloudstack.guest_views import snapshot_row
from simulators.cloudstack.plugin import api, storage
from simulators.cloudstack.registry import JOB, LIST, Context, Param, Plan, Views, command
from simulators.cloudstack.state import State

SNAPSHOT_ID = Param("id", "id", "snapshots", required=True)


def _existing(state: State, db_id: int | None) -> rows.Snapshot:
    snapshot = state.snapshots.get(db_id)
    if snapshot is None or snapshot.removed:
        raise invalid(f"unable to find a snapshot with id {db_id}")
    return snapshot


def kept_on_storpool(state: State) -> bool:
    """Whether snapshots are not copied to secondary storage: another setting from 4.21 on."""
    if state.release.has("storpool_bypass_secondary_dead"):
        return not settings.is_on(state, "snapshot.backup.to.secondary")
    return settings.is_on(state, "sp.bypass.secondary.storage")


@command(
    "createSnapshot",
    JOB,
    None,
    Param("volumeid", "id", "volumes", required=True),
    Param("name"),
    Param("quiescevm", "bool"),
    Param("asyncbackup", "bool", feature="async_backup"),
)
async def create_snapshot(context: Context) -> Plan:
    state, args = context.state, context.args
    volume = existing_volume(state, args["volumeid"])
    pool, vm = storpool_of(state, volume), state.vms.get(volume.vm)
    if args["quiescevm"]:
        raise invalid("can't handle quiescevm equal true for volume snapshot")
    if vm and vm.state == "Running" and not settings.is_on(state, "kvm.snapshot.enabled"):
        raise internal(
            "KVM Snapshot is not supported for Running VMs. It is disabled by default due to a possible volume "
            "corruption in certain cases. To enable it set global settings kvm.snapshot.enabled to True. See the "
            "documentation for more details."
        )
    if pool is None or volume.state != "Ready":
        raise invalid(f"VolumeId: {volume.db_id} is not in Ready state but {volume.state}. Cannot take snapshot.")
    snapshot = state.snapshots.add(
        rows.Snapshot(
            name=args["name"] or f"{volume.name}_{int(state.clock.now())}",
            volume=volume.db_id,
            volume_size=volume.size,
            zone=volume.zone,
        )
    )

    async def run() -> dict[str, Any]:
        snapshot.state = "Creating"
        try:
            snapshot.path = await storage.create_snapshot(state, pool, volume, snapshot.id)
        except api.StorPoolError as error:
            snapshot.state = "Error"
            raise internal(f"Failed to create snapshot: {error}") from error
        snapshot.pool, snapshot.on_secondary = pool.db_id, not kept_on_storpool(state)
        if snapshot.on_secondary:
            snapshot.state = "BackingUp"
            if args["asyncbackup"]:
                _later(state, _back_up(state, pool, snapshot))
                return {"snapshot": snapshot_row(state, snapshot)}
        await _back_up(state, pool, snapshot)
        return {"snapshot": snapshot_row(state, snapshot)}

    return Plan(run, created_id=snapshot.id, instance_type="Snapshot")


async def _back_up(state: State, pool: rows.Pool, snapshot: rows.Snapshot) -> None:
    if snapshot.on_secondary:
        await storage.back_up(state, pool, snapshot.path)
    snapshot.state = "BackedUp"


def _later(state: State, work: Coroutine[Any, Any, None]) -> None:
    """Work that goes on after the job; it takes as long as a job waits before it begins."""

    async def run() -> None:
        await asyncio.sleep(state.switches["job_delay_ms"] / 1000)
        await work

    task = asyncio.get_running_loop().create_task(run())
    state.tasks.add(task)
    task.add_done_callback(state.tasks.discard)


@command(
    "listSnapshots",
    LIST,
    "snapshot",
    Param("id", "id", "snapshots"),
    Param("volumeid", "id", "volumes"),
    Param("zoneid", "id", "zones"),
    Param("name"),
    Param("listall", "bool"),
    *OWNER_PARAMS,
)
async def list_snapshots(context: Context) -> Views:
    """Snapshots are their volumes' owners'. From 4.19 to 4.20.0 a deleted one stays listed as long as its copy on secondary storage is there."""
    args = context.args
    found = [
        row
        for row in context.state.snapshots.ever()
        if (not row.removed or row.lingers)
        and is_asked_for(context, context.state.volumes[row.volume])
        and args["id"] in (None, row.db_id)
        and args["volumeid"] in (None, row.volume)
        and args["zoneid"] in (None, row.zone)
        and args["name"] in (None, row.name)
    ]
    return Views(found, lambda row: snapshot_row(context.state, row, listing=True))


@command("deleteSnapshot", JOB, None, SNAPSHOT_ID)
async def delete_snapshot(context: Context) -> Plan:
    state = context.state
    snapshot = _existing(state, context.args["id"])
    if snapshot.state not in ("BackedUp", "Error"):
        raise invalid(f"Can't delete snapshot {snapshot.db_id} due to it is in {snapshot.state} Status")

    async def run() -> dict[str, Any]:
        pool = state.pools.get(snapshot.pool)
        forgotten = state.volumes[snapshot.volume].removed and not state.release.has("deleted_snapshots_vanish")
        if pool and not pool.removed and snapshot.path and not forgotten:
            try:
                await storage.delete_snapshot(state, pool, snapshot.path)
            except api.StorPoolError as error:
                if error.name != api.MISSING:
                    raise internal(f"Failed to delete snapshot: {error}") from error
        lingers = snapshot.on_secondary and state.release.has("snapshots_by_store")
        snapshot.lingers = lingers and not state.release.has("deleted_snapshots_vanish")
        snapshot.state, snapshot.pool = "Destroyed", None
        state.snapshots.remove(snapshot)
        return {"success": True}

    return Plan(run, instance_type="Snapshot", instance_id=snapshot.id)


@command("revertSnapshot", JOB, None, SNAPSHOT_ID)
async def revert_snapshot(context: Context) -> Plan:
    state = context.state
    snapshot = _existing(state, context.args["id"])

    async def run() -> dict[str, Any]:
        volume = existing_volume(state, snapshot.volume)
        pool, vm = storpool_of(state, volume), state.vms.get(volume.vm)
        if pool is None or volume.state != "Ready":
            raise invalid("The volume is not in Ready state.")
        if vm and vm.state not in ("Stopped", "Shutdowned"):
            raise invalid("The VM the specified disk is attached to is not in the shutdown state.")
        if vm and any(other.vm == vm.db_id for other in state.vm_snapshots):
            raise invalid(
                "Unable to revert snapshot for VM, please remove VM snapshots before reverting VM from snapshot"
            )
        volume.state = "Reverting"
        try:
            await storage.revert(state, pool, volume, snapshot.path)
        finally:
            volume.state = "Ready"
        volume.size = snapshot.volume_size
        return {"snapshot": snapshot_row(state, snapshot)}

    return Plan(run, instance_type="Snapshot", instance_id=snapshot.id)
