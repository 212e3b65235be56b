# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volume a snapshot was taken of.

StorPool's listings have it in ``createdFromGlobalId``, which old servers leave out, and for which snapshots copied from elsewhere hold no volume of
this cluster (vendor client ``sptypes``: optional, internal). So it decides no more than whether to refuse: what is not known is not held against a task.
"""

from __future__ import annotations

import typing as t

from ..connection import ids as identity
from .reader import Raw, Reader


def global_id(snapshot: Raw) -> t.Optional[str]:
    """The global id of the volume that the snapshot was taken of; ``None`` if the listing does not say it."""
    origin = snapshot.get("createdFromGlobalId")
    return str(origin) if origin and origin != snapshot.get("globalId") else None


def is_of(snapshot: Raw, volume: Raw) -> t.Optional[bool]:
    """Whether the snapshot was taken of this volume; ``None`` if that is not known."""
    origin = global_id(snapshot)
    if origin is None:
        return True if snapshot.get("onVolume") == volume["name"] else None
    return origin in identity.ids(volume) or _has_number(snapshot, volume, origin)


def settled(snapshot: Raw, volume: t.Optional[Raw]) -> Raw:
    """The snapshot with the id by which the volume that it was taken of stays known, if that is this volume; else as it is."""
    if volume is None or global_id(snapshot) is None or not is_of(snapshot, volume):
        return snapshot
    return dict(snapshot, createdFromGlobalId=volume["globalId"])


def volume(reader: Reader, snapshot: Raw) -> t.Optional[Raw]:
    """The volume that the snapshot was taken of, if it is there and known by the id that is listed of it."""
    origin = global_id(snapshot)
    return reader.volume("~" + origin) if origin else None


def all_settled(snapshots: t.Iterable[Raw], volumes: t.Iterable[Raw]) -> t.List[Raw]:
    """Snapshots as of :func:`settled`, each with the one of the volumes that it was taken of."""
    known: t.Dict[t.Any, Raw] = {}
    for each in volumes:
        known.update(dict.fromkeys([*identity.ids(each), each.get("visibleVolumeId")], each))
    return [
        settled(each, known.get(global_id(each)) or known.get(each.get("createdFromVisibleVolumeId")))
        for each in snapshots
    ]


def _has_number(snapshot: Raw, volume: Raw, origin: str) -> bool:
    """Whether the snapshot was taken of the volume that has this number, if the id it was taken of was given by the same cluster.

    A server may list the id that a volume had at that time, by which nobody knows it any more after two reverts; its number stays. Another cluster's
    numbers say nothing: snapshots that were copied from there have them.
    """
    number = snapshot.get("createdFromVisibleVolumeId")
    cluster = identity.global_id(volume).rpartition(".")[0]
    return bool(number) and number == volume.get("visibleVolumeId") and origin.rpartition(".")[0] == cluster
