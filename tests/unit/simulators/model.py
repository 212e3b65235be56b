# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The StorPool model without a server: calls go straight to it, the clock stands until a test moves it."""

from __future__ import annotations

from typing import Any

from simulators.storpool import admin, dispatch, lifecycle, paths
from simulators.storpool.calls import CALLS
from simulators.storpool.dispatch import Done
from simulators.storpool.errors import ApiFailure
from simulators.storpool.server import DEFAULTS
from simulators.storpool.state import Context, World, build_cluster

GIB = 1024**3
START = 1_700_000_000.0


class Model:
    """A cluster abc.b with clients 1, 2 and 3 and 9 disks on 3 servers; ``switches`` and ``now`` may be changed."""

    def __init__(self, **switches: Any) -> None:
        local = build_cluster("abc.b", "here", [1, 2, 3], 9, int(START))
        self.world = World(local, {local.id: local})
        self.switches = {**DEFAULTS, **switches}
        self.now = START

    def done(self, query: str, body: Any = None, method: str | None = None) -> Done:
        """The call ``query`` (what follows ``/ctrl/1.0/``): GET if there is no body and such a call."""
        path = paths.parse(paths.PREFIX + query)
        method = method or ("GET" if body is None and ("GET", path.name) in CALLS else "POST")
        return dispatch.execute(self.world, self.switches, self.now, method, path, body)

    def get(self, query: str) -> Any:
        """The data of a GET call."""
        return self.done(query).envelope["data"]

    def post(self, query: str, body: Any = None) -> Any:
        """The data of a POST call."""
        return self.done(query, body, "POST").envelope["data"]

    def changes(self, query: str, body: Any = None) -> bool:
        """Whether a POST call changed anything."""
        return self.done(query, body, "POST").context.changed

    def refused(self, query: str, body: Any = None, method: str | None = None) -> str:
        """The name of the error that a call gives; it must not change the state."""
        before = self.dump()
        try:
            self.done(query, body, method)
        except ApiFailure as failure:
            assert self.dump() == before
            return failure.name
        return "nothing"

    def dump(self) -> dict[str, Any]:
        """The whole state."""
        context = Context(self.world, self.world.local, self.switches, self.now)
        lifecycle.advance(context)
        return admin.dump(context)

    def volume(self, reference: str) -> dict[str, Any]:
        """A volume's summary."""
        [summary] = self.get(f"Volume/{reference}")
        return summary

    def snapshot(self, reference: str) -> dict[str, Any]:
        """A snapshot's summary."""
        [summary] = self.get(f"Snapshot/{reference}")
        return summary

    def snapshots(self) -> dict[str, dict[str, Any]]:
        """The listed snapshots by global id."""
        return {snapshot["globalId"]: snapshot for snapshot in self.get("SnapshotsList")}

    def create(self, name: str = "", size: int = GIB, **more: Any) -> str:
        """A new volume; gives its global id."""
        return self.post("VolumeCreate", {"name": name, "size": size, "replication": 3, **more})["globalId"]

    def attach(self, volume: str, client: int, rights: str = "rw") -> None:
        """Attaches a volume to a client."""
        self.post("VolumesReassign", [{"volume": volume, rights: [client]}])

    def open(self, volume: str, client: int, is_open: bool = True) -> None:
        """A process on the client opens or closes the device."""
        context = Context(self.world, self.world.local, self.switches, self.now)
        admin.set_open(context, "POST", {"volume": volume, "client": client, "open": is_open})

    def clients_of(self, volume: str) -> dict[int, str]:
        """The clients that a volume or snapshot is attached to, with their rights."""
        attachments = self.get("AttachmentsList")
        return {item["client"]: item["rights"] for item in attachments if item["volume"] == volume}

    def client(self, **given: Any) -> None:
        """Registers or changes a client, as ``/_sim/clients`` does."""
        admin.clients(Context(self.world, self.world.local, self.switches, self.now), "POST", given)

    def add_cluster(self, **given: Any) -> None:
        """A second cluster, or its connection, as ``/_sim/clusters`` does."""
        admin.clusters(Context(self.world, self.world.local, self.switches, self.now), "POST", given)
