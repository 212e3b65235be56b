# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plans for pools: the exact calls for each situation, what is refused, and that a plan leaves nothing to do."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Hosts
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.versions import parse
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.waiting import Connected, Settled
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.pool.contents import Contents
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.pool.plan import plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    InvalidOption,
    NameTaken,
    NotAllowed,
    NotFound,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import converge
from unit.plugins.module_utils._cloudstack.in_process import NEW, Cloud, current, row, want


def calls(planned):
    return [(step.call, step.body) for step in planned.steps]


def test_a_pool_is_created_with_all_that_the_driver_wants():
    planned = plan(current(), want(**NEW, tags=["b", "a"]))
    assert calls(planned) == [
        (
            "createStoragePool",
            {
                "name": "sp",
                "zoneid": "z-1",
                "scope": "zone",
                "hypervisor": "KVM",
                "provider": "StorPool",
                "url": "storpool://123456@10.1.2.3:81/hybrid",
                "capacitybytes": 1 << 40,
                "tags": "a,b",
            },
        )
    ]
    assert (planned.before, planned.after["tags"], planned.after["state"]) == (None, ["a", "b"], "Up")
    assert not planned.steps[0].repeatable
    assert planned.steps[0].timeout == 60
    assert "123456" not in repr((planned.after, planned.later, planned.steps[0].action, str(planned.steps[0])))


def test_without_tags_the_name_will_be_the_tag():
    planned = plan(current(), want(**NEW))
    assert "tags" not in planned.steps[0].body
    assert planned.after["tags"] == ["sp"]
    assert "with the storage tag 'sp'" in planned.steps[0].action


def test_what_a_new_pool_needs_besides_is_told_before_it_can_be_planned():
    planned = plan(current(), want(**NEW, tags=[], allocation_state="maintenance"))
    assert planned.later == (
        "update primary storage pool 'sp': remove its storage tags",
        "put primary storage pool 'sp' into maintenance",
    )
    assert (planned.after["tags"], planned.after["allocation_state"]) == ([], "maintenance")


def test_the_capacity_of_the_template_is_taken_where_it_is_asked_for():
    wanted = want(template="hybrid", capacity="from_template")
    assert plan(current(capacity=123456789), wanted).steps[0].body["capacitybytes"] == 123456789


@pytest.mark.parametrize(
    ("state", "goal", "expected"),
    [
        ("Up", None, []),
        ("Up", "enabled", []),
        ("Up", "disabled", [("updateStoragePool", False)]),
        ("Up", "maintenance", ["enableStorageMaintenance"]),
        ("Disabled", None, []),
        ("Disabled", "enabled", [("updateStoragePool", True)]),
        ("Disabled", "maintenance", [("updateStoragePool", True), "enableStorageMaintenance"]),
        ("Maintenance", "enabled", ["cancelStorageMaintenance"]),
        ("Maintenance", "disabled", ["cancelStorageMaintenance", ("updateStoragePool", False)]),
        ("ErrorInMaintenance", None, []),
        ("ErrorInMaintenance", "enabled", ["cancelStorageMaintenance"]),
        ("ErrorInMaintenance", "maintenance", ["enableStorageMaintenance"]),
        ("PrepareForMaintenance", None, []),
        ("PrepareForMaintenance", "maintenance", ["wait"]),
        ("PrepareForMaintenance", "enabled", ["wait", "cancelStorageMaintenance"]),
        ("CancelMaintenance", "disabled", ["wait", ("updateStoragePool", False)]),
        ("Initialized", None, ["wait"]),
        ("Creating", "maintenance", ["wait", "enableStorageMaintenance"]),
    ],
)
def test_the_way_from_each_state_to_each_goal(state, goal, expected):
    planned = plan(current(row(state=state)), want(allocation_state=goal))
    taken = []
    for call, body in calls(planned):
        if isinstance(body, Settled):
            assert body.pool_id == "hybrid;1"
            taken.append("wait")
        else:
            assert body["id"] == "hybrid;1"
            taken.append((call, body["enabled"]) if "enabled" in body else call)
    assert taken == expected


def test_tags_and_name_are_one_update():
    planned = plan(current(row(name="old")), want(previous_name="old", tags=["b", "a"]))
    assert calls(planned) == [("updateStoragePool", {"id": "hybrid;1", "name": "sp", "tags": "a,b"})]
    assert (planned.after["name"], planned.after["tags"]) == ("sp", ["a", "b"])
    assert (
        planned.steps[0].action
        == "update primary storage pool 'old': rename it to 'sp', set its storage tags to a and b"
    )


