# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""StorPool templates: what is sent, what is refused, what CloudStack needs, and what is shown of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    ApiError,
    InvalidOption,
    NotAllowed,
    NotFound,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import templates as template_info
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.template import TEMPLATE
from unit.plugins.module_utils._storpool.in_process import Cluster, options

GIB = 1024**3
HYBRID = {"replication": 3, "place_all": "hdd", "place_tail": "ssd", "place_head": "hdd"}
SENT = {"replication": 3, "placeAll": "hdd", "placeTail": "ssd", "placeHead": "hdd"}


@pytest.fixture
def cluster():
    cluster = Cluster()
    cluster.post("VolumeTemplateCreate", {"name": "hybrid", **SENT})
    return cluster


def test_a_new_template_is_made_with_what_is_named_and_no_more():
    cluster = Cluster()
    outcome = cluster.settled(TEMPLATE, name="cloud", size="10GiB", iops="500", bw="unlimited", **HYBRID)
    assert cluster.writes == [
        ("VolumeTemplateCreate", None, {"name": "cloud", "size": 10 * GIB, "iops": 500, "bw": "-", **SENT})
    ]
    assert outcome.after == {
        "name": "cloud",
        "size": 10 * GIB,
        "parent": None,
        "reuse_server": False,
        "iops": 500,
        "bw": None,
        "limit_type": "total",
        **HYBRID,
    }


def test_what_a_new_template_leaves_out_is_foretold():
    outcome = Cluster().settled(TEMPLATE, name="bare")
    assert outcome.after["place_all"] == outcome.after["place_tail"] == outcome.after["place_head"] == "default"
    assert outcome.after["replication"] is None


def test_a_change_sends_the_difference(cluster):
    cluster.create("db-1", template="hybrid")
    cluster.post("VolumeSnapshot/db-1", {"name": "golden"})
    outcome = cluster.settled(
        TEMPLATE, name="hybrid", replication=2, size="1GiB", parent="golden", iops="7", place_all="hdd"
    )
    assert cluster.writes == [
        ("VolumeTemplateUpdate", "hybrid", {"size": GIB, "parent": "golden", "replication": 2, "iops": 7})
    ]
    assert outcome.before["iops"] is None
    assert outcome.after["iops"] == 7
    assert cluster.volume("db-1")["iops"] == "-"


def test_places_that_follow_place_all_are_said_with_it(cluster):
    """What nobody set is listed as if it had been set; it would follow, and a second call would be needed."""
    cluster.run(TEMPLATE, name="gold", replication=3, place_all="hdd")
    cluster.forget()
    cluster.settled(TEMPLATE, name="gold", place_all="ssd", place_tail="ssd", place_head="hdd")
    [(_call, _target, body)] = cluster.writes
    assert body == {"placeAll": "ssd", "placeTail": "ssd", "placeHead": "hdd"}


def test_propagate_acts_together_with_a_change_only(cluster):
    cluster.create("db-1", template="hybrid")
    cluster.settled(TEMPLATE, name="hybrid", iops="7", propagate=True)
    assert cluster.writes == [("VolumeTemplateUpdate", "hybrid", {"iops": 7, "propagate": True})]
    assert cluster.volume("db-1")["iops"] == 7


def test_a_rename_keeps_the_volumes_with_the_template(cluster):
    cluster.create("db-1", template="hybrid")
    cluster.settled(TEMPLATE, name="cloud", previous_name="hybrid", limit_type="perGiB")
    assert cluster.writes == [("VolumeTemplateUpdate", "hybrid", {"rename": "cloud", "limitType": "perGiB"})]
    assert cluster.volume("db-1")["templateName"] == "cloud"


def test_a_template_as_wanted_is_read_once(cluster):
    assert not cluster.run(
        TEMPLATE, name="hybrid", for_cloudstack=True, propagate=True, iops="unlimited", **HYBRID
    ).changed
    assert cluster.reads == ["VolumeTemplateDescribe"]


def test_an_unused_template_is_deleted_and_an_absent_one_left(cluster):
    outcome = cluster.settled(TEMPLATE, name="hybrid", state="absent")
    assert cluster.writes == [("VolumeTemplateDelete", "hybrid", None)]
    assert outcome.after is None


def test_a_template_in_use_is_not_deleted_and_its_users_are_named(cluster):
    cluster.create("db-1", template="hybrid")
    unnamed = cluster.create(template="hybrid")
    cluster.post("VolumeSnapshot/db-1", {"name": "nightly"})
    with pytest.raises(
        NotAllowed, match=f"'hybrid' is in use by volume 'db-1', volume ~{unnamed} and snapshot 'nightly'"
    ):
        cluster.run(TEMPLATE, name="hybrid", state="absent")
    assert cluster.writes == []


@pytest.mark.parametrize("name", ["busy", "invalidParam", "preconditionViolation"])
def test_a_template_whose_snapshots_are_still_being_deleted_says_to_try_again(name):
    cluster = Cluster(error_in_use=name)
    cluster.post("VolumeTemplateCreate", {"name": "hybrid", **SENT})
    cluster.create("db-1", template="hybrid")
    cluster.post("VolumeSnapshot/db-1", {"name": "nightly"})
    cluster.post("VolumeDelete/db-1")
    cluster.post("SnapshotDelete/nightly")
    with pytest.raises(ApiError, match=r"delete StorPool template 'hybrid': .* try again in a few seconds"):
        cluster.run(TEMPLATE, name="hybrid", state="absent")


