# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only one of the books has: orphans, what is lost, and what was meant to be there for a moment only.

StorPool does not say which cloud made an object. What has CloudStack's tags counts as this cloud's if its StorPool template is that of one of the pools that
are looked at. Where another cloud uses the same template, its objects cannot be told from orphans: if anything of that kind is attached to a client that is
no host of this cloud, the template counts as shared, and nothing on it is deleted.
"""

from __future__ import annotations

import typing as t

from .._common.plan import Step
from .books import (
    CHECK,
    DELAYED,
    GROUP,
    SNAPSHOT,
    SYSTEM_VOLUMES,
    TEMPLATE,
    TEMPORARY,
    VOLUME,
    Ledger,
    Row,
    reference,
    tag,
)
from .finding import INFO, Finding, of_cloudstack, of_storpool

#: Tags of an object that an image is being copied to, by this collection.
IMAGE_STATE, UNFINISHED = "img-state", "unfinished"


def findings(ledger: Ledger) -> t.Iterator[Finding]:
    """``orphan_volume``, ``orphan_snapshot``, ``lost_volume``, ``lost_snapshot`` and ``left_temporary``."""
    groups = {str(row["id"]) for row in ledger.cloud.vm_snapshots}
    grouped = {str(row.get("virtualmachineid")) for row in ledger.cloud.vm_snapshots}
    for thing in ledger.cluster.volumes:
        yield from _orphan_volume(ledger, thing)
        yield from _left(ledger, "volume", thing, _why_volume(thing))
    for thing in ledger.cluster.snapshots:
        yield from _orphan_snapshot(ledger, thing)
        needed = tag(thing, "uuid") in groups or tag(thing, "cvm") in grouped
        yield from _left(ledger, "snapshot", thing, _why_snapshot(thing, needed))
    yield from _lost(ledger)


def _is_ours(ledger: Ledger, thing: Row) -> bool:
    return thing.get("templateName") in ledger.templates


def _label(what: str, thing: Row) -> str:
    return f"{what} {reference(thing)}"


def _orphan_volume(ledger: Ledger, thing: Row) -> t.Iterator[Finding]:
    if tag(thing, "cs") != VOLUME or not _is_ours(ledger, thing) or ledger.is_known(thing):
        return
    hidden = ledger.cloud.version < SYSTEM_VOLUMES
    more = (
        " CloudStack before 4.18 does not list volumes of system VMs, so it may be one of these: look before it is deleted."
        if hidden
        else ""
    )
    yield from _orphan(ledger, "volume", thing, f"CloudStack has no such volume (any more).{more}", not hidden)


def _orphan_snapshot(ledger: Ledger, thing: Row) -> t.Iterator[Finding]:
    kind, uuid = tag(thing, "cs"), tag(thing, "uuid")
    if not _is_ours(ledger, thing):
        return
    if kind == SNAPSHOT and uuid not in ledger.snapshot_ids:
        yield from _orphan(ledger, "snapshot", thing, "CloudStack has no such volume snapshot (any more).", bool(uuid))
    elif kind == TEMPLATE and uuid not in ledger.template_ids:
        text = "CloudStack shows no such template (any more). VMs that were made of it may need the copy still; CloudStack's own cleanup removes it."
        yield from _orphan(ledger, "snapshot", thing, text, False)


def _orphan(ledger: Ledger, what: str, thing: Row, why: str, mends: bool) -> t.Iterator[Finding]:
    aged = ledger.has_age(thing)
    if aged is False:
        return
    clients, template = ledger.attachments(thing), str(thing.get("templateName"))
    shared = template in ledger.shared
    after = "See what is in it, then delete it in StorPool."
    if clients:
        after = "It is attached, so something uses it: find out what, before it is deleted."
    elif shared:
        after = "Ask the other cloud that uses this StorPool template; nothing of it is deleted here."
    elif not mends:
        after = "See whether it is needed, then delete it in StorPool by hand."
    said = (
        f"Another cloud seems to use StorPool template {template!r} as well, so it may be that one's."
        if shared
        else f"It counts as this cloud's because of its StorPool template {template!r}; if another cloud uses that as well, it may be that one's."
    )
    yield Finding(
        f"orphan_{what}",
        _label(what, thing),
        f"StorPool has {what} {reference(thing)} with CloudStack's tags, and {why} {said}",
        after,
        storpool=of_storpool(thing, clients),
        steps=(_delete(what, thing),) if mends and aged and not clients and not shared else (),
        milder=INFO if shared or tag(thing, "cs") == TEMPLATE else None,
    )


def _why_volume(thing: Row) -> t.Optional[str]:
    kind = tag(thing, "cs")
    if kind == TEMPORARY:
        return "It was made for an operation that is over"
    if kind == TEMPLATE:
        return "A template was being copied to it, and the copy was not finished"
    return "It is a check volume that no host has" if kind == CHECK else _why_image(thing)


def _why_snapshot(thing: Row, needed: bool) -> t.Optional[str]:
    kind = tag(thing, "cs")
    if kind == TEMPORARY:
        return "It was made for an operation that is over"
    if kind == GROUP and not needed:
        return "It is of a VM snapshot that CloudStack does not have (any more)"
    if kind == DELAYED and not thing.get("targetDeleteDate"):
        return "It was to be deleted after a while, and StorPool knows no date for it"
    return _why_image(thing)


def _why_image(thing: Row) -> t.Optional[str]:
    return "An image was being copied with it, and the run is gone" if tag(thing, IMAGE_STATE) == UNFINISHED else None


def _left(ledger: Ledger, what: str, thing: Row, why: t.Optional[str]) -> t.Iterator[Finding]:
    own = tag(thing, IMAGE_STATE) == UNFINISHED
    if why is None or not (own or _is_ours(ledger, thing)) or ledger.attachments(thing) or ledger.is_known(thing):
        return
    aged = ledger.has_age(thing)
    if aged is False:
        return
    keeps = tag(thing, "cs") in (CHECK, DELAYED) or thing.get("templateName") in ledger.shared
    yield Finding(
        "left_temporary",
        _label(what, thing),
        f"StorPool has {what} {reference(thing)}, which nothing uses. {why}.",
        "CloudStack may look for it still, so delete it by hand only." if keeps else "Delete it.",
        storpool=of_storpool(thing, {}),
        steps=(_delete(what, thing),) if aged and not keeps else (),
    )


def _lost(ledger: Ledger) -> t.Iterator[Finding]:
    volumes = {}
    for row, pool in ledger.ready():
        volumes[str(row["id"])] = row
        if ledger.half_of(row) is None and ledger.is_old(row):
            yield Finding(
                "lost_volume",
                "volume {0}".format(row["id"]),
                "CloudStack says that volume {0!r} is Ready on pool {1!r}, and StorPool has no volume {2}.".format(
                    row["name"], pool["name"], row["reference"]
                ),
                "Look for a snapshot or a backup of it, on StorPool and in CloudStack, and see whether the pool is of this StorPool cluster.",
                cloudstack=of_cloudstack(row, "path", "storage", "vmname", "size"),
            )
    there = {tag(thing, "uuid") for thing in ledger.cluster.snapshots}
    there.update(key for thing in ledger.cluster.snapshots for key in thing["keys"])
    for row in ledger.cloud.snapshots:
        volume = volumes.get(str(row.get("volumeid")))
        if volume and row.get("state") == "BackedUp" and str(row["id"]) not in there and ledger.is_old(row):
            yield Finding(
                "lost_snapshot",
                "snapshot {0}".format(row["id"]),
                "CloudStack says that snapshot {0!r} of volume {1!r} is there, and StorPool has no snapshot with its id.".format(
                    row["name"], volume["name"]
                ),
                "It may be on secondary storage, if CloudStack copies snapshots there or the volume came from another pool. If not, it cannot be reverted to.",
                cloudstack=of_cloudstack(row, "volumeid", "volumename", "created", "state"),
            )


def _delete(what: str, thing: Row) -> Step:
    call = "VolumeDelete" if what == "volume" else "SnapshotDelete"
    return Step(call, reference(thing), None, f"delete {what} {reference(thing)}", destroys=reference(thing))
