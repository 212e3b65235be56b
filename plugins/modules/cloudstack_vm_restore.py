# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_vm_restore
short_description: Bring a VM back to a backup of all its disks
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Brings the disks of a VM back to what they held when a backup was made, or those of another VM that takes its place (O(onto)), as when the VM was removed.
  - Everything is looked at before anything is done. Is every disk in the backup, can each snapshot be had, is no disk too small, may the VM be stopped. Then
    snapshots of other locations are brought here, the VM is stopped, all its disks are kept as they are at one moment (safety snapshots), detached, and
    reverted; the VM is started if it ran, and what was only for the way is deleted.
  - If StorPool refuses to revert one of the disks, or the backup is deleted meanwhile, all go back to what they were, and the VM runs again if it did.
  - If more than 10 seconds have passed when the VM was stopped, its disks are looked at once more. If it has others by then, none is touched.
  - Whatever ends a run in the middle, another run of the same task brings it to its end. What was done is read from the tags of the safety snapshots and from
    the parents of the disks, so no disk is reverted twice, and none is left behind.
  - Limits and tags of the disks on StorPool, their sizes, and what CloudStack knows of them, are as before.
notes:
  - The safety snapshots stay, and are called RV(safety_snapshots). As long as they are there, the VM is not restored to the same backup once more. Delete them
    with M(storpool.cloudstack.storpool_snapshot) when they are no longer needed.
  - A task with O(backup=latest) goes on with a restore that a run before has begun, though there may be a newer backup by then.
  - Two restores of one VM are never mixed. A task to another backup than that of a restore that has begun changes nothing, and says so.
  - A task to the same backup goes on with what has begun, as it cannot know whether another one is still at it. So start a second one only when the first has
    ended; one that was only held up may revert a disk once more after the other has started the VM.
  - The first thing that a restore writes is a snapshot C(vm-restore.<id of the VM>.<number>), which is deleted last. It is what keeps others away.
  - A snapshot of another location can be used before all its data is here. Until then the VM reads over the bridge between the locations.
  - Backups are crash-consistent, as if the power of the VM had failed. Databases and file systems recover as they do then.
  - The VM must not be started by anybody else meanwhile. If it is, the disks are left as they are, and the error says what to do.
  - With O(source=volumecare), the task runs a program of VolumeCare's, so it has to run as root on a host of the StorPool cluster, unless it is given what
    the program has answered (O(volumecare_status)).
options:
  vm:
    description:
      - The VM whose backup is wanted, by name, display name or id. Of one that was removed, its id (M(storpool.cloudstack.cloudstack_vm_backup_info) lists it).
    type: str
    required: true
  zone:
    description:
      - The zone of O(vm) and O(onto), by name or id. Needed only if VMs of several zones have the name.
    type: str
  source:
    description:
      - V(volumecare) takes the backups that StorPool's service VolumeCare has made.
      - V(tags) takes snapshots that have the tag C(cvm) with the id of the VM, here and at the locations that export snapshots to this cluster, as StorPool's
        own backup calls make them if they are given that tag. Which volume a snapshot is of tells its tag C(uuid), else the volume that it was taken of.
        Snapshots that CloudStack itself has taken are not among them.
    type: str
    required: true
    choices: [volumecare, tags]
  backup:
    description:
      - The id of the backup, as M(storpool.cloudstack.cloudstack_vm_backup_info) shows it, or V(latest) for the newest one.
      - If the newest cannot be restored, the task fails, and says which one is the newest that can. It never takes an older one by itself.
    type: str
    default: latest
  before:
    description:
      - With O(backup=latest), the newest backup that was made before this moment. A unix time, or ISO 8601 such as V(2026-01-31T12:00:00Z).
    type: str
  max_age:
    description:
      - Fail if the backup is older than this. Seconds, or a number with C(s), C(m), C(h), C(d) or C(w).
    type: str
  onto:
    description:
      - Restore onto this VM in place of O(vm), by name, display name or id. It has to be there already, with disks that are large enough.
      - Root disk goes to root disk, and data disks by their device ids, else by their names. If CloudStack no longer knows what the disks were, or neither
        fits, O(disks) has to say it.
    type: str
  disks:
    description:
      - Which disk of the backup goes to which disk of the VM. Disks that are not named stay as they are.
      - Without it, all disks are restored, and backup and VM need to have the same.
    type: list
    elements: dict
    suboptions:
      from:
        description:
          - CloudStack's id of the volume that was backed up, or its name if CloudStack still has it.
        type: str
        required: true
      to:
        description:
          - Name or id of the volume to restore it to.
        type: str
        required: true
  stop_vm:
    description:
      - Allow the task to stop the VM, by force. Without it, the task refuses to restore a VM that runs.
    type: bool
    default: false
  start:
    description:
      - Whether to start the VM afterwards. If it is left out, it is started if it ran.
    type: bool
  wait_timeout:
    description:
      - How many seconds the task may take in all.
    type: int
    default: 3600
