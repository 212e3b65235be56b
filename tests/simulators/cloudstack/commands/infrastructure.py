# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Zones, pods, clusters and hosts, with the maintenance of hosts."""

from __future__ import annotations

import asyncio
from typing import Any

from simulators.cloudstack import rows, settings, views
from simulators.cloudstack.arguments import like
from simulators.cloudstack.commands.vm_power import migrate_away
from simulators.cloudstack.errors import internal, invalid
from simulators.cloudstack.plugin import agents
from simulators.cloudstack.registry import JOB, LIST, OBJECT, Context, Param, Plan, command
from simulators.cloudstack.state import State

HOST_ID = Param("id", "id", "hosts", required=True)
MAINTENANCE_STATES = (
    "Maintenance",
    "PrepareForMaintenance",
    "ErrorInMaintenance",
    "ErrorInPrepareForMaintenance",
)


def _is(wanted: Any, value: Any) -> bool:
    return wanted is None or wanted == value


@command("listZones", LIST, "zone", Param("id", "id", "zones"), Param("name"), Param("available", "bool"))
async def list_zones(context: Context) -> list[dict[str, Any]]:
    args = context.args
    return [
        views.zone(context.state, zone)
        for zone in context.state.zones
        if _is(args["id"], zone.db_id)
        and _is(args["name"], zone.name)
        and (not args["keyword"] or like(args["keyword"], zone.name))
    ]


@command("listPods", LIST, "pod", Param("id", "id", "pods"), Param("name"), Param("zoneid", "id", "zones"))
async def list_pods(context: Context) -> list[dict[str, Any]]:
    args = context.args
    return [
        views.pod(context.state, pod)
        for pod in context.state.pods
        if _is(args["id"], pod.db_id) and _is(args["name"], pod.name) and _is(args["zoneid"], pod.zone)
    ]


@command(
    "listClusters",
    LIST,
    "cluster",
    Param("id", "id", "clusters"),
    Param("name"),
    Param("zoneid", "id", "zones"),
    Param("podid", "id", "pods"),
    Param("hypervisor"),
    Param("allocationstate"),
    Param("managedstate"),
)
async def list_clusters(context: Context) -> list[dict[str, Any]]:
    args = context.args
    return [
        views.cluster(context.state, cluster)
        for cluster in context.state.clusters
        if _is(args["id"], cluster.db_id)
        and _is(args["name"], cluster.name)
        and _is(args["zoneid"], cluster.zone)
        and _is(args["podid"], cluster.pod)
        and _is(args["hypervisor"], cluster.hypervisor)
        and _is(args["allocationstate"], cluster.allocation_state)
        and _is(args["managedstate"], cluster.managed_state)
    ]


@command(
    "listHosts",
    LIST,
    "host",
    Param("id", "id", "hosts"),
    Param("name"),
    Param("type"),
    Param("state"),
    Param("resourcestate"),
    Param("zoneid", "id", "zones"),
    Param("podid", "id", "pods"),
    Param("clusterid", "id", "clusters"),
    Param("hypervisor"),
    Param("details", "list"),
)
async def list_hosts(context: Context) -> list[dict[str, Any]]:
    state, args = context.state, context.args
    details = tuple(args["details"] or ("all",))
    if unknown := set(details) - set(views.HOST_DETAILS):
        raise invalid(
            f"The details parameter contains a non permitted value.The allowed values are {list(views.HOST_DETAILS)}: "
            + ", ".join(sorted(unknown))
        )
    return [views.host(state, host, details) for host in state.hosts if _host_matches(state, host, args)]


def _host_matches(state: State, host: rows.Host, args: Any) -> bool:
    mode = state.switches["host_name_match"]
    exact = mode == "exact" or (mode == "auto" and state.release.at_least("4.20"))
    if args["name"] and not (args["name"] == host.name if exact else like(args["name"], host.name)):
        return False
    return (
        _is(args["id"], host.db_id)
        and _is(args["type"], host.type)
        and _is(args["state"], host.state)
        and _is(args["resourcestate"], host.resource_state)
        and _is(args["zoneid"], host.zone)
        and _is(args["podid"], host.pod)
        and _is(args["clusterid"], host.cluster)
        and _is(args["hypervisor"], host.hypervisor)
        and (not args["keyword"] or like(args["keyword"], host.name))
    )


