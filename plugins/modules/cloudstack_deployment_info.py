# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_deployment_info
short_description: What a CloudStack agent or management server has of the StorPool driver
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Reads what is deployed on the host that runs the task. That is CloudStack's packages, services and Java, the jars of the StorPool driver and of the KVM
    plugin that are on the class path, and the configuration and programs of the StorPool client.
  - Says what is wrong with it, all at once, in sentences that name the next step.
options:
  component:
    description:
      - What should be on the host. If one of these is not there, that is a problem. What is there is looked at in any case.
    type: list
    elements: str
    choices: [agent, management]
    default: []
  keep_dir:
    description:
      - Where M(storpool.cloudstack.cloudstack_plugin_jar) keeps the jars that it takes away.
    type: path
    default: /var/lib/storpool-cloudstack/kept
  prefix:
    description:
      - The root of the file system to look at, for an image that is being built, or a disk that is mounted somewhere.
      - All paths in results are those of that system. If it is not V(/), no service and no device is looked at.
    type: path
    default: /
extends_documentation_fragment:
  - storpool.cloudstack._attributes.info
attributes:
  platform:
    description: What the module runs on.
    support: full
    platforms: linux
notes:
  - Use it with C(become=true). What a process has open, and often StorPool's configuration, is for root alone to read.
seealso:
  - module: storpool.cloudstack.cloudstack_plugin_jar
  - module: storpool.cloudstack.cloudstack_kvm_patch
"""

EXAMPLES = r"""
- name: What is deployed on an agent
  storpool.cloudstack.cloudstack_deployment_info:
    component: agent
  register: here

- name: Whatever is wrong with it
  ansible.builtin.debug:
    msg: "{{ here.deployment.problems | map(attribute='message') }}"

- name: What is deployed in an image that is being built
  storpool.cloudstack.cloudstack_deployment_info:
    prefix: /srv/images/agent
