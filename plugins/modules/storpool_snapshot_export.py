# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_snapshot_export
short_description: Export snapshots to other locations
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Makes a snapshot visible to another location, which can then take a copy of it (M(storpool.cloudstack.storpool_remote_snapshot) there), or takes that back.
  - Nothing is copied by it. StorPool does not delete a snapshot as long as it is exported, and neither does the system that it belongs to.
options:
  state:
    description:
      - Whether the snapshot shall be exported to O(location).
      - A snapshot that does not exist is not exported, so V(absent) has nothing to do.
    type: str
    choices: [present, absent]
    default: present
  snapshot:
    description:
      - Name of the snapshot, or V(~) and its global id.
    type: str
    required: true
  location:
    description:
      - The other location, as it is called here. Required unless O(state=absent), which without it takes back all exports of the snapshot.
    type: str
  force:
    description:
      - With O(state=absent), take the export back though the other location has not copied all of it yet. Its copy is then incomplete for good.
    type: bool
    default: false
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._storpool.foreign
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
notes:
  - A snapshot that is being backed up (M(storpool.cloudstack.storpool_backup)) is on its way by itself, and is not counted as exported.
seealso:
  - module: storpool.cloudstack.storpool_remote_snapshot
  - module: storpool.cloudstack.storpool_location_info
  - module: storpool.cloudstack.storpool_snapshot
"""

EXAMPLES = r"""
- name: A snapshot to be brought to the other location
  storpool.cloudstack.storpool_snapshot:
    volume: db-1
    name: golden

- name: Let the other location see it
  storpool.cloudstack.storpool_snapshot_export:
    snapshot: golden
    location: location-far

- name: Only we need it from now on
  storpool.cloudstack.storpool_snapshot_export:
    snapshot: golden
    location: location-far
    state: absent
"""

RETURN = r"""
exports:
  description: All exports of the snapshot as they are now, or in check mode as they would be.
  returned: success
  type: list
  elements: dict
  sample:
    - {snapshot: golden, global_id: abcd.b.13, location: location-far, backing_up: false}
  contains:
    snapshot:
      description: Name of the snapshot, V(null) if it has none.
      type: str
      returned: success
    global_id:
      description: Global id of the snapshot, without C(~). The other location needs it.
      type: str
      returned: success
    location:
      description: Where it can be seen.
      type: str
      returned: success
    backing_up:
      description: Whether it is a backup on its way there.
      type: bool
      returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - "export snapshot 'golden' to location 'location-far'"
error:
  description: What kind of failure it was (C(kind)), and where the API gave an error, its C(name), C(descr), C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_found
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST SnapshotExport
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.location.export import EXPORT
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_managed


def main() -> None:
    run_managed(EXPORT)


if __name__ == "__main__":
    main()
