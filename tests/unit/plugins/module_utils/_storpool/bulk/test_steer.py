# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Many objects in one task, on the simulator's model."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    ApiError,
    InvalidOption,
    NotAllowed,
    TransientError,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk import steer as bulk
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.volume import VOLUME
from unit.plugins.module_utils._storpool.in_process import Cluster, options

GIB = 1024**3


@pytest.fixture
def cluster():
    made = Cluster()
    for name, places in (("hybrid", ("hdd", "ssd", "hdd")), ("ssd", ("ssd", "ssd", "ssd"))):
        fields = dict(zip(("placeAll", "placeTail", "placeHead"), places, strict=True))
        made.post("VolumeTemplateCreate", {"name": name, "replication": 3, **fields})
    return made


def task(cluster, check_mode=False, apply=None, part=bulk.WHOLE, in_full=True, **given):
    """The rows of a task."""
    cluster.forget()
    given = {"concurrency": 1, **given}
    passed = [0.0]
    rows, _warnings = bulk.run(
        cluster,
        lambda: apply or cluster.apply,
        2,
        options(bulk.SPEC, given),
        check_mode,
        part,
        clock=lambda: sum(passed),
        sleep=passed.append,
        in_full=in_full,
    )
    return rows


def results(rows):
    return {row["object"]: row["result"] for row in rows}


def shown(rows):
    """Rows without what only the API can know, and without what clones and snapshots made later in the same task change."""
    unknown = {"global_id", "device", "creation_timestamp", "created_from", "parent", "volume"}

    def part(side):
        if isinstance(side, list):
            return [part(each) for each in side]
        if isinstance(side, dict):
            return {key: part(value) for key, value in side.items() if key not in unknown}
        return side

    return [{key: part(value) for key, value in row.items()} for row in rows]


def settled(cluster, **given):
    """The rows of a task that check mode has foretold, and after which nothing is left to do."""
    foretold = task(cluster, check_mode=True, **given)
    assert cluster.writes == []
    rows = task(cluster, **given)
    writes = list(cluster.writes)
    assert shown(rows) == shown(foretold)
    assert {row["result"] for row in task(cluster, **given)} <= {"unchanged"}
    assert cluster.writes == []
    cluster.writes = writes
    return rows


FARM = {
    "templates": [{"name": "desktops", "replication": 3, "place_all": "ssd"}],
    "volumes": [
        {"name": "desktop-{01..30}", "parent": "golden-1"},
        {"name": "copy", "base_on": "golden"},
        {"name": "golden", "size": "20GiB", "template": "desktops"},
    ],
    "snapshots": [{"name": "golden-1", "volume": "golden"}],
    "attachments": [{"volume": "desktop-{01..30}", "clients": ["1"]}],
}


def test_each_comes_after_what_it_is_made_of(cluster):
    rows = settled(cluster, **FARM)
    calls = [call for call, _target, _body in cluster.writes]
    assert Counter(row["result"] for row in rows) == {"created": 34, "updated": 30}
    assert calls.index("VolumeTemplateCreate") < calls.index("VolumeCreate") < calls.index("VolumeSnapshot")
    assert Counter(calls) == {
        "VolumeTemplateCreate": 1,
        "VolumeCreate": 32,
        "VolumeSnapshot": 1,
        "VolumesReassignWait": 1,
    }


def test_and_all_of_it_goes_away_in_the_reverse_order(cluster):
    task(cluster, **FARM)
    gone = {
        "templates": [{"name": "desktops", "state": "absent"}],
        "volumes": [{"name": name, "state": "absent"} for name in ("desktop-{01..30}", "golden", "copy")],
        "snapshots": [{"name": "golden-1", "state": "absent"}],
        "attachments": [{"volume": "desktop-{01..30}", "state": "absent"}],
    }
    [*_rest, last] = [call for call, _t, _b in _only_writes(cluster, gone)]
    assert last == "VolumeTemplateDelete"
    assert cluster.get("VolumesList") == []


