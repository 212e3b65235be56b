# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What belongs to an account, as answers show it: virtual machines, volumes, snapshots."""

from __future__ import annotations

import uuid
from typing import Any

from simulators.cloudstack import jobs, rows
from simulators.cloudstack.envelopes import date
from simulators.cloudstack.members import shown
from simulators.cloudstack.owner import ACCOUNT, DOMAIN_ID, OS_NAME, OS_TYPE, USER_ID
from simulators.cloudstack.state import State

#: The network that every virtual machine is in.
NETWORK, NETWORK_NAME, VLAN = "5b0e57aa-3a55-11ee-9c12-1e00a500000a", "guests", "vlan://181"
_NO_ACTIVITY = {"diskkbsread": 0, "diskkbswrite": 0, "diskioread": 0, "diskiowrite": 0}


def _job(state: State, kind: str, row: rows.Row) -> dict[str, Any]:
    """The job in progress on an object, which answers show with it: the one that gives the answer among them."""
    job = jobs.pending_of(state, kind, row.id)
    return {"jobid": job.id, "jobstatus": job.status} if job else {}


def _owner(state: State, row: rows.Owned) -> dict[str, Any]:
    """Whose something is: what belongs to a project shows no account."""
    domain, project = state.domains[row.domain], state.projects.get(row.project)
    where = {"domainid": domain.id, "domain": domain.name, "domainpath": domain.path}
    return {"projectid": project.id, "project": project.name, **where} if project else {"account": row.account, **where}


def _tags(row: rows.Row, kind: str, tags: dict[str, str]) -> list[dict[str, str]]:
    owned = {"resourcetype": kind, "resourceid": row.id, "account": ACCOUNT, "domainid": DOMAIN_ID, "domain": "ROOT"}
    return [{"key": key, "value": value, **owned} for key, value in tags.items()]


def volume_row(state: State, row: rows.Volume) -> dict[str, Any]:
    pool, vm = state.pools.get(row.pool), state.vms.get(row.vm)
    zone, offering = state.zones[row.zone], state.disk_offerings.get(row.disk_offering)
    template = state.templates.get(row.template)
    service = state.service_offerings.get(row.service_offering)
    used = vm is not None or row.type == "ROOT"
    values = {
        "id": row.id,
        "name": row.name,
        "zoneid": zone.id,
        "zonename": zone.name,
        "type": row.type,
        "deviceid": row.device_id,
        "virtualmachineid": vm.id if vm else None,
        "templateid": template.id if template else None,
        "templatename": template.name if template else None,
        "templatedisplaytext": template.display_text if template else None,
        "vmname": vm.name if vm else None,
        "vmdisplayname": vm.display_name if vm else None,
        "vmstate": vm.state if vm else None,
        "vmtype": "User" if vm else None,
        "provisioningtype": offering.provisioning_type if offering else "thin",
        "size": row.size,
        "miniops": row.min_iops,
        "maxiops": row.max_iops,
        "created": date(row.created),
        "state": row.passing or row.state,
        **_owner(state, row),
        "storagetype": "shared",
        **(_NO_ACTIVITY if used else {}),
        "hypervisor": "KVM" if pool else "None",
        "diskofferingid": offering.id if offering else None,
        "diskofferingname": offering.name if offering else None,
        "diskofferingdisplaytext": offering.display_text if offering else None,
        "storage": pool.name if pool else None,
        "attached": date(row.attached),
        "destroyed": row.state in ("Destroy", "Expunging"),
        # The number of the offering where everything else is a uuid, in every release that was looked at.
        "serviceofferingid": str(service.db_id) if service else None,
        "serviceofferingname": service.name if service else None,
        "serviceofferingdisplaytext": service.display_text if service else None,
        "isextractable": True,
        "displayvolume": True,
        "path": row.path or None,
        "storageid": pool.id if pool else None,
        "quiescevm": False,
        "supportsstoragesnapshot": False,
        "deleteprotection": False,
        "tags": _tags(row, "Volume", row.tags),
        "hasannotations": False,
        **_job(state, "Volume", row),
    }
    return shown(state.release, "volume", values)


def snapshot_row(state: State, row: rows.Snapshot, listing: bool = False) -> dict[str, Any]:
    """A snapshot; lists say less of it than the answers to changes."""
    volume, zone = state.volumes[row.volume], state.zones[row.zone]
    values = {
        "id": row.id,
        **_owner(state, volume),
        "snapshottype": None if listing and state.release.has("snapshots_by_store") else "MANUAL",
        "volumeid": volume.id,
        "volumename": volume.name,
        "volumetype": volume.type,
        "volumestate": volume.state,
        "created": date(row.created),
        "name": row.name,
        "intervaltype": "MANUAL",
        "state": "BackedUp" if row.removed else row.state,
        "physicalsize": 0,
        "zoneid": zone.id,
        "zonename": zone.name,
        "revertable": True,
        "ostypeid": OS_TYPE if volume.type == "ROOT" else None,
        "osdisplayname": OS_NAME if volume.type == "ROOT" else None,
        "virtualsize": row.volume_size,
        "tags": _tags(row, "Snapshot", row.tags),
        "hasannotations": False,
    }
    return shown(state.release, "snapshot", values)


def vm_snapshot_row(state: State, row: rows.VMSnapshot) -> dict[str, Any]:
    vm, zone, parent = state.vms[row.vm], state.zones[row.zone], state.vm_snapshots.get(row.parent)
    values = {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "description": row.description,
        "displayname": row.display_name,
        "zoneid": zone.id,
        "zonename": zone.name,
        "virtualmachineid": vm.id,
        "virtualmachinename": vm.display_name,
        "parent": parent.id if parent else None,
        "parentName": parent.display_name if parent else None,
        "current": row.current,
        "type": "Disk",
        "created": date(row.created),
        **_owner(state, vm),
        "hypervisor": "KVM",
        "tags": [],
        "hasannotations": False,
    }
    return shown(state.release, "vmsnapshot", values)


