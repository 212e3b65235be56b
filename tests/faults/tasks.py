# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any task: every option of every module, with values that mostly make sense, and mostly of things that are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from simulators.storpool.names import base36

#: The options that most tasks of a module have, besides a few others of its own.
USUAL = {
    "volume": ("name", "size", "template"),
    "snapshot": ("name", "volume"),
    "attachments": ("volume", "clients"),
    "template": ("name", "replication", "place_all"),
    "placement_group": ("name", "disks"),
    "revert": ("name", "snapshot"),
}
MOST_MORE = 4

_names = st.sampled_from(["a", "b", "c", "d", "a", "b", "c", "d", "not a name"])
_ids = st.integers(1003, 1012).map(lambda number: f"abc.b.{base36(number)}")
_references = st.one_of(_names, _names, _ids.map(lambda value: f"~{value}"))
_tags = st.dictionaries(st.sampled_from("xyz"), st.sampled_from(["1", "2", ""]), max_size=2)
_one_tag = st.dictionaries(st.sampled_from("xyz"), st.sampled_from("12"), max_size=2)
_sizes = st.sampled_from(["1GiB", "2GiB", "1GiB", "2GiB", "1000"])
_templates = st.sampled_from(["hybrid", "ssd", "hybrid", "ssd", "gold", "no-such"])
_groups = st.sampled_from(["hdd", "ssd", "fast", "hdd", "ssd", "no-such"])
_limits = st.sampled_from(["unlimited", "100", "2000", "0", "many"])
_clients = st.lists(st.sampled_from(["1", "2", "3", "1", "2", "3", "9", "here"]), max_size=2)
_disks = st.lists(st.sampled_from([101, 102, 103, 201, 999]), max_size=3)
_durations = st.sampled_from(["7d", "0", "1h", "soon"])
_moments = st.sampled_from(["2040-01-31T12:00:00Z", "never", "2000-01-01T00:00:00Z", "then"])
_patience = st.sampled_from([60, 60, 1, 0])
_attachment = st.fixed_dictionaries(
    {},
    optional={
        "volume": _references,
        "snapshot": _references,
        "clients": _clients,
        "rights": st.sampled_from(["rw", "ro"]),
        "state": st.sampled_from(["present", "absent"]),
        "exclusive": st.booleans(),
    },
).filter(lambda item: ("volume" in item) != ("snapshot" in item))
_member = st.fixed_dictionaries({"volume": _names}, optional={"name": _names, "match_tags": _one_tag, "tags": _tags})

#: Values by option; those that are not the same for every module by (module, option).
_VALUES: dict[Any, st.SearchStrategy[Any]] = {
    "name": _names,
    "previous_name": _names,
    "global_id": _ids,
    "match_tags": _one_tag,
    "tags": _tags,
    "size": _sizes,
    "template": _templates,
    "parent": _references,
    "base_on": _references,
    "volume": _references,
    "snapshot": _references,
    "iops": _limits,
    "bw": _limits,
    "place_all": _groups,
    "place_tail": _groups,
    "place_head": _groups,
    "wait_timeout": _patience,
    "attach_timeout": _patience,
    "delete_after": _durations,
    "safety_delete_after": _durations,
    "delete_at": _moments,
    "safety_snapshot": _names,
    "volumes": st.lists(_member, max_size=3),
    "clients": _clients,
    "attachments": st.lists(_attachment, max_size=3),
    "disks": _disks,
    "remove_disks": _disks,
    ("template", "name"): st.sampled_from(["gold", "ssd", "hybrid", "not a name"]),
    ("template", "previous_name"): st.sampled_from(["gold", "ssd", "silver"]),
    ("template", "parent"): _names,
    ("placement_group", "name"): st.sampled_from(["fast", "slow", "ssd", "not a name"]),
    ("placement_group", "previous_name"): st.sampled_from(["fast", "slow"]),
}


def values(module: str, option: str, rule: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values for an option. KeyError for one that this file does not know: a new option needs values here."""
    if "choices" in rule:
        return st.sampled_from(rule["choices"])
    if rule["type"] == "bool":
        return st.booleans()
    return _VALUES[(module, option) if (module, option) in _VALUES else option]


@st.composite
def tasks(draw: st.DrawFn, module: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a task, as a user would write them; Ansible itself may refuse them."""
    rules = spec["argument_spec"]
    usual = [option for option in USUAL[module] if draw(st.integers(0, 9))]
    more = draw(st.lists(st.sampled_from(sorted(rules)), max_size=MOST_MORE, unique=True))
    return {option: draw(values(module, option, rules[option])) for option in dict.fromkeys([*usual, *more])}
