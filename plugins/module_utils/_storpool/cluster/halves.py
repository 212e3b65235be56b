# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StorPool's halves of what CloudStack has: found by what CloudStack knows of them, as objects that modules return."""

from __future__ import annotations

import typing as t

from . import results
from .reader import Raw, Reader


def of_snapshots(reader: Reader, ids: t.Iterable[str]) -> t.Dict[str, t.Dict[str, t.Any]]:
    """The snapshots that CloudStack's StorPool driver has taken for volume snapshots of CloudStack (ids), by these ids; one list call.

    They have tags that say so. The first drivers knew no tags, and gave them the id for a name.
    """
    wanted = frozenset(ids)
    found: t.Dict[str, t.Dict[str, t.Any]] = {}
    for raw in reader.snapshots():
        key = key_of(raw)
        if key in wanted:
            found[key] = results.snapshot(raw)
    return found


def of_volumes(reader: Reader, references: t.Iterable[str]) -> t.Dict[str, t.Dict[str, t.Any]]:
    """The volumes with these names or ``~`` and global ids, by these; one call each."""
    found = ((reference, reader.volume(reference)) for reference in references)
    return {reference: results.volume(raw) for reference, raw in found if raw is not None}


def key_of(raw: Raw) -> str:
    """What CloudStack knows a snapshot by, if it is one of its volume snapshots: the tag ``uuid``, or the name."""
    tags = raw.get("tags") or {}
    return str(tags["uuid"] if tags.get("cs") == "snapshot" and "uuid" in tags else raw.get("name"))
