# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_disk_offering
short_description: Manage CloudStack's disk offerings for volumes on StorPool
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Creates, updates and removes disk offerings of shared, thinly provisioned storage, with what makes StorPool limit their volumes.
  - CloudStack can change the text, the storage tags and the zones of an offering. Whatever else is to be different is refused, since it takes a new offering.
  - What the task does not name is left as it is.
options:
  state:
    description:
      - Whether the offering shall exist.
      - A removed offering can no longer be chosen. Its volumes stay as they are.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the offering. CloudStack lets several have one name; the task fails if more than one of them is active.
    type: str
    required: true
  display_text:
    description:
      - What users see of it. That of a new offering is its name if nothing else is said.
    type: str
  disk_size:
    description:
      - The size of the volumes, as bytes or with a unit, for instance V(100GiB). A multiple of 1 GiB.
      - A new offering needs it, or O(customized=true).
    type: str
  customized:
    description:
      - Whether the user chooses the size of each volume.
    type: bool
  tags:
    description:
      - The storage tags of the offering, all of them. Its volumes are put on pools that have all of these tags. The order plays no role.
      - If no pool of the cloud has all of them, the task warns, since CloudStack would make no volume of the offering.
      - CloudStack can change them from 4.15 on, and only if all pools that have volumes of the offering have the new tags.
    type: list
    elements: str
  max_iops:
    description:
      - At most so many operations a second on each volume. StorPool enforces it.
      - It is sent with C(customizediops=false) and a minimum above 0, because CloudStack drops it in silence else.
      - It does not go together with O(storpool_template) and O(qos_class).
    type: int
  min_iops:
    description:
      - What CloudStack keeps as the minimum beside O(max_iops). StorPool takes no notice of it.
      - That of a new offering is V(1) if nothing else is said.
    type: int
  storpool_template:
    description:
      - The StorPool template of the volumes, in place of that of their pool (the detail C(SP_TEMPLATE)). Its limits hold for them.
      - Needs CloudStack 4.20 or newer, or an external StorPool driver since April 2022. The driver that came with CloudStack 4.17 to 4.19 ignores it in
        silence, as do older external ones, and puts the volumes on the template of their pool. CloudStack does not tell which driver it has, so the module
        warns before 4.20.
      - Storage tags (O(tags)) and a pool on that template do the same with every driver.
    type: str
  driver_reads_template:
    description:
      - The StorPool driver of the management servers is one that reads O(storpool_template) although CloudStack is older than 4.20, so there is no need
        to warn.
    type: bool
    default: false
  qos_class:
    description:
      - The class in which C(storpool_qos) puts the volumes (the detail C(SP_QOSCLASS)). Needs CloudStack 4.20 or newer.
    type: str
  zones:
    description:
      - Names or ids of the zones in which the offering can be chosen. An empty list is every zone, as in a new offering of which nothing is said.
      - Needs CloudStack 4.13 or newer.
    type: list
    elements: str
  wait_timeout:
    description:
      - How many seconds the whole task may take, with whatever has to be tried again. What takes longest is the job that adds a detail; before CloudStack
        4.16, details cannot be given when an offering is created.
    type: int
    default: 300
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.cloudstack
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.cloudstack_storpool_pool
  - module: storpool.cloudstack.storpool_template
"""

EXAMPLES = r"""
- name: Volumes of 100 GiB with a limit
  storpool.cloudstack.cloudstack_disk_offering:
    name: gold-100
    display_text: 100 GiB, 5000 IOPS
    disk_size: 100GiB
    max_iops: 5000
    tags:
      - hybrid

- name: On other pools, as long as no volumes were made of it
  storpool.cloudstack.cloudstack_disk_offering:
    name: gold-100
    tags:
      - replicated

- name: Volumes of any size, on another StorPool template than that of their pool
  storpool.cloudstack.cloudstack_disk_offering:
    name: flash
    customized: true
    storpool_template: ssd
    zones:
      - zone1

- name: Nobody shall choose it any longer
  storpool.cloudstack.cloudstack_disk_offering:
    name: gold-100
    state: absent
"""

RETURN = r"""
disk_offering:
  description: The offering as it is now, or in check mode as it would be. V(null) if it does not exist.
  returned: success
  type: dict
  sample:
    id: 5a6d7c3e-8b7e-4b0e-9a52-6c1f0d4b7e21
    name: gold-100
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
      description: Its id, V(null) in check mode if it would be created.
      type: str
      returned: success
    name:
      description: Its name.
      type: str
      returned: success
    display_text:
      description: What users see of it.
      type: str
      returned: success
    customized:
      description: Whether the user chooses the size of each volume.
      type: bool
      returned: success
    disk_size:
      description: Size of the volumes in bytes, V(null) if the user chooses it.
      type: int
      returned: success
    max_iops:
      description: The limit, V(null) if CloudStack has none.
      type: int
      returned: success
    min_iops:
      description: The minimum that CloudStack keeps beside it, V(null) if it has none.
      type: int
      returned: success
    tags:
      description: Storage tags, sorted.
      type: list
      elements: str
      returned: success
    storpool_template:
      description: The StorPool template of its volumes, V(null) if it is that of their pool.
      type: str
      returned: success
    qos_class:
      description: The class in which C(storpool_qos) puts its volumes, V(null) if it has none.
      type: str
      returned: success
    zones:
      description: Names of the zones in which it can be chosen, sorted. None means every zone.
      type: list
      elements: str
      returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - create disk offering 'gold-100' of 100 GiB, with at most 5000 IOPS, with the storage tags hybrid
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr), C(transient)
      and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: invalid_option
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST updateDiskOffering
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.offering.disk_offering import (
    DISK_OFFERING,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_managed


def main() -> None:
    run_managed(DISK_OFFERING)


if __name__ == "__main__":
    main()
