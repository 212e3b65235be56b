# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other clusters than the one whose API is spoken to: which calls reach them, and how (StorPool API facts, section 1.4).

``RemoteCommand/~ID/`` has a call done in one of the clusters that are registered. ``MultiCluster/`` has it done where its object is, and
``MultiCluster/AllClusters/`` reads a list of every cluster. The first cannot be put before the others.
"""

from __future__ import annotations

import typing as t

from ..._common.errors import BadAnswer, NotFound, Unreachable
from ..._common.words import listing, there_is
from . import ids as identity

Raw = t.Dict[str, t.Any]

#: Calls that find their object in whichever cluster it is. A new object is made in the cluster that is spoken to.
_ANYWHERE = frozenset(
    [
        *(
            "Volume",
            "VolumeCreate",
            "VolumeUpdate",
            "VolumeDelete",
            "VolumeRevert",
            "VolumeSnapshot",
            "VolumesGroupSnapshot",
        ),
        *("Snapshot", "SnapshotUpdate", "SnapshotDelete", "SnapshotsSpace", "VolumesGetStatusQuick"),
        *("AttachmentsList", "VolumesReassignWait"),
    ]
)
#: Lists that say which cluster did not answer.
EVERYWHERE = frozenset(["VolumesList", "SnapshotsList", "VolumesSpace"])
#: What tells which clusters answer, with little in it.
ROLL_CALL = "VolumeTemplatesStatus"
#: Calls whose rows get the id of the cluster that was named.
_OF_OBJECTS = frozenset(
    [
        "Volume",
        "Snapshot",
        "VolumeListSnapshots",
        "VolumesList",
        "SnapshotsList",
        "VolumesSpace",
        "SnapshotsSpace",
        "AttachmentsList",
    ]
)


class Cluster(t.NamedTuple):
    """A cluster: its id (``loc.sub``) and its name. ``is_here`` is whether it is the one that is spoken to."""

    id: str
    name: str
    is_here: bool = False

    def __str__(self) -> str:
        return f"{self.name!r} (~{self.id})"

    @property
    def prefix(self) -> str:
        """What comes before a call that is to be done there."""
        return "" if self.is_here else f"RemoteCommand/~{self.id}/"


def registered(clusters: Raw, locations: Raw) -> t.List[Cluster]:
    """The clusters of ClustersList, whose rows name their locations, with the locations' ids of LocationsList."""
    ids = {row["name"]: row["id"] for row in locations["locations"]}
    return [
        Cluster("{0}.{1}".format(ids.get(row["location"], row["location"]), row["id"]), str(row["name"]))
        for row in clusters["clusters"]
    ]


def meant(wanted: str, known: t.Sequence[Cluster]) -> t.Optional[Cluster]:
    """The cluster that a name or an id, with or without ``~``, means."""
    return next((each for each in known if wanted in (each.name, "~" + each.id)), None) or next(
        (each for each in known if wanted == each.id), None
    )


def own(every: t.Any, others: t.Sequence[Cluster], where: str) -> t.List[Cluster]:
    """The cluster that is spoken to, of an answer of all: the one that is not registered with it. None if it tells of no such cluster.

    Raises :class:`BadAnswer` if there are several: each may be it, and a call would be done in the wrong one.
    """
    ids = {each.id for each in others}
    found = [each for each in named(every) if each.id not in ids]
    if len(found) > 1:
        raise BadAnswer(
            f"sp_cluster: StorPool at {where} has answers of the clusters {listing(sorted(map(str, found)))}, and lists none of them as another cluster, so "
            "which one it is itself is not known. Look at its list of clusters (storpool_location_info).",
            call="GET ClustersList",
        )
    return found


def no_such(wanted: str, known: t.Sequence[Cluster], where: str) -> NotFound:
    """What to say of a cluster that nobody knows."""
    there = there_is("It", [each.name for each in known], wanted, "knows")
    return NotFound(f"sp_cluster: StorPool at {where} knows no cluster {wanted!r}. {there}")


def way(call: str, home: t.Optional[str]) -> str:
    """What comes before a call that is to find its object anywhere. ``home`` is the cluster where that was seen, for calls that cannot look for it."""
    if call in EVERYWHERE or call == ROLL_CALL:
        return "MultiCluster/AllClusters/"
    if call in _ANYWHERE:
        return "MultiCluster/"
    return f"RemoteCommand/~{home}/" if home else ""


def named(data: t.Any) -> t.List[Cluster]:
    """The clusters that an answer of all of them is of. Those that are registered know better what they are called."""
    parts = data.get("clusters") if isinstance(data, dict) else None
    return [
        Cluster(part["clusterId"], _name(part), is_here=True)
        for part in (parts if isinstance(parts, list) else [])
        if isinstance(part, dict) and isinstance(part.get("clusterId"), str)
    ]


def homes(data: t.Any) -> t.Dict[str, str]:
    """Where the objects of an answer are, by what they can be referred to."""
    rows = [row for row in data if row.get("clusterId")] if isinstance(data, list) else []
    return {reference: str(row["clusterId"]) for row in rows for reference in identity.references(row)}


def here(call: str, data: t.Any, cluster: str) -> t.Any:
    """What was read of a named cluster: its rows say where they are."""
    if call in _OF_OBJECTS and isinstance(data, list):
        return [dict(row, clusterId=row.get("clusterId") or cluster) for row in data]
    return data


def everywhere(data: t.Any, check: t.Callable[[t.Any], None], where: str, spoken: str) -> t.List[Raw]:
    """The rows of all clusters, each with the id of its own; an object that two of them list counts where the one that is spoken to says first.

    ``check`` is for what one cluster answers. Raises :class:`Unreachable` if a cluster has not answered: what it has would look as if it were not there.
    """
    rows: t.Dict[t.Any, Raw] = {}
    silent = []
    for number, part in enumerate(_parts(data, where, spoken)):
        cluster = part["clusterId"]
        answer = part.get("response")
        if not isinstance(answer, dict) or "data" not in answer:
            silent.append(str(Cluster(cluster, _name(part))))
            continue
        check(answer["data"])
        for row in answer["data"] or ():
            rows.setdefault(row.get("globalId") or (number, row["name"]), dict(row, clusterId=cluster))
    if silent:
        raise Unreachable(
            f"StorPool at {where} was asked for what all clusters have ({spoken}), and cluster {listing(silent)} did not answer. What is there would look as "
            "if it did not exist, so nothing is planned. Look at the connection between the clusters, or name one with sp_cluster.",
            call=spoken,
        )
    return list(rows.values())


def _name(part: Raw) -> str:
    return str(part.get("clusterName") or part.get("name") or part["clusterId"])


def _parts(data: t.Any, where: str, spoken: str) -> t.List[Raw]:
    parts = data.get("clusters") if isinstance(data, dict) else None
    if not isinstance(parts, list) or not all(
        isinstance(part, dict) and isinstance(part.get("clusterId"), str) for part in parts
    ):
        raise BadAnswer(
            f"{where} answered {spoken} with data that is not as StorPool's: it has no list of clusters with their ids. Look at the state of that server, and "
            "at what lies between it and this host.",
            call=spoken,
        )
    return parts
