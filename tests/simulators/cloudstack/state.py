# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole state of the simulated cloud: tables, settings, clock, and the tasks that work in the background."""

from __future__ import annotations

import asyncio
import dataclasses
import pickle
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from simulators.cloudstack import rows
from simulators.cloudstack.owner import DOMAIN_ID, OS_NAME, OS_TYPE
from simulators.cloudstack.sessions import AgentSession, ServerSession
from simulators.cloudstack.versions import Release
from simulators.kit import AdminError

RowT = TypeVar("RowT", bound=rows.Row)

#: How long what is under way may take until a state is kept.
KEEP_SECONDS = 30


class Table(Generic[RowT]):
    """Rows with numbers from 1; lookups by number or uuid include removed rows, iteration does not."""

    def __init__(self, clock: Clock) -> None:
        self._rows: dict[int, RowT] = {}
        self._clock = clock

    def add(self, row: RowT) -> RowT:
        """Stores a row; gives it its number, creation time and, if it has none, a uuid."""
        row.db_id = len(self._rows) + 1
        row.id = row.id or str(uuid.uuid4())
        row.created = row.created or self._clock.now()
        self._rows[row.db_id] = row
        return row

    def get(self, db_id: int | None) -> RowT | None:
        return self._rows.get(db_id) if db_id is not None else None

    def __getitem__(self, db_id: int) -> RowT:
        return self._rows[db_id]

    def by_uuid(self, row_id: str) -> RowT | None:
        return next((row for row in self._rows.values() if row.id == row_id), None)

    def by_name(self, name: str) -> RowT | None:
        return next((row for row in self if row.name == name), None)

    def __iter__(self) -> Iterator[RowT]:
        return iter([row for row in self._rows.values() if not row.removed])

    def ever(self) -> Iterator[RowT]:
        """All rows there have been, removed ones among them."""
        return iter(list(self._rows.values()))

    def remove(self, row: RowT) -> None:
        row.removed = True


class Clock:
    """The server's clock: the machine's, moved by `offset` seconds."""

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        return time.time() + self.offset


@dataclass(frozen=True)
class LocalStorPool:
    """What `storpool_confget` answers on the management server; None for what is not configured."""

    host: str | None = None
    port: int | None = None
    token: str | None = None


@dataclass(frozen=True)
class Options:
    """How the simulator was started."""

    release: Release
    api_key: str
    secret_key: str
    hosts: int = 3
    zones: int = 1
    management_servers: int = 2
    storpool: LocalStorPool = LocalStorPool()


#: What is kept of a state beside its tables.
KEPT = frozenset(("options", "release", "clock", "settings", "address"))


