# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Management servers: what a task may want of one, what it has to know first, and the plan from the one to the other."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NotAllowed
from ..._common.plan import Managed, Plan, Step
from ..._common.time_left import checked
from ..._common.words import listing, sentence
from ..cloud import identity, results, versions
from ..cloud.predicted import Predicted
from ..cloud.reader import Raw, Reader
from ..cloud.versions import Version
from ..cloud.waiting import AWAY
from .states import (
    CALLED_OFF_BY,
    DRAINED,
    PREPARING_MAINTENANCE,
    PREPARING_SHUTDOWN,
    STOPPED,
    Alive,
    Drained,
    JobsEnded,
    find,
    is_drained,
)

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["drained", "up"], "required": True},
        "provider": {"type": "bool", "default": True},
        "allow_alone": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 600, "aliases": ["timeout"]},
    }
}
#: The setting with the addresses of the management servers, for the agents.
AGENTS_KNOW = "host"
#: What to do where CloudStack refuses (ManagementServerMaintenanceManagerImpl, 4.21).
_PREPARE_ADVICE = (
    (
        "'host' setting",
        "Its agents have nowhere to go: put the addresses of all management servers into the setting host (cloudstack_configuration).",
    ),
    ("only one active", "Bring another management server up first."),
    (
        "preparing for maintenance",
        "CloudStack prepares one management server at a time: wait until that one is done, or bring it up.",
    ),
)
_CANCEL_ADVICE = (
    (
        "not been",
        "The server does not know of it, probably since it was restarted: restart cloudstack-management there.",
    ),
    ("", "Check that cloudstack-management runs there: journalctl -u cloudstack-management."),
)
#: What a plan can say of a server that comes up: agents and jobs find it again.
_UNKNOWN_ONCE_UP = {"state": "Up", "agents": None, "pending_jobs": None}


class Want(t.NamedTuple):
    """A management server that shall be up, or drained. ``name`` may be an id; ``wait_timeout`` is in seconds."""

    name: str
    up: bool
    provider: bool
    allow_alone: bool
    wait_timeout: int

    def __str__(self) -> str:
        return f"management server {self.name!r}"


class Current(t.NamedTuple):
    """What a plan for one management server has to know. ``away`` says why nothing is known, if the API does not answer.

    ``server`` is ``None`` where CloudStack does not list management servers. ``pending`` are jobs in progress: of the server if it prepares for a
    shutdown, of all of them if nothing else can be asked; ``None`` if that plays no role. ``addresses`` are those that agents know (the setting host), if
    the server has agents that have to go elsewhere.
    """

    version: t.Optional[Version] = None
    server: t.Optional[Raw] = None
    others: t.Tuple[Raw, ...] = ()
    pending: t.Optional[int] = None
    providers: t.Optional[t.FrozenSet[str]] = None
    addresses: t.Optional[t.FrozenSet[str]] = None
    away: t.Optional[str] = None

    @property
    def others_up(self) -> t.List[str]:
        """The names of the other management servers that are up."""
        return sorted(str(other["name"]) for other in self.others if other.get("state") == "Up")


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired state that the options describe. Raises :class:`InvalidOption`."""
    if not params["name"].strip():
        raise InvalidOption("name is empty: give the name of the management server, as CloudStack lists it.")
    return Want(
        name=params["name"],
        up=params["state"] == "up",
        provider=params["provider"],
        allow_alone=params["allow_alone"],
        wait_timeout=checked(params, "wait_timeout"),
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. An API that is away is what one expects of a server that shall come up."""
    try:
        return _look(reader, wanted)
    except AWAY as failure:
        if not wanted.up:
            raise
        return Current(away=failure.message.rstrip("."))


def _look(reader: Reader, wanted: Want) -> Current:
    current = Current(reader.version())
    if reader.version() >= versions.LISTS_MANAGEMENT_SERVERS:
        rows = reader.management_servers()
        server = find(rows, wanted.name)
        current = current._replace(server=server, others=tuple(row for row in rows if row is not server))
    if wanted.up:
        return current._replace(providers=reader.providers() if wanted.provider else None)
    if _only_waits(current):
        return current._replace(pending=reader.jobs_in_progress())
    server = t.cast(Raw, current.server)
    if server.get("state") in (*PREPARING_SHUTDOWN, DRAINED[1]):
        return current._replace(pending=int(reader.shutdown_status(server["id"]).get("pendingjobscount", 1)))
    if reader.version() >= versions.PREPARES_MAINTENANCE and server.get("state") == "Up" and server.get("agentscount"):
        rows = [row for row in reader.settings_like(AGENTS_KNOW) if row["name"] == AGENTS_KNOW]
        listed = str(rows[0].get("value") or "") if rows else ""
        current = current._replace(addresses=frozenset(part.strip() for part in listed.split(",") if part.strip()))
    return current


def _only_waits(current: Current) -> bool:
    """Whether draining cannot take a server out of service: CloudStack is too old, or nobody would be left."""
    if current.server is None or t.cast(Version, current.version) < versions.PREPARES_SHUTDOWN:
        return True
    return current.server.get("state") == "Up" and not current.others_up


def plan(current: Current, wanted: Want) -> Plan:
    """The calls and waits that bring a management server up, or drain it.

    Raises :class:`NotAllowed` if nobody would be left to serve, or another server is being prepared.
    """
    return _plan_up(current, wanted) if wanted.up else _plan_drained(current, wanted)


