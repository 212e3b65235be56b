# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disk offerings for a volume that has to be on StorPool with a size that its user chooses: which fit, and why another does not."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption
from ..._common.words import listing, there_is
from ..cloud import identity, named
from ..cloud.reader import Raw, Reader
from . import place

_LIMITS = "custom.diskoffering.size."


def check_offering(reader: Reader, wanted: str, vm: Raw, gib: int) -> None:
    """Raise :class:`InvalidOption` unless the volumes of a disk offering can have so many GiB, and go to StorPool for a VM; which do is told."""
    offerings, pools = reader.every_disk_offering(), reader.pools()
    offering = named.needed("disk_offering", "disk offering", wanted, offerings)
    why = problem(offering, pools, vm)
    if why:
        fits = [str(each["name"]) for each in offerings if problem(each, pools, vm) is None]
        has = there_is(f"For this, zone {vm.get('zonename')!r}", fits)
        raise InvalidOption(f"disk_offering: {offering['name']!r} cannot be used: {why}. {has}")
    limits = {str(row["name"])[len(_LIMITS) :]: str(row.get("value") or "") for row in reader.settings_like(_LIMITS)}
    for name, is_beyond in (("min", gib.__lt__), ("max", gib.__gt__)):
        value = limits.get(name, "")
        if value.isdecimal() and is_beyond(int(value)):
            raise InvalidOption(
                f"disk_offering: the volume needs {gib} GiB, and the setting {_LIMITS}{name} of CloudStack is {value}. Change the setting "
                "(cloudstack_configuration), then run the task again."
            )


def problem(offering: Raw, pools: t.Iterable[Raw], vm: Raw) -> t.Optional[str]:
    """Why a new volume of an offering would not surely be on StorPool, in any size, for a VM; ``None`` if it would."""
    if not offering.get("iscustomized"):
        return "it has one size, and the size has to be that of the backup"
    zone = vm.get("zoneid")
    if offering.get("zoneid") and zone not in str(offering["zoneid"]).split(","):
        return f"it is not for zone {vm.get('zonename')!r}"
    if str(offering.get("storagetype")).lower() == "local":
        return "its volumes are on local storage of hosts"
    here = [
        row
        for row in pools
        if row.get("zoneid") == zone and row.get("state") == "Up" and not place.missing_tags(offering, row)
    ]
    if not any(map(identity.is_storpool, here)):
        return "no StorPool pool that is Up has its storage tags"
    others = [repr(row["name"]) for row in here if not identity.is_storpool(row) and row.get("scope") != "HOST"]
    return f"CloudStack could put its volumes on {listing(others)} as well, which is not StorPool's" if others else None
