# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_snapshot_info
short_description: Get CloudStack's snapshots of volumes, each with what StorPool has of it, and those of VMs
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Returns the snapshots of all accounts and projects that meet all the given conditions, or all of them. They are read page by page, and never one by one.
  - CloudStack does not tell where a snapshot is on StorPool. With O(storpool=true), StorPool does, by the tags that the StorPool driver sets.
options:
  kind:
    description:
      - Whether to return snapshots of volumes, or those of VMs, which are of all disks of a VM at one moment.
    type: str
    choices: [volume, vm]
    default: volume
  name:
    description:
      - Only snapshots whose names, or for those of VMs display names, are these, or match them as shell patterns (V(*), V(?), V([abc])).
      - Names are compared whole, with case.
    type: list
    elements: str
  id:
    description:
      - Only snapshots with these ids. With a single one, CloudStack is asked for nothing else.
    type: list
    elements: str
  zone:
    description:
      - Only snapshots of the zone with this name or id.
    type: str
  account:
    description:
      - Only snapshots of the account with this name. What belongs to a project belongs to no account.
    type: str
  domain:
    description:
      - Only snapshots of the domain with this name or id. Several domains may have one name.
    type: str
  project:
    description:
      - Only snapshots of the project with this name or id.
    type: str
  state:
    description:
      - Only snapshots in one of these states, in CloudStack's words, such as V(BackedUp) or V(Error), and for those of VMs V(Ready). Case plays no role.
    type: list
    elements: str
  tags:
    description:
      - Only snapshots that have all these tags, each with this value.
    type: dict
  volume:
    description:
      - Only snapshots of the volume with this name or id. Not for those of VMs.
    type: str
  vm:
    description:
      - Only snapshots of the VM with this name, display name or id. Only for those of VMs.
    type: str
  type:
    description:
      - Only snapshots of these types, in CloudStack's words, which are V(MANUAL), V(HOURLY), V(DAILY), V(WEEKLY), V(MONTHLY). Not for those of VMs.
    type: list
    elements: str
  storpool:
    description:
      - Return also what StorPool has of each snapshot, which is its global id, template, limits, size, tags, and the clients that it is attached to.
      - StorPool is asked for two lists then, however many there are. Its connection is looked for as the modules of StorPool do.
    type: bool
    default: false
attributes:
  action_group:
    description: Use C(group/storpool.cloudstack.cloudstack) and C(group/storpool.cloudstack.storpool) in C(module_defaults) to set both connections once.
    support: full
    membership:
      - storpool.cloudstack.cloudstack
      - storpool.cloudstack.storpool
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._storpool
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.cloudstack_volume_info
  - module: storpool.cloudstack.cloudstack_vm_info
  - module: storpool.cloudstack.storpool_snapshot_info
"""

EXAMPLES = r"""
- name: The snapshots of one volume, and what StorPool has of them
  storpool.cloudstack.cloudstack_snapshot_info:
    volume: db-1-data
    storpool: true

- name: Manual snapshots that failed
  storpool.cloudstack.cloudstack_snapshot_info:
    type:
      - MANUAL
    state:
      - Error

- name: The snapshots of a whole VM
  storpool.cloudstack.cloudstack_snapshot_info:
    kind: vm
    vm: web-1
