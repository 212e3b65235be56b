# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of a management server (CloudStack ManagementServerHost.State, ManagementServerMaintenanceManagerImpl), and waiting for them."""

from __future__ import annotations

import typing as t

from ..._common.errors import Ambiguous, NotConverged, NotFound
from ..._common.words import listing
from ..cloud import identity, named
from ..cloud.reader import Raw, Reader
from ..cloud.waiting import Missing

PREPARING_MAINTENANCE = "PreparingForMaintenance"
#: One state, which had another name before 4.21.
PREPARING_SHUTDOWN = ("PreparingForShutDown", "PreparingToShutDown")
#: States in which a server takes no new jobs and has none left: from 4.21 on, and from 4.19 on.
DRAINED = ("Maintenance", "ReadyToShutDown")
#: States in which its process ends or has ended; only a person starts it again.
STOPPED = ("ShuttingDown", "Down")
#: State -> the command that brings a server back from it. A server that is restarted in maintenance is in maintenance again.
CALLED_OFF_BY = {
    PREPARING_MAINTENANCE: "cancelMaintenance",
    "Maintenance": "cancelMaintenance",
    **dict.fromkeys(PREPARING_SHUTDOWN, "cancelShutdown"),
    "ReadyToShutDown": "cancelShutdown",
}
_LOG = "/var/log/cloudstack/management/management-server.log"


def is_drained(server: Raw, pending: t.Optional[int]) -> bool:
    """Whether nothing goes on on a server. ``pending`` are its jobs in progress, asked for in :data:`PREPARING_SHUTDOWN`.

    CloudStack looks only every few seconds whether that preparation has ended, so its state may be behind.
    """
    state = server.get("state")
    return state in DRAINED or state == "Down" or (state in PREPARING_SHUTDOWN and pending == 0)


def find(rows: t.Sequence[Raw], name: str) -> Raw:
    """The management server with this id or name. Of several with one name, those that are down do not count: machines are replaced.

    Raises :class:`NotFound` and :class:`Ambiguous`.
    """
    found = [row for row in rows if row["id"] == name] or [row for row in rows if row["name"] == name]
    if len(found) > 1:
        found = [row for row in found if row.get("state") not in STOPPED] or found
    if not found:
        raise named.missing("name", "management server", name, rows)
    if len(found) > 1:
        ids = listing(sorted(str(row["id"]) for row in found))
        raise Ambiguous(f"{len(found)} management servers have the name {name!r}. Give the id of one as name: {ids}.")
    return found[0]


class Drained(t.NamedTuple):
    """The server has no jobs and takes none."""

    server_id: str

    def watch(self, reader: Reader) -> Missing:
        """What is missing. Raises :class:`NotConverged` if CloudStack has given up."""

        def missing() -> t.Optional[str]:
            server = _by_id(reader, self.server_id)
            state, pending, agents = server.get("state"), server.get("pendingjobscount"), server.get("agentscount")
            if state in PREPARING_SHUTDOWN:
                pending = reader.shutdown_status(self.server_id).get("pendingjobscount", 1)
            if is_drained(server, pending):
                return None
            if state == "Up":
                raise NotConverged(
                    f"CloudStack has put it back into state Up: its agents could not be moved, the time for it (management.server.maintenance.timeout) "
                    f"has passed, or somebody has cancelled it. See {_LOG} on it.",
                    call="POST listManagementServers",
                )
            left = [f"{count} {what}" for count, what in ((pending, "jobs in progress"), (agents, "agents")) if count]
            there = f", with {listing(left)}" if left else ""
            return f"it is in state {state}{there}. It stays so, and takes no new jobs, until it is drained or a task with state up brings it back"

        return missing


class JobsEnded(t.NamedTuple):
    """No asynchronous job is in progress in the whole cloud."""

    def watch(self, reader: Reader) -> Missing:
        """What is missing."""

        def missing() -> t.Optional[str]:
            count = reader.jobs_in_progress()
            return f"{count} jobs are in progress (listAsyncJobs shows them)" if count else None

        return missing


class Alive(t.NamedTuple):
    """The server is there and, if ``provider``, the one that answers has StorPool's driver; or it is in a state that a command has to end.

    ``seen`` is what it was when the wait was planned. ``listed`` is false before CloudStack lists management servers; its answer is enough then.
    """

    name: str
    provider: bool
    seen: str
    listed: bool = True

    def watch(self, reader: Reader) -> Missing:
        """What is missing."""

        def missing() -> t.Optional[str]:
            state = self._state(reader) if self.listed else "Up"
            if state != "Up" and state not in CALLED_OFF_BY:
                return f"its state is {state}. Start cloudstack-management there, and look at its journal and at {_LOG}"
            return _provider_missing(reader) if state == "Up" and self.provider else None

        return missing

    def _state(self, reader: Reader) -> str:
        return str(find(reader.management_servers(), self.name).get("state"))


def _by_id(reader: Reader, server_id: str) -> Raw:
    for row in reader.management_servers():
        if row["id"] == server_id:
            return row
    raise NotFound("CloudStack no longer lists it.", call="POST listManagementServers")


def _provider_missing(reader: Reader) -> t.Optional[str]:
    providers = reader.providers()
    if identity.PROVIDER in providers:
        return None
    return (
        f"the management server that answers at api_url has no storage provider {identity.PROVIDER!r} (it has {listing(sorted(providers)) or 'none'}). "
        f"Check that the StorPool driver is installed on it, and look at {_LOG} and at storpool-plugin.log beside it"
    )
