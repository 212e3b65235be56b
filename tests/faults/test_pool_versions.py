# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A primary storage pool's life on every release of CloudStack that does something of it in another way than the one before."""

from __future__ import annotations

import pytest

from faults import alone
from faults.alone import written
from faults.scenario import NOTHING
from faults.worlds import CloudStack
from simulators.client import start
from simulators.cloudstack.versions import parse

POOL = {"name": "sp", "zone": "zone1"}
NEW = {**POOL, "template": "hybrid", "capacity": "from_template", "tags": ["gold", "fast"]}
CHANGED = {**POOL, "tags": ["fast", "silver"], "allocation_state": "disabled"}
RENAMED = {**POOL, "name": "sp-2", "previous_name": "sp"}
#: What check mode cannot foretell.
UNKNOWN = ("id", "created", "hosts", "path", "endpoint", "used")
#: The driver is installed beside CloudStack before 4.17, and comes with it since.
RELEASES = ["4.8", "4.9.3", "4.10", "4.11", "4.15", "4.17.0", "4.18.1", "4.19.0", "4.19.1", "4.21", "4.22", "4.23"]


@pytest.fixture(params=RELEASES)
def cloud(request, storpool):
    """A cloud of each release, without a pool."""
    of_storpool = {"storpool_url": storpool.simulator.url, "storpool_token": storpool.simulator.args["token"]}
    with start("cloudstack", version=request.param, **of_storpool) as simulator:
        world = CloudStack(simulator, storpool)
        storpool.begin(NOTHING)
        yield world


def test_a_pools_life(cloud):
    release = parse(cloud.simulator.args["version"])

    predicted = ran(cloud, NEW, writes=[], check=True)
    created = ran(cloud, NEW, writes=["createStoragePool"])
    assert known(predicted) == known(created)
    assert (created["template"], created["provider"]) == ("hybrid", "StorPool")
    assert created["tags"] == ["fast", "gold"]
    assert (created["id"] == "hybrid") == (not release.at_least("4.11"))
    assert created["type"] == ("StorPool" if release.at_least("4.17.1") else "SharedMountPoint")
    assert (created["hosts"] is None) == (not release.at_least("4.19"))
    ran(cloud, NEW, writes=[])

    changed = ran(cloud, CHANGED, writes=["updateStoragePool", "updateStoragePool"])
    assert (changed["tags"], changed["state"]) == (["fast", "silver"], "Disabled")
    ran(cloud, CHANGED, writes=[])

    if release.at_least("4.15"):
        ran(cloud, RENAMED, writes=["updateStoragePool"])
    else:
        refused = alone.ran(cloud, "cloudstack_storpool_pool", {**cloud.connection, **RENAMED})
        assert refused.failed
        assert "4.15" in refused.result["msg"]
        assert written(cloud) == []
    name = "sp-2" if release.at_least("4.15") else "sp"
    [shown] = alone.ran(cloud, "cloudstack_storpool_pool_info", {**cloud.connection, "hosts": True}).result["pools"]
    assert (shown["name"], shown["template"]) == (name, "hybrid")

    gone = {**POOL, "name": name, "state": "absent"}
    ran(cloud, gone, writes=["updateStoragePool", "enableStorageMaintenance", "deleteStoragePool"])
    ran(cloud, gone, writes=[])


def ran(world, options, *, writes, check=False):
    """The pool after a run that went well, was changed as foretold, and wrote just this."""
    connection = {**world.connection, **world.storpool.connection}
    ended = alone.ran(world, "cloudstack_storpool_pool", {**connection, **options}, check=check)
    assert not ended.failed, ended.output
    assert written(world) == writes
    assert ended.changed == (bool(writes) or check)
    return ended.result["pool"]


def known(pool):
    """What check mode can foretell of a pool."""
    return {key: value for key, value in pool.items() if key not in UNKNOWN}
