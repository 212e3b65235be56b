# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The `cs` library, which Ansible's CloudStack modules are built on, against the CloudStack simulator."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from cs import CloudStack, CloudStackApiException, CloudStackException

from simulators.client import Simulator, start, storpool_call

TEMPLATE = {"name": "ssd", "replication": 3, "placeAll": "hdd", "placeTail": "ssd", "placeHead": "ssd"}
CAPACITY = 100 << 40
POLL_SECONDS = 0.02
TEST_SECONDS = 60


def connect(simulator: Simulator, **options: Any) -> CloudStack:
    """A client of the library with the simulator's key pair."""
    settings = {"poll_interval": POLL_SECONDS, "job_timeout": TEST_SECONDS, "timeout": TEST_SECONDS, **options}
    return CloudStack(
        endpoint=f"{simulator.url}/client/api",
        key=simulator.args["api_key"],
        secret=settings.pop("secret", simulator.args["secret_key"]),
        **settings,
    )


def pool_arguments(client: CloudStack, storpool: Simulator, **changes: Any) -> dict[str, Any]:
    """What createStoragePool takes to register the template "ssd"."""
    return {
        "name": "sp-ssd",
        "url": f"storpool://{storpool.args['token']}@{storpool.host}:{storpool.port}/ssd",
        "zoneid": client.listZones()["zone"][0]["id"],
        "scope": "zone",
        "hypervisor": "KVM",
        "provider": "StorPool",
        "capacitybytes": CAPACITY,
        **changes,
    }


@pytest.fixture(params=["get", "post"])
def client(request: pytest.FixtureRequest, cloudstack: Simulator) -> CloudStack:
    """A client with each of the two HTTP methods."""
    return connect(cloudstack, method=request.param)


@pytest.fixture
def post(cloudstack: Simulator, storpool: Simulator) -> CloudStack:
    """A client that posts, with the template there to be registered."""
    assert storpool_call(storpool, "VolumeTemplateCreate", TEMPLATE).ok
    return connect(cloudstack, method="post")


@pytest.fixture
def release(storpool: Simulator) -> Iterator[Callable[[str], Simulator]]:
    """Starts simulators of other releases."""
    started: list[Simulator] = []

    def run(version: str, **options: Any) -> Simulator:
        started.append(
            start(
                "cloudstack",
                version=version,
                storpool_url=storpool.url,
                storpool_token=storpool.args["token"],
                **options,
            )
        )
        return started[-1]

    yield run
    for simulator in started:
        simulator.stop()


def test_signed_requests_are_taken_with_both_methods(client: CloudStack) -> None:
    assert client.listCapabilities()["capability"]["cloudstackversion"] == "4.19.1.0"
    assert client.listZones(name="zone1")["zone"][0]["name"] == "zone1"
    awkward = "a b+c/d;e=f:g(h)*i%é"
    offering = client.createDiskOffering(name=awkward, displaytext=awkward, disksize=1)["diskoffering"]
    assert offering["name"] == awkward
    assert client.listDiskOfferings(name=awkward)["count"] == 1


def test_a_tilde_breaks_the_librarys_signature(client: CloudStack) -> None:
    """The server escapes `~` as Java does, the library does not: StorPool's global ids cannot be sent with it."""
    with pytest.raises(CloudStackApiException) as caught:
        client.listVolumes(keyword="~abc.b.1")
    assert caught.value.response.status_code == 401
    assert caught.value.error["errortext"] == "unable to verify user credentials and/or request signature"


def test_wrong_secrets_and_old_requests_are_refused(cloudstack: Simulator) -> None:
    with pytest.raises(CloudStackApiException) as caught:
        connect(cloudstack)._request("listZones", expires="2020-01-01T00:00:00+0000", signatureVersion="3")
    assert caught.value.response.status_code == 401
    with pytest.raises(CloudStackApiException) as caught:
        connect(cloudstack, secret="wrong").listZones()
    assert caught.value.error == {
        "uuidList": [],
        "errorcode": 401,
        "errortext": "unable to verify user credentials and/or request signature",
    }


