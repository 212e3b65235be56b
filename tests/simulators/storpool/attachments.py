# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Attachment calls: one reassign request carries many items and is all or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulators.storpool import errors, fields, lifecycle, names, views
from simulators.storpool.calls import get, post
from simulators.storpool.fields import Field, required
from simulators.storpool.state import Attachment, Client, Cluster, Context, Snapshot, Volume
from simulators.storpool.steps import Rename

MAX_ATTACHMENTS = 1024


@get("AttachmentsList", listing=True)
def attachments_list(context: Context, args: dict[str, Any]) -> list[dict[str, Any]]:
    return [views.attachment_view(attachment, context) for attachment in context.cluster.attachments.values()]


def _open_at(volume: Volume, client: int) -> str:
    return f"'{names.listed(volume)}' is open at client {client}"


def refuse_attached(volume: Volume, how: str) -> None:
    """busy if a volume is attached and ``how`` (an onAttached value) is "fail"."""
    if volume.attached and how == "fail":
        clients = ", ".join(str(attachment.client) for attachment in volume.attached.values())
        raise errors.ApiFailure(errors.BUSY, f"'{names.listed(volume)}' is attached to client {clients}")


def detach_everywhere(context: Context, volume: Volume, *, force: bool) -> None:
    """Removes every attachment, in every cluster; an open device refuses unless ``force``."""
    attachments = list(volume.attached.values())
    for attachment in attachments:
        if not force and context.world.in_use(attachment):
            raise errors.ApiFailure(context.switches["error_open_device"], _open_at(volume, attachment.client))
    for attachment in attachments:
        lifecycle.detach(context.world.clusters[attachment.cluster], volume, attachment.client, attachment.cluster)
        context.changed = True


ITEM = {
    field.name: field
    for field in (
        Field("volume", fields.reference),
        Field("snapshot", fields.reference),
        Field("detach", fields.either("all", fields.list_of(fields.client_id))),
        Field("rw", fields.list_of(fields.client_id)),
        Field("ro", fields.list_of(fields.client_id)),
        Field("force", fields.boolean),
        Field("allowRemoteExported", fields.boolean),
        Field("onRemoteAttached", fields.on_attached),
        Field("mcMode", fields.one_of("move", "export")),
    )
}


