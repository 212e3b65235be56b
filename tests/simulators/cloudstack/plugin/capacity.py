# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How StorPool's own figures replace a pool's capacity (CloudStack 4.18.1 and newer)."""

from __future__ import annotations

from simulators.cloudstack import rows
from simulators.cloudstack.errors import DriverError
from simulators.cloudstack.plugin import api
from simulators.cloudstack.plugin.driver import connection, pools
from simulators.cloudstack.state import State


async def collect(state: State) -> int:
    """Runs the statistics collector once; the number of pools whose figures changed. Older releases have none."""
    if not state.release.has("storpool_stats"):
        return 0
    changed = 0
    for pool in pools(state):
        try:
            figures = await _figures(state, pool)
        except DriverError:
            continue
        if figures and figures != (pool.capacity_bytes, pool.used_bytes):
            pool.capacity_bytes, pool.used_bytes = figures
            changed += 1
    return changed


async def _figures(state: State, pool: rows.Pool) -> tuple[int, int] | None:
    """Capacity and used bytes of a pool's template, summed over the clusters that answered."""
    where = connection(state, pool)
    answer = await api.call(where, "MultiCluster/AllClusters/VolumeTemplatesStatus")
    capacity, used, found = 0, 0, False
    for cluster in answer["data"]["clusters"]:
        for template in (cluster.get("response") or {}).get("data") or []:
            if template["name"] == where.template:
                found = True
                stored = template["stored"]
                capacity += stored["capacity"]
                used += stored["capacity"] - stored["free"]
    return (capacity, used) if found else None
