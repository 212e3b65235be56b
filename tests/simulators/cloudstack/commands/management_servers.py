# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Management servers: list, and taking one out of service (4.19: shutdown, 4.21: maintenance)."""

from __future__ import annotations

from typing import Any

from simulators.cloudstack import rows, settings, views
from simulators.cloudstack.envelopes import date
from simulators.cloudstack.errors import internal
from simulators.cloudstack.members import shown
from simulators.cloudstack.registry import LIST, OBJECT, Context, Param, command
from simulators.cloudstack.state import State

SERVER_ID = Param("managementserverid", "id", "management_servers", newer=True, required=True)
#: readyForShutdown may be asked of the server that answers.
THIS_SERVER = SERVER_ID.optional()
READY, SHUTTING_DOWN = "ReadyToShutDown", "ShuttingDown"
#: One state, which had another name before 4.21.
PREPARING_SHUTDOWN = ("PreparingForShutDown", "PreparingToShutDown")
LEAVING = (*PREPARING_SHUTDOWN, READY, SHUTTING_DOWN)
PREPARING_MAINTENANCE, MAINTENANCE = "PreparingForMaintenance", "Maintenance"


@command(
    "listManagementServers",
    LIST,
    "managementserver",
    Param("id", "id", "management_servers"),
    Param("name"),
    Param("peers", "bool", feature="management_server_peers"),
    feature="list_management_servers",
)
async def list_management_servers(context: Context) -> list[dict[str, Any]]:
    state, args = context.state, context.args
    found = []
    for server in state.management_servers:
        if (args["id"] and args["id"] != server.db_id) or (args["name"] and args["name"] != server.name):
            continue
        _settle(state, server)
        row = views.management_server(state, server)
        if args["peers"]:
            others = [other for other in state.management_servers if other is not server]
            row["peers"] = [_peer(other) for other in others]
        found.append(row)
    return found


def _peer(other: rows.ManagementServer) -> dict[str, Any]:
    """What a server knows of another one, as the cluster's table has it."""
    return {
        "state": other.state,
        "lastupdated": date(other.started),
        "peerid": other.id,
        "peername": other.name,
        "peermsid": str(other.db_id),
        "peerrunid": str(other.db_id),
        "peerstate": other.state,
        "peerserviceip": other.ip_address,
        "peerserviceport": "9090",
    }


def _server(context: Context) -> rows.ManagementServer:
    server = context.state.management_servers.get(context.args["managementserverid"])
    if server is None:
        raise internal("Unable to find the management server")
    return server


def _settle(state: State, server: rows.ManagementServer) -> None:
    """What happens by itself once no job is left on a server."""
    if views.pending_jobs(state, server):
        return
    if server.state in PREPARING_SHUTDOWN:
        server.state = READY
    elif server.state == SHUTTING_DOWN:
        server.state = "Down"
        _move_agents(state, server)
    elif server.state == PREPARING_MAINTENANCE:
        server.state = MAINTENANCE


def _move_agents(state: State, server: rows.ManagementServer) -> None:
    others = [other for other in state.management_servers if other.state == "Up" and other is not server]
    for host in state.hosts:
        if host.management_server == server.db_id:
            host.management_server = others[0].db_id if others else None


def _status(state: State, server: rows.ManagementServer) -> dict[str, Any]:
    """How far a server is; any without jobs is ready. Its id is the database's number until 4.21."""
    agents = [host.id for host in state.hosts if host.management_server == server.db_id]
    values: dict[str, Any] = {
        "managementserverid": server.id if state.release.has("management_server_maintenance") else server.db_id,
        "state": server.state,
        "maintenanceinitiated": server.state in (PREPARING_MAINTENANCE, MAINTENANCE),
        "shutdowntriggered": server.state in LEAVING,
        "readyforshutdown": not views.pending_jobs(state, server),
        "pendingjobscount": views.pending_jobs(state, server),
        "agentscount": len(agents),
        "agents": agents,
    }
    return shown(state.release, "draining", values)


def _status_of_all(state: State) -> dict[str, Any]:
    """Until 4.21 who names no server asks of all that are leaving; without one, of all there are."""
    servers = list(state.management_servers)
    leaving = [server for server in servers if server.state in LEAVING]
    pending = sum(views.pending_jobs(state, server) for server in leaving or servers)
    return {"readyforshutdown": not pending, "shutdowntriggered": bool(leaving), "pendingjobscount": pending}


