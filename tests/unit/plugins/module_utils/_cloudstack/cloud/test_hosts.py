# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts: which were asked for, what it costs, who is healthy, and waiting that is bounded and says what is missing."""

from __future__ import annotations

import re

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.hosts import Host, hosts
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    ApiError,
    BadAnswer,
    InvalidOption,
    NotConverged,
    NotFound,
    ReplyLost,
    TransientError,
    Unreachable,
)
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

OPTIONS = {
    "name": None,
    "zone": None,
    "cluster": None,
    "pools": False,
    "storpool_clients": None,
    "wait": False,
    "wait_timeout": 60,
    "wait_stable": 5,
}
UP = {"state": "Up", "managementserverid": "m-1"}
GONE = {"state": "Disconnected", "managementserverid": None}
POOLS = [
    {"id": "hybrid;1", "name": "sp-hybrid", "provider": "StorPool", "state": "Up", "zoneid": "z-1"},
    {"id": "ssd;2", "name": "sp-ssd", "provider": "StorPool", "state": "Up", "zoneid": "z-1"},
    {"id": "old;3", "name": "sp-old", "provider": "StorPool", "state": "Maintenance", "zoneid": "z-1"},
    {"id": "far;4", "name": "sp-far", "provider": "StorPool", "state": "Up", "zoneid": "z-2"},
    {"id": "5", "name": "nfs", "provider": "DefaultPrimary", "state": "Up", "zoneid": "z-1"},
]


def host(number, state="Up", **fields):
    return {
        "id": f"h-{number}",
        "name": f"host{number}",
        "state": state,
        "resourcestate": "Enabled",
        "zoneid": "z-1",
        "zonename": "zone1",
        "podname": "pod1",
        "clusterid": "c-1",
        "clustername": "cluster1",
        "managementserverid": "m-1" if state == "Up" else None,
        **fields,
    }


def cloud(*rows, connected=None, version="4.19.1.0", events=()):
    """``connected`` has the ids of the pools by host; without it every host has all of them."""

    def pools(params):
        if "hostid" not in params:
            return POOLS
        ids = connected.get(params["hostid"], ()) if connected is not None else [pool["id"] for pool in POOLS]
        return [pool for pool in POOLS if pool["id"] in ids]

    return FakeApi(version, {"listHosts": list(rows), "listStoragePools": pools}, events=events)


def ask(api, **options):
    return hosts(api.reader(), {**OPTIONS, **options}, dict, api.clock)["hosts"]


def names(found):
    return [each["name"] for each in found]


def test_without_a_wait_it_is_one_call():
    api = cloud(host(2), host(1, "Disconnected", disconnected="2026-01-31T12:00:00+0000"))
    found = ask(api)
    assert api.calls == ["listHosts"]
    assert names(found) == ["host1", "host2"]
    assert [each["healthy"] for each in found] == [False, True]
    assert found[1]["pools"] is None
    assert found[0]["disconnected"] == "2026-01-31T12:00:00+0000"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"name": ["host1"]}, ["host1"]),
        ({"name": ["host"]}, []),
        ({"name": ["HOST1"]}, []),
        ({"name": ["host[12]", "nope"]}, ["host1", "host2"]),
        ({"zone": "zone2"}, ["host10"]),
        ({"zone": "z-1", "name": ["*1*"]}, ["host1"]),
        ({"cluster": "cluster2"}, ["host2"]),
        ({"cluster": "c-1"}, ["host1"]),
        ({"zone": "zone3"}, []),
    ],
)
def test_the_hosts_that_meet_all_conditions(options, expected):
    api = cloud(
        host(1),
        host(2, clustername="cluster2", clusterid="c-2"),
        host(10, zonename="zone2", zoneid="z-2", clusterid="c-3", clustername="cluster3"),
    )
    assert names(ask(api, **options)) == expected


CLUSTERS = [
    {
        "id": f"c-{number}",
        "name": name,
        "podname": f"pod{number}",
        "podid": f"p-{number}",
        "zonename": zone,
        "zoneid": zone_id,
    }
    for number, name, zone, zone_id in (
        (1, "kvm", "zone1", "z-1"),
        (2, "kvm", "zone2", "z-2"),
        (3, "c-1", "zone2", "z-2"),
    )
]


