# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_volume_info
short_description: Get StorPool volumes
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Returns the volumes of the cluster that meet all the given conditions, or all of them.
  - All are read with one call, however many there are; some options need one more call.
options:
  name:
    description:
      - Only volumes whose names are these, or match them as shell patterns (V(*), V(?), V([abc])).
    type: list
    elements: str
  global_id:
    description:
      - Only volumes with these global ids, with or without the C(~) in front. Either id of a volume that was reverted will do.
    type: list
    elements: str
  tags:
    description:
      - Only volumes that have all these tags.
    type: dict
  template:
    description:
      - Only volumes of this StorPool template.
    type: str
  client:
    description:
      - Only volumes that are attached to this client, by id or by the name of the host, as for M(storpool.cloudstack.storpool_attach). One more call.
    type: str
  attachments:
    description:
      - Return also where each volume is attached. One more call.
    type: bool
    default: false
  chain:
    description:
      - Return also the snapshots that each volume is based on, directly and through others. One more call.
    type: bool
    default: false
  space:
    description:
      - Return also how much data each volume holds. StorPool has to count, which takes long on large clusters.
    type: bool
    default: false
  status:
    description:
      - Return also in what state the data of each volume is. One more call, which takes long on large clusters.
    type: bool
    default: false
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._storpool.multicluster
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.storpool_volume
"""

EXAMPLES = r"""
- name: All volumes
  storpool.cloudstack.storpool_volume_info:
  register: everything

- name: The volumes of the databases, with what they are based on
  storpool.cloudstack.storpool_volume_info:
    name: "db-*"
    chain: true

- name: The volumes of the billing department that are attached to client 1
  storpool.cloudstack.storpool_volume_info:
    tags:
      owner: billing
    client: 1
    attachments: true

- name: How much data a volume holds, and whether all its copies are there
  storpool.cloudstack.storpool_volume_info:
    name: db-1
    space: true
    status: true
"""

RETURN = r"""
volumes:
  description: The volumes, by name; those without a name come last.
  returned: success
  type: list
  elements: dict
  sample:
    - name: db-1
      global_id: abcd.b.12
      device: /dev/storpool/db-1
      size: 10737418240
      parent: db-1-nightly
      template: hybrid
      replication: 3
      place_all: hdd
      place_tail: ssd
      place_head: hdd
      reuse_server: false
      iops: null
      bw: null
      limit_type: total
      tags:
        owner: billing
      creation_timestamp: 1767225600
      owner: null
  contains:
    name:
      description: Name of the volume, V(null) if it has none.
      type: str
      returned: success
    global_id:
      description: Global id of the volume, without C(~). It is the id that the volume was created with, by which it stays known whatever a revert does.
      type: str
      returned: success
    current_global_id:
      description: The global id that StorPool lists for the volume at present, after a revert has given it another one. It is good until the next revert.
      type: str
      returned: where it is another than RV(volumes[].global_id)
    cluster_id:
      description: Id of the cluster where it is.
      type: str
      returned: with O(sp_cluster) or O(sp_multicluster)
    device:
      description: The block device on a client that has the volume attached.
      type: str
      returned: success
    size:
      description: Size in bytes.
      type: int
      returned: success
    parent:
      description: The snapshot that the volume is based on.
      type: str
      returned: success
    template:
      description: The StorPool template of the volume, V(null) if it has none.
      type: str
      returned: success
    replication:
      description: How many copies of the data are kept.
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
      description: Whether the limits are for the volume (V(total)) or for each GiB of it (V(perGiB)).
      type: str
      returned: success
    tags:
      description: Tags of the volume.
      type: dict
      returned: success
    owner:
      description: The system that the volume belongs to, as its tags say. V(null) if that is none but StorPool itself.
      type: dict
      returned: success
      contains:
        system:
          description: V(cloudstack), V(opennebula), V(proxmox), V(kubernetes), V(openstack), or what the tag C(virt) says.
          type: str
          returned: success
        id:
          description: What the volume is called there, such as the UUID of CloudStack's volume. V(null) if no tag says it.
          type: str
          returned: success
        vm:
          description: The virtual machine that it is of there, such as the UUID of CloudStack's. V(null) if no tag says it.
          type: str
          returned: success
    creation_timestamp:
      description: When the volume was created, as unix time.
      type: int
      returned: success
    attachments:
      description: Where the volume is attached, by client.
      type: list
      elements: dict
      returned: O(attachments)
      sample:
        - client: 1
          rights: rw
          device: /dev/storpool/db-1
      contains:
        client:
          description: The id of the client.
          type: int
          returned: success
        rights:
          description: V(rw) or V(ro).
          type: str
          returned: success
        cluster_id:
          description: Id of the cluster where it is.
          type: str
          returned: with O(sp_cluster) or O(sp_multicluster)
        device:
          description: The block device on the client.
          type: str
          returned: success
    chain:
      description: The snapshots that the volume is based on, the direct parent first. Those that are being deleted are among them until they are gone.
      type: list
      elements: dict
      returned: O(chain)
      sample:
        - name: golden
          global_id: abcd.b.7
          deleted: false
      contains:
        name:
          description: Name of the snapshot, as it is listed.
          type: str
          returned: success
        global_id:
          description: Global id of the snapshot, without C(~).
          type: str
          returned: success
        deleted:
          description: Whether the snapshot is being deleted.
          type: bool
          returned: success
    space:
      description: How much data the volume holds, before replication.
      type: dict
      returned: O(space)
      sample:
        stored: 1048576
        used: 2097152
      contains:
        stored:
          description: Bytes of client data in the volume itself.
          type: int
          returned: success
        used:
          description: Bytes of client data that the volume holds, those in the snapshots that it is based on included.
          type: int
          returned: success
    status:
      description: In what state the data of the volume is. V(null) if StorPool did not list it.
      type: dict
      returned: O(status)
      sample:
        state: up
        migrating: false
        decreased_redundancy: false
        balancer_blocked: false
        syncing_bytes: 0
        syncing_objects: 0
        down_bytes: 0
        down_drives: []
        missing_drives: []
        missing_target_drives: []
        soft_ejecting_drives: []
      contains:
        state:
          description: V(up), V(up soon), V(data lost) or V(down).
          type: str
          returned: success
        migrating:
          description: Whether data is being moved to other disks.
          type: bool
          returned: success
        decreased_redundancy:
          description: Whether copies are missing.
          type: bool
          returned: success
        balancer_blocked:
          description: Whether the data cannot be balanced now.
          type: bool
          returned: success
        syncing_bytes:
          description: Bytes of the objects that are being brought up to date.
          type: int
          returned: success
        syncing_objects:
          description: How many objects are being brought up to date.
          type: int
          returned: success
        down_bytes:
          description: Bytes that cannot be reached.
          type: int
          returned: success
        down_drives:
          description: Ids of the disks that are away and needed.
          type: list
          elements: int
          returned: success
        missing_drives:
          description: Ids of the disks that are away while other disks have all the data.
          type: list
          elements: int
          returned: success
        missing_target_drives:
          description: Ids of the disks that are away and where data shall be.
          type: list
          elements: int
          returned: success
        soft_ejecting_drives:
          description: Ids of the disks with data that are being emptied.
          type: list
          elements: int
          returned: success
error:
  description: What kind of failure it was (C(kind)), and where the API gave an error, its C(name), C(descr), C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: unreachable
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: GET VolumesList
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import MULTICLUSTER
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info.volumes import SPEC_VOLUMES, volumes
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_info


def main() -> None:
    run_info(SPEC_VOLUMES, volumes, MULTICLUSTER)


if __name__ == "__main__":
    main()
