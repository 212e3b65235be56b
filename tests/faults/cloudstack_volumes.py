# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for volumes of CloudStack's: made, attached, detached, resized, moved, changed to another offering, renamed, recovered, removed."""

from __future__ import annotations

from typing import Any

from faults.cloudstack_pools import made
from faults.scenario import Ids, Scenario, Steps

_CUSTOM = {"displaytext": "x", "customized": "true"}
#: Pauses take no time here, and what jobs do takes some on a busy machine.
_DATA = {"name": "data", "wait_timeout": 300}
_NEW = {**_DATA, "zone": "zone1", "disk_offering": "custom", "size": "2GiB"}


def _ids(world: Any) -> dict[str, str]:
    return {label: key for key, label in world.identities(world.state()).items()}


def _cloud(world: Any) -> None:
    """A pool, offerings, and a VM that runs."""
    made(world)
    vm = {"zoneid": "1", "serviceofferingid": "1", "templateid": "1", "name": "db-1"}
    world.do(
        ("createDiskOffering", {"name": "custom", **_CUSTOM}),
        ("createDiskOffering", {"name": "limited", **_CUSTOM, "customizediops": "true"}),
        ("deployVirtualMachine", vm),
    )


def _allocated(world: Any) -> None:
    _cloud(world)
    ids = _ids(world)
    world.do(
        ("createVolume", {"name": "data", "zoneid": "1", "diskofferingid": ids["disk_offering custom"], "size": 2})
    )


def _attached(world: Any) -> None:
    _allocated(world)
    ids = _ids(world)
    world.do(("attachVolume", {"id": ids["volume data"], "virtualmachineid": ids["vm db-1"]}))


def _on_nfs(world: Any) -> None:
    """A VM that runs, with a disk on a pool that is not StorPool's."""
    made(world)
    nfs = {"scope": "zone", "hypervisor": "KVM", "provider": "DefaultPrimary", "url": "nfs://10.0.0.9/export"}
    world.do(("createStoragePool", {"name": "nfs", "zoneid": "1", **nfs}))
    world.add(pool="nfs", vms=1, storpool=False, name="db-1")


def _detached(world: Any) -> None:
    _attached(world)
    world.do(("detachVolume", {"id": _ids(world)["volume data"]}))


def _destroyed(world: Any) -> None:
    _detached(world)
    world.do(("destroyVolume", {"id": _ids(world)["volume data"]}))


def _snapshot(world: Any) -> None:
    _cloud(world)
    world.add(pool="sp", snapshots=1)


def _on(command: str, **more: str) -> Any:
    """A rival's command for the volume, if it is there."""

    def steps(ids: Ids) -> Steps:
        return ((command, {**more, "id": ids["volume data"]}),) if "volume data" in ids else ()

    return steps


def _attach(ids: Ids) -> Steps:
    if not {"volume data", "vm db-1"} <= set(ids):
        return ()
    return (("attachVolume", {"id": ids["volume data"], "virtualmachineid": ids["vm db-1"]}),)


_GONE = {"rival: gone": _on("destroyVolume", expunge="true"), "rival: changed": _on("resizeVolume", size="5")}


def _volume(state: str, options: Any, **more: Any) -> Scenario:
    def task(ids: Ids) -> dict[str, Any]:
        return {**_DATA, **(options(ids) if callable(options) else options)}

    defaults = {"names": ("'data'",), "subjects": ("volume data",), "prepare": _detached, "rivals": _GONE}
    return Scenario("cloudstack_volume", state, task, **{**defaults, **more})


def _from_snapshot(ids: Ids) -> dict[str, Any]:
    return {"zone": "zone1", "snapshot": next(label for label in ids if label.startswith("snapshot ")).split(" ", 1)[1]}


def _to_be_emptied(world: Any) -> None:
    made(world)
    world.add(pool="sp", vms=1)
    world.do(("updateStoragePool", {"id": world.id_of("sp"), "enabled": "false"}))


EVACUATIONS = (
    Scenario(
        "cloudstack_pool_evacuation",
        "evacuate",
        {"pool": "sp", "to": "other", "at_once": 1, "expunge_destroyed": True, "wait_timeout": 30},
        names=("'sp'", "'other'"),
        prepare=_to_be_emptied,
    ),
)
VOLUMES = (
    _volume("create and attach", {**_NEW, "vm": "db-1"}, prepare=_cloud, rivals={}),
    _volume("create from a snapshot", _from_snapshot, prepare=_snapshot, rivals={}),
    _volume("attach", {"vm": "db-1", "device_id": 4}, prepare=_allocated, rivals={**_GONE, "rival: exists": _attach}),
    _volume("detach", {"vm": ""}, prepare=_attached, rivals={"rival: gone": _on("detachVolume")}),
    _volume(
        "grow while its VM runs",
        {"size": "3GiB"},
        prepare=_attached,
        rivals={"rival: changed": _on("resizeVolume", size="3"), "rival: exists": _on("detachVolume")},
    ),
    _volume("move while its VM runs", {"storage_pool": "other"}, prepare=_attached, rivals={}),
    _volume("move and grow", {"storage_pool": "other", "size": "3GiB"}, rivals={**_GONE, "rival: exists": _attach}),
    _volume("change the offering", {"disk_offering": "limited", "max_iops": 500}),
    _volume("rename", lambda ids: {"id": ids["volume data"], "name": "log"}, names=("'data'", "volume with the id")),
    _volume(
        "recover",
        lambda ids: {"id": ids["volume data"], "name": None},
        prepare=_destroyed,
        names=("'data'", "volume with the id"),
    ),
    _volume("destroy", {"state": "absent"}),
    _volume("expunge what is attached", {"state": "absent", "vm": "", "expunge": True}, prepare=_attached),
    _volume("expunge what was destroyed", {"state": "absent", "expunge": True}, prepare=_destroyed),
)
WITH_VMS = (
    _volume(
        "move with its VM",
        lambda ids: {
            "name": next(label for label in ids if label.startswith("volume ROOT")).split(" ", 1)[1],
            "storage_pool": "sp",
            "allow_vm_migration": True,
        },
        names=("'ROOT-", "'db-1'"),
        prepare=_on_nfs,
        subjects=("vm db-1",),
        rivals={},
    ),
)
