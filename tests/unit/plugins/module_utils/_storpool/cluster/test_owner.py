# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a volume or snapshot is, by the tags that CloudStack and others set, and by those that people set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import owner, results
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.owner import SYSTEMS, VIRT

RECORDINGS = Path(__file__).parents[5] / "contract/recordings"
VM, DISK = "0c9e2f3a-1111-4222-8333-444455556666", "6c0e2f3a-1111-4222-8333-444455556666"


@pytest.mark.parametrize(
    ("tags", "system", "id_", "vm"),
    [
        ({"cs": "volume", "uuid": DISK, "cvm": VM, "disk": "1", "vc-policy": "gold"}, "cloudstack", DISK, VM),
        ({"cs": "volume", "uuid": "~abcd.b.12"}, "cloudstack", "~abcd.b.12", None),
        ({"cs": "template", "uuid": DISK}, "cloudstack", DISK, None),
        ({"cs": "check-volume-is-on-host"}, "cloudstack", None, None),
        ({"cs": "what-comes-next"}, "cloudstack", None, None),
        ({"cvm": VM, "uuid": DISK}, "cloudstack", DISK, VM),
        ({"virt": "one", "nvm": "7", "nloc": "one", "img": "12", "diskid": "0"}, "opennebula", "12", "7"),
        ({"nloc": "one", "img": "12", "type": "CNTXT"}, "opennebula", "12", None),
        ({"virt": "pve", "pve-loc": "dc1", "pve-vm": "100", "pve-disk": "0"}, "proxmox", "0", "100"),
        ({"pve-type": "iso"}, "proxmox", None, None),
        ({"csi_name": "pvc-1"}, "kubernetes", "pvc-1", None),
        ({"osvm": VM, "disk": "vda"}, "openstack", None, VM),
        ({"virt": "xen"}, "xen", None, None),
    ],
)
def test_a_volume_with_the_marks_of_another_system_is_its_own(tags, system, id_, vm):
    assert owner.shown("volume", {"tags": tags}) == {"system": system, "id": id_, "vm": vm}


@pytest.mark.parametrize(
    "tags",
    [
        None,
        {},
        {"cs": ""},
        {"type": "db", "img": "debian", "snap": "nightly", "disk": "1", "diskid": "2", "uuid": DISK, "transient": "1"},
        {
            "qc": "gold",
            "vc-policy": "daily",
            "vc_policy": "daily",
            "nvme": "yes",
            "css": "x",
            "virtual": "1",
            "pves": "1",
        },
        {"ansible-volume-set": "shop", "ansible-snapshot-set": "shop"},
        {"img-state": "complete", "img-sha256": "0" * 64, "img-size": "512", "img-format": "raw", "img-by": "1"},
    ],
)
def test_what_people_and_this_collection_tag_is_nobody_elses(tags):
    assert owner.shown("volume", {"tags": tags}) is None
    assert owner.shown("snapshot", {"tags": tags}) is None


def test_a_snapshot_with_the_tags_of_its_volume_is_whose_has_taken_it():
    tags = {"cs": "volume", "uuid": DISK, "cvm": VM}
    assert owner.shown("volume", {"tags": tags}) is not None
    assert owner.shown("snapshot", {"tags": tags}) is None
    assert owner.shown("snapshot", {"tags": {"cvm": VM}}) is None
    for kind in ("snapshot", "group", "template", "temporary", "delayDelete"):
        assert owner.owner("snapshot", {"tags": {**tags, "cs": kind}}).kind == kind


def made_by_the_driver():
    """What real management servers have made, with its tags: (volume or snapshot, tags)."""
    for path in sorted(RECORDINGS.glob("storpool-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            for _method, call, body in json.loads(line)["calls"]:
                if "VolumeCreate" in call:
                    yield "volume", body["tags"]
                if "VolumeSnapshot/" in call or "VolumesGroupSnapshot" in call:
                    yield "snapshot", body["tags"]


def test_all_that_a_real_driver_makes_is_cloudstacks():
    made = list(made_by_the_driver())
    assert {what for what, _tags in made} == {"volume", "snapshot"}
    for what, tags in made:
        found = owner.owner(what, {"tags": tags})
        assert (found.system, found.id, found.kind) == ("cloudstack", tags.get("uuid"), tags["cs"])
        assert all(found.has(tag) for tag in tags)


NAMES = st.sampled_from(
    ["cs", "cvm", "uuid", "virt", "nvm", "nloc", "pve", "pve-vm", "csi_name", "osvm", "qc", "type", "app"]
)
TAGS = st.dictionaries(NAMES, st.sampled_from(["", "volume", "snapshot", "one", "pve", "7"]), max_size=5)


@given(st.sampled_from(["volume", "snapshot"]), TAGS)
def test_without_its_marks_a_thing_is_nobody_elses(what, tags):
    assert owner.owner(what, {"tags": owner.unmarked(tags)}) is None
    found = owner.owner(what, {"tags": tags})
    if found:
        assert any(found.has(tag) for tag, value in tags.items() if value)
        assert not found.has("app")


def test_no_two_systems_share_a_mark():
    marks = [mark for system in SYSTEMS for mark in system.marks]
    assert len(marks) == len(set(marks))
    assert VIRT not in marks


def test_modules_show_the_owner():
    raw = {"name": "~abcd.b.12", "globalId": "abcd.b.12", "size": 512, "tags": {"cs": "volume", "uuid": DISK}}
    expected = {"system": "cloudstack", "id": DISK, "vm": None}
    assert results.volume(raw)["owner"] == expected
    assert results.snapshot(raw)["owner"] is None
    row = dict(raw, volume="~abcd.b.12", snapshot=False, client=1, rights="rw")
    assert results.attachment(row)["owner"] == expected
