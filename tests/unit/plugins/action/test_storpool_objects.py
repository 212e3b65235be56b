# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bulk task that is done in parts returns what it would return if it were done in one."""

from __future__ import annotations

from ansible_collections.storpool.cloudstack.plugins.action.storpool_objects import Parts


def row(number, result, **more):
    changed = result in ("created", "updated", "deleted")
    return {
        "number": number,
        "kind": "volume",
        "object": f"volume 'v-{number}'",
        "name": f"v-{number}",
        "item": "volumes[0]",
        "result": result,
        "actions": [f"create volume 'v-{number}'"] if changed else [],
        "msg": "no" if result == "failed" else None,
        "error": {"kind": "not_found"} if result == "failed" else None,
        "call": None,
        "changed": changed,
        "before": None,
        "after": {"name": f"v-{number}", "size": number},
        **more,
    }


def part(rows, total, waiting, with_objects=False, **more):
    return {"rows": rows, "total": total, "waiting": waiting, "with_objects": with_objects, "changed": True, **more}


def test_what_parts_did_is_put_together_in_the_order_of_the_task():
    parts = Parts()
    parts.add(part([row(2, "created"), row(0, "created")], 5, 2, warnings=["first"]))
    assert (parts.total, parts.waiting) == (5, 2)
    parts.add(part([row(1, "updated"), row(3, "created")], 5, 0, warnings=["second"]))
    result = parts.result(diff=True)
    assert [shown["name"] for shown in result["results"]] == ["v-0", "v-1", "v-2", "v-3"]
    assert result["summary"] == {"created": 3, "updated": 1, "deleted": 0, "unchanged": 1, "failed": 0, "not_tried": 0}
    assert result["changed"]
    assert result["warnings"] == ["first", "second"]
    assert len(result["diff"]["after"]["volumes"]) == 4
    assert "volumes" not in result


def test_a_number_that_holds_a_secret_is_a_text_and_no_reason_to_fail():
    parts = Parts()
    parts.add(part([row(2, "created"), row("********", "created"), row(0, "created")], 3, 0))
    assert [shown["name"] for shown in parts.result(diff=False)["results"]] == ["v-0", "v-2", "v-********"]


def test_what_failed_is_told_to_the_next_part_and_fails_the_task_in_the_end():
    parts = Parts()
    parts.add(part([row(0, "failed"), row(1, "created")], 3, 1))
    assert parts.failed() == [("volume", "volumes[0]", "volume 'v-0'")]
    parts.add(part([row(0, "failed", msg="it failed before"), row(2, "created")], 3, 0))
    result = parts.result(diff=False)
    assert result["failed"]
    assert result["results"][0]["msg"] == "no"
    assert result["msg"] == "1 of 3 objects failed: no."
    assert result["error"] == {"kind": "partly_failed"}


def test_objects_are_those_that_were_read_last():
    parts = Parts()
    parts.add(part([row(0, "created"), row(1, "unchanged")], 3, 1, with_objects=True))
    parts.add(
        part(
            [row(0, "unchanged"), row(1, "unchanged", after={"name": "v-1", "size": 9}), row(2, "created")],
            3,
            0,
            with_objects=True,
        )
    )
    result = parts.result(diff=False)
    assert [volume["size"] for volume in result["volumes"]] == [0, 9, 2]
    assert result["summary"]["created"] == 2
    assert result["summary"]["unchanged"] == 1


def test_what_is_pruned_comes_last_and_is_not_forgotten_by_later_parts():
    parts = Parts()
    parts.add(part([row(0, "created"), row(1, "deleted", item=None, before={"name": "v-1"}, after=None)], 3, 1))
    parts.add(part([row(1, "created")], 2, 0))
    result = parts.result(diff=False)
    assert [shown["item"] for shown in result["results"]] == ["volumes[0]", "volumes[0]", None]


def test_a_part_that_fails_as_a_whole_ends_the_task_and_what_was_done_is_told():
    refused = {"failed": True, "msg": "Nobody answers.", "error": {"kind": "unreachable"}, "call": "GET VolumesList"}
    assert Parts().broken_off(refused, diff=False) == refused
    parts = Parts()
    parts.add(part([row(0, "created")], 3, 2))
    result = parts.broken_off(refused, diff=False)
    assert result["failed"]
    assert result["changed"]
    assert result["msg"] == "Nobody answers. (after 1 of 3 objects)"
    assert result["error"]["kind"] == "unreachable"
    assert result["results"][0]["name"] == "v-0"
