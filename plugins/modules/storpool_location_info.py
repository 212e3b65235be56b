# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_location_info
short_description: Show other locations and clusters, and what is exported between them
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Shows what a StorPool cluster knows of other places. Those are locations, the clusters and bridges there, the snapshots that it exports, and the snapshots
    that other locations export to it, backups of its own volumes among them.
  - Each entry of O(gather) is one call; clusters take a second one, for the ids of locations.
options:
  gather:
    description:
      - What to read.
    type: list
    elements: str
    choices: [locations, clusters, bridges, exports, remote_snapshots]
    default: [locations, clusters, bridges]
  location:
    description:
      - Show only what is of the location with this name. One that is not registered is refused, with the names of those that are.
    type: str
  tags:
    description:
      - Of remote snapshots show only those that carry all these tags.
    type: dict
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.storpool_backup
  - module: storpool.cloudstack.storpool_remote_snapshot
  - module: storpool.cloudstack.storpool_snapshot_export
  - module: storpool.cloudstack.storpool_cluster_info
"""

EXAMPLES = r"""
- name: Where can snapshots be sent to
  storpool.cloudstack.storpool_location_info:

- name: The nightly backups that the other location has of us
  storpool.cloudstack.storpool_location_info:
    gather: [remote_snapshots]
    location: location-far
    tags:
      ansible-backup-series: nightly
"""

RETURN = r"""
locations:
  description: The registered locations. V(null) if they were not asked for.
  returned: success
  type: list
  elements: dict
  sample:
    - {id: far, name: location-far, send_buffer_size: 0, recv_buffer_size: 0}
  contains:
    id:
      description: Id of the location, the first part of the ids of its clusters and of what is made there.
      type: str
      returned: success
    name:
      description: What it is called here.
      type: str
      returned: success
    send_buffer_size:
      description: Size of the buffer for sending, in bytes. V(null) if StorPool does not say it.
      type: int
      returned: success
    recv_buffer_size:
      description: Size of the buffer for receiving, in bytes. V(null) if StorPool does not say it.
      type: int
      returned: success
clusters:
  description: The registered clusters, without the one that is spoken to. V(null) if they were not asked for.
  returned: success
  type: list
  elements: dict
  sample:
    - {id: far.c, name: far-cluster, location: location-far}
  contains:
    id:
      description: Id of the cluster. With C(~) before it, it is good for O(sp_cluster).
      type: str
      returned: success
    name:
      description: What it is called here.
      type: str
      returned: success
    location:
      description: Name of its location.
      type: str
      returned: success
bridges:
  description: The bridges to other clusters. V(null) if they were not asked for.
  returned: success
  type: list
  elements: dict
  sample:
    - {ip: 10.9.9.9, location: location-far, cluster: far-cluster, public_key: ab.cd, minimum_delete_delay: 86400, encrypted: true}
  contains:
    ip:
      description: Address of the bridge.
      type: str
      returned: success
    location:
      description: Name of the location that it leads to.
      type: str
      returned: success
    cluster:
      description: The cluster that it leads to. V(null) if StorPool does not say it.
      type: str
      returned: success
    public_key:
      description: The public key of the other side.
      type: str
      returned: success
    minimum_delete_delay:
      description: How many seconds pass at least between the wish of the other side that a snapshot be deleted, and its deletion. V(null) if nothing is set.
      type: int
      returned: success
    encrypted:
      description: Whether what goes over it is encrypted.
      type: bool
      returned: success
exports:
  description: What this cluster exports, one entry for each snapshot and location. V(null) if they were not asked for.
  returned: success
  type: list
  elements: dict
  sample:
    - {snapshot: golden, global_id: abcd.b.13, location: location-far, backing_up: false}
  contains:
    snapshot:
      description: Name of the snapshot, V(null) if it has none.
      type: str
      returned: success
    global_id:
      description: Global id of the snapshot, without C(~).
      type: str
      returned: success
    location:
      description: Where it can be seen.
      type: str
      returned: success
    backing_up:
      description: Whether it is a backup on its way there.
      type: bool
      returned: success
remote_snapshots:
  description: What other locations export to this one. V(null) if they were not asked for.
  returned: success
  type: list
  elements: dict
  sample:
    - name: db-1
      global_id: abcd.b.13
      location: location-far
      size: 10737418240
      creation_timestamp: 1767225600
      volume: db-1
      created_from: abcd.b.12
      local_snapshot: null
      tags: {ansible-backup-series: nightly, ansible-backup-name: "2030-01-31"}
  contains:
    name:
      description: What it is called there, of a backup also the name of its volume. V(null) if it has no name.
      type: str
      returned: success
    global_id:
      description: Global id of the snapshot, without C(~). A copy here has the same.
      type: str
      returned: success
    location:
      description: The location that has it.
      type: str
      returned: success
    size:
      description: Size in bytes.
      type: int
      returned: success
    creation_timestamp:
      description: When it was taken, as unix time.
      type: int
      returned: success
    volume:
      description: The volume here that it is of, V(null) if StorPool does not say it.
      type: str
      returned: success
    created_from:
      description: Global id of the volume that it was taken of, V(null) if StorPool does not say it.
      type: str
      returned: success
    local_snapshot:
      description: What the copy is called that is here, V(null) if there is none.
      type: str
      returned: success
    tags:
      description: Tags of the snapshot.
      type: dict
      returned: success
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
  sample: GET SnapshotsRemoteList
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info.locations import SPEC, read
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_info


def main() -> None:
    run_info(SPEC, read)


if __name__ == "__main__":
    main()
