# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_kvm_patch
short_description: Patch the KVM plugin of a CloudStack agent for StorPool
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Up to CloudStack 4.11, an agent asks its iSCSI adaptor to disconnect a volume before it asks StorPool's, and the iSCSI adaptor says that it did so
    although the volume is not its own. StorPool's adaptor is never asked, and every VM that stops or migrates leaves its volumes attached to the host.
  - This module changes that one answer (C(IscsiAdmStorageAdaptor.disconnectPhysicalDiskByPath)) from true to false, in the jar that the package
    C(cloudstack-agent) has installed. Everything else in the jar stays byte for byte as it was.
  - A jar is only changed if the method is exactly as it is known from CloudStack 4.8 to 4.11. CloudStack 4.12 and later are right by themselves, and
    are refused.
options:
  path:
    description:
      - The jar of the KVM plugin, C(cloud-plugin-hypervisor-kvm-VERSION.jar). It has to be the file itself, not a symbolic link to it.
      - By default the one in C(/usr/share/cloudstack-agent/lib), where the package has it.
    type: path
  state:
    description:
      - V(patched) has the jar answer false. A jar that already does so, however it came about, is left alone.
      - V(original) puts back what was there before the patch. A jar that is not patched is left alone.
    type: str
    choices: [patched, original]
    default: patched
  backup_dir:
    description:
      - The directory where the original is kept. It is made if it is not there.
      - The agent must not load classes from it. It does so from the directory of the jar, and from C(lib) and C(plugins) beside it.
    type: path
    default: /var/lib/storpool-cloudstack/originals
extends_documentation_fragment:
  - storpool.cloudstack._attributes
attributes:
  platform:
    description: What the module runs on.
    support: full
    platforms: linux
notes:
  - An agent that runs keeps the jar that it has loaded. Restart C(cloudstack-agent) if the module has changed something.
  - When the package is upgraded or installed again, its own jar comes back. The next run of the module patches that one.
  - Tools that verify packages (C(dpkg --verify), C(rpm --verify)) report the jar as changed while it is patched.
  - The jar keeps its owner, mode, access lists and SELinux context. It is replaced in one moment, so whatever happens meanwhile, there is either the
    old or the new one.
seealso:
  - name: CloudStack pull request 2997
    description: The change of CloudStack 4.12 that makes the patch unnecessary.
    link: https://github.com/apache/cloudstack/pull/2997
"""

EXAMPLES = r"""
- name: Let the agent detach StorPool volumes
  storpool.cloudstack.cloudstack_kvm_patch:
    path: /usr/share/cloudstack-agent/lib/cloud-plugin-hypervisor-kvm-4.9.3.0.jar
  register: patch

- name: What to do now
  ansible.builtin.debug:
    msg: "{{ 'Restart cloudstack-agent.' if patch is changed else 'Nothing.' }}"

- name: Put the jar of the package back
  storpool.cloudstack.cloudstack_kvm_patch:
    path: /usr/share/cloudstack-agent/lib/cloud-plugin-hypervisor-kvm-4.9.3.0.jar
    state: original

- name: Patch it again, and keep the original elsewhere
  storpool.cloudstack.cloudstack_kvm_patch:
    path: /usr/share/cloudstack-agent/lib/cloud-plugin-hypervisor-kvm-4.9.3.0.jar
    state: patched
    backup_dir: /var/backups/cloudstack
"""

RETURN = r"""
jar:
  description: The jar as it is now, or in check mode as it would be.
  returned: success
  type: dict
  sample:
    path: /usr/share/cloudstack-agent/lib/cloud-plugin-hypervisor-kvm-4.9.3.0.jar
    version: 4.9.3.0
    state: patched
    sha256: 83b1a9eb0a02ac6bb9fc9a5fc2ad1d7f3a0f6e5b0f8c3f87f7cbb6fb9b3f6a54
    original: /var/backups/cloudstack/cloud-plugin-hypervisor-kvm-4.9.3.0.jar.5d4140a0ff2fbb6e0a8d0d2d3f5c1dd4a17ed4c2c5e1f8e9d6a0f5d7ce2b8a11.original
  contains:
    path:
      description: The path of the jar.
      type: str
      returned: success
    version:
      description: The version of CloudStack that the jar is of, as its manifest or its name says.
      type: str
      returned: success
    state:
      description: Whether it is V(patched) or V(original).
      type: str
      returned: success
    sha256:
      description: The checksum of the jar.
      type: str
      returned: success
    original:
      description: Where the original of a patched jar is kept, or a copy of one that is not patched. V(null) if there is none in O(backup_dir).
      type: str
      returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - "patch /usr/share/cloudstack-agent/lib/cloud-plugin-hypervisor-kvm-4.9.3.0.jar, so that it answers false for a path that is not iSCSI"
error:
  description: What kind of failure it was (C(kind)).
  returned: failure
  type: dict
  sample:
    kind: not_recognised
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.kvm.patch import KVM_PATCH, apply
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.run import run_managed


def main() -> None:
    run_managed(KVM_PATCH, apply)


if __name__ == "__main__":
    main()
