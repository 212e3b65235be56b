# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator's own paths under ``/_sim/``: what no API call can do to a cluster."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulators.kit import AdminError
from simulators.kit.faults import LONGEST, is_seconds
from simulators.storpool import names, policies, services, views
from simulators.storpool.state import Client, Cluster, Context, Location, RemoteCluster, Volume, World, build_cluster

Body = Mapping[str, Any]

#: As many disks as a cluster of forty-one servers with 24 each has: every disk has an id below 4096.
MOST_DISKS = 24 * 40
_CLUSTER_ID = re.compile(r"[a-z0-9]+\.[a-z0-9]+")


def _object(body: Any) -> Body:
    if not isinstance(body, dict):
        raise AdminError("the request is a JSON object")
    return body


def _cluster(world: World, body: Body) -> Cluster:
    wanted = body.get("cluster", world.local.id)
    cluster = world.clusters.get(wanted) if isinstance(wanted, str) else None
    if cluster is None:
        raise AdminError(f"there is no cluster {wanted!r}")
    return cluster


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _integer(body: Body, key: str) -> int:
    value = body.get(key)
    if isinstance(value, bool) or not isinstance(value, int):
        raise AdminError(f"{key} is a whole number")
    return value


def _boolean(body: Body, key: str, default: bool) -> bool:
    value = body.get(key, default)
    if not isinstance(value, bool):
        raise AdminError(f"{key} is true or false")
    return value


def _volume(cluster: Cluster, body: Body) -> Volume:
    reference = body.get("volume")
    if isinstance(reference, str):
        found = cluster.by_name.get(reference)
        if reference.startswith("~"):
            found = cluster.by_global_id.get(reference[1:])
        if found is not None:
            return found
    raise AdminError(f"there is no volume or snapshot {reference!r} in cluster {cluster.id}")


def set_open(context: Context, method: str, body: Any) -> Any:
    """GET: the devices that are open. POST ``{"volume", "client", "open"}``: a process opens or closes a device."""
    if method == "POST":
        given = _object(body)
        cluster = _cluster(context.world, given)
        volume, client = _volume(cluster, given), _integer(given, "client")
        attachment = volume.attached.get((cluster.id, client))
        if attachment is None:
            raise AdminError(f"{names.listed(volume)} is not attached to client {client}")
        attachment.open = _boolean(given, "open", True)
    return [
        {**views.attachment_view(each, context), "cluster": cluster.id, "open": True}
        for cluster in context.world.clusters.values()
        for each in context.world.in_use(cluster.attachments.values())
    ]


def clients(context: Context, method: str, body: Any) -> Any:
    """GET: the clients. POST ``{"id", "up"?, "lag"?, "registered"?}``: registers, changes or removes one.

    ``lag``: seconds to apply a configuration, null for what the switch says.
    """
    if method == "POST":
        given = _object(body)
        cluster = _cluster(context.world, given)
        _set_client(Context(context.world, cluster, context.switches, context.now), given)
    return [
        {
            "id": client.id,
            "cluster": cluster.id,
            "up": client.up,
            "lag": client.lag,
            "generation": services.applied_generation(
                client, Context(context.world, cluster, context.switches, context.now)
            ),
        }
        for cluster in context.world.clusters.values()
        for client in cluster.clients.values()
    ]


def _set_client(context: Context, given: Body) -> None:
    number = _integer(given, "id")
    if not 1 <= number <= 4095:
        raise AdminError("a client's id is from 1 to 4095")
    lag = given.get("lag")
    if lag is not None and not is_seconds(lag):
        raise AdminError(f"lag is a number of seconds from 0 to {LONGEST}, or null")
    up = given.get("up")
    if up is not None and not isinstance(up, bool):
        raise AdminError("up is true or false")
    registered = context.cluster.clients
    if not _boolean(given, "registered", True):
        client = registered.get(number)
        if client is not None and client.positions:
            raise AdminError(f"client {number} has attachments")
        registered.pop(number, None)
        return
    client = registered.setdefault(number, Client(number, generation=context.cluster.generation))
    if "lag" in given:
        client.lag = lag
    if up is not None:
        services.client_up(client, context, up)


def set_disk(context: Context, method: str, body: Any) -> Any:
    """POST ``{"id", "up"}``: a disk fails or comes back."""
    given = _object(body)
    cluster = _cluster(context.world, given)
    disk = cluster.disks.get(_integer(given, "id"))
    if disk is None:
        raise AdminError(f"there is no disk {given['id']}")
    disk.generation_left = -1 if _boolean(given, "up", True) else cluster.generation
    cluster.disk_sets.clear()
    return {"id": disk.id, "up": disk.up}


def write(context: Context, method: str, body: Any) -> Any:
    """POST ``{"volume", "bytes"}``: so much client data has been written to it, in all, since its last snapshot."""
    given = _object(body)
    volume = _volume(_cluster(context.world, given), given)
    stored = _integer(given, "bytes")
    if not 0 <= stored <= volume.size:
        raise AdminError("bytes is from 0 to the volume's size")
    volume.stored = stored
    return {"volume": names.listed(volume), "storedSize": stored}


