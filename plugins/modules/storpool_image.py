# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: storpool_image
short_description: Disk images into StorPool, and out of it
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Makes a snapshot or a volume of a disk image (V(present)), or an image of a snapshot or a volume (V(exported)).
  - It runs on a host that is a StorPool client, as root, and copies with C(qemu-img). A volume of the module's own is attached to that host while it works.
  - What is copied is compared before it gets its name. What was interrupted is never taken for whole. The next run of the same task on the same host takes
    away what is left of it, and begins anew.
  - Images are not trusted. One that refers to other files (a backing file, a data file, extents), is encrypted, damaged, or says that its disk is larger than
    O(max_size) is refused before C(qemu-img) opens it.
options:
  state:
    description:
      - With V(present), there is a O(kind) called O(name) that is made of the image O(src).
      - With V(exported), there is a file O(dest) that is an image of the O(kind) called O(name).
    type: str
    choices: [present, exported]
    default: present
  name:
    description:
      - The name of the snapshot or volume. With V(exported) it can be C(~) and a global id.
    type: str
    required: true
  kind:
    description:
      - What is made of the image, or exported.
      - A snapshot cannot be written to, and volumes are made from it in a moment (O(storpool.cloudstack.storpool_volume#module:parent)).
      - A volume is exported through a snapshot that is taken for that, and deleted afterwards.
    type: str
    choices: [snapshot, volume]
    default: snapshot
  src:
    description:
      - The image. An absolute path on the host that runs the task, or an address that begins with C(http://) or C(https://).
      - What comes from an address is kept in O(work_dir), in a file without a name. The proxies of the environment are used.
      - Required with V(present).
    type: str
  checksum:
    description:
      - The SHA-256 of the file O(src), 64 hexadecimal digits, with or without C(sha256:) before them.
      - Required for an address. If there is a snapshot or volume that was made of a file with this checksum already, O(src) is not read at all.
    type: str
  format:
    description:
      - The format of the image. With V(present), that is found out if it is not given, by what the file begins with (or ends, for a fixed VHD), and an image of
        another format than the one given is refused.
      - Set it to V(raw) for an image of a disk whose contents are not yours. What is on such a disk could look like the header of an image.
      - With V(exported), V(qcow2) or V(raw), and V(qcow2) if it is not given.
    type: str
    choices: [raw, qcow2, vmdk, vhdx, vpc, vdi]
  max_size:
    description:
      - The largest disk that an image may have.
    type: str
    default: 64TiB
  validate_certs:
    description:
      - Whether the certificate of an C(https://) address has to be right.
    type: bool
    default: true
  template:
    description:
      - The StorPool template of the snapshot or volume. Required if it does not exist.
    type: str
  size:
    description:
      - The size of what is made, at least that of the disk in the image. It is that size, rounded up to 512 bytes, if it is not given.
      - It says nothing about a volume that is there already and has grown.
    type: str
  tags:
    description:
      - Tags that the snapshot or volume shall have, beside those of the module.
      - The module's are C(img-state), C(img-sha256), C(img-size) and C(img-format). They say of what it was made; keep them.
    type: dict
  dest:
    description:
      - The file to make, an absolute path on the host that runs the task. Required with V(exported).
      - It is written beside its place and renamed when it is complete. It belongs to whoever runs the task, who alone may read it, unless it replaces another
        file, whose owner and mode it gets.
      - A file C(DEST.storpool-image) beside it says of what it was made, and its SHA-256. By that the next run knows it.
    type: path
  compress:
    description:
      - Compress the file. Only for V(qcow2).
    type: bool
    default: false
  allow_replace:
    description:
      - Replace a file that is there and is not the image that is wanted. Without this, that is an error.
      - With it, a volume is exported anew by every run, since what is on it may have changed.
    type: bool
    default: false
  verify:
    description:
      - Compare what was written with what was read, before it gets its name.
    type: bool
    default: true
  wait_timeout:
    description:
      - How many seconds to wait for another run that works on the same, for StorPool to attach a volume, and for its device to appear; for each of them.
    type: int
    default: 60
  copy_timeout:
    description:
      - How many seconds copying and comparing may take, each.
    type: float
    default: 86400
  progress:
    description:
      - Whether to say how far it is while it runs.
      - With V(auto) it is said if Ansible runs in a terminal. V(always) and V(never) do what they say.
      - It can be said where Ansible can look at a file while the module runs, on the controller itself (connection C(local)) and over C(ssh).
    type: str
    choices: [auto, always, never]
    default: auto
  device_dir:
    description:
      - Where the links to the devices of StorPool volumes are (C(storpool-byid/GLOBALID), C(storpool/NAME)). Only tests and containers need another.
    type: path
    default: /dev
  work_dir:
    description:
      - Where there is room for what comes from an address.
    type: path
    default: /var/tmp
  qemu_img:
    description:
      - The program C(qemu-img), by name or path.
    type: str
    default: qemu-img
  _progress:
    description:
      - Where the module says how far it is. Used by the action of the same name.
    type: path
extends_documentation_fragment:
  - storpool.cloudstack._storpool
  - storpool.cloudstack._storpool.foreign
  - storpool.cloudstack._attributes
  - storpool.cloudstack._attributes.storpool
requirements:
  - qemu-img (Debian and Ubuntu, package C(qemu-utils))
  - the host is a StorPool client (C(SP_OURID) in its configuration, C(storpool_block) running)
attributes:
  platform:
    description: What the module runs on.
    support: full
    platforms: linux
  idempotent:
    support: partial
    details:
      - A snapshot or volume is known by its tags. Without O(checksum), the whole of O(src) is read to know whether it is the same.
      - A file is known by the note beside it and its SHA-256, for which all of it is read. A file of a volume is left alone as long as O(allow_replace) is
        not set.
notes:
  - A run has a lock on its host. Across hosts, the name of the volume that it works on is the lock. So of two runs that make the same, one does it, and the
    other waits for up to O(wait_timeout). A volume that a run on another host has left is taken away if it is attached nowhere.
  - A QCOW2, VMDK, VHDX or VDI image that ends too early is refused by what its tables say. Of a raw image only O(checksum) tells.
seealso:
  - module: storpool.cloudstack.storpool_snapshot
  - module: storpool.cloudstack.storpool_volume
"""

EXAMPLES = r"""
- name: A snapshot of an image, to make volumes from
  storpool.cloudstack.storpool_image:
    name: debian-12
    src: /srv/images/debian-12.qcow2
    template: hybrid
  register: imported

- name: Its checksum
  ansible.builtin.debug:
    var: imported.checksum

- name: A volume for a virtual machine that was on VMware
  storpool.cloudstack.storpool_image:
    name: shop-disk
    kind: volume
    src: /srv/images/shop-disk.vmdk
    template: hybrid
    size: 2GiB
    tags:
      owner: shop

- name: The snapshot as a compressed file
  storpool.cloudstack.storpool_image:
    state: exported
    name: debian-12
    dest: /srv/images/debian-12-again.qcow2
    compress: true
"""

RETURN = r"""
snapshot:
  description: The snapshot, as in M(storpool.cloudstack.storpool_snapshot). V(null) if O(kind) is V(volume).
  returned: success
  type: dict
  sample:
    name: debian-12
    global_id: abcd.b.15
    size: 2147483648
volume:
  description: The volume, as in M(storpool.cloudstack.storpool_volume). V(null) if O(kind) is V(snapshot).
  returned: success
  type: dict
  sample:
    name: shop-disk
    global_id: abcd.b.16
    size: 2147483648
image:
  description: The image that it was made of, V(null) with V(exported), and in check mode if it has not been fetched.
  returned: success
  type: dict
  sample:
    format: qcow2
    virtual_size: 2147483648
    checksum: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
  contains:
    format:
      description: The format, as it was found or given.
      type: str
      returned: success
    virtual_size:
      description: The size of the disk in it, in bytes.
      type: int
      returned: success
    checksum:
      description: C(sha256:) and the SHA-256 of the file.
      type: str
      returned: success
file:
  description: The file that was exported, V(null) with V(present).
  returned: success
  type: dict
  sample:
    path: /srv/images/debian-12-again.qcow2
    source: abcd.b.15
    format: qcow2
    compressed: true
    virtual_size: 2147483648
    size: 734003200
    checksum: sha256:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
  contains:
    path:
      description: Where it is.
      type: str
      returned: success
    source:
      description: Global id of the snapshot or volume that it is an image of.
      type: str
      returned: success
    format:
      description: The format.
      type: str
      returned: success
    compressed:
      description: Whether it is compressed.
      type: bool
      returned: success
    virtual_size:
      description: The size of the disk in it, in bytes.
      type: int
      returned: success
    size:
      description: The size of the file, in bytes.
      type: int
      returned: success
    checksum:
      description: C(sha256:) and the SHA-256 of the file.
      type: str
      returned: success
checksum:
  description: The checksum of the file that was imported or exported.
  returned: success
  type: str
  sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - create volume 'debian-12.making-5f6f1c0d' of 2 GiB
    - attach volume 'debian-12.making-5f6f1c0d' to client 12 (rw)
    - copy the image (qcow2, 2 GiB) to it
    - take snapshot 'debian-12' of it
    - detach volume 'debian-12.making-5f6f1c0d' from client 12
    - delete volume 'debian-12.making-5f6f1c0d'
error:
  description: What kind of failure it was (C(kind)), and where the API gave an error, its C(name), C(descr), C(transient) and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: unusable
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST VolumeCreate
"""

import typing as t

from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.image import want as host
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.image.hands import Hands
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.image.progress import Progress
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.run import HostModule
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.options import CONNECTION
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.image.run import run_image
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.image.wanted import SPEC

PROGRESS: t.Dict[str, t.Any] = {
    "progress": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
    "_progress": {"type": "path"},
}


def hands(params: t.Mapping[str, t.Any]) -> Hands:
    """What does the work on this host."""
    return Hands(host.want(params), Progress(params["_progress"]))


def main() -> None:
    options = dict(SPEC, **dict(host.SPEC, **dict(PROGRESS, **CONNECTION)))
    required = [["state", "present", ["src"]], ["state", "exported", ["dest"]]]
    run_image(HostModule({"argument_spec": options, "required_if": required}), hands)


if __name__ == "__main__":
    main()
