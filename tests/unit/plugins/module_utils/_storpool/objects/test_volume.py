# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes: which calls a task becomes, what is refused, and that a plan does what was asked and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Failure,
    NameTaken,
    NotAllowed,
    NotFound,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.volume import VOLUME
from unit.cluster import Cluster

GIB = 2**30


@pytest.fixture
def cluster():
    return Cluster()


def run(cluster, **options):
    return cluster.run(VOLUME, **options)


def test_only_what_changes_is_sent(cluster):
    run(cluster, name="db", size="1GiB", template="hybrid", tags={"a": "1"})
    run(cluster, name="db", size="2GiB", template="hybrid", iops="100", tags={"a": "1", "b": "2"})
    [(call, _target, body)] = cluster.written
    assert call == "VolumeUpdate"
    assert body == {"size": 2 * GIB, "iops": 100, "tags": {"b": "2"}}


def test_limits_that_are_asked_for_hold_in_another_template_too(cluster):
    cluster.model.post("VolumeTemplateUpdate/ssd", {"iops": 5000})
    run(cluster, name="db", size="1GiB", template="hybrid", iops="100")
    outcome = run(cluster, name="db", template="ssd", iops="100")
    assert cluster.written[0][2] == {"template": "ssd", "iops": 100}
    assert outcome.after["iops"] == 100


def test_a_template_brings_its_limits_if_none_are_asked_for(cluster):
    cluster.model.post("VolumeTemplateUpdate/ssd", {"iops": 5000})
    run(cluster, name="db", size="1GiB", template="hybrid")
    predicted = run(cluster, check_mode=True, name="db", template="ssd")
    assert run(cluster, name="db", template="ssd").after == predicted.after
    assert predicted.after["iops"] == 5000


def test_an_identifying_tag_survives_a_purge(cluster):
    run(cluster, match_tags={"id": "7"}, size="1GiB", template="hybrid", tags={"x": "1"})
    run(cluster, match_tags={"id": "7"}, tags={"y": "2"}, purge_tags=True)
    assert cluster.written[0][2] == {"tags": {"x": "", "y": "2"}}


def test_an_empty_dict_of_tags_with_purge_removes_them_all(cluster):
    run(cluster, name="db", size="1GiB", template="hybrid", tags={"a": "1", "b": "2"})
    outcome = run(cluster, name="db", tags={}, purge_tags=True)
    assert outcome.after["tags"] == {}
    assert not run(cluster, name="db", tags={}, purge_tags=True).changed


def test_a_tag_with_an_empty_value_is_removed(cluster):
    run(cluster, name="db", size="1GiB", template="hybrid", tags={"a": "1", "b": "2"})
    assert run(cluster, name="db", tags={"a": "", "c": ""}).after["tags"] == {"b": "2"}
    assert cluster.written[0][2] == {"tags": {"a": ""}}


def test_a_volume_without_a_template_needs_a_placement_only(cluster):
    outcome = run(cluster, name="raw", size="1GiB", replication=2, place_all="hdd")
    assert (outcome.after["template"], outcome.after["place_tail"]) == (None, "hdd")
    assert cluster.written[0][2] == {"name": "raw", "size": GIB, "replication": 2, "placeAll": "hdd"}


def test_the_size_may_come_from_the_template(cluster):
    cluster.model.post("VolumeTemplateUpdate/ssd", {"size": 3 * GIB})
    predicted = run(cluster, check_mode=True, name="db", template="ssd")
    assert predicted.after["size"] == 3 * GIB
    assert run(cluster, name="db", template="ssd").after["size"] == 3 * GIB


def test_what_is_already_renamed_stays_so(cluster):
    run(cluster, name="new", previous_name="old", size="1GiB", template="hybrid")
    assert cluster.written[0][0] == "VolumeCreate"
    assert not run(cluster, name="new", previous_name="old").changed


def test_a_rename_onto_a_snapshot_is_refused(cluster):
    run(cluster, name="db", size="1GiB", template="hybrid")
    cluster.model.post("VolumeSnapshot/db", {"name": "snap"})
    with pytest.raises(NameTaken, match="belongs to another snapshot"):
        run(cluster, name="snap", previous_name="db")
    assert cluster.written == []


def test_the_attachment_that_forbids_a_deletion_may_be_of_a_server_that_shows_names_only():
    cluster = Cluster(attachment_global_id="absent")
    run(cluster, name="db", size="1GiB", template="hybrid")
    cluster.model.attach("db", 2)
    with pytest.raises(NotAllowed, match="attached to client 2"):
        run(cluster, state="absent", name="db")
    run(cluster, state="absent", name="db", on_attached="detach")
    assert cluster.written[0][2] == {"onAttached": "detach"}


