# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What CloudStack says and what StorPool says of the same volumes and snapshots, as plain rows, and how the one is found in the other.

Rows are the APIs' own, with a little beside it: a volume of CloudStack's has under ``reference`` what StorPool calls it, a pool under ``template`` its StorPool
template, a host under ``client`` its StorPool client or ``None``; an object of StorPool's has under ``keys`` all that it is known by, and an attachment under
``of`` one of the keys of what is attached.
"""

from __future__ import annotations

import calendar
import time
import typing as t

Row = t.Dict[str, t.Any]
Rows = t.Sequence[Row]

#: Values of the tag ``cs``, which says what an object is to CloudStack.
VOLUME, SNAPSHOT, TEMPLATE, TEMPORARY, GROUP = "volume", "snapshot", "template", "temporary", "group"
CHECK, DELAYED = "check-volume-is-on-host", "delayDelete"
#: Releases of CloudStack: the first with drivers that use tags and global ids, the first that carries the driver, the first that lists volumes of system
#: VMs, the first that clears tags on detach; and the first that reads SP_TEMPLATE and SP_QOSCLASS of offerings, and says all of a volume anew when it is
#: attached, with its global id as ``uuid``.
TAGS, IN_TREE, SYSTEM_VOLUMES, CLEARS_TAGS, READS_OFFERINGS = (4, 11), (4, 17), (4, 18), (4, 19), (4, 20)


class Cloud(t.NamedTuple):
    """CloudStack's book. ``pools`` are the StorPool pools that are looked at; all other rows are those of the whole cloud."""

    version: t.Tuple[int, ...]
    pools: Rows = ()
    hosts: Rows = ()
    volumes: Rows = ()
    vms: Rows = ()
    snapshots: Rows = ()
    vm_snapshots: Rows = ()
    templates: Rows = ()
    disk_offerings: Rows = ()
    service_offerings: Rows = ()


class Cluster(t.NamedTuple):
    """StorPool's book. ``clients`` are by id, ``capacity`` is the status of templates, by name."""

    volumes: Rows = ()
    snapshots: Rows = ()
    attachments: Rows = ()
    clients: t.Mapping[int, Row] = {}
    templates: Rows = ()
    capacity: t.Mapping[str, Row] = {}


class Books(t.NamedTuple):
    """Both books as of one moment ``now`` (seconds since 1970). What is younger than ``min_age`` seconds may still be on its way, and is no finding."""

    cloud: Cloud
    cluster: Cluster
    now: float
    min_age: int = 0


class Pair(t.NamedTuple):
    """A Ready volume of CloudStack's on one of the pools, and its StorPool half."""

    row: Row
    pool: Row
    thing: Row
    vm: t.Optional[Row]


