# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

DOCUMENTATION = r"""
name: preflight_problems
short_description: What stands in the way of StorPool on a CloudStack host
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Puts what was asked about a host into one list of problems, each with its cause and the next step. The role P(storpool.cloudstack.preflight#role) uses it.
positional: _input
options:
  _input:
    description: RV(storpool.cloudstack.cloudstack_deployment_info#module:deployment) of the host.
    type: dict
    required: true
  components:
    description: What is expected on the host.
    type: list
    elements: str
    choices: [agent, management]
    required: true
  cluster:
    description: What M(storpool.cloudstack.storpool_cluster_info) answered on the host.
    type: dict
    default: {}
  template:
    description: What M(storpool.cloudstack.storpool_template) answered on the host about the template for CloudStack.
    type: dict
    default: {}
  hosts:
    description: What M(storpool.cloudstack.cloudstack_host_info) answered. Without it, CloudStack was not asked.
    type: dict
    default: {}
  host:
    description: The name of the host in CloudStack.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: What is wrong on this host
  ansible.builtin.debug:
    msg: "{{ looked.deployment | storpool.cloudstack.preflight_problems(components=['agent'], cluster=cluster, hosts=hosts, host=inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: The problems, with C(code), C(component) (V(agent), V(management), V(storpool) or V(cloudstack)) and C(message).
  type: list
  elements: dict
  sample:
    - code: host_unknown
      component: cloudstack
      message: CloudStack knows no KVM host with the name agent1. Add it to its cluster, or say its name there (preflight_host). It has kvm1, kvm2.
"""

Problem = dict[str, str]

#: How many hosts a problem names that there are.
MOST_NAMED = 10
PACKAGES = {"agent": "cloudstack-agent", "management": "cloudstack-management"}


def preflight_problems(
    deployment: Mapping[str, Any],
    components: Sequence[str],
    cluster: Mapping[str, Any] | None = None,
    template: Mapping[str, Any] | None = None,
    hosts: Mapping[str, Any] | None = None,
    host: str = "",
) -> list[Problem]:
    """The problems of one host; ``cluster``, ``template`` and ``hosts`` are results of modules, which have ``msg`` if they failed."""
    missing = [
        _problem(
            "no_package",
            component,
            f"The package {PACKAGES[component]} is not installed. Install it first, or take the host out of that group.",
        )
        for component in components
        if not deployment.get(component)
    ]
    concerned = {*components, "storpool"}
    found = [  # what is not there at all is said below, of what is expected alone
        dict(problem)
        for problem in deployment.get("problems", [])
        if problem["component"] in concerned
        and (problem["code"] != "no_package" or deployment.get(problem["component"]))
    ]
    found += missing
    if _failed(cluster):
        found.append(_problem("storpool_unreachable", "storpool", _said(cluster)))
    elif _failed(template):
        found.append(_problem("template_unfit", "storpool", _said(template)))
    if "agent" in components:
        found += _in_cloudstack(hosts or {}, host)
    return found


def _in_cloudstack(hosts: Mapping[str, Any], name: str) -> list[Problem]:
    if _failed(hosts):
        return [_problem("cloudstack_unreachable", "cloudstack", _said(hosts))]
    if "hosts" not in hosts:
        return []
    row = next((row for row in hosts["hosts"] if row["name"] == name), None)
    if row is None:
        text = f"CloudStack knows no KVM host with the name {name}. Add it to its cluster, or say its name there (preflight_host). It has {_names(hosts)}."
        return [_problem("host_unknown", "cloudstack", text)]
    if row["state"] != "Up":
        text = f"CloudStack says that the host {name} is {row['state']}. Look at the journal of cloudstack-agent on it."
        return [_problem("host_not_up", "cloudstack", text)]
    missing = (row.get("pools") or {}).get("not_connected") or []
    text = "The host {0} has not connected the StorPool pool {1}. Look at /var/log/cloudstack/agent/storpool-agent.log on it."
    return [_problem("pool_not_connected", "cloudstack", text.format(name, pool)) for pool in missing]


def _names(hosts: Mapping[str, Any]) -> str:
    """The first names of hosts that there are; the rest is counted."""
    names = sorted(str(row["name"]) for row in hosts["hosts"])
    more = [f"{len(names) - MOST_NAMED} more"] if len(names) > MOST_NAMED else []
    return ", ".join(names[:MOST_NAMED] + more) or "none"


def _failed(answer: Mapping[str, Any] | None) -> bool:
    return bool(answer) and "msg" in answer and not answer.get("skipped")


def _said(answer: Mapping[str, Any] | None) -> str:
    return str(answer["msg"]) if answer else ""


def _problem(code: str, component: str, message: str) -> Problem:
    return {"code": code, "component": component, "message": message}


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Any]:
        return {"preflight_problems": preflight_problems}
