# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disk offerings: the rule for IOPS, details by version, what can be changed, and that a plan leaves nothing to do."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.versions import parse
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.offering import disk_offering
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.offering.plan import GIB, Current, plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._common import foreseen
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    Failure,
    InvalidOption,
    NotFound,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import converge, predicted
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

OPTIONS = {
    "state": "present",
    "name": "gold",
    "display_text": None,
    "disk_size": None,
    "customized": None,
    "tags": None,
    "max_iops": None,
    "min_iops": None,
    "storpool_template": None,
    "driver_reads_template": False,
    "qos_class": None,
    "zones": None,
    "wait_timeout": 60,
}
ZONES = ({"id": "z-1", "name": "zone1"}, {"id": "z-2", "name": "zone2"})
BASE = {"name": "gold", "displaytext": "gold", "storagetype": "shared", "provisioningtype": "thin"}


def want(**options):
    return disk_offering.want({**OPTIONS, **options})


def row(**fields):
    return {"id": "o-1", "name": "gold", "displaytext": "gold", "disksize": 10, "iscustomized": False, **fields}


def current(row=None, details=None, version="4.19.1"):
    return Current(parse(version), row, details or {}, ZONES)


def calls(planned):
    return [(step.call, step.body) for step in planned.steps]


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ({"disk_size": "10GiB"}, {"customized": False, "disksize": 10}),
        ({"customized": True}, {"customized": True}),
        (
            {"disk_size": "1TiB", "max_iops": 5000},
            {"customized": False, "disksize": 1024, "customizediops": False, "miniops": 1, "maxiops": 5000},
        ),
        (
            {"customized": True, "max_iops": 5000, "min_iops": 100},
            {"customized": True, "customizediops": False, "miniops": 100, "maxiops": 5000},
        ),
        (
            {"customized": True, "tags": ["b", "a"], "zones": ["zone2", "z-1"], "display_text": "x"},
            {"customized": True, "tags": "a,b", "zoneid": "z-1,z-2", "displaytext": "x"},
        ),
        ({"customized": True, "storpool_template": "ssd"}, {"customized": True, "details": [{"SP_TEMPLATE": "ssd"}]}),
        ({"customized": True, "tags": [], "zones": []}, {"customized": True}),
    ],
)
def test_an_offering_is_created_in_one_call(options, body):
    planned = plan(current(), want(**options))
    assert calls(planned) == [("createDiskOffering", {**BASE, **body})]
    assert not planned.steps[0].repeatable
    assert planned.later == ()
    assert planned.after["id"] is None


@pytest.mark.parametrize(
    ("version", "options", "words"),
    [
        ("4.22.0", {"storpool_template": "ssd"}, None),
        ("4.20.0", {"storpool_template": "ssd"}, None),
        (
            "4.19.3",
            {"storpool_template": "ssd"},
            r"CloudStack is 4\.19\.3\. CloudStack's own StorPool driver reads that from 4\.20\.0 on only",
        ),
        ("4.17.0", {"storpool_template": "ssd"}, r"own StorPool driver.*Use storage tags"),
        ("4.16.1", {"storpool_template": "ssd"}, "External StorPool drivers read that since April 2022"),
        ("4.8.0", {"storpool_template": "ssd"}, "External StorPool drivers"),
        ("4.19.3", {"storpool_template": "ssd", "driver_reads_template": True}, None),
        ("4.19.3", {}, None),
    ],
)
@pytest.mark.parametrize("there", [False, True])
def test_a_template_that_no_driver_may_look_at_is_told(version, options, words, there):
    details = {"SP_TEMPLATE": options["storpool_template"]} if options else {}
    seen = current(row(iscustomized=True), details, version) if there else current(version=version)
    planned = plan(seen, want(customized=True, **options))
    assert bool(planned.steps) is not there
    assert predicted(planned).cautions == planned.cautions
    if words is None:
        assert planned.cautions == ()
    else:
        assert re.search(words, *planned.cautions)


def test_a_class_of_storpool_qos():
    assert calls(plan(current(version="4.20.0"), want(customized=True, qos_class="fast")))[0][1]["details"] == [
        {"SP_QOSCLASS": "fast"}
    ]
    with pytest.raises(InvalidOption, match=r"4\.19\.1 knows no such classes.*4\.20\.0"):
        plan(current(), want(customized=True, qos_class="fast"))


