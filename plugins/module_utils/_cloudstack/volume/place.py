# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a volume is: the VM that has it, and the pool that it is on. Pure, like the plan."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NotAllowed
from ..._common.plan import Step
from ..._common.words import listing, sentence
from ..cloud import identity, results, versions
from ..cloud.reader import Raw
from . import owner, states, with_vm
from .current import Current, vm_of, who
from .want import Want

#: Devices that no data volume can be: the root disk, and the drive for ISO images.
_TAKEN = (0, 3)
_ATTACH_ADVICE = (
    ("VM Snapshots", "CloudStack attaches nothing to a VM that has VM snapshots: remove them first."),
    ("suitable", "No pool that is Up in the zone has the storage tags of the disk offering and room for the volume."),
)
_DETACH_ADVICE = (
    ("VM Snapshots", "CloudStack detaches nothing from a VM that has VM snapshots: remove them first."),
    ("use", "The guest has the device open: unmount the file system in it first."),
)
_MIGRATE_ADVICE = (
    ("VM Snapshots", "CloudStack moves no volume of a VM that has VM snapshots: remove them first."),
    ("not implemented", "The StorPool driver of this CloudStack moves no volumes."),
    ("", "The volume is still where it was; the log of the management server tells more."),
)


class Place(t.NamedTuple):
    """The steps before and after all others, VMs whose states have to pass first, and the members of a row that a VM has attached then."""

    detach: t.Tuple[Step, ...] = ()
    attach: t.Tuple[Step, ...] = ()
    waits: t.Tuple[Step, ...] = ()
    attached: t.Mapping[str, t.Any] = {}


def attachment(current: Current, row: Raw, wanted: Want) -> Place:
    """Detach the volume from a VM that is not to have it, and attach it to the one that is."""
    if wanted.vm is None:
        return Place()
    vm, has = current.wanted_vm(wanted), row.get("virtualmachineid")
    if vm is None:
        return Place((detach(row, wanted),)) if has else Place()
    other_device = wanted.device_id is not None and wanted.device_id != row.get("deviceid")
    if has == vm["id"] and not other_device:
        return Place()
    if row.get("type") == "ROOT":
        raise NotAllowed(
            f"{sentence(who(row))} is the root disk of {vm_of(row)}. This module changes only the size, the disk offering and the pool of root disks."
        )
    if has and row.get("vmstate") == "Running":
        why = (
            f"as device {row.get('deviceid')}, not {wanted.device_id}"
            if has == vm["id"]
            else f"and would be taken from it for VM {wanted.vm!r}"
        )
        raise NotAllowed(
            f"{sentence(who(row))} is attached to {vm_of(row)}, which is Running, {why}. Detach it in a task of its own (vm is an empty text), once its guest "
            "no longer uses it, or stop that VM."
        )
    words = check_vm(current, row, vm, wanted)
    if vm.get("state") in states.VM_PASSING:
        return Place(waits=(_wait_for(vm, wanted),))
    before = (detach(row, wanted),) if has else ()
    body = {"id": row["id"], "virtualmachineid": vm["id"], "deviceid": wanted.device_id}
    step = Step(
        "attachVolume",
        None,
        {key: value for key, value in body.items() if value is not None},
        f"attach {who(row)} to {words}",
        timeout=wanted.wait_timeout,
        advice=_ATTACH_ADVICE,
    )
    return Place(before, (step,), attached=attached_to(current, vm, wanted))


def attached_to(current: Current, vm: Raw, wanted: Want) -> Raw:
    """The members of a row that a VM has attached. CloudStack chooses the first device that is free."""
    return {
        "virtualmachineid": vm["id"],
        "vmname": vm["name"],
        "vmdisplayname": vm.get("displayname"),
        "vmstate": vm.get("state"),
        "deviceid": _first_free(each.get("deviceid") for each in current.neighbours)
        if wanted.device_id is None
        else wanted.device_id,
        "state": "Ready",
    }


def check_vm(current: Current, row: t.Optional[Raw], vm: Raw, wanted: Want) -> str:
    """Refuse a VM that CloudStack would not attach the volume to, or one that is to be made; what sentences call the VM and the device."""
    what = f"VM {str(vm.get('displayname') or vm['name'])!r}"
    subject = f"{sentence(str(wanted))} cannot be attached to {what}:"
    if vm.get("state") not in states.VM_SETTLED + states.VM_PASSING:
        raise NotAllowed(f"{subject} it is {vm.get('state')}, and has to be Running or Stopped.")
    if current.zone_id not in (None, vm.get("zoneid")):
        raise InvalidOption(f"{subject} it is in zone {vm.get('zonename')!r}, and the volume is not.")
    if row and not owner.is_same(row, vm):
        raise InvalidOption(
            f"{subject} the VM is of {owner.told(vm)}, the volume of {owner.told(row)}. Both need the same owner."
        )
    if wanted.device_id is None:
        return what
    taken = {each.get("deviceid"): each for each in current.neighbours if not row or each["id"] != row["id"]}
    if wanted.device_id in taken:
        free = _first_free(taken)
        raise InvalidOption(
            f"{subject} device {wanted.device_id} there is {who(taken[wanted.device_id])}. The first one that is free is {free}; without device_id CloudStack "
            "chooses."
        )
    return f"{what} as device {wanted.device_id}"


def _first_free(taken: t.Iterable[t.Optional[int]]) -> int:
    used = {*taken, *_TAKEN}
    return next(number for number in range(1, len(used) + 2) if number not in used)


def check_device(device_id: t.Optional[int]) -> None:
    """Refuse devices that no data volume can be."""
    if device_id is not None and (device_id < 1 or device_id in _TAKEN):
        raise InvalidOption(
            f"device_id is {device_id}: give a number from 1. 0 is the root disk, and 3 is the drive for ISO images."
        )


