# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""VMs up at another site, and back: whatever happens on the way, each has all its disks there or none, and no volume is made twice."""

from __future__ import annotations

import signal

import pytest

from faults import runner
from faults.child import Child
from faults.failing_over import CLUSTERS, back_up, lose_site_a, one, paths, regain_site_a, sites, use_site_b
from faults.matrix import is_write
from simulators.client import start

TOKEN = "2718281828459045235"
UP = {"groups": [["db"], ["web"]], "cluster": CLUSTERS[1], "source": "tags", "fenced": True, "wait_timeout": 300}


@pytest.fixture(scope="module")
def world():
    with (
        start("storpool", token=TOKEN) as storpool,
        start("cloudstack", version="4.19.1", hosts=2, storpool_url=storpool.url, storpool_token=TOKEN) as cloudstack,
    ):
        yield sites(storpool, cloudstack)


def run(world, wire=None, *, home=False, check=False, **more):
    """A run of the module."""
    ended = runner.run(
        "cloudstack_vm_failover", {**(world.at_a if home else world.at_b), **UP, **more}, wire, check=check
    )
    assert not ended.escaped, ended.escaped
    return ended


def results(ended):
    return {row["name"]: row["result"] for row in ended.result["vms"]}


def is_up(world, vm):
    """Whether a VM runs at site B, on volumes there of which none is in the making; else all its disks are as they were, or the test fails."""
    made, state = world.made(), world.admin("GET", "state")
    host = next(row["db_id"] for row in state["hosts"] if row["name"] == "host2")
    row = one(world, "vms", vm)
    found = {
        row["tags"]["uuid"]: row["globalId"]
        for row in made.values()
        if row["tags"]["cvm"] == one(world, "vms", vm)["id"]
    }
    disks = {each["id"]: each["path"].rpartition("/")[2] for each in state["volumes"] if each["vm"] == row["db_id"]}
    if not found:
        assert all(each.startswith("sim.b") for each in disks.values()), disks
        return False
    assert found == disks
    assert (row["state"], row["host"]) == ("Running", host)
    assert not any("vm-failover-state" in each["tags"] or each["givenName"] for each in made.values())
    return True


def test_vms_come_up_and_a_second_run_changes_nothing(world):
    world.new({"db": 2, "web": 1})
    world.do(
        (
            "createTags",
            {
                "resourceids": one(world, "vms", "db")["id"],
                "resourcetype": "UserVm",
                "tags[0].key": "vc-policy",
                "tags[0].value": "gold",
            },
        )
    )
    world.forget()
    drill = run(world, check=True, fenced=False)
    assert not drill.failed, drill.result
    assert results(drill) == {"db": "up", "web": "up"}
    assert not [entry for entry in [*world.journal(), *world.storpool.journal()] if entry["write"]]
    assert all(0 <= row["age"] < 600 for row in drill.result["vms"])
    unfenced = run(world, fenced=False)
    assert unfenced.result["error"]["kind"] == "not_allowed"
    assert "fenced" in unfenced.result["msg"]
    ended = run(world)
    assert not ended.failed, ended.result
    assert ended.result["actions"] == drill.result["actions"] or len(ended.result["actions"]) >= len(
        drill.result["actions"]
    )
    assert is_up(world, "db")
    assert is_up(world, "web")
    tags = [row["tags"] for row in world.made().values()]
    assert sorted(each.get("vc-policy", "") for each in tags) == ["", "gold", "gold"]
    world.forget()
    again = run(world)
    assert not again.failed, again.result
    assert not again.changed
    assert results(again) == {"db": "there", "web": "there"}
    assert [row["backup"] for row in again.result["vms"]] == [row["backup"] for row in ended.result["vms"]]
    assert not [entry for entry in [*world.journal(), *world.storpool.journal()] if entry["effect"]]


def test_groups_start_in_order(world):
    world.new({"db": 1, "web": 1})
    assert not run(world).failed
    started = [entry["target"] for entry in world.journal() if entry["call"] == "startVirtualMachine"]
    assert started == [one(world, "vms", name)["id"] for name in ("db", "web")]


