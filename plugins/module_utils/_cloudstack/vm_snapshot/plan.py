# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a snapshot of a whole VM: pure, from what was read to what is to be sent."""

from __future__ import annotations

import typing as t

from ..._common.errors import Incomplete, InvalidOption, NotAllowed, NotFound
from ..._common.plan import Plan, Step
from ..._common.words import listing, sentence
from ..cloud import named, other_half, results, versions
from ..cloud.reader import Raw
from ..cloud.snapshots import OF_VMS, waiting
from ..cloud.versions import Version

#: States of a VM of whose disks CloudStack takes snapshots.
QUIET = ("Running", "Stopped")
_CREATE_ADVICE = (
    ("active VM snapshot", "Run the task again when what CloudStack does with the snapshots of the VM now is done."),
    (
        "active volume snapshot",
        "Run the task again when the snapshots of its volumes that CloudStack takes now are done.",
    ),
    (
        "does not allow to take a disk-only snapshot",
        "The StorPool driver of this CloudStack takes none of running VMs: stop the VM, or use a newer driver.",
    ),
    ("", "The log of the management server tells more."),
)
_DELETE_ADVICE = (("", "The log of the management server tells more."),)


class Want(t.NamedTuple):
    """A desired VM snapshot. Texts are checked; one of ``name`` and ``snapshot_id`` is given; ``None`` is "leave it", of a zone "any"."""

    present: bool
    name: t.Optional[str]
    snapshot_id: t.Optional[str]
    vm: str
    zone: t.Optional[str]
    description: t.Optional[str]
    wait_timeout: int


class Current(t.NamedTuple):
    """What a plan for one VM snapshot has to know. The volumes are those of the VM, read only if a snapshot is to be taken."""

    version: Version
    vm: t.Optional[Raw] = None
    row: t.Optional[Raw] = None
    volumes: t.Tuple[Raw, ...] = ()
    last: t.Optional[Raw] = None  # the current snapshot of the VM, which becomes the parent of the next
    there: t.Tuple[Raw, ...] = ()  # all VMs, read to tell of them, if the one that is meant is not there


def label(row: Raw, vm: Raw) -> str:
    """A VM snapshot in words."""
    return f"snapshot {str(row.get('displayname') or row.get('name'))!r} of {name_of(vm)}"


def name_of(vm: Raw) -> str:
    """A VM in words."""
    return f"VM {str(vm.get('displayname') or vm['name'])!r}"


def plan(current: Current, wanted: Want) -> Plan:
    """The calls that make the current snapshot the wanted one.

    Raises a :class:`Failure` where the task must not or cannot be done: see the kinds in :mod:`.._common.errors`.
    """
    vm, row = current.vm, current.row
    if vm is None:
        if not wanted.present:  # snapshots of a VM go with it
            return Plan((), None, None)
        where = f" in zone {wanted.zone!r}" if wanted.zone else ""
        raise named.missing("vm", "VM", wanted.vm, current.there, where)
    if row is None:
        return _plan_create(current, vm, wanted) if wanted.present else Plan((), None, None)
    shown, who = results.vm_snapshot(row), label(row, vm)
    if row.get("state") in OF_VMS.passing:
        later = () if wanted.present else (f"delete {who}",)
        return Plan((waiting(OF_VMS, row, who, wanted.wait_timeout),), shown, shown, later)
    if wanted.present:
        _check_same(row, who, wanted)
        return Plan((), shown, shown)
    step = Step(
        "deleteVMSnapshot",
        None,
        {"vmsnapshotid": row["id"]},
        f"delete {who}",
        timeout=wanted.wait_timeout,
        advice=_DELETE_ADVICE,
        destroys=str(row["id"]),
    )
    return Plan((step,), shown, None)


def _check_same(row: Raw, who: str, wanted: Want) -> None:
    if row.get("state") != OF_VMS.ready:
        raise Incomplete(
            f"{sentence(who)} ({row['id']}) is in state {row.get('state')}: it could not be taken. The log of the management server tells why. Remove it "
            "(state absent), and run the task again."
        )
    if wanted.description is not None and wanted.description != (row.get("description") or ""):
        raise InvalidOption(
            f"{sentence(who)} has the description {row.get('description') or ''!r}, not {wanted.description!r}, and CloudStack cannot change it: take another "
            "snapshot, or leave out description."
        )


def _plan_create(current: Current, vm: Raw, wanted: Want) -> Plan:
    if wanted.name is None:
        raise NotFound(
            f"id: {name_of(vm)} has no snapshot {wanted.snapshot_id!r}; a new one is taken by its name (name)."
        )
    check(current, vm)
    step = taking(vm, current.volumes, wanted.name, wanted.description, wanted.wait_timeout)
    return Plan((step,), None, results.vm_snapshot(predicted_of(vm, wanted.name, wanted.description, current.last)))


def taking(vm: Raw, volumes: t.Iterable[Raw], name: str, description: t.Optional[str], seconds: int) -> Step:
    """The step that takes a snapshot of the disks of a VM."""
    body = {"virtualmachineid": vm["id"], "name": name, "snapshotmemory": False}
    if description is not None:
        body["description"] = description
    disks = listing(repr(str(volume["name"])) for volume in volumes)
    words = f"take snapshot {name!r} of {name_of(vm)}, of its disks {disks} at one moment"
    return Step("createVMSnapshot", None, body, words, timeout=seconds, repeatable=False, advice=_CREATE_ADVICE)


def predicted_of(vm: Raw, name: str, description: t.Optional[str], last: t.Optional[Raw]) -> Raw:
    """The row of a snapshot that is taken of a VM now, without what only CloudStack knows; ``last`` is the one that is current before it."""
    return {
        "displayname": name,
        "description": description,
        "state": OF_VMS.ready,
        "virtualmachineid": vm["id"],
        "current": True,
        "parent": (last or {}).get("id"),
    }


def check(current: Current, vm: Raw) -> None:
    """Refuse what CloudStack and its StorPool driver would refuse, or do in another way, before anything is sent."""
    who, state = name_of(vm), vm.get("state")
    if current.version < versions.GROUP_SNAPSHOTS:
        raise NotAllowed(
            f"{who}: the StorPool drivers of CloudStack {current.version} take no snapshots of whole VMs; {versions.GROUP_SNAPSHOTS} is the first with one "
            "that does. Take snapshots of its volumes (cloudstack_volume_snapshot)."
        )
    if state not in QUIET:
        raise NotAllowed(
            f"{who} is {state}, and CloudStack takes snapshots only of VMs that are Running or Stopped. Run the task again when it is."
        )
    elsewhere = [volume for volume in current.volumes if other_half.reference(volume.get("path")) is None]
    if elsewhere or not current.volumes:
        names = listing(f"{str(volume['name'])!r} ({_where(volume)})" for volume in elsewhere)
        raise NotAllowed(
            f"{who}: a snapshot of all its disks at one moment needs all of them on StorPool, and "
            + (f"{names} {'is' if len(elsewhere) == 1 else 'are'} not." if elsewhere else "it has none.")
            + " Move or detach what is elsewhere, or take snapshots of single volumes (cloudstack_volume_snapshot)."
        )


def _where(volume: Raw) -> str:
    pool = volume.get("storage")
    return f"on pool {pool!r}" if pool else f"{volume.get('state')}, on no pool yet"
