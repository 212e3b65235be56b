# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes: real StorPool volumes as soon as they are used."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from simulators.cloudstack import rows, settings, views
from simulators.cloudstack.arguments import like
from simulators.cloudstack.commands.owners import OWNER_PARAMS, belongs, is_asked_for
from simulators.cloudstack.commands.vm_power import storpool_of, volumes_of
from simulators.cloudstack.errors import (
    INSUFFICIENT_CAPACITY,
    PARAM_ERROR,
    PERMISSION_DENIED,
    UNSUPPORTED_ACTION,
    ApiError,
    DriverError,
    internal,
    invalid,
)
from simulators.cloudstack.guest_views import volume_row
from simulators.cloudstack.plugin import storage
from simulators.cloudstack.plugin.driver import is_storpool
from simulators.cloudstack.registry import JOB, LIST, OBJECT, Context, Param, Plan, Views, command
from simulators.cloudstack.state import State

GIB = 1 << 30
VOLUME_ID = Param("id", "id", "volumes", required=True)


def existing_volume(state: State, db_id: int | None) -> rows.Volume:
    volume = state.volumes.get(db_id)
    if volume is None or volume.removed:
        raise invalid(f"Unable to find volume with ID: {db_id}")
    return volume


def under_way(
    state: State, volume: rows.Volume, passing: str, work: Callable[[], Awaitable[None]]
) -> Callable[[], Awaitable[dict[str, Any]]]:
    """The work of a job on a volume, which shows a state of its own until the job is over."""
    volume.passing = passing or volume.passing

    async def run() -> dict[str, Any]:
        try:
            await work()
        finally:
            volume.passing = ""
        return {"volume": volume_row(state, volume)}

    return run


def tags_of(text: str | None) -> set[str]:
    return {tag.strip() for tag in (text or "").split(",") if tag.strip()}


def choose_pool(state: State, zone: int, wanted: set[str]) -> rows.Pool:
    """The first StorPool pool that is Up in a zone and has all the tags; 533 when there is none."""
    for pool in state.pools:
        fits = wanted <= set(views.pool_tags(state, pool))
        if pool.zone == zone and pool.state == "Up" and fits and is_storpool(pool):
            return pool
    raise ApiError(INSUFFICIENT_CAPACITY, "Could not find suitable storage pool for the volume")


@command(
    "listVolumes",
    LIST,
    "volume",
    Param("id", "id", "volumes"),
    Param("ids", "list"),
    Param("name"),
    Param("type"),
    Param("virtualmachineid", "id", "vms"),
    Param("storageid"),
    Param("zoneid", "id", "zones"),
    Param("state"),
    Param("diskofferingid", "id", "disk_offerings"),
    Param("listall", "bool"),
    Param("listsystemvms", "bool", feature="list_system_volumes"),
    *OWNER_PARAMS,
)
async def list_volumes(context: Context) -> Views:
    """`storageid` is a plain text here, so the ids of StorPool pools work."""
    state, args = context.state, context.args
    found = [row for row in state.volumes if is_asked_for(context, row) and _matches(state, row, args)]
    return Views(found, lambda row: volume_row(state, row))


def _matches(state: State, row: rows.Volume, args: Any) -> bool:
    pool = state.pools.get(row.pool)
    exact = {
        "id": row.db_id,
        "name": row.name,
        "virtualmachineid": row.vm,
        "zoneid": row.zone,
        "diskofferingid": row.disk_offering,
    }
    if any(args[name] is not None and args[name] != value for name, value in exact.items()):
        return False
    if args["storageid"] and (pool is None or args["storageid"] not in (pool.id, str(pool.db_id))):
        return False
    if args["ids"] and row.id not in args["ids"]:
        return False
    for name, value in (("type", row.type), ("state", row.passing or row.state)):
        if args[name] and args[name].lower() != value.lower():
            return False
    return not args["keyword"] or like(args["keyword"], row.name)


