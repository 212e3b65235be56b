# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_remote_snapshot
short_description: Bring snapshots of other locations here
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Makes a copy of a snapshot that another location exports to this cluster, such as a backup of one of our own volumes, or deletes that copy.
  - The copy has the same global id as the original. If a snapshot with that id is here, it is not fetched again.
  - The copy can be cloned, reverted to and attached at once, while StorPool reads over the bridge what is not here yet.
options:
  state:
    description:
      - Whether the copy shall be here.
      - V(absent) deletes it only while O(location) exports the original to this cluster, so that it is never the last one. The original stays.
      - What M(storpool.cloudstack.storpool_backup) has made a backup of has the same global id, but is no copy. It stays, with a warning.
    type: str
    choices: [present, absent]
    default: present
  global_id:
    description:
      - Global id of the snapshot, the same here and there, with or without the C(~) in front.
      - M(storpool.cloudstack.storpool_location_info) shows those that there are, with its C(gather=remote_snapshots).
    type: str
    required: true
  location:
    description:
      - The location that has it, as it is called here.
    type: str
    required: true
  name:
    description:
      - A name for the copy. One that is here under another name is renamed.
      - Without the option, a new copy has none.
    type: str
  template:
    description:
      - The StorPool template of a new copy, which says on which disks it is. A copy that is here already stays where it is.
      - Without the option StorPool chooses as it does for the original, in placement groups of the same names.
    type: str
  tags:
    description:
      - Tags that the copy shall have, in addition to those that it has already. A tag with an empty value is removed. Tags of the original are not copied.
    type: dict
  wait:
    description:
      - V(usable) ends as soon as the copy is there, which is at once.
      - V(recovered) waits until all of its data is here, so that it does not need the other location any more.
    type: str
    choices: [usable, recovered]
    default: usable
  wait_timeout:
    description:
      - For how many seconds to wait at most, up to V(604800). The copying goes on after that, and the task can be run again to wait longer.
    type: int
    default: 3600
  on_attached:
    description:
      - What to do with O(state=absent) if the copy is attached. V(fail) refuses, V(detach) detaches it where no program has it open, V(detachForce)
        takes it away in any case.
    type: str
    choices: [fail, detach, detachForce]
    default: fail
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._storpool.foreign
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.storpool_location_info
  - module: storpool.cloudstack.storpool_snapshot_export
  - module: storpool.cloudstack.storpool_backup
  - module: storpool.cloudstack.storpool_volume_revert
"""

EXAMPLES = r"""
- name: A copy of a snapshot that the other location exports to us, as soon as it can be used
  storpool.cloudstack.storpool_remote_snapshot:
    global_id: far.c.ru   # as storpool_location_info shows it among its remote_snapshots
    location: location-far
    template: hybrid
    name: restored

- name: All of its data, too
  storpool.cloudstack.storpool_remote_snapshot:
    global_id: far.c.ru
    location: location-far
    wait: recovered
    wait_timeout: 7200

- name: Not needed here any more; the other location keeps it
  storpool.cloudstack.storpool_remote_snapshot:
    global_id: far.c.ru
    location: location-far
    state: absent
"""

RETURN = r"""
snapshot:
  description: The snapshot as it is now, or in check mode as it would be. V(null) if it does not exist.
  returned: success
  type: dict
  sample:
    name: db-1-nightly
    global_id: abcd.b.13
    device: /dev/storpool/db-1-nightly
    size: 10737418240
    parent: null
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
    volume: db-1
    auto_name: false
    bound: false
    transient: false
    recovering_from_remote: false
    created_from: abcd.b.12
    delete_at: null
  contains:
    name:
      description:
        - Name of the snapshot. One without a name of its own is listed as C(VOLUME@NUMBER), or V(null) if its volume has none either.
        - Some servers list the latter as C(ID@NUMBER), with the global id of the volume.
      type: str
      returned: success
    global_id:
      description: Global id of the snapshot, without C(~). V(null) in check mode if the snapshot would be created.
      type: str
      returned: success
    cluster_id:
      description: Id of the cluster where it is.
      type: str
      returned: with O(sp_cluster)
    device:
      description: The block device on a client that has the snapshot attached.
      type: str
      returned: success
    size:
      description: Size in bytes.
      type: int
      returned: success
    parent:
      description: The snapshot that the snapshot is based on.
      type: str
      returned: success
    template:
      description: The StorPool template of the snapshot, V(null) if it has none.
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
      description: Whether the limits are for the snapshot (V(total)) or for each GiB of it (V(perGiB)).
      type: str
      returned: success
    tags:
      description: Tags of the snapshot.
      type: dict
      returned: success
    owner:
      description: The system that the snapshot belongs to, as its tags say. V(null) if that is none but StorPool itself; see O(allow_foreign).
      type: dict
      returned: success
      contains:
        system:
          description: V(cloudstack), V(opennebula), V(proxmox), V(kubernetes), V(openstack), or what the tag C(virt) says.
          type: str
          returned: success
        id:
          description: What the snapshot is called there, such as the UUID of CloudStack's volume. V(null) if no tag says it.
          type: str
          returned: success
        vm:
          description: The virtual machine that it is of there, such as the UUID of CloudStack's. V(null) if no tag says it.
          type: str
          returned: success
    creation_timestamp:
      description: When the snapshot was created, as unix time. V(null) in check mode if it would be created.
      type: int
      returned: success
    volume:
      description: The volume that is directly based on the snapshot, V(null) if there is none.
      type: str
      returned: success
    auto_name:
      description: Whether StorPool made the name.
      type: bool
      returned: success
    bound:
      description: Whether the snapshot is deleted as soon as nothing is based on it or has it attached.
      type: bool
      returned: success
    transient:
      description: Whether StorPool made the snapshot for itself, when a volume was copied.
      type: bool
      returned: success
    recovering_from_remote:
      description: Whether data of the snapshot is still on its way from another location.
      type: bool
      returned: success
    created_from:
      description: Global id of the volume that the snapshot was taken of, as that volume's own C(global_id) is. V(null) if StorPool does not say it.
      type: str
      returned: success
    delete_at:
      description: When the snapshot will be deleted, as unix time, V(null) if never.
      type: int
      returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - "bring snapshot ~far.c.15 of location 'location-far' here as snapshot 'restored'"
error:
  description: What kind of failure it was (C(kind)), and where the API gave an error, its C(name), C(descr), C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_found
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST SnapshotFromRemote
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.location.remote_snapshot import SNAPSHOT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_managed


def main() -> None:
    run_managed(SNAPSHOT)


if __name__ == "__main__":
    main()
