# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_disk_offering_info
short_description: Get CloudStack's disk offerings
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Returns the active disk offerings of all domains that meet all the given conditions, or all of them. They are read with one call, however many there are.
options:
  name:
    description:
      - Only offerings whose names are these, or match them as shell patterns (V(*), V(?), V([abc])). Names are compared whole, with case.
    type: list
    elements: str
  id:
    description:
      - Only offerings with these ids.
    type: list
    elements: str
  zone:
    description:
      - Only offerings that are there in the zone with this name or id, which those for all zones are, too.
    type: str
  tags:
    description:
      - Only offerings that have all these storage tags.
    type: list
    elements: str
  customized:
    description:
      - Only offerings whose size the user chooses, or only others.
    type: bool
  details:
    description:
      - Read also which StorPool template and which class of service the StorPool driver takes for volumes of each offering.
      - From CloudStack 4.17 on they are shown in any case, since the list has them. Before, this takes one more call for each offering.
    type: bool
    default: false
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.cloudstack
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.cloudstack_disk_offering
"""

EXAMPLES = r"""
- name: All disk offerings
  storpool.cloudstack.cloudstack_disk_offering_info:

- name: What the volumes of some of them get on StorPool
  storpool.cloudstack.cloudstack_disk_offering_info:
    name:
      - gold*
    zone: zone1
    details: true
"""

RETURN = r"""
disk_offerings:
  description: The disk offerings, by name, as M(storpool.cloudstack.cloudstack_disk_offering) has them.
  returned: success
  type: list
  elements: dict
  sample:
    - id: f45b65e1-7248-49ee-a195-3c3839f054cf
      name: gold
      display_text: 100 GiB, 5000 IOPS
      customized: false
      disk_size: 107374182400
      max_iops: 5000
      min_iops: 1
      tags:
        - hybrid
      storpool_template: null
      qos_class: null
      zones: []
  contains:
    id:
      description: Id of the offering.
      type: str
      returned: success
    name:
      description: Name of the offering.
      type: str
      returned: success
    display_text:
      description: The text that users see.
      type: str
      returned: success
    customized:
      description: Whether the user chooses the size.
      type: bool
      returned: success
    disk_size:
      description: Size of the volumes in bytes, V(null) if the user chooses it.
      type: int
      returned: success
    max_iops:
      description: Most operations per second, V(null) if there is no limit.
      type: int
      returned: success
    min_iops:
      description: Least operations per second, V(null) if there are none.
      type: int
      returned: success
    tags:
      description: Storage tags, sorted.
      type: list
      elements: str
      returned: success
    storpool_template:
      description: The StorPool template of its volumes, V(null) if it names none. Before CloudStack 4.17 only with O(details).
      type: str
      returned: success
    qos_class:
      description: The class of service of its volumes, V(null) if it names none. Before CloudStack 4.17 only with O(details).
      type: str
      returned: success
    zones:
      description: Names of the zones that it is for, sorted. None stand for all.
      type: list
      elements: str
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
  sample: POST listDiskOfferings
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.info.disk_offerings import (
    SPEC_DISK_OFFERINGS,
    disk_offerings,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_info


def main() -> None:
    run_info(SPEC_DISK_OFFERINGS, disk_offerings)


if __name__ == "__main__":
    main()
