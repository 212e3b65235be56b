# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cloud as an inventory: which machines, in which groups, by which names and addresses, and what is said of those that it cannot have."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.inventory import hosts, source
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption, NotConfigured
from unit.plugins.module_utils._cloudstack.cloud.test_hosts import cloud, host

OPTIONS = dict.fromkeys(["zone", "cluster", "state", "resource_state", "management_servers", "storpool_clients"])
URL = "https://cloud.example.com:8443/client/api"
SERVERS = [
    {"id": "m-1", "name": "ms1", "state": "Up", "version": "4.19.1.0", "serviceip": "10.1.0.1"},
    {"id": "m-2", "name": "ms2", "state": "Maintenance", "version": "4.19.1.0", "ipaddress": "10.1.0.2"},
]


def made(number, **fields):
    return host(number, **{"ipaddress": f"10.1.1.{number}", "version": "4.19.1.0", **fields})


def found(*rows, servers=None, pools=False, **more):
    api = cloud(*rows, **more)
    api.lists["listManagementServers"] = SERVERS if servers is None else servers
    return hosts.read(api.reader(), pools)


def entries(read, clients=(), url=URL, **options):
    return hosts.entries(read, {**OPTIONS, **options}, dict(clients), url)


def in_group(listed, group):
    return [entry.name for entry in listed if group in entry.groups]


def test_agents_and_management_servers_have_their_groups_addresses_and_variables():
    listed, told = entries(
        found(made(1), made(2), pools=True, connected={"h-1": ["hybrid;1", "ssd;2"], "h-2": ["ssd;2"]}), {"host1": 7}
    )
    assert told == []
    assert in_group(listed, hosts.AGENTS) == ["host1", "host2"]
    assert in_group(listed, hosts.MANAGEMENT) == ["ms1", "ms2"]
    assert [entry.address for entry in listed] == ["10.1.1.1", "10.1.1.2", "10.1.0.1", "10.1.0.2"]
    assert listed[0].variables == {
        "cloudstack_name": "host1",
        "cloudstack_host_id": "h-1",
        "cloudstack_zone": "zone1",
        "cloudstack_pod": "pod1",
        "cloudstack_cluster": "cluster1",
        "cloudstack_state": "Up",
        "cloudstack_resource_state": "Enabled",
        "cloudstack_version": "4.19.1.0",
        "storpool_client_id": 7,
        "cloudstack_pools": ["sp-hybrid", "sp-ssd"],
        "cloudstack_pools_not_connected": [],
        "cloudstack_management_id": None,
        "cloudstack_management_state": None,
    }
    assert listed[1].variables["cloudstack_pools_not_connected"] == ["sp-hybrid"]
    assert {name: value for name, value in listed[3].variables.items() if value is not None} == {
        "cloudstack_name": "ms2",
        "cloudstack_management_id": "m-2",
        "cloudstack_management_state": "Maintenance",
        "cloudstack_state": "Maintenance",
        "cloudstack_version": "4.19.1.0",
    }
    assert {tuple(sorted(entry.variables)) for entry in listed} == {tuple(sorted(listed[0].variables))}


@pytest.mark.parametrize(
    ("pools", "version", "each"), [(True, "4.19.0.0", True), (True, "4.18.0.0", False), (False, "4.19.0.0", False)]
)
def test_hosts_are_asked_about_one_by_one_only_for_pools_and_where_cloudstack_tells(pools, version, each):
    api = cloud(*(made(number) for number in range(1, 6)), version=version)
    api.lists["listManagementServers"] = SERVERS
    read = hosts.read(api.reader(), pools)
    assert api.calls.count("listStoragePools") == (6 if each else 0)
    assert {row["pools"] is not None for row in read["agents"]} == {each}
    assert {entry.variables["cloudstack_pools"] is not None for entry in entries(read)[0][:5]} == {each}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["host1", "host2", "host3"]),
        ({"zone": "zone2"}, ["host3"]),
        ({"zone": "z-1"}, ["host1", "host2"]),
        ({"zone": "nope"}, []),
        ({"cluster": "c-2"}, ["host2"]),
        ({"cluster": "cluster2"}, ["host2"]),
        ({"state": ["down", "Alert"]}, ["host2"]),
        ({"resource_state": ["Maintenance"]}, ["host3"]),
        ({"state": ["Up"], "zone": "zone2"}, ["host3"]),
    ],
)
def test_conditions_are_for_agents(asked, expected):
    rows = [
        made(1),
        made(2, state="Down", clusterid="c-2", clustername="cluster2"),
        made(3, zoneid="z-2", zonename="zone2", resourcestate="Maintenance"),
    ]
    listed, _told = entries(found(*rows), **asked)
    assert in_group(listed, hosts.AGENTS) == expected
    assert in_group(listed, hosts.MANAGEMENT) == ["ms1", "ms2"]


