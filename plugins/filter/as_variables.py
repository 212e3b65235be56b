# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Mapping

DOCUMENTATION = r"""
name: as_variables
short_description: A sentence of a module with the variables of a playbook in place of its options
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - A module names its own options in what it says is wrong, and who runs a playbook has given variables. An option that has a C(_) is replaced wherever it is a
    word of its own, another one only where a C(:) or a C([) is behind it, as at the beginning of a sentence about it. Names in quotes stay as they are. The
    playbooks C(restore_vm), C(failover) and C(failback) use it.
positional: _input, names
options:
  _input:
    description: The sentence.
    type: str
    required: true
  names:
    description: The variable of each option.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say what went wrong
  ansible.builtin.debug:
    msg: "{{ result.msg | storpool.cloudstack.as_variables({'stop_vm': 'restore_vm_stop'}) }}"
"""

RETURN = r"""
_value:
  description: The sentence.
  type: str
  sample: VM 'db-1' is Running, and has to be stopped for this. Set restore_vm_stop to let the task do it.
"""


def as_variables(text: str, names: Mapping[str, str]) -> str:
    """The sentence with variables in the place of options."""
    if not names:
        return text
    options = "|".join(
        re.escape(option) + (r"(?![\w'/-]|\.\w)" if "_" in option else r"(?=[:\[])")
        for option in sorted(names, key=len, reverse=True)
    )
    return re.sub(rf"(?<![\w'./-])(?:{options})", lambda found: names[found.group()], text)


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, object]:
        return {"as_variables": as_variables}