def _only_writes(cluster, given):
    cluster.now += 60  # StorPool clears deleted snapshots away
    rows = task(cluster, **given)
    if "failed" in {row["result"] for row in rows}:  # deleted snapshots still use the template for a second
        cluster.now += 60
        rows = task(cluster, **given)
    assert "failed" not in {row["result"] for row in rows}
    return cluster.writes


def test_nothing_to_do_over_many_volumes_is_one_read(cluster):
    given = {"volumes": [{"name": "v-{001..200}", "size": "1GiB", "template": "hybrid", "tags": {"n": "{001..200}"}}]}
    task(cluster, **given)
    assert {row["result"] for row in task(cluster, **given)} == {"unchanged"}
    assert cluster.reads == ["VolumesList"]


def test_a_task_reads_each_list_once_and_once_more_to_see_what_it_did(cluster):
    task(cluster, volumes=[{"name": "v-{001..200}", "size": "1GiB", "template": "hybrid"}])
    assert Counter(cluster.reads) == {"VolumesList": 2, "SnapshotsList": 1, "VolumeTemplatesList": 1}


def test_a_volume_is_as_its_own_module_makes_it(cluster):
    item = {"name": "db", "size": "1GiB", "template": "hybrid", "iops": "500", "tags": {"a": "b"}}
    task(cluster, volumes=[item])
    [(call, _target, body)] = cluster.writes
    cluster.post("VolumeDelete/db")
    cluster.forget()
    outcome = cluster.run(VOLUME, **item)
    assert cluster.writes == [(call, None, body)]
    assert outcome.changed


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ({"name": "bad name", "size": "1GiB"}, r"volumes\[1\]\.name: 'bad name' cannot be the name of a volume"),
        ({"size": "1GiB"}, r"volumes\[1\]: one of the following is required: name, global_id, match_tags"),
        ({"name": "x", "parent": "a", "base_on": "b"}, "mutually exclusive"),
        (
            {"name": "x", "sp_auth_token": "t"},
            r"volumes\[1\]\.sp_auth_token: there is no such option.* The item is 'x'",
        ),
        (
            {"name": "x-{1..3}", "tags": {"n": "{1..4}"}},
            r"volumes\[1\]: name has \{1\.\.3\} \(3 numbers\) and tags has \{1\.\.4\} \(4 numbers\)\. All ranges of an item",
        ),
        ({"name": "x-{3..1}"}, r"volumes\[1\]\.name: the range \{3\.\.1\} counts down.* Write \{1\.\.3\}"),
        (
            {"name": "x-{0..999999}"},
            r"volumes\[1\]\.name: the range \{0\.\.999999\} is of 1,000,000 numbers. At most 100,000",
        ),
        ({"name": "fine"}, "this is the same volume as"),
        ({"name": "x", "replication": "{1..3}"}, r"volumes\[1\]\.replication: .* is none of 1, 2 and 3"),
        (
            {"name": "x", "sise": "1GiB"},
            r"volumes\[1\]\.sise: there is no such option; did you mean size\? The item is 'x'",
        ),
        ({"name": ""}, r"^volumes\[1\]\.name is empty: the variable it comes from is empty or undefined"),
        ({"name": "x", "size": "10"}, r"volumes\[1\]\.size: 10 without a unit is 10 bytes. Did you mean 10GiB\?"),
        ({"name": "x", "tags": "a"}, r"volumes\[1\]\.tags: it is 'a', and a dictionary is meant"),
        ({"name": ["x"]}, r"volumes\[1\]\.name: \['x'\] is a list, and one value is meant"),
        (
            {"name": "x", "state": "abset"},
            r"volumes\[1\]\.state: 'abset' is none of present and absent. Did you mean absent\?",
        ),
        ({"name": "x", "size": "1GiB", "tags": {"n": "{1..4}"}}, r"volumes\[1\]: it has a range, but not in the name"),
    ],
)
def test_what_is_wrong_in_itself_fails_the_task_before_anything_is_read(cluster, item, says):
    with pytest.raises(InvalidOption, match=says):
        task(cluster, volumes=[{"name": "fine", "size": "1GiB", "template": "hybrid"}, item])
    assert (cluster.reads, cluster.writes) == ([], [])


