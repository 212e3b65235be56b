# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One disk of a backup as a new volume: what is refused, and where runs that are killed, and people, leave it."""

from __future__ import annotations

import contextlib
import itertools
import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._backups import marks, volume_plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.reading import Sides
from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.volume_run import Desk, VolumeRun
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.other_half import reference
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.volume import fitting
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    ApiError,
    InvalidOption,
    NotAllowed,
    NotConverged,
    NotFound,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Plan, Step, converge

WEB, RESCUE = "0c9e2f3a-1111-4222-8333-444455556666", "0c9e2f3a-1111-4222-8333-444455556667"
ROOT, DATA = "aaaaaaaa-1111-4222-8333-444455556661", "aaaaaaaa-1111-4222-8333-444455556662"
GIB = 1 << 30
OWNER = {"zoneid": "z", "zonename": "zone1", "account": "shop", "domainid": "d"}
WANT = volume_plan.Want(True, "web", "data", "rescue", None, "out", "custom", "latest", None, None, 60)


class Killed(Exception):
    """The process is no more."""


class World:
    """A cloud and a cluster, as far as one new volume goes. What a volume holds is a word."""

    def __init__(self, remote):
        self.there = {"web": {"id": WEB, "name": "web", **OWNER}, "rescue": {"id": RESCUE, "name": "rescue", **OWNER}}
        self.rows = {
            DATA: {"id": DATA, "name": "data", "virtualmachineid": WEB, "path": None, "size": 2 * GIB, **OWNER}
        }
        tags = {"cvm": WEB, "uuid": DATA, "theirs": "yes"}
        backup = {"globalId": "a.b.then", "name": "then", "size": GIB + 1, "creationTimestamp": 100, "tags": tags}
        self.here = {} if remote else {"a.b.then": {**backup, "parentName": ""}}
        self.remote = [{**backup, "remoteId": "a.b.then", "location": "far"}] if remote else []
        self.halves = {}
        self.holds = {}
        self.calls = []
        self.clock = itertools.count()
        self.left = None  # how many more steps until the process is killed

    # What both sides are asked.

    def vms(self):
        return list(self.there.values())

    def volumes_of_vm(self, vm):
        return [dict(row) for row in self.rows.values() if row["virtualmachineid"] == vm["id"]]

    def volumes(self, *, name, **where):
        return [] if where.get("state") else self.volumes_called(name, None)

    def volumes_called(self, name, _zone):
        return [dict(row) for row in self.rows.values() if name in (row["name"], row["id"])]

    def volume(self, one):
        return self.rows.get(one)

    def vm_snapshots(self, **_where):
        return []

    def desk(self, options, row):
        """What plans volumes on CloudStack's side, in brief."""
        assert (row or {}).get("id") == options.get("id")
        shown = {"tags": {}, "vm": None}
        if row is None:
            body = {**options, "size": int(options["size"][:-3])}
            return lambda: Plan((Step("createVolume", None, body, "create volume 'out'"),), None, shown)
        attached, wanted = row["virtualmachineid"], options["vm"]
        steps = []
        if attached and attached != wanted:
            steps.append(Step("detachVolume", None, {"id": row["id"]}, "detach volume 'out' from VM 'rescue'"))
        if options.get("state") == "absent":
            steps.append(Step("destroyVolume", None, {"id": row["id"]}, "expunge"))
        elif wanted and attached != wanted:
            body = {"id": row["id"], "virtualmachineid": wanted}
            steps.append(Step("attachVolume", None, body, "attach volume 'out' to VM 'rescue'"))
        return lambda: Plan(tuple(steps), shown, None if options.get("state") else shown)

    # What is done.

    def apply(self, step):
        if self.left == 0:
            raise Killed
        self.left = None if self.left is None else self.left - 1
        self.calls.append(step.call)
        return getattr(self, re.sub("([A-Z])", r"_\1", "_" + step.call).lower().replace("__", "_"))(
            step.body, (step.target or "").lstrip("~")
        )

    def _create_volume(self, body, _target):
        one = f"bbbbbbbb-1111-4222-8333-44445555{len(self.calls):04}"
        new = {"id": one, "name": body["name"], "state": "Allocated", "virtualmachineid": None, "path": None}
        self.rows[one] = {**new, "size": body["size"] * GIB, "tags": [], "created": next(self.clock), **OWNER}
        return {"volume": {"id": one}}

    def _create_tags(self, body, _target):
        row = self.rows[body["resourceids"]]
        assert not {tag["key"] for tag in row["tags"]} & {tag["key"] for tag in body["tags"]}
        row["tags"] = [*row["tags"], *body["tags"]]

    def _attach_volume(self, body, _target):
        row = self.rows[body["id"]]
        one = f"a.b.{row['id'][-4:]}"
        if not row["path"]:
            row.update(path=f"/dev/storpool-byid/{one}", state="Ready")
            half = {"globalId": one, "name": "~" + one, "size": row["size"], "parentName": "", "tags": {"cs": "volume"}}
            self.halves[one], self.holds[one] = half, ""
        assert self.holds[one] == "" or volume_plan.STATE in volume_plan.cloud_tags(row)
        row["virtualmachineid"] = body["virtualmachineid"]

    def _detach_volume(self, body, _target):
        self.rows[body["id"]]["virtualmachineid"] = None

    def _destroy_volume(self, body, _target):
        row = self.rows.pop(body["id"])
        self.halves.pop((row["path"] or "").rpartition("/")[2], None)

    def _snapshot_from_remote(self, body, _target):
        self.here["a.b.then"] = {**self.remote[0], "parentName": "", "tags": {**self.remote[0]["tags"], **body["tags"]}}

    def _volumes_group_snapshot(self, body, _target):
        [item] = body["volumes"]
        half = self.halves[item["volume"].lstrip("~")]
        if item["name"] in {row["name"] for row in self.here.values()}:
            raise ApiError("It exists.", error={"name": "objectExists"})
        self.here["a.b.empty"] = {"globalId": "a.b.empty", "name": item["name"], "tags": item["tags"], "parentName": ""}
        half["parentName"] = item["name"]

    def snapshot(self, one):
        if one not in self.here:
            raise ApiError("It does not exist.", error={"name": "objectDoesNotExist"})
        return self.here[one]

    def _volumes_reassign_wait(self, body, _target):
        assert [item["detach"] for item in body["reassign"]] == ["all"]

    def _volume_revert(self, body, target):
        [row] = [each for each in self.rows.values() if (each["path"] or "").endswith(target)]
        assert row["virtualmachineid"] is None
        assert self.holds[target] == ""
        snapshot = self.snapshot(body["toSnapshot"].lstrip("~"))
        self.halves[target].update(parentName=snapshot["name"], tags=dict(snapshot["tags"]))
        self.holds[target] = "then"

    def _volume_update(self, body, target):
        merged = {**self.halves[target]["tags"], **body["tags"]}
        self.halves[target]["tags"] = {key: value for key, value in merged.items() if value}

    def _snapshot_delete(self, _body, target):
        row = self.snapshot(target)
        del self.here[target]
        for half in self.halves.values():  # it is a link of chains as long as something is based on it
            if half["parentName"] == row["name"]:
                self.here["*" + target] = {**row, "globalId": "x" + target, "name": "*" + row["name"], "tags": {}}

    def run(self, wanted=WANT, left=None, turn=lambda **_: None):
        """One run, which is killed when it has done so many steps. It waits for its ``turn`` before each look and step."""
        self.left = left
        cluster = type("Cluster", (), {})()
        cluster.every_snapshot = lambda: [dict(row) for row in self.here.values()]
        cluster.volumes = lambda: [dict(row) for row in self.halves.values()]
        cluster.remote_snapshots = lambda: [dict(row) for row in self.remote]
        cluster.volumes_space = lambda: [{"globalId": one, "storedSize": len(text)} for one, text in self.holds.items()]
        sides = Sides(
            self, cluster, lambda vm, *_more: self.there.get(vm), reference, lambda raw: ("~" + raw["globalId"],)
        )

        def apply(step):
            turn()
            if step.method == "GET":
                missing = step.body.watch(self)
                for _attempt in range(99):
                    if missing() is None:
                        return None
                    turn(waits=True)
                raise NotConverged(missing(), call=str(step))
            return self.apply(step)

        def look():
            turn()
            return run.look()

        run = VolumeRun(sides, Desk(self.desk, lambda *_: None), wanted, apply, apply, lambda: 200.0)
        return converge(look, lambda make: make(), run.apply)

    def new(self):
        """The volume."""
        [row] = [each for each in self.rows.values() if each["id"] != DATA]
        return row

    def leftovers(self):
        """What is only for the way."""
        return [row["name"] for row in self.here.values() if marks.VOLUME in row["tags"]]


