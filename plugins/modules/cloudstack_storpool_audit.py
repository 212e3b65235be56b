# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_storpool_audit
short_description: Compare what CloudStack and StorPool say of the same volumes
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Reads what CloudStack and StorPool say of volumes, snapshots, attachments, hosts and pools, and returns where they do not agree. Changes nothing.
  - Each kind of object is one list call, in pages where CloudStack gives pages. What looks wrong is looked at a second time on both sides, and is a finding
    if it is wrong both times, since things move while they are read.
  - C(dangling_attachment) is a volume attached where its VM does not run, C(missing_attachment) one that is not attached where it runs, C(double_attachment)
    one with two writers while no migration is going on.
  - C(orphan_volume) and C(orphan_snapshot) are what StorPool has with CloudStack's tags and CloudStack does not have, C(lost_volume) and C(lost_snapshot) what
    CloudStack takes for there and StorPool does not have, C(left_temporary) what was made for a moment and is used by nothing.
  - C(size_differs), C(template_differs), C(limit_differs) and C(tags_differ) are about volumes that both have.
  - C(client_down) and C(host_without_client) are about hosts that are Up, C(pool_template_missing), C(pool_over_capacity) and C(pool_not_connected) about
    pools.
notes:
  - StorPool does not say which cloud made an object. What has CloudStack's tags counts as this cloud's if its StorPool template is that of one of the pools
    that are looked at. The orphans of a template that several clouds use cannot be told from what is the other cloud's, and the message says so. If one of
    them is attached to a client that is no host of this cloud, the template counts as shared, and no repair is offered.
  - Templates, limits and the tags of VMs are compared from CloudStack 4.17 on, offerings' C(SP_TEMPLATE) and C(SP_QOSCLASS) from 4.20 on, as the driver
    reads them. Before 4.18, CloudStack does not list the volumes of system VMs, so orphans may be some of these.
  - Whether a host has connected a pool is seen by the pool's check volume, which the driver attaches to the host for good (4.17).
  - Earlier tasks of a run in check mode are not foreseen. It says what is there.
options:
  codes:
    description:
      - Only findings with these codes. What only others need is not read.
    type: list
    elements: str
    choices:
      - dangling_attachment
      - missing_attachment
      - double_attachment
      - orphan_volume
      - orphan_snapshot
      - lost_volume
      - lost_snapshot
      - size_differs
      - template_differs
      - limit_differs
      - tags_differ
      - left_temporary
      - client_down
      - host_without_client
      - pool_template_missing
      - pool_over_capacity
      - pool_not_connected
  severity:
    description:
      - Only findings that are at least so bad.
    type: str
    choices: [error, warning, info]
    default: info
attributes:
  action_group:
    description: Use C(group/storpool.cloudstack.cloudstack) and C(group/storpool.cloudstack.storpool) in C(module_defaults) to set both connections once.
    support: full
    membership:
      - storpool.cloudstack.cloudstack
      - storpool.cloudstack.storpool
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._storpool
  - storpool.cloudstack._cloudstack.books
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.cloudstack_storpool_repair
"""

EXAMPLES = r"""
- name: See where CloudStack and StorPool do not agree
  storpool.cloudstack.cloudstack_storpool_audit:
    clients:
      kvm1: 1
      kvm2: 2
      kvm3: 3
  register: audit

- name: Say what is wrong
  ansible.builtin.debug:
    msg: "{{ audit.findings | map(attribute='message') }}"

- name: Attachments of one pool, whatever their age
  storpool.cloudstack.cloudstack_storpool_audit:
    pools:
      - sp-hybrid
    codes:
      - dangling_attachment
      - missing_attachment
      - double_attachment
    min_age: 0s
