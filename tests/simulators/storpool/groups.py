# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Placement groups, fault sets and volume allocation groups."""

from __future__ import annotations

from typing import Any

from simulators.storpool import errors, fields, names, placement, views
from simulators.storpool.calls import get, post
from simulators.storpool.fields import Field, required
from simulators.storpool.state import Context, PlacementGroup, Policy, Volume


@get("PlacementGroupsList")
def groups_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """An object keyed by name."""
    return {group.name: views.group_view(group) for group in context.cluster.groups.values()}


@get("PlacementGroupDescribe", targets=1)
def group_describe(context: Context, name: str, args: dict[str, Any]) -> dict[str, Any]:
    return views.group_view(names.get_group(context, name))


_DISKS = fields.list_of(fields.disk_id)


@post(
    "PlacementGroupUpdate",
    Field("rename", fields.group_name),
    Field("addDisks", _DISKS),
    Field("rmDisks", _DISKS),
    targets=1,
)
def group_update(context: Context, name: str, args: dict[str, Any]) -> None:
    """Creates the group if there is none. Data stays where it is: moving it is the balancer's job."""
    cluster = context.cluster
    name = fields.group_name("name", name, context.switches)
    rename = args.get("rename", name)
    if rename != name and rename in cluster.groups:
        errors.exists(rename)
    add, drop = set(args.get("addDisks", ())), set(args.get("rmDisks", ()))
    unknown = sorted(add - set(cluster.disks))
    if unknown:
        raise errors.ApiFailure(context.switches["error_unknown_disk"], f"Disk {unknown[0]} does not exist")
    if add & drop:
        errors.invalid(f"Disk {min(add & drop)} is in both addDisks and rmDisks")
    group = cluster.groups.get(name)
    if group is None:
        if not add and context.switches["empty_placement_group"] == "refused":
            errors.invalid(f"Placement group '{name}' does not exist and no disks are given")
        group = PlacementGroup(cluster.next_id(), name, set())
        cluster.groups[name] = group
        context.changed = True
    disks = (group.disks | add) - drop
    if (disks, rename) != (group.disks, group.name):
        group.disks, group.name = disks, rename
        cluster.groups = {each.name: each for each in cluster.groups.values()}
        context.changed = True


def _uses(policy: Policy, group: PlacementGroup) -> bool:
    return group in (policy.place_all, policy.place_tail, policy.place_head)


@post("PlacementGroupDelete", targets=1)
def group_delete(context: Context, name: str, args: dict[str, Any]) -> None:
    cluster = context.cluster
    group = names.get_group(context, name)
    users = (*cluster.templates.values(), *cluster.volumes.values(), *cluster.snapshots.values())
    if any(_uses(user.policy, group) for user in users):
        raise errors.ApiFailure(context.switches["error_in_use"], f"Placement group '{name}' is in use")
    del cluster.groups[name]
    context.changed = True


@get("FaultSetsList")
def fault_sets_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return {name: {"name": name, "servers": servers} for name, servers in context.cluster.fault_sets.items()}


def _in_vag(context: Context, number: int) -> list[Volume]:
    cluster = context.cluster
    members = [each for each in (*cluster.volumes.values(), *cluster.snapshots.values()) if each.vag == number]
    if not members:
        errors.missing("Volume allocation group", str(number))
    return members


@get("VagList", targets=1)
def vag_list(context: Context, number: str, args: dict[str, Any]) -> dict[str, Any]:
    """A volume without a parent has a group of its own, whose id is its own; children are in their parent's."""
    vag = fields.integer(1, 2**64)("vagId", number, context.switches)
    member = _in_vag(context, vag)[0]
    sets = placement.disk_sets(context.cluster, member)
    summary = views.summary(member, context)
    keys = ("placeAll", "placeTail", "placeHead", "replication", "templateName", "templateId")
    return {
        "name": vag,
        "vagId": vag,
        "parentVagId": member.parent.vag if member.parent is not None else vag,
        "chains": sets,
        "targetDiskSets": sets,
        "overrides": {},
        "diskSetsConstraintsViolated": False,
        "reuseServer": member.policy.reuse_server,
        **{key: summary[key] for key in keys},
    }


_VAG = required("vagId", fields.either("parent", fields.integer(1, 2**64)))


def _update_vag(context: Context, volume: Volume, vag: int | str) -> None:
    if vag == "parent":
        if volume.parent is None:
            errors.invalid(f"'{names.listed(volume)}' has no parent")
        vag = volume.parent.vag
    else:
        _in_vag(context, vag)
    context.changed = vag != volume.vag
    volume.vag = vag


@post("VolumeUpdateVag", _VAG, targets=1, locate="volume")
def volume_update_vag(context: Context, reference: str, args: dict[str, Any]) -> None:
    _update_vag(context, names.get_volume(context, reference), args["vagId"])


@post("SnapshotUpdateVag", _VAG, targets=1, locate="snapshot")
def snapshot_update_vag(context: Context, reference: str, args: dict[str, Any]) -> None:
    _update_vag(context, names.get_snapshot(context, reference), args["vagId"])


@post("VagUpdate", required("vagId", fields.text), required("targetsCount", fields.integer(1, 2**15)))
def vag_update(context: Context, args: dict[str, Any]) -> None:
    """targetsCount is a power of two; how many disk sets there are follows from the disks here."""
    if args["targetsCount"] & (args["targetsCount"] - 1):
        errors.invalid("targetsCount must be a power of two")
    _in_vag(context, fields.integer(1, 2**64)("vagId", args["vagId"], context.switches))
