# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What StorPool's API answers to each call that is made here: the members that are used, and of which type they are (StorPool API facts, sections 2 and 5).

An answer of another shape, or about another object than the one that was asked for, is none: nothing may be planned on it.
"""

from __future__ import annotations

import re
import typing as t

from ..._common import answers
from ..._common.answers import (
    amount,
    count,
    dict_of,
    either,
    flag,
    keyed,
    list_of,
    maybe,
    moment,
    name,
    number,
    only,
    row,
    rows,
    text,
    whole,
)
from . import ids as identity

_GLOBAL_ID = re.compile(r"[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+")


def _id(value: t.Any) -> t.Optional[str]:
    return None if isinstance(value, str) and _GLOBAL_ID.fullmatch(value) else "is no global id"


_LIMIT = either(only("-", ""), amount)
_OPEN = either(only("-", ""), count)
#: Of newer servers it can be a scheme such as 4+2.
_REPLICATION = either(text, count)
_POLICY = {
    "templateName": text,
    "parentName": text,
    "replication": _REPLICATION,
    "placeAll": text,
    "placeTail": text,
    "placeHead": text,
    "reuseServer": flag,
    "iops": _LIMIT,
    "bw": _LIMIT,
    "limitType": text,
}
_THING = {"name": name, "globalId": _id, "size": count}
_THING_MORE = dict(
    _POLICY, tags=dict_of(maybe(text)), preservedGlobalId=_id, creationTimestamp=moment, clusterId=text, mcState=text
)
_SNAPSHOT_MORE = dict(
    _THING_MORE,
    onVolume=text,
    autoName=flag,
    bound=flag,
    deleted=flag,
    transient=flag,
    recoveringFromRemote=flag,
    createdFromGlobalId=text,
    targetDeleteDate=moment,
)
_SPACE = {"storedSize": count, "spaceUsed": whole}
_VOLUME, _SNAPSHOT = row(_THING, _THING_MORE), row(_THING, _SNAPSHOT_MORE)
_TEMPLATE = row({"name": name}, dict(_POLICY, size=_OPEN))
_STATUS = row(
    {
        "globalId": _id,
        "status": text,
        "migrating": flag,
        "decreasedRedundancy": flag,
        "balancerBlocked": flag,
        "syncingDataBytes": count,
        "syncingMetaObjects": count,
        "downBytes": count,
        "downDrives": list_of(number),
        "missingDrives": list_of(number),
        "missingTargetDrives": list_of(number),
        "softEjectingDrives": list_of(number),
    }
)
_TEMPLATE_STATUS = row(
    {"name": name},
    dict(
        dict.fromkeys(
            (
                "volumesCount",
                "snapshotsCount",
                "removingSnapshotsCount",
                "size",
                "totalSize",
                "storedSize",
                "onDiskSize",
            ),
            whole,
        ),
        stored=row({}, {"capacity": count, "free": whole}),
    ),
)
_ATTACHMENT = row({"volume": name, "snapshot": flag, "client": number, "rights": only("rw", "ro")}, {"globalId": _id})
_CLIENT = row({"id": number, "configStatus": text, "generation": whole, "clientGeneration": whole})
_DISK = row(
    {"id": number, "serverId": number, "ssd": flag, "generationLeft": whole},
    {
        "model": text,
        "serial": text,
        "description": text,
        "softEject": text,
        "device": text,
        "sectorsCount": count,
        "objectsOnDiskSize": count,
        "empty": flag,
    },
)
_GROUP = row({"name": name, "disks": list_of(number)})
_FAULT_SET = row({"name": name, "servers": list_of(number)})
_SERVICE = row(
    {"id": number, "status": text},
    {
        "nodeId": number,
        "version": text,
        "startTime": moment,
        "active": flag,
        "missingDisks": list_of(number),
        "pendingDisks": list_of(number),
    },
)
_SERVICES = keyed(_SERVICE, "id")
_EXPORT = row({"location": text}, {"globalId": _id, "snapshot": text, "backingUp": flag})
_LOCATION = row({"id": name, "name": name}, {"sendBufferSize": count, "recvBufferSize": count})
_CLUSTER = row({"id": name, "location": name, "name": name})
_BRIDGE = row(
    {"ip": name, "location": text},
    {"publicKey": text, "cluster": text, "remote": text, "minimumDeleteDelay": count, "noCrypto": flag},
)
_REMOTE = row(
    {"name": name, "location": name, "remoteId": _id, "size": count, "creationTimestamp": moment},
    {"onVolume": text, "localSnapshot": text, "createdFromGlobalId": text, "tags": dict_of(maybe(text))},
)

#: Call -> what ``data`` is. Of changes it is not looked at: what came of them is read afterwards.
SHAPES: t.Dict[str, answers.Check] = {
    "Volume": rows(_VOLUME),
    "Snapshot": rows(_SNAPSHOT),
    "VolumeTemplateDescribe": _TEMPLATE,
    "VolumesList": rows(_VOLUME, "globalId"),
    "SnapshotsList": rows(_SNAPSHOT, "globalId"),
    "VolumeListSnapshots": rows(_SNAPSHOT, "globalId"),
    "VolumesSpace": rows(row(dict(_THING, **_SPACE), _THING_MORE), "globalId"),
    "SnapshotsSpace": rows(row(dict(_THING, **_SPACE), _SNAPSHOT_MORE), "globalId"),
    "VolumesGetStatusQuick": maybe(dict_of(_STATUS)),
    "ExportsList": row({"exports": rows(_EXPORT)}),
    "LocationsList": row({"locations": rows(_LOCATION, "id")}),
    "ClustersList": row({"clusters": rows(_CLUSTER, "name")}),
    "RemoteBridgesList": row({"remoteBridges": rows(_BRIDGE)}),
    "SnapshotsRemoteList": row({"snapshots": rows(_REMOTE)}),
    "VolumeTemplatesList": rows(_TEMPLATE, "name"),
    "VolumeTemplatesStatus": rows(_TEMPLATE_STATUS, "name"),
    "PlacementGroupsList": maybe(keyed(_GROUP, "name")),
    "FaultSetsList": maybe(keyed(_FAULT_SET, "name")),
    "DisksList": maybe(keyed(_DISK, "id")),
    "AttachmentsList": rows(_ATTACHMENT),
    "ClientsConfigDump": rows(_CLIENT, "id"),
    "ServicesList": row(
        {"clusterStatus": text}, dict.fromkeys(("mgmt", "servers", "clients", "bridges", "iscsiTargets"), _SERVICES)
    ),
}


#: Of a row of a long list: what nothing here asks for, and the texts that are the same in many rows.
_UNUSED = frozenset(["objectsCount", "flags", "templateId", "originalParentVolumeId", "firstNotParentObjectId"])
_ALIKE = ("templateName", "parentName", "onVolume", "placeAll", "placeTail", "placeHead", "iops", "bw", "limitType")


#: Where there are more different ones than this, tags are each object's own.
_MOST_KNOWN = 1000


def sparing(call: str) -> t.Optional[t.Callable[[answers.Row], answers.Row]]:
    """What makes the rows of a list that can be very long smaller, so that a hundred thousand of them are half the memory; ``None`` for other calls."""
    if call not in ("VolumesList", "SnapshotsList"):
        return None
    known: t.Dict[t.Any, t.Any] = {}

    def smaller(thing: answers.Row) -> answers.Row:
        if "globalId" not in thing:  # tags, or what is around the list
            alike = len(known) < _MOST_KNOWN and all(isinstance(value, str) for value in thing.values())
            return t.cast(answers.Row, known.setdefault(tuple(thing.items()), thing)) if alike else thing
        thing = {member: value for member, value in thing.items() if member not in _UNUSED}
        for member in _ALIKE:
            value = thing.get(member)
            if isinstance(value, str):
                thing[member] = known.setdefault(value, value)
        return thing

    return smaller


def refuse_odd(call: str, data: t.Any, where: str, spoken: str) -> None:
    """Raise :class:`BadAnswer` for data that is not of the shape that the call answers with."""
    check = SHAPES.get(call)
    if check:
        answers.refuse(f"{where} answered {spoken} with data that is not as StorPool's: it", check(data), spoken)


def refuse_other(call: str, target: t.Optional[str], data: t.Any, where: str, spoken: str) -> None:
    """Raise :class:`BadAnswer` if one object was asked for and the answer, of the right shape, is about another or about several."""
    if call == "ClientConfigWait":
        ids = (
            [str(each["id"]) for each in data if isinstance(each, dict) and "id" in each]
            if isinstance(data, list)
            else []
        )
        told = f"is about client {ids[0]}" if ids and target not in ids else None
        answers.refuse(
            f"{where} answered {spoken} with data of something else than what was asked for: it", told, spoken
        )
    if target is None or call not in ("Volume", "Snapshot", "VolumeTemplateDescribe"):
        return
    found = list(data) if isinstance(data, list) else [data] if data else []
    others = [raw for raw in found if target not in _names(call, raw)]
    told = None
    if len(found) != 1:
        told = f"is about {len(found)} objects"
    elif others:
        told = "is about {0!r}".format(others[0]["name"])
    answers.refuse(f"{where} answered {spoken} with data of something else than what was asked for: it", told, spoken)


def _names(call: str, raw: t.Mapping[str, t.Any]) -> t.FrozenSet[str]:
    if call == "VolumeTemplateDescribe":
        return frozenset([raw["name"]])
    bare = (
        frozenset([raw["name"].lstrip("*")]) if call == "Snapshot" else frozenset()
    )  # one that is being deleted has a * before its name
    return identity.references(raw) | bare
