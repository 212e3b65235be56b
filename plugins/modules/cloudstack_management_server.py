# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_management_server
short_description: Drain a CloudStack management server, and bring it back
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Takes a management server out of service so that it can be restarted without failing anybody's jobs, and waits until it serves again.
  - It starts and stops no process; restart C(cloudstack-management) between the two.
  - What CloudStack can do for it differs with its version, see O(state). Up to CloudStack 4.18 this module only waits.
options:
  name:
    description:
      - Name of the management server as CloudStack lists it, which is the name of the machine, or its id.
      - CloudStack before 4.12 does not list management servers. The name plays no role there.
    type: str
    required: true
  state:
    description:
      - V(drained) makes the server accept no new jobs, hands its agents to others, and waits until it has no job in progress.
      - CloudStack 4.21 and newer put it into maintenance for that (C(prepareForMaintenance)). 4.19 and 4.20 prepare it for a shutdown
        (C(prepareForShutdown)) and keep its agents, which look for another server by themselves when it stops.
      - Before 4.19, V(drained) waits until no job is in progress in the whole cloud, and changes nothing. Take the server out of the load balancer before.
      - A server that is C(Down) is drained.
      - V(up) takes the server out of maintenance, or calls the preparation off, and waits until it is C(Up). A server that was restarted in maintenance
        comes up in maintenance, and is brought back by this, too.
      - While V(up) waits, an API that does not answer, or answers that it is starting, is what it waits for.
    type: str
    choices: [drained, up]
    required: true
  provider:
    description:
      - With O(state=up), wait also until the management server has loaded the StorPool driver (the storage provider C(StorPool)).
      - It is the server that answers at O(api_url) that is asked. If there are several, give the address of this one, and not that of a load balancer.
    type: bool
    default: true
  allow_alone:
    description:
      - From CloudStack 4.19 on, O(state=drained) needs another management server that is C(Up). Without one, the task fails.
      - With this option it waits until no job is in progress in that case, and changes nothing. Jobs that begin after that fail when the server is restarted.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds the whole task may take, with calls that are not answered and whatever has to be tried again.
      - A server that is not drained by then takes no new jobs until it is brought up again.
      - CloudStack gives a server that cannot be drained back to service by itself, after C(management.server.maintenance.timeout), by default an hour.
    type: int
    default: 600
    aliases:
      - timeout
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.cloudstack
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.cloudstack_host_info
  - module: storpool.cloudstack.cloudstack_configuration
    description: The setting C(host) has to have the addresses of all management servers, so that agents can be handed from one to another.
"""

EXAMPLES = r"""
- name: Nothing goes on on ms2, so that it can be restarted
  storpool.cloudstack.cloudstack_management_server:
    name: ms2
    state: drained
    wait_timeout: 1800

- name: It serves again, with the StorPool driver
  storpool.cloudstack.cloudstack_management_server:
    name: ms2
    state: up
"""

RETURN = r"""
management_server:
  description:
    - The management server as it is now, or in check mode as it would be.
    - V(null) in check mode if the API does not answer.
  returned: success
  type: dict
  sample:
    id: 3c9d7f7e-1b0a-4c1e-8f7d-5d6e2b8a4c10
    name: ms2
    state: Up
    version: 4.21.0.0
    ip_address: 10.1.0.2
    agents: 3
    pending_jobs: 0
    others_up:
      - ms1
    storage_providers:
      - DefaultPrimary
      - StorPool
  contains:
    id:
      description: Its id, V(null) before CloudStack 4.12.
      type: str
      returned: success
    name:
      description: Its name.
      type: str
      returned: success
    state:
      description:
        - Its state in CloudStack's words, such as V(Up), V(PreparingForMaintenance), V(Maintenance), V(PreparingForShutDown) (before 4.21
          V(PreparingToShutDown)), V(ReadyToShutDown) or V(Down).
        - V(null) before CloudStack 4.12.
      type: str
      returned: success
    version:
      description: Its version.
      type: str
      returned: success
    ip_address:
      description: Its address, V(null) where CloudStack does not tell.
      type: str
      returned: success
    agents:
      description: How many agents it serves, V(null) before CloudStack 4.21, and in check mode where it would change.
      type: int
      returned: success
    pending_jobs:
      description:
        - How many jobs are in progress on it, or in the whole cloud where O(state=drained) waits for those.
        - V(null) if that was not asked, and in check mode where it would change.
      type: int
      returned: success
    others_up:
      description: Names of the other management servers that are C(Up).
      type: list
      elements: str
      returned: success
    storage_providers:
      description: The storage providers of the server that answers at O(api_url). V(null) if that was not asked.
      type: list
      elements: str
      returned: success
actions:
  description: What was done and waited for, or in check mode would be, in words.
  returned: success
  type: list
  elements: str
  sample:
    - prepare management server 'ms2' for maintenance
    - wait until no job is in progress on management server 'ms2' and its agents have gone to others
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr), C(transient)
      and HTTP C(status).
    - A wait that took too long is C(not_converged), a server that cannot be spared C(not_allowed).
  returned: failure
  type: dict
  sample:
    kind: not_converged
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST prepareForMaintenance
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.management.server import MANAGEMENT_SERVER
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_managed


def main() -> None:
    run_managed(MANAGEMENT_SERVER)


if __name__ == "__main__":
    main()
