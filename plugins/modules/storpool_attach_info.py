# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_attach_info
short_description: Show where StorPool volumes and snapshots are attached
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Shows which clients (hosts) have which StorPool volumes and snapshots, and with which rights.
  - This is one call, and one more for the volume or snapshot that is asked for, or else for all volumes.
options:
  volume:
    description:
      - Only attachments of this volume, by name or C(~) and global id. There are none if it does not exist.
    type: str
  snapshot:
    description:
      - Only attachments of this snapshot, by name or C(~) and global id. There are none if it does not exist.
    type: str
  clients:
    description:
      - Only attachments to these clients, by id or by the name of the host, as for M(storpool.cloudstack.storpool_attach). V(here) is the host that runs the
        task.
    type: list
    elements: str
    aliases: [client]
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._storpool.multicluster
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.storpool_attach
"""

EXAMPLES = r"""
- name: Where volume db-1 is attached
  storpool.cloudstack.storpool_attach_info:
    volume: db-1
  register: db_1

- name: What client 1 has
  storpool.cloudstack.storpool_attach_info:
    client: 1
  register: client_1

- name: Nobody may write to volume db-1 when it is moved
  ansible.builtin.assert:
    that: db_1.attachments | selectattr('rights', 'equalto', 'rw') | length == 0
"""

RETURN = r"""
attachments:
  description: The attachments, one for each client that has a volume or snapshot. Sorted by name, global id and client.
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
      description:
        - Global id of the volume or snapshot, without C(~). Of a volume it is the id that it was created with.
        - V(null) of a snapshot that has a name where the server is too old to tell.
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
      description: The system that the volume or snapshot belongs to, as its tags say. V(null) if that is none but StorPool itself.
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
error:
  description: What kind of failure it was (C(kind)), and where the API gave an error, its C(name), C(descr), C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: unauthorized
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: GET AttachmentsList
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import MULTICLUSTER
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info.attachments import SPEC, read
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_info


def main() -> None:
    run_info(SPEC, read, MULTICLUSTER)


if __name__ == "__main__":
    main()