def test_the_order_of_tags_is_no_difference():
    assert plan(current(row(tags="b,a")), want(tags=["a", "b"])).steps == ()


def test_all_tags_are_removed_with_an_empty_text():
    assert calls(plan(current(row()), want(tags=[]))) == [("updateStoragePool", {"id": "hybrid;1", "tags": ""})]


def test_capacity_is_for_creation_only():
    assert plan(current(row(disksizetotal=1)), want(**NEW)).steps == ()
    assert plan(current(row(disksizetotal=1)), want(template="hybrid", capacity="from_template")).steps == ()


def test_removal_takes_the_way_through_maintenance():
    planned = plan(current(row(state="Disabled")), want(state="absent"))
    assert calls(planned) == [
        ("updateStoragePool", {"enabled": True, "id": "hybrid;1"}),
        ("enableStorageMaintenance", {"id": "hybrid;1"}),
        ("deleteStoragePool", {"id": "hybrid;1"}),
    ]
    assert planned.after is None
    assert calls(plan(current(row(state="Maintenance")), want(state="absent"))) == [
        ("deleteStoragePool", {"id": "hybrid;1"})
    ]
    assert plan(current(), want(state="absent")).steps == ()


VOLUME = {"id": "v-1", "name": "data-1", "state": "Ready"}
ROOT = {
    "id": "v-2",
    "name": "ROOT-7",
    "state": "Ready",
    "virtualmachineid": "m-1",
    "vmname": "web",
    "vmstate": "Running",
}
GONE = {"id": "v-3", "name": "data-3", "state": "Destroy"}
SNAPSHOT = {"id": "s-1", "name": "daily", "volumeid": "v-1"}


@pytest.mark.parametrize("state", ["Running", "Starting", "Stopping", "Migrating"])
def test_vms_are_stopped_only_if_the_task_says_so(state):
    contents = Contents(volumes=({**ROOT, "vmstate": state},))
    with pytest.raises(NotAllowed, match=r"web.*stop_vms"):
        plan(current(row(), contents=contents), want(allocation_state="maintenance"))
    planned = plan(current(row(), contents=contents), want(allocation_state="maintenance", stop_vms=True))
    assert calls(planned) == [("enableStorageMaintenance", {"id": "hybrid;1"})]


def test_stopped_vms_do_not_keep_a_pool_from_maintenance():
    contents = Contents(volumes=({**ROOT, "vmstate": "Stopped"}, VOLUME))
    assert len(plan(current(row(), contents=contents), want(allocation_state="maintenance")).steps) == 1


def test_system_vms_count_as_vms_but_do_not_keep_a_pool_from_removal():
    contents = Contents(system=({**ROOT, "vmname": "v-1-VM"},))
    with pytest.raises(NotAllowed, match=r"v-1-VM.*stop_vms"):
        plan(current(row(), contents=contents), want(state="absent"))
    assert (
        plan(current(row(), contents=contents), want(state="absent", stop_vms=True)).steps[-1].call
        == "deleteStoragePool"
    )


def test_many_vms_are_not_all_named():
    many = tuple({**ROOT, "vmname": f"web-{number:03}"} for number in range(200))
    with pytest.raises(NotAllowed, match="200 running VMs") as refusal:
        plan(current(row(), contents=Contents(volumes=many)), want(allocation_state="maintenance"))
    assert "190 more" in refusal.value.message


EVERYTHING = {"stop_vms": True, "delete_volumes": True, "delete_snapshots": True, "expunge_destroyed_volumes": True}


@pytest.mark.parametrize(
    ("contents", "options", "words"),
    [
        (Contents(volumes=(ROOT,)), EVERYTHING, r"'ROOT-7' of web.*Destroy and expunge"),
        (Contents(volumes=({**ROOT, "vmstate": "Stopped"},)), EVERYTHING, "'ROOT-7' of web"),
        (Contents(volumes=(VOLUME,)), {**EVERYTHING, "delete_volumes": False}, "'data-1'.*delete_volumes"),
        (
            Contents(volumes=(VOLUME,), snapshots=(SNAPSHOT,)),
            {**EVERYTHING, "delete_snapshots": False},
            "'daily'.*delete_snapshots",
        ),
        (
            Contents(going=(GONE,)),
            {**EVERYTHING, "expunge_destroyed_volumes": False},
            "'data-3'.*whole cloud.*expunge_destroyed_volumes",
        ),
    ],
)
def test_data_on_a_pool_keeps_it_from_removal(contents, options, words):
    with pytest.raises(NotAllowed, match=words):
        plan(current(row(), contents=contents), want(state="absent", **options))


