# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudStack's templates: registered from an address, or made of a volume or a snapshot; changed, brought to a pool, and deleted."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlsplit

from simulators.cloudstack import rows
from simulators.cloudstack.arguments import like, map_values
from simulators.cloudstack.commands.snapshots import kept_on_storpool
from simulators.cloudstack.commands.vm_power import storpool_of
from simulators.cloudstack.commands.volumes import existing_volume
from simulators.cloudstack.downloads import is_ready, template_row
from simulators.cloudstack.envelopes import listing
from simulators.cloudstack.errors import ApiError, DriverError, internal, invalid
from simulators.cloudstack.plugin import api, storage
from simulators.cloudstack.plugin.driver import is_storpool
from simulators.cloudstack.registry import JOB, LIST, OBJECT, Context, Param, Plan, command
from simulators.cloudstack.state import State

GIB = 1 << 30
TEMPLATE_ID = Param("id", "id", "templates", required=True)
OS_TYPE = Param("ostypeid", "id", "os_types")
FORMATS = ("QCOW2", "RAW", "VHD", "VHDX", "OVA", "TAR", "VMDK")
#: What an address may end with (UriUtils.checkFormat).
_PACKED = ("", ".zip", ".bz2", ".gz", ".xz")
#: Parameters that say what a template can do -> the members of its row.
_FLAGS = {
    "passwordenabled": "password_enabled",
    "sshkeyenabled": "ssh_key_enabled",
    "isdynamicallyscalable": "dynamically_scalable",
}
_SHARED = {"ispublic": "public", "isfeatured": "featured", "isextractable": "extractable"}


def _bools(names: dict[str, str]) -> tuple[Param, ...]:
    return tuple(Param(name, "bool") for name in names)


def _set(template: rows.Template, args: Any, names: dict[str, str]) -> None:
    for parameter, member in names.items():
        if args[parameter] is not None:
            setattr(template, member, args[parameter])


def _existing(state: State, db_id: int | None) -> rows.Template:
    template = state.templates.get(db_id)
    if template is None or template.removed:
        raise invalid(f"unable to find template with id {db_id}")
    return template


@command("listOsTypes", LIST, "ostype", Param("id", "id", "os_types"), Param("description"))
async def list_os_types(context: Context) -> list[dict[str, Any]]:
    args = context.args
    return [
        {"id": row.id, "oscategoryid": row.category, "description": row.name, "isuserdefined": False}
        for row in context.state.os_types
        if args["id"] in (None, row.db_id)
        and (not args["description"] or like(args["description"], row.name))
        and (not args["keyword"] or like(args["keyword"], row.name))
    ]


@command(
    "listTemplates",
    LIST,
    "template",
    Param("templatefilter", required=True),
    Param("id", "id", "templates"),
    Param("name"),
    Param("zoneid", "id", "zones"),
    Param("listall", "bool"),
)
async def list_templates(context: Context) -> list[dict[str, Any]]:
    """One that is being made is listed, but in no zone."""
    state, args = context.state, context.args
    known = ("featured", "self", "selfexecutable", "sharedexecutable", "executable", "community", "all")
    if args["templatefilter"] not in known:
        raise invalid(f"Please specify a valid template filter: {', '.join(known)}")
    return [
        template_row(state, row)
        for row in state.templates
        if args["id"] in (None, row.db_id)
        and args["name"] in (None, row.name)
        and args["zoneid"] in (None, None if row.in_the_making else row.zone)
        and (args["templatefilter"] != "featured" or row.featured)
    ]


