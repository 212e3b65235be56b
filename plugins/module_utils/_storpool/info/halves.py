# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What StorPool has of the volumes and snapshots of another system, which knows them by its own ids: one list call for a kind, and one for attachments."""

from __future__ import annotations

import typing as t

from ..cluster import results
from ..cluster.halves import key_of
from ..cluster.reader import Raw, Reader, keys_of
from .volumes import attached_to

Half = t.Dict[str, t.Any]

#: What is shown of a volume or snapshot, as its own info module has it.
_SHOWN = ("name", "global_id", "size", "template", "iops", "bw", "limit_type", "tags")


def volumes(reader: Reader) -> t.Dict[str, Half]:
    """What there is of each volume, by its name and by ``~`` and each of its global ids."""
    return _by(reader, reader.volumes(), keys_of)


def snapshots(reader: Reader) -> t.Dict[str, Half]:
    """What there is of each snapshot, by what CloudStack knows it by if it is one of its volume snapshots."""
    rows = sorted(reader.snapshots(), key=lambda raw: str(raw["globalId"]), reverse=True)
    return _by(reader, rows, lambda raw: [key_of(raw)])


def _by(reader: Reader, rows: t.Sequence[Raw], keys: t.Callable[[Raw], t.Iterable[str]]) -> t.Dict[str, Half]:
    """The halves by their keys; of several with one key, the last."""
    attached = attached_to(reader.attachments()) if rows else lambda _raw: []
    found: t.Dict[str, Half] = {}
    for raw in rows:
        whole = results.volume(raw)
        half = {member: whole[member] for member in _SHOWN}
        half["clients"] = attached(raw)
        found.update(dict.fromkeys(keys(raw), half))
    return found
