# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other locations: what is exported to them and by them, as modules return it."""

from __future__ import annotations

import typing as t

from ..._common.words import there_is

Raw = t.Mapping[str, t.Any]


def export(raw: Raw) -> t.Dict[str, t.Any]:
    """An export of ExportsList. ``snapshot`` is ``None`` for one without a name; ``backing_up`` is whether its copy is not complete yet."""
    name = raw.get("snapshot")
    return {
        "snapshot": None if not name or str(name).startswith(("~", "*")) else name,
        "global_id": raw.get("globalId"),
        "location": raw["location"],
        "backing_up": bool(raw.get("backingUp")),
    }


def remote_snapshot(raw: Raw) -> t.Dict[str, t.Any]:
    """A snapshot of SnapshotsRemoteList. ``volume`` is ``onVolume``, ``local_snapshot`` what the copy that is here is called."""
    on_volume, local = raw.get("onVolume"), raw.get("localSnapshot")
    return {
        "name": None if str(raw["name"]).startswith(("~", "*")) else raw["name"],
        "global_id": raw["remoteId"],
        "location": raw["location"],
        "size": raw["size"],
        "creation_timestamp": raw["creationTimestamp"],
        "volume": None if on_volume in (None, "", "-") else on_volume,
        "created_from": raw.get("createdFromGlobalId") or None,
        "local_snapshot": local or None,
        "tags": dict(raw.get("tags") or {}),
    }


def no_such_location(wanted: str, known: t.Iterable[Raw]) -> str:
    """``this cluster knows no location 'far-awya'``, which may be meant, and which there are."""
    there = there_is("It", (str(row["name"]) for row in known), wanted, "knows")
    return f"this cluster knows no location {wanted!r}. {there} StorPool's LocationAdd registers one."