def whole(world):
    """Whether the VM has the volume, with what it is for, and nothing else is left."""
    row = world.new()
    one = row["path"].rpartition("/")[2]
    assert row["virtualmachineid"] == RESCUE
    assert world.holds[one].startswith("then")
    assert row["size"] == 2 * GIB
    assert world.halves[one]["tags"] == {"cs": "volume"}
    assert world.leftovers() == []
    assert world.calls.count("createVolume") == world.calls.count("VolumeRevert") == 1
    return True


@given(st.lists(st.integers(0, 6), max_size=4), st.booleans())
def test_whatever_kills_runs_the_next_ends_it(kills, remote):
    world = World(remote)
    for left in kills:
        with contextlib.suppress(Killed):
            world.run(left=left)
    world.run()
    assert whole(world)
    one = world.new()["path"].rpartition("/")[2]
    world.holds[one] += " and what a person wrote"
    done = list(world.calls)
    assert not world.run().changed
    world._detach_volume({"id": world.new()["id"]}, "")
    world.run()
    assert whole(world)
    assert world.calls == [*done, "attachVolume"]


class Turns:
    """Two runs at once, in an order of turns; when that is over, the first goes on to its end, and then the other.

    A turn lasts until its run asks for the next one: what it does in it, nobody else is at.
    """

    def __init__(self, order):
        self.order, self.alive, self.changed = list(order), ["a", "b"], threading.Condition()
        self.at_work, self.ended = None, {}

    def whose(self):
        while self.order and self.order[0] not in self.alive:
            del self.order[0]
        return self.order[0] if self.order else self.alive[0]

    def turn(self, who, *, waits=False):
        with self.changed:
            if waits:
                self.alive.sort(key=lambda each: each == who)
            self.leave(who)
            assert self.changed.wait_for(lambda: self.at_work is None and self.whose() == who, timeout=60)
            self.at_work = who
            del self.order[:1]

    def leave(self, who):
        if self.at_work == who:
            self.at_work = None
        self.changed.notify_all()

    def run(self, who, world):
        try:
            self.ended[who] = world.run(turn=lambda **how: self.turn(who, **how))
        except Exception as failure:  # noqa: BLE001  # the test shows it
            self.ended[who] = failure
        with self.changed:
            self.alive.remove(who)
            self.leave(who)


