# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agents that are processes somewhere else: their reports, and what they make of the host's state.

CloudStack AgentManagerImpl and the state machine of Status: an agent that connects is Connecting while the pool monitor
connects the zone's pools, then Up, or Alert when that was refused; one that stops says so and is Disconnected, which
becomes Alert after alert.wait; one that is not heard of any more is in Alert at once.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from simulators.cloudstack import rows, server_reports
from simulators.cloudstack.plugin import agents
from simulators.cloudstack.reported import members
from simulators.cloudstack.sessions import AgentSession
from simulators.cloudstack.state import State
from simulators.kit import AdminError

_MEMBERS: dict[str, Any] = {
    "name": (str, True),
    "boot": (str, True),
    "goodbye": (bool, False),
    "version": (str, False),
    "address": ((str, type(None)), False),
    "plugin_loaded": (bool, False),
    "driver_jar": ((str, type(None)), False),
    "driver_version": ((str, type(None)), False),
    "iscsi_answer": ((bool, type(None)), False),
    "iscsi_jar": ((str, type(None)), False),
    "client_id": ((int, type(None)), False),
    "storpool_cluster_id": ((str, type(None)), False),
    "answers": (list, False),
    "wait": ((int, float), False),
}
#: The longest that an answer is held back for work to come, in seconds.
_LONGEST_WAIT = 2


async def receive(state: State, body: Any) -> dict[str, Any]:
    """Takes a report; the answer has the work that the agent has not answered yet.

    With `wait` it comes when there is new work, or after so many seconds. A report that comes later than its process's
    goodbye says nothing.
    """
    given = members(body, _MEMBERS, "an agent")
    answers = _answers(given["answers"] or [])
    settle(state)
    host = state.hosts.by_name(given["name"])
    session = state.agent_sessions.get(host.db_id) if host else None
    known = session is not None and session.boot == given["boot"]
    if given["goodbye"] or (known and session.over):
        if known and not session.over:
            session.over = True
            _leave(state, host, session, "Disconnected")
        return {"work": []}
    host = host or _added(state, given["name"])
    _note(state, host, given)
    if not known or session.gone:
        if session is not None:
            session.end()
        session = state.agent_sessions[host.db_id] = AgentSession(given["boot"])
        _connect(state, host, session)
    session.heard = time.monotonic()
    for answer in answers:
        session.answered(answer)
    if session.retry_at is not None and session.retry_at <= session.heard:
        _connect(state, host, session)
    host.last_pinged = state.clock.now()
    await session.hold(min(given["wait"] or 0, _LONGEST_WAIT))
    return {"work": list(session.work.values())}


def settle(state: State) -> None:
    """What time has done: agents and servers fall silent, and a server that has gone loses its agents."""
    server_reports.settle(state)
    now = time.monotonic()
    for db_id, session in state.agent_sessions.items():
        host = state.hosts[db_id]
        quiet = now - session.heard
        if not session.gone and quiet > state.switches["agent_silence_seconds"]:
            _leave(state, host, session, "Alert")
        elif not session.gone and host.state in ("Up", "Connecting") and not _served(state, host):
            _interrupt(session)
            session.retry_at = now
            host.state, host.disconnected = "Disconnected", state.clock.now()
        elif session.gone and host.state == "Disconnected" and quiet > state.switches["alert_wait_seconds"]:
            host.state = "Alert"


def _answers(given: list[Any]) -> list[dict[str, Any]]:
    for answer in given:
        if not isinstance(answer, dict) or not isinstance(answer.get("id"), str):
            raise AdminError("an answer of an agent is an object with the id of the work")
        if not isinstance(answer.get("error"), (str, type(None))):
            raise AdminError("the error of an answer is a text, or null for success")
    return given


def _added(state: State, name: str) -> rows.Host:
    """A new host in the first zone's cluster."""
    cluster = next(iter(state.clusters))
    return state.hosts.add(
        rows.Host(name=name, zone=cluster.zone, pod=cluster.pod, cluster=cluster.db_id, state="Connecting")
    )


def _note(state: State, host: rows.Host, given: dict[str, Any]) -> None:
    host.version = given["version"] or host.version or state.release.text
    host.ip_address = given["address"] or host.ip_address
    host.agent.plugin_loaded = bool(given["plugin_loaded"])
    host.agent.storpool_cluster_id = given["storpool_cluster_id"]
    host.agent.client_id = given["client_id"] or 0
    host.agent.report = rows.AgentReport(
        boot=given["boot"],
        driver_jar=given["driver_jar"],
        driver_version=given["driver_version"],
        iscsi_answer=given["iscsi_answer"],
        iscsi_jar=given["iscsi_jar"],
    )


def _served(state: State, host: rows.Host) -> bool:
    """Whether the host's management server is there; one in maintenance or shutting down still serves its agents."""
    server = state.management_servers.get(host.management_server)
    session = state.server_sessions.get(server.db_id) if server else None
    return server is not None and server.state != "Down" and not (session and session.gone)


def _connect(state: State, host: rows.Host, session: AgentSession) -> None:
    """The agent connects to its management server, or to the first that is there; without one it tries again."""
    _interrupt(session)
    there = [server for server in state.management_servers if server_reports.is_there(state, server)]
    if not there:
        session.retry_at = time.monotonic()
        host.state, host.disconnected = "Disconnected", host.disconnected or state.clock.now()
        return
    if host.management_server not in [server.db_id for server in there]:
        host.management_server = there[0].db_id
    host.state = "Connecting"
    session.connecting = asyncio.get_running_loop().create_task(_come_up(state, host, session))


async def _come_up(state: State, host: rows.Host, session: AgentSession) -> None:
    await agents.reconnect(state, host)
    session.connecting = None
    if host.state != "Up":
        session.retry_at = time.monotonic() + state.switches["agent_retry_seconds"]


def _leave(state: State, host: rows.Host, session: AgentSession, status: str) -> None:
    session.end()
    host.state, host.disconnected = status, state.clock.now()


def _interrupt(session: AgentSession) -> None:
    session.retry_at = None
    if session.connecting is not None:
        session.connecting.cancel()
        session.connecting = None
