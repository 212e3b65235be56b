# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_template
short_description: Manage CloudStack's templates, and have them on StorPool before the first VM
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Has CloudStack download a template for KVM, or make one of a volume or a volume snapshot, waits until VMs can be made of it, changes what can be changed
    of it, and removes it.
  - With O(cached_on), the template is copied to a StorPool pool at once. Without that, the first VM on the pool waits until CloudStack has copied it.
  - A template is known by its name in its zone. What it was made of is compared as far as CloudStack tells it, and what CloudStack cannot change is refused.
  - What the task does not name is left as it is.
options:
  state:
    description:
      - Whether the template shall exist in the zone.
      - A template that is removed from one zone stays in others.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the template. CloudStack lets several have one name; the task fails if more than one in the zone has it.
    type: str
    required: true
  zone:
    description:
      - Name or id of the zone.
    type: str
    required: true
  url:
    description:
      - From where the secondary storage VM of the zone downloads the image of a new template, for instance
        V(https://images.example.com/debian-12.qcow2). CloudStack wants its path to end as O(format) says; it may be packed.
      - CloudStack keeps it, and shows it to the owner of the template. A password or token in it is shown by this module nowhere.
      - From CloudStack 4.11 on, that of an existing template is compared.
    type: str
  checksum:
    description:
      - The checksum of the file behind O(url), as V(sha256:DIGITS), with another of md5, sha1, sha224, sha384 and sha512, in CloudStack's own spelling
        (V({SHA-256}DIGITS)), or as digits alone. The secondary storage VM compares it. CloudStack before 4.11 knows MD5 only.
      - CloudStack may show a checksum of another algorithm than it was given, which cannot be compared later on.
    type: str
  format:
    description:
      - The format of the image behind O(url), V(QCOW2) if nothing else is said.
    type: str
    choices: [QCOW2, RAW]
  volume:
    description:
      - Name or id of the volume that a new template is made of. It belongs to no VM, or to one that is stopped.
      - It plays no role for a template that exists, since CloudStack does not tell what a template was made of.
    type: str
  snapshot:
    description:
      - Name or id of the volume snapshot that a new template is made of. It plays no role for a template that exists.
    type: str
  display_text:
    description:
      - What users see of it. That of a new template is its name if nothing else is said.
    type: str
  os_type:
    description:
      - The guest system, by its name in CloudStack, for instance V(Debian GNU/Linux 12 (64-bit)), or its id. A new template needs it.
    type: str
  public:
    description:
      - Whether all accounts may use it.
    type: bool
  featured:
    description:
      - Whether users find it among those that are featured.
    type: bool
  extractable:
    description:
      - Whether users may download it, and the root disks that were made of it.
    type: bool
  password_enabled:
    description:
      - Whether its guests take new passwords from CloudStack.
    type: bool
  ssh_key_enabled:
    description:
      - Whether its guests take SSH keys from CloudStack.
    type: bool
  dynamically_scalable:
    description:
      - Whether CPU and memory of its guests can be changed while they run.
    type: bool
  details:
    description:
      - Details that the template shall have, by name, in addition to those that it has.
    type: dict
  wait:
    description:
      - Whether to wait until the template is ready in the zone. One that is being downloaded already is waited for, too.
      - A template of a volume or a snapshot is always waited for.
    type: bool
    default: true
  cached_on:
    description:
      - Name or id of a StorPool pool in the zone that shall have a copy of the template.
      - CloudStack makes the copy without a job, and no release of it tells reliably whether it is there. So the module looks for the snapshot on StorPool
        (by the tags C(cs=template) and C(uuid), or, for the driver of CloudStack 4.8, by its name), for which it needs the C(sp_) options, the environment
        or the configuration files of the host that runs the task to be those of the pool's StorPool cluster.
      - A pool that is not Up is refused, since CloudStack passes over it without a word.
    type: str
  forced:
    description:
      - Allow to remove a template although VMs were made of it. They go on to run, but cannot be reinstalled.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds the whole task may take, with downloads, CloudStack's jobs, its waits and whatever has to be tried again.
    type: int
    default: 3600
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
  - module: storpool.cloudstack.cloudstack_storpool_pool
  - module: storpool.cloudstack.cloudstack_volume_download
"""

EXAMPLES = r"""
- name: A template that VMs can be made of at once, also on StorPool
  storpool.cloudstack.cloudstack_template:
    name: debian-12-cloud
    zone: zone1
    url: https://images.example.com/debian-12-generic-amd64.qcow2
    checksum: sha256:3e1f0c9f1d5b8f3e0b7e6f2f5f2f63a8f4d1c9a0b5e7d3c2a1908f7e6d5c4b3a
    os_type: Debian GNU/Linux 12 (64-bit)
    public: true
    featured: true
    ssh_key_enabled: true
    cached_on: sp-hybrid

- name: Another text, and not for everybody any more
  storpool.cloudstack.cloudstack_template:
    name: debian-12-cloud
    zone: zone1
    display_text: Debian 12, to be replaced
    public: false
    featured: false

- name: A template of a volume
  storpool.cloudstack.cloudstack_template:
    name: golden
    zone: zone1
    volume: db-1-root
    os_type: Debian GNU/Linux 12 (64-bit)
    password_enabled: true

- name: Begin a download, and do not wait for it
  storpool.cloudstack.cloudstack_template:
    name: debian-12-next
    zone: zone1
    url: https://images.example.com/debian-12-next.qcow2
    os_type: Debian GNU/Linux 12 (64-bit)
    wait: false

- name: Remove a template
  storpool.cloudstack.cloudstack_template:
    name: golden
    zone: zone1
    state: absent
"""

RETURN = r"""
template:
  description: The template as it is now, or in check mode as it would be. V(null) if it is not in the zone.
  returned: success
  type: dict
  sample:
    id: 76edd384-2bd1-44f0-8c34-e9f70e68f829
    name: debian-12-cloud
    display_text: debian-12-cloud
    zone: zone1
    zone_id: a2f3b625-1ba0-4f68-ad68-a5f7ecdc3f54
    ready: true
    status: Download Complete
    format: QCOW2
    size: 3221225472
    physical_size: 448331776
    os_type: Debian GNU/Linux 12 (64-bit)
    os_type_id: 994f0f88-eae5-11f1-a5e2-ea424d29a6df
    public: true
    featured: true
    extractable: false
    password_enabled: false
    ssh_key_enabled: true
    dynamically_scalable: false
    checksum: 3e1f0c9f1d5b8f3e0b7e6f2f5f2f63a8f4d1c9a0b5e7d3c2a1908f7e6d5c4b3a
    url: https://images.example.com/debian-12-generic-amd64.qcow2
    source_template_id: null
    details: {}
    created: "2026-01-31T12:00:00+0000"
    cached:
      pool: sp-hybrid
      pool_id: hybrid;0b1c6c3e-53a1-4ad4-8f0e-3b1d6f0e6d1a
      snapshot: null
      global_id: abc.b.xyz
  contains:
    id:
      description: Id of the template, V(null) in check mode if it would be made.
      type: str
      returned: success
    name:
      description: Name of the template.
      type: str
      returned: success
    display_text:
      description: What users see of it.
      type: str
      returned: success
    zone:
      description: Name of the zone. V(null) as long as CloudStack makes the template of a volume or a snapshot.
      type: str
      returned: success
    zone_id:
      description: Id of the zone, as RV(template.zone).
      type: str
      returned: success
    ready:
      description: Whether VMs can be made of it. V(null) where that cannot be predicted.
      type: bool
      returned: success
    status:
      description: How far it is, in CloudStack's words.
      type: str
      returned: success
    format:
      description: Format of the image.
      type: str
      returned: success
    size:
      description: Size of a disk that is made of it, in bytes. V(null) until CloudStack knows it.
      type: int
      returned: success
    physical_size:
      description: Size on secondary storage, in bytes. V(null) where CloudStack does not tell.
      type: int
      returned: success
    os_type:
      description: The guest system.
      type: str
      returned: success
    os_type_id:
      description: Id of the guest system.
      type: str
      returned: success
    public:
      description: Whether all accounts may use it.
      type: bool
      returned: success
    featured:
      description: Whether it is featured.
      type: bool
      returned: success
    extractable:
      description: Whether users may download it.
      type: bool
      returned: success
    password_enabled:
      description: Whether its guests take passwords.
      type: bool
      returned: success
    ssh_key_enabled:
      description: Whether its guests take SSH keys.
      type: bool
      returned: success
    dynamically_scalable:
      description: Whether CPU and memory of its guests can be changed while they run.
      type: bool
      returned: success
    checksum:
      description: The checksum that CloudStack shows, of whatever algorithm.
      type: str
      returned: success
    url:
      description: Where it was downloaded from, without what is secret in it. V(null) for a template of a volume, and before CloudStack 4.11.
      type: str
      returned: success
    source_template_id:
      description: Id of the template of the volume that it was made of.
      type: str
      returned: success
    details:
      description: Its details by name. V(null) in check mode if it would be made of a volume or a snapshot, from which it inherits some.
      type: dict
      returned: success
    created:
      description: When it was made.
      type: str
      returned: success
    cached:
      description: The copy on the pool that O(cached_on) names. V(null) if the task names none, and if it is not there yet.
      type: dict
      returned: success
      contains:
        pool:
          description: Name of the pool.
          type: str
          returned: success
        pool_id:
          description: Id of the pool.
          type: str
          returned: success
        snapshot:
          description: Name of the snapshot on StorPool. V(null) if it has none, as with all drivers but that of CloudStack 4.8, and in check mode.
          type: str
          returned: success
        global_id:
          description: Global id of the snapshot on StorPool. V(null) in check mode, and if only CloudStack tells of the copy.
          type: str
          returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - register template 'debian-12-cloud' in zone 'zone1' from https://images.example.com/debian-12-generic-amd64.qcow2
    - wait until template 'debian-12-cloud' is ready in zone 'zone1'
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr), C(transient)
      and HTTP C(status).
    - A download that failed is of the kind C(incomplete).
  returned: failure
  type: dict
  sample:
    kind: incomplete
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST registerTemplate
"""

import typing as t

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import StorPool
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import Secrets, run_managed
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.template.template import (
    TEMPLATE,
    secrets,
    shown,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Failure, NotConfigured
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader, has_tags
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import CONNECTION
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect


def ask_storpool(module: Module, time_left: TimeLeft) -> StorPool:
    """The StorPool side of this module: whether a pool has the snapshot that VMs are made of."""
    return StorPool(
        lambda _name: 0, lambda _name: None, lambda template_id, where: copy(module, template_id, where, time_left)
    )


def copy(
    module: Module, template_id: str, storpool_template: str, time_left: TimeLeft
) -> t.Optional[t.Dict[str, t.Any]]:
    """The snapshot that the StorPool driver has made of a CloudStack template, on a StorPool template."""
    try:
        snapshots = Reader(connect(module, time_left=time_left)).snapshots()
    except NotConfigured as failure:
        raise _asking(failure, template_id) from None
    tags = {"cs": "template", "uuid": template_id}
    found = [
        snapshot
        for snapshot in snapshots
        if (has_tags(snapshot, tags) or snapshot["name"] == template_id)
        and snapshot.get("templateName") == storpool_template
    ]
    if not found:
        return None
    first = min(found, key=lambda snapshot: str(snapshot["globalId"]))
    name = str(first["name"])
    return {"name": None if name.startswith(("~", "*")) else name, "global_id": first["globalId"]}


def _asking(failure: Failure, template_id: str) -> Failure:
    return failure.while_doing(
        f"look on StorPool for the copy of template {template_id} (cached_on), of which CloudStack does not tell"
    )


def main() -> None:
    run_managed(TEMPLATE, CONNECTION, ask_storpool, Secrets(shown, secrets))


if __name__ == "__main__":
    main()