def test_one_that_fails_holds_up_what_needs_it_and_nothing_else(cluster):
    rows = task(
        cluster,
        volumes=[
            {"name": "good", "size": "1GiB", "template": "hybrid"},
            {"name": "bad", "size": "1GiB", "template": "no-such"},
            {"name": "clone", "parent": "bad-1"},
        ],
        snapshots=[{"name": "bad-1", "volume": "bad"}],
        attachments=[{"volume": "clone", "clients": ["1"]}, {"volume": "good", "clients": ["1"]}],
    )
    assert results(rows) == {
        "volume 'good'": "created",
        "volume 'bad'": "failed",
        "volume 'clone'": "not_tried",
        "snapshot 'bad-1'": "not_tried",
        "attachments of volume 'clone'": "not_tried",
        "attachments of volume 'good'": "updated",
    }
    told = {row["object"]: row for row in rows}
    assert "there is no StorPool template 'no-such'" in told["volume 'bad'"]["msg"]
    assert told["volume 'bad'"]["error"]["kind"] == "not_found"
    assert "depends on volume 'bad', which failed" in told["attachments of volume 'clone'"]["msg"]


def test_a_run_after_a_failure_does_only_what_is_left(cluster):
    given = {
        "volumes": [
            {"name": "a-{1..5}", "size": "1GiB", "template": "later"},
            {"name": "b", "size": "1GiB", "template": "ssd"},
        ]
    }
    assert Counter(row["result"] for row in task(cluster, **given)) == {"failed": 5, "created": 1}
    cluster.post("VolumeTemplateCreate", {"name": "later", "replication": 3, "placeAll": "ssd"})
    assert Counter(row["result"] for row in task(cluster, **given)) == {"created": 5, "unchanged": 1}


def test_guards_are_those_of_the_single_modules(cluster):
    cluster.create("db", 2 * GIB)
    cluster.create("log")
    cluster.post("VolumesReassignWait", {"reassign": [{"volume": "log", "rw": [1]}]})
    rows = task(cluster, volumes=[{"name": "db", "size": "1GiB"}, {"name": "log", "state": "absent"}])
    assert [row["error"]["kind"] for row in rows] == ["not_allowed", "not_allowed"]
    assert "set allow_shrink" in rows[0]["msg"]
    assert "on_attached" in rows[1]["msg"]
    assert cluster.writes == []


def test_a_name_is_freed_before_it_is_given_again(cluster):
    cluster.create("old")
    cluster.create("x")
    rows = settled(
        cluster,
        volumes=[
            {"name": "x", "state": "absent"},
            {"name": "new", "previous_name": "old"},
            {"name": "source", "size": "1GiB", "template": "ssd"},
        ],
        snapshots=[{"name": "x", "volume": "source"}],
    )
    assert [row["result"] for row in rows] == ["deleted", "updated", "created", "created"]


def test_a_clone_is_made_before_its_source_is_deleted(cluster):
    cluster.create("source")
    rows = task(cluster, volumes=[{"name": "source", "state": "absent"}, {"name": "clone", "base_on": "source"}])
    assert [row["result"] for row in rows] == ["deleted", "created"]
    assert [call for call, _t, _b in cluster.writes] == ["VolumeCreate", "VolumeDelete"]


def test_a_source_stays_if_what_is_made_of_it_failed(cluster):
    cluster.create("source", 2 * GIB)
    rows = task(
        cluster,
        volumes=[{"name": "source", "state": "absent"}, {"name": "clone", "base_on": "source", "size": "1GiB"}],
    )
    assert [row["result"] for row in rows] == ["not_tried", "failed"]
    assert cluster.writes == []


def test_a_circle_is_refused(cluster):
    with pytest.raises(InvalidOption, match="wait for each other"):
        task(cluster, volumes=[{"name": "a", "base_on": "b"}, {"name": "b", "base_on": "a"}])


def test_what_is_attached_must_not_be_removed_by_the_same_task(cluster):
    with pytest.raises(InvalidOption, match=r"attachments\[0\]: this attaches volume 'a', which volumes\[0\] removes"):
        task(cluster, volumes=[{"name": "a", "state": "absent"}], attachments=[{"volume": "a", "clients": ["1"]}])


