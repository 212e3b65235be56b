# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes and snapshots on StorPool: the calls and tags of the driver."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulators.cloudstack import rows, settings
from simulators.cloudstack.errors import DriverError
from simulators.cloudstack.plugin import agents, api
from simulators.cloudstack.plugin.driver import Driver, connection, driver
from simulators.cloudstack.state import State


def reference(used: Driver, path: str) -> str:
    """How an object is named in an API call, from its device path."""
    name = path.rpartition("/")[2]
    return name if used.by_name else f"~{name}"


async def _post(state: State, pool: rows.Pool, query: str, body: Any = None) -> dict[str, Any]:
    answer = await api.call(connection(state, pool), driver(state).prefix + query, body, post=True)
    return answer.get("data") or {}


def _path(used: Driver, answer: Mapping[str, Any], uuid: str, field: str = "name") -> str:
    name = uuid if used.by_name else str(answer[field]).removeprefix("~")
    return used.device_path + name


def volume_tags(state: State, volume: rows.Volume, kind: str = "volume") -> dict[str, str]:
    """The tags a volume gets: its uuid, what it is, its VM, and what the VM and the offering ask for."""
    tags = {"uuid": volume.id, "cs": kind}
    vm = state.vms.get(volume.vm)
    if vm:
        tags["cvm"] = vm.id
        if "vc-policy" in vm.tags:
            tags["vc-policy"] = vm.tags["vc-policy"]
        if state.release.has("storpool_device_tag") and volume.device_id is not None:
            tags["disk"] = str(volume.device_id)
    tier = _offering_details(state, volume).get("SP_QOSCLASS")
    if tier and state.release.has("storpool_qos_class"):
        tags["qc"] = tier
    return tags


def _offering_details(state: State, volume: rows.Volume) -> Mapping[str, str]:
    disk = state.disk_offerings.get(volume.disk_offering)
    service = state.service_offerings.get(volume.service_offering)
    return {**(service.details if service else {}), **(disk.details if disk else {})}


async def create_volume(state: State, pool: rows.Pool, volume: rows.Volume, parent: str | None = None) -> None:
    """Creates a volume, empty or from a snapshot's path, and keeps its path."""
    used = driver(state)
    where = connection(state, pool)
    details = _offering_details(state, volume)
    template = where.template
    limited = volume.max_iops
    if "SP_QOSCLASS" in details and state.release.has("storpool_qos_class"):
        limited = None
    elif "SP_TEMPLATE" in details:
        template, limited = details["SP_TEMPLATE"], None
    body: dict[str, Any] = {"name": volume.id if used.by_name else "", "size": volume.size, "template": template}
    if parent:
        body["parent"] = reference(used, parent)
    if limited and used.tags:
        body["iops"] = limited
    if used.tags:
        body["tags"] = volume_tags(state, volume)
    answer = await _post(state, pool, "VolumeCreate", body)
    volume.path, volume.pool, volume.state = _path(used, answer, volume.id), pool.db_id, "Ready"


async def copy_volume(state: State, source: rows.Pool, target: rows.Pool, volume: rows.Volume) -> None:
    """Moves a detached volume to another pool: a copy based on it, then the original is deleted."""
    used = driver(state)
    old = volume.path
    body = {
        "baseOn": reference(used, old),
        "template": connection(state, target).template,
        "tags": volume_tags(state, volume),
    }
    answer = await _post(state, target, "VolumeCreate", body)
    volume.path, volume.pool = _path(used, answer, volume.id), target.db_id
    await _delete_path(state, source, old)


async def move_template(state: State, target: rows.Pool, volume: rows.Volume) -> None:
    """Moves a volume in use to another pool of the same cluster: only its template changes."""
    where = connection(state, target)
    await _post(state, target, f"VolumeUpdate/{reference(driver(state), volume.path)}", {"template": where.template})
    volume.pool = target.db_id


async def resize_volume(state: State, pool: rows.Pool, volume: rows.Volume, size: int, shrink: bool) -> None:
    """Sets a volume's size in bytes and its limit."""
    body: dict[str, Any] = {"size": size, "shrinkOk": shrink}
    if volume.max_iops and "SP_QOSCLASS" not in _offering_details(state, volume) and driver(state).tags:
        body["iops"] = volume.max_iops
    await _post(state, pool, f"VolumeUpdate/{reference(driver(state), volume.path)}", body)


async def change_offering(state: State, pool: rows.Pool, volume: rows.Volume, size: int, shrink: bool) -> None:
    """Gives a volume the template, the limit and the tier of its new offering, and a size in bytes."""
    used = driver(state)
    details = _offering_details(state, volume)
    tier = details.get("SP_QOSCLASS") if state.release.has("storpool_qos_class") else None
    body: dict[str, Any] = {"size": size, "shrinkOk": shrink, "template": connection(state, pool).template}
    if tier:
        body["tags"] = {"qc": tier}
    elif "SP_TEMPLATE" in details:
        body["template"] = details["SP_TEMPLATE"]
    elif used.tags:
        body["iops"] = volume.max_iops or 0
    await _post(state, pool, f"VolumeUpdate/{reference(used, volume.path)}", body)


