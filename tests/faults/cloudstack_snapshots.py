# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for snapshots of CloudStack's volumes and VMs: taken, tagged, deleted, and gone back to."""

from __future__ import annotations

from typing import Any

from faults.cloudstack_pools import made
from faults.scenario import Ids, Scenario, Steps


def _volume(world: Any) -> None:
    made(world)
    world.add(pool="sp", volumes=1, name="data")


def _taken(world: Any) -> None:
    _volume(world)
    world.do(("createSnapshot", {"volumeid": _id(world, "volumes", "data"), "name": "nightly"}))
    tag = {"resourcetype": "Snapshot", "tags[0].key": "old", "tags[0].value": "1"}
    world.do(("createTags", {**tag, "resourceids": _id(world, "snapshots", "nightly")}))


def _of_vm(world: Any) -> None:
    """The volume is that of a VM that is stopped."""
    _volume(world)
    state = world.admin("GET", "state")
    body = {"zoneid": "1", "serviceofferingid": "1", "templateid": state["templates"][0]["id"], "name": "web"}
    world.do(("deployVirtualMachine", body))
    vm = _id(world, "vms", "web")
    world.do(("attachVolume", {"id": _id(world, "volumes", "data"), "virtualmachineid": vm}))
    world.do(("stopVirtualMachine", {"id": vm}))


def _of_vm_and_taken(world: Any) -> None:
    _of_vm(world)
    world.do(("createSnapshot", {"volumeid": _id(world, "volumes", "data"), "name": "nightly"}))
    _later(world)


def _of_vm_taken_before(world: Any) -> None:
    _of_vm_taken(world)
    _later(world)


def _of_vm_with_policy(world: Any) -> None:
    _of_vm(world)
    tag = {"resourcetype": "UserVm", "tags[0].key": "vc-policy", "tags[0].value": "silver"}
    world.do(("createTags", {**tag, "resourceids": _id(world, "vms", "web")}))


def _later(world: Any) -> None:
    """The VM was stopped a minute ago, so a snapshot that is taken now holds all that it has written."""
    world.admin("POST", "now", {"seconds": 60})


def _of_vm_taken(world: Any) -> None:
    _of_vm(world)
    world.do(("createVMSnapshot", {"virtualmachineid": _id(world, "vms", "web"), "name": "before"}))


def _id(world: Any, table: str, name: str) -> str:
    [row] = [row for row in world.admin("GET", "state")[table] if row["name"] == name and not row["removed"]]
    return str(row["id"])


def _on(label: str, parameter: str, command: str, **more: str) -> Any:
    """A rival's command for an object, if it is there."""

    def steps(ids: Ids) -> Steps:
        return ((command, {**more, parameter: ids[label]}),) if label in ids else ()

    return steps


_SNAPSHOT, _OF_VM = "snapshot nightly", "vm_snapshot before"
_ANOTHER = _on("volume data", "volumeid", "createSnapshot", name="nightly")
_CHANGED = {
    "rival: gone": _on(_SNAPSHOT, "id", "deleteSnapshot"),
    "rival: exists": _ANOTHER,
    "rival: changed": _on(
        _SNAPSHOT, "resourceids", "createTags", **{"resourcetype": "Snapshot", "tags[0].key": "b", "tags[0].value": "3"}
    ),
}
_OF_VM_CHANGED = {
    "rival: gone": _on(_OF_VM, "vmsnapshotid", "deleteVMSnapshot"),
    "rival: exists": _on("vm web", "virtualmachineid", "createVMSnapshot", name="before"),
    "rival: changed": _on("vm web", "id", "startVirtualMachine"),
}


def _snapshot(state: str, options: dict[str, Any], **more: Any) -> Scenario:
    task = {"name": "nightly", "volume": "data", "wait_timeout": 30, **options}
    defaults = {"names": ("'nightly'", "'data'"), "subjects": (_SNAPSHOT,), "rivals": _CHANGED, "storpool": True}
    return Scenario("cloudstack_volume_snapshot", state, task, **{**defaults, **more})


def _vm_snapshot(state: str, options: dict[str, Any], **more: Any) -> Scenario:
    task = {"name": "before", "vm": "web", "wait_timeout": 30, **options}
    defaults = {"names": ("'before'", "'web'"), "subjects": (_OF_VM,), "rivals": _OF_VM_CHANGED}
    return Scenario("cloudstack_vm_snapshot", state, task, **{**defaults, **more})


SNAPSHOTS = (
    _snapshot(
        "take",
        {"zone": "zone1", "backup": True, "tags": {"a": "1"}},
        prepare=_volume,
        rivals={"rival: exists": _ANOTHER},
    ),
    _snapshot("tag", {"tags": {"old": "2", "b": "1"}, "purge_tags": True}, prepare=_taken),
    _snapshot("delete", {"state": "absent"}, prepare=_taken),
    Scenario(
        "cloudstack_volume_revert",
        "revert",
        {"volume": "data", "snapshot": "nightly", "wait_timeout": 30},
        names=("'data'", "'nightly'"),
        prepare=_taken,
        rivals=_CHANGED,
        subjects=(_SNAPSHOT,),
        settles=False,
        storpool=True,
    ),
    Scenario(
        "cloudstack_volume_revert",
        "revert safely",
        {"volume": "data", "snapshot": "nightly", "safety_snapshot": "safe", "wait_timeout": 300},
        names=("'data'", "'nightly'", "'safe'"),
        prepare=_of_vm_and_taken,
        rivals={"rival: gone": _CHANGED["rival: gone"]},
        subjects=(_SNAPSHOT,),
        storpool=True,
    ),
    _vm_snapshot(
        "take", {"description": "why"}, prepare=_of_vm, rivals={"rival: exists": _OF_VM_CHANGED["rival: exists"]}
    ),
    _vm_snapshot("delete", {"state": "absent"}, prepare=_of_vm_taken),
    Scenario(
        "cloudstack_vm_backup_policy",
        "change",
        {"vm": ["web"], "policy": "gold", "wait_timeout": 30},
        names=("'web'",),
        prepare=_of_vm_with_policy,
        rivals={"rival: changed": _on("vm web", "resourceids", "deleteTags", resourcetype="UserVm")},
        subjects=("vm web",),
        storpool=True,
    ),
    Scenario(
        "cloudstack_vm_revert",
        "revert",
        # Pauses take no time here, and what the job does to two disks takes some on a busy machine.
        {"vm": "web", "snapshot": "before", "wait_timeout": 300},
        names=("'web'", "'before'"),
        prepare=_of_vm_taken,
        rivals=_OF_VM_CHANGED,
        subjects=(_OF_VM,),
        settles=False,
        storpool=True,
    ),
    Scenario(
        "cloudstack_vm_revert",
        "revert safely",
        {"vm": "web", "snapshot": "before", "safety_snapshot": "safe", "wait_timeout": 300},
        names=("'web'", "'before'", "'safe'"),
        prepare=_of_vm_taken_before,
        rivals={"rival: gone": _OF_VM_CHANGED["rival: gone"]},
        subjects=(_OF_VM,),
        storpool=True,
    ),
)
