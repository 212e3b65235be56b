# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Other clusters: exports, backups, copies and moves of snapshots and volumes.

A location or cluster can be registered by anybody; data flows only to and from clusters that the simulator really
has (``/_sim/clusters`` adds one) and that are connected.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulators.storpool import errors, fields, lifecycle, names, policies, views
from simulators.storpool.attachments import check_place, detach_everywhere, move, refuse_attached
from simulators.storpool.calls import get, post
from simulators.storpool.fields import Field, required
from simulators.storpool.locations import location_by_name, name_of_location
from simulators.storpool.state import Cluster, Context, Location, Policy, Snapshot, Volume


def _clusters_at(context: Context, location: Location) -> list[Cluster]:
    """The clusters at a location that can be reached; preconditionViolation if there are none."""
    found = [
        cluster
        for cluster in context.world.clusters.values()
        if cluster.location_id == location.id and cluster.connected and cluster is not context.cluster
    ]
    if not found:
        raise errors.ApiFailure(errors.PRECONDITION, f"Location '{location.name}' is not connected")
    return found


def _target_cluster(context: Context, args: dict[str, Any]) -> Cluster:
    """The other cluster that ``cluster`` or ``clusterId`` names."""
    if ("cluster" in args) == ("clusterId" in args):
        errors.invalid("Exactly one of cluster and clusterId must be specified")
    if "cluster" in args:
        registered = context.cluster.remotes.get(args["cluster"])
        if registered is None:
            errors.missing("Cluster", args["cluster"])
        wanted = f"{registered.location.id}.{registered.id}"
    else:
        wanted = args["clusterId"]
    cluster = context.world.clusters.get(wanted)
    if cluster is None:
        errors.missing("Cluster", wanted)
    if cluster is context.cluster:
        errors.invalid("The cluster is the local one")
    if not cluster.connected:
        raise errors.ApiFailure(errors.PRECONDITION, f"Cluster '{cluster.name}' is not connected")
    return cluster


_SELECT = (Field("cluster", fields.cluster_name), Field("clusterId", fields.cluster_id))


@post("VolumeMoveToRemote", *_SELECT, Field("onAttached", fields.on_attached), targets=1, locate="volume")
def volume_move_to_remote(context: Context, reference: str, args: dict[str, Any]) -> None:
    volume = names.get_volume(context, reference)
    target = _target_cluster(context, args)
    check_place(target, volume)
    how = args.get("onAttached", "fail")
    if volume.attached and how == "export":
        attachments = dict(volume.attached)
        own = {key: each for key, each in context.cluster.attachments.items() if each.volume is volume}
        volume.attached.clear()
        move(context, context.cluster, target, volume)
        volume.exports[context.cluster.id] = True
        volume.attached.update(attachments)
        context.cluster.attachments.update(own)
    else:
        refuse_attached(volume, how)
        detach_everywhere(context, volume, force=how == "detachForce")
        move(context, context.cluster, target, volume)
    context.changed = True


@post("SnapshotMoveToRemote", *_SELECT, Field("onAttached", fields.on_attached), targets=1, locate="snapshot")
def snapshot_move_to_remote(context: Context, reference: str, args: dict[str, Any]) -> None:
    snapshot = names.get_snapshot(context, reference)
    target = _target_cluster(context, args)
    if snapshot.child_volumes or snapshot.child_snapshots:
        raise errors.ApiFailure(errors.PRECONDITION, f"Snapshot '{names.listed(snapshot)}' has children")
    check_place(target, snapshot)
    how = args.get("onAttached", "fail")
    refuse_attached(snapshot, how)
    detach_everywhere(context, snapshot, force=how == "detachForce")
    move(context, context.cluster, target, snapshot)
    context.changed = True


@post("VolumeExport", *_SELECT, targets=1, locate="volume")
def volume_export(context: Context, reference: str, args: dict[str, Any]) -> None:
    volume = names.get_volume(context, reference)
    target = _target_cluster(context, args)
    context.changed = target.id not in volume.exports
    volume.exports[target.id] = True


