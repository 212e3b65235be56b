# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.storpool.cloudstack.plugins.filter.problem_groups import Problem, problem_groups

DOCUMENTATION = r"""
name: problem_lines
short_description: Problems of many hosts, each told once
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Makes one line of each problem, which begins with the hosts that have it. A problem that a hundred hosts have is one line, also where its text has the name
    of each (P(storpool.cloudstack.problem_groups#filter)). The playbooks use it.
positional: _input
options:
  _input:
    description: The problems of each host, by the host's name. A problem is a text, or a dictionary with C(message) and maybe C(code).
    type: dict
    required: true
  named:
    description: Whether a line begins with the hosts.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Say what is wrong
  ansible.builtin.debug:
    msg: "{{ {'agent1': [no_driver], 'agent2': [no_driver]} | storpool.cloudstack.problem_lines }}"
  vars:
    no_driver: {code: no_driver, message: There is no driver.}
"""

RETURN = r"""
_value:
  description: The lines, in the order in which the problems were found.
  type: list
  elements: str
  sample: ["agent1 and agent2: There is no driver. [no_driver]"]
"""

#: How many hosts a line names; the rest is counted.
MOST_NAMED = 10


def problem_lines(problems: Mapping[str, Iterable[Problem]], named: bool = True) -> list[str]:
    """``agent1, agent2 and 98 more: There is no driver. [no_driver]``, one for each thing that is wrong."""
    return [
        "{0}{1}{2}".format(
            f"{_listing(group['hosts'])}: " if named else "",
            group["message"],
            f" [{group['code']}]" if group["code"] else "",
        )
        for group in problem_groups(problems)
    ]


def _listing(names: list[str]) -> str:
    words = names[:MOST_NAMED] + ([f"{len(names) - MOST_NAMED:,} more"] if len(names) > MOST_NAMED else [])
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Any]:
        return {"problem_lines": problem_lines}
