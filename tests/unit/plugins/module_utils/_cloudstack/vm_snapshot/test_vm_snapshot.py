# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of whole VMs, and VMs back to them: guards, what is sent, what is waited for, and that nothing is made twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.predicted import Predicted
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader, StorPool
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reverted import Halves
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.snapshots import OF_VMS, Settled
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.versions import parse
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.vm_snapshot import revert, vm_snapshot
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.vm_snapshot.plan import Current, plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    Failure,
    Incomplete,
    InvalidOption,
    NameTaken,
    NotAllowed,
    NotFound,
    Outdated,
    ReplyLost,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.verb import History, with_memory
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

M1, M2 = "27b1901a-f021-4ca5-8002-3235f346f33b", "37b1901a-f021-4ca5-8002-3235f346f33b"
OPTIONS = {
    "state": "present",
    "name": "before",
    "id": None,
    "vm": "web",
    "zone": None,
    "description": None,
    "wait_timeout": 60,
}
BACK = {"vm": "web", "snapshot": "before", "zone": None, "safety_snapshot": None, "wait_timeout": 60}
VM = {"id": M1, "name": "web", "displayname": "web", "state": "Running"}
DISKS = tuple(
    {
        "id": f"v-{number}",
        "name": name,
        "path": f"/dev/storpool-byid/a.b.{number}",
        "storage": "sp",
        "state": "Ready",
        "virtualmachineid": M1,
    }
    for number, name in ((1, "ROOT-1"), (2, "data"))
)
HALF = {"template": "hybrid", "iops": None, "bw": None, "limit_type": "total", "tags": {"cs": "volume"}}


def want(**options):
    return vm_snapshot.want({**OPTIONS, **options})


def row(**fields):
    return {
        "id": "s-1",
        "name": "i-2-1-VM_VS_20260131120000",
        "displayname": "before",
        "state": "Ready",
        "type": "Disk",
        "virtualmachineid": M1,
        "current": True,
        **fields,
    }


def current(row=None, version="4.19.1", **fields):
    return Current(parse(version), **{"vm": VM, "row": row, "volumes": DISKS, **fields})


@pytest.mark.parametrize("state", ["Running", "Stopped"])
def test_all_disks_at_one_moment(state):
    todo = plan(current(vm={**VM, "state": state}, last=row(id="s-0")), want(description="why"))
    [step] = todo.steps
    assert (step.call, step.body, step.repeatable) == (
        "createVMSnapshot",
        {"virtualmachineid": M1, "name": "before", "snapshotmemory": False, "description": "why"},
        False,
    )
    assert step.action == "take snapshot 'before' of VM 'web', of its disks 'ROOT-1' and 'data' at one moment"
    assert (todo.after["display_name"], todo.after["parent"], todo.after["current"]) == ("before", "s-0", True)


