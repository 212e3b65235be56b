# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Management servers that are processes somewhere else: their reports, and what they make of the server's state.

CloudStack 4.23 ClusterManagerImpl: a server that starts is Up and one that stops is Down, except that one in
maintenance stays there until somebody cancels it.
"""

from __future__ import annotations

import time
from typing import Any

from simulators.cloudstack import jobs, rows
from simulators.cloudstack.reported import members
from simulators.cloudstack.sessions import ServerSession
from simulators.cloudstack.state import State

_MAINTENANCE = ("PreparingForMaintenance", "Maintenance")
_MEMBERS: dict[str, Any] = {
    "name": (str, True),
    "boot": (str, True),
    "goodbye": (bool, False),
    "version": (str, False),
    "provider_loaded": (bool, False),
    "driver_jar": ((str, type(None)), False),
    "driver_version": ((str, type(None)), False),
    "address": ((str, type(None)), False),
}


def receive(state: State, body: Any) -> dict[str, Any]:
    """Takes a report. `exit` in the answer tells the process to end: the server was shut down through the API.

    A report that comes later than its process's goodbye says nothing.
    """
    given = members(body, _MEMBERS, "a management server")
    row = state.management_servers.by_name(given["name"])
    session = state.server_sessions.get(row.db_id) if row else None
    known = session is not None and session.boot == given["boot"]
    if given["goodbye"] or (known and session.over):
        if known and not session.over:
            session.over = True
            _leave(state, row, session)
        return {"exit": False}
    row = row or state.management_servers.add(rows.ManagementServer(name=given["name"]))
    if not known:
        session = state.server_sessions[row.db_id] = ServerSession(given["boot"])
        row.state, row.started = _kept(state, row) or "Up", state.clock.now()
    elif session.gone:
        session.gone = False
        row.state = _kept(state, row) or "Up"
    session.heard = time.monotonic()
    row.version = given["version"] or row.version or state.release.text
    row.ip_address = given["address"] or row.ip_address
    row.report = rows.ServerReport(
        boot=given["boot"],
        provider_loaded=bool(given["provider_loaded"]),
        driver_jar=given["driver_jar"],
        driver_version=given["driver_version"],
    )
    return {"exit": row.state == "Down" or (row.state == "ShuttingDown" and not _busy(state, row))}


def settle(state: State) -> None:
    """Servers that have been silent for too long have gone."""
    now = time.monotonic()
    for db_id, session in state.server_sessions.items():
        if not session.gone and now - session.heard > state.switches["server_silence_seconds"]:
            _leave(state, state.management_servers[db_id], session)


def _leave(state: State, row: rows.ManagementServer, session: ServerSession) -> None:
    session.gone = True
    row.state = _kept(state, row) or "Down"


def _busy(state: State, row: rows.ManagementServer) -> bool:
    return any(job.status == jobs.IN_PROGRESS and job.management_server == row.db_id for job in jobs.live(state))


def _kept(state: State, row: rows.ManagementServer) -> str | None:
    """The state that outlives the process, None if there is none."""
    return "Maintenance" if row.state in _MAINTENANCE and state.release.has("management_server_maintenance") else None


def is_there(state: State, row: rows.ManagementServer) -> bool:
    """Whether agents can be connected to a server: it is Up and, if it reports, its process runs."""
    session = state.server_sessions.get(row.db_id)
    return row.state == "Up" and not (session and session.gone)


def provider_loaded(state: State, row: rows.ManagementServer | None = None) -> bool:
    """Whether the StorPool driver answers.

    A request that a server has forwarded is answered for that server. Any other could reach every server that is Up,
    so all those that report must have the driver; when none of them is Up, nobody has it.
    """
    if not state.switches["storpool_plugin_loaded"]:
        return False
    if row is not None and row.report is not None:
        return row.report.provider_loaded
    reporting = [(server, server.report) for server in state.management_servers if server.report is not None]
    up = [report.provider_loaded for server, report in reporting if is_there(state, server)]
    return all(up) and (bool(up) or not reporting)


def driver_known(state: State) -> bool:
    """Whether the driver's settings exist: they are in the database once a server has loaded it."""
    reports = [server.report for server in state.management_servers if server.report is not None]
    loaded = not reports or any(report.provider_loaded for report in reports)
    return bool(state.switches["storpool_plugin_loaded"]) and loaded
