# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The protocol and the commands around pools: envelopes, errors, jobs, settings, offerings, hosts, volumes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from simulators.cloudstack import registry, state
from simulators.cloudstack.plugin import api
from simulators.kit import AdminError, Request
from unit.simulators.cloudstack_cloud import URL_NEW, Cloud, Failed

Make = Callable[..., Cloud]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes a cloud of a release."""
    with contextlib.ExitStack() as stack:

        def make(version: str) -> Cloud:
            made = Cloud(version, monkeypatch)
            stack.callback(made.close)
            return made

        yield make


def raw(here: Cloud, query: str, method: str = "GET") -> Any:
    """The kit's Answer to an unsigned request."""
    call = here.simulator.parse(Request(method, f"/client/api?{query}", b"", lambda name: None))
    return here.loop.run_until_complete(here.simulator.perform(call).wait())


def test_a_state_that_was_kept_comes_back_as_often_as_it_is_wanted(cloud: Make) -> None:
    here = cloud("4.19.1")
    pool = here.create()["id"]
    here.admin("now", {"seconds": 3600})
    here.call("updateConfiguration", name="sp.bypass.secondary.storage", value="true")
    kept = here.loop.run_until_complete(here.simulator.keep())
    before = {key: value for key, value in here.simulator.state().items() if key != "now"}
    for _time in range(2):
        here.call("updateConfiguration", name="sp.bypass.secondary.storage", value="false")
        here.job("enableStorageMaintenance", id=pool)
        here.create(name="another", url=URL_NEW.replace("ssd", "hdd"))
        here.simulator.restore(kept, here.switches)
        again = here.simulator.state()
        assert again.pop("now") > time.time() + 3500
        assert again == before
    here.job("enableStorageMaintenance", id=pool)
    assert [row["state"] for row in here.pools()] == ["Maintenance"]


def test_what_is_under_way_is_not_kept(cloud: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = cloud("4.19.1")
    pool = here.create()["id"]
    monkeypatch.setattr(state, "KEEP_SECONDS", 0.01)
    here.switches.set({"jobs_never_end": True})
    here.call("enableStorageMaintenance", id=pool)
    with pytest.raises(AdminError, match="while something is under way"):
        here.loop.run_until_complete(here.simulator.keep())


def test_envelopes(cloud: Make) -> None:
    here = cloud("4.19.1")
    assert here.call("listStoragePools") == {}
    zones = here.call("listZones")
    assert (zones["count"], len(zones["zone"])) == (1, 1)
    assert here.call("listCapabilities")["capability"]["cloudstackversion"] == "4.19.1.0"
    with pytest.raises(Failed) as caught:
        here.call("enableStorageMaintenance")
    assert caught.value.envelope == "prepareprimarystorageformaintenanceresponse"
    with pytest.raises(Failed) as caught:
        here.call("cancelStorageMaintenance")
    assert caught.value.envelope == "cancelprimarystoragemaintenanceresponse"
    assert caught.value.body == {
        "uuidList": [],
        "errorcode": 431,
        "cserrorcode": 9999,
        "errortext": "Unable to execute API command cancelprimarystoragemaintenance due to missing parameter id",
    }


@pytest.mark.parametrize(
    ("version", "query", "status", "envelope"),
    [
        ("4.19.1", "command=listZones&response=json", 401, "listzonesresponse"),
        ("4.19.1", "command=listNothing&response=json", 401, "errorresponse"),
        ("4.8", "command=listNothing&response=json", 432, "errorresponse"),
        ("4.8", "command=listManagementServers&response=json", 432, "errorresponse"),
        ("4.18", "command=prepareForShutdown&response=json", 401, "errorresponse"),
        ("4.19.1", "response=json", 432, "errorresponse"),
    ],
)
def test_refused_before_the_command(cloud: Make, version: str, query: str, status: int, envelope: str) -> None:
    answer = raw(cloud(version), query)
    [(key, body)] = json.loads(answer.body).items()
    assert (answer.status, key, body["errorcode"]) == (status, envelope, status)
    assert answer.headers["X-Description"] == body["errortext"]


def test_content_types_and_xml(cloud: Make) -> None:
    assert raw(cloud("4.8"), "command=listZones&response=json").content_type == "text/javascript; charset=UTF-8"
    assert raw(cloud("4.19.1"), "command=listZones&response=json").content_type == "application/json; charset=UTF-8"
    assert raw(cloud("4.19.1"), "command=listZones").body.startswith(
        b'<?xml version="1.0" encoding="UTF-8"?><listzones'
    )


def test_post_enforcement_came_with_4_21(cloud: Make) -> None:
    for version, status in (("4.20.2", 401), ("4.21", 400)):
        here = cloud(version)
        here.switches.set({"enforce_post": True})
        answer = raw(here, "command=updateStoragePool&response=json")
        assert answer.status == status
        assert raw(here, "command=listZones&response=json").status == 401
    text = json.loads(answer.body)["updatestoragepoolresponse"]["errortext"]
    assert text == "State changing command updateStoragePool needs to be sent using POST request"


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"pagesize": 5}, '"page" parameter is required when "pagesize" is specified'),
        ({"page": 1}, '"pagesize" parameter is required when "page" is specified'),
        ({"page": 1, "pagesize": 501}, "Page size can't exceed max allowed page size value: 500"),
        ({"page": 1, "pagesize": -1}, "Can't specify page parameter when pagesize is -1 (Unlimited)"),
        ({"page": "x", "pagesize": 1}, "due to invalid value x for parameter page"),
    ],
)
def test_paging_is_checked(cloud: Make, params: dict[str, Any], text: str) -> None:
    with pytest.raises(Failed) as caught:
        cloud("4.19.1").call("listHosts", **params)
    assert text in str(caught.value)
    assert caught.value.status == 431


