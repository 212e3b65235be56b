# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The backup policy of VMs: which are meant, what is sent for many at once, an end after every interruption, and what is said of StorPool's half."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack import backup_policy
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.backup_policy import look, plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.predicted import Predicted
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader, StorPool
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    InvalidOption,
    NotConfigured,
    NotFound,
    Outdated,
    ReplyLost,
    Unreachable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import converge
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

OPTIONS = {
    "state": "present",
    "policy": "gold",
    "vm": None,
    "match_tags": None,
    "account": None,
    "domain": None,
    "zone": None,
    "wait": False,
    "wait_timeout": 60,
}


def want(**options):
    if options.get("state") == "absent":
        options.setdefault("policy", None)
    return backup_policy.want({**OPTIONS, **options})


class Cloud:
    """VMs with two volumes each, one of which is on StorPool; ``interrupted`` calls raise, ``half`` of them with an effect."""

    def __init__(self, policies, *, asked=True, **fields):
        self.vms = [
            {
                "id": f"m-{number}",
                "name": f"web-{number}",
                "state": "Running",
                "account": "shop",
                "domain": "ROOT",
                "domainid": "d-1",
                "tags": [{"key": "stage", "value": "prod"}, *([{"key": "vc-policy", "value": one}] if one else [])],
                **fields,
            }
            for number, one in enumerate(policies)
        ]
        self.policies = {f"a.b.{number}": one or "" for number, one in enumerate(policies)}
        self.asked, self.sent, self.failures = asked, [], {}
        self.api = FakeApi(
            lists={
                "listVirtualMachines": lambda _params: self.vms,
                "listVolumes": self._volumes,
                "listDomains": [{"id": "d-1", "name": "ROOT", "path": "ROOT"}],
            }
        )

    def _volumes(self, params):
        rows = []
        for number, vm in enumerate(self.vms):
            of = {"virtualmachineid": vm["id"], "id": f"v-{number}", "name": f"ROOT-{number}"}
            rows += [dict(of, path=f"/dev/storpool-byid/a.b.{number}"), dict(of, id=f"w-{number}", path="on-nfs")]
        return [row for row in rows if params.get("virtualmachineid") in (None, row["virtualmachineid"])]

    def reader(self):
        return Reader(self.api, StorPool(None, None, volumes=self._halves))

    def _halves(self, references):
        if self.asked is not True:
            raise self.asked
        one_by_one = ((reference, self.policies.get(reference.lstrip("~"))) for reference in references)
        return {
            reference: {"tags": {"vc-policy": one} if one else {}} for reference, one in one_by_one if one is not None
        }

    def apply(self, step):
        self.sent.append(step.call)
        lost = isinstance(self.failures.get(len(self.sent)), ReplyLost)
        if len(self.sent) in self.failures and not lost:
            raise self.failures[len(self.sent)]
        [tag] = step.body["tags"]
        assert step.body["resourcetype"] == "UserVm"
        assert tag["key"] == "vc-policy"
        for vm in self.vms:
            if vm["id"] not in step.body["resourceids"]:
                continue
            has = {each["key"]: each["value"] for each in vm["tags"]}
            if step.call == "createTags":
                assert "vc-policy" not in has, "CloudStack refuses a key that is there"
                vm["tags"] = [*vm["tags"], tag]
            else:
                assert has["vc-policy"] == tag["value"]
                vm["tags"] = [each for each in vm["tags"] if each["key"] != "vc-policy"]
            self.policies["a.b." + vm["id"][2:]] = tag["value"] if step.call == "createTags" else ""
        if lost:
            raise self.failures[len(self.sent)]

    def run(self, wanted):
        return converge(
            lambda: look(self.reader(), wanted),
            lambda current: plan(current, wanted),
            self.apply,
            sleep=lambda _seconds: None,
        )

    def now(self):
        return [{each["key"]: each["value"] for each in vm["tags"]} for vm in self.vms]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"state": "absent", "policy": "gold"}, "policy: only for"),
        ({"policy": "False"}, "in quotes, such as 'no'"),
        ({"policy": "gold plan"}, "'gold plan': give 1 to 199"),
        ({"vm": []}, "vm is empty"),
        ({"vm": ["web", ""]}, r"vm\[1\] is empty"),
        ({"match_tags": {}}, "match_tags is empty"),
        ({"match_tags": {"stage": None}}, "match_tags.stage"),
        ({"match_tags": {"vc-policy": "silver"}}, "would not find those that it has begun with"),
        ({"wait_timeout": 0}, "wait_timeout"),
    ],
)
def test_what_is_wrong_in_itself(options, says):
    with pytest.raises(InvalidOption, match=says):
        want(**{"vm": ["web"], **options})


def test_many_vms_share_calls_and_none_is_long_without_a_policy():
    cloud = Cloud(["silver"] * 60 + [None, "gold"])
    outcome = cloud.run(want(account="shop"))
    assert cloud.sent == ["deleteTags", "createTags"] * 2
    assert cloud.now() == [{"stage": "prod", "vc-policy": "gold"}] * 62
    assert all(vm["followed"] and not vm["mixed_policies"] for vm in outcome.after)
    assert not cloud.run(want(account="shop")).changed


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from([None, "gold", "silver"]), min_size=1, max_size=8),
    st.sampled_from([None, "gold", "bronze"]),
    st.integers(0, 3),
    st.booleans(),
)
def test_a_run_that_is_killed_anywhere_is_ended_by_the_next(policies, policy, after, done):
    cloud = Cloud(policies)
    wanted = want(match_tags={"stage": "prod"}, **({"policy": policy} if policy else {"state": "absent"}))
    killed = ReplyLost("killed") if done else KeyboardInterrupt()
    cloud.failures = {after + 1: killed}
    try:
        cloud.run(wanted)
    except KeyboardInterrupt:
        cloud.failures = {}
        cloud.run(wanted)
    assert cloud.now() == [{"stage": "prod", **({"vc-policy": policy} if policy else {})}] * len(policies)
    cloud.sent.clear()
    assert not cloud.run(wanted).changed
    assert not cloud.sent


