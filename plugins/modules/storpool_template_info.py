# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_template_info
short_description: Show StorPool templates
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Shows StorPool templates, and on request how much space they use and have. This is one call, or two with O(status), however many templates there are.
options:
  name:
    description:
      - Only templates whose names are these, or match them as shell patterns (V(*), V(?), V([abc])).
    type: list
    elements: str
  status:
    description:
      - Show usage and capacity as well. StorPool adds these up for the call, which takes time on a large cluster.
    type: bool
    default: false
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.storpool_template
"""

EXAMPLES = r"""
- name: All templates
  storpool.cloudstack.storpool_template_info:
  register: all_templates

- name: One template and the space that it has
  storpool.cloudstack.storpool_template_info:
    name: hybrid
    status: true
  register: hybrid

- name: Stop if less than 10 percent are free
  ansible.builtin.assert:
    that: hybrid.templates[0].status.free * 10 > hybrid.templates[0].status.capacity
"""

RETURN = r"""
templates:
  description: The templates, sorted by name.
  returned: success
  type: list
  elements: dict
  sample:
    - name: hybrid
      size: null
      parent: null
      replication: 3
      place_all: hdd
      place_tail: ssd
      place_head: hdd
      reuse_server: false
      iops: null
      bw: null
      limit_type: total
      status:
        capacity: 6397158561605
        free: 6386421143365
        used: 10737418240
        volumes_count: 1
        snapshots_count: 1
        removing_snapshots_count: 0
        size: 21474836480
        total_size: 64424509440
        stored_size: 10737418240
        on_disk_size: 33218887680
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
    status:
      description: Usage and capacity of the template in bytes, V(null) unless O(status) is set.
      type: dict
      returned: success
      contains:
        capacity:
          description: Estimate of the client data that fits onto the disks of the template, after replication. Templates share disks, so this does not add up.
          type: int
          returned: success
        free:
          description: How much of RV(templates[].status.capacity) is left.
          type: int
          returned: success
        used:
          description: How much of RV(templates[].status.capacity) is taken, by whatever uses these disks.
          type: int
          returned: success
        volumes_count:
          description: Number of volumes with the template.
          type: int
          returned: success
        snapshots_count:
          description: Number of snapshots with the template, those that are being deleted included.
          type: int
          returned: success
        removing_snapshots_count:
          description: Number of snapshots with the template that are being deleted.
          type: int
          returned: success
        size:
          description: Sum of the sizes of the volumes and snapshots with the template.
          type: int
          returned: success
        total_size:
          description: The same with all copies.
          type: int
          returned: success
        stored_size:
          description: Client data in the volumes and snapshots with the template, without copies.
          type: int
          returned: success
        on_disk_size:
          description: What the volumes and snapshots with the template take on disks.
          type: int
          returned: success
error:
  description: What kind of failure it was (C(kind)), and where the API gave an error, its C(name), C(descr), C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: unauthorized
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: GET VolumeTemplatesList
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info.templates import SPEC, read
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_info


def main() -> None:
    run_info(SPEC, read)


if __name__ == "__main__":
    main()