def test_a_pool_is_cleared_before_maintenance_and_forced_only_for_destroyed_volumes():
    contents = Contents(volumes=(VOLUME,), going=(GONE,), snapshots=(SNAPSHOT,))
    planned = plan(current(row(), contents=contents), want(state="absent", **EVERYTHING))
    assert calls(planned) == [
        ("deleteSnapshot", {"id": "s-1"}),
        ("deleteVolume", {"id": "v-1"}),
        ("enableStorageMaintenance", {"id": "hybrid;1"}),
        ("deleteStoragePool", {"id": "hybrid;1", "forced": True}),
    ]
    assert len(planned.losses) == 3


OTHER = row(id="hybrid;2", name="other")


@pytest.mark.parametrize(
    ("now", "options", "kind", "words"),
    [
        (current(zone=None), NEW, NotFound, "no zone 'zone1' with that name or id. CloudStack has none."),
        (
            current(zone=None, zones=({"name": "zone3"}, {"name": "zone2"})),
            NEW,
            NotFound,
            "no zone 'zone1'.* CloudStack has zone2 and zone3.",
        ),
        (current(capacity=0), {**NEW, "capacity": "from_template"}, InvalidOption, "'hybrid' has room for nothing"),
        (current(providers=frozenset(), others=(OTHER,)), NEW, NameTaken, "already serves"),
        (current(providers=frozenset(), template_problem="No such."), NEW, NotFound, "No such"),
        (current(zone=None), {"state": "absent"}, NotFound, "no zone 'zone1'"),
        (current(providers=frozenset(["storpool", "DefaultPrimary"])), NEW, NotFound, "no storage provider 'StorPool'"),
        (current(), {"capacity": "1TiB"}, InvalidOption, "set template"),
        (current(), {"template": "hybrid"}, InvalidOption, "from_template"),
        (current(), {**NEW, "sp_api_http_host": None, "sp_auth_token": None}, InvalidOption, "sp_auth_token"),
        (current(template_problem="No such."), NEW, NotFound, "No such.*verify_template"),
        (
            current(others=(OTHER,)),
            NEW,
            NameTaken,
            "already serves primary storage pool 'other'.*allow_same_template_name",
        ),
        (
            current(others=({**OTHER, "details": {"SP_API_HTTP_HOST": "10.1.2.3:81"}},)),
            {**NEW, "allow_same_template_name": True},
            NameTaken,
            "already serves",
        ),
        (current(others=(row(provider="DefaultPrimary"),)), NEW, NameTaken, "not StorPool's"),
        (current(row()), {"template": "ssd"}, InvalidOption, "'hybrid', not 'ssd'"),
        (
            current(row(details={"SP_API_HTTP_HOST": "10.9.9.9:81"})),
            {},
            InvalidOption,
            "10.9.9.9:81, not at 10.1.2.3:81",
        ),
        (current(row(name="old"), version="4.14.0"), {"previous_name": "old"}, InvalidOption, "4.15"),
        (
            current(row(name="old"), others=(row(provider="DefaultPrimary"),)),
            {"previous_name": "old"},
            NameTaken,
            "not StorPool's",
        ),
        (current(row(istagarule=True, tags="a")), {"tags": ["b"]}, InvalidOption, "rule"),
        (current(row(), version="4.18.1"), {"connected_hosts": "all"}, InvalidOption, "4.19"),
        (current(version="4.18.1"), {**NEW, "connected_hosts": "all"}, InvalidOption, "4.19"),
    ],
)
def test_what_is_refused(now, options, kind, words):
    with pytest.raises(kind, match=words) as refusal:
        plan(now, want(**options))
    assert "123456" not in refusal.value.message


def test_a_template_of_the_same_name_in_another_cluster_needs_a_word():
    assert plan(current(others=(OTHER,)), want(**NEW, allow_same_template_name=True)).steps
    assert plan(current(others=({**OTHER, "provider": "DefaultPrimary"},)), want(**NEW)).steps


