# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Audits of clouds that the driver has made, of every kind of release, and of what is then done behind its back."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._books.audit import audit
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Failure,
    InvalidOption,
    NotAllowed,
)
from unit.plugins.module_utils._books.world import world

RELEASES = ("4.8.0", "4.11.3", "4.17.0", "4.18.1", "4.19.0", "4.19.1", "4.20.1", "4.21.0", "4.22.0")


@pytest.mark.parametrize("version", RELEASES)
def test_what_the_driver_makes_agrees(version):
    with world(version) as here:
        here.add(vms=2, volumes=2, destroyed_volumes=1, snapshots=2, cached_templates=1)
        here.add(vms=1, running=False)
        assert here.found() == []


@pytest.mark.parametrize("version", RELEASES)
def test_a_life_of_a_vm_agrees_at_every_step(version):
    with world(version) as here:
        here.add(vms=1)
        here.cloud.call("updateConfiguration", name="kvm.snapshot.enabled", value="true")
        [vm] = here.cloud.state.vms
        steps = [
            ("createTags", {"resourceids": vm.id, "resourcetype": "UserVm", "tags": {"vc-policy": "gold"}}),
            (
                "createVolume",
                {"name": "plain", "diskofferingid": _offering(here, "Small"), "zoneid": here.cloud.zone()},
            ),
            ("createVolume", {"name": "fast", "diskofferingid": _limited(here), "zoneid": here.cloud.zone()}),
            ("createVolume", {"name": "other", "diskofferingid": _other(here, version), "zoneid": here.cloud.zone()}),
        ]
        for command, params in steps:
            here.cloud.call(
                command, **{k: v for k, v in params.items() if k != "tags"}, **_tags(params.get("tags", {}))
            )
            assert here.found() == []
        for name in ("plain", "fast", "other"):
            volume = next(row for row in here.cloud.state.volumes if row.name == name)
            assert here.cloud.job("attachVolume", id=volume.id, virtualmachineid=vm.id)["jobstatus"] == 1
            # From 4.20 on the driver gives a volume its template once more here, which takes its limit away.
            lost = name == "fast" and here.cloud.state.release.has("storpool_qos_class")
            assert here.found() == ([("limit_differs", f"volume {volume.id}")] if lost else [])
            here.repair("limit_differs")
            assert here.found() == []
        plain = next(row for row in here.cloud.state.volumes if row.name == "plain")
        for command, params in (
            ("resizeVolume", {"id": plain.id, "diskofferingid": _offering(here, "Medium")}),
            ("createSnapshot", {"volumeid": plain.id, "name": "s1"}),
            ("detachVolume", {"id": plain.id}),
            ("stopVirtualMachine", {"id": vm.id}),
            ("startVirtualMachine", {"id": vm.id}),
        ):
            assert here.cloud.job(command, **params)["jobstatus"] == 1, command
            assert here.found() == [], command
        assert len(list(here.cloud.state.volumes)) == 4


def _tags(tags):
    return {
        f"tags[{number}].{key}": value
        for number, pair in enumerate(tags.items())
        for key, value in zip(("key", "value"), pair, strict=True)
    }


def _offering(here, name):
    return next(row.id for row in here.cloud.state.disk_offerings if row.name == name)


def _limited(here):
    made = here.cloud.call(
        "createDiskOffering",
        name="limited",
        displaytext="l",
        disksize="5",
        customizediops="false",
        miniops="1",
        maxiops="500",
    )
    return made["diskoffering"]["id"]


def _other(here, version):
    made = here.cloud.call("createDiskOffering", name="other", displaytext="o", disksize="5")["diskoffering"]["id"]
    row = here.row("disk_offerings", made)
    row.details.update({"SP_QOSCLASS": "silver"} if version == "4.22.0" else {"SP_TEMPLATE": "t2"})
    return made


def _dangles(here):
    """A VM was migrated, and its old host kept the volume."""
    [vm] = here.add(vms=1)["vms"]
    root = next(row for row in here.cloud.state.volumes if row.vm == here.row("vms", vm).db_id)
    elsewhere = 3 if here.row("vms", vm).host != 3 else 2
    here.storpool.attach(here.half(root.id), elsewhere)
    return root.id


