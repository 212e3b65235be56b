# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for other clusters and locations, and for series of snapshots and backups. There is a cluster far.c at the location far-away."""

from __future__ import annotations

from faults.scenario import GIB, Ids, Scenario, Steps

_FAR = "RemoteCommand/~far.c"
_VOLUMES: Steps = tuple(("VolumeCreate", {"name": name, "size": GIB, "template": "hybrid"}) for name in ("db", "log"))
_SNAP: Steps = (*_VOLUMES, ("VolumeSnapshot/db", {"name": "snap"}))
_EXPORTED: Steps = (*_SNAP, ("SnapshotExport", {"snapshot": "snap", "location": "far-away"}))
_THEIRS: Steps = (
    (f"{_FAR}/VolumeCreate", {"name": "v", "size": GIB, "replication": 3}),
    (f"{_FAR}/VolumeSnapshot/v", {"name": "theirs", "tags": {"of": "theirs"}}),
    (f"{_FAR}/SnapshotExport", {"snapshot": "theirs", "location": "location-sim"}),
)
_CHANGE: Steps = (("VolumeUpdate/db", {"iops": 900, "tags": {"theirs": "1"}}),)
#: What is backed up or brought here is complete at once: the matrix has no time to wait.
_AT_ONCE = {"recovery_seconds": 0}


def _backups(*names: str) -> Steps:
    return tuple(
        ("VolumesGroupBackup", {"location": "far-away", "volumes": ["db", "log"], "tags": _marks("backup", name)})
        for name in names
    )


def _marks(kind: str, name: str) -> dict[str, str]:
    return {f"ansible-{kind}-series": "s", f"ansible-{kind}-name": name}


def _points(ids: Ids) -> Steps:
    """Two earlier points of a rotation of db and log."""
    return tuple(
        (
            f"VolumeSnapshot/{of}",
            {"name": f"{of}.s.{name}", "tags": {**_marks("rotation", name), "ansible-rotation-of": ids[of]}},
        )
        for name in ("1", "2")
        for of in ("db", "log")
    )


def _far(module: str, state: str, options: object, **more: object) -> Scenario:
    defaults = {"names": ("db", "log"), "subjects": ("db", "log"), "far": True, "switches": _AT_ONCE, "setup": _VOLUMES}
    return Scenario(module, state, options, **{**defaults, **more})  # type: ignore[arg-type]


_BACKUP = {"series": "s", "name": "3", "volumes": ["db", "log"], "location": "far-away", "delete_after": "1h"}
_ROTATION = {"series": "s", "name": "3", "volumes": ["db", "log"]}
_GONE: Steps = (("VolumeDelete/log", {}),)

LOCATIONS = (
    _far("storpool_backup", "back up", _BACKUP, rivals={"rival: gone": _GONE, "rival: changed": _CHANGE}),
    _far(
        "storpool_backup",
        "back up one and keep two",
        {**_BACKUP, "keep": {"last": 2}},
        setup=(*_VOLUMES, *_backups("1", "2")),
        subjects=("db", "log"),
        rivals={"rival: gone": _GONE, "rival: exists": _backups("3")},
    ),
    _far(
        "storpool_backup",
        "remove",
        {"series": "s", "name": "1", "location": "far-away", "state": "absent", "delete_after": "1h"},
        setup=(*_VOLUMES, *_backups("1", "2")),
        names=("db@", "log@", "'1'"),
    ),
    _far(
        "storpool_snapshot_rotation",
        "rotate",
        {**_ROTATION, "keep": {"last": 2}},
        then=_points,
        names=("db", "log"),
        subjects=("db", "log", "db.s.1", "log.s.1"),
        rivals={
            "rival: gone": (("SnapshotDelete/db.s.1", {}),),
            "rival: replaced": (("SnapshotDelete/db.s.1", {}), ("VolumeSnapshot/db", {"name": "db.s.1"})),
            "rival: exists": (("VolumeSnapshot/db", {"name": "db.s.3"}),),
            "rival: changed": (("VolumesReassignWait", {"reassign": [{"snapshot": "log.s.1", "ro": [2]}]}),),
        },
    ),
    _far(
        "storpool_snapshot_rotation",
        "rotate a group",
        {**_ROTATION, "group": True, "keep": {"last": 1}, "keep_at_least": 2},
        then=_points,
    ),
    _far(
        "storpool_snapshot_export",
        "export",
        {"snapshot": "snap", "location": "far-away"},
        setup=_SNAP,
        names=("snap",),
        subjects=("snap",),
        rivals={"rival: gone": (("SnapshotDelete/snap", {}),), "rival: exists": _EXPORTED[-1:]},
    ),
    _far(
        "storpool_snapshot_export",
        "take back",
        {"snapshot": "snap", "state": "absent"},
        setup=_EXPORTED,
        names=("snap",),
        subjects=("snap",),
        rivals={"rival: gone": (("SnapshotUnexport", {"snapshot": "snap", "all": True}),)},
    ),
    _far(
        "storpool_remote_snapshot",
        "bring here",
        lambda ids: {
            "global_id": ids["far theirs"],
            "location": "far-away",
            "template": "ssd",
            "tags": {"own": "1"},
            "wait": "recovered",
        },
        setup=_THEIRS,
        names=("far-away",),
        subjects=("far theirs",),
        rivals={"rival: gone": ((f"{_FAR}/SnapshotUnexport", {"snapshot": "theirs", "all": True}),)},
    ),
    _far(
        "storpool_remote_snapshot",
        "delete here",
        lambda ids: {"global_id": ids["copy"], "location": "far-away", "state": "absent"},
        setup=_THEIRS,
        then=lambda ids: (
            ("SnapshotFromRemote", {"remoteLocation": "far-away", "remoteId": ids["far theirs"], "name": "copy"}),
        ),
        names=("copy",),
        subjects=("copy", "far theirs"),
        rivals={"rival: gone": (("SnapshotDelete/copy", {}),)},
    ),
    _far(
        "storpool_volume",
        "create in another cluster",
        {"name": "new", "size": "1GiB", "replication": 3, "sp_cluster": "far-cluster"},
        names=("new",),
        subjects=("far new",),
        rivals={"rival: exists": ((f"{_FAR}/VolumeCreate", {"name": "new", "size": GIB, "replication": 3}),)},
    ),
    _far(
        "storpool_volume",
        "change wherever it is",
        {"name": "v", "size": "2GiB", "sp_multicluster": True},
        setup=_THEIRS,
        names=("'v'",),
        subjects=("far v",),
        rivals={"rival: gone": ((f"{_FAR}/VolumeDelete/v", {}),)},
    ),
    _far(
        "storpool_location_info",
        "read",
        {"gather": ["locations", "clusters", "bridges", "exports", "remote_snapshots"]},
        setup=(*_EXPORTED, *_THEIRS),
    ),
)
