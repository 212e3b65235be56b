# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster holds, read with GET only: one call for one object, or one list call for all.

Objects are the API's own JSON objects, but that the ``globalId`` of a volume or snapshot is always the one that stays valid (see :mod:`identity`); see
:mod:`results` for what modules return. A snapshot that is being deleted counts as absent.
"""

from __future__ import annotations

import typing as t

from ..._common.errors import Failure
from ..connection import ids as identity
from ..connection.api import Api

Raw = t.Dict[str, t.Any]


class Reader:
    """Reads the cluster behind an :class:`Api`. Errors are those of :meth:`Api.get`.

    ``foresees`` is whether a reader can be told what plans would change (:mod:`predicted`).
    """

    foresees = False

    def __init__(self, api: Api) -> None:
        self._api = api

    def in_lists(self) -> Reader:
        """What answers about many objects from lists, read over the same connection as of now."""
        return Lists(self._api)

    def volume(self, reference: str) -> t.Optional[Raw]:
        """The volume with this name or ``~globalId``; the API answers with an array of one."""
        return _first(self._api.find("Volume", reference))

    def snapshot(self, reference: str) -> t.Optional[Raw]:
        """The snapshot with this name or ``~globalId``."""
        snapshot = _first(self._api.find("Snapshot", reference))
        return snapshot if snapshot and is_living(snapshot) else None

    def template(self, name: str) -> t.Optional[Raw]:
        """The StorPool template with this name."""
        return t.cast(t.Optional[Raw], self._api.find("VolumeTemplateDescribe", name))

    def volumes(self) -> t.List[Raw]:
        """All volumes."""
        return _settled(self._api.get("VolumesList"))

    def snapshots(self) -> t.List[Raw]:
        """All snapshots but those being deleted."""
        return [snapshot for snapshot in self.every_snapshot() if is_living(snapshot)]

    def volumes_with(self, tags: t.Mapping[str, str]) -> t.List[Raw]:
        """The volumes that carry all these tags."""
        return [volume for volume in self.volumes() if has_tags(volume, tags)]

    def snapshots_with(self, tags: t.Mapping[str, str]) -> t.List[Raw]:
        """The snapshots that carry all these tags."""
        return [snapshot for snapshot in self.snapshots() if has_tags(snapshot, tags)]

    def every_snapshot(self) -> t.List[Raw]:
        """All snapshots, those being deleted too: they are links of parent chains until they are gone."""
        return _settled(self._api.get("SnapshotsList"))

    def parents_of(self, volume: Raw) -> t.List[Raw]:
        """The snapshots that a volume is based on, directly or through others."""
        return _settled(self._api.get("VolumeListSnapshots", "~" + volume["globalId"]))

    def volumes_space(self) -> t.List[Raw]:
        """All volumes with ``storedSize`` and ``spaceUsed``; slow on large clusters."""
        return _settled(self._api.get("VolumesSpace"))

    def snapshots_space(self) -> t.List[Raw]:
        """All snapshots, those being deleted too, with ``storedSize`` and ``spaceUsed``; slow on large clusters."""
        return _settled(self._api.get("SnapshotsSpace"))

    def statuses(self) -> t.List[Raw]:
        """The state of the data of all volumes and snapshots, without sizes; slow on large clusters."""
        return _settled(dict(self._api.get("VolumesGetStatusQuick") or {}).values())

    def exports(self) -> t.List[Raw]:
        """The snapshots that are exported to other locations, one row for each location."""
        return list(self._api.get("ExportsList")["exports"])

    def remote_snapshots(self) -> t.List[Raw]:
        """The snapshots that other locations export to this one, backups of ours among them. ``remoteId`` is the global id, here and there."""
        return list(self._api.get("SnapshotsRemoteList")["snapshots"])

    def remote_snapshot(self, global_id: str, location: str) -> t.Optional[Raw]:
        """The snapshot of this id, without ``~``, that a location exports to this one."""
        rows = (row for row in self.remote_snapshots() if row["remoteId"] == global_id and row["location"] == location)
        return next(rows, None)

    def locations(self) -> t.List[Raw]:
        """The locations that are registered here: ``id`` and ``name``."""
        return list(self._api.get("LocationsList")["locations"])

    def clusters(self) -> t.List[Raw]:
        """The other clusters that are registered here: ``location`` is a location's name, ``id`` the second half of the cluster's id."""
        return list(self._api.get("ClustersList")["clusters"])

    def bridges(self) -> t.List[Raw]:
        """The bridges to other clusters."""
        return list(self._api.get("RemoteBridgesList")["remoteBridges"])

    def templates(self) -> t.List[Raw]:
        """All StorPool templates."""
        return list(self._api.get("VolumeTemplatesList"))

    def placement_groups(self) -> t.Dict[str, Raw]:
        """All placement groups by name; an empty list stands for an empty object in some answers."""
        return dict(self._api.get("PlacementGroupsList") or {})

    def disks(self) -> t.Dict[int, Raw]:
        """All disks by id."""
        return {int(number): disk for number, disk in dict(self._api.get("DisksList") or {}).items()}

    def attachments(self) -> t.List[Raw]:
        """All attachments of volumes and snapshots, one for each client. Which id of a reverted volume they have depends on the server."""
        return list(self._api.get("AttachmentsList"))

    def attachments_of(self, thing: Raw) -> t.List[Raw]:
        """The attachments of one volume or snapshot, by client id."""
        return sorted((row for row in self.attachments() if is_of(row, thing)), key=lambda row: int(row["client"]))

    def attachments_of_any(self, things: t.Iterable[Raw]) -> t.List[Raw]:
        """The attachments of these volumes and snapshots."""
        keys = {key for thing in things for key in keys_of(thing)}
        return [row for row in self.attachments() if owner_of(row) in keys]

    def clients(self) -> t.Dict[int, Raw]:
        """The clients that the cluster knows, by id, whether they run or not: ``configStatus`` is "ok", "updating" or "down"."""
        return {int(client["id"]): client for client in self._api.get("ClientsConfigDump")}

    def templates_status(self) -> t.List[Raw]:
        """Capacity and usage of all StorPool templates. The API adds them up anew for every call, so ask for them only if they are wanted."""
        return list(self._api.get("VolumeTemplatesStatus"))

    def services(self) -> Raw:
        """The cluster's services by kind. The API answers with an error while the cluster as a whole does not work."""
        return t.cast(Raw, self._api.get("ServicesList"))

    def fault_sets(self) -> t.Dict[str, Raw]:
        """All fault sets by name."""
        return dict(self._api.get("FaultSetsList") or {})


