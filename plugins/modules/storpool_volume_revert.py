# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_volume_revert
short_description: Revert a StorPool volume to a snapshot
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Gives a volume the contents of a snapshot. What has been written to the volume since is lost, unless O(safety_snapshot) keeps it.
  - The volume keeps its name, limits and tags. If StorPool gives it those of the snapshot, the module puts them back.
  - It stays known by the global id that it was created with, and so do its device links. StorPool may give it another one beside that at each revert.
  - A volume has to be detached while it is reverted. It is not attached again by this module; see M(storpool.cloudstack.storpool_attach).
options:
  name:
    description:
      - The name of the volume.
      - One of O(name), O(global_id) and O(match_tags) is required.
    type: str
  global_id:
    description:
      - The global id of the volume, such as V(abcd.b.12), with or without the C(~) in front.
      - After a revert, the id that it was created with and the present one are good; those in between are no longer known.
    type: str
  match_tags:
    description:
      - Finds the volume by its tags. All the tags must match, and no more than one volume.
    type: dict
  snapshot:
    description:
      - The snapshot to revert to, by name or C(~) and global id.
    type: str
    required: true
  revert_size:
    description:
      - Give the volume the size of the snapshot as well. Otherwise it keeps its size.
      - It is required if the snapshot is larger than the volume.
    type: bool
    default: false
  allow_unrelated:
    description:
      - Allow a snapshot that was neither taken of this volume nor is one that the volume is based on, for instance a copy from another location.
    type: bool
    default: false
  on_attached:
    description:
      - What to do if the volume is attached.
      - V(fail) refuses to revert it. V(detach) detaches it first, unless a program has it open. V(detachForce) takes it away from programs that have
        it open.
    type: str
    choices: [fail, detach, detachForce]
    default: fail
  safety_snapshot:
    description:
      - The name of a snapshot that is taken of the volume first, after it has been detached. It gets the tags of the volume, too.
      - If there is such a snapshot already, and the volume has been reverted to O(snapshot) after it was taken, then nothing is done. So choose a new
        name for every revert that you mean.
      - If there is one and the volume has not been reverted after it, the task fails, unless nothing has been written to the volume after it.
    type: str
  safety_delete_after:
    description:
      - How long the safety snapshot is kept, in seconds or with a unit (V(s), V(m), V(h), V(d), V(w)), for instance V(7d). It is kept for ever by default.
    type: str
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._storpool.multicluster
  - storpool.cloudstack._storpool.foreign
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
attributes:
  idempotent:
    support: partial
    details:
      - With O(safety_snapshot), a second run finds that snapshot and changes nothing.
      - Without it every run reverts the volume, since nothing shows whether it was reverted before.
      - StorPool may give a reverted volume the limits and tags of the snapshot, and the module then gives it back its own. If the task is ended in between,
        the next run does that, but only with O(safety_snapshot), which remembers them. Without it the error says what the volume had.
seealso:
  - module: storpool.cloudstack.storpool_snapshot
  - module: storpool.cloudstack.storpool_volume
  - module: storpool.cloudstack.storpool_attach
"""

EXAMPLES = r"""
- name: Back to last night, and keep what is there now for a week
  storpool.cloudstack.storpool_volume_revert:
    name: db-1
    snapshot: db-1-nightly
    safety_snapshot: db-1-before-revert
    safety_delete_after: 7d

- name: Attach the volume to client 2
  storpool.cloudstack.storpool_attach:
    volume: db-1
    clients: [2]

- name: Back to last night, without keeping anything, even if the volume is attached somewhere
  storpool.cloudstack.storpool_volume_revert:
    name: db-1
    snapshot: db-1-nightly
    on_attached: detach
  register: reverted

- name: What is lost
  ansible.builtin.debug:
    var: reverted.lost
"""

RETURN = r"""
volume:
  description: The volume as it is now, or in check mode as it would be.
  returned: success
  type: dict
  sample:
    name: db-1
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
      description:
        - Global id of the volume, without C(~).
        - It is the id that the volume was created with, by which it stays known whatever a revert does.
      type: str
      returned: success
    current_global_id:
      description: The global id that StorPool lists for the volume at present, after a revert has given it another one. It is good until the next revert.
      type: str
      returned: where it is another than RV(volume.global_id), but in check mode not for a volume that would be reverted
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
      description: When the volume was created, as unix time. V(null) in check mode if it would be created.
      type: int
      returned: success
safety_snapshot:
  description: The snapshot that was taken first, V(null) if O(safety_snapshot) was not given. As in M(storpool.cloudstack.storpool_snapshot).
  returned: success
  type: dict
  sample:
    name: db-1-before-revert
    global_id: abcd.b.14
lost:
  description: What is lost for good, in words. Empty if a safety snapshot keeps it, or nothing was done.
  returned: success
  type: list
  elements: str
  sample:
    - "Volume 'db-1' is reverted to snapshot 'db-1-nightly' of 2026-01-01T00:00:00Z, and nothing keeps what was written to it since (no safety_snapshot)."
actions:
  description: What was done, or in check mode would be done, in words. What StorPool changes with a revert and has to be put back is not known in check mode.
  returned: success
  type: list
  elements: str
  sample:
    - "take snapshot 'db-1-before-revert' of volume 'db-1' as it is now"
    - "revert volume 'db-1' to snapshot 'db-1-nightly' of 2026-01-01T00:00:00Z"
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
  sample: POST VolumeRevert/~abcd.b.12
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import MULTICLUSTER
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.revert import REVERT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_verb


def main() -> None:
    run_verb(REVERT, MULTICLUSTER)


if __name__ == "__main__":
    main()
