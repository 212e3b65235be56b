# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for volumes, attachments and reverts."""

from __future__ import annotations

from faults.scenario import GIB, Scenario, Steps

_DB = {"name": "db", "size": GIB, "template": "hybrid", "tags": {"own": "1"}, "iops": 500}
_MAKE: Steps = (("VolumeCreate", _DB),)
_CLOUDSTACKS = {
    "cs": "volume",
    "uuid": "6c0e2f3a-1111-4222-8333-444455556666",
    "cvm": "0c9e2f3a-1111-4222-8333-444455556666",
}
_SNAP: Steps = (*_MAKE, ("VolumeSnapshot/db", {"name": "snap"}))
_NEW = {"name": "db", "size": "1GiB", "template": "hybrid", "tags": {"own": "1"}, "iops": "500"}
_THEIRS = {"size": GIB, "template": "ssd", "tags": {"by": "rival"}}
_DELETE: Steps = (("VolumeDelete/db", {"onAttached": "detach"}),)
_REPLACE: Steps = (*_DELETE, ("VolumeCreate", {**_THEIRS, "name": "db"}))
_ON_1: Steps = (("VolumesReassignWait", {"reassign": [{"volume": "db", "rw": [1]}]}),)
#: Twice, so that an id in between is no longer known.
_REVERTED: Steps = (*_SNAP, *(("VolumeRevert/db", {"toSnapshot": "snap"}),) * 2)
_CHANGE: Steps = (("VolumeUpdate/db", {"iops": 900, "tags": {"theirs": "1"}}),)


def _volume(state: str, options: object, **more: object) -> Scenario:
    defaults = {"names": ("db",), "subjects": ("db",)}
    return Scenario("storpool_volume", state, options, **{**defaults, **more})  # type: ignore[arg-type]