@command(
    "createVolume",
    JOB,
    None,
    Param("name"),
    Param("diskofferingid", "id", "disk_offerings"),
    Param("snapshotid", "id", "snapshots"),
    Param("zoneid", "id", "zones"),
    Param("size", "long"),
    Param("miniops", "long"),
    Param("maxiops", "long"),
    Param("virtualmachineid", "id", "vms"),
    *OWNER_PARAMS,
)
async def create_volume(context: Context) -> Plan:
    """Nothing is made on StorPool before the first attachment, unless the volume comes from a snapshot."""
    state, args = context.state, context.args
    offering, snapshot = state.disk_offerings.get(args["diskofferingid"]), state.snapshots.get(args["snapshotid"])
    if offering is None and snapshot is None:
        raise invalid("At least one of disk Offering ID or snapshot ID must be passed whilst creating volume")
    volume = rows.Volume(zone=args["zoneid"] or (snapshot.zone if snapshot else 0), snapshot=args["snapshotid"])
    if offering:
        _apply_offering(state, volume, offering, args)
    if snapshot:
        volume.size = max(volume.size, snapshot.volume_size)
        if not offering:
            origin = state.volumes[snapshot.volume]
            volume.disk_offering, volume.min_iops, volume.max_iops = (
                origin.disk_offering,
                origin.min_iops,
                origin.max_iops,
            )
    if volume.zone == 0:
        raise invalid("Please specify a zone id")
    belongs(context, volume)
    volume.name = args["name"] or f"DATA-{len(list(state.volumes)) + 1}"
    state.volumes.add(volume)
    vm = state.vms.get(args["virtualmachineid"])
    volume.passing = "Creating" if snapshot else ""

    async def run() -> dict[str, Any]:
        volume.passing = ""
        if snapshot:
            pool = state.pools.get(snapshot.pool)
            if pool is None or not snapshot.path:
                raise internal(f"Failed to create volume from snapshot {snapshot.db_id}")
            await storage.create_volume(state, pool, volume, snapshot.path)
        if vm:
            await _attach(state, volume, vm, None)
        # This answer alone says of which snapshot a volume was made.
        made_of = {"snapshotid": snapshot.id} if snapshot else {}
        return {"volume": {**volume_row(state, volume), **made_of}}

    return Plan(run, created_id=volume.id, instance_type="Volume")


def _apply_offering(state: State, volume: rows.Volume, offering: rows.DiskOffering, args: Any) -> None:
    volume.disk_offering = offering.db_id
    if offering.customized:
        if args["size"] is None:
            raise invalid("Custom disk offering size not specified")
        least, most = (int(settings.value(state, settings.CUSTOM_SIZE + end) or 0) for end in ("min", "max"))
        if not least <= args["size"] <= most:
            told = f"Volume size: {args['size']}GB is out of allowed range. Min: {least}. Max: {most}"
            raise invalid(told)
        volume.size = args["size"] * GIB
    else:
        volume.size = offering.disk_size * GIB
    volume.min_iops, volume.max_iops = offering.min_iops, offering.max_iops
    if offering.customized_iops:
        volume.min_iops, volume.max_iops = args["miniops"], args["maxiops"]


@command(
    "attachVolume",
    JOB,
    None,
    VOLUME_ID,
    Param("virtualmachineid", "id", "vms", required=True),
    Param("deviceid", "long"),
)
async def attach_volume(context: Context) -> Plan:
    state, args = context.state, context.args
    volume, vm = existing_volume(state, args["id"]), state.vms.get(args["virtualmachineid"])

    async def run() -> None:
        await _attach(state, volume, vm, args["deviceid"])

    passing = "Attaching" if vm and vm.state == "Running" else ""
    return Plan(under_way(state, volume, passing, run), instance_type="Volume", instance_id=volume.id)


async def _attach(state: State, volume: rows.Volume, vm: rows.VirtualMachine | None, device: int | None) -> None:
    if vm is None or vm.removed or vm.state not in ("Running", "Stopped"):
        raise invalid("Please specify a VM that is either running or stopped.")
    if volume.vm is not None:
        raise invalid("Please specify a volume that is not attached to any VM.")
    if (volume.account, volume.domain, volume.project) != (vm.account, vm.domain, vm.project):
        raise ApiError(PERMISSION_DENIED, f"Resource [{volume.id}] and the VM do not belong to the same account")
    if volume.state not in ("Allocated", "Ready", "Uploaded"):
        raise invalid("Volume state must be in Allocated, Ready or in Uploaded state")
    taken = {other.device_id for other in volumes_of(state, vm)}
    if device is not None and device in taken:
        raise invalid(f"deviceId {device} is used by vm {vm.id}")
    volume.vm, volume.device_id = (
        vm.db_id,
        device
        if device is not None
        else next(number for number in range(1, 1024) if number not in taken and number != 3),
    )
    try:
        if not volume.path:
            offering = state.disk_offerings.get(volume.disk_offering)
            chosen = choose_pool(state, volume.zone, tags_of(offering.tags if offering else None))
            await storage.create_volume(state, chosen, volume, known=False)
        pool, host = storpool_of(state, volume), state.hosts.get(vm.host)
        if pool and host:
            await storage.attach(state, pool, volume, host)
            await storage.join(state, pool, volume, vm)
    except (ApiError, DriverError):
        volume.vm = volume.device_id = None
        raise
    volume.attached = state.clock.now()


