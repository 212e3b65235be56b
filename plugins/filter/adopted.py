# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: adopted
short_description: What there is in a StorPool cluster, as options of modules that would leave it as it is
version_added: 0.1.0
author:
  - StorPool CloudStack collection contributors (@storpool)
description:
  - Turns what the info modules return into items for M(storpool.cloudstack.storpool_placement_group), M(storpool.cloudstack.storpool_objects) and
    M(storpool.cloudstack.cloudstack_disk_offering). A task with these items changes nothing, as long as nobody else does.
  - What belongs to another system is left out, and so are snapshots that StorPool made for itself or will delete.
  - Of disk offerings with the same name, all are left out, since a task could not say which one it means.
  - A volume with a StorPool template says of its policy only what is another than the template's.
positional: _input
options:
  _input:
    description: >-
      A mapping with any of C(placement_groups), C(templates), C(volumes), C(snapshots) and C(disk_offerings), as
      P(storpool.cloudstack.storpool_cluster_info#module), P(storpool.cloudstack.storpool_template_info#module),
      P(storpool.cloudstack.storpool_volume_info#module), P(storpool.cloudstack.storpool_snapshot_info#module) and
      P(storpool.cloudstack.cloudstack_disk_offering_info#module) return them.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Read the volumes
  storpool.cloudstack.storpool_volume_info:
  register: found

- name: Say which are nobody else's
  ansible.builtin.debug:
    msg: "{{ ({'volumes': found.volumes} | storpool.cloudstack.adopted).volumes }}"
"""

RETURN = r"""
_value:
  description: Lists of items under the same names, and under C(left_out) how many volumes and snapshots belong to each other system.
  type: dict
  sample:
    volumes:
      - name: db-1
        size: 10GiB
        template: hybrid
    left_out:
      cloudstack: 12
"""

Thing = Mapping[str, Any]
Item = dict[str, Any]

POLICY = ("replication", "place_all", "place_tail", "place_head", "reuse_server", "iops", "bw", "limit_type")
#: What an object has that nothing says another thing of.
PLAIN = {"reuse_server": False, "iops": None, "bw": None, "limit_type": "total"}
UNITS = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
#: What tags may hold that tasks are taken with.
TAG = re.compile(r"[A-Za-z0-9_\-.:]{1,199}")
VALUE = re.compile(r"[A-Za-z0-9_\-.:~]{1,199}")


def adopted(found: Mapping[str, Any]) -> dict[str, Any]:
    """Items for what there is, by kind, and ``left_out``."""
    templates = {each["name"]: each for each in found.get("templates", ())}
    volumes, snapshots = found.get("volumes", ()), found.get("snapshots", ())
    items: dict[str, Any] = {}
    if "placement_groups" in found:
        items["placement_groups"] = [
            {"name": each["name"], "disks": list(each["disks"])} for each in found["placement_groups"]
        ]
    if "templates" in found:
        items["templates"] = [_template(each) for each in templates.values()]
    if "volumes" in found:
        items["volumes"] = [_volume(each, templates) for each in volumes if not each["owner"]]
    if "snapshots" in found:
        names = {each["global_id"]: _reference(each) for each in volumes}
        items["snapshots"] = [_snapshot(each, templates, names) for each in snapshots if _is_kept(each)]
    if "disk_offerings" in found:
        how_often = _count(each["name"] for each in found["disk_offerings"])
        items["disk_offerings"] = [_offering(each) for each in found["disk_offerings"] if how_often[each["name"]] == 1]
    items["left_out"] = _count(each["owner"]["system"] for each in (*volumes, *snapshots) if each["owner"])
    return items


def _template(each: Thing) -> Item:
    return {
        "name": each["name"],
        **_given({"size": _size(each["size"]), "parent": each["parent"]}),
        **_policy(each, PLAIN),
    }


def _volume(each: Thing, templates: Mapping[str, Thing]) -> Item:
    return {**_identity(each), "size": _size(each["size"]), **_common(each, templates)}


def _snapshot(each: Thing, templates: Mapping[str, Thing], volumes: Mapping[str, str]) -> Item:
    more = {"volume": volumes.get(each["created_from"]), "bind": True if each["bound"] else None}
    return {**_identity(each), **_given(more), **_common(each, templates)}


def _offering(each: Thing) -> Item:
    same = ("name", "display_text", "max_iops", "min_iops", "storpool_template", "qos_class")
    size = {"customized": True} if each["customized"] else {"disk_size": _size(each["disk_size"])}
    lists = {key: list(each[key]) for key in ("tags", "zones") if each[key]}
    return {**_given({key: each[key] for key in same}), **_given(size), **lists}


def _common(each: Thing, templates: Mapping[str, Thing]) -> Item:
    tags = {key: value for key, value in each["tags"].items() if TAG.fullmatch(key) and VALUE.fullmatch(value)}
    template = templates.get(each["template"])
    return {
        **_given({"template": template and template["name"]}),
        **_policy(each, template or PLAIN),
        **({"tags": tags} if tags else {}),
    }


def _policy(each: Thing, base: Thing) -> Item:
    """What is said of the policy; a template may leave open how many copies there are, and then that is no difference."""
    different = {key: each[key] for key in POLICY if each[key] != base.get(key)}
    if different.get("replication") not in (1, 2, 3):
        different.pop("replication", None)
    for limit in ("iops", "bw"):
        if limit in different:
            different[limit] = "unlimited" if different[limit] is None else different[limit]
    return _given(different)


def _is_kept(snapshot: Thing) -> bool:
    """Whether a snapshot is one that people keep."""
    return not (snapshot["owner"] or snapshot["transient"] or snapshot["delete_at"])


def _identity(each: Thing) -> Item:
    """How a task finds it: names that StorPool makes up change."""
    nameless = each["name"] is None or each.get("auto_name")
    return {"global_id": each["global_id"]} if nameless else {"name": each["name"]}


def _reference(each: Thing) -> str:
    return each["name"] or "~" + each["global_id"]


def _size(size: int | None) -> str | None:
    return None if size is None else next(f"{size // unit}{word}" for unit, word in UNITS if size % unit == 0)


def _given(options: Item) -> Item:
    return {key: value for key, value in options.items() if value is not None}


def _count(words: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for word in words:
        counts[word] = counts.get(word, 0) + 1
    return dict(sorted(counts.items()))


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Any]:
        return {"adopted": adopted}
