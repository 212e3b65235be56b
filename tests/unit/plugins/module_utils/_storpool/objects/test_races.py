# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody else does between two reads of one look: another run of the same task must not be taken for an enemy."""

from __future__ import annotations

import contextlib

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import NameTaken, NotAllowed
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.snapshot import SNAPSHOT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.template import TEMPLATE
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.volume import VOLUME
from simulators.storpool.errors import ApiFailure
from unit.cluster import Cluster


class Raced(Cluster):
    """``meanwhile`` are things that happen, each once, after the read of its number."""

    def __init__(self):
        super().__init__()
        self.meanwhile = {}
        self.reads = 0

    def get(self, call, target=None, timeout=None):
        try:
            return super().get(call, target, timeout)
        finally:
            self.reads += 1
            self.meanwhile.pop(self.reads, lambda: None)()

    def race(self, number, *requests):
        def act():
            with contextlib.suppress(ApiFailure):  # the task was faster
                for request in requests:
                    self.model.post(*request)

        self.reads = 0
        self.meanwhile = {number: act}


@pytest.fixture
def cluster():
    cluster = Raced()
    cluster.run(VOLUME, name="db", size="1GiB", template="hybrid")
    return cluster


@pytest.mark.parametrize("number", range(1, 5))
def test_a_volume_that_appears_while_the_task_looks_is_the_wanted_one(cluster, number):
    cluster.race(number, ("VolumeCreate", {"name": "new", "size": 1 << 30, "template": "ssd"}))
    assert cluster.run(VOLUME, name="new", size="1GiB", template="hybrid").after["template"] == "hybrid"
    assert len(cluster.reader.volumes()) == 2


@pytest.mark.parametrize("number", range(1, 5))
def test_a_volume_that_is_renamed_while_the_task_looks_is_the_wanted_one(cluster, number):
    cluster.race(number, ("VolumeUpdate/db", {"rename": "new"}))
    outcome = cluster.run(VOLUME, name="new", previous_name="db", size="2GiB", template="hybrid")
    assert outcome.after["size"] == 2 << 30
    assert len(cluster.reader.volumes()) == 1


@pytest.mark.parametrize("number", range(1, 5))
def test_a_volume_that_gets_its_name_while_the_task_looks_for_it_by_tags(cluster, number):
    cluster.model.post("VolumeUpdate/db", {"tags": {"id": "7"}})
    cluster.race(number, ("VolumeUpdate/db", {"rename": "new"}))
    assert cluster.run(VOLUME, name="new", match_tags={"id": "7"}).after["name"] == "new"


@pytest.mark.parametrize("number", range(1, 5))
def test_a_snapshot_that_appears_while_the_task_looks_is_the_wanted_one(cluster, number):
    cluster.race(number, ("VolumeSnapshot/db", {"name": "snap"}))
    cluster.run(SNAPSHOT, name="snap", volume="db")
    assert len(cluster.reader.snapshots()) == 1


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_template_that_is_renamed_while_the_task_looks_is_the_wanted_one(cluster, number):
    cluster.race(number, ("VolumeTemplateUpdate/ssd", {"rename": "fast"}))
    cluster.run(TEMPLATE, name="fast", previous_name="ssd", replication=3, place_all="ssd")
    assert sorted(raw["name"] for raw in cluster.reader.templates()) == ["fast", "hybrid"]


def test_the_name_of_something_else_is_still_taken(cluster):
    cluster.model.post("VolumeCreate", {"name": "new", "size": 1 << 30, "template": "ssd"})
    global_id = cluster.reader.volume("db")["globalId"]
    for description in ({"global_id": global_id}, {"match_tags": {"id": "7"}}):
        with pytest.raises(NameTaken, match="belongs to another volume"):
            cluster.run(VOLUME, name="new", size="1GiB", template="hybrid", **description)
    with pytest.raises(NameTaken, match="belongs to a volume"):
        cluster.run(SNAPSHOT, name="new", volume="db")


REPLACE = (("VolumeDelete/db", {}), ("VolumeCreate", {"name": "db", "size": 3 << 30, "template": "ssd"}))


@pytest.mark.parametrize("task", [{"state": "absent"}, {"size": "1GiB", "allow_shrink": True}])
def test_a_volume_that_has_come_in_the_place_of_another_keeps_its_data(cluster, task):
    cluster.run(VOLUME, name="db", size="2GiB")
    cluster.race(2, *REPLACE)
    with pytest.raises(NotAllowed, match="something else has come in its place"):
        cluster.run(VOLUME, name="db", **task)
    assert cluster.reader.volume("db")["size"] == 3 << 30
