# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_snapshot_rotation
short_description: Take snapshots regularly, and remove the old ones
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Takes one more snapshot of each volume, and then deletes those of the same series that need not stay, so that a task in a playbook that runs every hour is
    all that regular snapshots need.
  - It deletes only what it has made itself in this series, of the volumes of the task. Nothing is deleted unless the new snapshots are there.
  - What is attached or exported stays for the time being, with a warning.
options:
  volumes:
    description:
      - The volumes, each by its name, by V(~) and its global id, or by a shell pattern for names, such as V(db-*).
      - A name or pattern that means no volume is refused, rather than left out silently.
      - Snapshots of volumes that are deleted, or no longer meant by the task, stay until somebody deletes them.
    type: list
    elements: str
  group:
    description:
      - Take the snapshots of all volumes at one moment, so that together they are what a virtual machine with several disks would find after a power cut.
        They then stay and go together, too.
      - Without it each volume has its own series.
    type: bool
    default: false
  tags:
    description:
      - Tags that each snapshot gets beside those of the series (C(ansible-rotation-series), C(ansible-rotation-name)).
    type: dict
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._storpool.foreign
  - storpool.cloudstack._storpool.series
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
notes:
  - A snapshot is called C(VOLUME.SERIES.NAME); of a volume without a name it is the global id that comes first.
  - Volumes of other systems, such as CloudStack's, can be taken. The snapshots are no business of that system. One that carries a tag by which that system
    knows its own is left to it.
seealso:
  - module: storpool.cloudstack.storpool_backup
  - module: storpool.cloudstack.storpool_snapshot
  - module: storpool.cloudstack.storpool_volume_revert
"""

EXAMPLES = r"""
- name: A snapshot of each database every hour, kept for two days, then one a day for two weeks
  storpool.cloudstack.storpool_snapshot_rotation:
    series: hourly
    name: "{{ now(utc=true, fmt='%Y-%m-%dT%H') }}"
    volumes: [db-*]
    keep:
      hourly: 48
      daily: 14

- name: All disks of a virtual machine at one moment, before every deployment
  storpool.cloudstack.storpool_snapshot_rotation:
    series: deployment
    name: release-17
    match_tags:
      cvm: 0c9e2f3a-1111-4222-8333-444455556666
    group: true
    keep:
      last: 5
"""

RETURN = r"""
snapshots:
  description: All snapshots of the series of these volumes as they are now, or in check mode as they would be, the oldest first.
  returned: success
  type: list
  elements: dict
  sample:
    - name: db-1.hourly.2030-01-31T12
      global_id: abcd.b.14
      volume: db-1
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
deleted:
  description: The snapshots that have gone, or in check mode would go. Its elements are as those of RV(snapshots).
  returned: success
  type: list
  elements: dict
  sample: []
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - "take snapshot 'db-1.hourly.2030-01-31T12' of volume 'db-1'"
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
  sample: POST VolumeSnapshot/~abcd.b.12
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.backup.rotation import ROTATION
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_managed


def main() -> None:
    run_managed(ROTATION)


if __name__ == "__main__":
    main()
