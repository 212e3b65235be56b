# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of whole VMs: what a task may want of one, what it has to know first, and what comes of a plan in check mode."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption
from ..._common.plan import Managed, Plan
from ..._common.time_left import checked
from .. import texts
from ..cloud import named
from ..cloud.predicted import Predicted
from ..cloud.reader import Raw, Reader
from ..cloud.snapshots import OF_VMS
from .plan import Current, Want, plan

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str"},
        "id": {"type": "str"},
        "vm": {"type": "str", "required": True},
        "zone": {"type": "str"},
        "description": {"type": "str"},
        "wait_timeout": {"type": "int", "default": 1800},
    },
    "required_one_of": [["name", "id"]],
    "mutually_exclusive": [["name", "id"]],
}


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired snapshot that the options describe. Raises :class:`InvalidOption`."""
    present = params["state"] == "present"
    if not present and params["description"] is not None:
        raise InvalidOption("description: only for a snapshot that shall exist; leave it out with state absent.")
    return Want(
        present=present,
        name=texts.text(params["name"], "name"),
        snapshot_id=texts.text(params["id"], "id"),
        vm=texts.text(params["vm"], "vm"),
        zone=texts.text(params["zone"], "zone"),
        description=texts.text(params["description"], "description"),
        wait_timeout=checked(params, "wait_timeout"),
    )


def vms_there(reader: Reader, zone: t.Optional[str]) -> t.Tuple[Raw, ...]:
    """The VMs that there are, in a zone if one is given, to tell of them."""
    return tuple(reader.vms(**named.within(named.zone_id(reader, zone))))


def snapshots_of(reader: Reader, vm: Raw) -> t.List[Raw]:
    """The snapshots of a VM that are not gone."""
    return [row for row in reader.vm_snapshots(virtualmachineid=vm["id"]) if row.get("state") not in OF_VMS.gone]


#: What a snapshot is known by: what it was called is its display name, and its name is what CloudStack itself has given it.
BY: named.By = (("id",), ("displayname",), ("name",))


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if several VMs or snapshots answer to the description."""
    vm = named.the_vm(reader, wanted.vm, wanted.zone)
    current = Current(reader.version(), vm)
    if vm is None:
        return current._replace(there=vms_there(reader, wanted.zone)) if wanted.present else current
    rows = snapshots_of(reader, vm)
    row: t.Optional[Raw]
    if wanted.name is None:
        row = next((each for each in rows if each["id"] == wanted.snapshot_id), None)
    else:
        row = named.the_one("name", "snapshot", wanted.name, rows, BY, way_out="Give the id of one (id)")
    current = current._replace(row=row, last=next((each for each in rows if each.get("current")), None))
    if row is not None or not wanted.present:
        return current
    return current._replace(volumes=tuple(reader.volumes(virtualmachineid=vm["id"])))


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The snapshot as it would be; the one that was current is so no more."""
    after, row = todo.after, current.row
    if after is None:
        reader.change_vm_snapshot(row, None)
        return
    if row is None and current.last is not None:
        reader.change_vm_snapshot(current.last, dict(current.last, current=False))
    same = ("name", "description", "state", "current", "parent")
    changed = {key: after[key] for key in same}
    reader.change_vm_snapshot(
        row, dict(row or {}, displayname=after["display_name"], virtualmachineid=after["vm_id"], **changed)
    )


VM_SNAPSHOT = Managed("snapshot", SPEC, want, look, plan, imagine=imagine)
