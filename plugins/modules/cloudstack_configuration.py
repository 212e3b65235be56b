# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_configuration
short_description: Manage CloudStack's settings
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Gives a setting of CloudStack (a global configuration, or one of a zone, a cluster or a primary storage pool) a value, or its default.
  - Values are compared as what they mean. V(true) is V(True), V(0.850) is V(0.85), and no value is the empty text. Before CloudStack 4.18, which tells the type
    of a setting, everything that looks like a boolean or a number is taken for one.
  - Says whether the management servers have to be restarted until a change takes effect (RV(restart_needed)).
options:
  name:
    description:
      - The whole name of the setting.
    type: str
    required: true
  value:
    description:
      - The value, as a text, a number or a boolean. The empty text means that it has none.
      - Required with O(state=present).
      - The option itself is never logged, and never in what is shown of the task, because only CloudStack knows whether the setting is a secret.
      - The values of settings that hold secrets are in no result, diff and error either. These are the settings of CloudStack's categories C(Secure) and
        C(Hidden), the addresses of StorPool APIs with their tokens (C(sp.alternative.endpoint), C(sp.cluster.endpoint)), settings with a name like that of
        a secret (with V(password), V(secret), V(token), a word that ends with V(key), and the like), and every value with a StorPool token or with a user
        in an address.
      - Ansible by itself shows the items of a loop, and from ansible-core 2.19 on the lines of a task that fails. So set C(label) in C(loop_control), and
        give secrets as variables, for instance from a vault.
    type: raw
  state:
    description:
      - V(present) gives the setting O(value), and V(default) its default. That of a setting of a zone, a cluster or a pool is the value for the whole cloud.
      - V(default) needs CloudStack 4.18 or newer; the ones before do not tell what the default is.
    type: str
    choices: [present, default]
    default: present
  zone:
    description:
      - Name or id of the zone that the setting is for.
      - Without O(zone), O(cluster) and O(storage_pool), it is for the whole cloud.
    type: str
  cluster:
    description:
      - Name or id of the cluster that the setting is for.
    type: str
  storage_pool:
    description:
      - Name or id of the primary storage pool that the setting is for.
    type: str
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.cloudstack
  - storpool.cloudstack._attributes.direct
notes:
  - CloudStack shows the value that holds for a zone, a cluster or a pool, and not whether it was given there. If that of the whole cloud is the wanted one
    already, nothing is written.
  - Settings of the StorPool driver are there only if the management server has loaded it.
  - From CloudStack 4.21 on, C(snapshot.backup.to.secondary) has replaced C(sp.bypass.secondary.storage). The latter can still be set, but nothing reads it.
seealso:
  - module: storpool.cloudstack.cloudstack_management_server
"""

EXAMPLES = r"""
- name: Keep snapshots on StorPool, and do not copy them to secondary storage
  storpool.cloudstack.cloudstack_configuration:
    name: sp.bypass.secondary.storage
    value: true

- name: The StorPool cluster of a CloudStack cluster
  storpool.cloudstack.cloudstack_configuration:
    name: sp.cluster.id
    value: b7uz.b
    cluster: cluster1

- name: Statistics every ten minutes
  storpool.cloudstack.cloudstack_configuration:
    name: storpool.volumes.stats.interval
    value: 600
  register: interval

- name: It takes effect after a restart
  ansible.builtin.debug:
    msg: Restart the management servers.
  when: interval.restart_needed

- name: As CloudStack has it by itself
  storpool.cloudstack.cloudstack_configuration:
    name: sp.bypass.secondary.storage
    state: default
"""

RETURN = r"""
configuration:
  description: The setting as it is now, or in check mode as it would be.
  returned: success
  type: dict
  sample:
    name: storpool.volumes.stats.interval
    value: "600"
    default: "3600"
    hidden: false
    scope: global
    scope_name: null
    type: Number
    category: Advanced
    description: Seconds between volume statistics
    restart_needed: true
  contains:
    name:
      description: Its name.
      type: str
      returned: success
    value:
      description: Its value as a text, V(***) if it is hidden, V(null) if there is none.
      type: str
      returned: success
    default:
      description: Its default as a text, V(***) if it is hidden. V(null) if there is none, and before CloudStack 4.18.
      type: str
      returned: success
    hidden:
      description: Whether values are hidden because they are, or may be, secrets.
      type: bool
      returned: success
    scope:
      description: What it is for, V(global), V(zone), V(cluster) or V(storage_pool).
      type: str
      returned: success
    scope_name:
      description: The name or id that the task gave for it, V(null) with V(global).
      type: str
      returned: success
    type:
      description: Its type in CloudStack's words, V(null) before CloudStack 4.18.
      type: str
      returned: success
    category:
      description: Its category in CloudStack's words.
      type: str
      returned: success
    description:
      description: What CloudStack says of it.
      type: str
      returned: success
    restart_needed:
      description: Whether changes of it take effect only when the management servers are restarted.
      type: bool
      returned: success
restart_needed:
  description: Whether the management servers have to be restarted because of this task, or in check mode would have to be.
  returned: success
  type: bool
  sample: true
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - change setting 'storpool.volumes.stats.interval' to '600' (takes effect when the management servers are restarted)
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr), C(transient)
      and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_found
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST updateConfiguration
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.configuration import (
    CONFIGURATION,
    secrets,
    shown,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import Secrets, run_managed


def main() -> None:
    run_managed(CONFIGURATION, secrets=Secrets(shown, secrets))


if __name__ == "__main__":
    main()
