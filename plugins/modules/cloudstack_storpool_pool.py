# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_storpool_pool
short_description: Manage CloudStack's primary storage pools on StorPool
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Registers a StorPool template with CloudStack as a primary storage pool for all KVM hosts of a zone, updates, enables and disables the pool, puts it into
    maintenance and takes it out again, and removes it.
  - What the task does not name is left as it is.
  - Works with CloudStack 4.8 to 4.23, and does what differs between these versions by itself.
notes:
  - A pool is found by its O(zone) and O(name) among the pools of the provider C(StorPool). CloudStack shows the StorPool template of a pool, and in some
    versions the address of the StorPool API, but the token at most by mistake. One that has changed is no change, and this module does not replace the
    token of an existing pool.
  - StorPool templates and CloudStack templates are two things. O(template) is the StorPool one.
  - The IOPS capacity of a pool cannot be given, because the StorPool driver ignores it.
  - From 4.19 on, CloudStack makes all details of a pool visible to administrators whenever its name or tags are changed, the StorPool token included. It
    returns them in C(listStoragePools) from 4.21 on. This module never returns them.
options:
  state:
    description:
      - Whether the pool shall exist.
      - To remove a pool, CloudStack wants it in maintenance first. A disabled pool is enabled for a moment on the way there.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the pool.
    type: str
    required: true
  previous_name:
    description:
      - The name under which the pool is found if it does not have its new O(name) yet. Needs CloudStack 4.15 or newer.
      - The task fails if there is a pool with either name. If there is none, a pool O(name) is created.
    type: str
  zone:
    description:
      - Name or id of the zone.
    type: str
    required: true
  template:
    description:
      - The StorPool template of the pool. It needs replication and placement groups, but no size.
      - Required to create a pool. CloudStack cannot change the template of a pool, so for an existing one it must be the one that the pool has.
      - One template serves at most one pool.
    type: str
  allow_same_template_name:
    description:
      - Allow a new pool although there is another one whose StorPool template has the same name. It must be in another StorPool cluster.
    type: bool
    default: false
  verify_template:
    description:
      - Ask StorPool from the host that runs the task, before a new pool is created, whether O(template) exists and O(sp_auth_token) is right.
      - It plays no role if StorPool cannot be reached from there, or if O(sp_api_http_host) and O(sp_auth_token) are not given.
    type: bool
    default: true
  url_form:
    description:
      - How a new pool tells the StorPool driver of CloudStack which template to use, and where.
      - V(template) is the name of the template alone. The management server then looks up address and token of the StorPool API in its own StorPool
        configuration. CloudStack 4.19.1 and newer do not take it.
      - V(pairs) is C(SP_API_HTTP=…;SP_AUTH_TOKEN=…;SP_TEMPLATE=…), for drivers published since December 2019.
      - V(uri) is C(storpool://…), for CloudStack 4.19.1 and newer.
      - V(auto) is V(template) before CloudStack 4.11, whose driver knows nothing else; before 4.19.1 it is V(pairs) if O(sp_api_http_host) and
        O(sp_auth_token) are given, and V(template) if not; and from 4.19.1 on it is V(uri), or V(pairs) where only that can carry the token or the address.
      - A token that the form cannot carry is refused before anything is sent.
    type: str
    choices: [auto, template, pairs, uri]
    default: auto
  capacity:
    description:
      - The capacity that CloudStack assumes for a new pool, as bytes or with a unit, for instance V(10TiB). Units are powers of 1024.
      - V(from_template) takes the capacity of O(template). The module asks StorPool for it from the host that runs the task.
      - Required to create a pool. It plays no role once the pool exists, since CloudStack 4.18.1 and newer put what StorPool tells in its place.
    type: str
  tags:
    description:
      - The storage tags of the pool, all of them. The order plays no role, and tags that are not named are removed.
      - A new pool without this option has its name as a tag. That is what the StorPool driver does.
      - Without the option, the tags of an existing pool are left alone.
    type: list
    elements: str
  allocation_state:
    description:
      - Whether CloudStack may put volumes on the pool (V(enabled)), may only go on to use those that are there (V(disabled)), or has to stop to use the
        pool at all (V(maintenance)).
      - Without the option, the state of an existing pool is left alone, and a new pool is enabled.
      - A pool in maintenance that shall be enabled or disabled is taken out of maintenance, and CloudStack starts the VMs again that it had stopped.
    type: str
    choices: [enabled, disabled, maintenance]
  stop_vms:
    description:
      - Allow to put a pool into maintenance, also on the way to its removal, although this stops running VMs that have volumes on it.
      - The volumes of system VMs count only from CloudStack 4.18 on, because it does not list them before.
    type: bool
    default: false
  delete_volumes:
    description:
      - Allow to delete the volumes that are on the pool and belong to no VM, so that the pool can be removed. All data on them is lost.
      - The volumes of VMs are never deleted; a pool that has such volumes cannot be removed.
    type: bool
    default: false
  delete_snapshots:
    description:
      - Allow to delete the snapshots of the volumes that are on the pool, so that it can be removed.
      - CloudStack does not tell which snapshots of deleted volumes and which templates have their data on the pool. It refuses to remove the pool as long
        as there are any, and the pool stays in maintenance.
    type: bool
    default: false
  expunge_destroyed_volumes:
    description:
      - Allow a removal that expunges destroyed volumes, if there are any on the pool.
      - CloudStack then expunges the destroyed volumes of the whole cloud, on every pool and of every account. They cannot be recovered after that.
    type: bool
    default: false
  connected_hosts:
    description:
      - CloudStack registers a pool even if some hosts, or all of them, cannot connect it. It tells which did from 4.19 on.
      - V(report) returns them in RV(pool.hosts), at the price of one call for each host of the zone. V(ignore) does not ask.
      - V(all) waits until all hosts that are up and enabled have connected the pool, and fails if they have not after O(wait_timeout).
    type: str
    choices: [ignore, report, all]
    default: report
  wait_timeout:
    description:
      - How many seconds the whole task may take, with its long calls, CloudStack's jobs, its waits and whatever has to be tried again.
      - To create a pool, CloudStack connects the hosts of the zone one after another, and each may take up to five minutes.
    type: int
    default: 1800
  sp_api_http_host:
    description:
      - Host name or address of the StorPool management API, as the management server reaches it.
      - Without the option, E(SP_API_HTTP_HOST) says it. The configuration files of the host that runs the task count only for O(capacity=from_template).
    type: str
  sp_api_http_port:
    description:
      - Port of the StorPool management API.
      - Without the option, E(SP_API_HTTP_PORT) says it, else it is V(81).
    type: int
  sp_auth_token:
    description:
      - The token for the StorPool management API. CloudStack keeps it in its database.
      - Without the option, E(SP_AUTH_TOKEN) says it.
    type: str
attributes:
  action_group:
    description: Use C(group/storpool.cloudstack.cloudstack) and C(group/storpool.cloudstack.storpool) in C(module_defaults) to set both connections once.
    support: full
    membership:
      - storpool.cloudstack.cloudstack
      - storpool.cloudstack.storpool
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._storpool.beside
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.cloudstack_storpool_pool_info
  - module: storpool.cloudstack.storpool_template
"""

EXAMPLES = r"""
- name: A pool on the StorPool template hybrid, as large as the template
  storpool.cloudstack.cloudstack_storpool_pool:
    name: sp-hybrid
    zone: zone1
    template: hybrid
    capacity: from_template
    tags:
      - hybrid
      - replicated

- name: Another storage tag; the others stay because they are named
  storpool.cloudstack.cloudstack_storpool_pool:
    name: sp-hybrid
    zone: zone1
    tags:
      - hybrid
      - replicated
      - production

- name: Wait until every host has connected the pool
  storpool.cloudstack.cloudstack_storpool_pool:
    name: sp-hybrid
    zone: zone1
    connected_hosts: all
    wait_timeout: 600

- name: No new volumes on the pool
  storpool.cloudstack.cloudstack_storpool_pool:
    name: sp-hybrid
    zone: zone1
    allocation_state: disabled

- name: Rename the pool
  storpool.cloudstack.cloudstack_storpool_pool:
    name: sp-old
    previous_name: sp-hybrid
    zone: zone1

- name: Maintenance, even if VMs have to be stopped for it
  storpool.cloudstack.cloudstack_storpool_pool:
    name: sp-old
    zone: zone1
    allocation_state: maintenance
    stop_vms: true

- name: Remove the pool
  storpool.cloudstack.cloudstack_storpool_pool:
    name: sp-old
    zone: zone1
    state: absent
"""

RETURN = r"""
pool:
  description: The pool as it is now, or in check mode as it would be. V(null) if it does not exist.
  returned: success
  type: dict
  sample:
    id: hybrid;0b1c6c3e-53a1-4ad4-8f0e-3b1d6f0e6d1a
    name: sp-hybrid
    zone: zone1
    zone_id: 1d1c5c0e-9f4e-4c1c-8a43-3f7f6c4e2c11
    template: hybrid
    endpoint: null
    provider: StorPool
    state: Up
    allocation_state: enabled
    scope: ZONE
    hypervisor: KVM
    type: StorPool
    path: /dev/storpool-byid/
    capacity: 10995116277760
    used: null
    allocated: 0
    tags:
      - hybrid
      - replicated
    tag_is_rule: false
    created: "2026-01-31T12:00:00+0000"
    hosts:
      connected:
        - host1
        - host2
      not_connected: []
  contains:
    id:
      description:
        - Id of the pool, V(null) in check mode if the pool would be created. It is no UUID.
        - Some drivers before CloudStack 4.17 made ids that hold the token; it is replaced by C(***) here.
      type: str
      returned: success
    name:
      description: Name of the pool.
      type: str
      returned: success
    zone:
      description: Name of the zone.
      type: str
      returned: success
    zone_id:
      description: Id of the zone.
      type: str
      returned: success
    template:
      description: The StorPool template of the pool, as its id tells.
      type: str
      returned: success
    endpoint:
      description: Address and port of the StorPool API that the pool uses, V(null) where CloudStack does not tell.
      type: str
      returned: success
    provider:
      description: Always V(StorPool).
      type: str
      returned: success
    state:
      description: State of the pool in CloudStack's words.
      type: str
      returned: success
    allocation_state:
      description: The state as V(enabled), V(disabled) or V(maintenance). V(null) for one that passes and for a failed maintenance.
      type: str
      returned: success
    scope:
      description: Always V(ZONE), unless someone else made the pool.
      type: str
      returned: success
    hypervisor:
      description: Always V(KVM).
      type: str
      returned: success
    type:
      description: Type of the pool, V(StorPool) from CloudStack 4.17.1 on and V(SharedMountPoint) before.
      type: str
      returned: success
    path:
      description: Where hosts have the devices of the volumes. V(null) in check mode if the pool would be created on CloudStack before 4.17.
      type: str
      returned: success
    capacity:
      description: Capacity in bytes that CloudStack assumes.
      type: int
      returned: success
    used:
      description: Used bytes, V(null) where CloudStack does not tell.
      type: int
      returned: success
    allocated:
      description: Bytes that are allocated to volumes.
      type: int
      returned: success
    tags:
      description: Storage tags, sorted.
      type: list
      elements: str
      returned: success
    tag_is_rule:
      description: Whether the only one of RV(pool.tags) is a rule and no tag.
      type: bool
      returned: success
    created:
      description: When the pool was created. V(null) in check mode if the pool would be created.
      type: str
      returned: success
    hosts:
      description:
        - Names of the KVM hosts of the zone that are up and enabled, by whether they have connected the pool.
        - V(null) if that was not asked, if the pool would be created, and before CloudStack 4.19, which does not tell.
      type: dict
      returned: success
      contains:
        connected:
          description: The hosts that have connected the pool.
          type: list
          elements: str
          returned: success
        not_connected:
          description: The hosts that have not.
          type: list
          elements: str
          returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - "update primary storage pool 'sp-hybrid': set its storage tags to hybrid, production and replicated"
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr), C(transient)
      and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_allowed
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST deleteStoragePool
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import StorPool
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.pool.pool import POOL
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_managed
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    BadAnswer,
    Failure,
    NotFound,
    Unauthorized,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.words import sentence
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import CONNECTION
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects import named
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect, reader_of

