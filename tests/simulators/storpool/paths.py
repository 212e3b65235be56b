# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The path grammar: ``/ctrl/1.0/[RemoteCommand/<x>/][MultiCluster/][AllClusters/]<Query>[/<arg>[/<arg>]]``."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

PREFIX = "/ctrl/1.0/"
TWO_PART_NAMES = ("KV",)


@dataclass(frozen=True)
class Path:
    """``remote``: the cluster of RemoteCommand/, a name or ``~id``; ``json``: the ``?json=`` argument."""

    name: str
    targets: tuple[str, ...] = ()
    remote: str | None = None
    multi: bool = False
    every: bool = False
    json: str | None = None


def parse(raw: str) -> Path:
    """What a path as received asks for; anything outside the grammar becomes a name that no call has."""
    path, _mark, query = raw.partition("?")
    if not path.startswith(PREFIX):
        return Path(path)
    parts = [unquote(part) for part in path[len(PREFIX) :].split("/")]
    remote = None
    if parts[0] == "RemoteCommand" and len(parts) > 2:
        remote = parts[1]
        del parts[:2]
    multi = len(parts) > 1 and parts[0] == "MultiCluster"
    if multi:
        del parts[0]
    every = len(parts) > 1 and parts[0] == "AllClusters"
    if every:
        del parts[0]
    words = 2 if parts[0] in TWO_PART_NAMES and len(parts) > 1 else 1
    json = parse_qs(query).get("json", [None])[0] if query else None
    return Path("/".join(parts[:words]), tuple(parts[words:]), remote, multi, every, json)