def test_hosts_are_waited_for_only_where_the_pool_is_in_use():
    hosts = Hosts((("h-1", "host1"),), (("h-2", "host2"),))
    planned = plan(current(row(), hosts=hosts), want(connected_hosts="all"))
    assert calls(planned) == [("listStoragePools", Connected("hybrid;1", (("h-2", "host2"),)))]
    assert planned.steps[0].method == "GET"
    assert planned.before["hosts"] == {"connected": ["host1"], "not_connected": ["host2"]}
    assert plan(current(row(), hosts=hosts), want(connected_hosts="report")).steps == ()
    assert plan(current(row(state="Maintenance"), hosts=hosts), want(connected_hosts="all")).steps == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"name": " sp"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "255"),
        ({"zone": " "}, "zone"),
        ({"previous_name": "sp"}, "previous_name"),
        ({"previous_name": "old", "state": "absent"}, "previous_name"),
        ({"allocation_state": "enabled", "state": "absent"}, "allocation_state"),
        ({"wait_timeout": 0}, "wait_timeout"),
        ({"capacity": "10TB"}, "10TiB"),
        ({"capacity": "0"}, "positive"),
        ({"capacity": "from_template"}, "template"),
        ({"tags": ["a,b"]}, "comma"),
        ({"tags": [""]}, "empty"),
        ({"template": "a b"}, "template"),
        ({"sp_api_http_host": None}, "sp_api_http_host"),
    ],
)
def test_wrong_options_are_refused(options, words):
    with pytest.raises(InvalidOption, match=words):
        want(**options)


STATES = st.sampled_from(
    ["Up", "Disabled", "Maintenance", "ErrorInMaintenance", "PrepareForMaintenance", "Initialized"]
)
TAGS = st.lists(st.sampled_from(["a", "b", "c"]), max_size=3)
VERSIONS = st.sampled_from(["4.8.0", "4.9.3", "4.10.0", "4.11.0", "4.15.0", "4.17.0", "4.19.0", "4.19.1", "4.22.0"])


@given(
    exists=st.booleans(),
    state=STATES,
    tags=TAGS,
    version=VERSIONS,
    wanted_tags=st.none() | TAGS,
    goal=st.sampled_from([None, "enabled", "disabled", "maintenance"]),
    present=st.booleans(),
    rename=st.booleans(),
)
def test_after_the_plan_there_is_nothing_left_to_do(exists, state, tags, version, wanted_tags, goal, present, rename):
    rename = rename and exists and present and parse(version) >= (4, 15)
    before = row(state=state, tags=",".join(sorted(set(tags))), name="old" if rename else "sp") if exists else None
    cloud = Cloud(dict(before) if before else None, version)
    options = dict(
        NEW, tags=wanted_tags, allocation_state=goal if present else None, state="present" if present else "absent"
    )
    wanted = want(**options, previous_name="old" if rename else None)
    predicted = converge(cloud.current, lambda now: plan(now, wanted), cloud.apply, check_mode=True)
    outcome = converge(cloud.current, lambda now: plan(now, wanted), cloud.apply)
    assert (predicted.changed, predicted.actions) == (outcome.changed, outcome.actions)
    assert plan(cloud.current(), wanted).steps == ()
    if not present:
        assert cloud.pool is None
        return
    assert cloud.pool["name"] == "sp"
    if wanted_tags is not None:
        assert set(filter(None, cloud.pool["tags"].split(","))) == set(wanted_tags)
    unknown = ("id", "created", "type", "path")
    for field in set(predicted.after) - (set(unknown) if not exists else set()):
        assert predicted.after[field] == outcome.after[field], field
    if before and wanted_tags is None:
        assert cloud.pool["tags"] == before["tags"]
    if before and goal is None and state != "Initialized":
        assert cloud.pool["state"] == state


@given(
    state=STATES.filter(lambda state: state != "Initialized"),
    tags=TAGS,
    version=VERSIONS,
    capacity=st.sampled_from(["1GiB", "5TiB", "from_template"]),
)
def test_what_is_not_asked_is_never_touched(state, tags, version, capacity):
    now = current(row(state=state, tags=",".join(tags)), version)
    planned = plan(now, want(template="hybrid", capacity=capacity))
    assert planned.steps == ()
    assert planned.before == planned.after