def detach(row: Raw, wanted: Want) -> Step:
    """The step that takes the volume from its VM."""
    if row.get("type") == "ROOT":
        raise NotAllowed(f"{sentence(who(row))} is the root disk of {vm_of(row)}, and root disks are not detached.")
    return Step(
        "detachVolume",
        None,
        {"id": row["id"]},
        f"detach {who(row)} from {vm_of(row)}",
        timeout=wanted.wait_timeout,
        advice=_DETACH_ADVICE,
    )


def attached_nowhere() -> Raw:
    """The members of a row that no VM has."""
    return dict.fromkeys(("virtualmachineid", "vmname", "vmdisplayname", "vmstate", "deviceid"))


def move(
    current: Current, row: Raw, after: Raw, wanted: Want, new_offering: t.Optional[Raw], is_for_a_vm: bool
) -> t.Tuple[t.Optional[Step], bool]:
    """The step that brings the volume to the wanted pool, if it is on another, and whether it brings the new disk offering as well.

    ``after`` is the row as it is by then, and is changed.
    """
    pool = current.wanted_pool(wanted)
    if pool is None or pool["id"] == row.get("storageid"):
        return None, False
    offering = new_offering or current.offering_of(row)
    is_nowhere = row.get("state") == "Allocated"
    check_pool(pool, offering, who(row), not is_nowhere)
    if is_nowhere:
        if not is_for_a_vm:
            raise NotAllowed(
                f"{sentence(who(row))} is on no pool yet: CloudStack chooses one when it is attached for the first time, by the storage tags of its disk "
                "offering. Say which VM it is for (vm), or leave out storage_pool."
            )
        return None, False
    live = after.get("vmstate") == "Running"
    if live and with_vm.is_needed(current, row, wanted):
        disks = with_vm.moved(current, row, wanted)
        for disk in disks:
            check_pool(pool, current.offering_of(disk), who(disk), True)
        after.update(storageid=pool["id"], storage=pool["name"], path=None)
        return with_vm.step(current, row, disks, pool, wanted), False
    if live:
        _check_live(current, row, pool)
    body: t.Dict[str, t.Any] = {"volumeid": row["id"], "storageid": pool["id"]}
    words = f"move {who(row)} to primary storage pool {pool['name']!r}"
    if live:
        body["livemigrate"] = True
        words += f" while {vm_of(row)} runs"
    fits_as_it_is = not missing_tags(current.offering_of(row), pool)
    if new_offering and not fits_as_it_is:
        body["newdiskofferingid"] = new_offering["id"]
        words += f", with the disk offering {new_offering['name']!r}"
    after.update(storageid=pool["id"], storage=pool["name"])
    if not live:
        after["path"] = None  # a copy under another name
    step = Step("migrateVolume", None, body, words, timeout=wanted.wait_timeout, advice=_MIGRATE_ADVICE)
    return step, "newdiskofferingid" in body


def check_pool(pool: Raw, offering: Raw, what: str, is_somewhere: bool) -> None:
    """Refuse a pool that CloudStack would not put the volume on, or that does not go with its disk offering."""
    name = f"primary storage pool {pool['name']!r}"
    if pool.get("state") != "Up":
        raise NotAllowed(f"{sentence(what)} is not moved: {name} is {pool.get('state')}, and has to be Up.")
    missing = missing_tags(offering, pool)
    if missing:
        how = (
            " Name an offering that goes with the pool as well (disk_offering), or give the pool the tags"
            if is_somewhere
            else " Name others"
        )
        raise InvalidOption(
            f"{sentence(what)}: {name} has not the storage tags {listing(missing)} of the disk offering {offering['name']!r}.{how}."
        )


def missing_tags(offering: Raw, pool: Raw) -> t.List[str]:
    """The tags of an offering that a pool has not. What a rule in place of tags says only CloudStack knows."""
    if pool.get("istagarule"):
        return []
    has = results.tags(pool)
    return [tag for tag in results.tags(offering) if tag not in has]


def check_tags(offering: Raw, pool: Raw, what: str) -> None:
    """Refuse an offering that does not go with the pool on which the volume stays."""
    missing = missing_tags(offering, pool)
    if missing:
        raise InvalidOption(
            f"{sentence(what)} is on primary storage pool {pool['name']!r}, which has not the storage tags {listing(missing)} of the disk offering "
            f"{offering['name']!r}. Name the pool that it shall be on as well (storage_pool), or another offering."
        )


def _check_live(current: Current, row: Raw, pool: Raw) -> None:
    """KVM itself copies no volume of a VM that runs to another pool; StorPool's driver has no need to."""
    source = current.pool_of(row) or pool  # check mode does not foresee which one CloudStack chooses
    on_storpool = identity.is_storpool(source) and identity.is_storpool(pool)
    if current.version >= versions.MOVES_LIVE and on_storpool:
        return
    why = (
        f"CloudStack {current.version} moves no volumes of VMs that run on KVM; the first that does, between StorPool pools, is {versions.MOVES_LIVE}"
        if on_storpool
        else "on KVM, volumes of VMs that run are moved only from one StorPool pool to another, or to one with the VM itself"
    )
    raise NotAllowed(
        f"{sentence(who(row))} is not moved: {vm_of(row)} is Running, and {why}. Stop the VM first, or detach the volume."
    )


def _wait_for(vm: Raw, wanted: Want) -> Step:
    words = f"wait until VM {str(vm.get('displayname') or vm['name'])!r} is no longer {vm.get('state')}"
    return Step(
        "listVirtualMachines", None, states.SettledVm(vm["id"]), words, method="GET", timeout=wanted.wait_timeout
    )
