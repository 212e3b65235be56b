# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""KVM hosts as CloudStack sees them: those that were asked for, and waiting until all of them are healthy."""

from __future__ import annotations

import fnmatch
import time
import typing as t

from ..._common.errors import NotConverged, NotFound
from ..._common.time_left import checked
from ..._common.words import listing, there_is
from . import identity, results, versions
from .reader import Raw, Reader
from .waiting import until

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "list", "elements": "str"},
        "zone": {"type": "str"},
        "cluster": {"type": "str"},
        "pools": {"type": "bool", "default": False},
        "storpool_clients": {"type": "dict"},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 300},
        "wait_stable": {"type": "int", "default": 5},
    }
}

#: How many hosts an error names; the rest is counted.
MOST_NAMED = 10
_LOGS = "/var/log/cloudstack/agent"
_JOURNAL = "the journal of cloudstack-agent there"
#: State of a host -> where to look.
_WHERE_TO_LOOK = {
    "Disconnected": f"Check that cloudstack-agent runs, and look at {_JOURNAL}",
    "Down": f"Check that the machine and cloudstack-agent run, and look at {_JOURNAL}",
    "Alert": f"CloudStack has lost its agent, or refuses it because it cannot connect a pool: look at {_JOURNAL} and at {_LOGS}/storpool-agent.log",
    "Connecting": f"Its agent is connecting its pools: if that takes long, look at {_LOGS}/storpool-agent.log and at {_JOURNAL}",
}


class Host(t.NamedTuple):
    """A host of listHosts, and the StorPool pools that it should use, by whether it has connected them; ``None`` if that was not asked."""

    raw: Raw
    pools: t.Optional[t.Mapping[str, t.Sequence[str]]] = None

    @property
    def id(self) -> str:
        """Its id."""
        return str(self.raw["id"])

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.raw["name"])

    @property
    def answers(self) -> bool:
        """Whether its agent is connected to a management server."""
        return self.raw.get("state") == "Up" and bool(self.raw.get("managementserverid"))

    def problem(self) -> t.Optional[str]:
        """One sentence that says what is missing and where to look, without a full stop; ``None`` for a healthy host."""
        state = str(self.raw.get("state"))
        if state != "Up":
            since = f" since {self.raw['disconnected']}" if self.raw.get("disconnected") else ""
            return "host {0!r} is in state {1}{2}. {3}".format(
                self.name, state, since, _WHERE_TO_LOOK.get(state, f"Look at {_JOURNAL}")
            )
        if not self.answers:
            return (
                f"host {self.name!r} is Up, but no management server serves it. Look at {_JOURNAL}, and at host in "
                "/etc/cloudstack/agent/agent.properties"
            )
        if self.pools and self.pools["not_connected"]:
            return (
                f"host {self.name!r} is Up, but has not connected {listing(self.pools['not_connected'])}. Check that its StorPool client runs and that "
                f"storpool_confget tells SP_CLUSTER_ID there, and look at {_LOGS}/storpool-agent.log"
            )
        return None

    def result(self, clients: t.Mapping[str, int]) -> t.Dict[str, t.Any]:
        """The host as modules return it; ``clients`` are as for :func:`client_of`."""
        return results.host(self.raw, self.pools, self.problem() is None, client_of(self.name, self.id, clients))


def client_of(name: str, host_id: str, clients: t.Mapping[str, int]) -> t.Optional[int]:
    """The StorPool client that a host is, as far as ``clients`` tell, which are ids by the name or id of a host. CloudStack's API shows it in no release."""
    return clients.get(host_id, clients.get(name))


def hosts(
    reader: Reader,
    params: t.Mapping[str, t.Any],
    clients: t.Callable[[], t.Mapping[str, int]] = dict,
    clock: t.Callable[[], float] = time.monotonic,
) -> t.Dict[str, t.Any]:
    """The KVM hosts that meet all the given conditions, by zone and name. With ``wait`` all of them are healthy.

    Raises :class:`NotConverged` if they are not in time, and :class:`NotFound` if there is nothing to wait for.
    """
    if not params["wait"]:
        found = _select(reader, params)
        if params["pools"]:
            pools = Pools(reader)
            found = [pools.of(host) for host in found]
        return _shown(found, clients)
    for option, least in (("wait_timeout", 1), ("wait_stable", 0)):
        checked(params, option, least)
    return _shown(_wait(reader, params, clock), clients)


def _shown(found: t.Sequence[Host], clients: t.Callable[[], t.Mapping[str, int]]) -> t.Dict[str, t.Any]:
    ids = clients() if found else {}
    return {"hosts": [host.result(ids) for host in found]}


