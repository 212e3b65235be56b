# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Evacuations: which pools, which volumes, side by side, tried once more, told with the reason; and nothing of another pool."""

from __future__ import annotations

import contextlib
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.predicted import Predicted
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.evacuation import evacuation, report
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    ApiError,
    InvalidOption,
    NotAllowed,
    NotFound,
    Outdated,
    PartlyFailed,
)
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

OLD = {
    "id": "t1;1",
    "name": "old",
    "zoneid": "z-1",
    "zonename": "zone1",
    "state": "Disabled",
    "provider": "StorPool",
    "tags": "fast",
}
NEW = {**OLD, "id": "t2;2", "name": "new", "state": "Up"}
THIRD = {**NEW, "id": "t3;3", "name": "third"}
OFFERINGS = [{"id": "o-1", "name": "fast", "tags": "fast"}, {"id": "o-2", "name": "special", "tags": "fast,special"}]
OPTIONS = {
    "pool": "old",
    "to": "new",
    "zone": None,
    "at_once": 3,
    "expunge_destroyed": False,
    "allow_vm_migration": False,
    "wait_timeout": 60,
}


def want(**options):
    return evacuation.want({**OPTIONS, **options})


def volume(number, **fields):
    return {
        "id": f"v-{number}",
        "name": f"volume-{number}",
        "type": "DATADISK",
        "state": "Ready",
        "size": 1 << 30,
        "zoneid": "z-1",
        "storageid": "t1;1",
        "diskofferingid": "o-1",
        **fields,
    }


RUNS = {"virtualmachineid": "vm-1", "vmname": "i-1", "vmdisplayname": "db-1", "vmstate": "Running"}


class Cloud:
    """Volumes on pools, moved by steps; ``broken`` says how often the migration of a volume (id) fails."""

    def __init__(self, *volumes, broken=(), version="4.22", system=()):
        self.volumes = {each["id"]: each for each in volumes}
        self.system = list(system)
        self.broken = dict(broken)
        self.sent = []
        self.lock = threading.Lock()
        self.looked = lambda volume_id: None
        lists = {"listVolumes": self._listed, "listStoragePools": [OLD, NEW, THIRD], "listDiskOfferings": OFFERINGS}
        self.api = FakeApi(version=f"{version}.0.0", lists=lists)

    def _listed(self, params):
        if params.get("projectid"):
            return []
        if "id" in params:
            self.looked(params["id"])
            if params["id"] not in self.volumes:
                raise Outdated("entity does not exist")
            return [dict(self.volumes[params["id"]])]
        rows = [dict(each) for each in self.volumes.values() if each.get("storageid") == params.get("storageid")]
        rows = [each for each in rows if (each["state"] == "Destroy") == (params.get("state") == "Destroy")]
        return rows + (self.system if params.get("listsystemvms") else [])

    def apply(self, step):
        with self.lock:
            if step.method == "GET":
                self.volumes[step.body.volume_id]["state"] = "Ready"
                return
            self.sent.append((step.call, step.body))
            if step.call == "destroyVolume":
                del self.volumes[step.body["id"]]
                return
            assert step.call == "migrateVolume"
            row = self.volumes[step.body["volumeid"]]
            assert row["storageid"] == "t1;1"
            assert bool(step.body.get("livemigrate")) == (row.get("vmstate") == "Running")
            if self.broken.get(row["id"], 0):
                self.broken[row["id"]] -= 1
                raise ApiError("CloudStack's job for it failed with 530: no room", error={"name": "530"})
            row["storageid"] = step.body["storageid"]

    def evacuate(self, wanted, **more):
        def connect():
            return self.api.reader(), self.apply

        reader = Predicted(self.api.reader()) if more.get("check_mode") else self.api.reader()
        return evacuation.evacuate(reader, connect, 0, wanted, **more)


def results(rows):
    return {row["id"]: row["result"] for row in rows}


def test_what_is_on_the_pool_is_moved_and_nothing_else():
    cloud = Cloud(
        volume(1), volume(2, **RUNS), volume(3, storageid="t3;3"), volume(4, storageid=None, state="Allocated")
    )
    rows, more = cloud.evacuate(want())
    assert results(rows) == {"v-1": "moved", "v-2": "moved"}
    assert {each["id"]: each.get("storageid") for each in cloud.volumes.values()} == {
        "v-1": "t2;2",
        "v-2": "t2;2",
        "v-3": "t3;3",
        "v-4": None,
    }
    assert sorted(body["volumeid"] for _call, body in cloud.sent) == ["v-1", "v-2"]
    assert (more["pool"]["name"], more["to"]["name"], more["destroyed"]) == ("old", "new", [])
    told = report.report("primary storage pool 'old'", rows, more)
    assert (told["changed"], len(told["moved"]), told["failed"]) == (True, 2, [])
    assert cloud.evacuate(want())[0] == []


