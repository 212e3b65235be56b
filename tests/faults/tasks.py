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
    "attachments": ("volume", "clients", "state"),
    "template": ("name", "replication", "place_all"),
    "placement_group": ("name", "disks"),
    "revert": ("name", "snapshot", "on_attached", "allow_unrelated"),
}
MOST_MORE = 3


def _mostly(good: list[Any], bad: list[Any]) -> st.SearchStrategy[Any]:
    """Values that make sense, and now and then one that does not, or not there."""
    return st.sampled_from(good * 8 + bad)


_volumes = _mostly(["a", "b", "c"], ["p", "not a name"])
_snapshots = _mostly(["p", "q", "r"], ["a", "not a name"])
_ids = st.integers(1003, 1012).map(lambda number: f"abc.b.{base36(number)}")
_by_id = _ids.map(lambda value: f"~{value}")
_volume = st.one_of(_volumes, _volumes, _volumes, _by_id)
_snapshot = st.one_of(_snapshots, _snapshots, _snapshots, _by_id)
_tags = st.dictionaries(st.sampled_from("xyz"), st.sampled_from(["1", "2", ""]), max_size=2)
_one_tag = st.dictionaries(st.sampled_from("xyz"), st.sampled_from("12"), min_size=1, max_size=2)
_sizes = _mostly(["1GiB", "2GiB", "3GiB"], ["1000"])
_templates = _mostly(["hybrid", "ssd"], ["gold", "no-such"])
_groups = _mostly(["hdd", "ssd"], ["fast", "no-such"])
_limits = _mostly(["unlimited", "100", "2000", "0"], ["many"])
_clients = st.lists(_mostly(["1", "2", "3"], ["9", "here"]), min_size=1, max_size=2)
_disks = st.lists(_mostly([101, 102, 103, 201], [999]), min_size=1, max_size=3, unique=True)
_durations = _mostly(["7d", "0", "1h"], ["soon"])
_moments = _mostly(["2040-01-31T12:00:00Z", "never"], ["2000-01-01T00:00:00Z", "then"])
_patience = _mostly([60, 1], [0])
_attachment = st.fixed_dictionaries(
    {},
    optional={
        "volume": _volume,
        "snapshot": _snapshot,
        "clients": _clients,
        "rights": st.sampled_from(["rw", "ro"]),
        "state": st.sampled_from(["present", "absent"]),
        "exclusive": st.booleans(),
    },
).filter(lambda item: ("volume" in item) != ("snapshot" in item))
_member = st.fixed_dictionaries(
    {"volume": _volume}, optional={"name": _snapshots, "match_tags": _one_tag, "tags": _tags}
)

#: Values by option; those that are not the same for every module by (module, option).
_VALUES: dict[Any, st.SearchStrategy[Any]] = {
    "name": _volumes,
    "previous_name": _volumes,
    "global_id": _ids,
    "match_tags": _one_tag,
    "tags": _tags,
    "size": _sizes,
    "template": _templates,
    "parent": _snapshot,
    "base_on": _volume,
    "volume": _volume,
    "snapshot": _snapshot,
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
    "safety_snapshot": _snapshots,
    "volumes": st.lists(_member, max_size=3),
    "clients": _clients,
    "attachments": st.lists(_attachment, max_size=3),
    "disks": _disks,
    "remove_disks": _disks,
    ("snapshot", "name"): _snapshots,
    ("snapshot", "previous_name"): _snapshots,
    ("template", "name"): _mostly(["gold", "ssd"], ["hybrid", "not a name"]),
    ("template", "previous_name"): st.sampled_from(["gold", "ssd", "silver"]),
    ("template", "parent"): _snapshots,
    ("placement_group", "name"): _mostly(["fast", "slow"], ["ssd", "not a name"]),
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
