# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DOCUMENTATION = r"""
name: waves
short_description: Who can have a turn together without being of one failure domain
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Divides hosts into waves of at most so many, no two of one failure domain in any of them, and as few waves as there can be. The role driver uses it.
positional: _input, at_once
options:
  _input:
    description: The failure domain of each host, by the host's name.
    type: dict
    required: true
  at_once:
    description: How many hosts a wave has at most.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: Say who is restarted together
  ansible.builtin.debug:
    msg: "{{ {'agent1': 'rack1', 'agent2': 'rack1', 'agent3': 'rack2'} | storpool.cloudstack.waves(2) }}"
"""

RETURN = r"""
_value:
  description: The waves, each a list of names. Hosts come in the order in which they were given, as far as their domains allow it.
  type: list
  elements: list
  sample: [["agent1", "agent3"], ["agent2"]]
"""


def waves(domains: Mapping[str, Any], at_once: int) -> list[list[str]]:
    """The hosts in waves: those domains first that have most hosts left, since each of them needs as many waves."""
    order = {name: place for place, name in enumerate(domains)}
    left: dict[str, list[str]] = {}
    for name, domain in domains.items():
        left.setdefault(str(domain), []).append(name)
    found = []
    while left:
        fullest = sorted(left, key=lambda domain: (-len(left[domain]), order[left[domain][0]]))[: max(at_once, 1)]
        found.append(sorted((left[domain].pop(0) for domain in fullest), key=lambda name: order[name]))
        left = {domain: names for domain, names in left.items() if names}
    return found


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Any]:
        return {"waves": waves}