def test_pages_and_the_default_size(cloud: Make) -> None:
    here = cloud("4.19.1")
    page = here.call("listHosts", page=2, pagesize=2)
    assert (page["count"], [host["name"] for host in page["host"]]) == (3, ["host3"])
    assert here.call("listHosts", page=3, pagesize=2) == {"count": 3}
    here.switches.set({"default_page_size": 2})
    page = here.call("listHosts")
    assert (page["count"], len(page["host"])) == (3, 2)
    page = here.call("listHosts", pagesize=-1)
    assert (page["count"], len(page["host"])) == (3, 3)


def test_malformed_maps_are_430(cloud: Make) -> None:
    with pytest.raises(Failed) as caught:
        cloud("4.19.1").call("createDiskOffering", **{"name": "x", "details[0": "y"})
    assert caught.value.status == 430


def test_identifiers(cloud: Make) -> None:
    """Numbers are internal ids; an id that is no UUID is dropped by parameters that came after 3.0."""
    here = cloud("4.19.1")
    pool = here.create()["id"]
    assert here.pools(id=1)[0]["id"] == pool
    assert here.pools(id=7) == []
    everything = here.call("listDiskOfferings")["count"]
    assert here.call("listDiskOfferings", storageid=pool)["count"] == everything
    here.switches.set({"bare_uuid_since_filter": "rejected"})
    here.call("createDiskOffering", name="tagged", disksize=1, tags="gold")
    assert here.call("listDiskOfferings", storageid=pool)["count"] == everything
    assert here.call("listVolumes", storageid=pool) == {}
    with pytest.raises(Failed, match="Invalid parameter id value=ssd;x due to incorrect long value format"):
        here.pools(id="ssd;x")


def test_jobs_can_be_slow_endless_and_forgotten(cloud: Make) -> None:
    here = cloud("4.19.1")
    pool = here.create()["id"]
    here.switches.set({"jobs_never_end": True})
    jobid = here.call("enableStorageMaintenance", id=pool)["jobid"]
    job = here.call("queryAsyncJobResult", jobid=jobid)
    assert (job["jobstatus"], "jobresult" in job) == (0, False)
    assert here.pools()[0]["jobid"] == jobid
    assert here.call("listAsyncJobs")["count"] == 1
    here.switches.set({"jobs_never_end": False})
    here.loop.run_until_complete(asyncio.gather(*here.state.tasks))
    job = here.call("queryAsyncJobResult", jobid=jobid)
    assert (job["jobstatus"], job["jobinstancetype"], job["jobinstanceid"]) == (1, "StoragePool", pool)
    assert here.call("listAsyncJobs") == {}
    here.admin("jobs", {"expire": jobid})
    with pytest.raises(Failed, match="entity does not exist"):
        here.call("queryAsyncJobResult", jobid=jobid)