def test_two_items_that_turn_out_to_mean_one_volume_do_not_take_turns_with_it(cluster):
    identity = cluster.create("db")
    rows = task(cluster, volumes=[{"name": "db", "iops": "100"}, {"global_id": identity, "iops": "200"}])
    assert [row["result"] for row in rows] == ["updated", "failed"]
    assert "this is the same volume as volumes[0]" in rows[1]["msg"]


def test_items_that_attach_one_volume_are_one_object(cluster):
    cluster.create("db")
    given = {
        "attachments": [
            {"volume": "db", "clients": ["1"]},
            {"volume": "db", "clients": ["2"], "rights": "ro"},
            {"volume": "db", "clients": ["3"], "state": "absent"},
        ]
    }
    cluster.post("VolumesReassignWait", {"reassign": [{"volume": "db", "rw": [3]}]})
    [row] = settled(cluster, **given)
    assert row["result"] == "updated"
    assert {(each["client"], each["rights"]) for each in row["after"]} == {(1, "rw"), (2, "ro")}
    with pytest.raises(InvalidOption, match="with another force"):
        task(cluster, attachments=[given["attachments"][0], dict(given["attachments"][1], force=True)])


def test_many_attachments_are_few_calls_and_one_that_is_refused_does_not_hold_up_the_others(cluster):
    for number in range(120):
        cluster.create(f"v-{number}")
    cluster.post("VolumesReassignWait", {"reassign": [{"volume": "v-7", "rw": [2]}]})
    rows = task(
        cluster,
        apply=_refusing(cluster, "v-7"),
        attachments=[{"volume": "v-{0..119}", "clients": ["1"], "exclusive": True}],
    )
    assert Counter(row["result"] for row in rows) == {"updated": 119, "failed": 1}
    assert len(cluster.writes) < 30
    assert [row["name"] for row in rows if row["result"] == "failed"] == ["v-7"]


def _refusing(cluster, name):
    """The cluster, with a program on client 2 that has this volume open."""
    identity = "~" + cluster.volume(name)["globalId"]

    def apply(step):
        if any(item.get("volume") == identity for item in (step.body or {}).get("reassign", ())):
            cluster.writes.append((step.call, step.target, step.body))
            raise ApiError("is open at client 2", error={"name": "busy", "descr": "is open at client 2"})
        return cluster.apply(step)

    return apply


def test_a_set_tags_what_is_its_own_and_prunes_what_is_listed_no_more(cluster):
    everything = {
        "set": "shop",
        "prune": True,
        "volumes": [
            {"name": "cache-{1..4}", "size": "1GiB", "template": "ssd"},
            {"match_tags": {"role": "db"}, "size": "1GiB", "template": "ssd"},
        ],
        "snapshots": [{"name": "empty", "volume": "cache-1", "copy_volume_tags": True}],
    }
    foreign = cluster.create("cache-9")
    settled(cluster, **everything)
    assert cluster.volume("cache-1")["tags"] == {"ansible-volume-set": "shop"}
    less = everything | {"volumes": [{"name": "cache-{1..2}"}, {"match_tags": {"role": "db"}}], "snapshots": []}
    rows = settled(cluster, **less)
    assert [row["object"] for row in rows if row["result"] == "deleted"] == [
        "volume 'cache-3'",
        "volume 'cache-4'",
        "snapshot 'empty'",
    ]
    left = {volume["globalId"] for volume in cluster.get("VolumesList")}
    assert foreign in left
    assert len(left) == 4


def test_a_snapshot_with_the_copied_tag_of_its_volume_is_not_pruned(cluster):
    given = {"set": "shop", "prune": True, "volumes": [{"name": "db", "size": "1GiB", "template": "ssd"}]}
    task(cluster, **given)
    cluster.post("VolumeSnapshot/db", {"name": "backup", "tags": {"ansible-volume-set": "shop"}})
    assert results(task(cluster, **given)) == {"volume 'db'": "unchanged"}
    assert cluster.snapshot("backup")


