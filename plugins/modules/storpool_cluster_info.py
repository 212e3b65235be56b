# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_cluster_info
short_description: Show the state of a StorPool cluster
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Shows whether a StorPool cluster works, its services and clients, and on request its disks, placement groups and fault sets.
  - Each entry of O(gather) is one call.
options:
  gather:
    description:
      - What to read.
    type: list
    elements: str
    choices: [services, clients, disks, placement_groups, fault_sets]
    default: [services, clients]
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
notes:
  - While the cluster as a whole does not work, its API may answer that this will pass, and the module tries again before it says so. With
    C(sp_api_retries=0) it says so at once.
seealso:
  - module: storpool.cloudstack.storpool_placement_group
"""

EXAMPLES = r"""
- name: Wait until the cluster works
  storpool.cloudstack.storpool_cluster_info:
    gather: [services]
    sp_api_retries: 0
  register: cluster
  until: cluster.operational
  retries: 30
  delay: 10

- name: The clients that have the configuration of the cluster
  storpool.cloudstack.storpool_cluster_info:
    gather: [clients]
  register: cluster

- name: Client 1 is one of them
  ansible.builtin.assert:
    that: 1 in cluster.clients | selectattr('config_status', 'equalto', 'ok') | map(attribute='id')

- name: All disks and the placement groups that they are in
  storpool.cloudstack.storpool_cluster_info:
    gather: [disks, placement_groups]
"""

RETURN = r"""
operational:
  description:
    - Whether the cluster as a whole works. V(null) if O(gather) does not have V(services).
    - If it does not even list its services, everything that was asked for is V(null).
  returned: success
  type: bool
  sample: true
status:
  description: State of the cluster in StorPool's words, V(running), V(waiting) or V(down). V(null) if it does not say.
  returned: success
  type: str
  sample: running
problem:
  description: Why the cluster does not list its services, in the words of its API. V(null) if it does.
  returned: success
  type: str
  sample: null
services:
  description: The services by kind, each in the order of their ids. V(null) if they were not read.
  returned: success
  type: dict
  sample:
    mgmt:
      - {id: 1, node_id: 1, status: running, version: "21.0", start_time: 1767225600, active: true}
    servers:
      - {id: 1, node_id: 1, status: running, version: "21.0", start_time: 1767225600, missing_disks: [], pending_disks: []}
    clients:
      - {id: 1, node_id: 1, status: running, version: "21.0", start_time: 1767225600}
    bridges: []
    iscsi_targets: []
  contains:
    mgmt:
      description: Management services.
      type: list
      elements: dict
      returned: success
      contains:
        id:
          description: Id of the service.
          type: int
          returned: success
        node_id:
          description: Id of the node that it runs on.
          type: int
          returned: success
        status:
          description: State of the service, in StorPool's words, for instance V(running) or V(down).
          type: str
          returned: success
        version:
          description: Version of the service.
          type: str
          returned: success
        start_time:
          description: When it was started, as unix time. V(null) if it does not run.
          type: int
          returned: success
        active:
          description: Whether it is the active one.
          type: bool
          returned: success
    servers:
      description: Servers, which have the disks.
      type: list
      elements: dict
      returned: success
      contains:
        id:
          description: Id of the service.
          type: int
          returned: success
        node_id:
          description: Id of the node that it runs on.
          type: int
          returned: success
        status:
          description: State of the service, in StorPool's words, for instance V(running) or V(down).
          type: str
          returned: success
        version:
          description: Version of the service.
          type: str
          returned: success
        start_time:
          description: When it was started, as unix time. V(null) if it does not run.
          type: int
          returned: success
        missing_disks:
          description: Ids of the disks without which the cluster cannot go on.
          type: list
          elements: int
          returned: success
        pending_disks:
          description: Ids of the disks that wait for the missing ones.
          type: list
          elements: int
          returned: success
    clients:
      description: Clients, which have volumes attached.
      type: list
      elements: dict
      returned: success
      contains:
        id:
          description: Id of the service.
          type: int
          returned: success
        node_id:
          description: Id of the node that it runs on.
          type: int
          returned: success
        status:
          description: State of the service, in StorPool's words, for instance V(running) or V(down).
          type: str
          returned: success
        version:
          description: Version of the service.
          type: str
          returned: success
        start_time:
          description: When it was started, as unix time. V(null) if it does not run.
          type: int
          returned: success
    bridges:
      description: Bridges to other clusters.
      type: list
      elements: dict
      returned: success
      contains:
        id:
          description: Id of the service.
          type: int
          returned: success
        node_id:
          description: Id of the node that it runs on.
          type: int
          returned: success
        status:
          description: State of the service, in StorPool's words, for instance V(running) or V(down).
          type: str
          returned: success
        version:
          description: Version of the service.
          type: str
          returned: success
        start_time:
          description: When it was started, as unix time. V(null) if it does not run.
          type: int
          returned: success
    iscsi_targets:
      description: iSCSI targets.
      type: list
      elements: dict
      returned: success
      contains:
        id:
          description: Id of the service.
          type: int
          returned: success
        node_id:
          description: Id of the node that it runs on.
          type: int
          returned: success
        status:
          description: State of the service, in StorPool's words, for instance V(running) or V(down).
          type: str
          returned: success
        version:
          description: Version of the service.
          type: str
          returned: success
        start_time:
          description: When it was started, as unix time. V(null) if it does not run.
          type: int
          returned: success
