# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: cloudstack_hosts
short_description: The agents and management servers of a CloudStack cloud as an inventory
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Puts CloudStack's KVM hosts into the group C(cloudstack_agents), and its management servers into C(cloudstack_management). The playbooks of this collection
    run on these groups.
  - Its file has a name that ends with C(cloudstack_hosts.yml) or C(cloudstack_hosts.yaml).
  - Every host has C(ansible_host), its address in CloudStack, and C(cloudstack_name), its name there. An agent has C(cloudstack_host_id), C(cloudstack_zone),
    C(cloudstack_pod), C(cloudstack_cluster), C(cloudstack_state), C(cloudstack_resource_state), C(cloudstack_version), C(storpool_client_id), and from
    CloudStack 4.19 on C(cloudstack_pools) and C(cloudstack_pools_not_connected), the names of the StorPool pools of its zone by whether it has connected them.
  - A management server has C(cloudstack_management_id), C(cloudstack_management_state), C(cloudstack_version) and C(cloudstack_state). A machine that is both
    has the state and version of its agent. All variables are there on all hosts; what CloudStack does not tell is null.
  - Hosts have the names that CloudStack knows them by. If machines with different addresses share a name, each has its address behind it, and one
    that calls itself C(localhost) has its address for a name. The roles get the name in CloudStack then (C(driver_host), C(preflight_host)).
requirements:
  - cs >= 2.7.1
notes:
  - Ansible goes on without hosts if an inventory cannot be read. Set E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED) to V(true) to have it stop then.
  - Keep O(api_secret) in a vault, in the environment that Ansible is started with, or in the file of the C(cs) library. No failure and no cache holds it.
  - Every call is a POST request, and the account needs the rights of a root administrator.
  - What the connection options leave open is taken from the configuration file of the C(cs) library, as the modules do.
