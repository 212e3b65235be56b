# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same tasks in several processes at once: one right state in the end, whoever did what of it."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from faults import runner
from faults.child import Child
from faults.scenario import GIB, NOTHING

TEMPLATE = {"replication": 3, "place_all": "ssd", "place_tail": "ssd", "place_head": "ssd"}
GROUP = [{"volume": "db", "name": "snap-db"}, {"volume": "log", "name": "snap-log"}]
UP = [
    ("storpool_placement_group", {"name": "fast", "disks": [102, 202]}),
    ("storpool_template", {"name": "gold", **TEMPLATE}),
    ("storpool_volume", {"name": "db", "size": "2GiB", "template": "gold", "tags": {"vm": "1"}, "iops": "500"}),
    ("storpool_volume", {"name": "log", "size": "1GiB", "template": "gold"}),
    ("storpool_snapshot", {"name": "snap", "volume": "db", "tags": {"nightly": "1"}, "iops": "100"}),
    ("storpool_snapshot", {"volumes": GROUP, "bind": False, "delete_after": "7d"}),
    ("storpool_volume", {"name": "copy", "parent": "snap"}),
    (
        "storpool_attach",
        {"attachments": [{"volume": "db", "clients": ["1", "2"]}, {"volume": "log", "clients": ["1"]}]},
    ),
    ("storpool_attach", {"volume": "db", "clients": ["2"], "exclusive": True}),
    ("storpool_volume", {"name": "db-new", "previous_name": "copy", "size": "3GiB"}),
]
DOWN = [
    ("storpool_attach", {"volume": "db", "state": "absent"}),
    ("storpool_volume", {"name": "db-new", "state": "absent"}),
    ("storpool_snapshot", {"volumes": GROUP, "state": "absent"}),
    ("storpool_snapshot", {"name": "snap", "state": "absent"}),
    ("storpool_volume", {"name": "log", "state": "absent", "on_attached": "detach"}),
    ("storpool_volume", {"name": "db", "state": "absent", "on_attached": "detach"}),
    ("storpool_template", {"name": "gold", "state": "absent"}),
    ("storpool_placement_group", {"name": "fast", "state": "absent"}),
]


def together(world, tasks, runs):
    """Run all tasks in so many processes at once; what they ended with that was not well."""
    full = [(module, {**world.connection, **options}) for module, options in tasks]
    children = [Child(full) for _number in range(runs)]
    return [
        (module, ended.result.get("msg"), ended.escaped)
        for child in children
        for (module, _options), ended in zip(tasks, child.wait(), strict=True)
        if ended.failed
    ]


def alone(world, tasks):
    """Run the tasks once more, in order; what they changed, and what they wrote."""
    since = len(world.journal())
    ended = [runner.run(module, {**world.connection, **options}) for module, options in tasks]
    assert [each.result.get("msg") for each in ended if each.failed] == []
    return [each.result["actions"] for each in ended if each.changed], [
        entry["call"] for entry in world.journal()[since:] if entry["write"]
    ]


@pytest.mark.parametrize("runs", [2, 10])
def test_each_task_of_a_playbook(runs, storpool):
    """All processes do the same task at the same time, then the next: this is where they get into each other's way most."""
    storpool.begin(NOTHING)
    for tasks in (UP, DOWN):
        for task in tasks:
            assert together(storpool, [task], runs) == []
            assert alone(storpool, [task]) == ([], [])
    assert storpool.picture(storpool.state()) == fresh(storpool)


@pytest.mark.parametrize("runs", [2, 10])
def test_a_playbook_as_a_whole(runs, storpool):
    """Some processes are ahead of others, so that what one has finished another finds done. ``previous_name`` and ``exclusive`` are for one run at a time."""
    steady = UP[:-2]
    storpool.begin(NOTHING)
    assert together(storpool, steady, runs) == []
    assert alone(storpool, steady) == ([], [])
    effects = Counter(entry["call"] for entry in storpool.journal() if entry["effect"])
    assert effects["VolumeCreate"] == 3
    assert effects["VolumeSnapshot"] == 1
    assert effects["VolumesGroupSnapshot"] == 1
    assert effects["VolumeTemplateCreate"] == 1


@pytest.mark.parametrize("runs", [2, 10])
def test_a_pool(runs, cloudstack):
    cloudstack.begin(NOTHING)
    pool = {"name": "sp", "zone": "zone1", "wait_timeout": 60}
    tasks = [
        {**pool, **cloudstack.storpool.connection, "template": "hybrid", "capacity": "1TiB", "tags": ["a", "b"]},
        {**pool, "tags": ["c"]},
        {**pool, "allocation_state": "maintenance"},
        {**pool, "allocation_state": "enabled"},
        {**pool, "state": "absent"},
    ]
    for options in tasks:
        task = ("cloudstack_storpool_pool", options)
        assert together(cloudstack, [task], runs) == []
        assert alone(cloudstack, [task]) == ([], [])
    made = [entry for entry in cloudstack.journal() if entry["call"] == "createStoragePool" and entry["effect"]]
    assert len(made) == 1


def test_what_has_no_name_may_be_made_twice_and_that_is_told(storpool):
    """StorPool has no lock, and nothing that would collide. Nothing is attached or deleted in that case, and the sentence says how to go on."""
    storpool.begin(NOTHING)
    task = ("storpool_volume", {"match_tags": {"id": "7"}, "size": "1GiB", "template": "hybrid"})
    failures = together(storpool, [task], 10)
    made = [row for row in storpool.state()["volumes"] if row["tags"] == {"id": "7"}]
    assert all(row["size"] == GIB for row in made)
    for _module, message, _escaped in failures:
        assert re.match(r"\d+ volumes match match_tags: volume ~.*Add a tag that only one of them has", message)
    assert (len(made) == 1) == (not failures)


def fresh(world):
    """The state without any task."""
    world.begin(NOTHING)
    return world.picture(world.state())
