# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The info modules of volumes and snapshots: filters, extras, and how often the API is asked."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import results
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import volumes as info
from unit.plugins.module_utils._storpool.in_process import Cluster, options


@pytest.fixture(params=[{}, {"attachment_global_id": "absent"}])
def cluster(request):
    cluster = Cluster(**request.param)
    cluster.post("VolumeTemplateCreate", {"name": "hybrid", "placeAll": "hdd", "replication": 3})
    cluster.create("db-2", template="hybrid")
    cluster.create("db-1", template="hybrid", tags={"owner": "billing", "tier": "gold"})
    cluster.create("web-1", tags={"owner": "web"})
    cluster.nameless = cluster.create(tags={"owner": "billing"})
    for name in ("old", "new"):
        cluster.post("VolumeSnapshot/db-1", {"name": name, "tags": {"age": name}})
    cluster.create("clone", parent="old")
    reassign = [{"volume": "db-1", "rw": [2], "ro": [1]}, {"volume": "~" + cluster.nameless, "rw": [2]}]
    cluster.post("VolumesReassignWait", {"reassign": [*reassign, {"snapshot": "old", "ro": [3]}]})
    return cluster


def volumes(cluster, **given):
    return info.volumes(Reader(cluster), options(info.SPEC_VOLUMES, given))["volumes"]


def snapshots(cluster, **given):
    return info.snapshots(Reader(cluster), options(info.SPEC_SNAPSHOTS, given))["snapshots"]


def named(things):
    return [thing["name"] for thing in things]


def test_everything_is_read_at_once_and_sorted(cluster):
    """The volumes are asked for with snapshots, as only they show by which id the volume stays known that a snapshot was taken of."""
    assert named(volumes(cluster)) == ["clone", "db-1", "db-2", "web-1", None]
    assert cluster.reads == ["VolumesList"]
    cluster.forget()
    assert named(snapshots(cluster)) == ["new", "old"]
    assert cluster.reads == ["SnapshotsList", "VolumesList"]


def test_objects_are_those_of_the_managing_modules(cluster):
    assert volumes(cluster, name=["db-1"]) == [results.volume(cluster.volume("db-1"))]
    assert snapshots(cluster, name=["old"]) == [results.snapshot(cluster.snapshot("old"))]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"name": ["db-*"]}, ["db-1", "db-2"]),
        ({"name": ["db-?", "clone"]}, ["clone", "db-1", "db-2"]),
        ({"name": ["DB-1"]}, []),
        ({"name": ["*"]}, ["clone", "db-1", "db-2", "web-1"]),
        ({"name": []}, []),
        ({"tags": {"owner": "billing"}}, ["db-1", None]),
        ({"tags": {"owner": "billing", "tier": "gold"}}, ["db-1"]),
        ({"template": "hybrid"}, ["clone", "db-1", "db-2"]),
        ({"client": 1}, ["db-1"]),
        ({"client": 2}, ["db-1", None]),
        ({"client": 2, "template": "hybrid"}, ["db-1"]),
        ({"client": 9}, []),
    ],
)
def test_conditions_for_volumes(cluster, given, found):
    assert named(volumes(cluster, **given)) == found
    assert cluster.reads == ["VolumesList", "AttachmentsList"][: 2 if "client" in given else 1]


def test_volumes_by_global_id(cluster):
    both = [cluster.nameless, "~" + cluster.volume("web-1")["globalId"]]
    assert named(volumes(cluster, global_id=both)) == ["web-1", None]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"volume": "db-1"}, ["new", "old"]),
        ({"volume": "db-2"}, []),
        ({"volume": "nope"}, []),
        ({"volume": "db-1", "tags": {"age": "old"}}, ["old"]),
        ({"client": 3}, ["old"]),
        ({"name": ["n*"]}, ["new"]),
    ],
)
def test_conditions_for_snapshots(cluster, given, found):
    assert named(snapshots(cluster, **given)) == found


def test_snapshots_of_a_volume_that_is_gone_are_found_by_its_id(cluster):
    gid = cluster.volume("db-1")["globalId"]
    cluster.post("VolumesReassign", [{"volume": "db-1", "detach": "all"}])
    cluster.post("VolumeDelete/db-1")
    assert named(snapshots(cluster, volume="~" + gid)) == ["new", "old"]


