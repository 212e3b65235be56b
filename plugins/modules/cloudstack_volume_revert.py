# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_volume_revert
short_description: Revert a CloudStack volume to a snapshot
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Has CloudStack give a volume the contents of one of its snapshots. What has been written to the volume since is lost, unless O(safety_snapshot) keeps it.
  - CloudStack and the module refuse it while a VM uses the volume, which has to be stopped, and while its VM has snapshots of the whole VM.
  - Some releases of StorPool give a reverted volume the limits and tags of the snapshot, and CloudStack does not put that right. Where the module knows where
    StorPool is, it compares them before and after, and warns.
options:
  volume:
    description:
      - Name or id of the volume.
    type: str
    required: true
  snapshot:
    description:
      - Name or id of the snapshot. It has to be one of this volume.
    type: str
    required: true
  zone:
    description:
      - Name or id of the zone. Without it, volumes of all zones are looked at.
    type: str
  safety_snapshot:
    description:
      - The name of a snapshot that is taken of the volume first, so that the present contents are kept.
      - If a run of the task took it and reverted the volume to O(snapshot) after that, nothing is done. So choose a new name for every revert that you mean.
      - A run that was ended on the way is gone on with. Unless CloudStack shows that nothing was written to it since, another snapshot of that name is
        taken first, so that nothing is lost; CloudStack shows it of a stopped VM from 4.16 on.
      - The task fails if there is a snapshot of that name that no run of it took, since nothing shows what that holds.
    type: str
  wait_timeout:
    description:
      - How many seconds the whole task may take, with CloudStack's jobs, its waits and whatever has to be tried again.
    type: int
    default: 3600
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._storpool.beside
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.both
  - storpool.cloudstack._attributes.direct
attributes:
  idempotent:
    support: partial
    details:
      - With O(safety_snapshot), a second run finds that snapshot and changes nothing.
      - Without it every run reverts the volume, since nothing in CloudStack shows whether it was reverted before.
seealso:
  - module: storpool.cloudstack.cloudstack_volume_snapshot
  - module: storpool.cloudstack.cloudstack_vm_revert
  - module: storpool.cloudstack.storpool_volume_revert
"""

EXAMPLES = r"""
- name: Take a snapshot of what is there
  storpool.cloudstack.cloudstack_volume_snapshot:
    name: db-1-nightly
    volume: db-1-data
    zone: zone1

- name: Back to it
  storpool.cloudstack.cloudstack_volume_revert:
    volume: db-1-data
    snapshot: db-1-nightly
    zone: zone1
  register: reverted

- name: What is lost
  ansible.builtin.debug:
    var: reverted.lost
"""

RETURN = r"""
volume:
  description: The volume.
  returned: success
  type: dict
  sample:
    id: 7cecd2a8-7341-43e3-b95d-b521d1decd55
    name: db-1-data
  contains:
    id:
      description: Id of the volume.
      type: str
      returned: success
    name:
      description: Name of the volume.
      type: str
      returned: success
snapshot:
  description: The snapshot that the volume was reverted to.
  returned: success
  type: dict
  sample:
    id: 7dd416ce-cb46-4b90-af45-f6c54461a2b0
    name: db-1-nightly
    state: BackedUp
    volume:
      id: 7cecd2a8-7341-43e3-b95d-b521d1decd55
      name: db-1-data
    zone: zone1
    zone_id: 83ae93d2-4e9b-4766-8374-f5638f35bc66
    account: admin
    domain: ROOT
    project: null
    created: "2026-01-31T12:00:00+0000"
    size: 21474836480
    type: MANUAL
    revertable: true
    tags:
      keep: "7"
    storpool:
      global_id: abcd.b.14
      name: null
  contains:
    id:
      description: Id of the snapshot, V(null) in check mode if it would be taken.
      type: str
      returned: success
    name:
      description: Name of the snapshot.
      type: str
      returned: success
    state:
      description: Its state, in CloudStack's words.
      type: str
      returned: success
    volume:
      description: The volume that it was taken of.
      type: dict
      returned: success
      contains:
        id:
          description: Id of the volume.
          type: str
          returned: success
        name:
          description: Name of the volume.
          type: str
          returned: success
    zone:
      description: Name of the zone. V(null) where CloudStack does not tell.
      type: str
      returned: success
    zone_id:
      description: Id of the zone.
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
    created:
      description: When it was taken.
      type: str
      returned: success
    size:
      description: Size of the volume when it was taken, in bytes. V(null) before CloudStack 4.10.
      type: int
      returned: success
    type:
      description: What has it taken, V(MANUAL) or a schedule such as V(DAILY).
      type: str
      returned: success
    revertable:
      description: Whether CloudStack says that its volume can be reverted to it.
      type: bool
      returned: success
    tags:
      description: CloudStack's tags of the snapshot.
      type: dict
      returned: success
    storpool:
      description:
        - What StorPool has of it. V(null) if that is nothing, if nobody has told where StorPool is, or it could not be asked.
      type: dict
      returned: success
      contains:
        global_id:
          description: Global id of the snapshot on StorPool, without C(~).
          type: str
          returned: success
        name:
          description: Name of the snapshot on StorPool. V(null) if it has none, as with all drivers but the first ones.
          type: str
          returned: success
safety_snapshot:
  description: The snapshot that was taken first, V(null) if O(safety_snapshot) was not given. As RV(snapshot), but that C(storpool) is V(null).
  returned: success
  type: dict
  sample:
    id: 50935733-57bf-48ea-adf4-e1f9349dace6
    name: db-1-before-revert
lost:
  description: What is lost for good, in words. Empty if a safety snapshot keeps it.
  returned: success
  type: list
  elements: str
  sample:
    - "Volume 'db-1-data' is reverted to snapshot 'db-1-nightly' of volume 'db-1-data' of 2026-01-31T12:00:00+0000: what was written to it since is lost
      (no safety_snapshot)."
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - take snapshot 'db-1-before-revert' of volume 'db-1-data' as it is now
    - revert volume 'db-1-data' to snapshot 'db-1-nightly' of volume 'db-1-data' of 2026-01-31T12:00:00+0000
error:
  description: What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr),
    C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_allowed
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST revertSnapshot
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import StorPool
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_verb
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.snapshot.revert import REVERT
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import halves
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import CONNECTION
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect


def ask_storpool(module: Module, time_left: TimeLeft) -> StorPool:
    """The StorPool side of this module: the limits and tags of volumes, before and after, and what StorPool has of snapshots."""
    return StorPool(
        lambda _name: 0,
        lambda _name: None,
        snapshots=lambda ids: halves.of_snapshots(Reader(connect(module, time_left=time_left)), ids),
        volumes=lambda references: halves.of_volumes(Reader(connect(module, time_left=time_left)), references),
    )


def main() -> None:
    run_verb(REVERT, CONNECTION, ask_storpool)


if __name__ == "__main__":
    main()
