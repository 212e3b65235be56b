# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VM up at another site: plans against a model of both sides that can be killed after any call, and refuses what it is told to."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.failover import plan, run
from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.failover.sight import Sides, Sight
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    ApiError,
    Failure,
    NotAllowed,
    NotFound,
    PartlyFailed,
)

NOW = 1_800_000_000
CLUSTER = "cluster-b"
WANTED = plan.Want(
    state=plan.UP,
    groups=(("vm",),),
    zone=None,
    cluster=CLUSTER,
    max_age=7200,
    made_after=None,
    older_backups=False,
    fenced=True,
    stop_vms=False,
    template="hybrid",
    at_once=1,
    wait_timeout=60,
)


def uuid(number):
    return f"aaaaaaaa-1111-4222-8333-{number:012d}"


VM = uuid(0)


class Model:
    """One VM with disks at a site that is gone, its backups here, and all that calls do."""

    def __init__(self, disks=2, ages=(3600,), state="Running", lacking=()):
        self.vm = {
            "id": VM,
            "name": "i-2-3-VM",
            "displayname": "vm",
            "state": state,
            "hostid": "h1",
            "tags": [{"key": "vc-policy", "value": "gold"}],
        }
        self.hosts = [
            {"id": "h1", "name": "host1", "state": "Down"},
            {"id": "h2", "name": "host2", "state": "Up", "clusterid": CLUSTER, "resourcestate": "Enabled"},
        ]
        self.rows = [
            {
                "id": uuid(n),
                "name": f"disk-{n}",
                "type": "ROOT" if n == 1 else "DATADISK",
                "size": 10 << 30,
                "virtualmachineid": VM,
                "path": f"/dev/storpool-byid/a.b.{n}",
                "maxiops": 500,
            }
            for n in range(1, disks + 1)
        ]
        self.snapshots = [
            {
                "name": f"~a.b.s{n}x{age}",
                "globalId": f"a.b.s{n}x{age}",
                "size": 9 << 30,
                "creationTimestamp": NOW - age,
                "createdFromGlobalId": f"a.b.{n}",
                "tags": {"cvm": VM},
            }
            for age in ages
            for n in range(1, disks + 1)
            if (n, age) not in lacking
        ]
        self.here, self.count, self.calls, self.refuses = [], 0, [], {}

    # What readers are asked.
    def vms(self):
        return [copy.deepcopy(self.vm)]

    def every_host(self):
        return copy.deepcopy(self.hosts)

    def volumes(self):
        return copy.deepcopy(self.rows)

    def sight(self):
        model = self

        class Cluster:
            def volumes(self):
                return copy.deepcopy(model.here)

            def every_snapshot(self):
                return copy.deepcopy(model.snapshots)

        def reference(path):
            return "~" + path.rpartition("/")[2] if path else None

        sides = Sides(self, Cluster(), lambda *_of: {}, reference, lambda row: ("~" + row["globalId"], row["name"]))
        return Sight(sides, {row["id"]: row for row in self.every_host()}, None, lambda: float(NOW))

    def apply(self, step):
        self.calls.append(step)
        if self.refuses.get(step.call, 0) > 0:
            self.refuses[step.call] -= 1
            if self.refuses[step.call] == 0:
                raise ApiError("No.", call=f"POST {step.call}", error={"name": "insufficientResources", "descr": "No."})
        getattr(self, step.call)(step)

    def stopVirtualMachine(self, step):  # noqa: N802
        self.vm.update(state="Stopped", hostid=None)

    def startVirtualMachine(self, step):  # noqa: N802
        assert step.body == {"id": VM, "clusterid": CLUSTER}
        assert self.vm["state"] == "Stopped"
        led = {row["path"].rpartition("/")[2] for row in self.rows}
        assert led == {row["globalId"] for row in self.here}, "a VM is started on all its disks"
        self.vm.update(state="Running", hostid="h2")

    def updateVolume(self, step):  # noqa: N802
        assert self.vm["state"] == "Stopped"
        next(row for row in self.rows if row["id"] == step.body["id"])["path"] = step.body["path"]

    def VolumeCreate(self, step):  # noqa: N802
        body = step.body
        assert body["name"] not in [row["name"] for row in self.here], "no volume is made twice"
        assert body["parent"][1:] in [row["globalId"] for row in self.snapshots]
        self.count += 1
        self.here.append(
            {
                "name": body["name"],
                "globalId": f"b.c.{self.count}",
                "size": body["size"],
                "tags": dict(body["tags"]),
                "creationTimestamp": NOW,
            }
        )

    def VolumeUpdate(self, step):  # noqa: N802
        assert self.vm["state"] == "Running"
        row = self._row(step)
        row["name"] = step.body["rename"] or "~" + row["globalId"]
        row["tags"] = {key: value for key, value in {**row["tags"], **step.body["tags"]}.items() if value}

    def VolumeDelete(self, step):  # noqa: N802
        row = self._row(step)
        assert row["globalId"] not in [each["path"].rpartition("/")[2] for each in self.rows]
        self.here.remove(row)

    def _row(self, step):
        return next(row for row in self.here if "~" + row["globalId"] == step.target)

    def is_up(self):
        """All disks are new, and the VM runs on them; or all are what they were, and nothing is left."""
        led = sorted(row["path"].rpartition("/")[2] for row in self.rows)
        if not self.here:
            assert all(each.startswith("a.b.") for each in led)
            return False
        assert sorted(row["globalId"] for row in self.here) == led
        assert (self.vm["state"], self.vm["hostid"]) == ("Running", "h2")
        assert not any("vm-failover-state" in row["tags"] for row in self.here)
        return True


