# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disks that go to StorPool together with their VM, which runs and gets another host by that. Pure, like the plan.

KVM itself cannot change what a disk of a VM is made of, unless the VM is migrated. CloudStack does that from any pool to StorPool's, and only if all disks of
the VM are there afterwards: what stays elsewhere would have to be moved by something that knows StorPool not.
"""

from __future__ import annotations

import typing as t
import zlib

from ..._common.errors import NotAllowed
from ..._common.plan import Step
from ..._common.words import listing, sentence
from ..cloud import identity, versions
from ..cloud.reader import Raw
from .current import Current, vm_of, who
from .want import Want

#: The call that moves them.
CALL = "migrateVirtualMachineWithVolume"
_ADVICE = (
    ("VM Snapshots", "CloudStack moves no disks of a VM that has VM snapshots: remove them first."),
    (
        "does not have access",
        "That host has not connected the pool: see what keeps it from that (cloudstack_host_info).",
    ),
    ("already present", "Somebody has migrated the VM meanwhile: run the task again."),
    ("", "The VM and its disks are where they were; the log of the management server tells more."),
)


def is_needed(current: Current, row: Raw, wanted: Want) -> bool:
    """Whether the volume can get to the wanted pool only together with its VM."""
    pool, source = current.wanted_pool(wanted), current.pool_of(row)
    if pool is None or source is None or row.get("vmstate") != "Running":
        return False
    return current.version >= versions.MOVES_LIVE and identity.is_storpool(pool) and not identity.is_storpool(source)


def moved(current: Current, row: Raw, wanted: Want) -> t.List[Raw]:
    """The disks that are moved at once. Raises :class:`NotAllowed` if others of the VM would be left elsewhere than on StorPool, or nobody may move it."""
    what = f"{sentence(who(row))} is not moved: {vm_of(row)} is Running, and"
    if not wanted.allow_vm_migration:
        raise NotAllowed(
            f"{what} its disks go from another kind of pool to StorPool's only together with it, to another host. Set allow_vm_migration to let CloudStack "
            "migrate the VM, stop the VM first, or detach the volume."
        )
    own = [disk for disk in current.disks if disk["id"] == row["id"] or _goes_too(disk, row, wanted)]
    on_storpool = {pool["id"] for pool in current.pools if identity.is_storpool(pool)}
    rest = [disk for disk in current.disks if disk not in own and disk.get("storageid") not in on_storpool]
    if rest:
        names = listing(f"{str(disk['name'])!r} (on {disk.get('storage')!r})" for disk in rest)
        raise NotAllowed(
            f"{what} CloudStack migrates it to StorPool only if all its disks are there afterwards, which {names} would not be. Stop the VM first, or move all "
            "that a pool has at once (cloudstack_pool_evacuation)."
        )
    return sorted(own, key=lambda disk: str(disk["id"]))


def _goes_too(disk: Raw, row: Raw, wanted: Want) -> bool:
    return wanted.with_others and disk.get("storageid") == row.get("storageid")


def step(current: Current, row: Raw, disks: t.Sequence[Raw], pool: Raw, wanted: Want) -> Step:
    """The call that migrates the VM with these disks. Raises :class:`NotAllowed` if no host can take it."""
    suitable = [host for host in current.hosts if host.get("suitableformigration")]
    if not suitable:
        names = listing(sorted(str(host["name"]) for host in current.hosts)) or "none"
        raise NotAllowed(
            f"{sentence(who(row))} is not moved: {vm_of(row)} would have to go to another host with it, and CloudStack says that no other is suitable for it "
            f"(it looked at: {names})."
        )
    # Many VMs get many hosts, and one VM the same one whenever it is looked at.
    host = min(suitable, key=lambda each: zlib.crc32(f"{row['virtualmachineid']} {each['id']}".encode()))
    body = {
        "virtualmachineid": row["virtualmachineid"],
        "hostid": host["id"],
        "migrateto": [{"volume": disk["id"], "pool": pool["id"]} for disk in disks],
    }
    names = listing(repr(str(disk["name"])) for disk in disks)
    words = (
        f"migrate {vm_of(row)} to host {host['name']!r}, and its disks {names} to primary storage pool {pool['name']!r}"
    )
    return Step(CALL, None, body, words, timeout=wanted.wait_timeout, advice=_ADVICE)