def test_settings(cloud: Make) -> None:
    here = cloud("4.19.1")
    pool = here.create()["id"]
    names = [row["name"] for row in here.call("listConfigurations", name="sp.cluster")["configuration"]]
    assert names == ["sp.cluster.id"]
    with pytest.raises(Failed, match="cannot handle multiple IDs"):
        here.call("listConfigurations", zoneid=here.zone(), storageid=pool)
    scoped = {row["name"]: row for row in here.call("listConfigurations", storageid=pool)["configuration"]}
    assert {name for name in scoped if name.startswith(("sp.", "storpool."))} == {
        "sp.alternative.endpoint",
        "sp.enable.alternative.endpoint",
        "storpool.delete.after.interval",
    }
    assert {row["scope"] for row in scoped.values()} == {"storagepool"}
    new = here.call("updateConfiguration", name="storpool.delete.after.interval", value="60", storageid=pool)
    assert new["configuration"]["value"] == "60"
    assert here.call("listConfigurations", name="storpool.delete.after")["configuration"][0]["value"] == "0"
    with pytest.raises(Failed, match=r"Config parameter with name sp.nope doesn't exist") as caught:
        here.call("updateConfiguration", name="sp.nope", value="1")
    assert caught.value.status == 431
    with pytest.raises(Failed, match="trying to parse the Integer value"):
        here.call("updateConfiguration", name="storpool.volumes.stats.interval", value="soon")


@pytest.mark.parametrize(
    ("version", "there", "absent"),
    [
        ("4.8", set(), {"sp.bypass.secondary.storage", "sp.cluster.id"}),
        ("4.17.0", {"sp.bypass.secondary.storage", "sp.cluster.id"}, {"storpool.volumes.stats.interval"}),
        ("4.18.1", {"storpool.volumes.stats.interval"}, {"storpool.delete.after.interval"}),
        ("4.21", {"sp.cluster.location", "snapshot.backup.to.secondary", "sp.bypass.secondary.storage"}, set()),
    ],
)
def test_which_settings_a_release_has(cloud: Make, version: str, there: set[str], absent: set[str]) -> None:
    names = {row["name"] for row in cloud(version).call("listConfigurations")["configuration"]}
    assert there <= names
    assert not absent & names


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"maxiops": 500}, (None, None)),
        ({"customizediops": True, "miniops": 1, "maxiops": 500}, (None, None)),
        ({"customizediops": False}, (0, 0)),
        ({"customizediops": False, "miniops": 1, "maxiops": 500}, (1, 500)),
        ({"customizediops": False, "miniops": 0, "maxiops": 500}, "The min IOPS must be greater than 0."),
        ({"customizediops": False, "maxiops": 500}, "The min IOPS must be greater than 0."),
        (
            {"customizediops": False, "miniops": 9, "maxiops": 5},
            "The min IOPS must be less than or equal to the max IOPS.",
        ),
    ],
)
def test_limits_of_offerings(cloud: Make, given: dict[str, Any], stored: Any) -> None:
    here = cloud("4.19.1")
    if isinstance(stored, str):
        with pytest.raises(Failed, match=stored):
            here.call("createDiskOffering", name="x", disksize=1, **given)
        return
    row = here.call("createDiskOffering", name="x", disksize=1, **given)["diskoffering"]
    assert (row.get("miniops"), row.get("maxiops")) == stored


def test_details_of_offerings_reach_storpool(cloud: Make) -> None:
    here = cloud("4.20")
    here.create()
    vm = here.admin("objects", {"pool": "pool1", "vms": 1})["vms"][0]
    limits = {"customizediops": False, "miniops": 1, "maxiops": 500}
    for name, template, iops, tier in (("SP_TEMPLATE", "hdd", None, None), ("SP_QOSCLASS", "ssd", None, "hdd")):
        offering = here.call("createDiskOffering", name=name, disksize=1, **limits)["diskoffering"]["id"]
        detail = {"details[0].key": name, "details[0].value": "hdd"}
        here.job("addResourceDetail", resourceid=offering, resourcetype="DiskOffering", **detail)
        volume = here.call("createVolume", name=name, diskofferingid=offering, zoneid=1)["id"]
        here.storpool.calls.clear()
        assert here.job("attachVolume", id=volume, virtualmachineid=vm)["jobstatus"] == 1
        body = next(body for query, body in here.storpool.calls if query.endswith("VolumeCreate"))
        assert (body["template"], body.get("iops"), body["tags"].get("qc")) == (template, iops, tier)
        query, joined = here.storpool.calls[-1]
        assert query.startswith("MultiCluster/VolumeUpdate/~sim.a.")
        assert (joined["template"], joined["tags"]["cvm"]) == (template, vm)
        assert joined["tags"]["uuid"] == query.rpartition("/")[2]


