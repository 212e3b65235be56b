# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
from typing import Any

DOCUMENTATION = r"""
name: url_host
short_description: A host as it is written in a URL
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Puts an IPv6 address in brackets, and its zone as URLs have it. Names, IPv4 addresses and what is in brackets already stay as they are.
positional: _input
options:
  _input:
    description: A host name or an address.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Where the API of this management server is
  ansible.builtin.debug:
    msg: http://{{ ansible_host | default(inventory_hostname) | storpool.cloudstack.url_host }}:8080/client/api
"""

RETURN = r"""
_value:
  description: The host, as it stands before the port.
  type: str
  sample: "[fd00::10]"
"""


def url_host(host: Any) -> str:
    """``[fd00::10]`` for an IPv6 address, everything else unchanged."""
    text = str(host).strip()
    address, mark, zone = text.partition("%")
    try:
        if ipaddress.ip_address(address).version != 6:
            return text
    except ValueError:
        return text
    return f"[{address}%25{zone}]" if mark else f"[{address}]"


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Any]:
        return {"url_host": url_host}
