# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that tasks name: the one that is meant, or what to say if it is not there or is not the only one."""

from __future__ import annotations

import typing as t

from ..._common.errors import Ambiguous, NotFound
from ..._common.words import listing
from .reader import Raw, Reader


def zone_id(reader: Reader, zone: t.Optional[str]) -> t.Optional[str]:
    """The id of the zone with this name or id; ``None`` if the task names none. Raises :class:`NotFound`."""
    if zone is None:
        return None
    found = reader.zone(zone)
    if found is None:
        names = listing(sorted(str(row["name"]) for row in reader.zones())) or "none"
        raise NotFound(f"zone: there is no zone {zone!r} with that name or id. CloudStack has {names}.")
    return str(found["id"])


def the_one(rows: t.Sequence[Raw], kind: str, name: str, option: str, way_out: str) -> t.Optional[Raw]:
    """The only one of these rows, if there is any. Raises :class:`Ambiguous`, which lists ids and ends with the ``way_out``."""
    if len(rows) > 1:
        ids = listing(sorted(str(row["id"]) for row in rows))
        raise Ambiguous(f"{option}: {len(rows)} {kind}s have the name {name!r}: {ids}. {way_out}.")
    return rows[0] if rows else None


def the_vm(reader: Reader, vm: str, zone: t.Optional[str]) -> t.Optional[Raw]:
    """The VM with this name, display name or id, in a zone if one is given. Raises :class:`Ambiguous`."""
    return the_one(reader.vms_called(vm, zone_id(reader, zone)), "VM", vm, "vm", "Give the id of the one that is meant")