def test_another_offering_is_another_template_limit_or_tier(cloud: Make) -> None:
    here = cloud("4.20")
    here.create()
    volume = here.admin("objects", {"pool": "pool1", "volumes": 1})["volumes"][0]
    limited = {"customizediops": False, "miniops": 1, "maxiops": 500}
    for extra, expected in (
        (limited, {"template": "ssd", "iops": 500}),
        ({}, {"template": "ssd", "iops": 0}),
        ({"details[0].SP_TEMPLATE": "hdd", **limited}, {"template": "hdd"}),
        ({"details[0].SP_QOSCLASS": "tier1"}, {"template": "ssd", "tags": {"qc": "tier1"}}),
    ):
        offering = here.call("createDiskOffering", name="x", disksize=2, **extra)["diskoffering"]["id"]
        job = here.job("changeOfferingForVolume", id=volume, diskofferingid=offering)
        assert job["jobresult"]["volume"]["diskofferingid"] == offering
        assert here.storpool.calls[-1][1] == {"size": 2 << 30, "shrinkOk": False, **expected}


def test_a_volume_from_offering_to_deletion(cloud: Make) -> None:
    here = cloud("4.19.1")
    here.create()
    vm = here.admin("objects", {"pool": "pool1", "vms": 1})["vms"][0]
    offering = here.call("listDiskOfferings", name="Small")["diskoffering"][0]["id"]
    volume = here.call("createVolume", name="data", diskofferingid=offering, zoneid=here.zone())["id"]
    assert here.call("listVolumes", id=volume)["volume"][0]["state"] == "Allocated"
    attached = here.job("attachVolume", id=volume, virtualmachineid=vm)["jobresult"]["volume"]
    assert (attached["state"], attached["deviceid"]) == ("Ready", 1)
    assert attached["path"].startswith("/dev/storpool-byid/sim.a.")
    with pytest.raises(Failed, match="not attached to any VM"):
        here.call("deleteVolume", id=volume)
    with pytest.raises(Failed, match="would shrink the volume"):
        here.call("resizeVolume", id=volume, size=1)
    with pytest.raises(Failed, match="Snapshot is not supported for Running VMs"):
        here.call("createSnapshot", volumeid=volume)
    here.call("updateConfiguration", name="kvm.snapshot.enabled", value="true")
    snapshot = here.call("createSnapshot", volumeid=volume)["id"]
    refused = here.job("revertSnapshot", id=snapshot)
    assert (refused["jobstatus"], refused["jobresultcode"]) == (2, 431)
    here.job("detachVolume", id=volume)
    assert here.storpool.calls[-1][1] == {"tags": {"cvm": "", "vc-policy": ""}}
    assert here.job("revertSnapshot", id=snapshot)["jobstatus"] == 1
    child = here.call("createVolume", name="child", snapshotid=snapshot)["id"]
    assert here.call("listVolumes", id=child)["volume"][0]["state"] == "Ready"
    assert here.call("deleteVolume", id=volume) == {"success": True}
    assert here.storpool.calls[-1][1] == {"onAttached": "detachForce"}


def test_4_8_names_objects_by_uuid_and_cannot_revert(cloud: Make) -> None:
    here = cloud("4.8")
    here.create()
    made = here.admin("objects", {"pool": "pool1", "snapshots": 1})
    assert ("VolumeCreate", {"name": made["volumes"][0], "size": 1 << 30, "template": "ssd"}) in here.storpool.calls
    job = here.job("revertSnapshot", id=made["snapshots"][0])
    assert job["jobresult"]["errortext"] == "Storpool revert snapshot not implemented"


def test_live_migration_attaches_on_both_hosts_first(cloud: Make) -> None:
    here = cloud("4.19.1")
    here.create()
    vm = here.admin("objects", {"pool": "pool1", "vms": 1})["vms"][0]
    here.storpool.calls.clear()
    target = here.call("listHosts", name="host3")["host"][0]["id"]
    assert here.job("migrateVirtualMachine", virtualmachineid=vm, hostid=target)["jobstatus"] == 1
    items = [body["reassign"][0] for _query, body in here.storpool.calls]
    assert [(item.get("rw"), item.get("detach")) for item in items] == [([3], None), (None, [1])]


