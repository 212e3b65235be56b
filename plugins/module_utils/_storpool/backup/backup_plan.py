# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups at another location: the plan from what is there to what is wanted.

One call makes a backup, of one volume or of several at one moment. If its answer is lost, the snapshot here and the copy there say by their tags whether it was
made. It is never sent twice: each is a copy of a volume.
"""

from __future__ import annotations

import typing as t

from ..._common.errors import Incomplete, NotAllowed, NotFound
from ..._common.foreseen import is_made_up, made_up
from ..._common.plan import Plan, Step
from ..._common.words import listing, sentence
from ..cluster import origin, places, times, waiting
from ..cluster.reader import Raw
from ..objects import guard
from ..objects import identity as objects
from . import series

_CONNECTION = "Look at the connection to that location (storpool_location_info: bridges)."


class Want(t.NamedTuple):
    """A desired backup. ``seconds`` is how long to wait until it is complete, 0 for not at all; what goes is deleted after ``delete_after`` seconds."""

    base: series.Want
    present: bool
    location: str
    seconds: int
    delete_after: int

    def __str__(self) -> str:
        return f"backup {self.base.mark.name!r} of series {self.base.mark.series!r} at location {self.location!r}"


class Backup(t.NamedTuple):
    """The backup of one volume: its global id, the name of the point in the series, the snapshot here and the copy there. One of the two may be missing."""

    id: str
    name: str
    local: t.Optional[Raw]
    remote: t.Optional[Raw]
    complete: bool

    @property
    def raw(self) -> Raw:
        """What is known of it."""
        return t.cast(Raw, self.remote or self.local)

    def is_of(self, volume: Raw) -> t.Optional[bool]:
        """Whether it is of this volume; ``None`` if nothing says it. Old servers leave the id of the volume out."""
        remote = dict(self.remote, globalId=self.id) if self.remote else None
        answers = {origin.is_of(raw, volume) for raw in (self.local, remote) if raw}
        return True if True in answers else False if False in answers else None


class Current(t.NamedTuple):
    """What the plan has to know. ``backups`` are all of the series, the oldest first; ``locations`` all there are, ``None`` if the wanted one surely is."""

    volumes: t.Tuple[Raw, ...]
    backups: t.Tuple[Backup, ...]
    locations: t.Optional[t.Tuple[Raw, ...]]


def plan(current: Current, wanted: Want) -> Plan:
    """Make the backup, wait for it, and then let those go that need not stay. Raises a :class:`Failure` where the task cannot or must not be done."""
    things = [guard.Thing("snapshot", each.local) for each in current.backups if each.local]
    return guard.guarded(lambda: _plan(current, wanted), things, wanted.base.allow_foreign)


def _plan(current: Current, wanted: Want) -> Plan:
    own = [each for each in current.backups if each.name == wanted.base.mark.name]
    if not wanted.present:
        left = [each for each in current.backups if each not in own]
        return Plan(tuple(_removal(own, wanted)), _shown(current.backups, wanted), _shown(left, wanted))
    if current.locations is not None and wanted.location not in {row["name"] for row in current.locations}:
        raise NotFound("location: " + places.no_such_location(wanted.location, current.locations))
    _refuse_others(current, wanted)
    cautions, steps = [], []  # type: t.List[str], t.List[Step]
    made: t.List[Backup] = []
    if own:
        cautions += _missing(current.volumes, own, wanted)
    else:
        made = [_made(volume, wanted) for volume in current.volumes]
        steps.append(_step(current.volumes, wanted))
    new = made or own
    complete = all(each.complete for each in new)
    if wanted.seconds and not complete:
        ids = () if made else tuple(each.id for each in own)
        watch = waiting.BackedUp(ids, wanted.location, tuple(wanted.base.mark.tags.items()), len(new))
        steps.append(waiting.step(watch, wanted.seconds, f"wait until {wanted} is complete"))
        complete = True
        new = [each._replace(complete=True) for each in new]
    gone = _to_remove(current, new, complete, wanted)
    steps += _removal(gone, wanted)
    left = [each for each in current.backups if each not in gone and each not in own]
    before = _shown(current.backups, wanted)
    # One that is not complete yet may be by the time that the new one is, and then it may have to go.
    seen = frozenset(objects.reference(each.local) for each in current.backups if each.local)
    return Plan(tuple(steps), before, _shown([*left, *new], wanted), cautions=tuple(cautions), seen=seen)


def _refuse_others(current: Current, wanted: Want) -> None:
    """A series is of one group of volumes: what is removed of it are backups of these."""
    by_name: t.Dict[str, t.List[Backup]] = {}
    for each in current.backups:
        by_name.setdefault(each.name, []).append(each)
    for name, backups in by_name.items():
        known = [[each.is_of(volume) for volume in current.volumes] for each in backups]
        if all(answers and all(answer is False for answer in answers) for answers in known):
            raise NotAllowed(
                f"Backup {name!r} of series {wanted.base.mark.series!r} at location {wanted.location!r} is of none of these volumes, but of others "
                f"({listing(sorted({str(each.raw['name']) for each in backups}))}). A series is of one group of volumes, since its backups stay and go "
                "together: give these another series."
            )


def _missing(volumes: t.Sequence[Raw], own: t.Sequence[Backup], wanted: Want) -> t.List[str]:
    """Volumes that the backup is not of. Those that came after it are in the next one; without others it is incomplete."""
    if len(own) >= len(volumes):
        return []
    missing = [volume for volume in volumes if not any(each.is_of(volume) in (True, None) for each in own)]
    taken = min(series.moment(each.raw, wanted.base) for each in own)
    left_out = (
        [volume for volume in missing if int(volume.get("creationTimestamp") or 0) <= taken] if missing else volumes
    )
    if left_out:
        raise Incomplete(
            f"{sentence(str(wanted))} is of {len(own)} of {len(volumes)} volumes. A backup is of one moment, so the missing cannot be added: delete it "
            "(state: absent), or give this one another name."
        )
    words = listing(objects.label("volume", each) for each in missing)
    return [f"{words} came after {wanted} was made, and will be in the next one."]


def _step(volumes: t.Sequence[Raw], wanted: Want) -> Step:
    body: t.Dict[str, t.Any] = {
        "location": wanted.location,
        "tags": dict(wanted.base.tags, **wanted.base.mark.tags),
    }
    what = listing(objects.label("volume", volume) for volume in volumes)
    advice = (("not connected", _CONNECTION),)
    if len(volumes) == 1:
        body["volume"] = objects.reference(volumes[0])
        return Step("VolumeBackup", None, body, f"make {wanted} of {what}", repeatable=False, advice=advice)
    body["volumes"] = [objects.reference(volume) for volume in volumes]
    action = f"make {wanted} of {what} at one moment"
    return Step("VolumesGroupBackup", None, body, action, repeatable=False, advice=advice)


def _made(volume: Raw, wanted: Want) -> Backup:
    """The backup that StorPool makes of a volume."""
    new = made_up()
    row = {
        "name": volume["name"],
        "location": wanted.location,
        "remoteId": new,
        "size": volume["size"],
        "creationTimestamp": wanted.base.now,
        "onVolume": volume["name"],
        "createdFromGlobalId": volume["globalId"],
        "tags": dict(wanted.base.tags, **wanted.base.mark.tags),
    }
    return Backup(new, wanted.base.mark.name, None, row, complete=False)


def _to_remove(current: Current, new: t.Sequence[Backup], complete: bool, wanted: Want) -> t.List[Backup]:
    """What goes: nothing before the new backup is complete. One that is not stays, and stands for no other."""
    if not complete:
        return []
    moments: t.Dict[str, int] = {}
    unfinished = {each.name for each in current.backups if not each.complete} - {wanted.base.mark.name}
    for each in [*current.backups, *new]:
        if each.name not in unfinished:
            moments[each.name] = max(moments.get(each.name, 0), series.moment(each.raw, wanted.base))
    going = series.leaving(moments, wanted.base)
    return [each for each in current.backups if each.name in going]


def _removal(backups: t.Sequence[Backup], wanted: Want) -> t.List[Step]:
    """The snapshots go that the copies were made of; then we need the copies no more, and the location deletes them.

    In this order, since a snapshot here without a copy there looks as a backup does that has just begun.
    """
    steps = []
    for each in backups:
        if each.local:
            reference = objects.reference(each.local)
            volume = _result(each, wanted)["volume"]
            of = f" of volume {volume!r}" if volume else ""
            action = f"delete the snapshot{of} here that backup {each.name!r} was made of"
            steps.append(Step("SnapshotDelete", reference, None, action, destroys=reference))
    there = [each for each in backups if each.remote]
    if there:
        rows = [
            {"location": wanted.location, "globalSnapshotId": each.id, "deleteAfter": wanted.delete_after}
            for each in there
        ]
        names = listing(sorted({repr(each.name) for each in there}))
        words = (
            f"have location {wanted.location!r} delete backup {names} of series {wanted.base.mark.series!r} "
            f"in {times.human(wanted.delete_after)}"
        )
        steps.append(Step("SnapshotsRemoteUnexport", None, {"remoteSnapshots": rows}, words))
    return steps


def _shown(backups: t.Iterable[Backup], wanted: Want) -> t.Dict[str, t.Any]:
    rows = [_result(each, wanted) for each in backups]
    own = [row for row in rows if row["name"] == wanted.base.mark.name]
    return {"backup": own, "backups": rows}


def _result(each: Backup, wanted: Want) -> t.Dict[str, t.Any]:
    raw = dict(each.raw, location=wanted.location, remoteId=each.id)
    raw.setdefault("creationTimestamp", None)
    row = places.remote_snapshot(raw)
    return {
        "name": each.name,
        "global_id": each.id,
        "volume": row["volume"],
        "created_from": row["created_from"],
        "size": row["size"],
        "creation_timestamp": None if is_made_up(each.id) else row["creation_timestamp"],
        "complete": each.complete,
        "tags": row["tags"],
    }


def rows_made(todo: Plan, now: int) -> t.List[Raw]:
    """What the location would list of a backup that is to be made now, for whoever foresees it."""
    if not any(step.call in ("VolumeBackup", "VolumesGroupBackup") for step in todo.steps):
        return []
    location = next(step.body["location"] for step in todo.steps if step.call in ("VolumeBackup", "VolumesGroupBackup"))
    return [
        {
            "name": row["volume"] or "~" + row["global_id"],
            "location": location,
            "remoteId": row["global_id"],
            "size": row["size"],
            "creationTimestamp": now,
            "onVolume": row["volume"],
            "createdFromGlobalId": row["created_from"],
            "tags": row["tags"],
        }
        for row in todo.after["backup"]
    ]
