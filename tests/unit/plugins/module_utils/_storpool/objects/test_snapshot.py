# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Snapshots, one and in groups: what is sent, what is refused, and that doing it twice does nothing more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    Incomplete,
    InvalidOption,
    NameTaken,
    NotAllowed,
    NotFound,
    ReplyLost,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import times
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.snapshot import SNAPSHOT, show
from unit.plugins.module_utils._storpool.in_process import Cluster, options
from unit.simulators.model import GIB

UNKNOWN = {"global_id": None, "creation_timestamp": None, "delete_at": None}
NAMELESS = {"name": None, "device": None}
IN_2033 = 2_000_000_000


@pytest.fixture
def cluster():
    return new_cluster()


def new_cluster(**switches):
    cluster = Cluster(**switches)
    for name, group in (("hybrid", "hdd"), ("fast", "ssd")):
        cluster.post("VolumeTemplateCreate", {"name": name, "placeAll": group, "replication": 3})
    cluster.create("db-1", template="hybrid", tags={"owner": "billing"}, iops=100)
    cluster.create("log-1", size=2 * GIB, template="fast")
    return cluster


def settled(cluster, **given):
    """What the module does; check mode has foretold all that can be known before, and a second run does nothing."""
    foretold = cluster.plan(SNAPSHOT, **given)
    outcome = cluster.run(SNAPSHOT, **given)
    assert known(foretold.after) == known(outcome.after)
    assert outcome.actions == tuple(step.action for step in foretold.steps) + foretold.later
    assert cluster.plan(SNAPSHOT, **given).steps == ()
    return outcome


def known(after):
    if after is None:
        return None
    if "snapshots" in after:
        return [known(snapshot) for snapshot in after["snapshots"]]
    return {**after, **UNKNOWN, **(NAMELESS if after["auto_name"] else {})}


def volume_id(cluster, name):
    return cluster.volume(name)["globalId"]


def group(*names):
    return [{"volume": volume, "name": name} for volume, name in zip(("db-1", "log-1"), names, strict=True)]


# one snapshot


def test_one_call_takes_a_snapshot_with_all_that_can_be_said_then(cluster):
    gid = volume_id(cluster, "db-1")
    outcome = settled(cluster, volume="db-1", name="s", bind=True, delete_after="7d", tags={"a": "b"})
    assert cluster.writes == [
        ("VolumeSnapshot", "~" + gid, {"name": "s", "bind": True, "deleteAfter": 604800, "tags": {"a": "b"}})
    ]
    assert outcome.after["tags"] == {"a": "b"}
    assert outcome.after["delete_at"] == int(cluster.now) + 604800
    assert outcome.after["bound"] is True
    assert outcome.after["created_from"] == gid


def test_volume_tags_are_copied_only_if_asked(cluster):
    settled(cluster, volume="db-1", name="plain")
    settled(cluster, volume="db-1", name="copied", copy_volume_tags=True, tags={"a": "b"})
    assert cluster.snapshot("plain")["tags"] == {}
    assert cluster.snapshot("copied")["tags"] == {"owner": "billing", "a": "b"}
    cluster.post("VolumeUpdate/db-1", {"tags": {"late": "1"}})
    assert cluster.plan(SNAPSHOT, volume="db-1", name="copied", copy_volume_tags=True).steps == ()


def test_template_and_limits_follow_in_a_second_call(cluster):
    settled(cluster, volume="db-1", name="s", template="fast", iops="7")
    assert [call[0] for call in cluster.writes] == ["VolumeSnapshot", "SnapshotUpdate"]
    assert cluster.writes[1] == ("SnapshotUpdate", "s", {"template": "fast", "iops": 7})


def test_of_an_unnamed_snapshot_the_second_call_is_planned_when_it_has_an_id(cluster):
    given = {"volume": "db-1", "match_tags": {"set": "1"}, "template": "fast"}
    foretold = cluster.plan(SNAPSHOT, **given)
    assert [step.call for step in foretold.steps] == ["VolumeSnapshot"]
    assert foretold.steps[0].repeatable is False
    assert foretold.later == ("update the snapshot with the tags set=1: move it to template 'fast'",)
    outcome = settled(cluster, **given)
    assert outcome.after["template"] == "fast"
    assert cluster.writes[0][2] == {"tags": {"set": "1"}}
    assert cluster.writes[1][1] == "~" + outcome.after["global_id"]