@pytest.mark.parametrize("version", ["4.8.0", "4.11.3.0"])
def test_a_version_that_does_not_list_management_servers_says_so_unless_they_are_given(version):
    read = found(made(1), version=version)
    listed, told = entries(read)
    assert in_group(listed, hosts.MANAGEMENT) == []
    assert len(told) == 1
    assert all(word in told[0] for word in ("4.12", "management_servers", hosts.MANAGEMENT))
    listed, told = entries(read, {"mgmt": 9}, management_servers=["mgmt"])
    assert told == []
    assert [
        (entry.name, entry.address, entry.variables["storpool_client_id"])
        for entry in listed
        if hosts.MANAGEMENT in entry.groups
    ] == [("mgmt", None, 9)]


def test_a_machine_that_is_both_is_one_host_with_the_state_of_its_agent():
    server = {"id": "m-1", "name": "host1", "state": "Maintenance", "version": "4.19.1.0", "ipaddress": "10.1.1.1"}
    listed, _told = entries(found(made(1), servers=[server]))
    assert [(entry.name, entry.groups) for entry in listed] == [("host1", (hosts.AGENTS, hosts.MANAGEMENT))]
    shown = listed[0].variables
    assert (shown["cloudstack_state"], shown["cloudstack_management_state"], shown["cloudstack_management_id"]) == (
        "Up",
        "Maintenance",
        "m-1",
    )
    # ... and so if the address of the one is not known
    listed, _told = entries(found(made(1), servers=[]), management_servers=["host1"])
    assert [(entry.name, entry.address, len(entry.groups)) for entry in listed] == [("host1", "10.1.1.1", 2)]


def test_machines_that_share_a_name_are_told_apart_by_their_addresses():
    rows = [made(1, name="kvm"), made(2, name="kvm", zoneid="z-2"), made(3)]
    listed, _told = entries(found(*rows, servers=[]))
    assert [(entry.name, entry.address) for entry in listed] == [
        ("host3", "10.1.1.3"),
        ("kvm-10.1.1.1", "10.1.1.1"),
        ("kvm-10.1.1.2", "10.1.1.2"),
    ]


def test_a_server_that_is_given_by_a_name_of_several_machines_is_none_of_them():
    rows = [made(1, name="kvm"), made(2, name="kvm", zoneid="z-2")]
    listed, _told = entries(found(*rows), management_servers=["kvm"])
    assert [(entry.name, entry.address, entry.groups) for entry in listed] == [
        ("kvm", None, (hosts.MANAGEMENT,)),
        ("kvm-10.1.1.1", "10.1.1.1", (hosts.AGENTS,)),
        ("kvm-10.1.1.2", "10.1.1.2", (hosts.AGENTS,)),
    ]


@pytest.mark.parametrize("name", ["localhost", "ms1"])
@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "localhost", None])
def test_the_only_management_server_is_where_the_api_is_if_it_tells_an_address_of_its_own_use(name, address):
    """Recorded: a server with the name localhost and the address 127.0.0.1. Tasks for it must not run on the machine that Ansible runs on."""
    listed, told = entries(found(servers=[{"id": "m", "name": name, "state": "Up", "ipaddress": address}]))
    shown = "cloud.example.com" if name == "localhost" else name
    assert [(entry.name, entry.address) for entry in listed] == [(shown, "cloud.example.com")]
    assert listed[0].variables.get("driver_host", name) == listed[0].variables["cloudstack_name"] == name
    assert ("driver_host" in listed[0].variables) == (name == "localhost")
    assert told == []


def test_of_several_such_servers_none_is_taken_for_the_machine_of_ansible():
    servers = [
        {"id": "m", "name": "localhost", "ipaddress": "127.0.0.1"},
        {"id": "n", "name": "ms2", "ipaddress": "127.0.0.1"},
    ]
    listed, told = entries(found(servers=servers))
    assert [(entry.name, entry.address) for entry in listed] == [("ms2", None)]
    assert len(told) == 1
    assert "management_servers" in told[0]


