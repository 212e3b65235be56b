# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_vm_backup_info
short_description: List the backups of VMs
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Lists VMs with their backups, the newest first. VMs that were removed and still have backups are among them.
  - Of each backup it says whether M(storpool.cloudstack.cloudstack_vm_restore) can restore it, and if not, why.
notes:
  - With O(source=volumecare), the task runs a program of VolumeCare's, so it has to run as root on a host of the StorPool cluster, unless it is given what
    the program has answered (O(volumecare_status)).
options:
  vm:
    description:
      - Only these VMs, by name, display name or id; of those that were removed, by id. Without it, all VMs that are there or have backups.
    type: list
    elements: str
  zone:
    description:
      - Only VMs that are in this zone, by name or id.
    type: str
  source:
    description:
      - V(volumecare) shows the backups that StorPool's service VolumeCare has made.
      - V(tags) shows snapshots that have the tag C(cvm) with the id of a VM, here and at the locations that export snapshots to this cluster. Those of one
        moment are one backup. Snapshots that CloudStack itself has taken are not among them.
    type: str
    required: true
    choices: [volumecare, tags]
extends_documentation_fragment:
  - storpool.cloudstack._storpool.volumecare
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._storpool
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.both
seealso:
  - module: storpool.cloudstack.cloudstack_vm_restore
"""

EXAMPLES = r"""
- name: The backups of all VMs, as VolumeCare's or other snapshots have tags
  storpool.cloudstack.cloudstack_vm_backup_info:
    source: tags
  register: found

- name: Which VMs have no backup
  ansible.builtin.debug:
    msg: "{{ found.vms | rejectattr('backups.0.age', 'defined') | map(attribute='name') }}"
"""

RETURN = r"""
vms:
  description: The VMs, those that are there first, by name.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Id of the VM.
      type: str
      returned: success
    name:
      description: Its display name, V(null) if it was removed.
      type: str
      returned: success
    state:
      description: Its state, in CloudStack's words, V(null) if it was removed.
      type: str
      returned: success
    policies:
      description: The values of the tag C(vc-policy) that its disks have on StorPool.
      type: list
      elements: str
      returned: success
    mixed_policies:
      description: Whether its disks do not all have the same policy, or some have none. VolumeCare makes no backups of such a VM.
      type: bool
      returned: success
    backups:
      description: Its backups, the newest first.
      type: list
      elements: dict
      returned: success
      contains:
        id:
          description: What C(backup) of M(storpool.cloudstack.cloudstack_vm_restore) calls it.
          type: str
          returned: success
        created:
          description: When it was made.
          type: str
          returned: success
        age:
          description: How old it is, in seconds.
          type: int
          returned: success
        location:
          description: Where it is, in the words of whoever knows of it; V(here) for this cluster.
          type: str
          returned: success
        usable:
          description: Whether it can be restored.
          type: bool
          returned: success
        problem:
          description: Why it cannot be restored, V(null) if it can.
          type: str
          returned: success
        disks:
          description: Its disks.
          type: list
          elements: dict
          returned: success
          contains:
            volume_id:
              description: CloudStack's id of the volume.
              type: str
              returned: success
            snapshot:
              description: Global id of the snapshot.
              type: str
              returned: success
            location:
              description: Name of the location that sends the snapshot, V(null) if it is here.
              type: str
              returned: success
            size:
              description: Its size in bytes, V(null) if it is nowhere.
              type: int
              returned: success
error:
  description: What kind of failure it was (C(kind)), and where an API gave an error, its C(name), C(descr), C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_found
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: GET SnapshotsRemoteList
"""

import typing as t

from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.reading import Sides
from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.run import INFO, look
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import named, other_half
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader as Cloud
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.options import (
    CONNECTION as TO_CLOUDSTACK,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import open_api
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.run import finish
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import volumecare
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader as Cluster
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import keys_of
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import (
    CONNECTION as TO_STORPOOL,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect as connect_to_storpool


def main() -> None:
    module = Module({"argument_spec": dict(INFO["argument_spec"], **dict(TO_CLOUDSTACK, **TO_STORPOOL))})
    params = module.params

    def work() -> t.Mapping[str, t.Any]:
        cloud = Cloud(open_api(module, TimeLeft()))
        sides = Sides(
            cloud,
            Cluster(connect_to_storpool(module)),
            lambda *asked: named.the_vm(cloud, *asked),
            other_half.reference,
            keys_of,
            status=volumecare.teller(params),
            zone_id=lambda zone: named.zone_id(cloud, zone),
        )
        return dict(look(sides, params), changed=False)

    finish(module, work)


if __name__ == "__main__":
    main()
