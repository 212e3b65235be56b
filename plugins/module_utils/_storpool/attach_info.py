# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading attachments: one list call, whatever is asked for."""

from __future__ import annotations

import typing as t

from . import attach_want, names, results
from .api import Api
from .reader import Raw, Reader, is_of

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "volume": {"type": "str"},
        "snapshot": {"type": "str"},
        "clients": {"type": "list", "elements": "str", "aliases": ["client"]},
    },
    "mutually_exclusive": [["volume", "snapshot"]],
}


def read(api: Api, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """``attachments`` as :func:`results.attachment` has them, sorted by object and client. What does not exist has none.

    Raises :class:`InvalidOption` for references and clients that cannot be, :class:`NotConfigured` if ``here`` is asked for and has no id.
    """
    what = "snapshot" if params["volume"] is None else "volume"
    reference = None if params[what] is None else names.reference(params[what], what, what)
    clients = attach_want.clients(params["clients"])
    reader = Reader(api)
    rows = [row for row in reader.attachments() if clients is None or int(row["client"]) in clients]
    if reference is not None:
        rows = [row for row in _of(reader, what, reference, rows) if bool(row["snapshot"]) == (what == "snapshot")]
    shown = [results.attachment(row) for row in rows]
    return {"attachments": sorted(shown, key=lambda row: (row["name"] or "", row["global_id"] or "", row["client"]))}


def _of(reader: Reader, what: str, reference: str, rows: t.Sequence[Raw]) -> t.Sequence[Raw]:
    """The attachments of one object. Servers that do not list global ids have to be asked for the name that belongs to one."""
    if not reference.startswith("~"):
        return [row for row in rows if row["volume"] == reference]
    if all(row.get("globalId") for row in rows):
        return [row for row in rows if row["globalId"] == reference[1:]]
    thing = (reader.volume if what == "volume" else reader.snapshot)(reference)
    return [row for row in rows if thing and is_of(row, thing)]
