# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What VolumeCare's program tells, made of what the simulators have: snapshots of VMs, in every cluster that is connected.

::

    python -m standins.volumecare CLOUDSTACK_URL STORPOOL_URL status [-M] --json
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

import requests

_CLOUDSTACKS = frozenset(("snapshot", "group", "template", "temporary"))


def status(volumes: Iterable[Mapping[str, Any]], clusters: Mapping[str, Any], now: float) -> list[dict[str, Any]]:
    """The entries, given CloudStack's volumes and the state of each cluster."""
    known = {row["path"].rpartition("/")[2]: row["id"] for row in volumes if row["path"]}
    found: dict[str, dict[tuple[int, str], dict[str, str]]] = {}
    for cluster, content in clusters.items():
        for row in content["snapshots"] if content["connected"] else ():
            tags = row["tags"]
            if row["deleted"] or "cvm" not in tags or tags.get("cs") in _CLOUDSTACKS or "vm-restore-kind" in tags:
                continue
            disks = found.setdefault(tags["cvm"], {}).setdefault((row["creationTimestamp"], cluster), {})
            volume = tags.get("uuid") or known.get(row["createdFromGlobalId"], row["createdFromGlobalId"])
            disks["~" + volume] = "~" + row["globalId"]
    policies: list[dict[str, Any]] = [{"type": "policy", "id": {"name": "daily"}, "history": []}]
    return policies + [_of_vm(vm, history, now) for vm, history in sorted(found.items())]


def _of_vm(vm: str, history: Mapping[tuple[int, str], dict[str, str]], now: float) -> dict[str, Any]:
    name = {"name": f"cvm={vm}"}
    return {
        "type": "vm",
        "id": name,
        "history": [
            {
                "create_ts": created,
                "age_in_h": round((now - created) / 3600, 1),
                "id": {"location": cluster},
                "entity_id": name,
                "extra_info": {"sp": {"map": disks}},
            }
            for (created, cluster), disks in sorted(history.items(), reverse=True)
        ],
    }


def main(arguments: list[str]) -> int:
    """The program; 0, or 2 for what it does not know."""
    cloudstack, storpool, *rest = arguments
    if [each for each in rest if each != "-M"] != ["status", "--json"]:
        print(f"unknown command: {' '.join(rest)}", file=sys.stderr)
        return 2
    volumes = requests.get(f"{cloudstack}/_sim/state", timeout=30).json()["volumes"]
    clusters = requests.get(f"{storpool}/_sim/state", timeout=30).json()["clusters"]
    print(json.dumps(status(volumes, clusters, time.time())))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