def _plan_up(current: Current, wanted: Want) -> Plan:
    before = _shown(current, wanted)
    state = current.server.get("state") if current.server else None
    if state in CALLED_OFF_BY:
        words = f"take {wanted} out of {'maintenance' if CALLED_OFF_BY[state] == 'cancelMaintenance' else 'its preparation for a shutdown'}"
        body = {"managementserverid": t.cast(Raw, current.server)["id"]}
        step = Step(CALLED_OFF_BY[state], None, body, words, advice=_CANCEL_ADVICE)
        later = (_words_for_provider(wanted),) if _lacks_provider(current) else ()
        return Plan((step,), before, _shown(current, wanted, **_UNKNOWN_ONCE_UP), later)
    down = current.away is not None or state not in (None, "Up")
    if not down and not _lacks_provider(current):
        return Plan((), before, before)
    words = f"wait until {wanted} is up" if down else _words_for_provider(wanted)
    lists = current.version is None or current.version >= versions.LISTS_MANAGEMENT_SERVERS
    alive = Alive(wanted.name, wanted.provider, "away" if current.away else str(state), lists)
    after = _shown(current, wanted, **_UNKNOWN_ONCE_UP) if down else before
    return Plan((_wait(alive, words, wanted),), before, after)


def _lacks_provider(current: Current) -> bool:
    return current.providers is not None and identity.PROVIDER not in current.providers


def _words_for_provider(wanted: Want) -> str:
    return f"wait until {wanted} has loaded the storage provider {identity.PROVIDER!r}"


def _plan_drained(current: Current, wanted: Want) -> Plan:
    before = _shown(current, wanted)
    if _only_waits(current):
        return _plan_quiet(current, wanted)
    server = t.cast(Raw, current.server)
    if is_drained(server, current.pending):
        return Plan((), before, before)
    maintains = t.cast(Version, current.version) >= versions.PREPARES_MAINTENANCE
    steps = []
    if server.get("state") == "Up":
        _check_others(current, wanted)
        call, words = ("prepareForMaintenance", "maintenance") if maintains else ("prepareForShutdown", "a shutdown")
        body = {"managementserverid": server["id"]}
        steps.append(Step(call, None, body, f"prepare {wanted} for {words}", advice=_PREPARE_ADVICE))
    goal = DRAINED[0] if maintains else DRAINED[1]
    if server.get("state") in PREPARING_SHUTDOWN:
        goal = DRAINED[1]
    if server.get("state") in STOPPED:
        goal = "Down"
    words = f"wait until no job is in progress on {wanted}{' and its agents have gone to others' if goal == DRAINED[0] else ''}"
    steps.append(_wait(Drained(server["id"]), words, wanted))
    return Plan(tuple(steps), before, _shown(current, wanted, state=goal, pending_jobs=0, agents=None))


def _plan_quiet(current: Current, wanted: Want) -> Plan:
    """Wait for jobs, and change nothing."""
    if t.cast(Version, current.version) >= versions.PREPARES_SHUTDOWN and not wanted.allow_alone:
        raise NotAllowed(
            f"{sentence(str(wanted))} is not drained: no other management server is Up, so nobody would carry out jobs meanwhile. Bring another one up "
            "first, or set allow_alone to wait only until no job is in progress."
        )
    before = _shown(current, wanted)
    if not current.pending:
        return Plan((), before, before)
    words = "wait until no job is in progress on any management server"
    return Plan((_wait(JobsEnded(), words, wanted),), before, _shown(current, wanted, pending_jobs=0))


def _check_others(current: Current, wanted: Want) -> None:
    busy = [str(other["name"]) for other in current.others if other.get("state") == PREPARING_MAINTENANCE]
    if busy:
        raise NotAllowed(
            f"{sentence(str(wanted))} is not drained: {listing(busy)} is preparing for maintenance, and CloudStack prepares one management server at a time. "
            "Wait until it is done, or bring it up (state up)."
        )
    if current.addresses is not None and not current.addresses - _not_up(current):
        raise NotAllowed(
            f"{sentence(str(wanted))} is not drained: it has {t.cast(Raw, current.server).get('agentscount')} agents, and they know no other management server "
            f"that is Up. Put the addresses of all management servers into the setting {AGENTS_KNOW} (cloudstack_configuration), now "
            f"{listing(sorted(current.addresses)) or 'empty'}."
        )


def _not_up(current: Current) -> t.FrozenSet[str]:
    """The addresses of the server itself and of all that are not up."""
    gone = [t.cast(Raw, current.server), *(other for other in current.others if other.get("state") != "Up")]
    return frozenset(str(row[key]) for row in gone for key in ("ipaddress", "serviceip") if row.get(key))


def _wait(body: t.Any, words: str, wanted: Want) -> Step:
    return Step("listManagementServers", None, body, words, method="GET", timeout=wanted.wait_timeout)


def _shown(current: Current, wanted: Want, **changes: t.Any) -> t.Optional[t.Dict[str, t.Any]]:
    """The server as results show it, with some of it changed; ``None`` if the API is away."""
    if current.away:
        return None
    raw = current.server or {"name": wanted.name, "version": str(current.version)}
    return dict(results.management_server(raw, current.others_up, current.pending, current.providers), **changes)


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The server in the state that it would reach, with the driver if that is waited for."""
    if current.server and todo.after:
        reader.change_server(current.server, todo.after["state"])
    if _lacks_provider(current):
        reader.load_driver()


MANAGEMENT_SERVER = Managed("management_server", SPEC, want, look, plan, imagine=imagine)
