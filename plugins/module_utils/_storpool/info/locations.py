# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading what a cluster knows of other places: locations, clusters, bridges, what it exports there, and what is exported to it. Each is one call."""

from __future__ import annotations

import typing as t

from ..._common.errors import NotFound
from ..cluster import places
from ..cluster.reader import Raw, Reader, has_tags
from ..connection.clusters import registered
from ..objects import policy

#: What can be asked for.
SUBSETS = ("locations", "clusters", "bridges", "exports", "remote_snapshots")

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "gather": {
            "type": "list",
            "elements": "str",
            "choices": list(SUBSETS),
            "default": ["locations", "clusters", "bridges"],
        },
        "location": {"type": "str"},
        "tags": {"type": "dict"},
    },
}


def read(reader: Reader, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """All subsets by name, ``None`` where one is not asked for. Raises :class:`NotFound` for a location that is not registered."""
    wanted, tags = params["location"], policy.match_tags(params["tags"], "tags")
    gather = frozenset(params["gather"])
    raw = reader.locations() if wanted or not gather.isdisjoint(("locations", "clusters")) else []
    if wanted and wanted not in {row["name"] for row in raw}:
        raise NotFound("location: " + places.no_such_location(wanted, raw))
    readers: t.Dict[str, t.Callable[[], t.List[t.Dict[str, t.Any]]]] = {
        "locations": lambda: [location(row) for row in raw],
        "clusters": lambda: _clusters(reader.clusters(), raw),
        "bridges": lambda: [bridge(row) for row in reader.bridges()],
        "exports": lambda: [places.export(row) for row in reader.exports()],
        "remote_snapshots": lambda: [
            places.remote_snapshot(row) for row in reader.remote_snapshots() if tags is None or has_tags(row, tags)
        ],
    }
    result: t.Dict[str, t.Any] = dict.fromkeys(SUBSETS)
    for subset in (each for each in SUBSETS if each in gather):
        rows = readers[subset]()
        member = "name" if subset == "locations" else "location"
        result[subset] = [row for row in rows if wanted is None or row[member] == wanted]
    return result


def location(raw: Raw) -> t.Dict[str, t.Any]:
    """A location of LocationsList; sizes are bytes, ``None`` where StorPool does not say them."""
    return {
        "id": str(raw["id"]),
        "name": raw["name"],
        "send_buffer_size": raw.get("sendBufferSize"),
        "recv_buffer_size": raw.get("recvBufferSize"),
    }


def _clusters(rows: t.Sequence[Raw], locations: t.Sequence[Raw]) -> t.List[t.Dict[str, t.Any]]:
    known = registered({"clusters": rows}, {"locations": locations})
    return [{"id": each.id, "name": each.name, "location": row["location"]} for each, row in zip(known, rows)]


def bridge(raw: Raw) -> t.Dict[str, t.Any]:
    """A bridge of RemoteBridgesList."""
    return {
        "ip": raw["ip"],
        "location": raw["location"],
        "cluster": raw.get("cluster") or raw.get("remote") or None,
        "public_key": raw.get("publicKey") or None,
        "minimum_delete_delay": raw.get("minimumDeleteDelay"),
        "encrypted": not raw.get("noCrypto"),
    }