class Lists(Reader):
    """A reader for many objects at once: it answers about each from one list call for its kind, as of the first question about that kind.

    A list that could not be read is not asked for again: the error is the answer to every question about it.
    """

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._read: t.Dict[str, t.Any] = {}

    def in_lists(self) -> Reader:
        return self

    def volume(self, reference: str) -> t.Optional[Raw]:
        return t.cast(t.Optional[Raw], self._index("volume", self.volumes, keys_of).get(reference))

    def snapshot(self, reference: str) -> t.Optional[Raw]:
        return t.cast(t.Optional[Raw], self._index("snapshot", self.snapshots, keys_of).get(reference))

    def template(self, name: str) -> t.Optional[Raw]:
        return t.cast(t.Optional[Raw], self._index("template", self.templates, _name_only).get(name))

    def volumes(self) -> t.List[Raw]:
        return t.cast(t.List[Raw], self._once("volumes", super().volumes))

    def snapshots(self) -> t.List[Raw]:
        return t.cast(t.List[Raw], self._once("snapshots", super().snapshots))

    def templates(self) -> t.List[Raw]:
        return t.cast(t.List[Raw], self._once("templates", super().templates))

    def attachments(self) -> t.List[Raw]:
        return t.cast(t.List[Raw], self._once("attachments", super().attachments))

    def placement_groups(self) -> t.Dict[str, Raw]:
        return t.cast(t.Dict[str, Raw], self._once("placement groups", super().placement_groups))

    def clients(self) -> t.Dict[int, Raw]:
        return t.cast(t.Dict[int, Raw], self._once("clients", super().clients))

    def exports(self) -> t.List[Raw]:
        return t.cast(t.List[Raw], self._once("exports", super().exports))

    def volumes_with(self, tags: t.Mapping[str, str]) -> t.List[Raw]:
        return self._tagged("volumes by tag", self.volumes, tags)

    def snapshots_with(self, tags: t.Mapping[str, str]) -> t.List[Raw]:
        return self._tagged("snapshots by tag", self.snapshots, tags)

    def attachments_of(self, thing: Raw) -> t.List[Raw]:
        return sorted(self.attachments_of_any([thing]), key=lambda row: int(row["client"]))

    def attachments_of_any(self, things: t.Iterable[Raw]) -> t.List[Raw]:
        by_owner = self._groups("attachments by owner", self.attachments, lambda row: (owner_of(row),))
        owners = dict.fromkeys(key for thing in things for key in keys_of(thing))
        return [row for owner in owners for row in by_owner.get(owner, ())]

    def _once(self, what: str, read: t.Callable[[], t.Any]) -> t.Any:
        if what not in self._read:
            try:
                self._read[what] = read()
            except Failure as error:
                self._read[what] = error
        if isinstance(self._read[what], Failure):
            raise self._read[what]
        return self._read[what]

    def _index(self, what: str, rows: t.Callable[[], t.List[Raw]], keys: _Keys) -> t.Dict[t.Any, t.Any]:
        return t.cast(t.Dict[t.Any, t.Any], self._once(what, lambda: {key: row for row in rows() for key in keys(row)}))

    def _groups(self, what: str, rows: t.Callable[[], t.List[Raw]], keys: _Keys) -> t.Dict[t.Any, t.List[Raw]]:
        def grouped() -> t.Dict[t.Any, t.List[Raw]]:
            groups: t.Dict[t.Any, t.List[Raw]] = {}
            for row in rows():
                for key in keys(row):
                    groups.setdefault(key, []).append(row)
            return groups

        return t.cast(t.Dict[t.Any, t.List[Raw]], self._once(what, grouped))

    def _tagged(self, what: str, rows: t.Callable[[], t.List[Raw]], tags: t.Mapping[str, str]) -> t.List[Raw]:
        """What carries all these tags, looked for among what carries the rarest of them."""
        by_tag = self._groups(what, rows, lambda row: (row.get("tags") or {}).items())
        rarest = min((by_tag.get(tag, []) for tag in tags.items()), key=len)
        return [row for row in rarest if has_tags(row, tags)]


