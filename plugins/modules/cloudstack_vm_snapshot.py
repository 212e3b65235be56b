# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_vm_snapshot
short_description: Manage snapshots of all disks of a CloudStack VM at one moment
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Has CloudStack take snapshots of all disks of a VM on StorPool at one moment, so that together they are consistent as after a crash of the VM; waits for
    them, and deletes them. The memory of the VM is not a part of them.
  - All disks have to be on StorPool, which the module sees to before anything is sent. The VM may run, or be stopped.
  - A snapshot that CloudStack takes or deletes already is waited for, and not begun again. One that could not be taken (state V(Error)) is told, and removed
    with O(state=absent).
options:
  state:
    description:
      - Whether the snapshot shall exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the snapshot, which CloudStack shows as its display name. CloudStack lets several of a VM have one name; the task fails then, and lists
        their ids.
      - One of O(name) and O(id) is required.
    type: str
  id:
    description:
      - The id of a snapshot that is there, in place of its name.
    type: str
  vm:
    description:
      - Name, display name or id of the VM. If there is none, it has no snapshot either.
    type: str
    required: true
  zone:
    description:
      - Name or id of the zone. Without it, VMs of all zones are looked at.
    type: str
  description:
    description:
      - What the snapshot is for. CloudStack cannot change that of one that exists, so the task fails if it has another.
    type: str
  wait_timeout:
    description:
      - How many seconds the whole task may take, with CloudStack's jobs, its waits and whatever has to be tried again.
    type: int
    default: 1800
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.cloudstack
  - storpool.cloudstack._attributes.direct
notes:
  - CloudStack before 4.11 has no StorPool driver that takes such snapshots.
  - As long as a VM has such snapshots, CloudStack reverts no single volume of it.
seealso:
  - module: storpool.cloudstack.cloudstack_vm_revert
  - module: storpool.cloudstack.cloudstack_volume_snapshot
"""

EXAMPLES = r"""
- name: All disks of a VM, before it is changed
  storpool.cloudstack.cloudstack_vm_snapshot:
    name: before-upgrade
    description: before version 8
    vm: db-1
    zone: zone1

- name: It is not needed any more
  storpool.cloudstack.cloudstack_vm_snapshot:
    name: before-upgrade
    vm: db-1
    state: absent
"""

RETURN = r"""
snapshot:
  description: The snapshot as it is now, or in check mode as it would be. V(null) if it is not there.
  returned: success
  type: dict
  sample:
    id: b71028d8-18fa-49f3-83dc-fbe5995a7f1c
    name: i-2-23-VM_VS_20260131120000
    display_name: before-upgrade
    description: before version 8
    state: Ready
    vm_id: 27b1901a-f021-4ca5-8002-3235f346f33b
    current: true
    parent: null
    created: "2026-01-31T12:00:00+0000"
    tags: {}
  contains:
    id:
      description: Id of the snapshot, V(null) in check mode if it would be taken.
      type: str
      returned: success
    name:
      description: The name that CloudStack itself has given it, V(null) in check mode if it would be taken.
      type: str
      returned: success
    display_name:
      description: The name that the task gives it.
      type: str
      returned: success
    description:
      description: Its description, V(null) if it has none.
      type: str
      returned: success
    state:
      description: Its state, in CloudStack's words.
      type: str
      returned: success
    vm_id:
      description: Id of the VM.
      type: str
      returned: success
    current:
      description: Whether it is the last one that was taken of the VM, or that the VM was reverted to.
      type: bool
      returned: success
    parent:
      description: Id of the snapshot that was current when it was taken.
      type: str
      returned: success
    created:
      description: When it was taken.
      type: str
      returned: success
    tags:
      description: CloudStack's tags of the snapshot.
      type: dict
      returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - take snapshot 'before-upgrade' of VM 'db-1', of its disks 'ROOT-23' and 'db-1-data' at one moment
error:
  description: What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr),
    C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_allowed
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST createVMSnapshot
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_managed
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.vm_snapshot.vm_snapshot import VM_SNAPSHOT


def main() -> None:
    run_managed(VM_SNAPSHOT)


if __name__ == "__main__":
    main()