def test_a_run_that_is_killed_at_any_call_is_ended_by_the_next(world):
    """Before that the VM does not run unless it has all its disks; after it no volume is there twice, and it was started once."""
    vms = {"db": 2}
    task = {"groups": [["db"]], "at_once": 1}
    world.new(vms)
    wire = runner.Wire()
    assert not run(world, wire, **task).failed
    changes = [request for request in wire.requests if is_write(request)]
    assert sorted({request.call for request in changes}) == [
        "VolumeCreate",
        "VolumeUpdate",
        "startVirtualMachine",
        "stopVirtualMachine",
        "updateVolume",
    ]
    for request in changes:
        for after in (False, True):
            world.new(vms)
            killed = runner.Wire(kill_with=signal.SIGKILL, kill_at=request, kill_after=after)
            assert Child([("cloudstack_vm_failover", {**world.at_b, **UP, **task})], killed).wait() == []
            world.wait_for_jobs()
            new = set(world.made())
            led = {name for name, path in paths(world, "db").items() if path.startswith("far")}
            assert one(world, "vms", "db")["host"] != 2 or (len(new), len(led)) == (2, 2)
            again = run(world, **task)
            told = (request, after, again.result)
            assert not again.failed, told
            assert is_up(world, "db"), told
            effects = [entry["call"] for entry in [*world.journal(), *world.storpool.journal()] if entry["effect"]]
            assert effects.count("VolumeCreate") == 2, told
            assert effects.count("startVirtualMachine") <= 2, told
            assert not run(world, **task).changed, told


@pytest.mark.parametrize(
    ("call", "skip"), [("VolumeCreate", 0), ("VolumeCreate", 1), ("updateVolume", 0), ("updateVolume", 1)]
)
@pytest.mark.parametrize("name", ["insufficientResources", "objectDoesNotExist"])
def test_if_one_disk_is_refused_all_are_what_they_were(call, skip, name, world):
    """Whether it is refused for good, or with what another look could have explained, and is refused once more."""
    if name == "objectDoesNotExist" and call == "updateVolume":
        return
    world.new({"db": 2, "web": 1})
    fault = {"call": call, "kind": "api_error", "skip": skip, "times": 1 if name == "insufficientResources" else 2}
    if call == "updateVolume":
        world.admin("POST", "faults", {**fault, "errorcode": 530, "errortext": "No."})
    else:
        world.storpool.admin("POST", "faults", {**fault, "name": name, "descr": "Full."})
    ended = run(world, at_once=1)
    assert ended.failed
    assert results(ended) == {"db": "failed", "web": "up"}, ended.result
    assert "All its disks are what they were before" in ended.result["msg"]
    assert not is_up(world, "db")
    assert one(world, "vms", "db")["state"] == "Stopped"
    assert is_up(world, "web")
    world.calm()
    again = run(world)
    assert not again.failed, again.result
    assert results(again) == {"db": "up", "web": "there"}
    assert is_up(world, "db")


def test_a_vm_that_does_not_start_keeps_its_new_disks_for_the_next_run(world):
    world.new({"db": 1, "web": 1})
    world.admin("POST", "hosts", {"name": "host2", "connected": {"sp": False}})
    ended = run(world)
    assert results(ended) == {"db": "failed", "web": "failed"}
    assert "Its disks are those of the backup" in ended.result["msg"]
    world.admin("POST", "hosts", {"name": "host2", "connected": {"sp": True}})
    assert not run(world).failed
    assert is_up(world, "db")


def test_a_vm_whose_newest_backup_cannot_be_used_is_told_and_left(world):
    world.new({"db": 2, "web": 1})
    regain_site_a(world)
    use_site_b(world, "false")
    back_up(world, "db", ["db-1"])
    world.storpool.admin("POST", "now", {"seconds": 60})
    lose_site_a(world)
    world.forget()
    for check in (True, False):
        ended = run(world, check=check)
        assert ended.result["error"]["kind"] == "partly_failed"
        assert results(ended) == {"db": "left", "web": "up"}
        assert "it lacks volume 'ROOT-1'" in ended.result["msg"]
        assert "set older_backups" in ended.result["msg"]
        assert one(world, "vms", "db")["state"] == "Running"
    assert is_up(world, "web")
    assert not is_up(world, "db")
    old = run(world, older_backups=True, max_age="1", check=True)
    assert results(old)["db"] in ("left", "up")
    ended = run(world, older_backups=True)
    assert not ended.failed, ended.result
    assert is_up(world, "db")