def test_prune_stops_before_anything_is_done_if_it_is_more_than_allowed(cluster):
    task(cluster, set="shop", volumes=[{"name": "v-{1..5}", "size": "1GiB", "template": "ssd"}])
    with pytest.raises(NotAllowed, match=r"has 5 objects that are in no list.* set prune_max to 5"):
        task(cluster, set="shop", prune=True, prune_max=4, volumes=[{"name": "new", "size": "1GiB", "template": "ssd"}])
    assert cluster.writes == []
    rows = task(cluster, set="shop", prune=True, prune_max=5, volumes=[])
    assert Counter(row["result"] for row in rows) == {"deleted": 5}


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    "lists", [{}, {"volumes": None}, {"volumes": None, "snapshots": None}, {"templates": []}, {"attachments": []}]
)
def test_prune_without_a_list_of_what_shall_stay_is_refused(cluster, lists, check_mode):
    full_set(cluster)
    with pytest.raises(InvalidOption, match=r"^prune: neither volumes nor snapshots is given"):
        task(cluster, check_mode, set="shop", prune=True, prune_max=100, **lists)
    assert cluster.writes == []
    assert len(cluster.get("VolumesList")) == 12


def full_set(cluster):
    everything = [{"name": "v-{01..12}", "size": "1GiB", "template": "ssd"}]
    task(cluster, set="shop", volumes=everything, snapshots=[{"name": "s-{1..2}", "volume": "v-01"}])


@pytest.mark.parametrize(
    ("lists", "deleted"),
    [
        ({"volumes": [{"name": "v-01"}]}, {"volume": 11}),
        ({"volumes": []}, {"volume": 12}),
        ({"snapshots": []}, {"snapshot": 2}),
        ({"snapshots": [], "volumes": None}, {"snapshot": 2}),
        ({"snapshots": [], "volumes": []}, {"volume": 12, "snapshot": 2}),
    ],
)
def test_prune_touches_only_the_kinds_whose_list_is_given(cluster, lists, deleted):
    full_set(cluster)
    rows = settled(cluster, set="shop", prune=True, prune_max=14, **lists)
    assert Counter(row["kind"] for row in rows if row["result"] == "deleted") == deleted


@pytest.mark.parametrize("check_mode", [True, False])
@pytest.mark.parametrize(
    ("lists", "says"),
    [
        (
            {"volumes": []},
            "has 12 objects that are in no list: volume 'v-01', .* and 2 more. .* the lists keep \\(0\\).* set prune_max to 12",
        ),
        ({"snapshots": []}, "has 2 objects that are in no list: snapshot 's-1' and snapshot 's-2'.*set prune_max to 2"),
        ({"volumes": [{"name": "v-01"}]}, "has 11 objects that are in no list.* the lists keep \\(1\\)"),
        ({"volumes": [{"name": "v-{01..05}"}]}, "has 7 objects that are in no list.* the lists keep \\(5\\)"),
        (
            {"volumes": [{"name": "v-{01..06}"}, {"name": "v-07", "state": "absent"}], "snapshots": []},
            "has 7 objects.* keep \\(6\\)",
        ),
        ({"volumes": [{"name": "new", "size": "1GiB", "template": "ssd"}]}, "has 12 objects.* keep \\(1\\)"),
    ],
)
def test_what_may_be_a_lost_list_prunes_nothing_without_prune_max(cluster, lists, says, check_mode):
    full_set(cluster)
    with pytest.raises(NotAllowed, match=says):
        task(cluster, check_mode, set="shop", prune=True, **lists)
    assert cluster.writes == []


def test_no_more_than_ten_are_pruned_without_prune_max(cluster):
    names = [{"name": "w-{01..22}", "size": "1GiB", "template": "ssd"}]
    task(cluster, set="shop", volumes=names)
    with pytest.raises(NotAllowed, match=r"has 11 objects .* more than the 10 that may go without prune_max"):
        task(cluster, set="shop", prune=True, volumes=[{"name": "w-{01..11}"}])
    rows = settled(cluster, set="shop", prune=True, volumes=[{"name": "w-{01..12}"}])
    assert Counter(row["result"] for row in rows) == {"unchanged": 12, "deleted": 10}


