# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connecting a pool on a host: what the management server asks, and what the agent there does.

An agent that reports is asked itself. Any other is simulated from its row's settings; it attaches the check volume
through the StorPool API, as its command line tool would.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from simulators.cloudstack import rows, settings
from simulators.cloudstack.errors import DriverError
from simulators.cloudstack.plugin import api
from simulators.cloudstack.plugin.driver import CHECK_VOLUME_DETAIL, connection, driver, is_storpool
from simulators.cloudstack.plugin.url import Connection
from simulators.cloudstack.state import State

CHECK_VOLUME_SIZE = 512
NO_ANSWER = "none"
MISSING_STORPOOL = ("objectDoesNotExist", "spNotFound")


async def connect(state: State, pool: rows.Pool, host: rows.Host) -> bool:
    """Connects a pool on a host (driver StorPoolHostListener.hostConnect).

    False leaves the host without the pool and says nothing; DriverError is a connection that failed loudly.
    """
    await asyncio.sleep(state.switches["host_connect_delay_ms"] / 1000)
    if not driver(state).asks_agents:
        failure = None if host.agent.plugin_loaded else "no adaptor"
        if failure is None and host.db_id in state.agent_sessions:
            failure = await _ask(state, host, {"do": "connect", "pool": pool.name, "volume": None})
        if failure is not None:
            pool.connected_hosts.discard(host.db_id)
            raise DriverError(f"Unable establish connection from storage head to storage pool {pool.db_id}")
        pool.connected_hosts.add(host.db_id)
        return True
    try:
        where = connection(state, pool)
    except DriverError:
        return False
    async with state.check_volumes:
        reference = await _check_volume(state, pool, host, where)
    if reference is None:
        return False
    failure = await _agent(state, pool, host, where, reference)
    if failure is None:
        pool.connected_hosts.add(host.db_id)
        _note_cluster(state, pool, host, reference)
        return True
    pool.connected_hosts.discard(host.db_id)
    known_reason = failure in MISSING_STORPOOL
    if known_reason or failure == NO_ANSWER or not state.release.has("storpool_keeps_check_volume"):
        await _forget_check_volume(state, pool, host, where, reference)
    if known_reason:
        return False
    if failure == NO_ANSWER:
        raise DriverError(f"Unable to get an answer to the modify storage pool command{pool.db_id}")
    raise DriverError(
        f"Unable establish connection from storage head to storage pool {pool.db_id} due to {failure}{pool.db_id}"
    )


async def reconnect(state: State, host: rows.Host) -> None:
    """All pools of a host that comes up, as the pool monitor does it; the host ends Up, or Alert when one fails.

    Up to CloudStack 4.9.2 a failure was only a warning. A reporting agent that has gone cannot come up.
    """
    session = state.agent_sessions.get(host.db_id)
    if session is not None and session.gone:
        return
    for pool in state.pools:
        if not is_storpool(pool) or pool.zone != host.zone or pool.state != "Up":
            continue
        try:
            await connect(state, pool, host)
        except DriverError:
            if state.release.has("host_connect_is_strict"):
                host.state, host.disconnected = "Alert", state.clock.now()
                return
    host.state, host.disconnected, host.last_pinged = "Up", None, state.clock.now()


async def _check_volume(state: State, pool: rows.Pool, host: rows.Host, where: Connection) -> str | None:
    """The `~globalId` of the check volume of this pool and cluster, created if there is none; None if it cannot be."""
    name = f"{CHECK_VOLUME_DETAIL}-{host.cluster}"
    if name not in pool.details:
        body = {
            "name": "",
            "size": CHECK_VOLUME_SIZE,
            "template": where.template,
            "tags": {"cs": "check-volume-is-on-host"},
        }
        used = driver(state)
        try:
            answer = await api.call(where, f"{used.prefix}VolumeCreate", body)
        except api.StorPoolError:
            return None
        global_id = str(answer["data"]["name"]).removeprefix("~")
        pool.details[name] = rows.Detail(used.device_path + global_id, False)
    return "~" + pool.details[name].value.rpartition("/")[2]


async def _forget_check_volume(
    state: State, pool: rows.Pool, host: rows.Host, where: Connection, reference: str
) -> None:
    pool.details.pop(f"{CHECK_VOLUME_DETAIL}-{host.cluster}", None)
    try:
        await api.call(where, f"{driver(state).prefix}VolumeDelete/{reference}", {"onAttached": "detachForce"})
    except api.StorPoolError:
        # The driver does not look at the answer of this call.
        return


async def told(state: State, host: rows.Host, what: str, reference: str, path: str) -> bool:
    """Has a reporting agent "attach" or "detach" a volume; False if the host has no such agent.

    DriverError with the agent's text when it fails. An agent whose iSCSI adaptor claims every path detaches nothing
    and says that it did.
    """
    if host.db_id not in state.agent_sessions:
        return False
    failure = await _ask(state, host, {"do": what, "volume": reference, "path": path})
    if failure is not None:
        reason = "it does not answer" if failure == NO_ANSWER else failure
        raise DriverError(f"The agent of host {host.name} could not {what} {reference}: {reason}")
    return True


async def _ask(state: State, host: rows.Host, work: Mapping[str, Any]) -> str | None:
    """What a reporting agent answers: None for success, else its failure; NO_ANSWER when it has gone or is too slow."""
    session = state.agent_sessions[host.db_id]
    switches = state.switches
    answer = await session.ask(work, switches["agent_answer_seconds"], switches["agent_silence_seconds"])
    if answer is None:
        return NO_ANSWER
    error = answer.get("error")
    return None if error is None else str(error)


async def _agent(state: State, pool: rows.Pool, host: rows.Host, where: Connection, reference: str) -> str | None:
    """What the agent answers to the command to connect: None for success, else the details of its failure."""
    agent = host.agent
    if agent.answer is not None:
        return agent.answer
    if host.db_id in state.agent_sessions:
        return await _ask(state, host, {"do": "connect", "pool": pool.name, "volume": reference})
    if not agent.plugin_loaded:
        return (
            "Unsupported command issued: com.cloud.agent.api.storage.StorPoolModifyStoragePoolCommand.  "
            "Are you sure you got the right type of server?"
        )
    if agent.storpool_cluster_id is None:
        return "spNotFound"
    item = {"volume": reference, "rw": [agent.client_id], "onRemoteAttached": "export"}
    prefix = driver(state).prefix
    try:
        await api.call(where, f"{prefix}VolumesReassignWait", {"reassign": [item]})
    except api.StorPoolError as error:
        return error.name if error.name == api.MISSING else str(error)
    return None


def _note_cluster(state: State, pool: rows.Pool, host: rows.Host, reference: str) -> None:
    """What the management server keeps of the agent's answer; a global id begins with the id of its cluster."""
    cluster_id = host.agent.storpool_cluster_id
    if cluster_id == "auto":
        cluster_id = ".".join(reference.removeprefix("~").split(".")[:2])
    setting = settings.find(state, "sp.cluster.id")
    if setting and cluster_id and settings.effective(state, setting, settings.CLUSTER, host.cluster) == setting.default:
        settings.store(state, setting, cluster_id, settings.CLUSTER, host.cluster)
    if state.release.has("storpool_host_parent"):
        host.parent = str(host.agent.client_id)
    if state.release.has("storpool_location") and cluster_id:
        pool.details.setdefault("sp.cluster.location", rows.Detail(cluster_id.partition(".")[0], True))
