# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Placement groups: disks in and out, in one call, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    InvalidOption,
    NotAllowed,
    NotFound,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.placement_group import (
    PLACEMENT_GROUP,
)
from unit.plugins.module_utils._storpool.in_process import Cluster

DISKS = (101, 102, 103, 201, 202, 203, 301, 302, 303)
some_disks = st.lists(st.sampled_from(DISKS), unique=True)


@pytest.fixture
def cluster():
    cluster = Cluster()
    cluster.post("PlacementGroupUpdate/cold", {"addDisks": [101, 201], "rmDisks": []})
    return cluster


def group(cluster, name="cold"):
    return cluster.get("PlacementGroupsList").get(name, {}).get("disks")


def test_a_new_group_is_made_with_its_disks_in_one_call():
    cluster = Cluster()
    outcome = cluster.settled(PLACEMENT_GROUP, name="cold", disks=[201, 101])
    assert cluster.writes == [("PlacementGroupUpdate", "cold", {"addDisks": [101, 201], "rmDisks": []})]
    assert outcome.after == {"name": "cold", "disks": [101, 201]}
    assert outcome.before is None
    assert outcome.actions == ("create placement group 'cold' with disks 101 and 201",)


@pytest.mark.parametrize(
    ("options", "added", "removed", "left"),
    [
        ({"disks": [201, 101]}, None, None, [101, 201]),
        ({"disks": [201]}, None, None, [101, 201]),
        ({"disks": [301]}, [301], [], [101, 201, 301]),
        ({"disks": [301], "purge_disks": True}, [301], [101, 201], [301]),
        ({"disks": [201, 101], "purge_disks": True}, None, None, [101, 201]),
        ({"remove_disks": [101, 302]}, [], [101], [201]),
        ({"disks": [302], "remove_disks": [101]}, [302], [101], [201, 302]),
        ({}, None, None, [101, 201]),
        ({"disks": []}, None, None, [101, 201]),
        ({"purge_disks": True}, None, None, [101, 201]),
    ],
)
def test_disks_go_in_and_out(cluster, options, added, removed, left):
    outcome = cluster.settled(PLACEMENT_GROUP, name="cold", **options)
    expected = [] if added is None else [("PlacementGroupUpdate", "cold", {"addDisks": added, "rmDisks": removed})]
    assert cluster.writes == expected
    assert outcome.after == {"name": "cold", "disks": left}


def test_a_rename_and_a_change_are_one_call(cluster):
    outcome = cluster.settled(PLACEMENT_GROUP, name="frozen", previous_name="cold", disks=[301])
    assert cluster.writes == [("PlacementGroupUpdate", "cold", {"addDisks": [301], "rmDisks": [], "rename": "frozen"})]
    assert outcome.actions == ("update placement group 'cold': rename it to 'frozen', add disk 301",)
    assert group(cluster) is None
    assert group(cluster, "frozen") == [101, 201, 301]


def test_disks_are_listed_only_to_check_new_ones(cluster):
    cluster.run(PLACEMENT_GROUP, name="cold", disks=[101])
    assert cluster.reads == ["PlacementGroupsList"]


def test_deleting_it_is_one_call_and_deleting_it_again_none(cluster):
    outcome = cluster.settled(PLACEMENT_GROUP, name="cold", state="absent")
    assert cluster.writes == [("PlacementGroupDelete", "cold", None)]
    assert (outcome.before, outcome.after) == ({"name": "cold", "disks": [101, 201]}, None)


@pytest.mark.parametrize(
    ("options", "failure", "words"),
    [
        ({"name": "cold", "disks": [101, 301, 101]}, InvalidOption, "disk 101 is named more than once in disks"),
        ({"name": "cold", "remove_disks": [101, 101]}, InvalidOption, "more than once in remove_disks"),
        ({"name": "cold", "disks": [101], "remove_disks": [101]}, InvalidOption, "disks and in remove_disks at once"),
        ({"name": "cold", "disks": [4096]}, InvalidOption, "4096 cannot be the id of a disk"),
        ({"name": "cold", "disks": [999, 998]}, NotFound, "the cluster has no disks 998 and 999"),
        ({"name": "cold", "disks": [], "purge_disks": True}, InvalidOption, "without any disk"),
        ({"name": "cold", "remove_disks": [101, 201]}, InvalidOption, "without any disk"),
        ({"name": "new"}, InvalidOption, "set disks"),
        ({"name": "new", "disks": []}, InvalidOption, "set disks"),
        ({"name": "co.ld", "disks": [101]}, InvalidOption, "cannot be the name of a placement group"),
        ({"name": "cold", "previous_name": "hdd"}, Ambiguous, "not clear which one is meant"),
        ({"name": "cold", "previous_name": "cold"}, InvalidOption, "still has its old name"),
        ({"name": "cold", "previous_name": "hdd", "state": "absent"}, InvalidOption, "is for a rename"),
    ],
)
def test_what_is_refused_writes_nothing(cluster, options, failure, words):
    with pytest.raises(failure, match=words):
        cluster.run(PLACEMENT_GROUP, **options)
    assert cluster.writes == []
    assert group(cluster) == [101, 201]


def test_a_group_in_use_is_not_deleted_and_its_users_are_named(cluster):
    cluster.post("VolumeTemplateCreate", {"name": "slow", "placeAll": "hdd", "placeTail": "cold", "replication": 3})
    cluster.create("db-1", template="slow")
    with pytest.raises(NotAllowed, match="'cold' is in use by StorPool template 'slow' and volume 'db-1'"):
        cluster.run(PLACEMENT_GROUP, name="cold", state="absent")
    assert cluster.writes == []


@given(some_disks.filter(bool), some_disks, some_disks, st.booleans())
def test_after_a_run_the_disks_are_as_wanted_and_no_others_changed(before, disks, removed, purge):
    cluster = Cluster()
    cluster.post("PlacementGroupUpdate/cold", {"addDisks": before, "rmDisks": []})
    others = {name: raw for name, raw in cluster.get("PlacementGroupsList").items() if name != "cold"}
    wanted = {
        "name": "cold",
        "disks": disks,
        "purge_disks": purge,
        "remove_disks": [disk for disk in removed if disk not in disks],
    }
    expected = (set(disks) if purge else set(before) | set(disks)) - set(wanted["remove_disks"])
    if not expected:
        with pytest.raises(InvalidOption):
            cluster.run(PLACEMENT_GROUP, **wanted)
        return
    cluster.settled(PLACEMENT_GROUP, **wanted)
    assert group(cluster) == sorted(expected)
    assert {name: raw for name, raw in cluster.get("PlacementGroupsList").items() if name != "cold"} == others
    assert len(cluster.writes) == (expected != set(before))
