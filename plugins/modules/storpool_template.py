# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_template
short_description: Manage StorPool templates
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Creates, changes, renames and deletes StorPool templates, the named settings that volumes and snapshots are made with.
  - What the task does not name is left as it is.
  - What a template has can be changed. StorPool's API offers no way to take its O(size), O(parent) or O(replication) away again.
  - These are not the templates of CloudStack, which are images of disks. A CloudStack primary storage pool on StorPool refers to one StorPool template.
  - Tags are not offered. The API takes them for a template, but does not show them again, so nobody could tell whether they are as wanted.
options:
  state:
    description:
      - Whether the template shall exist.
      - One that a volume or a snapshot has is not deleted.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the template, of letters, digits, C(_) and C(-). One that is found by O(previous_name) is given this name.
    type: str
    required: true
  previous_name:
    description:
      - The name under which the template is found if it does not have its new O(name) yet.
      - The task fails if there is a template with either name. If there is none, O(name) is created.
    type: str
  size:
    description:
      - Size of volumes that are made with the template and not told another one, as bytes or with a unit, for instance V(10GiB).
      - It must be a multiple of 512 bytes.
    type: str
  parent:
    description:
      - Name of a snapshot on which volumes that are made with the template are based.
    type: str
  propagate:
    description:
      - Change the volumes and snapshots that have the template together with it. StorPool then moves their data while they are in use.
      - This acts together with a change of the template only. If the template is as wanted already, nothing is propagated, so that a second run changes
        nothing; volumes that differ from their template are changed with M(storpool.cloudstack.storpool_volume).
    type: bool
    default: false
  for_cloudstack:
    description:
      - Refuse to leave the template without what CloudStack needs of it to make volumes in a primary storage pool, which is O(replication), O(place_all),
        O(place_tail) and O(place_head).
      - For a new template the task has to name all of them, rather than leave StorPool's own defaults to chance.
    type: bool
    default: false
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._storpool.policy
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.storpool_template_info
  - module: storpool.cloudstack.storpool_placement_group
  - module: storpool.cloudstack.cloudstack_storpool_pool
"""

EXAMPLES = r"""
- name: A template for a CloudStack primary storage pool
  storpool.cloudstack.storpool_template:
    name: cloud
    replication: 3
    place_all: hdd
    place_tail: ssd
    place_head: hdd
    for_cloudstack: true

- name: At most 5000 operations per second for its volumes, those that exist included
  storpool.cloudstack.storpool_template:
    name: cloud
    iops: 5000
    propagate: true

- name: Volumes of 20 GiB, if nobody says anything else
  storpool.cloudstack.storpool_template:
    name: cloud
    size: 20GiB

- name: Another name for it
  storpool.cloudstack.storpool_template:
    name: cloud-hybrid
    previous_name: cloud

- name: No such template any more
  storpool.cloudstack.storpool_template:
    name: cloud-hybrid
    state: absent
"""

RETURN = r"""
template:
  description: The template as it is now, or in check mode as it would be. V(null) if it does not exist.
  returned: success
  type: dict
  sample:
    name: cloud
    size: null
    parent: null
    replication: 3
    place_all: hdd
    place_tail: ssd
    place_head: hdd
    reuse_server: false
    iops: 5000
    bw: null
    limit_type: total
  contains:
    name:
      description: Name of the template.
      type: str
      returned: success
    size:
      description: Default size in bytes, V(null) if the template has none.
      type: int
      returned: success
    parent:
      description: The snapshot that volumes of the template are based on.
      type: str
      returned: success
    replication:
      description: How many copies of the data are kept, V(null) if the template leaves it open.
      type: int
      returned: success
    place_all:
      description: Placement group for all copies but the last.
      type: str
      returned: success
    place_tail:
      description: Placement group for the last copy.
      type: str
      returned: success
    place_head:
      description: Placement group for the first copy.
      type: str
      returned: success
    reuse_server:
      description: Whether several copies may be on one server.
      type: bool
      returned: success
    iops:
      description: Limit of operations per second, V(null) if there is none.
      type: int
      returned: success
    bw:
      description: Limit of the bandwidth as the API shows it, V(null) if there is none.
      type: int
      returned: success
    limit_type:
      description: Whether the limits are for a volume (V(total)) or for each GiB of it (V(perGiB)).
      type: str
      returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - "update StorPool template 'cloud': set iops to 5000, propagate this to its volumes and snapshots"
error:
  description: What kind of failure it was (C(kind)), and where the API gave an error, its C(name), C(descr), C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_allowed
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST VolumeTemplateUpdate/cloud
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.template import TEMPLATE
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_managed


def main() -> None:
    run_managed(TEMPLATE)


if __name__ == "__main__":
    main()
