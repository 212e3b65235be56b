# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes and snapshots on StorPool: the calls and tags of the driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulators.cloudstack import rows, settings
from simulators.cloudstack.errors import DriverError
from simulators.cloudstack.plugin import agents, api
from simulators.cloudstack.plugin.driver import Driver, connection, driver
from simulators.cloudstack.plugin.url import IN_TREE, IN_TREE_URI
from simulators.cloudstack.state import State

#: The tag of a VM that the driver copies to all its volumes.
POLICY = "vc-policy"


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


def volume_tags(state: State, volume: rows.Volume, kind: str = "volume", known: bool = True) -> dict[str, str]:
    """The tags a volume gets: its uuid, what it is, its VM, and what the VM and the offering ask for.

    With `known` false they are those of a volume whose VM is not known yet, though it is about to be attached.
    """
    tags = {"uuid": volume.id, "cs": kind}
    vm = state.vms.get(volume.vm) if known else None
    policy = vm.tags.get(POLICY, "") if vm else ""
    if policy or (state.release.has("storpool_policy_always_tagged") and (vm or _defines(state))):
        tags[POLICY] = policy
    if vm:
        tags["cvm"] = vm.id
        if state.release.has("storpool_device_tag") and volume.device_id is not None:
            tags["disk"] = str(volume.device_id)
    tier = _offering_details(state, volume).get("SP_QOSCLASS")
    if tier and state.release.has("storpool_qos_class"):
        tags["qc"] = tier
    return tags


def vm_tags(state: State, vm: rows.VirtualMachine) -> dict[str, str]:
    """The tags that say to which VM a volume belongs."""
    policy = vm.tags.get(POLICY, "")
    always = state.release.has("storpool_policy_always_tagged")
    return {"cvm": vm.id, **({POLICY: policy} if policy or always else {})}


def _defines(state: State) -> bool:
    """Whether this driver sends the whole definition of a volume at once, without a name, since it has tiers."""
    return state.release.has("storpool_qos_class")


def _offering_details(state: State, volume: rows.Volume) -> Mapping[str, str]:
    disk = state.disk_offerings.get(volume.disk_offering)
    service = state.service_offerings.get(volume.service_offering)
    return {**(service.details if service else {}), **(disk.details if disk else {})}


async def create_volume(
    state: State, pool: rows.Pool, volume: rows.Volume, parent: str | None = None, known: bool = True
) -> None:
    """Creates a volume, empty or from a snapshot's path, and keeps its path; `known` as in `volume_tags`."""
    used = driver(state)
    template, limited = _policy(state, pool, volume)
    body: dict[str, Any] = {"size": volume.size, "template": template}
    if not _defines(state):
        body["name"] = volume.id if used.by_name else ""
    if parent:
        body["parent"] = reference(used, parent)
    if limited and used.tags:
        body["iops"] = limited
    if used.tags:
        body["tags"] = volume_tags(state, volume, known=known)
    answer = await _post(state, pool, "VolumeCreate", body)
    volume.path, volume.pool, volume.state = _path(used, answer, volume.id), pool.db_id, "Ready"


def _policy(state: State, pool: rows.Pool, volume: rows.Volume) -> tuple[str | None, int | None]:
    """The StorPool template and the limit that a volume gets: its offering may name a template or a tier."""
    details, template = _offering_details(state, volume), connection(state, pool).template
    if "SP_QOSCLASS" in details and state.release.has("storpool_qos_class"):
        return template, None
    if "SP_TEMPLATE" in details and state.release.has("storpool_offering_template"):
        return details["SP_TEMPLATE"], None
    return template, volume.max_iops


async def copy_volume(state: State, source: rows.Pool, target: rows.Pool, volume: rows.Volume) -> None:
    """Moves a detached volume to another pool: a copy based on it, then the original is deleted."""
    used = driver(state)
    if used.by_name:
        raise DriverError("Storpool volume migration not implemented")
    old = volume.path
    body = {
        "baseOn": reference(used, old),
        "template": connection(state, target).template,
        "tags": volume_tags(state, volume, known=False) if not _defines(state) else volume_tags(state, volume),
    }
    answer = await _post(state, target, "VolumeCreate", body)
    volume.path, volume.pool = _path(used, answer, volume.id), target.db_id
    await delete_path(state, source, old)


async def take_away(state: State, source: rows.Pool, volume: rows.Volume) -> None:
    """Moves a detached volume to a pool of another kind: some host reads it, then the original is deleted."""
    await _copied(state, source, "volume", volume.path)
    await delete_path(state, source, volume.path)


async def bring_in(state: State, target: rows.Pool, volume: rows.Volume) -> None:
    """Moves a detached volume from a pool of another kind: some host writes to the new one what the old one holds."""
    await create_volume(state, target, volume)
    await _copied(state, target, "volume", volume.path)


