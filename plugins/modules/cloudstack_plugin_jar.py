# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_plugin_jar
short_description: Have exactly one jar of the StorPool driver on CloudStack's class path
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Puts the jar of the StorPool driver, or a patched one of the KVM plugin, where an agent or a management server loads it from, and takes every other
    copy of it off the class path. What is taken away is kept, and can be put back.
  - Which directory that is depends on the version of CloudStack, which is read from the package on the host. From CloudStack 4.17 on, the packages bring
    the driver; a jar that is given then takes its place, under its name.
  - A jar is checked before anything is touched. It has to be whole, to be the plugin, to be of the version of CloudStack that is installed, and to need no
    newer Java than the host has.
  - The service is not restarted. RV(service.restart_needed) says whether it should be.
options:
  component:
    description:
      - What loads the jar.
    type: str
    choices: [agent, management]
    required: true
  plugin:
    description:
      - V(storpool) is the StorPool driver, C(cloud-plugin-storage-volume-storpool-VERSION.jar).
      - V(kvm) is the KVM plugin of an agent of CloudStack 4.8 to 4.11, C(cloud-plugin-hypervisor-kvm-VERSION.jar), built with the patch that StorPool needs. It
        takes the place of the installed one. M(storpool.cloudstack.cloudstack_kvm_patch) patches the installed one instead, with nothing to be built.
    type: str
    choices: [storpool, kvm]
    default: storpool
  state:
    description:
      - V(present) has the jar O(src) on the class path, and no other of the plugin. Without O(src), from CloudStack 4.17 on, it is the jar that the package
        has installed.
      - V(previous) puts back what was on the class path before this module changed it last, byte for byte.
    type: str
    choices: [present, previous]
    default: present
  src:
    description:
      - The jar, on the controller. It is looked for as the modules that copy files do it, in the directory C(files) of a role or playbook, too.
      - It is only transferred if the host does not have it already at its place.
    type: path
  remote_src:
    description:
      - O(src) is on the host.
    type: bool
    default: false
  sha256:
    description:
      - The SHA-256 checksum that O(src) must have.
      - With O(state=previous), the checksum of the jar to go back from. Where another one is on the class path, nothing is done.
    type: str
  any_version:
    description:
      - Take a jar of any version of CloudStack. Without it, major, minor and patch of the jar and of the installed CloudStack have to be the same.
      - With O(state=previous), put back what was there even if CloudStack has been upgraded since.
    type: bool
    default: false
  directory:
    description:
      - Where the jar belongs, if CloudStack was told to load its jars from another directory.
      - The default for the driver of an agent is C(/usr/share/cloudstack-agent/lib) up to CloudStack 4.10 and from 4.17 on, and
        C(/usr/share/cloudstack-agent/plugins) in between; of a management server, C(/usr/share/cloudstack-management/webapps/client/WEB-INF/lib) up to 4.10 and
        C(/usr/share/cloudstack-management/lib) from 4.11 on. The KVM plugin belongs to C(/usr/share/cloudstack-agent/lib).
    type: path
  keep_dir:
    description:
      - Where jars that are taken away are kept, with a record of the last change. It is made if it is not there. Nothing is ever deleted from it.
    type: path
    default: /var/lib/storpool-cloudstack/kept
  prefix:
    description:
      - The root of the file system to work on, for an image that is being built, or a disk that is mounted somewhere.
      - All other paths, in options (but O(src)) and in results, are those of that system. If it is not V(/), no service is looked at.
      - Jars belong to root, or in an image that another user builds, to that user.
    type: path
    default: /
  _source:
    description:
      - What the jar on the controller is. The action plugin sets it; it is not for playbooks.
    type: dict
extends_documentation_fragment:
  - storpool.cloudstack._attributes
attributes:
  async:
    description: Can run in the background, with C(async). A jar on the controller is brought to the host first.
    support: full
  platform:
    description: What the module runs on.
    support: full
    platforms: linux
notes:
  - A jar is written under a hidden name that nothing loads. Where it has another name than the one that it replaces, the old jar gets the new content in one
    moment, and the new name in another, so that there are never two drivers where there was one, nor none. A run that is killed leaves the old jar or the new
    one, whole, perhaps the new one under the old name; the next run of the same task finishes what was begun, and O(state=previous) still leads to what was
    there before the first. M(storpool.cloudstack.cloudstack_deployment_info) says C(unfinished_change) until then.
  - Only if the directories of one class path are on several file systems, between which nothing can be renamed, the new jar has two names there for a moment.
  - What cannot be replaced, since it is immutable, mounted or no file, is found before anything is touched, in check mode as well.
  - A jar that something else puts in place while the task runs is kept as others are.
  - Copies of the plugin are the files of the class path that are called like it, and others that have C(storpool) in their name (C(hypervisor-kvm) for the
    KVM plugin) and have the plugin inside or are damaged. All names that end with C(.jar) or C(.JAR) count, as they do for Java.
  - On management servers up to CloudStack 4.10, C(/usr/share/cloudstack-management/lib) is Tomcat's. It is left alone, as are directories that only other
    versions of CloudStack load jars from.
  - An upgrade of the package brings its own jars back. Run the module again after it.