#: What `listVirtualMachines` may be asked for in `details`, and which members come with it.
VM_DETAILS: dict[str, tuple[str, ...]] = {
    "tmpl": (
        *("templateid", "templatename", "templatetype", "templateformat", "templatedisplaytext", "passwordenabled"),
    ),
    "servoff": ("serviceofferingid", "serviceofferingname", "cpunumber", "cpuspeed", "memory"),
    "diskoff": ("diskofferingid", "diskofferingname"),
    "volume": ("rootdeviceid", "rootdevicetype"),
    "nics": (),
    "secgrp": (),
    "affgrp": (),
    "group": (),
    "stats": (),
    "backoff": (),
    "iso": (),
    "min": (),
}


def vm_row_with(state: State, row: rows.VirtualMachine, details: list[str]) -> dict[str, Any]:
    """A virtual machine with what `details` asks for; what is a list is there, though empty."""
    left_out = {member for name, members in VM_DETAILS.items() if name not in details for member in members}
    values = {name: value for name, value in vm_row(state, row).items() if name not in left_out}
    return values if "nics" in details else {**values, "nic": []}


def vm_row(state: State, row: rows.VirtualMachine) -> dict[str, Any]:
    zone, host = state.zones[row.zone], state.hosts.get(row.host)
    template, offering = state.templates[row.template], state.service_offerings[row.service_offering]
    volumes = [volume for volume in state.volumes if volume.vm == row.db_id]
    pools = [pool for pool in (state.pools.get(volume.pool) for volume in volumes) if pool]
    disk = _first_disk(state, volumes)
    values = {
        "id": row.id,
        "name": row.name,
        "displayname": row.display_name,
        **_owner(state, row),
        "userid": USER_ID,
        "username": ACCOUNT,
        "created": date(row.created),
        "lastupdated": date(row.updated or row.created),
        "state": row.state,
        "haenable": offering.offer_ha,
        "zoneid": zone.id,
        "zonename": zone.name,
        "hostid": host.id if host else None,
        "hostname": host.name if host else None,
        "hostcontrolstate": _control(host) if host else None,
        "templateid": template.id,
        "templatename": template.name,
        "templatetype": "USER",
        "templateformat": "QCOW2",
        "templatedisplaytext": template.display_text or template.name,
        "passwordenabled": False,
        "serviceofferingid": offering.id,
        "serviceofferingname": offering.name,
        "diskofferingid": disk.id if disk else None,
        "diskofferingname": disk.name if disk else None,
        "cpunumber": offering.cpu_number,
        "cpuspeed": offering.cpu_speed,
        "memory": offering.memory,
        "guestosid": OS_TYPE,
        "rootdeviceid": 0,
        "rootdevicetype": "ROOT",
        "securitygroup": [],
        "nic": [_nic(row)],
        "hypervisor": "KVM",
        "instancename": f"i-2-{row.db_id}-VM",
        "details": _vm_details(state, row),
        "affinitygroup": [],
        "displayvm": True,
        "isdynamicallyscalable": False,
        "deleteprotection": False,
        "ostypeid": OS_TYPE,
        "osdisplayname": OS_NAME,
        # Known until the VM is stopped for the first time.
        "bootmode": None if row.was_stopped else "legacy",
        "boottype": None if row.was_stopped else "Bios",
        "pooltype": pools[0].type if pools else None,
        "receivedbytes": 0,
        "sentbytes": 0,
        "arch": "x86_64",
        "tags": _tags(row, "UserVm", row.tags),
        "hasannotations": False,
        **_job(state, "VirtualMachine", row),
    }
    return shown(state.release, "virtualmachine", values)


def expunged_vm_row(state: State) -> dict[str, Any]:
    """What is left to say of a VM that is gone."""
    values = {"securitygroup": [], "nic": [], "affinitygroup": [], "deleteprotection": False, "tags": []}
    return shown(state.release, "virtualmachine", values)


def _control(host: rows.Host) -> str:
    return host.resource_state if host.state == "Up" else "Offline"


def _first_disk(state: State, volumes: list[rows.Volume]) -> rows.DiskOffering | None:
    """The disk offering that a VM shows: that of the last of its data disks."""
    data = sorted((one for one in volumes if one.type == "DATADISK"), key=lambda one: one.device_id or 0)
    return next((state.disk_offerings.get(one.disk_offering) for one in data), None)


def _vm_details(state: State, row: rows.VirtualMachine) -> dict[str, str]:
    """Details that the server keeps of a VM; the ratios are no longer among them in newer releases."""
    flags = {"Message.ReservedCapacityFreed.Flag": "false"} if row.was_stopped else {}
    if state.release.has("vm_ratios_hidden"):
        return flags
    return {"cpuOvercommitRatio": "1.0", "memoryOvercommitRatio": "1.0", **flags}


def _nic(row: rows.VirtualMachine) -> dict[str, Any]:
    """The one network card, which is on a VLAN while the VM runs."""
    wires = {"isolationuri": VLAN, "broadcasturi": VLAN} if row.state == "Running" else {}
    return {
        "id": str(uuid.uuid3(uuid.NAMESPACE_OID, row.id)),
        "networkid": NETWORK,
        "networkname": NETWORK_NAME,
        **wires,
        "traffictype": "Guest",
        "type": "L2",
        "isdefault": True,
        "macaddress": f"02:01:00:cc:{row.db_id >> 8 & 255:02x}:{row.db_id & 255:02x}",
        "secondaryip": [],
        "extradhcpoption": [],
        "deviceid": "0",
    }
