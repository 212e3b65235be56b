# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A series of snapshots here."""

from __future__ import annotations

import time

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Incomplete,
    InvalidOption,
    NotAllowed,
    NotFound,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Step
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.backup.rotation import ROTATION
from unit.plugins.module_utils._storpool.far import TAKES, Here

DAY = 86400


@pytest.fixture
def here(monkeypatch):
    cluster = Here(snapshot_delete_seconds=0)
    monkeypatch.setattr(time, "time", lambda: cluster.now)
    return cluster


def rotate(here, name, **more):
    given = {"series": "nightly", "name": name, "volumes": ["db", "log"], **more}
    here.forget()
    return here.run(ROTATION, **given)


def names(here):
    return sorted(row["name"] for row in here.get("SnapshotsList") if not row["deleted"])


def test_one_more_of_each_volume_and_a_second_run_takes_none(here):
    outcome = rotate(here, "1")
    assert outcome.changed
    assert names(here) == ["db.nightly.1", "log.nightly.1"]
    assert not rotate(here, "1").changed
    assert [each[0] for each in here.writes] == []
    assert "AttachmentsList" not in here.reads


@pytest.mark.parametrize("group", [False, True])
def test_old_ones_go_after_the_new_ones_are_there(here, group):
    for day in range(5):
        rotate(here, str(day), keep={"last": 2}, group=group)
        calls = [each[0] for each in here.writes]
        assert calls == sorted(calls, key=lambda call: call == "SnapshotDelete")
        here.now += DAY
    assert names(here) == ["db.nightly.3", "db.nightly.4", "log.nightly.3", "log.nightly.4"]
    assert len([call for call in here.writes if call[0] == "VolumesGroupSnapshot"]) == int(group)


def test_nothing_goes_that_the_series_has_not_made(here):
    here.post("VolumeSnapshot/db", {"name": "db.nightly.0"})
    here.post("VolumeSnapshot/db", {"tags": {"ansible-rotation-series": "nightly"}})
    here.post("VolumeSnapshot/db", {"name": "weekly", "tags": {"ansible-rotation-series": "weekly"}})
    before = len(names(here))
    for day in range(1, 4):
        here.now += DAY
        rotate(here, str(day), keep={"last": 1})
    assert len(names(here)) == before + 2


def test_volumes_that_are_not_named_any_more_keep_what_they_have(here):
    rotate(here, "1", keep={"last": 1})
    here.now += DAY
    rotate(here, "2", keep={"last": 1}, volumes=["d*"])
    assert names(here) == ["db.nightly.2", "log.nightly.1"]


def test_what_is_in_use_stays_and_is_told(here):
    rotate(here, "1")
    rotate(here, "2")
    here.post("VolumesReassignWait", {"reassign": [{"snapshot": "db.nightly.1", "ro": [1]}]})
    here.post("SnapshotExport", {"snapshot": "log.nightly.2", "location": "far-away"})
    here.now += DAY
    outcome = rotate(here, "3", keep={"last": 1})
    assert names(here) == ["db.nightly.1", "db.nightly.3", "log.nightly.2", "log.nightly.3"]
    assert sorted(outcome.cautions) == [
        "snapshot 'db.nightly.1' stays, although it need not: it is attached.",
        "snapshot 'log.nightly.2' stays, although it need not: it is exported.",
    ]


def test_a_clock_that_was_ahead_costs_nothing(here):
    rotate(here, "1")
    here.now += 30 * DAY
    rotate(here, "from-the-future")
    here.now -= 29 * DAY
    rotate(here, "2", keep={"last": 1}, volumes=["db"])
    assert names(here) == ["db.nightly.2", "db.nightly.from-the-future", *names(here)[2:]]


def test_an_old_name_again_is_not_deleted_by_its_own_task(here):
    for name in ("1", "2", "3"):
        rotate(here, name)
        here.now += DAY
    rotate(here, "1", keep={"last": 1})
    assert [name for name in names(here) if name.startswith("db")] == ["db.nightly.1", "db.nightly.3"]


def test_a_group_lacks_nothing_that_was_there(here):
    rotate(here, "1", group=True)
    here.now += 1
    here.post("VolumeCreate", {"name": "new", **TAKES})
    outcome = rotate(here, "1", group=True, volumes=["*"])
    assert not outcome.changed
    assert outcome.cautions == (
        "volume 'new' came after the snapshots '1' of series 'nightly' were taken, and will be in the next ones.",
    )
    here.post("SnapshotDelete/db.nightly.1")
    with pytest.raises(Incomplete):
        rotate(here, "1", group=True)


def test_unnamed_volumes_and_tags(here):
    gid = here.post("VolumeCreate", {"tags": {"vm": "7"}, **TAKES})["name"]
    rotate(here, "1", volumes=None, match_tags={"vm": "7"})
    assert names(here) == [f"{gid.lstrip('~')}.nightly.1"]


def test_what_cloudstack_has_taken_for_its_own_is_left_to_it(here):
    rotate(here, "1", volumes=["db"])
    here.post("SnapshotUpdate/db.nightly.1", {"tags": {"cs": "snapshot", "uuid": "6c0e2f3a"}})
    here.now += DAY
    with pytest.raises(NotAllowed):
        rotate(here, "2", volumes=["db"], keep={"last": 1})
    assert here.writes == []
    rotate(here, "2", volumes=["db"], keep={"last": 1}, allow_foreign=True)
    assert names(here) == ["db.nightly.2"]


def test_volumes_of_cloudstacks_can_be_taken(here):
    here.post("VolumeUpdate/db", {"tags": {"cs": "volume", "uuid": "6c0e2f3a", "cvm": "0c9e"}})
    assert rotate(here, "1", volumes=["db"]).changed


def test_check_mode_says_what_would_go(here):
    rotate(here, "1")
    here.now += DAY
    foretold = here.plan(ROTATION, series="nightly", name="2", volumes=["db"], keep={"last": 1})
    assert [step.call for step in foretold.steps] == ["VolumeSnapshot", "SnapshotDelete"]
    assert [row["name"] for row in foretold.after] == ["db.nightly.2"]
    assert all(isinstance(step, Step) for step in foretold.steps)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"keep": {"last": 0}}, "it says of nothing"),
        ({"keep": {"daily": -1}}, "keep.daily"),
        ({"keep_at_least": 0}, "keep_at_least"),
        ({"name": "a b"}, "name"),
        ({"series": ""}, "series"),
        ({"volumes": []}, "the list is empty"),
        ({"volumes": ["x y"]}, r"volumes\[0\]"),
        ({"tags": {"ansible-rotation-name": "x"}}, "use series and name"),
        ({"name": "n" * 195}, "at most 199"),
    ],
)
def test_bad_input(here, given, words):
    with pytest.raises(InvalidOption, match=words):
        rotate(here, **{"name": "1", **given})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"volumes": ["dbb"]}, r"there is no volume 'dbb', .* Did you mean 'db'\? StorPool has db and log\."),
        ({"volumes": ["x*"]}, r"there is no volume 'x\*', .* StorPool has db and log\."),
        ({"volumes": ["~abcd.b.zz"]}, r"so nothing of it would be kept\.$"),
        ({"match_tags": {"a": "b"}}, "no volume of these has a=b"),
    ],
)
def test_a_selection_that_means_nothing_is_no_success(here, given, words):
    with pytest.raises(NotFound, match=words):
        rotate(here, "1", **given)
