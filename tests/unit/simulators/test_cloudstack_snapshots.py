# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of volumes and VMs in the CloudStack simulator: tags, states, parents, and what stands in the way of a revert."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from simulators.cloudstack.plugin import api
from unit.simulators.cloudstack_cloud import Cloud, Failed

Make = Callable[[str], Cloud]


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Makes clouds of a release, with a pool."""
    made: list[Cloud] = []

    def make(version: str) -> Cloud:
        made.append(Cloud(version, monkeypatch))
        made[-1].create()
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_tags_of_snapshots_are_made_once_and_deleted_by_their_values(cloud: Make) -> None:
    here = cloud("4.22")
    volume = here.admin("objects", {"pool": "pool1", "volumes": 1})["volumes"][0]
    snapshot = here.call("createSnapshot", volumeid=volume, name="s1")["id"]
    of = {"resourcetype": "Snapshot", "resourceids": snapshot}

    def tags() -> dict[str, str]:
        [row] = here.call("listSnapshots", id=snapshot)["snapshot"]
        assert all(tag["resourcetype"] == "Snapshot" and tag["resourceid"] == snapshot for tag in row["tags"])
        return {tag["key"]: tag["value"] for tag in row["tags"]}

    assert here.job("createTags", **of, **{"tags[0].key": "a", "tags[0].value": "1"})["jobstatus"] == 1
    again = here.job("createTags", **of, **{"tags[0].key": "a", "tags[0].value": "2"})
    assert (again["jobresultcode"], tags()) == (530, {"a": "1"})
    assert here.job("deleteTags", **of, **{"tags[0].key": "a", "tags[0].value": "2"})["jobstatus"] == 1
    assert tags() == {"a": "1"}
    here.job("deleteTags", **of, **{"tags[0].key": "a"})
    assert tags() == {}
    with pytest.raises(Failed, match="null or empty"):
        here.call("createTags", **of, **{"tags[0].key": "a", "tags[0].value": ""})


def test_a_volume_is_not_reverted_alone_while_its_vm_has_snapshots(cloud: Make) -> None:
    here = cloud("4.19.1")
    vm = here.admin("objects", {"pool": "pool1", "vms": 1, "running": False, "name": "web"})["vms"][0]
    [root] = here.call("listVolumes", virtualmachineid=vm)["volume"]
    snapshot = here.call("createSnapshot", volumeid=root["id"], name="s1")["id"]
    of_vm = here.call("createVMSnapshot", virtualmachineid=vm, name="vs1")["id"]
    refused = here.job("revertSnapshot", id=snapshot)
    assert refused["jobresultcode"] == 431
    assert "please remove VM snapshots" in refused["jobresult"]["errortext"]
    here.job("deleteVMSnapshot", vmsnapshotid=of_vm)
    assert here.job("revertSnapshot", id=snapshot)["jobstatus"] == 1


def test_snapshots_of_a_vm_have_parents_and_one_is_current(cloud: Make) -> None:
    here = cloud("4.22")
    vm = here.admin("objects", {"pool": "pool1", "vms": 1, "running": False})["vms"][0]
    ids = [
        here.call("createVMSnapshot", virtualmachineid=vm, name=name, description="why")["id"] for name in ("a", "b")
    ]

    def rows() -> dict[str, tuple[str | None, bool, str]]:
        listed = here.call("listVMSnapshot", virtualmachineid=vm)["vmSnapshot"]
        return {row["displayname"]: (row.get("parent"), row["current"], row["description"]) for row in listed}

    assert rows() == {"a": (None, False, "why"), "b": (ids[0], True, "why")}
    assert here.job("revertToVMSnapshot", vmsnapshotid=ids[0])["jobstatus"] == 1
    assert rows() == {"a": (None, True, "why"), "b": (ids[0], False, "why")}
    here.job("deleteVMSnapshot", vmsnapshotid=ids[0])
    assert rows()["b"][0] is None


def test_what_could_not_be_taken_is_in_error_and_can_be_deleted(cloud: Make) -> None:
    here = cloud("4.22")
    vm = here.admin("objects", {"pool": "pool1", "vms": 1, "running": False})["vms"][0]
    here.storpool.failures["VolumesGroupSnapshot"] = api.StorPoolError("busy", "It is busy.")
    failed = here.job("createVMSnapshot", virtualmachineid=vm, name="vs1")
    assert (failed["jobstatus"], failed["jobresultcode"]) == (2, 530)
    [row] = here.call("listVMSnapshot", virtualmachineid=vm)["vmSnapshot"]
    assert (row["state"], row["current"]) == ("Error", False)
    assert here.job("deleteVMSnapshot", vmsnapshotid=row["id"])["jobstatus"] == 1
    assert here.call("listVMSnapshot") == {}


def test_snapshots_are_listed_for_whom_their_volumes_and_vms_belong_to(cloud: Make) -> None:
    here = cloud("4.22")
    project = here.call("createProject", name="web")["project"]["id"]
    offering = here.call("createDiskOffering", name="small", displaytext="small", disksize="1")["diskoffering"]["id"]
    template = here.call("listTemplates", templatefilter="all")["template"][0]["id"]
    of_project = {"projectid": project}
    where = {"zoneid": "1", "serviceofferingid": "1", "templateid": template}
    ids: dict[str, list[str]] = {"snapshot": [], "vmSnapshot": []}
    for name, whose in (("own", {}), ("theirs", of_project)):
        vm = here.call("deployVirtualMachine", name=name, startvm="false", **where, **whose)["id"]
        data = here.call("createVolume", name=name, zoneid="1", diskofferingid=offering, **whose)["id"]
        here.call("attachVolume", id=data, virtualmachineid=vm)
        ids["snapshot"].append(here.call("createSnapshot", volumeid=data, name="nightly")["id"])
        ids["vmSnapshot"].append(here.call("createVMSnapshot", virtualmachineid=vm, name="before")["id"])
    lists = {"snapshot": ("listSnapshots", "id"), "vmSnapshot": ("listVMSnapshot", "vmsnapshotid")}
    for key, (command, parameter) in lists.items():
        asked = [{}, {"projectid": "-1"}, of_project]
        found = [[row["id"] for row in here.call(command, listall="true", **each).get(key, [])] for each in asked]
        own, theirs = ids[key]
        assert found == [[own], [theirs], [theirs]]
        [row] = here.call(command, **{parameter: theirs})[key]
        assert (row["project"], row.get("account")) == ("web", None)


def test_a_copy_to_secondary_storage_can_be_made_after_the_job(cloud: Make) -> None:
    here = cloud("4.22")
    volume = here.admin("objects", {"pool": "pool1", "volumes": 1})["volumes"][0]
    job = here.job("createSnapshot", volumeid=volume, name="later", asyncbackup="true")
    assert job["jobresult"]["snapshot"]["state"] == "BackingUp"
    [row] = here.call("listSnapshots", volumeid=volume)["snapshot"]
    assert row["state"] == "BackedUp"
    with pytest.raises(Failed, match="quiescevm"):
        here.call("createSnapshot", volumeid=volume, quiescevm="true")


def test_disks_come_to_storpool_with_their_vm_and_leave_it_never(cloud: Make) -> None:
    here = cloud("4.22")
    nfs = {"scope": "zone", "hypervisor": "KVM", "provider": "DefaultPrimary", "url": "nfs://10.0.0.9/export"}
    other = here.call("createStoragePool", name="nfs", zoneid=here.zone(), **nfs)["storagepool"]["id"]
    pool = here.call("listStoragePools", name="pool1")["storagepool"][0]["id"]
    vm = here.admin("objects", {"pool": "nfs", "vms": 1, "storpool": False})["vms"][0]
    [root] = here.call("listVolumes", virtualmachineid=vm)["volume"]
    [now] = here.call("listVirtualMachines", id=vm)["virtualmachine"]
    found = here.call("findHostsForMigration", virtualmachineid=vm)["host"]
    assert now["hostid"] not in {host["id"] for host in found if host["suitableformigration"]}

    def move(where: str, host: str, **more: str) -> dict[str, str]:
        to = {"migrateto[0].volume": root["id"], "migrateto[0].pool": where}
        return here.job("migrateVirtualMachineWithVolume", virtualmachineid=vm, hostid=host, **to, **more)

    alone = here.job("migrateVolume", volumeid=root["id"], storageid=pool, livemigrate="true")
    assert "one must migrate the VM to a different host as well" in alone["jobresult"]["errortext"]
    assert "already present" in move(pool, now["hostid"])["jobresult"]["errortext"]
    assert move(pool, found[0]["id"])["jobstatus"] == 1
    [after] = here.call("listVolumes", virtualmachineid=vm)["volume"]
    assert (after["id"], after["storageid"], after["state"]) == (root["id"], pool, "Ready")
    assert after["path"].startswith("/dev/storpool-byid/")
    assert here.call("listVirtualMachines", id=vm)["virtualmachine"][0]["hostid"] == found[0]["id"]
    back = move(other, now["hostid"])
    assert "Can't find strategy to move data" in back["jobresult"]["errortext"]