@pytest.mark.parametrize("begin", ["ab", "abaabb"])
def test_of_two_runs_that_make_one_at_once_each_ends_well_with_the_same(begin):
    """Both have seen that there is none; or each has made one, and sees which. Wherever they stop for a while then, one volume stays, and the other goes."""
    for a, b, clock in itertools.product(range(14), range(16), ((1, 1), (2, 1))):
        world, turns = World(remote=True), Turns(begin + "a" * a + "b" * b)
        world.clock = iter(clock)
        threads = [threading.Thread(target=turns.run, args=(who, world)) for who in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told = (a, b, clock, world.calls, turns.ended)
        assert [getattr(outcome, "changed", outcome) for outcome in turns.ended.values()] == [True, True], told
        row = world.new()
        assert (row["virtualmachineid"], world.holds[row["path"].rpartition("/")[2]]) == (RESCUE, "then"), told
        assert (world.leftovers(), world.calls.count("createVolume")) == ([], 2), told
        assert not world.run().changed


@given(st.integers(0, 12), st.lists(st.integers(0, 2), max_size=2), st.booleans())
def test_whatever_was_done_of_it_it_can_be_removed(first, kills, remote):
    world = World(remote)
    with contextlib.suppress(Killed):
        world.run(left=first)
    gone = WANT._replace(present=False)
    if world.calls == ["createVolume"]:  # it is not marked: under a name of the task's it may be anybody's
        with pytest.raises(NotAllowed, match="not one that this module has made"):
            world.run(gone)
        return
    for left in kills:
        with contextlib.suppress(Killed):
            world.run(gone, left)
    world.run(gone)
    assert list(world.rows) == [DATA]
    assert world.leftovers() == []


def test_what_has_ended_while_it_was_waited_for_is_seen():
    """The run before was killed when CloudStack had begun to attach the volume."""
    world = World(remote=False)
    with pytest.raises(Killed):
        world.run(left=2)
    body = {"id": world.new()["id"], "virtualmachineid": RESCUE}
    job = type("Job", (), {"watch": lambda _self, world: lambda: world._attach_volume(body, "")})()
    wait, desk = Step("listVolumes", None, job, "wait", method="GET"), world.desk
    shown = {"tags": {}}
    world.desk = lambda *of: (lambda: Plan((wait,), shown, shown)) if not world.new()["path"] else desk(*of)
    world.run()
    assert whole(world)


def test_what_nobody_marked_goes_if_it_has_the_name_that_only_this_gives():
    world = World(remote=True)
    wanted = WANT._replace(name=None)
    with pytest.raises(Killed):
        world.run(wanted, 1)
    assert world.new()["name"] == f"restored-{DATA}"
    world.run(wanted._replace(present=False))
    assert list(world.rows) == [DATA]


@pytest.mark.parametrize(
    ("more", "told", "kind"),
    [
        ({"backup": "7.here"}, "not of backup 7.here", NotAllowed),
        ({"before": 50}, "not of one from before", NotAllowed),
        ({"max_age": 50}, "max_age", NotAllowed),
        ({"disk": ROOT}, "no disk", InvalidOption),
        ({"onto": "nobody"}, "onto: CloudStack has no VM 'nobody'", NotFound),
        ({"vm": "nobody"}, "vm: CloudStack has no VM 'nobody'", NotFound),
    ],
)
def test_a_volume_that_holds_something_else_is_left_alone(more, told, kind):
    world = World(remote=False)
    world.run()
    done = list(world.calls)
    with pytest.raises(kind, match=told):
        world.run(WANT._replace(**more))
    assert world.calls == done


def test_what_others_did_is_told_and_left_alone():
    world = World(remote=False)
    world._create_volume({"name": "out", "size": 5}, "")
    with pytest.raises(NotAllowed, match="this module has not made"):
        world.run()
    world.new()["size"] = 2 * GIB
    with pytest.raises(NotAllowed, match="not one that this module has made"):
        world.run(WANT._replace(present=False))
    with pytest.raises(Killed):
        world.run(left=2)
    one = world.new()["path"].rpartition("/")[2]
    world.holds[one] = "somebody's"
    with pytest.raises(NotAllowed, match="Somebody has written to volume 'out'"):
        world.run()
    world.new()["virtualmachineid"] = WEB
    with pytest.raises(NotAllowed, match="attached to another VM"):
        world.run()
    with pytest.raises(NotAllowed, match="attached to another VM"):
        world.run(WANT._replace(present=False))
    world._create_volume({"name": "out", "size": 5}, "")
    world._create_volume({"name": "out", "size": 5}, "")
    world.rows = {key: {**row, "tags": []} for key, row in world.rows.items()}
    with pytest.raises(Ambiguous, match="volumes have the name 'out'"):
        world.run()


def test_of_a_newer_backup_only_a_warning_tells():
    world = World(remote=False)
    world.run()
    newer = {**world.here["a.b.then"], "globalId": "a.b.new", "name": "new", "creationTimestamp": 150}
    world.here["a.b.new"] = newer
    outcome = world.run()
    assert not outcome.changed
    assert "there is backup 150.here" in outcome.cautions[0]


CUSTOM = {"id": "o1", "name": "custom", "iscustomized": True, "tags": "fast"}
POOL = {"id": "p1", "name": "sp", "zoneid": "z", "state": "Up", "provider": "StorPool", "tags": "fast"}
NFS = {"id": "p2", "name": "nfs", "zoneid": "z", "state": "Up", "provider": "DefaultPrimary", "tags": ""}


@pytest.mark.parametrize(
    ("offering", "pools", "told"),
    [
        (CUSTOM, [POOL, NFS], None),
        ({**CUSTOM, "tags": ""}, [POOL, NFS], "'nfs' as well"),
        ({**CUSTOM, "tags": ""}, [POOL, {**NFS, "zoneid": "y"}], None),
        ({**CUSTOM, "tags": "slow"}, [POOL, NFS], "no StorPool pool"),
        (CUSTOM, [{**POOL, "state": "Maintenance"}], "no StorPool pool"),
        ({**CUSTOM, "iscustomized": False}, [POOL], "one size"),
        ({**CUSTOM, "zoneid": "x,y"}, [POOL], "not for zone 'zone1'"),
        ({**CUSTOM, "storagetype": "local"}, [POOL], "local storage"),
    ],
)
def test_which_disk_offerings_fit(offering, pools, told):
    found = fitting.problem(offering, pools, OWNER)
    assert found is None if told is None else told in found
