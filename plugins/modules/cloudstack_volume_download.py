# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_volume_download
short_description: Download a volume of CloudStack to a file
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Has CloudStack copy a volume to secondary storage (C(extractVolume)), downloads the copy to the host that runs the task, and returns its checksum.
  - The file is made beside its place, readable for its owner only, and gets its name when it is complete. A download that breaks off is taken up where it
    broke, if the secondary storage can do that and still has the same file, else it begins again. What a run that was killed has left is removed by the next.
  - The volume is not attached to a running VM meanwhile. CloudStack refuses that, and so does this module, before anything is copied.
notes:
  - CloudStack keeps its copy for some hours (setting C(extract.url.expiration.interval)), and hands out the same one again meanwhile, as old as it is.
  - The download comes from the secondary storage VM of the zone, not from the API, through the proxy that the environment names for that address. It is
    trusted as O(api_verify_ssl_cert) and O(validate_certs) say. Its address opens the volume to whoever has it, so it is shown nowhere.
  - The room on the disk is compared with the size of the copy, which is known once CloudStack has made it. A copy is never larger than the volume and the
    tables of a QCOW2 image of it.
  - The image is as CloudStack makes it, for KVM in the format QCOW2.
options:
  volume:
    description:
      - Name or id of the volume. It belongs to no VM, or to one that is stopped.
    type: str
    required: true
  zone:
    description:
      - Name or id of the zone of the volume. Without it, volumes of all zones are meant.
    type: str
  dest:
    description:
      - Absolute path of the file, in a directory that is there.
    type: path
    required: true
  checksum:
    description:
      - The checksum that the file has to have, as V(sha256:DIGITS), with another of md5, sha1, sha224, sha384 and sha512, or as digits alone.
      - A file that is there and has it is left as it is. A download that has another one is thrown away.
    type: str
  force:
    description:
      - Allow to replace a file at O(dest). What it holds is lost then.
      - Without O(checksum), the volume is downloaded anew with every run, since nothing tells whether it has changed.
      - Without O(force) and O(checksum), a file that is there is left as it is, whatever it holds.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds the whole task may take, with CloudStack's copy, the download, and whatever has to be tried again.
    type: int
    default: 7200
attributes:
  idempotent:
    details:
      - With O(force) and without O(checksum), every run downloads the volume.
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.cloudstack
seealso:
  - module: storpool.cloudstack.cloudstack_template
"""

EXAMPLES = r"""
- name: A volume as a file
  storpool.cloudstack.cloudstack_volume_download:
    volume: db-1-data
    zone: zone1
    dest: /srv/images/db-1-data.qcow2
  register: saved

- name: The same as often as one likes, as long as it is the same
  storpool.cloudstack.cloudstack_volume_download:
    volume: db-1-data
    dest: /srv/images/db-1-data.qcow2
    checksum: "{{ saved.download.checksum }}"
    wait_timeout: 14400
"""

RETURN = r"""
download:
  description: The file as it is now, or in check mode as it would be.
  returned: success
  type: dict
  sample:
    dest: /srv/images/db-1-data.qcow2
    size: 448331776
    checksum: sha256:3e1f0c9f1d5b8f3e0b7e6f2f5f2f63a8f4d1c9a0b5e7d3c2a1908f7e6d5c4b3a
    volume: db-1-data
    volume_id: d53d90a1-25dc-4b71-a02c-1be4e5192b52
    zone: zone1
  contains:
    dest:
      description: Path of the file.
      type: str
      returned: success
    size:
      description: Size of the file in bytes. V(null) in check mode if it would be downloaded.
      type: int
      returned: success
    checksum:
      description:
        - The algorithm and the digits of the checksum of the file; sha256, unless O(checksum) is of another.
        - V(null) in check mode if it would be downloaded and O(checksum) does not say it.
      type: str
      returned: success
    volume:
      description: Name of the volume. V(null) if the file is as wanted and CloudStack has no such volume any more, or several.
      type: str
      returned: success
    volume_id:
      description: Id of the volume, as RV(download.volume).
      type: str
      returned: success
    zone:
      description: Name of the zone of the volume, as RV(download.volume).
      type: str
      returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - have volume 'db-1-data' copied to secondary storage
    - download volume 'db-1-data' to /srv/images/db-1-data.qcow2
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr), C(transient)
      and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: not_allowed
call:
  description: The API call that failed, or the host that a download came from.
  returned: failure, if a call failed
  type: str
  sample: POST extractVolume
"""

import os

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.download.download import Disk, Download
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_managed
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import large_files


def main() -> None:
    disk = Disk(
        lambda path, algorithm: large_files.found(path, algorithm, "dest"),
        lambda path: large_files.check_place(path, "dest"),
        lambda path: large_files.free_bytes(os.path.dirname(path)),
        large_files.unfinished,
    )
    download = Download(disk)
    run_managed(download.kind, carry=download.carry)


if __name__ == "__main__":
    main()