@command(
    "registerTemplate",
    OBJECT,
    None,
    Param("name", required=True),
    Param("displaytext"),
    Param("format", required=True),
    Param("hypervisor", required=True),
    OS_TYPE,
    Param("url", required=True),
    Param("zoneid", "id", "zones"),
    Param("checksum"),
    Param("details", "map"),
    *_bools(_FLAGS),
    *_bools(_SHARED),
)
async def register_template(context: Context) -> dict[str, Any]:
    """Answers at once; the download goes on by itself. Nothing is downloaded here, and every image is of 1 GiB."""
    state, args = context.state, context.args
    if args["zoneid"] is None:
        raise ApiError(431, "Either zoneid or zoneids is required. Both cannot be null.")
    _check_address(args["url"], args["format"])
    template = state.templates.add(
        rows.Template(
            name=args["name"],
            display_text=args["displaytext"] or args["name"],
            zone=args["zoneid"],
            size=GIB,
            public=False,
            extractable=False,
            format=args["format"].upper(),
            os_type=args["ostypeid"] or 1,
            url=args["url"],
            checksum=args["checksum"].rpartition("}")[2] if args["checksum"] else None,
            details=map_values(args["details"]),
            download_begun=state.clock.now(),
            download_seconds=state.switches["template_download_ms"] / 1000,
            download_error=state.switches["template_download_error"],
        )
    )
    _set(template, args, {**_FLAGS, **_SHARED})
    context.changed()
    return listing("template", [template_row(state, template)], 1)


def _check_address(url: str, image_format: str) -> None:
    parts = urlsplit(url)
    if image_format.upper() not in FORMATS:
        raise invalid(f"Image format: {image_format} is incorrect. Supported formats are {FORMATS}")
    if parts.scheme not in ("http", "https", "ftp", "nfs") or not parts.hostname:
        raise invalid(f"Unsupported scheme for url: {url}")
    ending = {"RAW": (".img", ".raw")}.get(image_format.upper(), (f".{image_format.lower()}",))
    if not parts.path.lower().endswith(tuple(one + packed for one in ending for packed in _PACKED)):
        raise invalid(f"Please specify a valid {image_format.lower()}")


@command(
    "createTemplate",
    JOB,
    None,
    Param("name", required=True),
    Param("displaytext"),
    OS_TYPE,
    Param("volumeid", "id", "volumes"),
    Param("snapshotid", "id", "snapshots"),
    Param("details", "map"),
    Param("ispublic", "bool"),
    Param("isfeatured", "bool"),
    *_bools(_FLAGS),
)
async def create_template(context: Context) -> Plan:
    """With snapshots kept on StorPool the template is a StorPool snapshot of its own; else a copy elsewhere."""
    state, args = context.state, context.args
    snapshot = state.snapshots.get(args["snapshotid"])
    if args["volumeid"] is None and snapshot is None:
        raise invalid("Failed to create private template record, neither volume ID nor snapshot ID were specified.")
    if args["volumeid"] is not None and snapshot is not None:
        raise invalid("Failed to create private template record, please specify only one of volume ID and snapshot ID")
    volume = state.volumes[snapshot.volume] if snapshot else existing_volume(state, args["volumeid"])
    vm = state.vms.get(volume.vm)
    if not snapshot and vm and vm.state != "Stopped":
        raise internal(
            f"Unable to create private template for volume: {volume.name}; volume is attached to a non-stopped VM, "
            "please stop the VM first"
        )
    pool = state.pools.get(snapshot.pool) if snapshot else storpool_of(state, volume)
    if pool is None or not is_storpool(pool):
        raise invalid("The volume is not on a StorPool pool")
    source = state.templates.get(volume.template)
    template = state.templates.add(
        rows.Template(
            name=args["name"],
            display_text=args["displaytext"] or args["name"],
            zone=volume.zone,
            size=volume.size,
            in_the_making=True,
            public=False,
            extractable=bool(source and source.extractable),
            os_type=args["ostypeid"] or 1,
            source=volume.template,
            details=map_values(args["details"]),
        )
    )
    _set(template, args, {**_FLAGS, "ispublic": "public", "isfeatured": "featured"})

    async def run() -> dict[str, Any]:
        try:
            await _make(state, pool, template, snapshot, volume)
        except (ApiError, DriverError):
            state.templates.remove(template)
            template.id = ""
            raise
        template.in_the_making = False
        return {"template": template_row(state, template)}

    return Plan(run, created_id=template.id, instance_type="Template")


async def _make(
    state: State, pool: rows.Pool, template: rows.Template, snapshot: rows.Snapshot | None, volume: rows.Volume
) -> None:
    if snapshot and snapshot.path and state.release.has("storpool_bypass_secondary_dead"):
        template.path = await storage.create_template(state, pool, template, snapshot.volume_size, snapshot.path)
        template.pool = pool.db_id
    elif kept_on_storpool(state):
        template.path = await storage.create_snapshot(state, pool, volume, template.id, "template")
        template.pool = pool.db_id
    elif not state.switches["secondary_storage_vm"]:
        raise internal("Failed to create templateNo remote endpoint to send command, check if host or ssvm is down?")


