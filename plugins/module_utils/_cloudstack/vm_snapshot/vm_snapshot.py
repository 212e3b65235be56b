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


def snapshots_of(reader: Reader, vm: Raw) -> t.List[Raw]:
    """The snapshots of a VM that are not gone."""
    return [row for row in reader.vm_snapshots(virtualmachineid=vm["id"]) if row.get("state") not in OF_VMS.gone]


def called(rows: t.Sequence[Raw], name_or_id: str, option: str, way_out: str) -> t.Optional[Raw]:
    """The snapshot with this id; else with this name, which CloudStack shows as its display name; else with the name that CloudStack itself has given it."""
    for member in ("id", "displayname", "name"):
        found = [row for row in rows if row.get(member) == name_or_id]
        if found:
            return named.the_one(found, "snapshot", name_or_id, option, way_out)
    return None


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if several VMs or snapshots answer to the description."""
    vm = named.the_vm(reader, wanted.vm, wanted.zone)
    current = Current(reader.version(), vm)
    if vm is None:
        return current
    rows = snapshots_of(reader, vm)
    row: t.Optional[Raw]
    if wanted.name is None:
        row = next((each for each in rows if each["id"] == wanted.snapshot_id), None)
    else:
        way_out = (
            "CloudStack lets several have one name: give the id of the one that is meant (id), or delete the others"
        )
        row = called(rows, wanted.name, "name", way_out)
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