@command(
    "detachVolume",
    JOB,
    None,
    Param("id", "id", "volumes"),
    Param("virtualmachineid", "id", "vms"),
    Param("deviceid", "long"),
)
async def detach_volume(context: Context) -> Plan:
    state, args = context.state, context.args
    if args["id"] is None and (args["virtualmachineid"] is None or args["deviceid"] is None):
        raise invalid("Please provide either a volume id, or a tuple(device id, instance id)")
    found = [
        one
        for one in state.volumes
        if one.db_id == args["id"]
        or (args["id"] is None and (one.vm, one.device_id) == (args["virtualmachineid"], args["deviceid"]))
    ]
    if not found:
        raise invalid("Unable to find volume")
    volume = found[0]

    async def run() -> None:
        vm = state.vms.get(volume.vm)
        if vm is None:
            raise invalid("The specified volume is not attached to a VM.")
        if volume.type == "ROOT" and vm.state != "Stopped":
            raise invalid("Please specify a VM that is stopped")
        pool = storpool_of(state, volume)
        if pool and vm.host:
            await storage.detach(state, pool, volume, state.hosts[vm.host])
        volume.vm = volume.device_id = volume.attached = None
        if pool:
            await storage.leave(state, pool, volume, vm)

    return Plan(under_way(state, volume, "", run), instance_type="Volume", instance_id=volume.id)


@command(
    "resizeVolume",
    JOB,
    None,
    VOLUME_ID,
    Param("size", "long"),
    Param("shrinkok", "bool"),
    Param("diskofferingid", "id", "disk_offerings"),
    Param("miniops", "long"),
    Param("maxiops", "long"),
    Param("automigrate", "bool", feature="auto_migrate_on_resize"),
)
async def resize_volume(context: Context) -> Plan:
    state, args = context.state, context.args
    volume = existing_volume(state, args["id"])
    offering, now = (state.disk_offerings.get(one) for one in (args["diskofferingid"], volume.disk_offering))
    if args["size"] is None and offering is None and args["miniops"] is None and args["maxiops"] is None:
        raise invalid("New disksize must be specified for a custom disk offering.")
    size = (args["size"] or 0) * GIB if offering is None or offering.customized else offering.disk_size * GIB
    if size and size < volume.size and not args["shrinkok"]:
        raise invalid(
            f"Going from existing size of {volume.size} to size of {size} would shrink the volume.Need to sign off by "
            "supplying the shrinkok parameter with value of true."
        )

    async def run() -> None:
        if offering and now and tags_of(offering.tags) != tags_of(now.tags):
            raise ApiError(UNSUPPORTED_ACTION, "The tags on the new and old disk offerings must match.")
        host = state.hosts.get(state.vms[volume.vm].host) if volume.vm else None
        if host and (host.state, host.resource_state) != ("Up", "Enabled"):
            raise internal("The host of the VM is not Up and Enabled")
        if offering:
            volume.disk_offering = offering.db_id
            volume.min_iops, volume.max_iops = offering.min_iops, offering.max_iops
        choose_limits(volume, offering or now, args)
        pool = storpool_of(state, volume)
        if pool:
            await storage.resize_volume(state, pool, volume, size or volume.size, bool(args["shrinkok"]))
        volume.size = size or volume.size

    return Plan(under_way(state, volume, "Resizing", run), instance_type="Volume", instance_id=volume.id)


def choose_limits(volume: rows.Volume, offering: rows.DiskOffering | None, args: Any) -> None:
    """The limits that the user chooses, if the offering leaves them to the user."""
    for name, field in (("miniops", "min_iops"), ("maxiops", "max_iops")):
        if args[name] is None:
            continue
        if offering is None or not offering.customized_iops:
            kind = "Min" if name == "miniops" else "Max"
            raise invalid(f"The current disk offering does not support customization of the '{kind} IOPS' parameter.")
        setattr(volume, field, args[name])


@command(
    "migrateVolume",
    JOB,
    None,
    Param("volumeid", "id", "volumes", required=True),
    Param("storageid", "id", "pools", required=True),
    Param("livemigrate", "bool"),
    Param("newdiskofferingid", "id", "disk_offerings"),
)
async def migrate_volume(context: Context) -> Plan:
    state, args = context.state, context.args
    volume, target = existing_volume(state, args["volumeid"]), state.pools.get(args["storageid"])
    if target is None or target.removed:
        raise invalid("Failed to find the destination storage pool")

    new = state.disk_offerings.get(args["newdiskofferingid"])

    async def run() -> None:
        await _migrate(state, volume, target, bool(args["livemigrate"]), new)

    named = volume.id if state.release.has("migration_names_its_volume") else None
    return Plan(under_way(state, volume, "Migrating", run), instance_type="Volume", instance_id=named)