@pytest.mark.parametrize(
    ("given", "failure", "words"),
    [
        ({"name": "hybrid", "place_tail": "nvme"}, NotFound, "no placement group 'nvme'"),
        ({"name": "new", "place_tail": "nvme"}, NotFound, "no placement group 'nvme'"),
        ({"name": "hybrid", "parent": "nope"}, NotFound, "no snapshot 'nope'"),
        ({"name": "hybrid", "parent": "~abc.b.1"}, InvalidOption, "cannot be the name of a snapshot"),
        ({"name": "hybrid", "size": "-"}, InvalidOption, "no way to take the size of a template away"),
        ({"name": "hybrid", "size": "1000B"}, InvalidOption, "not a positive multiple of 512"),
        ({"name": "hybrid", "size": "1000"}, InvalidOption, "Did you mean 1000GiB"),
        ({"name": "hybrid", "parent": ""}, InvalidOption, "no way to take the parent of a template away"),
        ({"name": "hybrid", "iops": "many"}, InvalidOption, "is no limit"),
        ({"name": "hy.brid"}, InvalidOption, "cannot be the name of a template"),
        ({"name": "list"}, InvalidOption, "keeps for itself"),
        ({"name": "hybrid", "previous_name": "other"}, Ambiguous, "not clear which one is meant"),
        ({"name": "hybrid", "previous_name": "hybrid"}, InvalidOption, "still has its old name"),
        (
            {"name": "new", "for_cloudstack": True},
            InvalidOption,
            "replication, place_all, place_tail and place_head are not set",
        ),
        (
            {"name": "new", "for_cloudstack": True, **HYBRID, "place_head": None},
            InvalidOption,
            "place_head is not set. Set it",
        ),
        ({"name": "other", "for_cloudstack": True}, InvalidOption, "'other' would not do .*: replication is not set"),
    ],
)
def test_what_is_refused_writes_nothing(cluster, given, failure, words):
    cluster.post("VolumeTemplateCreate", {"name": "other"})
    with pytest.raises(failure, match=words):
        cluster.run(TEMPLATE, **given)
    assert cluster.writes == []


def test_what_cloudstack_needs_can_be_added(cluster):
    cluster.post("VolumeTemplateCreate", {"name": "other"})
    cluster.settled(TEMPLATE, name="other", replication=3, for_cloudstack=True)
    assert cluster.writes == [("VolumeTemplateUpdate", "other", {"replication": 3})]


limits = st.sampled_from(["unlimited", "0", "1", "500"])
policies = st.fixed_dictionaries(
    {},
    optional={
        "replication": st.sampled_from([1, 2, 3]),
        "place_all": st.sampled_from(["hdd", "ssd", "default"]),
        "place_tail": st.sampled_from(["hdd", "ssd"]),
        "place_head": st.sampled_from(["hdd", "ssd"]),
        "reuse_server": st.booleans(),
        "iops": limits,
        "bw": limits,
        "limit_type": st.sampled_from(["total", "perGiB"]),
        "size": st.sampled_from(["512B", "10GiB"]),
    },
)


@given(policies, policies, st.booleans())
def test_after_a_run_the_template_is_as_wanted_and_the_rest_as_before(first, second, propagate):
    cluster = Cluster()
    cluster.run(TEMPLATE, name="other", **first)
    before = cluster.run(
        TEMPLATE, name="cloud", **HYBRID, **{key: value for key, value in first.items() if key not in HYBRID}
    ).after
    cluster.forget()
    outcome = cluster.settled(TEMPLATE, name="cloud", propagate=propagate, **second)
    assert {key for key in before if outcome.after[key] != before[key]} <= set(second)
    assert len(cluster.writes) == (outcome.after != before)
    assert cluster.run(TEMPLATE, name="other", **first).changed is False


def test_templates_are_shown_with_one_call_and_their_space_with_two(cluster):
    cluster.post("VolumeTemplateCreate", {"name": "archive", "replication": 2})
    cluster.create("db-1", template="hybrid")
    shown = template_info.read(Reader(cluster), options(template_info.SPEC, {}))["templates"]
    assert [row["name"] for row in shown] == ["archive", "hybrid"]
    assert [row["status"] for row in shown] == [None, None]
    assert cluster.reads == ["VolumeTemplatesList"]
    cluster.forget()
    [shown] = template_info.read(Reader(cluster), options(template_info.SPEC, {"name": ["hyb*"], "status": True}))[
        "templates"
    ]
    assert (shown["name"], shown["status"]["volumes_count"], shown["status"]["size"]) == ("hybrid", 1, GIB)
    assert shown["status"]["used"] == shown["status"]["capacity"] - shown["status"]["free"]
    assert cluster.reads == ["VolumeTemplatesStatus", "VolumeTemplatesList"]
    assert template_info.read(Reader(cluster), options(template_info.SPEC, {"name": ["Hyb*", "x"]})) == {
        "templates": []
    }