def test_before_4_16_details_come_after_creation():
    wanted = want(customized=True, storpool_template="ssd")
    planned = plan(current(version="4.15.2"), wanted)
    assert "details" not in planned.steps[0].body
    assert planned.later == ("add SP_TEMPLATE=ssd to the details of disk offering 'gold'",)
    assert planned.after["storpool_template"] == "ssd"
    created = plan(current(row(iscustomized=True), version="4.15.2"), wanted)
    details = [{"key": "SP_TEMPLATE", "value": "ssd"}]
    assert calls(created) == [
        ("addResourceDetail", {"resourceid": "o-1", "resourcetype": "DiskOffering", "details": details})
    ]
    assert created.steps[0].timeout == 60
    assert plan(current(row(iscustomized=True), {"SP_TEMPLATE": "ssd"}, "4.15.2"), wanted).steps == ()


@pytest.mark.parametrize("version", ["4.15.2", "4.19.1"])
def test_another_template_is_another_offering(version):
    with pytest.raises(
        InvalidOption, match=r"has storpool_template 'hybrid', not 'ssd'.*Create an offering with another name"
    ):
        plan(current(row(), {"SP_TEMPLATE": "hybrid"}, version), want(storpool_template="ssd"))


def test_a_template_is_not_added_later():
    with pytest.raises(InvalidOption, match="has no storpool_template, not 'ssd'"):
        plan(current(row()), want(storpool_template="ssd"))


@pytest.mark.parametrize(
    ("has", "options", "words"),
    [
        ({}, {"disk_size": "20GiB"}, "is of 10 GiB, not of 20 GiB"),
        (
            {"iscustomized": True, "disksize": 0},
            {"disk_size": "20GiB"},
            "is of a size that users choose, not of 20 GiB",
        ),
        ({}, {"customized": True}, "is not customized"),
        ({"iscustomized": True}, {"customized": False, "disk_size": "10GiB"}, "is customized"),
        ({"miniops": 1, "maxiops": 100}, {"max_iops": 200}, "has max_iops 100, not 200"),
        ({"miniops": 1, "maxiops": 100}, {"max_iops": 100, "min_iops": 2}, "has min_iops 1, not 2"),
        ({}, {"max_iops": 200}, r"has no max_iops \(CloudStack drops the limits.*customizediops=false\), not 200"),
        ({"miniops": 0, "maxiops": 0}, {"max_iops": 200}, "has no max_iops"),
    ],
)
def test_what_cannot_be_changed_is_refused_and_said_what_to_do(has, options, words):
    with pytest.raises(InvalidOption, match=words) as refusal:
        plan(current(row(**has)), want(**options))
    assert "Create an offering with another name" in refusal.value.message
    assert "'gold'" in refusal.value.message


def test_what_can_be_changed_is_one_call():
    planned = plan(
        current(row(tags="a,b", zoneid="z-1")), want(display_text="new", tags=["c"], zones=["zone2"], disk_size="10GiB")
    )
    assert calls(planned) == [("updateDiskOffering", {"id": "o-1", "displaytext": "new", "tags": "c", "zoneid": "z-2"})]
    assert (planned.before["zones"], planned.after["zones"]) == (["zone1"], ["zone2"])
    assert planned.after["tags"] == ["c"]
    assert "have the new tags" in planned.steps[0].advice[0][0]


def test_all_tags_and_zones_are_taken_away():
    planned = plan(current(row(tags="a", zoneid="z-1")), want(tags=[], zones=[]))
    assert planned.steps[0].body == {"id": "o-1", "tags": "", "zoneid": "all"}


@pytest.mark.parametrize(
    ("has", "options"),
    [
        ({"tags": "b, a"}, {"tags": ["a", "b"]}),
        ({"zoneid": "z-2,z-1"}, {"zones": ["zone1", "zone2"]}),
        ({"tags": "a", "zoneid": "z-1", "miniops": 1, "maxiops": 5}, {}),
        ({"miniops": 7, "maxiops": 50}, {"max_iops": 50}),
    ],
)
def test_what_is_as_wanted_or_not_named_is_left(has, options):
    assert plan(current(row(**has)), want(**options)).steps == ()