async def move_template(state: State, target: rows.Pool, volume: rows.Volume) -> None:
    """Moves a volume in use to another pool of the same cluster: only its template changes."""
    where = connection(state, target)
    await _post(state, target, f"VolumeUpdate/{reference(driver(state), volume.path)}", {"template": where.template})
    volume.pool = target.db_id


async def resize_volume(state: State, pool: rows.Pool, volume: rows.Volume, size: int, shrink: bool) -> None:
    """Sets a volume's size in bytes and its limit."""
    body: dict[str, Any] = {"size": size, "shrinkOk": shrink}
    limited = volume.max_iops or state.release.has("storpool_resize_sets_limit")
    if limited and "SP_QOSCLASS" not in _offering_details(state, volume) and driver(state).tags:
        body["iops"] = volume.max_iops or 0
    await _post(state, pool, f"VolumeUpdate/{reference(driver(state), volume.path)}", body)


async def change_offering(state: State, pool: rows.Pool, volume: rows.Volume, size: int, shrink: bool) -> None:
    """Gives a volume the template, the limit and the tier of its new offering, and a size in bytes."""
    used = driver(state)
    details = _offering_details(state, volume)
    tier = details.get("SP_QOSCLASS") if state.release.has("storpool_qos_class") else None
    body: dict[str, Any] = {"size": size, "shrinkOk": shrink, "template": connection(state, pool).template}
    if tier:
        body["tags"] = {"qc": tier}
    elif "SP_TEMPLATE" in details and state.release.has("storpool_offering_template"):
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
    await delete_path(state, pool, volume.path)
    volume.path = ""


async def delete_path(state: State, pool: rows.Pool, path: str) -> None:
    """Deletes a volume from StorPool, by its path; missing is fine."""
    try:
        await _post(state, pool, f"VolumeDelete/{reference(driver(state), path)}", {"onAttached": "detachForce"})
    except api.StorPoolError as error:
        if error.name != api.MISSING:
            raise


async def update_tags(state: State, pool: rows.Pool, volume: rows.Volume, tags: Mapping[str, str]) -> None:
    """Merges tags into a volume's; an empty value removes one."""
    if driver(state).tags:
        await _post(state, pool, f"VolumeUpdate/{reference(driver(state), volume.path)}", {"tags": dict(tags)})


async def join(state: State, pool: rows.Pool, volume: rows.Volume, vm: rows.VirtualMachine) -> None:
    """What the driver writes on a volume that a VM has got; drivers with tiers write its whole definition anew."""
    if not driver(state).tags:
        return
    body: dict[str, Any] = {"tags": vm_tags(state, vm)}
    name = reference(driver(state), volume.path)
    if _defines(state):
        tags = {**volume_tags(state, volume), "uuid": name}
        body = {"tags": tags, "template": _policy(state, pool, volume)[0]}
    try:
        await _post(state, pool, f"VolumeUpdate/{name}", body)
    except api.StorPoolError:
        if not _defines(state):
            raise


async def leave(
    state: State, pool: rows.Pool, volume: rows.Volume, vm: rows.VirtualMachine, expunged: bool = False
) -> None:
    """What the driver writes on a volume that a VM has lost; with a VM that goes, older drivers keep the policy."""
    if not state.release.has("storpool_tags_cleared_on_detach"):
        return
    device = state.release.has("storpool_device_tag")
    policy = vm.tags.get(POLICY, "") if expunged and not device else ""
    await update_tags(state, pool, volume, {"cvm": "", POLICY: policy, **({"disk": ""} if device else {})})


async def detach_everywhere(state: State, pool: rows.Pool, volume: rows.Volume) -> None:
    """Takes a volume away from all hosts."""
    name = reference(driver(state), volume.path)
    await _post(state, pool, "VolumesReassign", [{"volume": name, "detach": "all", "force": True}])


async def attach(state: State, pool: rows.Pool, volume: rows.Volume, host: rows.Host) -> None:
    """What the agent of a host does when a VM there gets a volume."""
    used = driver(state)
    if await agents.told(state, host, "attach", reference(used, volume.path), volume.path):
        return
    await _post(state, pool, "VolumesReassignWait", _attachment(state, "volume", volume.path, "rw", host))


def _attachment(state: State, kind: str, path: str, mode: str, host: rows.Host) -> dict[str, Any]:
    used = driver(state)
    item = {kind: reference(used, path), mode: [host.agent.client_id]}
    if used.asks_agents:
        item["onRemoteAttached"] = "export"
    return {"reassign": [item]}


