# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Union

from ansible_collections.storpool.cloudstack.plugins.filter.plain_text import plain_text

DOCUMENTATION = r"""
name: problem_lines
short_description: Problems of many hosts, each told once
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Makes one line of each problem, which begins with the hosts that have it. A problem that a hundred hosts have is one line. The playbooks use it.
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


Problem = Union[str, Mapping[str, Any]]


def problem_lines(problems: Mapping[str, Iterable[Problem]], named: bool = True) -> list[str]:
    """``agent1, agent2 and 98 more: There is no driver. [no_driver]``, one for each thing that is wrong."""
    hosts: dict[str, dict[str, None]] = {}
    codes: dict[str, str] = {}
    for host, found in problems.items():
        for problem in found:
            told = {"message": problem} if isinstance(problem, str) else problem
            text = plain_text(" ".join(str(told["message"]).split()))
            hosts.setdefault(text, {})[str(host)] = None
            if told.get("code"):
                codes[text] = f" [{told['code']}]"
    return [
        "{0}{1}{2}".format(f"{_listing(list(names))}: " if named else "", text, codes.get(text, ""))
        for text, names in hosts.items()
    ]


def _listing(names: list[str]) -> str:
    words = names[:MOST_NAMED] + ([f"{len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else [])
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Any]:
        return {"problem_lines": problem_lines}
