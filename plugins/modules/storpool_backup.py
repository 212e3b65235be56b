# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_backup
short_description: Back up volumes to another location
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Makes a backup of one volume, or of several at one moment, at another location, waits until it is complete there, and then has those of the same series
    removed that need not stay.
  - StorPool sends only what has changed since the backup before.
  - M(storpool.cloudstack.storpool_remote_snapshot) brings a backup back as a snapshot.
options:
  state:
    description:
      - Whether the backup shall exist. V(absent) removes all of the point O(name) of the O(series), whatever volumes it is of.
    type: str
    choices: [present, absent]
    default: present
  series:
    description:
      - What the series is called, such as V(nightly). It is a tag, and what does not have it is never deleted.
      - A series is of one group of volumes, since its backups stay and go together. Give each virtual machine its own. A task for other volumes than those
        that a series is of is refused.
    type: str
    required: true
  volumes:
    description:
      - The volumes, each by its name, by V(~) and its global id, or by a shell pattern for names, such as V(db-*).
      - A name or pattern that means no volume is refused, rather than left out silently.
      - Several volumes are backed up at one moment, so that together they are what a virtual machine would find after a power cut.
      - A volume that came after the backup of this name was made is left to the next one, with a warning.
    type: list
    elements: str
  location:
    description:
      - The other location, as it is called here. An unknown one is refused with the names of those that there are.
    type: str
    required: true
  wait:
    description:
      - Wait until the backup is complete at the location. Without it, nothing of the series is removed before a later run finds it complete.
    type: bool
    default: true
  wait_timeout:
    description:
      - For how many seconds to wait at most, up to V(604800). The copying goes on after that, and the task can be run again to wait longer.
    type: int
    default: 3600
  tags:
    description:
      - Tags that the backup gets beside those of the series (C(ansible-backup-series), C(ansible-backup-name)).
    type: dict
  delete_after:
    description:
      - How long the location still has what is removed, such as V(7d), or seconds. Bridges there may have a longer minimum of their own.
      - Until then it can be found at the location, but it is not listed here any more.
      - Without the option, it is deleted as soon as the location allows it.
    type: str
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.cluster
  - storpool.cloudstack._storpool.foreign
  - storpool.cloudstack._storpool.series
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.storpool
  - storpool.cloudstack._attributes.direct
notes:
  - A backup leaves a snapshot here that StorPool needs for the next one. It carries the same tags, and goes together with the backup.
  - Backups of volumes of other systems, such as CloudStack's, are copies that those systems know nothing of, so no O(allow_foreign) is needed.
  - If the answer to the call is lost, the tags tell whether the backup was made. It is never made a second time for that.
  - VolumeCare, StorPool's own service, may back up the same volumes. The two do not see each other.
seealso:
  - module: storpool.cloudstack.storpool_location_info
  - module: storpool.cloudstack.storpool_remote_snapshot
  - module: storpool.cloudstack.storpool_snapshot_rotation
"""

EXAMPLES = r"""
- name: All disks of a virtual machine to the other location every night, kept for two weeks, and one a week for half a year
  storpool.cloudstack.storpool_backup:
    series: vm-0c9e2f3a
    name: "{{ now(utc=true, fmt='%Y-%m-%d') }}"
    match_tags:
      cvm: 0c9e2f3a-1111-4222-8333-444455556666
    location: location-far
    keep:
      daily: 14
      weekly: 26
    keep_at_least: 3

- name: One volume before an upgrade; the task does not wait for the data
  storpool.cloudstack.storpool_backup:
    series: upgrades
    name: before-17
    volumes: [db-1]
    location: location-far
    wait: false

- name: Not needed any more; the other location keeps it for a week
  storpool.cloudstack.storpool_backup:
    series: upgrades
    name: before-17
    location: location-far
    state: absent
    delete_after: 7d
"""

RETURN = r"""
backup:
  description: The backup O(name), one entry for each volume, as it is now or in check mode would be. Empty if it does not exist.
  returned: success
  type: list
  elements: dict
  sample:
    - name: "2030-01-31"
      global_id: abcd.b.13
      volume: db-1
      created_from: abcd.b.12
      size: 10737418240
      creation_timestamp: 1767225600
      complete: true
      tags: {ansible-backup-series: upgrades, ansible-backup-name: before-17}
  contains:
    name:
      description: What the point of the series is called.
      type: str
      returned: success
    global_id:
      description: Global id of the snapshot, the same here and there, without C(~). V(null) in check mode if it would be made.
      type: str
      returned: success
    volume:
      description: Name of the volume, V(null) if StorPool does not say it.
      type: str
      returned: success
    created_from:
      description: Global id of the volume, V(null) if StorPool does not say it.
      type: str
      returned: success
    size:
      description: Size in bytes.
      type: int
      returned: success
    creation_timestamp:
      description: When it was taken, as unix time. V(null) in check mode if it would be made.
      type: int
      returned: success
    complete:
      description: Whether all of its data is at the location, as far as StorPool says it.
      type: bool
      returned: success
    tags:
      description: Tags of the backup.
      type: dict
      returned: success
backups:
  description: All backups of the series that stay, the oldest first. Its elements are as those of RV(backup).
  returned: success
  type: list
  elements: dict
  sample: []
deleted:
  description: The backups that have gone, or in check mode would go. Its elements are as those of RV(backup).
  returned: success
  type: list
  elements: dict
  sample: []
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - "make backup '2030-01-31' of series 'vm-1' at location 'location-far' of volume 'db-1'"
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
  sample: POST VolumesGroupBackup
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.backup.backup import BACKUP
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import run_managed


def main() -> None:
    run_managed(BACKUP)


if __name__ == "__main__":
    main()
