# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of CloudStack: of volumes, each with what StorPool has of it if that is asked for, and of VMs."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption
from ..cloud import results
from ..cloud.reader import Raw, Reader
from . import conditions

#: What StorPool has of volume snapshots, by CloudStack's ids of them.
Halves = t.Callable[[], t.Mapping[str, t.Mapping[str, t.Any]]]

SPEC_SNAPSHOTS: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        conditions.OPTIONS,
        kind={"type": "str", "choices": ["volume", "vm"], "default": "volume"},
        volume={"type": "str"},
        vm={"type": "str"},
        type={"type": "list", "elements": "str"},
        storpool={"type": "bool", "default": False},
    )
}
#: Options that only one kind of snapshots has.
_ONLY = {"volume": "volume", "type": "volume", "storpool": "volume", "vm": "vm"}


def snapshots(reader: Reader, params: t.Mapping[str, t.Any], halves: Halves) -> t.Dict[str, t.Any]:
    """``snapshots`` or ``vm_snapshots`` of all accounts and projects that meet all the given conditions. Raises :class:`InvalidOption`."""
    conditions.check(params, SPEC_SNAPSHOTS)
    for option, kind in _ONLY.items():
        if params[option] and params["kind"] != kind:
            raise InvalidOption(
                f"{option} is given, and snapshots of the kind {params['kind']} have none. Leave it out, or set kind to {kind}."
            )
    if params["kind"] == "vm":
        return {"vm_snapshots": [results.vm_snapshot(row) for row in _of_vms(reader, params)]}
    found = _of_volumes(reader, params)
    other = halves() if params["storpool"] and found else {}
    return {"snapshots": [dict(results.volume_snapshot(row), storpool=other.get(str(row["id"]))) for row in found]}


def _of_volumes(reader: Reader, params: t.Mapping[str, t.Any]) -> t.List[Raw]:
    where = conditions.where(reader, params, {"id": "id", "volume": "volumeid"})
    rows = conditions.of(
        conditions.listed(reader.volume_snapshots, where), "volume", params["volume"], names=("volumename",)
    )
    if params["type"] is not None:
        types = {each.upper() for each in params["type"]}
        rows = [row for row in rows if str(row.get("intervaltype")).upper() in types]
    return conditions.chosen(rows, params)


def _of_vms(reader: Reader, params: t.Mapping[str, t.Any]) -> t.List[Raw]:
    where = conditions.where(reader, params, {"id": "vmsnapshotid", "vm": "virtualmachineid"})
    zone = (where or {}).pop("zoneid", None)  # listVMSnapshot has no condition for it
    rows = [row for row in conditions.listed(reader.vm_snapshots, where) if zone in (None, row.get("zoneid"))]
    if params["vm"] is not None and not any(row.get("virtualmachineid") == params["vm"] for row in rows):
        vms = {str(vm["id"]) for vm in reader.vms_called(params["vm"], zone)} if rows else set()
        rows = [row for row in rows if row.get("virtualmachineid") in vms]
    return conditions.chosen(rows, params, ("name", "displayname"))