VOLUMES = (
    _volume(
        "create",
        {**_NEW, "template": "gold"},
        rivals={
            "rival: exists": (("VolumeCreate", {**_THEIRS, "name": "db"}),),
            "rival: replaced": (("VolumeSnapshot/bystander", {"name": "db"}),),  # the name is taken by a snapshot
            "rival: gone": (("VolumeTemplateDelete/gold", {}),),
        },
        setup=(("VolumeTemplateCreate", {"name": "gold", "replication": 3, "placeAll": "hdd"}),),
        subjects=("db", "template gold"),
    ),
    _volume("create unnamed", {"match_tags": {"id": "7"}, "size": "1GiB", "template": "hybrid"}, names=("id=7",)),
    _volume(
        "create from snapshot",
        {"name": "copy", "parent": "snap"},
        names=("copy",),
        setup=_SNAP,
        written=("db",),
        subjects=("snap",),
        rivals={"rival: gone": (("SnapshotDelete/snap", {}),)},
    ),
    _volume(
        "create from volume",
        {"name": "copy", "base_on": "db"},
        names=("copy",),
        setup=_MAKE,
        written=("db",),
        rivals={"rival: gone": _DELETE, "rival: exists": (("VolumeCreate", {**_THEIRS, "name": "copy"}),)},
    ),
    _volume(
        "change",
        {"name": "db", "size": "2GiB", "bw": "1000", "tags": {"more": "1"}, "wait_timeout": 5},
        setup=(*_MAKE, *_ON_1),
        written=("db",),
        rivals={"rival: gone": _DELETE, "rival: replaced": _REPLACE, "rival: changed": _CHANGE},
    ),
    _volume(
        "change what is CloudStack's",
        {"name": "db", "size": "2GiB", "tags": {"more": "1"}, "allow_foreign": True},
        setup=(("VolumeCreate", {**_DB, "tags": _CLOUDSTACKS}),),
        rivals={"rival: gone": _DELETE, "rival: replaced": _REPLACE, "rival: changed": _CHANGE},
    ),
    _volume(
        "tag what is CloudStack's",
        {"name": "db", "tags": {"more": "1"}},
        setup=(("VolumeCreate", {**_DB, "tags": _CLOUDSTACKS}),),
        rivals={"rival: gone": _DELETE, "rival: replaced": _REPLACE, "rival: changed": _CHANGE},
    ),
    _volume(
        "move",
        {"name": "db", "template": "ssd", "iops": "500"},
        setup=_MAKE,
        rivals={
            "rival: gone": _DELETE,
            "rival: changed": (("VolumeUpdate/db", {"template": "ssd"}),),
            "rival: replaced": (*_DELETE, ("VolumeCreate", {**_THEIRS, "name": "db", "template": "hybrid"})),
        },
    ),
    _volume(
        "shrink",
        {"name": "db", "size": "1GiB", "allow_shrink": True},
        setup=(("VolumeCreate", {**_DB, "size": 2 * GIB}),),
        rivals={
            "rival: gone": _DELETE,
            "rival: replaced": (*_DELETE, ("VolumeCreate", {**_THEIRS, "name": "db", "size": 3 * GIB})),
            "rival: changed": (("VolumeUpdate/db", {"size": 4 * GIB}),),
        },
    ),
    _volume(
        "rename",
        {"name": "db-new", "previous_name": "db", "size": "2GiB"},
        setup=_MAKE,
        written=("db",),
        rivals={
            "rival: exists": (("VolumeCreate", {**_THEIRS, "name": "db-new"}),),
            "rival: gone": _DELETE,
            "rival: replaced": _REPLACE,
            "rival: changed": (("VolumeUpdate/db", {"rename": "db-new"}),),
        },
    ),
    _volume(
        "by global id",
        lambda ids: {"global_id": ids["db"], "tags": {"by-id": "1"}},
        names=("db", "~sim.b."),
        setup=_MAKE,
        rivals={"rival: gone": _DELETE, "rival: replaced": _REPLACE, "rival: changed": _CHANGE},
    ),
    _volume(
        "change reverted",
        lambda ids: {"global_id": ids["db"], "size": "2GiB", "tags": {"by-id": "1"}},
        names=("db", "~sim.b."),
        setup=(*_REVERTED, *_ON_1),
        rivals={
            "rival: gone": _DELETE,
            "rival: replaced": _REPLACE,
            "rival: changed": _CHANGE,
        },
    ),
    _volume(
        "by present id",
        lambda ids: {"global_id": ids["db at present"], "tags": {"by-id": "1"}},
        names=("db", "~sim.b."),
        setup=_REVERTED,
        rivals={"rival: gone": _DELETE, "rival: replaced": _REPLACE, "rival: changed": _CHANGE},
    ),
    _volume(
        "delete reverted",
        {"name": "db", "state": "absent"},
        setup=_REVERTED,
        written=("db",),
        rivals={"rival: gone": _DELETE, "rival: replaced": _REPLACE, "rival: changed": _REVERTED[-1:]},
    ),
    _volume(
        "delete",
        {"name": "db", "state": "absent"},
        setup=_MAKE,
        written=("db",),
        rivals={
            "rival: gone": _DELETE,
            "rival: replaced": _REPLACE,
            "rival: changed": _ON_1,
            "rival: exists": (("VolumeUpdate/db", {"rename": "kept"}),),
        },
        subjects=("db", "kept"),
    ),
    _volume(
        "delete attached",
        {"name": "db", "state": "absent", "on_attached": "detach"},
        setup=(*_MAKE, *_ON_1),
        rivals={"rival: gone": _DELETE, "rival: replaced": _REPLACE},
    ),
    _volume(
        "delete unnamed",
        {"match_tags": {"id": "7"}, "state": "absent"},
        names=("id=7", "~sim.b."),
        setup=(("VolumeCreate", {"size": GIB, "template": "hybrid", "tags": {"id": "7"}}),),
    ),
)


