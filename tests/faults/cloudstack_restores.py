# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for VMs and their backups. What disks hold afterwards is looked at in ``test_restore`` and ``test_restore_volume``."""

from __future__ import annotations

from typing import Any

from faults.cloudstack_pools import made
from faults.scenario import Ids, Scenario, Steps

#: Pauses take no time here, and what jobs do takes some on a busy machine.
_TASK = {"vm": "web", "source": "tags", "stop_vm": True, "wait_timeout": 300}


def _backed_up(world: Any) -> None:
    """A VM that runs, and a backup of its disk."""
    made(world)
    world.add(pool="sp", vms=1, name="web")
    state = world.admin("GET", "state")
    [vm] = state["vms"]
    disks = ["~" + row["path"].rpartition("/")[2] for row in state["volumes"] if row["vm"] == vm["db_id"]]
    items = [{"volume": disk} for disk in disks]
    world.storpool.do(("VolumesGroupSnapshot", {"volumes": items, "tags": {"cvm": vm["id"]}}))


def _on_vm(command: str) -> Any:
    def steps(ids: Ids) -> Steps:
        return ((command, {"id": ids["vm web"]}),)

    return steps


def _with_offering(world: Any) -> None:
    """The same, and a disk offering whose volumes are on StorPool."""
    _backed_up(world)
    world.do(("createDiskOffering", {"name": "custom", "displaytext": "c", "customized": "true", "tags": "fast"}))


def _restored(world: Any) -> None:
    """Such a volume, on the VM, with the tags of the module's."""
    _with_offering(world)
    ids = {label: key for key, label in world.identities(world.state()).items()}
    world.do(
        ("createVolume", {"name": "old-web", "zoneid": "1", "size": 1, "diskofferingid": ids["disk_offering custom"]})
    )
    [volume] = [row for row in world.admin("GET", "state")["volumes"] if row["name"] == "old-web"]
    marked = {"tags[0].key": "volume-restore", "tags[0].value": "1769860800.here"}
    world.do(("createTags", {"resourcetype": "Volume", "resourceids": volume["id"], **marked}))
    world.do(("attachVolume", {"id": volume["id"], "virtualmachineid": ids["vm web"]}))


_PRESENT = {"source": "tags", "onto": "web", "name": "copy-web", "disk_offering": "custom", "wait_timeout": 300}


def _root_of_web(ids: Ids) -> dict[str, Any]:
    """The root disk once more, beside itself."""
    [disk] = [key for label, key in ids.items() if label.startswith("volume ROOT-")]
    return {**_PRESENT, "vm": "web", "disk": disk}


RESTORES = (
    Scenario(
        "cloudstack_volume_restore",
        "present",
        _root_of_web,
        names=("'web'", "'copy-web'"),
        prepare=_with_offering,
        rivals={"rival: changed": _on_vm("stopVirtualMachine")},
        subjects=("vm web",),
        storpool=True,
        long=True,
    ),
    Scenario(
        "cloudstack_volume_restore",
        "absent",
        {"onto": "web", "name": "old-web", "state": "absent", "wait_timeout": 300},
        names=("'web'", "'old-web'"),
        prepare=_restored,
        rivals={"rival: changed": _on_vm("stopVirtualMachine"), "rival: gone": _on_vm("destroyVirtualMachine")},
        subjects=("vm web", "volume old-web"),
        storpool=True,
    ),
    Scenario(
        "cloudstack_vm_restore",
        "running",
        _TASK,
        names=("'web'", "'ROOT-"),
        prepare=_backed_up,
        rivals={"rival: changed": _on_vm("stopVirtualMachine"), "rival: gone": _on_vm("destroyVirtualMachine")},
        subjects=("vm web",),
        storpool=True,
        works=True,
    ),
    Scenario(
        "cloudstack_vm_backup_info",
        "listed",
        {"source": "tags"},
        names=("'web'",),
        prepare=_backed_up,
        storpool=True,
    ),
)
