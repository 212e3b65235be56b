# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for an audit of both books, and for repairs: a volume that dangles, one whose tags were changed, an orphan, and what another cloud has."""

from __future__ import annotations

from typing import Any

from faults.cloudstack_pools import made
from faults.scenario import GIB, Scenario

_BOTH: dict[str, Any] = {"clients": {"host1": 1, "host2": 2, "host3": 3}, "min_age": "0s"}


def _differing(world: Any) -> None:
    made(world)
    world.add(pool="sp", vms=1, volumes=1)
    state = world.admin("GET", "state")
    [root] = [row for row in state["volumes"] if row["type"] == "ROOT"]
    [plain] = [row for row in state["volumes"] if row["name"].startswith("sim-volume") and row["path"]]
    elsewhere = 2 if state["vms"][0]["host"] == 1 else 1
    half, other = ("~" + row["path"].rpartition("/")[2] for row in (root, plain))
    world.storpool.do(
        ("VolumesReassign", [{"volume": half, "rw": [elsewhere]}]),
        (f"VolumeUpdate/{other}", {"tags": {"cvm": "nobody"}}),
        ("VolumeCreate", {"name": "orphan", "size": GIB, "template": "hybrid", "tags": {"cs": "volume", "uuid": "1"}}),
        ("VolumeCreate", {"name": "theirs", "size": GIB, "template": "ssd", "tags": {"owner": "another"}}),
    )


def _books(module: str, state: str, options: dict[str, Any]) -> Scenario:
    return Scenario(
        module,
        state,
        {**_BOTH, **options},
        names=("volume ", "Volume "),
        prepare=_differing,
        storpool=True,
    )


BOOKS = (
    _books("cloudstack_storpool_audit", "differs", {}),
    _books("cloudstack_storpool_repair", "dangling", {"codes": ["dangling_attachment"]}),
    _books("cloudstack_storpool_repair", "orphan", {"codes": ["orphan_volume"]}),
)
