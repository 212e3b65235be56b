# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of a cluster: plain data, no behaviour beyond keeping its own indexes right."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from simulators.storpool.steps import Step

MIB = 1024 * 1024
GIB = 1024 * MIB
OBJECT_SIZE = 32 * MIB


@dataclass(eq=False)
class Disk:
    """A disk; ``generation_left`` is -1 while it is up."""

    id: int
    server: int
    ssd: bool
    size: int
    description: str = ""
    generation_left: int = -1
    soft_eject: str = "off"
    scrubbing: bool = False
    scrubbing_paused: bool = False
    last_scrub: int = 0

    @property
    def up(self) -> bool:
        return self.generation_left == -1


@dataclass(eq=False)
class PlacementGroup:
    id: int
    name: str
    disks: set[int]


@dataclass
class Policy:
    """Placement and limits. None: not set (templates), or unlimited (bw, iops)."""

    place_all: PlacementGroup | None = None
    place_tail: PlacementGroup | None = None
    place_head: PlacementGroup | None = None
    replication: int | None = None
    bw: float | None = None
    iops: float | None = None
    limit_type: str = "total"
    reuse_server: bool = False


@dataclass(eq=False)
class Template:
    id: int
    name: str
    policy: Policy
    size: int | None = None
    parent: Snapshot | None = None
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(eq=False)
class Attachment:
    """``cluster`` is the id of the client's cluster: an exported volume may be attached in another one.

    ``generation`` is the configuration that it came with.
    """

    volume: Volume
    cluster: str
    client: int
    rights: str
    pos: int
    open: bool = False
    generation: int = 0


def said_to_be_open(attachments: Iterable[Attachment]) -> list[Attachment]:
    """Those whose devices are open, as far as somebody has said so."""
    return [each for each in attachments if each.open]


@dataclass(eq=False)
class Volume:
    """A volume, and what volumes and snapshots have in common. ``name`` "" is an unnamed one; sizes in bytes.

    ``stored`` is the client data that is the object's own, not its parents'. ``attached`` is keyed by cluster id and
    client id. ``exports`` is keyed by the name of a location (snapshots) or the id of a cluster (volumes).
    ``made`` holds the snapshots that were made of it. ``original_id`` is set once a revert has changed ``global_id``.
    ``home`` is the id of the cluster that it is in.
    """

    id: int
    global_id: str
    name: str
    size: int
    policy: Policy
    created: int
    template: Template | None = None
    parent: Snapshot | None = None
    original_parent: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    stored: int = 0
    vag: int = 0
    moving_until: float = 0.0
    attached: dict[tuple[str, int], Attachment] = field(default_factory=dict)
    exports: dict[str, bool] = field(default_factory=dict)
    made: dict[int, Snapshot] = field(default_factory=dict)
    original_id: str = ""
    home: str = ""

    is_snapshot = False

    @property
    def lasting_id(self) -> str:
        """The global id that stays valid: the one that it was created with."""
        return self.original_id or self.global_id

    @property
    def file(self) -> str:
        """What its bytes are called where they are kept: two clusters may have an object of the same id."""
        return f"{self.home}/{self.lasting_id}"


@dataclass(eq=False)
class Snapshot(Volume):
    """``on_name`` is the last known name of the volume it was made of, for unnamed snapshots' names; ``of_unnamed`` is
    the id of a volume without a name where the snapshot's listed name is made of that.

    ``created_from_global_id`` is the lasting id of that volume, ``created_from_then`` the one that it had at that time.
    ``backup_of`` is the name of the volume that it is a backup of, ``copied_from`` the id of the cluster that its data
    came from. A transient one goes at ``collect_at`` by itself.
    """

    created_from: Volume | None = None
    created_from_id: int = 0
    created_from_global_id: str = ""
    created_from_then: str = ""
    on_name: str = ""
    of_unnamed: str = ""
    backup_of: str = ""
    copied_from: str = ""
    bound: bool = False
    transient: bool = False
    deleted: bool = False
    starred: bool = False
    gone_at: float = 0.0
    delete_at: int = 0
    collect_at: float = 0.0
    backup: bool = False
    recovering_until: float = 0.0
    child_volumes: dict[int, Volume] = field(default_factory=dict)
    child_snapshots: dict[int, Snapshot] = field(default_factory=dict)

    is_snapshot = True


@dataclass(eq=False)
class Client:
    """``pending`` holds (time, generation): when it will have applied a configuration. ``lag`` None: the switch's."""

    id: int
    up: bool = True
    lag: float | None = None
    generation: int = 0
    pending: deque[tuple[float, int]] = field(default_factory=deque)
    positions: set[int] = field(default_factory=set)