def test_attachments_on_request(cluster):
    found = volumes(cluster, name=["db-*"], attachments=True)
    assert [volume["attachments"] for volume in found] == [
        [
            {"client": 1, "rights": "ro", "device": "/dev/storpool/db-1"},
            {"client": 2, "rights": "rw", "device": "/dev/storpool/db-1"},
        ],
        [],
    ]
    assert cluster.reads == ["VolumesList", "AttachmentsList"]
    device = f"/dev/storpool-byid/{cluster.nameless}"
    [unnamed] = volumes(cluster, global_id=[cluster.nameless], attachments=True)
    assert unnamed["attachments"] == [{"client": 2, "rights": "rw", "device": device}]


def test_chains_on_request(cluster):
    def chain_of(things):
        return [[link["name"] for link in thing["chain"]] for thing in things]

    assert chain_of(volumes(cluster, name=["db-*", "clone"], chain=True)) == [["old"], ["new", "old"], []]
    assert cluster.reads == ["VolumesList", "SnapshotsList"]
    cluster.forget()
    assert chain_of(snapshots(cluster, chain=True)) == [["old"], []]
    assert cluster.reads == ["SnapshotsList", "VolumesList"]


def test_a_snapshot_that_is_being_deleted_is_a_link_and_no_result(cluster):
    gid = cluster.snapshot("new")["globalId"]
    cluster.post("SnapshotDelete/new")
    cluster.post("VolumeSnapshot/db-1", {"name": "new"})
    [volume] = volumes(cluster, name=["db-1"], chain=True)
    assert volume["chain"] == [
        {"name": "new", "global_id": cluster.snapshot("new")["globalId"], "deleted": False},
        {"name": "*new", "global_id": gid, "deleted": True},
        {"name": "old", "global_id": cluster.snapshot("old")["globalId"], "deleted": False},
    ]
    assert named(snapshots(cluster)) == ["new", "old"]


def test_links_of_the_same_name_are_told_apart(cluster):
    first = cluster.snapshot("new")["globalId"]
    cluster.post("SnapshotDelete/new")
    second = cluster.post("VolumeSnapshot/db-1", {"name": "new"})["snapshotGlobalId"]
    cluster.post("SnapshotDelete/new")
    [volume] = volumes(cluster, name=["db-1"], chain=True)
    assert [link["global_id"] for link in volume["chain"]][:2] == [second, first]


def test_space_takes_the_place_of_the_list(cluster):
    cluster.world.local.by_name["db-1"].stored = 4096
    found = volumes(cluster, name=["db-1"], space=True)
    assert found[0]["space"] == {"stored": 4096, "used": 4096}
    assert cluster.reads == ["VolumesSpace"]
    cluster.forget()
    assert snapshots(cluster, name=["new"], space=True)[0]["space"] == {"stored": 0, "used": 0}
    assert cluster.reads == ["SnapshotsSpace", "VolumesList"]


def test_status_on_request(cluster):
    found = volumes(cluster, status=True)
    assert {volume["status"]["state"] for volume in found} == {"up"}
    assert found[0]["status"]["missing_drives"] == []
    assert cluster.reads == ["VolumesList", "VolumesGetStatusQuick"]
    assert {snapshot["status"]["state"] for snapshot in snapshots(cluster, status=True)} == {"up"}


def test_nothing_more_is_read_for_nothing(cluster):
    assert volumes(cluster, name=["nope"], attachments=True, chain=True, status=True) == []
    assert cluster.reads == ["VolumesList"]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"global_id": ["db-1"]}, "global_id: 'db-1' is no global id"),
        ({"tags": {}}, "tags: it must name at least one tag"),
        ({"tags": {"a": ""}}, "tags: it must name at least one tag"),
        ({"template": "a.b"}, "template: 'a.b'"),
        ({"client": 0}, "client: '0' is no client. The ids are numbers from 1 to 4095"),
        ({"client": ""}, "client is empty"),
    ],
)
def test_refusals_read_nothing(cluster, given, words):
    for read in (volumes, snapshots):
        with pytest.raises(InvalidOption, match=words):
            read(cluster, **given)
    assert cluster.reads == []