@command(
    "updateTemplate",
    OBJECT,
    "template",
    TEMPLATE_ID,
    Param("name"),
    Param("displaytext"),
    OS_TYPE,
    Param("details", "map"),
    Param("cleanupdetails", "bool"),
    *_bools(_FLAGS),
)
async def update_template(context: Context) -> dict[str, Any]:
    """Details that are given take the place of all that there are."""
    state, args = context.state, context.args
    template = _existing(state, args["id"])
    template.name = args["name"] or template.name
    template.display_text = args["displaytext"] or template.display_text
    template.os_type = args["ostypeid"] or template.os_type
    _set(template, args, _FLAGS)
    given = map_values(args["details"])
    if args["cleanupdetails"] or given:
        pool = given.pop("spStoragePoolId", None)
        template.details = {} if args["cleanupdetails"] else given
        # That detail is how the driver knows that the template is a snapshot.
        template.pool = template.pool if pool == str(template.pool) else None
    context.changed()
    members = ("id", "name", "displaytext", "ispublic", "created", "format", "ostypeid", "ostypename", "hypervisor")
    return {name: value for name, value in template_row(state, template).items() if name in members}


@command("updateTemplatePermissions", OBJECT, None, TEMPLATE_ID, Param("op"), *_bools(_SHARED))
async def update_template_permissions(context: Context) -> dict[str, Any]:
    template = _existing(context.state, context.args["id"])
    _set(template, context.args, _SHARED)
    context.changed()
    return {"success": True}


@command(
    "prepareTemplate",
    OBJECT,
    None,
    Param("zoneid", "id", "zones", required=True),
    Param("templateid", "id", "templates", required=True),
    Param("storageid", "id", "pools"),
)
async def prepare_template(context: Context) -> dict[str, Any]:
    """Answers at once, and goes on by itself without a job: what cannot be done, or fails, is only in the log there."""
    state, args = context.state, context.args
    template = _existing(state, args["templateid"])
    pools = [pool for pool in state.pools if args["storageid"] in (None, pool.db_id)]
    for pool in pools:
        if pool.zone == args["zoneid"] and pool.state == "Up" and is_storpool(pool):
            task = asyncio.get_running_loop().create_task(_prepare(state, pool, template))
            state.tasks.add(task)
            task.add_done_callback(state.tasks.discard)
    context.changed()
    return listing("template", [template_row(state, template)], 1) if is_ready(state, template) else {}


async def _prepare(state: State, pool: rows.Pool, template: rows.Template) -> None:
    await asyncio.sleep(state.switches["template_prepare_ms"] / 1000)
    hosts = [state.hosts[one] for one in pool.connected_hosts]
    if not is_ready(state, template) or not any(host.state == "Up" for host in hosts):
        return
    try:
        await storage.cache_template(state, pool, template)
    except (ApiError, DriverError, api.StorPoolError):
        return


@command(
    "deleteTemplate",
    JOB,
    None,
    TEMPLATE_ID,
    Param("zoneid", "id", "zones"),
    Param("forced", "bool", feature="templates_in_use_stay"),
)
async def delete_template(context: Context) -> Plan:
    """Its snapshots stay in the pools until the storage clean-up or the deletion of the pool."""
    state = context.state
    template = _existing(state, context.args["id"])

    async def run() -> dict[str, Any]:
        users = [vm for vm in state.vms if vm.template == template.db_id]
        if users and not context.args["forced"] and state.release.has("templates_in_use_stay"):
            raise invalid(
                f"Unable to delete template with id: {template.db_id} because VM instances: "
                f"[{','.join(vm.name for vm in users)}] are using it."
            )
        pool = state.pools.get(template.pool)
        if pool and template.path:
            pool.cached_templates[template.db_id], template.path = template.path, ""
        state.templates.remove(template)
        return {"success": True}

    return Plan(run, instance_type="Template", instance_id=template.id)
