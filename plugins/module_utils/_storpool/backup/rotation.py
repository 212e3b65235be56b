# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A series of snapshots in the cluster itself: one more of each volume, and those gone that need not stay."""

from __future__ import annotations

import time
import typing as t

from ..._common.errors import Incomplete, InvalidOption
from ..._common.plan import Managed, Outcome, Plan, Step
from ..._common.words import listing
from ..cluster import names, results, times
from ..cluster.predicted import Predicted
from ..cluster.reader import Raw, Reader, owner_of
from ..objects import guard, policy
from ..objects import identity as objects
from . import series

#: The tag with the global id of the volume that a snapshot of a series is of.
_OF = "ansible-rotation-of"
_LONGEST_NAME = 199

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": dict(series.OPTIONS, group={"type": "bool", "default": False}),
    "required_one_of": [["volumes", "match_tags"]],
}


class Want(t.NamedTuple):
    """A desired rotation. ``group`` is whether all volumes are of one moment, and their snapshots stay and go together."""

    base: series.Want
    group: bool


class Current(t.NamedTuple):
    """What a plan has to know. ``snapshots`` are those of the series that are of the volumes; ``busy`` says of some why they cannot be deleted, by id."""

    volumes: t.Tuple[Raw, ...]
    snapshots: t.Tuple[Raw, ...]
    busy: t.Mapping[str, str]


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired rotation that the options describe. Raises :class:`InvalidOption`."""
    return Want(series.want("rotation", params, int(time.time())), params["group"])


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs, in four lists at most."""
    volumes = series.volumes(reader, wanted.base)
    ids = {str(volume["globalId"]) for volume in volumes}
    snapshots = [
        raw
        for raw in reader.snapshots_with(wanted.base.mark.of_series)
        if raw["tags"].get(_OF) in ids and wanted.base.mark.name_of(raw["tags"])
    ]
    busy: t.Dict[str, str] = {}
    if snapshots and wanted.base.keep:
        attached = {owner_of(row) for row in reader.attachments()}
        exported = {row.get("globalId") for row in reader.exports()}
        for raw in snapshots:
            if attached & {"~" + str(raw["globalId"]), str(raw["name"])}:
                busy[str(raw["globalId"])] = "it is attached"
            elif raw["globalId"] in exported:
                busy[str(raw["globalId"])] = "it is exported"
    return Current(tuple(volumes), tuple(snapshots), busy)


def plan(current: Current, wanted: Want) -> Plan:
    """Take what is missing, then delete what need not stay. Raises a :class:`Failure` where the task cannot or must not be done."""
    things = [guard.Thing("snapshot", raw) for raw in current.snapshots]
    return guard.guarded(lambda: _plan(current, wanted), things, wanted.base.allow_foreign)


def _plan(current: Current, wanted: Want) -> Plan:
    mark = wanted.base.mark
    own = {raw["tags"][_OF]: raw for raw in current.snapshots if mark.name_of(raw["tags"]) == mark.name}
    missing = [volume for volume in current.volumes if volume["globalId"] not in own]
    cautions: t.List[str] = []
    if wanted.group and own and missing:
        cautions += _latecomers(missing, list(own.values()), wanted)
        missing = []
    made = [_made(volume, wanted) for volume in missing]
    steps = _steps_to_take(missing, made, wanted)
    gone, kept = _to_delete(current, made, wanted)
    cautions += kept
    for raw in gone:
        action = f"delete {objects.label('snapshot', raw)} of {times.utc(int(raw['creationTimestamp']))}"
        reference = objects.reference(raw)
        steps.append(Step("SnapshotDelete", reference, None, action, destroys=reference))
    stay = [raw for raw in current.snapshots if raw not in gone]
    return Plan(tuple(steps), _shown(current.snapshots), _shown([*stay, *made]), cautions=tuple(cautions))


def _latecomers(missing: t.Sequence[Raw], there: t.Sequence[Raw], wanted: Want) -> t.List[str]:
    """Volumes that a group has no snapshot of. Those that came after it are in the next one; without others the group is incomplete."""
    taken = min(series.moment(raw, wanted.base) for raw in there)
    which = f"{wanted.base.mark.name!r} of series {wanted.base.mark.series!r}"
    left_out = [volume for volume in missing if int(volume.get("creationTimestamp") or 0) <= taken]
    if left_out:
        raise Incomplete(
            f"There are snapshots {which} of some volumes, and none of {listing(objects.label('volume', each) for each in left_out)}, which existed by then. "
            "The snapshots of a group are taken in one moment, so the missing cannot be added: give this one another name."
        )
    words = listing(objects.label("volume", each) for each in missing)
    return [f"{words} came after the snapshots {which} were taken, and will be in the next ones."]


