# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task may want of a volume snapshot, checked."""

from __future__ import annotations

import typing as t


class Want(t.NamedTuple):
    """A desired volume snapshot. Texts are checked; one of ``name`` and ``snapshot_id`` is given; ``None`` is "leave it", of a zone "any"."""

    present: bool
    name: t.Optional[str]
    snapshot_id: t.Optional[str]
    volume: t.Optional[str]
    zone: t.Optional[str]
    backup: t.Optional[bool]
    tags: t.Optional[t.Mapping[str, str]]
    purge_tags: bool
    wait_timeout: int
    async_backup: bool = False
    quiesce_vm: bool = False

    def is_of(self, row: t.Mapping[str, t.Any]) -> bool:
        """Whether a snapshot was taken of the volume that the task names, which may be gone."""
        return self.volume is None or self.volume in (row.get("volumeid"), row.get("volumename"))
