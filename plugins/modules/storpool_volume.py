# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_volume
short_description: Manage StorPool volumes
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Creates, grows, shrinks, renames, moves and deletes StorPool volumes, and sets their limits and tags.
  - What the task does not name is left as it is.
options:
  state:
    description:
      - Whether the volume shall exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the volume. A volume that is found in another way (O(previous_name), O(global_id), O(match_tags)) is given this name.
      - Volumes and snapshots share their names, so it must not be the name of a snapshot either.
      - At least one of O(name), O(global_id) and O(match_tags) is required.
    type: str
  previous_name:
    description:
      - The name under which the volume is found if it does not have its new O(name) yet.
      - The task fails if there is a volume with either name. If there is none, a volume O(name) is created.
    type: str
  global_id:
    description:
      - The global id of an existing volume, such as V(abcd.b.12), with or without the C(~) in front.
      - After a revert, the id that it was created with and the present one are good; those in between are no longer known.
      - This is how to refer to volumes without a name. Those that CloudStack makes are such; see O(allow_foreign).
    type: str
  match_tags:
    description:
      - Finds a volume by its tags, for volumes without a name. All the tags must match, and no more than one volume.
      - If no volume matches, one is created with these tags, with no name unless O(name) gives one.
    type: dict
  size:
    description:
      - Size of the volume, as bytes or with a unit, for instance V(10GiB), V(512MiB) or V(1.5TiB). Units are powers of 1024.
      - It must be a multiple of 512 bytes. A number below 1048576 without a unit is hardly meant as bytes, so it is refused; write V(512B) if it is.
      - A new volume without it has the size of O(parent), O(base_on) or O(template).
    type: str
  allow_shrink:
    description:
      - Allow O(size) to be less than the size that the volume has. The data beyond the new size is lost.
    type: bool
    default: false
  parent:
    description:
      - A snapshot, by name or C(~) and global id, from which a new volume is made.
      - It plays no role once the volume exists.
    type: str
  base_on:
    description:
      - A volume, by name or C(~) and global id, whose present contents a new volume starts with.
      - It plays no role once the volume exists.
    type: str
  template:
    description:
      - The StorPool template of the volume. It says where the copies are and gives the limits of a new volume.
      - An existing volume with another template is moved to this one; StorPool moves the data while the volume is in use.
    type: str
  on_attached:
    description:
      - What to do with attachments of the volume when it is deleted.
      - V(fail) refuses to delete a volume that is attached. V(detach) detaches it, unless a program has it open. V(detachForce) takes it away from
        programs that have it open.
    type: str
    choices: [fail, detach, detachForce]
    default: fail
  wait:
    description:
      - After a change of the size, wait until every client that has the volume attached sees the new size.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait for all the clients.
    type: int
    default: 60
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._storpool.multicluster
  - storpool.cloudstack._storpool.policy
  - storpool.cloudstack._storpool.tags
  - storpool.cloudstack._storpool.foreign
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.storpool_volume_info
  - module: storpool.cloudstack.storpool_volume_revert
  - module: storpool.cloudstack.storpool_attach
  - module: storpool.cloudstack.storpool_snapshot
"""

EXAMPLES = r"""
- name: A volume of 10 GiB
  storpool.cloudstack.storpool_volume:
    name: db-1
    size: 10GiB
    template: hybrid
    tags:
      owner: billing

- name: Grow it, and let it do at most 2000 operations per second
  storpool.cloudstack.storpool_volume:
    name: db-1
    size: 20GiB
    iops: 2000

- name: Rename it
  storpool.cloudstack.storpool_volume:
    name: db-billing
    previous_name: db-1

- name: Move it to another template, while it is in use
  storpool.cloudstack.storpool_volume:
    name: db-billing
    template: ssd

- name: A copy of a volume as it is now
  storpool.cloudstack.storpool_volume:
    name: db-test
    base_on: db-billing

- name: A volume without a name, found by its tags
  storpool.cloudstack.storpool_volume:
    match_tags:
      app: shop
      role: cache
    size: 1GiB
    template: hybrid

- name: Lift the limit of a volume, even if it belongs to a system that does not hear of it
  storpool.cloudstack.storpool_volume:
    name: db-billing
    iops: unlimited
    allow_foreign: true

- name: Delete a volume, wherever it is attached
  storpool.cloudstack.storpool_volume:
    name: db-test
    state: absent
    on_attached: detach
"""

RETURN = r"""
volume:
  description: The volume as it is now, or in check mode as it would be. V(null) if it does not exist.
  returned: success
  type: dict
  sample:
    name: db-1
    global_id: abcd.b.12
    device: /dev/storpool/db-1
    size: 10737418240
    parent: null
    template: hybrid
    replication: 3
    place_all: hdd
    place_tail: ssd
    place_head: hdd
    reuse_server: false
    iops: 2000
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
      description:
        - Global id of the volume, without C(~). V(null) in check mode if the volume would be created.
        - It is the id that the volume was created with, by which it stays known whatever a revert does.
      type: str
      returned: success
    current_global_id:
      description: The global id that StorPool lists for the volume at present, after a revert has given it another one. It is good until the next revert.
      type: str
      returned: where it is another than RV(volume.global_id)
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
      description: The system that the volume belongs to, as its tags say. V(null) if that is none but StorPool itself; see O(allow_foreign).
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
      description: When the volume was created, as unix time. V(null) in check mode if the volume would be created.
      type: int
      returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - update volume 'db-1' (grow it from 10 GiB to 20 GiB)
error:
  description: What kind of failure it was (C(kind)), and where the API gave an error, its C(name), C(descr), C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_allowed
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST VolumeUpdate/~abcd.b.12
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import MULTICLUSTER
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.volume import VOLUME
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_managed


def main() -> None:
    run_managed(VOLUME, MULTICLUSTER)


if __name__ == "__main__":
    main()
