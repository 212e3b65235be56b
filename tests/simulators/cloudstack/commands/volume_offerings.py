# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Changing the disk offering of a volume: the way to another StorPool template or tier (CloudStack 4.17)."""

from __future__ import annotations

from simulators.cloudstack import rows, views
from simulators.cloudstack.commands.vm_power import storpool_of
from simulators.cloudstack.commands.volumes import GIB, VOLUME_ID, choose_limits, existing_volume, tags_of, under_way
from simulators.cloudstack.errors import DriverError, invalid
from simulators.cloudstack.plugin import storage
from simulators.cloudstack.registry import JOB, Context, Param, Plan, command
from simulators.cloudstack.state import State


@command(
    "changeOfferingForVolume",
    JOB,
    None,
    VOLUME_ID,
    Param("diskofferingid", "id", "disk_offerings", required=True),
    Param("size", "long"),
    Param("miniops", "long"),
    Param("maxiops", "long"),
    Param("automigrate", "bool"),
    Param("shrinkok", "bool"),
    feature="change_offering_for_volume",
)
async def change_offering_for_volume(context: Context) -> Plan:
    """A volume that no VM has used yet only gets another row; else its StorPool volume is updated."""
    state, args = context.state, context.args
    volume, offering = existing_volume(state, args["id"]), state.disk_offerings[args["diskofferingid"]]
    size = (args["size"] or 0) * GIB if offering.customized else offering.disk_size * GIB
    pool = storpool_of(state, volume)

    async def run() -> None:
        if pool and not tags_of(offering.tags) <= set(views.pool_tags(state, pool)):
            raise invalid(f"The pool {pool.name} does not have the tags of the disk offering {offering.name}")
        _refuse_shrinking(state, volume, size, bool(args["shrinkok"]))
        before = volume.disk_offering, volume.min_iops, volume.max_iops
        volume.disk_offering = offering.db_id
        volume.min_iops, volume.max_iops = offering.min_iops, offering.max_iops
        choose_limits(volume, offering, args)
        if pool:
            try:
                await storage.change_offering(state, pool, volume, size or volume.size, bool(args["shrinkok"]))
            except DriverError:
                volume.disk_offering, volume.min_iops, volume.max_iops = before
                raise
        volume.size = size or volume.size

    return Plan(under_way(state, volume, "Resizing", run))


def _refuse_shrinking(state: State, volume: rows.Volume, size: int, agreed: bool) -> None:
    """A volume never shrinks below 4.20; from then on it does if the caller says so."""
    if not size or size >= volume.size:
        return
    if not state.release.has("shrinks_nothing_by_offering"):
        if not agreed:
            raise invalid("Unable to shrink volumes of type QCOW2")
        return
    if not agreed:
        raise invalid(
            f"Going from existing size of {volume.size} to size of {size} would shrink the volume.Need to sign off by "
            "supplying the shrinkok parameter with value of true."
        )
