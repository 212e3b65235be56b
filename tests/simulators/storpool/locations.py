# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Locations, clusters and bridges that are registered with a cluster."""

from __future__ import annotations

from typing import Any

from simulators.storpool import errors, fields
from simulators.storpool.calls import get, post
from simulators.storpool.fields import Field, required
from simulators.storpool.state import Cluster, Context, Location, RemoteCluster

_LOCATION = required("location", fields.location_name)


def location_by_name(context: Context, name: str) -> Location:
    """The registered location, or objectDoesNotExist."""
    found = context.cluster.locations.get(name)
    if found is None:
        errors.missing("Location", name)
    return found


def name_of_location(cluster: Cluster, location_id: str) -> str:
    """What ``cluster`` calls a location: its registered name, else its id."""
    return next((each.name for each in cluster.locations.values() if each.id == location_id), location_id)


@get("LocationsList")
def locations_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return {
        "locations": [
            {
                "id": each.id,
                "name": each.name,
                "sendBufferSize": each.send_buffer,
                "recvBufferSize": each.recv_buffer,
            }
            for each in context.cluster.locations.values()
        ]
    }


_NAME = required("name", fields.location_name)
_BUFFERS = (Field("sendBufferSize", fields.integer(0)), Field("recvBufferSize", fields.integer(0)))


@post("LocationAdd", required("id", fields.id_part), _NAME)
def location_add(context: Context, args: dict[str, Any]) -> None:
    known = context.cluster.locations
    if args["name"] in known or any(each.id == args["id"] for each in known.values()):
        errors.exists(args["name"])
    known[args["name"]] = Location(args["id"], args["name"])
    context.changed = True


@post("LocationRemove", _LOCATION)
def location_remove(context: Context, args: dict[str, Any]) -> None:
    location = location_by_name(context, args["location"])
    if any(each.location is location for each in context.cluster.remotes.values()):
        raise errors.ApiFailure(context.switches["error_in_use"], f"Location '{location.name}' has clusters")
    del context.cluster.locations[location.name]
    context.changed = True


@post("LocationUpdate", _LOCATION, *_BUFFERS)
def location_update(context: Context, args: dict[str, Any]) -> None:
    location = location_by_name(context, args["location"])
    location.send_buffer = args.get("sendBufferSize", location.send_buffer)
    location.recv_buffer = args.get("recvBufferSize", location.recv_buffer)
    context.changed = len(args) > 1


@post("LocationRename", _LOCATION, _NAME)
def location_rename(context: Context, args: dict[str, Any]) -> None:
    location = location_by_name(context, args["location"])
    if args["name"] != location.name and args["name"] in context.cluster.locations:
        errors.exists(args["name"])
    for snapshot in context.cluster.snapshots.values():
        if location.name in snapshot.exports:
            snapshot.exports[args["name"]] = snapshot.exports.pop(location.name)
    location.name = args["name"]
    context.cluster.locations = {each.name: each for each in context.cluster.locations.values()}
    context.changed = True


@get("ClustersList")
def clusters_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return {
        "clusters": [
            {"id": each.id, "location": each.location.name, "name": each.name}
            for each in context.cluster.remotes.values()
        ]
    }


@post("ClusterAdd", required("id", fields.id_part), _LOCATION, Field("name", fields.location_name))
def cluster_add(context: Context, args: dict[str, Any]) -> None:
    location = location_by_name(context, args["location"])
    name = args.get("name") or f"{location.name}-cl{args['id']}"
    known = context.cluster.remotes
    if name in known or any((each.location, each.id) == (location, args["id"]) for each in known.values()):
        errors.exists(name)
    known[name] = RemoteCluster(args["id"], location, name)
    context.changed = True


@post(
    "ClusterRemove",
    Field("name", fields.location_name),
    Field("location", fields.location_name),
    Field("id", fields.id_part),
    Field("clusterWillNotBeComingBack", fields.boolean),
)
def cluster_remove(context: Context, args: dict[str, Any]) -> None:
    for each in context.cluster.remotes.values():
        if each.name == args.get("name") or (each.location.name, each.id) == (args.get("location"), args.get("id")):
            del context.cluster.remotes[each.name]
            context.changed = True
            return
    errors.missing("Cluster", args.get("name") or str(args.get("id")))


@post("ClusterRename", required("cluster", fields.location_name), _NAME)
def cluster_rename(context: Context, args: dict[str, Any]) -> None:
    known = context.cluster.remotes
    if args["cluster"] not in known:
        errors.missing("Cluster", args["cluster"])
    if args["name"] != args["cluster"] and args["name"] in known:
        errors.exists(args["name"])
    known[args["cluster"]].name = args["name"]
    context.cluster.remotes = {each.name: each for each in known.values()}
    context.changed = True


@get("RemoteBridgesList")
def bridges_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return {"remoteBridges": list(context.cluster.bridges.values())}


@post(
    "RemoteBridgeAdd",
    required("ip", fields.text),
    required("publicKey", fields.text),
    Field("location", fields.location_name),
    Field("remote", fields.location_name),
    Field("minimumDeleteDelay", fields.integer(0)),
    Field("noCrypto", fields.boolean),
)
def bridge_add(context: Context, args: dict[str, Any]) -> None:
    if args["ip"] in context.cluster.bridges:
        errors.exists(args["ip"])
    if ("location" in args) == ("remote" in args):
        errors.invalid("Exactly one of location and remote must be specified")
    bridge = dict(args)
    registered = context.cluster.remotes.get(args.get("remote", ""))
    if registered is not None:
        bridge |= {"location": registered.location.name, "cluster": registered.name}
    else:
        name = args.get("location") or args["remote"]
        bridge |= {"location": location_by_name(context, name).name, "remote": name}
    context.cluster.bridges[args["ip"]] = bridge
    context.changed = True


@post("RemoteBridgeRemove", required("ip", fields.text))
def bridge_remove(context: Context, args: dict[str, Any]) -> None:
    if context.cluster.bridges.pop(args["ip"], None) is None:
        errors.missing("Remote bridge", args["ip"])
    context.changed = True
