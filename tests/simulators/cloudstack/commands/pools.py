# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Primary storage pools: create, update, delete, list (CloudStack StorageManagerImpl)."""

from __future__ import annotations

import json
from typing import Any

from simulators.cloudstack import rows, views
from simulators.cloudstack.arguments import like, map_values
from simulators.cloudstack.commands.default_primary import initialize_default
from simulators.cloudstack.errors import (
    INTERNAL_ERROR,
    MALFORMED_PARAMETER,
    ApiError,
    DriverError,
    internal,
    invalid,
    wrapped,
)
from simulators.cloudstack.plugin import capacity, lifecycle, storage
from simulators.cloudstack.plugin.driver import PROVIDER, is_storpool
from simulators.cloudstack.registry import LIST, OBJECT, Context, Param, command
from simulators.cloudstack.server_reports import provider_loaded
from simulators.cloudstack.state import State

PROVIDERS = {
    "PRIMARY": ["DefaultPrimary", "SolidFire"],
    "IMAGE": ["NFS"],
    "IMAGECACHE": [],
    "OBJECT": [],
}
ZONE_WIDE = ("KVM", "VMware", "Hyperv", "LXC", "Any")
POOL_ID = Param("id", "id", "pools", required=True)


def providers(context: Context) -> list[str]:
    """The primary storage providers that are loaded."""
    return [*PROVIDERS["PRIMARY"], *([PROVIDER] if provider_loaded(context.state, context.server) else [])]


def named(state: State, pool: rows.Pool, what: str = "with id ") -> str:
    """A pool as texts name it: by its number, in newer releases by what it is."""
    if not state.release.has("texts_show_objects"):
        return f"{what}{pool.db_id}"
    shown = {"id": pool.db_id, "name": pool.name, "poolType": pool.type, "uuid": pool.id}
    return f"StoragePool {json.dumps(shown, separators=(',', ':'))}"


def existing(state: State, db_id: int) -> rows.Pool:
    """A pool that is there; 431 otherwise."""
    pool = state.pools.get(db_id)
    if pool is None or pool.removed:
        raise invalid(f"Unable to find pool by id {db_id}")
    return pool


@command("listStorageProviders", LIST, "dataStoreProvider", Param("type"), paged=False)
async def list_storage_providers(context: Context) -> list[dict[str, Any]]:
    if not context.args["type"]:
        raise ApiError(MALFORMED_PARAMETER, "need to specify type: primary or image")
    kind = context.args["type"].upper()
    if kind not in PROVIDERS:
        raise invalid(f"Invalid parameter: {context.args['type']}")
    names = providers(context) if kind == "PRIMARY" else PROVIDERS[kind]
    return [{"name": name, "type": kind} for name in names]


@command(
    "createStoragePool",
    OBJECT,
    "storagepool",
    Param("name", required=True),
    Param("url", required=True),
    Param("zoneid", "id", "zones", required=True),
    Param("podid", "id", "pods"),
    Param("clusterid", "id", "clusters"),
    Param("scope"),
    Param("hypervisor"),
    Param("provider"),
    Param("capacitybytes", "long"),
    Param("capacityiops", "long"),
    Param("managed", "bool"),
    Param("tags"),
    Param("details", "map"),
    Param("istagarule", "bool", feature="pool_field_istagarule"),
    Param("storageaccessgroups", feature="storage_access_groups"),
)
async def create_storage_pool(context: Context) -> dict[str, Any]:
    """Every failure inside the command is wrapped into 530 by the command's own catch-all."""
    try:
        pool = await _create(context)
    except (ApiError, DriverError) as error:
        raise wrapped(str(error)) from error
    context.changed()
    return views.pool(context.state, pool, listing=False)