def test_host_maintenance_moves_vms_and_allows_one_at_a_time(cloud: Make) -> None:
    here = cloud("4.19.1")
    here.create()
    here.admin("objects", {"pool": "pool1", "vms": 1})
    hosts = {host["name"]: host["id"] for host in here.call("listHosts")["host"]}
    assert here.job("prepareHostForMaintenance", id=hosts["host1"])["jobstatus"] == 1
    assert here.call("listHosts", id=hosts["host1"])["host"][0]["resourcestate"] == "Maintenance"
    assert here.call("listVirtualMachines")["virtualmachine"][0]["hostname"] == "host2"
    here.switches.set({"host_maintenance": "manual"})
    here.job("prepareHostForMaintenance", id=hosts["host2"])
    other = here.job("prepareHostForMaintenance", id=hosts["host3"])["jobresult"]["errortext"]
    assert other.startswith("There are other servers attempting migrations for maintenance.")
    assert here.job("cancelHostMaintenance", id=hosts["host1"])["jobresult"]["host"]["resourcestate"] == "Enabled"


def test_a_draining_management_server_takes_no_jobs(cloud: Make) -> None:
    here = cloud("4.21")
    pool = here.create()["id"]
    server = here.call("listManagementServers")["managementserver"][0]
    assert server["agentscount"] == 2
    with pytest.raises(Failed, match="'host' setting") as caught:
        here.call("prepareForMaintenance", managementserverid=server["id"])
    assert caught.value.status == 530
    here.call("updateConfiguration", name="host", value="10.1.0.1,10.1.0.2")
    here.call("prepareForMaintenance", managementserverid=server["id"])
    with pytest.raises(Failed) as caught:
        here.call("enableStorageMaintenance", id=pool)
    assert caught.value.status == 503
    assert here.call("listManagementServers")["managementserver"][0]["state"] == "Maintenance"
    here.call("cancelMaintenance", managementserverid=server["id"])
    assert here.job("enableStorageMaintenance", id=pool)["jobstatus"] == 1
    here.call("prepareForShutdown", managementserverid=server["id"])
    ready = here.call("readyForShutdown", managementserverid=server["id"])["readyforshutdown"]
    assert (ready["readyforshutdown"], ready["state"]) == (True, "ReadyToShutDown")
    here.call("triggerShutdown", managementserverid=server["id"])
    assert here.call("listManagementServers", name="ms1")["managementserver"][0]["state"] == "Down"


def test_admin_requests_are_checked(cloud: Make) -> None:
    here = cloud("4.19.1")
    here.create()
    for path, body in (
        ("hosts", {"name": "nobody"}),
        ("hosts", {"name": "host1", "state": "Happy"}),
        ("hosts", {"name": "host1", "client_id": "one"}),
        ("now", {"seconds": "late"}),
        ("jobs", {"expire": "nothing"}),
        ("pools", {"name": "pool1", "state": "Gone"}),
        ("managementservers", {"name": "ms1"}),
        ("objects", {"pool": "pool1", "cows": 1}),
        ("objects", {"pool": "pool1", "vms": True}),
        ("objects", {"pool": "nowhere"}),
    ):
        with pytest.raises(AdminError):
            here.admin(path, body)
    assert here.storpool.queries().count("MultiCluster/VolumeCreate") == 1


def test_rows_only_objects_make_no_call_to_storpool(cloud: Make) -> None:
    here = cloud("4.19.1")
    pool = here.create()["id"]
    here.storpool.calls.clear()
    wanted = {"vms": 1, "volumes": 2, "snapshots": 1, "templates": 1}
    here.admin("objects", {"pool": "pool1", "storpool": False, **wanted})
    assert here.storpool.calls == []
    assert here.call("listVolumes", storageid=pool)["count"] == 4
    assert here.call("listVirtualMachines", state="running")["count"] == 1


@pytest.mark.parametrize("version", ["4.8", "4.12", "4.17.0", "4.19.1", "4.23"])
@pytest.mark.parametrize("value", [None, "1", "99", "x"])
def test_every_command_answers_whatever_it_is_given(cloud: Make, version: str, value: str | None) -> None:
    """With nothing, with the first object of each kind, with one that is not there, with nonsense."""
    here = cloud(version)
    here.create()
    here.admin("objects", {"pool": "pool1", "vms": 1, "volumes": 1, "snapshots": 1})
    names = registry.names(here.state.release)
    assert len(names) > 50
    failures = []
    for name in names:
        command = registry.find(name, here.state.release)
        params = {} if value is None else {param.name: value for param in command.params if param.kind != "map"}
        try:
            here.call(name, **params)
        except Failed as failure:
            failures.append((name, failure.status, str(failure)))
    assert [row for row in failures if row[1] not in (430, 431, 503, 530, 533) or not row[2]] == []


