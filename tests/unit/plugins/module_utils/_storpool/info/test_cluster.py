# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster as it is shown: one call for each thing that is asked for, and a clear word if it does not work."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import TransientError, Unauthorized
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import cluster as cluster_info
from simulators.storpool import admin
from simulators.storpool.state import Context
from unit.plugins.module_utils._storpool.in_process import Cluster, options

CALLS = {
    "services": "ServicesList",
    "clients": "ClientsConfigDump",
    "disks": "DisksList",
    "placement_groups": "PlacementGroupsList",
    "fault_sets": "FaultSetsList",
}
KEYS = {"operational", "status", "problem", *CALLS}


def read(cluster, **given):
    result = cluster_info.read(Reader(cluster), options(cluster_info.SPEC, given))
    assert set(result) == KEYS
    return result


@pytest.mark.parametrize("subset", CALLS)
def test_each_subset_is_one_call_and_the_others_are_left_out(subset):
    cluster = Cluster()
    result = read(cluster, gather=[subset])
    assert cluster.reads == [CALLS[subset]]
    assert {key for key in CALLS if result[key] is not None} == {subset}
    assert (result["operational"], result["status"]) == ((True, "running") if subset == "services" else (None, None))


def test_services_and_clients_are_shown_unless_something_else_is_asked_for():
    cluster = Cluster()
    cluster.client(id=2, up=False)
    result = read(cluster)
    assert cluster.reads == ["ServicesList", "ClientsConfigDump"]
    assert [(row["id"], row["config_status"]) for row in result["clients"]] == [(1, "ok"), (2, "down"), (3, "ok")]
    services = result["services"]
    assert set(services) == {"mgmt", "servers", "clients", "bridges", "iscsi_targets"}
    assert [(row["id"], row["status"]) for row in services["clients"]] == [(1, "running"), (2, "down"), (3, "running")]
    assert [row["active"] for row in services["mgmt"]].count(True) == 1
    assert all(row["missing_disks"] == row["pending_disks"] == [] for row in services["servers"])


def test_ids_are_sorted_as_numbers():
    cluster = Cluster()
    for number in (10, 9, 100):
        cluster.client(id=number, up=True)
    result = read(cluster)
    assert [row["id"] for row in result["clients"]] == [1, 2, 3, 9, 10, 100]
    assert [row["id"] for row in result["services"]["clients"]] == [1, 2, 3, 9, 10, 100]


def test_a_disk_that_is_down_has_no_size():
    cluster = Cluster()
    admin.set_disk(
        Context(cluster.world, cluster.world.local, cluster.switches, cluster.now), "POST", {"id": 101, "up": False}
    )
    down, up, *_others = read(cluster, gather=["disks"])["disks"]
    assert (down["id"], down["up"], down["size"], down["used"], down["device"]) == (101, False, None, None, None)
    assert (up["id"], up["up"]) == (102, True)
    assert up["size"] == cluster.world.local.disks[102].size
    assert set(down) == set(up)


def test_placement_groups_and_fault_sets_are_sorted_by_name():
    result = read(Cluster(), gather=["placement_groups", "fault_sets"])
    assert [row["name"] for row in result["placement_groups"]] == ["default", "hdd", "ssd"]
    assert result["placement_groups"][2]["disks"] == [102, 202, 302]
    assert result["fault_sets"][0] == {"name": "rack1", "servers": [1]}


@pytest.mark.parametrize("status", ["waiting", "down"])
def test_a_cluster_that_does_not_work_is_a_result_if_its_services_are_asked_for(status):
    cluster = Cluster(cluster_status=status)
    result = read(cluster, gather=["disks", "services"])
    assert result.pop("operational") is False
    assert result.pop("problem") == "The cluster is not operational"
    assert set(result.values()) == {None}
    assert cluster.reads == ["ServicesList"]
    with pytest.raises(TransientError):
        read(cluster, gather=["disks"])


def test_a_wrong_token_is_a_failure():
    class Closed:
        def get(self, call, target=None, timeout=None):
            raise Unauthorized("no", error={"name": "unauthorized"})

    with pytest.raises(Unauthorized):
        read(Closed())
