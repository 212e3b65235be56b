# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_volume_restore
short_description: One disk of a backup as a new volume on another VM
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Makes a new volume that holds what a disk of a VM held when a backup was made, and attaches it to another VM, where files can be taken out of it. The VM
    that was backed up stays as it is; it may run, and it may be gone.
  - Everything is looked at before anything is done. Is the disk in the backup, can its snapshot be had, does the disk offering go to StorPool with that size.
    Then the volume is made in CloudStack, for the owner of O(onto), and attached and detached once, which gives it its half on StorPool. That is reverted to
    the snapshot while nobody has it, and the volume is attached.
  - Nothing that is not complete stays attached. Whatever ends a run in the middle, another run of the same task brings it to its end, with the same volume.
    CloudStack's tags on it (C(volume-restore) and others) tell what it is for and how far it is.
  - Once the volume was attached with its data, it is never reverted again, since somebody may have written to it.
  - With O(state=absent), the volume is detached and expunged, if it is one that this module has made.
notes:
  - While it is made, the volume is attached to O(onto) for a moment when it is still empty. Do not write to it then; the task refuses to go on if somebody has.
  - Of two tasks that make a volume of one name at the same moment, one gives its own up and waits for the other. A task that begins when the volume is there
    takes it for what a run that was killed has left, and goes on with it; so do not run it while another one is at work on that name.
  - A snapshot of another location can be used before all its data is here. Until then O(onto) reads over the bridge between the locations.
  - Backups are crash-consistent. File systems recover when they are mounted; one that is to stay as it is has to be mounted read-only, without its journal.
  - A root disk becomes a data disk. Its file systems have the names and ids of the original, which matters if it is attached beside that.
  - With O(source=volumecare), the task runs a program of VolumeCare's, so it has to run as root on a host of the StorPool cluster, unless it is given what
    the program has answered (O(volumecare_status)).
options:
  state:
    description:
      - Whether the volume shall exist.
      - With V(absent), only O(onto), and O(name) or what its default is made of, are looked at. So the same task with V(absent) removes what it has made.
    type: str
    choices: [present, absent]
    default: present
  vm:
    description:
      - The VM whose backup is wanted, by name, display name or id. Of one that was removed, its id (M(storpool.cloudstack.cloudstack_vm_backup_info) lists it).
      - Needed with O(state=present).
    type: str
  zone:
    description:
      - The zone of O(vm) and O(onto), by name or id. Needed only if VMs of several zones have the name.
    type: str
  source:
    description:
      - V(volumecare) takes the backups that StorPool's service VolumeCare has made.
      - V(tags) takes snapshots that have the tag C(cvm) with the id of the VM, here and at the locations that export snapshots to this cluster, as for
        M(storpool.cloudstack.cloudstack_vm_restore).
      - Needed with O(state=present).
    type: str
    choices: [volumecare, tags]
  disk:
    description:
      - Which disk of the backup. CloudStack's id of the volume that was backed up, or its name if CloudStack still has it.
      - Needed with O(state=present).
    type: str
  onto:
    description:
      - The VM that gets the volume, by name, display name or id. It may run or be stopped, but must have been started once, and must have no VM snapshots.
    type: str
    required: true
  name:
    description:
      - The name of the new volume. Without it, C(restored-) and the id of the disk.
      - A second run finds the volume by its name among those of the owner of O(onto). If that is one which this module has not made, it is left alone, and
        the task fails.
    type: str
  disk_offering:
    description:
      - Name or id of the disk offering of a new volume. It has to leave the size to the user, and all pools that CloudStack could choose by its storage tags
        have to be StorPool's. If it does not fit, the error says which do.
      - Needed with O(state=present). It plays no role once the volume is there.
    type: str
  backup:
    description:
      - The id of the backup, as M(storpool.cloudstack.cloudstack_vm_backup_info) shows it, or V(latest) for the newest one.
      - If the newest cannot be used for this disk, the task fails, and says which one is the newest that can. It never takes an older one by itself.
      - With V(latest), a volume that is there is left as it is, and a warning says if there is a newer backup by now.
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
  - module: storpool.cloudstack.cloudstack_vm_restore
  - module: storpool.cloudstack.cloudstack_volume
"""

EXAMPLES = r"""
- name: See which backups there are
  storpool.cloudstack.cloudstack_vm_backup_info:
    vm: [db-1]
    source: tags
  register: found

