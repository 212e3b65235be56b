# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Template calls."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from simulators.storpool import errors, fields, names, placement, policies, views
from simulators.storpool.calls import get, post
from simulators.storpool.fields import Field, required
from simulators.storpool.state import Context, Template, Volume

_FIELDS = (
    Field("parent", fields.reference),
    Field("size", fields.template_size),
    *(
        Field(field.name, fields.dash(field.convert)) if field.name == "replication" else field
        for field in fields.POLICY
    ),
)


@get("VolumeTemplatesList")
def templates_list(context: Context, args: dict[str, Any]) -> list[dict[str, Any]]:
    return [views.template_view(template, context) for template in context.cluster.templates.values()]


@get("VolumeTemplateDescribe", targets=1)
def template_describe(context: Context, name: str, args: dict[str, Any]) -> dict[str, Any]:
    return views.template_view(names.get_template(context, name), context)


def _members(context: Context) -> dict[int, list[Volume]]:
    members: dict[int, list[Volume]] = {template.id: [] for template in context.cluster.templates.values()}
    for volume in (*context.cluster.volumes.values(), *context.cluster.snapshots.values()):
        if volume.template is not None:
            members[volume.template.id].append(volume)
    return members


def _estimate(capacity: int, free: int) -> dict[str, Any]:
    return {"capacity": capacity, "free": free, "internal": {"u1": 0, "u2": 0, "u3": 0}}


@get("VolumeTemplatesStatus", listing=True)
def templates_status(context: Context, args: dict[str, Any]) -> list[dict[str, Any]]:
    """Sizes of what uses each template, and space on its disks; templates share disks, so space does not add up."""
    usage = placement.stored_per_disk(context.cluster)
    members = _members(context)
    return [_status(context, template, members[template.id], usage) for template in context.cluster.templates.values()]


def _status(
    context: Context, template: Template, members: list[Volume], usage: dict[int, tuple[int, int]]
) -> dict[str, Any]:
    volumes = [each for each in members if not each.is_snapshot]
    snapshots = [each for each in members if each.is_snapshot]
    parents = [each for each in snapshots if each.child_volumes or each.child_snapshots]
    policy = policies.complete(context, template.policy)
    places = {"placeAll": policy.place_all, "placeTail": policy.place_tail, "placeHead": policy.place_head}
    spaces = {key: placement.group_space(context.cluster, group, usage) for key, group in places.items()}
    status: dict[str, Any] = {
        "id": template.id,
        "name": template.name,
        **{key: group.name for key, group in places.items()},
        "replication": "-" if policy.replication is None else policy.replication,
        "volumesCount": len(volumes),
        "snapshotsCount": len(snapshots),
        "removingSnapshotsCount": sum(each.deleted for each in snapshots),
        "size": sum(each.size for each in members),
        "totalSize": sum(each.size * (each.policy.replication or 1) for each in members),
        "storedSize": sum(each.stored for each in members),
        "onDiskSize": sum(placement.on_disk_size(each) for each in members),
        "volumesSize": sum(each.size for each in volumes),
        "snapshotsWithChildrenSize": sum(each.size for each in parents),
        "snapshotsWithoutChildrenSize": sum(each.size for each in snapshots) - sum(each.size for each in parents),
        "stored": {
            **_estimate(*placement.client_space(policy, spaces)),
            **{
                key: _estimate(*(number * placement.DATA // placement.WITH_CHECKSUMS for number in space))
                for key, space in spaces.items()
            },
        },
    }
    for key, (capacity, available) in spaces.items():
        suffix = key[0].upper() + key[1:]
        status[f"capacity{suffix}"] = capacity
        status[f"available{suffix}"] = available
    return status


def _changed(context: Context, template: Template, args: dict[str, Any]) -> Template:
    """``template`` with what the request sets; the original stays as it is."""
    parent, size = template.parent, template.size
    if "parent" in args:
        parent = names.get_snapshot(context, args["parent"]) if args["parent"] else None
    if "size" in args:
        size = None if args["size"] == "-" else args["size"]
    tags = policies.merge_tags(template.tags, args.get("tags"))
    return replace(template, policy=policies.apply(context, template.policy, args), parent=parent, size=size, tags=tags)


@post("VolumeTemplateCreate", required("name", fields.template_name), *_FIELDS)
def template_create(context: Context, args: dict[str, Any]) -> None:
    name, cluster = args["name"], context.cluster
    if name in cluster.templates:
        errors.exists(name)
    template = _changed(context, Template(0, name, policies.Policy()), args)
    policies.complete(context, template.policy)
    template.id = cluster.next_id()
    cluster.templates[name] = template
    context.changed = True


@post(
    "VolumeTemplateUpdate",
    Field("rename", fields.template_name),
    Field("propagate", fields.boolean),
    *_FIELDS,
    targets=1,
)
def template_update(context: Context, name: str, args: dict[str, Any]) -> None:
    """With propagate, what changes in the policy changes in the volumes and snapshots that use the template too."""
    cluster = context.cluster
    template = names.get_template(context, name)
    rename = args.get("rename", name)
    if rename != name and rename in cluster.templates:
        errors.exists(rename)
    new = _changed(context, template, args)
    before = template.policy
    if args.get("propagate"):
        after_complete, before_complete = policies.complete(context, new.policy), policies.complete(context, before)
        for volume in (*cluster.volumes.values(), *cluster.snapshots.values()):
            if volume.template is template:
                policy = policies.propagated(volume, before_complete, after_complete)
                context.changed |= policy != volume.policy
                volume.policy = policy
    if (new.policy, new.parent, new.size, new.tags) != (before, template.parent, template.size, template.tags):
        template.policy, template.parent, template.size, template.tags = new.policy, new.parent, new.size, new.tags
        context.changed = True
    if rename != name:
        template.name = rename
        cluster.templates = {each.name: each for each in cluster.templates.values()}
        context.changed = True


@post("VolumeTemplateDelete", targets=1)
def template_delete(context: Context, name: str, args: dict[str, Any]) -> None:
    template = names.get_template(context, name)
    if _members(context)[template.id]:
        raise errors.ApiFailure(context.switches["error_in_use"], f"Template '{name}' is in use")
    del context.cluster.templates[name]
    context.changed = True
