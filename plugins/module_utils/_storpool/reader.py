# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster holds, read with GET only: one call for one object, or one list call for all.

Objects are the API's own JSON objects; see :mod:`results` for what modules return. A snapshot that is being deleted counts as absent.
"""

from __future__ import annotations

import typing as t

from .api import Api

Raw = t.Dict[str, t.Any]


class Reader:
    """Reads the cluster behind an :class:`Api`. Errors are those of :meth:`Api.get`."""

    def __init__(self, api: Api) -> None:
        self._api = api

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
        return list(self._api.get("VolumesList"))

    def snapshots(self) -> t.List[Raw]:
        """All snapshots but those being deleted."""
        return [snapshot for snapshot in self._api.get("SnapshotsList") if is_living(snapshot)]

    def every_snapshot(self) -> t.List[Raw]:
        """All snapshots, those being deleted too: they are links of parent chains until they are gone."""
        return list(self._api.get("SnapshotsList"))

    def parents_of(self, volume: Raw) -> t.List[Raw]:
        """The snapshots that a volume is based on, directly or through others."""
        return list(self._api.get("VolumeListSnapshots", "~" + volume["globalId"]))

    def volumes_space(self) -> t.List[Raw]:
        """All volumes with ``storedSize`` and ``spaceUsed``; slow on large clusters."""
        return list(self._api.get("VolumesSpace"))

    def snapshots_space(self) -> t.List[Raw]:
        """All snapshots, those being deleted too, with ``storedSize`` and ``spaceUsed``; slow on large clusters."""
        return list(self._api.get("SnapshotsSpace"))

    def statuses(self) -> t.List[Raw]:
        """The state of the data of all volumes and snapshots, without sizes; slow on large clusters."""
        return list(dict(self._api.get("VolumesGetStatusQuick") or {}).values())

    def exports(self) -> t.List[Raw]:
        """The snapshots that are exported to other locations, one row for each location."""
        return list(self._api.get("ExportsList")["exports"])

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
        """All attachments of volumes and snapshots, one for each client."""
        return list(self._api.get("AttachmentsList"))

    def attachments_of(self, thing: Raw) -> t.List[Raw]:
        """The attachments of one volume or snapshot, by client id."""
        return sorted((row for row in self.attachments() if is_of(row, thing)), key=lambda row: int(row["client"]))

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
    """A reader for many volumes and snapshots at once: it answers about each from one list call for its kind."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._rows: t.Dict[str, t.List[Raw]] = {}
        self._by_reference: t.Dict[str, t.Dict[str, Raw]] = {}

    @classmethod
    def of(cls, reader: Reader) -> Lists:
        """Lists read over the same connection, as of now."""
        return reader if isinstance(reader, cls) else cls(reader._api)

    def volume(self, reference: str) -> t.Optional[Raw]:
        return self._one("volume", reference)

    def snapshot(self, reference: str) -> t.Optional[Raw]:
        return self._one("snapshot", reference)

    def volumes(self) -> t.List[Raw]:
        return self._every("volume", super().volumes)

    def snapshots(self) -> t.List[Raw]:
        return self._every("snapshot", super().snapshots)

    def _every(self, what: str, read: t.Callable[[], t.List[Raw]]) -> t.List[Raw]:
        if what not in self._rows:
            self._rows[what] = read()
        return self._rows[what]

    def _one(self, what: str, reference: str) -> t.Optional[Raw]:
        if what not in self._by_reference:
            rows = self.volumes() if what == "volume" else self.snapshots()
            index = {str(row["name"]): row for row in rows}
            index.update({"~" + str(row["globalId"]): row for row in rows})
            self._by_reference[what] = index
        return self._by_reference[what].get(reference)


def is_of(attachment: Raw, thing: Raw) -> bool:
    """Whether an attachment is of this volume or snapshot. Servers before the one with ``globalId`` in attachments know names only."""
    if attachment.get("globalId"):
        return bool(attachment["globalId"] == thing["globalId"])
    return bool(attachment["volume"] in (thing["name"], "~" + thing["globalId"]))


def _first(rows: t.Optional[t.Sequence[Raw]]) -> t.Optional[Raw]:
    return rows[0] if rows else None


def is_living(snapshot: Raw) -> bool:
    """Whether a snapshot is not being deleted; one that is has a ``*`` before its name and stays listed for a while."""
    return not (snapshot.get("deleted") or str(snapshot["name"]).startswith("*"))