"""

RETURN = r"""
deployment:
  description: What is deployed on the host.
  returned: success
  type: dict
  contains:
    agent:
      description: CloudStack's agent. V(null) if it is not there.
      type: dict
      returned: success
      contains: &component
        package:
          description: The package that is installed. V(null) if there are only files.
          type: str
          returned: success
          sample: cloudstack-agent
        package_version:
          description: The version of the package.
          type: str
          returned: success
          sample: 4.19.1.0~jammy
        version:
          description: The version of CloudStack, by its package, or else by its jars. V(null) if it is not known.
          type: str
          returned: success
          sample: 4.19.1.0
        service:
          description: The service.
          type: dict
          returned: success
          contains:
            name:
              description: Its name.
              type: str
              returned: success
              sample: cloudstack-agent
            state:
              description: Its state in systemd's words. V(null) if systemd does not know it, or O(prefix) is not V(/).
              type: str
              returned: success
              sample: active
            enabled:
              description: Whether it is started with the host, in systemd's words. V(null) as RV(deployment.agent.service.state).
              type: str
              returned: success
              sample: enabled
            started:
              description: When its process was started, in UTC. V(null) if none runs.
              type: str
              returned: success
              sample: "2026-02-01T10:00:00Z"
            seconds:
              description: How long its process has been running, in whole seconds. V(null) if none runs.
              type: int
              returned: success
              sample: 86400
            restart_needed:
              description: Whether the process that runs is not one of the plugins' jars that are there.
              type: bool
              returned: success
            restart_reason:
              description: Why, in words. V(null) if no restart is needed.
              type: str
              returned: success
        java:
          description:
            - The Java that it is started with the next time, by its unit, or else by the process that runs. V(null) if there is none.
            - Without a unit it is C(/usr/bin/java) from CloudStack 4.12 on, whatever C(JAVA) in C(/etc/default) says, and before that what it says there.
          type: dict
          returned: success
          contains:
            path:
              description: The program.
              type: str
              returned: success
              sample: /usr/bin/java
            version:
              description: Its version. V(null) if neither its files nor it itself says it.
              type: str
              returned: success
              sample: 17.0.15
            release:
              description: Its release, such as 8, 11 or 17. V(null) as the version.
              type: int
              returned: success
              sample: 17
        directory:
          description: Where the StorPool driver belongs in this version of CloudStack. V(null) if the version is not known.
          type: str
          returned: success
          sample: /usr/share/cloudstack-agent/lib
        packaged:
          description: Whether the package brings the StorPool driver.
          type: bool
          returned: success
        driver_jars:
          description: The jars of the StorPool driver that are on the class path, or were left in a directory that was on it in another version.
          type: list
          elements: dict
          returned: success
          contains:
            path:
              description: The path.
              type: str
              returned: success
              sample: /usr/share/cloudstack-agent/lib/cloud-plugin-storage-volume-storpool-4.19.1.0.jar
            version:
              description: The version of CloudStack that it is of, by its manifest or name. V(null) if neither says it.
              type: str
              returned: success
              sample: 4.19.1.0
            sha256:
              description: Its checksum.
              type: str
              returned: success
            broken:
              description: Why it cannot be used, in words. V(null) if it is sound.
              type: str
              returned: success
            java:
              description: The release of Java that its classes need. V(null) if it has none.
              type: int
              returned: success
              sample: 11
            owner:
              description: The user that it belongs to.
              type: str
              returned: success
              sample: root
            group:
              description: The group that it belongs to.
              type: str
              returned: success
              sample: root
            mode:
              description: Its mode, in octal digits.
              type: str
              returned: success
              sample: "0644"
            role:
              description:
                - V(expected) is the one that the component should have. There is at most one.
                - V(duplicate) is another of the same version, V(left_over) one of another version or from before the package brought the driver, V(backup) one
                  that has been renamed by hand and is loaded all the same.
              type: str
              returned: success
              sample: expected
        kvm_jars:
          description: The jars of the KVM plugin that are on the class path of an agent. Empty for a management server.
          type: list
          elements: dict
          returned: success
          contains:
            path:
              description: The path.
              type: str
              returned: success
              sample: /usr/share/cloudstack-agent/lib/cloud-plugin-hypervisor-kvm-4.11.3.0.jar
            version:
              description: The version of CloudStack that it is of, by its manifest or name. V(null) if neither says it.
              type: str
              returned: success
              sample: 4.11.3.0
            sha256:
              description: Its checksum.
              type: str
              returned: success
            broken:
              description: Why it cannot be used, in words. V(null) if it is sound.
              type: str
              returned: success
            state:
              description:
                - V(patched), V(original), or V(unknown) if it is not as CloudStack builds it. V(null) from CloudStack 4.12 on, where no patch is needed.
              type: str
              returned: success
              sample: patched
        kvm_patch:
          description:
            - Whether the KVM plugin that an agent should load is V(patched), or the patch is V(needed), or V(not_needed) as from CloudStack 4.12 on.
            - V(unknown) if there is no such jar, or it is not as CloudStack builds it.
            - V(null) for a management server.
          type: str
          returned: success
          sample: not_needed
        kept:
          description: The jars that M(storpool.cloudstack.cloudstack_plugin_jar) has taken off the class path.
          type: list
          elements: dict
          returned: success
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
        left_over_jars:
          description: CloudStack's own jars of another version that are on the class path, such as an upgrade leaves that went wrong.
          type: list
          elements: dict
          returned: success
          contains:
            path:
              description: The path.
              type: str
              returned: success
              sample: /usr/share/cloudstack-agent/lib/cloud-api-4.18.1.0.jar
            version:
              description: The version that its name holds.
              type: str
              returned: success
              sample: 4.18.1.0
        unfinished:
          description:
            - The plugins, V(storpool) or V(kvm), whose jars M(storpool.cloudstack.cloudstack_plugin_jar) was changing when it was stopped.
          type: list
          elements: str
          returned: success
          sample: []
    management:
      description: CloudStack's management server. V(null) if it is not there.
      type: dict
      returned: success
      contains: *component
    storpool:
      description: The host as a StorPool client.
      type: dict
      returned: success
      contains:
        our_id:
          description: Its id (C(SP_OURID)). V(null) if StorPool's configuration files do not say it.
          type: int
          returned: success
          sample: 7
        cluster_id:
          description: The id of its cluster (C(SP_CLUSTER_ID)). V(null) as above.
          type: str
          returned: success
          sample: abcd.b
        api_http_host:
          description: The address of the API (C(SP_API_HTTP_HOST)). V(null) as above.
          type: str
          returned: success
          sample: 10.1.1.1
        api_http_port:
          description: The port of the API (C(SP_API_HTTP_PORT)). V(null) as above.
          type: int
          returned: success
          sample: 81
        token:
          description: Whether there is a token for the API (C(SP_AUTH_TOKEN)). The token itself is not returned.
          type: bool
          returned: success
        files:
          description: StorPool's configuration files that are there.
          type: list
          elements: str
          returned: success
          sample: [/etc/storpool.conf]
        programs:
          description: Where the programs are that CloudStack's agent runs. V(null) for one that is not there.
          type: dict
          returned: success
          contains:
            storpool:
              description: The program C(storpool).
              type: str
              returned: success
              sample: /usr/sbin/storpool
            storpool_confget:
              description: The program C(storpool_confget).
              type: str
              returned: success
              sample: /usr/sbin/storpool_confget
        devices:
          description: Whether there is a directory for the devices of volumes (C(/dev/storpool) or C(/dev/storpool-byid)).
          type: bool
          returned: success
    problems:
      description: What is wrong.
      type: list
      elements: dict
      returned: success
      contains:
        code:
          description:
            - A word for it, one of V(no_package), V(unsupported_version), V(no_driver), V(duplicate_driver), V(left_over_driver), V(backup_on_class_path),
              V(wrong_driver_version), V(wrong_owner_or_mode), V(broken_jar), V(kvm_patch_needed), V(kvm_jar_unknown), V(duplicate_kvm_jar), V(no_java),
              V(java_too_old), V(left_over_jar), V(unfinished_change), V(service_not_running), V(restart_needed), V(no_storpool_configuration),
              V(no_storpool_client), V(no_storpool_id) and V(no_storpool_cluster_id).
          type: str
          returned: success
          sample: left_over_driver
        component:
          description: V(agent) or V(management), or V(null) if there is neither.
          type: str
          returned: success
          sample: agent
        message:
          description: What it is and what to do, in a sentence.
          type: str
          returned: success
error:
  description: What kind of failure it was (C(kind)).
  returned: failure
  type: dict
  sample:
    kind: not_accessible
"""

import typing as t

from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.deployment import SPEC, StorPoolFiles, read
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine.paths import Root
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.run import run_info
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.config import read_files


def storpool_files(root: Root, host_name: t.Optional[str]) -> StorPoolFiles:
    """What StorPool's configuration files say to a host, and which they are; nothing is read from outside of its root."""
    found = read_files(root.reach, host_name)
    return StorPoolFiles(found, found.places, found.files)


def main() -> None:
    run_info(SPEC, lambda params: read(params, storpool_files))


if __name__ == "__main__":
    main()
