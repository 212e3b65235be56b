# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_placement_group
short_description: Manage StorPool placement groups
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Creates, changes, renames and deletes StorPool placement groups, the named sets of disks that volumes keep their copies on.
  - A change moves no data by itself. StorPool's balancer does that afterwards, when it is run.
options:
  state:
    description:
      - Whether the placement group shall exist.
      - One that a StorPool template, a volume or a snapshot uses is not deleted.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the placement group. One that is found by O(previous_name) is given this name.
    type: str
    required: true
  previous_name:
    description:
      - The name under which the placement group is found if it does not have its new O(name) yet.
      - The task fails if there is a placement group with either name. If there is none, O(name) is created.
    type: str
  disks:
    description:
      - Ids of disks that the placement group shall have, in any order, each once. It keeps the disks that it has already, unless O(purge_disks) is set.
      - A new placement group needs at least one.
      - Without the option, the disks of a placement group are left alone.
    type: list
    elements: int
  purge_disks:
    description:
      - Remove the disks that O(disks) does not name, so that the placement group has exactly those.
    type: bool
    default: false
  remove_disks:
    description:
      - Ids of disks that the placement group shall not have, each once. Disks that it does not have anyway are no error.
      - The last disk of a placement group cannot be removed.
    type: list
    elements: int
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.storpool_cluster_info
  - module: storpool.cloudstack.storpool_template
"""

EXAMPLES = r"""
- name: A placement group of three disks
  storpool.cloudstack.storpool_placement_group:
    name: archive
    disks: [101, 201, 301]

- name: One more disk
  storpool.cloudstack.storpool_placement_group:
    name: archive
    disks: [103]

- name: One disk less
  storpool.cloudstack.storpool_placement_group:
    name: archive
    remove_disks: [301]

- name: Exactly these disks, and another name
  storpool.cloudstack.storpool_placement_group:
    name: cold
    previous_name: archive
    disks: [101, 201]
    purge_disks: true

- name: No such placement group any more
  storpool.cloudstack.storpool_placement_group:
    name: cold
    state: absent
"""

RETURN = r"""
placement_group:
  description: The placement group as it is now, or in check mode as it would be. V(null) if it does not exist.
  returned: success
  type: dict
  sample:
    name: archive
    disks: [101, 103, 201]
  contains:
    name:
      description: Name of the placement group.
      type: str
      returned: success
    disks:
      description: Ids of its disks, in ascending order.
      type: list
      elements: int
      returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - "update placement group 'archive': add disk 103"
error:
  description: What kind of failure it was (C(kind)), and where the API gave an error, its C(name), C(descr), C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_found
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST PlacementGroupUpdate/archive
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.placement_group import (
    PLACEMENT_GROUP,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_managed


def main() -> None:
    run_managed(PLACEMENT_GROUP)


if __name__ == "__main__":
    main()