def test_clock_skew_beyond_the_expiry_is_401(cloudstack: Simulator) -> None:
    good = connect(cloudstack)
    cloudstack.admin("POST", "now", {"seconds": 590})
    assert good.listZones()["count"] == 1
    cloudstack.admin("POST", "now", {"seconds": 70})
    with pytest.raises(CloudStackApiException) as caught:
        good.listZones()
    assert caught.value.response.status_code == 401


def test_lists_are_fetched_page_by_page(release: Callable[..., Simulator]) -> None:
    large = release("4.19.1", hosts=7)
    large.switch(default_page_size=3)
    client = connect(large)
    assert (client.listHosts()["count"], len(client.listHosts()["host"])) == (7, 3)
    rows = client.listHosts(fetch_list=True, pagesize=3)
    assert [row["name"] for row in rows] == [f"host{number}" for number in range(1, 8)]
    assert client.listStoragePools(fetch_list=True, pagesize=3) == []
    with pytest.raises(CloudStackApiException, match="Page size can't exceed max allowed page size value: 3"):
        client.listHosts(fetch_list=True)


def test_a_pool_from_registration_to_deletion(post: CloudStack, cloudstack: Simulator, storpool: Simulator) -> None:
    pool = post.createStoragePool(**pool_arguments(post, storpool))["storagepool"]
    template, _semicolon, _uuid = pool["id"].partition(";")
    assert (template, pool["type"], pool["state"], pool["tags"]) == ("ssd", "StorPool", "Up", "sp-ssd")
    assert "url" not in pool
    for host in post.listHosts(type="Routing")["host"]:
        assert [row["id"] for row in post.listStoragePools(hostid=host["id"])["storagepool"]] == [pool["id"]]
    [check_volume] = storpool_call(storpool, "VolumesList").json()["data"]
    assert (check_volume["size"], check_volume["tags"]) == (512, {"cs": "check-volume-is-on-host"})
    attached = storpool_call(storpool, "AttachmentsList").json()["data"]
    assert sorted(row["client"] for row in attached) == [1, 2, 3]
    [setting] = post.listConfigurations(name="sp.cluster.id", clusterid=post.listClusters()["cluster"][0]["id"])[
        "configuration"
    ]
    assert setting["value"] == storpool.args["cluster_id"]
    cloudstack.admin("POST", "objects", {"pool": pool["id"], "vms": 1})
    job = post.enableStorageMaintenance(id=pool["id"], fetch_result=True)
    assert job["storagepool"]["state"] == "Maintenance"
    vm = post.listVirtualMachines(listall=True)["virtualmachine"][0]
    assert vm["state"] == "Stopped"
    with pytest.raises(CloudStackApiException, match="as there are associated volumes for this pool"):
        post.deleteStoragePool(id=pool["id"])
    post.destroyVirtualMachine(id=vm["id"], expunge=True, fetch_result=True)
    assert post.deleteStoragePool(id=pool["id"]) == {"success": True}
    assert post.listStoragePools() == {}
    assert storpool_call(storpool, "VolumesList").json()["data"] == []
    left = [row for row in storpool_call(storpool, "SnapshotsList").json()["data"] if not row["deleted"]]
    assert left == []


def test_storpool_is_really_asked(post: CloudStack, storpool: Simulator) -> None:
    def refused(**changes: Any) -> str:
        with pytest.raises(CloudStackApiException) as caught:
            post.createStoragePool(**pool_arguments(post, storpool, **changes))
        assert caught.value.error["errorcode"] == 530
        return caught.value.error["errortext"].removeprefix("Failed to add data store: ")

    address = f"{storpool.host}:{storpool.port}"
    token = storpool.args["token"]
    assert refused(url=f"storpool://{token}@{address}/none").startswith("No such storpool template none")
    assert "Connection refused" in refused(url=f"storpool://{token}@127.0.0.1:1/ssd")
    wrong = refused(url=f"storpool://999@{address}/ssd")
    assert wrong
    assert "No such storpool template" not in wrong
    storpool.fault({"call": "VolumeTemplateDescribe", "kind": "http_error"})
    assert refused() == "com.google.gson.JsonSyntaxException: Did not consume the entire document."
    calls = [entry["call"] for entry in storpool.journal()["entries"]]
    assert calls.count("VolumeTemplateDescribe") == 3
    assert post.listStoragePools() == {}


