# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.alike import Reason, groups, line
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.words import shortened

DOCUMENTATION = r"""
name: reason_lines
short_description: Why many things failed, each reason told once
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Makes one line of each reason, which begins with the names of those that have it, the most frequent first. Reasons that differ only in names, ids and
    numbers are one, and that of the first stands for all. The playbooks C(failover) and C(failback) use it.
positional: _input
options:
  _input:
    description: >-
      What failed: dictionaries with C(msg) and C(name), such as the rows of M(storpool.cloudstack.cloudstack_vm_failover), or the results of a loop, whose
      C(item) is the name or has it; of another C(item) nothing is shown. Those without C(msg) are passed over.
    type: list
    elements: dict
    required: true
  most:
    description: How many lines there are at most. The rest is counted in one more.
    type: int
    default: 20
"""

EXAMPLES = r"""
- name: Say what failed and why
  ansible.builtin.debug:
    msg: "{{ failover.vms | storpool.cloudstack.reason_lines }}"
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample: ["db-1, db-2, db-3 and 97 more alike: VM 'db-1' has no backup in this cluster."]
"""


def reason_lines(rows: Iterable[Mapping[str, Any]], most: int = 20) -> list[str]:
    """One line for each reason."""
    reasons = []
    for row in rows:
        if row.get("msg"):
            name = _name(row)
            reasons.append(Reason(name, [name], str(row["msg"])))
    found = groups(reasons)
    rest = sum(len(group) for group in found[most:])
    return [shortened(line(group), 400, 200) for group in found[:most]] + (
        [f"and {rest:,} more for other reasons."] if rest else []
    )


def _name(row: Mapping[str, Any]) -> str:
    item = row.get("item")
    if "name" not in row and isinstance(item, Mapping):
        return str(item.get("name", ""))  # not all of it: there may be secrets among it
    return str(row.get("name", item))


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Any]:
        return {"reason_lines": reason_lines}
