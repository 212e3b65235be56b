# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which volume a snapshot was taken of.

StorPool's listings have it in ``createdFromGlobalId``, which old servers leave out, and for which snapshots copied from elsewhere hold no volume of
this cluster (vendor client ``sptypes``: optional, internal). So it decides no more than whether to refuse: what is not known is not held against a task.
"""

from __future__ import annotations

import typing as t

from .reader import Raw


def ids(volume: Raw) -> t.FrozenSet[str]:
    """The global ids that a volume has, and had before it was moved between clusters."""
    return frozenset(str(volume[key]) for key in ("globalId", "preservedGlobalId") if volume.get(key))


def global_id(snapshot: Raw) -> t.Optional[str]:
    """The global id of the volume that the snapshot was taken of; ``None`` if the listing does not say it."""
    origin = snapshot.get("createdFromGlobalId")
    return str(origin) if origin and origin != snapshot.get("globalId") else None


def is_of(snapshot: Raw, volume: Raw) -> t.Optional[bool]:
    """Whether the snapshot was taken of this volume; ``None`` if that is not known."""
    origin = global_id(snapshot)
    if origin is None:
        return True if snapshot.get("onVolume") == volume["name"] else None
    return origin in ids(volume)
