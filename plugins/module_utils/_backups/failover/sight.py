# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What both sides have of many VMs at one moment, from lists: CloudStack's VMs, disks and hosts, and the volumes and snapshots of the StorPool cluster here.

What a failover has done is not remembered but seen: a volume that it has made says in its tags of which backup it is, what CloudStack's path led to before,
and, until the VM runs on it, that the failover has not ended.
"""

from __future__ import annotations

import time
import typing as t

from ..._common.words import listing
from .. import tags, volumecare
from ..backup import Backup, Row, in_order
from ..marks import tag

#: Tags of volumes that were made of a backup: which one it is, what the path led to before (global id or name), and how far the failover is.
BACKUP, FROM, STATE = "vm-failover", "vm-failover-from", "vm-failover-state"
BEGUN = "begun"
ROOT = "ROOT"


class Sides(t.NamedTuple):
    """What reads both sides, and what is known of names on either, neither of which is known here.

    ``find`` gives the one of some rows that an option names. ``reference`` gives what StorPool calls what has a path, ``keys_of`` all that an object of
    StorPool's is known by. ``status`` is what VolumeCare says; ``None`` if backups are known by their tags.
    """

    cloud: t.Any
    cluster: t.Any
    find: t.Callable[[str, str, str, t.Sequence[Row]], Row]
    reference: t.Callable[[t.Optional[str]], t.Optional[str]]
    keys_of: t.Callable[[Row], t.Tuple[str, ...]]
    status: t.Optional[t.Callable[[], str]] = None


class Disk(t.NamedTuple):
    """A disk of a VM. ``row`` is CloudStack's, ``half`` the volume here that its path leads to, ``made`` those here that a failover has made of it.

    ``others`` are the volumes here with CloudStack's tags of this disk that the path does not lead to, and that no failover has made.
    """

    row: Row
    half: t.Optional[Row]
    made: t.Tuple[Row, ...] = ()
    others: t.Tuple[Row, ...] = ()

    @property
    def id(self) -> str:
        """CloudStack's id of it."""
        return str(self.row["id"])

    def __str__(self) -> str:
        return f"volume {self.row['name']!r}"


class Current(t.NamedTuple):
    """What the plan of one VM has to know. ``host`` is the one that it runs on, in the words of CloudStack; ``attached`` are ids of volumes."""

    vm: Row
    disks: t.Tuple[Disk, ...]
    host: t.Optional[Row]
    backups: t.Tuple[Backup, ...]
    snapshots: t.Mapping[str, Row]
    now: float

    def __str__(self) -> str:
        return "VM {0!r}".format(self.vm.get("displayname") or self.vm["name"])

    @property
    def state(self) -> str:
        """In CloudStack's words."""
        return str(self.vm.get("state"))


def is_begun(volume: Row) -> bool:
    """Whether the failover that has made a volume has not ended."""
    return tag(volume, STATE) == BEGUN