async def _create(context: Context) -> rows.Pool:
    state, args = context.state, context.args
    scope = (args["scope"] or "CLUSTER").upper()
    if scope not in ("ZONE", "CLUSTER", "HOST"):
        raise invalid(f"invalid scope for pool {args['scope']}")
    if scope == "CLUSTER" and args["clusterid"] is None:
        raise invalid("cluster id can't be null, if scope is cluster")
    hypervisor = args["hypervisor"]
    if scope == "ZONE":
        if not hypervisor:
            raise invalid(
                "Missing parameter hypervisor. Hypervisor type is required to create zone wide primary storage."
            )
        hypervisor = next((known for known in ZONE_WIDE if known.lower() == hypervisor.lower()), None)
        if hypervisor is None:
            raise invalid(f"Zone wide storage pool is not supported for hypervisor type {args['hypervisor']}")
    provider = args["provider"] if args["provider"] in providers(context) else "DefaultPrimary"
    if scope == "HOST" and args["clusterid"] is None:
        raise invalid('Cannot invoke "com.cloud.dc.ClusterVO.getHypervisorType()" because "clusterVO" is null')
    _check_rule(state, args["istagarule"])
    tags = _split_tags(args["tags"] or "", bool(args["istagarule"]))
    wanted = lifecycle.NewPool(
        args["name"], args["url"], args["zoneid"], args["capacitybytes"], tags, map_values(args["details"])
    )
    try:
        pool = await (
            lifecycle.initialize(state, wanted) if provider == PROVIDER else initialize_default(state, wanted)
        )
        views.set_pool_tags(state, pool, pool.tags)
        pool.is_tag_a_rule = bool(args["istagarule"])
        pool.access_groups = args["storageaccessgroups"]
        await _attach(state, pool, scope, hypervisor, args)
    except DriverError as error:
        raise internal(f"Failed to add data store: {error}") from error
    return pool


def _split_tags(text: str, rule: bool) -> list[str]:
    """Tags are separated by commas; a rule is one text."""
    return [text] if rule and text else [tag.strip() for tag in text.split(",") if tag.strip()]


def _check_rule(state: State, rule: bool | None) -> None:
    """Rules are JavaScript, which newer releases interpret only where it was allowed."""
    if rule and state.release.has("rules_need_permission"):
        raise invalid("The parameter istagarule cannot be set to true as JS interpretation is disabled")


async def _attach(state: State, pool: rows.Pool, scope: str, hypervisor: str | None, args: Any) -> None:
    """Attaches a new pool to its zone or cluster; what fails is removed again."""
    try:
        if not is_storpool(pool):
            pool.scope, pool.state, pool.hypervisor = scope, "Up", hypervisor or "KVM"
            if scope == "CLUSTER":
                pool.pod, pool.cluster = args["podid"], args["clusterid"]
        elif scope == "ZONE":
            await lifecycle.attach_zone(state, pool, hypervisor)
        else:
            lifecycle.attach_cluster(state, pool, args["podid"], args["clusterid"])
    except DriverError:
        await lifecycle.delete(state, pool)
        raise


@command(
    "updateStoragePool",
    OBJECT,
    "storagepool",
    POOL_ID,
    Param("name", feature="update_pool_name"),
    Param("tags", "text"),
    Param("capacitybytes", "long"),
    Param("capacityiops", "long"),
    Param("enabled", "bool"),
    Param("url", feature="update_pool_details"),
    Param("details", "map", feature="update_pool_details"),
    Param("istagarule", "bool", feature="pool_field_istagarule"),
)
async def update_storage_pool(context: Context) -> dict[str, Any]:
    state, args = context.state, context.args
    pool = existing(state, args["id"])
    given = {name for name, value in args.items() if value is not None} - {"id"}
    if not given and state.release.has("update_pool_wants_a_change"):
        raise ApiError(INTERNAL_ERROR, "Failed to update storage pool")
    _check_rule(state, args["istagarule"])
    rule = pool.is_tag_a_rule if args["istagarule"] is None else args["istagarule"]
    tags = None if args["tags"] is None else _split_tags(args["tags"], rule)
    if tags == [] and not state.switches["empty_tags_clear"]:
        tags = None
    if args["enabled"] is not None:
        _check_enable(state, pool, args["enabled"])
    if not state.release.has("storage_pool_tags_table"):
        _update_details_4_9(state, pool, tags, args["enabled"])
    elif tags is not None:
        views.set_pool_tags(state, pool, tags)
    if args["enabled"] is not None:
        pool.state = "Up" if args["enabled"] else "Disabled"
    if args["name"]:
        pool.name = args["name"]
    if args["capacitybytes"] is not None:
        pool.capacity_bytes = args["capacitybytes"]
    if args["capacityiops"] is not None:
        pool.capacity_iops = args["capacityiops"]
    if args["istagarule"] is not None:
        pool.is_tag_a_rule = args["istagarule"]
    if state.release.has("update_pool_details"):
        _update_details(pool, args, tags)
    context.changed()
    return views.pool(state, pool, listing=False)