"""

RETURN = r"""
snapshots:
  description: The snapshots of volumes, by zone and name.
  returned: if O(kind=volume)
  type: list
  elements: dict
  sample:
    - id: 7dd416ce-cb46-4b90-af45-f6c54461a2b0
      name: s1
      state: BackedUp
      volume:
        id: 7cecd2a8-7341-43e3-b95d-b521d1decd55
        name: data1
      zone: zone1
      zone_id: 83ae93d2-4e9b-4766-8374-f5638f35bc66
      account: admin
      domain: ROOT
      project: null
      created: "2026-01-31T12:00:00+0000"
      size: 10737418240
      type: MANUAL
      revertable: true
      tags: {}
      storpool:
        name: null
        global_id: abcd.b.12
        size: 10737418240
        template: hybrid
        iops: 5000
        bw: null
        limit_type: total
        tags:
          cs: snapshot
          uuid: 7dd416ce-cb46-4b90-af45-f6c54461a2b0
        clients: []
  contains:
    id:
      description: Id of the snapshot.
      type: str
      returned: success
    name:
      description: Name of the snapshot. Several may have one name.
      type: str
      returned: success
    state:
      description:
        - State of the snapshot in CloudStack's words.
        - CloudStack 4.19 and 4.20.0 list deleted ones as long as their copy on secondary storage is there.
      type: str
      returned: success
    volume:
      description: The volume that it is of.
      type: dict
      returned: success
      contains:
        id:
          description: Id of the volume.
          type: str
          returned: success
        name:
          description: Name of the volume.
          type: str
          returned: success
    zone:
      description: Name of its zone.
      type: str
      returned: success
    zone_id:
      description: Id of its zone.
      type: str
      returned: success
    account:
      description: The account that it belongs to, V(null) if it belongs to a project.
      type: str
      returned: success
    domain:
      description: Name of the domain.
      type: str
      returned: success
    project:
      description: The project that it belongs to, V(null) if it belongs to an account.
      type: str
      returned: success
    created:
      description: When it was created.
      type: str
      returned: success
    size:
      description: Size of the volume in bytes when the snapshot was made, V(null) where CloudStack does not tell.
      type: int
      returned: success
    type:
      description: Who made it, V(MANUAL) or by which schedule.
      type: str
      returned: success
    revertable:
      description: Whether CloudStack says that the volume can be brought back to it.
      type: bool
      returned: success
    tags:
      description: Tags that it has in CloudStack.
      type: dict
      returned: success
    storpool:
      description:
        - What StorPool has of the snapshot, V(null) if that was not asked (O(storpool)), or if StorPool has nothing of it.
      type: dict
      returned: success
      contains:
        name:
          description: Its name on StorPool, V(null) if it has none.
          type: str
          returned: success
        global_id:
          description: Its global id, without C(~).
          type: str
          returned: success
        size:
          description: Size in bytes.
          type: int
          returned: success
        template:
          description: The StorPool template, V(null) if it has none.
          type: str
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
          description: Whether the limits are for the whole (V(total)) or for each GiB of it (V(perGiB)).
          type: str
          returned: success
        tags:
          description: Tags on StorPool. The StorPool driver of CloudStack sets them.
          type: dict
          returned: success
        clients:
          description: Where it is attached, by client.
          type: list
          elements: dict
          returned: success
          contains:
            client:
              description: The id of the client.
              type: int
              returned: success
            rights:
              description: V(rw) or V(ro).
              type: str
              returned: success
            device:
              description: The block device on the client.
              type: str
              returned: success
vm_snapshots:
  description: The snapshots of VMs, by name.
  returned: if O(kind=vm)
  type: list
  elements: dict
  sample:
    - id: 0f4f7c1e-8a0c-4b58-9d9c-4b6f0a5d1c77
      name: i-2-23-VM_VS_20260131120000
      display_name: before-upgrade
      description: null
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
      description: Name of the snapshot, which CloudStack makes.
      type: str
      returned: success
    display_name:
      description: The name that people gave it.
      type: str
      returned: success
    description:
      description: What people say of it.
      type: str
      returned: success
    state:
      description: State of the snapshot in CloudStack's words.
      type: str
      returned: success
    vm_id:
      description: Id of the VM.
      type: str
      returned: success
    current:
      description: Whether it is the one that the VM was brought to last.
      type: bool
      returned: success
    parent:
      description: Id of the snapshot before it, V(null) if there is none.
      type: str
      returned: success
    created:
      description: When it was created.
      type: str
      returned: success
    tags:
      description: Tags that it has in CloudStack.
      type: dict
      returned: success
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr), C(transient)
      and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: unauthorized
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST listSnapshots
"""

import typing as t

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.info.snapshots import (
    SPEC_SNAPSHOTS,
    snapshots,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_info
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import NotConfigured
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import CONNECTION
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import halves
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect, reader_of


def ask_storpool(module: Module, time_left: TimeLeft) -> t.Callable[[], t.Dict[str, halves.Half]]:
    """What reads what StorPool has of the snapshots, when it is wanted."""

    def ask() -> t.Dict[str, halves.Half]:
        try:
            reader = reader_of(module, connect(module, time_left=time_left))
        except NotConfigured as failure:
            raise failure.while_doing("look on StorPool for what it has of the snapshots (storpool)") from None
        return halves.snapshots(reader)

    return ask


def main() -> None:
    run_info(SPEC_SNAPSHOTS, snapshots, CONNECTION, ask_storpool)


if __name__ == "__main__":
    main()
