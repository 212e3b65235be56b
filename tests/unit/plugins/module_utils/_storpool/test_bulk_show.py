# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The diff of a bulk task stays readable however many objects change."""

from __future__ import annotations

import json

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk_show import (
    PartlyFailed,
    difference,
    report,
    word,
)


def row(number, before, after, kind="volume", result="updated", **more):
    return {
        "number": number,
        "kind": kind,
        "object": f"{kind} 'v-{number:05}'",
        "name": f"v-{number:05}",
        "item": "volumes[0]",
        "result": result,
        "actions": [],
        "msg": None,
        "error": None,
        "call": None,
        "changed": before != after,
        "before": before,
        "after": after,
        **more,
    }


def volume(number, **more):
    return {"name": f"v-{number:05}", "global_id": f"a.b.{number}", "size": 1, "iops": None, "tags": {}, **more}


def test_few_objects_are_shown_each():
    diff = difference([row(1, None, volume(1)), row(2, volume(2), volume(2, size=2)), row(3, volume(3), volume(3))])
    assert diff["before"] == {"volumes": {"volume 'v-00002'": volume(2)}}
    assert diff["after"] == {"volumes": {"volume 'v-00001'": volume(1), "volume 'v-00002'": volume(2, size=2)}}


def test_many_objects_that_change_alike_are_one_line():
    rows = [row(number, volume(number), volume(number, size=2)) for number in range(5000)]
    rows += [row(number, None, volume(number, size=3)) for number in range(5000, 9990)]
    rows += [row(number, volume(number), None) for number in range(9990, 10_000)]
    diff = difference(rows)
    assert diff["before"]["volumes"] == {
        "5000: v-00000, v-00001, v-00002 and 4997 more": {"size": 1},
        "10: v-09990, v-09991, v-09992 and 7 more": {"state": "present"},
    }
    assert diff["after"]["volumes"] == {
        "5000: v-00000, v-00001, v-00002 and 4997 more": {"size": 2},
        "4990: v-05000, v-05001, v-05002 and 4987 more": {"size": 3},
    }


def test_many_objects_that_change_each_in_its_own_way_are_counted():
    diff = difference([row(number, volume(number), volume(number, size=number + 2)) for number in range(10_000)])
    assert len(json.dumps(diff)) < 5000
    assert (
        "9980 more, each with changes of its own: v-00020, v-00021, v-00022 and 9977 more" in diff["after"]["volumes"]
    )
    assert diff["before"] != diff["after"]


def test_attachments_are_who_has_what():
    before, after = [], [{"client": 1, "rights": "rw", "name": "v-00001", "device": "/dev/storpool/v-00001"}]
    diff = difference([row(number, before, after, kind="attachment") for number in range(30)])
    [(_title, shown)] = diff["after"]["attachments"].items()
    assert shown == {"client 1": "rw"}


@pytest.mark.parametrize(
    ("before", "after", "changed", "said"),
    [
        (None, {"name": "a"}, True, "created"),
        ({"name": "a"}, {"name": "b"}, True, "updated"),
        ({"name": "a"}, None, True, "deleted"),
        ({"name": "a"}, {"name": "a"}, False, "unchanged"),
        (None, None, False, "unchanged"),
        ({"snapshots": []}, {"snapshots": [{"name": "a"}]}, True, "created"),
        ({"snapshots": [{"name": "a"}]}, {"snapshots": []}, True, "deleted"),
        ([], [{"client": 1}], True, "updated"),
        ([{"client": 1}], [], True, "updated"),
    ],
)
def test_what_happened_in_one_word(before, after, changed, said):
    assert word(before, after, changed) == said


def test_a_failure_names_the_first_few_and_carries_the_rest():
    rows = [row(number, None, None, result="failed", msg=f"Reason {number}.") for number in range(5)]
    with pytest.raises(PartlyFailed) as caught:
        report(rows, 7, diff=False, with_objects=False)
    result = caught.value.result()
    assert (
        result["msg"] == "5 of 12 objects failed: Reason 0; Reason 1; Reason 2; and so on, see results for the other 2."
    )
    assert result["summary"]["unchanged"] == 7
    assert len(result["results"]) == 5
