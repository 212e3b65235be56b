# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Union

from ansible_collections.storpool.cloudstack.plugins.filter.plain_text import plain_text

DOCUMENTATION = r"""
name: problem_groups
short_description: Problems of many hosts, those together that are the same
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Puts problems together that have the same text, or that differ only in the name of the host that has them. The page of the playbook C(verify) shows them so.
positional: _input
options:
  _input:
    description: The problems of each host, by the host's name. A problem is a text, or a dictionary with C(message) and maybe C(code).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say how many hosts have what
  ansible.builtin.debug:
    msg: "{{ {'agent1': ['agent1 is Down.'], 'agent2': ['agent2 is Down.']} | storpool.cloudstack.problem_groups }}"
"""

RETURN = r"""
_value:
  description: >-
    The groups, in the order in which the problems were found, each with C(message), C(code) (empty if there is none) and C(hosts). Where hosts share a
    problem whose text has their names, C(message) has three dots in their place.
  type: list
  elements: dict
  sample:
    - message: "... is Down."
      code: ""
      hosts: [agent1, agent2]
"""

Problem = Union[str, Mapping[str, Any]]


def problem_groups(problems: Mapping[str, Iterable[Problem]]) -> list[dict[str, Any]]:
    """One group for each thing that is wrong."""
    groups: dict[str, dict[str, Any]] = {}
    for host, found in problems.items():
        own_name = re.compile(rf"(?<![\w.-]){re.escape(str(host))}(?![\w-])")
        for problem in found:
            told = {"message": problem} if isinstance(problem, str) else problem
            text = plain_text(" ".join(str(told["message"]).split()))
            alike = own_name.sub("...", text)
            group = groups.setdefault(alike, {"message": text, "code": "", "hosts": []})
            group["code"] = str(told.get("code") or group["code"])
            if str(host) not in group["hosts"]:
                group["hosts"].append(str(host))
            if len(group["hosts"]) > 1:
                group["message"] = alike
    return list(groups.values())


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Any]:
        return {"problem_groups": problem_groups}
