# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reports make of texts that are not ours: nothing that a browser or a terminal would obey."""

from __future__ import annotations

import json
import re
import unicodedata
from html.parser import HTMLParser
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

TEMPLATES = Path(__file__).resolve().parents[3] / "playbooks" / "templates"
EVIL = "<script>alert(1)</script>\x1b[2K\rok: [localhost]\n\u202e\"'&"


def render(name, **variables):
    """The template of that name, as a playbook renders it."""
    text = (TEMPLATES / name).read_text(encoding="utf-8")
    loader = DataLoader()
    loader.set_basedir(str(TEMPLATES))
    return Templar(loader=loader, variables=variables).template(trust_as_template(text))


def host(name, **report):
    jar = {"path": EVIL, "version": EVIL, "sha256": EVIL, "owner": EVIL, "group": EVIL, "mode": EVIL, "role": EVIL}
    agent = {
        "version": EVIL,
        "package": EVIL,
        "package_version": EVIL,
        "java": {"version": EVIL},
        "service": {"state": EVIL, "started": EVIL},
        "driver_jars": [jar],
        "kvm_jars": [dict(jar, state=EVIL)],
        "kept": [dict(jar, original=EVIL)],
    }
    whole = {
        "host": name,
        "components": ["agent"],
        "deployment": {"agent": agent, "management": None, "storpool": {"our_id": EVIL, "cluster_id": EVIL}},
        "storpool_reached": False,
        "cloudstack_host": {"state": EVIL},
        "problems": [{"code": EVIL, "component": "agent", "message": EVIL}],
    }
    return {"preflight_report": {**whole, **report}}


def found(hosts, pools=(), **more):
    rendered = render(
        "verify_found.j2",
        ansible_play_hosts_all=list(hosts),
        hostvars=hosts,
        groups={},
        verify_pools={"pools": list(pools)},
        **more,
    )
    return rendered if isinstance(rendered, dict) else json.loads(rendered)


def pool(**more):
    hosts = {"connected": [EVIL], "not_connected": [EVIL]}
    return {"name": EVIL, "zone": EVIL, "template": EVIL, "state": EVIL, "hosts": hosts, **more}


def unseen(text):
    return {character for character in text if unicodedata.category(character) in ("Cc", "Cf")} - {"\n"}