@dataclass(eq=False)
class Location:
    id: str
    name: str
    send_buffer: int = 0
    recv_buffer: int = 0


@dataclass(eq=False)
class RemoteCluster:
    """A registered cluster: ``id`` is the second half of the cluster id."""

    id: str
    location: Location
    name: str


@dataclass(eq=False)
class Cluster:
    """One cluster. ``volumes`` and ``snapshots`` are keyed by numeric id; ``by_name`` holds both kinds.

    Calls with its ``token`` are for it. ``attachments`` are those of this cluster's clients, keyed by the object's lasting global id and the client's id.
    ``by_global_id`` has each object by its lasting id, and by the present one where a revert has changed that.
    ``dirty`` holds snapshots that may have become collectable; ``events`` is a heap of (time, snapshot id).
    ``disk_sets`` remembers what follows from disks and groups; every change forgets it.
    """

    id: str
    name: str
    started: int
    generation: int = 100
    connected: bool = True
    token: str | None = None
    servers: list[int] = field(default_factory=list)
    fault_sets: dict[str, list[int]] = field(default_factory=dict)
    disks: dict[int, Disk] = field(default_factory=dict)
    groups: dict[str, PlacementGroup] = field(default_factory=dict)
    templates: dict[str, Template] = field(default_factory=dict)
    clients: dict[int, Client] = field(default_factory=dict)
    volumes: dict[int, Volume] = field(default_factory=dict)
    snapshots: dict[int, Snapshot] = field(default_factory=dict)
    by_name: dict[str, Volume] = field(default_factory=dict)
    by_global_id: dict[str, Volume] = field(default_factory=dict)
    attachments: dict[tuple[str, int], Attachment] = field(default_factory=dict)
    locations: dict[str, Location] = field(default_factory=dict)
    remotes: dict[str, RemoteCluster] = field(default_factory=dict)
    bridges: dict[str, dict[str, Any]] = field(default_factory=dict)
    maintenance: dict[int, dict[str, Any]] = field(default_factory=dict)
    buckets: dict[str, dict[str, Any]] = field(default_factory=dict)
    balancer: str = "nothing to do"
    dirty: dict[int, Snapshot] = field(default_factory=dict)
    events: list[tuple[float, int]] = field(default_factory=list)
    disk_sets: dict[tuple[Any, ...], list[list[int]]] = field(default_factory=dict)
    last_id: int = 1000
    provisioned: int = 0

    def next_id(self) -> int:
        self.last_id += 1
        return self.last_id

    @property
    def location_id(self) -> str:
        return self.id.partition(".")[0]


@dataclass(eq=False)
class World:
    """Every cluster there is, by id; ``local`` is the one that answers.

    ``steps`` is what is still to be done to the bytes; ``in_use`` gives those of some attachments whose devices are open.
    """

    local: Cluster
    clusters: dict[str, Cluster]
    steps: list[Step] = field(default_factory=list)
    in_use: Callable[[Iterable[Attachment]], list[Attachment]] = said_to_be_open


@dataclass
class Context:
    """What a call works on. ``now`` is the model's time (unix, seconds); ``changed`` is set by an effect."""

    world: World
    cluster: Cluster
    switches: Mapping[str, Any]
    now: float
    multi: bool = False
    changed: bool = False


def build_cluster(cluster_id: str, name: str, clients: list[int], disks: int, started: int) -> Cluster:
    """A running cluster with ``disks`` disks over at least three servers, no templates and no volumes.

    Placement groups: ``default`` with all disks, ``hdd`` and ``ssd`` as far as there are such disks.
    """
    count = min(disks, max(3, -(-disks // 24)))
    cluster = Cluster(cluster_id, name, started, servers=list(range(1, count + 1)))
    for number in range(disks):
        server, slot = number % count + 1, number // count + 1
        ssd = slot % 2 == 0
        size = (2 if ssd else 8) * 1024 * GIB
        disk = Disk(server * 100 + slot, server, ssd, size)
        cluster.disks[disk.id] = disk
    members = {
        "default": set(cluster.disks),
        "hdd": {disk.id for disk in cluster.disks.values() if not disk.ssd},
        "ssd": {disk.id for disk in cluster.disks.values() if disk.ssd},
    }
    for group, ids in members.items():
        if ids:
            cluster.groups[group] = PlacementGroup(len(cluster.groups) + 1, group, ids)
    for index in range(min(3, count)):
        cluster.fault_sets[f"rack{index + 1}"] = [server for server in cluster.servers if server % 3 == (index + 1) % 3]
    cluster.clients = {number: Client(number, generation=cluster.generation) for number in clients}
    return cluster