def test_a_volume_that_dangles_is_detached_and_the_audit_is_clean():
    with world() as here:
        root = _dangles(here)
        name = f"volume {root}"
        assert here.found() == [("dangling_attachment", name), ("double_attachment", name)]
        home = next(client for client in (1, 2, 3) if client == here.cloud.state.vms[1].host)
        before = here.clients_of(here.half(root))
        assert len(before) == 2
        foreseen = here.repair("dangling_attachment", check_mode=True)
        assert here.clients_of(here.half(root)) == before
        done = here.repair("dangling_attachment")
        assert done["actions"] == foreseen["actions"] != []
        assert here.clients_of(here.half(root)) == {home: "rw"}
        assert here.found() == []
        assert here.repair("dangling_attachment") == {"changed": False, "repaired": [], "left": [], "actions": []}


def test_what_a_program_has_open_is_not_taken_away_from_it():
    with world() as here:
        root = _dangles(here)
        away = next(client for client in here.clients_of(here.half(root)) if client != here.cloud.state.vms[1].host)
        here.storpool.open(here.half(root), away)
        with pytest.raises(Failure, match="virsh list"):
            here.repair("dangling_attachment")
        assert len(here.clients_of(here.half(root))) == 2


@pytest.mark.parametrize("state", ["Migrating", "Starting", "Stopping"])
def test_what_is_on_its_way_may_be_in_two_places(state):
    with world() as here:
        _dangles(here)
        here.cloud.state.vms[1].state = state
        assert here.found() == []


def test_a_volume_that_migrates_may_be_in_two_places():
    with world() as here:
        root = _dangles(here)
        here.row("volumes", root).state = "Migrating"
        assert here.found() == []


def test_a_disk_that_its_vm_has_lost_is_attached_again():
    with world() as here:
        [vm] = here.add(vms=1)["vms"]
        root = next(row.id for row in here.cloud.state.volumes)
        client = here.row("vms", vm).host
        here.storpool.post("VolumesReassign", [{"volume": here.half(root), "detach": "all"}])
        assert here.found() == [("missing_attachment", f"volume {root}")]
        here.repair("missing_attachment")
        assert here.clients_of(here.half(root)) == {client: "rw"}
        assert here.found() == []


def test_a_disk_that_is_only_where_its_vm_should_not_run_is_left_to_people():
    with world() as here:
        here.add(vms=1)
        root = next(row.id for row in here.cloud.state.volumes)
        here.storpool.post("VolumesReassign", [{"volume": here.half(root), "detach": "all"}])
        elsewhere = next(client for client in (1, 2, 3) if client != here.cloud.state.vms[1].host)
        here.storpool.attach(here.half(root), elsewhere)
        name = f"volume {root}"
        assert here.found() == [("dangling_attachment", name), ("missing_attachment", name)]
        assert [finding.steps for finding in here.audit()] == [(), ()]
        left = here.repair("dangling_attachment", "missing_attachment")
        assert (left["changed"], {each["result"] for each in left["left"]}) == (False, {"no repair is offered"})
        assert here.clients_of(here.half(root)) == {elsewhere: "rw"}


def test_an_orphan_goes_and_what_has_its_template_from_another_cloud_stays():
    with world() as here:
        orphan, strange = here.orphan(uuid="0"), here.orphan("t2", uuid="1")
        assert here.found() == [("orphan_volume", f"volume {orphan}")]
        here.repair("orphan_volume")
        assert here.found() == []
        assert [volume["globalId"] for volume in here.storpool.get("VolumesList")].count(strange[1:]) == 1


def test_a_template_that_another_cloud_uses_loses_nothing():
    with world() as here:
        one, other = here.orphan(uuid="0"), here.orphan(uuid="1")
        here.storpool.client(id=9)
        here.storpool.attach(other, 9)
        found = here.audit()
        assert sorted(finding.key for finding in found) == sorted(
            ("orphan_volume", f"volume {each}") for each in (one, other)
        )
        assert {(finding.severity, finding.steps) for finding in found} == {("info", ())}
        assert not here.repair("orphan_volume")["changed"]


def test_what_system_vms_may_use_is_not_deleted_before_their_volumes_are_listed():
    with world("4.17.0") as here:
        here.orphan(uuid="0")
        [finding] = here.audit()
        assert (finding.code, finding.steps) == ("orphan_volume", ())
        assert "system VMs" in finding.message