def bare(number, cluster, zone_id):
    """A host as listHosts with details=min has it: with the ids of where it is."""
    row = host(number, zoneid=zone_id, clusterid=cluster)
    return {key: value for key, value in row.items() if key not in ("zonename", "podname", "clustername")}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["host1", "host2", "host3", "host4"]),
        ({"cluster": "kvm"}, ["host1", "host2"]),
        ({"cluster": "kvm", "zone": "zone2"}, ["host2"]),
        ({"cluster": "c-1"}, ["host1"]),
        ({"zone": "zone2"}, ["host2", "host3"]),
        ({"zone": "z-9"}, ["host4"]),
    ],
)
def test_names_of_places_are_found_where_the_cheap_list_has_ids_only(options, expected):
    api = cloud(bare(1, "c-1", "z-1"), bare(2, "c-2", "z-2"), bare(3, "c-3", "z-2"), bare(4, "c-9", "z-9"))
    api.lists["listClusters"] = CLUSTERS
    found = sorted(ask(api, **options), key=lambda each: each["name"])
    assert names(found) == expected
    assert api.calls == ["listHosts", "listClusters"]
    places = {each["name"]: (each["zone"], each["pod"], each["cluster"]) for each in found}
    assert (
        places.items()
        <= {
            "host1": ("zone1", "pod1", "kvm"),
            "host2": ("zone2", "pod2", "kvm"),
            "host3": ("zone2", "pod3", "c-1"),
            "host4": (None, None, None),
        }.items()
    )


def test_clusters_are_asked_about_once_however_long_hosts_are_waited_for():
    rows = [bare(1, "c-1", "z-1")]
    rows[0].update(GONE)
    api = cloud(*rows, events=[(9, lambda: rows[0].update(UP))])
    api.lists.update(listClusters=CLUSTERS, listHosts=lambda _params: rows)
    assert ask(api, wait=True, cluster="kvm")[0]["cluster"] == "kvm"
    assert api.calls.count("listClusters") == 1
    assert api.calls.count("listHosts") > 3


def test_pools_are_those_of_storpool_in_the_hosts_zone_that_are_up():
    api = cloud(host(1), host(2), connected={"h-1": ["hybrid;1", "ssd;2", "5"], "h-2": ["hybrid;1"]})
    first, second = ask(api, pools=True)
    assert first["pools"] == {"connected": ["sp-hybrid", "sp-ssd"], "not_connected": []}
    assert second["pools"] == {"connected": ["sp-hybrid"], "not_connected": ["sp-ssd"]}
    assert (first["healthy"], second["healthy"]) == (True, False)
    assert api.calls == ["listHosts", "listCapabilities", *["listStoragePools"] * 3]


def test_before_4_19_nobody_tells_the_pools():
    api = cloud(host(1), connected={}, version="4.18.2.0")
    assert ask(api, pools=True)[0]["pools"] is None
    assert ask(api, wait=True)[0]["healthy"]
    assert "listStoragePools" not in api.calls


@pytest.mark.parametrize(
    ("row", "pools", "words"),
    [
        (host(1), None, None),
        (host(1), {"connected": ["sp"], "not_connected": []}, None),
        (host(1, resourcestate="Maintenance"), None, None),
        (
            host(1),
            {"connected": [], "not_connected": ["sp"]},
            r"has not connected sp\..*storpool_confget.*storpool-agent.log",
        ),
        (host(1, managementserverid=None), None, "no management server serves it.*agent.properties"),
        (host(1, "Alert"), None, "state Alert.*storpool-agent.log"),
        (host(1, "Connecting"), None, "state Connecting.*storpool-agent.log"),
        (
            host(1, "Disconnected", disconnected="noon"),
            None,
            "state Disconnected since noon.*journal of cloudstack-agent",
        ),
        (host(1, "Down"), None, "state Down.*journal"),
        (host(1, "Rebalancing"), None, "state Rebalancing.*journal"),
    ],
)
def test_what_is_wrong_with_a_host(row, pools, words):
    problem = Host(row, pools).problem()
    if words is None:
        assert problem is None
    else:
        assert re.search(words, problem)
        assert "host1" in problem


def test_a_wait_ends_when_the_host_has_been_healthy_for_a_while():
    row = host(1, "Disconnected")
    api = cloud(row, events=[(10, lambda: row.update(UP))])
    assert ask(api, name=["host1"], wait=True)[0]["healthy"]
    assert 15 <= api.now < 20


def test_a_host_that_goes_again_begins_anew():
    row = host(1)
    api = cloud(row, events=[(3, lambda: row.update(GONE)), (20, lambda: row.update(UP))])
    ask(api, wait=True)
    assert api.now >= 25


def test_without_wait_stable_one_look_is_enough():
    api = cloud(host(1))
    ask(api, wait=True, wait_stable=0)
    assert api.now == 0
    assert api.calls.count("listHosts") == 1


def test_a_pool_that_is_not_connected_is_waited_for():
    connected = {"h-1": ["hybrid;1"], "h-2": ["hybrid;1", "ssd;2"]}
    api = cloud(
        host(1), host(2), connected=connected, events=[(8, lambda: connected.update({"h-1": ["hybrid;1", "ssd;2"]}))]
    )
    found = ask(api, wait=True)
    assert [each["pools"]["not_connected"] for each in found] == [[], []]
    assert 13 <= api.now < 18