def go(model, wanted=WANTED, calls=10**6):
    """One run, which is killed after so many calls; whether it came to its end, and what it failed with."""
    vm = run.Vm(model.vm, 0, wanted, CLUSTER)
    apply = run._turning_back(model.apply, model.apply, {vm.id: vm})
    for _round in range(12):
        steps = vm.plan(vm.look(model.sight())).steps
        if not steps:
            return True, vm.failed
        for step in steps:
            if calls == 0:
                return False, None
            calls -= 1
            try:
                apply(step)
            except ApiError:
                if vm.failed is None:
                    raise
                break
    raise AssertionError("it does not end")


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.lists(st.integers(0, 9), max_size=4), st.sampled_from(["Running", "Stopped"]))
def test_however_often_it_is_killed_the_last_run_ends_it(disks, kills, state):
    model = Model(disks, state=state)
    for calls in kills:
        go(model, calls=calls)
    assert go(model) == (True, None)
    assert model.is_up()
    done = [step.call for step in model.calls]
    assert (done.count("VolumeCreate"), done.count("startVirtualMachine")) == (disks, 1)
    before = len(model.calls)
    assert go(model) == (True, None)
    assert len(model.calls) == before


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 4), st.sampled_from(["VolumeCreate", "updateVolume"]), st.integers(1, 4), st.integers(0, 6))
def test_a_refusal_leaves_all_as_it_was_and_nothing_behind(disks, call, number, kill):
    model = Model(disks)
    go(model, calls=kill)
    model.refuses = {call: number}
    ended, failed = go(model)
    assert ended
    assert model.is_up() is (failed is None)
    model.refuses = {}
    assert go(model) == (True, None)
    assert model.is_up()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 3), st.integers(0, 9), st.booleans())
def test_a_backup_that_comes_or_goes_between_two_runs_makes_no_mixture(disks, kill, goes):
    model = Model(disks)
    go(model, calls=kill)
    newer = Model(disks, ages=(60,)).snapshots
    model.snapshots = newer if goes else model.snapshots + newer
    assert go(model) == (True, None)
    assert model.is_up()
    assert len({row["tags"]["vm-failover"] for row in model.here}) == 1


def test_what_a_new_volume_gets():
    model = Model(1)
    go(model)
    create = next(step for step in model.calls if step.call == "VolumeCreate")
    assert create.body == {
        "name": f"vm-failover.{uuid(1)}.{NOW - 3600}.here",
        "parent": "~a.b.s1x3600",
        "size": 10 << 30,
        "template": "hybrid",
        "iops": 500,
        "tags": {
            "cs": "volume",
            "uuid": uuid(1),
            "cvm": VM,
            "vc-policy": "gold",
            "vm-failover": f"{NOW - 3600}.here",
            "vm-failover-from": "a.b.1",
            "vm-failover-state": "begun",
        },
    }