def test_what_is_the_template_of_the_volume_already_is_not_sent(cluster):
    settled(cluster, volume="db-1", name="s", template="hybrid", iops="100")
    assert [call[0] for call in cluster.writes] == ["VolumeSnapshot"]


def test_a_duration_sets_a_date_once(cluster):
    settled(cluster, volume="db-1", name="s")
    settled(cluster, name="s", delete_after="1h")
    assert cluster.snapshot("s")["targetDeleteDate"] == int(cluster.now) + 3600
    assert cluster.plan(SNAPSHOT, name="s", delete_after="2h").steps == ()
    settled(cluster, name="s", delete_after="never")
    assert cluster.snapshot("s")["targetDeleteDate"] == 0
    assert cluster.plan(SNAPSHOT, name="s", delete_after="0").steps == ()


def test_a_date_is_compared(cluster):
    settled(cluster, volume="db-1", name="s", delete_at=times.utc(IN_2033))
    cluster.forget()
    settled(cluster, name="s", delete_at=str(IN_2033 + 1))
    assert cluster.writes == [("SnapshotUpdate", cluster.writes[0][1], {"targetDeleteDate": IN_2033 + 1})]
    cluster.forget()
    settled(cluster, name="s", delete_at="never")
    assert cluster.writes[0][2] == {"deleteAfter": 0}


def test_a_date_in_the_past_is_refused_before_anything_is_written(cluster):
    with pytest.raises(InvalidOption, match="2020-01-01T00:00:00Z has passed"):
        cluster.run(SNAPSHOT, volume="db-1", name="s", delete_at="2020-01-01")
    assert cluster.writes == []


def test_a_change_sends_the_difference(cluster):
    settled(cluster, volume="db-1", name="s", tags={"a": "1", "b": "2"})
    cluster.forget()
    outcome = settled(cluster, name="t", previous_name="s", tags={"a": "1", "b": "", "c": "3"}, bind=True)
    assert cluster.writes[0][2] == {"rename": "t", "bind": True, "tags": {"b": "", "c": "3"}}
    assert outcome.actions == (
        "update snapshot 's': rename it to 't', bind it to what is made from it, change its tags b, c",
    )
    cluster.forget()
    settled(cluster, name="t", tags={"c": "3"}, purge_tags=True)
    assert cluster.writes[0][2] == {"tags": {"a": ""}}


def test_a_snapshot_that_is_being_deleted_is_not_there(cluster):
    settled(cluster, volume="db-1", name="s")
    settled(cluster, name="s", state="absent")
    assert [snapshot["deleted"] for snapshot in cluster.get("SnapshotsList")] == [True]
    settled(cluster, volume="db-1", name="s")
    assert {snapshot["name"] for snapshot in cluster.get("SnapshotsList")} == {"*s", "s"}


def test_an_unnamed_snapshot_is_managed_by_its_id(cluster):
    gid = cluster.post("VolumeSnapshot/db-1", {})["snapshotGlobalId"]
    settled(cluster, global_id="~" + gid, tags={"a": "b"})
    settled(cluster, global_id=gid, name="named")
    assert cluster.snapshot("named")["globalId"] == gid
    assert settled(cluster, global_id=gid, state="absent").after is None


@pytest.mark.parametrize(
    ("given", "kind", "words"),
    [
        ({"name": "s"}, InvalidOption, "set volume"),
        ({"name": "s", "volume": "nope"}, NotFound, "no volume 'nope'"),
        ({"name": "log-1", "volume": "db-1"}, NameTaken, "belongs to a volume"),
        ({"name": "db-1@7", "state": "absent"}, InvalidOption, "use global_id"),
        ({"global_id": "abc.b.zzz"}, NotFound, "no snapshot ~abc.b.zzz"),
        ({"name": "s", "volume": "db-1", "template": "nope"}, NotFound, "no StorPool template 'nope'"),
        ({"name": "s", "volume": "db-1", "place_tail": "nope"}, NotFound, "no placement group 'nope'"),
        ({"match_tags": {}, "volume": "db-1"}, InvalidOption, "at least one tag"),
        ({"match_tags": {"a": "1"}, "tags": {"a": "2"}, "volume": "db-1"}, InvalidOption, "not be found again"),
        (
            {"name": "s", "volume": "db-1", "tags": {}, "purge_tags": True, "copy_volume_tags": True},
            InvalidOption,
            "not both",
        ),
        ({"volumes": []}, InvalidOption, "the list is empty"),
    ],
)
def test_refusals_write_nothing(cluster, given, kind, words):
    with pytest.raises(kind, match=words):
        cluster.run(SNAPSHOT, **given)
    assert cluster.writes == []