def _made(volume: Raw, wanted: Want) -> Raw:
    """The snapshot that is taken of a volume."""
    mark = wanted.base.mark
    of = str(volume["name"]).lstrip("~")
    name = f"{of}.{mark.series}.{mark.name}"
    if len(name) > _LONGEST_NAME:
        raise InvalidOption(
            f"name: the snapshot of {objects.label('volume', volume)} would be called {name!r}, and StorPool takes at most {_LONGEST_NAME} characters. Give a "
            "shorter series or name."
        )
    return dict(
        policy.settings_of(volume),
        name=names.new_snapshot_name(name, "name"),
        autoName=False,
        size=volume["size"],
        templateName=volume.get("templateName"),
        parentName=volume.get("parentName"),
        onVolume=volume["name"],
        createdFromGlobalId=volume["globalId"],
        tags=dict(wanted.base.tags, **dict(mark.tags, **{_OF: str(volume["globalId"])})),
    )


def _steps_to_take(volumes: t.Sequence[Raw], made: t.Sequence[Raw], wanted: Want) -> t.List[Step]:
    pairs = list(zip(volumes, made))
    if wanted.group and pairs:
        rows = [
            {"volume": objects.reference(volume), "name": new["name"], "tags": new["tags"]} for volume, new in pairs
        ]
        words = listing(f"snapshot {new['name']!r}" for _volume, new in pairs)
        return [Step("VolumesGroupSnapshot", None, {"volumes": rows}, f"take in one moment {words}")]
    return [
        Step(
            "VolumeSnapshot",
            objects.reference(volume),
            {"name": new["name"], "tags": new["tags"]},
            f"take snapshot {new['name']!r} of {objects.label('volume', volume)}",
        )
        for volume, new in pairs
    ]


def _to_delete(current: Current, made: t.Sequence[Raw], wanted: Want) -> t.Tuple[t.List[Raw], t.List[str]]:
    """The snapshots that go, and why some stay that need not. Those of a group go together, others volume by volume."""
    mark, sets = wanted.base.mark, {}  # type: series.Mark, t.Dict[str, t.Dict[str, t.List[Raw]]]
    for raw in current.snapshots:
        of = "" if wanted.group else raw["tags"][_OF]
        sets.setdefault(of, {}).setdefault(str(mark.name_of(raw["tags"])), []).append(raw)
    for raw in made:
        sets.setdefault("" if wanted.group else raw["tags"][_OF], {}).setdefault(mark.name, [])
    gone: t.List[Raw] = []
    kept: t.List[str] = []
    for points in sets.values():
        moments = {
            name: max([series.moment(raw, wanted.base) for raw in rows] or [wanted.base.now])
            for name, rows in points.items()
        }
        for name in sorted(series.leaving(moments, wanted.base), key=lambda one: moments[one]):
            reasons = [(raw, current.busy.get(str(raw["globalId"]))) for raw in points[name]]
            busy = [
                f"{objects.label('snapshot', raw)} stays, although it need not: {why}" for raw, why in reasons if why
            ]
            kept += busy
            gone += [] if busy else points[name]
    return gone, [words + "." for words in kept]


def _shown(snapshots: t.Iterable[Raw]) -> t.List[t.Dict[str, t.Any]]:
    """Snapshots as they are returned, the oldest first."""
    rows = sorted(
        snapshots,
        key=lambda raw: (raw.get("creationTimestamp") is None, raw.get("creationTimestamp") or 0, str(raw["name"])),
    )
    return [results.snapshot(raw) for raw in rows]


def show(outcome: Outcome) -> t.Dict[str, t.Any]:
    """What there is of the series, and what has gone."""
    names_now = {row["global_id"] for row in outcome.after}
    return {"snapshots": outcome.after, "deleted": [row for row in outcome.before if row["global_id"] not in names_now]}


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """Each new snapshot becomes the parent of its volume."""
    there = {str(raw["globalId"]): raw for raw in current.snapshots}
    left = {row["global_id"] for row in todo.after}
    for key, raw in there.items():
        if key not in left:
            reader.change("snapshot", raw, None)
    by_id = {str(volume["globalId"]): volume for volume in current.volumes}
    for row in todo.after:
        if row["global_id"] not in there:
            reader.take(by_id[row["tags"][_OF]], row, creationTimestamp=int(time.time()))


ROTATION = Managed("snapshots", SPEC, want, look, plan, show=show, imagine=imagine)
