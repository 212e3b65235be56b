# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How volumes and snapshots come, are linked, and go; and what time does by itself."""

from __future__ import annotations

import heapq
from dataclasses import replace
from typing import Any

from simulators.storpool import errors, names
from simulators.storpool.state import Cluster, Context, Policy, Snapshot, Template, Volume
from simulators.storpool.steps import Copy, Make, Remove

RETRY_SECONDS = 1.0


def set_parent(cluster: Cluster, child: Volume, parent: Snapshot | None) -> None:
    """Moves ``child`` under ``parent``; the old parent may become collectable."""
    old = child.parent
    if old is parent:
        return
    if old is not None:
        (old.child_snapshots if child.is_snapshot else old.child_volumes).pop(child.id, None)
        cluster.dirty[old.id] = old
    child.parent = parent
    if parent is not None:
        (parent.child_snapshots if child.is_snapshot else parent.child_volumes)[child.id] = child
        child.original_parent = child.original_parent or parent.id


def new_global_id(cluster: Cluster, number: int) -> str:
    """The global id of object ``number``: its first two parts are the cluster it is created on."""
    return f"{cluster.id}.{names.base36(number)}"


def check_capacity(context: Context, more: int) -> None:
    """insufficientResources if volumes may not grow by ``more`` bytes in all."""
    limit = context.switches["capacity_bytes"]
    if limit and more > 0 and context.cluster.provisioned + more > limit:
        raise errors.ApiFailure(errors.RESOURCES, "Not enough space")


def add(cluster: Cluster, volume: Volume) -> None:
    """Enters a volume or snapshot into the cluster's indexes."""
    volume.home = cluster.id
    if isinstance(volume, Snapshot):
        cluster.snapshots[volume.id] = volume
    else:
        cluster.volumes[volume.id] = volume
        cluster.provisioned += volume.size
    for global_id in (volume.lasting_id, volume.global_id):
        cluster.by_global_id[global_id] = volume
    if volume.name:
        cluster.by_name[volume.name] = volume


def remove(cluster: Cluster, volume: Volume) -> None:
    """Takes a volume or snapshot out of the indexes, away from its parent and off its clients."""
    set_parent(cluster, volume, None)
    for attachment in list(volume.attached.values()):
        detach(cluster, volume, attachment.client, attachment.cluster)
    if isinstance(volume, Snapshot):
        cluster.snapshots.pop(volume.id, None)
        cluster.dirty.pop(volume.id, None)
        if volume.created_from is not None:
            volume.created_from.made.pop(volume.id, None)
    else:
        cluster.volumes.pop(volume.id, None)
        cluster.provisioned -= volume.size
    for global_id in (volume.lasting_id, volume.global_id):
        if cluster.by_global_id.get(global_id) is volume:
            del cluster.by_global_id[global_id]
    if volume.name and cluster.by_name.get(volume.name) is volume:
        del cluster.by_name[volume.name]


def detach(cluster: Cluster, volume: Volume, client: int, client_cluster: str) -> None:
    """Removes one attachment. ``cluster`` is the one whose client it is if that is this cluster's own."""
    attachment = volume.attached.pop((client_cluster, client), None)
    if client_cluster == cluster.id and attachment is not None:
        cluster.attachments.pop((volume.lasting_id, client), None)
        cluster.clients[client].positions.discard(attachment.pos)
    snapshot_may_go(cluster, volume)


def snapshot_may_go(cluster: Cluster, volume: Volume) -> None:
    """Notes that a bound snapshot may have lost what kept it."""
    if isinstance(volume, Snapshot):
        cluster.dirty[volume.id] = volume


def create_volume(
    context: Context,
    *,
    name: str,
    size: int,
    policy: Policy,
    template: Template | None,
    parent: Snapshot | None,
    tags: dict[str, str],
) -> Volume:
    """A new volume of ``size`` bytes, with a policy that is complete."""
    cluster = context.cluster
    check_capacity(context, size)
    number = cluster.next_id()
    volume = Volume(
        number, new_global_id(cluster, number), name, size, policy, int(context.now), template=template, tags=tags
    )
    add(cluster, volume)
    set_parent(cluster, volume, parent)
    volume.vag = parent.vag if parent is not None else number
    if parent is None:
        context.world.steps.append(Make(volume.file, size))
    else:
        copy_bytes(context, parent, volume)
    context.changed = True
    return volume


def copy_bytes(context: Context, source: Volume, target: Volume) -> None:
    """The bytes of a new object are those of another one, as far as its size goes."""
    context.world.steps.append(Copy(source.file, target.file, target.size, target.is_snapshot))


def create_snapshot(
    context: Context,
    volume: Volume,
    *,
    name: str = "",
    tags: dict[str, str] | None = None,
    bound: bool = False,
    transient: bool = False,
    delete_at: int = 0,
) -> Snapshot:
    """A snapshot of ``volume``: takes its data and its place in the chain, and becomes its parent."""
    cluster = context.cluster
    number = cluster.next_id()
    snapshot = Snapshot(
        number,
        new_global_id(cluster, number),
        name,
        volume.size,
        replace(volume.policy),
        int(context.now),
        template=volume.template,
        tags=tags or {},
        stored=volume.stored,
        vag=volume.vag,
        created_from=volume,
        created_from_id=volume.id,
        created_from_global_id=volume.lasting_id,
        created_from_then=volume.global_id,
        on_name=volume.name,
        of_unnamed=volume.lasting_id if context.switches["unnamed_of_unnamed"] == "volume" else "",
        bound=bound,
        transient=transient,
    )
    add(cluster, snapshot)
    set_parent(cluster, snapshot, volume.parent)
    set_parent(cluster, volume, snapshot)
    copy_bytes(context, volume, snapshot)
    volume.stored = 0
    volume.made[number] = snapshot
    if transient:
        snapshot.collect_at = context.now + context.switches["transient_seconds"]
        heapq.heappush(cluster.events, (snapshot.collect_at, number))
    schedule(cluster, snapshot, delete_at)
    context.changed = True
    return snapshot


