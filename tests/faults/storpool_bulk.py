# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for many objects in one task; over one connection, so that its calls have an order."""

from __future__ import annotations

from typing import Any

from faults.scenario import GIB, Scenario, Steps

_SSD = {"replication": 3, "place_all": "ssd", "place_tail": "ssd", "place_head": "ssd"}
_OURS = {"ansible-volume-set": "shop"}
_THEIRS = {"size": GIB, "template": "ssd", "tags": {"by": "rival"}}
_HAVE: Steps = (
    ("VolumeCreate", {"name": "db", "size": GIB, "template": "hybrid", "tags": _OURS}),
    ("VolumeCreate", {"name": "old", "size": GIB, "template": "hybrid", "tags": _OURS}),
    ("VolumeSnapshot/db", {"name": "snap", "tags": {"ansible-snapshot-set": "shop"}}),
    ("VolumesReassignWait", {"reassign": [{"volume": "db", "rw": [1]}]}),
)
_DROP_DB: Steps = (("VolumeDelete/db", {"onAttached": "detach"}),)


def _objects(state: str, options: dict[str, Any], **more: Any) -> Scenario:
    names = ("gold", "'db", "'log'", "'old'", "snap", "id=7")
    defaults = {"names": names, "subjects": ("db", "old", "log", "snap"), "written": ()}
    return Scenario("storpool_objects", state, {"concurrency": 1, **options}, **{**defaults, **more})


OBJECTS = (
    _objects(
        "create",
        {
            "set": "shop",
            "templates": [{"name": "gold", **_SSD}],
            "volumes": [
                {"name": "db{1..2}", "size": "1GiB", "template": "gold", "tags": {"own": "1"}},
                {"match_tags": {"id": "7"}, "size": "1GiB", "template": "gold"},
            ],
            "snapshots": [
                {"name": "snap", "volume": "db1", "iops": "100"},
                {"volumes": [{"volume": "db2", "name": "snap-db2"}]},
            ],
            "attachments": [{"volume": "db{1..2}", "clients": ["1"]}, {"snapshot": "snap", "clients": ["2"]}],
        },
        rivals={
            "rival: exists": (("VolumeCreate", {**_THEIRS, "name": "db2"}),),
            "rival: gone": (("VolumeDelete/db1", {"onAttached": "detach"}),),
            "rival: changed": (("VolumesReassignWait", {"reassign": [{"volume": "db1", "detach": "all"}]}),),
        },
    ),
    _objects(
        "change and prune",
        {
            "set": "shop",
            "prune": True,
            "volumes": [
                {"name": "db", "size": "2GiB", "iops": "700"},
                {"name": "log", "size": "1GiB", "template": "ssd"},
            ],
            "snapshots": [{"name": "snap", "tags": {"more": "1"}}],
            "attachments": [{"volume": "db", "clients": ["2"], "exclusive": True}],
        },
        setup=_HAVE,
        rivals={
            "rival: exists": (("VolumeCreate", {**_THEIRS, "name": "log"}),),
            "rival: gone": _DROP_DB,
            "rival: replaced": (("VolumeDelete/old", {}), ("VolumeCreate", {**_THEIRS, "name": "old"})),
            "rival: changed": (("VolumeUpdate/old", {"tags": {"ansible-volume-set": ""}}),),
        },
    ),
    _objects(
        "change and prune reverted",
        {
            "set": "shop",
            "prune": True,
            "volumes": [{"name": "db", "size": "2GiB"}],
            "snapshots": [{"name": "snap", "volume": "db", "tags": {"more": "1"}}],
            "attachments": [{"volume": "db", "clients": ["2"], "exclusive": True}],
        },
        setup=(
            *_HAVE[:-1],
            *(("VolumeRevert/db", {"toSnapshot": "snap"}), ("VolumeRevert/old", {"toSnapshot": "snap"})) * 2,
            ("VolumeUpdate/old", {"tags": _OURS}),
            ("VolumeUpdate/db", {"tags": _OURS}),
            _HAVE[-1],
        ),
        rivals={"rival: gone": _DROP_DB},
        switches={"created_from_id": "then"},
    ),
    _objects(
        "remove",
        {
            "volumes": [{"name": "db", "state": "absent", "on_attached": "detach"}, {"name": "old", "state": "absent"}],
            "snapshots": [{"name": "snap", "state": "absent"}],
        },
        setup=_HAVE,
        rivals={
            "rival: gone": _DROP_DB,
            "rival: replaced": (*_DROP_DB, ("VolumeCreate", {**_THEIRS, "name": "db"})),
            "rival: changed": (("VolumesReassignWait", {"reassign": [{"snapshot": "snap", "ro": [3]}]}),),
        },
    ),
)