def test_hosts_that_are_fine_are_not_asked_about_again_until_all_are():
    asked = []
    api = cloud(host(1), host(2, "Disconnected"), connected={"h-1": ["hybrid;1", "ssd;2"]})
    inner = api.lists["listStoragePools"]

    def pools(params):
        asked.append(params.get("hostid"))
        return inner(params)

    api.lists["listStoragePools"] = pools
    with pytest.raises(NotConverged):
        ask(api, wait=True)
    assert asked.count("h-1") == 1


def test_a_pool_that_is_lost_meanwhile_is_noticed():
    connected = {"h-1": ["hybrid;1", "ssd;2"]}
    row = host(2, "Disconnected")

    def swap():
        row.update(UP)
        connected.update({"h-1": [], "h-2": ["hybrid;1", "ssd;2"]})

    api = cloud(host(1), row, connected=connected, events=[(5, swap)])
    with pytest.raises(
        NotConverged, match=r"1 of 2 hosts is not healthy\. Host 'host1' is Up, but has not connected"
    ) as failure:
        ask(api, wait=True)
    assert list(failure.value.error["hosts"]) == ["host1"]


def test_the_time_is_bounded_and_each_host_has_its_sentence():
    api = cloud(host(1, "Alert"), host(2), host(3, "Down"))
    with pytest.raises(NotConverged) as failure:
        ask(api, wait=True, wait_timeout=30)
    assert 30 <= api.now <= 31
    message = failure.value.message
    assert message.startswith("After 30 s (wait_timeout) 2 of 3 hosts are not healthy. Host 'host1' is in state Alert.")
    assert "Host 'host3' is in state Down." in message
    assert "host2" not in message
    assert set(failure.value.error["hosts"]) == {"host1", "host3"}
    assert all(told.endswith(".") for told in failure.value.error["hosts"].values())


def test_of_many_hosts_ten_are_named():
    api = cloud(*(host(number, "Down") for number in range(100, 150)))
    with pytest.raises(NotConverged, match=r"50 of 50 hosts.*And 40 more\.") as failure:
        ask(api, wait=True, wait_timeout=1)
    assert failure.value.message.count("in state Down") == 10
    assert len(failure.value.error["hosts"]) == 50


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": ["host1", "nope"]}, "no KVM host 'nope'"),
        ({"name": ["db*"]}, r"no KVM host 'db\*'"),
        ({"name": ["host1"], "zone": "zone2"}, "no KVM host 'host1' in zone 'zone2'"),
        ({"zone": "zone9"}, "no KVM host in zone 'zone9'.*nothing to wait for"),
    ],
)
def test_what_is_not_there_is_not_waited_for(options, words):
    api = cloud(host(1))
    with pytest.raises(NotFound, match=words):
        ask(api, wait=True, **options)
    assert api.now == 0


@pytest.mark.parametrize("failure", [Unreachable, ReplyLost, TransientError, BadAnswer])
def test_an_api_that_is_away_is_waited_for(failure):
    api = cloud(host(1))
    api.away = failure("the CloudStack API at http://x is not there")
    api.events = [(20, lambda: setattr(api, "away", None))]
    ask(api, wait=True)
    assert 25 <= api.now < 30


def test_an_api_that_stays_away_is_told():
    api = cloud(host(1))
    api.away = Unreachable("the CloudStack API at http://x cannot be reached")
    with pytest.raises(
        NotConverged, match=r"it is not known how the hosts are\. The CloudStack API at http://x cannot be"
    ) as failure:
        ask(api, wait=True)
    assert failure.value.error["hosts"] == {}


def test_without_a_wait_nothing_is_put_up_with():
    api = cloud(host(1))
    api.away = Unreachable("it cannot be reached")
    with pytest.raises(Unreachable):
        ask(api)


def test_other_errors_end_a_wait():
    api = cloud(host(1))
    api.away = ApiError("no")
    with pytest.raises(ApiError):
        ask(api, wait=True)
    assert api.now == 0


@pytest.mark.parametrize("options", [{"wait_timeout": 0}, {"wait_stable": -1}])
def test_seconds_are_checked(options):
    with pytest.raises(InvalidOption, match=next(iter(options))):
        ask(cloud(host(1)), wait=True, **options)


def test_a_host_is_the_client_that_its_id_or_name_says():
    rows = [host(1), host(2), host(3)]
    api, asked = cloud(*rows), []

    def clients():
        asked.append(True)
        return {"host1": 1, "h-1": 11, "host2": 2, "HOST3": 3}

    found = hosts(api.reader(), OPTIONS, clients)["hosts"]
    assert [row["storpool_client_id"] for row in found] == [11, 2, None]
    assert hosts(api.reader(), {**OPTIONS, "name": ["nope"]}, clients)["hosts"] == []
    assert len(asked) == 1