def test_tags_that_several_snapshots_have_are_ambiguous(cluster):
    for name in ("one", "two"):
        cluster.post("VolumeSnapshot/db-1", {"name": name, "tags": {"a": "1"}})
    with pytest.raises(Ambiguous, match="snapshot 'one' and snapshot 'two'"):
        cluster.run(SNAPSHOT, match_tags={"a": "1"}, state="absent")
    assert cluster.writes == []


@pytest.mark.parametrize("state", ["present", "absent"])
def test_a_snapshot_of_another_volume_is_not_taken_for_the_wanted_one(cluster, state):
    cluster.post("VolumeSnapshot/log-1", {"name": "s"})
    with pytest.raises(NameTaken, match="not taken of volume 'db-1'"):
        cluster.run(SNAPSHOT, volume="db-1", name="s", state=state)
    assert cluster.writes == []
    assert cluster.run(SNAPSHOT, name="s", state=state).changed == (state == "absent")


def test_an_attached_snapshot_is_deleted_only_with_leave(cluster):
    settled(cluster, volume="db-1", name="s")
    gid = cluster.snapshot("s")["globalId"]
    cluster.post("VolumesReassignWait", {"reassign": [{"snapshot": "s", "ro": [1, 3]}]})
    cluster.forget()
    with pytest.raises(NotAllowed, match="attached to clients 1 and 3, so it is not deleted"):
        cluster.run(SNAPSHOT, name="s", state="absent")
    assert cluster.writes == []
    settled(cluster, name="s", state="absent", on_attached="detach")
    assert cluster.writes == [
        ("VolumesReassignWait", None, {"reassign": [{"snapshot": "~" + gid, "detach": "all"}], "attachTimeout": 60}),
        ("SnapshotDelete", "~" + gid, None),
    ]


def test_by_force_is_said_to_the_api(cluster):
    settled(cluster, volume="db-1", name="s")
    cluster.post("VolumesReassignWait", {"reassign": [{"snapshot": "s", "ro": [1]}]})
    cluster.forget()
    settled(cluster, name="s", state="absent", on_attached="detachForce")
    assert cluster.writes[0][2]["reassign"][0]["force"] is True


def test_an_exported_snapshot_is_refused_before_anything_is_written(cluster):
    settled(cluster, volume="db-1", name="s")
    cluster.post("LocationAdd", {"id": "far", "name": "far-away"})
    cluster.post("SnapshotExport", {"snapshot": "s", "location": "far-away"})
    cluster.post("VolumesReassignWait", {"reassign": [{"snapshot": "s", "ro": [1]}]})
    cluster.forget()
    with pytest.raises(NotAllowed, match="still exported to far-away"):
        cluster.run(SNAPSHOT, name="s", state="absent", on_attached="detach")
    assert cluster.writes == []


# groups


def test_one_call_takes_a_group(cluster):
    outcome = settled(
        cluster,
        volumes=[
            {"volume": "db-1", "name": "s-db", "tags": {"i": "1"}},
            {"volume": "~" + volume_id(cluster, "log-1"), "match_tags": {"of": "log"}},
        ],
        tags={"set": "x"},
    )
    assert cluster.writes == [
        (
            "VolumesGroupSnapshot",
            None,
            {
                "volumes": [
                    {"volume": "~" + volume_id(cluster, "db-1"), "name": "s-db", "tags": {"set": "x", "i": "1"}},
                    {"volume": "~" + volume_id(cluster, "log-1"), "tags": {"set": "x", "of": "log"}},
                ]
            },
        )
    ]
    assert [snapshot["size"] for snapshot in outcome.after["snapshots"]] == [GIB, 2 * GIB]