@pytest.mark.parametrize(
    ("there", "options", "failure", "says"),
    [
        ({"vm": None}, {}, NotFound, "no VM 'web'"),
        ({"version": "4.8"}, {}, NotAllowed, "VM 'web'.*4.11.0 is the first.*cloudstack_volume_snapshot"),
        ({"vm": {**VM, "state": "Migrating"}}, {}, NotAllowed, "VM 'web' is Migrating.*Running or Stopped"),
        (
            {
                "volumes": (
                    *DISKS,
                    {"name": "logs", "path": "uuid", "storage": "nfs1"},
                    {"name": "new", "state": "Allocated"},
                )
            },
            {},
            NotAllowed,
            r"'logs' \(on pool 'nfs1'\) and 'new' \(Allocated, on no pool yet\) are not. Move or detach",
        ),
        ({"volumes": ()}, {}, NotAllowed, "it has none"),
        ({}, {"name": None, "id": "s-9"}, NotFound, "VM 'web' has no snapshot 's-9'"),
        ({"row": row(state="Error")}, {}, Incomplete, "in state Error.*state absent"),
        (
            {"row": row(description="one")},
            {"description": "two"},
            InvalidOption,
            "has the description 'one', not 'two'",
        ),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(there, options, failure, says):
    with pytest.raises(failure, match=says):
        plan(current(**there), want(**options))


@given(
    st.lists(st.sampled_from(["/dev/storpool-byid/a.b.1", "/dev/storpool/db", "uuid", None, "/mnt/x", ""]), max_size=4)
)
def test_a_snapshot_is_taken_only_if_every_disk_is_on_storpool(paths):
    volumes = tuple({"name": f"d{number}", "path": path} for number, path in enumerate(paths))
    elsewhere = [volume["name"] for volume in volumes if not str(volume["path"]).startswith("/dev/storpool")]
    if volumes and not elsewhere:
        assert len(plan(current(volumes=volumes), want()).steps) == 1
        return
    with pytest.raises(NotAllowed) as refusal:
        plan(current(volumes=volumes), want())
    assert all(repr(name) in refusal.value.message for name in elsewhere)


@pytest.mark.parametrize("state", sorted(OF_VMS.passing))
@pytest.mark.parametrize("goal", ["present", "absent"])
def test_what_goes_on_is_waited_for_and_not_begun_again(state, goal):
    todo = plan(current(row(state=state)), want(state=goal))
    assert [(step.method, step.body) for step in todo.steps] == [("GET", Settled(OF_VMS, "s-1"))]


@pytest.mark.parametrize("state", ["Ready", "Error"])
def test_a_snapshot_is_deleted_by_its_id(state):
    [step] = plan(current(row(state=state)), want(state="absent")).steps
    assert (step.call, step.body, step.destroys) == ("deleteVMSnapshot", {"vmsnapshotid": "s-1"}, "s-1")
    assert plan(current(), want(state="absent")).steps == ()
    assert plan(current(vm=None), want(state="absent")).steps == ()


class Cloud:
    """One VM with its disks and snapshots; ``lost`` answers do not come, though there is an effect."""

    def __init__(self, rows=(), vms=(VM,), lost=0):
        self.rows, self.vms, self.lost, self.sent = [dict(each) for each in rows], list(vms), lost, []
        self.api = FakeApi(
            lists={
                "listVirtualMachines": lambda _params: self.vms,
                "listVMSnapshot": self.listed,
                "listVolumes": list(DISKS),
            }
        )

    def listed(self, params):
        wanted = params.get("vmsnapshotid")
        if wanted and not any(each["id"] == wanted for each in self.rows):
            raise Outdated("entity does not exist")
        return [each for each in self.rows if wanted in (None, each["id"])]

    def reader(self):
        return Reader(self.api, StorPool(None, None, volumes=lambda references: dict.fromkeys(references, HALF)))

    def apply(self, step):
        self.sent.append(step.call)
        if step.method == "GET":
            for each in self.rows:
                each["state"] = "Ready"
        elif step.call == "createVMSnapshot":
            new = {"displayname": step.body["name"], "description": step.body.get("description")}
            number, last = len(self.rows) + 1, next((each for each in self.rows if each["current"]), {})
            new.update(parent=last.get("id"), created=f"2026-02-01T12:00:0{number}+0000")
            last["current"] = False
            self.rows.append(row(id=f"s-{number}", state="Creating" if self.lost else "Ready", **new))
        elif step.call == "deleteVMSnapshot":
            self.rows = [each for each in self.rows if each["id"] != step.body["vmsnapshotid"]]
        elif self.lost:
            self.rows[0]["state"] = "Reverting"
        else:
            for each in self.rows:
                each["current"] = each["id"] == step.body["vmsnapshotid"]
        if step.method != "GET" and self.lost:
            self.lost -= 1
            raise ReplyLost("the answer was lost")

    def converge(self, wanted):
        return converge(
            look=lambda: vm_snapshot.look(self.reader(), wanted),
            plan=lambda current: plan(current, wanted),
            apply=self.apply,
            sleep=lambda _seconds: None,
        )

    def revert(self, **options):
        wanted = revert.want({**BACK, **options})
        look, todo, remember = with_memory(revert.REVERT)
        return converge(
            look=lambda: look(self.reader(), wanted),
            plan=lambda current: todo(current, wanted),
            apply=remember(self.apply),
            sleep=lambda _seconds: None,
        )


def test_a_task_makes_what_it_says_and_a_second_one_nothing():
    cloud = Cloud()
    assert cloud.converge(want(description="why")).after["description"] == "why"
    assert not cloud.converge(want(description="why")).changed
    assert cloud.converge(want(state="absent")).after is None
    assert not cloud.converge(want(state="absent")).changed
    assert cloud.sent == ["createVMSnapshot", "deleteVMSnapshot"]


def test_a_lost_answer_does_not_make_two():
    cloud = Cloud(lost=1)
    assert cloud.converge(want()).changed
    assert cloud.sent == ["createVMSnapshot", "listVMSnapshot"]


def test_names_are_not_unique_so_ids_are_listed():
    twice = [row(), row(id="s-2")]
    with pytest.raises(Ambiguous, match=r"2 snapshots have the name 'before'. Give the id of one \(id\): s-1 and s-2"):
        vm_snapshot.look(Cloud(twice).reader(), want())
    assert vm_snapshot.look(Cloud(twice).reader(), want(name=None, id="s-2")).row["id"] == "s-2"
    assert vm_snapshot.look(Cloud(twice[:1]).reader(), want(name=row()["name"])).row["id"] == "s-1"
    assert vm_snapshot.look(Cloud([row(state="Removed")]).reader(), want()).row is None
    with pytest.raises(Ambiguous, match=f"2 VMs have the name 'web'. Give the id of one: {M1} and {M2}"):
        vm_snapshot.look(Cloud(vms=[VM, {**VM, "id": M2}]).reader(), want())


def test_what_would_be_is_seen_by_later_tasks():
    cloud = Cloud([row(id="s-0", displayname="older")])
    reader = Predicted(cloud.reader())
    for wanted, there in ((want(), {"older": False, "before": True}), (want(state="absent"), {"older": False})):
        found = vm_snapshot.look(reader, wanted)
        vm_snapshot.imagine(reader, found, plan(found, wanted))
        seen = reader.vm_snapshots(virtualmachineid=M1)
        assert {each["displayname"]: each["current"] for each in seen} == there
        assert plan(vm_snapshot.look(reader, wanted), wanted).steps == ()
    assert cloud.sent == []


STOPPED = {**VM, "state": "Stopped"}


@pytest.mark.parametrize(
    ("found", "failure", "says"),
    [
        (revert.Current(), NotFound, "no VM 'web'"),
        (
            revert.Current(STOPPED, None, (row(displayname="x"),)),
            NotFound,
            "no snapshot 'before' of VM 'web' with that name or id. CloudStack has x",
        ),
        (revert.Current(VM, row()), NotAllowed, "VM 'web' is Running.*Stop it first"),
        (revert.Current({**VM, "state": "Stopping"}, row()), NotAllowed, "is Stopping"),
        (revert.Current(STOPPED, row(type="DiskAndMemory")), NotAllowed, "holds memory as well"),
        (revert.Current(STOPPED, row(state="Error")), NotAllowed, "is in state Error"),
    ],
)
def test_a_revert_that_cannot_be_is_refused_before_anything_is_sent(found, failure, says):
    with pytest.raises(failure, match=says):
        revert.plan(found, revert.want(BACK), History(found, ()))


def test_a_vm_is_reverted_and_what_is_lost_is_said():
    cloud = Cloud([row(current=False)], vms=[STOPPED])
    outcome = cloud.revert()
    assert cloud.sent == ["revertToVMSnapshot"]
    shown = revert.show(outcome)
    assert shown["vm"] == {"id": M1, "name": "web", "state": "Stopped"}
    assert "what was written to its disks 'ROOT-1' and 'data' since is lost" in shown["lost"][0]
    cloud = Cloud([row()], vms=[STOPPED], lost=1)
    assert cloud.revert().actions[0] == "wait until snapshot 'before' of VM 'web' is no longer Reverting"
    assert cloud.sent == ["revertToVMSnapshot", "listVMSnapshot", "revertToVMSnapshot"]


def test_what_the_disks_hold_is_kept_first_if_it_is_wanted():
    for lost in (0, 1):
        cloud = Cloud([row(current=False)], vms=[STOPPED], lost=lost)
        outcome = cloud.revert(safety_snapshot="safe")
        shown = revert.show(outcome)
        assert [call for call in cloud.sent if call != "listVMSnapshot"] == ["createVMSnapshot", "revertToVMSnapshot"]
        assert (shown["safety_snapshot"]["display_name"], shown["lost"]) == ("safe", [])
        assert not cloud.revert(safety_snapshot="safe").changed
        cloud.converge(want(name="later"))
        assert not cloud.revert(safety_snapshot="safe").changed
        assert cloud.revert(safety_snapshot="another").changed
    cloud = Cloud([row(current=False), row(id="s-2", displayname="safe")], vms=[STOPPED])
    with pytest.raises(NameTaken, match=r"has a snapshot 'safe'.* already, and no earlier run.*Choose another name"):
        cloud.revert(safety_snapshot="safe")
    assert cloud.sent == []
    own = {"displayname": "safe", "state": "Error", "description": "Taken before the VM is reverted to snapshot s-1"}
    failed = revert.Current(STOPPED, row(), (), DISKS, safeties=(row(id="s-2", **own),))
    wanted = revert.want({**BACK, "safety_snapshot": "safe"})
    with pytest.raises(Incomplete, match=r"could not be taken .state Error., so the VM is not reverted"):
        revert.plan(failed, wanted, History(failed._replace(safeties=()), ()))


@pytest.mark.parametrize("stopped", ["2026-02-01T12:00:01+0000", "2026-02-01T12:00:02+0000", None])
@pytest.mark.parametrize("made", ["createVMSnapshot", "revertToVMSnapshot"])
def test_a_run_that_was_killed_after_any_call_is_gone_on_with(made, stopped):
    cloud = Cloud([row(current=False)], vms=[{**STOPPED, "lastupdated": stopped}])

    def killed(step):
        Cloud.apply(cloud, step)
        if step.call == made:
            raise KeyboardInterrupt

    cloud.apply = killed
    with pytest.raises(KeyboardInterrupt):
        cloud.revert(safety_snapshot="safe")
    del cloud.apply
    outcome = cloud.revert(safety_snapshot="safe")
    assert outcome.changed == (made == "createVMSnapshot")
    assert cloud.sent.count("revertToVMSnapshot") == 1
    proven = stopped is not None and stopped < cloud.rows[1]["created"]
    assert cloud.sent.count("createVMSnapshot") == (1 if proven or made == "revertToVMSnapshot" else 2)
    assert not cloud.revert(safety_snapshot="safe").changed


def test_a_foreseen_safety_snapshot_is_there_for_later_tasks():
    reader = Predicted(Cloud([row(current=True)], vms=[STOPPED]).reader())
    wanted = revert.want({**BACK, "safety_snapshot": "safe"})
    found = revert.look(reader, wanted)
    revert.imagine(reader, found, revert.plan(found, wanted, History(found, ())))
    seen = reader.vm_snapshots(virtualmachineid=M1)
    assert {each["displayname"]: each["current"] for each in seen} == {"before": True, "safe": False}


def test_limits_of_every_disk_are_compared():
    first = revert.Current(STOPPED, row(), (), DISKS, Halves({"~a.b.1": HALF, "~a.b.2": HALF}))
    after = first._replace(halves=Halves({"~a.b.1": HALF, "~a.b.2": {**HALF, "iops": 5}}))
    [step] = revert.plan(first, revert.want(BACK), History(first, ())).steps
    [told] = revert.plan(after, revert.want(BACK), History(first, (step,))).cautions
    assert "~a.b.2 of volume 'data'" in told
    assert "iops is 5 and was not set" in told


def test_a_foreseen_revert_makes_the_snapshot_current():
    reader = Predicted(Cloud([row(current=False), row(id="s-2", displayname="later")], vms=[STOPPED]).reader())
    found = revert.look(reader, revert.want(BACK))
    revert.imagine(reader, found, revert.plan(found, revert.want(BACK), History(found, ())))
    assert {each["id"]: each["current"] for each in reader.vm_snapshots(virtualmachineid=M1)} == {
        "s-1": True,
        "s-2": False,
    }


@pytest.mark.parametrize(
    "options", [{"name": ""}, {"vm": " x"}, {"state": "absent", "description": "x"}, {"wait_timeout": 0}]
)
def test_options_are_checked(options):
    with pytest.raises(InvalidOption):
        want(**options)
    with pytest.raises(Failure):
        revert.want({**BACK, "snapshot": ""})