def test_somebody_else_sets_one_between_the_two_calls():
    cloud = Cloud([None])

    def rival(step):
        if not cloud.sent:
            cloud.vms[0]["tags"].append({"key": "vc-policy", "value": "bronze"})
            cloud.sent.append(step.call)
            raise Outdated("tag vc-policy already on UserVm with id m-0", error={"name": "530"})
        Cloud.apply(cloud, step)

    wanted = want(vm=["web-0"])
    converge(lambda: look(cloud.reader(), wanted), lambda current: plan(current, wanted), rival)
    assert cloud.sent == ["createTags", "deleteTags", "createTags"]
    assert cloud.now()[0]["vc-policy"] == "gold"


def test_which_vms_are_meant():
    cloud = Cloud([None, None, None])
    cloud.vms[1]["tags"] = []
    cloud.vms[2]["state"] = "Destroyed"
    assert [row["id"] for row in look(cloud.reader(), want(match_tags={"stage": "prod"})).vms] == ["m-0"]
    assert [row["id"] for row in look(cloud.reader(), want(domain="ROOT")).vms] == ["m-0", "m-1"]
    assert [row["id"] for row in look(cloud.reader(), want(vm=["web-1", "m-1", "m-2"])).vms] == ["m-1", "m-2"]
    for options, says in (
        ({"vm": ["web-0", "web-1"], "match_tags": {"stage": "prod"}}, r"VM 'web-1' \(m-1\) is there, but is not what"),
        ({"vm": ["web-2"]}, "VM 'web-2' is Destroyed.*only by its id: m-2"),
        ({"vm": ["web-3"]}, "no VM 'web-3' with that name or id.* web-0 and web-1"),
    ):
        with pytest.raises(NotFound, match=says):
            look(cloud.reader(), want(**options))
    cloud.vms[1]["domain"] = "ROOT/other"
    with pytest.raises(Ambiguous, match="ROOT and ROOT/other"):
        look(cloud.reader(), want(account="shop"))
    cloud.vms[1]["name"] = "web-0"
    with pytest.raises(Ambiguous, match="m-0 and m-1"):
        look(cloud.reader(), want(vm=["web-0"]))
    nobody = plan(look(cloud.reader(), want(account="nobody")), want(account="nobody"))
    assert (nobody.steps, nobody.cautions) == (
        (),
        ("No VM is what the task describes, so nothing was changed.",),
    )


def test_storpools_half_that_has_not_followed_is_told_and_waited_for():
    cloud = Cloud(["gold"])
    cloud.vms[0]["displayname"] = "shop"
    rows = cloud._volumes({})
    cloud.api.lists["listVolumes"] = [*rows, dict(rows[0], id="x", name="data", path="/dev/storpool-byid/a.b.7")]
    cloud.policies["a.b.7"] = "silver"
    wanted = want(vm=["shop"])
    todo = plan(look(cloud.reader(), wanted), wanted)
    [vm] = todo.after
    assert (todo.steps, vm["policy"], vm["followed"], vm["mixed_policies"]) == ((), "gold", False, True)
    assert [(one["name"], one["policy"], one["followed"]) for one in vm["volumes"]] == [
        ("ROOT-0", "gold", True),
        ("data", "silver", False),
    ]
    [caution] = todo.cautions
    assert caution.startswith("StorPool's half of VM 'shop' has not followed: volume 'data' has 'silver'. VolumeCare")
    waiting = want(vm=["shop"], wait=True)
    [step] = plan(look(cloud.reader(), waiting), waiting).steps
    assert step.method == "GET"
    missing = step.body.watch(cloud.reader())
    assert "not done so on 'data'" in missing()
    cloud.policies["a.b.7"] = "gold"
    assert missing() is None


@pytest.mark.parametrize("failure", [NotConfigured("no token"), Unreachable("no route")])
def test_without_storpool(failure):
    cloud = Cloud(["gold"], asked=failure)
    todo = plan(look(cloud.reader(), want(vm=["web-0"])), want(vm=["web-0"]))
    assert (todo.after[0]["followed"], todo.after[0]["volumes"]) == (None, None)
    assert [failure.message in words for words in todo.cautions] == [True] * isinstance(failure, Unreachable)
    with pytest.raises(type(failure)):
        look(cloud.reader(), want(vm=["web-0"], wait=True))


@pytest.mark.parametrize("options", [{"policy": "gold"}, {"state": "absent"}])
def test_what_is_foreseen_is_what_is_done(options):
    cloud = Cloud(["silver", None])
    wanted = want(domain="ROOT", **options)
    reader = Predicted(cloud.reader())
    current = look(reader, wanted)
    todo = plan(current, wanted)
    backup_policy.imagine(reader, current, todo)
    again = plan(look(reader, wanted), wanted)
    assert again.steps == ()
    outcome = cloud.run(wanted)
    assert outcome.after == todo.after
    assert again.after == outcome.after
