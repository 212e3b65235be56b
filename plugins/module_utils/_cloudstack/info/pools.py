# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StorPool pools: all with one list call, then those that were asked for."""

from __future__ import annotations

import fnmatch
import typing as t

from ..cloud import identity, results, versions
from ..cloud.reader import Raw, Reader

SPEC_POOLS: t.Dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "list", "elements": "str"},
        "zone": {"type": "str"},
        "template": {"type": "str"},
        "tags": {"type": "list", "elements": "str"},
        "hosts": {"type": "bool", "default": False},
    }
}


def pools(reader: Reader, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The StorPool pools that meet all the given conditions, by zone and name; with ``hosts``, also which hosts have connected them."""
    rows = identity.within(reader.pools(), "zone", params["zone"])
    found = [row for row in rows if identity.is_storpool(row) and _is_wanted(row, params)]
    found.sort(key=lambda row: (str(row.get("zonename")), str(row["name"]), str(row["id"])))
    asks = params["hosts"] and found and reader.version() >= versions.SHOWS_CONNECTED_HOSTS
    return {"pools": [results.pool(row, reader.connections(row).names() if asks else None) for row in found]}


def _is_wanted(row: Raw, params: t.Mapping[str, t.Any]) -> bool:
    patterns, template, tags = (params[option] for option in ("name", "template", "tags"))
    return (
        (patterns is None or any(fnmatch.fnmatchcase(str(row["name"]), pattern) for pattern in patterns))
        and (template is None or identity.template_of(row) == template)
        and (tags is None or set(tags) <= set(results.tags(row)))
    )
