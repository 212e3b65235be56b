# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Virtual machines: enough of them to run, to have volumes, and to stand in the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from simulators.cloudstack import rows
from simulators.cloudstack.arguments import like
from simulators.cloudstack.commands.owners import OWNER_PARAMS, belongs, is_asked_for
from simulators.cloudstack.commands.vm_power import choose_host, migrate_vm, start_vm, stop_vm, storpool_of, volumes_of
from simulators.cloudstack.commands.volumes import choose_pool, remove_volume, tags_of
from simulators.cloudstack.downloads import is_ready
from simulators.cloudstack.errors import internal, invalid
from simulators.cloudstack.guest_views import VM_DETAILS, expunged_vm_row, vm_row, vm_row_with
from simulators.cloudstack.plugin import storage
from simulators.cloudstack.registry import JOB, LIST, Context, Param, Plan, Views, command
from simulators.cloudstack.state import State

VM_ID = Param("id", "id", "vms", required=True)


def _existing(context: Context) -> rows.VirtualMachine:
    vm = context.state.vms.get(context.args["id"])
    if vm is None or vm.removed:
        raise invalid(f"Unable to find a virtual machine with id {context.args['id']}")
    return vm


@command(
    "listVirtualMachines",
    LIST,
    "virtualmachine",
    Param("id", "id", "vms"),
    Param("name"),
    Param("state"),
    Param("zoneid", "id", "zones"),
    Param("hostid", "id", "hosts"),
    Param("storageid", "id", "pools"),
    Param("templateid", "id", "templates"),
    Param("listall", "bool"),
    Param("details", "list"),
    *OWNER_PARAMS,
)
async def list_virtual_machines(context: Context) -> Views:
    state, args = context.state, context.args
    details = [one.lower() for one in args["details"] or ["all"]]
    if unknown := set(details) - {*VM_DETAILS, "all"}:
        raise invalid(
            "The details parameter contains a non permitted value. The allowed values are "
            f"{['all', *VM_DETAILS]}: {', '.join(sorted(unknown))}"
        )
    found = [
        vm
        for vm in state.vms
        if args["id"] in (None, vm.db_id)
        and is_asked_for(context, vm)
        and (not args["name"] or like(args["name"], vm.name))
        and (not args["state"] or args["state"].lower() == vm.state.lower())
        and args["zoneid"] in (None, vm.zone)
        and args["hostid"] in (None, vm.host)
        and args["templateid"] in (None, vm.template)
        and (args["storageid"] is None or any(one.pool == args["storageid"] for one in volumes_of(state, vm)))
        and (not args["keyword"] or like(args["keyword"], vm.name) or like(args["keyword"], vm.display_name))
    ]
    return Views(found, lambda vm: vm_row(state, vm) if "all" in details else vm_row_with(state, vm, details))


@command(
    "deployVirtualMachine",
    JOB,
    None,
    Param("zoneid", "id", "zones", required=True),
    Param("serviceofferingid", "id", "service_offerings", required=True),
    Param("templateid", "id", "templates", required=True),
    Param("name"),
    Param("displayname"),
    Param("hostid", "id", "hosts"),
    Param("startvm", "bool"),
    *OWNER_PARAMS,
)
async def deploy_virtual_machine(context: Context) -> Plan:
    state, args = context.state, context.args
    template = state.templates.get(args["templateid"])
    if template is None or template.removed or not is_ready(state, template):
        raise invalid(f"Unable to use template {args['templateid']}")
    if args["name"] and state.vms.by_name(args["name"]):
        raise invalid(f"The vm with hostName {args['name']} already exists in the network domain")
    vm, root = new_vm(state, args["zoneid"], args["serviceofferingid"], template, args["name"])
    vm.display_name = args["displayname"] or vm.name
    belongs(context, vm)
    belongs(context, root)

    async def run() -> dict[str, Any]:
        await create_root(state, root, template)
        if args["startvm"] is not False:
            await start_vm(state, vm, state.hosts.get(args["hostid"]))
        return {"virtualmachine": vm_row(state, vm)}

    return Plan(run, created_id=vm.id, instance_type="VirtualMachine")


