# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A snapshot of another location, here: a copy with the same global id, that can be used while its data is on the way."""

from __future__ import annotations

import typing as t

from ..._common.errors import NameTaken, NotAllowed, NotFound
from ..._common.given import refuse_empty
from ..._common.plan import Managed, Plan, Step
from ..._common.time_left import checked
from ..._common.words import listing, sentence
from ..cluster import names, places, results, waiting
from ..cluster.predicted import Predicted
from ..cluster.reader import Raw, Reader
from ..connection.options import TAGS
from ..objects import detach, guard, named, policy
from ..objects import identity as objects

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        global_id={"type": "str", "required": True},
        location={"type": "str", "required": True},
        name={"type": "str"},
        template={"type": "str"},
        wait={"type": "str", "choices": ["usable", "recovered"], "default": "usable"},
        wait_timeout={"type": "int", "default": 3600},
        on_attached=detach.OPTION,
        **dict({"tags": TAGS["tags"]}, **guard.OPTION),
    ),
}
#: What a snapshot carries that a backup was made of. A copy that is brought here does not have the tags of the original.
_MADE_BACKUP = "ansible-backup-series"
#: A copy that was deleted is listed as gone before StorPool is done with it.
_STILL_GOING = (
    (
        "objectExists",
        "It is in no list of what is here: StorPool may still be deleting a copy that was here a moment ago. Run the task again in a minute.",
    ),
)


class Want(t.NamedTuple):
    """A desired copy. ``global_id`` is without ``~``, ``seconds`` how long to wait for all data, 0 for not at all."""

    present: bool
    global_id: str
    location: str
    name: t.Optional[str]
    template: t.Optional[str]
    tags: t.Optional[t.Dict[str, str]]
    seconds: int
    on_attached: str
    allow_foreign: bool

    def __str__(self) -> str:
        return f"snapshot ~{self.global_id} of location {self.location!r}"


class Current(t.NamedTuple):
    """What a plan has to know. ``remote`` is the original. ``holder`` has the wanted name: "volume" or "snapshot". ``templates`` are the names of all, if
    the wanted one is not there; ``exported_to`` the locations to which the copy is exported.
    """

    local: t.Optional[Raw] = None
    remote: t.Optional[Raw] = None
    locations: t.Tuple[Raw, ...] = ()
    holder: t.Optional[str] = None
    template: t.Optional[Raw] = None
    templates: t.Tuple[str, ...] = ()
    clients: t.Tuple[int, ...] = ()
    exported_to: t.Tuple[str, ...] = ()


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired copy that the options describe. Raises :class:`InvalidOption`."""
    refuse_empty(params["location"], "location")
    seconds = checked(params, "wait_timeout")
    present = params["state"] == "present"
    return Want(
        present,
        names.global_id(params["global_id"], "global_id"),
        params["location"],
        objects.checked(params, "name", names.new_snapshot_name),
        objects.checked(params, "template", names.name, "template"),
        names.tags(params["tags"], "tags"),
        seconds if present and params["wait"] == "recovered" else 0,
        params["on_attached"],
        params["allow_foreign"],
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs."""
    local = reader.snapshot("~" + wanted.global_id)
    remote = None if local and wanted.present else reader.remote_snapshot(wanted.global_id, wanted.location)
    if not wanted.present:
        if local is None:
            return Current()
        exports = [str(row["location"]) for row in reader.exports() if row.get("globalId") == local["globalId"]]
        clients = detach.clients_of(reader.attachments_of(local))
        return Current(local, remote, clients=clients, exported_to=tuple(sorted(exports)))
    is_named = local is not None and local["name"] == wanted.name
    holder = None
    if wanted.name and not is_named:
        holder = next((kind for kind in ("volume", "snapshot") if getattr(reader, kind)(wanted.name)), None)
    is_new = local is None
    template = reader.template(wanted.template) if is_new and wanted.template else None
    return Current(
        local,
        remote,
        tuple(reader.locations()) if is_new and remote is None else (),
        holder,
        template,
        tuple(str(row["name"]) for row in reader.templates())
        if is_new and wanted.template and template is None
        else (),
    )


def plan(current: Current, wanted: Want) -> Plan:
    """The calls that are left. Raises a :class:`Failure` where the task cannot or must not be done."""
    things = [guard.Thing("snapshot", current.local)] if current.local else []
    return guard.guarded(lambda: _plan(current, wanted), things, wanted.allow_foreign)


def _plan(current: Current, wanted: Want) -> Plan:
    if not wanted.present:
        return _plan_absent(current, wanted)
    if current.holder:
        raise NameTaken(
            f"The name {wanted.name!r} belongs to a {current.holder}, so no snapshot can have it. Volumes and snapshots share their names: choose another."
        )
    return _plan_update(current.local, wanted) if current.local else _plan_fetch(current, wanted)


