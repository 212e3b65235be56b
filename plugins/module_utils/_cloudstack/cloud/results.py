# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that modules return: one function for each kind, used by the managing and the info modules alike.

Keys are snake_case, sizes are bytes, ``None`` is "none", or "not told by this version of CloudStack".
"""

from __future__ import annotations

import typing as t

from ..._common.secret_urls import redacted
from . import identity, other_half
from .reader import Raw
from .setting_values import HIDDEN
from .states import allocation_state


def pool(raw: Raw, hosts: t.Optional[t.Mapping[str, t.Sequence[str]]] = None) -> t.Dict[str, t.Any]:
    """A StorPool pool of listStoragePools, or one that a plan predicts (``id`` and ``created`` are ``None`` until it exists).

    ``hosts`` has the names under "connected" and "not_connected"; ``None`` if that was not asked, or cannot be.
    """
    capacity = raw.get("capacitybytes")
    return {
        "id": identity.shown_id(raw),
        "name": raw["name"],
        "zone": raw.get("zonename"),
        "zone_id": raw.get("zoneid"),
        "template": raw["template"] if "template" in raw else identity.template_of(raw),
        "endpoint": raw["endpoint"] if "endpoint" in raw else identity.endpoint_of(raw),
        "provider": identity.PROVIDER,
        "state": raw.get("state"),
        "allocation_state": allocation_state(raw.get("state")),
        "scope": raw.get("scope"),
        "hypervisor": raw.get("hypervisor"),
        "type": raw.get("type"),
        "path": raw.get("path"),
        "capacity": raw.get("disksizetotal") if capacity is None else capacity,
        "used": raw.get("disksizeused"),
        "allocated": raw.get("disksizeallocated"),
        "tags": tags(raw),
        "tag_is_rule": bool(raw.get("istagarule")),
        "created": raw.get("created"),
        "hosts": None if hosts is None else {key: list(names) for key, names in hosts.items()},
    }


def tags(raw: Raw) -> t.List[str]:
    """The storage tags of a pool, sorted. A tag rule (4.19) is one text, whatever commas it has."""
    text = str(raw.get("tags") or "")
    if raw.get("istagarule"):
        return [text] if text else []
    return sorted({tag.strip() for tag in text.split(",") if tag.strip()})


def host(
    raw: Raw,
    pools: t.Optional[t.Mapping[str, t.Sequence[str]]],
    healthy: bool,
    storpool_client_id: t.Optional[int] = None,
) -> t.Dict[str, t.Any]:
    """A host of listHosts. ``pools`` has names under "connected" and "not_connected"; ``None`` if that was not asked, or cannot be."""
    return {
        "id": raw["id"],
        "name": raw["name"],
        "state": raw.get("state"),
        "resource_state": raw.get("resourcestate"),
        "zone": raw.get("zonename"),
        "pod": raw.get("podname"),
        "cluster": raw.get("clustername"),
        "ip_address": raw.get("ipaddress"),
        "version": raw.get("version"),
        "management_server_id": raw.get("managementserverid"),
        "disconnected": raw.get("disconnected"),
        "storpool_client_id": storpool_client_id,
        "pools": None if pools is None else {key: list(names) for key, names in pools.items()},
        "healthy": healthy,
    }


def management_server(
    raw: Raw,
    others_up: t.Iterable[str],
    pending_jobs: t.Optional[int],
    storage_providers: t.Optional[t.Iterable[str]],
) -> t.Dict[str, t.Any]:
    """A management server of listManagementServers, or what a plan predicts of it.

    ``pending_jobs`` is what was asked especially, in place of what the row tells; ``storage_providers`` are those of the server that answers.
    """
    return {
        "id": raw.get("id"),
        "name": raw["name"],
        "state": raw.get("state"),
        "version": raw.get("version"),
        "ip_address": raw.get("ipaddress") or raw.get("serviceip"),
        "agents": raw.get("agentscount"),
        "pending_jobs": raw.get("pendingjobscount") if pending_jobs is None else pending_jobs,
        "others_up": sorted(others_up),
        "storage_providers": None if storage_providers is None else sorted(storage_providers),
    }


def configuration(
    raw: Raw, scope: str, of: t.Optional[str], value: t.Optional[str], hidden: bool
) -> t.Dict[str, t.Any]:
    """A setting of listConfigurations with the value that it has or will have. Values of one that is ``hidden`` are not shown."""
    values = {"value": value or None, "default": raw.get("defaultvalue") or None}
    dynamic = raw.get("isdynamic")
    return {
        "name": raw["name"],
        **{key: HIDDEN if hidden and text is not None else text for key, text in values.items()},
        "hidden": hidden,
        "scope": scope,
        "scope_name": of,
        "type": raw.get("type"),
        "category": raw.get("category"),
        "description": raw.get("description"),
        "restart_needed": None if dynamic is None else not dynamic,
    }


def template(raw: Raw, cached: t.Optional[t.Mapping[str, t.Any]] = None) -> t.Dict[str, t.Any]:
    """A template of listTemplates, or one that a plan predicts (what only CloudStack knows is ``None``). ``cached`` is where StorPool has a copy."""
    url = raw.get("url")
    return {
        "id": raw.get("id"),
        "name": raw["name"],
        "display_text": raw.get("displaytext"),
        "zone": raw.get("zonename"),
        "zone_id": raw.get("zoneid"),
        "ready": raw.get("isready"),
        "status": raw.get("status"),
        "format": raw.get("format"),
        "size": raw.get("size"),
        "physical_size": raw.get("physicalsize"),
        "os_type": raw.get("ostypename"),
        "os_type_id": raw.get("ostypeid"),
        "public": raw.get("ispublic"),
        "featured": raw.get("isfeatured"),
        "extractable": raw.get("isextractable"),
        "password_enabled": raw.get("passwordenabled"),
        "ssh_key_enabled": raw.get("sshkeyenabled"),
        "dynamically_scalable": raw.get("isdynamicallyscalable"),
        "checksum": raw.get("checksum"),
        "url": redacted(str(url)) if url else None,
        "source_template_id": raw.get("sourcetemplateid"),
        "details": None if raw.get("details", {}) is None else dict(raw.get("details", {})),
        "created": raw.get("created"),
        "cached": dict(cached) if cached is not None else None,
    }


def download(volume: Raw, dest: str, size: t.Optional[int], checksum: t.Optional[str]) -> t.Dict[str, t.Any]:
    """A volume as a file, or what a plan predicts of it. ``volume`` is empty if it is not there any more."""
    return {
        "dest": dest,
        "size": size,
        "checksum": checksum,
        "volume": volume.get("name"),
        "volume_id": volume.get("id"),
        "zone": volume.get("zonename"),
    }


def disk_offering(raw: Raw, details: t.Mapping[str, str], zones: t.Sequence[str]) -> t.Dict[str, t.Any]:
    """A disk offering of listDiskOfferings, or one that a plan predicts (``id`` is ``None`` until it exists). No ``zones`` are all zones."""
    customized = bool(raw.get("iscustomized"))
    return {
        "id": raw.get("id"),
        "name": raw["name"],
        "display_text": raw.get("displaytext"),
        "customized": customized,
        "disk_size": None if customized or raw.get("disksize") is None else int(raw["disksize"]) << 30,
        "max_iops": raw.get("maxiops") or None,
        "min_iops": raw.get("miniops") or None,
        "tags": tags(raw),
        "storpool_template": details.get("SP_TEMPLATE"),
        "qos_class": details.get("SP_QOSCLASS"),
        "zones": sorted(zones),
    }


def volume(raw: Raw) -> t.Dict[str, t.Any]:
    """A volume of listVolumes, or one that a plan predicts (what only CloudStack knows is ``None``). ``storpool_id`` is the global id on StorPool."""
    reference = other_half.reference(raw.get("path")) or ""
    return {
        "id": raw.get("id"),
        "name": raw["name"],
        "type": raw.get("type"),
        "state": raw.get("state"),
        "size": raw.get("size"),
        **_place(raw),
        "vm": _of(raw, "virtualmachineid", name="vmname", state="vmstate"),
        "device_id": raw.get("deviceid"),
        "pool": _of({**raw, "storageid": identity.shown_id({"id": raw.get("storageid")})}, "storageid", name="storage"),
        "disk_offering": _of(raw, "diskofferingid", name="diskofferingname"),
        "min_iops": raw.get("miniops") or None,
        "max_iops": raw.get("maxiops") or None,
        "path": raw.get("path"),
        "storpool_id": reference[1:] if reference.startswith("~") else None,
        "snapshot_id": raw.get("snapshotid"),
        "created": raw.get("created"),
        "tags": tags_of(raw),
    }


def volume_snapshot(raw: Raw, storpool: t.Optional[t.Mapping[str, t.Any]] = None) -> t.Dict[str, t.Any]:
    """A volume snapshot of listSnapshots, or one that a plan predicts. ``storpool`` is what StorPool has of it, ``None`` if that was not asked."""
    return {
        "id": raw.get("id"),
        "name": raw["name"],
        "state": raw.get("state"),
        "volume": _of(raw, "volumeid", name="volumename"),
        **_place(raw),
        "created": raw.get("created"),
        "size": raw.get("virtualsize"),
        "type": raw.get("intervaltype"),
        "revertable": raw.get("revertable"),
        "tags": tags_of(raw),
        "storpool": None if storpool is None else dict(storpool),
    }


def vm_snapshot(raw: Raw) -> t.Dict[str, t.Any]:
    """A VM snapshot of listVMSnapshot, or one that a plan predicts."""
    return {
        "id": raw.get("id"),
        "name": raw["name"],
        "display_name": raw.get("displayname"),
        "description": raw.get("description"),
        "state": raw.get("state"),
        "vm_id": raw.get("virtualmachineid"),
        "current": raw.get("current"),
        "parent": raw.get("parent"),
        "created": raw.get("created"),
        "tags": tags_of(raw),
    }


def vm(raw: Raw) -> t.Dict[str, t.Any]:
    """A VM of listVirtualMachines."""
    return {
        "id": raw["id"],
        "name": raw["name"],
        "display_name": raw.get("displayname"),
        "instance_name": raw.get("instancename"),
        "state": raw.get("state"),
        "host": _of(raw, "hostid", name="hostname"),
        **_place(raw),
        "template_id": raw.get("templateid"),
        "service_offering": raw.get("serviceofferingname"),
        "created": raw.get("created"),
        "tags": tags_of(raw),
    }


def tags_of(raw: Raw) -> t.Dict[str, str]:
    """The tags that people have given a volume, a snapshot or a VM."""
    return {str(tag["key"]): str(tag.get("value", "")) for tag in raw.get("tags") or ()}


def _place(raw: Raw) -> t.Dict[str, t.Any]:
    """In which zone an object is, and whose it is."""
    return {
        "zone": raw.get("zonename"),
        "zone_id": raw.get("zoneid"),
        "account": raw.get("account"),
        "domain": raw.get("domain"),
        "project": raw.get("project"),
    }


def _of(raw: Raw, id_member: str, **members: str) -> t.Optional[t.Dict[str, t.Any]]:
    """What a row tells of another object; ``None`` if there is none."""
    if raw.get(id_member) is None:
        return None
    return {"id": raw[id_member], **{key: raw.get(member) for key, member in members.items()}}
