# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_volume
short_description: Manage CloudStack's volumes, attach them, and move them between pools
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Creates data volumes, empty or from a volume snapshot, grows them, changes their disk offering, attaches them to VMs, moves them to other primary storage
    pools, and removes them.
  - It works on CloudStack's half of a volume, and CloudStack works on StorPool's. Changes that are made on StorPool alone
    (M(storpool.cloudstack.storpool_volume)) leave CloudStack's half wrong.
  - What works on the volume already, such as a job of somebody else or one of a run that was interrupted, is waited for, and not started twice.
  - Root disks can be resized, moved, and changed to another disk offering. All else is refused, since they belong to their VM.
  - What the task does not name is left as it is.
options:
  state:
    description:
      - Whether the volume shall exist.
      - A volume that is attached is not removed, unless O(vm) is an empty text, which says that it may be detached. Root disks are never removed.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the volume. CloudStack lets several have one name; the task fails if more than one is meant, and says which ids they have.
      - With O(id), the name that the volume shall have, which CloudStack 4.16 and newer can change.
    type: str
  id:
    description:
      - The id of the volume in CloudStack. With it, a volume that was destroyed and is not expunged yet is recovered by O(state=present).
    type: str
  account:
    description:
      - The account that the volume belongs to. Without one, a new volume belongs to the account whose key is used, and volumes of all accounts are looked for.
    type: str
  domain:
    description:
      - Id, path (V(ROOT/sales)) or name of the domain of the account, or of that of the volume.
    type: str
  project:
    description:
      - Id or name of the project that the volume belongs to.
    type: str
  zone:
    description:
      - Name or id of the zone. A new volume needs it, unless it is that of O(snapshot) or O(vm).
    type: str
  disk_offering:
    description:
      - Name or id of the disk offering. A new volume needs it, unless it is made from a snapshot.
      - An existing volume is changed to it, which may change its size and its limits. From CloudStack 4.17 on its pool has to have the storage tags of the
        offering, before that they have to be those of its former offering.
    type: str
  size:
    description:
      - Size of the volume, for instance V(100GiB). Units are powers of 1024, and CloudStack counts in whole GiB.
      - A volume that is attached to a running VM grows while that runs. CloudStack says that this went well even if the guest could not be told, so a
        warning says to look.
      - A volume whose disk offering has one size can have another from CloudStack 4.17 on.
    type: str
  allow_shrink:
    description:
      - Allow a volume to become smaller, by O(size) or O(disk_offering). What is beyond the new size is lost. Its VM must not run.
    type: bool
    default: false
  min_iops:
    description:
      - The lower limit, for disk offerings that leave the limits to the user. StorPool has no such limit; CloudStack keeps it beside the upper one.
    type: int
  max_iops:
    description:
      - How many operations a second the volume may do, for disk offerings that leave the limits to the user.
    type: int
  vm:
    description:
      - Name or id of the VM that the volume shall be attached to. An empty text detaches it from whatever VM it is attached to.
      - It is not taken from another VM that is running. Detach it in a task of its own first.
    type: str
  device_id:
    description:
      - The number of the device that the volume shall be in the VM. CloudStack chooses one if it is left out.
    type: int
  storage_pool:
    description:
      - Name or id of the primary storage pool that the volume shall be on. It has to be Up, and to have the storage tags of the disk offering.
      - A new volume is on no pool before it is attached for the first time, and CloudStack chooses one then. It is moved afterwards if that is another.
      - The volume of a running VM is moved while that runs, from CloudStack 4.18 on and between StorPool pools only.
      - Together with O(disk_offering), the volume gets the offering on the way, if the former one does not go with the pool.
    type: str
  snapshot:
    description:
      - Name or id of the volume snapshot that a new volume is made from. It plays no role for a volume that exists, since CloudStack does not tell what
        a volume was made from.
    type: str
  expunge:
    description:
      - Remove the volume for good, also one that was destroyed before. Else CloudStack destroys it, keeps it for a while, and expunges it later.
      - CloudStack before 4.14 keeps nothing, and needs this to remove a volume that has data.
    type: bool
    default: false
  allow_vm_migration:
    description:
      - Allow to migrate a VM that runs to another host, where its disks get from a pool of another kind to one of StorPool only together with it. CloudStack
        then copies the disks while the VM goes to a host that it finds suitable.
      - From CloudStack 4.18 on. All disks of the VM have to be on StorPool afterwards, and it must have no VM snapshots.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds the whole task may take, with CloudStack's jobs, its waits and whatever has to be tried again.
    type: int
    default: 3600
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.cloudstack
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.cloudstack_disk_offering
  - module: storpool.cloudstack.cloudstack_storpool_pool
  - module: storpool.cloudstack.cloudstack_volume_download
"""

EXAMPLES = r"""
- name: A volume of 100 GiB
  storpool.cloudstack.cloudstack_volume:
    name: db-1-log
    zone: zone1
    disk_offering: custom
    size: 100GiB

