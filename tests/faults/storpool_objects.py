# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for snapshots, templates, placement groups and what only reads; the place for those of further modules."""

from __future__ import annotations

from faults.scenario import GIB, Scenario, Steps

_VOLUMES: Steps = tuple(
    ("VolumeCreate", {"name": name, "size": GIB, "template": "hybrid", "tags": {"vm": "1"}}) for name in ("db", "log")
)
_SNAP: Steps = (*_VOLUMES, ("VolumeSnapshot/db", {"name": "snap", "tags": {"own": "1"}}))
_DELETE: Steps = (("SnapshotDelete/snap", {}),)
_REPLACE: Steps = (*_DELETE, ("VolumeSnapshot/db", {"name": "snap", "tags": {"by": "rival"}}))
_CHANGE: Steps = (("SnapshotUpdate/snap", {"tags": {"theirs": "1"}, "iops": 900}),)


def _snapshot(state: str, options: object, **more: object) -> Scenario:
    defaults = {"names": ("snap",), "subjects": ("snap", "db", "log"), "written": ("db",)}
    return Scenario("storpool_snapshot", state, options, **{**defaults, **more})  # type: ignore[arg-type]


_TAKE_RIVALS = {
    "rival: exists": (("VolumeSnapshot/db", {"name": "snap", "tags": {"by": "rival"}}),),
    "rival: gone": (("VolumeDelete/db", {}),),
    "rival: replaced": (
        ("VolumeDelete/db", {}),
        ("VolumeCreate", {"name": "db", "size": GIB, "template": "ssd", "tags": {"by": "rival"}}),
    ),
    "rival: changed": (("VolumeUpdate/db", {"size": 2 * GIB, "iops": 900, "tags": {"theirs": "1"}}),),
}
_PAIR = [{"volume": "db", "name": "snap-db"}, {"volume": "log", "name": "snap-log"}]
_UNNAMED_PAIR = [
    {"volume": "db", "match_tags": {"backup": "7", "of": "db"}},
    {"volume": "log", "match_tags": {"backup": "7", "of": "log"}},
]
_TAKEN: Steps = (
    *_VOLUMES,
    ("VolumesGroupSnapshot", {"volumes": [{"volume": item["volume"], "name": item["name"]} for item in _PAIR]}),
)

SNAPSHOTS = (
    _snapshot(
        "take",
        {"name": "snap", "volume": "db", "tags": {"own": "1"}, "delete_after": "7d", "iops": "100"},
        setup=_VOLUMES,
        rivals=_TAKE_RIVALS,
    ),
    _snapshot(
        "take unnamed",
        {"match_tags": {"backup": "7"}, "volume": "db", "template": "ssd", "bind": True},
        setup=_VOLUMES,
        names=("backup=7", "db@"),
        rivals={**_TAKE_RIVALS, "rival: exists": (("VolumeSnapshot/db", {"tags": {"backup": "7"}}),)},
    ),
    _snapshot(
        "take with copied tags",
        {"match_tags": {"backup": "7"}, "volume": "db", "copy_volume_tags": True},
        setup=_VOLUMES,
        names=("backup=7",),
        rivals={"rival: changed": _TAKE_RIVALS["rival: changed"]},
    ),
    _snapshot(
        "take group",
        {"volumes": _PAIR, "tags": {"own": "1"}, "iops": "100"},
        setup=_VOLUMES,
        written=("db", "log"),
        names=("snap-db", "snap-log"),
        subjects=("snap-db", "snap-log", "db", "log"),
        rivals={
            **_TAKE_RIVALS,
            "rival: exists": (("VolumeSnapshot/log", {"name": "snap-log", "tags": {"by": "rival"}}),),
        },
    ),
    _snapshot(
        "take unnamed group",
        {"volumes": _UNNAMED_PAIR, "tags": {"own": "1"}, "delete_after": "7d"},
        setup=_VOLUMES,
        written=("db", "log"),
        names=("backup=7", "~sim.b.", "log@"),
        rivals={
            **_TAKE_RIVALS,
            "rival: exists": (("VolumeSnapshot/log", {"tags": {"backup": "7", "of": "log", "by": "rival"}}),),
        },
    ),
    _snapshot(
        "change",
        {"name": "snap", "template": "ssd", "tags": {"more": "1"}, "purge_tags": True, "bind": True},
        setup=_SNAP,
        rivals={"rival: gone": _DELETE, "rival: replaced": _REPLACE, "rival: changed": _CHANGE},
    ),
    _snapshot(
        "rename",
        {"name": "snap-new", "previous_name": "snap"},
        setup=_SNAP,
        rivals={
            "rival: gone": _DELETE,
            "rival: replaced": _REPLACE,
            "rival: exists": (("VolumeSnapshot/db", {"name": "snap-new", "tags": {"by": "rival"}}),),
            "rival: changed": (("SnapshotUpdate/snap", {"rename": "snap-new"}),),
        },
    ),
    _snapshot(
        "delete",
        {"name": "snap", "state": "absent"},
        setup=_SNAP,
        rivals={
            "rival: gone": _DELETE,
            "rival: replaced": _REPLACE,
            "rival: exists": (("SnapshotUpdate/snap", {"rename": "kept"}),),
            "rival: changed": (("VolumesReassignWait", {"reassign": [{"snapshot": "snap", "ro": [2]}]}),),
        },
    ),
    _snapshot(
        "delete attached",
        {"name": "snap", "state": "absent", "on_attached": "detach"},
        setup=(*_SNAP, ("VolumesReassignWait", {"reassign": [{"snapshot": "snap", "ro": [1, 2]}]})),
        rivals={
            "rival: replaced": (
                ("VolumesReassignWait", {"reassign": [{"snapshot": "snap", "detach": "all"}]}),
                *_REPLACE,
            )
        },
    ),
    _snapshot(
        "delete group",
        {"volumes": _PAIR, "state": "absent"},
        setup=_TAKEN,
        names=("snap-db", "snap-log"),
        subjects=("snap-db", "snap-log"),
        rivals={
            "rival: gone": (("SnapshotDelete/snap-log", {}),),
            "rival: replaced": (
                ("SnapshotDelete/snap-log", {}),
                ("VolumeSnapshot/log", {"name": "snap-log", "tags": {"by": "rival"}}),
            ),
        },
    ),
)

