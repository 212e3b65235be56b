# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster abc.b with another one far.c at another location, both of the simulator's model."""

from __future__ import annotations

from typing import Any

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Managed, Outcome, converge
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.waiting import patient
from simulators.storpool import admin
from simulators.storpool.state import GIB, Context
from unit.plugins.module_utils._storpool.in_process import Cluster, options

TAKES = {"size": GIB, "replication": 3}


class Here(Cluster):
    """The near one, with volumes ``db`` and ``log``. Waiting makes the model's time pass."""

    def __init__(self, **switches: Any) -> None:
        super().__init__(**switches)
        context = Context(self.world, self.world.local, self.switches, self.now)
        admin.clusters(context, "POST", {"id": "far.c", "name": "far-cluster", "location": "far-away"})
        for name in ("db", "log"):
            self.post("VolumeCreate", {"name": name, **TAKES})

    def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    def run(self, kind: Managed, pauses: tuple[float, ...] = (), **given: Any) -> Outcome:
        wanted = kind.want(options(kind.spec, given))
        return converge(
            lambda: kind.look(Reader(self), wanted),
            lambda current: kind.plan(current, wanted),
            patient(Reader(self), self.apply, self.sleep, lambda: self.now),
            pauses=pauses,
            sleep=self.sleep,
        )

    def there(self) -> list[dict[str, Any]]:
        """The snapshots of the far cluster that are not being deleted."""
        self.dump()
        return [row for row in self.get("RemoteCommand/~far.c/SnapshotsList") if not row["deleted"]]