def test_prune_keeps_what_the_task_means_in_any_way(cluster):
    task(
        cluster, set="shop", volumes=[{"name": "v-{1..4}", "size": "1GiB", "template": "ssd", "tags": {"twin": "yes"}}]
    )
    identity = cluster.volume("v-1")["globalId"]
    rows = task(
        cluster,
        set="shop",
        prune=True,
        volumes=[{"global_id": identity}, {"name": "w", "previous_name": "v-2"}, {"match_tags": {"twin": "yes"}}],
    )
    assert (
        results(rows)["the volume with the tags twin=yes"] == "failed"
    )  # which of them is not clear, so none is pruned
    assert len(cluster.get("VolumesList")) == 4


def test_prune_spares_what_is_attached_unless_it_may_detach(cluster):
    task(cluster, set="shop", volumes=[{"name": "v", "size": "1GiB", "template": "ssd"}])
    cluster.post("VolumesReassignWait", {"reassign": [{"volume": "v", "rw": [1]}]})
    gone = {"set": "shop", "prune": True, "prune_max": 1, "volumes": []}
    [row] = task(cluster, **gone)
    assert row["error"]["kind"] == "not_allowed"
    with pytest.raises(InvalidOption, match="prune would delete it"):
        task(cluster, attachments=[{"volume": "v", "clients": ["1"]}], **gone)
    [row] = task(cluster, prune_on_attached="detach", **gone)
    assert row["result"] == "deleted"


def test_a_source_that_is_pruned_stays_if_what_is_made_of_it_failed(cluster):
    task(cluster, set="shop", volumes=[{"name": "v", "size": "2GiB", "template": "ssd"}])
    rows = task(cluster, set="shop", prune=True, volumes=[{"name": "w", "base_on": "v", "size": "1GiB"}])
    assert [row["result"] for row in rows] == ["failed", "not_tried"]
    rows = task(cluster, set="shop", prune=True, volumes=[{"name": "w", "base_on": "v"}])
    assert [row["result"] for row in rows] == ["created", "deleted"]


def test_one_set_does_not_take_from_another(cluster):
    task(cluster, set="shop", volumes=[{"name": "v", "size": "1GiB", "template": "ssd"}])
    [row] = task(cluster, set="farm", volumes=[{"name": "v"}])
    assert "belongs to the set 'shop'" in row["msg"]
    with pytest.raises(InvalidOption, match="ansible-volume-set"):
        task(cluster, set="farm", volumes=[{"name": "w", "tags": {"ansible-volume-set": "shop"}}])


def test_a_plain_name_is_an_item(cluster):
    cluster.create("a")
    cluster.create("b")
    rows = settled(
        cluster, volumes=["a", "b"], snapshots=[{"volumes": ["a", "b"], "name": "{volume}-1"}], templates=["hybrid"]
    )
    assert [row["item"] for row in rows] == ["templates[0]", "volumes[0]", "volumes[1]", "snapshots[0]"]
    assert {raw["name"] for raw in cluster.get("SnapshotsList")} == {"a-1", "b-1"}
    rows = settled(cluster, snapshots=["a-1", "b-1"])
    assert {row["result"] for row in rows} == {"unchanged"}