def _host(context: Context) -> rows.Host:
    host = context.state.hosts.get(context.args["id"])
    if host is None or host.removed:
        raise invalid(f"Unable to find host with ID {context.args['id']}, please specify a correct host ID.")
    return host


def _plan(context: Context, host: rows.Host, work: Any) -> Plan:
    async def run() -> dict[str, Any]:
        await work()
        return {"host": views.host(context.state, host)}

    return Plan(run, instance_type="Host", instance_id=host.id)


@command("prepareHostForMaintenance", JOB, None, HOST_ID)
async def prepare_host_for_maintenance(context: Context) -> Plan:
    state, host = context.state, _host(context)

    async def work() -> None:
        if host.resource_state in ("PrepareForMaintenance", "Maintenance"):
            raise invalid(
                f"Host is already in state {host.resource_state}. Cannot recall for maintenance until resolved."
            )
        preparing = [
            other.name
            for other in state.hosts
            if other.cluster == host.cluster and other.resource_state == "PrepareForMaintenance"
        ]
        if preparing:
            raise invalid(
                "There are other servers attempting migrations for maintenance. "
                f"Found hosts in PrepareForMaintenance OR ErrorInPrepareForMaintenance STATUS in cluster {host.cluster}"
            )
        if host.state != "Up":
            raise internal(f"Unable to prepare for maintenance host {host.db_id}")
        host.resource_state = "PrepareForMaintenance"
        if state.switches["host_maintenance"] == "immediate":
            await migrate_away(state, host)
            host.resource_state = "Maintenance"

    return _plan(context, host, work)


@command("cancelHostMaintenance", JOB, None, HOST_ID)
async def cancel_host_maintenance(context: Context) -> Plan:
    state, host = context.state, _host(context)

    async def work() -> None:
        if host.resource_state not in MAINTENANCE_STATES:
            raise internal(
                f"Cannot perform cancelMaintenance when resource state is {host.resource_state}, hostId = {host.db_id}"
            )
        if host.state != "Up":
            if not settings.is_on(state, "kvm.ssh.to.agent"):
                raise internal("SSH access is disabled, cannot cancel maintenance mode as host agent is not connected")
            await agents.reconnect(state, host)
        host.resource_state = "Enabled"

    return _plan(context, host, work)


@command("reconnectHost", JOB, None, HOST_ID)
async def reconnect_host(context: Context) -> Plan:
    state, host = context.state, _host(context)

    async def work() -> None:
        if host.state not in ("Up", "Alert", "Connecting"):
            raise internal(f"Failed to reconnect host {host.name}: it is in state {host.state}")
        await agents.reconnect(state, host)
        if host.state != "Up":
            raise internal("Failed to reconnect host")

    async def run() -> dict[str, Any]:
        await work()
        answer = {"host": views.host(state, host)}
        if host.db_id not in state.agent_sessions:
            _away_for_a_moment(state, host)
        return answer

    return Plan(run, instance_type="Host", instance_id=host.id)


def _away_for_a_moment(state: State, host: rows.Host) -> None:
    """The job has ended when the agent was told to come again; until it does, its host is Disconnected."""
    seconds = state.switches["reconnect_ms"] / 1000
    if not seconds:
        return
    host.state = "Disconnected"

    async def back() -> None:
        await asyncio.sleep(seconds)
        if host.state == "Disconnected" and host.disconnected is None:
            host.state = "Up"

    task = asyncio.get_running_loop().create_task(back())
    state.tasks.add(task)
    task.add_done_callback(state.tasks.discard)


@command("updateHost", OBJECT, "host", HOST_ID, Param("allocationstate"), Param("name"))
async def update_host(context: Context) -> dict[str, Any]:
    host = _host(context)
    wanted = context.args["allocationstate"]
    if wanted:
        target = {"enable": "Enabled", "disable": "Disabled"}.get(wanted.lower())
        if target is None:
            raise internal(f"Failed to update host: Invalid allocation state: {wanted}, resource event is null")
        if host.resource_state not in ("Enabled", "Disabled"):
            raise internal(
                f"Failed to update host: No next resource state for host {host.db_id} while current state is "
                f"{host.resource_state} with event {target}"
            )
        host.resource_state = target
    if context.args["name"]:
        host.name = context.args["name"]
    context.changed()
    return views.host(context.state, host)
