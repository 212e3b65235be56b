# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the cluster itself: services, clients, disks, placement groups and fault sets, each with one call, and only what is asked for."""

from __future__ import annotations

import typing as t

from ..._common.errors import ApiError, Unauthorized
from ..cluster import results
from ..cluster.names import SECTOR
from ..cluster.reader import Raw, Reader

#: What can be asked for.
SUBSETS = ("services", "clients", "disks", "placement_groups", "fault_sets")
#: Result -> field of ServicesList.
SERVICES = {
    "mgmt": "mgmt",
    "servers": "servers",
    "clients": "clients",
    "bridges": "bridges",
    "iscsi_targets": "iscsiTargets",
}

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "gather": {"type": "list", "elements": "str", "choices": list(SUBSETS), "default": ["services", "clients"]},
    },
}


def read(reader: Reader, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """All subsets by name, ``None`` where one is not asked for, and ``operational``, ``status`` and ``problem``, which belong to the services.

    A cluster that does not work as a whole refuses to list its services (StorPool API facts). That is a result, not a failure: ``operational`` is false,
    ``problem`` says what the API said, and nothing more is read.
    """
    result: t.Dict[str, t.Any] = dict.fromkeys(("operational", "status", "problem", *SUBSETS))
    readers: t.Dict[str, t.Callable[[], t.Any]] = {
        "clients": lambda: [client(raw) for _number, raw in sorted(reader.clients().items())],
        "disks": lambda: [disk(raw) for _number, raw in sorted(reader.disks().items())],
        "placement_groups": lambda: [
            results.placement_group(raw) for _name, raw in sorted(reader.placement_groups().items())
        ],
        "fault_sets": lambda: [fault_set(raw) for _name, raw in sorted(reader.fault_sets().items())],
    }
    if "services" in params["gather"]:
        try:
            raw = reader.services()
        except Unauthorized:
            raise
        except ApiError as error:
            return dict(result, operational=False, problem=str(error.error.get("descr", "")))
        result.update(
            operational=raw["clusterStatus"] == "running", status=raw["clusterStatus"], services=services(raw)
        )
    result.update((subset, readers[subset]()) for subset in readers if subset in params["gather"])
    return result


def services(raw: Raw) -> t.Dict[str, t.List[t.Dict[str, t.Any]]]:
    """The services of ServicesList by kind, each kind in the order of the ids."""
    return {
        kind: [
            service(kind, entry)
            for _id, entry in sorted(dict(raw.get(field) or {}).items(), key=lambda pair: int(pair[0]))
        ]
        for kind, field in SERVICES.items()
    }


def service(kind: str, raw: Raw) -> t.Dict[str, t.Any]:
    """A service of ServicesList. ``start_time`` is a unix time. Management services say which of them is active, servers which disks they wait for."""
    shown = {
        "id": int(raw["id"]),
        "node_id": raw.get("nodeId"),
        "status": raw["status"],
        "version": raw.get("version") or None,
        "start_time": raw.get("startTime"),
    }
    if kind == "mgmt":
        shown["active"] = bool(raw.get("active"))
    if kind == "servers":
        shown.update(
            missing_disks=sorted(raw.get("missingDisks") or ()), pending_disks=sorted(raw.get("pendingDisks") or ())
        )
    return shown


def client(raw: Raw) -> t.Dict[str, t.Any]:
    """A client of ClientsConfigDump, with the generation of the cluster's configuration and the one that the client has."""
    return {
        "id": int(raw["id"]),
        "config_status": raw["configStatus"],
        "generation": raw["generation"],
        "client_generation": raw["clientGeneration"],
    }


def disk(raw: Raw) -> t.Dict[str, t.Any]:
    """A disk of DisksList. What the API does not know of a disk that is down is ``None``; ``size`` and ``used`` are raw bytes."""
    sectors = raw.get("sectorsCount")
    return {
        "id": int(raw["id"]),
        "server_id": raw["serverId"],
        "up": raw["generationLeft"] == -1,
        "ssd": raw["ssd"],
        "model": raw.get("model") or None,
        "serial": raw.get("serial") or None,
        "description": raw.get("description") or None,
        "soft_eject": raw.get("softEject"),
        "device": raw.get("device") or None,
        "size": None if sectors is None else sectors * SECTOR,
        "used": raw.get("objectsOnDiskSize"),
        "empty": raw.get("empty"),
    }


def fault_set(raw: Raw) -> t.Dict[str, t.Any]:
    """A fault set of FaultSetsList: servers that may fail together."""
    return {"name": raw["name"], "servers": sorted(int(server) for server in raw["servers"])}