def clusters(context: Context, method: str, body: Any) -> Any:
    """GET: the clusters. POST ``{"id": "loc.sub", "name"?, "location"?, "clients"?, "disks"?, "token"?, "connected"?}``.

    A new cluster gets disks, clients and placement groups like the local one, and each of the two is registered with
    the other. Calls with its ``token`` are for it, as if they came to an API of its own. For a cluster that exists, only
    ``connected`` is set: one that is not connected, the local one too, is reached by no other.
    """
    world = context.world
    if method == "POST":
        given = _object(body)
        number = given.get("id")
        if not isinstance(number, str) or not _CLUSTER_ID.fullmatch(number):
            raise AdminError('id is a cluster id, like "far.b"')
        connected = _boolean(given, "connected", True)
        if number not in world.clusters:
            _add_cluster(world, context.now, number, given)
        world.clusters[number].connected = connected
    return [
        {"id": each.id, "name": each.name, "connected": each.connected, "local": each is world.local}
        for each in world.clusters.values()
    ]


def _add_cluster(world: World, now: float, number: str, given: Body) -> None:
    name = given.get("name", f"cluster-{number.replace('.', '-')}")
    location = given.get("location", f"location-{number.partition('.')[0]}")
    for what, value in (("name", name), ("location", location)):
        if not isinstance(value, str) or not names.VOLUME.fullmatch(value) or len(value) > names.LOCATION_MAX:
            raise AdminError(f"{what} is a name of letters, digits, '_', '-', '.' and ':'")
    if any(each.name == name for each in world.clusters.values()):
        raise AdminError(f"there is a cluster {name!r} already")
    numbers = given.get("clients", [1, 2, 3])
    if not isinstance(numbers, list) or not all(_is_whole(each) and 1 <= each <= 4095 for each in numbers):
        raise AdminError("clients is a list of ids from 1 to 4095")
    disks = given.get("disks", 9)
    if not _is_whole(disks) or not 1 <= disks <= MOST_DISKS:
        raise AdminError(f"disks is a number from 1 to {MOST_DISKS}")
    token = given.get("token")
    if token is not None and (not isinstance(token, str) or not token):
        raise AdminError("token is a text")
    local = world.local
    cluster = build_cluster(number, name, numbers, disks, int(now))
    cluster.token = token
    world.clusters[number] = cluster
    register(local, cluster, location)
    register(cluster, local, f"location-{local.location_id}")


def register(cluster: Cluster, other: Cluster, location_name: str) -> None:
    """Makes ``other`` known to ``cluster``, as LocationAdd and ClusterAdd would."""
    known = next((each for each in cluster.locations.values() if each.id == other.location_id), None)
    location = known or Location(other.location_id, location_name)
    cluster.locations[location.name] = location
    cluster.remotes[other.name] = RemoteCluster(other.id.partition(".")[2], location, other.name)


def data(context: Context, cluster: str | None, root: Path) -> dict[str, dict[str, Any]]:
    """``{global id: {"file", "size", "kind", "cluster"}}`` of one cluster, or of all: where two have an id, the local one's.

    What a revert has given another id is there under both that it has.
    """
    world = context.world
    clusters = [world.local, *world.clusters.values()] if cluster is None else [_cluster(world, {"cluster": cluster})]
    found: dict[str, dict[str, Any]] = {}
    for each in clusters:
        for global_id, volume in each.by_global_id.items():
            kind = "snapshot" if volume.is_snapshot else "volume"
            file = str(root / volume.file)
            found.setdefault(global_id, {"file": file, "size": volume.size, "kind": kind, "cluster": each.id})
    return found


def dump(context: Context) -> dict[str, Any]:
    """The whole state, whatever the switches that change listings say."""
    return {"now": context.now, "clusters": {each.id: _dump(context, each) for each in context.world.clusters.values()}}


def _dump(world: Context, cluster: Cluster) -> dict[str, Any]:
    context = Context(world.world, cluster, world.switches, world.now)
    in_use = world.world.in_use(cluster.attachments.values())
    return {
        "id": cluster.id,
        "name": cluster.name,
        "generation": cluster.generation,
        "connected": cluster.connected,
        "volumes": [_dump_volume(each, context) for each in cluster.volumes.values()],
        "snapshots": [_dump_volume(each, context) for each in cluster.snapshots.values()],
        "attachments": [
            {**views.attachment_view(each, context), "lastingId": each.volume.lasting_id, "open": each in in_use}
            for each in cluster.attachments.values()
        ],
        "templates": [{**views.template_view(each, context), "tags": each.tags} for each in cluster.templates.values()],
        "placementGroups": [views.group_view(each) for each in cluster.groups.values()],
        "disks": [
            {"id": each.id, "server": each.server, "ssd": each.ssd, "up": each.up, "size": each.size}
            for each in cluster.disks.values()
        ],
        "clients": [
            {"id": each.id, "up": each.up, "lag": each.lag, "generation": services.applied_generation(each, context)}
            for each in cluster.clients.values()
        ],
        "locations": [{"id": each.id, "name": each.name} for each in cluster.locations.values()],
        "remoteClusters": [
            {"id": each.id, "location": each.location.name, "name": each.name} for each in cluster.remotes.values()
        ],
        "buckets": cluster.buckets,
    }


def _dump_volume(volume: Volume, context: Context) -> dict[str, Any]:
    return {
        **views.any_summary(volume, context),
        "givenName": volume.name,
        "lastingId": volume.lasting_id,
        "storedSize": volume.stored,
        "effectiveBw": policies.effective(volume.policy.bw, volume.policy, volume.size),
        "effectiveIops": policies.effective(volume.policy.iops, volume.policy, volume.size),
        "exports": list(volume.exports),
    }