extends_documentation_fragment:
  - storpool.cloudstack._storpool.volumecare
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._storpool
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.both
seealso:
  - module: storpool.cloudstack.cloudstack_vm_backup_info
  - module: storpool.cloudstack.cloudstack_vm_revert
"""

EXAMPLES = r"""
- name: See which backups there are
  storpool.cloudstack.cloudstack_vm_backup_info:
    vm: [db-1]
    source: tags
  register: found

# With --check, it says what would be done, and how old the data would be
- name: Bring a VM back to one of them, if that is not older than a day
  storpool.cloudstack.cloudstack_vm_restore:
    vm: db-1
    source: tags
    backup: "{{ found.vms[0].backups[0].id }}"
    max_age: 1d
    stop_vm: true
"""

RETURN = r"""
vm:
  description: The VM whose disks were restored.
  returned: success
  type: dict
  sample:
    id: 27b1901a-f021-4ca5-8002-3235f346f33b
    name: db-1
    state: Running
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
backup:
  description: The backup.
  returned: success
  type: dict
  sample:
    id: 1769860800.abcd.c
    created: "2026-01-31T12:00:00Z"
    age: 3600
    location: abcd.c
    usable: true
    problem: null
  contains:
    id:
      description: What O(backup) calls it.
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
disks:
  description: The disks that were restored. Empty if they had been before.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: CloudStack's id of the volume.
      type: str
      returned: success
    name:
      description: Its name.
      type: str
      returned: success
    from_volume_id:
      description: CloudStack's id of the volume that was backed up.
      type: str
      returned: success
    snapshot:
      description: Global id of the snapshot that it was reverted to.
      type: str
      returned: success
safety_snapshots:
  description: Names of the StorPool snapshots that hold what the disks held before.
  returned: success
  type: list
  elements: str
  sample:
    - vm-restore.27b1901a-f021-4ca5-8002-3235f346f33b.1.0
actions:
  description:
    - What was done, or in check mode would be done, in words.
    - Whether StorPool's revert changes limits and tags of a disk shows only when it was done. If it does, the run has one more action, which gives back
      those that the disk had.
  returned: success
  type: list
  elements: str
  sample:
    - stop VM 'db-1'
    - take safety snapshots of the disks 'ROOT-23' and 'db-1-data' of VM 'db-1' as they are now
error:
  description: What kind of failure it was (C(kind)), and where an API gave an error, its C(name), C(descr), C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_allowed
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST VolumeRevert/~abcd.b.x1
"""

import typing as t

from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.reading import Sides
from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.run import RESTORE, restore, want
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import named, other_half
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader as Cloud
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.waiting import Worker
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.options import (
    CONNECTION as TO_CLOUDSTACK,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import open_api
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.volume.states import VM_PASSING, SettledVm
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.run import aside, finish
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import volumecare
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader as Cluster
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import keys_of
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.times import duration, moment
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import (
    CONNECTION as TO_STORPOOL,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects import policy
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect as connect_to_storpool


def main() -> None:
    options = dict(RESTORE["argument_spec"], **dict(TO_CLOUDSTACK, **TO_STORPOOL))
    module = Module(dict(RESTORE, argument_spec=options))
    params = module.params

    def work() -> t.Mapping[str, t.Any]:
        wanted = want(params, duration, moment)
        time_left = TimeLeft(wanted.wait_timeout)
        storpool, api = connect_to_storpool(module, time_left=time_left), open_api(module, time_left)
        cloud = Cloud(api)
        sides = Sides(
            cloud,
            Cluster(storpool),
            lambda *asked: named.the_vm(cloud, *asked),
            other_half.reference,
            keys_of,
            lambda thing, like: policy.changes(thing, policy.settings_of(like)),
            volumecare.teller(params),
            settles=lambda vm: SettledVm(str(vm["id"])) if vm.get("state") in VM_PASSING else None,
        )
        worker = Worker(api, cloud, time_left=time_left)
        result = restore(
            sides, wanted, worker.apply, storpool.apply, storpool.endpoint.retries, module.check_mode, time_left
        )
        return aside(module, result)

    finish(module, work)


if __name__ == "__main__":
    main()
