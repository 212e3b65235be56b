# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_volume_snapshot
short_description: Manage snapshots of CloudStack's volumes
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Has CloudStack take a snapshot of a volume, waits for it, sets its tags, and deletes it.
  - A snapshot that CloudStack takes or deletes already is waited for, and not begun again. One that could not be taken (state V(Error)) is told, and removed
    with O(state=absent).
  - Whether a snapshot is copied to secondary storage or kept on StorPool only is a setting of CloudStack, V(sp.bypass.secondary.storage) before 4.21 and
    V(snapshot.backup.to.secondary) from then on. RV(actions) tell what it says; with O(backup) the task insists on it.
options:
  state:
    description:
      - Whether the snapshot shall exist.
    type: str
    choices: [present, absent]
    default: present
  name:
    description:
      - The name of the snapshot. CloudStack lets several of a volume have one name; the task fails then, and lists their ids.
      - One of O(name) and O(id) is required.
    type: str
  id:
    description:
      - The id of a snapshot that is there, in place of its name.
    type: str
  volume:
    description:
      - Name or id of the volume. O(name) needs it for a snapshot that shall exist; one to be deleted is found without it, unless volumes have snapshots of the
        same name. The volume of a snapshot that is there may have been deleted.
    type: str
  zone:
    description:
      - Name or id of the zone. Without it, volumes and snapshots of all zones are looked at.
    type: str
  backup:
    description:
      - Insist that a new snapshot is copied to secondary storage (V(true)), or kept on StorPool only (V(false)). Where CloudStack's setting says otherwise,
        the task fails before anything is sent, and names the setting.
      - It plays no role for a snapshot that exists, since CloudStack does not tell of it where it is.
    type: bool
  async_backup:
    description:
      - End the task as soon as StorPool has the snapshot, while CloudStack still copies it to secondary storage. Its state is C(BackingUp) until it has.
      - CloudStack reverts to a snapshot, and deletes it, only after that.
      - From CloudStack 4.11 on. It plays no role where snapshots are kept on StorPool only.
    type: bool
    default: false
  quiesce_vm:
    description:
      - Have CloudStack quiesce the VM while it takes the snapshot.
      - It says of each volume whether its storage can do that. StorPool's driver cannot, so the task fails for its volumes before anything is sent.
    type: bool
    default: false
  tags:
    description:
      - CloudStack's tags that the snapshot shall have, by key. Others stay, unless O(purge_tags) is set.
    type: dict
  purge_tags:
    description:
      - Remove the tags that O(tags) does not name.
    type: bool
    default: false
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
notes:
  - CloudStack 4.19.0 to 4.20.0 goes on to list snapshots that were deleted, and shows them as if they were there. On these releases StorPool is asked which
    there are, so the C(sp_) options, the environment or the configuration files of the host that runs the task have to say where it is.
  - On other releases they may be left out; then RV(snapshot.storpool) is V(null).
seealso:
  - module: storpool.cloudstack.cloudstack_volume_revert
  - module: storpool.cloudstack.cloudstack_vm_snapshot
  - module: storpool.cloudstack.cloudstack_template
"""

EXAMPLES = r"""
- name: Last night's data, kept on StorPool and copied to secondary storage
  storpool.cloudstack.cloudstack_volume_snapshot:
    name: db-1-nightly
    volume: db-1-data
    zone: zone1
    backup: true
    tags:
      keep: "7"

- name: Another tag in place of it
  storpool.cloudstack.cloudstack_volume_snapshot:
    name: db-1-nightly
    volume: db-1-data
    zone: zone1
    tags:
      release: bookworm
    purge_tags: true

- name: Delete it
  storpool.cloudstack.cloudstack_volume_snapshot:
    name: db-1-nightly
    volume: db-1-data
    state: absent
"""

RETURN = r"""
snapshot:
  description: The snapshot as it is now, or in check mode as it would be. V(null) if it is not there.
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
        - What StorPool has of it. V(null) if that is nothing, if nobody has told where StorPool is, or it could not be asked (a warning says why).
        - V(null) in check mode, too, if the snapshot would be taken.
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
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - take snapshot 'db-1-nightly' of volume 'db-1-data', copied to secondary storage (sp.bypass.secondary.storage is false)
    - give snapshot 'db-1-nightly' of volume 'db-1-data' the tags keep=7
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
  sample: POST createSnapshot
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import StorPool
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_managed
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.snapshot.snapshot import SNAPSHOT
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import halves
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import CONNECTION
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import connect


def ask_storpool(module: Module, time_left: TimeLeft) -> StorPool:
    """The StorPool side of this module: what StorPool has of snapshots."""
    return StorPool(
        lambda _name: 0,
        lambda _name: None,
        snapshots=lambda ids: halves.of_snapshots(Reader(connect(module, time_left=time_left)), ids),
    )


def main() -> None:
    run_managed(SNAPSHOT, CONNECTION, ask_storpool)


if __name__ == "__main__":
    main()
