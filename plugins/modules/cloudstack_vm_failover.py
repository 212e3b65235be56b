# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_vm_failover
short_description: Bring VMs up at another site from their backups there
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Brings VMs up on the hosts of another site when theirs is gone. Each is marked as stopped, its disks are made of its newest backup on the StorPool cluster
    of that site, CloudStack is told where they are, and it is started there.
  - Of each VM all disks or none. One whose newest backup is too old or lacks a disk is told, and left as it is; the others go on.
  - Check mode is the drill. It writes nothing, needs nobody's consent, and says of every VM whether it could be brought up now, and how old its data would be.
  - Whatever ends a run in the middle, another run of the same task brings it to its end. Tags and names of the new volumes tell what was done, so no
    volume is made twice, and no VM is started twice.
  - The way back is the same task with the connection to the first site, after the VMs were stopped (O(state=stopped)) and backed up to it. The playbooks
    C(storpool.cloudstack.failover) and C(storpool.cloudstack.failback) do all of it.
notes:
  - The StorPool connection is that of the site where the VMs shall be. Only backups that are whole in its cluster count; nothing is fetched from elsewhere.
  - Whatever the number of VMs, a look is two calls to StorPool and four to CloudStack, and each group takes three.
  - The setting C(sp.enable.alternative.endpoint) of the pool has to lead CloudStack to that StorPool cluster before
    (M(storpool.cloudstack.cloudstack_configuration)).
  - Backups are crash-consistent, as if the power of the VM had failed. Databases and file systems recover as they do then.
  - The volumes at the other site are not touched. O(state=cleaned) deletes them when they are no longer needed.
  - With O(source=volumecare), the task runs a program of VolumeCare's, so it has to run as root on a host of the StorPool cluster, unless it is given what
    the program has answered (O(volumecare_status)).
options:
  state:
    description:
      - V(up) brings the VMs up at this site.
      - V(stopped) only stops those that are not at this site, the last group first. It is the first step of the way back, before the backup that the way back
        is made of.
      - V(cleaned) deletes what is left of the VMs on this StorPool cluster. These are volumes that an earlier failover has made, or that those which a failover
        has made take the place of, and to which no volume of CloudStack leads any more. Only of VMs that are running, so that it shows that they are whole
        where they are.
    type: str
    choices: [up, stopped, cleaned]
    default: up
  groups:
    description:
      - The VMs, by name, display name or id, a list for each group. The groups are begun one after the other, the VMs of one side by side.
      - A VM that cannot be brought up does not hold up the next group.
    type: list
    elements: list
    required: true
  zone:
    description:
      - The zone of the VMs and of O(cluster), by name or id. Needed only if VMs of several zones have a name.
    type: str
  cluster:
    description:
      - The CloudStack cluster of this site in which the VMs are started, by name or id.
      - Required if O(state=up).
    type: str
  source:
    description:
      - V(volumecare) takes the backups that StorPool's service VolumeCare has made.
      - V(tags) takes snapshots in this StorPool cluster that have the tag C(cvm) with the id of the VM, as for
        M(storpool.cloudstack.cloudstack_vm_restore).
      - Required if O(state=up).
    type: str
    choices: [volumecare, tags]
  max_age:
    description:
      - Leave a VM whose backup is older than this. Seconds, or a number with C(s), C(m), C(h), C(d) or C(w).
    type: str
  made_after:
    description:
      - Leave a VM whose backup was made before this moment, such as the one at which it was stopped. A unix time, or ISO 8601 such as
        V(2026-01-31T12:00:00Z).
    type: str
  older_backups:
    description:
      - Where the newest backup of a VM lacks a disk, or has not arrived completely, take the newest one that is whole, if O(max_age) and O(made_after) allow
        it. Without it the VM is left, and the reason names that backup.
    type: bool
    default: false
  fenced:
    description:
      - Your word that the hosts on which CloudStack takes the VMs for running are off, and stay so. Without it nothing is done for as long as one of them is
        not stopped, since a VM that runs twice destroys data.
      - CloudStack has to agree. As long as it hears from the host of a VM (state Up), that VM is left.
    type: bool
    default: false
  stop_vms:
    description:
      - With O(state=stopped), allow the task to stop VMs that are running.
    type: bool
    default: false
  template:
    description:
      - The StorPool template of this cluster for the new volumes. Without it they are placed as their backups are.
    type: str
  at_once:
    description:
      - How many VMs of a group are worked on side by side.
    type: int
    default: 8
  wait_timeout:
    description:
      - How many seconds a job of CloudStack's may take.
    type: int
    default: 900