def _check_enable(state: State, pool: rows.Pool, enabled: bool) -> None:
    if enabled and pool.state != "Disabled":
        raise invalid(f"Primary storage {named(state, pool)} cannot be enabled. Storage pool state : {pool.state}")
    if not enabled and pool.state != "Up":
        raise invalid(f"Primary storage {named(state, pool)} cannot be disabled. Storage pool state : {pool.state}")


def _update_details_4_9(state: State, pool: rows.Pool, tags: list[str] | None, enabled: bool | None) -> None:
    """4.8 and 4.9 write a new set of details at each call without `enabled`: without tags it is an empty one."""
    if tags is not None:
        kept = {name: detail for name, detail in pool.details.items() if detail.value != "true"}
        for tag in tags:
            if tag in kept:
                raise internal(
                    f"Storage tag '{tag}' conflicts with a stored property of this primary storage. No changes were "
                    "made."
                )
        if enabled is None:
            views.set_pool_tags(state, pool, tags)
    elif enabled is None:
        pool.details = {}


def _update_details(pool: rows.Pool, args: Any, tags: list[str] | None) -> None:
    """4.19 and newer: any change but that of the state saves all details anew, and all of them shown.

    What the driver is told of becomes a detail, too: the URL with its token among it.
    """
    given = [args[name] for name in ("name", "capacitybytes", "capacityiops", "url", "istagarule", "details")]
    if tags is None and all(value is None for value in given):
        return
    for detail in pool.details.values():
        detail.display = True
    told = {"capacityBytes": args["capacitybytes"], "capacityIOPS": args["capacityiops"], "url": args["url"]}
    changes = {name: str(value) for name, value in told.items() if value is not None}
    for name, value in {**changes, **map_values(args["details"])}.items():
        pool.details[name] = rows.Detail(value, True)


@command("deleteStoragePool", OBJECT, None, POOL_ID, Param("forced", "bool"))
async def delete_storage_pool(context: Context) -> dict[str, Any]:
    state = context.state
    pool = existing(state, context.args["id"])
    if pool.state != "Maintenance":
        shown = f"pool: {named(state, pool)}" if state.release.has("texts_show_objects") else f"id: {pool.db_id}"
        raise invalid(f"Unable to delete storage due to it is not in Maintenance state, {shown}")
    volumes = [volume for volume in state.volumes if volume.pool == pool.db_id]
    remaining = [volume for volume in volumes if volume.state != "Destroy"]
    if remaining or (volumes and not context.args["forced"]):
        raise _volumes_left(state, pool, remaining, bool(context.args["forced"]))
    if context.args["forced"] and volumes:
        await _expunge_destroyed(state)
    await lifecycle.delete(state, pool)
    context.changed()
    return {"success": True}


def _volumes_left(state: State, pool: rows.Pool, volumes: list[rows.Volume], forced: bool) -> ApiError:
    """What is said of a pool with volumes. Newer releases trip over one of no VM when they log the volumes."""
    if not state.release.has("delete_pool_logs_volumes"):
        reason = "associated non-destroyed vols" if forced else "associated volumes"
        return internal(f"Cannot delete pool {pool.name} as there are {reason} for this pool")
    if any(volume.vm is None for volume in volumes):
        return wrapped('Cannot invoke "com.cloud.vm.VMInstanceVO.getUuid()" because "volInstance" is null')
    return internal(
        f"Cannot delete pool {named(state, pool)} as there are non-destroyed volumes associated to this pool."
    )


