# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VM back to a backup: what its disks hold afterwards, whatever happens on the way."""

from __future__ import annotations

import signal
import time
from collections import Counter

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from faults import runner
from faults.child import Child, Gate, Steps
from faults.matrix import is_write
from faults.restoring import Restored, TwoSites
from simulators.client import start

TOKEN = "2718281828459045235"
BACK = {"vm": "web", "source": "tags", "stop_vm": True, "wait_timeout": 300}
MOST_CALLS = 40
#: How long hosts take where that has to be longer than anything that is done meanwhile, in seconds of the simulator's clock.
LAG = 600


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
    """How often more than once the two jobs were asked about, which is as fast as they are, and the look at disks if that took long."""
    calls = Counter(request.call for request in wire.requests)
    return calls["queryAsyncJobResult"] - 2 + calls["listVolumes"] - 1


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("running", [False, True])
def test_a_vm_gets_back_what_its_disks_held(remote, running, world):
    world.new(remote=remote, running=running)
    before = {row["name"]: row["tags"] for row in world.storpool.state()["volumes"]}
    assert world.times("web") == {"NOW"}
    foreseen = restore(world, check=True)
    assert not foreseen.failed, foreseen.result
    assert not [entry for entry in [*world.journal(), *world.storpool.journal()] if entry["write"]]
    ended = restore(world)
    assert not ended.failed, ended.result
    # What a revert changes beside contents is for StorPool alone to say.
    actions = [[each for each in run.result["actions"] if not each.startswith("give ")] for run in (foreseen, ended)]
    assert actions[0] == actions[1]
    assert world.times("web") == {"THEN"}
    assert world.vm("web")["state"] == ("Running" if running else "Stopped")
    assert world.left() == []
    assert world.safety() == sorted(ended.result["safety_snapshots"])
    assert {row["name"]: row["tags"] for row in world.storpool.state()["volumes"]} == before
    again = restore(world)
    assert not again.failed, again.result
    assert not again.changed
    assert again.result["disks"] == []
    assert again.result["safety_snapshots"] == ended.result["safety_snapshots"]


@pytest.mark.parametrize("by_name", [False, True])
def test_a_vm_with_many_disks_takes_few_calls(by_name, world):
    vm = world.new(8, remote=True, revert_tags="kept", revert_limits="kept")
    wire = runner.Wire()
    assert not restore(world, wire, vm="web" if by_name else vm).failed
    assert len(wire.requests) - _more_polls(wire) <= MOST_CALLS


@pytest.mark.parametrize("remote", [False, True])
def test_a_run_that_is_killed_at_any_call_is_ended_by_the_next(remote, world):
    """And at the end the VM has all disks as in the backup, each reverted once; before it, a person sees no mixture that the next run does not end."""
    world.new(2, remote=remote)
    wire = runner.Wire()
    assert not restore(world, wire).failed
    safety = world.safety()
    seen = Counter()
    for request in filter(is_write, wire.requests):
        for after in (False, True):
            world.new(2, remote=remote)
            killed = runner.Wire(kill_with=signal.SIGKILL, kill_at=request, kill_after=after)
            assert Child([("cloudstack_vm_restore", {**world.task, **BACK})], killed).wait() == []
            kinds = frozenset(world.times("web"))
            seen[kinds] += 1
            again = restore(world)
            told = (request, after, again.result)
            assert not again.failed, told
            assert world.times("web") == {"THEN"}, told
            assert world.vm("web")["state"] == "Running", told
            assert world.left() == [], told
            assert len(world.safety()) == len(safety), told
            journal = world.storpool.journal()
            reverts = [entry["target"] for entry in journal if entry["call"] == "VolumeRevert" and entry["effect"]]
            assert sorted(reverts) == sorted(f"~{one}" for one in world.disks("web").values()), told
            assert not restore(world).changed, told
    assert set(seen) == {frozenset(["NOW"]), frozenset(["THEN"]), frozenset(["NOW", "THEN"])}


class LaggingHosts(runner.Wire):
    """Hosts whose time to give disks away, or to get them, is over once a run has looked at the VM so often."""

    LOOKS = 5

    def __init__(self, world):
        super().__init__()
        self.world, self.looks = world, 0

    def _between(self, number, send):
        if self.looks < self.LOOKS and self.requests[number].call == "listVirtualMachines":
            self.looks += 1
            if self.looks == self.LOOKS:
                self.world.storpool.admin("POST", "switches", {"client_lag_seconds": 0})
                self.world.storpool.admin("POST", "now", {"seconds": LAG})
        return super()._between(number, send)


