# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_snapshot
short_description: Manage StorPool snapshots
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Takes snapshots of a volume, or of several volumes in one moment, renames and deletes them, and sets their tags, date of deletion, template and limits.
  - What the task does not name is left as it is. A snapshot that is being deleted counts as absent.
options:
  state:
    description:
      - Whether the snapshot, or every snapshot of the group, shall exist.
    type: str
    choices: [present, absent]
    default: present
  volume:
    description:
      - The volume of which to take the snapshot, by name or C(~) and global id.
      - It is needed only to take a snapshot. If the snapshot exists and was taken of another volume, the task fails.
    type: str
  volumes:
    description:
      - Take snapshots of several volumes in one moment, so that together they are consistent as after a crash of the machine that uses them.
      - If all the snapshots exist, they are only brought up to date. If some exist and some do not, the task fails, as the missing ones cannot be taken
        in the same moment any more. Whether snapshots that exist were taken together is not checked.
      - A plain name stands for an item with that volume, as in V([app-db, app-log]); then O(name) says what the snapshots are called.
      - All other options are for every snapshot of the group.
    type: list
    elements: dict
    suboptions:
      volume:
        description:
          - The volume of which to take a snapshot, by name or C(~) and global id.
        type: str
        required: true
      name:
        description:
          - The name of its snapshot, as the O(name) of a single one. One of this, O(volumes[].match_tags) and O(name) is required.
        type: str
      match_tags:
        description:
          - Finds its snapshot by tags, as the O(match_tags) of a single one.
        type: dict
      tags:
        description:
          - Tags of its snapshot, in addition to O(tags).
        type: dict
  name:
    description:
      - The name of the snapshot. A snapshot that is found in another way (O(previous_name), O(global_id), O(match_tags)) is given this name.
      - Volumes and snapshots share their names, so it must not be the name of a volume either.
      - With O(volumes) it is a pattern with C({volume}) in it, as in V({volume}-nightly), for those that are not told otherwise. Each has the name of its
        volume in that place.
      - One of O(name), O(global_id), O(match_tags) and O(volumes) is required.
    type: str
  previous_name:
    description:
      - The name under which the snapshot is found if it does not have its new O(name) yet.
      - The task fails if there is a snapshot with either name. If there is none, a snapshot O(name) is taken.
    type: str
  global_id:
    description:
      - The global id of an existing snapshot, such as V(abcd.b.13), with or without the C(~) in front.
      - Use it for snapshots without a name of their own; the names that StorPool lists for those (C(VOLUME@NUMBER)) change.
    type: str
  match_tags:
    description:
      - Finds a snapshot by its tags, for snapshots without a name. All the tags must match, and no more than one snapshot of the cluster.
      - If no snapshot matches, one is taken with these tags, with no name unless O(name) gives one.
    type: dict
  bind:
    description:
      - Whether the snapshot is deleted as soon as nothing is based on it and no client has it attached.
    type: bool
  delete_after:
    description:
      - How long from now on the snapshot is kept, in seconds or with a unit (V(s), V(m), V(h), V(d), V(w)), for instance V(7d).
      - A snapshot that has a date of deletion already keeps it, so a later run does not put it off. Use O(delete_at) to change the date.
      - StorPool counts from its own clock. Check mode shows V(null) for the date of a new snapshot, and for another a date by the clock of the host
        that runs the task.
      - V(never) takes the date of deletion away.
    type: str
  delete_at:
    description:
      - When StorPool shall delete the snapshot, as unix time or ISO 8601, for instance V(2030-01-31T12:00:00Z). A time without a zone is in UTC.
      - V(never) takes the date of deletion away.
    type: str
  copy_volume_tags:
    description:
      - Give a new snapshot the tags of its volume too. StorPool does not do that by itself.
      - Tags by which another system knows the volume for its own are left out, as the snapshot is not that system's (see O(allow_foreign)).
      - It plays no role once the snapshot exists. It cannot be combined with O(purge_tags).
    type: bool
    default: false
  template:
    description:
      - The StorPool template of the snapshot. A new snapshot without it has that of its volume.
      - An existing snapshot with another template is moved to this one.
    type: str
  on_attached:
    description:
      - What to do with attachments of the snapshot when it is deleted.
      - V(fail) refuses to delete a snapshot that is attached. V(detach) detaches it first, unless a program has it open. V(detachForce) takes it away
        from programs that have it open.
    type: str
    choices: [fail, detach, detachForce]
    default: fail
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
  - module: storpool.cloudstack.storpool_snapshot_info
  - module: storpool.cloudstack.storpool_volume_revert
  - module: storpool.cloudstack.storpool_volume
  - module: storpool.cloudstack.storpool_attach
"""

EXAMPLES = r"""
- name: A snapshot that StorPool deletes after a week
  storpool.cloudstack.storpool_snapshot:
    volume: db-1
    name: db-1-before-upgrade
    delete_after: 7d
    tags:
      reason: upgrade

- name: Keep it after all, under another name
  storpool.cloudstack.storpool_snapshot:
    name: db-1-golden
    previous_name: db-1-before-upgrade
    delete_after: never

- name: A snapshot without a name, found by its tags, with the tags of the volume
  storpool.cloudstack.storpool_snapshot:
    volume: db-1
    match_tags:
      backup: "2030-01-31"
      of: db-1
    copy_volume_tags: true
    delete_at: "2030-02-28T00:00:00Z"

- name: A second volume of the same machine, for the log of the database
  storpool.cloudstack.storpool_volume:
    name: db-1-log
    size: 1GiB
    template: ssd

- name: Snapshots of both, taken in one moment
  storpool.cloudstack.storpool_snapshot:
    volumes:
      - volume: db-1
        name: db-1-friday
      - volume: db-1-log
        name: db-1-log-friday
    tags:
      set: friday

- name: Delete them
  storpool.cloudstack.storpool_snapshot:
    volumes: [db-1, db-1-log]
    name: "{volume}-friday"
    state: absent

- name: Delete a snapshot, wherever it is attached
  storpool.cloudstack.storpool_snapshot:
    name: db-1-golden
    state: absent
    on_attached: detach
"""

RETURN = r"""
snapshot:
  description: The snapshot as it is now, or in check mode as it would be. V(null) if it does not exist, and with O(volumes).
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
      returned: with O(sp_cluster) or O(sp_multicluster)
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
snapshots:
  description: The same as a list; of a group, all its snapshots that exist, in the order of O(volumes). Its elements are as RV(snapshot).
  returned: success
  type: list
  elements: dict
  sample:
    - name: db-1-friday
      global_id: abcd.b.14
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - "take snapshot 'db-1-nightly' of volume 'db-1'"
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
  sample: POST VolumeSnapshot/~abcd.b.12
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import MULTICLUSTER
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.snapshot import SNAPSHOT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_managed


def main() -> None:
    run_managed(SNAPSHOT, MULTICLUSTER)


if __name__ == "__main__":
    main()
