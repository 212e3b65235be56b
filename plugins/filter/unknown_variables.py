# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: unknown_variables
short_description: Variables that look as if they were meant for a role, and are not
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Ansible takes no notice of a variable that nothing asks for, so a misspelt one is as if it had not been given. This finds them, for the playbooks.
  - A name that begins as O(prefixes) say belongs to the roles, and is one of O(known) or is told. Names that begin in another way are told only if they are
    within two letters of a known one.
positional: _input
options:
  _input:
    description: Names of variables.
    type: list
    elements: str
    required: true
  known:
    description: The names that there are.
    type: list
    elements: str
    required: true
  prefixes:
    description: How names begin that nobody else has a use for.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Say which variables nothing asks for
  ansible.builtin.debug:
    msg: "{{ query('ansible.builtin.varnames', '^primary_storage_') | storpool.cloudstack.unknown_variables(['primary_storage_capacity']) }}"
"""

RETURN = r"""
_value:
  description: Problems, each with C(code) and C(message).
  type: list
  elements: dict
  sample:
    - code: unknown_variable
      message: There is no variable primary_storage_capcity. Did you mean primary_storage_capacity?
"""

#: So many letters away from a known name, a name is that one, misspelt.
NEAR = 2


def unknown_variables(
    names: Iterable[str], known: Iterable[str], prefixes: Iterable[str] = ()
) -> list[Mapping[str, str]]:
    """A problem for each name that nothing asks for."""
    there, reserved = sorted(set(known)), tuple(prefixes)
    problems = []
    for name in sorted(set(names).difference(there)):
        distances = sorted((_distance(name, other), other) for other in there if abs(len(name) - len(other)) <= NEAR)
        near = distances[0][1] if distances and distances[0][0] <= NEAR else None
        if near or name.startswith(reserved):
            hint = f"Did you mean {near}?" if near else "Nothing asks for it."
            problems.append({"code": "unknown_variable", "message": f"There is no variable {name}. {hint}"})
    return problems


def _distance(left: str, right: str) -> int:
    """How many letters have to be changed, left out, put in or swapped with the next one to make one text of the other."""
    rows = [list(range(len(right) + 1))]
    for row, one in enumerate(left, 1):
        line = [row]
        for column, other in enumerate(right, 1):
            best = min(line[-1] + 1, rows[-1][column] + 1, rows[-1][column - 1] + (one != other))
            if row > 1 and column > 1 and (one, left[row - 2]) == (right[column - 2], other):
                best = min(best, rows[-2][column - 2] + 1)
            line.append(best)
        rows.append(line)
    return rows[-1][-1]


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Any]:
        return {"unknown_variables": unknown_variables}