@pytest.mark.parametrize("call", ["stopVirtualMachine", "startVirtualMachine"])
def test_what_a_run_that_was_killed_has_begun_is_waited_for(call, world):
    """Hosts take a while to give disks away, or to get them, and the job goes on without whoever asked for it."""
    world.new(2, remote=False)
    wire = runner.Wire()
    assert not restore(world, wire).failed
    [last] = (request for request in wire.requests if request.call == call)
    world.new(2, remote=False)
    gate = Gate(last, kill_with=signal.SIGKILL, kill_at=last, kill_after=True)
    child = Child([("cloudstack_vm_restore", {**world.task, **BACK})], gate)
    assert gate.is_reached()
    world.storpool.admin("POST", "switches", {"client_lag_seconds": LAG})
    gate.open()
    assert child.wait() == []
    begun = time.monotonic()
    while world.vm("web")["state"] != ("Stopping" if call.startswith("stop") else "Starting"):
        assert time.monotonic() < begun + LAG / 2, world.vm("web")
    wire = LaggingHosts(world)
    ended = restore(world, wire, wait_timeout=100_000)
    assert not ended.failed, ended.result
    assert wire.looks == LaggingHosts.LOOKS
    assert world.times("web") == {"THEN"}
    assert world.vm("web")["state"] == "Running"


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("running", [False, True])
@pytest.mark.parametrize("call", ["SnapshotFromRemote", "VolumesGroupSnapshot", "VolumesReassignWait", "VolumeRevert"])
@pytest.mark.parametrize("skip", [0, 2])
@pytest.mark.parametrize("name", ["busy", "objectDoesNotExist"])
def test_if_one_disk_is_refused_all_go_back(remote, running, call, skip, name, world):
    """Whether it is refused for good, or with what another look could have explained, and is refused once more."""
    if (call == "SnapshotFromRemote" and not remote) or (
        skip and not call.startswith(("VolumeRevert", "SnapshotFrom"))
    ):
        return
    world.new(remote=remote, running=running)
    before = world.storpool.state()
    world.storpool.admin(
        "POST",
        "faults",
        {
            "call": call,
            "kind": "api_error",
            "name": name,
            "descr": "Busy.",
            "skip": skip,
            "times": 1 if name == "busy" else 2,
        },
    )
    ended = restore(world)
    assert ended.failed
    assert "All disks are what they were before" in ended.result["msg"], ended.result
    assert world.times("web") == {"NOW"}
    assert world.vm("web")["state"] == ("Running" if running else "Stopped")
    assert world.left() == world.safety() == []
    now = world.storpool.state()
    assert {row["name"]: (row["tags"], row["iops"], row["size"]) for row in now["volumes"]} == {
        row["name"]: (row["tags"], row["iops"], row["size"]) for row in before["volumes"]
    }
    world.calm()  # CloudStack makes some of these calls as well
    world.storpool.calm()
    assert not restore(world).failed
    assert world.times("web") == {"THEN"}


def just_before(simulator, call, *requests, skip=0):
    """Somebody else's requests come just before a call, of which so many go first."""
    simulator.admin("POST", "faults", {"call": call, "kind": "rival", "skip": skip, "requests": list(requests)})


@pytest.mark.parametrize("killed", [False, True])
def test_if_the_backup_is_deleted_in_between_all_go_back(killed, world):
    """Also if the run that comes to know it is not the one that has begun."""
    world.new(remote=False)
    backup = [row["lastingId"] for row in world.storpool.state()["snapshots"] if row["tags"].get("made-by") == "us"]
    if killed:
        world.storpool.admin(
            "POST", "faults", {"call": "VolumeRevert", "kind": "reset_before", "skip": 1, "times": None}
        )
        assert restore(world, sp_api_retries=0).failed
        world.calm()
        world.storpool.do(*((f"SnapshotDelete/~{one}", None) for one in backup))
        foreseen = restore(world, check=True)
        assert "A run would bring all disks back" in foreseen.result["msg"]
    else:
        just_before(world.storpool, "VolumeRevert", *({"path": f"SnapshotDelete/~{one}"} for one in backup), skip=1)
    assert world.times("web") == ({"THEN", "NOW"} if killed else {"NOW"})
    ended = restore(world)
    assert ended.failed
    assert "is neither here nor at a location" in ended.result["msg"]
    assert "All disks are what they were before, VM 'web' is Running" in ended.result["msg"]
    assert world.times("web") == {"NOW"}
    assert world.vm("web")["state"] == "Running"
    assert world.left() == world.safety() == []


