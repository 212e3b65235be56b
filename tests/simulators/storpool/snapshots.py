# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshot calls."""

from __future__ import annotations

from typing import Any

from simulators.storpool import errors, fields, lifecycle, names, placement, policies, views
from simulators.storpool.calls import get, post
from simulators.storpool.fields import Field, required
from simulators.storpool.state import Context, Snapshot
from simulators.storpool.volumes import auto_name, rebase, update_common


@get("SnapshotsList", listing=True)
def snapshots_list(context: Context, args: dict[str, Any]) -> list[dict[str, Any]]:
    return [views.snapshot_summary(snapshot, context) for snapshot in context.cluster.snapshots.values()]


@get("Snapshot", targets=1, locate="snapshot")
def snapshot_list(context: Context, reference: str, args: dict[str, Any]) -> list[dict[str, Any]]:
    return [views.snapshot_summary(names.readable_snapshot(context, reference), context)]


@get("SnapshotDescribe", targets=1, locate="snapshot")
def snapshot_describe(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    snapshot = names.readable_snapshot(context, reference)
    return {
        **views.snapshot_summary(snapshot, context),
        "targetDiskSets": placement.disk_sets(context.cluster, snapshot),
        "objects": placement.objects(context.cluster, snapshot),
    }


@get("SnapshotGetInfo", targets=1, locate="snapshot")
def snapshot_info(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    snapshot = names.readable_snapshot(context, reference)
    return {**views.snapshot_summary(snapshot, context), **placement.info(context.cluster, snapshot)}


@get("SnapshotsSpace", listing=True)
def snapshots_space(context: Context, args: dict[str, Any]) -> list[dict[str, Any]]:
    """spaceUsed of a snapshot is what its deletion would free: nothing while children need its data."""
    return [
        {
            **views.snapshot_summary(snapshot, context),
            "storedSize": snapshot.stored,
            "spaceUsed": 0 if snapshot.child_volumes or snapshot.child_snapshots else snapshot.stored,
        }
        for snapshot in context.cluster.snapshots.values()
    ]


@post(
    "VolumeSnapshot",
    Field("name", fields.volume_name_or_none),
    Field("bind", fields.boolean),
    Field("tags", fields.tags),
    Field("template", fields.template_name),
    *fields.DELETE_DATE,
    targets=1,
    locate="volume",
)
def volume_snapshot(context: Context, reference: str, args: dict[str, Any]) -> dict[str, Any]:
    """The volume's tags are not copied."""
    volume = names.get_volume(context, reference)
    name = args.get("name", "")
    names.claim(context.cluster, name)
    template = names.get_template(context, args["template"]) if "template" in args else None
    delete_at = lifecycle.delete_date(context, args) or 0
    snapshot = lifecycle.create_snapshot(
        context,
        volume,
        name=name,
        tags=policies.merge_tags({}, args.get("tags")),
        bound=args.get("bind", False),
        delete_at=delete_at,
    )
    if template is not None:
        snapshot.policy = policies.switch_template(context, snapshot, template)
        snapshot.template = template
    return {
        "snapshotGlobalId": snapshot.global_id,
        "snapshotVisibleVolumeId": snapshot.id,
        **auto_name(snapshot),
    }


_GROUP_ITEM = fields.object_of(
    required("volume", fields.reference), Field("name", fields.volume_name_or_none), Field("tags", fields.tags)
)


@post("VolumesGroupSnapshot", required("volumes", fields.list_of(_GROUP_ITEM)), Field("tags", fields.tags))
def volumes_group_snapshot(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """All of them or none; the request's own tags go to every snapshot, beside those of its volume's item."""
    items = args["volumes"]
    volumes = [names.get_volume(context, item["volume"]) for item in items]
    if not volumes:
        errors.invalid("No volumes specified")
    if len({volume.id for volume in volumes}) != len(volumes):
        errors.invalid("A volume is specified more than once")
    wanted = [item["name"] for item in items if item.get("name")]
    for position, name in enumerate(wanted):
        names.claim(context.cluster, name)
        if name in wanted[:position]:
            errors.exists(name)
    results = []
    for volume, item in zip(volumes, items, strict=True):
        tags = policies.merge_tags(policies.merge_tags({}, args.get("tags")), item.get("tags"))
        snapshot = lifecycle.create_snapshot(context, volume, name=item.get("name", ""), tags=tags)
        results.append(
            {
                "volume": names.listed(volume),
                "volumeGlobalId": volume.global_id,
                "snapshot": names.listed(snapshot),
                "snapshotName": names.listed(snapshot),
                "remoteId": snapshot.global_id,
                "snapshotGlobalId": snapshot.global_id,
            }
        )
    return {"snapshots": results}


@post(
    "SnapshotUpdate",
    Field("rename", fields.volume_name_or_none),
    Field("template", fields.template_name),
    Field("bind", fields.boolean),
    *fields.DELETE_DATE,
    *fields.POLICY,
    targets=1,
    locate="snapshot",
)
def snapshot_update(context: Context, reference: str, args: dict[str, Any]) -> None:
    snapshot = names.get_snapshot(context, reference)
    delete_at = lifecycle.delete_date(context, args)
    update_common(context, snapshot, args)
    if delete_at is not None and delete_at != snapshot.delete_at:
        lifecycle.schedule(context.cluster, snapshot, delete_at)
        context.changed = True
    if args.get("bind", snapshot.bound) != snapshot.bound:
        snapshot.bound = args["bind"]
        lifecycle.snapshot_may_go(context.cluster, snapshot)
        context.changed = True


def _delete(context: Context, snapshot: Snapshot) -> None:
    """Children do not matter; attachments and exports do. One that is being deleted already stays so."""
    if snapshot.deleted:
        return
    if snapshot.attached:
        raise errors.ApiFailure(
            context.switches["error_attached_snapshot"], f"Snapshot '{names.listed(snapshot)}' is attached"
        )
    if snapshot.exports:
        raise errors.ApiFailure(
            context.switches["error_exported"], f"Snapshot '{names.listed(snapshot)}' is still exported"
        )
    lifecycle.delete_snapshot(context, snapshot)


@post("SnapshotDelete", targets=1, locate="snapshot")
def snapshot_delete(context: Context, reference: str, args: dict[str, Any]) -> None:
    _delete(context, names.readable_snapshot(context, reference))


@post("SnapshotDeleteById", targets=1)
def snapshot_delete_by_id(context: Context, global_id: str, args: dict[str, Any]) -> None:
    """The id comes without ``~``."""
    if not names.GLOBAL_ID.fullmatch(global_id):
        errors.invalid(f"Invalid global id '{global_id}'")
    _delete(context, names.readable_snapshot(context, "~" + global_id))


@post("SnapshotRebase", Field("parentName", fields.reference), targets=1, locate="snapshot")
def snapshot_rebase(context: Context, reference: str, args: dict[str, Any]) -> None:
    rebase(context, names.get_snapshot(context, reference), args.get("parentName"))


@post("SnapshotReconcile", targets=1, locate="snapshot")
def snapshot_reconcile(context: Context, reference: str, args: dict[str, Any]) -> None:
    names.get_snapshot(context, reference)
