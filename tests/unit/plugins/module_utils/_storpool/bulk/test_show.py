# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The diff of a bulk task stays readable however many objects change."""

from __future__ import annotations

import json

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import PartlyFailed
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk import failures as bulk_failures
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk.show import (
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
        "5,000: v-00000, v-00001, v-00002 and 4,997 more": {"size": 1},
        "10: v-09990, v-09991, v-09992 and 7 more": {"state": "present"},
    }
    assert diff["after"]["volumes"] == {
        "5,000: v-00000, v-00001, v-00002 and 4,997 more": {"size": 2},
        "4,990: v-05000, v-05001, v-05002 and 4,987 more": {"size": 3},
    }


def test_many_objects_that_change_each_in_its_own_way_are_counted():
    diff = difference([row(number, volume(number), volume(number, size=number + 2)) for number in range(10_000)])
    assert len(json.dumps(diff)) < 5000
    assert (
        "9,980 more, each with changes of its own: v-00020, v-00021, v-00022 and 9,977 more" in diff["after"]["volumes"]
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
        result["msg"]
        == "5 of 12 objects failed: Reason 0; Reason 1; Reason 2; and 2 more for other reasons, see failures."
    )
    assert result["summary"]["unchanged"] == 7
    assert len(result["results"]) == 5
    assert [failure["msg"] for failure in result["failures"]] == [f"Reason {number}." for number in range(5)]


def failed(number, msg, **more):
    return row(number, None, None, result="failed", msg=msg, error={"kind": "not_found"}, item="volumes[0]", **more)


def told(rows, unchanged=0, with_objects=False):
    with pytest.raises(PartlyFailed) as caught:
        report(rows, unchanged, diff=False, with_objects=with_objects)
    return caught.value.result()


MISSING = "there is no StorPool template 'hybird'. Did you mean 'hybrid'? StorPool has hybrid and ssd. Create it first (storpool_template)"


def test_many_that_fail_alike_are_told_like_one():
    rows = [failed(number, f"Volume 'v-{number:05}': {MISSING}.") for number in range(1999)]
    rows.append(row(1999, None, volume(1999), result="created"))
    result = told(rows)
    assert (
        result["msg"]
        == f"1,999 of 2,000 objects failed: 1,999 volumes (v-00000, v-00001, v-00002 and 1,996 more): {MISSING}."
    )
    [failure] = result["failures"]
    assert failure["count"] == 1999
    assert failure["names"] == [f"v-{number:05}" for number in range(20)]
    assert failure["items"] == ["volumes[0]"]
    assert failure["error"] == {"kind": "not_found"}
    assert failure["msg"] == f"T{MISSING[1:]}."
    assert [shown["name"] for shown in result["results"]] == ["v-00000"]
    assert result["results_left_out"] == 1999
    assert result["summary"] == {
        "created": 1,
        "updated": 0,
        "deleted": 0,
        "unchanged": 0,
        "failed": 1999,
        "not_tried": 0,
    }
    assert len(json.dumps(result)) < 2500


def test_all_of_them_are_returned_if_that_is_asked_for():
    rows = [failed(number, f"Volume 'v-{number:05}': {MISSING}.") for number in range(2000)]
    result = told(rows, with_objects=True)
    assert len(result["results"]) == 2000
    assert "results_left_out" not in result
    assert result["failures"][0]["count"] == 2000


def test_what_differs_only_in_other_names_and_numbers_is_told_together_if_it_is_much():
    rows = [
        failed(number, f"Volume 'v-{number:05}' cannot be made: there is no snapshot 's-{number}' of {number} B.")
        for number in range(3000)
    ]
    result = told(rows)
    [failure] = result["failures"]
    assert failure["count"] == 3000
    assert failure["msg"] == "The volume cannot be made: there is no snapshot 's-0' of 0 B."
    assert len(json.dumps(result)) < 3000


def test_many_reasons_are_listed_up_to_twenty_and_the_rest_is_counted():
    words = ["".join(chr(97 + digit) for digit in (number // 26, number % 26)) for number in range(600)]
    rows = [failed(number, f"Reason {word}.") for number, word in enumerate(words)]
    result = told(rows)
    assert len(result["failures"]) == len(result["results"]) == 20
    assert result["results_left_out"] == 580
    assert "; and 597 more for other reasons, see failures" in result["msg"]
    assert len(json.dumps(result)) < 15_000


@pytest.mark.parametrize(
    ("label", "kind", "msg", "reason"),
    [
        (
            "volume 'v'",
            "volume",
            "Could not create volume 'v' of 1 GiB: no room.",
            "Could not create the volume of 1 GiB: no room",
        ),
        (
            "volume 'v'",
            "volume",
            "The name 'v' belongs to another snapshot.",
            "The name '...' belongs to another snapshot",
        ),
        ("volume ~a.b.1", "volume", "Volume ~a.b.1 is attached to client 12.", "The volume is attached to client 12"),
        (
            "volume 'v'",
            "volume",
            "Could not delete volume 'v': x answered POST VolumeDelete/~a.b.c with busy: no.",
            "Could not delete the volume: x answered POST VolumeDelete/~... with busy: no",
        ),
        (
            "StorPool template 'v'",
            "template",
            "StorPool template 'v' is in use by 'w'.",
            "The StorPool template is in use by 'w'",
        ),
        (
            "attachments of volume 'v'",
            "attachment",
            "Volume 'v' cannot be attached, because there is no such volume.",
            "The volume cannot be attached, because there is no such volume",
        ),
        (
            "the volume with the tags a=b",
            "volume",
            "The volume with the tags a=b does not exist: set size.",
            "The volume does not exist: set size",
        ),
    ],
)
def test_a_reason_is_what_is_left_without_the_object(label, kind, msg, reason):
    assert bulk_failures.reason({"object": label, "kind": kind, "name": "v", "msg": msg}) == reason


def test_what_was_not_tried_comes_after_what_failed():
    rows = [
        row(
            number,
            None,
            None,
            result="not_tried",
            msg=f"Volume 'v-{number:05}' was not tried, because it depends on volume 'bad', which failed.",
        )
        for number in range(1, 40)
    ]
    rows.append(failed(40, f"Volume 'v-00040': {MISSING}."))
    result = told(rows)
    assert [(failure["result"], failure["count"]) for failure in result["failures"]] == [
        ("failed", 1),
        ("not_tried", 39),
    ]
    assert result["msg"].startswith("1 of 40 objects failed, 39 not tried: Volume 'v-00040': there is no")