def test_a_lost_answer_leaves_a_pool_that_can_be_found(
    post: CloudStack, cloudstack: Simulator, storpool: Simulator
) -> None:
    arguments = pool_arguments(post, storpool)
    cloudstack.fault({"call": "createStoragePool", "kind": "reset_after"})
    with pytest.raises(requests.ConnectionError):
        post.createStoragePool(**arguments)
    assert post.listStoragePools(name="sp-ssd")["count"] == 1
    with pytest.raises(CloudStackApiException, match="StorPool cluster and template already in use by pool sp-ssd"):
        post.createStoragePool(**arguments)


def test_hosts_that_cannot_connect(post: CloudStack, cloudstack: Simulator, storpool: Simulator) -> None:
    cloudstack.admin("POST", "hosts", {"name": "host3", "client_id": 99})
    cloudstack.admin("POST", "hosts", {"name": "host2", "state": "Disconnected"})
    post.createStoragePool(**pool_arguments(post, storpool))
    [pool] = cloudstack.admin("GET", "pools")
    assert pool["connected"] == ["host1"]


def test_capacity_drifts_to_what_storpool_says(post: CloudStack, cloudstack: Simulator, storpool: Simulator) -> None:
    post.createStoragePool(**pool_arguments(post, storpool))
    assert post.listStoragePools()["storagepool"][0]["disksizetotal"] == CAPACITY
    assert cloudstack.admin("POST", "stats") == {"changed": 1}
    [pool] = post.listStoragePools()["storagepool"]
    statuses = storpool_call(storpool, "VolumeTemplatesStatus").json()["data"]
    [stored] = [row["stored"] for row in statuses if row["name"] == "ssd"]
    assert pool["disksizetotal"] == stored["capacity"] != CAPACITY
    assert pool["disksizeused"] == stored["capacity"] - stored["free"]


def test_jobs_fail_with_their_code(post: CloudStack, cloudstack: Simulator, storpool: Simulator) -> None:
    pool = post.createStoragePool(**pool_arguments(post, storpool))["storagepool"]["id"]
    cloudstack.switch(maintenance_error="cannot stop VM i-2-1-VM")
    with pytest.raises(CloudStackApiException) as caught:
        post.enableStorageMaintenance(id=pool, fetch_result=True)
    assert caught.value.error == {"errorcode": 530, "errortext": "cannot stop VM i-2-1-VM"}
    assert post.listStoragePools(status="ErrorInMaintenance")["count"] == 1


def test_jobs_that_do_not_end(post: CloudStack, cloudstack: Simulator, storpool: Simulator) -> None:
    pool = post.createStoragePool(**pool_arguments(post, storpool))["storagepool"]["id"]
    cloudstack.switch(jobs_never_end=True)
    post.job_timeout = 1
    with pytest.raises(CloudStackException, match="Timeout waiting for async job result"):
        post.enableStorageMaintenance(id=pool, fetch_result=True)
    assert post.listStoragePools()["storagepool"][0]["jobstatus"] == 0
    cloudstack.switch(jobs_never_end=False)
    deadline = time.monotonic() + TEST_SECONDS
    while post.listStoragePools()["storagepool"][0]["state"] != "Maintenance":
        assert time.monotonic() < deadline
        time.sleep(POLL_SECONDS)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (("createStoragePool", {"name": "x"}), "due to missing parameter url"),
        (("deleteStoragePool", {"id": "none"}), "Invalid parameter id value=none due to incorrect long value format"),
        (("listStorageProviders", {"type": "tape"}), "Invalid parameter: tape"),
    ],
)
def test_parameter_errors_are_431(client: CloudStack, call: tuple[str, dict[str, str]], text: str) -> None:
    with pytest.raises(CloudStackApiException) as caught:
        getattr(client, call[0])(**call[1])
    assert (caught.value.response.status_code, caught.value.error["errorcode"]) == (431, 431)
    assert text in caught.value.error["errortext"]
    assert caught.value.response.headers["X-Description"] == caught.value.error["errortext"]


