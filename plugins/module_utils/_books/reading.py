# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading both books, though things move while they are read.

StorPool is read first and CloudStack after it, one list call each. What looks wrong then is looked at a second time, on both sides, and is a finding if it is
wrong both times. So a clean audit costs one reading, and nothing is told that was only on its way.
"""

from __future__ import annotations

import re
import time
import typing as t

from .._common import answers
from .._common.errors import NotFound, Outdated
from .._common.words import there_is
from .audit import audit
from .books import GROUP, READS_OFFERINGS, SYSTEM_VOLUMES, TEMPLATE, Books, Cloud, Cluster, Row, tag
from .finding import Finding

#: How many ids one call asks for; where more is suspect, everything is read again.
MOST_IDS = 200
#: Codes that a second look at volumes decides about, those about snapshots, and those that follow from what CloudStack does not have.
_OF_VOLUMES = frozenset(
    [
        "dangling_attachment",
        "missing_attachment",
        "double_attachment",
        "lost_volume",
        "size_differs",
        "template_differs",
    ]
) | frozenset(["limit_differs", "tags_differ"])
_OF_ABSENCE = frozenset(["orphan_volume", "orphan_snapshot", "left_temporary"])
_OF_SNAPSHOTS = frozenset(["orphan_snapshot", "lost_snapshot"])
_OF_OFFERINGS = frozenset(["template_differs", "limit_differs"])
_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Sides(t.NamedTuple):
    """What reads the books, and what is known of names on either side, neither of which is known here.

    ``is_storpool`` and ``template_of`` are about pools, ``reference`` gives what StorPool calls what has a path, ``keys_of`` all that an object of StorPool's
    is known by, and ``owner_of`` one of these for an attachment. ``client_names`` gives the clients of hosts as this machine knows them.
    """

    cloud: t.Any
    cluster: t.Any
    is_storpool: t.Callable[[Row], bool]
    template_of: t.Callable[[Row], str]
    reference: t.Callable[[t.Optional[str]], t.Optional[str]]
    keys_of: t.Callable[[Row], t.Tuple[str, ...]]
    owner_of: t.Callable[[Row], str]
    client_names: t.Callable[[], t.Mapping[str, int]]


class Ask(t.NamedTuple):
    """What is asked for. ``pools`` are names or ids, ``clients`` the clients of hosts by name, ``codes`` those that matter, ``None`` for all."""

    zone: t.Optional[str] = None
    pools: t.Optional[t.Tuple[str, ...]] = None
    clients: t.Mapping[str, int] = {}
    codes: t.Optional[t.FrozenSet[str]] = None
    min_age: int = 0

    def wants(self, codes: t.FrozenSet[str]) -> bool:
        """Whether any of these codes matters."""
        return self.codes is None or bool(self.codes & codes)


class Reading:
    """One reading of both books."""

    def __init__(self, sides: Sides, ask: Ask, clock: t.Callable[[], float] = time.time) -> None:
        self._sides, self._ask, self._clock = sides, ask, clock

    def first(self) -> Books:
        """Both books, once. Raises :class:`NotFound` for a zone or pool that is not there, and all that the readers raise."""
        cluster = self._cluster()
        return Books(self._cloud(cluster), cluster, self._clock(), self._ask.min_age)

    def findings(self, books: Books) -> t.Tuple[Books, t.List[Finding]]:
        """What is wrong in these books and at a second look, and the books of the last look."""
        suspects = audit(books, self._ask.codes)
        if not any(each.code in _OF_VOLUMES | _OF_ABSENCE | _OF_SNAPSHOTS | {"client_down"} for each in suspects):
            return books, suspects
        seen = {each.key for each in suspects}
        books = self._second(books, suspects)
        return books, [each for each in audit(books, self._ask.codes) if each.key in seen]

    def again(self, books: Books, finding: Finding) -> Books:
        """Both books as they are now, cut down to the object of one finding; all that might name what would be deleted is read."""
        what, name = finding.object.split(" ", 1)
        nothing = books.cloud._replace(volumes=(), vms=(), snapshots=(), vm_snapshots=())
        now = books._replace(cloud=nothing, cluster=books.cluster._replace(volumes=(), snapshots=(), attachments=()))
        now = now._replace(now=self._clock())
        if name.startswith("~"):
            return self._unnamed(now, what, name)
        rows = self._by_id(self._volumes, name)
        for row in rows:
            # What has the path now, or had the id before: either may be right, as in the audit.
            before = (finding.storpool or {}).get("global_id")
            names = [row["reference"], before and f"~{before}"]
            things = [thing for thing in (self._sides.cluster.volume(one) for one in names if one) if thing][:1]
            vm = row.get("virtualmachineid")
            vms = self._by_id(self._sides.cloud.vms, str(vm)) if vm else ()
            return now._replace(
                cloud=nothing._replace(volumes=tuple(rows), vms=tuple(vms)),
                cluster=now.cluster._replace(volumes=self._things(things), attachments=self._attached(things)),
            )
        return now

    def _unnamed(self, now: Books, what: str, name: str) -> Books:
        """What CloudStack seems not to know: the object, and everything of CloudStack's that could name it."""
        thing = getattr(self._sides.cluster, what)(name)
        if thing is None:
            return now
        cluster = now.cluster._replace(attachments=self._attached([thing]))
        things = self._things([thing])
        cluster = cluster._replace(volumes=things) if what == "volume" else cluster._replace(snapshots=things)
        cloud = now.cloud._replace(volumes=self._every_volume(), vm_snapshots=tuple(self._sides.cloud.vm_snapshots()))
        if _UUID.fullmatch(tag(thing, "uuid")):
            cloud = cloud._replace(snapshots=tuple(self._by_id(self._sides.cloud.volume_snapshots, tag(thing, "uuid"))))
        return now._replace(cloud=cloud, cluster=cluster)

    def _cluster(self) -> Cluster:
        side = self._sides.cluster
        # The status of the templates names all of them, but StorPool has to add it up.
        measured = self._ask.wants(frozenset(["pool_over_capacity"]))
        templates = tuple(side.templates_status() if measured else side.templates())
        return Cluster(
            volumes=self._things(side.volumes()),
            snapshots=self._things(side.snapshots()),
            attachments=self._attachments(side.attachments()),
            clients=side.clients(),
            templates=templates,
            capacity={str(row["name"]): row for row in templates} if measured else {},
        )

    def _cloud(self, cluster: Cluster) -> Cloud:
        """Long lists come first: pages are known to be that long then, and short ones cost one call. Where there are no projects, nothing of theirs is
        asked for: one that is made after that has nothing which StorPool's lists, read before, could name."""
        side, ask = self._sides.cloud, self._ask
        version = tuple(side.version())
        whose = {} if side.projects() else {"of_projects": False}
        volumes, vms = self._volumes(**whose), side.vms(**whose)
        pools = self._pools()
        templates = {pool["template"] for pool in pools}
        ours = [thing for thing in cluster.snapshots if thing.get("templateName") in templates]
        kinds = {tag(thing, "cs") for thing in ours}
        offerings = ask.wants(_OF_OFFERINGS) and version >= READS_OFFERINGS
        return Cloud(
            version=version,
            pools=pools,
            hosts=self._hosts(),
            volumes=tuple(volumes),
            vms=tuple(vms),
            snapshots=tuple(side.volume_snapshots(**whose)) if ask.wants(_OF_SNAPSHOTS) else (),
            vm_snapshots=tuple(side.vm_snapshots(**whose)) if GROUP in kinds else (),
            templates=tuple(side.every_template()) if TEMPLATE in kinds else (),
            disk_offerings=tuple(side.every_disk_offering()) if offerings else (),
            service_offerings=tuple(side.service_offerings()) if offerings else (),
        )

    def _pools(self) -> t.Tuple[Row, ...]:
        ask = self._ask
        every = [row for row in self._sides.cloud.pools() if self._sides.is_storpool(row)]
        rows = [row for row in every if ask.zone is None or ask.zone in (row.get("zoneid"), row.get("zonename"))]
        if ask.zone is not None and not rows:
            zones = {str(row.get("zonename")) for row in every}
            raise NotFound(
                f"There is no StorPool pool in a zone {ask.zone!r}. {there_is('With StorPool pools, CloudStack', zones, ask.zone)}"
            )
        for wanted in ask.pools or ():
            if not any(wanted in (row["id"], row["name"]) for row in rows):
                names = [str(row["name"]) for row in rows]
                raise NotFound(f"There is no StorPool pool {wanted!r}. {there_is('CloudStack', names, wanted)}")
        rows = [row for row in rows if ask.pools is None or row["id"] in ask.pools or row["name"] in ask.pools]
        return tuple(dict(row, template=self._sides.template_of(row)) for row in rows)

    def _hosts(self) -> t.Tuple[Row, ...]:
        """The hosts with their clients: as the task says, else as CloudStack tells (``parent``), else as this machine knows."""
        rows = self._sides.cloud.every_host()
        known = dict(self._sides.client_names())
        short = {name.partition(".")[0]: client for name, client in known.items()}

        def client(row: Row) -> t.Optional[int]:
            name, parent = str(row["name"]), str(row.get("parent") or "")
            told = int(parent) if answers.number(parent) is None else None
            places = (self._ask.clients.get(name), told, known.get(name), short.get(name.partition(".")[0]))
            return next((each for each in places if each is not None), None)

        return tuple(dict(row, client=client(row)) for row in rows)

    def _volumes(self, **where: t.Any) -> t.List[Row]:
        """Volumes, those of system VMs too where CloudStack lists them."""
        if tuple(self._sides.cloud.version()) >= SYSTEM_VOLUMES:
            where["listsystemvms"] = True
        rows = self._sides.cloud.volumes(**where)
        for row in rows:
            row["reference"] = self._sides.reference(row.get("path"))
        return t.cast(t.List[Row], rows)

    def _every_volume(self) -> t.Tuple[Row, ...]:
        return tuple(self._volumes()) + tuple(self._volumes(state="Destroy"))

    def _things(self, things: t.Iterable[Row]) -> t.Tuple[Row, ...]:
        found = tuple(things)
        for thing in found:
            thing["keys"] = self._sides.keys_of(thing)
        return found

    def _attachments(self, rows: t.Iterable[Row]) -> t.Tuple[Row, ...]:
        return tuple(dict(row, of=self._sides.owner_of(row)) for row in rows)

    def _attached(self, things: t.Sequence[Row]) -> t.Tuple[Row, ...]:
        return self._attachments(self._sides.cluster.attachments_of_any(things)) if things else ()

    def _by_id(self, read: t.Callable[..., t.List[Row]], one: str) -> t.List[Row]:
        """What CloudStack has with an id, as a list; it refuses to list an id that it never had."""
        try:
            return read(id=one)
        except Outdated:
            return []

    def _second(self, books: Books, suspects: t.Sequence[Finding]) -> Books:
        side = self._sides.cloud
        codes = {each.code for each in suspects}
        about = [each.object.split(" ", 1)[1] for each in suspects if each.code in _OF_VOLUMES]
        cloud, cluster = books.cloud, books.cluster
        volumes = self._renewed(cloud.volumes, sorted(set(about)), self._volumes)
        ids = {
            str(row["virtualmachineid"]) for row in volumes if row["id"] in set(about) and row.get("virtualmachineid")
        }
        vms = self._renewed(cloud.vms, sorted(ids), side.vms)
        if codes & _OF_ABSENCE:
            there = {row["id"] for row in volumes}
            volumes += tuple(row for row in self._volumes(state="Destroy") if row["id"] not in there)
        if "lost_snapshot" in codes:
            cloud = cloud._replace(snapshots=tuple(side.volume_snapshots()))
        cluster = cluster._replace(
            volumes=self._things(self._sides.cluster.volumes()),
            snapshots=self._things(self._sides.cluster.snapshots()),
            attachments=self._attachments(self._sides.cluster.attachments()),
            clients=self._sides.cluster.clients(),
        )
        return books._replace(cloud=cloud._replace(volumes=volumes, vms=vms), cluster=cluster, now=self._clock())

    def _renewed(
        self, rows: t.Sequence[Row], ids: t.Sequence[str], read: t.Callable[..., t.List[Row]]
    ) -> t.Tuple[Row, ...]:
        """The rows, those with these ids as they are now; one that is gone is not among them."""
        if not ids:
            return tuple(rows)
        if len(ids) > MOST_IDS:
            return tuple(read())
        try:
            new = {str(row["id"]): row for row in read(ids=",".join(ids))}
        except Outdated:  # one of them is gone, and the server refuses to say which
            return tuple(read())
        return tuple(row for row in rows if str(row["id"]) not in ids) + tuple(new[one] for one in ids if one in new)


def sizes(books: Books) -> t.Dict[str, t.Dict[str, int]]:
    """How much was compared."""
    cloud, cluster = books.cloud, books.cluster
    kinds = ("pools", "hosts", "volumes", "vms", "snapshots", "vm_snapshots", "templates")
    return {
        "cloudstack": {kind: len(getattr(cloud, kind)) for kind in kinds},
        "storpool": {
            kind: len(getattr(cluster, kind))
            for kind in ("volumes", "snapshots", "attachments", "clients", "templates")
        },
    }


def names_of(finding: Finding) -> t.FrozenSet[str]:
    """All that a task may call the object of a finding."""
    rows = [finding.cloudstack or {}, finding.storpool or {}]
    found = {finding.object, finding.object.split(" ", 1)[1]}
    found.update(str(row[member]) for row in rows for member in ("id", "name") if row.get(member))
    if finding.storpool and finding.storpool.get("global_id"):
        found.add("~" + str(finding.storpool["global_id"]))
    return frozenset(found)