seealso:
  - module: storpool.cloudstack.cloudstack_kvm_patch
  - module: storpool.cloudstack.cloudstack_deployment_info
"""

EXAMPLES = r"""
- name: Put the driver on an agent of CloudStack 4.11.3
  storpool.cloudstack.cloudstack_plugin_jar:
    component: agent
    src: /srv/storpool/cloud-plugin-storage-volume-storpool-4.11.3.0.jar
  register: driver

- name: Restart the agent if it does not run with what is there
  ansible.builtin.systemd_service:
    name: cloudstack-agent
    state: restarted
  when: driver.service.restart_needed

- name: Put a patched KVM plugin in the place of the installed one, from a file on the agent
  storpool.cloudstack.cloudstack_plugin_jar:
    component: agent
    plugin: kvm
    src: /srv/storpool/cloud-plugin-hypervisor-kvm-4.11.3.0.jar
    remote_src: true

- name: Put the driver on a management server
  storpool.cloudstack.cloudstack_plugin_jar:
    component: management
    src: /srv/storpool/cloud-plugin-storage-volume-storpool-4.11.3.0.jar

- name: Replace it by a fixed build that says that it is of another version
  storpool.cloudstack.cloudstack_plugin_jar:
    component: management
    src: /srv/storpool/cloud-plugin-storage-volume-storpool-4.11.4.0.jar
    any_version: true

- name: Go back to the one before
  storpool.cloudstack.cloudstack_plugin_jar:
    component: management
    state: previous
"""

RETURN = r"""
jar:
  description: The jar of the plugin that is on the class path now, or in check mode would be. V(null) if there is none, after O(state=previous).
  returned: success
  type: dict
  sample:
    path: /usr/share/cloudstack-agent/plugins/cloud-plugin-storage-volume-storpool-4.11.3.0.jar
    version: 4.11.3.0
    sha256: 83b1a9eb0a02ac6bb9fc9a5fc2ad1d7f3a0f6e5b0f8c3f87f7cbb6fb9b3f6a54
    plugin: storpool
    component: agent
  contains:
    path:
      description: The path of the jar.
      type: str
      returned: success
    version:
      description: The version of CloudStack that the jar is of, as its manifest or its name says. V(null) if neither does.
      type: str
      returned: success
    sha256:
      description: The checksum of the jar.
      type: str
      returned: success
    plugin:
      description: The plugin.
      type: str
      returned: success
    component:
      description: What loads it.
      type: str
      returned: success
kept:
  description: All jars of the plugin that were taken off the class path of the component, now or before.
  returned: success
  type: list
  elements: dict
  sample:
    - path: /var/lib/storpool-cloudstack/kept/usr/share/cloudstack-agent/lib/storpool.jar.5d4140a0ff2fbb6e0a8d0d2d3f5c1dd4a17ed4c2c5e1f8e9d6a0f5d7ce2b8a11.kept
      original: /usr/share/cloudstack-agent/lib/storpool.jar
      sha256: 5d4140a0ff2fbb6e0a8d0d2d3f5c1dd4a17ed4c2c5e1f8e9d6a0f5d7ce2b8a11
  contains:
    path:
      description: Where the jar is now.
      type: str
      returned: success
    original:
      description: Where it was.
      type: str
      returned: success
    sha256:
      description: Its checksum.
      type: str
      returned: success
service:
  description: The service of the component.
  returned: success
  type: dict
  sample:
    name: cloudstack-agent
    state: active
    started: "2026-02-01T10:00:00Z"
    restart_needed: true
    restart_reason: it was started before /usr/share/cloudstack-agent/plugins/cloud-plugin-storage-volume-storpool-4.11.3.0.jar came or was changed
  contains:
    name:
      description: The name of the service.
      type: str
      returned: success
    state:
      description: Its state in systemd's words. V(null) if systemd does not know it, or O(prefix) is not V(/).
      type: str
      returned: success
    started:
      description: When its process was started, in UTC. V(null) if none runs.
      type: str
      returned: success
    restart_needed:
      description:
        - Whether the process that runs is not one of the plugins' jars that are there, whoever changed them. It was started before one of them changed, or
          it has a jar open that is not on its class path any more.
      type: bool
      returned: success
    restart_reason:
      description: Why, in words. V(null) if no restart is needed.
      type: str
      returned: success
cloudstack_version:
  description: The version of CloudStack that is installed.
  returned: success
  type: str
  sample: 4.11.3.0
switched:
  description:
    - Whether a jar came to the class path, left it or was replaced, or in check mode would. Without that, a change was of owner, mode or the record alone.
  returned: success
  type: bool
  sample: true
actions:
  description: What was done, or in check mode would be done, in words.
  returned: success
  type: list
  elements: str
  sample:
    - note in /var/lib/storpool-cloudstack/kept/agent-storpool.json what is on the class path of the agent now
    - put /usr/share/cloudstack-agent/plugins/cloud-plugin-storage-volume-storpool-4.11.3.0.jar
    - note in /var/lib/storpool-cloudstack/kept/agent-storpool.json that this is done
error:
  description: What kind of failure it was (C(kind)).
  returned: failure
  type: dict
  sample:
    kind: invalid_option
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.driver.run import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
