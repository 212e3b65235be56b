# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots of volumes: what is sent, what is waited for, what is refused, where a setting decides, and what StorPool has to say."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import results, tags
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.predicted import Predicted
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader, StorPool
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.snapshots import OF_VOLUMES, Settled
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.versions import parse
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.snapshot import backup, snapshot
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.snapshot.backup import Backup
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.snapshot.plan import Current, plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    ApiError,
    Incomplete,
    InvalidOption,
    NotAllowed,
    NotConfigured,
    NotFound,
    Outdated,
    ReplyLost,
    Unreachable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import converge, predicted
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

ID, OTHER = "7dd416ce-cb46-4b90-af45-f6c54461a2b0", "50935733-57bf-48ea-adf4-e1f9349dace6"
OPTIONS = {
    "state": "present",
    "name": "nightly",
    "id": None,
    "volume": "data",
    "zone": None,
    "backup": None,
    "async_backup": False,
    "quiesce_vm": False,
    "tags": None,
    "purge_tags": False,
    "wait_timeout": 60,
}
VOLUME = {
    "id": "v-1",
    "name": "data",
    "state": "Ready",
    "zoneid": "z-1",
    "zonename": "zone1",
    "size": 1 << 30,
    "path": "/dev/storpool-byid/a.b.1",
    "account": "admin",
    "domain": "ROOT",
}
HALF = {"global_id": "a.b.9", "name": None, "size": 1 << 30}
COPIES = Backup(True, "sp.bypass.secondary.storage is false")


def want(**options):
    return snapshot.want({**OPTIONS, **options})


def row(**fields):
    return {
        "id": ID,
        "name": "nightly",
        "state": "BackedUp",
        "volumeid": "v-1",
        "volumename": "data",
        "zoneid": "z-1",
        "zonename": "zone1",
        "virtualsize": 1 << 30,
        "intervaltype": "MANUAL",
        "revertable": True,
        "tags": [],
        **fields,
    }


def calls(planned):
    return [(step.call, step.body) for step in planned.steps]


def test_a_snapshot_is_taken_once_and_says_where_it_goes():
    planned = plan(Current(VOLUME, backup=COPIES), want(tags={"keep": 7}))
    assert calls(planned) == [("createSnapshot", {"volumeid": "v-1", "name": "nightly"})]
    assert not planned.steps[0].repeatable
    assert planned.steps[0].action.endswith("copied to secondary storage (sp.bypass.secondary.storage is false)")
    assert planned.later == ("give snapshot 'nightly' of volume 'data' the tags keep=7",)
    assert (planned.before, planned.after["tags"], planned.after["storpool"]) == (None, {"keep": "7"}, None)
    assert planned.after["volume"] == {"id": "v-1", "name": "data"}