@command("prepareForShutdown", OBJECT, "prepareforshutdown", SERVER_ID, feature="management_server_shutdown")
async def prepare_for_shutdown(context: Context) -> dict[str, Any]:
    state, server = context.state, _server(context)
    said = state.release.has("management_server_maintenance")
    if server.state != "Up":
        text = "Management server is not in the right state to prepare for shutdown"
        raise internal(text if said else "A shutdown has already been triggered")
    server.state = PREPARING_SHUTDOWN[0 if said else 1]
    context.changed()
    return _status(state, server)


@command("readyForShutdown", OBJECT, "readyforshutdown", THIS_SERVER, feature="management_server_shutdown")
async def ready_for_shutdown(context: Context) -> dict[str, Any]:
    """Of the server that is named; from 4.21 on, else of the one that answers, with no word of its agents."""
    state = context.state
    if context.args["managementserverid"] is not None:
        server = _server(context)
        _settle(state, server)
        return _status(state, server)
    if not state.release.has("management_server_maintenance"):
        return _status_of_all(state)
    answering = context.server or state.serving()
    if answering is None:
        raise internal("Unable to find the management server")
    return {**_status(state, answering), "agents": [], "agentscount": 0}


@command("cancelShutdown", OBJECT, "cancelshutdown", SERVER_ID, feature="management_server_shutdown")
async def cancel_shutdown(context: Context) -> dict[str, Any]:
    server = _server(context)
    if server.state not in (*PREPARING_SHUTDOWN, READY):
        said = context.release.has("management_server_maintenance")
        text = "Management server is not in the right state to cancel shutdown"
        raise internal(text if said else "A shutdown has not been triggered")
    server.state = "Up"
    context.changed()
    return _status(context.state, server)


@command("triggerShutdown", OBJECT, "triggershutdown", SERVER_ID, feature="management_server_shutdown")
async def trigger_shutdown(context: Context) -> dict[str, Any]:
    """The process ends when no job is left; nothing starts it again but a person (POST /_sim/managementservers)."""
    server = _server(context)
    if server.state in (SHUTTING_DOWN, "Down"):
        said = context.release.has("management_server_maintenance")
        text = "Management server is not in the right state to trigger shutdown"
        raise internal(text if said else "A shutdown has already been triggered")
    server.state = SHUTTING_DOWN
    context.changed()
    answer = _status(context.state, server)
    _settle(context.state, server)
    return answer


@command(
    "prepareForMaintenance",
    OBJECT,
    "prepareformaintenance",
    SERVER_ID,
    Param("algorithm"),
    Param("forced", "bool"),
    feature="management_server_maintenance",
)
async def prepare_for_maintenance(context: Context) -> dict[str, Any]:
    state, server = context.state, _server(context)
    up = [other for other in state.management_servers if other.state == "Up"]
    if server.state != "Up":
        raise internal("Management server is not in the right state to prepare for maintenance")
    if len(up) < 2:
        raise internal("Prepare for maintenance not supported, there is only one active management server")
    if any(other.state == PREPARING_MAINTENANCE for other in state.management_servers):
        raise internal("Cannot prepare for maintenance, there are other management servers preparing for maintenance")
    owns_agents = any(host.management_server == server.db_id for host in state.hosts)
    listed = (settings.value(state, "host") or "").split(",")
    if owns_agents and not any(other.ip_address in listed for other in up if other is not server):
        raise internal("Cannot prepare for maintenance, no other active management servers found from 'host' setting")
    server.state = PREPARING_MAINTENANCE
    _move_agents(state, server)
    context.changed()
    return _status(state, server)


@command(
    "cancelMaintenance",
    OBJECT,
    "cancelmaintenance",
    SERVER_ID,
    Param("rebalance", "bool"),
    feature="management_server_maintenance",
)
async def cancel_maintenance(context: Context) -> dict[str, Any]:
    server = _server(context)
    if server.state not in (PREPARING_MAINTENANCE, MAINTENANCE):
        raise internal("Management server is not in the right state to cancel maintenance")
    server.state = "Up"
    context.changed()
    return _status(context.state, server)
