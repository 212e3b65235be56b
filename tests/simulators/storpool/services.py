# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services, peers, clients and their configuration, active requests, maintenance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulators.storpool import errors, fields
from simulators.storpool.attachments import client_lag
from simulators.storpool.calls import get, post
from simulators.storpool.fields import Field, required
from simulators.storpool.state import Client, Cluster, Context

VERSION = "21.0"
MAX_NODE = 63


def _node(number: int) -> dict[str, int]:
    """nodeId, where the service's number can be a node's."""
    return {"nodeId": number} if number <= MAX_NODE else {}


def _service(cluster: Cluster, number: int, up: bool, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        **_node(number),
        "version": VERSION,
        "startTime": cluster.started if up else None,
        "status": "running" if up else "down",
        **more,
    }


def _cluster_status(context: Context, *, clients: bool) -> dict[str, Any]:
    """Two management services, the first active; a server and a bridge on each node that has disks."""
    cluster = context.cluster
    managers = cluster.servers[:2]
    servers = {
        str(number): _service(cluster, number, True, missingDisks=[], pendingDisks=[]) for number in cluster.servers
    }
    return {
        "clusterStatus": context.switches["cluster_status"],
        "mgmt": {
            str(number): _service(cluster, number, True, active=number == managers[0], prio=0) for number in managers
        },
        "clients": {
            str(client.id): _service(cluster, client.id, client.up) for client in cluster.clients.values() if clients
        },
        "servers": servers,
        "bridges": {str(number): _service(cluster, number, True) for number in cluster.servers[:1]},
        "iscsiTargets": {},
    }


@get("ServicesList")
def services_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return _cluster_status(context, clients=True)


@get("ServersList")
def servers_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return _cluster_status(context, clients=False)


@get("ServersListBlocked")
def servers_list_blocked(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """The one call that answers before the cluster is up."""
    status = _cluster_status(context, clients=False)
    if context.switches["cluster_status"] != "running":
        for server in status["servers"].values():
            server["status"] = "waiting"
    return status


@get("NetworkPeersList")
def peers_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    cluster = context.cluster
    nodes = dict.fromkeys(cluster.servers, False)
    for client in cluster.clients.values():
        nodes.setdefault(client.id, True)
    return {
        str(number): {
            "beaconStatus": "NODE_UP",
            "clusterStatus": "CNODE_UP",
            "joined": True,
            "networks": {"0": {"mac": f"02:00:00:00:{number >> 8:02X}:{number & 255:02X}"}},
            "rdma": {},
            "nonVoting": client_only,
        }
        for number, client_only in sorted(nodes.items())
    }


def applied_generation(client: Client, context: Context) -> int:
    """The configuration that the client has applied by now."""
    if not client.up:
        return client.generation
    while client.pending and client.pending[0][0] <= context.now:
        client.generation = max(client.generation, client.pending.popleft()[1])
    if not client.pending:
        client.generation = context.cluster.generation
    return client.generation


def configuration_changed(context: Context) -> None:
    """A new generation: each client that is up applies it after its lag."""
    context.cluster.generation += 1
    for client in context.cluster.clients.values():
        if client.up:
            lag = client_lag(client, context)
            if lag or client.pending:
                client.pending.append((context.now + lag, context.cluster.generation))


def client_up(client: Client, context: Context, up: bool) -> None:
    """Sets a client up or down; one that comes up has the configuration after its lag."""
    if up and not client.up:
        client.pending.append((context.now + client_lag(client, context), context.cluster.generation))
    elif not up:
        applied_generation(client, context)
        client.pending.clear()
    client.up = up


def _config(client: Client, context: Context, delay: int = 0) -> dict[str, Any]:
    applied = applied_generation(client, context)
    status = "down" if not client.up else ("ok" if applied >= context.cluster.generation else "updating")
    return {
        "id": client.id,
        "generation": context.cluster.generation,
        "clientGeneration": applied,
        "configStatus": status,
        "delay": delay,
    }


@get("ClientsConfigDump")
def clients_config_dump(context: Context, args: dict[str, Any]) -> list[dict[str, Any]]:
    return [_config(client, context) for client in context.cluster.clients.values()]


@dataclass(frozen=True)
class ClientWait:
    """The answer to ClientConfigWait comes when ``client`` has applied ``generation``; ``since``: the model's time."""

    client: Client
    generation: int
    since: float

    def result(self, context: Context) -> list[dict[str, Any]]:
        """The answer; ``delay`` is the seconds it took, whole."""
        return [_config(self.client, context, int(context.now - self.since))]


def _client(context: Context, number: str) -> Client:
    client = context.cluster.clients.get(fields.client_id("clientId", number, context.switches))
    if client is None:
        errors.invalid("No such client registered")
    return client


@get("ClientConfigWait", targets=1)
def client_config_wait(context: Context, number: str, args: dict[str, Any]) -> ClientWait:
    return ClientWait(_client(context, number), context.cluster.generation, context.now)


@get("ClientActiveRequests", targets=1)
def client_active_requests(context: Context, number: str, args: dict[str, Any]) -> dict[str, Any]:
    return {"clientId": _client(context, number).id, "requests": []}


@get("DiskActiveRequests", targets=1)
def disk_active_requests(context: Context, number: str, args: dict[str, Any]) -> dict[str, Any]:
    disk = fields.disk_id("diskId", number, context.switches)
    if disk not in context.cluster.disks:
        errors.missing("Disk", number)
    return {"diskId": disk, "requests": []}


@get("AllPeersActiveRequests", Field("msecsTimeout", fields.integer(0)))
def all_peers_active_requests(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    """No input or output goes through the simulator, so every peer is simply done."""
    servers = [("server", number, number) for number in context.cluster.servers]
    clients = [("client", client.id, 0x8000 + client.id) for client in context.cluster.clients.values()]
    return {
        "requests": [
            {"peerId": peer, "service": {"type": kind, "id": str(number)}, "status": "peerDone"}
            for kind, number, peer in (*servers, *clients)
        ]
    }


@get("MaintenanceList")
def maintenance_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    nodes = []
    for node in context.cluster.maintenance.values():
        remaining = int(node["started"] + node["duration"] - context.now)
        nodes.append({**node, "overrun": remaining < 0, "remaining": max(0, remaining)})
    return {"nodes": nodes}


@post(
    "MaintenanceSet",
    required("nodeId", fields.integer(0, MAX_NODE)),
    required("duration", fields.integer(1)),
    required("description", fields.text),
    Field("minOkReplicas", fields.integer(0)),
    Field("maxReplicationDecrease", fields.integer(0)),
    Field("votingSafetyMargin", fields.integer(0)),
    Field("maxNodesInMaintenance", fields.integer(0)),
)
def maintenance_set(context: Context, args: dict[str, Any]) -> None:
    node = args["nodeId"]
    if node not in context.cluster.servers and node not in context.cluster.clients:
        errors.missing("Node", str(node))
    context.cluster.maintenance[node] = {
        "nodeId": node,
        "started": int(context.now),
        "duration": args["duration"],
        "description": args["description"],
    }
    context.changed = True


@post("MaintenanceComplete", required("nodeId", fields.integer(0, MAX_NODE)))
def maintenance_complete(context: Context, args: dict[str, Any]) -> None:
    if args["nodeId"] not in context.cluster.maintenance:
        errors.missing("Node in maintenance", str(args["nodeId"]))
    del context.cluster.maintenance[args["nodeId"]]
    context.changed = True