@pytest.mark.parametrize(
    ("there", "options", "failure", "says"),
    [
        ({"volume": None}, {}, NotFound, "no volume 'data'"),
        ({"volume": {**VOLUME, "state": "Allocated"}}, {}, NotAllowed, "is Allocated.*never attached has no data yet"),
        ({"volume": {**VOLUME, "state": "Migrating"}}, {}, NotAllowed, "is Migrating.*Run the task again later"),
        (
            {"volume": {**VOLUME, "vmstate": "Running", "vmname": "web"}, "running_allowed": False},
            {},
            NotAllowed,
            "of VM 'web', which is Running.*kvm.snapshot.enabled is false.*cloudstack_vm_snapshot",
        ),
        (
            {},
            {"backup": False},
            NotAllowed,
            "backup is false, but.*copied to secondary.*bypass.secondary.storage is false",
        ),
        (
            {"backup": Backup(True)},
            {"backup": False},
            NotAllowed,
            "this release has no setting for it.*leave out backup",
        ),
        ({"volume": {**VOLUME, "path": "uuid"}}, {"backup": True}, InvalidOption, "volume 'data' is not on StorPool"),
        ({}, {"name": None, "id": ID}, NotFound, f"there is no volume snapshot '{ID}' of volume 'data'"),
        ({"row": row(state="Error")}, {}, Incomplete, "in state Error.*state absent"),
        ({"row": row(state="Weird")}, {}, Incomplete, "in state Weird"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(there, options, failure, says):
    with pytest.raises(failure, match=says):
        plan(Current(**{"volume": VOLUME, "backup": COPIES, **there}), want(**options))


@pytest.mark.parametrize("state", sorted(OF_VOLUMES.passing))
@pytest.mark.parametrize("goal", ["present", "absent"])
def test_what_goes_on_is_waited_for_and_not_begun_again(state, goal):
    planned = plan(Current(VOLUME, row(state=state)), want(state=goal))
    assert [(step.method, step.body) for step in planned.steps] == [("GET", Settled(OF_VOLUMES, ID))]
    assert planned.later == (() if goal == "present" else ("delete snapshot 'nightly' of volume 'data'",))


@pytest.mark.parametrize("state", ["BackedUp", "Error"])
def test_a_snapshot_is_deleted_by_its_id(state):
    planned = plan(Current(None, row(state=state)), want(state="absent"))
    assert calls(planned) == [("deleteSnapshot", {"id": ID})]
    assert planned.steps[0].destroys == ID
    assert planned.after is None
    assert plan(Current(None), want(state="absent")).steps == ()


def test_tags_are_changed_and_what_storpool_did_not_say_is_a_warning():
    has = row(tags=[{"key": "keep", "value": "7"}, {"key": "own"}])
    planned = plan(Current(VOLUME, has, None, "it is away"), want(tags={"keep": "8", "new": True}, purge_tags=True))
    of = {"resourcetype": "Snapshot", "resourceids": ID}
    assert calls(planned) == [
        ("deleteTags", {**of, "tags": [{"key": "keep", "value": "7"}, {"key": "own"}]}),
        ("createTags", {**of, "tags": [{"key": "keep", "value": "8"}, {"key": "new", "value": "true"}]}),
    ]
    assert planned.after["tags"] == {"keep": "8", "new": "true"}
    assert planned.cautions == ("it is away",)


TAGS = st.dictionaries(
    st.sampled_from(["a", "b", "{0}", "{c", "%s"]), st.sampled_from(["1", "2", "x y", "{}", "{e"]), max_size=4
)


@given(TAGS, st.none() | TAGS, st.booleans())
def test_tags_end_as_wanted_and_then_nothing_is_left(has, wanted, purge):
    before = row(tags=[{"key": key, "value": value} for key, value in has.items()])
    after, made = tags.changes(before, wanted, purge)
    there = dict(has)
    for change in made:
        for tag in change.body["tags"]:
            if change.command == "deleteTags":
                assert there.pop(tag["key"]) == tag["value"]
            else:
                assert tag["key"] not in there  # CloudStack refuses a tag that is there
                there[tag["key"]] = tag["value"]
    assert there == results.tags_of(after)
    assert there == {**({} if purge and wanted is not None else has), **(wanted or {})}
    assert tags.changes(after, wanted, purge)[1] == []
    planned = plan(Current(VOLUME, before), want(tags=wanted, purge_tags=purge))
    assert [step.call for step in planned.steps] == [change.command for change in made]
    assert all("snapshot 'nightly' of volume 'data'" in step.action for step in planned.steps)


@pytest.mark.parametrize(
    "bad", [{"a": ""}, {"a": None}, {"": "x"}, {"a": [1]}, {"a": " x"}, {"a" * 256: "x"}, {"a": "x" * 256}]
)
def test_tags_that_cloudstack_would_not_store_are_refused(bad):
    with pytest.raises(InvalidOption, match=r"tags\."):
        want(tags=bad)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"volume": None}, "volume is missing"),
        ({"id": "nightly", "name": None}, "no id of a snapshot"),
        ({"state": "absent", "backup": True}, "backup: only for a snapshot that shall exist"),
        ({"state": "absent", "tags": {"a": "b"}}, "tags: only for"),
        ({"name": " x"}, "name is ' x'"),
        ({"volume": ""}, "volume is ''"),
        ({"wait_timeout": 0}, "wait_timeout is 0"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, says):
    with pytest.raises(InvalidOption, match=says):
        want(**options)


@pytest.mark.parametrize(
    ("version", "of_all", "of_zone", "expected"),
    [
        ("4.8", [], [], Backup(True)),
        ("4.17", [("sp.bypass.secondary.storage", "false")], [], Backup(True, "sp.bypass.secondary.storage is false")),
        ("4.20.3", [("sp.bypass.secondary.storage", "TRUE")], [], Backup(False, "sp.bypass.secondary.storage is true")),
        # The one of before is still there, and nothing reads it.
        ("4.21", [("sp.bypass.secondary.storage", "true")], [], Backup(True)),
        ("4.21", [("snapshot.backup.to.secondary", None)], [], Backup(True, "snapshot.backup.to.secondary is true")),
        (
            "4.22",
            [("snapshot.backup.to.secondary", "false")],
            [],
            Backup(False, "snapshot.backup.to.secondary is false"),
        ),
        (
            "4.23",
            [("snapshot.backup.to.secondary", "true")],
            [("snapshot.backup.to.secondary", "false")],
            Backup(False, "snapshot.backup.to.secondary is false for the zone"),
        ),
        # Names are matched in part by the API.
        ("4.22", [("snapshot.backup.to.secondary.old", "false")], [], Backup(True)),
    ],
)
def test_the_setting_of_the_version_decides(version, of_all, of_zone, expected):
    def rows(pairs):
        return [{"name": name, "value": value} for name, value in pairs]

    assert backup.decided(parse(version), rows(of_all), rows(of_zone)) == expected


class Cloud:
    """CloudStack and StorPool in memory, with one volume; commands have their effect, and answers can be lost."""

    def __init__(self, version="4.19.1", rows=(), volumes=(VOLUME,), halves=None, lost=()):
        self.rows, self.volumes, self.sent, self.lost = [dict(row) for row in rows], list(volumes), [], list(lost)
        self.halves = {ID: HALF, OTHER: HALF} if halves is None else halves
        self.api = FakeApi(
            version,
            lists={
                "listVolumes": lambda _params: self.volumes,
                "listSnapshots": self.listed,
                "listConfigurations": lambda params: (
                    [] if "zoneid" in params else [{"name": params["name"], "value": "false"}]
                ),
                "listZones": [{"id": "z-1", "name": "zone1"}],
            },
        )

    def listed(self, params):
        if "id" in params and not any(row["id"] == params["id"] for row in self.rows):
            raise Outdated("entity does not exist")
        return [row for row in self.rows if all(row.get(key, value) == value for key, value in params.items())]

    def on_storpool(self, ids):
        if isinstance(self.halves, Exception):
            raise self.halves
        return {key: self.halves[key] for key in ids if key in self.halves}

    def reader(self):
        return Reader(self.api, StorPool(None, None, snapshots=self.on_storpool))

    def apply(self, step):
        self.sent.append(step.call)
        if step.method == "GET":
            for each in self.rows:
                each["state"] = "BackedUp"
            return
        getattr(self, step.call)(step.body)
        if step.call in self.lost:
            self.lost.remove(step.call)
            raise ReplyLost("the answer was lost")
        return

    def createSnapshot(self, body):  # noqa: N802
        state = "Creating" if "createSnapshot" in self.lost else "BackedUp"
        self.rows.append(row(state=state))

    def deleteSnapshot(self, body):  # noqa: N802
        self.rows = [each for each in self.rows if each["id"] != body["id"]]

    def createTags(self, body):  # noqa: N802
        self.rows[0]["tags"] = self.rows[0]["tags"] + body["tags"]

    def deleteTags(self, body):  # noqa: N802
        gone = [tag["key"] for tag in body["tags"]]
        self.rows[0]["tags"] = [tag for tag in self.rows[0]["tags"] if tag["key"] not in gone]

    def converge(self, wanted, **more):
        return converge(
            look=lambda: snapshot.look(self.reader(), wanted),
            plan=lambda current: plan(current, wanted),
            apply=self.apply,
            sleep=lambda _seconds: None,
            **more,
        )


def test_a_task_makes_what_it_says_and_a_second_one_nothing():
    cloud, wanted = Cloud(), want(tags={"keep": "7"})
    foreseen = predicted(plan(snapshot.look(cloud.reader(), wanted), wanted))
    outcome = cloud.converge(wanted)
    assert cloud.sent == ["createSnapshot", "createTags"]
    assert outcome.actions == foreseen.actions
    assert outcome.after["storpool"] == {"global_id": "a.b.9", "name": None}
    assert cloud.converge(wanted)._replace(actions=()).changed is False
    assert cloud.converge(want(state="absent")).after is None
    assert cloud.sent == ["createSnapshot", "createTags", "deleteSnapshot"]


def test_a_lost_answer_does_not_make_two():
    cloud = Cloud(lost=["createSnapshot"])
    outcome = cloud.converge(want())
    assert cloud.sent == ["createSnapshot", "listSnapshots"]
    assert len(cloud.rows) == 1
    assert outcome.changed


def test_names_are_not_unique_so_ids_are_listed():
    twice = [row(), row(id=OTHER)]
    for goal in ("present", "absent"):
        with pytest.raises(
            Ambiguous, match=rf"2 snapshots have the name 'nightly'. Give the id of one \(id\): {OTHER} and {ID}"
        ):
            snapshot.look(Cloud(rows=twice).reader(), want(state=goal))
    by_id = snapshot.look(Cloud(rows=twice).reader(), want(name=None, id=OTHER))
    assert by_id.row["id"] == OTHER
    with pytest.raises(Ambiguous, match=r"2 volumes have the name 'data'. Give the id of one: v-1 and v-2"):
        snapshot.look(Cloud(volumes=[VOLUME, {**VOLUME, "id": "v-2"}]).reader(), want())


def test_snapshots_of_other_volumes_and_those_that_are_gone_do_not_count():
    rows = [row(volumeid="v-9", volumename="other"), row(id=OTHER, state="Destroyed")]
    assert snapshot.look(Cloud(rows=rows).reader(), want()).row is None
    assert snapshot.look(Cloud(rows=rows).reader(), want(state="absent")).row is None
    assert snapshot.look(Cloud(rows=rows).reader(), want(state="absent", volume="v-9")).row["id"] == ID


def test_a_volume_that_is_gone_may_have_snapshots():
    cloud = Cloud(rows=[row()], volumes=[])
    assert cloud.converge(want(tags={"a": "b"})).after["tags"] == {"a": "b"}
    assert cloud.converge(want(state="absent")).changed


@pytest.mark.parametrize(
    ("version", "counts"), [("4.18.2", True), ("4.19.0", False), ("4.20.0", False), ("4.20.1", True), ("4.22.0", True)]
)
def test_what_is_listed_though_it_was_deleted_is_not_there(version, counts):
    found = snapshot.look(Cloud(version, rows=[row()], halves={}).reader(), want())
    assert (found.row is not None) is counts


def test_storpool_is_asked_if_somebody_has_told_where_it_is():
    nobody, away = NotConfigured("there is no token"), Unreachable("nobody answers")
    assert snapshot.look(Cloud("4.22", rows=[row()], halves=nobody).reader(), want()).unasked is None
    told = snapshot.look(Cloud("4.22", rows=[row()], halves=away).reader(), want())
    assert (told.row["id"], told.unasked) == (
        ID,
        "What StorPool has of snapshot 'nightly' is not known: nobody answers",
    )
    for failure in (nobody, away):
        with pytest.raises(
            type(failure), match=r"Could not look on StorPool for snapshot 'nightly', since CloudStack 4.19.0 goes on"
        ):
            snapshot.look(Cloud("4.19", rows=[row()], halves=failure).reader(), want())


def test_what_would_be_is_seen_by_later_tasks():
    cloud = Cloud(halves={})
    reader = Predicted(cloud.reader())
    for wanted, names in (
        (want(tags={"a": "b"}), ["nightly"]),
        (want(tags={"a": "c"}), ["nightly"]),
        (want(state="absent"), []),
    ):
        current = snapshot.look(reader, wanted)
        todo = plan(current, wanted)
        assert todo.steps
        snapshot.imagine(reader, current, todo)
        assert [each["name"] for each in reader.volume_snapshots(volumeid="v-1")] == names
        assert [each["name"] for each in reader.snapshots_called("nightly", "z-1")] == names
        assert plan(snapshot.look(reader, wanted), wanted).steps == ()
    assert cloud.sent == []


def test_a_refusal_of_a_snapshot_that_is_gone_is_news():
    cloud = Cloud(rows=[row()])

    def gone(step):
        cloud.rows.clear()
        raise Outdated("unable to find a snapshot with id 3", error={"name": "431"})

    cloud.apply = gone
    assert cloud.converge(want(state="absent")).after is None


def test_a_failed_job_says_where_to_look():
    cloud = Cloud()

    def fails(step):
        raise ApiError("CloudStack's job for it failed with 530: x", error={"name": "530", "descr": "x"})

    cloud.apply = fails
    with pytest.raises(
        ApiError, match=re.escape("Could not take snapshot 'nightly' of volume 'data', copied to secondary")
    ) as told:
        cloud.converge(want())
    assert "state Error" in str(told.value)


def test_a_copy_that_is_made_later_is_not_waited_for():
    there = Current(VOLUME, backup=COPIES, version=parse("4.19"))
    todo = plan(there, want(async_backup=True))
    assert todo.steps[0].body == {"volumeid": "v-1", "name": "nightly", "asyncbackup": True}
    assert todo.after["state"] == "BackingUp"
    kept = plan(there._replace(backup=Backup(False)), want(async_backup=True))
    assert "asyncbackup" not in kept.steps[0].body
    for state in ("CreatedOnPrimary", "BackingUp"):
        begun = Current(VOLUME, row(state=state))
        assert plan(begun, want(async_backup=True)).steps == ()
        assert [step.call for step in plan(begun, want()).steps] == ["listSnapshots"]


@pytest.mark.parametrize(
    ("version", "options", "says"),
    [
        ("4.10", {"async_backup": True}, "async_backup: CloudStack 4.10.0 .*the first that does it later is 4.11"),
        ("4.22", {"quiesce_vm": True}, "quiesce_vm: .*volume 'data'.* quiesces no VM"),
    ],
)
def test_ways_that_are_not_known_are_refused(version, options, says):
    with pytest.raises(InvalidOption, match=says):
        plan(Current(VOLUME, backup=COPIES, version=parse(version)), want(**options))


def test_storage_that_quiesces_is_let_do_it():
    able = Current({**VOLUME, "quiescevm": True}, backup=COPIES, version=parse("4.22"))
    assert plan(able, want(quiesce_vm=True)).steps[0].body["quiescevm"] is True
    with pytest.raises(InvalidOption, match="quiesce_vm: only for a snapshot that shall exist"):
        want(state="absent", quiesce_vm=True)
