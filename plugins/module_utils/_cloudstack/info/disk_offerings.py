# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disk offerings of CloudStack."""

from __future__ import annotations

import typing as t

from ..cloud import results, versions
from ..cloud.reader import Raw, Reader
from . import conditions

SPEC_DISK_OFFERINGS: t.Dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "list", "elements": "str"},
        "id": {"type": "list", "elements": "str"},
        "zone": {"type": "str"},
        "tags": {"type": "list", "elements": "str"},
        "customized": {"type": "bool"},
        "details": {"type": "bool", "default": False},
    }
}


def disk_offerings(reader: Reader, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The active disk offerings of all domains that meet all the given conditions, by name.

    With ``details``, one call for each of them where the list does not tell, which are older releases, and what check mode foresees.
    """
    conditions.check(params, SPEC_DISK_OFFERINGS)
    rows = [
        row
        for row in conditions.chosen(reader.every_disk_offering(), {**params, "tags": None})
        if _is_wanted(row, params)
    ]
    zones: t.List[Raw] = []
    if rows and (params["zone"] is not None or any(row.get("zoneid") for row in rows)):
        zones = reader.zones()
    if params["zone"] is not None:
        wanted = next(
            (str(zone["id"]) for key in ("id", "name") for zone in zones if zone[key] == params["zone"]), None
        )
        rows = [row for row in rows if wanted is not None and wanted in (_zone_ids(row) or [wanted])]
    asks = params["details"] and rows and (reader.foresees or reader.version() < versions.LISTS_OFFERING_DETAILS)
    names = {str(zone["id"]): str(zone["name"]) for zone in zones}
    return {
        "disk_offerings": [
            results.disk_offering(
                row,
                reader.offering_details(str(row["id"])) if asks else row.get("details") or {},
                [names.get(zone, zone) for zone in _zone_ids(row)],
            )
            for row in sorted(rows, key=lambda row: (str(row["name"]), str(row["id"])))
        ]
    }


def _is_wanted(row: Raw, params: t.Mapping[str, t.Any]) -> bool:
    tags, customized = params["tags"], params["customized"]
    return (tags is None or set(tags) <= set(results.tags(row))) and customized in (None, bool(row.get("iscustomized")))


def _zone_ids(row: Raw) -> t.List[str]:
    """The zones that an offering is for; none stands for all."""
    return [zone for zone in str(row.get("zoneid") or "").split(",") if zone]
