# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading attachments: one list call, and a read of what they are of, as only that shows by which of its ids a volume stays known, and whose it is."""

from __future__ import annotations

import typing as t

from ..cluster import names, results
from ..cluster.reader import Raw, Reader, is_of, keys_of, owner_of
from ..connection import ids as identity
from ..objects import attach_want

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "volume": {"type": "str"},
        "snapshot": {"type": "str"},
        "clients": {"type": "list", "elements": "str", "aliases": ["client"]},
    },
    "mutually_exclusive": [["volume", "snapshot"]],
}


def read(reader: Reader, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """``attachments`` as :func:`results.attachment` has them, sorted by object and client. What does not exist has none.

    Raises :class:`InvalidOption` for references and clients that cannot be, :class:`NotConfigured` if ``here`` is asked for and has no id.
    """
    what = "snapshot" if params["volume"] is None else "volume"
    reference = None if params[what] is None else names.reference(params[what], what, what)
    clients = attach_want.clients(params["clients"])
    rows = [row for row in reader.attachments() if clients is None or int(row["client"]) in clients]
    if reference is None:
        rows = _settled(reader, rows)
    else:
        rows = _of(reader, what, reference, [row for row in rows if bool(row["snapshot"]) == (what == "snapshot")])
    shown = [results.attachment(row) for row in rows]
    return {"attachments": sorted(shown, key=lambda row: (row["name"] or "", row["global_id"] or "", row["client"]))}


def _of(reader: Reader, what: str, reference: str, rows: t.Sequence[Raw]) -> t.List[Raw]:
    """The attachments of one object."""
    thing = (reader.volume if what == "volume" else reader.snapshot)(reference) if rows else None
    return [_attached(row, thing) for row in rows if thing and is_of(row, thing)]


def _settled(reader: Reader, rows: t.Sequence[Raw]) -> t.List[Raw]:
    """Attachments with the ids by which what is attached stays known, and its tags."""
    things: t.List[Raw] = []
    if any(not row["snapshot"] for row in rows):
        things += reader.volumes()
    if any(row["snapshot"] for row in rows):
        things += reader.snapshots()
    owners = {key: thing for thing in things for key in keys_of(thing)}
    return [_attached(row, owners[owner_of(row)]) if owner_of(row) in owners else row for row in rows]


def _attached(row: Raw, thing: Raw) -> Raw:
    return dict(identity.attached(row, thing), tags=thing.get("tags"))
