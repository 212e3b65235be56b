# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ctrl-C and kill -9 in the middle of a task for many objects, over several connections; then the task again. For single calls see the matrix."""

from __future__ import annotations

import signal

import pytest

from faults import runner
from faults.child import Child
from faults.runner import Wire
from faults.scenario import NOTHING

TASK = {
    "concurrency": 8,
    "templates": [{"name": "gold", "replication": 3, "place_all": "ssd"}],
    "volumes": [
        {"name": "web-{01..30}", "size": "1GiB", "template": "gold"},
        {"match_tags": {"id": "{1..5}"}, "size": "1GiB", "template": "gold"},
    ],
    "snapshots": [{"name": "snap-{01..10}", "volume": "web-{01..10}"}],
    "attachments": [{"volume": "web-{01..20}", "clients": ["1"]}],
}


def test_every_object_is_made_once(storpool):
    """The measure of the test below: the calls of a run that nobody disturbs."""
    storpool.begin(NOTHING)
    assert not runner.run("storpool_objects", {**storpool.connection, **TASK}).failed
    assert made(storpool) == {"VolumeCreate": 35, "VolumeSnapshot": 10, "VolumeTemplateCreate": 1}


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT])
@pytest.mark.parametrize("number", [5, 9, 25, 40, 46, 50])
def test_a_run_that_is_ended_in_the_middle_is_continued_by_the_next(number, end, storpool):
    storpool.begin(NOTHING)
    options = {**storpool.connection, **TASK}
    assert Child([("storpool_objects", options)], Wire(kill_with=end, kill_at=number)).wait() == []
    again = runner.run("storpool_objects", options)
    assert not again.failed, again.result
    assert again.changed, "the run was not ended in the middle"
    assert made(storpool) == {"VolumeCreate": 35, "VolumeSnapshot": 10, "VolumeTemplateCreate": 1}
    once_more = runner.run("storpool_objects", options)
    assert not once_more.changed
    assert len(storpool.state()["attachments"]) == 21


def made(world):
    """How many things have been made, by call."""
    calls = [entry["call"] for entry in world.journal() if entry["effect"]]
    return {call: calls.count(call) for call in sorted(set(calls)) if call != "VolumesReassignWait"}