@post("VolumeAcquire", Field("onRemoteAttached", fields.on_attached), targets=1)
def volume_acquire(context: Context, reference: str, args: dict[str, Any]) -> None:
    """Moves the volume here; nothing to do if it is here. Only as a MultiCluster/ call."""
    if context.multi and names.find_volume(context.cluster, reference) is None:
        for cluster in context.world.clusters.values():
            volume = names.find_volume(cluster, reference) if cluster.connected else None
            if volume is not None:
                how = args.get("onRemoteAttached", "fail")
                refuse_attached(volume, how)
                check_place(context.cluster, volume)
                detach_everywhere(context, volume, force=how == "detachForce")
                move(context, cluster, context.cluster, volume)
                context.changed = True
                return
    names.get_volume(context, reference)


def copy_snapshot(
    context: Context, source: Snapshot, home: Cluster, *, name: str, policy: Policy, tags: dict[str, str], backup: bool
) -> Snapshot:
    """A copy in ``context.cluster`` of a snapshot in ``home``: the same global id, its data still on the way."""
    cluster = context.cluster
    number = cluster.next_id()
    snapshot = Snapshot(
        number,
        source.global_id,
        name,
        source.size,
        policy,
        source.created,
        tags=tags,
        stored=source.stored,
        vag=number,
        created_from_id=source.created_from_id,
        created_from_global_id=source.created_from_global_id,
        created_from_then=source.created_from_then,
        copied_from=home.id,
        backup=backup,
        recovering_until=context.now + context.switches["recovery_seconds"],
    )
    lifecycle.add(cluster, snapshot)
    lifecycle.copy_bytes(context, source, snapshot)
    context.changed = True
    return snapshot


def _default_policy(context: Context, source: Volume) -> Policy:
    """The source's limits and replication, in this cluster's own placement groups of the same names."""
    groups = context.cluster.groups
    places = {key: groups.get(getattr(source.policy, key).name) for key in ("place_all", "place_tail", "place_head")}
    return policies.complete(context, replace(source.policy, **places))


def _backup(context: Context, volume: Volume, target: Cluster, tags: dict[str, str]) -> Snapshot:
    """A bound snapshot here, and its copy, marked as a backup and exported to us, at the other cluster."""
    snapshot = lifecycle.create_snapshot(context, volume, bound=True, tags=dict(tags))
    there = replace(context, cluster=target)
    policy = _default_policy(there, volume)
    copy = copy_snapshot(there, snapshot, context.cluster, name="", policy=policy, tags=dict(tags), backup=True)
    copy.exports[name_of_location(target, context.cluster.location_id)] = True
    copy.backup_of = names.listed(volume)
    return snapshot


_LOCATION = required("location", fields.location_name)
_TAGS = Field("tags", fields.tags)


