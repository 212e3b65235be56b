# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A StorPool pool from its registration to its deletion (driver StorPoolPrimaryDataStoreLifeCycle)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.cloudstack import rows
from simulators.cloudstack.errors import DriverError
from simulators.cloudstack.plugin import agents, api
from simulators.cloudstack.plugin.driver import (
    CHECK_VOLUME_DETAIL,
    HOST_DETAIL,
    PROVIDER,
    TEMPLATE_DETAIL,
    TOKEN_DETAIL,
    connection,
    driver,
    is_storpool,
    new_id,
    pools,
    stored_connection,
)
from simulators.cloudstack.plugin.storage import delete_snapshot
from simulators.cloudstack.plugin.url import EXT0, EXT2019, Connection, parse
from simulators.cloudstack.state import State


@dataclass(frozen=True)
class NewPool:
    """What createStoragePool hands to the driver; a size is in bytes."""

    name: str
    url: str
    zone: int
    capacity_bytes: int | None
    tags: list[str]
    details: Mapping[str, str]


async def initialize(state: State, wanted: NewPool) -> rows.Pool:
    """Validates in the driver's order and stores the pool in state Initialized; DriverError with the driver's text."""
    used = driver(state)
    where = parse(wanted.url, used.name, state.options.storpool)
    for value, name in (
        (where.host_port, "SP_API_HTTP"),
        (where.token, "SP_AUTH_TOKEN"),
        (where.template, "SP_TEMPLATE"),
    ):
        if value is None:
            raise DriverError(f"No {name}")
    if not await _template_exists(where, used.name):
        hint = "" if used.name == EXT0 else " or credentials are invalid"
        raise DriverError(f"No such storpool template {where.template}{hint}")
    if used.name != EXT0:
        _refuse_template_in_use(state, where)
    if wanted.capacity_bytes is None:
        raise DriverError("Capcity bytes is required")
    pool_id = new_id(used, wanted.url, where)
    if state.pools.by_uuid(pool_id):
        raise DriverError(f"duplicate uuid: {pool_id}")
    shown = not state.release.has("connection_details_hidden")
    pool = rows.Pool(
        id=pool_id,
        name=wanted.name,
        zone=wanted.zone,
        hypervisor="KVM",
        provider=PROVIDER,
        type=used.pool_type,
        ip_address="n/a",
        path=used.device_path,
        capacity_bytes=wanted.capacity_bytes,
        tags=wanted.tags or [wanted.name],
        details={name: rows.Detail(value, shown) for name, value in wanted.details.items()},
    )
    if used.name not in (EXT0, EXT2019):
        pool.details.update(_connection_details(state, where))
    return state.pools.add(pool)


async def _template_exists(where: Connection, used: str) -> bool:
    try:
        await api.call(where, f"VolumeTemplateDescribe/{where.template}")
    except api.StorPoolError as error:
        if error.name == api.MISSING or used == EXT0:
            return False
        raise DriverError(error.descr) from error
    return True


def _refuse_template_in_use(state: State, where: Connection) -> None:
    """The endpoint is compared as a text: another address of the same cluster is not noticed."""
    for pool in pools(state):
        other = stored_connection(state, pool)
        if (other.host_port, other.template) == (where.host_port, where.template):
            raise DriverError(f"StorPool cluster and template already in use by pool {pool.name}")


def _connection_details(state: State, where: Connection) -> dict[str, rows.Detail]:
    """From 4.21 on listings show details, all of them in 4.21 itself; then only what the driver wants to be seen."""
    shown = {HOST_DETAIL, TOKEN_DETAIL, TEMPLATE_DETAIL} if state.release.has("pool_field_details") else set()
    if state.release.has("connection_details_hidden"):
        shown = {TEMPLATE_DETAIL}
    values = {
        TOKEN_DETAIL: where.token or "",
        HOST_DETAIL: where.host_port or "",
        TEMPLATE_DETAIL: where.template or "",
    }
    return {name: rows.Detail(value, name in shown) for name, value in values.items()}


async def attach_zone(state: State, pool: rows.Pool, hypervisor: str | None) -> None:
    """Connects every KVM host of the zone that is Up and Enabled, one after another; failures are only logged."""
    if hypervisor != "KVM":
        raise DriverError("Only KVM hypervisors supported!")
    for host in state.hosts:
        if (host.zone, host.hypervisor, host.state, host.resource_state) == (pool.zone, "KVM", "Up", "Enabled"):
            try:
                await agents.connect(state, pool, host)
            except DriverError:
                continue
    pool.scope, pool.state = "ZONE", "Up"


def attach_cluster(state: State, pool: rows.Pool, pod: int | None, cluster: int) -> None:
    """Refused, except by the first driver, which says yes and leaves the pool half made."""
    if driver(state).zone_only:
        raise DriverError("Only Zone-Wide scope is supported!")
    pool.scope, pool.pod, pool.cluster = "CLUSTER", pod, cluster


async def delete(state: State, pool: rows.Pool) -> None:
    """Deletes a pool with its cached templates and check volumes; DriverError while snapshots or templates need it."""
    used = driver(state).name
    storpool = is_storpool(pool)
    if storpool and used != EXT0:
        await _release(state, pool)
    where = connection(state, pool) if storpool and used not in (EXT0, EXT2019) else None
    pool.id, pool.state = "", "Removed"
    pool.connected_hosts.clear()
    state.pools.remove(pool)
    for name, detail in list(pool.details.items()):
        if where is not None and CHECK_VOLUME_DETAIL in name:
            await _delete_check_volume(state, where, detail.value)
    pool.details.clear()


async def _release(state: State, pool: rows.Pool) -> None:
    contains = "This primary storage cannot be deleted because it currently contains one or more"
    if any(snapshot.pool == pool.db_id for snapshot in state.snapshots):
        raise DriverError(f"{contains} snapshots.")
    if any(template.pool == pool.db_id for template in state.templates):
        raise DriverError(f"{contains} template snapshots.")
    connection(state, pool)
    for template, path in list(pool.cached_templates.items()):
        try:
            await delete_snapshot(state, pool, path)
        except api.StorPoolError as error:
            raise DriverError(
                f"Could not delete StorPool's snapshot from template_spool_ref table due to {error}"
            ) from error
        del pool.cached_templates[template]


async def _delete_check_volume(state: State, where: Connection, path: str) -> None:
    reference = "~" + path.rpartition("/")[2]
    try:
        await api.call(where, f"{driver(state).prefix}VolumeDelete/{reference}", {"onAttached": "detachForce"})
    except api.StorPoolError:
        # The driver does not look at the answer of this call.
        return