async def delete_volume(state: State, pool: rows.Pool, volume: rows.Volume) -> None:
    """Deletes a volume from StorPool, after a safety snapshot where the pool asks for it; missing is fine."""
    used = driver(state)
    delay = settings.value(state, "storpool.delete.after.interval", settings.POOL, pool.db_id)
    if delay and int(delay) > 0:
        body = {"name": "", "tags": {"uuid": volume.id, "cs": "delayDelete"}, "deleteAfter": int(delay)}
        await _post(state, pool, f"VolumeSnapshot/{reference(used, volume.path)}", body)
    await _delete_path(state, pool, volume.path)
    volume.path = ""


async def _delete_path(state: State, pool: rows.Pool, path: str) -> None:
    try:
        await _post(state, pool, f"VolumeDelete/{reference(driver(state), path)}", {"onAttached": "detachForce"})
    except api.StorPoolError as error:
        if error.name != api.MISSING:
            raise


async def update_tags(state: State, pool: rows.Pool, volume: rows.Volume, tags: Mapping[str, str]) -> None:
    """Merges tags into a volume's; an empty value removes one."""
    if driver(state).tags:
        await _post(state, pool, f"VolumeUpdate/{reference(driver(state), volume.path)}", {"tags": dict(tags)})


async def attach(state: State, pool: rows.Pool, volume: rows.Volume, host: rows.Host) -> None:
    """What the agent of a host does when a VM there gets a volume."""
    used = driver(state)
    if await agents.told(state, host, "attach", reference(used, volume.path), volume.path):
        return
    item = {"volume": reference(used, volume.path), "rw": [host.agent.client_id]}
    if used.asks_agents:
        item["onRemoteAttached"] = "export"
    await _post(state, pool, "VolumesReassignWait", {"reassign": [item], "attachTimeout": 300})


async def detach(state: State, pool: rows.Pool, volume: rows.Volume, host: rows.Host) -> None:
    """What the agent of a host does when a VM there loses a volume."""
    name = reference(driver(state), volume.path)
    if await agents.told(state, host, "detach", name, volume.path):
        return
    item = {"volume": name, "detach": [host.agent.client_id]}
    await _post(state, pool, "VolumesReassignWait", {"reassign": [item]})


async def create_snapshot(state: State, pool: rows.Pool, volume: rows.Volume, uuid: str, kind: str = "snapshot") -> str:
    """Snapshots a volume; the path of the snapshot."""
    used = driver(state)
    body: dict[str, Any] = {"name": uuid if used.by_name else ""}
    if used.tags:
        body["tags"] = {"uuid": uuid, "cs": kind}
    answer = await _post(state, pool, f"VolumeSnapshot/{reference(used, volume.path)}", body)
    return _path(used, answer, uuid, "snapshotGlobalId")


async def delete_snapshot(state: State, pool: rows.Pool, path: str) -> None:
    """Detaches a snapshot from everywhere and deletes it."""
    used = driver(state)
    name = reference(used, path)
    await _post(state, pool, "VolumesReassign", [{"snapshot": name, "detach": "all", "force": True}])
    await _post(state, pool, f"SnapshotDelete/{name}")


async def revert(state: State, pool: rows.Pool, volume: rows.Volume, path: str) -> None:
    """Takes a volume back to a snapshot."""
    used = driver(state)
    if not used.can_revert:
        raise DriverError("Storpool revert snapshot not implemented")
    name = reference(used, volume.path)
    await _post(state, pool, "VolumesReassign", [{"volume": name, "detach": "all", "force": True}])
    await _post(state, pool, f"VolumeRevert/{name}", {"toSnapshot": reference(used, path)})


async def cache_template(state: State, pool: rows.Pool, template: rows.Template) -> str:
    """The path of a CloudStack template's StorPool snapshot in a pool, made on its first use there."""
    if template.pool == pool.db_id and template.path:
        return template.path
    if template.db_id in pool.cached_templates:
        return pool.cached_templates[template.db_id]
    used = driver(state)
    body: dict[str, Any] = {
        "name": template.id if used.by_name else "",
        "size": template.size,
        "template": connection(state, pool).template,
    }
    if used.tags:
        body["tags"] = {"uuid": template.id, "cs": "template"}
    answer = await _post(state, pool, "VolumeCreate", body)
    path = _path(used, answer, template.id)
    if used.freezes:
        await _post(state, pool, f"VolumeFreeze/{reference(used, path)}")
    else:
        snapshot = await _post(
            state, pool, f"VolumeSnapshot/{reference(used, path)}", {"name": "", "tags": body.get("tags", {})}
        )
        await _delete_path(state, pool, path)
        path = _path(used, snapshot, template.id, "snapshotGlobalId")
    pool.cached_templates[template.db_id] = path
    return path