class Rival(runner.Wire):
    """Somebody deletes the copies of snapshots that are here for the restore, just before some of its changes (counted from 1)."""

    def __init__(self, world, changes):
        super().__init__()
        self.world, self.changes, self.count = world, changes, 0

    def is_due(self, request):
        """Whether it happens before this change."""
        self.count += 1
        return self.count in self.changes

    def _between(self, number, send):
        if is_write(self.requests[number]) and self.is_due(self.requests[number]):
            rows = self.world.storpool.state()["snapshots"]
            copies = [each for each in rows if each["tags"].get("vm-restore-kind") == "copy" and not each["deleted"]]
            for each in copies:
                self.world.storpool.do((f"SnapshotDelete/~{each['lastingId']}", None))
        return super()._between(number, send)


def test_copies_that_somebody_deletes_in_between_are_brought_again(world):
    """Before any change; the run that it happens to comes to its end, and reverts each disk once."""
    world.new(2, remote=True)
    wire = Rival(world, ())
    assert not restore(world, wire).failed
    for change in range(2, wire.count + 1):
        world.new(2, remote=True)
        ended = restore(world, Rival(world, {change}))
        assert not ended.failed, (change, ended.result)
        assert world.times("web") == {"THEN"}, change
        assert world.vm("web")["state"] == "Running", change
        assert world.left() == [], change
        reverts = [row for row in world.storpool.journal() if row["call"] == "VolumeRevert" and row["effect"]]
        assert len(reverts) == 2, change


def test_if_copies_are_deleted_all_the_time_all_disks_go_back(world):
    world.new(3, remote=True)
    ended = restore(world, Rival(world, range(8, 1000)))
    assert ended.failed
    assert "The API accepted" not in ended.result["msg"], ended.result
    assert "All disks are what they were before, VM 'web' is Running" in ended.result["msg"], ended.result
    assert world.times("web") == {"NOW"}
    assert not restore(world).failed
    assert world.times("web") == {"THEN"}
    assert world.vm("web")["state"] == "Running"
    assert world.left() == []


class OnceForEachDisk(Rival):
    """It happens before the first revert of each disk."""

    def is_due(self, request):
        return request.call == "VolumeRevert" and not request.skip % 2


def test_a_run_that_gives_up_on_its_way_says_how_the_vm_is_left_and_the_next_ends_it(world):
    world.new(13, remote=True)
    ended = restore(world, OnceForEachDisk(world, ()))
    assert ended.failed
    assert "kept changing while the task worked on it" in ended.result["msg"], ended.result
    assert "VM 'web' is Stopped, and its disks can be of different moments: do not start it" in ended.result["msg"]
    assert world.vm("web")["state"] == "Stopped"
    assert world.times("web") == {"THEN", "NOW"}
    assert not restore(world).failed
    assert world.times("web") == {"THEN"}
    assert world.vm("web")["state"] == "Running"


def test_without_the_safety_snapshot_of_a_disk_nothing_is_taken_for_restored(world):
    vm = world.new(remote=False)
    just_before(world.storpool, "VolumeRevert", {"path": f"SnapshotDelete/vm-restore.{vm}.1.1"}, skip=1)
    for told in ("The safety snapshot of volume 'data-1' was deleted", "The safety snapshot of a disk was deleted"):
        ended = restore(world)
        assert ended.failed
        assert told in ended.result["msg"], ended.result
    assert world.safety() == [f"vm-restore.{vm}.1.{number}" for number in (0, 2)]
    assert all(name in ended.result["msg"] for name in world.safety())
    world.storpool.do(*((f"SnapshotDelete/{name}", None) for name in world.safety()))
    assert not restore(world).failed
    assert world.times("web") == {"THEN"}


def test_a_disk_that_is_detached_while_the_vm_stops_is_not_touched(world):
    """Another VM may have it by the time that it would be reverted."""
    world.new(remote=True)
    world.admin("POST", "switches", {"job_delay_ms": 200})  # which is long, since pauses take no time here
    just_before(world, "stopVirtualMachine", {"command": "detachVolume", "body": {"id": world.volume("data-1")["id"]}})
    ended = restore(world)
    world.admin("POST", "switches", {"job_delay_ms": 0})
    assert ended.failed
    assert "Volume 'data-1' was attached to VM 'web' or detached from it" in ended.result["msg"]
    assert "VM 'web' is Running" in ended.result["msg"]
    calls = {entry["call"] for entry in world.storpool.journal() if entry["effect"]}
    assert not calls & {"VolumeRevert", "VolumesGroupSnapshot"}
    assert world.vm("web")["state"] == "Running"
    assert world.left() == []


