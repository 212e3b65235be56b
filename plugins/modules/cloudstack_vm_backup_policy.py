# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_vm_backup_policy
short_description: Say by which policy VMs are backed up
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Gives VMs the policy by which StorPool's service VolumeCare backs them up, or takes it from them. It is CloudStack's tag C(vc-policy) of a VM, which the
    StorPool driver copies to all volumes of the VM on StorPool, where VolumeCare reads it.
  - If it is told where StorPool is, it says whether every volume has followed, and waits for it on demand.
  - The VMs are those that meet all of O(vm), O(match_tags), O(account), O(domain) and O(zone) that are given.
options:
  state:
    description:
      - Whether the VMs shall have the policy, or none. VMs without one are backed up as VolumeCare's configuration says for their StorPool template, which
        may be not at all.
    type: str
    choices: [present, absent]
    default: present
  policy:
    description:
      - The name of the policy, as VolumeCare's configuration has it (C([policy:NAME])). CloudStack does not know which there are; on a host of the cluster,
        C(storpool_vcctl config show) tells.
      - The name C(no) has to be in quotes, since YAML takes it for V(false).
      - Required with O(state=present).
    type: str
  vm:
    description:
      - Names, display names or ids of VMs. Each has to be there.
      - One of O(vm), O(match_tags), O(account) and O(domain) is required.
    type: list
    elements: str
  match_tags:
    description:
      - Only VMs that have all these tags of CloudStack's, with these values. The tag C(vc-policy) itself is refused, since a task that was interrupted would
        not find again what it has begun with.
    type: dict
  account:
    description:
      - Only VMs of the account with this name. If accounts of several domains have it, O(domain) has to say which is meant.
    type: str
  domain:
    description:
      - Only VMs in this domain, by name, path or id; those in domains below it are not meant.
    type: str
  zone:
    description:
      - Only VMs in this zone, by name or id.
    type: str
  wait:
    description:
      - Wait until every volume of the VMs on StorPool has followed. StorPool has to be reachable then.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds the whole task may take, with CloudStack's jobs, its waits and whatever has to be tried again.
    type: int
    default: 600
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._storpool.beside
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.both
  - storpool.cloudstack._attributes.direct
notes:
  - CloudStack changes no value of a tag, so the old one is deleted and the new one created, for at most 50 VMs at a time. If the task is interrupted between
    the two, VMs are without a policy. The next run gives it to them.
  - VMs that are destroyed and not expunged yet are meant only by their id.
  - The driver of CloudStack before 4.11 knows no tags, so that no volume follows. From 4.19 on, the driver takes the tag from a volume that is detached.
  - VolumeCare makes no backups of a VM whose volumes have different policies. RV(vms[].mixed_policies) and a warning tell.
seealso:
  - module: storpool.cloudstack.cloudstack_vm_backup_info
  - module: storpool.cloudstack.cloudstack_vm_restore
  - module: storpool.cloudstack.cloudstack_storpool_repair
"""

EXAMPLES = r"""
- name: A database is backed up by the policy gold, on every disk
  storpool.cloudstack.cloudstack_vm_backup_policy:
    vm: [db-1]
    zone: zone1
    policy: gold
    wait: true

- name: All VMs of an account in production get another one
  storpool.cloudstack.cloudstack_vm_backup_policy:
    account: admin
    domain: ROOT
    match_tags:
      stage: production
    policy: silver

- name: This one needs no backups
  storpool.cloudstack.cloudstack_vm_backup_policy:
    vm: [db-1]
    state: absent
"""

RETURN = r"""
vms:
  description: The chosen VMs as they are now, or in check mode as they would be, by name.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 27b1901a-f021-4ca5-8002-3235f346f33b
      name: db-1
      state: Running
      zone: zone1
      account: admin
      domain: ROOT
      project: null
      policy: gold
      followed: true
      mixed_policies: false
      volumes:
        - id: 7cecd2a8-7341-43e3-b95d-b521d1decd55
          name: ROOT-23
          storpool_id: abcd.b.14
          policy: gold
          followed: true
  contains:
    id:
      description: Id of the VM.
      type: str
      returned: success
    name:
      description: Its display name.
      type: str
      returned: success
    state:
      description: Its state, in CloudStack's words.
      type: str
      returned: success
    zone:
      description: Name of its zone.
      type: str
      returned: success
    account:
      description: Name of the account that it belongs to, V(null) if that is a project.
      type: str
      returned: success
    domain:
      description: Name of the domain of the account or project.
      type: str
      returned: success
    project:
      description: Name of the project that it belongs to, V(null) if that is an account.
      type: str
      returned: success
    policy:
      description: Its policy, the value of its tag C(vc-policy), V(null) if it has none.
      type: str
      returned: success
    followed:
      description: Whether all its volumes on StorPool have that policy, too. V(null) if StorPool was not asked, or it has no volume there.
      type: bool
      returned: success
    mixed_policies:
      description: Whether its volumes on StorPool do not all have the same policy, or some have none. V(null) if StorPool was not asked.
      type: bool
      returned: success
    volumes:
      description: Its volumes on StorPool, by name. V(null) if nobody has told where StorPool is, or it could not be asked (a warning says why).
      type: list
      elements: dict
      returned: success
      contains:
        id:
          description: CloudStack's id of the volume.
          type: str
          returned: success
        name:
          description: Its name in CloudStack.
          type: str
          returned: success
        storpool_id:
          description: Its global id on StorPool, without C(~).
          type: str
          returned: success
        policy:
          description: Its policy on StorPool, V(null) if it has none.
          type: str
          returned: success
        followed:
          description: Whether that is the policy of the VM.
          type: bool
          returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - take the tags vc-policy from VM 'db-1'
    - give VM 'db-1' the tags vc-policy=gold
error:
  description: What kind of failure it was (C(kind)), and where an API gave an error, its C(name), C(descr), C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_found
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST createTags
"""

import typing as t

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.backup_policy import BACKUP_POLICY
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import StorPool
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_managed
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import halves
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import CONNECTION
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect

#: From so many volumes on, the list of all is read instead of one after the other.
MANY = 20


def ask_storpool(module: Module, time_left: TimeLeft) -> StorPool:
    """The StorPool side of this module: the tags of volumes."""

    def volumes(references: t.Iterable[str]) -> t.Dict[str, t.Dict[str, t.Any]]:
        reader, wanted = Reader(connect(module, time_left=time_left)), list(references)
        return halves.of_volumes(reader.in_lists() if len(wanted) > MANY else reader, wanted)

    return StorPool(lambda _name: 0, lambda _name: None, volumes=volumes)


def main() -> None:
    run_managed(BACKUP_POLICY, CONNECTION, ask_storpool)


if __name__ == "__main__":
    main()