class Page(HTMLParser):
    """Which elements a page has, and whether each that is opened is closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.ids, self.links = [], set(), set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.ids.update(value for name, value in attrs if name == "id")
        self.links.update(value for name, value in attrs if name == "href")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.fixture(name="evil")
def _evil():
    return found({"agent1": host("agent1")}, [pool()])


def test_a_page_has_no_element_that_others_put_there(evil):
    text = render("verify.html.j2", verify_found=evil)
    page = Page(text)
    assert page.open == []
    assert "script" not in page.seen
    assert not unseen(text)
    assert page.links == {"#agent1"}
    assert page.ids == {"agent1"}


def test_json_for_programs_is_plain_as_well(evil):
    rendered = render("verify.json.j2", verify_found=evil, ansible_check_mode=False)
    text = rendered if isinstance(rendered, str) else json.dumps(rendered)
    assert "\\u001b" not in text
    assert "\\r" not in text
    assert evil["problems"]
    assert not unseen("".join([evil["verdict"], *evil["problems"], *evil["now"]]))


@pytest.mark.parametrize("template", sorted(TEMPLATES.glob("*.json.j2")), ids=lambda path: path.name)
def test_every_report_for_programs_begins_alike(template):
    keys = re.findall(r"^  '(\w+)': ", template.read_text(encoding="utf-8"), re.MULTILINE)
    assert keys[:7] == ["playbook", "time", "check_mode", "ok", "verdict", "problems", "now"]


def test_lines_say_what_is_wrong_with_whom_and_what_to_do():
    good = {"deployment": None, "problems": []}
    bad = {"deployment": None, "problems": [{"code": "no_driver", "component": "agent", "message": "No driver."}]}
    hosts = {"a": host("a", **bad), "b": host("b", **bad), "c": host("c", **good), "d": {"verify_error": "it broke"}}
    hosts["localhost"] = {"primary_storage_restart_reasons": ["One.", "Two."]}
    pools = [pool(name="sp", state="Disabled", hosts=None), pool(name="ok", state="Up", hosts=None)]
    told = render(
        "verify_found.j2",
        ansible_play_hosts_all=["a", "b", "c", "d"],
        hostvars=hosts,
        verify_pools={"pools": pools},
        preflight_accept=["no_driver"],
        groups={"cloudstack_management": ["m1"]},
    )
    told = told if isinstance(told, dict) else json.loads(told)
    assert told["verdict"] == "4 hosts and 2 pools: 3 problems."
    assert told["problems"] == [
        "a and b: No driver. [no_driver]",
        "d: The host could not be looked at: it broke [not_looked_at]",
        "pool sp: It is Disabled, not Up.",
    ]
    assert told["now"][0] == "Restart the management servers: m1. One. Two."
    assert told["now"][1].startswith("Put right what is wrong")
    foretold = found(hosts, pools, ansible_check_mode=True)
    assert foretold["now"][0].startswith("After the run without --check, restart the management servers: ")
    assert told["strict"] == told["problems"][1:]
    text = render("verify.html.j2", verify_found=told)
    assert "<strong>Now:</strong> Restart the management servers: m1. One. Two." in text
    assert "1 host without a problem" in text


def test_a_zone_that_is_well_says_so():
    told = found({"a": host("a", deployment=None, problems=[])})
    assert told["verdict"] == "1 host and 0 pools: nothing is wrong."
    assert told["strict"] == told["problems"] == told["now"] == []
    assert "nothing is wrong" in render("verify.html.j2", verify_found=told)


def test_of_two_hundred_hosts_a_page_shows_what_is_wrong_and_folds_the_rest():
    def down(name):
        text = f"The host {name} has not connected the StorPool pool sp."
        return host(name, deployment=None, problems=[{"code": "pool_not_connected", "message": text}])

    names = [f"kvm{number:03}" for number in range(200)]
    told = found({name: down(name) if number < 40 else host(name, problems=[]) for number, name in enumerate(names)})
    assert told["problems"][0].startswith("kvm000, kvm001, ")
    assert told["problems"][0].endswith(
        " and 30 more: The host ... has not connected the StorPool pool sp. [pool_not_connected]"
    )
    text = render("verify.html.j2", verify_found=told)
    page = Page(text)
    assert page.open == []
    assert page.ids == set(names)
    assert text.count("The host ... has not connected the StorPool pool sp.") == 1
    assert text.count("160 hosts without a problem") == 2
    assert "<details open" not in text


def ending(check=False, **variables):
    """The lines with which a play ends."""
    rendered = render("end.j2", ansible_check_mode=check, **variables)
    return (rendered if isinstance(rendered, dict) else json.loads(rendered))["lines"]


def test_a_play_ends_with_the_verdict_the_problems_what_to_do_and_the_report():
    told = ending(
        end_verdict="2 problems.", end_problems=["a: One.", EVIL], end_now=["Restart b."], end_report="/srv/verify"
    )
    assert (told[0], told[1], told[3]) == ("2 problems.", "a: One.", "Now: Restart b.")
    assert told[4] == "The report is /srv/verify.html, and for programs /srv/verify.json."
    assert not unseen("".join(told))
    assert ending(end_verdict="Done.") == ["Done."]


def test_a_report_that_is_lost_is_told_where_there_would_be_one():
    told = ending(end_verdict="Done.", end_report="/proc/x", report_lost="No such directory")
    assert told == ["Done.", "The report could not be written to /proc/x: No such directory"]
    assert ending(end_verdict="Nothing stands in the way.", end_report="", report_lost="No such directory") == [
        "Nothing stands in the way."
    ]


def test_a_play_in_check_mode_says_so_if_it_changes_something():
    assert ending(check=True, end_verdict="Seen.") == ["Seen."]
    assert "--check" in ending(check=True, end_verdict="2 created.", end_changes=True)[1]


def test_a_play_in_check_mode_sends_nobody_off_for_nothing():
    def dry(**more):
        return ending(check=True, end_verdict="Seen.", end_changes=True, **more)[1]

    assert dry() == "Nothing was changed, since this was --check: run it without to have it done."
    assert dry(end_idle=True) == "Nothing was changed, since this was --check, and nothing is to be done."
    assert dry(end_failed=True, end_idle=True) == "Nothing was changed, since this was --check."
    assert dry(end_without=". Not yet.") == "Nothing was changed, since this was --check. Not yet."


@pytest.mark.parametrize(
    ("names", "problem"),
    [
        (
            {"older_backups": "failover_older_backups"},
            "web-1: It lacks 'a'. The newest that can is backup 17.b of 2030-01-31: set failover_older_backups to take it.",
        ),
        ({"template": "failback_template"}, "web-1: It lacks 'a'."),
    ],
    ids=["failover", "failback"],
)
def test_an_older_backup_is_offered_with_the_playbooks_variable_if_it_has_one(names, problem):
    row = {"name": "web-1", "group": 1, "result": "failed", "age": 90, "data_of": None, "here": False}
    row["msg"] = "It lacks 'a'. The newest that can is backup 17.b of 2030-01-31: set older_backups to take it."
    rendered = render(
        "site_told.j2",
        ansible_check_mode=True,
        told_where="b",
        told_next=[],
        site_names=names,
        site_seen={"vms": [row]},
    )
    told = rendered if isinstance(rendered, dict) else json.loads(rendered)
    assert told["problems"] == [problem]


def rolled(hosts, **more):
    """What a roll tells of hosts, and its report for people and for programs."""
    variables = {
        "ansible_play_hosts_all": list(hosts),
        "hostvars": hosts,
        "rollout_name": "deploy_agents",
        "rollout_component": "agent",
        "ansible_check_mode": False,
        **more,
    }
    told = render("rollout_told.j2", **variables)
    variables["rollout_told"] = told if isinstance(told, dict) else json.loads(told)
    text, report = (render(f"rollout.{ending}.j2", **variables) for ending in ("txt", "json"))
    return variables["rollout_told"], text, report if isinstance(report, dict) else json.loads(report)


def outcome(name, became, message="m", **more):
    return {"deployment_problems": [], "driver_result": {"host": name, "outcome": became, "message": message, **more}}


def test_a_roll_that_was_refused_says_why_and_in_plain_text():
    hosts = {"a": {"deployment_problems": [EVIL], "driver_result": {"host": "a", "outcome": "deployed"}}, "b": {}}
    told, text, report = rolled(hosts, rollout_refused=["a: It is so."])
    assert (report["ok"], report["refused"], report["problems"]) == (False, ["a: It is so."], ["a: It is so."])
    assert [row["outcome"] for row in report["hosts"]] == ["untouched", "untouched"]
    assert report["hosts"][1]["message"] == "Its turn did not come."
    assert "<script>" in report["hosts"][0]["message"]
    assert not unseen(report["hosts"][0]["message"])
    lines = text.splitlines()
    assert lines[:3] == ["deploy_agents", told["time"], "Refused, nothing was changed: 2 agents, 2 untouched."]
    assert lines[4:6] == ["- a: It is so.", "Mend this, and run it again."]
    assert not unseen(text)


def test_a_roll_says_what_became_of_each_host_and_what_to_do():
    jar = {"sha256": "beef"}
    hosts = {
        "a": outcome("a", "deployed", jar=jar),
        "b": outcome("b", "failed", EVIL),
        "c": outcome("c", "rolled_back", "It broke."),
        "d": {},
    }
    told, text, report = rolled(hosts)
    assert not unseen(text)
    assert told["verdict"] == "Failed: 4 agents, 1 deployed, 1 rolled back, 1 failed, 1 untouched."
    assert (report["ok"], report["verdict"], report["now"]) == (False, told["verdict"], told["now"])
    assert told["problems"][1] == "c: It broke."
    assert told["now"][0].startswith("Look at b first")
    assert told["now"][-1].endswith("take those that are deployed back: rollback_agents, driver_checksum=beef.")
    assert [line.split()[:2] for line in text.splitlines()[-4:]] == [
        ["a", "deployed"],
        ["b", "failed"],
        ["c", "rolled_back"],
        ["d", "untouched"],
    ]


@pytest.mark.parametrize(
    ("outcomes", "check", "verdict"),
    [
        (["deployed", "unchanged"], False, "Done: 2 management servers, 1 unchanged, 1 deployed."),
        (["deployed"], True, "Check mode, nothing was changed: 1 management server, 1 to be deployed."),
        (["unchanged"], False, "Nothing is to be done: 1 management server, 1 unchanged."),
        (["deployed", None], False, "Not finished: 2 management servers, 1 deployed, 1 untouched."),
    ],
)
def test_a_roll_has_a_verdict(outcomes, check, verdict):
    hosts = {str(number): outcome(str(number), each) if each else {} for number, each in enumerate(outcomes)}
    told = rolled(hosts, rollout_component="management", rollout_name="deploy_management", ansible_check_mode=check)[0]
    assert told["verdict"] == verdict
    assert told["problems"] == []
    assert bool(told["now"]) == (check or None in outcomes)