async def _migrate(
    state: State, volume: rows.Volume, target: rows.Pool, live: bool, new: rows.DiskOffering | None
) -> None:
    source = storpool_of(state, volume)
    vm = state.vms.get(volume.vm)
    running = vm is not None and vm.state == "Running"
    if volume.pool is None or volume.state != "Ready":
        raise invalid("Volume must be in ready state")
    if target.state != "Up":
        raise invalid(
            f"Cannot migrate volume {volume.id} to the destination storage pool {target.name} as the storage "
            "pool is in maintenance mode."
        )
    offering = new or state.disk_offerings.get(volume.disk_offering)
    wanted, there = tags_of(offering.tags if offering else None), views.pool_tags(state, target)
    if state.release.has("migration_looks_at_tags") and not wanted <= set(there):
        raise invalid(
            f"Migration failed: target pool [{target.name}, tags:[{', '.join(there)}]] has no matching tags for volume "
            f"[{volume.name}, uuid:{volume.id}, tags:{','.join(sorted(wanted))}]"
        )
    if running and not live:
        raise ApiError(PARAM_ERROR, "The volume is attached to a running VM: livemigrate must be true")
    if running:
        if not state.release.has("storpool_live_migration") or source is None or not is_storpool(target):
            raise invalid(
                "KVM does not support volume live migration due to the limited possibility to refresh VM XML domain. Therefore, to live migrate a volume "
                "between storage pools, one must migrate the VM to a different host as well to force the VM XML domain update. Use "
                "'migrateVirtualMachineWithVolumes' instead."
            )
        await storage.move_template(state, target, volume)
    elif not is_storpool(target):
        if source:
            await storage.take_away(state, source, volume)
        volume.path, volume.pool = volume.id, target.db_id
    elif source is None:
        await storage.bring_in(state, target, volume)
    else:
        await storage.copy_volume(state, source, target, volume)
    if new:
        volume.disk_offering = new.db_id


async def remove_volume(state: State, volume: rows.Volume) -> None:
    """Deletes a volume here and on StorPool. What is removed is in no list, and keeps what it was."""
    pool = storpool_of(state, volume)
    if pool:
        path = volume.path
        await storage.delete_volume(state, pool, volume)
        volume.path = path
    volume.state, volume.vm, volume.device_id, volume.attached = "Expunged", None, None, None
    state.volumes.remove(volume)


def _refuse_attached(volume: rows.Volume) -> None:
    if volume.vm is not None:
        raise invalid("Please specify a volume that is not attached to any VM.")


@command("deleteVolume", OBJECT, None, VOLUME_ID)
async def delete_volume(context: Context) -> dict[str, Any]:
    volume = existing_volume(context.state, context.args["id"])
    _refuse_attached(volume)
    await remove_volume(context.state, volume)
    context.changed()
    return {"success": True}


@command("destroyVolume", JOB, None, VOLUME_ID, Param("expunge", "bool"), feature="destroy_volume")
async def destroy_volume(context: Context) -> Plan:
    volume = existing_volume(context.state, context.args["id"])

    async def run() -> None:
        _refuse_attached(volume)
        if context.args["expunge"]:
            await remove_volume(context.state, volume)
        else:
            volume.state = "Destroy"

    passing = "Expunging" if context.args["expunge"] else ""
    work = under_way(context.state, volume, passing, run)
    return Plan(work, instance_type="Volume", instance_id=volume.id)


@command("recoverVolume", OBJECT, "volume", VOLUME_ID, feature="destroy_volume")
async def recover_volume(context: Context) -> dict[str, Any]:
    """What was destroyed is as it was; what was never on a pool is Allocated again."""
    volume = existing_volume(context.state, context.args["id"])
    if volume.state != "Destroy":
        raise invalid(f"Please specify a volume in Destroy state: {volume.id}")
    volume.state = "Ready" if volume.pool else "Allocated"
    context.changed()
    return volume_row(context.state, volume)


@command("updateVolume", JOB, None, VOLUME_ID, Param("path"), Param("name", feature="update_volume_name"))
async def update_volume(context: Context) -> Plan:
    volume = existing_volume(context.state, context.args["id"])

    async def run() -> None:
        volume.name = context.args["name"] or volume.name
        volume.path = context.args["path"] or volume.path

    work = under_way(context.state, volume, "", run)
    return Plan(work, instance_type="Volume", instance_id=volume.id)