async def _expunge_destroyed(state: State) -> None:
    """A forced deletion expunges every destroyed volume of the whole cloud, not of this pool alone."""
    for volume in state.volumes:
        if volume.state == "Destroy":
            owner = state.pools.get(volume.pool)
            if owner and volume.path:
                await storage.delete_volume(state, owner, volume)
            volume.state, volume.pool = "Expunged", None
            state.volumes.remove(volume)


@command(
    "listStoragePools",
    LIST,
    "storagepool",
    Param("id", "id", "pools"),
    Param("name"),
    Param("zoneid", "id", "zones"),
    Param("podid", "id", "pods"),
    Param("clusterid", "id", "clusters"),
    Param("path"),
    Param("ipaddress"),
    Param("scope"),
    Param("status", feature="pool_filter_status"),
    Param("hostid", "id", "hosts", newer=True, feature="pool_filter_hostid"),
    Param("storagecustomstats", "bool", feature="pool_custom_stats"),
    Param("storageaccessgroup", feature="storage_access_groups"),
)
async def list_storage_pools(context: Context) -> list[dict[str, Any]]:
    state, args = context.state, context.args
    if state.switches["capacity_drift"] == "on_read":
        await capacity.collect(state)
    if args["scope"] and args["scope"].upper() not in ("ZONE", "CLUSTER", "HOST"):
        raise invalid(f"Invalid scope type: {args['scope']}")
    return [views.pool(state, pool) for pool in state.pools if _matches(pool, args)]


def _matches(pool: rows.Pool, args: Any) -> bool:
    """A pool of the whole zone is one of each pod and cluster, too."""
    exact = {
        "id": pool.db_id,
        "name": pool.name,
        "zoneid": pool.zone,
        "path": pool.path,
        "ipaddress": pool.ip_address,
        "storageaccessgroup": pool.access_groups,
    }
    if any(args[name] is not None and args[name] != value for name, value in exact.items()):
        return False
    wide = {"podid": pool.pod, "clusterid": pool.cluster}
    if any(args[name] is not None and value is not None and args[name] != value for name, value in wide.items()):
        return False
    if args["scope"] and args["scope"].upper() != pool.scope:
        return False
    if args["status"] and args["status"].lower() != pool.state.lower():
        return False
    if args["hostid"] is not None and args["hostid"] not in pool.connected_hosts:
        return False
    return not args["keyword"] or like(args["keyword"], pool.name) or like(args["keyword"], pool.type)


@command("listStorageTags", LIST, "storagetag")
async def list_storage_tags(context: Context) -> list[dict[str, Any]]:
    state = context.state
    return [
        {"poolid": pool.db_id, "name": tag}
        for pool in state.pools
        for tag in views.pool_tags(state, pool)
        if not context.args["keyword"] or like(context.args["keyword"], tag)
    ]


@command("findStoragePoolsForMigration", LIST, "storagepool", Param("id", "id", "volumes", required=True))
async def find_storage_pools_for_migration(context: Context) -> list[dict[str, Any]]:
    state = context.state
    volume = state.volumes.get(context.args["id"])
    if volume is None or volume.removed:
        raise invalid(f"Unable to find volume with ID: {context.args['id']}")
    offering = state.disk_offerings.get(volume.disk_offering)
    wanted = {tag.strip() for tag in ((offering.tags if offering else None) or "").split(",") if tag.strip()}
    others = [pool for pool in state.pools if pool.zone == volume.zone and pool.db_id != volume.pool]
    return [
        views.pool(state, pool, suitable=pool.state == "Up" and wanted <= set(views.pool_tags(state, pool)))
        for pool in others
    ]


@command("updateStorageCapabilities", OBJECT, "storagepool", POOL_ID, feature="update_storage_capabilities")
async def update_storage_capabilities(context: Context) -> dict[str, Any]:
    pool = existing(context.state, context.args["id"])
    if pool.type != "NetworkFilesystem":
        raise internal(f"Storage type {pool.type} of the pool is not supported for updating its capabilities")
    context.changed()
    return views.pool(context.state, pool, listing=False)