def delete_volume(context: Context, volume: Volume) -> None:
    """Removes a volume at once; unnamed snapshots keep its last name in theirs."""
    for snapshot in volume.made.values():
        snapshot.created_from = None
        snapshot.on_name = volume.name
    remove(context.cluster, volume)
    context.world.steps.append(Remove(volume.file))
    context.changed = True


def schedule(cluster: Cluster, snapshot: Snapshot, delete_at: int) -> None:
    """Sets or (0) cancels the time at which a snapshot is deleted."""
    snapshot.delete_at = delete_at
    if delete_at:
        heapq.heappush(cluster.events, (delete_at, snapshot.id))


def delete_snapshot(context: Context, snapshot: Snapshot) -> None:
    """Marks a snapshot deleted: it vanishes later; whether its name is free at once is a switch."""
    if snapshot.name and context.switches["deleted_name"] == "free":
        del context.cluster.by_name[snapshot.name]
    snapshot.starred = not names.listed(snapshot).startswith("~") or context.switches["deleted_unnamed"] == "star"
    snapshot.deleted = True
    snapshot.gone_at = context.now + context.switches["snapshot_delete_seconds"]
    heapq.heappush(context.cluster.events, (snapshot.gone_at, snapshot.id))
    context.changed = True


def change_global_id(cluster: Cluster, volume: Volume) -> None:
    """Gives a volume another global id: the one that it was created with stays valid, one in between does not."""
    volume.original_id = volume.lasting_id
    if volume.global_id != volume.original_id:
        del cluster.by_global_id[volume.global_id]
    volume.global_id = new_global_id(cluster, cluster.next_id())
    cluster.by_global_id[volume.global_id] = volume


def _vanish(context: Context, snapshot: Snapshot) -> None:
    """The end of a deletion: the children get the data and the parent."""
    for child in (*snapshot.child_volumes.values(), *snapshot.child_snapshots.values()):
        child.stored = min(child.size, child.stored + snapshot.stored)
        set_parent(context.cluster, child, snapshot.parent)
    for template in context.cluster.templates.values():
        if template.parent is snapshot:
            template.parent = None
    remove(context.cluster, snapshot)
    context.world.steps.append(Remove(snapshot.file))


def _collectable(snapshot: Snapshot, now: float) -> bool:
    """Whether a bound or transient snapshot has nothing left that keeps it.

    A transient one is the common parent of a volume and its copy: with fewer than two children nobody needs it, and
    after a while its data has gone to both.
    """
    if snapshot.deleted or snapshot.attached or snapshot.exports:
        return False
    children = len(snapshot.child_volumes) + len(snapshot.child_snapshots)
    return (snapshot.bound and children == 0) or (snapshot.transient and (children < 2 or snapshot.collect_at <= now))


def _review(context: Context, snapshot: Snapshot) -> None:
    """What the present moment does to one snapshot; what cannot be done yet is tried again later."""
    cluster, now = context.cluster, context.now
    children = len(snapshot.child_volumes) + len(snapshot.child_snapshots)
    if _collectable(snapshot, now):
        delete_snapshot(context, snapshot)
    elif snapshot.deleted:
        if snapshot.gone_at <= now:
            if children < 2 or snapshot.transient or context.switches["multiple_children"] == "merged":
                _vanish(context, snapshot)
            else:
                heapq.heappush(cluster.events, (now + RETRY_SECONDS, snapshot.id))
    elif snapshot.delete_at and snapshot.delete_at <= now:
        if snapshot.attached or snapshot.exports:
            heapq.heappush(cluster.events, (now + RETRY_SECONDS, snapshot.id))
        else:
            delete_snapshot(context, snapshot)


def settle(context: Context) -> None:
    """Collects, deletes on schedule and lets vanish, until nothing changes any more at this moment."""
    cluster = context.cluster
    while cluster.dirty or (cluster.events and cluster.events[0][0] <= context.now):
        if cluster.dirty:
            _number, snapshot = cluster.dirty.popitem()
        else:
            snapshot = cluster.snapshots.get(heapq.heappop(cluster.events)[1])
        if snapshot is not None and snapshot.id in cluster.snapshots:
            _review(context, snapshot)


def advance(context: Context) -> None:
    """Brings every cluster to the present: what time does by itself is no call's effect."""
    for cluster in context.world.clusters.values():
        if cluster.dirty or cluster.events:
            settle(replace(context, cluster=cluster))


def delete_date(context: Context, args: dict[str, Any]) -> int | None:
    """The unix time that targetDeleteDate or deleteAfter mean: 0 for none, None if neither is there."""
    date, after = args.get("targetDeleteDate"), args.get("deleteAfter")
    if date and after:
        errors.invalid("Only one of targetDeleteDate and deleteAfter can be set")
    if date:
        if date < context.now:
            errors.invalid("targetDeleteDate can not be set in the past")
        return date
    if after:
        return int(context.now) + after
    return None if date is None and after is None else 0
