# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of volumes: what a task may want of one, what it has to know first, and what comes of a plan in check mode."""

from __future__ import annotations

import re
import typing as t

from ..._common.errors import InvalidOption
from ..._common.plan import Managed, Plan
from ..._common.time_left import checked
from .. import texts
from ..cloud import named, tags
from ..cloud.predicted import Predicted
from ..cloud.reader import Raw, Reader
from . import backup
from .plan import Current, plan
from .there import there
from .want import Want

#: Without the options for StorPool's address and token, which are the StorPool side's; the module puts them in.
SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "name": {"type": "str"},
        "id": {"type": "str"},
        "volume": {"type": "str"},
        "zone": {"type": "str"},
        "backup": {"type": "bool"},
        "async_backup": {"type": "bool", "default": False},
        "quiesce_vm": {"type": "bool", "default": False},
        "tags": {"type": "dict"},
        "purge_tags": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 3600},
    },
    "required_one_of": [["name", "id"]],
    "mutually_exclusive": [["name", "id"]],
}
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
#: Options that say something of a snapshot that shall exist.
_OF_PRESENT = ("backup", "tags")


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired snapshot that the options describe. Raises :class:`InvalidOption`."""
    present = params["state"] == "present"
    given = [option for option in _OF_PRESENT if params[option] is not None]
    given += [option for option in ("async_backup", "quiesce_vm") if params[option]]
    if not present and given:
        raise InvalidOption(f"{given[0]}: only for a snapshot that shall exist; leave it out with state absent.")
    if params["id"] is not None and not _UUID.fullmatch(params["id"]):
        raise InvalidOption(f"id is {params['id'][:80]!r}, which is no id of a snapshot. Give its name in name.")
    wanted = Want(
        present=present,
        name=texts.text(params["name"], "name"),
        snapshot_id=params["id"],
        volume=texts.text(params["volume"], "volume"),
        zone=texts.text(params["zone"], "zone"),
        backup=params["backup"],
        tags=tags.checked(params["tags"]),
        purge_tags=params["purge_tags"],
        wait_timeout=checked(params, "wait_timeout"),
        async_backup=params["async_backup"],
        quiesce_vm=params["quiesce_vm"],
    )
    if present and wanted.name is not None and wanted.volume is None:
        raise InvalidOption("volume is missing: say of which volume the snapshot is, by its name or id.")
    return wanted


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if several volumes or snapshots answer to the description."""
    zone_id = named.zone_id(reader, wanted.zone)
    volume = _volume(reader, wanted, zone_id)
    found = there(reader, _rows(reader, wanted, zone_id, volume), must_know=True)
    name = wanted.name or str(wanted.snapshot_id)
    row = named.the_one("name", "snapshot", name, found.rows, way_out="Give the id of one (id)")
    if row is not None:
        zone = row.get("zonename") or (volume or {}).get("zonename")
        return Current(volume, dict(row, zonename=zone) if zone else row, found.half(row), found.unasked)
    if not wanted.present:
        return Current(volume)
    if volume is None:
        return Current(there=tuple(reader.volumes(**named.within(zone_id))) if wanted.volume is not None else ())
    return Current(
        volume,
        version=reader.version(),
        backup=backup.read(reader, volume.get("zoneid")),
        running_allowed=volume.get("vmstate") != "Running" or is_on(reader, "kvm.snapshot.enabled"),
    )


def is_on(reader: Reader, setting: str) -> bool:
    """Whether a setting of the cloud is true."""
    rows = [row for row in reader.settings_like(setting) if row["name"] == setting]
    return any(str(row.get("value")).strip().lower() == "true" for row in rows)


def _volume(reader: Reader, wanted: Want, zone_id: t.Optional[str]) -> t.Optional[Raw]:
    """The volume, if the task names one to take a snapshot of. To delete a snapshot nobody needs it."""
    if wanted.volume is None or not wanted.present:
        return None
    rows = reader.volumes_called(wanted.volume, zone_id)
    return named.the_one("volume", "volume", wanted.volume, rows)


def _rows(reader: Reader, wanted: Want, zone_id: t.Optional[str], volume: t.Optional[Raw]) -> t.List[Raw]:
    """The snapshots that may be meant. Those of a volume that is there are asked for by it: others may have volumes of the same name."""
    if volume is not None and wanted.name is not None:
        rows = reader.volume_snapshots(volumeid=volume["id"], name=wanted.name)
        return [row for row in rows if row["name"] == wanted.name]
    rows = reader.snapshots_called(str(wanted.name or wanted.snapshot_id), zone_id)
    by = "name" if wanted.name is not None else "id"
    rows = [row for row in rows if row[by] == (wanted.name or wanted.snapshot_id)]
    return [row for row in rows if wanted.is_of(row) or (volume and row.get("volumeid") == volume["id"])]


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The snapshot as it would be."""
    after = todo.after
    if after is None:
        reader.change_snapshot(current.row, None)
        return
    row = dict(
        current.row or {},
        name=after["name"],
        state=after["state"],
        volumeid=after["volume"]["id"],
        volumename=after["volume"]["name"],
        zoneid=after["zone_id"],
        zonename=after["zone"],
        account=after["account"],
        domain=after["domain"],
        project=after["project"],
        virtualsize=after["size"],
        intervaltype=after["type"],
        revertable=after["revertable"],
        tags=[{"key": key, "value": value} for key, value in after["tags"].items()],
    )
    reader.change_snapshot(current.row, row)


SNAPSHOT = Managed("snapshot", SPEC, want, look, plan, imagine=imagine)
