# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disk and service offerings, and the details of resources."""

from __future__ import annotations

from typing import Any

from simulators.cloudstack import rows
from simulators.cloudstack.arguments import like, map_values
from simulators.cloudstack.envelopes import date
from simulators.cloudstack.errors import INTERNAL_ERROR, ApiError, invalid
from simulators.cloudstack.members import shown
from simulators.cloudstack.registry import JOB, LIST, OBJECT, Context, Param, Plan, command
from simulators.cloudstack.state import State

RATES = {
    "bytesreadrate": "diskBytesReadRate",
    "byteswriterate": "diskBytesWriteRate",
    "iopsreadrate": "diskIopsReadRate",
    "iopswriterate": "diskIopsWriteRate",
}
IOPS_PARAMS = (Param("customizediops", "bool"), Param("miniops", "long"), Param("maxiops", "long"))
LARGEST_DISK = 2000
RESOURCES = {
    "diskoffering": "disk_offerings",
    "serviceoffering": "service_offerings",
}


def checked_iops(args: Any) -> tuple[bool | None, int | None, int | None]:
    """The limits that are stored. Only customizediops=false keeps them, and then the minimum must be above 0."""
    customized, low, high = args["customizediops"], args["miniops"], args["maxiops"]
    if customized is None or customized:
        return customized, None, None
    if low is None and high is None:
        return False, 0, 0
    if low is None or low <= 0:
        raise invalid("The min IOPS must be greater than 0.")
    if high is None:
        high = 0
    if low > high:
        raise invalid("The min IOPS must be less than or equal to the max IOPS.")
    return False, low, high


def disk_offering_row(state: State, row: rows.DiskOffering) -> dict[str, Any]:
    zones = [state.zones[zone] for zone in row.zone_ids]
    details = {**({"zoneid": ",".join(str(zone.db_id) for zone in zones)} if zones else {}), **row.details}
    values = {
        "id": row.id,
        "zoneid": ",".join(zone.id for zone in zones) or None,
        "zone": ",".join(zone.name for zone in zones) or None,
        "name": row.name,
        "state": row.state,
        "displaytext": row.display_text,
        "disksize": row.disk_size,
        "created": date(row.created),
        "iscustomized": row.customized,
        "iscustomizediops": row.customized_iops,
        "miniops": row.min_iops,
        "maxiops": row.max_iops,
        "tags": row.tags,
        "storagetype": row.storage_type,
        "provisioningtype": row.provisioning_type,
        "displayoffering": row.display_offering,
        "cacheMode": row.cache_mode,
        "disksizestrictness": row.size_strictness,
        "encrypt": row.encrypt,
        "details": details or None,
        "hasannotations": False,
        **{RATES[name]: value for name, value in row.rates.items()},
    }
    return shown(state.release, "diskoffering", values)


@command(
    "createDiskOffering",
    OBJECT,
    "diskoffering",
    Param("name", required=True),
    Param("displaytext"),
    Param("disksize", "long"),
    Param("customized", "bool"),
    Param("tags"),
    Param("storagetype"),
    Param("provisioningtype"),
    *IOPS_PARAMS,
    *(Param(name, "long") for name in RATES),
    Param("zoneid", "list", feature="disk_offering_zone"),
    Param("cachemode", feature="destroy_volume"),
    Param("details", "map", feature="disk_offering_details"),
    Param("disksizestrictness", "bool", feature="change_offering_for_volume"),
    Param("encrypt", "bool", feature="encryption"),
    Param("displayoffering", "bool"),
)
async def create_disk_offering(context: Context) -> dict[str, Any]:
    state, args = context.state, context.args
    customized = bool(args["customized"])
    if not customized and args["disksize"] is None:
        raise invalid("Disksize is required for a non-customized disk offering")
    if customized and args["disksize"] is not None:
        raise invalid("Disksize is not allowed for a customized disk offering")
    kind = (args["provisioningtype"] or "thin").lower()
    if kind not in ("thin", "sparse", "fat"):
        raise ApiError(INTERNAL_ERROR, "Code is not implemented")
    _check_disk(state, args)
    iops_customized, low, high = checked_iops(args)
    row = state.disk_offerings.add(
        rows.DiskOffering(
            name=args["name"],
            display_text=args["displaytext"] or args["name"],
            disk_size=args["disksize"] or 0,
            customized=customized,
            customized_iops=iops_customized,
            min_iops=low,
            max_iops=high,
            tags=args["tags"] or None,
            storage_type=args["storagetype"] or "shared",
            provisioning_type=kind,
            rates={name: args[name] for name in RATES if args[name] is not None},
            cache_mode=args["cachemode"],
            display_offering=args["displayoffering"] is not False,
            encrypt=bool(args["encrypt"]),
            size_strictness=bool(args["disksizestrictness"]),
            zone_ids=[_zone(state, zone) for zone in args["zoneid"] or []],
            details=map_values(args["details"]),
        )
    )
    context.changed()
    return disk_offering_row(state, row)


