# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pools: what each release accepts, refuses and shows, and their states."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simulators.cloudstack.commands.default_primary import NO_PATH
from simulators.cloudstack.plugin import api
from simulators.cloudstack.state import LocalStorPool
from simulators.kit import AdminError
from unit.simulators.cloudstack_cloud import URL_NEW, URL_OLD, Cloud, Failed

Make = Callable[..., Cloud]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes a cloud of a release."""
    with contextlib.ExitStack() as stack:

        def make(version: str, **options: Any) -> Cloud:
            made = Cloud(version, monkeypatch, **options)
            stack.callback(made.close)
            return made

        yield make


BASE = {
    "id", "name", "zoneid", "zonename", "ipaddress", "path", "created", "type", "state", "scope", "hypervisor",
    "disksizetotal", "disksizeallocated", "overprovisionfactor", "tags",
}  # fmt: skip


@pytest.mark.parametrize(
    ("version", "added", "pool_type", "path"),
    [
        ("4.8", set(), "SharedMountPoint", "/dev/storpool/"),
        ("4.11", {"provider"}, "SharedMountPoint", "/dev/storpool-byid/"),
        ("4.17.0", {"provider", "hasannotations"}, "SharedMountPoint", "/dev/storpool-byid/"),
        ("4.17.1", {"provider", "hasannotations"}, "StorPool", "/dev/storpool-byid/"),
        ("4.19.0", {"provider", "hasannotations", "istagarule"}, "StorPool", "/dev/storpool-byid/"),
        ("4.19.3", {"provider", "hasannotations", "istagarule", "managed"}, "StorPool", "/dev/storpool-byid/"),
        (
            "4.21",
            {"provider", "hasannotations", "istagarule", "managed", "details", "storagecapabilities"},
            "StorPool",
            "/dev/storpool-byid/",
        ),
        (
            "4.23",
            {
                "provider",
                "hasannotations",
                "istagarule",
                "managed",
                "details",
                "storagecapabilities",
                "capacitybytes",
                "disksizeused",
            },
            "StorPool",
            "/dev/storpool-byid/",
        ),
    ],
)
def test_fields_of_a_pool_by_release(cloud: Make, version: str, added: set[str], pool_type: str, path: str) -> None:
    here = cloud(version)
    here.create()
    [pool] = here.pools()
    assert set(pool) == BASE | added
    assert (pool["type"], pool["path"], pool["ipaddress"], pool["scope"]) == (pool_type, path, "n/a", "ZONE")
    assert (pool["overprovisionfactor"], pool["tags"], pool["state"]) == ("2.0", "pool1", "Up")


@pytest.mark.parametrize(
    ("version", "plugin", "url", "pattern"),
    [
        ("4.8", "auto", "ssd", "ssd"),
        ("4.12", "ext2019", URL_OLD, re.escape(URL_OLD)),
        ("4.12", "auto", URL_OLD, "ssd;[0-9a-f-]{36}"),
        ("4.18", "auto", "ssd", "ssd;[0-9a-f-]{36}"),
        ("4.23", "auto", URL_NEW, "ssd;[0-9a-f-]{36}"),
    ],
)
def test_id_of_a_pool_by_driver(cloud: Make, version: str, plugin: str, url: str, pattern: str) -> None:
    here = cloud(version)
    here.switches.set({"storpool_plugin": plugin})
    pool = here.create(url)
    assert re.fullmatch(pattern, pool["id"])
    assert [found["id"] for found in here.pools(id=pool["id"])] == [pool["id"]]


@pytest.mark.parametrize(
    ("version", "changes", "text"),
    [
        ("4.8", {"url": "nope"}, "Failed to add data store: No such storpool template nope"),
        ("4.19.0", {"url": "SP_AUTH_TOKEN=t;SP_TEMPLATE=ssd"}, "Failed to add data store: No SP_API_HTTP"),
        ("4.19.0", {"url": "SP_API_HTTP=h:1;SP_TEMPLATE=ssd"}, "Failed to add data store: No SP_AUTH_TOKEN"),
        ("4.19.0", {"url": "SP_API_HTTP=h:1;SP_AUTH_TOKEN=t"}, "Failed to add data store: No SP_TEMPLATE"),
        (
            "4.19.1",
            {"url": "storpool://t@h:81/nope", "capacitybytes": None},
            "Failed to add data store: No such storpool template nope or credentials are invalid",
        ),
        ("4.19.1", {"capacitybytes": None}, "Failed to add data store: Capcity bytes is required"),
        ("4.19.1", {"hypervisor": "VMware"}, "Failed to add data store: Only KVM hypervisors supported!"),
        (
            "4.19.1",
            {"hypervisor": "XenServer"},
            "Zone wide storage pool is not supported for hypervisor type XenServer",
        ),
        (
            "4.19.1",
            {"hypervisor": None},
            "Missing parameter hypervisor. Hypervisor type is required to create zone wide primary storage.",
        ),
        ("4.19.1", {"scope": None}, "cluster id can't be null, if scope is cluster"),
        ("4.19.1", {"scope": "planet"}, "invalid scope for pool planet"),
        (
            "4.19.1",
            {"scope": "cluster", "clusterid": 1},
            "Failed to add data store: Only Zone-Wide scope is supported!",
        ),
        (
            "4.19.1",
            {"provider": "storpool"},
            f"Failed to add data store: Unable to figure out the scheme for URL: {URL_NEW}",
        ),
        ("4.19.0", {"provider": "storpool"}, f"Failed to add data store: {NO_PATH}"),
        (
            "4.18",
            {"provider": None, "url": "ssd"},
            "Failed to add data store: scheme is null ssd, add nfs:// (or cifs://) as a prefix",
        ),
    ],
)
def test_refusals_inside_the_command_are_530(cloud: Make, version: str, changes: dict[str, Any], text: str) -> None:
    here = cloud(version)
    with pytest.raises(Failed) as caught:
        here.create(**changes)
    assert str(caught.value) == text
    assert (caught.value.status, caught.value.body["cserrorcode"]) == (530, 9999)
    assert caught.value.envelope == "createstoragepoolresponse"
    assert here.pools() == []


def test_the_template_is_checked_before_use_and_capacity(cloud: Make) -> None:
    here = cloud("4.19.1")
    here.create()
    with pytest.raises(
        Failed, match=r"^Failed to add data store: StorPool cluster and template already in use by pool"
    ):
        here.create(name="again", capacitybytes=None)
    # the endpoint is compared as a text, so another name of the same API is taken for another cluster
    assert here.create("storpool://77@localhost:81/ssd", name="twice")["state"] == "Up"


def test_4_8_takes_a_template_once_and_leaves_cluster_pools_half_made(cloud: Make) -> None:
    here = cloud("4.8")
    here.create()
    with pytest.raises(Failed, match=r"duplicate uuid: ssd$"):
        here.create()
    assert here.create("hdd", scope="cluster", clusterid=1)["state"] == "Initialized"


def test_api_errors_of_storpool_come_through(cloud: Make) -> None:
    here = cloud("4.19.1")
    here.storpool.failures["VolumeTemplateDescribe"] = api.StorPoolError("wrongToken", "Invalid auth token")
    with pytest.raises(Failed, match=r"^Failed to add data store: Invalid auth token$"):
        here.create()


def test_without_the_driver_the_provider_falls_back_silently(cloud: Make) -> None:
    here = cloud("4.17.0", local=LocalStorPool())
    here.switches.set({"storpool_plugin_loaded": False})
    names = {row["name"] for row in here.call("listStorageProviders", type="primary")["dataStoreProvider"]}
    assert names == {"DefaultPrimary", "SolidFire"}
    pool = here.create("nfs://10.0.0.5/export")
    assert (pool["provider"], pool["type"]) == ("DefaultPrimary", "NetworkFilesystem")


def test_hosts_connect_one_check_volume_a_cluster(cloud: Make) -> None:
    here = cloud("4.19.1")
    here.admin("hosts", {"name": "host2", "answer": "spNotFound"})
    pool = here.create()
    assert pool["state"] == "Up"
    hosts = {host["name"]: host["id"] for host in here.call("listHosts", type="Routing")["host"]}
    connected = {name: bool(here.pools(hostid=host)) for name, host in hosts.items()}
    assert connected == {"host1": True, "host2": False, "host3": True}
    creates = [body for query, body in here.storpool.calls if query == "MultiCluster/VolumeCreate"]
    tags = {"cs": "check-volume-is-on-host"}
    # host2's refusal deletes the check volume, so host3 needs a new one
    assert creates == [{"name": "", "size": 512, "template": "ssd", "tags": tags}] * 2
    assert here.call("listConfigurations", name="sp.cluster.id", clusterid=1)["configuration"][0]["value"] == "sim.a"


@pytest.mark.parametrize(
    ("version", "answer", "volumes"),
    [
        ("4.12", "cannot attach", 2),
        ("4.19.1", "cannot attach", 1),
        ("4.23", "cannot attach", 1),
        ("4.23", "none", 2),
        ("4.23", "objectDoesNotExist", 2),
    ],
)
def test_what_becomes_of_the_check_volume_when_a_host_refuses(
    cloud: Make, version: str, answer: str, volumes: int
) -> None:
    here = cloud(version)
    here.admin("hosts", {"name": "host1", "answer": answer})
    here.create()
    assert here.storpool.queries().count("MultiCluster/VolumeCreate") == volumes
    deleted = here.storpool.queries().count("MultiCluster/VolumeDelete/~sim.a.2")
    assert deleted == volumes - 1


def test_a_client_that_storpool_does_not_know_stays_unconnected(cloud: Make) -> None:
    here = cloud("4.19.1")
    here.storpool.failures['"rw": [2]'] = api.StorPoolError("invalidParam", "no client 2")
    here.create()
    assert [row["connected"] for row in here.simulator.admin["pools"]("GET", {}, None)] == [["host1", "host3"]]
    host2 = here.call("listHosts", name="host2")["host"][0]["id"]
    assert here.job("reconnectHost", id=host2)["jobstatus"] == 2
    assert here.call("listHosts", id=host2)["host"][0]["state"] == "Alert"


def test_maintenance_stops_vms_and_its_end_starts_them(cloud: Make) -> None:
    here = cloud("4.19.1")
    pool = here.create()["id"]
    here.admin("objects", {"pool": "pool1", "vms": 2})
    with pytest.raises(Failed, match="not in Maintenance state") as caught:
        here.call("deleteStoragePool", id=pool)
    assert caught.value.status == 431
    job = here.job("enableStorageMaintenance", id=pool)
    assert (job["jobstatus"], job["jobresult"]["storagepool"]["state"]) == (1, "Maintenance")
    assert {vm["state"] for vm in here.call("listVirtualMachines")["virtualmachine"]} == {"Stopped"}
    again = here.job("enableStorageMaintenance", id=pool)
    assert (again["jobstatus"], again["jobresultcode"]) == (2, 431)
    assert again["jobresult"]["errortext"].endswith("is not ready for migration, as the status is:Maintenance")
    with pytest.raises(Failed, match="as there are associated") as caught:
        here.call("deleteStoragePool", id=pool, forced=True)
    assert caught.value.status == 530
    assert here.job("cancelStorageMaintenance", id=pool)["jobresult"]["storagepool"]["state"] == "Up"
    assert {vm["state"] for vm in here.call("listVirtualMachines")["virtualmachine"]} == {"Running"}
    refused = here.job("cancelStorageMaintenance", id=pool)["jobresult"]
    assert refused["errortext"].endswith("is not ready to complete migration, as the status is:Up")


def test_disabled_and_broken_maintenance(cloud: Make) -> None:
    here = cloud("4.19.1")
    pool = here.create()["id"]
    assert here.call("updateStoragePool", id=pool, enabled=False)["storagepool"]["state"] == "Disabled"
    with pytest.raises(Failed, match=r"cannot be disabled\. Storage pool state : Disabled$") as caught:
        here.call("updateStoragePool", id=pool, enabled=False)
    assert caught.value.status == 431
    assert here.job("enableStorageMaintenance", id=pool)["jobstatus"] == 2
    here.call("updateStoragePool", id=pool, enabled=True)
    here.switches.set({"maintenance_error": "a VM would not stop"})
    assert here.job("enableStorageMaintenance", id=pool)["jobresult"]["errortext"] == "a VM would not stop"
    assert here.pools()[0]["state"] == "ErrorInMaintenance"
    here.switches.set({"maintenance_error": ""})
    assert here.job("enableStorageMaintenance", id=pool)["jobstatus"] == 1


def test_deleting_waits_for_snapshots_and_templates_and_cleans_up(cloud: Make) -> None:
    here = cloud("4.20.2")
    pool = here.create()["id"]
    made = here.admin("objects", {"pool": "pool1", "snapshots": 1, "cached_templates": 1})
    here.job("enableStorageMaintenance", id=pool)
    here.call("deleteVolume", id=made["volumes"][0])
    with pytest.raises(Failed, match=r"it currently contains one or more snapshots\.$"):
        here.call("deleteStoragePool", id=pool)
    here.job("deleteSnapshot", id=made["snapshots"][0])
    here.storpool.calls.clear()
    assert here.call("deleteStoragePool", id=pool) == {"success": True}
    names = [query.replace("MultiCluster/", "").partition("/")[0] for query in here.storpool.queries()]
    assert names == ["VolumesReassign", "SnapshotDelete", "VolumeDelete"]
    with pytest.raises(Failed, match="entity does not exist") as caught:
        here.pools(id=pool)
    assert (caught.value.status, caught.value.body["cserrorcode"]) == (431, 9999)


def test_forced_deletion_expunges_destroyed_volumes_everywhere(cloud: Make) -> None:
    here = cloud("4.19.1")
    first, second = here.create()["id"], here.create("storpool://77@127.0.0.1:81/hdd", name="pool2")["id"]
    here.admin("objects", {"pool": "pool1", "destroyed_volumes": 1})
    here.admin("objects", {"pool": "pool2", "destroyed_volumes": 2})
    here.job("enableStorageMaintenance", id=first)
    with pytest.raises(Failed, match="Cannot delete pool pool1"):
        here.call("deleteStoragePool", id=first)
    here.call("deleteStoragePool", id=first, forced=True)
    assert here.call("listVolumes", storageid=second) == {}


def test_4_8_wipes_tags_unless_they_are_sent_again(cloud: Make) -> None:
    here = cloud("4.8")
    pool = here.create()["id"]
    assert here.call("updateStoragePool", id=pool, tags="a,b")["storagepool"]["tags"] == "a,b"
    assert here.call("updateStoragePool", id=pool, enabled=False, tags="c")["storagepool"]["tags"] == "a,b"
    assert "tags" not in here.call("updateStoragePool", id=pool, capacitybytes=5)["storagepool"]


def test_4_9_wipes_the_connection_of_a_later_driver(cloud: Make) -> None:
    here = cloud("4.9.2")
    here.switches.set({"storpool_plugin": "ext2020"})
    pool = here.create(URL_OLD)["id"]
    with pytest.raises(Failed, match="Storage tag 'SP_TEMPLATE' conflicts with a stored property"):
        here.call("updateStoragePool", id=pool, tags="SP_TEMPLATE")
    here.call("updateStoragePool", id=pool, capacitybytes=5)
    assert here.state.pools[1].details == {}


@pytest.mark.parametrize(
    ("version", "at_first", "after_update"),
    [("4.20", None, None), ("4.21", True, True), ("4.22", False, True), ("4.23", False, True)],
)
def test_when_the_token_can_be_read(cloud: Make, version: str, at_first: Any, after_update: Any) -> None:
    here = cloud(version)
    pool = here.create()["id"]

    def shown() -> bool | None:
        details = here.pools()[0].get("details")
        return None if details is None else "SP_AUTH_TOKEN" in details

    assert shown() is at_first
    here.call("updateStoragePool", id=pool, enabled=False)
    assert shown() is at_first
    here.call("updateStoragePool", id=pool, tags="a")
    assert shown() is after_update


def test_tags_are_replaced_as_a_set(cloud: Make) -> None:
    here = cloud("4.19.1")
    pool = here.create(tags="x, y")
    assert pool["tags"] == "x,y"
    assert here.call("updateStoragePool", id=pool["id"], tags="z")["storagepool"]["tags"] == "z"
    assert [row["name"] for row in here.call("listStorageTags")["storagetag"]] == ["z"]
    assert "tags" not in here.call("updateStoragePool", id=pool["id"], tags="")["storagepool"]


def test_capacity_drifts_from_4_18_1_on(cloud: Make) -> None:
    for version, total in (("4.18", 1 << 40), ("4.19.1", 1000)):
        here = cloud(version)
        here.create()
        assert here.pools()[0]["disksizetotal"] == 1 << 40
        here.switches.set({"capacity_drift": "on_read"})
        [pool] = here.pools()
        assert (pool["disksizetotal"], pool.get("disksizeused")) == (total, 600 if total == 1000 else None)


def test_an_empty_alternative_endpoint_stops_every_operation(cloud: Make) -> None:
    here = cloud("4.19.1")
    pool = here.create()["id"]
    with pytest.raises(Failed, match="either 'true' or 'false'"):
        here.call("updateConfiguration", name="sp.enable.alternative.endpoint", value="TRUE", storageid=pool)
    here.call("updateConfiguration", name="sp.enable.alternative.endpoint", value="true", storageid=pool)
    here.job("enableStorageMaintenance", id=pool)
    with pytest.raises(Failed, match=r"is enabled but no endpoint URL is provided$"):
        here.call("deleteStoragePool", id=pool)


def test_scope_changes_need_a_disabled_pool(cloud: Make) -> None:
    here = cloud("4.19.1")
    pool = here.create()["id"]
    text = "Scope of the Primary storage pool can be changed only if it is in Disabled state"
    assert here.job("changeStoragePoolScope", id=pool, scope="cluster", clusterid=1)["jobresult"]["errortext"] == text


def test_an_upgrade_keeps_what_there_is(cloud: Make) -> None:
    """CloudStack 4.17.1 changes the type of StorPool pools in its database."""
    made = cloud("4.16.1")
    pool = made.create(URL_OLD)
    assert (pool["type"], made.call("listCapabilities")["capability"]["cloudstackversion"]) == (
        "SharedMountPoint",
        "4.16.1.0",
    )
    version = made.simulator.admin["version"]
    assert version("POST", {}, {"version": "4.19.1"}) == version("GET", {}, None) == {"version": "4.19.1.0"}
    [kept] = made.pools()
    assert (kept["id"], kept["type"], kept["state"]) == (pool["id"], "StorPool", "Up")
    assert made.call("listCapabilities")["capability"]["cloudstackversion"] == "4.19.1.0"
    with pytest.raises(AdminError, match="not simulated"):
        version("POST", {}, {"version": "3.0"})
    made.simulator.reset(made.switches)
    assert made.state.release.text == "4.19.1.0"


def test_pools_of_the_zone_are_those_of_each_pod_and_cluster(cloud: Make) -> None:
    here = cloud("4.19.1")
    here.create()
    group = here.call("listClusters")["cluster"][0]
    assert here.pools(clusterid=group["id"]) == here.pools(podid=group["podid"]) == here.pools()


def test_what_4_22_shows_of_a_pools_details(cloud: Make) -> None:
    """Little in lists, everything to an administrator who changes something, and from then on in lists as well."""
    here = cloud("4.22")
    made = here.create(**{"details[0].foo": "bar"})
    assert {"SP_TEMPLATE", "SP_AUTH_TOKEN", "SP_API_HTTP_HOST", "foo"} <= set(made["details"])
    assert set(here.pools()[0]["details"]) == {"SP_TEMPLATE", "sp.cluster.location"}
    with pytest.raises(Failed, match="Failed to update storage pool") as caught:
        here.call("updateStoragePool", id=made["id"])
    assert caught.value.status == 530
    with pytest.raises(Failed, match="JS interpretation is disabled"):
        here.call("updateStoragePool", id=made["id"], istagarule=True, tags="true")
    here.call("updateStoragePool", id=made["id"], url=URL_NEW, capacitybytes=1 << 40)
    shown = here.pools()[0]["details"]
    assert (shown["url"], shown["capacityBytes"]) == (URL_NEW, str(1 << 40))
    assert shown["SP_AUTH_TOKEN"] == "77"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"disksize": 0}, "at least 1 GB"),
        ({"disksize": -1}, "at least 1 GB"),
        ({"disksize": 2001}, "maximum size for a disk is 2000 GB"),
        ({"storagetype": "bogus"}, "Invalid storage type bogus"),
        ({"cachemode": "bogus"}, "Invalid cache mode"),
    ],
)
def test_disk_offerings_that_cannot_be(cloud: Make, changes: dict[str, Any], text: str) -> None:
    with pytest.raises(Failed, match=text) as caught:
        cloud("4.19.1").call("createDiskOffering", **{"name": "x", "disksize": 1, **changes})
    assert caught.value.status == 431