- name: Attach it, and let it grow
  storpool.cloudstack.cloudstack_volume:
    name: db-1-log
    vm: db-1
    size: 120GiB

- name: Move it to another pool while its VM runs
  storpool.cloudstack.cloudstack_volume:
    name: db-1-log
    storage_pool: sp-ssd

- name: A volume with what a snapshot holds
  storpool.cloudstack.cloudstack_volume:
    name: db-1-yesterday
    zone: zone1
    snapshot: db-1-nightly

- name: Detach a volume
  storpool.cloudstack.cloudstack_volume:
    name: db-1-log
    vm: ""

- name: Remove a volume for good
  storpool.cloudstack.cloudstack_volume:
    name: db-1-log
    state: absent
    expunge: true
"""

RETURN = r"""
volume:
  description: The volume as it is now, or in check mode as it would be. V(null) if it does not exist, or was destroyed.
  returned: success
  type: dict
  sample:
    id: 7cecd2a8-7341-43e3-b95d-b521d1decd55
    name: db-1-log
    type: DATADISK
    state: Ready
    size: 128849018880
    zone: zone1
    zone_id: 83ae93d2-4e9b-4766-8374-f5638f35bc66
    account: admin
    domain: ROOT
    project: null
    vm:
      id: 27b1901a-f021-4ca5-8002-3235f346f33b
      name: db-1
      state: Running
    device_id: 1
    pool:
      id: hybrid;734df583-34ca-43e4-ab9a-f3090a30d2a2
      name: sp-hybrid
    disk_offering:
      id: 9ac25b07-efc7-4041-9f59-f8f4b954da78
      name: custom
    min_iops: null
    max_iops: null
    path: /dev/storpool-byid/abc.b.xyz
    storpool_id: abc.b.xyz
    snapshot_id: null
    created: "2026-01-31T12:00:00+0000"
    tags: {}
  contains:
    id:
      description: Its id, V(null) in check mode if it would be created.
      type: str
      returned: success
    name:
      description: Its name.
      type: str
      returned: success
    type:
      description: V(DATADISK), or V(ROOT) for a root disk.
      type: str
      returned: success
    state:
      description: CloudStack's word for its state. A volume that is V(Allocated) was never attached, and is not on StorPool yet.
      type: str
      returned: success
    size:
      description: Its size in bytes.
      type: int
      returned: success
    zone:
      description: Name of the zone.
      type: str
      returned: success
    zone_id:
      description: Id of the zone.
      type: str
      returned: success
    account:
      description: The account that it belongs to, V(null) if it belongs to a project.
      type: str
      returned: success
    domain:
      description: Name of the domain that it belongs to.
      type: str
      returned: success
    project:
      description: The project that it belongs to.
      type: str
      returned: success
    vm:
      description: The VM that it is attached to, V(null) if to none.
      type: dict
      returned: success
      contains:
        id:
          description: Id of the VM.
          type: str
          returned: success
        name:
          description: Name that users see of it.
          type: str
          returned: success
        state:
          description: State of the VM.
          type: str
          returned: success
    device_id:
      description: Number of the device in the VM. V(null) in check mode if CloudStack would choose it.
      type: int
      returned: success
    pool:
      description: The primary storage pool that it is on, V(null) if on none yet.
      type: dict
      returned: success
      contains:
        id:
          description: Id of the pool.
          type: str
          returned: success
        name:
          description: Name of the pool.
          type: str
          returned: success
    disk_offering:
      description: Its disk offering, V(null) if it has none, as many root disks.
      type: dict
      returned: success
      contains:
        id:
          description: Id of the disk offering.
          type: str
          returned: success
        name:
          description: Name of the disk offering.
          type: str
          returned: success
    min_iops:
      description: The lower limit that CloudStack keeps.
      type: int
      returned: success
    max_iops:
      description: The upper limit, V(null) if CloudStack has none.
      type: int
      returned: success
    path:
      description: The path of its device on the hosts. V(null) before it is on a pool, and in check mode if it would get another.
      type: str
      returned: success
    storpool_id:
      description: What StorPool knows it by, its global id, or its name with the driver of CloudStack 4.8. V(null) if it is not on StorPool.
      type: str
      returned: success
    snapshot_id:
      description: Id of the snapshot that it was made from, where CloudStack tells.
      type: str
      returned: success
    created:
      description: When it was created.
      type: str
      returned: success
    tags:
      description: Its tags in CloudStack.
      type: dict
      returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - grow volume 'db-1-log' from 100 GiB to 120 GiB
    - attach volume 'db-1-log' to VM 'db-1'
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr), C(transient)
      and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_allowed
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST attachVolume
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_managed
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.volume.volume import VOLUME


def main() -> None:
    run_managed(VOLUME)


if __name__ == "__main__":
    main()
