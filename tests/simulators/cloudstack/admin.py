# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulator's own paths under `/_sim/`: what a test changes behind the API's back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from simulators.cloudstack import jobs, rows, server_reports
from simulators.cloudstack.errors import ApiError, DriverError
from simulators.cloudstack.objects import create_objects
from simulators.cloudstack.plugin import capacity, reporting
from simulators.cloudstack.plugin.driver import driver, pools
from simulators.cloudstack.state import State
from simulators.cloudstack.versions import parse
from simulators.kit import AdminError
from simulators.kit.faults import LONGEST

HOST_STATES = (
    "Creating",
    "Connecting",
    "Up",
    "Down",
    "Disconnected",
    "Alert",
    "Removed",
    "Error",
    "Rebalancing",
    "Unknown",
)
RESOURCE_STATES = (
    "Creating",
    "Enabled",
    "Disabled",
    "PrepareForMaintenance",
    "ErrorInPrepareForMaintenance",
    "ErrorInMaintenance",
    "Maintenance",
    "Error",
    "Degraded",
)
SERVER_STATES = (
    "Up",
    "Down",
    "PreparingForMaintenance",
    "Maintenance",
    "PreparingForShutDown",
    "PreparingToShutDown",
    "ReadyToShutDown",
    "ShuttingDown",
)
POOL_STATES = (
    "Initial",
    "Initialized",
    "Creating",
    "Attaching",
    "Up",
    "PrepareForMaintenance",
    "ErrorInMaintenance",
    "CancelMaintenance",
    "Maintenance",
    "Disabled",
    "Removed",
)
AGENT_FIELDS = {
    "client_id": int,
    "plugin_loaded": bool,
    "storpool_cluster_id": (str, type(None)),
    "answer": (str, type(None)),
}


class Admin:
    """The functions behind the paths; `current` gives the state, which a reset replaces."""

    def __init__(self, current: Callable[[], State]) -> None:
        self._current = current

    def paths(self) -> dict[str, Callable[[str, Mapping[str, str], Any], Any]]:
        """The functions by path, as the kit wants them."""
        return {
            "agents": self._agents,
            "hosts": self._hosts,
            "jobs": self._jobs,
            "managementservers": self._management_servers,
            "now": self._now,
            "objects": self._objects,
            "pools": self._pools,
            "stats": self._stats,
            "version": self._version,
        }

    async def _agents(self, method: str, query: Mapping[str, str], body: Any) -> Any:
        """GET: the hosts whose agents report. POST: the report of an agent; the answer is its work."""
        state = self._current()
        if method == "POST":
            return await reporting.receive(state, body)
        reporting.settle(state)
        return [_host(state, host) for host in state.hosts if host.agent.report is not None]

    def _hosts(self, method: str, query: Mapping[str, str], body: Any) -> Any:
        """GET: all hosts. POST: changes one; `connected` is an object of pool names or ids to true or false, `cluster` the name of one of its zone, which is
        made with a pod of its own if there is none."""
        state = self._current()
        reporting.settle(state)
        if method == "GET":
            return [_host(state, host) for host in state.hosts]
        host = _row(state.hosts, body, "host")
        changes = {name: value for name, value in body.items() if name not in ("id", "name", "connected", "cluster")}
        for name, value in changes.items():
            if name == "state":
                _choice(value, HOST_STATES, name)
            elif name == "resource_state":
                _choice(value, RESOURCE_STATES, name)
            elif name not in AGENT_FIELDS or not _is_of_type(value, AGENT_FIELDS[name]):
                raise AdminError(f"a host has no {name}, or not with the value {value!r}")
        connected = body.get("connected") or {}
        if not isinstance(connected, dict) or not all(isinstance(wanted, bool) for wanted in connected.values()):
            raise AdminError("connected is an object of pools, each with true or false")
        pools = {_pool(state, name).db_id: wanted for name, wanted in connected.items()}
        if "cluster" in body:
            _move(state, host, body["cluster"])
        for name, value in changes.items():
            setattr(host.agent if name in AGENT_FIELDS else host, name, value)
        for db_id, wanted in pools.items():
            (state.pools[db_id].connected_hosts.add if wanted else state.pools[db_id].connected_hosts.discard)(
                host.db_id
            )
        host.disconnected = None if host.state == "Up" else host.disconnected or state.clock.now()
        return _host(state, host)

    def _pools(self, method: str, query: Mapping[str, str], body: Any) -> Any:
        """GET: all pools with the names of the hosts that connected them. POST: sets the `state` of one."""
        state = self._current()
        if method == "POST":
            pool = _row(state.pools, body, "pool")
            pool.state = _choice(body.get("state"), POOL_STATES, "state")
        return [
            {
                "id": pool.id,
                "name": pool.name,
                "state": pool.state,
                "connected": sorted(state.hosts[host].name for host in pool.connected_hosts),
            }
            for pool in state.pools
        ]

    def _management_servers(self, method: str, query: Mapping[str, str], body: Any) -> Any:
        """GET: all of them. POST: the report of one, which has a `boot`; or sets the `state` of one."""
        state = self._current()
        reporting.settle(state)
        if method == "POST" and isinstance(body, dict) and "boot" in body:
            return server_reports.receive(state, body)
        if method == "POST":
            server = _row(state.management_servers, body, "management server")
            server.state = _choice(body.get("state"), SERVER_STATES, "state")
        return [
            {
                "id": one.id,
                "name": one.name,
                "state": one.state,
                "version": one.version,
                "report": dataclasses.asdict(one.report) if one.report else None,
            }
            for one in state.management_servers
        ]

    def _jobs(self, method: str, query: Mapping[str, str], body: Any) -> Any:
        """GET: all jobs. POST: `{"expire": jobid or "*"}` forgets one or all, finished or not."""
        state = self._current()
        if method == "POST":
            wanted = _object(body).get("expire")
            found = [job for job in state.jobs if wanted in ("*", job.id)]
            if not found and wanted != "*":
                raise AdminError(f"there is no job {wanted!r}")
            for job in found:
                state.jobs.remove(job)
        return [jobs.row(state, job) for job in jobs.live(state)]

    def _now(self, method: str, query: Mapping[str, str], body: Any) -> Any:
        """GET: the server's time. POST: `{"seconds": number}` moves its clock, negative numbers back."""
        clock = self._current().clock
        if method == "POST":
            seconds = _object(body).get("seconds")
            if isinstance(seconds, bool) or not isinstance(seconds, (int, float)):
                raise AdminError("seconds is a number, negative to move the clock back")
            if abs(clock.offset + seconds) > LONGEST:
                raise AdminError(f"the clock can be moved by {LONGEST} seconds at most")
            clock.offset += seconds
        return {"now": clock.now(), "offset": clock.offset}

    async def _objects(self, method: str, query: Mapping[str, str], body: Any) -> Any:
        """POST: adds VMs, volumes, snapshots and templates to a pool."""
        state = self._current()
        if method != "POST" or not isinstance(body, dict):
            raise AdminError("objects are made with POST and an object")
        pool = _pool(state, body.get("pool", ""))
        try:
            return await create_objects(state, pool, {name: value for name, value in body.items() if name != "pool"})
        except (ApiError, DriverError) as error:
            raise AdminError(f"the objects could not be made: {error}") from error

    async def _stats(self, method: str, query: Mapping[str, str], body: Any) -> Any:
        """POST: runs the StorPool statistics collector once."""
        if method != "POST":
            raise AdminError("the collector is run with POST")
        return {"changed": await capacity.collect(self._current())}

    def _version(self, method: str, query: Mapping[str, str], body: Any) -> Any:
        """GET: the release. POST: `{"version": "4.20.0"}` upgrades the cloud to it, or downgrades; what is there stays."""
        state = self._current()
        if method == "POST":
            try:
                state.upgrade(parse(str(_object(body).get("version"))))
            except ValueError as error:
                raise AdminError(str(error)) from None
            for pool in pools(state):
                pool.type = driver(state).pool_type
        return {"version": state.release.text}