options:
  plugin:
    description:
      - Says that the file is for this plugin.
    type: str
    required: true
    choices: [storpool.cloudstack.cloudstack_hosts]
  api_url:
    description:
      - Address of the CloudStack API, for instance V(https://cloud.example.com:8443/client/api). It can be a template.
    type: str
    env:
      - name: CLOUDSTACK_ENDPOINT
  api_key:
    description:
      - API key of the account. It can be a template.
    type: str
    env:
      - name: CLOUDSTACK_KEY
  api_secret:
    description:
      - Secret key of the account. It can be a template.
    type: str
    env:
      - name: CLOUDSTACK_SECRET
  api_timeout:
    description:
      - How many seconds a call may take as a whole, at most V(86400).
    type: float
    default: 60
    env:
      - name: CLOUDSTACK_TIMEOUT
  api_retries:
    description:
      - How often to try again when the API cannot be reached, does not answer in time, or says that it takes no commands now.
    type: int
    default: 5
    env:
      - name: CLOUDSTACK_RETRY
  api_verify_ssl_cert:
    description:
      - A file with the certificates of the authorities to trust, or a directory of such files.
    type: path
    env:
      - name: CLOUDSTACK_VERIFY
  validate_certs:
    description:
      - Whether the certificate of the API must be valid.
      - Without the option it must, unless E(CLOUDSTACK_DANGEROUS_NO_TLS_VERIFY) is V(true).
    type: bool
  zone:
    description:
      - Only agents of the zone with this name or id. Management servers are of no zone, so all of them are there, as with the other conditions.
    type: str
  cluster:
    description:
      - Only agents of the cluster with this name or id.
    type: str
  state:
    description:
      - Only agents in one of these states, such as V(Up). Case plays no role.
    type: list
    elements: str
  resource_state:
    description:
      - Only agents in one of these resource states, such as V(Enabled) or V(Maintenance). Case plays no role.
    type: list
    elements: str
  pools:
    description:
      - Whether to read which StorPool pools each agent has connected. That is one call for each agent.
    type: bool
    default: true
  storpool_clients:
    description:
      - Which StorPool clients hosts are, each by the name or id of the host.
      - Hosts that are not named here are looked for in the sections of StorPool's configuration files on the machine that runs Ansible.
    type: dict
  management_servers:
    description:
      - The names of the management servers, in place of those that CloudStack lists. CloudStack lists them from 4.12 on.
      - Their addresses are those that their names lead to, or what C(host_vars) say.
    type: list
    elements: str
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
"""

EXAMPLES = r"""
# zone1.cloudstack_hosts.yml: all of a cloud, with the connection of the environment or of the cs library's file
plugin: storpool.cloudstack.cloudstack_hosts

---
# The agents of a zone that can be used, grouped by cluster and by what is wrong with them
plugin: storpool.cloudstack.cloudstack_hosts
api_url: https://cloud.example.com/client/api
api_key: "{{ lookup('ansible.builtin.env', 'CLOUD_KEY') }}"
api_secret: "{{ lookup('ansible.builtin.env', 'CLOUD_SECRET') }}"
zone: zone1
resource_state: [Enabled]
keyed_groups:
  - key: cloudstack_cluster
    prefix: cluster
groups:
  not_up: cloudstack_state != 'Up'
compose:
  ansible_user: "'root'"
cache: true
"""

import typing as t

from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.inventory import hosts
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.inventory.source import (
    Source,
    refuse_unknown,
    sentence,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Failure
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.hosts import known

#: Options that can be templates.
TEMPLATES = ("api_url", "api_key", "api_secret")
OPTIONS = (
    *(*TEMPLATES, "api_timeout", "api_retries", "api_verify_ssl_cert", "validate_certs"),
    *("zone", "cluster", "state", "resource_state", "pools", "storpool_clients", "management_servers"),
)


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Ansible's way to the inventory."""

    NAME = "storpool.cloudstack.cloudstack_hosts"

    def verify_file(self, path: str) -> bool:
        """As Ansible's."""
        return bool(super().verify_file(path)) and path.endswith(("cloudstack_hosts.yml", "cloudstack_hosts.yaml"))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        """As Ansible's."""
        super().parse(inventory, loader, path)
        config = self._read_config_data(path)
        self.load_cache_plugin()
        try:
            refuse_unknown(config, self._options)
            source = Source(self._params())
            clients = known(self.get_option("storpool_clients"), "storpool_clients", self.display.warning)
            entries, told = source.entries(self._found(source, path, cache), clients)
        except Failure as failure:
            raise AnsibleParserError(sentence(failure)) from None
        for words in told:
            self.display.warning(words)
        for group in (hosts.AGENTS, hosts.MANAGEMENT):
            inventory.add_group(group)
        for entry in entries:
            self._add(entry)

    def _params(self) -> t.Dict[str, t.Any]:
        params = {option: self.get_option(option) for option in OPTIONS}
        for option in TEMPLATES:
            try:
                params[option] = params[option] and self.templar.template(params[option])
            except AnsibleError as error:
                raise AnsibleParserError(
                    f"{option} is a template that cannot be filled in ({type(error).__name__})."
                ) from None
        return params

    def _found(self, source: Source, path: str, cache: bool) -> hosts.Found:
        """What there is, from the cache if that is wanted and has it."""
        keeps = self.get_option("cache")
        key = f"{self.get_cache_key(path)}_{source.name}"
        kept = self._cache.get(key) if keeps and cache else None
        if hosts.is_found(kept):
            return t.cast(hosts.Found, kept)
        found = source.read()
        if keeps:
            self._cache[key] = found
        return found

    def _add(self, entry: hosts.Entry) -> None:
        """Values are CloudStack's words, and no template is filled in that is in one of them."""
        variables = dict(entry.variables)
        if entry.address is not None:
            variables["ansible_host"] = entry.address
        variables = {name: _no_template(value) for name, value in variables.items()}
        for number, group in enumerate(entry.groups):
            self.inventory.add_host(entry.name, group=group)
            for name, value in variables.items() if not number else ():
                self.inventory.set_variable(entry.name, name, value)
        strict = self.get_option("strict")
        variables = self.inventory.get_host(entry.name).get_vars()
        self._set_composite_vars(self.get_option("compose"), variables, entry.name, strict=strict)
        variables = self.inventory.get_host(entry.name).get_vars()
        self._add_host_to_composed_groups(self.get_option("groups"), variables, entry.name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, entry.name, strict=strict)


def _no_template(value: t.Any) -> t.Any:
    """The value, marked for older releases of Ansible as none to look for templates in, if there can be one."""
    if isinstance(value, list):
        return [_no_template(each) for each in value]
    return wrap_var(value) if isinstance(value, str) and "{" in value else value
