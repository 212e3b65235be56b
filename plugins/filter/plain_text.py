# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

DOCUMENTATION = r"""
name: plain_text
short_description: Texts without what a terminal would obey
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Replaces control characters, and those that change the direction of what follows, in a text and in all texts of a list or a dictionary, its keys included.
    What servers and hosts say of themselves can hold them, and a report that is shown on a terminal would then say what they want.
  - An end of a line becomes a space.
positional: _input
options:
  _input:
    description: A text, or a list or a dictionary of them. Numbers, booleans and V(null) stay as they are.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Say what the host answered
  ansible.builtin.copy:
    dest: report.txt
    content: "{{ answer.msg | storpool.cloudstack.plain_text }}"
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The same, without such characters.
  type: raw
  sample: The host is ?[32mready
"""

#: Unicode's categories of characters that are not seen: controls, what steers the text beside it, halves of pairs, other ends of lines.
_UNSEEN = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])
_SPACES = frozenset("\t\n\r\x0b\x0c\x85\u2028\u2029")


def plain_text(value: Any) -> Any:
    """The value with all its texts made plain."""
    if isinstance(value, str):
        return "".join(_plain(character) for character in value)
    if isinstance(value, Mapping):
        return {plain_text(key): plain_text(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_text(each) for each in value]
    return value


def _plain(character: str) -> str:
    if character in _SPACES:
        return " "
    return "?" if unicodedata.category(character) in _UNSEEN else character


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Any]:
        return {"plain_text": plain_text}