clients:
  description: The clients and whether they have the configuration of the cluster, in the order of their ids. V(null) if they were not read.
  returned: success
  type: list
  elements: dict
  sample:
    - {id: 1, config_status: ok, generation: 120, client_generation: 120}
  contains:
    id:
      description: Id of the client.
      type: int
      returned: success
    config_status:
      description: Whether the client has the configuration (V(ok)), is about to have it (V(updating)), or does not run (V(down)).
      type: str
      returned: success
    generation:
      description: Number of the cluster's configuration.
      type: int
      returned: success
    client_generation:
      description: Number of the configuration that the client has.
      type: int
      returned: success
disks:
  description: The disks, in the order of their ids. V(null) if they were not read.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 101
      server_id: 1
      up: true
      ssd: false
      model: ST8000NM
      serial: ZA1234
      description: null
      soft_eject: "off"
      device: /dev/sdb1
      size: 8796093022208
      used: 33218887680
      empty: false
  contains:
    id:
      description: Id of the disk.
      type: int
      returned: success
    server_id:
      description: Id of the server that has it, or had it last.
      type: int
      returned: success
    up:
      description: Whether the disk is up.
      type: bool
      returned: success
    ssd:
      description: Whether it is an SSD.
      type: bool
      returned: success
    model:
      description: Model of the drive.
      type: str
      returned: success
    serial:
      description: Serial number of the drive.
      type: str
      returned: success
    description:
      description: What somebody has noted of the disk.
      type: str
      returned: success
    soft_eject:
      description: Whether its data is being moved away (V(on)), or that has been interrupted (V(paused)), or neither (V(off)).
      type: str
      returned: success
    device:
      description: The device on the server. V(null) if the disk is down.
      type: str
      returned: success
    size:
      description: Raw size in bytes. V(null) if the disk is down.
      type: int
      returned: success
    used:
      description: What objects take of it, in bytes. V(null) if the disk is down.
      type: int
      returned: success
    empty:
      description: Whether nothing is on it. V(null) if the disk is down.
      type: bool
      returned: success
placement_groups:
  description: The placement groups, sorted by name. V(null) if they were not read.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: ssd, disks: [102, 202, 302]}
  contains:
    name:
      description: Name of the placement group.
      type: str
      returned: success
    disks:
      description: Ids of its disks.
      type: list
      elements: int
      returned: success
fault_sets:
  description: The fault sets, sorted by name. V(null) if they were not read.
  returned: success
  type: list
  elements: dict
  sample:
    - {name: rack1, servers: [1, 4]}
  contains:
    name:
      description: Name of the fault set.
      type: str
      returned: success
    servers:
      description: Ids of the servers that may fail together.
      type: list
      elements: int
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
  sample: GET ServicesList
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.info.cluster import SPEC, read
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_info


def main() -> None:
    run_info(SPEC, read)


if __name__ == "__main__":
    main()
