# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which problems a host has, out of what modules answered."""

from __future__ import annotations

import re

import pytest

from ansible_collections.storpool.cloudstack.plugins.filter.preflight_problems import preflight_problems

JAR = {"code": "no_driver", "component": "agent", "message": "There is no driver."}
DEPLOYMENT = {"agent": {"version": "4.16.1.0"}, "management": None, "storpool": {}, "problems": [JAR]}
UP = {"name": "agent1", "state": "Up", "pools": {"connected": ["ssd"], "not_connected": []}}


def codes(components=("agent",), deployment=None, **answers):
    found = preflight_problems(deployment or DEPLOYMENT, list(components), host="agent1", **answers)
    assert all(set(problem) == {"code", "component", "message"} for problem in found)
    return [problem["code"] for problem in found]


def test_all_problems_are_told_together():
    answers = {"cluster": {"msg": "the token is wrong"}, "hosts": {"hosts": [{**UP, "state": "Alert"}]}}
    assert codes(["agent", "management"], **answers) == [
        "no_driver",
        "no_package",
        "storpool_unreachable",
        "host_not_up",
    ]


def test_what_is_not_expected_on_a_host_is_not_a_problem_there():
    assert codes(["management"], {**DEPLOYMENT, "management": {}, "problems": [JAR]}) == ["no_package"]
    assert codes(["management"], {**DEPLOYMENT, "management": {"version": "4.16.1.0"}}) == []


@pytest.mark.parametrize(
    ("hosts", "code"),
    [
        ({"hosts": []}, "host_unknown"),
        ({"hosts": [{**UP, "name": "agent2"}]}, "host_unknown"),
        ({"msg": "cannot be reached"}, "cloudstack_unreachable"),
        ({"hosts": [{**UP, "pools": {"connected": [], "not_connected": ["ssd"]}}]}, "pool_not_connected"),
    ],
)
def test_an_agent_in_cloudstack(hosts, code):
    assert codes(hosts=hosts) == ["no_driver", code]


def test_nothing_is_said_of_what_was_not_asked():
    asked = {"cluster": {"clusters": []}, "template": {"skipped": True, "msg": "x"}, "hosts": {"skipped": True}}
    assert codes(**asked) == ["no_driver"]
    assert codes(hosts={"hosts": [{**UP, "pools": None}]}) == ["no_driver"]


def test_a_template_is_only_doubted_if_storpool_was_reached():
    assert codes(template={"msg": "there is no template"}) == ["no_driver", "template_unfit"]
    assert codes(cluster={"msg": "refused"}, template={"msg": "refused"}) == ["no_driver", "storpool_unreachable"]


def test_an_unknown_host_is_told_with_those_that_there_are():
    many = [{**UP, "name": f"kvm{number:02}"} for number in range(12)]
    for rows, words in ((many, "It has kvm00, kvm01, .*kvm09, 2 more."), ([], "It has none.")):
        problem = preflight_problems(DEPLOYMENT, ["agent"], hosts={"hosts": rows}, host="agent1")[-1]
        assert problem["code"] == "host_unknown"
        assert re.search(words, problem["message"])
