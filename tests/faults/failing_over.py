# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One CloudStack over two sites, each with a StorPool cluster and a host, and VMs of the first whose backups are at the second."""

from __future__ import annotations

from typing import Any

from faults.cloudstack_pools import made
from faults.scenario import Scenario
from faults.worlds import CloudStack, StorPool

FAR_TOKEN = "1618033988749894848"
FAR = {
    "id": "far.c",
    "name": "far-cluster",
    "location": "far-away",
    "clients": [1, 2, 3],
    "disks": 6,
    "token": FAR_TOKEN,
}
HOME, CLUSTERS = "location-sim", ("site-a", "site-b")
_HYBRID = {"name": "hybrid", "replication": 3, "placeAll": "hdd", "placeTail": "ssd", "placeHead": "hdd"}
Volumes = dict[str, dict[str, Any]]


def _endpoint(world: CloudStack, token: str) -> str:
    return (
        f"SP_API_HTTP={world.storpool.simulator.url.removeprefix('http://')};SP_AUTH_TOKEN={token};SP_TEMPLATE=hybrid"
    )


def backed_up(world: CloudStack, vms: dict[str, int], running: bool = True) -> None:
    """VMs with so many disks, which run at site A, and a backup of each at site B."""
    world.storpool.admin("POST", "clusters", FAR)
    world.storpool.do(("RemoteCommand/far-cluster/VolumeTemplateCreate", _HYBRID))
    made(world)
    world.admin("POST", "hosts", {"name": "host1", "cluster": CLUSTERS[0]})
    world.admin("POST", "hosts", {"name": "host2", "cluster": CLUSTERS[1], "client_id": 1})
    for name, disks in vms.items():
        world.add(pool="sp", vms=1, name=name, running=False)
        vm = one(world, "vms", name)["id"]
        for number in range(1, disks):
            world.add(pool="sp", volumes=1, name=f"{name}-{number}")
            disk = one(world, "volumes", f"{name}-{number}")["id"]
            world.do(("attachVolume", {"id": disk, "virtualmachineid": vm}))
        if running:
            world.do(("startVirtualMachine", {"id": vm, "hostid": one(world, "hosts", "host1")["id"]}))
        back_up(world, name)
    arrive(world)
    pool = {"storageid": world.id_of("sp")}
    world.do(("updateConfiguration", {"name": "sp.alternative.endpoint", "value": _endpoint(world, FAR_TOKEN), **pool}))


def one(world: CloudStack, table: str, name: str) -> dict[str, Any]:
    """CloudStack's row with a name, also of what is gone."""
    return next(row for row in world.admin("GET", "state")[table] if row["name"] == name)


def paths(world: CloudStack, vm: str) -> dict[str, str]:
    """The global ids that the paths of a VM's disks lead to, by name."""
    state = world.admin("GET", "state")
    number = next(row["db_id"] for row in state["vms"] if row["name"] == vm)
    return {row["name"]: row["path"].rpartition("/")[2] for row in state["volumes"] if row["vm"] == number}


def back_up(world: CloudStack, vm: str, disks: list[str] | None = None, *, home: bool = False) -> None:
    """A backup of all disks of a VM, or of some, at site B, or at site A."""
    volumes = ["~" + each for name, each in paths(world, vm).items() if disks is None or name in disks]
    body = {"volumes": volumes, "location": HOME if home else "far-away", "tags": {"cvm": one(world, "vms", vm)["id"]}}
    world.storpool.do((f"{'RemoteCommand/far-cluster/' if home else ''}VolumesGroupBackup", body))


def arrive(world: CloudStack) -> None:
    """All data of backups arrives where it is sent to."""
    world.storpool.admin("POST", "now", {"seconds": 60})


def lose_site_a(world: CloudStack) -> None:
    """The hosts of site A are off, and its StorPool cluster is reached by nobody."""
    world.admin("POST", "hosts", {"name": "host1", "state": "Down"})
    world.storpool.admin("POST", "clusters", {"id": "sim.b", "connected": False})
    use_site_b(world)


def use_site_b(world: CloudStack, value: str = "true") -> None:
    """Lead CloudStack to the StorPool cluster of site B, or back."""
    pool = {"storageid": world.id_of("sp")}
    world.do(("updateConfiguration", {"name": "sp.enable.alternative.endpoint", "value": value, **pool}))


def regain_site_a(world: CloudStack) -> None:
    """Site A is back."""
    world.admin("POST", "hosts", {"name": "host1", "state": "Up"})
    world.storpool.admin("POST", "clusters", {"id": "sim.b", "connected": True})


class Sites(CloudStack):
    """Both sites; modules speak to the StorPool cluster of site B, unless they are told otherwise."""

    def new(self, vms: dict[str, int], **switches: Any) -> None:
        """Begin, make the VMs and their backups, and lose site A."""
        self.begin(Scenario("none", "none", {}, names=(), switches=switches))
        backed_up(self, vms)
        lose_site_a(self)
        self.forget()

    def far(self) -> dict[str, Any]:
        """The StorPool cluster of site B."""
        return dict(self.storpool.admin("GET", "state")["clusters"]["far.c"])

    def made(self) -> Volumes:
        """The volumes at site B of CloudStack's volumes, by the id of these. No two may be of the same."""
        rows = [row for row in self.far()["volumes"] if row["tags"].get("cs") == "volume"]
        found = {row["tags"]["uuid"]: row for row in rows}
        assert len(found) == len(rows), rows
        return found

    @property
    def at_b(self) -> dict[str, Any]:
        """The connections of a task for site B."""
        return {**self.connection, **self.storpool.connection, "sp_auth_token": FAR_TOKEN}

    @property
    def at_a(self) -> dict[str, Any]:
        """The connections of a task for site A."""
        return {**self.connection, **self.storpool.connection}


def sites(storpool: Any, cloudstack: Any) -> Sites:
    """The two simulators as both sites."""
    return Sites(cloudstack, StorPool(storpool))
