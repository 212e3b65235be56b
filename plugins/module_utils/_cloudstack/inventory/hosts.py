# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hosts of a cloud as an inventory has them: agents, and management servers. What is read can be kept; what is made of it depends on who asks."""

from __future__ import annotations

import ipaddress
import re
import typing as t
from urllib.parse import urlsplit

from ..cloud import results, versions
from ..cloud.hosts import Host, Pools, client_of
from ..cloud.reader import Reader

AGENTS = "cloudstack_agents"
MANAGEMENT = "cloudstack_management"
#: Names that Ansible can use, and that no template can be in.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")
#: The machine that runs Ansible has these names, whichever machine CloudStack means.
_HERE = ("localhost", "localhost.localdomain")
#: Variable of a host -> member of what is read of it.
_OF_AGENTS = {
    "cloudstack_name": "name",
    "cloudstack_host_id": "id",
    "cloudstack_zone": "zone",
    "cloudstack_pod": "pod",
    "cloudstack_cluster": "cluster",
    "cloudstack_state": "state",
    "cloudstack_resource_state": "resource_state",
    "cloudstack_version": "version",
}
_OF_SERVERS = {
    "cloudstack_name": "name",
    "cloudstack_management_id": "id",
    "cloudstack_management_state": "state",
    "cloudstack_state": "state",
    "cloudstack_version": "version",
}
#: Variables by which roles know a host's name in CloudStack, where that is not its name in the inventory.
_NAMES_FOR_ROLES = ("driver_host", "preflight_host")
#: Every host has all of them, so that expressions for all hosts find something.
VARIABLES = (*_OF_AGENTS, *_OF_SERVERS, "storpool_client_id", "cloudstack_pools", "cloudstack_pools_not_connected")

Found = t.Dict[str, t.Any]


class Entry(t.NamedTuple):
    """A machine: the name that the inventory knows it by, the groups that it is in, its address as far as it is known, and its variables."""

    name: str
    groups: t.Tuple[str, ...]
    address: t.Optional[str]
    variables: t.Dict[str, t.Any]


def read(reader: Reader, pools: bool) -> Found:
    """All agents, as cloudstack_host_info has them, and all management servers; ``None`` for those if this version does not list them.

    With ``pools``, one call for each agent, from :data:`versions.SHOWS_CONNECTED_HOSTS` on. What is returned is plain data.
    """
    rows = reader.placed_hosts()
    asked = Pools(reader) if pools and rows else None
    hosts = [asked.of(Host(row)) if asked else Host(row) for row in rows]
    lists = reader.version() >= versions.LISTS_MANAGEMENT_SERVERS
    return {
        "version": str(reader.version()),
        "agents": [
            dict(host.result({}), zone_id=host.raw.get("zoneid"), cluster_id=host.raw.get("clusterid"))
            for host in hosts
        ],
        "servers": [results.management_server(row, (), None, None) for row in reader.management_servers()]
        if lists
        else None,
    }


def is_found(kept: t.Any) -> bool:
    """Whether something that was kept is what :func:`read` returns."""
    if not isinstance(kept, dict) or not isinstance(kept.get("version"), str):
        return False
    servers = kept.get("servers", ())
    return _are_rows(kept.get("agents"), {*_OF_AGENTS.values(), "zone_id", "cluster_id", "ip_address", "pools"}) and (
        servers is None or _are_rows(servers, {*_OF_SERVERS.values(), "ip_address"})
    )


def _are_rows(thing: t.Any, members: t.AbstractSet[str]) -> bool:
    return isinstance(thing, list) and all(
        isinstance(row, dict) and members <= row.keys() and isinstance(row.get("pools") or {}, dict) for row in thing
    )


def entries(
    found: Found, params: t.Mapping[str, t.Any], clients: t.Mapping[str, int], url: str
) -> t.Tuple[t.List[Entry], t.List[str]]:
    """The machines that the options ask for, by name, and sentences about what could not be told of them.

    ``clients`` are ids of StorPool's clients as for :func:`client_of`; ``url`` is where the API is, which is on a management server.
    """
    told: t.List[str] = []
    machines = [_agent(row, clients) for row in found["agents"] if _is_wanted(row, params)]
    machines += _servers(found, params, clients, str(urlsplit(url).hostname), told)
    machines = [entry for entry in map(_elsewhere, machines) if _can_be_told_from_here(entry, told)]
    taken = _together(machines)
    usable = [entry for entry in taken if _NAME.fullmatch(entry.name)]
    told += [
        f"CloudStack has a host {entry.name!r}, which is left out: Ansible cannot use its name."
        for entry in taken
        if entry not in usable
    ]
    return sorted(map(_with_name_for_roles, usable)), told