@pytest.mark.parametrize(
    ("details", "there", "absent"),
    [
        ("min", {"zoneid", "clusterid"}, {"zonename", "podname", "clustername", "events", "details", "memorytotal"}),
        ("events", {"clustername", "events"}, {"details", "memorytotal", "cpuused"}),
        ("capacity", {"clustername", "memorytotal"}, {"details", "events", "cpuused"}),
        ("stats", {"clustername", "cpuused"}, {"details", "events", "memorytotal"}),
        ("capacity,events", {"memorytotal", "events"}, {"details"}),
        (None, {"clustername", "memorytotal", "events", "details", "cpuused"}, set()),
    ],
)
def test_what_hosts_say_is_what_was_asked_for(
    cloud: Make, details: str | None, there: set[str], absent: set[str]
) -> None:
    asked = {} if details is None else {"details": details}
    row = set(cloud("4.19.1").call("listHosts", **asked)["host"][0])
    assert there <= row
    assert not absent & row


def test_a_draining_server_before_4_21_looks_at_parameters_first(cloud: Make) -> None:
    here = cloud("4.20")
    server = here.call("listManagementServers")["managementserver"][0]["id"]
    drained = here.call("prepareForShutdown", managementserverid=server)["prepareforshutdown"]
    assert drained == {
        "managementserverid": 1,
        "shutdowntriggered": True,
        "readyforshutdown": True,
        "pendingjobscount": 0,
    }
    assert here.state.management_servers[1].state == "PreparingToShutDown"
    via = {"via": "ms1"}
    with pytest.raises(Failed, match="Invalid parameter id value=nope") as caught:
        here.call("enableStorageMaintenance", id="nope", **via)
    assert caught.value.status == 431
    with pytest.raises(Failed, match="A shutdown has been triggered") as caught:
        here.call("reconnectHost", id=here.call("listHosts")["host"][0]["id"], **via)
    assert (caught.value.status, caught.value.body["cserrorcode"]) == (530, 4250)
    with pytest.raises(Failed, match="A shutdown has already been triggered"):
        here.call("prepareForShutdown", managementserverid=server)
    assert here.call("readyForShutdown")["readyforshutdown"]["shutdowntriggered"] is True
    assert here.call("cancelShutdown", managementserverid=server)["cancelshutdown"]["shutdowntriggered"] is False
    with pytest.raises(Failed, match="A shutdown has not been triggered"):
        here.call("cancelShutdown", managementserverid=server)
    assert here.call("readyForShutdown")["readyforshutdown"]["shutdowntriggered"] is False


def test_snapshots_and_policies_of_a_whole_vm(cloud: Make) -> None:
    here = cloud("4.22")
    here.create()
    vm = here.admin("objects", {"pool": "pool1", "vms": 1})["vms"][0]
    tag = {"tags[0].key": "vc-policy", "tags[0].value": "gold"}
    here.job("createTags", resourceids=vm, resourcetype="UserVm", **tag)
    assert here.storpool.calls[-1][1] == {"tags": {"vc-policy": "gold"}}
    made = here.job("createVMSnapshot", virtualmachineid=vm, name="vs1")["jobresult"]["vmsnapshot"]
    assert (made["displayname"], made["state"], made["current"]) == ("vs1", "Ready", True)
    assert here.storpool.calls[-1][0] == "MultiCluster/VolumesGroupSnapshot"
    assert here.storpool.calls[-1][1]["tags"] == {"cs": "group", "cvm": vm, "uuid": made["id"]}
    refused = here.job("revertToVMSnapshot", vmsnapshotid=made["id"])
    assert (refused["jobresultcode"], "jobinstanceid" in refused) == (431, False)
    here.job("stopVirtualMachine", id=vm)
    assert here.job("revertToVMSnapshot", vmsnapshotid=made["id"])["jobstatus"] == 1
    assert here.storpool.calls[-1][1] == {"toSnapshot": "~sim.a.g0"}
    assert here.call("listVMSnapshot", virtualmachineid=vm)["count"] == 1
    assert here.job("deleteVMSnapshot", vmsnapshotid=made["id"])["jobresult"] == {"success": True}
    assert here.call("listVMSnapshot") == {}
    here.storpool.calls.clear()
    here.job("startVirtualMachine", id=vm)
    assert here.storpool.queries() == ["MultiCluster/VolumesReassign", "MultiCluster/VolumesReassignWait"]
    here.job("deleteTags", resourceids=vm, resourcetype="UserVm")
    assert here.storpool.calls[-1][1] == {"tags": {"vc-policy": ""}}


