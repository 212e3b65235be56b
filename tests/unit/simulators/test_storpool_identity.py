# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ids of the StorPool model: what a revert changes, and by what a volume and what is made of it are known afterwards."""

from __future__ import annotations

import pytest

from unit.simulators.model import GIB, Model


def reverted(name: str = "", times: int = 1, **switches: object) -> tuple[Model, str, str]:
    """A model with a volume that has been reverted to its snapshot "s"; its original id and the present one."""
    model = Model(**switches)
    original = model.create(name)
    model.post(f"VolumeSnapshot/~{original}", {"name": "s"})
    present = [model.post(f"VolumeRevert/~{original}", {"toSnapshot": "s"})["globalId"] for _time in range(times)][-1]
    return model, original, present


@pytest.mark.parametrize("name", ["", "db-1"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_revert_gives_another_id_and_the_original_stays_valid(name, times):
    model, original, present = reverted(name, times)
    assert present != original
    for reference in (f"~{original}", f"~{present}"):
        volume = model.volume(reference)
        assert (volume["globalId"], volume["preservedGlobalId"]) == (present, original)
        assert volume["name"] == (name or f"~{original}")
    assert [each["globalId"] for each in model.get("VolumesList")] == [present]


def test_ids_in_between_are_not_known():
    model, original, first = reverted()
    second = model.post(f"VolumeRevert/~{first}", {"toSnapshot": "s"})["globalId"]
    assert model.refused(f"Volume/~{first}") == "objectDoesNotExist"
    assert model.refused(f"VolumeUpdate/~{first}", {"iops": 5}) == "objectDoesNotExist"
    assert model.refused("VolumesReassign", [{"volume": f"~{first}", "rw": [1]}]) == "objectDoesNotExist"
    assert model.volume(f"~{second}") == model.volume(f"~{original}")


def test_a_server_that_keeps_the_id_says_nothing_of_another():
    model, original, present = reverted(revert_global_id="kept")
    assert present == original
    assert "preservedGlobalId" not in model.volume(f"~{original}")


def test_a_volume_that_was_never_reverted_has_one_id():
    model = Model()
    model.create("a")
    assert "preservedGlobalId" not in model.volume("a")


@pytest.mark.parametrize("after", ["delete", "freeze"])
def test_both_ids_go_with_the_volume(after):
    model, original, present = reverted("db-1")
    model.post("VolumeDelete/db-1" if after == "delete" else "VolumeFreeze/db-1")
    for gone in (original, present):
        assert model.refused(f"Volume/~{gone}") == "objectDoesNotExist"
    if after == "freeze":
        assert model.snapshot("db-1")["globalId"] == original
        model.post("SnapshotDelete/db-1")
    assert model.create("db-1") not in (original, present)


def test_an_unnamed_volume_that_is_reverted_and_frozen_keeps_its_name():
    model, original, _present = reverted(unnamed_of_unnamed="volume")
    model.post(f"VolumeFreeze/~{original}")
    assert model.snapshot(f"~{original}")["name"] == f"~{original}"


@pytest.mark.parametrize("shown", ["present", "original"])
@pytest.mark.parametrize("attached", ["before", "after"])
def test_which_id_an_attachment_shows_is_a_switch(shown, attached):
    model = Model(attachment_id=shown, revert_attached="accepted")
    original = model.create()
    model.post(f"VolumeSnapshot/~{original}", {"name": "s"})
    if attached == "before":
        model.attach(f"~{original}", 1)
    present = model.post(f"VolumeRevert/~{original}", {"toSnapshot": "s"})["globalId"]
    if attached == "after":
        model.attach(f"~{present}", 1)
    [row] = model.get("AttachmentsList")
    assert row["globalId"] == {"present": present, "original": original}[shown]
    assert row["volume"] == f"~{original}"
    model.post("VolumesReassign", [{"volume": f"~{present}", "detach": [1]}])
    assert model.get("AttachmentsList") == []
    model.attach(f"~{original}", 1)
    model.post(f"VolumeDelete/~{original}", {"onAttached": "detach"})
    assert model.get("AttachmentsList") == []


@pytest.mark.parametrize("shown", ["original", "present", "then"])
def test_which_id_snapshots_show_of_their_volume_is_a_switch(shown):
    model, original, first = reverted("db-1", created_from_id=shown)
    later = model.post("VolumeSnapshot/db-1", {})["snapshotGlobalId"]
    second = model.post("VolumeRevert/db-1", {"toSnapshot": "s"})["globalId"]
    before = {"original": original, "present": second, "then": original}[shown]
    between = {"original": original, "present": second, "then": first}[shown]
    listed = model.snapshots()
    assert model.snapshot("s")["createdFromGlobalId"] == before
    assert listed[later]["createdFromGlobalId"] == between
    assert listed[later]["createdFromVisibleVolumeId"] == model.volume("db-1")["id"]


def test_a_reverted_volume_is_moved_with_both_ids():
    model, original, present = reverted("db-1")
    model.add_cluster(id="far.c", name="far", clients=[1])
    model.post("VolumeMoveToRemote/db-1", {"cluster": "far"})
    there = model.get("RemoteCommand/far/VolumesList")
    assert [(each["globalId"], each["preservedGlobalId"]) for each in there] == [(present, original)]
    for reference in ("db-1", f"~{original}", f"~{present}"):
        assert model.get(f"RemoteCommand/far/Volume/{reference}") == there
    assert model.refused(f"Volume/~{original}") == "objectDoesNotExist"


def test_snapshots_say_that_they_are_snapshots():
    model = Model()
    model.create("a")
    model.post("VolumeSnapshot/a", {"name": "s"})
    assert model.snapshot("s")["snapshot"] is True
    assert [each["snapshot"] for each in model.get("SnapshotsList")] == [True]
    assert "snapshot" not in model.volume("a")


@pytest.mark.parametrize(("switch", "name"), [("id", "~{snapshot}"), ("volume", "{volume}@{number}")])
def test_the_name_of_an_unnamed_snapshot_of_an_unnamed_volume_is_a_switch(switch, name):
    model = Model(unnamed_of_unnamed=switch)
    volume = model.create()
    made = model.post(f"VolumeSnapshot/~{volume}", {})
    snapshot, number = made["snapshotGlobalId"], made["snapshotVisibleVolumeId"]
    listed = name.format(snapshot=snapshot, volume=volume, number=number)
    assert model.snapshots()[snapshot]["name"] == listed
    assert model.snapshot(listed) == model.snapshot(f"~{snapshot}")
    model.post(f"SnapshotDelete/{listed}")
    assert model.snapshots()[snapshot]["name"] == f"*{listed}"
    assert model.snapshot(f"*{listed}")["deleted"]


@pytest.mark.parametrize("children", ["merged", "blocked"])
def test_a_transient_snapshot_goes_by_itself_while_source_and_copy_live(children):
    model = Model(multiple_children=children)
    model.create("a")
    model.post("VolumeCreate", {"name": "copy", "baseOn": "a"})
    assert [each["transient"] for each in model.get("SnapshotsList")] == [True]
    model.now += 1
    assert [each["deleted"] for each in model.get("SnapshotsList")] == [True]
    model.now += 1
    assert model.get("SnapshotsList") == []
    assert [each["parentName"] for each in model.get("VolumesList")] == ["", ""]


def test_a_transient_snapshot_may_stay():
    model = Model(transient_seconds=3600)
    model.create("a")
    model.post("VolumeCreate", {"name": "copy", "baseOn": "a"})
    model.now += 3599
    assert [each["deleted"] for each in model.get("SnapshotsList")] == [False]


@pytest.mark.parametrize("value", ["~abc.b.12", "a~b", "~"])
def test_values_of_tags_may_have_a_tilde(value):
    model = Model()
    model.create("a", tags={"uuid": value})
    model.post("VolumeSnapshot/a", {"name": "s", "tags": {"uuid": value}})
    assert (model.volume("a")["tags"], model.snapshot("s")["tags"]) == ({"uuid": value},) * 2
    assert model.refused("VolumeUpdate/a", {"tags": {"~uuid": "x"}}) == "invalidParam"


@pytest.mark.parametrize(("switch", "name"), [("volume", "db-1"), ("snapshot", "~{}")])
def test_the_remote_name_of_a_backup_is_a_switch(switch, name):
    model = Model(backup_remote_name=switch)
    model.create("db-1", size=GIB)
    model.add_cluster(id="far.c", name="far", location="far-away", clients=[1])
    backups = [model.post("VolumeBackup", {"volume": "db-1", "location": "far-away"}) for _time in range(2)]
    listed = {each["remoteId"]: each["name"] for each in model.get("SnapshotsRemoteList")["snapshots"]}
    assert listed == {backup["remoteId"]: name.format(backup["remoteId"]) for backup in backups}


def test_scrubbing_waits_for_a_disk_that_is_paused():
    """As the vendor's own script of checks wants it: pause an idle disk, start, continue."""
    model = Model()

    def disk() -> dict[str, object]:
        return model.get("DisksList")["101"]

    model.post("DiskScrubPause/101")
    assert (disk()["scrubbing"], disk()["scrubbingPaused"]) == (False, True)
    model.post("DiskScrubStart/101")
    assert (disk()["scrubbing"], disk()["scrubbingPaused"], disk()["scrubbingBW"]) == (True, True, 0)
    assert disk()["scrubbingStartedBefore"] == disk()["scrubbingPausedFor"]
    model.post("DiskScrubContinue/101")
    assert (disk()["scrubbing"], disk()["scrubbingPaused"]) == (True, False)
    assert not model.changes("DiskScrubStart/101")
