# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What differs between the releases of the driver, and the connection of an existing pool."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from simulators.cloudstack import rows, settings
from simulators.cloudstack.errors import DriverError
from simulators.cloudstack.plugin.url import EXT0, EXT2019, Connection, driver_of, parse
from simulators.cloudstack.state import State

PROVIDER = "StorPool"
HOST_DETAIL, TOKEN_DETAIL, TEMPLATE_DETAIL = "SP_API_HTTP_HOST", "SP_AUTH_TOKEN", "SP_TEMPLATE"
CHECK_VOLUME_DETAIL = "SP_VOLUME_ON_CLUSTER"


@dataclass(frozen=True)
class Driver:
    """`prefix` is that of most API calls; with `by_name` StorPool's objects carry CloudStack's uuids as names."""

    name: str
    prefix: str
    device_path: str
    pool_type: str
    by_name: bool
    asks_agents: bool
    zone_only: bool
    can_revert: bool
    tags: bool
    freezes: bool


def driver(state: State) -> Driver:
    """The driver of the simulated management server."""
    name = driver_of(state.release, state.switches)
    early = name in (EXT0, EXT2019)
    return Driver(
        name=name,
        prefix="" if name == EXT0 else "MultiCluster/",
        device_path="/dev/storpool/" if early else "/dev/storpool-byid/",
        pool_type="StorPool" if state.release.has("storpool_pool_type") else "SharedMountPoint",
        by_name=early,
        asks_agents=not early,
        zone_only=name != EXT0,
        can_revert=name != EXT0,
        tags=name != EXT0,
        freezes=not state.release.has("storpool_no_freeze"),
    )


def is_storpool(pool: rows.Pool) -> bool:
    return pool.provider == PROVIDER


def pools(state: State) -> list[rows.Pool]:
    """All StorPool pools."""
    return [pool for pool in state.pools if is_storpool(pool)]


def new_id(used: Driver, url: str, connection: Connection) -> str:
    """The uuid, and so the API id, that a new pool gets; it is no UUID in any release."""
    if used.name in (EXT0, EXT2019):
        return url
    return f"{connection.template};{uuid.uuid4()}"


def stored_connection(state: State, pool: rows.Pool) -> Connection:
    """The connection of a pool without regard to alternative endpoints."""
    values = [pool.details.get(name) for name in (HOST_DETAIL, TOKEN_DETAIL, TEMPLATE_DETAIL)]
    if all(values):
        return Connection(*(detail.value for detail in values))
    used = driver_of(state.release, state.switches)
    return parse(pool.id or "", used, state.options.storpool)


def connection(state: State, pool: rows.Pool) -> Connection:
    """The connection that operations on a pool use."""
    if settings.is_on(state, "sp.enable.alternative.endpoint", settings.POOL, pool.db_id):
        endpoint = settings.value(state, "sp.alternative.endpoint", settings.POOL, pool.db_id)
        if not endpoint:
            raise DriverError(
                f"Using an alternative endpoint of StorPool primary storage with id [{pool.db_id}] is enabled but no "
                "endpoint URL is provided"
            )
        return parse(endpoint, driver_of(state.release, state.switches), state.options.storpool)
    return stored_connection(state, pool)