def _check_disk(state: State, args: Any) -> None:
    """What a disk may be; the largest is the setting storage.max.volume.size's default, 2000 GiB."""
    size = args["disksize"]
    if size is not None and size < 1:
        raise invalid("Please specify a disk size of at least 1 GB.")
    if size is not None and size > LARGEST_DISK:
        raise invalid(f"The maximum size for a disk is {LARGEST_DISK} GB.")
    storage = args["storagetype"]
    if storage and storage.lower() not in ("local", "shared"):
        raise invalid(f"Invalid storage type {storage} specified, valid types are: 'local' and 'shared'")
    mode = args["cachemode"]
    modes, said = ("none", "writeback", "writethrough"), "none, writeback or writethrough"
    if state.release.has("cache_mode_of_the_hypervisor"):
        modes, said = (*modes, "hypervisor_default"), "none, writeback, writethrough or hypervisor_default."
    if mode and mode.lower() not in modes:
        text = "Please specify one of the following valid cache mode parameters"
        raise invalid(f"Invalid cache mode ({mode}). {text}: {said}")


def _zone(state: State, zone_id: str) -> int:
    zone = state.zones.by_uuid(zone_id)
    if zone is None:
        raise invalid("Failed to create disk offering because invalid zone has been specified.")
    return zone.db_id


def _disk_offering(context: Context) -> rows.DiskOffering:
    row = context.state.disk_offerings.get(context.args["id"])
    if row is None or row.removed:
        raise invalid(f"Unable to find disk offering by id {context.args['id']}")
    return row


def _editable(context: Context) -> rows.DiskOffering:
    """The offering to update. A deleted one is inactive in newer releases, and may be edited; older ones stumble."""
    row = context.state.disk_offerings.get(context.args["id"])
    if row is None or (row.removed and not context.release.has("disk_offering_state")):
        return _disk_offering(context)
    if row.removed and not context.release.has("deleted_offerings_are_inactive"):
        raise ApiError(INTERNAL_ERROR, "Index 0 out of bounds for length 0")
    return row


def _state(text: str) -> str:
    wanted = text.capitalize()
    if wanted not in ("Active", "Inactive"):
        raise invalid(f"Invalid state: {text}, expected: Active or Inactive")
    return wanted


@command(
    "updateDiskOffering",
    OBJECT,
    "diskoffering",
    Param("id", "id", "disk_offerings", required=True),
    Param("name"),
    Param("displaytext"),
    Param("displayoffering", "bool"),
    Param("zoneid", feature="disk_offering_zone"),
    Param("tags", feature="update_pool_name"),
    Param("state", feature="disk_offering_state"),
)
async def update_disk_offering(context: Context) -> dict[str, Any]:
    """Size, limits and details cannot be changed; tags only if every pool in use has them."""
    state, args = context.state, context.args
    row = _editable(context)
    if args["tags"] is not None:
        wanted = {tag.strip() for tag in args["tags"].split(",") if tag.strip()}
        pools = [state.pools.get(one.pool) for one in state.volumes if one.disk_offering == row.db_id]
        if any(pool and not wanted <= set(pool.tags) for pool in pools):
            raise invalid(
                f"There are active volumes using offering [{row.db_id}], and the pools they are on doesn't have the new tags"
            )
        row.tags = ",".join(sorted(wanted)) or None
    if args["zoneid"]:
        every = args["zoneid"].strip() == "all"
        row.zone_ids = [] if every else [_zone(state, zone.strip()) for zone in args["zoneid"].split(",")]
    row.name = args["name"] or row.name
    row.display_text = args["displaytext"] or row.display_text
    if args["displayoffering"] is not None:
        row.display_offering = args["displayoffering"]
    if args["state"]:
        row.state = _state(args["state"])
    context.changed()
    return disk_offering_row(state, row)