class Sight:
    """Both sides as they are now. Four lists of CloudStack's and two of StorPool's, whatever the number of VMs.

    ``hosts`` are CloudStack's, by id, and ``status`` is what VolumeCare has said: both are asked once for a task.
    """

    def __init__(
        self,
        sides: Sides,
        hosts: t.Mapping[str, Row],
        status: t.Optional[t.Mapping[str, t.Sequence[Backup]]],
        clock: t.Callable[[], float],
    ) -> None:
        self._sides, self.hosts, self._status = sides, hosts, status
        self.vms = {str(row["id"]): row for row in sides.cloud.vms()}
        self._rows: t.Dict[str, t.List[Row]] = {}
        self._paths: t.Set[str] = set()
        for row in sides.cloud.volumes():
            row["reference"] = sides.reference(row.get("path"))
            self._paths.add(str(row["reference"]))
            self._rows.setdefault(str(row.get("virtualmachineid")), []).append(row)
        self._halves: t.Dict[str, Row] = {}
        self._tagged: t.Dict[str, t.List[Row]] = {}
        for half in sides.cluster.volumes():
            self._halves.update(dict.fromkeys(sides.keys_of(half), half))
            if tag(half, "cs") == "volume":
                self._tagged.setdefault(tag(half, "uuid"), []).append(half)
        self._snapshots = {
            str(row["globalId"]): row
            for row in sides.cluster.every_snapshot()
            if not (row.get("deleted") or str(row["name"]).startswith("*"))
        }
        self._backups = self._read_backups()
        self._now = clock()

    def of(self, vm: str) -> t.Optional[Current]:
        """What there is of a VM; ``None`` if it is no more."""
        row = self.vms.get(vm)
        if row is None:
            return None
        disks = sorted(
            (self._disk(each, vm) for each in self._rows.get(vm, ())),
            key=lambda disk: (disk.row.get("type") != ROOT, disk.row.get("deviceid") or 0, disk.id),
        )
        needed = {one.snapshot for backup in self._backups.get(vm, ()) for one in backup.disks}
        return Current(
            row,
            tuple(disks),
            self.hosts.get(str(row.get("hostid"))),
            self._backups.get(vm, ()),
            {key: self._snapshots[key] for key in needed if key in self._snapshots},
            self._now,
        )

    def left_of(self, vm: str) -> t.List[str]:
        """What was made here of backups of a VM: global ids of volumes."""
        rows = (row for of_disk in self._tagged.values() for row in of_disk)
        return sorted(str(row["globalId"]) for row in rows if tag(row, "cvm") == vm and tag(row, BACKUP))

    def _disk(self, row: Row, vm: str) -> Disk:
        half = self._halves.get(str(row["reference"]))
        of_it = [each for each in self._tagged.get(str(row["id"]), ()) if tag(each, "cvm") == vm]
        free = [each for each in of_it if each is not half and not self._paths.intersection(self._sides.keys_of(each))]
        made = [each for each in of_it if tag(each, BACKUP) and (each is half or each in free)]
        return Disk(row, half, tuple(made), tuple(each for each in free if each not in made))

    def _read_backups(self) -> t.Dict[str, t.Tuple[Backup, ...]]:
        if self._status is not None:
            found: t.Mapping[str, t.Sequence[Backup]] = self._status
        else:
            found = tags.backups(self._snapshots.values(), (), self._names())
        return {vm: in_order(self._here(of_it)) for vm, of_it in found.items() if vm in self.vms}

    def _names(self) -> t.Dict[str, str]:
        """CloudStack's ids of volumes, by all that a snapshot may call what it is of."""
        names = {}
        for rows in self._rows.values():
            for row in rows:
                names[str(row["id"])] = str(row["id"])
                if row["reference"]:
                    names[str(row["reference"])] = str(row["id"])
                for half in self._tagged.get(str(row["id"]), ()):
                    names.update(dict.fromkeys(self._sides.keys_of(half), str(row["id"])))
                    if tag(half, FROM):
                        names["~" + tag(half, FROM)] = str(row["id"])
        return names

    def _here(self, backups: t.Iterable[Backup]) -> t.Iterator[Backup]:
        """Those that are in this cluster, each with what keeps it from being used: no other cluster can be asked for what is missing."""
        for backup in backups:
            rows = {disk.snapshot: self._snapshots.get(disk.snapshot) for disk in backup.disks}
            missing = sorted("~" + snapshot for snapshot, row in rows.items() if row is None)
            if missing and len(missing) == len(rows):
                continue
            coming = sorted(
                "~" + one for one, row in rows.items() if row is not None and row.get("recoveringFromRemote")
            )
            problem = backup.problem
            if missing:
                problem = problem or f"its snapshots {listing(missing)} are not in this cluster"
            if coming:
                problem = problem or f"not all data of its snapshots {listing(coming)} has arrived"
            disks = [
                disk._replace(size=int(t.cast(Row, rows[disk.snapshot])["size"])) if rows[disk.snapshot] else disk
                for disk in backup.disks
            ]
            yield backup._replace(disks=tuple(disks), problem=problem)


class Watch:
    """Makes a sight of how things are now, as often as it is asked."""

    def __init__(self, sides: Sides, clock: t.Callable[[], float] = time.time) -> None:
        self._sides, self._clock = sides, clock
        self._hosts = {str(row["id"]): row for row in sides.cloud.every_host()}
        self._status = volumecare.parse(sides.status()) if sides.status is not None else None

    def __call__(self) -> Sight:
        return Sight(self._sides, self._hosts, self._status, self._clock)
