# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan for one volume has to know, and what it finds in it."""

from __future__ import annotations

import typing as t

from ..cloud import named
from ..cloud.reader import Raw
from ..cloud.versions import Version
from .want import Want


class Current(t.NamedTuple):
    """All but the version and the volume is read only if the plan can depend on it.

    ``there`` is all that there is of a kind, read to tell of it, if what is wanted is not among it.
    """

    version: Version
    row: t.Optional[Raw] = None
    zone: t.Optional[Raw] = None
    owner: t.Mapping[str, str] = {}  # as commands are given it
    offerings: t.Tuple[Raw, ...] = ()  # all that are active
    pools: t.Tuple[Raw, ...] = ()  # of every zone and provider
    vms: t.Tuple[Raw, ...] = ()  # those that the wanted VM may be
    neighbours: t.Tuple[Raw, ...] = ()  # the volumes of it
    snapshots: t.Tuple[Raw, ...] = ()  # those that the wanted one may be
    disks: t.Tuple[Raw, ...] = ()  # all of the VM that has the volume, if they go to another pool only with it
    hosts: t.Tuple[Raw, ...] = ()  # those that this VM may go to
    there: t.Mapping[str, t.Tuple[Raw, ...]] = {}

    def is_zone_missing(self, wanted: Want) -> bool:
        """Whether the zone that is wanted is not there."""
        return wanted.zone is not None and self.zone is None

    @property
    def zone_id(self) -> t.Optional[str]:
        """The zone of the volume, or that it is to be made in, as far as it is known."""
        for row in (self.row, self.zone, *self.snapshots[:1], *self.vms[:1]):
            if row and (row.get("zoneid") or row is self.zone):
                return str(row["id"] if row is self.zone else row["zoneid"])
        return None

    def wanted_offering(self, wanted: Want) -> t.Optional[Raw]:
        """The disk offering that the task names. Raises :class:`NotFound` and :class:`Ambiguous`."""
        if wanted.offering is None:
            return None
        return named.needed("disk_offering", "disk offering", wanted.offering, self.offerings)

    def wanted_pool(self, wanted: Want) -> t.Optional[Raw]:
        """The pool that the task names, in the zone of the volume. Ids of StorPool pools are no UUIDs."""
        if wanted.pool is None:
            return None
        here = [row for row in self.pools if row.get("zoneid") == self.zone_id] if self.zone_id else self.pools
        return named.needed("storage_pool", "primary storage pool", wanted.pool, here)

    def wanted_vm(self, wanted: Want) -> t.Optional[Raw]:
        """The VM that is to have the volume, if one is."""
        if not wanted.vm:
            return None
        return named.needed(
            "vm", "VM", wanted.vm, self.vms, self.there.get("vms", ()), (("id",), ("name", "displayname"))
        )

    def wanted_snapshot(self, wanted: Want) -> t.Optional[Raw]:
        """The snapshot that a new volume is to be made from, if one is."""
        if wanted.snapshot is None:
            return None
        there = self.there.get("snapshots", ())
        return named.needed("snapshot", "volume snapshot", wanted.snapshot, self.snapshots, there)

    def offering_of(self, row: Raw) -> Raw:
        """The disk offering of a volume; empty for one that is not active any more, and for a root disk without."""
        return next((each for each in self.offerings if each["id"] == row.get("diskofferingid")), {})

    def pool_of(self, row: Raw) -> t.Optional[Raw]:
        """The pool that a volume is on."""
        return next((each for each in self.pools if each["id"] == row.get("storageid")), None)


def vm_of(row: Raw) -> str:
    """What sentences call the VM of a volume."""
    return f"VM {str(row.get('vmdisplayname') or row.get('vmname') or row.get('virtualmachineid'))!r}"


def who(row: Raw) -> str:
    """What sentences call a volume that is there."""
    return f"volume {row['name']!r}"