def test_what_cloudstack_lost_and_what_storpool_lost():
    with world() as here:
        made = here.add(volumes=1, snapshots=1)
        here.storpool.post(f"VolumeDelete/{here.half(made['volumes'][0])}", {})
        [snapshot] = list(here.cloud.state.snapshots)
        here.storpool.post("SnapshotDelete/~" + snapshot.path.rpartition("/")[2], {})
        assert here.found() == [
            ("lost_snapshot", f"snapshot {snapshot.id}"),
            ("lost_volume", f"volume {made['volumes'][0]}"),
        ]


def test_differences_are_put_right():
    with world() as here:
        small, big, moved, limited, tagged = here.add(volumes=5)["volumes"]
        here.row("volumes", small).size *= 2
        here.update(big, size=2 << 30)
        here.update(moved, template="t2")
        here.update(limited, iops=77)
        here.update(tagged, tags={"cvm": "somebody", "uuid": ""})
        codes = ["limit_differs", "size_differs", "size_differs", "tags_differ", "template_differs"]
        assert [code for code, _object in here.found()] == codes
        here.repair("limit_differs", "size_differs", "tags_differ", "template_differs")
        assert here.found() == [("size_differs", f"volume {big}")]
        assert here.storpool.volume(here.half(big))["size"] == 2 << 30


def test_limits_and_tiers_of_offerings():
    with world("4.22.0") as here:
        one, other, third = here.add(volumes=3)["volumes"]
        offering = here.cloud.state.disk_offerings[1]
        offering.details["SP_QOSCLASS"] = "gold"
        here.row("volumes", one).disk_offering = offering.db_id
        here.row("volumes", other).max_iops = 300
        here.update(third, tags={"qc": "bronze"})
        assert here.found() == sorted(("limit_differs", f"volume {each}") for each in (one, other, third))
        here.repair("limit_differs")
        assert here.storpool.volume(here.half(one))["tags"]["qc"] == "gold"
        assert here.storpool.volume(here.half(other))["iops"] == 300
        assert "qc" not in here.storpool.volume(here.half(third))["tags"]
        assert here.found() == []


def test_temporary_things_go_and_check_volumes_stay():
    with world() as here:
        here.add(vms=1)
        left = here.storpool.create(template="t1", tags={"cs": "temporary"})
        check = here.storpool.create(template="t1", size=1 << 20, tags={"cs": "check-volume-is-on-host"})
        image = here.storpool.create("image-work", template="t2", tags={"img-state": "unfinished"})
        names = {one: f"volume ~{one}" for one in (left, check, image)}
        assert here.found() == sorted(("left_temporary", name) for name in names.values())
        here.repair("left_temporary")
        assert here.found() == [("left_temporary", names[check])]


def test_snapshots_of_groups_are_needed_as_long_as_their_vm_snapshot_is_there():
    with world() as here:
        [vm] = here.add(vms=1)["vms"]
        here.cloud.job("createVMSnapshot", virtualmachineid=vm, name="g")
        [group] = here.cloud.state.vm_snapshots
        assert (group.state, here.found()) == ("Ready", [])
        here.cloud.state.vm_snapshots.remove(group)
        [(code, snapshot)] = here.found()
        assert code == "left_temporary"
        here.repair("left_temporary", only=[snapshot])
        assert here.found() == []


def test_hosts_and_pools():
    with world() as here:
        here.add(vms=1)
        here.storpool.client(id=2, up=False)
        here.cloud.state.hosts[3].state = "Down"
        assert here.found() == [("client_down", "host host2")]
        reading = here.reading()
        books = reading.first()
        nobody = books._replace(
            cloud=books.cloud._replace(hosts=tuple(dict(row, client=None) for row in books.cloud.hosts))
        )
        assert [finding.object for finding in reading.findings(nobody)[1]] == ["host *"]


def test_a_pool_that_a_host_has_not_connected():
    with world() as here:
        [check] = [volume for volume in here.storpool.get("VolumesList") if volume["size"] == 512]
        here.storpool.post("VolumesReassign", [{"volume": check["name"], "detach": [2]}])
        [finding] = here.audit()
        assert (finding.code, finding.cloudstack["hosts"]) == ("pool_not_connected", ["host2"])