def _item(name: str, value: Any, switches: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(value, dict):
        errors.bad_json("A reassign item must be an object")
    item = fields.parse(ITEM, value, switches)
    if ("volume" in item) == ("snapshot" in item):
        errors.invalid("Exactly one of volume and snapshot must be specified")
    return item


_ITEMS = fields.list_of(_item)


def _bare_list(body: Any, context: Context) -> dict[str, Any]:
    return {"reassign": _ITEMS("reassign", body, context.switches)}


def _list_or_object(body: Any, context: Context) -> dict[str, Any]:
    """Both forms are in use: the object with reassign and attachTimeout, and a bare array."""
    if isinstance(body, list):
        return _bare_list(body, context)
    return fields.parse(
        {"reassign": required("reassign", _ITEMS), "attachTimeout": Field("attachTimeout", fields.integer(0))},
        body,
        context.switches,
    )


@dataclass(frozen=True)
class Reassigned:
    """What a reassign did: clients to wait for, and the attachments to undo if they do not come in time."""

    detached: frozenset[int]
    attached: frozenset[int]
    added: tuple[tuple[str, int], ...]
    timeout: int | None


@dataclass
class _Step:
    volume: Volume
    home: Cluster
    detach: list[Attachment]
    attach: dict[int, str]


def _plan(context: Context, item: dict[str, Any]) -> _Step:
    """Checks one item against the state; nothing is changed."""
    volume, home = _locate(context, item)
    attach = _rights(context, volume, item)
    detach = _leaving(context, volume, item, attach)
    force = item.get("force", False)
    for attachment in detach:
        if not force and context.world.in_use(attachment):
            raise errors.ApiFailure(context.switches["error_open_device"], _open_at(volume, attachment.client))
    return _Step(volume, home, detach, attach)


def _rights(context: Context, volume: Volume, item: dict[str, Any]) -> dict[int, str]:
    """The clients to attach to, each with its rights; snapshots are read only."""
    attach = dict.fromkeys(item.get("ro", ()), "ro")
    for client in item.get("rw", ()):
        if attach.get(client) == "ro":
            errors.invalid(f"Client {client} is in both rw and ro")
        attach[client] = "rw"
    if isinstance(volume, Snapshot):
        if volume.transient and attach:
            raise errors.ApiFailure(
                context.switches["error_transient_attach"], "A transient snapshot can not be attached"
            )
        if item.get("rw") and context.switches["snapshot_rw"] == "refused":
            errors.invalid("A snapshot can only be attached read only")
        attach = dict.fromkeys(attach, "ro")
    if any(client not in context.cluster.clients for client in attach):
        errors.invalid("No such client registered")
    return attach


def _leaving(context: Context, volume: Volume, item: dict[str, Any], attach: dict[int, str]) -> list[Attachment]:
    """The attachments to remove: a client that the same item attaches keeps its own."""
    wanted = item.get("detach", ())
    if wanted == "all":
        return [each for each in volume.attached.values() if not _stays(context, each, attach)]
    leaving = []
    for client in wanted:
        attachment = volume.attached.get((context.cluster.id, client))
        if attachment is not None:
            if client not in attach:
                leaving.append(attachment)
        elif client not in context.cluster.clients:
            if context.switches["detach_unknown_client"] == "refused":
                errors.invalid("No such client registered")
        elif context.switches["detach_not_attached"] == "refused":
            errors.invalid(f"'{names.listed(volume)}' is not attached to client {client}")
    return leaving


def _stays(context: Context, attachment: Attachment, attach: dict[int, str]) -> bool:
    """Whether detach "all" leaves an attachment: the request attaches it in the same item."""
    return attachment.cluster == context.cluster.id and attachment.client in attach


def _locate(context: Context, item: dict[str, Any]) -> tuple[Volume, Cluster]:
    """The object and the cluster it is in: this one; another one under MultiCluster/ or where it exports it to us."""
    here = context.cluster
    if "snapshot" in item:
        return names.get_snapshot(context, item["snapshot"]), here
    if names.find_volume(here, item["volume"]) is None:
        for cluster in context.world.clusters.values():
            found = names.find_volume(cluster, item["volume"]) if cluster.connected else None
            if found is not None and (context.multi or (item.get("allowRemoteExported") and here.id in found.exports)):
                return found, cluster
    return names.get_volume(context, item["volume"]), here


def _bring(context: Context, step: _Step, item: dict[str, Any]) -> None:
    """Under MultiCluster/ a volume of another cluster is moved here, or exported to this one, before it is attached."""
    if step.home is context.cluster or not context.multi or not step.attach:
        return
    how = item.get("onRemoteAttached", "export")
    away = [each for each in step.volume.attached.values() if each.cluster != context.cluster.id]
    if item.get("mcMode") == "export" or (away and how == "export"):
        step.volume.exports[context.cluster.id] = True
        return
    refuse_attached(step.volume, how)
    detach_everywhere(context, step.volume, force=how == "detachForce")
    move(context, step.home, context.cluster, step.volume)


def move(context: Context, source: Cluster, target: Cluster, volume: Volume) -> None:
    """Moves a volume or snapshot between clusters: the same global id, name, tags and size; no parent."""
    names.claim(target, volume.name)
    groups = target.groups
    fallback = groups.get("default") or next(iter(groups.values()))
    file = volume.file
    lifecycle.remove(source, volume)
    volume.id = target.next_id()
    volume.vag = volume.id
    volume.template = target.templates.get(volume.template.name) if volume.template is not None else None
    policy = volume.policy
    policy.place_all = groups.get(policy.place_all.name, fallback)
    policy.place_tail = groups.get(policy.place_tail.name, fallback)
    policy.place_head = groups.get(policy.place_head.name, fallback)
    volume.exports.clear()
    lifecycle.add(target, volume)
    context.world.steps.append(Rename(file, volume.file))


def _free_position(client: Client) -> int:
    position = next(number for number in range(MAX_ATTACHMENTS) if number not in client.positions)
    client.positions.add(position)
    return position


def _apply(context: Context, step: _Step) -> list[tuple[str, int]]:
    cluster, volume = context.cluster, step.volume
    for attachment in step.detach:
        lifecycle.detach(context.world.clusters[attachment.cluster], volume, attachment.client, attachment.cluster)
        context.changed = True
    added = []
    for client, rights in step.attach.items():
        attachment = volume.attached.get((cluster.id, client))
        if attachment is None:
            position = _free_position(cluster.clients[client])
            generation = cluster.generation + 1
            attachment = Attachment(volume, cluster.id, client, rights, position, generation=generation)
            volume.attached[cluster.id, client] = attachment
            cluster.attachments[volume.lasting_id, client] = attachment
            added.append((volume.lasting_id, client))
            context.changed = True
        elif attachment.rights != rights:
            attachment.rights = rights
            context.changed = True
    return added


def _check_slots(context: Context, steps: list[_Step]) -> None:
    """invalidParam if a client would have more attachments than it can."""
    count: dict[int, int] = {}
    for step in steps:
        for client in step.attach:
            if (context.cluster.id, client) not in step.volume.attached:
                count[client] = count.get(client, 0) + 1
        for attachment in step.detach:
            if attachment.cluster == context.cluster.id:
                count[attachment.client] = count.get(attachment.client, 0) - 1
    for client, more in count.items():
        if len(context.cluster.clients[client].positions) + more > MAX_ATTACHMENTS:
            errors.invalid(f"No more attachment slots on client {client}")


def _reassign(context: Context, args: dict[str, Any]) -> Reassigned:
    items = args["reassign"]
    steps = [_plan(context, item) for item in items]
    _check_slots(context, steps)
    added: list[tuple[str, int]] = []
    for step, item in zip(steps, items, strict=True):
        _bring(context, step, item)
        added += _apply(context, step)
    return Reassigned(
        frozenset(each.client for step in steps for each in step.detach if each.cluster == context.cluster.id),
        frozenset(client for step in steps for client in step.attach),
        tuple(added),
        args.get("attachTimeout"),
    )


@post("VolumesReassign", body=_bare_list)
def volumes_reassign(context: Context, args: dict[str, Any]) -> None:
    """Answers once the configuration is changed."""
    _reassign(context, args)


@post("VolumesReassignWait", body=_list_or_object)
def volumes_reassign_wait(context: Context, args: dict[str, Any]) -> Reassigned:
    """Answers once the clients have applied it: the server waits for what this gives."""
    return _reassign(context, args)


def undo(context: Context, done: Reassigned, clients: frozenset[int]) -> None:
    """Takes back the attachments that a reassign added at ``clients``."""
    for global_id, client in done.added:
        attachment = context.cluster.attachments.get((global_id, client))
        if client in clients and attachment is not None:
            lifecycle.detach(context.cluster, attachment.volume, client, context.cluster.id)


def client_lag(client: Client, context: Context) -> float:
    """Seconds that a client takes to apply a configuration."""
    return context.switches["client_lag_seconds"] if client.lag is None else client.lag
