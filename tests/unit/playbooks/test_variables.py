# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of variables that the playbooks refuse: none that they, their roles or our inventory make themselves, whatever host comes first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from ansible_collections.storpool.cloudstack.plugins.filter.unknown_variables import unknown_variables
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.inventory import hosts
from tools.workspace import ROOT

DEPLOYMENT = yaml.safe_load((ROOT / "playbooks/vars/deployment.yml").read_text(encoding="utf-8"))
FILES = [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/*.yml"), *ROOT.glob("playbooks/tasks/*.yml")]


def made_in(thing: Any) -> Iterator[str]:
    """The names that tasks register, or set as facts."""
    for each in thing if isinstance(thing, list) else ():
        yield from made_in(each)
    for key, value in thing.items() if isinstance(thing, dict) else ():
        if key == "register":
            yield value
        elif key == "ansible.builtin.set_fact":
            yield from value
        else:
            yield from made_in(value)


def known() -> Iterator[str]:
    yield from (
        *DEPLOYMENT["deployment_options"],
        *DEPLOYMENT["deployment_connections"],
        *DEPLOYMENT["deployment_left"],
    )
    for role in DEPLOYMENT["deployment_roles"]:
        text = (ROOT / "roles" / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
        for specification in yaml.safe_load(text)["argument_specs"].values():
            yield from specification["options"]


def refused(names):
    looked_at = [name for name in names if re.search(DEPLOYMENT["deployment_names"], name)]
    assert looked_at
    return unknown_variables(looked_at, known(), DEPLOYMENT["deployment_own_names"])


def test_what_roles_and_playbooks_leave_behind_is_known():
    assert FILES
    assert refused({name for path in FILES for name in made_in(yaml.safe_load(path.read_text(encoding="utf-8")))}) == []


def test_variables_of_the_inventory_are_taken_for_no_mistake():
    assert refused(hosts.VARIABLES) == []


def test_a_mistake_is_one():
    assert [problem["message"] for problem in refused(["driver_hst"])] == [
        "There is no variable driver_hst. Did you mean driver_host?"
    ]


def looped_over(thing: Any) -> Iterator[str]:
    """What loops are over."""
    for each in thing if isinstance(thing, list) else thing.values() if isinstance(thing, dict) else ():
        yield from looped_over(each)
    if isinstance(thing, dict) and "loop" in thing:
        yield str(thing["loop"])


def test_no_loop_is_over_a_secret():
    """Ansible shows the item of a loop that fails, whatever its label is."""
    found = [loop for path in FILES for loop in looped_over(yaml.safe_load(path.read_text(encoding="utf-8")))]
    assert len(found) > 10
    holds_one = re.compile(r"token|secret|password|api_key|failback_from(?![.\w])")
    assert [loop for loop in found if holds_one.search(loop)] == []