def test_a_pool_of_another_cluster_has_lost_nothing():
    with world() as here:
        here.add(volumes=2, storpool=False)
        for row in here.cloud.state.volumes:
            row.path = f"/dev/storpool-byid/far.a.{row.db_id}"
        here.storpool.post("VolumeTemplateUpdate/t1", {"rename": "t9"})
        assert [code for code, _object in here.found()] == ["pool_template_missing"]


def test_nothing_is_repaired_that_is_not_named_and_not_more_than_is_allowed():
    with world() as here:
        orphans = [here.orphan(uuid=str(number)) for number in range(3)]
        before = here.storpool.dump()
        assert here.repair()["changed"] is False
        with pytest.raises(NotAllowed, match="at_most"):
            here.repair("orphan_volume", at_most=2)
        with pytest.raises(InvalidOption, match="only"):
            here.repair("orphan_volume", only=["volume 1"])
        assert here.storpool.dump() == before
        here.repair("orphan_volume", only=[f"volume {orphans[1]}"])
        assert [name for _code, name in here.found()] == sorted(f"volume {each}" for each in (orphans[0], orphans[2]))


def test_what_is_adopted_between_the_audit_and_the_repair_is_not_deleted():
    with world() as here:
        orphan = here.orphan(uuid="0")
        reading = here.reading(codes=frozenset(["orphan_volume"]))
        books, [finding] = reading.findings(reading.first())
        [volume] = here.add(volumes=1, storpool=False)["volumes"]
        here.row("volumes", volume).path = "/dev/storpool-byid/" + orphan[1:]
        here.row("volumes", volume).state = "Destroy"
        assert audit(reading.again(books, finding), {"orphan_volume"}) == []


def test_what_moved_while_it_was_read_is_no_finding():
    with world() as here:
        root = _dangles(here)
        reading = here.reading()
        books = reading.first()
        assert audit(books)
        away = next(client for client in here.clients_of(here.half(root)) if client != here.cloud.state.vms[1].host)
        here.storpool.post("VolumesReassign", [{"volume": here.half(root), "detach": [away]}])
        assert reading.findings(books)[1] == []


#: What a clean audit asks for, each once, as long as nothing comes in pages and there are no projects.
OF_STORPOOL = ["AttachmentsList", "ClientsConfigDump", "SnapshotsList", "VolumeTemplatesStatus", "VolumesList"]
OF_CLOUDSTACK = [
    "listCapabilities",
    "listHosts",
    "listProjects",
    "listSnapshots",
    "listStoragePools",
    "listTemplates",
    "listVirtualMachines",
    "listVolumes",
]


@pytest.mark.parametrize(
    ("size", "projects", "twice"),
    [
        (500, 0, {"listVolumes"}),  # nothing is known of the pages yet, so the first list is asked for one page more
        (4, 0, {"listVolumes", "listVirtualMachines"}),  # as 500 for 10,000 volumes and 2,000 VMs: a page, and then all
        (500, 1, {"listProjects", "listVolumes", "listVirtualMachines", "listSnapshots"}),
    ],
)
def test_a_clean_audit_reads_each_list_once_and_long_ones_in_two_calls(size, projects, twice):
    with world("4.19.1") as here:
        here.add(vms=8, volumes=32, snapshots=1)
        here.cloud.switches.set({"default_page_size": size})
        for number in range(projects):
            here.cloud.call("createProject", name=f"project{number}")
        calls = _calls(here)
        assert set(calls) == set(OF_CLOUDSTACK)
        assert {call for call in calls if calls.count(call) > 1} == twice
        assert max(map(calls.count, calls)) == 2 + projects


def test_what_projects_have_is_neither_lost_nor_an_orphan():
    with world("4.19.1") as here:
        here.add(vms=2, volumes=2, snapshots=1)
        project = here.cloud.call("createProject", name="web")["project"]
        for row in [*here.cloud.state.volumes, *here.cloud.state.vms]:
            row.project = here.cloud.state.projects.by_uuid(project["id"]).db_id
        assert here.found() == []


def _calls(here):
    here.api.reads.clear()
    here.storpool.forget()
    assert here.found() == []
    assert sorted(here.storpool.reads) == OF_STORPOOL
    return sorted(here.api.reads)
