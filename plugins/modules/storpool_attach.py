# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_attach
short_description: Attach StorPool volumes and snapshots to clients, and detach them
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Says which clients (hosts) have which StorPool volumes and snapshots as block devices, and with which rights.
  - However many objects a task names, all changes are sent in one call. StorPool carries out all of it or nothing.
  - The one exception are clients that may write (C(rw)) and shall only read (C(ro)) from now on. These are detached in a call before, so for a moment
    they do not have the device at all; a device that is open is not taken away from them unless O(force) is set. From C(ro) to C(rw) there is no gap.
  - Snapshots can only be attached C(ro).
options:
  state:
    description:
      - V(present) attaches to O(clients). Other clients that have the object keep it, unless O(exclusive) is set.
      - V(absent) detaches from O(clients), or from all clients if that is V(all) or left out. An object that does not exist counts as detached.
    type: str
    choices: [present, absent]
    default: present
  volume:
    description:
      - The volume, by name or C(~) and global id.
      - Exactly one of O(volume), O(snapshot) and O(attachments) is required.
    type: str
  snapshot:
    description:
      - The snapshot, by name or C(~) and global id.
    type: str
  clients:
    description:
      - The clients, by id or by the name of the host. V(here) is the host that runs the task; its id is taken from E(SP_OURID), or C(SP_OURID) in
        C(/etc/storpool.conf) and C(/etc/storpool.conf.d/*.conf) on that host.
      - Names of hosts, as in V([kvm7, kvm8]), are those of the sections in these files, each with its C(SP_OURID), on the host that runs the task.
        StorPool's API knows no names.
      - Required to attach. An empty list is refused, since it rather comes from a mistake than means all clients.
      - V(all) alone, for O(state=absent), is whoever has the object. With O(force) that has to be said; leaving the option out is not enough.
    type: list
    elements: str
    aliases: [client]
  rights:
    description:
      - Whether the clients may write (V(rw)) or only read (V(ro)).
      - Without the option, a client that has the object already keeps the rights that it has; one that does not have it gets a volume V(rw) and a
        snapshot V(ro).
      - It plays no role with O(state=absent).
    type: str
    choices: [rw, ro]
  exclusive:
    description:
      - Detach the object from all other clients, in the same call that attaches it to O(clients).
    type: bool
    default: false
  attachments:
    description:
      - Several objects, where each entry says for one of them what the options beside it say for a single object. What an entry leaves out is taken from
        the option of the same name beside O(attachments).
      - A plain name stands for an entry with that volume, as in V([db-1, db-2]).
      - An object may be in several entries, for instance to give some clients V(rw) and others V(ro), or to attach to one client and detach from another in one
        call. Entries that contradict each other are refused.
    type: list
    elements: dict
    suboptions:
      volume:
        description:
          - The volume, by name or C(~) and global id. Exactly one of this and O(attachments[].snapshot) is required.
        type: str
      snapshot:
        description:
          - The snapshot, by name or C(~) and global id.
        type: str
      clients:
        description:
          - As O(clients).
        type: list
        elements: str
        aliases: [client]
      rights:
        description:
          - As O(rights).
        type: str
        choices: [rw, ro]
      state:
        description:
          - As O(state).
        type: str
        choices: [present, absent]
      exclusive:
        description:
          - As O(exclusive).
        type: bool
  force:
    description:
      - Detach even where a program (a virtual machine, a mounted file system) has the device open. The program then sees I/O errors, and what it has
        not written yet is lost.
      - Without it StorPool refuses, and nothing is changed.
    type: bool
    default: false
  attach_timeout:
    description:
      - How many seconds to wait for clients that are down to come up. If one does not, the task fails; StorPool may keep the attachment for it all the same.
      - StorPool may take O(sp_api_timeout) on top of it to answer. If it does not, the module looks once more, and does not wait a second time.
      - With V(0) nobody waits for them. They have the attachment when they come up.
    type: int
    default: 60
  wait:
    description:
      - If the host that runs the task is one of the clients, wait until it has the block device.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait for the block device.
    type: int
    default: 60
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._storpool.multicluster
  - storpool.cloudstack._storpool.foreign
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.storpool_attach_info
  - module: storpool.cloudstack.storpool_volume
  - module: storpool.cloudstack.storpool_snapshot
"""

EXAMPLES = r"""
- name: Volume db-1 on client 1
  storpool.cloudstack.storpool_attach:
    volume: db-1
    client: 1

- name: Live migration, before - the destination has the volume, too
  storpool.cloudstack.storpool_attach:
    volume: db-1
    clients: [1, 2]

- name: Live migration, after - only the destination has it
  storpool.cloudstack.storpool_attach:
    volume: db-1
    client: 2
    exclusive: true

- name: A volume and a snapshot on client 3, and the volume nowhere else, in one call
  storpool.cloudstack.storpool_attach:
    client: 3
    attachments:
      - volume: db-1
        exclusive: true
      - snapshot: db-1-nightly

- name: A snapshot on the host that runs the task, without waiting for its block device
  storpool.cloudstack.storpool_attach:
    snapshot: db-1-nightly
    client: here
    wait: false

- name: Detach it from one client
  storpool.cloudstack.storpool_attach:
    snapshot: db-1-nightly
    client: 3
    state: absent

- name: Detach it from all clients, even if something has it open
  storpool.cloudstack.storpool_attach:
    volume: db-1
    clients: all
    state: absent
    force: true
"""

RETURN = r"""
attachments:
  description:
    - All attachments of the objects that the task names, as they are now, or in check mode as they would be. There is one for each client.
    - The objects are in the order of the task, the clients of each in ascending order.
  returned: success
  type: list
  elements: dict
  sample:
    - name: db-1
      global_id: abcd.b.12
      snapshot: false
      client: 1
      rights: rw
      device: /dev/storpool/db-1
      owner: null
  contains:
    name:
      description: Name of the volume or snapshot, V(null) if it has none.
      type: str
      returned: success
    global_id:
      description: Global id of the volume or snapshot, without C(~). Of a volume it is the id that it was created with.
      type: str
      returned: success
    current_global_id:
      description: The global id that StorPool lists for the volume at present, after a revert has given it another one. It is good until the next revert.
      type: str
      returned: where it is another than RV(attachments[].global_id)
    snapshot:
      description: Whether it is a snapshot.
      type: bool
      returned: success
    client:
      description: Id of the client that has it.
      type: int
      returned: success
    rights:
      description: Whether the client may write (V(rw)) or only read (V(ro)).
      type: str
      returned: success
    cluster_id:
      description: Id of the cluster where it is.
      type: str
      returned: with O(sp_cluster) or O(sp_multicluster)
    device:
      description: The block device on that client.
      type: str
      returned: success
    owner:
      description: The system that the volume or snapshot belongs to, as its tags say. V(null) if that is none but StorPool itself; see O(allow_foreign).
      type: dict
      returned: success
      contains:
        system:
          description: V(cloudstack), V(opennebula), V(proxmox), V(kubernetes), V(openstack), or what the tag C(virt) says.
          type: str
          returned: success
        id:
          description: What the volume or snapshot is called there, such as the UUID of CloudStack's volume. V(null) if no tag says it.
          type: str
          returned: success
        vm:
          description: The virtual machine that it is of there, such as the UUID of CloudStack's. V(null) if no tag says it.
          type: str
          returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - "attach volume 'db-1' to client 1 (rw)"
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
  sample: POST VolumesReassignWait
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import MULTICLUSTER
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects.attach import ATTACHMENTS
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_managed


def main() -> None:
    run_managed(ATTACHMENTS, MULTICLUSTER)


if __name__ == "__main__":
    main()
