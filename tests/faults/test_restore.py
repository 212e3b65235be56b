# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VM back to a backup: what its disks hold afterwards, whatever happens on the way."""

from __future__ import annotations

import signal
from collections import Counter

import pytest

from faults import runner
from faults.child import Child
from faults.restoring import Restored, TwoSites
from simulators.client import start

TOKEN = "2718281828459045235"
BACK = {"vm": "web", "source": "tags", "stop_vm": True, "wait_timeout": 300}
MOST_CALLS = 40


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A cloud in front of a StorPool cluster whose volumes have bytes."""
    with (
        start("storpool", token=TOKEN, data=str(tmp_path_factory.mktemp("data") / "bytes")) as storpool,
        start("cloudstack", version="4.19.1", hosts=1, storpool_url=storpool.url, storpool_token=TOKEN) as cloudstack,
    ):
        yield Restored(cloudstack, TwoSites(storpool))


def restore(world, wire=None, **more):
    """A run of the module."""
    check = more.pop("check", False)
    ended = runner.run("cloudstack_vm_restore", {**world.task, **BACK, **more}, wire, check=check, diff=True)
    assert not ended.escaped, ended.escaped
    return ended


def _more_polls(wire):
    """How often more than once the two jobs were asked about, which is as fast as they are."""
    return sum(request.call == "queryAsyncJobResult" for request in wire.requests) - 2


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("running", [False, True])
def test_a_vm_gets_back_what_its_disks_held(remote, running, world):
    world.new(remote=remote, running=running)
    before = {row["name"]: row["tags"] for row in world.storpool.state()["volumes"]}
    assert set(world.contents("web").values()) == {"NOW"}
    foreseen = restore(world, check=True)
    assert not foreseen.failed, foreseen.result
    assert not [entry for entry in [*world.journal(), *world.storpool.journal()] if entry["write"]]
    ended = restore(world)
    assert not ended.failed, ended.result
    foreseeable = [each for each in ended.result["actions"] if not each.startswith("give ")]
    assert foreseeable == foreseen.result["actions"]
    assert set(world.contents("web").values()) == {"THEN"}
    assert world.vm("web")["state"] == ("Running" if running else "Stopped")
    assert world.left() == []
    assert world.safety() == sorted(ended.result["safety_snapshots"])
    assert {row["name"]: row["tags"] for row in world.storpool.state()["volumes"]} == before
    again = restore(world)
    assert not again.changed
    assert not again.failed, again.result
    assert again.result["disks"] == []
    assert again.result["safety_snapshots"] == ended.result["safety_snapshots"]


def test_a_vm_with_many_disks_takes_few_calls(world):
    vm = world.new(8, remote=True, revert_tags="kept", revert_limits="kept")
    wire = runner.Wire()
    assert not restore(world, wire, vm=vm).failed
    assert len(wire.requests) - _more_polls(wire) <= MOST_CALLS


@pytest.mark.parametrize("remote", [False, True])
def test_a_run_that_is_killed_at_any_call_is_ended_by_the_next(remote, world):
    """And at the end the VM has all disks as in the backup, each reverted once; before it, a person sees no mixture that the next run does not end."""
    world.new(remote=remote)
    wire = runner.Wire()
    assert not restore(world, wire).failed
    safety = world.safety()
    seen = Counter()
    for number in range(len(wire.requests)):
        if number >= len(wire.requests) - _more_polls(wire):
            break
        for after in (False, True):
            world.new(remote=remote)
            killed = runner.Wire(kill_with=signal.SIGKILL, kill_at=number, kill_after=after)
            assert Child([("cloudstack_vm_restore", {**world.task, **BACK})], killed).wait() == []
            kinds = frozenset(world.contents("web").values())
            seen[kinds] += 1
            again = restore(world)
            told = (number, wire.requests[number].call, after, again.result)
            assert not again.failed, told
            assert set(world.contents("web").values()) == {"THEN"}, told
            assert world.vm("web")["state"] == "Running", told
            assert world.left() == [], told
            assert len(world.safety()) == len(safety), told
            journal = world.storpool.journal()
            reverts = [entry["target"] for entry in journal if entry["call"] == "VolumeRevert" and entry["effect"]]
            assert sorted(reverts) == sorted(f"~{one}" for one in world.disks("web").values()), told
            assert not restore(world).changed, told
    assert set(seen) == {frozenset(["NOW"]), frozenset(["THEN"]), frozenset(["NOW", "THEN"])}


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("call", ["SnapshotFromRemote", "VolumesGroupSnapshot", "VolumesReassignWait", "VolumeRevert"])
@pytest.mark.parametrize("skip", [0, 2])
def test_if_one_disk_is_refused_all_go_back(remote, running, call, skip, world):
    if (call == "SnapshotFromRemote" and not remote) or (
        skip and not call.startswith(("VolumeRevert", "SnapshotFrom"))
    ):
        return
    world.new(remote=remote, running=running)
    before = world.storpool.state()
    world.storpool.admin(
        "POST", "faults", {"call": call, "kind": "api_error", "name": "busy", "descr": "Busy.", "skip": skip}
    )
    ended = restore(world)
    assert ended.failed
    assert "All disks are what they were before" in ended.result["msg"], ended.result
    assert set(world.contents("web").values()) == {"NOW"}
    assert world.vm("web")["state"] == ("Running" if running else "Stopped")
    assert world.left() == world.safety() == []
    now = world.storpool.state()
    assert {row["name"]: (row["tags"], row["iops"], row["size"]) for row in now["volumes"]} == {
        row["name"]: (row["tags"], row["iops"], row["size"]) for row in before["volumes"]
    }
    assert not restore(world).failed
    assert set(world.contents("web").values()) == {"THEN"}
