# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes that are attached where their VM does not run, and not where it does.

While a VM is on its way (Migrating, Starting, Stopping) or its volume is (any state but Ready), two places or none are right, so nothing is said. What is
attached nowhere but in the wrong place may be where the VM really runs: then the books are told about, and no repair is offered.
"""

from __future__ import annotations

import typing as t

from .._common.plan import Step
from .._common.words import listing
from .books import Ledger, Pair, reference
from .finding import Finding, of_cloudstack, of_storpool

RUNS = "Running"
#: States in which a VM uses no volume. A volume without a VM is as one of a VM at rest.
RESTS = frozenset(["Stopped", "Destroyed"])
#: Seconds. Without it StorPool waits for ever for clients that are away.
ATTACH_TIMEOUT = 60
_OPEN = (
    "is open at",
    "A program uses it there, so the VM may run there whatever CloudStack says: see with virsh list on that host. Nothing is taken away by force.",
)


def findings(ledger: Ledger) -> t.Iterator[Finding]:
    """``dangling_attachment``, ``missing_attachment`` and ``double_attachment``."""
    for pair in ledger.pairs():
        has_vm = bool(pair.row.get("virtualmachineid"))
        state = pair.vm.get("state") if pair.vm else pair.row.get("vmstate")
        if state == RUNS or not has_vm or state in RESTS:
            yield from _of(ledger, pair, has_vm and state == RUNS)


class _Places(t.NamedTuple):
    """Where a volume is, and where it should be. ``home`` is the client of the VM's host, if it is known."""

    clients: t.Dict[int, str]
    home: t.Optional[int]
    wrong: t.Tuple[int, ...]
    missing: bool


def _places(ledger: Ledger, pair: Pair, runs: bool) -> _Places:
    clients = ledger.attachments(pair.thing)
    if not runs:
        return _Places(clients, None, tuple(sorted(clients)), False)
    host = ledger.hosts.get(str(pair.vm.get("hostid"))) if pair.vm else None
    home = host.get("client") if host else None
    if home is not None:
        return _Places(clients, home, tuple(sorted(set(clients) - {home})), home not in clients)
    # The place of the VM is not known as a client. What is known as another host is wrong all the same.
    others = set(clients) & set(ledger.host_clients) if host else set()
    return _Places(clients, None, tuple(sorted(others)), not clients)


def _of(ledger: Ledger, pair: Pair, runs: bool) -> t.Iterator[Finding]:
    places = _places(ledger, pair, runs)
    what, where = _label(pair), _where(ledger, pair, runs)
    shown: t.Dict[str, t.Any] = {
        "cloudstack": dict(of_cloudstack(pair.row, "state", "virtualmachineid", "vmname"), **_vm(ledger, pair)),
        "storpool": of_storpool(pair.thing, places.clients),
    }
    name = "volume {0}".format(pair.row["id"])
    sure = bool(places.wrong) and (not runs or not places.missing)
    if places.wrong:
        yield Finding(
            "dangling_attachment",
            name,
            f"{what} is attached to {_clients(ledger, places.wrong)}, and {where}.",
            "Detach it there; the repair does so only if no program has it open."
            if sure
            else "It is not attached where the VM should run, so the VM may run elsewhere: see with virsh list on these hosts before anything is detached.",
            steps=(_detach(pair, places.wrong, what),) if sure else (),
            **shown,
        )
    if places.missing:
        alone = not places.clients and places.home is not None
        yield Finding(
            "missing_attachment",
            name,
            f"{what} is not attached to {_clients(ledger, [places.home]) if places.home is not None else 'any client'}, and {where}.",
            "The VM has lost this disk, or does not run where CloudStack says: see on the host. With the disk back, the VM may have to be restarted.",
            steps=(_attach(pair, places.home, what),) if alone and places.home is not None else (),
            **shown,
        )
    writers = sorted(client for client, rights in places.clients.items() if rights == "rw")
    if len(writers) > 1:
        away = tuple(client for client in writers if client in places.wrong)
        mends = sure and len(writers) - len(away) <= 1
        yield Finding(
            "double_attachment",
            name,
            f"{what} can be written to by {_clients(ledger, writers)} at once, and no migration is going on; {where}.",
            "Find out at once which of them uses it: two writers destroy a file system. Detach it from the others.",
            steps=(_detach(pair, away, what),) if mends and away else (),
            **shown,
        )


def _vm(ledger: Ledger, pair: Pair) -> t.Dict[str, t.Any]:
    host = ledger.hosts.get(str((pair.vm or {}).get("hostid")), {})
    return {"vmstate": (pair.vm or pair.row).get("state" if pair.vm else "vmstate"), "host": host.get("name")}


def _where(ledger: Ledger, pair: Pair, runs: bool) -> str:
    vm = pair.row.get("vmname") or (pair.vm or {}).get("name")
    if not pair.row.get("virtualmachineid"):
        return "belongs to no VM"
    host = _vm(ledger, pair)["host"]
    if runs:
        return f"its VM {vm!r} runs on {host or 'a host that CloudStack does not show'}"
    return "its VM {0!r} is {1}".format(vm, _vm(ledger, pair)["vmstate"])


def _label(pair: Pair) -> str:
    return "Volume {0!r}".format(pair.row["name"])


def _clients(ledger: Ledger, clients: t.Iterable[int]) -> str:
    hosts = ledger.host_clients
    return listing(
        "client {0}{1}".format(client, " ({0})".format(hosts[client]["name"]) if client in hosts else "")
        for client in clients
    )


def _detach(pair: Pair, clients: t.Sequence[int], what: str) -> Step:
    body = {
        "reassign": [{"volume": reference(pair.thing), "detach": list(clients)}],
        "attachTimeout": ATTACH_TIMEOUT,
    }
    words = listing(f"client {client}" for client in clients)
    return Step("VolumesReassignWait", None, body, f"detach {what.lower()[:1]}{what[1:]} from {words}", advice=(_OPEN,))


def _attach(pair: Pair, client: int, what: str) -> Step:
    body = {"reassign": [{"volume": reference(pair.thing), "rw": [client]}], "attachTimeout": ATTACH_TIMEOUT}
    return Step("VolumesReassignWait", None, body, f"attach {what.lower()[:1]}{what[1:]} to client {client}")
