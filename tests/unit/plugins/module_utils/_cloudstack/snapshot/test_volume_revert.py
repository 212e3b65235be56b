# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes of CloudStack's back to a snapshot: guards, what is waited for, and what StorPool has changed with it."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import reverted
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.predicted import Predicted
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader, StorPool
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reverted import Halves
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.snapshots import OF_VOLUMES, Settled
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.snapshot import revert
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.snapshot.revert import Current, plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    Incomplete,
    InvalidOption,
    NameTaken,
    NotAllowed,
    NotConfigured,
    NotFound,
    ReplyLost,
    Unreachable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Step, converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.verb import History, with_memory
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

V1 = "7cecd2a8-7341-43e3-b95d-b521d1decd55"
OPTIONS = {"volume": "data", "snapshot": "nightly", "zone": None, "safety_snapshot": None, "wait_timeout": 60}
VOLUME = {"id": V1, "name": "data", "state": "Ready", "path": "/dev/storpool-byid/a.b.1"}
SNAPSHOT = {
    "id": "s-1",
    "name": "nightly",
    "state": "BackedUp",
    "volumeid": V1,
    "volumename": "data",
    "created": "2026-01-31T12:00:00+0000",
}
OF_VM = {"virtualmachineid": "m-1", "vmname": "web"}
HALF = {"template": "hybrid", "iops": 500, "bw": None, "limit_type": "total", "tags": {"cs": "volume", "uuid": V1}}
EARLIER, LATER = "2026-02-01T11:59:59+0000", "2026-02-01T12:00:00+0000"
DONE = Step("revertSnapshot", None, {"id": "s-1"}, "revert")


def planned(current, done=(), first=None):
    return plan(current, revert.want(OPTIONS), History(first or current, tuple(done)))


def test_a_volume_is_reverted_and_what_is_lost_is_said():
    todo = planned(Current(VOLUME, SNAPSHOT))
    assert [(step.call, step.body) for step in todo.steps] == [("revertSnapshot", {"id": "s-1"})]
    told = "snapshot 'nightly' of volume 'data' of 2026-01-31T12:00:00+0000"
    assert todo.steps[0].action == f"revert volume 'data' to {told}"
    assert todo.losses == (
        f"Volume 'data' is reverted to {told}: what was written to it since is lost (no safety_snapshot).",
    )
    assert (todo.before["contents"], todo.after["contents"]) == (
        "what has been written to it",
        "as of snapshot 'nightly' of volume 'data'",
    )