class Ledger:
    """The books, by what one looks for in them."""

    def __init__(self, books: Books) -> None:
        cloud, cluster = books.cloud, books.cluster
        self.books, self.cloud, self.cluster = books, cloud, cluster
        self.pools = {str(row["id"]): row for row in cloud.pools}
        self.templates = {str(row["template"]) for row in cloud.pools}
        self.storpool_templates = {str(row["name"]): row for row in cluster.templates}
        self.vms = {str(row["id"]): row for row in cloud.vms}
        self.hosts = {str(row["id"]): row for row in cloud.hosts}
        self.host_clients = {row["client"]: row for row in cloud.hosts if row.get("client") is not None}
        self._volumes = {key: thing for thing in cluster.volumes for key in thing["keys"]}
        self._by_uuid = {tag(thing, "uuid"): thing for thing in cluster.volumes if tag(thing, "cs") == VOLUME}
        self._attached: t.Dict[str, t.Dict[int, str]] = {}
        for row in cluster.attachments:
            self._attached.setdefault(str(row["of"]), {})[int(row["client"])] = str(row["rights"])
        self._named = {str(row["id"]) for row in cloud.volumes}
        self._named.update(str(row["reference"]) for row in cloud.volumes if row.get("reference"))
        self.snapshot_ids = {str(row["id"]) for row in cloud.snapshots}
        self.template_ids = {str(row["id"]) for row in cloud.templates}
        self.unread = {str(pool["id"]) for pool in cloud.pools if self._is_elsewhere(pool)}
        #: StorPool templates that another cloud seems to use, too.
        self.shared = {
            str(thing.get("templateName"))
            for thing in cluster.volumes
            if tag(thing, "cs") == VOLUME
            and thing.get("templateName") in self.templates
            and not self.is_known(thing)
            and any(client not in self.host_clients for client in self.attachments(thing))
        }

    def _is_elsewhere(self, pool: Row) -> bool:
        """Whether a pool seems to be that of another StorPool cluster: its template is not here, or is that of another pool, and nothing of it is here."""
        if pool["template"] not in self.storpool_templates:
            return True
        if sum(other["template"] == pool["template"] for other in self.cloud.pools) < 2:
            return False
        ready = [
            row for row in self.cloud.volumes if row.get("storageid") == pool["id"] and row.get("state") == "Ready"
        ]
        return bool(ready) and not any(self.half_of(row) for row in ready)

    def ready(self) -> t.Iterator[t.Tuple[Row, Row]]:
        """The volumes that are to be on StorPool, each with its pool."""
        for row in self.cloud.volumes:
            pool = self.pools.get(str(row.get("storageid")))
            if pool and pool["id"] not in self.unread and row.get("state") == "Ready" and row.get("reference"):
                yield row, pool

    def pairs(self) -> t.Iterator[Pair]:
        """Those of them that StorPool has."""
        for row, pool in self.ready():
            thing = self.half_of(row)
            if thing is not None:
                yield Pair(row, pool, thing, self.vms.get(str(row.get("virtualmachineid"))))

    def half_of(self, row: Row) -> t.Optional[Row]:
        """StorPool's half of a volume: what has its path, else what has its id in the tag ``uuid``."""
        return self._volumes.get(str(row.get("reference"))) or self._by_uuid.get(str(row["id"]))

    def is_known(self, thing: Row) -> bool:
        """Whether any volume of CloudStack's names this one of StorPool's, by its path or its id."""
        return any(key in self._named for key in thing["keys"]) or tag(thing, "uuid") in self._named

    def attachments(self, thing: Row) -> t.Dict[int, str]:
        """The rights of each client that has a volume or snapshot attached."""
        found: t.Dict[int, str] = {}
        for key in thing["keys"]:
            found.update(self._attached.get(key, {}))
        return found

    def has_age(self, thing: Row) -> t.Optional[bool]:
        """Whether an object of StorPool's is old enough; ``None`` if the server does not tell."""
        created = thing.get("creationTimestamp")
        return None if not created else self.books.now - int(created) >= self.books.min_age

    def is_old(self, row: Row) -> bool:
        """Whether a row of CloudStack's is old enough. One that does not say when it was made is."""
        created = moment(row.get("created"))
        return created is None or self.books.now - created >= self.books.min_age


def tag(thing: Row, name: str) -> str:
    """The value of a tag of an object of StorPool's; one without it has an empty one."""
    return str((thing.get("tags") or {}).get(name) or "")


def reference(thing: Row) -> str:
    """By what calls to StorPool name an object."""
    return "~" + str(thing["globalId"])


def moment(created: t.Optional[str]) -> t.Optional[int]:
    """Seconds since 1970 of a moment as CloudStack writes it (``2026-01-31T12:00:00+0000``); ``None`` for what is none."""
    try:
        text, sign, offset = str(created)[:19], str(created)[19:20], str(created)[20:24]
        away = (int(offset[:2]) * 60 + int(offset[2:])) * 60
        told = calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        return None
    return told + (away if sign == "-" else -away)
