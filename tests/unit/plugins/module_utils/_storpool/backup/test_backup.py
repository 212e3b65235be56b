# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A series of backups at another location."""

from __future__ import annotations

import time

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Incomplete,
    InvalidOption,
    NotAllowed,
    NotConverged,
    NotFound,
    ReplyLost,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.backup.backup import BACKUP
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.location.remote_snapshot import SNAPSHOT
from unit.plugins.module_utils._storpool.far import TAKES, Here

DAY = 86400


@pytest.fixture(params=["listed", "absent"])
def here(request, monkeypatch):
    cluster = Here(snapshot_delete_seconds=0, recovery_seconds=30, backing_up=request.param)
    monkeypatch.setattr(time, "time", lambda: cluster.now)
    return cluster


def backup(here, name, **more):
    here.forget()
    given = {"series": "nightly", "name": name, "location": "far-away", **more}
    if given.get("state") != "absent":
        given.setdefault("volumes", ["db", "log"])
    return here.run(BACKUP, **given)


def there(here):
    return sorted(row["tags"]["ansible-backup-name"] for row in here.there())


def test_one_moment_and_a_second_run_finds_the_first(here):
    outcome = backup(here, "1")
    assert outcome.changed
    assert [each[0] for each in here.writes] == ["VolumesGroupBackup"]
    assert [row["volume"] for row in outcome.after["backup"]] == ["db", "log"]
    assert all(row["complete"] for row in outcome.after["backup"])
    if here.switches["backing_up"] == "listed":
        assert not any(row["recoveringFromRemote"] for row in here.there())
    assert not backup(here, "1").changed
    assert there(here) == ["1", "1"]


def test_one_volume(here):
    backup(here, "1", volumes=["db"])
    assert [each[0] for each in here.writes] == ["VolumeBackup"]


def test_a_lost_reply_is_not_sent_again(here):
    apply, calls = here.apply, []

    def lossy(step):
        apply(step)
        calls.append(step.call)
        if step.call == "VolumesGroupBackup":
            raise ReplyLost("lost", call=str(step))

    here.apply = lossy
    given = {"series": "nightly", "name": "1", "location": "far-away", "volumes": ["db", "log"]}
    assert here.run(BACKUP, pauses=(0,), **given).changed
    assert calls == ["VolumesGroupBackup"]
    assert there(here) == ["1", "1"]


def test_a_backup_that_is_only_here_yet_is_not_made_again(here):
    """The other location may list it later."""
    backup(here, "1")
    for copy in here.world.clusters["far.c"].snapshots.values():
        copy.exports.clear()
    assert not backup(here, "1", wait=False).changed
    with pytest.raises(NotConverged, match="lists 0 of 2"):
        backup(here, "1", wait_timeout=60)
    assert there(here) == ["1", "1"]


def test_old_ones_go_together_after_the_new_one_is_complete(here):
    for day in range(4):
        outcome = backup(here, str(day), keep={"last": 2})
        calls = [each[0] for each in here.writes]
        assert calls.count("SnapshotsRemoteUnexport") == (day >= 2)
        assert [row["name"] for row in BACKUP.show(outcome)["deleted"]] == [str(day - 2)] * 2 * (day >= 2)
        here.now += DAY
    assert there(here) == ["2", "2", "3", "3"]
    assert {row["tags"]["ansible-backup-name"] for row in here.get("SnapshotsList")} == {"2", "3"}


def test_nothing_goes_while_the_new_one_is_on_its_way(here):
    here.switches["backing_up"] = "listed"
    backup(here, "1")
    here.now += DAY
    backup(here, "2", wait=False, keep={"last": 1})
    assert there(here) == ["1", "1", "2", "2"]
    here.now += 60
    backup(here, "2", wait=False, keep={"last": 1})
    here.now += 60
    assert there(here) == ["2", "2"]


def test_an_old_one_that_becomes_complete_meanwhile_goes_too(here):
    here.switches["backing_up"] = "listed"
    for name in ("1", "2"):
        backup(here, name, wait=False)
        here.now += 1
    outcome = backup(here, "3", keep={"last": 2})
    here.now += DAY
    assert there(here) == ["2", "2", "3", "3"]
    assert [row["name"] for row in BACKUP.show(outcome)["deleted"]] == ["1", "1"]
    [action] = (each for each in outcome.actions if each.startswith("delete") and "'db'" in each)
    assert action.endswith("of volume 'db' here that backup '1' was made of")


def test_gone_when_told_and_made_again_under_the_same_name(here):
    backup(here, "1")
    outcome = backup(here, "1", state="absent", delete_after="2h")
    assert outcome.changed
    assert here.writes[-1][2]["remoteSnapshots"][0]["deleteAfter"] == 7200
    assert outcome.after["backups"] == []
    assert not backup(here, "1", state="absent").changed
    assert there(here) == ["1", "1"]
    here.now += DAY
    assert there(here) == []
    assert backup(here, "1").changed


def test_what_a_backup_was_made_of_is_no_copy(here):
    one = backup(here, "1", volumes=["db"]).after["backup"][0]["global_id"]
    here.forget()
    outcome = here.run(SNAPSHOT, global_id=one, location="far-away", state="absent")
    assert not outcome.changed
    assert "is no copy" in outcome.cautions[0]
    assert here.writes == []


def test_a_series_is_of_one_group(here):
    backup(here, "1", volumes=["db"])
    with pytest.raises(NotAllowed, match="of none of these volumes"):
        backup(here, "2", volumes=["log"], keep={"last": 1})
    assert here.writes == []


def test_a_volume_that_came_later_is_told_and_one_that_lacks_is_refused(here):
    backup(here, "1", volumes=["db"])
    with pytest.raises(Incomplete):
        backup(here, "1")
    here.now += DAY
    here.post("VolumeCreate", {"name": "new", **TAKES})
    outcome = backup(here, "1", volumes=["db", "new"])
    assert not outcome.changed
    assert "volume 'new' came after" in outcome.cautions[0]


def test_a_volume_that_was_reverted_is_the_same(here):
    here.switches["created_from_id"] = "then"
    here.post("VolumeSnapshot/db", {"name": "before"})
    for name in ("1", "2", "3"):
        backup(here, name, volumes=["db"])
        here.post("VolumeRevert/db", {"toSnapshot": "before"})
        here.now += DAY
    assert there(here) == ["1", "2", "3"]


def test_volumes_of_cloudstacks_are_copied_freely(here):
    here.post("VolumeUpdate/db", {"tags": {"cs": "volume", "uuid": "6c0e2f3a", "cvm": "0c9e"}})
    backup(here, "1", volumes=["db"], tags={"cvm": "0c9e"})
    here.now += DAY
    assert backup(here, "2", volumes=["db"], tags={"cvm": "0c9e"}, keep={"last": 1}).changed


def test_an_unknown_location_is_refused_with_those_that_there_are(here):
    with pytest.raises(NotFound, match="It knows far-away"):
        backup(here, "1", location="far-awya")
    assert here.writes == []


def test_where_no_location_is_known_there_is_none_to_back_up_to(here, monkeypatch):
    monkeypatch.setattr(Reader, "locations", lambda _reader: [])
    with pytest.raises(NotFound, match="It knows none"):
        backup(here, "1")
    assert here.writes == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"state": "absent", "volumes": ["db"]}, "with state absent"),
        ({"delete_after": "never"}, "deleted at some time"),
        ({"wait_timeout": 0}, "wait_timeout"),
        ({"location": " "}, "location"),
    ],
)
def test_bad_input(here, given, words):
    with pytest.raises(InvalidOption, match=words):
        backup(here, "1", **given)