@pytest.mark.parametrize(
    ("current", "failure", "says"),
    [
        (
            Current(there=({"name": "date"},)),
            NotFound,
            r"no volume 'data' with that name or id. Did you mean 'date'\? CloudStack has date",
        ),
        (
            Current(VOLUME, there=({**SNAPSHOT, "name": "night"},)),
            NotFound,
            "no snapshot 'nightly' of volume 'data' with.* CloudStack has night",
        ),
        (
            Current(VOLUME, elsewhere=({**SNAPSHOT, "volumename": "other"},)),
            NotAllowed,
            "the one of that name is of volume 'other'.*only to its own",
        ),
        (
            Current({**VOLUME, **OF_VM, "vmstate": "Running"}, SNAPSHOT),
            NotAllowed,
            "of VM 'web', which is Running.*Stop the VM",
        ),
        (Current({**VOLUME, **OF_VM, "vmstate": "Starting"}, SNAPSHOT), NotAllowed, "which is Starting"),
        (
            Current(
                {**VOLUME, **OF_VM, "vmstate": "Stopped"},
                SNAPSHOT,
                None,
                (),
                ({"id": "x", "name": "i-2", "displayname": "vs1"},),
            ),
            NotAllowed,
            "has the VM snapshots 'vs1'.*cloudstack_vm_revert",
        ),
        (Current({**VOLUME, "state": "Allocated"}, SNAPSHOT), NotAllowed, "is Allocated"),
        (Current(VOLUME, {**SNAPSHOT, "state": "Error"}), NotAllowed, "in state Error, and holds nothing"),
        (Current(VOLUME, {**SNAPSHOT, "revertable": False}), NotAllowed, "nothing can be reverted to it"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(current, failure, says):
    with pytest.raises(failure, match=says):
        planned(current)


def test_what_goes_on_is_waited_for():
    busy = planned(Current({**VOLUME, "state": "Reverting"}, SNAPSHOT))
    revert_step = planned(Current(VOLUME, SNAPSHOT)).steps[0]
    assert busy.steps[0].body == revert.Settled(V1)
    assert busy.steps[1] == revert_step
    being_taken = planned(Current(VOLUME, {**SNAPSHOT, "state": "BackingUp"}))
    assert [step.body for step in being_taken.steps] == [Settled(OF_VOLUMES, "s-1")]
    assert being_taken.later == (revert_step.action,)


def test_limits_and_tags_that_became_others_are_a_warning():
    first = Current(VOLUME, SNAPSHOT, halves=Halves({"~a.b.1": HALF}))
    now = {**HALF, "iops": None, "tags": {"cs": "snapshot", "uuid": V1, "own": "x"}}
    todo = planned(first._replace(halves=Halves({"~a.b.1": now})), [DONE], first)
    assert todo.steps == ()
    [told] = todo.cautions
    assert (
        "iops is not set and was 500, tag cs is 'snapshot' and was 'volume' and tag own is 'x' and was not set" in told
    )
    assert "allow_foreign" in told
    assert planned(first, [DONE], first).cautions == ()
    away = planned(first._replace(halves=Halves({}, "nobody answers")), [DONE], first)
    assert away.cautions == (
        "Whether the revert has changed limits and tags on StorPool is not known: nobody answers.",
    )


@pytest.mark.parametrize(
    ("failure", "expected"),
    [(NotConfigured("no token"), Halves({})), (Unreachable("nobody answers."), Halves({}, "nobody answers"))],
)
def test_storpool_is_asked_if_it_can_be(failure, expected):
    def volumes(_references):
        raise failure

    assert reverted.read(Reader(FakeApi(), StorPool(None, None, volumes=volumes)), [VOLUME]) == expected


def test_only_what_is_on_storpool_is_asked_for():
    asked = []
    reader = Reader(FakeApi(), StorPool(None, None, volumes=lambda references: asked.extend(references) or {}))
    reverted.read(reader, [VOLUME, {"id": "v-2", "name": "nfs", "path": "uuid"}, {"id": "v-3", "name": "new"}])
    assert asked == ["~a.b.1"]


class Killed(BaseException):
    """The end of a run that nothing in it notices."""


class Cloud:
    """One volume with snapshots; ``lost`` answers do not come, though there is an effect."""

    def __init__(self, volume=None, snapshots=(SNAPSHOT,), lost=0, taken=None):
        self.taken, self.lost_snapshots = taken, 0
        self.kill_after = self.vm = None
        self.kept, self.content = {}, "new"
        self.volume, self.snapshots, self.lost, self.reverts = (
            {**VOLUME, **(volume or {})},
            [dict(each) for each in snapshots],
            lost,
            0,
        )
        self.api = FakeApi(
            lists={
                "listVolumes": lambda _params: [self.volume],
                "listSnapshots": lambda _params: self.snapshots,
                "listVirtualMachines": lambda _params: [self.vm],
            }
        )

    def reader(self):
        halves = {"volumes": lambda references: dict.fromkeys(references, HALF), "snapshots": self.on_storpool}
        return Reader(self.api, StorPool(None, None, **halves))

    def on_storpool(self, ids):
        if self.taken is None:
            raise NotConfigured("no token")
        return {key: {"global_id": "a.b.9", "name": None} for key in ids if key in self.taken}

    def apply(self, step):
        """Makes a step; the run is killed when so many were made, whose effects are there all the same."""
        try:
            self.make(step)
        finally:
            if self.kill_after is not None:
                self.kill_after -= 1
                if not self.kill_after:
                    raise Killed

    def make(self, step):
        if step.call in ("createTags", "deleteTags"):
            [row] = [each for each in self.snapshots if each["id"] == step.body["resourceids"]]
            given = {tag["key"]: tag for tag in step.body["tags"]}
            rest = [tag for tag in row.get("tags", []) if tag["key"] not in given]
            row["tags"] = rest + (list(given.values()) if step.call == "createTags" else [])
            return
        if step.method == "GET":
            self.volume["state"] = "Ready"
            for each in self.snapshots:
                each["state"] = "BackedUp"
            return
        if step.call == "createSnapshot":
            new = {"id": f"s-{8 + len(self.snapshots)}", "name": step.body["name"]}
            new["state"] = "Creating" if self.lost_snapshots else "BackedUp"
            self.snapshots.append({**SNAPSHOT, **new, "created": LATER})
            self.kept[new["id"]] = self.content
            self.lost_snapshots -= 1
            if not self.lost_snapshots:
                raise ReplyLost("the answer was lost")
            return
        self.reverts += 1
        self.content = "old"
        if self.lost:
            self.lost -= 1
            self.volume["state"] = "Reverting"
            raise ReplyLost("the answer was lost")

    def run(self, **options):
        wanted = revert.want({**OPTIONS, **options})
        look, todo, remember = with_memory(revert.REVERT)
        return converge(
            look=lambda: look(self.reader(), wanted),
            plan=lambda current: todo(current, wanted),
            apply=remember(self.apply),
            sleep=lambda _seconds: None,
        )


def test_it_is_done_once_and_again_only_if_the_answer_was_lost():
    cloud = Cloud()
    shown = revert.show(cloud.run())
    assert (cloud.reverts, shown["volume"]) == (1, {"id": V1, "name": "data"})
    assert "what was written to it since is lost" in shown["lost"][0]
    cloud = Cloud(lost=1)
    outcome = cloud.run()
    assert cloud.reverts == 2  # nothing shows whether it was reverted, and nobody can have written to it
    assert outcome.actions[0] == "wait until volume 'data' is no longer Reverting"


def test_the_snapshot_of_an_id_or_the_only_one_with_a_name():
    other = {**SNAPSHOT, "id": "s-2"}
    cloud = Cloud(snapshots=[SNAPSHOT, other])
    with pytest.raises(Ambiguous, match=r"2 snapshots have the name 'nightly'. Give the id of one: s-1 and s-2"):
        cloud.run()
    assert revert.show(cloud.run(snapshot="s-2"))["snapshot"]["id"] == "s-2"


def test_a_snapshot_that_was_deleted_and_is_listed_all_the_same_is_not_the_one():
    cloud = Cloud(snapshots=[SNAPSHOT, {**SNAPSHOT, "id": "s-2"}], taken=["s-2"])
    shown = revert.show(cloud.run())
    assert (shown["snapshot"]["id"], shown["snapshot"]["storpool"]["global_id"]) == ("s-2", "a.b.9")


def test_what_the_volume_holds_is_kept_first_if_it_is_wanted():
    for lost in (0, 1):
        cloud = Cloud()
        cloud.lost_snapshots = lost
        shown = revert.show(cloud.run(safety_snapshot="safe"))
        assert (shown["safety_snapshot"]["name"], shown["lost"], cloud.reverts) == ("safe", [], 1)
        assert [each["name"] for each in cloud.snapshots] == ["nightly", "safe"]
        assert not cloud.run(safety_snapshot="safe").changed
    failed = Current(VOLUME, SNAPSHOT, safeties=({**SNAPSHOT, "id": "s-9", "name": "safe", "state": "Error"},))
    wanted = revert.want({**OPTIONS, "safety_snapshot": "safe"})
    with pytest.raises(Incomplete, match=r"could not be taken .state Error., so the volume is not reverted"):
        plan(failed, wanted, History(failed._replace(safeties=()), ()))


def test_a_snapshot_with_the_name_of_the_safety_snapshot_that_no_run_took_is_refused():
    foreign = {**SNAPSHOT, "id": "s-2", "name": "safe"}
    for tags in ([], [{"key": "storpool_cloudstack_reverting", "value": "other"}]):
        cloud = Cloud(snapshots=[{**SNAPSHOT, "tags": tags}, foreign])
        with pytest.raises(
            NameTaken, match=r"has a snapshot 'safe'.* already, and no earlier run.*Choose another name"
        ):
            cloud.run(safety_snapshot="safe")
        assert cloud.reverts == 0


@pytest.mark.parametrize("stopped", [EARLIER, LATER, None])
@pytest.mark.parametrize("made", [1, 2, 3, 4, 5])
def test_a_run_that_was_killed_after_any_call_is_gone_on_with(made, stopped):
    cloud = Cloud({**OF_VM, "vmstate": "Stopped"})
    cloud.vm = {"id": "m-1", "name": "web", "state": "Stopped", "lastupdated": stopped}
    cloud.kill_after = made
    with pytest.raises(Killed):
        cloud.run(safety_snapshot="safe")
    cloud.kill_after = None
    outcome = cloud.run(safety_snapshot="safe")
    assert outcome.changed == (made < 5)
    assert cloud.content == "old"
    assert "new" in cloud.kept.values()  # what was there before the first run is kept, whatever the second had to take
    assert len(cloud.kept) == (2 if made in (2, 3) and stopped != EARLIER else 1)
    assert [tag["key"] for each in cloud.snapshots for tag in each.get("tags", [])] == [
        "storpool_cloudstack_reverted_to"
    ]
    assert not cloud.run(safety_snapshot="safe").changed
    assert cloud.run(safety_snapshot="another").changed


def test_a_foreseen_safety_snapshot_is_there_for_later_tasks():
    reader = Predicted(Cloud().reader())
    wanted = revert.want({**OPTIONS, "safety_snapshot": "safe"})
    found = revert.look(reader, wanted)
    todo = plan(found, wanted, History(found, ()))
    assert [step.call for step in todo.steps] == ["createTags", "createSnapshot", "revertSnapshot"]
    revert.imagine(reader, found, todo)
    assert [each["name"] for each in reader.volume_snapshots(volumeid=V1)] == ["nightly", "safe"]


@pytest.mark.parametrize("option", ["volume", "snapshot", "zone", "safety_snapshot"])
def test_options_are_checked(option):
    with pytest.raises(InvalidOption, match=f"{option} is ''"):
        revert.want({**OPTIONS, option: ""})