def test_a_group_may_be_plain_names_and_a_pattern_for_what_its_snapshots_are_called(cluster):
    mixed = ["db-1", {"volume": "log-1", "name": "log-monday"}]
    outcome = settled(cluster, volumes=mixed, name="{volume}-monday", tags={"x": "y"})
    assert [shown["name"] for shown in outcome.after["snapshots"]] == ["db-1-monday", "log-monday"]
    cluster.forget()
    assert not cluster.run(SNAPSHOT, volumes="db-1", name="{volume}-monday").changed
    outcome = settled(cluster, volumes="db-1, log-1", name="{volume}-monday.{volume}", bind=None)
    assert [shown["name"] for shown in outcome.after["snapshots"]] == ["db-1-monday.db-1", "log-1-monday.log-1"]
    settled(cluster, volumes=["db-1"], name="{volume}-monday", state="absent")
    assert [raw["name"] for raw in cluster.get("SnapshotsList") if raw["name"] == "db-1-monday"] == []


def test_what_is_null_is_not_given(cluster):
    given = {
        "volume": "db-1",
        "name": "s",
        "previous_name": None,
        "global_id": None,
        "match_tags": None,
        "volumes": None,
    }
    assert settled(cluster, **given, delete_after=None, delete_at="2100-01-01").changed


def test_two_reads_are_enough_for_a_group_that_is_there(cluster):
    settled(cluster, volumes=group("a", "b"))
    cluster.forget()
    assert not cluster.run(SNAPSHOT, volumes=group("a", "b")).changed
    assert sorted(cluster.reads) == ["SnapshotsList", "VolumesList"]


def test_what_a_group_cannot_be_told_follows_for_each(cluster):
    settled(cluster, volumes=group("a", "b"), delete_after="1d", bind=True, template="fast")
    assert [call[:2] for call in cluster.writes[1:]] == [("SnapshotUpdate", "a"), ("SnapshotUpdate", "b")]
    assert cluster.writes[1][2] == {"template": "fast", "bind": True, "deleteAfter": 86400}
    assert cluster.writes[2][2] == {"bind": True, "deleteAfter": 86400}


def test_a_part_of_a_group_is_not_added_later(cluster):
    settled(cluster, volume="db-1", name="a")
    cluster.forget()
    with pytest.raises(Incomplete, match="snapshot 'a' exists, and snapshot 'b' does not"):
        cluster.run(SNAPSHOT, volumes=group("a", "b"), tags={"x": "y"})
    assert cluster.writes == []


@pytest.mark.parametrize(
    ("volumes", "words"),
    [
        ([{"volume": "db-1", "name": "a"}, {"volume": "db-1", "name": "b"}], "volume 'db-1' is named twice"),
        ([{"volume": "db-1", "name": "a"}, {"volume": "log-1", "name": "a"}], "snapshot 'a' is meant twice"),
    ],
)
def test_a_group_has_one_snapshot_of_each_volume_and_one_volume_for_each_snapshot(cluster, volumes, words):
    with pytest.raises(InvalidOption, match=words):
        cluster.run(SNAPSHOT, volumes=volumes)
    assert cluster.writes == []


def test_what_is_left_of_a_group_is_deleted_with_one_detach(cluster):
    settled(cluster, volumes=group("a", "b"))
    cluster.post("VolumesReassignWait", {"reassign": [{"snapshot": "a", "ro": [1]}, {"snapshot": "b", "ro": [2]}]})
    cluster.forget()
    outcome = settled(cluster, volumes=group("a", "b"), state="absent", on_attached="detach")
    assert [call[0] for call in cluster.writes] == ["VolumesReassignWait", "SnapshotDelete", "SnapshotDelete"]
    assert len(cluster.writes[0][2]["reassign"]) == 2
    assert outcome.after == {"snapshots": []}


def test_the_result_has_the_same_keys_for_one_and_for_many(cluster):
    one = show(cluster.run(SNAPSHOT, volume="db-1", name="s"))
    assert one["snapshots"] == [one["snapshot"]]
    many = show(cluster.run(SNAPSHOT, volumes=group("a", "b")))
    assert many["snapshot"] is None
    assert [snapshot["name"] for snapshot in many["snapshots"]] == ["a", "b"]
    assert show(cluster.run(SNAPSHOT, name="s", state="absent")) == {"snapshot": None, "snapshots": []}