def test_what_is_left_of_a_vm_that_is_removed_is_named(world):
    vm = world.new(remote=True)
    removed = runner.Before(
        "stopVirtualMachine", lambda: world.do(("destroyVirtualMachine", {"id": vm, "expunge": "true"}))
    )
    ended = restore(world, removed)
    assert ended.failed
    assert "VM 'web' was removed while the task worked on it" in ended.result["msg"]
    assert len(world.left()) == 3
    assert all(name in ended.result["msg"] for name in world.left()), (ended.result, world.left())


def test_what_volumecare_tells_is_restored_onto_a_replacement(world, tmp_path):
    """The VM is gone with its root disk; CloudStack still has the data disks, which nobody uses."""
    vm = world.new(remote=True)
    told = {"source": "volumecare", "volumecare_program": str(world.status(tmp_path / "storpool_vcctl"))}
    found = runner.run("cloudstack_vm_backup_info", {**world.task, **told})
    [web] = [each for each in found.result["vms"] if each["id"] == vm]
    assert [each["location"] for each in web["backups"]] == ["far.c"]
    root = world.volume("ROOT-1")["id"]
    world.do(("destroyVirtualMachine", {"id": vm, "expunge": "true"}))
    world.add(pool="sp", vms=1, name="new-web", running=False)
    for number in (1, 2):
        world.add(pool="sp", volumes=1, name=f"new-{number}", size_gib=number)
    world.attach("new-web", "new-1", "new-2")
    world.write("new-web", "NOW")
    world.forget()
    refused = restore(world, **told, vm=vm, onto="new-web")
    assert refused.result["error"]["kind"] == "invalid_option"
    assert root in refused.result["msg"]
    assert "disks" in refused.result["msg"]
    assert not [entry for entry in [*world.journal(), *world.storpool.journal()] if entry["write"]]
    root_of_new = next(name for name in world.disks("new-web") if name.startswith("ROOT"))
    pairs = [{"from": root, "to": root_of_new}, {"from": "data-1", "to": "new-1"}, {"from": "data-2", "to": "new-2"}]
    ended = restore(world, **told, vm=vm, onto="new-web", disks=pairs)
    assert not ended.failed, ended.result
    assert world.contents("new-web") == {
        root_of_new: f"THEN of {world.volume('ROOT-1')['name']}",
        "new-1": "THEN of data-1",
        "new-2": "THEN of data-2",
    }
    assert world.vm("new-web")["state"] == "Stopped"
    assert world.left() == []
    gone = runner.run("cloudstack_vm_backup_info", {**world.task, **told, "vm": [vm]}).result["vms"]
    assert [(each["id"], each["name"], each["state"]) for each in gone] == [(vm, None, None)]


def test_nothing_is_done_unless_everything_can_be(world):
    """What stands in the way is told before the first write, and what to do about it."""

    def refused(kind, told, **more):
        world.forget()
        world.storpool.forget()
        ended = restore(world, **more)
        assert ended.failed
        assert ended.result["error"]["kind"] == kind, ended.result
        assert told in ended.result["msg"]
        assert not [entry for entry in [*world.journal(), *world.storpool.journal()] if entry["write"]]
        assert "THEN" not in world.times("web")

    world.new(remote=True)
    refused("not_allowed", "Set stop_vm", stop_vm=False)
    refused("invalid_option", "max_age", max_age="0")
    refused("not_found", "has no backup '17.far-away'", backup="17.far-away")
    refused("not_found", "no VM 'wep'", vm="wep")
    refused("not_found", "onto: CloudStack has no VM", onto="nothing")
    listed = runner.run("cloudstack_vm_backup_info", {**world.task, "source": "tags", "zone": "zone2"})
    assert "zone: there is no zone 'zone2'" in listed.result["msg"]
    refused("invalid_option", "before", before="2030-01-01", backup="1.here")
    refused("invalid_option", "no backup is that old", before="0")
    refused("invalid_option", "disks[0].to", disks=[{"from": "data-1", "to": "nothing"}])
    refused("not_found", "There is no program", source="volumecare", volumecare_program="/no/such/program")
    world.add(pool="sp", volumes=1, name="late")
    world.attach("web", "late")
    refused("not_allowed", "lacks volume 'late'")
    world.storpool.admin("POST", "clusters", {"id": "far.c", "connected": False})
    refused("not_found", "has no backup")