async def _copied(state: State, pool: rows.Pool, kind: str, path: str) -> None:
    """Some host reads a snapshot, or writes a volume, to or from secondary storage: it is attached for that long.

    Hosts whose agents are processes of their own copy nothing.
    """
    hosts = [host for host in state.hosts if host.db_id in pool.connected_hosts and host.state == "Up"]
    host = next((host for host in hosts if host.db_id not in state.agent_sessions), None)
    if host is None:
        return
    mode = "ro" if kind == "snapshot" else "rw"
    await _post(state, pool, "VolumesReassignWait", _attachment(state, kind, path, mode, host))
    item = {kind: reference(driver(state), path), "detach": [host.agent.client_id]}
    await _post(state, pool, "VolumesReassignWait", {"reassign": [item]})


async def back_up(state: State, pool: rows.Pool, path: str) -> None:
    """Copies a snapshot to secondary storage; newer drivers write something on it first, though it is nothing."""
    if not driver(state).asks_agents:
        return
    if state.release.has("storpool_updates_snapshots"):
        await _post(state, pool, f"SnapshotUpdate/{reference(driver(state), path)}", {})
    await _copied(state, pool, "snapshot", path)


async def copy_to_secondary(state: State, pool: rows.Pool, volume: rows.Volume) -> None:
    """Copies a volume that nobody writes to secondary storage: some host reads it meanwhile."""
    await _copied(state, pool, "volume", volume.path)


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
        body["tags"] = {"uuid": uuid, "cs": kind, **_owner_tag(state, volume)}
    answer = await _post(state, pool, f"VolumeSnapshot/{reference(used, volume.path)}", body)
    return _path(used, answer, uuid, "snapshotGlobalId")


def _owner_tag(state: State, volume: rows.Volume) -> dict[str, str]:
    vm = state.vms.get(volume.vm)
    return {"cvm": vm.id} if vm else {}


async def create_template(state: State, pool: rows.Pool, template: rows.Template, size: int, parent: str) -> str:
    """A CloudStack template of a snapshot: a volume of it is snapshotted, and deleted; the snapshot's path."""
    used = driver(state)
    body = {
        "name": "",
        "parent": reference(used, parent),
        "size": size,
        "template": connection(state, pool).template,
        "tags": _template_tags(state, template, made=True),
    }
    path = _path(used, await _post(state, pool, "VolumeCreate", body), template.id)
    await back_up(state, pool, parent)
    return await _settle_template(state, pool, template, path)


def _template_tags(state: State, template: rows.Template, made: bool = False) -> dict[str, str]:
    """The tags of a template's snapshot, or of the volume that it is made of."""
    policy = {POLICY: "no"} if made and state.release.has("storpool_policy_always_tagged") else {}
    return {"uuid": template.id, "cs": "template", **policy}


async def _settle_template(state: State, pool: rows.Pool, template: rows.Template, path: str) -> str:
    """The snapshot that stays of a template's volume."""
    used = driver(state)
    body = {"name": "", "tags": _template_tags(state, template) if used.tags else {}}
    snapshot = await _post(state, pool, f"VolumeSnapshot/{reference(used, path)}", body)
    await delete_path(state, pool, path)
    return _path(used, snapshot, template.id, "snapshotGlobalId")


async def create_group_snapshot(
    state: State, pool: rows.Pool, volumes: Sequence[rows.Volume], uuid: str
) -> dict[str, str]:
    """Snapshots volumes at one moment; the paths of the snapshots by the volumes' internal numbers."""
    used = driver(state)
    tags = {"tags": {"uuid": uuid, "cs": "group", **_owner_tag(state, volumes[0])}} if used.tags else {}
    items = [{"name": "", "volume": reference(used, volume.path)} for volume in volumes]
    answer = await _post(state, pool, "VolumesGroupSnapshot", {**tags, "volumes": items})
    made = [item["snapshotGlobalId"] for item in answer["snapshots"]]
    return {str(volume.db_id): used.device_path + one for volume, one in zip(volumes, made, strict=True)}


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
    """The path of a CloudStack template's StorPool snapshot in a pool, made on its first use there, by one at a time."""
    async with state.template_copies:
        return await _cache_template(state, pool, template)


async def _cache_template(state: State, pool: rows.Pool, template: rows.Template) -> str:
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
        body["tags"] = _template_tags(state, template, made=True)
    path = _path(used, await _post(state, pool, "VolumeCreate", body), template.id)
    if used.name in (IN_TREE, IN_TREE_URI):
        # The size is known for sure once the copy has begun.
        await _post(state, pool, f"VolumeUpdate/{reference(used, path)}", {"size": template.size})
        await _copied(state, pool, "volume", path)
    if used.freezes:
        await _post(state, pool, f"VolumeFreeze/{reference(used, path)}")
    else:
        path = await _settle_template(state, pool, template, path)
    pool.cached_templates[template.db_id] = path
    return path