@pytest.mark.parametrize("fault", ["garbage", "http_error"])
def test_answers_that_are_not_json(client: CloudStack, cloudstack: Simulator, fault: str) -> None:
    cloudstack.fault({"call": "listZones", "kind": fault})
    with pytest.raises(CloudStackException) as caught:
        client.listZones()
    assert not isinstance(caught.value, CloudStackApiException)
    assert client.listZones()["count"] == 1


def test_a_rival_gets_the_template_first(post: CloudStack, cloudstack: Simulator, storpool: Simulator) -> None:
    arguments = pool_arguments(post, storpool)
    rival = {"command": "createStoragePool", "body": {**arguments, "name": "theirs"}}
    cloudstack.fault({"call": "createStoragePool", "kind": "rival", "requests": [rival]})
    with pytest.raises(CloudStackApiException, match="already in use by pool theirs"):
        post.createStoragePool(**arguments)


def test_the_journal_counts_and_hides(post: CloudStack, cloudstack: Simulator, storpool: Simulator) -> None:
    arguments = pool_arguments(post, storpool)
    cloudstack.clear_journal()
    connect(cloudstack, method="get").createStoragePool(**arguments)
    post.listStoragePools()
    journal = cloudstack.journal()
    assert (journal["calls"], journal["writes"], journal["effects"]) == (2, 1, 1)
    assert [entry["call"] for entry in journal["entries"]] == ["createStoragePool", "listStoragePools"]
    for secret in (storpool.args["token"], cloudstack.args["api_key"], cloudstack.args["secret_key"]):
        assert secret not in str(journal)


@pytest.mark.parametrize("version", ["4.8", "4.11.3", "4.17.1", "4.19.0", "4.20.2", "4.23"])
def test_a_pool_in_every_kind_of_release(
    release: Callable[..., Simulator], post: CloudStack, storpool: Simulator, version: str
) -> None:
    """The URL form by release; in all of them a pool can be used, emptied and deleted."""
    simulator = release(version)
    client = connect(simulator, method="post", fetch_result=True)
    forms = {"4.8": "ssd", "4.20.2": None, "4.23": None}
    classic = f"SP_API_HTTP={storpool.host}:{storpool.port};SP_AUTH_TOKEN={storpool.args['token']};SP_TEMPLATE=ssd"
    url = forms.get(version, classic)
    changes = {"url": url} if url else {}
    pool = client.createStoragePool(**pool_arguments(client, storpool, **changes))["storagepool"]["id"]
    made = simulator.admin("POST", "objects", {"pool": pool, "vms": 1, "volumes": 1, "snapshots": 1})
    client.enableStorageMaintenance(id=pool)
    client.destroyVirtualMachine(id=made["vms"][0], expunge=True)
    client.deleteSnapshot(id=made["snapshots"][0])
    for volume in made["volumes"]:
        client.deleteVolume(id=volume)
    assert client.deleteStoragePool(id=pool) == {"success": True}
    assert storpool_call(storpool, "VolumesList").json()["data"] == []


def test_the_web_server_beside_the_api(cloudstack: Simulator) -> None:
    def get(path: str) -> requests.Response:
        return requests.get(cloudstack.url + path, timeout=TEST_SECONDS, allow_redirects=False)

    root = get("/")
    assert (root.status_code, root.headers["Location"]) == (301, "/client")
    assert get("/client/").status_code == 200
    assert get("/nowhere").status_code == 404
