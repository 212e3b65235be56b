# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One disk of a backup on another VM: what it holds there, byte for byte, whatever happens on the way."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from faults import runner
from faults.child import Child
from faults.cloudstack_pools import made
from faults.matrix import is_write
from faults.restoring import Restored, TwoSites
from faults.scenario import Scenario
from simulators.client import start

TOKEN = "2718281828459045235"
GIB = 1 << 30
OUT = {
    "vm": "web",
    "source": "tags",
    "disk": "data-1",
    "onto": "rescue",
    "disk_offering": "custom",
    "wait_timeout": 300,
}
#: CloudStack's tags on the volume, beside the one for its state.
HELD = {"volume-restore", "volume-restore-of", "volume-restore-snapshot", "volume-restore-state"}


class Rescued(Restored):
    """The VM ``web`` with the disk ``data-1``, which is no whole number of GiB, a backup of it, and the VM ``rescue``. Limits and tags come with reverts."""

    def rescue(self, *, remote: bool, running: bool = True) -> None:
        """Begin."""
        switches = {"revert_tags": "restored", "revert_limits": "restored"}
        self.begin(Scenario("none", "none", {}, names=(), prepare=made, switches=switches))
        self.add(pool="sp", vms=1, name="web")
        self.do(("createDiskOffering", {"name": "custom", "displaytext": "c", "customized": "true", "tags": "fast"}))
        self.add(pool="sp", vms=1, name="rescue", running=running)
        self.add(pool="sp", volumes=1, name="data-1", size_gib=1)
        self.attach("web", "data-1")
        one = self.disks("web")["data-1"]
        self.storpool.do((f"VolumeUpdate/~{one}", {"size": GIB + (1 << 20), "iops": 77, "tags": {"theirs": "yes"}}))
        self.write("web", "THEN")
        self.then = written(self.file(one))
        self.back_up("web", remote=remote)
        self.write("web", "NOW")
        self.forget()
        self.storpool.forget()

    def file(self, one: str) -> Path:
        """The bytes of a volume of StorPool's."""
        return Path(self.storpool.admin("GET", "data")[one]["file"])

    def restored(self) -> list[dict]:
        """CloudStack's rows of all volumes that may be the new one."""
        rows = self.admin("GET", "state")["volumes"]
        return [row for row in rows if row["name"].startswith("restored-") and not row["removed"]]

    def see_whole(self) -> dict:
        """The new volume is there once, on the VM, with all that the disk held, and nothing else is left of it."""
        [row] = self.restored()
        state = self.admin("GET", "state")
        assert row["vm"] == next(vm["db_id"] for vm in state["vms"] if vm["name"] == "rescue")
        assert row["size"] == 2 * GIB
        one = row["path"].rpartition("/")[2]
        assert written(self.file(one)) == self.then
        half = next(each for each in self.storpool.state()["volumes"] if one in (each["globalId"], each["lastingId"]))
        assert (half["size"], half["iops"]) == (2 * GIB, "-")
        assert "theirs" not in half["tags"]
        vm = self.vm("rescue")  # the driver tells StorPool of a VM that is stopped only when it is started
        cvm = vm["id"] if vm["state"] == "Running" else None
        assert (half["tags"]["uuid"], half["tags"].get("cvm")) == (row["id"], cvm)
        assert set(row["tags"]) == HELD
        self.see_nothing_left()
        return row

    def see_nothing_left(self) -> None:
        """StorPool has nothing that was only for the way, and nobody's disk was touched."""
        state = self.storpool.state()
        things = [*state["volumes"], *(each for each in state["snapshots"] if not each["deleted"])]
        assert not [each["name"] for each in things if any("restore" in key for key in each["tags"])]
        assert self.contents("web")["data-1"] == "NOW of data-1"


