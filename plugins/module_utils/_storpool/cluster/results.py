# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that modules return: one function for each kind, used by the managing, the info and the bulk modules alike.

Keys are snake_case, sizes are bytes, ``None`` is "unlimited" for a limit and "none" elsewhere, tags are a dict.
Each field is StorPool's own of the same name in camelCase, unless the function says otherwise.
"""

from __future__ import annotations

import typing as t

from ..connection import ids as identity
from . import owner
from .names import UNLIMITED

Raw = t.Mapping[str, t.Any]


def volume(raw: Raw) -> t.Dict[str, t.Any]:
    """A volume of VolumesList, or one that a plan predicts (``global_id`` and ``creation_timestamp`` are ``None`` until it exists)."""
    return _object("volume", raw)


def snapshot(raw: Raw) -> t.Dict[str, t.Any]:
    """A snapshot of SnapshotsList. ``volume`` is ``onVolume``; ``delete_at`` is ``targetDeleteDate``, a unix time."""
    on_volume = raw.get("onVolume")
    return dict(
        _object("snapshot", raw),
        volume=None if on_volume in (None, "", "-") else on_volume,
        auto_name=bool(raw.get("autoName")),
        bound=bool(raw.get("bound")),
        transient=bool(raw.get("transient")),
        recovering_from_remote=bool(raw.get("recoveringFromRemote")),
        created_from=raw.get("createdFromGlobalId") or None,
        delete_at=raw.get("targetDeleteDate") or None,
    )


def template(raw: Raw) -> t.Dict[str, t.Any]:
    """A StorPool template of VolumeTemplatesList. ``size`` and ``replication`` are ``None`` where the template leaves them open."""
    return dict(name=raw["name"], size=_set(raw.get("size")), parent=raw.get("parentName") or None, **_policy(raw))


def template_status(raw: Raw) -> t.Dict[str, t.Any]:
    """The status of a template in VolumeTemplatesStatus, in bytes. ``capacity``, ``free`` and ``used`` are for client data, after replication.

    StorPool templates share disks, so these do not add up over several of them.
    """
    stored = raw.get("stored") or {}
    capacity, free = stored.get("capacity"), stored.get("free")
    return {
        "capacity": capacity,
        "free": free,
        "used": None if capacity is None or free is None else capacity - free,
        "volumes_count": raw.get("volumesCount"),
        "snapshots_count": raw.get("snapshotsCount"),
        "removing_snapshots_count": raw.get("removingSnapshotsCount"),
        "size": raw.get("size"),
        "total_size": raw.get("totalSize"),
        "stored_size": raw.get("storedSize"),
        "on_disk_size": raw.get("onDiskSize"),
    }


def attachment(raw: Raw) -> t.Dict[str, t.Any]:
    """An attachment of AttachmentsList, with the tags of what it is of. ``name`` is ``None`` for an unnamed volume; ``device`` is where the client has it."""
    name = _name(raw["volume"])
    global_id = raw.get("globalId") if name else raw["volume"][1:] or raw.get("globalId")
    return {
        "name": name,
        "global_id": global_id,
        **_current(raw),
        "snapshot": bool(raw["snapshot"]),
        "client": int(raw["client"]),
        "rights": raw["rights"],
        "device": device(name, global_id),
        "owner": owner.shown("snapshot" if raw["snapshot"] else "volume", raw),
        **_cluster(raw),
    }


def status(raw: Raw) -> t.Dict[str, t.Any]:
    """The state of the data of a volume or snapshot, of VolumesGetStatusQuick. ``state`` is ``status``, the drives are ids of disks."""
    return {
        "state": raw["status"],
        "migrating": bool(raw["migrating"]),
        "decreased_redundancy": bool(raw["decreasedRedundancy"]),
        "balancer_blocked": bool(raw["balancerBlocked"]),
        "syncing_bytes": raw["syncingDataBytes"],
        "syncing_objects": raw["syncingMetaObjects"],
        "down_bytes": raw["downBytes"],
        "down_drives": sorted(raw["downDrives"]),
        "missing_drives": sorted(raw["missingDrives"]),
        "missing_target_drives": sorted(raw["missingTargetDrives"]),
        "soft_ejecting_drives": sorted(raw["softEjectingDrives"]),
    }


def placement_group(raw: Raw) -> t.Dict[str, t.Any]:
    """A placement group of PlacementGroupsList, its disk ids in order."""
    return {"name": raw["name"], "disks": sorted(int(disk) for disk in raw["disks"])}


def _object(what: str, raw: Raw) -> t.Dict[str, t.Any]:
    """What volumes and snapshots have alike."""
    return dict(
        _named(raw),
        size=raw["size"],
        parent=_parent(raw),
        template=raw.get("templateName") or None,
        creation_timestamp=raw.get("creationTimestamp"),
        tags=dict(raw.get("tags") or {}),
        owner=owner.shown(what, raw),
        **dict(_policy(raw), **_cluster(raw)),
    )


def device(name: t.Optional[str], global_id: t.Optional[str]) -> t.Optional[str]:
    """The link under which a client that has the object attached finds its block device. A name with '@' is one that StorPool made for an unnamed one."""
    if global_id and (not name or "@" in name):
        return "/dev/storpool-byid/" + global_id
    return "/dev/storpool/" + name if name else None


def _named(raw: Raw) -> t.Dict[str, t.Any]:
    name = _name(raw.get("name"))
    raw = identity.settled(raw) if raw.get("globalId") else raw
    global_id = raw.get("globalId")
    return {"name": name, "global_id": global_id, **_current(raw), "device": device(name, global_id)}


def _current(raw: Raw) -> t.Dict[str, str]:
    """The id that StorPool lists at present, where a revert has given the volume another one than that by which it stays known."""
    return {"current_global_id": raw["currentGlobalId"]} if raw.get("currentGlobalId") else {}


def _cluster(raw: Raw) -> t.Dict[str, str]:
    """The cluster where the object is, where a task names one or looks in several."""
    return {"cluster_id": raw["clusterId"]} if raw.get("clusterId") else {}


def _name(name: t.Optional[str]) -> t.Optional[str]:
    return None if not name or name.startswith(("~", "*~")) else name


def _parent(raw: Raw) -> t.Optional[str]:
    """The parent's name; one that is being deleted, which StorPool calls ``*NAME`` until it is gone, is none."""
    name = raw.get("parentName")
    return None if not name or name.startswith("*") else name


def _policy(raw: Raw) -> t.Dict[str, t.Any]:
    return {
        "replication": _set(raw.get("replication")),
        "place_all": raw.get("placeAll"),
        "place_tail": raw.get("placeTail"),
        "place_head": raw.get("placeHead"),
        "reuse_server": bool(raw.get("reuseServer")),
        "iops": _set(raw.get("iops")),
        "bw": _set(raw.get("bw")),
        "limit_type": raw.get("limitType") or "total",
    }


def _set(value: t.Any) -> t.Any:
    return None if value in (UNLIMITED, 0, "") else value
