# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes of CloudStack, each with what StorPool has of it, if that is asked for."""

from __future__ import annotations

import typing as t

from ..cloud import other_half, results
from ..cloud.reader import Raw, Reader
from . import conditions

#: What StorPool has of volumes, by ``~`` and each of their global ids, and by their names.
Halves = t.Callable[[], t.Mapping[str, t.Mapping[str, t.Any]]]
#: States of volumes that are there no more for their owners. Whether CloudStack lists them unasked depends on the release.
_GONE = ("destroy", "destroyed", "expunging", "expunged")

SPEC_VOLUMES: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        conditions.OPTIONS,
        vm={"type": "str"},
        pool={"type": "str"},
        disk_offering={"type": "str"},
        type={"type": "str", "choices": ["ROOT", "DATADISK"]},
        storpool={"type": "bool", "default": False},
    )
}


def volumes(reader: Reader, params: t.Mapping[str, t.Any], halves: Halves) -> t.Dict[str, t.Any]:
    """The volumes of all accounts and projects that meet all the given conditions, by zone and name."""
    conditions.check(params, SPEC_VOLUMES)
    found = _chosen(reader, params)
    other = halves() if params["storpool"] and found else {}
    return {"volumes": [dict(results.volume(row), storpool=_half(row, other)) for row in found]}


def _chosen(reader: Reader, params: t.Mapping[str, t.Any]) -> t.List[Raw]:
    where = conditions.where(reader, params, {"id": "id", "vm": "virtualmachineid"})
    rows = conditions.listed(reader.volumes, where)
    asked = [state.lower() for state in params["state"] or ()]
    if where is not None and "destroy" in asked:
        rows = rows + conditions.listed(reader.volumes, dict(where, state="Destroy"))
    hidden = [state for state in _GONE if state not in asked]
    rows = [
        row for row in {str(row["id"]): row for row in rows}.values() if str(row.get("state")).lower() not in hidden
    ]
    rows = conditions.of(rows, "vm", params["vm"], "virtualmachineid", ("vmname", "vmdisplayname"))
    rows = conditions.of(rows, "storage", params["pool"])
    rows = conditions.of(rows, "diskoffering", params["disk_offering"], names=("diskofferingname",))
    if params["type"] is not None:
        rows = [row for row in rows if row.get("type") == params["type"]]
    return conditions.chosen(rows, params)


def _half(row: Raw, halves: t.Mapping[str, t.Mapping[str, t.Any]]) -> t.Optional[t.Dict[str, t.Any]]:
    found = halves.get(other_half.reference(row.get("path")) or "")
    return None if found is None else dict(found)
