# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_pool_evacuation
short_description: Move all volumes of a CloudStack primary storage pool to another
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Moves every volume that is on a pool to another pool, several side by side, and those of running VMs while these run where CloudStack can do that.
  - A volume that cannot be moved holds up no other. A migration that fails is tried once more. What is left is told with the reason for each.
  - A task that was interrupted is run again. It does what is left, and waits for migrations that CloudStack still works on, rather than start them twice.
  - It touches only volumes that are on the pool. The pool has to be disabled before (M(storpool.cloudstack.cloudstack_storpool_pool)), since CloudStack would
    put new volumes on it meanwhile. The playbook C(storpool.cloudstack.evacuate_pool) does all of it.
  - Volumes that were never attached are on no pool, so there is nothing to be done with them. Snapshots stay where they are; their names are in the result.
options:
  pool:
    description:
      - Name or id of the pool that shall be empty.
    type: str
    required: true
  to:
    description:
      - Name or id of the pool in the same zone that the volumes shall be on. It has to be Up, and to have the storage tags of their disk offerings.
    type: str
    required: true
  zone:
    description:
      - Name or id of the zone of O(pool), if pools of several zones have its name.
    type: str
  at_once:
    description:
      - How many volumes are moved side by side.
    type: int
    default: 4
  expunge_destroyed:
    description:
      - Expunge those volumes on the pool that were destroyed and wait to be expunged. CloudStack cannot remove a pool before they are.
      - From CloudStack 4.14 on.
    type: bool
    default: false
  allow_vm_migration:
    description:
      - Allow to migrate a VM that runs to another host, where its disks get from a pool of another kind to one of StorPool only together with it. CloudStack
        then copies the disks while the VM goes to a host that it finds suitable.
      - From CloudStack 4.18 on. All disks of the VM have to be on StorPool afterwards, and it must have no VM snapshots.
      - There is no such way in the other direction. Disks that are to leave StorPool are moved while their VM is stopped.
    type: bool
    default: false
  progress:
    description:
      - Whether to say how far the task is while it runs, by default (V(auto)) if the output is a terminal.
    type: str
    choices: [auto, always, never]
    default: auto
  wait_timeout:
    description:
      - How many seconds to wait for each volume.
    type: int
    default: 3600
  _slice:
    description:
      - Only for the action plugin.
    type: dict
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.cloudstack
  - storpool.cloudstack._attributes.direct
attributes:
  diff_mode:
    support: none
    details:
      - The lists in the result are what changes.
seealso:
  - module: storpool.cloudstack.cloudstack_volume
  - module: storpool.cloudstack.cloudstack_storpool_pool
"""

EXAMPLES = r"""
- name: Nothing new on the old pool
  storpool.cloudstack.cloudstack_storpool_pool:
    name: sp-hybrid
    zone: zone1
    allocation_state: disabled

- name: Everything to the new one
  storpool.cloudstack.cloudstack_pool_evacuation:
    pool: sp-hybrid
    to: sp-ssd
    at_once: 8
"""

RETURN = r"""
pool:
  description: The pool that is to be empty.
  returned: success
  type: dict
  sample: {id: "hybrid;734df583-34ca-43e4-ab9a-f3090a30d2a2", name: sp-hybrid}
  contains:
    id:
      description: Id of the pool.
      type: str
      returned: success
    name:
      description: Name of the pool.
      type: str
      returned: success
to:
  description: The pool that its volumes go to.
  returned: success
  type: dict
  sample: {id: "ssd;9e5fd00d-9851-4cd2-88fd-ba6db6c0ea9f", name: sp-ssd}
  contains:
    id:
      description: Id of the pool.
      type: str
      returned: success
    name:
      description: Name of the pool.
      type: str
      returned: success
moved:
  description: The volumes that were moved, or in check mode would be.
  returned: always
  type: list
  elements: dict
  sample:
    - {id: 7cecd2a8-7341-43e3-b95d-b521d1decd55, name: db-1-log, type: DATADISK, vm: db-1}
  contains:
    id:
      description: Id of the volume.
      type: str
      returned: success
    name:
      description: Name of the volume.
      type: str
      returned: success
    type:
      description: V(DATADISK) or V(ROOT).
      type: str
      returned: success
    vm:
      description: Name of the VM that it is attached to, V(null) if to none.
      type: str
      returned: success
expunged:
  description: The destroyed volumes that were expunged, or in check mode would be.
  returned: always
  type: list
  elements: dict
  sample: []
  contains:
    id:
      description: Id of the volume.
      type: str
      returned: success
    name:
      description: Name of the volume.
      type: str
      returned: success
    type:
      description: V(DATADISK) or V(ROOT).
      type: str
      returned: success
    vm:
      description: Name of the VM that it is attached to, V(null) if to none.
      type: str
      returned: success
failed:
  description: The volumes that are left on the pool, as in RV(moved), each with the reason (C(msg)) and the kind of failure (C(kind)).
  returned: always
  type: list
  elements: dict
  sample: []
left_out:
  description: How many volumes of RV(moved), RV(expunged) and RV(failed) are not in these lists, since a result that is a failure names at most 20 of each.
  returned: failure, if some volumes could not be moved
  type: dict
  sample:
    moved: 180
    expunged: 0
    failed: 0
destroyed:
  description: Names of the volumes on the pool that wait to be expunged and were left alone.
  returned: always
  type: list
  elements: str
  sample: []
snapshots:
  description:
    - Names of the volume snapshots of the volumes that were on the pool when the task began. CloudStack does not tell where a snapshot is; those on the pool
      keep it from being removed.
  returned: always
  type: list
  elements: str
  sample: [db-1-nightly]
error:
  description:
    - What kind of failure it was (C(kind)), C(partly_failed) if some volumes could not be moved.
    - The C(state) of O(pool), if that is all that stands in the way.
  returned: failure
  type: dict
  sample:
    kind: partly_failed
call:
  description: The API call that failed, if the task as a whole did.
  returned: failure, if an API call failed
  type: str
  sample: POST listStoragePools
"""

import typing as t

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.evacuation.evacuation import (
    SPEC,
    WHOLE,
    Connect,
    Part,
    evacuate,
    want,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.evacuation.report import report
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_many
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module


def work(module: Module, reader: Reader, connect: Connect, retries: int) -> t.Mapping[str, t.Any]:
    wanted, part = want(module.given), module.params["_slice"]
    now = Part(float(part["seconds"]), frozenset(part["failed"])) if part else WHOLE
    rows, more = evacuate(reader, connect, retries, wanted, now, module.check_mode)
    if module.check_mode:
        reader.remember()  # type: ignore[attr-defined]  # it foresees
    if part:
        return dict(more, rows=rows, changed=any(row["result"] in ("moved", "expunged") for row in rows))
    return report(f"primary storage pool {more['pool']['name']!r}", rows, more)


def main() -> None:
    run_many(SPEC, work)


if __name__ == "__main__":
    main()