_GOLD = {"name": "gold", "replication": 3, "placeAll": "ssd", "placeTail": "ssd", "placeHead": "ssd"}
_THEIR_GOLD = {**_GOLD, "replication": 2, "placeAll": "hdd"}
_MAKE_GOLD: Steps = (("VolumeTemplateCreate", _GOLD),)
_DROP_GOLD: Steps = (("VolumeTemplateDelete/gold", {}),)
_GOLD_RIVALS = {
    "rival: gone": _DROP_GOLD,
    "rival: replaced": (*_DROP_GOLD, ("VolumeTemplateCreate", _THEIR_GOLD)),
    "rival: changed": (("VolumeTemplateUpdate/gold", {"iops": 900, "placeTail": "hdd"}),),
}


def _template(state: str, options: dict[str, object], **more: object) -> Scenario:
    defaults = {"names": ("gold",), "subjects": ("template gold",), "setup": _MAKE_GOLD, "rivals": _GOLD_RIVALS}
    return Scenario("storpool_template", state, {"name": "gold", **options}, **{**defaults, **more})  # type: ignore[arg-type]


TEMPLATES = (
    _template(
        "create",
        {"replication": 3, "place_all": "ssd", "place_tail": "ssd", "place_head": "ssd", "for_cloudstack": True},
        setup=(),
        rivals={"rival: exists": (("VolumeTemplateCreate", _THEIR_GOLD),)},
    ),
    _template("change", {"iops": "2000", "place_tail": "hdd", "size": "10GiB", "propagate": True}),
    _template(
        "rename",
        {"name": "gold-new", "previous_name": "gold"},
        rivals={**_GOLD_RIVALS, "rival: exists": (("VolumeTemplateCreate", {**_THEIR_GOLD, "name": "gold-new"}),)},
    ),
    _template(
        "delete",
        {"state": "absent"},
        rivals={
            **_GOLD_RIVALS,
            "rival: exists": (("VolumeCreate", {"name": "user", "size": GIB, "template": "gold"}),),
        },
    ),
)

_FAST: Steps = (("PlacementGroupUpdate/fast", {"addDisks": [102, 202]}),)
_FAST_RIVALS = {
    "rival: gone": (("PlacementGroupDelete/fast", {}),),
    "rival: replaced": (("PlacementGroupDelete/fast", {}), ("PlacementGroupUpdate/fast", {"addDisks": [101]})),
    "rival: changed": (("PlacementGroupUpdate/fast", {"addDisks": [101, 302], "rmDisks": [102]}),),
}


def _group(state: str, options: dict[str, object], **more: object) -> Scenario:
    defaults = {"names": ("fast",), "subjects": ("placement group fast",), "setup": _FAST, "rivals": _FAST_RIVALS}
    return Scenario("storpool_placement_group", state, {"name": "fast", **options}, **{**defaults, **more})  # type: ignore[arg-type]


GROUPS = (
    _group(
        "create",
        {"disks": [102, 202]},
        setup=(),
        rivals={"rival: exists": (("PlacementGroupUpdate/fast", {"addDisks": [101, 102]}),)},
    ),
    _group("change", {"disks": [202, 302], "purge_disks": True}),
    _group("take disks out", {"remove_disks": [102]}),
    _group(
        "rename",
        {"name": "fast-new", "previous_name": "fast"},
        rivals={**_FAST_RIVALS, "rival: exists": (("PlacementGroupUpdate/fast-new", {"addDisks": [101]}),)},
    ),
    _group("delete", {"state": "absent"}),
)

_EVERYTHING = {"attachments": True, "chain": True, "space": True, "status": True}


def _info(module: str, options: dict[str, object]) -> Scenario:
    return Scenario(module, "read", options, names=(), setup=_SNAP)


INFO = (
    _info("storpool_volume_info", _EVERYTHING),
    _info("storpool_snapshot_info", {**_EVERYTHING, "volume": "db"}),
    _info("storpool_attach_info", {}),
    _info("storpool_template_info", {"status": True}),
    _info("storpool_cluster_info", {}),
)