#: How long to try to verify a template from here, in seconds; the management server is the one that has to reach StorPool.
VERIFY_TIMEOUT = 5.0


def ask_storpool(module: AnsibleModule, time_left: TimeLeft) -> StorPool:
    """The StorPool side of this module: what it asks StorPool directly, from the host that runs the task."""
    return StorPool(
        lambda name: template_capacity(module, name, time_left), lambda name: template_problem(module, name)
    )


def template_capacity(module: AnsibleModule, template: str, time_left: TimeLeft) -> t.Optional[int]:
    """The capacity of a StorPool template in bytes of client data, as CloudStack will show it, too; ``None`` for one that check mode foresees."""
    reader = reader_of(module, connect(module, time_left=time_left))
    for status in reader.templates_status():
        if status["name"] == template:
            stored = status.get("stored") or {}
            if stored.get("capacity") is None:
                if reader.foresees:
                    return None
                raise BadAnswer(
                    f"StorPool does not tell the capacity of template {template!r}. Set capacity to a size.",
                    call="GET VolumeTemplatesStatus",
                )
            return int(stored["capacity"])
    raise NotFound(_missing(template, reader))


def template_problem(module: AnsibleModule, template: str) -> t.Optional[str]:
    """Why StorPool would not let a pool use a template. ``None`` if it would, and if StorPool cannot be asked from here."""
    hurried = dict(module.params, sp_api_timeout=VERIFY_TIMEOUT, sp_api_retries=0)
    try:
        reader = reader_of(module, connect(module, hurried))
        return None if reader.template(template) else _missing(template, reader)
    except Unauthorized as error:
        return error.message
    except Failure:
        return None


def _missing(template: str, reader: Reader) -> str:
    there = named.no_such("template", template, (str(row["name"]) for row in reader.templates()))
    return f"{sentence(there)} Create it first (storpool_template), or name one that exists."


def main() -> None:
    run_managed(POOL, CONNECTION, ask_storpool)


if __name__ == "__main__":
    main()
