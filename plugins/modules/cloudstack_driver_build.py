# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_driver_build
short_description: Build StorPool's plugins for CloudStack from source
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Builds the StorPool plugin, and for CloudStack 4.8 to 4.11 the KVM plugin that leaves no volumes attached on hosts they have left, with Maven, on the
    host that the task runs on.
  - The source is copied or checked out first, and only the copy is changed. For CloudStack 4.8 to 4.11 that is one word in
    C(IscsiAdmStorageAdaptor.disconnectPhysicalDiskByPath); a method that is not exactly as it is known is refused.
  - What was built is kept. The same sources with the same options are not built again.
  - The jars are looked into before they are kept. The iSCSI adaptor really answers false, no class is for a newer Java than CloudStack runs on, and the
    StorPool plugin has the C(git.properties) that it needs.
options:
  source:
    description:
      - The source of CloudStack, as the absolute path of a directory or as a URL that git knows.
      - A URL with a password, a token or a query in it is refused, since it would be in process lists and logs. Use an SSH key, or a credential helper of git.
    type: str
    required: true
  ref:
    description:
      - The branch, the tag or the whole commit of a git repository. Required if O(source) is a URL.
      - With a directory that is a git repository, its commit is built, and not what the directory holds.
    type: str
  storpool_source:
    description:
      - The source of the StorPool plugin, given as O(source) is, where it is not in CloudStack's, which is before 4.17.
    type: str
  storpool_ref:
    description:
      - The branch, the tag or the whole commit, for O(storpool_source).
    type: str
  plugins:
    description:
      - What to build. V(kvm) is for CloudStack 4.8 to 4.11 only, and is always the patched one.
      - Without the option, both for CloudStack 4.8 to 4.11, and V(storpool) for 4.12 and later.
    type: list
    elements: str
    choices: [storpool, kvm]
  dest:
    description:
      - The directory where everything that was built is kept.
    type: path
    default: ~/.cache/storpool-cloudstack/built
  java_home:
    description:
      - The directory of the JDK to build with. Without the option, E(JAVA_HOME), else the one whose C(javac) is on the path.
    type: path
  any_java:
    description:
      - Try a JDK that is not known to build this version of CloudStack, as long as its compiler makes classes for the right Java. JDK 7 and 8 are known
        for 4.8 and 4.9, 8 for 4.10 to 4.13, 11 for 4.14 to 4.19, 11 and 17 for 4.20 and later.
    type: bool
    default: false
  adapt_version:
    description:
      - Build a StorPool plugin whose C(pom.xml) names another version of CloudStack for the version of O(source).
    type: bool
    default: false
  maven:
    description:
      - The name or the path of Maven.
    type: str
    default: mvn
  maven_args:
    description:
      - More arguments for Maven, such as V(--offline) or V(-Dmaven.repo.local=/srv/m2).
      - An argument with a password or a token in it is refused. Such things belong in a settings file, which V(--settings=/srv/settings.xml) names.
    type: list
    elements: str
    default: []
  timeout:
    description:
      - How many seconds each run of Maven and of git may take, and how long to wait for another task that builds in O(dest). At most V(86400).
    type: int
    default: 7200
extends_documentation_fragment:
  - storpool.cloudstack._attributes
attributes:
  platform:
    description: What the module runs on.
    support: full
    platforms: linux
requirements:
  - Maven 3.0.5 or newer
  - a JDK
  - git, for a source that is a repository, and for a StorPool plugin that records its commit
notes:
  - Maven runs C(install), so modules of this version of CloudStack get into its local repository.
  - The first build of a version downloads what CloudStack depends on, which takes long. O(timeout) is for that, too.
  - Check mode does all but run Maven. For a git repository it fetches the source into a temporary directory.
seealso:
  - module: storpool.cloudstack.cloudstack_kvm_patch
"""

EXAMPLES = r"""
- name: Build the StorPool plugin of CloudStack 4.19.1.0, as it is in the directory
  storpool.cloudstack.cloudstack_driver_build:
    source: /usr/src/cloudstack-4.19.1.0
    dest: /srv/driver
    java_home: /usr/lib/jvm/java-11-openjdk-amd64
    maven: /opt/apache-maven-3.9.9/bin/mvn

- name: Build both plugins for CloudStack 4.11.3.0, whose StorPool plugin has a repository of its own
  storpool.cloudstack.cloudstack_driver_build:
    source: /usr/src/cloudstack
    ref: 4.11.3.0
    storpool_source: /usr/src/storpool-cloudstack-integration
    dest: /srv/driver
    java_home: /usr/lib/jvm/java-8-openjdk-amd64
    maven: /opt/apache-maven-3.9.9/bin/mvn
  register: built

- name: Show what was built
  ansible.builtin.debug:
    var: built.jars
"""

RETURN = r"""
jars:
  description: What was built, by plugin.
  returned: success
  type: dict
  sample:
    storpool:
      path: /srv/driver/2f1c0f0e5d0a4b7c/cloud-plugin-storage-volume-storpool-4.11.3.0.jar
      version: 4.11.3.0
      sha256: 83b1a9eb0a02ac6bb9fc9a5fc2ad1d7f3a0f6e5b0f8c3f87f7cbb6fb9b3f6a54
    kvm:
      path: /srv/driver/2f1c0f0e5d0a4b7c/cloud-plugin-hypervisor-kvm-4.11.3.0.jar
      version: 4.11.3.0
      sha256: 5d4140a0ff2fbb6e0a8d0d2d3f5c1dd4a17ed4c2c5e1f8e9d6a0f5d7ce2b8a11
  contains:
    storpool:
      description: The StorPool plugin.
      type: dict
      returned: if it was to be built
      contains: &jar
        path:
          description: Where the jar is, or in check mode would be.
          type: str
          returned: success
        version:
          description: The version of CloudStack that it is of.
          type: str
          returned: success
        sha256:
          description: Its checksum. V(null) in check mode if it would be built.
          type: str
          returned: success
    kvm:
      description: The KVM plugin, patched.
      type: dict
      returned: if it was to be built
      contains: *jar
build:
  description: What it was built from, and with.
  returned: success
  type: dict
  sample:
    version: 4.11.3.0
    commit: null
    storpool_commit: 0d9b7f0f9b1d4f5c8a7e6d5c4b3a291807f6e5d4
    java: 8.0_402
    log: /srv/driver/2f1c0f0e5d0a4b7c.log
  contains:
    version:
      description: The version of CloudStack.
      type: str
      returned: success
    commit:
      description: The commit of O(source), V(null) if a directory was built as it was.
      type: str
      returned: success
    storpool_commit:
      description: The commit of O(storpool_source), as far as there is one.
      type: str
      returned: success
    java:
      description: The version of the JDK.
      type: str
      returned: success
    log:
      description: The file with all that Maven wrote.
      type: str
      returned: success
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - have IscsiAdmStorageAdaptor.disconnectPhysicalDiskByPath answer false for a path that is not iSCSI
    - build the StorPool plugin and the KVM plugin of CloudStack 4.11.3.0 with JDK 8
error:
  description:
    - What kind of failure it was (C(kind)). If Maven failed, C(complaints) of checkstyle or the compiler, each with C(file), C(line), C(column) and
      C(message), and C(log), the file with all that Maven wrote.
  returned: failure
  type: dict
  sample:
    kind: build_failed
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.run import finish
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.build import build
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.run import HostModule


class Module(HostModule):
    shows = build.SHOWN


def main() -> None:
    module = Module(build.SPEC)
    finish(module, lambda: build.make(build.want(module.params), module.check_mode, module.tmpdir))


if __name__ == "__main__":
    main()
