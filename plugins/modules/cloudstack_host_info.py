# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_host_info
short_description: Get CloudStack's KVM hosts, and wait until they are healthy
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Returns the KVM hosts that meet all the given conditions, or all of them. They are read with one call, however many there are, and the names of their
    clusters, pods and zones with another one.
  - With O(wait=true) it ends when all these hosts are healthy, for instance after their agents have been restarted. A host is healthy if its state is C(Up), a
    management server serves it, and it has connected all StorPool pools of its zone that are C(Up). CloudStack tells the last from 4.19 on.
  - A service that runs says less. An agent has to connect each pool anew after it was started, and CloudStack refuses an agent that cannot.
options:
  name:
    description:
      - Only hosts whose names are these, or match them as shell patterns (V(*), V(?), V([abc])). Names are compared whole, with case.
      - With O(wait=true), each of them must be the name of a host. One that is not is an error at once.
    type: list
    elements: str
  zone:
    description:
      - Only hosts of the zone with this name or id.
    type: str
  cluster:
    description:
      - Only hosts of the cluster with this name or id.
    type: str
  pools:
    description:
      - Return also which StorPool pools each host has connected. CloudStack tells it from 4.19 on.
      - This takes one more call for each host, and two for all of them.
    type: bool
    default: false
  storpool_clients:
    description:
      - Which StorPool clients hosts are, each by the name or id of the host.
      - Hosts that are not named here are looked for in C(/etc/storpool.conf) and C(/etc/storpool.conf.d/*.conf) of the machine that runs the task. Where these
        are the same on all hosts, they have a section for each, with its name and its C(SP_OURID).
      - CloudStack 4.19 and newer keep the number, but no command of the API shows it.
    type: dict
  wait:
    description:
      - Wait until all the hosts are healthy, and fail if they are not in time. One sentence for each host that is not says what is missing and where to look.
      - The pools are looked at then, whatever O(pools) says.
      - An API that does not answer, or answers that it is draining or starting, is waited for as well.
    type: bool
    default: false
  wait_timeout:
    description:
      - For how many seconds to wait until all the hosts are healthy. A call that is not answered ends with them.
    type: int
    default: 300
  wait_stable:
    description:
      - How many seconds the hosts have to stay healthy until the task believes it. They come on top of O(wait_timeout).
      - CloudStack may show a host as C(Up) for a moment after its agent was stopped.
    type: int
    default: 5
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.cloudstack
  - storpool.cloudstack._attributes.direct
notes:
  - Whether a host is in maintenance (RV(hosts[].resource_state)) plays no role for its health, so that one can be healthy before it is taken out of it.
seealso:
  - module: storpool.cloudstack.cloudstack_storpool_pool_info
  - module: storpool.cloudstack.cloudstack_management_server
"""

EXAMPLES = r"""
- name: All KVM hosts
  storpool.cloudstack.cloudstack_host_info:

- name: The hosts of one cluster, and which pools they have connected
  storpool.cloudstack.cloudstack_host_info:
    cluster: cluster1
    pools: true

- name: Which StorPool client each host is, where this machine does not know
  storpool.cloudstack.cloudstack_host_info:
    storpool_clients:
      host1: 1
      host2: 2

- name: After a restart of the agent on host1, go on only when it can be used again
  storpool.cloudstack.cloudstack_host_info:
    name:
      - host1
    wait: true
    wait_timeout: 600
  register: restarted

- name: It is healthy
  ansible.builtin.assert:
    that: restarted.hosts[0].healthy
"""

RETURN = r"""
hosts:
  description: The hosts, by zone and name.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 6f0d6a0e-4f0a-4a1c-9d52-0c6c3c2f9a51
      name: host1
      state: Up
      resource_state: Enabled
      zone: zone1
      pod: pod1
      cluster: cluster1
      ip_address: 10.1.1.1
      version: 4.19.1.0
      management_server_id: 3c9d7f7e-1b0a-4c1e-8f7d-5d6e2b8a4c10
      disconnected: null
      storpool_client_id: 7
      pools:
        connected:
          - sp-hybrid
        not_connected: []
      healthy: true
  contains:
    id:
      description: Id of the host.
      type: str
      returned: success
    name:
      description: Name of the host.
      type: str
      returned: success
    state:
      description: State of its agent in CloudStack's words, such as V(Up), V(Connecting), V(Disconnected), V(Alert) or V(Down).
      type: str
      returned: success
    resource_state:
      description: Whether CloudStack may use it, in CloudStack's words, such as V(Enabled), V(Disabled) or V(Maintenance).
      type: str
      returned: success
    zone:
      description: Name of its zone.
      type: str
      returned: success
    pod:
      description: Name of its pod.
      type: str
      returned: success
    cluster:
      description: Name of its cluster.
      type: str
      returned: success
    ip_address:
      description: Its address.
      type: str
      returned: success
    version:
      description: Version of its agent.
      type: str
      returned: success
    management_server_id:
      description: Id of the management server that serves it, V(null) if none does.
      type: str
      returned: success
    disconnected:
      description: Since when its agent is disconnected, V(null) where CloudStack does not tell.
      type: str
      returned: success
    storpool_client_id:
      description: Id of the StorPool client that the host is, by O(storpool_clients) or StorPool's configuration files. V(null) if neither tells it.
      type: int
      returned: success
    pools:
      description:
        - Names of the StorPool pools of its zone that are C(Up), by whether the host has connected them.
        - V(null) if that was not asked, and before CloudStack 4.19, which does not tell.
      type: dict
      returned: success
      contains:
        connected:
          description: The pools that it has connected.
          type: list
          elements: str
          returned: success
        not_connected:
          description: The pools that it has not.
          type: list
          elements: str
          returned: success
    healthy:
      description: Whether it is C(Up), is served by a management server, and, as far as RV(hosts[].pools) tells, has connected its pools.
      type: bool
      returned: success
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr), C(transient)
      and HTTP C(status).
    - If hosts were waited for in vain, C(kind) is C(not_converged), and C(hosts) has one sentence for each that is not healthy, by name.
  returned: failure
  type: dict
  sample:
    kind: not_converged
    hosts:
      host1: >-
        Host 'host1' is in state Disconnected since 2026-01-31T12:00:00+0000. Check that cloudstack-agent runs, and look at the journal of cloudstack-agent
        there.
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST listHosts
"""

import typing as t

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.hosts import SPEC, hosts
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_info
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.hosts import known


def ask_storpool(module: Module, _time_left: TimeLeft) -> t.Callable[[], t.Dict[str, int]]:
    """What tells the ids of StorPool's clients by host."""
    return lambda: known(module.params["storpool_clients"], "storpool_clients", module.warn)


def main() -> None:
    run_info(SPEC, hosts, ask=ask_storpool)


if __name__ == "__main__":
    main()
