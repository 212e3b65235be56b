# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any tasks for primary storage pools in any order, on one cloud, through the real transport."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.pool.pool import POOL
from faults.alone import ran, written
from faults.scenario import NOTHING

MODULE = "cloudstack_storpool_pool"
FLAGS = st.booleans()
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "state": st.sampled_from(["present", "present", "present", "absent"]),
    "name": st.sampled_from(["sp", "sp", "sp", "sp-new", "other", " "]),
    "previous_name": st.sampled_from(["sp", "sp-new"]),
    "zone": st.sampled_from(["zone1", "zone1", "zone1", "zone1", "no-such"]),
    "template": st.sampled_from(["hybrid", "hybrid", "ssd", "no-such"]),
    "url_form": st.sampled_from(["auto", "template", "pairs", "uri"]),
    "verify_template": FLAGS,
    "capacity": st.sampled_from(["1TiB", "from_template", "1TiB", "large"]),
    "tags": st.lists(st.sampled_from(["a", "b", "a,b"]), max_size=2),
    "allocation_state": st.sampled_from(["enabled", "disabled", "maintenance"]),
    "connected_hosts": st.sampled_from(["ignore", "report", "all"]),
    "wait_timeout": st.sampled_from([30, 30, 30, 0]),
    "stop_vms": FLAGS,
    "delete_volumes": FLAGS,
    "delete_snapshots": FLAGS,
    "expunge_destroyed_volumes": FLAGS,
    "allow_same_template_name": FLAGS,
}
USUAL = ("name", "zone", "template", "capacity")


@st.composite
def some_tasks(draw: st.DrawFn) -> list[dict[str, Any]]:
    """The options of some tasks: those that most tasks have, and a few others."""
    tasks = []
    for _number in range(draw(st.integers(1, 6))):
        more = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=3, unique=True))
        tasks.append({option: draw(VALUES[option]) for option in dict.fromkeys([*USUAL, *more])})
    return tasks


def test_every_option_has_values():
    assert VALUES.keys() == POOL.spec["argument_spec"].keys()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(tasks=some_tasks(), storpool_options=FLAGS)
def test_any_tasks_keep_the_promises(cloudstack, tasks, storpool_options):
    cloudstack.begin(NOTHING)
    connection = {**cloudstack.connection, **(cloudstack.storpool.connection if storpool_options else {})}
    for task in tasks:
        keeps_the_promises(cloudstack, {**connection, **task})


def keeps_the_promises(world, options):
    before = world.picture(world.state())
    foretold = ran(world, MODULE, options, check=True)
    assert written(world) == []
    assert world.picture(world.state()) == before
    ended = ran(world, MODULE, options)
    if foretold.failed:
        assert ended.failed
        assert written(world) == []
        return
    if ended.failed:
        return  # CloudStack knows more than it tells
    assert (ended.changed, ended.result["actions"]) == (foretold.changed, foretold.result["actions"])
    assert bool(written(world)) == ended.changed
    again = ran(world, MODULE, options)
    assert not again.failed
    assert not again.changed
    assert written(world) == []
    if ended.result["pool"] is not None:
        assert again.result["pool"] == ended.result["pool"]
