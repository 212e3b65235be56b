# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_info
short_description: Get the version of CloudStack, and whether it has loaded the StorPool driver
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Returns what the management server that answers says of itself.
  - Others may be of another version for as long as an upgrade takes, and may have loaded other drivers.
options: {}
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.cloudstack
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.cloudstack_configuration
  - module: storpool.cloudstack.cloudstack_management_server
"""

EXAMPLES = r"""
- name: Ask CloudStack what it is
  storpool.cloudstack.cloudstack_info:
  register: is

- name: Say so
  ansible.builtin.debug:
    msg: "CloudStack {{ is.cloudstack.version }} {{ 'has' if is.cloudstack.storpool_driver else 'has not' }} loaded the StorPool driver"
"""

RETURN = r"""
cloudstack:
  description: The management server that has answered.
  returned: success
  type: dict
  sample:
    version: 4.19.1
    storpool_driver: true
  contains:
    version:
      description: Its version, as three numbers.
      type: str
      returned: success
    storpool_driver:
      description: Whether it has loaded the StorPool driver.
      type: bool
      returned: success
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr), C(transient)
      and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: unauthorized
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST listCapabilities
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.about import SPEC, about
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_info


def main() -> None:
    run_info(SPEC, about)


if __name__ == "__main__":
    main()
