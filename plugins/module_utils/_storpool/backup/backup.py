# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A series of backups at another location: what a task may want, and what it has to know first. The plan is in :mod:`.backup_plan`.

StorPool takes a snapshot here and makes a copy of it there, with the same global id and tags. The copy is exported back, so it is listed among the remote
snapshots; the snapshot stays here as long as the volume needs it.
"""

from __future__ import annotations

import time
import typing as t

from ..._common.errors import InvalidOption
from ..._common.given import refuse_empty
from ..._common.plan import Managed, Outcome, Plan
from ..._common.time_left import checked
from ..cluster import results, times
from ..cluster.predicted import Predicted
from ..cluster.reader import Reader
from . import backup_plan, series
from .backup_plan import Backup, Current, Want

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        series.OPTIONS,
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        location={"type": "str", "required": True},
        wait={"type": "bool", "default": True},
        wait_timeout={"type": "int", "default": 3600},
        delete_after={"type": "str"},
    ),
    "required_if": [["state", "present", ["volumes", "match_tags"], True]],
}
#: Seconds. Nothing is deleted at once, so 0 would be no date at all.
_SOON = 1


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired backup that the options describe. Raises :class:`InvalidOption`."""
    refuse_empty(params["location"], "location")
    present = params["state"] == "present"
    seconds = checked(params, "wait_timeout")
    delete_after = times.duration(params["delete_after"], "delete_after")
    if not present:
        for option in ("volumes", "match_tags", "keep", "tags"):
            if params[option] is not None:
                raise InvalidOption(
                    f"{option}: with state absent, series and name say which backup is meant, all of it."
                )
    elif params["volumes"] is None and params["match_tags"] is None:
        raise InvalidOption("volumes: say of which volumes the backup is to be, by volumes, match_tags or both.")
    if delete_after == times.NEVER and params["delete_after"] == "never":
        raise InvalidOption(
            "delete_after: a backup that is not needed is deleted at some time. To keep it, leave out keep."
        )
    return Want(
        series.want("backup", params, int(time.time())),
        present,
        params["location"],
        seconds if present and params["wait"] else 0,
        max(delete_after or _SOON, _SOON),
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what the plan needs, in five lists at most."""
    mark = wanted.base.mark
    volumes = tuple(series.volumes(reader, wanted.base)) if wanted.present else ()
    local = {str(raw["globalId"]): raw for raw in reader.snapshots_with(mark.of_series)}
    exports = [row for row in reader.exports() if row["location"] == wanted.location]
    going = {str(row.get("globalId")) for row in exports if row.get("backingUp")}
    remote = {str(row["remoteId"]): row for row in reader.remote_snapshots() if row["location"] == wanted.location}
    backups = []
    for one in {*local, *remote}:
        here, there = local.get(one), remote.get(one)
        tags = dict((here or {}).get("tags") or {}, **((there or {}).get("tags") or {}))
        name = mark.name_of(tags)
        if name:
            backups.append(Backup(one, name, here, there, there is not None and one not in going))
    backups.sort(key=lambda each: (series.moment(each.raw, wanted.base), each.id))
    known = wanted.location in {row["location"] for row in remote.values()}
    return Current(volumes, tuple(backups), None if known or not wanted.present else tuple(reader.locations()))


def show(outcome: Outcome) -> t.Dict[str, t.Any]:
    """The backup, what there is of its series, and what has gone."""
    left = {row["global_id"] for row in outcome.after["backups"]}
    gone = [row for row in outcome.before["backups"] if row["global_id"] not in left]
    return dict(outcome.after, deleted=gone)


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """What a location would list, and the snapshots here, each of which becomes the parent of its volume."""
    left = {row["global_id"] for row in todo.after["backups"]}
    for each in current.backups:
        if each.id not in left:
            reader.remote(each.id, [])
            if each.local:
                reader.change("snapshot", each.local, None)
    complete = all(row["complete"] for row in todo.after["backup"])
    now, by_id = int(time.time()), {str(volume["globalId"]): volume for volume in current.volumes}
    for row in backup_plan.rows_made(todo, now):
        volume = by_id[row["createdFromGlobalId"]]
        local = dict(
            volume,
            name="~" + row["remoteId"],
            globalId=row["remoteId"],
            onVolume=volume["name"],
            createdFromGlobalId=volume["globalId"],
            tags=row["tags"],
        )
        new = reader.take(volume, results.snapshot(local), creationTimestamp=now)
        reader.remote(str(new["globalId"]), [dict(row, remoteId=new["globalId"])])
        if not complete:
            reader.export(new, [row["location"]], backing_up=True)


BACKUP = Managed("backup", SPEC, want, look, backup_plan.plan, show=show, imagine=imagine)