def test_a_migration_that_fails_is_tried_once_more_and_then_told():
    cloud = Cloud(volume(1), volume(2), volume(3), broken={"v-1": 1, "v-2": 2})
    rows, more = cloud.evacuate(want())
    assert results(rows) == {"v-1": "moved", "v-2": "failed", "v-3": "moved"}
    assert sorted(body["volumeid"] for _call, body in cloud.sent) == ["v-1", "v-1", "v-2", "v-2", "v-3"]
    with pytest.raises(PartlyFailed) as left:
        report.report("primary storage pool 'old'", rows, more)
    result = left.value.result()
    assert result["msg"].startswith(
        "1 of 3 volumes is left on primary storage pool 'old'. 'volume-2': Could not move volume"
    )
    assert "no room" in result["msg"]
    assert result["error"]["kind"] == "partly_failed"
    assert (result["changed"], len(result["moved"]), result["failed"][0]["kind"]) == (True, 2, "api_error")


def test_what_cannot_be_moved_is_told_without_a_call():
    system = {**volume(9, name="ROOT-9"), "vmname": "s-1-VM"}
    cloud = Cloud(volume(1, diskofferingid="o-2"), volume(2, **RUNS), version="4.17", system=[])
    rows, _more = cloud.evacuate(want())
    assert results(rows) == {"v-1": "failed", "v-2": "failed"}
    assert "has not the storage tags special" in rows[0]["msg"]
    assert "the first that does, between StorPool pools, is 4.18.0" in rows[1]["msg"]
    assert cloud.sent == []
    [row] = Cloud(system=[system]).evacuate(want())[0]
    assert (row["result"], row["vm"]) == ("failed", "s-1-VM")


def test_destroyed_volumes_are_expunged_only_if_told():
    cloud = Cloud(volume(1, state="Destroy"))
    rows, more = cloud.evacuate(want())
    assert (rows, more["destroyed"], cloud.sent) == ([], ["volume-1"], [])
    rows, more = cloud.evacuate(want(expunge_destroyed=True))
    assert (results(rows), more["destroyed"]) == ({"v-1": "expunged"}, [])
    assert cloud.sent == [("destroyVolume", {"id": "v-1", "expunge": True})]
    with pytest.raises(InvalidOption):
        Cloud(volume(1, state="Destroy"), version="4.13").evacuate(want(expunge_destroyed=True))


def test_a_vm_that_was_started_meanwhile_is_seen_before_its_volume_is_moved():
    cloud = Cloud(volume(1))

    def started(_volume_id):
        cloud.volumes["v-1"].update(RUNS)

    cloud.looked = started
    rows, _more = cloud.evacuate(want())
    assert results(rows) == {"v-1": "moved"}
    assert cloud.sent == [("migrateVolume", {"volumeid": "v-1", "storageid": "t2;2", "livemigrate": True})]


def test_what_somebody_else_moves_is_not_moved_twice():
    cloud = Cloud(volume(1), volume(2, state="Migrating"))

    def moved(volume_id):
        cloud.volumes[volume_id]["storageid"] = "t2;2"

    cloud.looked = moved
    rows, _more = cloud.evacuate(want())
    assert results(rows) == {"v-1": "moved", "v-2": "moved"}
    assert cloud.sent == []


def test_check_mode_sends_nothing():
    cloud = Cloud(volume(1), volume(2, diskofferingid="o-2"), volume(3, state="Destroy"))
    rows, _more = cloud.evacuate(want(expunge_destroyed=True), check_mode=True)
    assert results(rows) == {"v-1": "moved", "v-2": "failed", "v-3": "expunged"}
    assert cloud.sent == []


def test_a_part_leaves_out_what_failed_before():
    cloud = Cloud(volume(1), volume(2))
    rows, _more = cloud.evacuate(want(), part=evacuation.Part(10, frozenset(["v-1"])))
    assert results(rows) == {"v-2": "moved"}
    rows, _more = Cloud(volume(1)).evacuate(want(), part=evacuation.Part(0))
    assert results(rows) == {"v-1": "waiting"}


