# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages, the verdict and the numbers of an audit and of a repair, also of findings whose texts are meant to be obeyed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible.template import trust_as_template

from ansible_collections.storpool.cloudstack.plugins.module_utils._books.finding import CODES, SEVERITIES
from ansible_collections.storpool.cloudstack.plugins.module_utils._books.run import counts
from unit.playbooks.test_reports import EVIL, TEMPLATES, Page, render, unseen

BOOKS = yaml.safe_load((Path(TEMPLATES).parent / "vars" / "books.yml").read_text(encoding="utf-8"))
HEADINGS = BOOKS["books_headings"]
SIZES = {
    "cloudstack": {"pools": 1, "hosts": 200, "volumes": 1, "vms": 2, "snapshots": 0, "vm_snapshots": 0, "templates": 0},
    "storpool": {"volumes": 3, "snapshots": 0, "attachments": 2, "clients": 200, "templates": 1},
}


def finding(code="dangling_attachment", **more):
    storpool = {"name": EVIL, "tags": {EVIL: EVIL}, "clients": [{"client": 1, "rights": EVIL}], "size": 1}
    return {
        "code": code,
        "severity": CODES[code],
        "object": EVIL,
        "cloudstack": {"id": EVIL, "hosts": [EVIL], "state": None},
        "storpool": storpool,
        "message": EVIL,
        "next": EVIL,
        "repair": EVIL,
        **more,
    }


def told(found, **more):
    ordered = sorted(found, key=lambda each: SEVERITIES.index(each["severity"]))
    rendered = render(
        "audit_told.j2",
        audit_found={"findings": ordered, "counts": counts(ordered), "books": SIZES},
        books_severities=BOOKS["books_severities"],
        books_headings=HEADINGS,
        books_fail_on=trust_as_template(BOOKS["books_fail_on"]),
        **more,
    )
    return rendered if isinstance(rendered, dict) else json.loads(rendered)


def test_every_code_has_a_heading():
    assert list(HEADINGS) == list(CODES)
    assert BOOKS["books_severities"] == list(SEVERITIES)


def test_the_page_of_an_audit_is_grouped_and_has_no_element_of_others():
    found = told(
        [finding(), finding(), finding("client_down"), finding("left_temporary", repair=None, cloudstack=None)]
    )
    text = render("audit.html.j2", audit_told=found)
    page = Page(text)
    assert page.open == []
    assert "script" not in page.seen
    assert not unseen(text)
    assert page.ids == {"dangling_attachment", "client_down", "left_temporary"}
    assert page.links == {f"#{name}" for name in page.ids}
    assert text.count("<details ") == 3
    assert "<details open" not in text


def test_a_clean_audit_says_so():
    found = told([])
    assert found["verdict"] == "1 volume, 2 VMs, 200 hosts and 1 pool: CloudStack and StorPool agree."
    page = Page(render("audit.html.j2", audit_told=found))
    assert page.open == []
    assert not page.ids


def test_the_verdict_counts():
    found = told([finding(), finding(), finding("orphan_volume"), finding("left_temporary")])
    assert found["verdict"].endswith(": 2 errors, 1 warning, 1 note.")


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ([], []),
        (["error"], ["error"]),
        (["warning"], []),
        (["client_down"], []),
        (["info", "dangling_attachment"], ["dangling_attachment"]),
        ("error", ["error"]),
        ("info, dangling_attachment", ["dangling_attachment"]),
        ("", []),
    ],
)
def test_what_makes_a_run_fail(wanted, expected):
    assert told([finding()], audit_fail_on=wanted)["fatal"] == expected


def test_numbers_for_prometheus():
    found = told([finding(), finding("left_temporary")])
    text = render("audit.prom.j2", audit_told=found, books_codes=list(HEADINGS), books_severities=list(SEVERITIES))
    lines = text.splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert values['storpool_cloudstack_audit_findings{code="dangling_attachment"}'] == "1"
    assert values['storpool_cloudstack_audit_findings{code="lost_volume"}'] == "0"
    assert values['storpool_cloudstack_audit_severity{severity="info"}'] == "1"
    assert values['storpool_cloudstack_audit_objects{book="storpool",kind="clients"}'] == "200"
    assert int(values["storpool_cloudstack_audit_timestamp_seconds"]) > 1_700_000_000
    assert len(values) == len(CODES) + 3 + 12 + 1
    assert sum(line.startswith("# TYPE") for line in lines) == 4


def repaired(result, check_mode=False):
    rendered = render("repair_told.j2", repair_done=result, ansible_check_mode=check_mode)
    return rendered if isinstance(rendered, dict) else json.loads(rendered)


def test_the_page_of_a_repair():
    left = dict(finding("lost_volume"), result="no repair is offered")
    done = repaired({"changed": True, "repaired": [dict(finding(), actions=[EVIL])], "actions": [EVIL], "left": [left]})
    assert (done["verdict"], done["error"]) == ("1 thing repaired, 1 left alone.", None)
    text = render("repair.html.j2", repair_told=done, ansible_check_mode=False)
    page = Page(text)
    assert page.open == []
    assert "script" not in page.seen
    assert not unseen(text)


def test_a_repair_that_failed_says_what_was_done_all_the_same():
    failed = {"code": "orphan_volume", "object": "volume ~a.b.c", "msg": EVIL}
    told_ = repaired({"failed": True, "msg": EVIL, "error": {"repaired": ["detach x"], "failed": [failed]}})
    assert (told_["verdict"], told_["actions"]) == ("1 thing repaired, 1 failed.", ["detach x"])
    text = render("repair.html.j2", repair_told=told_, ansible_check_mode=False)
    assert Page(text).open == []
    assert "volume ~a.b.c" in text


def test_check_mode_says_what_would_be():
    done = repaired({"changed": True, "repaired": [], "actions": ["x", "y"], "left": []}, check_mode=True)
    assert done["verdict"] == "2 things would be repaired."
    assert repaired({"changed": False, "repaired": [], "actions": [], "left": []})["verdict"] == "Nothing repaired."