class State:
    """Everything that a reset makes anew."""

    def __init__(self, options: Options, switches: Mapping[str, Any]) -> None:
        self.options = options
        self.release = options.release
        self.switches = switches
        self.clock = Clock()
        self.domains: Table[rows.Domain] = Table(self.clock)
        self.projects: Table[rows.Project] = Table(self.clock)
        self.zones: Table[rows.Zone] = Table(self.clock)
        self.pods: Table[rows.Pod] = Table(self.clock)
        self.clusters: Table[rows.Cluster] = Table(self.clock)
        self.hosts: Table[rows.Host] = Table(self.clock)
        self.management_servers: Table[rows.ManagementServer] = Table(self.clock)
        self.pools: Table[rows.Pool] = Table(self.clock)
        self.disk_offerings: Table[rows.DiskOffering] = Table(self.clock)
        self.service_offerings: Table[rows.ServiceOffering] = Table(self.clock)
        self.volumes: Table[rows.Volume] = Table(self.clock)
        self.snapshots: Table[rows.Snapshot] = Table(self.clock)
        self.vm_snapshots: Table[rows.VMSnapshot] = Table(self.clock)
        self.os_types: Table[rows.OsType] = Table(self.clock)
        self.templates: Table[rows.Template] = Table(self.clock)
        self.vms: Table[rows.VirtualMachine] = Table(self.clock)
        self.jobs: Table[rows.Job] = Table(self.clock)
        #: Settings that differ from their default: (scope, internal id or 0 for Global, name) to value.
        self.settings: dict[tuple[str, int, str], str | None] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        #: Where a client has reached this server, which is where it is told to download from.
        self.address = "127.0.0.1"
        #: Agents and management servers that report, by the internal ids of their rows.
        self.agent_sessions: dict[int, AgentSession] = {}
        self.server_sessions: dict[int, ServerSession] = {}
        #: Held while the check volume of a pool is looked up or made.
        self.check_volumes = asyncio.Lock()
        #: Held while the copy of a template on a pool is looked up or made.
        self.template_copies = asyncio.Lock()
        populate(self)

    def table(self, name: str) -> Table[Any]:
        """A table by its attribute name."""
        return getattr(self, name)

    def serving(self) -> rows.ManagementServer | None:
        """The management server that answers: the first that has not been stopped, as behind a load balancer."""
        servers = list(self.management_servers)
        running = [server for server in servers if server.state not in ("Down", "ShuttingDown")]
        return next(iter([*running, *servers]), None)

    def upgrade(self, release: Release) -> None:
        """Become a cloud of another release, with everything that there is."""
        self.release = release
        self.options = dataclasses.replace(self.options, release=release)

    def close(self) -> None:
        """Ends what works in the background."""
        for task in list(self.tasks):
            task.cancel()
        for session in self.agent_sessions.values():
            session.end()

    async def keep(self) -> bytes:
        """What :meth:`of` makes this state from, once the tasks in the background have ended. Sessions are not kept: their programs live on."""
        if self.agent_sessions or self.server_sessions:
            raise AdminError("a state with agents or servers that report is not kept")
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=KEEP_SECONDS)
        if self.tasks:
            raise AdminError(f"a state is not kept while something is under way, and that took {KEEP_SECONDS} seconds")
        kept = {name: value for name, value in vars(self).items() if isinstance(value, Table) or name in KEPT}
        return pickle.dumps(kept)

    @classmethod
    def of(cls, kept: bytes, switches: Mapping[str, Any]) -> State:
        """A state as it was kept."""
        values = pickle.loads(kept)  # noqa: S301  # our own
        state = cls(values["options"], switches)
        vars(state).update(values)
        return state

    def dump(self) -> dict[str, Any]:
        """All tables as JSON, removed rows included; tokens in pool details are left readable, tests look at them."""
        tables = {name: table for name, table in vars(self).items() if isinstance(table, Table)}
        return {
            "version": self.release.text,
            "now": self.clock.now(),
            "settings": [[*key, value] for key, value in self.settings.items()],
            **{name: [_plain(row) for row in table._rows.values()] for name, table in tables.items()},
        }


def _plain(row: rows.Row) -> dict[str, Any]:
    values = dataclasses.asdict(row)
    return {name: sorted(value) if isinstance(value, set) else value for name, value in values.items()}


def populate(state: State) -> None:
    """One pod and one cluster a zone, hosts spread over the zones, management servers, an offering each, a template."""
    options = state.options
    state.domains.add(rows.Domain(name="ROOT", id=DOMAIN_ID, path="ROOT"))
    state.os_types.add(rows.OsType(name=OS_NAME, id=OS_TYPE))
    for name in ("Debian GNU/Linux 11 (64-bit)", "Other Linux (64-bit)", "Windows Server 2022 (64-bit)"):
        state.os_types.add(rows.OsType(name=name))
    for number in range(1, options.zones + 1):
        zone = state.zones.add(rows.Zone(name=f"zone{number}"))
        pod = state.pods.add(rows.Pod(name=f"pod{number}", zone=zone.db_id))
        state.clusters.add(rows.Cluster(name=f"cluster{number}", zone=zone.db_id, pod=pod.db_id))
        state.templates.add(
            rows.Template(name="debian-12", display_text="Debian 12", zone=zone.db_id, size=1 << 30, featured=True)
        )
    now = state.clock.now()
    for number in range(1, options.management_servers + 1):
        state.management_servers.add(
            rows.ManagementServer(
                name=f"ms{number}", version=options.release.text, ip_address=f"10.1.0.{number}", started=now
            )
        )
    clusters = list(state.clusters)
    for number in range(1, options.hosts + 1):
        cluster = clusters[(number - 1) % len(clusters)]
        state.hosts.add(
            rows.Host(
                name=f"host{number}",
                zone=cluster.zone,
                pod=cluster.pod,
                cluster=cluster.db_id,
                ip_address=f"10.1.1.{number}",
                version=options.release.text,
                management_server=(number - 1) % options.management_servers + 1 if options.management_servers else None,
                last_pinged=now,
                agent=rows.HostAgent(client_id=number),
            )
        )
    for name, size in (("Small", 5), ("Medium", 20), ("Large", 100)):
        text = f"{name} Disk, {size} GB"
        state.disk_offerings.add(rows.DiskOffering(name=name, display_text=text, disk_size=size))
    state.disk_offerings.add(rows.DiskOffering(name="Custom", display_text="Custom Disk", customized=True))
    state.service_offerings.add(rows.ServiceOffering(name="Small Instance", display_text="Small instance"))