_Keys = t.Callable[[Raw], t.Iterable[t.Any]]


def has_tags(raw: Raw, tags: t.Mapping[str, str]) -> bool:
    """Whether an object carries all these tags."""
    own = raw.get("tags") or {}
    return all(own.get(key) == value for key, value in tags.items())


def is_of(attachment: Raw, thing: Raw) -> bool:
    """Whether an attachment is of this volume or snapshot. Servers before the one with ``globalId`` in attachments know names only."""
    return owner_of(attachment) in identity.references(thing)


def keys_of(thing: Raw) -> t.Tuple[str, ...]:
    """What a volume or snapshot can be referred to by."""
    return tuple(sorted(identity.references(thing)))


def _name_only(thing: Raw) -> t.Tuple[str]:
    return (str(thing["name"]),)


def owner_of(attachment: Raw) -> str:
    """Which of its keys an attachment has of its volume or snapshot."""
    return "~" + str(attachment["globalId"]) if attachment.get("globalId") else str(attachment["volume"])


def _first(rows: t.Optional[t.Sequence[Raw]]) -> t.Optional[Raw]:
    return identity.settled(rows[0]) if rows else None


def _settled(rows: t.Iterable[Raw]) -> t.List[Raw]:
    return [identity.settled(row) for row in rows]


def is_living(snapshot: Raw) -> bool:
    """Whether a snapshot is not being deleted; one that is has a ``*`` before its name and stays listed for a while."""
    return not (snapshot.get("deleted") or str(snapshot["name"]).startswith("*"))
