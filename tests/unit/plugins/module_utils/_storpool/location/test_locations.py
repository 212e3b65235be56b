# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Exports, copies of what others export, and what is known of other places."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    ApiError,
    InvalidOption,
    NameTaken,
    NotAllowed,
    NotConverged,
    NotFound,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import locations
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.location.export import EXPORT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.location.remote_snapshot import SNAPSHOT
from unit.plugins.module_utils._storpool.far import Here


@pytest.fixture
def here():
    cluster = Here(snapshot_delete_seconds=0, recovery_seconds=30)
    cluster.post("VolumeTemplateCreate", {"name": "ssd", "replication": 3, "placeAll": "ssd"})
    cluster.post("VolumeSnapshot/db", {"name": "snap"})
    return cluster


@pytest.fixture
def remote(here):
    """The id of a snapshot that the far cluster exports to us."""
    far = "RemoteCommand/~far.c"
    here.post(f"{far}/VolumeCreate", {"name": "v", "size": 1 << 30, "replication": 3})
    gid = here.post(f"{far}/VolumeSnapshot/v", {"name": "theirs"})["snapshotGlobalId"]
    here.post(f"{far}/SnapshotExport", {"snapshot": "theirs", "location": "location-abc"})
    return gid


def test_an_export_comes_and_goes(here):
    given = {"snapshot": "snap", "location": "far-away"}
    outcome = here.settled(EXPORT, **given)
    assert [row["location"] for row in outcome.after] == ["far-away"]
    here.settled(EXPORT, snapshot="snap", state="absent")
    assert here.get("ExportsList")["exports"] == []
    assert not here.settled(EXPORT, snapshot="nobody", state="absent").changed


def test_what_cannot_be_exported(here):
    with pytest.raises(NotFound, match="Did you mean 'far-away'"):
        here.run(EXPORT, snapshot="snap", location="far-awya")
    with pytest.raises(NotFound, match="no snapshot 'nobody'"):
        here.run(EXPORT, snapshot="nobody", location="far-away")
    for given in ({"snapshot": "snap"}, {"snapshot": "snap", "location": "far-away", "force": True}):
        with pytest.raises(InvalidOption):
            here.run(EXPORT, **given)
    here.post("SnapshotUpdate/snap", {"tags": {"cs": "snapshot"}})
    with pytest.raises(NotAllowed, match="belongs to CloudStack"):
        here.run(EXPORT, snapshot="snap", location="far-away")


def test_a_copy_that_is_used_at_once(here, remote):
    given = {"global_id": remote, "location": "far-away", "template": "ssd", "name": "restored", "tags": {"a": "b"}}
    outcome = here.run(SNAPSHOT, **given)
    assert outcome.after["recovering_from_remote"]
    assert outcome.after["template"] == "ssd"
    assert (outcome.after["name"], outcome.after["global_id"], outcome.after["tags"]) == (
        "restored",
        remote,
        {"a": "b"},
    )
    here.forget()
    assert not here.run(SNAPSHOT, **given).changed
    assert "SnapshotsRemoteList" not in here.reads
    outcome = here.run(SNAPSHOT, **given, wait="recovered")
    assert not outcome.changed
    assert not outcome.after["recovering_from_remote"]


def test_waiting_ends(here, remote):
    with pytest.raises(NotConverged, match="were not enough: data of snapshot"):
        here.run(SNAPSHOT, global_id=remote, location="far-away", wait="recovered", wait_timeout=5)
    assert len(here.writes) == 1


def test_the_name_and_tags_of_a_copy_can_change(here, remote):
    here.run(SNAPSHOT, global_id="~" + remote, location="far-away")
    here.settled(SNAPSHOT, global_id=remote, location="far-away", name="restored", tags={"a": "b"})
    with pytest.raises(NameTaken):
        here.run(SNAPSHOT, global_id=remote, location="far-away", name="db")


def test_what_is_not_there_is_told(here, remote):
    with pytest.raises(NotFound, match="exports no snapshot"):
        here.run(SNAPSHOT, global_id="far.c.zzz", location="far-away")
    with pytest.raises(NotFound, match="knows no location"):
        here.run(SNAPSHOT, global_id="far.c.zzz", location="nowhere")
    with pytest.raises(NotFound, match="Did you mean 'ssd'"):
        here.run(SNAPSHOT, global_id=remote, location="far-away", template="sdd")
    assert here.writes == []


def test_only_a_copy_is_deleted(here, remote):
    here.run(SNAPSHOT, global_id=remote, location="far-away")
    here.settled(SNAPSHOT, global_id=remote, location="far-away", state="absent")
    assert "theirs" in {row["name"] for row in here.there()}
    own = next(row["globalId"] for row in here.get("SnapshotsList") if row["name"] == "snap")
    with pytest.raises(NotAllowed, match="may be the only one"):
        here.run(SNAPSHOT, global_id=own, location="far-away", state="absent")
    here.now += 60
    here.run(SNAPSHOT, global_id=remote, location="far-away")
    here.now += 60
    here.post("RemoteCommand/~far.c/SnapshotUnexport", {"snapshot": "theirs", "all": True})
    with pytest.raises(NotAllowed, match="may be the only one"):
        here.run(SNAPSHOT, global_id=remote, location="far-away", state="absent")


def test_a_copy_that_is_still_being_deleted_is_told():
    here = Here(snapshot_delete_seconds=60, recovery_seconds=0)
    far = "RemoteCommand/~far.c"
    here.post(f"{far}/VolumeCreate", {"name": "v", "size": 1 << 30, "replication": 3})
    given = {"global_id": here.post(f"{far}/VolumeSnapshot/v", {})["snapshotGlobalId"], "location": "far-away"}
    here.post(f"{far}/SnapshotExport", {"snapshot": "~" + given["global_id"], "location": "location-abc"})
    here.run(SNAPSHOT, **given)
    here.run(SNAPSHOT, **given, state="absent")
    with pytest.raises(ApiError, match="may still be deleting a copy that was here a moment ago"):
        here.run(SNAPSHOT, **given)
    here.now += 61
    assert here.run(SNAPSHOT, **given).changed


def test_what_is_known_of_other_places(here, remote):
    here.post("RemoteBridgeAdd", {"ip": "10.9.9.9", "publicKey": "ab.cd", "location": "far-away", "noCrypto": True})
    here.post("SnapshotExport", {"snapshot": "snap", "location": "far-away"})
    told = locations.read(Reader(here), {"gather": list(locations.SUBSETS), "location": "far-away", "tags": None})
    assert [row["name"] for row in told["locations"]] == ["far-away"]
    assert told["clusters"] == [{"id": "far.c", "name": "far-cluster", "location": "far-away"}]
    assert (told["bridges"][0]["ip"], told["bridges"][0]["encrypted"]) == ("10.9.9.9", False)
    assert [row["snapshot"] for row in told["exports"]] == ["snap"]
    assert [row["global_id"] for row in told["remote_snapshots"]] == [remote]
    with pytest.raises(NotFound, match="far-away"):
        locations.read(Reader(here), {"gather": ["exports"], "location": "nowhere", "tags": None})
    here.forget()
    told = locations.read(Reader(here), {"gather": ["exports"], "location": None, "tags": None})
    assert here.reads == ["ExportsList"]
    assert told["clusters"] is None