def test_nothing_given_is_not_everything(cluster):
    """Every place where a list, a dictionary or a name that is missing or empty could be taken for all there is."""
    cluster.create("v", tags={"a": "b"})
    cluster.post("VolumesReassignWait", {"reassign": [{"volume": "v", "rw": [1]}]})
    cluster.forget()
    for wrong in (
        {"volumes": [{"match_tags": {}, "state": "absent"}]},
        {"volumes": [{"match_tags": {"a": ""}, "state": "absent"}]},
        {"volumes": [{"name": "", "state": "absent"}]},
        {"volumes": [{"name": None, "global_id": None, "state": "absent"}]},
        {"snapshots": [{"volumes": [], "state": "absent"}]},
        {"attachments": [{"volume": "v", "clients": [], "exclusive": True}]},
        {"attachments": [{"volume": "v", "clients": "", "exclusive": True}]},
        {"attachments": [{"volume": "v", "clients": None, "exclusive": True}]},
        {"attachments": [{"volume": "v", "clients": [], "state": "absent"}]},
        {"attachments": [{"volume": "v", "clients": None, "state": "absent", "force": True}]},
        {"attachments": [{"volume": "", "state": "absent"}]},
        {"set": "", "prune": True, "volumes": []},
    ):
        with pytest.raises(InvalidOption):
            task(cluster, **wrong)
    assert results(task(cluster, volumes=[], snapshots=[], attachments=[], templates=[])) == {}
    assert results(task(cluster, volumes=[{"name": "v", "purge_tags": True}])) == {"volume 'v'": "unchanged"}
    assert cluster.writes == []


def test_purge_tags_keeps_the_tag_of_the_set_and_does_nothing_without_tags(cluster):
    cluster.create("v", tags={"a": "b"})
    task(cluster, set="shop", volumes=[{"name": "v", "purge_tags": True}])
    assert cluster.volume("v")["tags"] == {"a": "b", "ansible-volume-set": "shop"}
    task(cluster, set="shop", volumes=[{"name": "v", "purge_tags": True, "tags": {"c": "d"}}])
    assert cluster.volume("v")["tags"] == {"c": "d", "ansible-volume-set": "shop"}


@pytest.mark.parametrize(
    "option",
    [
        {"prune": True},
        {"set": "a b"},
        {"set": ""},
        {"set": "s", "concurrency": 0},
        {"set": "s", "concurrency": 65},
        {"set": "s", "prune_max": -1},
    ],
)
def test_options_of_the_task_itself_are_checked(cluster, option):
    with pytest.raises((InvalidOption, AssertionError), match=r"set|concurrency|prune_max"):
        task(cluster, **option)


def test_groups_of_snapshots_are_items_too(cluster):
    rows = settled(
        cluster,
        volumes=[
            {"name": "data", "size": "1GiB", "template": "ssd"},
            {"name": "log", "size": "1GiB", "template": "ssd"},
        ],
        snapshots=[{"volumes": [{"volume": "data", "name": "data-1"}, {"volume": "log", "name": "log-1"}]}],
    )
    assert [row["result"] for row in rows] == ["created"] * 3
    assert [call for call, _t, _b in cluster.writes] == ["VolumeCreate", "VolumeCreate", "VolumesGroupSnapshot"]


def test_a_part_leaves_the_rest_and_does_not_try_what_failed_again(cluster):
    given = {
        "volumes": [
            {"name": "a-{1..3}", "size": "1GiB", "template": "ssd"},
            {"name": "bad", "size": "1GiB", "template": "no"},
        ]
    }
    first = task(cluster, part=bulk.Slice(seconds=0), **given)
    assert Counter(row["result"] for row in first) == {"waiting": 3, "failed": 1}
    failed = frozenset((row["kind"], str(row["item"]), row["object"]) for row in first if row["result"] == "failed")
    cluster.post("VolumeTemplateCreate", {"name": "no", "replication": 3, "placeAll": "ssd"})
    second = task(cluster, part=bulk.Slice(seconds=60, failed=failed), **given)
    assert Counter(row["result"] for row in second) == {"created": 3, "failed": 1}


def test_transient_errors_cost_one_more_read_for_all(cluster):
    struck = set()

    def apply(step):
        if step.body["name"] not in struck:
            struck.add(step.body["name"])
            raise TransientError("later")
        return cluster.apply(step)

    rows = task(cluster, apply=apply, volumes=[{"name": "v-{01..50}", "size": "1GiB", "template": "ssd"}])
    assert Counter(row["result"] for row in rows) == {"created": 50}
    assert cluster.reads.count("VolumesList") == 3