def test_of_vms_with_one_name_is_told_whose_they_are_and_for_the_option_that_names_them(world):
    """Each account can have a VM of that name."""
    world.new(remote=True)
    world.add(pool="sp", vms=1, name="web", running=False)
    world.add(pool="sp", vms=1, name="other", running=False)
    world.forget()
    world.storpool.forget()
    both = sorted(row["id"] for row in world.admin("GET", "state")["vms"] if row["name"] == "web")
    of = "of account 'admin' in zone 'zone1'"
    told = f": 2 VMs have the name 'web'. Give the id of one: {both[0]} {of} and {both[1]} {of}."
    volume = {"disk": "data-1", "disk_offering": "Custom", "source": "tags"}
    for module, option, task in (
        ("cloudstack_vm_restore", "vm", BACK),
        ("cloudstack_vm_restore", "onto", {**BACK, "vm": "other", "onto": "web"}),
        ("cloudstack_volume_restore", "vm", {**volume, "vm": "web", "onto": "other"}),
        ("cloudstack_volume_restore", "onto", {**volume, "vm": "other", "onto": "web"}),
        ("cloudstack_vm_backup_info", "vm", {"source": "tags", "vm": ["web"]}),
        ("cloudstack_vm_backup_info", "vm", {"source": "tags", "vm": ["other", "web"]}),
        ("cloudstack_vm_failover", "groups[0][0]", {"state": "stopped", "groups": [["web"]], "stop_vms": True}),
    ):
        ended = runner.run(module, {**world.task, **task})
        assert ended.failed, (module, task)
        assert (ended.result["error"]["kind"], ended.result["msg"]) == ("ambiguous", option + told)
    assert not [entry for entry in [*world.journal(), *world.storpool.journal()] if entry["write"]]


def test_a_disk_that_the_backup_lacks_stays_as_it_is_if_the_others_are_named(world):
    """By their ids, too, in capital letters."""
    vm = world.new(remote=False, running=False)
    world.add(pool="sp", volumes=1, name="late")
    world.attach("web", "late")
    world.write("web", "NOW")
    disk = world.volume("data-1")["id"].upper()
    ended = restore(world, vm=vm.upper(), disks=[{"from": disk, "to": disk}])
    assert not ended.failed, ended.result
    assert world.contents("web") == {
        "ROOT-1": "NOW of ROOT-1",
        "data-1": "THEN of data-1",
        "data-2": "NOW of data-2",
        "late": "NOW of late",
    }


def test_a_vm_that_somebody_starts_in_the_middle_is_left_to_a_person(world):
    world.new(remote=False)
    world.storpool.admin("POST", "faults", {"call": "VolumeRevert", "kind": "reset_before", "skip": 1, "times": None})
    ended = restore(world, sp_api_retries=0)
    assert ended.failed
    assert world.times("web") == {"THEN", "NOW"}
    world.calm()
    world.do(("startVirtualMachine", {"id": world.vm("web")["id"]}))
    refused = restore(world)
    assert refused.result["error"]["kind"] == "not_allowed"
    assert "was started while a restore" in refused.result["msg"]
    world.do(("stopVirtualMachine", {"id": world.vm("web")["id"]}))
    another = restore(world, backup="1.here")
    assert "has not ended" in another.result["msg"]
    assert not restore(world).failed
    assert world.times("web") == {"THEN"}
    assert world.vm("web")["state"] == "Running"


def test_two_runs_at_once_are_one_restore(world):
    """Whoever comes second goes on with what the first has begun, or is refused; no disk is reverted to two things, and none is lost."""
    for _round in range(3):
        world.new(2, remote=True)
        children = [Child([("cloudstack_vm_restore", {**world.task, **BACK})]) for _number in range(2)]
        settled(world, [child.wait()[0] for child in children])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
