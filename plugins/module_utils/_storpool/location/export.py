# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots exported to other locations: what a task may want, what it has to know first, and the plan."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NotFound
from ..._common.given import refuse_empty
from ..._common.plan import Managed, Outcome, Plan, Step
from ..._common.words import listing
from ..cluster import names, places, results
from ..cluster.predicted import Predicted
from ..cluster.reader import Raw, Reader
from ..objects import guard, named
from ..objects import identity as objects

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        snapshot={"type": "str", "required": True},
        location={"type": "str"},
        force={"type": "bool", "default": False},
        **guard.OPTION,
    ),
    "required_if": [["state", "present", ["location"]]],
}
_RECOVERING = (
    "still recovering",
    "The other location has not got all of it yet. Wait until it has, or set force, after which its copy never gets the rest.",
)


class Want(t.NamedTuple):
    """A desired export. ``snapshot`` is a name or ``~globalId``; ``location`` is ``None`` for all."""

    present: bool
    snapshot: str
    location: t.Optional[str]
    force: bool
    allow_foreign: bool


class Current(t.NamedTuple):
    """What a plan has to know. ``exports`` are those of the snapshot; ``locations`` those that are registered, if a new export is wanted; ``there`` is what
    there is in place of a snapshot that is not."""

    snapshot: t.Optional[Raw]
    exports: t.Tuple[Raw, ...] = ()
    locations: t.Tuple[Raw, ...] = ()
    there: str = ""


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired export that the options describe. Raises :class:`InvalidOption`."""
    present = params["state"] == "present"
    refuse_empty(params["location"], "location")
    if present and params["location"] is None:
        raise InvalidOption("location: say to which location the snapshot is to be exported.")
    if present and params["force"]:
        raise InvalidOption("force is for taking an export back (state absent).")
    return Want(
        present,
        names.reference(params["snapshot"], "snapshot", "snapshot"),
        params["location"],
        params["force"],
        params["allow_foreign"],
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs."""
    snapshot = reader.snapshot(wanted.snapshot)
    if snapshot is None:
        return Current(None, there=named.instead(reader, "snapshot", wanted.snapshot) if wanted.present else "")
    exports = tuple(
        row
        for row in reader.exports()
        if (row.get("globalId") == snapshot["globalId"] or row.get("snapshot") == snapshot["name"])
        and not row.get("backingUp")
    )
    is_new = wanted.present and wanted.location not in {row["location"] for row in exports}
    return Current(snapshot, exports, tuple(reader.locations()) if is_new else ())


def plan(current: Current, wanted: Want) -> Plan:
    """The call that is left. Raises a :class:`Failure` where the task cannot or must not be done."""
    things = [guard.Thing("snapshot", current.snapshot)] if current.snapshot else []
    return guard.guarded(lambda: _plan(current, wanted), things, wanted.allow_foreign)


def _plan(current: Current, wanted: Want) -> Plan:
    snapshot = current.snapshot
    if snapshot is None:
        if wanted.present:
            raise NotFound(f"There is no snapshot {wanted.snapshot!r}, so it cannot be exported.{current.there}")
        return Plan((), [], [])
    before = [places.export(row) for row in current.exports]
    label, reference = objects.label("snapshot", snapshot), objects.reference(snapshot)
    if wanted.present:
        if not current.locations:
            return Plan((), before, before)
        if wanted.location not in {row["name"] for row in current.locations}:
            raise NotFound("location: " + places.no_such_location(str(wanted.location), current.locations))
        made = dict(
            places.export({"snapshot": snapshot["name"], "globalId": snapshot["globalId"], "location": wanted.location})
        )
        body = {"snapshot": reference, "location": wanted.location}
        step = Step("SnapshotExport", None, body, f"export {label} to location {wanted.location!r}")
        return Plan((step,), before, [*before, made])
    gone = [row for row in current.exports if wanted.location in (None, row["location"])]
    if not gone:
        return Plan((), before, before)
    which: t.Dict[str, t.Any] = {"location": wanted.location} if wanted.location else {"all": True}
    forced = {"force": True} if wanted.force else {}
    words = f"take the export of {label} back from {listing(row['location'] for row in gone)}"
    step = Step("SnapshotUnexport", None, dict(which, snapshot=reference, **forced), words, advice=(_RECOVERING,))
    return Plan((step,), before, [places.export(row) for row in current.exports if row not in gone])


def show(outcome: Outcome) -> t.Dict[str, t.Any]:
    """All exports of the snapshot."""
    return {"exports": outcome.after}


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """A snapshot that is exported cannot be deleted."""
    snapshot = t.cast(Raw, current.snapshot)
    reader.change("snapshot", snapshot, results.snapshot(snapshot), mcState="ownerExported" if todo.after else "owner")
    reader.export(snapshot, [row["location"] for row in todo.after])


EXPORT = Managed("exports", SPEC, want, look, plan, show=show, imagine=imagine)
