# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volume calls."""

from __future__ import annotations

from typing import Any

from simulators.storpool import errors, fields, lifecycle, names, placement, policies, views
from simulators.storpool.attachments import detach_everywhere, refuse_attached
from simulators.storpool.calls import get, post
from simulators.storpool.fields import Field, required
from simulators.storpool.state import Context, Policy, Snapshot, Volume
from simulators.storpool.steps import Refill, Rename, Resize


@get("VolumesList", listing=True)
def volumes_list(context: Context, args: dict[str, Any]) -> list[dict[str, Any]]:
    return [views.summary(volume, context) for volume in context.cluster.volumes.values()]


@get("Volume", targets=1, locate="volume")
def volume_list(context: Context, reference: str, args: dict[str, Any]) -> list[dict[str, Any]]:
    """An array of one: that is what clients insist on."""
    return [views.summary(names.get_volume(context, reference), context)]


@get("VolumeDescribe", targets=1, locate="volume")
def volume_describe(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    volume = names.get_volume(context, reference)
    return {
        **views.summary(volume, context),
        "targetDiskSets": placement.disk_sets(context.cluster, volume),
        "objects": placement.objects(context.cluster, volume),
    }


@get("VolumeGetInfo", targets=1, locate="volume")
def volume_info(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    volume = names.get_volume(context, reference)
    return {**views.summary(volume, context), **placement.info(context.cluster, volume)}


@get("VolumeListSnapshots", targets=1, locate="volume")
def volume_list_snapshots(context: Context, reference: str, args: dict[str, Any]) -> list[dict[str, Any]]:
    return [views.snapshot_summary(each, context) for each in chain(names.get_volume(context, reference))]


def chain(volume: Volume) -> list[Snapshot]:
    """The volume's parents, nearest first."""
    parents = []
    parent = volume.parent
    while parent is not None:
        parents.append(parent)
        parent = parent.parent
    return parents


@get("VolumesSpace", listing=True)
def volumes_space(context: Context, args: dict[str, Any]) -> list[dict[str, Any]]:
    """spaceUsed of a volume includes what its parents store."""
    return [
        {
            **views.summary(volume, context),
            "storedSize": volume.stored,
            "spaceUsed": volume.stored + sum(parent.stored for parent in chain(volume)),
        }
        for volume in context.cluster.volumes.values()
    ]


def _status(context: Context, volume: Volume) -> dict[str, Any]:
    cluster = context.cluster
    wanted = {disk for disks in placement.disk_sets(cluster, volume) for disk in disks}
    down = sorted(number for number in wanted if not cluster.disks[number].up)
    ejecting = sorted(number for number in wanted if cluster.disks[number].soft_eject == "on")
    return {
        **views.any_summary(volume, context),
        "status": "up",
        "snapshot": volume.is_snapshot,
        "migrating": volume.moving_until > context.now,
        "decreasedRedundancy": bool(down),
        "balancerBlocked": False,
        "syncingDataBytes": 0,
        "syncingMetaObjects": 0,
        "downBytes": 0,
        "upSoonChainsCount": 0,
        "downDrives": [],
        "missingDrives": down,
        "missingTargetDrives": down,
        "softEjectingDrives": ejecting,
    }


def _all(context: Context) -> tuple[Volume, ...]:
    return (*context.cluster.volumes.values(), *context.cluster.snapshots.values())


@get("VolumesGetStatusQuick", listing=True)
def volumes_status_quick(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return {names.listed(volume): _status(context, volume) for volume in _all(context)}


@get("VolumesGetStatus", listing=True)
def volumes_status(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return {
        names.listed(volume): {
            **_status(context, volume),
            "storedSize": volume.stored,
            "onDiskSize": placement.on_disk_size(volume),
        }
        for volume in _all(context)
    }


@get("VolumesAndSnapshotsList", listing=True)
def volumes_and_snapshots(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return {
        "ok": True,
        "volumes": [
            {**views.any_summary(volume, context), "snapshot": volume.is_snapshot, "storedSize": volume.stored}
            for volume in _all(context)
        ],
    }


def _source(args: dict[str, Any]) -> str | None:
    return args.get("parent") or args.get("baseOn")


@post(
    "VolumeCreate",
    Field("name", fields.volume_name_or_none),
    Field("size", fields.size),
    Field("parent", fields.reference),
    Field("template", fields.template_name),
    Field("baseOn", fields.reference),
    *fields.POLICY,
    locate=_source,
)
def volume_create(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """The policy is that of the template, else of the parent or the volume that it is based on; then the request's."""
    name = args.get("name", "")
    if args.get("parent") and args.get("baseOn"):
        errors.invalid("Only one of parent and baseOn can be specified")
    names.claim(context.cluster, name)
    template = names.get_template(context, args["template"]) if "template" in args else None
    base = names.get_volume(context, args["baseOn"]) if args.get("baseOn") else None
    parent = names.get_snapshot(context, args["parent"]) if args.get("parent") else None
    if parent is None and base is None and template is not None:
        parent = template.parent
    source = base or parent
    policy = policies.for_volume(context, template, source, args)
    size = _new_size(context, args, source, template.size if template is not None else None)
    lifecycle.check_capacity(context, size)
    extra = {}
    copied = source.tags if source is not None and context.switches["clone_tags"] == "copied" else {}
    if base is not None:
        parent = lifecycle.create_snapshot(context, base, transient=True)
        extra = auto_name(parent)
    volume = lifecycle.create_volume(
        context,
        name=name,
        size=size,
        policy=policy,
        template=template or (source.template if source is not None else None),
        parent=parent,
        tags=policies.merge_tags(copied, args.get("tags")),
    )
    return {"name": names.listed(volume), "globalId": volume.global_id, **extra}


def auto_name(snapshot: Snapshot) -> dict[str, str]:
    """``autoName`` of an unnamed snapshot, where its listed name is one: not of an unnamed volume's."""
    name = names.listed(snapshot)
    return {} if snapshot.name or name.startswith("~") else {"autoName": name}


def _new_size(context: Context, args: dict[str, Any], source: Volume | None, default: int | None) -> int:
    """The size asked for; else the source's, or the template's where that is larger or there is no source."""
    size = args.get("size")
    if size is None:
        given_source = args.get("parent") or args.get("baseOn")
        size = source.size if given_source else max(source.size if source is not None else 0, default or 0)
        if not size:
            errors.invalid("No size specified")
    elif source is not None and size < source.size and context.switches["smaller_than_parent"] == "refused":
        raise errors.ApiFailure(
            context.switches["error_smaller_than_parent"], f"Size {size} is smaller than the parent's {source.size}"
        )
    return size


@post(
    "VolumeUpdate",
    Field("rename", fields.volume_name_or_none),
    Field("size", fields.size),
    Field("sizeAdd", fields.size),
    Field("shrinkOk", fields.boolean),
    Field("template", fields.template_name),
    *fields.POLICY,
    targets=1,
    locate="volume",
)
def volume_update(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    """Nothing at all in the request is fine: some clients ask so which cluster has the volume."""
    volume = names.get_volume(context, reference)
    size = volume.size
    if "size" in args and "sizeAdd" in args:
        errors.invalid("Only one of size and sizeAdd can be specified")
    if "size" in args or "sizeAdd" in args:
        size = args["size"] if "size" in args else volume.size + args["sizeAdd"]
        if size < volume.size and not args.get("shrinkOk"):
            raise errors.ApiFailure(context.switches["error_shrink"], "Shrinking a volume requires shrinkOk")
        lifecycle.check_capacity(context, size - volume.size)
    update_common(context, volume, args)
    if size != volume.size:
        context.cluster.provisioned += size - volume.size
        volume.size = size
        volume.stored = min(volume.stored, size)
        context.world.steps.append(Resize(volume.file, size))
        context.changed = True
    return {"name": names.listed(volume)}


def update_common(context: Context, volume: Volume, args: dict[str, Any]) -> None:
    """rename, template, policy and tags of a volume or snapshot; refuses before anything is changed."""
    rename = args.get("rename", volume.name)
    names.claim(context.cluster, rename, volume)
    template = names.get_template(context, args["template"]) if "template" in args else volume.template
    policy = volume.policy
    if "template" in args:
        policy = policies.switch_template(context, volume, template)
    policy = policies.apply(context, policy, args)
    tags = policies.merge_tags(volume.tags, args.get("tags"))
    if (rename, template, policy, tags) != (volume.name, volume.template, volume.policy, volume.tags):
        if _placement(policy) != _placement(volume.policy):
            volume.moving_until = context.now + context.switches["migration_seconds"]
        if rename != volume.name:
            names.rename(context.cluster, volume, rename)
        volume.template, volume.policy, volume.tags = template, policy, tags
        context.changed = True


def _placement(policy: Policy) -> tuple[object, ...]:
    return policy.place_all, policy.place_tail, policy.place_head, policy.replication


@post("VolumeDelete", Field("onAttached", fields.on_attached), targets=1, locate="volume")
def volume_delete(context: Context, reference: str, args: dict[str, Any]) -> None:
    volume = names.get_volume(context, reference)
    how = args.get("onAttached", context.switches["delete_attached"])
    if how == "export":
        errors.invalid("A volume that is deleted can not be exported")
    refuse_attached(volume, how)
    detach_everywhere(context, volume, force=how == "detachForce")
    lifecycle.delete_volume(context, volume)


@post("VolumeFreeze", *fields.DELETE_DATE, targets=1, locate="volume")
def volume_freeze(context: Context, reference: str, args: dict[str, Any]) -> None:
    """The volume becomes a snapshot of the same name, with its tags; whether the id stays is a switch."""
    volume = names.get_volume(context, reference)
    delete_at = lifecycle.delete_date(context, args) or 0
    refuse_attached(volume, "fail")
    name, global_id, tags = volume.name, volume.lasting_id, volume.tags
    snapshot = lifecycle.create_snapshot(context, volume, tags=tags, delete_at=delete_at)
    lifecycle.delete_volume(context, volume)
    if context.switches["freeze_keeps_id"]:
        file = snapshot.file
        del context.cluster.by_global_id[snapshot.global_id]
        snapshot.global_id = global_id
        context.world.steps.append(Rename(file, snapshot.file))
        context.cluster.by_global_id[global_id] = snapshot
    snapshot.of_unnamed = ""
    names.rename(context.cluster, snapshot, name)


@post("VolumeRebase", Field("parentName", fields.reference), targets=1, locate="volume")
def volume_rebase(context: Context, reference: str, args: dict[str, Any]) -> None:
    rebase(context, names.get_volume(context, reference), args.get("parentName"))


def rebase(context: Context, volume: Volume, reference: str | None) -> None:
    """Moves a volume or snapshot up its own chain, or (no ``reference``) under no parent."""
    parent = names.get_snapshot(context, reference) if reference else None
    parents = chain(volume)
    if parent is not None and parent not in parents:
        errors.invalid(f"'{reference}' is not a parent of '{names.listed(volume)}'")
    skipped = parents[: parents.index(parent)] if parent is not None else parents
    if skipped:
        volume.stored = min(volume.size, volume.stored + sum(each.stored for each in skipped))
        lifecycle.set_parent(context.cluster, volume, parent)
        context.changed = True


@post(
    "VolumeRevert",
    required("toSnapshot", fields.reference),
    Field("revertSize", fields.boolean),
    targets=1,
    locate="volume",
)
def volume_revert(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    """Any snapshot of the cluster will do. The volume keeps its name, and the id that it was created with stays valid.

    Whether it gets another global id beside that one is a switch, and so are limits and tags.
    """
    volume = names.get_volume(context, reference)
    snapshot = names.get_snapshot(context, args["toSnapshot"])
    if volume.attached and context.switches["revert_attached"] == "refused":
        raise errors.ApiFailure(
            context.switches["error_revert_attached"], f"Volume '{names.listed(volume)}' is attached"
        )
    if args.get("revertSize"):
        lifecycle.check_capacity(context, snapshot.size - volume.size)
        context.cluster.provisioned += snapshot.size - volume.size
        volume.size = snapshot.size
    volume.stored = 0
    lifecycle.set_parent(context.cluster, volume, snapshot)
    context.world.steps.append(Refill(snapshot.file, volume.file, volume.size))
    if context.switches["revert_limits"] == "restored":
        volume.policy = policies.copy_limits(volume.policy, snapshot.policy)
    if context.switches["revert_tags"] == "restored":
        volume.tags = dict(snapshot.tags)
    if context.switches["revert_global_id"] == "new":
        lifecycle.change_global_id(context.cluster, volume)
    context.changed = True
    return {"globalId": volume.global_id}


@post("VolumeAbandonDisk", required("diskId", fields.disk_id), targets=1, locate="either")
def volume_abandon_disk(context: Context, reference: str, args: dict[str, Any]) -> None:
    """The disk's copies of the object's data are given up; only a disk that is down can be."""
    if names.find_volume(context.cluster, reference) is None:
        names.get_snapshot(context, reference)
    disk = context.cluster.disks.get(args["diskId"])
    if disk is None:
        errors.missing("Disk", str(args["diskId"]))
    if disk.up:
        raise errors.ApiFailure(errors.PRECONDITION, f"Disk {disk.id} is not missing")