def written(path: Path) -> dict[int, bytes]:
    """All that is in a file, without the zeros."""
    found, end, size = {}, 0, path.stat().st_size
    with path.open("rb") as file:
        while end < size:
            try:
                begin = os.lseek(file.fileno(), end, os.SEEK_DATA)
            except OSError:  # only a hole is left
                break
            end = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
            file.seek(begin)
            for at in range(begin, end, 4096):
                block = file.read(min(4096, end - at))
                if block.strip(b"\0"):
                    found[at] = block
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A cloud in front of a StorPool cluster whose volumes have bytes."""
    with (
        start("storpool", token=TOKEN, data=str(tmp_path_factory.mktemp("data") / "bytes")) as storpool,
        start("cloudstack", version="4.19.1", hosts=1, storpool_url=storpool.url, storpool_token=TOKEN) as cloudstack,
    ):
        yield Rescued(cloudstack, TwoSites(storpool))


def restore(world, wire=None, **more):
    """A run of the module."""
    check = more.pop("check", False)
    task = {key: value for key, value in {**world.task, **OUT, **more}.items() if value is not None}
    ended = runner.run("cloudstack_volume_restore", task, wire, check=check, diff=True)
    assert not ended.escaped, ended.escaped
    return ended


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("running", [False, True])
def test_another_vm_gets_what_the_disk_held(remote, running, world):
    world.rescue(remote=remote, running=running)
    foreseen = restore(world, check=True)
    assert not foreseen.failed, foreseen.result
    assert not [entry for entry in [*world.journal(), *world.storpool.journal()] if entry["write"]]
    ended = restore(world)
    assert not ended.failed, ended.result
    # What a revert changes beside contents is for StorPool alone to say.
    actions = [[each for each in run.result["actions"] if not each.startswith("give ")] for run in (foreseen, ended)]
    assert actions[0] == actions[1]
    row = world.see_whole()
    assert (ended.result["volume"]["id"], ended.result["volume"]["vm"]["name"]) == (row["id"], "rescue")
    again = restore(world)
    assert not again.failed, again.result
    assert not again.changed
    gone = restore(world, state="absent")
    assert not gone.failed, gone.result
    assert gone.changed
    assert world.restored() == []
    world.see_nothing_left()
    assert not restore(world, state="absent").changed


class KilledAtChange(runner.Wire):
    """Kills the process at the so-many-th change (``kill_at``), however often jobs are asked about before."""

    def _die(self, number):
        changes = [each for each in self.requests[: number + 1] if is_write(each)]
        if is_write(self.requests[number]) and len(changes) == self.kill_at + 1:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_run_that_is_killed_at_any_change_is_ended_by_the_next(state, world):
    """With the same volume: none is made twice, and none is reverted once somebody could have written to it. The matrix kills runs before changes, too."""

    def begin():
        world.rescue(remote=True)
        if state == "absent":
            assert not restore(world).failed
            world.forget()
            world.storpool.forget()

    begin()
    wire = runner.Wire()
    assert not restore(world, wire, state=state).failed
    calls = [request.call for request in wire.requests if is_write(request)]
    assert calls == _CALLS[state]
    for number, call in enumerate(calls):
        begin()
        told = (call, number)
        killed = KilledAtChange(kill_at=number, kill_after=True)
        task = {**world.task, **OUT, "state": state}
        assert Child([("cloudstack_volume_restore", task)], killed).wait() == [], told
        again = restore(world, state=state)
        assert not again.failed, (told, again.result)
        if state == "present":
            world.see_whole()
        else:
            assert world.restored() == [], told
            world.see_nothing_left()
        journal = [*world.journal(), *world.storpool.journal()]
        once = sorted(entry["call"] for entry in journal if entry["effect"] and entry["call"] in _ONCE)
        assert once == (sorted(_ONCE) if state == "present" else []), told
        assert not restore(world, state=state).changed, told


class Meanwhile(runner.Wire):
    """Has another run begin and end just before a volume is made."""

    other = None

    def _between(self, number, send):
        if self.requests[number].call == "createVolume" and self.other is None:
            self.other = runner.Ended({}, "")
            self.other = self.run()
        return super()._between(number, send)


def test_of_two_runs_that_see_that_there_is_none_the_second_gives_its_own_up(world):
    world.rescue(remote=True)
    wire = Meanwhile()
    wire.run = lambda: restore(world)
    ended = restore(world, wire)
    assert not wire.other.failed, wire.other.result
    assert not ended.failed, ended.result
    row = world.see_whole()
    assert [each.result["volume"]["id"] for each in (wire.other, ended)] == [row["id"]] * 2
    assert not restore(world).changed


_ONCE = ("createVolume", "VolumeRevert")
_CALLS = {
    "present": [
        *("createVolume", "createTags", "attachVolume", "detachVolume", "SnapshotFromRemote", "VolumesGroupSnapshot"),
        *(
            "VolumesReassignWait",
            "VolumeRevert",
            "VolumeUpdate",
            "createTags",
            "attachVolume",
            "SnapshotDelete",
            "SnapshotDelete",
        ),
    ],
    "absent": ["detachVolume", "destroyVolume"],
}


@pytest.mark.parametrize("number", range(len(_CALLS["present"])))
def test_what_was_begun_can_be_removed_whatever_was_done_of_it(number, world):
    world.rescue(remote=True)
    killed = KilledAtChange(kill_at=number, kill_after=True)
    assert Child([("cloudstack_volume_restore", {**world.task, **OUT})], killed).wait() == []
    gone = restore(world, state="absent")
    assert not gone.failed, gone.result
    assert world.restored() == []
    world.see_nothing_left()


@pytest.mark.parametrize("number", range(4, 9))
def test_a_change_whose_reply_is_lost_is_not_made_twice(number, world):
    """Those to StorPool, that are for what the volume holds; the matrix has all of them."""
    world.rescue(remote=True)
    call = _CALLS["present"][number]
    fault = {"call": call, "kind": "reset_after", "skip": _CALLS["present"][:number].count(call)}
    for admin in world.admins.values():
        admin("POST", "faults", fault)
    ended = restore(world)
    world.calm()
    if (
        call in ("VolumesReassignWait", "VolumeUpdate") and ended.failed
    ):  # it was the driver's own, so CloudStack's job has failed
        ended = restore(world)
    assert not ended.failed, ended.result
    world.see_whole()
    journal = [*world.journal(), *world.storpool.journal()]
    assert sorted(entry["call"] for entry in journal if entry["effect"] and entry["call"] in _ONCE) == sorted(_ONCE)


def test_what_was_kept_of_a_volume_that_somebody_deletes_does_not_keep_the_next_from_being_made(world):
    world.rescue(remote=True)
    deleted = runner.Before("VolumeRevert", lambda: world.do(("deleteVolume", {"id": world.restored()[0]["id"]})))
    assert restore(world, deleted).failed
    ended = restore(world)
    assert not ended.failed, ended.result
    assert any("one of a volume that is gone" in each for each in ended.result["actions"])
    world.see_whole()


class Deleting(runner.Wire):
    """Somebody deletes the copy of the snapshot that is here for this, just before a change (counted from 1)."""

    def __init__(self, world, change):
        super().__init__()
        self.world, self.change, self.count = world, change, 0

    def _between(self, number, send):
        if is_write(self.requests[number]):
            self.count += 1
            if self.count == self.change:
                for row in self.world.storpool.state()["snapshots"]:
                    if row["tags"].get("vm-restore-kind") == "copy" and not row["deleted"]:
                        self.world.storpool.do((f"SnapshotDelete/~{row['lastingId']}", None))
        return super()._between(number, send)


def test_a_copy_that_somebody_deletes_in_between_is_brought_again(world):
    """Before any change; the run that it happens to comes to its end."""
    world.rescue(remote=True)
    wire = Deleting(world, 0)
    assert not restore(world, wire).failed
    for change in range(2, wire.count + 1):
        world.rescue(remote=True)
        ended = restore(world, Deleting(world, change))
        assert not ended.failed, (change, ended.result)
        world.see_whole()