"""

RETURN = r"""
findings:
  description: What is wrong, the worst first, then by code and object.
  returned: success
  type: list
  elements: dict
  sample:
    - code: dangling_attachment
      severity: error
      object: volume 7ba6072f-7067-487a-8664-cf2c541454c6
      cloudstack:
        id: 7ba6072f-7067-487a-8664-cf2c541454c6
        name: ROOT-23
        state: Ready
        virtualmachineid: 27b1901a-f021-4ca5-8002-3235f346f33b
        vmname: web-1
        vmstate: Running
        host: kvm3
      storpool:
        name: ~sim.b.sm
        global_id: sim.b.sm
        template: hybrid
        size: 1073741824
        tags:
          cs: volume
          cvm: 27b1901a-f021-4ca5-8002-3235f346f33b
          uuid: 7ba6072f-7067-487a-8664-cf2c541454c6
        clients:
          - client: 1
            rights: rw
          - client: 3
            rights: rw
      message: Volume 'ROOT-23' is attached to client 1 (kvm1), and its VM 'web-1' runs on kvm3.
      next: Detach it there; the repair does so only if no program has it open.
      repair: detach volume 'ROOT-23' from client 1
  contains:
    code:
      description: What kind of finding it is.
      type: str
      returned: success
    severity:
      description: V(error), V(warning) or V(info).
      type: str
      returned: success
    object:
      description: What it is about, the same in every run.
      type: str
      returned: success
    cloudstack:
      description: What CloudStack says of it, V(null) if it does not know it.
      type: dict
      returned: success
    storpool:
      description: What StorPool says of it, V(null) if it does not know it.
      type: dict
      returned: success
    message:
      description: What is wrong, for a person.
      type: str
      returned: success
    next:
      description: What to do.
      type: str
      returned: success
    repair:
      description: What M(storpool.cloudstack.cloudstack_storpool_repair) would do. V(null) if it offers nothing.
      type: str
      returned: success
counts:
  description: How many findings there are.
  returned: success
  type: dict
  sample:
    total: 1
    by_severity:
      error: 1
      warning: 0
      info: 0
    by_code:
      dangling_attachment: 1
  contains:
    total:
      description: All of them.
      type: int
      returned: success
    by_severity:
      description: By severity.
      type: dict
      returned: success
    by_code:
      description: By code, those that there are.
      type: dict
      returned: success
books:
  description: How much was compared. What nothing asked for was not read, and is 0.
  returned: success
  type: dict
  sample:
    cloudstack:
      pools: 1
      hosts: 3
      volumes: 40
      vms: 12
      snapshots: 4
      vm_snapshots: 0
      templates: 2
    storpool:
      volumes: 41
      snapshots: 6
      attachments: 43
      clients: 3
      templates: 1
  contains:
    cloudstack:
      description: Objects that CloudStack listed, by kind.
      type: dict
      returned: success
    storpool:
      description: Objects that StorPool listed, by kind.
      type: dict
      returned: success
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name), C(descr) and C(transient).
  returned: failure
  type: dict
  sample:
    kind: unauthorized
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST listVolumes
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._books.reading import Sides
from ansible_collections.storpool.cloudstack.plugins.module_utils._books.run import AUDIT, look
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import identity, other_half
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader as Cloud
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.options import (
    CONNECTION as TO_CLOUDSTACK,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import open_api
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.run import finish
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.hosts import known
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import (
    Reader as Cluster,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import (
    keys_of,
    owner_of,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.times import duration
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import (
    CONNECTION as TO_STORPOOL,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect as connect_to_storpool


def sides(module: Module) -> Sides:
    """Both APIs, and what each side knows of names."""
    return Sides(
        Cloud(open_api(module, TimeLeft())),
        Cluster(connect_to_storpool(module)),
        identity.is_storpool,
        identity.template_of,
        other_half.reference,
        keys_of,
        owner_of,
        lambda: known(None, "clients", module.warn),
    )


def main() -> None:
    module = Module({"argument_spec": dict(AUDIT["argument_spec"], **dict(TO_CLOUDSTACK, **TO_STORPOOL))})
    finish(module, lambda: dict(look(sides(module), module.params, duration), changed=False))


if __name__ == "__main__":
    main()
