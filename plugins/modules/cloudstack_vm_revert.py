# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_vm_revert
short_description: Revert all disks of a CloudStack VM to a snapshot
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Has CloudStack give all disks of a VM the contents that they had when a snapshot of the VM was taken (M(storpool.cloudstack.cloudstack_vm_snapshot)). What
    has been written to them since is lost, unless O(safety_snapshot) keeps it.
  - The VM has to be stopped. A snapshot that holds memory as well is refused, since StorPool's have none.
  - Some releases of StorPool give a reverted volume the limits and tags of the snapshot, and CloudStack does not put that right. Where the module knows where
    StorPool is, it compares them before and after, and warns.
options:
  vm:
    description:
      - Name, display name or id of the VM.
    type: str
    required: true
  snapshot:
    description:
      - Name or id of the snapshot. It has to be one of this VM.
    type: str
    required: true
  zone:
    description:
      - Name or id of the zone. Without it, VMs of all zones are looked at.
    type: str
  safety_snapshot:
    description:
      - The name of a snapshot that is taken of the VM first, so that the present contents of its disks are kept.
      - If a run of the task took it and reverted the VM to O(snapshot) after that, nothing is done. So choose a new name for every revert that you mean.
      - A run that was ended on the way is gone on with. Unless CloudStack shows that nothing was written to its disks since, another snapshot of that name is
        taken first, so that nothing is lost; CloudStack shows it of a stopped VM from 4.16 on.
      - The task fails if there is a snapshot of that name that no run of it took, since nothing shows what that holds.
    type: str
  wait_timeout:
    description:
      - How many seconds the whole task may take, with CloudStack's jobs, its waits and whatever has to be tried again.
    type: int
    default: 1800
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._storpool.beside
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.both
  - storpool.cloudstack._attributes.direct
attributes:
  idempotent:
    support: partial
    details:
      - With O(safety_snapshot), a second run finds that snapshot and changes nothing.
      - Without it every run reverts the VM, since nothing in CloudStack shows whether it was reverted before.
seealso:
  - module: storpool.cloudstack.cloudstack_vm_snapshot
  - module: storpool.cloudstack.cloudstack_volume_revert
"""

EXAMPLES = r"""
- name: Take a snapshot of all disks
  storpool.cloudstack.cloudstack_vm_snapshot:
    name: before-upgrade
    vm: db-1
    zone: zone1

- name: Back to it
  storpool.cloudstack.cloudstack_vm_revert:
    vm: db-1
    snapshot: before-upgrade
    zone: zone1
  register: reverted

- name: What is lost
  ansible.builtin.debug:
    var: reverted.lost
"""

RETURN = r"""
vm:
  description: The VM.
  returned: success
  type: dict
  sample:
    id: 27b1901a-f021-4ca5-8002-3235f346f33b
    name: db-1
    state: Stopped
  contains:
    id:
      description: Id of the VM.
      type: str
      returned: success
    name:
      description: Name of the VM.
      type: str
      returned: success
    state:
      description: Its state, in CloudStack's words.
      type: str
      returned: success
snapshot:
  description: The snapshot that the VM was reverted to.
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
      description: Id of the snapshot.
      type: str
      returned: success
    name:
      description: The name that CloudStack itself has given it.
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
safety_snapshot:
  description: The snapshot that was taken first, V(null) if O(safety_snapshot) was not given. As RV(snapshot).
  returned: success
  type: dict
  sample:
    id: 0275d2b7-8ab3-4370-a321-19661d852603
    display_name: before-revert
lost:
  description: What is lost for good, in words. Empty if a safety snapshot keeps it.
  returned: success
  type: list
  elements: str
  sample:
    - "VM 'db-1' is reverted to snapshot 'before-upgrade' of VM 'db-1': what was written to its disks 'ROOT-23' and 'db-1-data' since is lost
      (no safety_snapshot)."
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - revert VM 'db-1' to snapshot 'before-upgrade' of VM 'db-1' of 2026-01-31T12:00:00+0000
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
  sample: POST revertToVMSnapshot
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import StorPool
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_verb
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.vm_snapshot.revert import REVERT
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import halves
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import CONNECTION
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect


def ask_storpool(module: Module, time_left: TimeLeft) -> StorPool:
    """The StorPool side of this module: the limits and tags of volumes, before and after."""
    return StorPool(
        lambda _name: 0,
        lambda _name: None,
        volumes=lambda references: halves.of_volumes(Reader(connect(module, time_left=time_left)), references),
    )


def main() -> None:
    run_verb(REVERT, CONNECTION, ask_storpool)


if __name__ == "__main__":
    main()