def _attach(state: str, options: object, **more: object) -> Scenario:
    detach = {"reassign": [{"volume": "db", "detach": "all"}]}
    rivals = {
        "rival: gone": _DELETE,
        "rival: replaced": _REPLACE,
        "rival: changed": (("VolumesReassignWait", detach),),
        "rival: exists": (("VolumesReassignWait", {"reassign": [{"volume": "db", "rw": [2]}]}),),
    }
    defaults = {"names": ("db",), "subjects": ("db", "snap"), "rivals": rivals, "setup": (*_MAKE, *_ON_1)}
    return Scenario("storpool_attach", state, options, **{**defaults, **more})  # type: ignore[arg-type]


ATTACHMENTS = (
    _attach("attach", {"volume": "db", "clients": ["1"]}, setup=_MAKE),
    _attach(
        "attach several",
        {
            "attachments": [
                {"volume": "db", "clients": ["1", "2"]},
                {"volume": "other", "clients": ["1"], "rights": "ro"},
                {"snapshot": "snap", "clients": ["2"]},
            ]
        },
        setup=(*_SNAP, ("VolumeCreate", {**_DB, "name": "other"})),
        names=("db", "other", "snap"),
    ),
    _attach("move", {"volume": "db", "clients": ["2"], "exclusive": True}),
    _attach("hand over", {"volume": "db", "clients": ["1", "2"]}),
    _attach("read only", {"volume": "db", "clients": ["1"], "rights": "ro"}),
    _attach("detach", {"volume": "db", "clients": ["1"], "state": "absent"}),
    _attach("detach all", {"volume": "db", "state": "absent", "clients": ["all"], "force": True}),
    _attach(
        "move reverted",
        lambda ids: {"volume": "~" + ids["db at present"], "clients": ["2"], "exclusive": True},
        setup=(*_REVERTED, *_ON_1),
        names=("db", "~sim.b."),
    ),
    _attach(
        "read only reverted",
        {"volume": "db", "clients": ["1"], "rights": "ro"},
        setup=(*_REVERTED, *_ON_1),
        switches={"attachment_global_id": "absent"},
    ),
)


def _revert(state: str, options: dict[str, object], **more: object) -> Scenario:
    setup = (
        *_SNAP,
        # what the volume has by now, which the snapshot has not
        ("VolumeUpdate/db", {"iops": 700, "tags": {"later": "1", "own": "2"}}),
    )
    rivals = {
        "rival: gone": _DELETE,
        "rival: replaced": _REPLACE,
        "rival: changed": _CHANGE,
        "rival: exists": _ON_1,
    }
    defaults = {"names": ("db", "snap"), "subjects": ("db",), "setup": setup, "written": ("db",), "rivals": rivals}
    return Scenario(
        "storpool_volume_revert",
        state,
        {**({} if "match_tags" in options else {"name": "db"}), "snapshot": "snap", **options},
        **{**defaults, **more},
    )  # type: ignore[arg-type]


REVERTS = (
    _revert("revert", {}, settles=False, tells=("iops 700", "tag later=1", "tag own=2")),
    _revert("revert with safety snapshot", {"safety_snapshot": "safe", "safety_delete_after": "7d"}),
    _revert(
        "revert attached",
        {"on_attached": "detach"},
        setup=(*_SNAP, *_ON_1, ("VolumeUpdate/db", {"iops": 700})),
        settles=False,
        tells=("iops 700",),
    ),
    _revert("revert where ids stay", {}, settles=False, tells=("iops 700",), switches={"revert_global_id": "kept"}),
    _revert(
        "revert again",
        {"safety_snapshot": "safe"},
        setup=(*_REVERTED, ("VolumeUpdate/db", {"iops": 700, "tags": {"later": "1"}})),
        switches={"created_from_id": "then", "attachment_id": "original"},
    ),
    _revert(
        "revert by tags",
        {"match_tags": {"later": "1"}},
        names=("db", "snap", "later=1"),
        settles=False,
        # Where the revert takes the tags, a person has to give them back before the volume is found by them again.
        switches={"revert_tags": "kept"},
        tells=("iops 700",),
    ),
    _revert(
        "revert size",
        {"revert_size": True, "safety_snapshot": "safe"},
        setup=(*_SNAP, ("VolumeUpdate/db", {"size": 2 * GIB, "iops": 700})),
    ),
)