extends_documentation_fragment:
  - storpool.cloudstack._storpool.volumecare
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._storpool
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.both
seealso:
  - module: storpool.cloudstack.cloudstack_vm_backup_info
  - module: storpool.cloudstack.cloudstack_vm_restore
  - module: storpool.cloudstack.cloudstack_configuration
"""

EXAMPLES = r"""
# With --check, it says which VMs could be brought up, and how old their data would be
- name: Bring them up at the other site, the database first
  storpool.cloudstack.cloudstack_vm_failover:
    groups:
      - [db-1]
      - [web-1, web-2]
    cluster: cluster1
    source: tags
    max_age: 1d
    fenced: true
"""

RETURN = r"""
vms:
  description: What became of each VM, in the order of O(groups).
  returned: always
  type: list
  elements: dict
  sample:
    - id: 27b1901a-f021-4ca5-8002-3235f346f33b
      name: db-1
      group: 1
      result: up
      state: Running
      here: false
      backup: 1769860800.here
      data_of: "2026-01-31T12:00:00Z"
      age: 3600
      msg: null
      kind: null
  contains:
    id:
      description: Id of the VM.
      type: str
      returned: always
    name:
      description: Its display name.
      type: str
      returned: always
    group:
      description: Number of its group, the first is 1.
      type: int
      returned: always
    result:
      description:
        - V(up), V(stopped) or V(cleaned) if that was done by this run, or in check mode would be, and V(there) if nothing was left to do.
        - V(left) if it cannot be done and nothing was, V(failed) if a step failed, V(waiting) if it was not begun.
      type: str
      returned: always
    state:
      description: Its state afterwards, in CloudStack's words.
      type: str
      returned: always
    here:
      description: Whether all its disks were in this StorPool cluster when the task began.
      type: bool
      returned: always
    backup:
      description: The id of the backup that its disks are made of, V(null) if there is none.
      type: str
      returned: always
    data_of:
      description: The moment of that backup. What was written later is not there.
      type: str
      returned: always
    age:
      description: How old the data was, in seconds, when its disks were made of it; of one that is not up yet, how old it is now.
      type: int
      returned: always
    msg:
      description: Why it is not what it shall be, V(null) if it is.
      type: str
      returned: always
    kind:
      description: What kind of failure that is.
      type: str
      returned: always
actions:
  description: What was done, or in check mode would be done, in words.
  returned: always
  type: list
  elements: str
  sample:
    - mark VM 'db-1' as stopped
    - start VM 'db-1'
error:
  description:
    - What kind of failure it was (C(kind)), C(partly_failed) if some VMs are not what they shall be.
  returned: failure
  type: dict
  sample:
    kind: partly_failed
call:
  description: The API call that failed, if the task as a whole did.
  returned: failure, if an API call failed
  type: str
  sample: POST listVirtualMachines
"""

import typing as t

from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.failover.plan import UP
from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.failover.run import (
    SPEC,
    bring,
    judged,
    want,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._backups.failover.sight import Sides
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import named, other_half, versions
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader as Cloud
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.waiting import Worker
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.options import (
    CONNECTION as TO_CLOUDSTACK,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import open_api
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.run import aside, finish
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import volumecare
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader as Cluster
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import keys_of
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.times import duration, moment
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import (
    CONNECTION as TO_STORPOOL,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect as connect_to_storpool


def main() -> None:
    options = dict(SPEC["argument_spec"], **dict(TO_CLOUDSTACK, **TO_STORPOOL))
    module = Module(dict(SPEC, argument_spec=options))
    params = module.params

    def work() -> t.Mapping[str, t.Any]:
        wanted = want(params, duration, moment, module.check_mode)
        storpool, cloud = connect_to_storpool(module), Cloud(open_api(module, TimeLeft()))
        if wanted.state == UP and cloud.version() < versions.STARTS_IN_CLUSTERS:
            raise InvalidOption(
                f"cluster: CloudStack {cloud.version()} starts VMs on hosts of any cluster; the first that can be told where is "
                f"{versions.STARTS_IN_CLUSTERS}."
            )

        def find(option: str, what: str, name: str, rows: t.Any) -> t.Any:
            if what != "VM":
                return named.needed(option, what, name, rows)
            return named.needed(option, what, name, rows, by=named.VM_BY, told=named.whose)

        sides = Sides(
            cloud,
            Cluster(storpool),
            find,
            other_half.reference,
            keys_of,
            volumecare.teller(params) if wanted.state == UP else None,
        )

        def connect() -> t.Tuple[t.Any, t.Any]:
            api = open_api(module, TimeLeft())
            return Worker(api, Cloud(api)).apply, connect_to_storpool(module).apply

        result = bring(sides, wanted, connect, storpool.endpoint.retries)
        return judged(aside(module, result), wanted)

    finish(module, work)


if __name__ == "__main__":
    main()
