# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What failures cost on a terminal: thousands of objects that fail alike are told in a few lines, and what a playbook ends with is told once."""

from __future__ import annotations

import json

import pytest

from contract import documented
from tools.workspace import STAGE

MANY = 2000
#: Characters of a failed task on the terminal, the frame of a play around it included.
MOST = 4096
VOLUMES = [{"name": f"v-{number:04}", "size": "1GiB", "template": "hybird"} for number in range(MANY)]


@pytest.fixture
def failed(storpool, cloudstack, tmp_path):
    """Runs one bulk task that fails; what it shows, and its result."""
    documented.prepare("storpool_objects", storpool, cloudstack)

    def run(**options):
        written = tmp_path / "result.json"
        show = {"dest": str(written), "content": "{{ result }}", "mode": "0600"}
        tasks = [
            {"storpool.cloudstack.storpool_objects": options, "register": "result", "ignore_errors": True},
            {"ansible.builtin.copy": show, "no_log": True},
        ]
        ended = documented.play(tasks, storpool, cloudstack, tmp_path)
        assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
        return ended.stdout + ended.stderr, json.loads(written.read_text())

    return run


@pytest.mark.parametrize("progress", ["never", "always"])
@pytest.mark.parametrize(
    "volumes", [VOLUMES, [{"name": "v-{0000..1999}", "size": "1GiB", "template": "hybird"}]], ids=["items", "range"]
)
def test_a_wrong_template_in_two_thousand_items_is_a_few_lines(failed, volumes, progress):
    shown, result = failed(volumes=[*volumes, {"name": "good", "size": "1GiB", "template": "ssd"}], progress=progress)
    assert len(shown) <= MOST, f"{len(shown)} characters: {shown[:6000]}"
    assert (
        "2,000 of 2,001 objects failed: 2,000 volumes (v-0000, v-0001, v-0002 and 1,997 more): there is no StorPool template 'hybird'"
        in shown
    )
    assert "Did you mean 'hybrid'? StorPool has hybrid and ssd." in shown
    [failure] = result["failures"]
    assert (failure["count"], failure["error"]["kind"], len(failure["names"])) == (MANY, "not_found", 20)
    assert (result["summary"]["created"], result["summary"]["failed"]) == (1, MANY)
    assert result["results_left_out"] == MANY


def test_all_results_are_there_for_who_asks(failed):
    _shown, result = failed(volumes=VOLUMES, return_objects=True)
    assert len(result["results"]) == MANY
    assert {row["error"]["kind"] for row in result["results"]} == {"not_found"}


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"volumes": [{"name": f"v-{n}", "sise": "1GiB"} for n in range(MANY)]}, "did you mean size?"),
        ({"volumes": [{"name": f"v {n}", "size": "1GiB"} for n in range(MANY)]}, "cannot be the name"),
        ({"volumes": [{"name": f"v-{n}", "size": "10"} for n in range(MANY)]}, "Did you mean 10GiB?"),
        ({"snapshots": [{"name": f"s-{n}", "volume": f"v-{n}"} for n in range(MANY)]}, "there is no volume 'v-0'"),
        ({"attachments": [{"volume": f"v-{n}", "clients": [1]} for n in range(MANY)]}, "there is no such volume"),
        (
            {
                "volumes": [{"name": "db-1"}],
                "attachments": [{"volume": "db-1", "clients": [n]} for n in range(1, MANY)],
            },
            "knows no such client",
        ),
    ],
    ids=["typo", "name", "unit", "missing volumes", "missing targets", "missing clients"],
)
def test_whatever_two_thousand_items_have_in_common_is_told_once(failed, options, says):
    shown, _result = failed(**options)
    assert says in shown
    assert len(shown) <= 2 * MOST, f"{len(shown)} characters: {shown[:6000]}"


@pytest.mark.parametrize("failed", [True, False], ids=["failed", "well"])
def test_what_a_playbook_ends_with_is_there_once_also_where_it_fails(storpool, cloudstack, tmp_path, failed):
    (tmp_path / "templates").symlink_to(STAGE / "playbooks/templates")
    told = {
        "end_verdict": "1 volume is lost.",
        "end_problems": ["volume db-1: StorPool does not have it."],
        "end_now": ["Restore it."],
        "end_failed": failed,
    }
    tasks = [{"ansible.builtin.include_tasks": str(STAGE / "playbooks/tasks/say_end.yml"), "vars": told}]
    ended = documented.play(tasks, storpool, cloudstack, tmp_path)
    shown = ended.stdout + ended.stderr
    assert (ended.returncode, shown.count("db-1"), shown.count("Now: Restore it.")) == (2 if failed else 0, 1, 1), shown
    assert ("FAILED! => " in shown, "1 volume is lost. Why, " in shown) == (failed, failed)