def test_old_versions_cannot_change_tags_or_have_zones():
    with pytest.raises(InvalidOption, match=r"4\.14\.1 cannot change them.*4\.15\.0"):
        plan(current(row(tags="a"), version="4.14.1"), want(tags=["b"]))
    with pytest.raises(InvalidOption, match=r"for every zone only.*4\.13\.0"):
        plan(current(version="4.12.0"), want(customized=True, zones=["zone1"]))
    assert plan(current(version="4.12.0"), want(customized=True, zones=[])).steps


def test_a_new_offering_needs_a_size():
    with pytest.raises(InvalidOption, match="set disk_size or customized"):
        plan(current(), want())


@pytest.mark.parametrize(
    ("pools", "tags", "says"),
    [
        ([{"tags": "fast,replicated"}], ["fast"], None),
        ([{"tags": "fast"}, {"tags": "replicated"}], ["fast", "replicated"], "no pool has all of them"),
        ([{"tags": "fast"}], ["fats"], "no pool has that one.*Did you mean 'fast'\\? Of storage tags of pools, CloudStack has fast"),
        ([{"tags": "tags.contains('x')", "istagarule": True}], ["fats"], None),
        ([], [], None),
    ],
)  # fmt: skip
def test_storage_tags_that_no_pool_has_are_a_caution(pools, tags, says):
    cautions = plan(current()._replace(pools=tuple(pools)), want(customized=True, tags=tags)).cautions
    assert len(cautions) == (1 if says else 0)
    assert not says or re.search(says, cautions[0])


def test_an_unknown_zone():
    with pytest.raises(
        NotFound, match=r"no zone 'zone9' with that name or id\. Did you mean 'zone2'\? CloudStack has "
    ):
        plan(current(), want(customized=True, zones=["zone9"]))


def test_removal():
    planned = plan(current(row(), {"SP_TEMPLATE": "ssd"}), want(state="absent"))
    assert calls(planned) == [("deleteDiskOffering", {"id": "o-1"})]
    assert (planned.steps[0].destroys, planned.after) == ("o-1", None)
    assert plan(current(), want(state="absent")).steps == ()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"storpool_template": "a", "max_iops": 5},
            r"takes the limits of the StorPool template.*storpool_template, iops",
        ),
        ({"qos_class": "a", "max_iops": 5}, "limits of the class"),
        ({"qos_class": "a", "storpool_template": "b"}, "does not look at the template"),
        ({"customized": True, "disk_size": "1GiB"}, "chooses the size"),
        ({"customized": False}, "give disk_size"),
        ({"disk_size": "1GB"}, "1GiB"),
        ({"disk_size": "20"}, "Did you mean 20GiB"),
        ({"disk_size": "1.5GiB"}, "multiple of 1 GiB"),
        ({"max_iops": 0}, "max_iops is 0.*To have no limit, leave out"),
        ({"max_iops": 5, "min_iops": 0}, "min_iops is 0"),
        ({"max_iops": 5, "min_iops": 6}, "min_iops is 6, and so more than max_iops"),
        ({"tags": ["a,b"]}, "no comma"),
        ({"name": " gold"}, "no space"),
        ({"storpool_template": ""}, "storpool_template is ''"),
        ({"wait_timeout": 0}, "wait_timeout"),
    ],
)
def test_options_are_checked(options, words):
    with pytest.raises(InvalidOption, match=words):
        want(**options)


def cloud(*rows, details=(), zones=ZONES):
    return FakeApi(
        lists={"listDiskOfferings": list(rows), "listResourceDetails": list(details), "listZones": list(zones)}
    )


def test_only_active_offerings_with_exactly_that_name_count():
    api = cloud(
        row(id="o-2", state="Inactive"),
        row(id="o-3", state="Active"),
        row(id="o-4", name="golden"),
        details=[{"key": "SP_TEMPLATE", "value": "ssd"}],
    )
    seen = disk_offering.look(api.reader(), want())
    assert (seen.row["id"], seen.details, seen.zones) == ("o-3", {"SP_TEMPLATE": "ssd"}, ())
    assert api.calls == ["listCapabilities", "listDiskOfferings", "listResourceDetails"]


def test_several_active_offerings_with_one_name_are_too_many():
    with pytest.raises(Ambiguous, match=r"2 disk offerings have the name 'gold': o-1 and o-2"):
        disk_offering.look(cloud(row(), row(id="o-2")).reader(), want(state="absent"))