def _is_wanted(row: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any]) -> bool:
    return (
        params["zone"] in (None, row["zone_id"], row["zone"])
        and params["cluster"] in (None, row["cluster_id"], row["cluster"])
        and _is_one_of(row["state"], params["state"])
        and _is_one_of(row["resource_state"], params["resource_state"])
    )


def _is_one_of(state: t.Optional[str], wanted: t.Optional[t.Sequence[str]]) -> bool:
    return wanted is None or str(state).lower() in [each.lower() for each in wanted]


def _agent(row: t.Mapping[str, t.Any], clients: t.Mapping[str, int]) -> Entry:
    pools = row["pools"] or {}
    variables = _variables(row, _OF_AGENTS)
    variables.update(
        storpool_client_id=client_of(str(row["name"]), str(row["id"]), clients),
        cloudstack_pools=pools.get("connected"),
        cloudstack_pools_not_connected=pools.get("not_connected"),
    )
    address = row["ip_address"]
    return Entry(str(row["name"]), (AGENTS,), None if address and _is_loopback(str(address)) else address, variables)


def _servers(
    found: Found, params: t.Mapping[str, t.Any], clients: t.Mapping[str, int], of_api: str, told: t.List[str]
) -> t.List[Entry]:
    """The management servers: those that are given, else those that CloudStack lists."""
    given, rows = params["management_servers"], found["servers"]
    if given is not None:
        return [
            Entry(
                name,
                (MANAGEMENT,),
                None,
                dict(_variables({"name": name}, {"cloudstack_name": "name"}), storpool_client_id=clients.get(name)),
            )
            for name in given
        ]
    if rows is None:
        told.append(
            f"CloudStack {found['version']} does not list its management servers ({versions.LISTS_MANAGEMENT_SERVERS} is the first that does), so the "
            f"group {MANAGEMENT} is empty. Name them in management_servers."
        )
        return []
    servers: t.List[Entry] = []
    for row in rows:
        name, address = str(row["name"]), row["ip_address"]
        if address is None or _is_loopback(str(address)):
            # It tells the address that it has in its own configuration, which means nothing elsewhere.
            address = of_api if len(rows) == 1 else None
        variables = _variables(row, _OF_SERVERS)
        variables["storpool_client_id"] = client_of(name, str(row["id"]), clients)
        servers.append(Entry(name, (MANAGEMENT,), address, variables))
    return servers


def _with_name_for_roles(entry: Entry) -> Entry:
    called = entry.variables["cloudstack_name"]
    more = {} if called == entry.name else dict.fromkeys(_NAMES_FOR_ROLES, called)
    return entry._replace(variables={**entry.variables, **more})


def _variables(row: t.Mapping[str, t.Any], members: t.Mapping[str, str]) -> t.Dict[str, t.Any]:
    return {**dict.fromkeys(VARIABLES), **{variable: row[member] for variable, member in members.items()}}


def _elsewhere(entry: Entry) -> Entry:
    """A machine that calls itself localhost, by its address: in an inventory, that name is the machine that runs Ansible."""
    return entry._replace(name=str(entry.address)) if entry.name in _HERE and entry.address is not None else entry


def _can_be_told_from_here(entry: Entry, told: t.List[str]) -> bool:
    """Whether a machine has a name of its own; of one that has none it is told."""
    if entry.name not in _HERE:
        return True
    told.append(
        f"A machine of the group {entry.groups[0]} calls itself {entry.name!r} and tells no address that others could use, so it is left out. Give it a "
        "name and an address in CloudStack, or name the management servers in management_servers."
    )
    return False


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address in _HERE


def _together(machines: t.Iterable[Entry]) -> t.List[Entry]:
    """Each machine once: an agent and a management server with one name and address are one. What has one name and several addresses gets those to it."""
    by_name: t.Dict[str, t.List[Entry]] = {}
    for entry in machines:
        by_name.setdefault(entry.name, []).append(entry)
    found: t.List[Entry] = []
    for name, same in by_name.items():
        known = list(dict.fromkeys(entry.address for entry in same if entry.address is not None))
        unknown = [None] if len(known) != 1 and any(entry.address is None for entry in same) else []
        for address in [*known, *unknown]:
            of_it = [entry for entry in same if entry.address == address or (entry.address is None and len(known) == 1)]
            variables: t.Dict[str, t.Any] = {}
            for entry in reversed(of_it):  # what an agent tells comes before what a server tells
                variables.update(
                    {key: value for key, value in entry.variables.items() if value is not None or key not in variables}
                )
            groups = tuple(dict.fromkeys(group for entry in of_it for group in entry.groups))
            found.append(Entry(f"{name}-{address}" if address and len(known) > 1 else name, groups, address, variables))
    return found
