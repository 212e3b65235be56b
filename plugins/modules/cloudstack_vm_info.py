# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: cloudstack_vm_info
short_description: Get CloudStack's virtual machines
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Returns the VMs of all accounts and projects that are not expunged and meet all the given conditions, or all of them.
  - They are read page by page, and never one by one, without what CloudStack has to compute for each.
options:
  name:
    description:
      - Only VMs whose names or display names are these, or match them as shell patterns (V(*), V(?), V([abc])). Names are compared whole, with case.
    type: list
    elements: str
  id:
    description:
      - Only VMs with these ids. With a single one, CloudStack is asked for nothing else.
    type: list
    elements: str
  zone:
    description:
      - Only VMs of the zone with this name or id.
    type: str
  account:
    description:
      - Only VMs of the account with this name. What belongs to a project belongs to no account.
    type: str
  domain:
    description:
      - Only VMs of the domain with this name or id. Several domains may have one name.
    type: str
  project:
    description:
      - Only VMs of the project with this name or id.
    type: str
  state:
    description:
      - Only VMs in one of these states, in CloudStack's words, such as V(Running), V(Stopped), V(Migrating) or V(Error). Case plays no role.
    type: list
    elements: str
  tags:
    description:
      - Only VMs that have all these tags, each with this value.
    type: dict
  host:
    description:
      - Only VMs that run on the host with this name or id.
    type: str
  template:
    description:
      - Only VMs made of the template with this name or id.
    type: str
  service_offering:
    description:
      - Only VMs of the service offering with this name or id.
    type: str
extends_documentation_fragment:
  - storpool.cloudstack._cloudstack
  - storpool.cloudstack._attributes.info
  - storpool.cloudstack._attributes.cloudstack
  - storpool.cloudstack._attributes.direct
seealso:
  - module: storpool.cloudstack.cloudstack_volume_info
  - module: storpool.cloudstack.cloudstack_host_info
"""

EXAMPLES = r"""
- name: All VMs
  storpool.cloudstack.cloudstack_vm_info:

- name: What runs on a host that is to be taken down
  storpool.cloudstack.cloudstack_vm_info:
    host: host1
    state:
      - Running
  register: running

- name: The VMs of a service, by their tag
  storpool.cloudstack.cloudstack_vm_info:
    tags:
      service: billing
"""

RETURN = r"""
vms:
  description: The VMs, by zone and name.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 27b1901a-f021-4ca5-8002-3235f346f33b
      name: web-1
      display_name: web-1
      instance_name: i-2-23-VM
      state: Running
      host:
        id: 8d3af3ed-ab47-4182-9077-cf87a89a5a98
        name: host1
      zone: zone1
      zone_id: 83ae93d2-4e9b-4766-8374-f5638f35bc66
      account: admin
      domain: ROOT
      project: null
      template_id: f2a3b6ab-eadf-11f1-a90b-b5218740aca0
      service_offering: small
      created: "2026-01-31T12:00:00+0000"
      tags:
        vc-policy: gold
  contains:
    id:
      description: Id of the VM.
      type: str
      returned: success
    name:
      description: Name of the VM.
      type: str
      returned: success
    display_name:
      description: The name that is shown to people.
      type: str
      returned: success
    instance_name:
      description: What libvirt calls it on its host.
      type: str
      returned: success
    state:
      description: State of the VM in CloudStack's words.
      type: str
      returned: success
    host:
      description: The host that it runs on, V(null) if it does not run.
      type: dict
      returned: success
      contains:
        id:
          description: Id of the host.
          type: str
          returned: success
        name:
          description: Name of the host.
          type: str
          returned: success
    zone:
      description: Name of its zone.
      type: str
      returned: success
    zone_id:
      description: Id of its zone.
      type: str
      returned: success
    account:
      description: The account that it belongs to, V(null) if it belongs to a project.
      type: str
      returned: success
    domain:
      description: Name of the domain.
      type: str
      returned: success
    project:
      description: The project that it belongs to, V(null) if it belongs to an account.
      type: str
      returned: success
    template_id:
      description: Id of the template that it was made of.
      type: str
      returned: success
    service_offering:
      description: Name of its service offering.
      type: str
      returned: success
    created:
      description: When it was created.
      type: str
      returned: success
    tags:
      description: Tags that it has in CloudStack.
      type: dict
      returned: success
error:
  description:
    - What kind of failure it was (C(kind)), and where the API gave an error, its C(name) (the number that CloudStack gives it), C(descr), C(transient)
      and HTTP C(status).
  returned: failure
  type: dict
  sample:
    kind: unauthorized
call:
  description: The API call that failed.
  returned: failure, if an API call failed
  type: str
  sample: POST listVirtualMachines
"""

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.info.vms import SPEC_VMS, vms
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.run import run_info


def main() -> None:
    run_info(SPEC_VMS, vms)


if __name__ == "__main__":
    main()