def test_zones_are_read_only_if_they_play_a_role():
    api = cloud(row(zoneid="z-1"))
    assert len(disk_offering.look(api.reader(), want()).zones) == 2
    assert "listZones" in api.calls
    new = cloud()
    disk_offering.look(new.reader(), want(customized=True))
    assert new.calls == ["listCapabilities", "listDiskOfferings"]


def test_who_only_looks_is_not_told_of_pools_that_are_not_there_yet(monkeypatch):
    monkeypatch.setenv(foreseen.SWITCH, "false")
    api, wanted = cloud(), want(customized=True, tags=["fast"])
    assert plan(disk_offering.look(api.reader(), wanted), wanted).cautions == ()
    assert "listStoragePools" not in api.calls


class Cloud:
    """At most one offering; ``apply`` does what CloudStack does, its awkward rule for limits included."""

    def __init__(self, version):
        self.version, self.row, self.details = version, None, {}

    def look(self):
        return current(self.row and dict(self.row), dict(self.details), self.version)

    def apply(self, step):
        getattr(self, f"_{step.call}")(dict(step.body))

    def _createDiskOffering(self, body):  # noqa: N802
        assert self.row is None
        assert ("disksize" in body) is not body["customized"]
        self.row = row(
            displaytext=body["displaytext"],
            iscustomized=body["customized"],
            disksize=body.get("disksize", 0),
            tags=body.get("tags"),
            zoneid=body.get("zoneid"),
        )
        if body.get("customizediops") is False:
            assert 0 < body["miniops"] <= body["maxiops"]
            self.row.update(miniops=body["miniops"], maxiops=body["maxiops"])
        if parse(self.version) >= (4, 16):
            self.details = dict(body.get("details", [{}])[0])

    def _updateDiskOffering(self, body):  # noqa: N802
        assert body.pop("id") == self.row["id"]
        assert set(body) <= {"displaytext", "tags", "zoneid"}
        assert "tags" not in body or parse(self.version) >= (4, 15)
        if body.get("zoneid") == "all":
            body["zoneid"] = None
        self.row.update(body)

    def _addResourceDetail(self, body):  # noqa: N802
        self.details.update({each["key"]: each["value"] for each in body["details"]})

    def _deleteDiskOffering(self, body):  # noqa: N802
        self.row, self.details = None, {}


_options = st.fixed_dictionaries(
    {},
    optional={
        "state": st.sampled_from(["present", "present", "absent"]),
        "display_text": st.sampled_from(["one", "two"]),
        "disk_size": st.sampled_from(["1GiB", "2GiB"]),
        "customized": st.booleans(),
        "tags": st.lists(st.sampled_from("abc"), max_size=3),
        "max_iops": st.sampled_from([100, 200]),
        "storpool_template": st.sampled_from(["ssd", "hybrid"]),
        "qos_class": st.just("fast"),
        "zones": st.lists(st.sampled_from(["zone1", "zone2", "z-1"]), max_size=2),
    },
)


@given(
    st.sampled_from(["4.8.0", "4.13.0", "4.15.2", "4.16.0", "4.20.0"]),
    st.lists(_options, max_size=2),
    st.lists(_options, max_size=2),
)
def test_what_was_done_leaves_nothing_to_do(version, earlier, later):
    cloud = Cloud(version)
    done = 0
    for options in [*earlier, {"display_text": "one", "disk_size": "1GiB"}, *later]:
        try:
            wanted = want(**options)
            before = (cloud.row and dict(cloud.row), dict(cloud.details))
            foreseen = plan(cloud.look(), wanted)
        except Failure:
            continue
        outcome = converge(cloud.look, lambda seen, wanted=wanted: plan(seen, wanted), cloud.apply)
        done += 1
        assert plan(cloud.look(), wanted).steps == ()
        assert outcome.changed == bool(foreseen.steps)
        assert outcome.actions == tuple(step.action for step in foreseen.steps) + foreseen.later
        assert _without_id(foreseen.after) == _without_id(outcome.after)
        if before[0] and cloud.row:
            named = {"display_text": "displaytext", "tags": "tags", "zones": "zoneid"}
            for option, key in named.items():
                assert option in options or cloud.row.get(key) == before[0].get(key)
    assert done


def _without_id(offering):
    return offering and {key: value for key, value in offering.items() if key != "id"}


def test_sizes_are_gibibytes():
    assert GIB == 1024**3
    assert want(disk_size="2048GiB").disk_size == 2048 * GIB