def test_a_policy_is_created_for_all_vms_or_none_whatever_storpool_says(cloud: Make) -> None:
    here = cloud("4.22")
    here.create()
    vms = here.admin("objects", {"pool": "pool1", "vms": 2})["vms"]
    tag = {"tags[0].key": "vc-policy", "tags[0].value": "gold", "resourcetype": "UserVm"}
    assert here.job("createTags", resourceids=vms[1], **tag)["jobstatus"] == 1
    here.storpool.calls.clear()
    assert here.job("createTags", resourceids=",".join(vms), **tag)["jobstatus"] == 2
    assert [body for _query, body in here.storpool.calls] == [{"tags": {"vc-policy": "gold"}}]
    policies = [{each["key"] for each in row["tags"]} for row in here.call("listVirtualMachines")["virtualmachine"]]
    assert sorted(policies, key=len) == [set(), {"vc-policy"}]
    here.storpool.failures["vc-policy"] = api.StorPoolError("busy", "not now")
    assert here.job("createTags", resourceids=vms[0], **tag)["jobstatus"] == 1


@pytest.mark.parametrize(
    ("version", "deleted"),
    [("4.18", False), ("4.19.0", True), ("4.20.0", True), ("4.20.1", False), ("4.22", False)],
)
def test_deleted_snapshots_stay_listed_in_some_releases(cloud: Make, version: str, deleted: bool) -> None:
    here = cloud(version)
    here.create()
    snapshot = here.admin("objects", {"pool": "pool1", "volumes": 1})["volumes"][0]
    snapshot = here.call("createSnapshot", volumeid=snapshot)["id"]
    assert here.job("deleteSnapshot", id=snapshot)["jobstatus"] == 1
    assert ("snapshot" in here.call("listSnapshots")) is deleted


def test_what_vms_say_is_what_was_asked_for(cloud: Make) -> None:
    here = cloud("4.19.1")
    here.create()
    here.admin("objects", {"pool": "pool1", "vms": 1})
    everything = here.call("listVirtualMachines")["virtualmachine"][0]
    least = here.call("listVirtualMachines", details="min")["virtualmachine"][0]
    some = here.call("listVirtualMachines", details="servoff,nics")["virtualmachine"][0]
    assert {"templateid", "serviceofferingid", "rootdeviceid", "hostname"} <= set(everything)
    assert not {"templateid", "serviceofferingid", "rootdeviceid"} & set(least)
    assert (least["hostname"], least["nic"]) == (everything["hostname"], [])
    assert (some["serviceofferingid"], some["nic"]) == (everything["serviceofferingid"], everything["nic"])
    with pytest.raises(Failed, match="non permitted value"):
        here.call("listVirtualMachines", details="max")


def test_a_reconnected_host_is_away_for_a_moment(cloud: Make) -> None:
    here = cloud("4.19.1")
    host = here.call("listHosts")["host"][0]["id"]
    here.switches.set({"jobs_never_end": True, "reconnect_ms": 20})
    jobs = [here.call("reconnectHost", id=host)["jobid"]]
    here.switches.set({"jobs_never_end": False})

    def state() -> str:
        return str(here.state.hosts[1].state)

    async def until(wanted: str) -> None:
        while state() != wanted:
            await asyncio.sleep(0.001)

    here.loop.run_until_complete(asyncio.wait_for(until("Disconnected"), 10))
    assert here.call("queryAsyncJobResult", jobid=jobs[0])["jobresult"]["host"]["state"] == "Up"
    here.loop.run_until_complete(asyncio.wait_for(until("Up"), 10))
    here.admin("hosts", {"name": "host1", "state": "Disconnected"})
    refused = here.job("prepareHostForMaintenance", id=host)
    assert (refused["jobresultcode"], refused["jobresult"]["errortext"]) == (
        530,
        "Unable to prepare for maintenance host 1",
    )