@pytest.mark.parametrize("name", ["{{ lookup('pipe', 'id') }}", "a b", "-x", "a,b", "a[1:3]", "ä", ""])
def test_a_name_that_ansible_cannot_use_is_left_out_and_told(name):
    listed, told = entries(found(made(1), made(2, name=name), servers=[]))
    assert [entry.name for entry in listed] == ["host1"]
    assert len(told) == 1
    assert repr(name) in told[0]


_names = st.sampled_from(["a", "b", "localhost"])
_addresses = st.sampled_from(["10.0.0.1", "10.0.0.2", "127.0.0.1", None])


@given(st.lists(st.tuples(_names, _addresses), max_size=4), st.lists(st.tuples(_names, _addresses), max_size=3))
def test_each_machine_is_there_once_and_none_is_another(agents, servers):
    rows = [made(number, name=name, ipaddress=address) for number, (name, address) in enumerate(agents)]
    listed, told = entries(
        found(
            *rows,
            servers=[
                {"id": str(number), "name": name, "ipaddress": address}
                for number, (name, address) in enumerate(servers)
            ],
        )
    )
    names = [entry.name for entry in listed]
    hidden = [*agents, *(servers if len(servers) != 1 else ())]
    assert len(set(names)) == len(names)
    assert {
        (entry.variables.get("cloudstack_host_id") is not None) == (hosts.AGENTS in entry.groups) for entry in listed
    } <= {True}
    assert "localhost" not in names
    assert {address for _name, address in agents if address not in (None, "127.0.0.1")} <= {
        entry.address for entry in listed
    }
    assert bool(told) == any(
        (name, address) in (("localhost", None), ("localhost", "127.0.0.1")) for name, address in hidden
    )
    assert bool(servers) <= bool(in_group(listed, hosts.MANAGEMENT) or told)


@pytest.mark.parametrize(
    "kept",
    [
        *(None, [], {}, "x"),
        {"version": "4.19", "agents": [{}], "servers": None},
        {"version": "4.19", "agents": []},
        {"version": "4.19", "agents": [{"id": "1", "name": "a"}], "servers": []},
        {"version": "4.19", "agents": [], "servers": [{"id": "1", "name": "a"}]},
    ],
)
def test_what_is_in_a_cache_and_is_nothing_of_ours_is_read_anew(kept):
    assert not hosts.is_found(kept)
    assert hosts.is_found(found(made(1)))
    assert hosts.is_found(found(version="4.8.0"))


# --- the connection ----------------------------------------------------------------------------------------------------

CONNECTION = {
    "api_url": URL,
    "api_key": "key-canary",
    "api_secret": "secret-canary",
    "api_timeout": 60.0,
    "api_retries": 5,
    "api_verify_ssl_cert": None,
    "validate_certs": None,
    "pools": True,
}


def test_what_is_kept_is_known_by_where_it_is_from_and_not_by_the_keys():
    names = [
        source.Source({**OPTIONS, **CONNECTION, **more}).name
        for more in (
            {},
            {"api_key": "other"},
            {"zone": "z"},
            {"pools": False},
            {"api_url": "https://other.example.com/client/api"},
        )
    ]
    assert names[0] == names[1] == names[2]
    assert len(set(names)) == 3
    assert "canary" not in "".join(names)


@pytest.mark.parametrize("option", ["zone", "cluster"])
def test_an_empty_condition_is_refused(option):
    with pytest.raises(InvalidOption, match=f"{option} is empty"):
        source.Source({**OPTIONS, **CONNECTION, option: " "})
    with pytest.raises(InvalidOption, match=r"state\[1\] is empty"):
        source.Source({**OPTIONS, **CONNECTION, "state": ["Up", ""]})


def test_a_secret_in_the_address_is_refused_and_not_shown():
    with pytest.raises((InvalidOption, NotConfigured)) as refused:
        source.Source({**OPTIONS, **CONNECTION, "api_url": "https://user:pass-canary@cloud.example.com/client/api"})
    assert "canary" not in source.sentence(refused.value)


def test_an_option_that_there_is_not_is_refused():
    with pytest.raises(InvalidOption, match="staet: there is no such option; did you mean state"):
        source.refuse_unknown({"staet": ["Up"], "zone": "z"}, OPTIONS)
    source.refuse_unknown({"zone": "z"}, OPTIONS)