@post("VolumeBackup", required("volume", fields.reference), _LOCATION, _TAGS)
def volume_backup(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    volume = names.get_volume(context, args["volume"])
    target = _clusters_at(context, location_by_name(context, args["location"]))[0]
    snapshot = _backup(context, volume, target, policies.merge_tags({}, args.get("tags")))
    return {"remoteId": snapshot.global_id, "globalId": snapshot.global_id}


@post("VolumesGroupBackup", _LOCATION, required("volumes", fields.list_of(fields.reference)), _TAGS)
def volumes_group_backup(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """The answer is keyed by volume name: an unnamed volume's key is its ``~globalId``."""
    volumes = [names.get_volume(context, each) for each in args["volumes"]]
    target = _clusters_at(context, location_by_name(context, args["location"]))[0]
    backups = {}
    for volume in volumes:
        snapshot = _backup(context, volume, target, policies.merge_tags({}, args.get("tags")))
        backups[names.listed(volume)] = {"remoteId": snapshot.global_id, "snapshotGlobalId": snapshot.global_id}
    return {"backups": backups}


_FROM_REMOTE = (
    required("remoteLocation", fields.location_name),
    required("remoteId", fields.global_id),
    *(field for field in fields.POLICY if field.name in ("placeAll", "placeTail", "placeHead", "replication", "tags")),
    Field("template", fields.template_name),
    Field("export", fields.boolean),
)


def _remote_snapshot(context: Context, args: dict[str, Any]) -> tuple[Snapshot, Cluster]:
    """The snapshot that the other location exports to us, and where it is."""
    clusters = _clusters_at(context, location_by_name(context, args["remoteLocation"]))
    for cluster in clusters:
        snapshot = names.find_snapshot(cluster, "~" + args["remoteId"])
        if snapshot is not None and name_of_location(cluster, context.cluster.location_id) in snapshot.exports:
            return snapshot, cluster
    raise errors.ApiFailure(errors.DOES_NOT_EXIST, f"Remote snapshot '{args['remoteId']}' does not exist")


def _fetch(context: Context, args: dict[str, Any], name: str) -> Snapshot:
    source, home = _remote_snapshot(context, args)
    if source.global_id in context.cluster.by_global_id:
        errors.exists("~" + source.global_id)
    names.claim(context.cluster, args.get("name", ""))
    template = names.get_template(context, args["template"]) if "template" in args else None
    here = replace(source, policy=_default_policy(context, source))
    policy = policies.for_volume(context, template, here, args)
    tags = policies.merge_tags({}, args.get("tags"))
    snapshot = copy_snapshot(context, source, home, name=name, policy=policy, tags=tags, backup=False)
    snapshot.template = template
    if args.get("export"):
        snapshot.exports[args["remoteLocation"]] = True
    return snapshot


@post("SnapshotFromRemote", *_FROM_REMOTE, Field("name", fields.volume_name_or_none))
def snapshot_from_remote(context: Context, args: dict[str, Any]) -> None:
    """The copy has the original's global id; its data comes while ``recoveringFromRemote`` is true."""
    _fetch(context, args, args.get("name", ""))


@post("VolumeFromRemote", *_FROM_REMOTE, required("name", fields.volume_name))
def volume_from_remote(context: Context, args: dict[str, Any]) -> None:
    """A copy of the remote snapshot, bound, and a volume with that as its parent."""
    snapshot = _fetch(context, args, "")
    snapshot.bound = True
    lifecycle.create_volume(
        context,
        name=args["name"],
        size=snapshot.size,
        policy=replace(snapshot.policy),
        template=snapshot.template,
        parent=snapshot,
        tags=dict(snapshot.tags),
    )


@post("SnapshotExport", required("snapshot", fields.reference), _LOCATION)
def snapshot_export(context: Context, args: dict[str, Any]) -> None:
    snapshot = names.get_snapshot(context, args["snapshot"])
    location = location_by_name(context, args["location"])
    context.changed = location.name not in snapshot.exports
    snapshot.exports[location.name] = True


@post(
    "SnapshotUnexport",
    required("snapshot", fields.reference),
    Field("location", fields.location_name),
    Field("all", fields.boolean),
    Field("force", fields.boolean),
)
def snapshot_unexport(context: Context, args: dict[str, Any]) -> None:
    """Without force, a copy that is still on its way at the other location refuses."""
    snapshot = names.get_snapshot(context, args["snapshot"], being_deleted=True)
    if bool(args.get("all")) == ("location" in args):
        errors.invalid("Exactly one of location and all must be specified")
    wanted = list(snapshot.exports) if args.get("all") else [location_by_name(context, args["location"]).name]
    for name in wanted:
        if name not in snapshot.exports:
            errors.missing("Export", names.listed(snapshot))
    if not args.get("force"):
        for cluster in context.world.clusters.values():
            copy = cluster.by_global_id.get(snapshot.global_id)
            ours = isinstance(copy, Snapshot) and copy.copied_from == context.cluster.id
            if ours and copy.recovering_until > context.now:
                raise errors.ApiFailure(errors.BUSY, f"'{names.listed(snapshot)}' is still recovering remotely")
    for name in wanted:
        del snapshot.exports[name]
        context.changed = True
    lifecycle.snapshot_may_go(context.cluster, snapshot)


def _export(volume: Volume, location: str, *, backing_up: bool = False) -> dict[str, Any]:
    return {
        "snapshot": names.listed(volume),
        "location": location,
        "globalId": volume.global_id,
        "backingUp": backing_up,
        "volumeId": volume.id,
        "visibleVolumeId": volume.id,
    }


@get("ExportsList")
def exports_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """With the switch, a snapshot that is being backed up is among them until its copy is complete."""
    snapshots = context.cluster.snapshots.values()
    exports = [_export(snapshot, location) for snapshot in snapshots for location in snapshot.exports]
    if context.switches["backing_up"] == "listed":
        exports += [
            _export(snapshot, name_of_location(context.cluster, cluster.location_id), backing_up=True)
            for cluster in context.world.clusters.values()
            for copy in cluster.snapshots.values()
            if copy.backup and copy.copied_from == context.cluster.id and copy.recovering_until > context.now
            for snapshot in (context.cluster.by_global_id.get(copy.global_id),)
            if snapshot is not None
        ]
    return {"exports": exports}


@get("VolumeExportsList")
def volume_exports_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    cluster = context.cluster
    return {
        "exports": [
            _export(volume, name_of_location(cluster, target.partition(".")[0]))
            for volume in cluster.volumes.values()
            for target in volume.exports
        ]
    }


def _remote_view(context: Context, volume: Volume, cluster: Cluster) -> dict[str, Any]:
    backup_of = getattr(volume, "backup_of", "") if context.switches["backup_remote_name"] == "volume" else ""
    view = {
        "name": backup_of or names.listed(volume),
        "location": name_of_location(context.cluster, cluster.location_id),
        "creationTimestamp": volume.created,
        "size": volume.size,
        "remoteId": volume.global_id,
        "tags": volume.tags,
        "createdFromGlobalId": getattr(volume, "created_from_global_id", "") or volume.global_id,
        "createdFromVisibleVolumeId": getattr(volume, "created_from_id", volume.id),
    }
    local = context.cluster.by_global_id.get(volume.global_id)
    if isinstance(local, Snapshot):
        view["localSnapshot"] = names.listed(local)
    if isinstance(volume, Snapshot):
        origin = context.cluster.by_global_id.get(volume.created_from_global_id)
        if origin is not None:
            view["onVolume"] = names.listed(origin)
        elif volume.child_volumes:
            view["onVolume"] = views.on_volume(volume, "-")
    return view


def _others(context: Context) -> list[Cluster]:
    return [each for each in context.world.clusters.values() if each is not context.cluster and each.connected]


@get("SnapshotsRemoteList")
def snapshots_remote_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """The snapshots that other locations export to this one."""
    return {
        "snapshots": [
            _remote_view(context, snapshot, cluster)
            for cluster in _others(context)
            for snapshot in cluster.snapshots.values()
            if name_of_location(cluster, context.cluster.location_id) in snapshot.exports
        ]
    }


@get("VolumesRemoteList")
def volumes_remote_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """The volumes that other clusters export to this one."""
    return {
        "volumes": [
            _remote_view(context, volume, cluster)
            for cluster in _others(context)
            for volume in cluster.volumes.values()
            if context.cluster.id in volume.exports
        ]
    }


_UNEXPORT = fields.object_of(_LOCATION, required("globalSnapshotId", fields.global_id), *fields.DELETE_DATE)


@post("SnapshotsRemoteUnexport", required("remoteSnapshots", fields.list_of(_UNEXPORT)))
def snapshots_remote_unexport(context: Context, args: dict[str, Any]) -> None:
    """We need them no more; a deletion asked for is not earlier than the bridges' minimumDeleteDelay from now."""
    found = []
    for item in args["remoteSnapshots"]:
        lookup = {"remoteLocation": item["location"], "remoteId": item["globalSnapshotId"]}
        found.append((item, *_remote_snapshot(context, lookup), lifecycle.delete_date(context, item)))
    for _item, snapshot, cluster, delete_at in found:
        del snapshot.exports[name_of_location(cluster, context.cluster.location_id)]
        if delete_at:
            delays = [bridge.get("minimumDeleteDelay", 0) for bridge in cluster.bridges.values()]
            lifecycle.schedule(cluster, snapshot, max([delete_at, *(int(context.now) + delay for delay in delays)]))
        lifecycle.snapshot_may_go(cluster, snapshot)
        context.changed = True