NAMES = st.sampled_from(["a", "b", "c", "d"])
VOLUMES = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "size": st.sampled_from(["1GiB", "2GiB"]),
        "template": st.sampled_from(["hybrid", "ssd", "none"]),
        "parent": st.sampled_from(["s", "t"]),
        "base_on": NAMES,
        "tags": st.dictionaries(st.sampled_from(["x", "y"]), st.sampled_from(["1", ""])),
        "state": st.sampled_from(["present", "absent"]),
        "on_attached": st.sampled_from(["fail", "detach"]),
    },
)
SNAPSHOTS = st.fixed_dictionaries(
    {"name": st.sampled_from(["s", "t", "a"])},
    optional={"volume": NAMES, "state": st.sampled_from(["present", "absent"]), "copy_volume_tags": st.booleans()},
)
ATTACHMENTS = st.one_of(
    st.fixed_dictionaries(
        {"volume": NAMES, "clients": st.sampled_from([["1"], ["1", "2"]])}, optional={"exclusive": st.booleans()}
    ),
    st.fixed_dictionaries({"volume": NAMES, "state": st.just("absent")}),
)
TASKS = st.fixed_dictionaries(
    {},
    optional={
        "volumes": st.lists(VOLUMES, max_size=4),
        "snapshots": st.lists(SNAPSHOTS, max_size=2),
        "attachments": st.lists(ATTACHMENTS, max_size=3),
        "prune": st.booleans(),
        "prune_max": st.sampled_from([0, 1, 10]),
    },
)


@settings(max_examples=150)
@given(st.lists(TASKS, min_size=1, max_size=4))
def test_whatever_the_tasks_check_mode_is_right_and_a_second_run_changes_nothing(tasks):
    cluster = Cluster()
    for name in ("hybrid", "ssd"):
        cluster.post("VolumeTemplateCreate", {"name": name, "replication": 3, "placeAll": "ssd"})
    for options_of_task in tasks:
        given_options = {"set": "shop", **options_of_task}
        try:
            foretold = task(cluster, check_mode=True, **given_options)
        except (InvalidOption, NotAllowed) as refusal:
            with pytest.raises(type(refusal)):
                task(cluster, **given_options)
            assert cluster.writes == []
            continue
        assert cluster.writes == []
        rows = task(cluster, **given_options)
        assert [(row["object"], row["result"], row["actions"]) for row in rows] == [
            (row["object"], row["result"], row["actions"]) for row in foretold
        ]
        again = task(cluster, **given_options)
        assert cluster.writes == []
        assert not any(row["changed"] for row in again)


def test_rows_in_brief_are_those_in_full_without_what_objects_were_like(cluster):
    other = Cluster()
    for name, places in (("hybrid", ("hdd", "ssd", "hdd")), ("ssd", ("ssd", "ssd", "ssd"))):
        fields = dict(zip(("placeAll", "placeTail", "placeHead"), places, strict=True))
        other.post("VolumeTemplateCreate", {"name": name, "replication": 3, **fields})
    told = []
    for each, in_full in ((cluster, True), (other, False)):
        unnamed = each.post("VolumeCreate", {"size": GIB, "template": "ssd", "tags": {"role": "scratch"}})["globalId"]
        rows = [task(each, in_full=in_full, **FARM)]
        later = {
            "volumes": [
                {"name": "copy", "state": "absent"},
                {"name": "gold", "previous_name": "golden", "tags": {"a": "b"}},
                {"global_id": unnamed, "tags": {"role": "kept"}},
                {"name": "never", "template": "no-such"},
                {"name": "desktop-{01..03}", "tags": {"owner": "me"}},
            ],
            "snapshots": [{"name": "golden-1", "tags": {"c": "d"}}],
        }
        rows += [task(each, in_full=in_full, **later), task(each, in_full=in_full, **later)]
        told.append([[{**row, "before": None, "after": None} for row in some] for some in rows])
        assert any(row["after"] and row["after"].get("size") for row in rows[1]) == in_full
    assert cluster.writes == other.writes
    for full, brief in zip(*told, strict=True):
        assert [pair for pair in zip(full, brief, strict=True) if pair[0] != pair[1]] == []
    assert Counter(row["result"] for row in told[1][1]) == {"updated": 6, "deleted": 1, "failed": 1}
