# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_volume_info
short_description: Get CloudStack's volumes, each with what StorPool has of it
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Returns the volumes of all accounts and projects that meet all the given conditions, or all of them.
  - They are read page by page, and never one by one, however many there are. What is in a zone, or of a VM that is given
    by its id, CloudStack looks for itself.
  - Volumes that are destroyed are among them only if O(state) names their state, such as V(Destroy). Those of system VMs never are.
options:
  name:
    description:
      - Only volumes whose names are these, or match them as shell patterns (V(*), V(?), V([abc])). Names are compared whole, with case.
    type: list
    elements: str
  id:
    description:
      - Only volumes with these ids. With a single one, CloudStack is asked for nothing else.
    type: list
    elements: str
  zone:
    description:
      - Only volumes of the zone with this name or id.
    type: str
  account:
    description:
      - Only volumes of the account with this name. What belongs to a project belongs to no account.
    type: str
  domain:
    description:
      - Only volumes of the domain with this name or id. Several domains may have one name.
    type: str
  project:
    description:
      - Only volumes of the project with this name or id.
    type: str
  state:
    description:
      - Only volumes in one of these states, in CloudStack's words, such as V(Allocated), V(Ready), V(Migrating) or V(Destroy). Case plays no role.
    type: list
    elements: str
  tags:
    description:
      - Only volumes that have all these tags, each with this value.
    type: dict
  vm:
    description:
      - Only volumes of the VM with this name, display name or id.
    type: str
  pool:
    description:
      - Only volumes on the primary storage pool with this name or id.
    type: str
  disk_offering:
    description:
      - Only volumes of the disk offering with this name or id. ROOT volumes have one only where CloudStack tells it.
    type: str
  type:
    description:
      - Only volumes of this type.
    type: str
    choices: [ROOT, DATADISK]
  storpool:
    description:
      - Return also what StorPool has of each volume, which is its global id, template, limits, size, tags, and the clients that it is attached to.
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
  - module: storpool.cloudstack.cloudstack_snapshot_info
  - module: storpool.cloudstack.cloudstack_vm_info
  - module: storpool.cloudstack.storpool_volume_info
"""

EXAMPLES = r"""
- name: All volumes
  storpool.cloudstack.cloudstack_volume_info:

- name: The data volumes of one VM, and where StorPool has them attached
  storpool.cloudstack.cloudstack_volume_info:
    vm: web-1
    type: DATADISK
    storpool: true
  register: of_web

- name: Each of them is on StorPool, and attached nowhere or once
  ansible.builtin.assert:
    that: of_web.volumes | rejectattr('storpool') | length == 0 and of_web.volumes | selectattr('storpool.clients.1', 'defined') | length == 0

- name: What is on a pool, whosever it is
  storpool.cloudstack.cloudstack_volume_info:
    pool: sp-hybrid
    state:
      - Ready
"""

RETURN = r"""
volumes:
  description: The volumes, by zone and name.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 7cecd2a8-7341-43e3-b95d-b521d1decd55
      name: data1
      type: DATADISK
      state: Ready
      size: 10737418240
      zone: zone1
      zone_id: 83ae93d2-4e9b-4766-8374-f5638f35bc66
      account: admin
      domain: ROOT
      project: null
      vm:
        id: 27b1901a-f021-4ca5-8002-3235f346f33b
        name: web-1
        state: Running
      device_id: 1
      pool:
        id: hybrid;734df583-34ca-43e4-ab9a-f3090a30d2a2
        name: sp-hybrid
      disk_offering:
        id: f45b65e1-7248-49ee-a195-3c3839f054cf
        name: gold
      min_iops: 1
      max_iops: 5000
      path: /dev/storpool-byid/abcd.b.12
      storpool_id: abcd.b.12
      snapshot_id: null
      created: "2026-01-31T12:00:00+0000"
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
          cs: volume
          uuid: 7cecd2a8-7341-43e3-b95d-b521d1decd55
        clients:
          - client: 7
            rights: rw
            device: /dev/storpool-byid/abcd.b.12
  contains:
    id:
      description: Id of the volume.
      type: str
      returned: success
    name:
      description: Name of the volume.
      type: str
      returned: success
    type:
      description: V(ROOT) or V(DATADISK).
      type: str
      returned: success
    state:
      description: State of the volume in CloudStack's words.
      type: str
      returned: success
    size:
      description: Size in bytes.
      type: int
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
    vm:
      description: The VM that it is attached to, running or not; V(null) if there is none.
      type: dict
      returned: success
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
          description: State of the VM in CloudStack's words.
          type: str
          returned: success
    device_id:
      description: The number of the device in the VM.
      type: int
      returned: success
    pool:
      description: The primary storage pool that it is on. V(null) for a volume that has never been attached, since it is nowhere yet.
      type: dict
      returned: success
      contains:
        id:
          description: Id of the pool. That of a StorPool pool is no UUID.
          type: str
          returned: success
        name:
          description: Name of the pool.
          type: str
          returned: success
    disk_offering:
      description: Its disk offering, V(null) where CloudStack tells none.
      type: dict
      returned: success
      contains:
        id:
          description: Id of the offering.
          type: str
          returned: success
        name:
          description: Name of the offering.
          type: str
          returned: success
    min_iops:
      description: Least operations per second, as CloudStack has it. StorPool knows no such limit.
      type: int
      returned: success
    max_iops:
      description: Most operations per second, as CloudStack has it; V(null) if there is no limit.
      type: int
      returned: success
    path:
      description: The path that CloudStack has for it; for a volume on StorPool the device.
      type: str
      returned: success
    storpool_id:
      description: Its global id on StorPool, without C(~), as its path says. V(null) if it is not on StorPool, or only known by a name there.
      type: str
      returned: success
    snapshot_id:
      description: The snapshot that it was made from. CloudStack tells it only in some answers.
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
    storpool:
      description:
        - What StorPool has of the volume, V(null) if that was not asked (O(storpool)), or if StorPool has nothing of it.
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
  sample: POST listVolumes
"""

import typing as t

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.info.volumes import SPEC_VOLUMES, volumes
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_info
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import NotConfigured
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import CONNECTION
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info import halves
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect, reader_of


def ask_storpool(module: Module, time_left: TimeLeft) -> t.Callable[[], t.Dict[str, halves.Half]]:
    """What reads what StorPool has of the volumes, when it is wanted."""

    def ask() -> t.Dict[str, halves.Half]:
        try:
            reader = reader_of(module, connect(module, time_left=time_left))
        except NotConfigured as failure:
            raise failure.while_doing("look on StorPool for what it has of the volumes (storpool)") from None
        return halves.volumes(reader)

    return ask


def main() -> None:
    run_info(SPEC_VOLUMES, volumes, CONNECTION, ask_storpool)


if __name__ == "__main__":
    main()
