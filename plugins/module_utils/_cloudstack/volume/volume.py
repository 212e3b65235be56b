# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: what a task may want of one, what it has to know first, and the plan from the one to the other."""

from __future__ import annotations

import re
import typing as t

from ..._common import sizes
from ..._common.errors import InvalidOption
from ..._common.plan import Managed, Plan
from ..._common.time_left import checked
from ..._common.words import listing
from .. import texts
from ..cloud import named
from ..cloud.predicted import Predicted
from ..cloud.reader import Raw, Reader
from . import owner, place, states, with_vm
from .current import Current, vm_of
from .plan import plan
from .want import Want

_OWNER = ("account", "domain", "project")
SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str"},
        "id": {"type": "str"},
        **{option: {"type": "str"} for option in _OWNER},
        "zone": {"type": "str"},
        "disk_offering": {"type": "str"},
        "size": {"type": "str"},
        "allow_shrink": {"type": "bool", "default": False},
        "min_iops": {"type": "int"},
        "max_iops": {"type": "int"},
        "vm": {"type": "str"},
        "device_id": {"type": "int"},
        "storage_pool": {"type": "str"},
        "snapshot": {"type": "str"},
        "expunge": {"type": "bool", "default": False},
        "allow_vm_migration": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 3600},
    },
    "required_one_of": [["name", "id"]],
    "mutually_exclusive": [["account", "project"]],
    "required_by": {"account": ["domain"]},
}
#: Options that say something of a volume that shall exist.
_OF_PRESENT = ("disk_offering", "size", "min_iops", "max_iops", "device_id", "storage_pool", "snapshot")
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired volume that the options describe. Raises :class:`InvalidOption`."""
    present, vm = params["state"] == "present", params["vm"]
    given = [option for option in _OF_PRESENT if params[option] is not None] + (["vm"] if vm else [])
    if not present and given:
        raise InvalidOption(f"{listing(given)}: only for a volume that shall exist; leave it out with state absent.")
    if params["device_id"] is not None and not vm:
        raise InvalidOption("device_id is the device of a VM: give vm as well.")
    place.check_device(params["device_id"])
    least, most = params["min_iops"], params["max_iops"]
    for option, value in (("min_iops", least), ("max_iops", most)):
        if value is not None and value < 1:
            raise InvalidOption(f"{option} is {value}: give a number above 0.")
    if least is not None and most is not None and least > most:
        raise InvalidOption(f"min_iops is {least}, and so more than max_iops, which is {most}.")
    if params["id"] is not None and not _ID.fullmatch(params["id"]):
        raise InvalidOption(
            f"id is {params['id'][:80]!r}, which is no id of a volume. Those are like 0b1c6c3e-53a1-4ad4-8f0e-3b1d6f0e6d1a; give a name as name."
        )
    return Want(
        present=present,
        name=texts.text(params["name"], "name"),
        id=params["id"] and params["id"].lower(),
        owner={option: texts.text(params[option], option) for option in _OWNER if params[option] is not None},
        zone=texts.text(params["zone"], "zone"),
        offering=texts.text(params["disk_offering"], "disk_offering"),
        size=sizes.size(params["size"], "size", 1, "CloudStack"),
        allow_shrink=params["allow_shrink"],
        min_iops=least,
        max_iops=most,
        vm=texts.text(vm, "vm") if vm else vm,
        device_id=params["device_id"],
        pool=texts.text(params["storage_pool"], "storage_pool"),
        snapshot=texts.text(params["snapshot"], "snapshot"),
        expunge=params["expunge"],
        wait_timeout=checked(params, "wait_timeout"),
        allow_vm_migration=params["allow_vm_migration"],
    )


def look(reader: Reader, wanted: Want, known: t.Optional[Raw] = None) -> Current:
    """Read what :func:`plan` needs, but the volume if it is ``known``. Raises :class:`Ambiguous` and :class:`NotFound` for volumes and owners."""
    current = Current(reader.version())
    if wanted.zone is not None:
        current = current._replace(zone=reader.zone(wanted.zone))
        if current.zone is None:
            return current._replace(there={"zones": tuple(reader.zones())})
    current = current._replace(owner=owner.parameters(reader, wanted.owner))
    row = known or _found(reader, wanted, current)
    current = current._replace(row=row)
    if not wanted.present or (row is None and wanted.id is not None):
        return current
    return _with_what_it_needs(reader, wanted, current, row)


def _with_what_it_needs(reader: Reader, wanted: Want, current: Current, row: t.Optional[Raw]) -> Current:
    there: t.Dict[str, t.Tuple[Raw, ...]] = {}
    if wanted.snapshot is not None and row is None:
        current = current._replace(snapshots=tuple(reader.snapshots_called(wanted.snapshot, current.zone_id)))
        if not current.snapshots:
            there["snapshots"] = tuple(reader.volume_snapshots(**_within(current)))
    if wanted.vm:
        current = current._replace(vms=_vms(reader, wanted.vm, row or current.owner, current.zone_id))
        if not current.vms:
            there["vms"] = tuple(reader.vms(**_within(current)))
        if len(current.vms) == 1 and not _has_it(current.vms[0], row, wanted):
            current = current._replace(neighbours=tuple(reader.volumes(virtualmachineid=current.vms[0]["id"])))
    changes = (wanted.offering, wanted.size, wanted.min_iops, wanted.max_iops, wanted.pool)
    if any(value is not None for value in changes):
        current = current._replace(offerings=tuple(reader.every_disk_offering()))
    if wanted.pool is not None or (row and wanted.offering is not None):
        current = current._replace(pools=tuple(reader.pools()))
    if row and wanted.allow_vm_migration and with_vm.is_needed(current, row, wanted):
        vm_id = row["virtualmachineid"]
        disks, hosts = reader.volumes(virtualmachineid=vm_id), reader.hosts_for(vm_id)
        current = current._replace(disks=tuple(disks), hosts=tuple(hosts))
    return current._replace(there=there)


def _has_it(vm: Raw, row: t.Optional[Raw], wanted: Want) -> bool:
    """Whether a VM has the volume already, as whatever device."""
    return row is not None and row.get("virtualmachineid") == vm["id"] and wanted.device_id is None


def _within(current: Current) -> t.Dict[str, str]:
    return {"zoneid": current.zone_id} if current.zone_id else {}


def _vms(reader: Reader, name_or_id: str, of: t.Mapping[str, t.Any], zone_id: t.Optional[str]) -> t.Tuple[Raw, ...]:
    """The VMs that are meant: of several with one name, those of the owner of the volume."""
    rows = [row for row in reader.vms_called(name_or_id, zone_id) if row.get("state") not in ("Destroyed", "Expunging")]
    if len(rows) > 1:
        members = [member for member in ("account", "domainid", "projectid") if of.get(member)]
        rows = [row for row in rows if all(row.get(member) == of[member] for member in members)] or rows
    return tuple(rows)


def _found(reader: Reader, wanted: Want, current: Current) -> t.Optional[Raw]:
    """The volume that is meant; one that was destroyed only if it is meant by its id, or is to be expunged."""
    zone_id = str(current.zone["id"]) if current.zone else None
    if wanted.id is not None:
        row = reader.volume(wanted.id)
        if row is not None and not (owner.is_of(row, current.owner) and zone_id in (None, row.get("zoneid"))):
            raise InvalidOption(
                f"Volume {wanted.id} is of {owner.told(row)} in zone {row.get('zonename')!r}, not where the task says. Give both as they are, or neither."
            )
        return row
    name = t.cast(str, wanted.name)
    rows = [row for row in reader.volumes_called(name, zone_id) if owner.is_of(row, current.owner)]
    rows = [row for row in rows if row.get("state") not in states.GOING]
    if not rows and not wanted.present and wanted.expunge:
        rows = [
            row
            for row in reader.volumes(name=name, state="Destroy", **named.within(zone_id))
            if row["name"] == name and owner.is_of(row, current.owner)
        ]
    return named.the_one("name", "volume", name, rows, told=_told, way_out="Give the id of one (id)")


def _told(row: Raw) -> str:
    """What tells a volume from others with its name."""
    where = vm_of(row) if row.get("virtualmachineid") else "of no VM"
    return f"{row['id']} ({owner.told(row)}, zone {row.get('zonename')!r}, {where})"


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The volume as it would be."""
    after = todo.after
    if after is None:
        reader.change_volume(current.row, None)
        return
    vm, pool, offering = (after[key] or {} for key in ("vm", "pool", "disk_offering"))
    new = {"type": "DATADISK", "zonename": after["zone"], "zoneid": after["zone_id"], **current.owner}
    row = dict(
        current.row or new,
        name=after["name"],
        state=after["state"],
        size=after["size"],
        virtualmachineid=vm.get("id"),
        vmname=vm.get("name"),
        vmdisplayname=vm.get("name"),
        vmstate=vm.get("state"),
        deviceid=after["device_id"],
        storageid=pool.get("id"),
        storage=pool.get("name"),
        diskofferingid=offering.get("id"),
        diskofferingname=offering.get("name"),
        miniops=after["min_iops"],
        maxiops=after["max_iops"],
        path=after["path"],
    )
    reader.change_volume(current.row, {key: value for key, value in row.items() if value is not None})


VOLUME = Managed("volume", SPEC, want, look, plan, imagine=imagine)
