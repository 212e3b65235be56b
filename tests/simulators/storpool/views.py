# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Objects as the API lists them."""

from __future__ import annotations

from typing import Any

from simulators.storpool.names import listed
from simulators.storpool.placement import objects_count
from simulators.storpool.state import Attachment, Context, PlacementGroup, Policy, Snapshot, Template, Volume

UNLIMITED = "-"


def policy_view(policy: Policy, context: Context) -> dict[str, Any]:
    """Limits and reuseServer; both keys may be missing on older servers."""
    view: dict[str, Any] = {
        "bw": UNLIMITED if policy.bw is None else policy.bw,
        "iops": UNLIMITED if policy.iops is None else policy.iops,
    }
    if context.switches["limit_type"] == "listed":
        view["limitType"] = policy.limit_type
    if context.switches["reuse_server"] == "listed":
        view["reuseServer"] = policy.reuse_server
    return view


def summary(volume: Volume, context: Context) -> dict[str, Any]:
    """What VolumeSummary and SnapshotSummary have in common; under MultiCluster/ with the cluster."""
    policy = volume.policy
    parent = volume.parent
    view = {
        "id": volume.id,
        "name": listed(volume),
        "globalId": volume.global_id,
        "size": volume.size,
        "parentName": "" if parent is None else listed(parent),
        "templateName": "" if volume.template is None else volume.template.name,
        "replication": policy.replication,
        "placeAll": policy.place_all.name,
        "placeTail": policy.place_tail.name,
        "placeHead": policy.place_head.name,
        "objectsCount": objects_count(volume.size),
        "creationTimestamp": volume.created,
        "flags": 0,
        "visibleVolumeId": volume.id,
        "parentVolumeId": 0 if parent is None else parent.id,
        "originalParentVolumeId": volume.original_parent,
        "templateId": 0 if volume.template is None else volume.template.id,
        "firstNotParentObjectId": 0 if parent is None else objects_count(parent.size),
        **policy_view(policy, context),
    }
    if volume.original_id:
        view["preservedGlobalId"] = volume.original_id
    if volume.tags or context.switches["empty_tags"] == "object":
        view["tags"] = volume.tags
    if context.multi:
        view["clusterName"] = context.cluster.name
        view["clusterId"] = context.cluster.id
    return view


def on_volume(snapshot: Snapshot, none: str) -> str:
    """The volume whose direct parent the snapshot is: the one it was made of if that still holds, else any other."""
    children = snapshot.child_volumes
    if not children:
        return none
    origin = snapshot.created_from
    return listed(origin if origin is not None and origin.id in children else next(iter(children.values())))


def snapshot_summary(snapshot: Snapshot, context: Context) -> dict[str, Any]:
    """SnapshotSummary."""
    view = summary(snapshot, context)
    view.update(
        {
            "snapshot": True,
            "onVolume": on_volume(snapshot, context.switches["on_volume_none"]),
            "autoName": not snapshot.name,
            "bound": snapshot.bound,
            "deleted": snapshot.deleted,
            "transient": snapshot.transient,
            "recoveringFromRemote": snapshot.recovering_until > context.now,
            "backup": snapshot.backup,
            "createdFromGlobalId": created_from(snapshot, context) or snapshot.global_id,
            "createdFromVisibleVolumeId": snapshot.created_from_id,
            "dematerializationStatus": "pending" if snapshot.deleted else "complete",
            "deleteBlocked": delete_blocked(snapshot, context),
            "destroyed": False,
            "volumeMoveSource": False,
            "mcState": "ownerExported" if snapshot.exports else "owner",
            "mcStateVal": 1 if snapshot.exports else 0,
        }
    )
    if snapshot.delete_at or context.switches["target_delete_date_none"] == "0":
        view["targetDeleteDate"] = snapshot.delete_at
    if snapshot.backup:
        view["backupOfGlobalId"] = snapshot.created_from_global_id
        view["backupOfVisibleVolumeId"] = snapshot.created_from_id
    return view


def created_from(snapshot: Snapshot, context: Context) -> str:
    """The id of the volume that the snapshot was made of; which one, if a revert has changed it, is a switch."""
    shown = context.switches["created_from_id"]
    if shown == "original":
        return snapshot.created_from_global_id
    if shown == "present" and snapshot.created_from is not None:
        return snapshot.created_from.global_id
    return snapshot.created_from_then


def delete_blocked(snapshot: Snapshot, context: Context) -> str:
    """Why a snapshot that is being deleted is still there."""
    if not snapshot.deleted:
        return "not blocked"
    children = len(snapshot.child_volumes) + len(snapshot.child_snapshots)
    if children > 1 and context.switches["multiple_children"] == "blocked":
        return "multiple children"
    return "pending"


def any_summary(volume: Volume, context: Context) -> dict[str, Any]:
    """The summary that fits the kind."""
    return snapshot_summary(volume, context) if isinstance(volume, Snapshot) else summary(volume, context)


def attachment_view(attachment: Attachment, context: Context) -> dict[str, Any]:
    """AttachmentDesc."""
    view = {
        "volume": listed(attachment.volume),
        "snapshot": attachment.volume.is_snapshot,
        "client": attachment.client,
        "rights": attachment.rights,
        "pos": attachment.pos,
    }
    if context.switches["attachment_global_id"] == "listed":
        original = context.switches["attachment_id"] == "original"
        view["globalId"] = attachment.volume.lasting_id if original else attachment.volume.global_id
    if context.multi:
        view["cluster"] = context.cluster.name
        view["clusterId"] = context.cluster.id
    return view


def _name(group: PlacementGroup | None, fallback: str) -> str:
    return fallback if group is None else group.name


def template_view(template: Template, context: Context) -> dict[str, Any]:
    """VolumeTemplateDesc: places resolved, "-" for a size or replication that is not set."""
    policy = template.policy
    place_all = _name(policy.place_all, "default")
    return {
        "id": template.id,
        "name": template.name,
        "parentName": "" if template.parent is None else listed(template.parent),
        "placeAll": place_all,
        "placeTail": _name(policy.place_tail, place_all),
        "placeHead": _name(policy.place_head, place_all),
        "size": "-" if template.size is None else template.size,
        "replication": "-" if policy.replication is None else policy.replication,
        **policy_view(policy, context),
    }


def group_view(group: PlacementGroup) -> dict[str, Any]:
    """PlacementGroup."""
    return {"id": group.id, "name": group.name, "disks": sorted(group.disks)}
