# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the volume snapshots that CloudStack lists are there, and what StorPool has of them."""

from __future__ import annotations

import typing as t

from ..._common.errors import Failure, NotConfigured
from ..cloud import versions
from ..cloud.reader import Raw, Reader
from ..cloud.snapshots import OF_VOLUMES
from ..cloud.versions import Version


class There(t.NamedTuple):
    """The snapshots that are there, and StorPool's halves of them by CloudStack's id; ``unasked`` is why StorPool, which could be asked, did not say."""

    rows: t.Tuple[Raw, ...]
    halves: t.Mapping[str, Raw]
    unasked: t.Optional[str] = None

    def half(self, row: Raw) -> t.Optional[Raw]:
        """What StorPool has of a snapshot."""
        return self.halves.get(str(row["id"]))


def lists_deleted(version: Version) -> bool:
    """Whether a snapshot that CloudStack lists may have been deleted; then only StorPool knows."""
    return versions.LISTS_DELETED_SNAPSHOTS <= version < versions.LISTS_THEM_NO_MORE


def there(reader: Reader, rows: t.Iterable[Raw], must_know: bool) -> There:
    """Those of the listed snapshots that are there.

    Where CloudStack lists what was deleted, that cannot be said without StorPool: if one ``must_know``, the failure to ask it is raised.
    """
    listed = tuple(row for row in rows if row.get("state") not in OF_VOLUMES.gone)
    ids = [str(row["id"]) for row in listed if row.get("state") == OF_VOLUMES.ready]
    if not ids:
        return There(listed, {})
    deleted_ones = lists_deleted(reader.version())
    try:
        halves = reader.snapshots_on_storpool(ids)
    except Failure as failure:
        name = repr(str(listed[0]["name"]))
        if deleted_ones and must_know:
            what = f"look on StorPool for snapshot {name}, since CloudStack {reader.version()} goes on to list snapshots that were deleted"
            raise failure.while_doing(what) from None
        if isinstance(failure, NotConfigured):
            return There(listed, {})
        return There(listed, {}, f"What StorPool has of snapshot {name} is not known: {failure.message}")
    if deleted_ones:
        listed = tuple(row for row in listed if row.get("state") != OF_VOLUMES.ready or row["id"] in halves)
    return There(listed, halves)