@command("deleteDiskOffering", OBJECT, None, Param("id", "id", "disk_offerings", required=True))
async def delete_disk_offering(context: Context) -> dict[str, Any]:
    row = _disk_offering(context)
    row.state = "Inactive"
    context.state.disk_offerings.remove(row)
    context.changed()
    return {"success": True}


@command(
    "listDiskOfferings",
    LIST,
    "diskoffering",
    Param("id", "id", "disk_offerings"),
    Param("name"),
    Param("zoneid", "id", "zones", newer=True, feature="disk_offering_zone"),
    Param("storageid", "id", "pools", newer=True, feature="disk_offering_filter_storageid"),
    Param("encrypt", "bool", feature="encryption"),
    Param("storagetype", feature="disk_offering_state"),
    Param("state", feature="disk_offering_state"),
)
async def list_disk_offerings(context: Context) -> list[dict[str, Any]]:
    """A StorPool pool's id is no UUID, so the filter by storageid is dropped unless the switch refuses it."""
    state, args = context.state, context.args
    pool = state.pools.get(args["storageid"])
    return [
        disk_offering_row(state, row)
        for row in state.disk_offerings
        if args["id"] in (None, row.db_id)
        and args["name"] in (None, row.name)
        and (args["zoneid"] is None or not row.zone_ids or args["zoneid"] in row.zone_ids)
        and (pool is None or set(filter(None, (row.tags or "").split(","))) <= set(pool.tags))
        and args["encrypt"] in (None, row.encrypt)
        and (not args["storagetype"] or args["storagetype"].lower() == row.storage_type)
        and _is_in(args["state"], row)
        and (not args["keyword"] or like(args["keyword"], row.name))
    ]


def _is_in(wanted: str | None, row: rows.DiskOffering) -> bool:
    """Whether an offering is in a state; inactive ones are listed only if they are asked for."""
    return (wanted or "active").lower() in (row.state.lower(), "all")


def service_offering_row(state: State, row: rows.ServiceOffering) -> dict[str, Any]:
    """A service offering, and the disk offering behind it, which newer releases show."""
    disk = state.disk_offerings.get(row.disk_offering)
    values = {
        "id": row.id,
        "name": row.name,
        "state": "Active",
        "displaytext": row.display_text,
        "cpunumber": row.cpu_number,
        "cpuspeed": row.cpu_speed,
        "memory": row.memory,
        "created": date(row.created),
        "storagetype": row.storage_type,
        "provisioningtype": "thin",
        "offerha": row.offer_ha,
        "limitcpuuse": False,
        "isvolatile": False,
        "storagetags": row.tags,
        "hosttags": row.host_tags,
        "issystem": False,
        "defaultuse": False,
        "iscustomized": False,
        "iscustomizediops": row.customized_iops,
        "miniops": row.min_iops,
        "maxiops": row.max_iops,
        "rootdisksize": row.root_disk_size,
        "serviceofferingdetails": row.details or None,
        "dynamicscalingenabled": True,
        "diskofferingstrictness": False,
        "diskofferingid": disk.id if disk else row.own_disk_id,
        "diskofferingname": disk.name if disk else row.name,
        "diskofferingdisplaytext": disk.display_text if disk else row.display_text,
        "encryptroot": row.encrypt_root,
        "gpudisplay": False,
        "hasannotations": False,
    }
    return shown(state.release, "serviceoffering", values)