def _plan_fetch(current: Current, wanted: Want) -> Plan:
    if current.remote is None:
        known = {row["name"] for row in current.locations}
        if wanted.location not in known:
            raise NotFound("location: " + places.no_such_location(wanted.location, current.locations))
        raise NotFound(
            f"Location {wanted.location!r} exports no snapshot ~{wanted.global_id} to this cluster. Export it there first (storpool_snapshot_export); "
            "storpool_location_info shows what there is (gather: remote_snapshots)."
        )
    if wanted.template and current.template is None:
        raise NotFound(f"template: {named.no_such('template', wanted.template, current.templates)}")
    body = {
        "remoteId": wanted.global_id,
        "remoteLocation": wanted.location,
        "name": wanted.name,
        "template": wanted.template,
        "tags": {key: value for key, value in (wanted.tags or {}).items() if value} or None,
    }
    step = Step(
        "SnapshotFromRemote",
        None,
        {field: value for field, value in body.items() if value is not None},
        f"bring {wanted} here" + (f" as snapshot {wanted.name!r}" if wanted.name else ""),
        advice=_STILL_GOING,
    )
    made = dict(
        policy.settings_of(current.template or {}),
        name=wanted.name or "~" + wanted.global_id,
        globalId=wanted.global_id,
        size=current.remote["size"],
        templateName=wanted.template,
        creationTimestamp=current.remote["creationTimestamp"],
        createdFromGlobalId=current.remote.get("createdFromGlobalId"),
        autoName=not wanted.name,
        recoveringFromRemote=wanted.seconds == 0,
        tags=body["tags"] or {},
    )
    wait = (_wait(wanted),) if wanted.seconds else ()
    return Plan((step, *wait), None, results.snapshot(made))


def _plan_update(local: Raw, wanted: Want) -> Plan:
    body: t.Dict[str, t.Any] = {}
    after = dict(local)
    if wanted.name and wanted.name != local["name"]:
        body["rename"] = after["name"] = wanted.name
        after["autoName"] = False
    tags = policy.tag_changes(local.get("tags") or {}, wanted.tags, False)
    if tags:
        body["tags"] = tags
        after["tags"] = policy.merged_tags(local.get("tags") or {}, tags)
    label = objects.label("snapshot", local)
    words = [*([f"rename it to {wanted.name!r}"] if "rename" in body else []), *(["change its tags"] if tags else [])]
    steps = []
    if body:
        steps.append(Step("SnapshotUpdate", objects.reference(local), body, f"update {label}: {', '.join(words)}"))
    if wanted.seconds and local.get("recoveringFromRemote"):
        steps.append(_wait(wanted))
        after["recoveringFromRemote"] = False
    return Plan(tuple(steps), results.snapshot(local), results.snapshot(after))


def _wait(wanted: Want) -> Step:
    return waiting.step(waiting.Recovered((wanted.global_id,)), wanted.seconds, f"wait for all data of {wanted}")


def _plan_absent(current: Current, wanted: Want) -> Plan:
    local = current.local
    if local is None:
        return Plan((), None, None)
    label, reference = objects.label("snapshot", local), objects.reference(local)
    if _MADE_BACKUP in (local.get("tags") or {}):
        shown = results.snapshot(local)
        caution = f"{sentence(label)} is no copy: a backup was made of it, and the next one needs it. It stays, and goes with its backup (storpool_backup)."
        return Plan((), shown, shown, cautions=(caution,))
    if current.remote is None:
        raise NotAllowed(
            f"{sentence(label)} is here, but location {wanted.location!r} does not export it to this cluster (any more): it may be the only one that there "
            "is, so it is not taken for a copy. If it is not needed, delete it with storpool_snapshot."
        )
    if current.exported_to:
        raise NotAllowed(
            f"{sentence(label)} is exported to {listing(current.exported_to)} from here, so StorPool would not delete it. Take that back first "
            "(storpool_snapshot_export)."
        )
    attached = [detach.Attached("snapshot", local, current.clients)]
    steps = detach.steps(attached, wanted.on_attached, "so it is not deleted")
    words = f"delete {label}, the copy of what location {wanted.location!r} has"
    return Plan(
        (*steps, Step("SnapshotDelete", reference, None, words, destroys=reference)), results.snapshot(local), None
    )


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The copy is a snapshot like others."""
    if current.local and current.clients and todo.after is None:
        reader.attach("snapshot", [current.local], [])
    known = {"globalId": todo.after["global_id"]} if todo.after else {}
    recovering = {"recoveringFromRemote": todo.after["recovering_from_remote"]} if todo.after else {}
    reader.change("snapshot", current.local, todo.after, **known, **recovering)


SNAPSHOT = Managed("snapshot", SPEC, want, look, plan, imagine=imagine)