def test_a_snapshot_that_is_being_deleted_has_no_name_left(cluster):
    run(cluster, name="db", size="1GiB", template="hybrid")
    cluster.model.post("VolumeSnapshot/db", {"name": "snap"})
    cluster.model.post("SnapshotDelete/snap", {})
    assert run(cluster, name="snap", size="1GiB", template="hybrid").changed


def test_a_parent_may_be_named_by_its_global_id(cluster):
    run(cluster, name="db", size="1GiB", template="hybrid")
    global_id = cluster.model.post("VolumeSnapshot/db", {})["snapshotGlobalId"]
    outcome = run(cluster, name="child", parent=f"~{global_id}")
    assert cluster.written[0][2] == {"name": "child", "parent": f"~{global_id}"}
    assert outcome.after["size"] == GIB


def test_references_are_looked_up_only_where_they_matter(cluster):
    run(cluster, name="db", size="1GiB", template="hybrid")
    assert not run(cluster, name="db", parent="no-such", template="hybrid").changed
    with pytest.raises(NotFound, match="no StorPool template 'no-such'"):
        run(cluster, name="db", template="no-such")


NAMES = st.sampled_from(["a", "b", "c"])
TAGS = st.dictionaries(st.sampled_from("xyz"), st.sampled_from(["", "1", "2"]), max_size=3)
LIMITS = st.sampled_from(["unlimited", "100", "2000"])
TASKS = st.fixed_dictionaries(
    {"name": NAMES},
    optional={
        "state": st.sampled_from(["present", "present", "present", "absent"]),
        "previous_name": NAMES,
        "size": st.sampled_from(["1GiB", "2GiB", "3GiB"]),
        "allow_shrink": st.booleans(),
        "template": st.sampled_from(["hybrid", "ssd", "no-such"]),
        "parent": st.sampled_from(["s1", "no-such"]),
        "base_on": NAMES,
        "replication": st.sampled_from([1, 2, 3]),
        "place_all": st.sampled_from(["hdd", "ssd", "no-such"]),
        "place_tail": st.sampled_from(["hdd", "ssd"]),
        "reuse_server": st.booleans(),
        "iops": LIMITS,
        "bw": LIMITS,
        "limit_type": st.sampled_from(["total", "perGiB"]),
        "tags": TAGS,
        "purge_tags": st.booleans(),
        "on_attached": st.sampled_from(["fail", "detach"]),
    },
).filter(lambda task: not {"parent", "base_on"} <= task.keys())
#: The keys of a returned volume that an option sets.
SETS = {"size", "template", "replication", "place_all", "place_tail", "reuse_server", "iops", "bw", "limit_type"}


@given(tasks=st.lists(TASKS, min_size=1, max_size=8))
def test_any_tasks_keep_the_promises(tasks):
    cluster = Cluster()
    cluster.run(VOLUME, name="origin", size="1GiB", template="hybrid")
    cluster.model.post("VolumeSnapshot/origin", {"name": "s1"})
    for task in tasks:
        keeps_the_promises(cluster, task)


def keeps_the_promises(cluster, task):
    others = {
        name: raw for name, raw in everything(cluster).items() if name not in (task["name"], task.get("previous_name"))
    }
    before = cluster.model.dump()
    try:
        predicted = run(cluster, check_mode=True, **task)
    except Failure as refusal:
        assert cluster.model.dump() == before
        with pytest.raises(type(refusal)):
            run(cluster, **task)
        assert cluster.written == []  # what check mode refuses is refused before anything is written
        return
    assert cluster.model.dump() == before
    outcome = run(cluster, **task)
    assert (outcome.changed, outcome.actions) == (predicted.changed, predicted.actions)
    assert known(predicted.after, outcome.after) == known(outcome.after, outcome.after)
    if outcome.before and outcome.after:
        untouched = outcome.after.keys() - SETS - {"name", "device", "tags", "place_head"}
        assert {key: outcome.before[key] for key in untouched} == {key: outcome.after[key] for key in untouched}
        for option in SETS - task.keys() if "template" not in task else ():
            assert outcome.before[option] == outcome.after[option] or option.startswith("place")
    again = run(cluster, **task)
    assert not again.changed
    assert cluster.written == []
    assert {name: raw for name, raw in everything(cluster).items() if name in others} == others


def everything(cluster):
    """All volumes and snapshots but those that StorPool makes for itself, and what changes in them when others are made from them."""
    volumes = {raw["name"]: raw for raw in cluster.reader.volumes()}
    return {
        name: {key: raw[key] for key in ("globalId", "size", "iops", "bw", "tags", "templateName")}
        for name, raw in volumes.items()
    }


def known(predicted, actual):
    """What a prediction says of what came: where it says ``None`` for what only the API can know, what came."""
    if predicted is None:
        return None
    unknown = {"global_id", "creation_timestamp", "parent"}
    return {key: actual[key] if value is None and key in unknown else value for key, value in predicted.items()}
