# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_storpool_pool_info
short_description: Get CloudStack's primary storage pools on StorPool
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Returns the primary storage pools of the provider C(StorPool) that meet all the given conditions, or all of them.
  - All are read with one call, however many there are.
options:
  name:
    description:
      - Only pools whose names are these, or match them as shell patterns (V(*), V(?), V([abc])).
    type: list
    elements: str
  zone:
    description:
      - Only pools of the zone with this name or id.
    type: str
  template:
    description:
      - Only the pool of this StorPool template. There can be one for each StorPool cluster.
    type: str
  tags:
    description:
      - Only pools that have all these storage tags.
    type: list
    elements: str
  hosts:
    description:
      - Return also which hosts have connected each pool. CloudStack tells this from 4.19 on.
      - This takes one more call for each pool and one for each host of its zone.
    type: bool
    default: false
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.cloudstack
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.cloudstack_storpool_pool
"""

EXAMPLES = r"""
- name: All StorPool pools
  storpool.cloudstack.cloudstack_storpool_pool_info:

- name: The pools of one zone with a tag, and which hosts have connected them
  storpool.cloudstack.cloudstack_storpool_pool_info:
    zone: zone1
    tags:
      - hybrid
    hosts: true
  register: hybrid

- name: Every host has connected them
  ansible.builtin.assert:
    that: hybrid.pools | map(attribute='hosts.not_connected') | flatten | length == 0
"""

RETURN = r"""
pools:
  description: The pools, by zone and name.
  returned: success
  type: list
  elements: dict
  sample:
    - id: hybrid;0b1c6c3e-53a1-4ad4-8f0e-3b1d6f0e6d1a
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
      hosts: null
  contains:
    id:
      description:
        - Id of the pool. It is no UUID.
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
      description: Where hosts have the devices of the volumes.
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
      description: Whether the only one of RV(pools[].tags) is a rule and no tag.
      type: bool
      returned: success
    created:
      description: When the pool was created.
      type: str
      returned: success
    hosts:
      description:
        - Names of the KVM hosts of the zone that are up and enabled, by whether they have connected the pool.
        - V(null) if that was not asked, and before CloudStack 4.19, which does not tell.
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
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr), C(transient)
      and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: unauthorized
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST listStoragePools
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.info.pools import SPEC_POOLS, pools
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_info


def main() -> None:
    run_info(SPEC_POOLS, pools)


if __name__ == "__main__":
    main()