# With --check, it says what would be done, and how old the data would be
- name: Have a disk of the newest one on another VM, if that is not older than a day
  storpool.cloudstack.cloudstack_volume_restore:
    vm: db-1
    source: tags
    disk: "{{ found.vms[0].backups[0].disks[0].volume_id }}"
    max_age: 1d
    onto: rescue
    name: db-1-data-yesterday
    disk_offering: custom

- name: Remove it when the files were taken out
  storpool.cloudstack.cloudstack_volume_restore:
    onto: rescue
    name: db-1-data-yesterday
    state: absent
"""

RETURN = r"""
volume:
  description: The volume as it is now, or in check mode as it would be. V(null) if it does not exist.
  returned: success
  type: dict
  sample:
    id: 7cecd2a8-7341-43e3-b95d-b521d1decd55
    name: db-1-data-yesterday
    type: DATADISK
    state: Ready
    size: 128849018880
    zone: zone1
    zone_id: 83ae93d2-4e9b-4766-8374-f5638f35bc66
    account: admin
    domain: ROOT
    project: null
    vm:
      id: 3f1c7d0e-94f4-4e0c-8f0f-1d5c3a5ad0a1
      name: rescue
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
    tags: {volume-restore: 1769860800.abcd.c}
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
backup:
  description: The backup that the volume holds a disk of, V(null) with O(state=absent).
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
disk:
  description: What the volume holds, V(null) with O(state=absent).
  returned: success
  type: dict
  sample:
    volume_id: 0b1c6c3e-53a1-4ad4-8f0e-3b1d6f0e6d1a
    snapshot: abcd.b.nqh
  contains:
    volume_id:
      description: CloudStack's id of the volume that was backed up.
      type: str
      returned: success
    snapshot:
      description: Global id of the snapshot that the volume was reverted to.
      type: str
      returned: success
actions:
  description:
    - What was done, or in check mode would be done, in words.
    - Whether StorPool's revert changes limits and tags of a volume shows only when it was done. If it does, the run has one more action, which gives back
      those that the volume had.
  returned: success
  type: list
  elements: str
  sample:
    - create volume 'db-1-data-yesterday' of 10 GiB with the disk offering 'custom'
    - note that volume 'db-1-data-yesterday' holds what it is for
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
from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.volume_run import (
    VOLUME_RESTORE,
    Desk,
    VolumeRun,
    restore_volume,
    want,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import named, other_half
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader as Cloud
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.waiting import Worker
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.options import (
    CONNECTION as TO_CLOUDSTACK,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import open_api
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.volume import fitting, volume
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Plan
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
    options = dict(VOLUME_RESTORE["argument_spec"], **dict(TO_CLOUDSTACK, **TO_STORPOOL))
    module = Module(dict(VOLUME_RESTORE, argument_spec=options))
    params = module.params

    def work() -> t.Mapping[str, t.Any]:
        wanted = want(params, duration, moment)
        time_left = TimeLeft(wanted.wait_timeout)
        storpool, api = connect_to_storpool(module, time_left=time_left), open_api(module, time_left)
        cloud = Cloud(api)
        defaults = {key: each.get("default") for key, each in volume.SPEC["argument_spec"].items()}

        def plan_of(more: t.Mapping[str, t.Any], row: t.Optional[t.Dict[str, t.Any]]) -> t.Callable[[], Plan]:
            of_volume = volume.want(dict(defaults, wait_timeout=wanted.wait_timeout, **more))
            current = volume.look(cloud, of_volume, row)
            return lambda: volume.plan(current, of_volume)

        sides = Sides(
            cloud,
            Cluster(storpool),
            lambda *asked: named.the_vm(cloud, *asked),
            other_half.reference,
            keys_of,
            lambda thing, like: policy.changes(thing, policy.settings_of(like)),
            volumecare.teller(params),
            lambda zone: named.zone_id(cloud, zone),
        )
        desk = Desk(plan_of, lambda offering, vm, gib: fitting.check_offering(cloud, offering, vm, gib))
        run = VolumeRun(sides, desk, wanted, Worker(api, cloud, time_left=time_left).apply, storpool.apply)
        result = restore_volume(run, storpool.endpoint.retries, module.check_mode, time_left)
        return aside(module, result)

    finish(module, work)


if __name__ == "__main__":
    main()