@command(
    "createServiceOffering",
    OBJECT,
    "serviceoffering",
    Param("name", required=True),
    Param("displaytext"),
    Param("cpunumber", "long"),
    Param("cpuspeed", "long"),
    Param("memory", "long"),
    Param("tags"),
    Param("hosttags"),
    Param("storagetype"),
    *IOPS_PARAMS,
    Param("rootdisksize", "long", feature="update_pool_name"),
    Param("diskofferingid", "id", "disk_offerings", newer=True, feature="change_offering_for_volume"),
    Param("encryptroot", "bool", feature="encryption"),
    Param("serviceofferingdetails", "map"),
    Param("offerha", "bool"),
)
async def create_service_offering(context: Context) -> dict[str, Any]:
    args = context.args
    customized, low, high = checked_iops(args)
    row = context.state.service_offerings.add(
        rows.ServiceOffering(
            name=args["name"],
            display_text=args["displaytext"] or args["name"],
            cpu_number=args["cpunumber"] or 1,
            cpu_speed=args["cpuspeed"] or 1000,
            memory=args["memory"] or 512,
            tags=args["tags"] or None,
            host_tags=args["hosttags"] or None,
            storage_type=args["storagetype"] or "shared",
            customized_iops=customized,
            min_iops=low,
            max_iops=high,
            root_disk_size=args["rootdisksize"] or 0,
            disk_offering=args["diskofferingid"],
            encrypt_root=bool(args["encryptroot"]),
            details=map_values(args["serviceofferingdetails"]),
            offer_ha=bool(args["offerha"]),
        )
    )
    context.changed()
    return service_offering_row(context.state, row)


@command("deleteServiceOffering", OBJECT, None, Param("id", "id", "service_offerings", required=True))
async def delete_service_offering(context: Context) -> dict[str, Any]:
    row = context.state.service_offerings.get(context.args["id"])
    if row is None or row.removed:
        raise invalid(f"unable to find service offering {context.args['id']}")
    context.state.service_offerings.remove(row)
    context.changed()
    return {"success": True}


@command("listServiceOfferings", LIST, "serviceoffering", Param("id", "id", "service_offerings"), Param("name"))
async def list_service_offerings(context: Context) -> list[dict[str, Any]]:
    args = context.args
    return [
        service_offering_row(context.state, row)
        for row in context.state.service_offerings
        if args["id"] in (None, row.db_id) and args["name"] in (None, row.name)
    ]


def _details(state: State, kind: str, resource_id: str) -> tuple[str, dict[str, str]]:
    """The details of a resource; only the resources that StorPool reads details of are simulated."""
    table = RESOURCES.get(kind.lower())
    if table is None:
        raise invalid(f"Resource type {kind} is not supported by this simulator")
    row = state.table(table).by_uuid(resource_id)
    if row is None or row.removed:
        raise invalid(f"Unable to find resource by id {resource_id} and type {kind}")
    return row.id, row.details


RESOURCE = (Param("resourceid", required=True), Param("resourcetype", required=True))


@command("addResourceDetail", JOB, None, *RESOURCE, Param("details", "map", required=True), Param("fordisplay", "bool"))
async def add_resource_detail(context: Context) -> Plan:
    args = context.args
    _resource, details = _details(context.state, args["resourcetype"], args["resourceid"])

    async def run() -> dict[str, Any]:
        details.update(map_values(args["details"]))
        return {"success": True}

    return Plan(run)


@command("removeResourceDetail", JOB, None, *RESOURCE, Param("key"))
async def remove_resource_detail(context: Context) -> Plan:
    args = context.args
    _resource, details = _details(context.state, args["resourcetype"], args["resourceid"])

    async def run() -> dict[str, Any]:
        if args["key"]:
            details.pop(args["key"], None)
        else:
            details.clear()
        return {"success": True}

    return Plan(run)


@command(
    "listResourceDetails",
    LIST,
    "resourcedetail",
    Param("resourcetype", required=True),
    Param("resourceid"),
    Param("key"),
)
async def list_resource_details(context: Context) -> list[dict[str, Any]]:
    args = context.args
    if not args["resourceid"]:
        return []
    resource, details = _details(context.state, args["resourcetype"], args["resourceid"])
    return [
        {"resourceid": resource, "resourcetype": args["resourcetype"], "key": key, "value": value, "fordisplay": True}
        for key, value in details.items()
        if args["key"] in (None, key)
    ]