@pytest.mark.parametrize(
    ("options", "rows", "kind", "words"),
    [
        ({"pool": "odl"}, [OLD, NEW], NotFound, "CloudStack has old and new."),
        ({"to": "nwe"}, [OLD, NEW], NotFound, "CloudStack has new and old."),
        ({}, [OLD, {**OLD, "id": "t9;9"}, NEW], Ambiguous, "t1;1 (zone1) and t9;9 (zone1)"),
        ({"to": "old"}, [OLD, NEW], InvalidOption, "to is where its volumes shall go"),
        ({}, [{**OLD, "state": "Up"}, NEW], NotAllowed, "Disable it first"),
        ({}, [OLD, {**NEW, "state": "Maintenance"}], NotAllowed, "has to be Up"),
        ({}, [OLD, {**NEW, "zoneid": "z-2"}], NotFound, "to: there is no primary storage pool 'new'"),
    ],
)
def test_pools_that_do_not_do(options, rows, kind, words):
    with pytest.raises(kind) as refusal:
        evacuation.pools(rows, want(**options))
    assert words in refusal.value.message


@pytest.mark.parametrize("at_once", [0, 65])
def test_a_number_that_makes_no_sense_is_refused(at_once):
    with pytest.raises(InvalidOption):
        want(at_once=at_once)


@given(
    kinds=st.lists(
        st.sampled_from(["plain", "runs", "broken", "often broken", "special", "elsewhere", "migrating", "destroyed"]),
        max_size=12,
    ),
    at_once=st.integers(1, 5),
    stops=st.lists(st.integers(0, 3), max_size=3),
)
def test_however_it_is_interrupted_each_volume_ends_where_it_shall(kinds, at_once, stops):
    fields = {
        "runs": RUNS,
        "special": {"diskofferingid": "o-2"},
        "elsewhere": {"storageid": "t3;3"},
        "migrating": {"state": "Migrating"},
        "destroyed": {"state": "Destroy"},
    }
    volumes = [volume(number, **fields.get(kind, {})) for number, kind in enumerate(kinds)]
    often = {"broken": 1, "often broken": 1000}
    cloud = Cloud(*volumes, broken={f"v-{n}": often[kind] for n, kind in enumerate(kinds) if kind in often})
    for stop in stops:  # runs that were killed after so many migrations
        connect = killed_after(cloud, stop)
        with contextlib.suppress(KeyboardInterrupt):
            evacuation.evacuate(cloud.api.reader(), connect, 0, want(at_once=1))
    rows, _more = cloud.evacuate(want(at_once=at_once))
    wanted = {"special": "t1;1", "often broken": "t1;1", "elsewhere": "t3;3", "destroyed": "t1;1"}
    assert [each["storageid"] for each in cloud.volumes.values()] == [wanted.get(kind, "t2;2") for kind in kinds]
    failed = {row["id"] for row in rows if row["result"] == "failed"}
    assert failed == {f"v-{n}" for n, kind in enumerate(kinds) if kind in ("special", "often broken")}


def killed_after(cloud, steps):
    """Makes connections over which no more than these steps are applied before the task is killed."""
    left = iter(range(steps))

    def apply(step):
        if next(left, None) is None:
            raise KeyboardInterrupt
        cloud.apply(step)

    return lambda: (cloud.api.reader(), apply)


def test_a_failure_names_twenty_volumes_of_each_list_and_counts_the_others():
    rows = [
        {"id": str(n), "name": f"v-{n}", "type": "DATADISK", "vm": None, "result": word, "msg": "No room.", "kind": "x"}
        for word, count in ((report.MOVED, 1500), (report.FAILED, 1200))
        for n in range(count)
    ]
    with pytest.raises(PartlyFailed) as caught:
        report.report("primary storage pool 'old'", rows, {})
    result = caught.value.result()
    assert result["msg"].startswith("1,200 of 2,700 volumes are left on primary storage pool 'old'. ")
    assert "and 1,197 more: No room." in result["msg"]
    assert [len(result[name]) for name in ("moved", "failed", "expunged")] == [20, 20, 0]
    assert result["left_out"] == {"moved": 1480, "failed": 1180, "expunged": 0}
    assert result["changed"]


def test_many_that_fail_for_one_reason_are_told_like_one_though_each_sentence_has_its_own_names():
    def row(number, why):
        name = f"v-{number}"
        shown = {
            "id": f"{number:08}-1111-4222-8333-444444444444",
            "name": name,
            "type": "DATADISK",
            "vm": f"vm-{number}",
        }
        return {**shown, "result": report.FAILED, "msg": why.format(**shown), "kind": "x"}

    full, busy = "Could not migrate volume {name!r} ({id}) of VM {vm!r}: no room.", "VM {vm!r} has snapshots."
    with pytest.raises(PartlyFailed) as caught:
        report.report("pool 'old'", [row(n, full if n < 300 else busy) for n in range(305)], {})
    told = caught.value.result()["msg"]
    assert "'v-0' of VM 'vm-0', 'v-1' of VM 'vm-1', 'v-2' of VM 'vm-2' and 297 more alike: Could not migrate" in told
    assert "and 2 more alike: VM 'vm-300' has snapshots." in told
    assert len(told) < 700