@pytest.mark.parametrize(
    ("model", "wanted", "told"),
    [
        ({"ages": ()}, {}, "has no backup in this cluster"),
        ({"ages": (9000,)}, {}, "more than max_age"),
        ({"lacking": {(2, 3600)}}, {}, "it lacks volume 'disk-2'"),
        ({"ages": (60, 3600), "lacking": {(2, 60)}}, {}, "The newest that can is backup 1799996400.here"),
        ({"ages": (60, 9000), "lacking": {(2, 60)}}, {"older_backups": True}, "more than max_age"),
        ({}, {"made_after": NOW - 60}, "was made before"),
        ({"state": "Destroyed"}, {}, "is Destroyed"),
    ],
)
def test_what_cannot_be_done_is_refused_before_anything_is(model, wanted, told):
    here = Model(**model)
    with pytest.raises(Failure, match=told):
        go(here, WANTED._replace(**wanted))
    assert here.calls == []


def test_an_older_backup_is_taken_if_it_may_be():
    model = Model(ages=(60, 3600), lacking={(2, 60)})
    assert go(model, WANTED._replace(older_backups=True)) == (True, None)
    assert {row["tags"]["vm-failover"] for row in model.here} == {f"{NOW - 3600}.here"}


def test_data_that_has_not_arrived_is_no_backup():
    model = Model()
    model.snapshots[0]["recoveringFromRemote"] = True
    with pytest.raises(NotAllowed, match="has arrived"):
        go(model)


def test_a_vm_whose_host_is_heard_of_is_left():
    model = Model()
    model.hosts[0]["state"] = "Up"
    with pytest.raises(NotAllowed, match="still hears from"):
        go(model)
    assert model.calls == []


def test_what_was_left_behind_goes_only_once_the_vm_runs_elsewhere():
    model = Model()
    go(model)
    cleaned = WANTED._replace(state=plan.CLEANED)
    assert go(model, cleaned) == (True, None)
    assert model.is_up(), "what the paths lead to stays"
    for number, row in enumerate(model.rows):
        row["path"] = f"/dev/storpool-byid/a.b.new{number}"
    model.vm["state"] = "Stopped"
    with pytest.raises(NotAllowed, match="nothing shows that it is whole"):
        go(model, cleaned)
    model.vm["state"] = "Running"
    assert go(model, cleaned) == (True, None)
    assert model.here == []


def test_a_vm_that_is_destroyed_on_the_way_is_told_as_that():
    model = Model()
    vm = run.Vm(model.vm, 0, WANTED, CLUSTER)
    for step in vm.plan(vm.look(model.sight())).steps:
        model.apply(step)
    model.vm["state"] = "Destroyed"
    with pytest.raises(NotAllowed, match="so it cannot be brought up"):
        vm.plan(vm.look(model.sight()))


def test_of_a_vm_that_is_removed_on_the_way_is_told_how_far_it_was():
    model = Model()
    vm = run.Vm(model.vm, 0, WANTED, CLUSTER)
    vm.plan(vm.look(model.sight()))
    todo = vm.plan(vm.look(model.sight()))
    for step in todo.steps:
        model.apply(step)
    model.vms = list
    left = " and ".join(sorted(f"~{row['globalId']}" for row in model.here))
    with pytest.raises(NotFound, match=rf"was removed while .* are left here: {left}") as removed:
        vm.look(model.sight())
    vm.job.fail(removed.value)
    shown = vm.shown("up")
    assert (shown["result"], shown["age"], shown["state"], shown["kind"]) == ("left", 3600, "Running", "not_found")


def test_many_vms_that_fail_for_one_reason_are_told_like_one_and_no_reason_is_hidden_by_another():
    reasons = [
        "{0} has no backup in this cluster.",
        "{0} lacks volume 'ROOT-{1}'.",
        "Could not start {0}: no room {1}.",
    ]
    rows = [
        {"id": uuid(n), "name": f"web-{n}", "result": "left", "msg": reasons[n % 3].format(f"VM 'web-{n}'", n + 7)}
        for n in range(300)
    ]
    with pytest.raises(PartlyFailed) as caught:
        run.judged({"vms": rows}, WANTED)
    told = caught.value.message
    for number, why in enumerate(reasons):
        first = why.format(f"VM 'web-{number}'", number + 7)
        assert f"'web-{number}', 'web-{number + 3}', 'web-{number + 6}' and 97 more alike: {first}" in told
    assert "every reason" not in told
