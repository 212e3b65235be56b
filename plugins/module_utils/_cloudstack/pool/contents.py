# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a pool, and what a task may do to it: VMs that maintenance would stop, and data that keeps a pool from being removed."""

from __future__ import annotations

import typing as t

from ..._common.errors import NotAllowed
from ..._common.plan import Step
from ..._common.words import listing, sentence
from ..cloud.reader import Raw, Reader

#: States of a VM in which maintenance of its pool stops it, or gets into the way of what it is doing.
_LIVE = ("Running", "Starting", "Stopping", "Migrating")
#: States of a volume that only waits to be expunged.
_GOING = ("Destroy", "Destroying", "Expunging")


class Contents(t.NamedTuple):
    """The volumes on a pool, those that wait to be expunged, those of system VMs, and the snapshots of the first."""

    volumes: t.Tuple[Raw, ...] = ()
    going: t.Tuple[Raw, ...] = ()
    system: t.Tuple[Raw, ...] = ()
    snapshots: t.Tuple[Raw, ...] = ()


class Consent(t.NamedTuple):
    """What the task says may be done to the contents of a pool; the fields are the options."""

    stop_vms: bool
    delete_volumes: bool
    delete_snapshots: bool
    expunge_destroyed_volumes: bool


def read(reader: Reader, pool: Raw, removing: bool) -> Contents:
    """What is on a pool. Snapshots are read only if it is to be removed."""
    rows = reader.volumes_on(pool["id"])
    volumes = tuple(row for row in rows if not is_going(row))
    ids = frozenset(row["id"] for row in volumes)
    snapshots = reader.volume_snapshots(zoneid=pool["zoneid"]) if removing and ids else []
    return Contents(
        volumes,
        tuple(row for row in rows if is_going(row)),
        tuple(reader.system_volumes_on(pool["id"])),
        tuple(row for row in snapshots if row.get("volumeid") in ids),
    )


def is_going(volume: Raw) -> bool:
    """Whether a volume was destroyed, and only waits to be expunged."""
    return volume.get("state") in _GOING


def check_vms(what: str, contents: Contents, consent: Consent) -> None:
    """Raise :class:`NotAllowed` if maintenance would stop VMs and the task does not say that it may."""
    stopped = sorted({_vm(row) for row in contents.volumes + contents.system if row.get("vmstate") in _LIVE})
    if stopped and not consent.stop_vms:
        raise NotAllowed(
            "{0} is not put into maintenance, because CloudStack would stop {1} that {2} volumes on it: {3}. Stop or migrate {4}, or set stop_vms.".format(
                sentence(what),
                _count(stopped, "running VM"),
                "has" if len(stopped) == 1 else "have",
                listing(stopped),
                "it" if len(stopped) == 1 else "them",
            )
        )


def clear(what: str, contents: Contents, consent: Consent, timeout: float) -> t.Tuple[Step, ...]:
    """The calls that delete what keeps a pool from being removed; volumes of VMs are never among it.

    Raises :class:`NotAllowed` for what the task does not say may be deleted.
    """
    attached = [row for row in contents.volumes if row.get("virtualmachineid")]
    if attached:
        raise NotAllowed(
            "{0} is not removed: {1} of VMs on it: {2}. Destroy and expunge these VMs, or migrate the volumes to another pool.".format(
                sentence(what), _there(attached, "volume"), _names(attached)
            )
        )
    _check(what, contents.volumes, "volume", "delete_volumes", consent.delete_volumes, "They belong to no VM")
    _check(
        what,
        contents.snapshots,
        "volume snapshot",
        "delete_snapshots",
        consent.delete_snapshots,
        "They are of volumes that are on the pool",
    )
    _check(
        what,
        contents.going,
        "destroyed volume",
        "expunge_destroyed_volumes",
        consent.expunge_destroyed_volumes,
        "CloudStack expunges them by and by; to do it now it expunges the destroyed volumes of the whole cloud, on every pool and of every account",
    )
    snapshots = (
        Step(
            "deleteSnapshot",
            None,
            {"id": row["id"]},
            f"delete volume snapshot {row['name']!r}",
            timeout=timeout,
            destroys=row["id"],
        )
        for row in contents.snapshots
    )
    volumes = (
        Step(
            "deleteVolume",
            None,
            {"id": row["id"]},
            f"delete volume {row['name']!r}",
            timeout=timeout,
            destroys=row["id"],
        )
        for row in contents.volumes
    )
    return (*snapshots, *volumes)


def losses(contents: Contents) -> t.Tuple[str, ...]:
    """What is destroyed for good when a pool is cleared and removed, in sentences."""
    told = []
    for rows, what in ((contents.volumes, "volume"), (contents.snapshots, "volume snapshot")):
        if rows:
            told.append(f"All data of {_count(rows, what)} is lost: {_names(rows)}.")
    if contents.going:
        told.append("The destroyed volumes of the whole cloud are expunged and can no longer be recovered.")
    return tuple(told)


def _check(what: str, rows: t.Sequence[Raw], kind: str, option: str, allowed: bool, words: str) -> None:
    if rows and not allowed:
        raise NotAllowed(
            f"{sentence(what)} is not removed: {_there(rows, kind)} on it: {_names(rows)}. {words}. Delete them first, or set {option} to have it done."
        )


def _there(rows: t.Sequence[Raw], kind: str) -> str:
    return "there {0} {1}".format("is" if len(rows) == 1 else "are", _count(rows, kind))


def _count(things: t.Sequence[t.Any], kind: str) -> str:
    return f"{len(things)} {kind}{'' if len(things) == 1 else 's'}"


def _names(rows: t.Sequence[Raw]) -> str:
    return listing(
        sorted("{0!r}{1}".format(row["name"], " of " + _vm(row) if row.get("virtualmachineid") else "") for row in rows)
    )


def _vm(row: Raw) -> str:
    return str(row.get("vmdisplayname") or row.get("vmname") or row.get("virtualmachineid"))