def test_what_is_wrong_is_refused_before_anything_is_written(world):
    world.new({"db": 1, "web": 1})
    world.add(pool="sp", vms=1, name="idle", storpool=False, running=False)
    world.forget()

    def refused(kind, *told, **more):
        ended = run(world, **more)
        assert ended.failed
        assert ended.result["error"]["kind"] == kind, ended.result
        for words in told:
            assert words in ended.result["msg"], ended.result["msg"]
        assert not [entry for entry in [*world.journal(), *world.storpool.journal()] if entry["write"]]

    refused("not_found", "groups[1][0]", "'wep'", "Did you mean 'web'", groups=[["db"], ["wep"]])
    refused("invalid_option", "groups[0][1]", "twice", groups=[["db", "db"]])
    refused("invalid_option", "groups[0][1]", "twice", groups=[["db", one(world, "vms", "db")["id"].upper()]])
    refused("not_found", "zone: there is no zone 'zone2'", zone="zone2")
    refused("invalid_option", "groups[0]: an empty list", groups=[[]])
    refused("invalid_option", "groups: an empty list", groups=[])
    refused("not_found", "cluster", "site-b", cluster="site-c")
    refused("not_allowed", "No host of cluster 'site-a'", "host1 is Down", cluster="site-a")
    refused("invalid_option", "max_age", max_age="0")
    refused("invalid_option", "at_once", at_once=0)
    refused("partly_failed", "made before", made_after="2999-01-01", groups=[["db"]])
    refused("partly_failed", "is not on StorPool", groups=[["idle"]])
    world.admin("POST", "hosts", {"name": "host1", "state": "Up"})
    refused("partly_failed", "still hears from", groups=[["db"]])


def test_two_runs_at_once_make_nothing_twice(world):
    for _round in range(3):
        world.new({"db": 2, "web": 1})
        children = [Child([("cloudstack_vm_failover", {**world.at_b, **UP})]) for _number in range(2)]
        for ended in [child.wait()[0] for child in children]:
            assert not ended.escaped
        world.wait_for_jobs()
        last = run(world)
        assert not last.failed, last.result
        assert is_up(world, "db")
        assert is_up(world, "web")


def test_the_way_back_and_what_is_left_is_deleted(world):
    """The VMs are stopped, backed up to site A, and come up there; what they have left at both sites goes when it is told."""
    world.new({"db": 2, "web": 1})
    assert not run(world).failed
    regain_site_a(world)
    early = run(world, state="cleaned")
    assert not early.changed, early.result
    refused = run(world, home=True, state="stopped")
    assert "Set stop_vms" in refused.result["msg"]
    stopped = run(world, home=True, state="stopped", stop_vms=True)
    assert not stopped.failed, stopped.result
    assert results(stopped) == {"db": "stopped", "web": "stopped"}
    order = [entry["target"] for entry in world.journal() if entry["call"] == "stopVirtualMachine"][-2:]
    assert order == [one(world, "vms", name)["id"] for name in ("web", "db")]
    moment = str(int(world.storpool.admin("GET", "now")["now"]))
    back = {"home": True, "cluster": CLUSTERS[0], "made_after": moment, "fenced": False}
    old = run(world, **back)
    assert set(results(old).values()) == {"left"}
    for name in ("db", "web"):
        back_up(world, name, home=True)
    world.storpool.admin("POST", "now", {"seconds": 60})
    use_site_b(world, "false")
    ended = run(world, **back)
    assert not ended.failed, ended.result
    assert results(ended) == {"db": "up", "web": "up"}
    assert {one(world, "vms", name)["host"] for name in ("db", "web")} == {1}
    assert all(path.startswith("sim.b") for name in ("db", "web") for path in paths(world, name).values())
    assert not run(world, **back).changed
    assert not run(world, home=True, state="stopped", stop_vms=True).changed
    for home, cluster in ((False, "far.c"), (True, "sim.b")):
        ended = run(world, home=home, state="cleaned")
        assert not ended.failed, ended.result
        assert results(ended) == {"db": "cleaned", "web": "cleaned"}
        assert not run(world, home=home, state="cleaned").changed
        left = world.storpool.admin("GET", "state")["clusters"][cluster]["volumes"]
        kept = [path for name in ("db", "web") for path in paths(world, name).values()] if home else []
        assert sorted(
            row["globalId"] for row in left if row["tags"].get("cs") == "volume" and row["tags"].get("cvm")
        ) == sorted(kept)