def new_vm(
    state: State, zone: int, offering: int, template: rows.Template, name: str | None
) -> tuple[rows.VirtualMachine, rows.Volume]:
    """The rows of a VM and its ROOT volume; nothing is made on StorPool yet."""
    vm = state.vms.add(rows.VirtualMachine(zone=zone, service_offering=offering, template=template.db_id))
    vm.name = vm.display_name = name or f"vm-{vm.db_id}"
    service = state.service_offerings[offering]
    root = state.volumes.add(
        rows.Volume(
            name=f"ROOT-{vm.db_id}",
            type="ROOT",
            size=max(template.size, service.root_disk_size << 30),
            zone=zone,
            vm=vm.db_id,
            device_id=0,
            service_offering=offering,
            template=template.db_id,
            min_iops=service.min_iops,
            max_iops=service.max_iops,
        )
    )
    return vm, root


async def create_root(state: State, root: rows.Volume, template: rows.Template, pool: rows.Pool | None = None) -> None:
    """Makes a ROOT volume on StorPool: a child of the template's snapshot in the pool."""
    service = state.service_offerings[root.service_offering]
    chosen = pool or choose_pool(state, root.zone, tags_of(service.tags))
    parent = await storage.cache_template(state, chosen, template)
    await storage.create_volume(state, chosen, root, parent)


def _gone(context: Context) -> dict[str, Any]:
    """The answer for a VM that has been expunged; the object has no name in older releases."""
    name = "virtualmachine" if context.release.has("expunged_vm_has_a_name") else "null"
    return {name: expunged_vm_row(context.state)}


def _vm_job(context: Context, vm: rows.VirtualMachine, work: Callable[[], Awaitable[None]]) -> Plan:
    async def run() -> dict[str, Any]:
        await work()
        vm.updated = context.state.clock.now()
        return _gone(context) if vm.removed else {"virtualmachine": vm_row(context.state, vm)}

    return Plan(run, instance_type="VirtualMachine", instance_id=vm.id)


@command("stopVirtualMachine", JOB, None, VM_ID, Param("forced", "bool"))
async def stop_virtual_machine(context: Context) -> Plan:
    vm = _existing(context)

    async def work() -> None:
        if vm.state == "Running":
            await stop_vm(context.state, vm, forced=bool(context.args["forced"]))

    return _vm_job(context, vm, work)


@command(
    "startVirtualMachine",
    JOB,
    None,
    VM_ID,
    Param("hostid", "id", "hosts"),
    Param("clusterid", "id", "clusters", feature="start_vm_in_cluster"),
)
async def start_virtual_machine(context: Context) -> Plan:
    vm = _existing(context)
    cluster = context.args["clusterid"]

    async def work() -> None:
        if vm.state == "Running":
            return
        if vm.state != "Stopped":
            raise internal(f"Failed to start {vm.name}: it is in state {vm.state}")
        await start_vm(context.state, vm, context.state.hosts.get(context.args["hostid"]), cluster)

    return _vm_job(context, vm, work)


@command("destroyVirtualMachine", JOB, None, VM_ID, Param("expunge", "bool"))
async def destroy_virtual_machine(context: Context) -> Plan:
    """An expunged VM is gone with its ROOT volume; a destroyed one keeps it until then."""
    state, vm = context.state, _existing(context)

    async def work() -> None:
        if vm.state == "Running":
            await stop_vm(state, vm)
        vm.state = "Destroyed"
        if context.args["expunge"]:
            volumes = volumes_of(state, vm)
            for volume in volumes:
                pool = storpool_of(state, volume)
                if volume.type != "ROOT" and pool:
                    await storage.leave(state, pool, volume, vm, expunged=True)
            for volume in volumes:
                if volume.type == "ROOT":
                    await remove_volume(state, volume)
                else:
                    volume.vm = volume.device_id = volume.attached = None
            vm.state = "Expunging"
            state.vms.remove(vm)

    return _vm_job(context, vm, work)


@command(
    "migrateVirtualMachine",
    JOB,
    None,
    Param("virtualmachineid", "id", "vms", required=True),
    Param("hostid", "id", "hosts"),
)
async def migrate_virtual_machine(context: Context) -> Plan:
    state, args = context.state, context.args
    vm, host = state.vms.get(args["virtualmachineid"]), state.hosts.get(args["hostid"])
    if vm is None or vm.removed:
        raise invalid(f"Unable to find the VM by id={args['virtualmachineid']}")
    if vm.state != "Running":
        raise invalid("VM is not Running, unable to migrate the vm")
    if host is not None and host.db_id == vm.host:
        raise invalid("Cannot migrate VM, VM is already present on this host, please specify valid destination host")

    async def work() -> None:
        await migrate_vm(state, vm, host or choose_host(state, vm, avoid=vm.host))

    return _vm_job(context, vm, work)