def _object(body: Any) -> Mapping[str, Any]:
    if not isinstance(body, dict):
        raise AdminError("the request is a JSON object")
    return body


def _host(state: State, host: rows.Host) -> dict[str, Any]:
    connected = [pool.name for pool in state.pools if host.db_id in pool.connected_hosts]
    return {
        "id": host.id,
        "name": host.name,
        "state": host.state,
        "resource_state": host.resource_state,
        "connected": connected,
        **dataclasses.asdict(host.agent),
    }


def _move(state: State, host: rows.Host, name: Any) -> None:
    """Puts a host into the cluster of this name; a cluster that is not there yet gets a pod of its own, as another site has."""
    if not isinstance(name, str) or not name:
        raise AdminError("cluster is a name")
    cluster = next((each for each in state.clusters if (each.name, each.zone) == (name, host.zone)), None)
    if cluster is None:
        pod = state.pods.add(rows.Pod(name=f"pod-of-{name}", zone=host.zone))
        cluster = state.clusters.add(rows.Cluster(name=name, zone=host.zone, pod=pod.db_id))
    host.pod, host.cluster = cluster.pod, cluster.db_id


def _row(table: Any, body: Any, what: str) -> Any:
    given = body if isinstance(body, dict) else {}
    for row in table:
        if given.get("id") == row.id or ("id" not in given and given.get("name") == row.name):
            return row
    raise AdminError(f"there is no such {what}: give its id or its name")


def _pool(state: State, wanted: str) -> rows.Pool:
    for pool in state.pools:
        if wanted in (pool.id, pool.name):
            return pool
    raise AdminError(f"there is no pool {wanted!r}")


def _is_of_type(value: Any, wanted: Any) -> bool:
    return isinstance(value, wanted) and (wanted is bool or not isinstance(value, bool))


def _choice(value: Any, choices: tuple[str, ...], name: str) -> str:
    if value not in choices:
        raise AdminError(f"{name} is one of {', '.join(choices)}")
    return value