class Pools:
    """Which StorPool pools hosts should use, and which they have connected. CloudStack tells it from 4.19 on; before, nothing is asked."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known = reader.version() >= versions.SHOWS_CONNECTED_HOSTS
        self._rows = [row for row in reader.pools() if _is_in_use(row)] if self._known else []

    def of(self, host: Host) -> Host:
        """The host with its pools: one call, if there are any that it should use."""
        if not self._known:
            return host
        wanted = [row for row in self._rows if _is_for(row, host.raw)]
        connected = self._reader.pools_connected_by(host.id) if wanted else frozenset()
        names: t.Dict[str, t.List[str]] = {"connected": [], "not_connected": []}
        for row in sorted(wanted, key=lambda row: str(row["name"])):
            names["connected" if str(row["id"]) in connected else "not_connected"].append(str(row["name"]))
        return host._replace(pools=names)


def _is_in_use(pool: Raw) -> bool:
    """Whether hosts connect a pool; those that are disabled or in maintenance are left out of what a host is judged by."""
    return identity.is_storpool(pool) and pool.get("state") == "Up"


def _is_for(pool: Raw, host: Raw) -> bool:
    return pool.get("zoneid") == host.get("zoneid") and pool.get("clusterid") in (None, host.get("clusterid"))


def _select(reader: Reader, params: t.Mapping[str, t.Any]) -> t.List[Host]:
    rows = identity.within(reader.placed_hosts(), "zone", params["zone"])
    rows = identity.within(rows, "cluster", params["cluster"])
    patterns = params["name"]
    found = [
        Host(row)
        for row in rows
        if patterns is None or any(fnmatch.fnmatchcase(str(row["name"]), pattern) for pattern in patterns)
    ]
    return sorted(found, key=lambda host: (str(host.raw.get("zonename")), host.name, host.id))


def _wait(reader: Reader, params: t.Mapping[str, t.Any], clock: t.Callable[[], float]) -> t.List[Host]:
    seconds = float(params["wait_timeout"])
    hurried = reader.hurried(seconds)
    found: t.List[Host] = []
    connected: t.Set[str] = set()  # ids of the hosts that had all their pools when they were asked about

    def missing() -> t.Optional[str]:
        found[:] = _select(hurried, params)
        _check_names(found, params)
        pools = Pools(hurried)
        remembered = {host.id for host in found if host.answers and host.id in connected}
        asked = [host if host.id in remembered or not host.answers else pools.of(host) for host in found]
        if not _problems(asked):  # by what is remembered; so it is asked again
            asked = [pools.of(host) if host.id in remembered else host for host in asked]
        connected.clear()
        connected.update(host.id for host in asked if host.problem() is None)
        found[:] = asked
        problems = list(_problems(found).values())
        more = len(problems) - MOST_NAMED
        told = problems[:MOST_NAMED] + ([f"And {more} more."] if more > 0 else [])
        return " ".join(told) or None

    words = until(missing, seconds, reader.sleep, clock, float(params["wait_stable"]))
    if words is None:
        return found
    ill = _problems(found)
    told = f"{len(ill)} of {len(found)} hosts {'is' if len(ill) == 1 else 'are'} not healthy"
    told = told if ill else "it is not known how the hosts are"
    raise NotConverged(
        f"After {seconds:g} s (wait_timeout) {told}. {_capital(words)}", error={"hosts": ill}, call="POST listHosts"
    )


def _problems(found: t.Iterable[Host]) -> t.Dict[str, str]:
    """What is wrong with hosts, by name, as full sentences."""
    told = ((host.name, host.problem()) for host in found)
    return {name: f"{_capital(problem)}." for name, problem in told if problem}


def _check_names(found: t.Sequence[Host], params: t.Mapping[str, t.Any]) -> None:
    """Waiting for a host that is not there would only take time."""
    names = [host.name for host in found]
    where = " and ".join(f"{option} {params[option]!r}" for option in ("zone", "cluster") if params[option] is not None)
    within = f" in {where}" if where else ""
    unknown = [
        pattern for pattern in params["name"] or () if not any(fnmatch.fnmatchcase(name, pattern) for name in names)
    ]
    if unknown:
        raise NotFound(
            f"CloudStack has no KVM host {listing(repr(pattern) for pattern in unknown)}{within}. {there_is('CloudStack', names, unknown[0])} "
            "Check the name (cloudstack_host_info without name shows all of them), or add the host to CloudStack first."
        )
    if not found:
        raise NotFound(f"CloudStack has no KVM host{within}, so there is nothing to wait for.")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