# lost answers


class Forgetful(Cluster):
    """Takes a call into account, or with ``before`` does not, and loses its answer; once."""

    def __init__(self, call, before=False):
        super().__init__()
        self.lost, self.before = call, before
        self.create("db-1")

    def apply(self, step):
        if step.call != self.lost:
            return super().apply(step)
        self.lost = ""
        if not self.before:
            super().apply(step)
        raise ReplyLost("the answer was lost")

    def converge(self, **given):
        wanted = SNAPSHOT.want(options(SNAPSHOT.spec, given))
        return converge(
            lambda: SNAPSHOT.look(Reader(self), wanted),
            lambda current: SNAPSHOT.plan(current, wanted),
            self.apply,
            pauses=(0,),
            sleep=lambda _seconds: None,
        )


@pytest.mark.parametrize("given", [{"name": "s"}, {"match_tags": {"a": "1"}}])
def test_a_snapshot_that_was_taken_is_not_taken_again(given):
    cluster = Forgetful("VolumeSnapshot")
    assert cluster.converge(volume="db-1", **given).changed
    assert len(cluster.get("SnapshotsList")) == 1


def test_a_snapshot_that_may_yet_be_taken_is_repeated_only_if_its_name_protects_it():
    cluster = Forgetful("VolumeSnapshot", before=True)
    assert cluster.converge(volume="db-1", name="s").changed
    assert len(cluster.get("SnapshotsList")) == 1
    cluster = Forgetful("VolumeSnapshot", before=True)
    with pytest.raises(ReplyLost, match="Could not take the snapshot with the tags a=1"):
        cluster.converge(volume="db-1", match_tags={"a": "1"})
    assert cluster.get("SnapshotsList") == []


# whatever is asked for

TAGS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2"]), max_size=3)
WISHES = st.fixed_dictionaries(
    {},
    optional={
        "tags": TAGS,
        "purge_tags": st.booleans(),
        "bind": st.booleans(),
        "delete_at": st.sampled_from(["never", str(IN_2033), str(IN_2033 + 60)]),
        "template": st.sampled_from(["hybrid", "fast"]),
        "iops": st.sampled_from(["unlimited", "100", "500"]),
        "reuse_server": st.booleans(),
        "copy_volume_tags": st.booleans(),
    },
)
FIELDS = {
    "bind": {"bound"},
    "delete_at": {"delete_at"},
    "template": {"template", "place_all", "place_tail", "place_head", "iops", "bw", "limit_type", "reuse_server"},
    "iops": {"iops"},
    "reuse_server": {"reuse_server"},
    "tags": {"tags"},
}
WHICH = st.sampled_from([{"name": "s"}, {"match_tags": {"id": "7"}}])


def sensible(wish):
    return not (wish.get("purge_tags") and wish.get("copy_volume_tags") and "tags" in wish)


@given(
    WHICH,
    WISHES.filter(sensible),
    WISHES.filter(sensible),
    st.sampled_from([{}, {"limit_type": "absent"}, {"empty_tags": "absent"}, {"target_delete_date_none": "absent"}]),
)
def test_apply_then_the_plan_is_empty_and_the_rest_is_left_alone(which, first, second, switches):
    cluster = new_cluster(**switches)
    made = settled(cluster, volume="db-1", **which, **first).after
    cluster.forget()
    changed = settled(cluster, volume="db-1", **which, **second).after
    asked = set().union(*(FIELDS.get(option, set()) for option in second))
    untouched = made.keys() - asked - {"name", "device"}
    assert {key: changed[key] for key in untouched} == {key: made[key] for key in untouched}
    if "tags" in second and not second.get("purge_tags"):
        assert {key for key in made["tags"] if key not in second["tags"]} <= changed["tags"].keys()


@given(WISHES.filter(sensible), WISHES.filter(sensible))
def test_a_group_is_settled_by_one_run(first, second):
    cluster = new_cluster()
    volumes = [{"volume": "db-1", "name": "a"}, {"volume": "log-1", "match_tags": {"id": "7"}}]
    settled(cluster, volumes=volumes, **first)
    settled(cluster, volumes=volumes, **second)
    assert [call[0] for call in cluster.writes].count("VolumesGroupSnapshot") == 1