# The second one sees the VM when the first has stopped it, and again when it has started it; or it reverts a disk when the first has put its tags right.
@example(turns=[(True, 1), (False, 10), (True, 7), (False, 100)])
@example(turns=[(True, 2), (False, 11), (True, 8), (False, 6), (True, 2)])
@given(turns=st.lists(st.tuples(st.booleans(), st.integers(1, 12)), max_size=10))
def test_two_runs_in_any_order_of_their_requests_are_one_restore(turns, world):
    """One makes so many requests, then the other, and so on; at last the first goes on to its end, and then the other."""
    world.new(2, remote=True)
    runs = []
    for _number in range(2):
        steps = Steps()
        runs.append((Child([("cloudstack_vm_restore", {**world.task, **BACK})], steps), steps))
        steps.begin()
    for second, count in [*turns, (False, 1000), (True, 1000)]:
        for _request in range(count):
            if runs[second][1].goes_on:
                runs[second][1].step()
                world.wait_for_jobs()
    settled(world, [child.wait()[0] for child, _steps in runs])


def settled(world, both):
    """The VM has all disks as in the backup, runs, and nothing is left, after another run at the latest."""
    told = [one.result for one in both]
    assert not any(one.escaped for one in both), told
    last = restore(world)
    if last.failed:  # one has turned back while the other came to its end: it is told, and nothing is lost
        assert "on the safety snapshots of that again" in last.result["msg"], told
        assert world.times("web") == {"NOW"}, told
        world.storpool.do(*((f"SnapshotDelete/{name}", None) for name in world.safety()))
        last = restore(world)
    assert not last.failed, (told, last.result)
    assert world.times("web") == {"THEN"}, told
    assert world.vm("web")["state"] == "Running", told
    assert world.left() == [], told
    assert len(world.safety()) == 2, told


def twice_backed_up(world):
    """Disks hold ``LATER``; of ``THEN`` there is a backup at another location, of ``NOW`` one here. Their ids, by these."""
    vm = world.new(2, remote=True)
    world.back_up("web", remote=False)
    world.write("web", "LATER")
    found = runner.run("cloudstack_vm_backup_info", {**world.task, "source": "tags", "vm": [vm]}).result["vms"][0]
    world.forget()
    world.storpool.forget()
    return {"NOW" if row["location"] == "here" else "THEN": row["id"] for row in found["backups"]}


def writes(world, to):
    """What a run writes that nothing disturbs."""
    wire = runner.Wire()
    ids = twice_backed_up(world)
    assert not restore(world, wire, backup=ids[to]).failed
    return [request for request in wire.requests if is_write(request)]


def interleave(world, first, held, second, until):
    """A run to ``first`` is held up before request ``held``, one to ``second`` goes as far as request ``until``, then both go on, the first one first.

    The ids of the backups, and how the runs ended.
    """
    ids = twice_backed_up(world)
    runs = []
    for to, at in ((first, held), (second, until)):
        gate = Gate(at)
        runs.append((Child([("cloudstack_vm_restore", {**world.task, **BACK, "backup": ids[to]})], gate), gate))
        gate.is_reached()
    ended = []
    for child, gate in runs:
        gate.open()
        ended.extend(child.wait())
    return ids, ended


@pytest.mark.parametrize(
    ("first", "second", "holds"),
    [
        ("THEN", "NOW", False),
        ("NOW", "THEN", False),
        ("THEN", "NOW", True),
        ("NOW", "THEN", True),
        ("NOW", "NOW", False),
    ],
)
def test_two_runs_that_are_held_up_are_one_restore_after_the_other(first, second, holds, world):
    """One before each of its writes, the other one not at all, or when it has looked. Whatever ran, the disks are those of a restore that has ended well."""
    until = writes(world, second)[0] if holds else None
    for held in writes(world, first):
        ids, ended = interleave(world, first, held, second, until)
        told = (held, [one.result for one in ended])
        assert not any(one.escaped for one in ended), told
        done = {to for one, to in zip(ended, (first, second), strict=True) if not one.failed}
        [now] = world.times("web")
        assert now in done, told
        assert world.vm("web")["state"] == "Running", told
        assert world.left() == [], told
        assert len(world.safety()) == 2 * len(done), told
        if first == second:  # whoever comes second cannot know that the first is still at it
            continue
        reverts = [row for row in world.storpool.journal() if row["call"] == "VolumeRevert" and row["effect"]]
        assert len(reverts) == 2 * len(done), told
        for one, to in zip(ended, (first, second), strict=True):
            if one.failed:
                assert "Let it end first" in one.result["msg"], told
                again = restore(world, backup=ids[to])
                assert not again.failed, (told, again.result)
                assert (world.vm("web")["state"], world.times("web"), world.left()) == ("Running", {to}, []), told
