# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts and their StorPool clients, pools and their StorPool templates."""

from __future__ import annotations

import typing as t

from .._common.words import listing
from .books import CHECK, IN_TREE, Ledger, Row, tag
from .finding import ERROR, Finding, of_cloudstack

GIB = 1 << 30


def findings(ledger: Ledger) -> t.Iterator[Finding]:
    """``client_down``, ``host_without_client``, ``pool_template_missing``, ``pool_over_capacity`` and ``pool_not_connected``."""
    zones = {pool.get("zoneid") for pool in ledger.cloud.pools}
    hosts = [host for host in ledger.cloud.hosts if host.get("state") == "Up" and host.get("zoneid") in zones]
    yield from _hosts(ledger, hosts)
    for pool in ledger.cloud.pools:
        yield from _template(ledger, pool)
        if pool["template"] in ledger.storpool_templates:
            yield from _capacity(ledger, pool)
            yield from _connections(ledger, pool, hosts)


def _hosts(ledger: Ledger, hosts: t.Sequence[Row]) -> t.Iterator[Finding]:
    if hosts and not ledger.host_clients:
        yield Finding(
            "host_without_client",
            "host *",
            f"Of none of the {len(hosts)} hosts that are Up it is known which StorPool client it is, so attachments can hardly be judged.",
            "Give them with clients (kvm1: 1, ...), or run the task where /etc/storpool.conf has a section for each host.",
        )
        return
    for host in hosts:
        client, name = host.get("client"), str(host["name"])
        known = ledger.cluster.clients.get(client) if client is not None else None
        shown: t.Dict[str, t.Any] = {"cloudstack": of_cloudstack(host, "state", "clustername", "ipaddress")}
        if known is None:
            text = (
                "is not known as a StorPool client"
                if client is None
                else f"is client {client}, which StorPool does not know"
            )
            yield Finding(
                "host_without_client",
                f"host {name}",
                f"Host {name!r} is Up in CloudStack, and {text}.",
                "Install StorPool's client on it and give it an id (SP_OURID), or say which client it is with clients.",
                storpool=None if client is None else {"client": client},
                **shown,
            )
        elif known.get("configStatus") == "down":
            yield Finding(
                "client_down",
                f"host {name}",
                f"Host {name!r} is Up in CloudStack, and its StorPool client {client} is down: VMs on it have no disks.",
                "See the service storpool_block on it. From CloudStack 4.19 on, the agent restarts such a host.",
                storpool={"client": client, "status": known.get("configStatus")},
                **shown,
            )


def _template(ledger: Ledger, pool: Row) -> t.Iterator[Finding]:
    if pool["template"] not in ledger.storpool_templates:
        text = "and this StorPool cluster has no such template. Its volumes were not looked at"
    elif pool["id"] in ledger.unread:
        text = (
            "as another pool does, and this StorPool cluster has none of its volumes. It seems to be of another cluster, so its volumes were not "
            "looked at"
        )
    else:
        return
    yield Finding(
        "pool_template_missing",
        _object(pool),
        "Pool {0!r} uses StorPool template {1!r}, {2}.".format(pool["name"], pool["template"], text),
        "If the pool is of another StorPool cluster, leave it out with pools, and look at it with the connection of that cluster. If not, make the template.",
        cloudstack=_shown(pool),
    )


def _capacity(ledger: Ledger, pool: Row) -> t.Iterator[Finding]:
    stored = (ledger.cluster.capacity.get(str(pool["template"])) or {}).get("stored") or {}
    capacity, free = stored.get("capacity"), stored.get("free")
    if not capacity:
        return
    allocated, factor = int(pool.get("disksizeallocated") or 0), _factor(pool.get("overprovisionfactor"))
    full = free is not None and int(free) <= 0
    if not full and allocated <= capacity * factor:
        return
    text = (
        "is full: StorPool has no room for it any more"
        if full
        else f"has {allocated // GIB} GiB allocated in CloudStack, more than {factor:g} times the {capacity // GIB} GiB that StorPool has for it"
    )
    yield Finding(
        "pool_over_capacity",
        _object(pool),
        "Pool {0!r} {1}.".format(pool["name"], text),
        "Add disks, move volumes to another pool, or delete what is not needed, before VMs stop.",
        cloudstack=dict(_shown(pool), disksizeallocated=allocated),
        storpool={"template": pool["template"], "capacity": capacity, "free": free},
        milder=ERROR if full else None,
    )


def _factor(text: t.Any) -> float:
    try:
        return max(1.0, float(text))
    except (TypeError, ValueError):
        return 1.0


def _connections(ledger: Ledger, pool: Row, hosts: t.Sequence[Row]) -> t.Iterator[Finding]:
    """The driver of 4.17 and later attaches a small volume of the pool's to each host that connects the pool, for good."""
    if ledger.cloud.version < IN_TREE or pool.get("state") != "Up":
        return
    attached: t.Set[int] = set()
    for thing in ledger.cluster.volumes:
        if tag(thing, "cs") == CHECK and thing.get("templateName") == pool["template"]:
            attached.update(ledger.attachments(thing))
    missing = [
        host
        for host in hosts
        if host.get("zoneid") == pool.get("zoneid")
        and host.get("resourcestate", "Enabled") == "Enabled"
        and host.get("client") in ledger.cluster.clients
        and host["client"] not in attached
    ]
    if missing:
        names = sorted(str(host["name"]) for host in missing)
        yield Finding(
            "pool_not_connected",
            _object(pool),
            "Pool {0!r} is not connected by {1}: its check volume is not attached there.".format(
                pool["name"], listing(names)
            ),
            "Reconnect these hosts in CloudStack, and see the agent's log if that does not help.",
            cloudstack=dict(_shown(pool), hosts=names),
            storpool={"template": pool["template"], "clients": sorted(attached)},
        )


def _object(pool: Row) -> str:
    """Names of pools are unique in no zone, but nearly."""
    return "pool {0}/{1}".format(pool.get("zonename"), pool["name"])


def _shown(pool: Row) -> Row:
    return {
        "name": pool["name"],
        "zonename": pool.get("zonename"),
        "state": pool.get("state"),
        "template": pool["template"],
    }
