# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: what a task may want of one, what it has to know first, and the plan from the one to the other."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NameTaken, NotAllowed, NotFound
from ..._common.foreseen import made_up
from ..._common.plan import Managed, Plan, Step
from ..._common.time_left import checked
from ..._common.words import sentence
from ..cluster import names, results
from ..cluster.predicted import Predicted
from ..cluster.reader import Raw, Reader
from ..connection.options import POLICY, TAGS
from . import guard, named, policy
from . import identity as objects

#: Option of the modules -> onAttached of VolumeDelete.
ON_ATTACHED = ("fail", "detach", "detachForce")

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        size={"type": "str"},
        allow_shrink={"type": "bool", "default": False},
        parent={"type": "str"},
        base_on={"type": "str"},
        template={"type": "str"},
        on_attached={"type": "str", "choices": list(ON_ATTACHED), "default": "fail"},
        wait={"type": "bool", "default": True},
        wait_timeout={"type": "int", "default": 60},
        **dict(objects.IDENTITY, **dict(POLICY, **TAGS, **guard.OPTION)),
    ),
    "required_one_of": [["name", "global_id", "match_tags"]],
    "mutually_exclusive": [["parent", "base_on"], *objects.IDENTITY_EXCLUSIVE],
    "required_by": objects.IDENTITY_REQUIRED_BY,
}


class Want(t.NamedTuple):
    """A desired volume. Names and ids are checked, sizes are bytes, policy is in StorPool's fields."""

    present: bool
    which: objects.Which
    size: t.Optional[int]
    allow_shrink: bool
    parent: t.Optional[str]
    base_on: t.Optional[str]
    template: t.Optional[str]
    policy: t.Dict[str, t.Any]
    tags: t.Optional[t.Dict[str, str]]
    purge_tags: bool
    on_attached: str
    wait_timeout: t.Optional[int]
    allow_foreign: bool


class Current(t.NamedTuple):
    """What a plan for one volume has to know. All but ``volume`` is read only if the plan can depend on it."""

    volume: t.Optional[Raw] = None
    holder: t.Optional[str] = None  # what has the wanted name, if it is not this volume: "volume" or "snapshot"
    source: t.Optional[Raw] = None
    template: t.Optional[Raw] = None
    templates: t.Tuple[str, ...] = ()  # the names of those that there are, if the wanted one is not
    unknown_groups: t.Mapping[str, str] = {}
    clients: t.Tuple[int, ...] = ()
    there: str = ""  # what there is in place of a source that is not


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired volume that the options describe. Raises :class:`InvalidOption`."""
    which = objects.which("volume", params)
    wait_timeout = checked(params, "wait_timeout")
    return Want(
        present=params["state"] == "present",
        which=which,
        size=names.size(params["size"], "size"),
        allow_shrink=params["allow_shrink"],
        parent=objects.checked(params, "parent", names.reference, "snapshot"),
        base_on=objects.checked(params, "base_on", names.reference, "volume"),
        template=objects.checked(params, "template", names.name, "template"),
        policy=policy.wanted(params),
        tags=policy.keep_identity(names.tags(params["tags"], "tags"), which.match_tags),
        purge_tags=params["purge_tags"] and params["tags"] is not None,
        on_attached=params["on_attached"],
        wait_timeout=wait_timeout if params["wait"] else None,
        allow_foreign=params["allow_foreign"],
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if several volumes answer to the description."""
    volume = objects.find(wanted.which, reader.volume, reader.volumes_with)
    if not wanted.present:
        return Current(volume, clients=_clients(reader, volume)) if volume else Current()
    renamed = wanted.which.name is not None and (volume is None or volume["name"] != wanted.which.name)
    current = Current(
        volume,
        holder=objects.holder(reader, wanted.which, volume) if renamed else None,
        unknown_groups=policy.unknown_groups(reader, policy.changes(volume or {}, wanted.policy)),
    )
    if wanted.template and (volume is None or volume.get("templateName") != wanted.template):
        current = current._replace(template=reader.template(wanted.template))
        if current.template is None:
            current = current._replace(templates=tuple(str(raw["name"]) for raw in reader.templates()))
    if volume is None:
        return _with_source(reader, current, wanted)
    if wanted.size is not None and wanted.size != volume["size"] and wanted.wait_timeout:
        return current._replace(clients=_clients(reader, volume))
    return current


def _with_source(reader: Reader, current: Current, wanted: Want) -> Current:
    what, name = ("snapshot", wanted.parent) if wanted.parent else ("volume", wanted.base_on)
    if name is None:
        return current
    source = reader.snapshot(name) if wanted.parent else reader.volume(name)
    return current._replace(source=source, there="" if source else named.instead(reader, what, name))


def plan(current: Current, wanted: Want) -> Plan:
    """The calls that make the current volume the wanted one.

    Raises a :class:`Failure` where the task must not or cannot be done: see the kinds in :mod:`.._common.errors`.
    """
    things = [guard.Thing("volume", current.volume)] if current.volume else []
    return guard.guarded(lambda: _plan(current, wanted), things, wanted.allow_foreign)


def _plan(current: Current, wanted: Want) -> Plan:
    if not wanted.present:
        return _plan_absent(current, wanted)
    _check_references(current, wanted)
    if current.volume is None:
        return _plan_create(current, wanted)
    return _plan_update(current, current.volume, wanted)


def _plan_absent(current: Current, wanted: Want) -> Plan:
    volume = current.volume
    if volume is None:
        return Plan((), None, None)
    what = objects.label("volume", volume)
    body = None
    if current.clients:
        if wanted.on_attached == "fail":
            raise NotAllowed(
                f"{sentence(what)} is attached to {objects.client_list(current.clients)}, so it is not deleted. "
                "Detach it first (storpool_attach), or set on_attached to 'detach', or to 'detachForce' "
                "if it may be taken away from programs that have it open."
            )
        body = {"onAttached": wanted.on_attached}
    step = Step("VolumeDelete", objects.reference(volume), body, f"delete {what}", destroys=objects.reference(volume))
    return Plan((step,), results.volume(volume), None)


def _check_references(current: Current, wanted: Want) -> None:
    """Everything that the task names has to exist, and the wanted name has to be free, before anything is written."""
    volume = current.volume
    if volume is None and wanted.which.global_id:
        raise NotFound(
            f"There is no volume ~{wanted.which.global_id}. StorPool gives out global ids itself: name a volume that exists."
        )
    if current.holder:
        raise NameTaken(
            f"The name {wanted.which.name!r} belongs to another {current.holder}. Volumes and snapshots share their names: "
            f"choose another, or rename or delete that {current.holder}."
        )
    if (
        wanted.template
        and current.template is None
        and (volume is None or volume.get("templateName") != wanted.template)
    ):
        raise NotFound(
            "{0}: {1} Create it first (storpool_template), or name one that exists.".format(
                sentence(str(wanted.which)), named.no_such("template", wanted.template, current.templates)
            )
        )
    if current.unknown_groups:
        policy.refuse_unknown(current.unknown_groups, sentence(str(wanted.which)))
    source = wanted.parent or wanted.base_on
    if volume is None and source and current.source is None:
        raise NotFound(
            "{0}: there is no {1} {2!r} to make it from.{3}".format(
                sentence(str(wanted.which)), "snapshot" if wanted.parent else "volume", source, current.there
            )
        )


def _plan_create(current: Current, wanted: Want) -> Plan:
    source, template = current.source or {}, current.template or {}
    size = wanted.size or source.get("size") or (template.get("size") if template.get("size") != "-" else None)
    if not size:
        raise InvalidOption(
            f"{sentence(str(wanted.which))} does not exist, and nothing says how large it shall be: set size."
        )
    if size < source.get("size", 0):
        raise InvalidOption(
            "{0}: size is {1}, less than the {2} of {3!r} that it is made from.".format(
                sentence(str(wanted.which)),
                names.human(size),
                names.human(source["size"]),
                wanted.parent or wanted.base_on,
            )
        )
    if not template and not source and "replication" not in wanted.policy:
        raise InvalidOption(
            f"{sentence(str(wanted.which))} does not exist, and nothing says how it shall be stored: set template, or replication and place_all."
        )
    tags = policy.merged_tags({}, wanted.tags or {})
    given = {
        "name": wanted.which.name,
        "size": wanted.size,
        "template": wanted.template,
        "parent": wanted.parent,
        "baseOn": wanted.base_on,
        "tags": tags or None,
    }
    body = dict({field: value for field, value in given.items() if value is not None}, **wanted.policy)
    origin = (
        " from {0} {1!r}".format("snapshot" if wanted.parent else "volume", wanted.parent or wanted.base_on)
        if source
        else ""
    )
    action = f"create {wanted.which} of {names.human(size)}{origin}"
    after = dict(
        policy.settings_of(template or source),
        name=wanted.which.name,
        size=size,
        templateName=wanted.template or source.get("templateName"),
        parentName=wanted.parent and t.cast(Raw, current.source)["name"],
        tags=tags,
    )
    after.update(wanted.policy)
    for place in policy.PLACES:
        after[place] = after.get(place) or after.get("placeAll") or policy.DEFAULT_GROUP
    return Plan(
        (Step("VolumeCreate", None, body, action, repeatable=bool(wanted.which.name)),), None, results.volume(after)
    )


def _plan_update(current: Current, volume: Raw, wanted: Want) -> Plan:
    body: t.Dict[str, t.Any] = {}
    words: t.List[str] = []
    after = dict(volume)
    if wanted.which.name and wanted.which.name != volume["name"]:
        body["rename"] = after["name"] = wanted.which.name
        words.append(f"rename it to {wanted.which.name!r}")
    if wanted.template and wanted.template != volume.get("templateName"):
        body["template"] = after["templateName"] = wanted.template
        body.update(wanted.policy)
        after.update(policy.settings_of(t.cast(Raw, current.template)))
        words.append(f"move it to template {wanted.template!r}")
    if wanted.size is not None and wanted.size != volume["size"]:
        body["size"] = after["size"] = wanted.size
        words.append(_resize(volume, wanted, body))
    settings = policy.changes(volume, wanted.policy)
    words += [
        "set {0} to {1}".format(field, "unlimited" if value == names.UNLIMITED else value)
        for field, value in settings.items()
    ]
    body.update(settings)
    after.update(wanted.policy)
    tags = policy.tag_changes(volume.get("tags") or {}, wanted.tags, wanted.purge_tags)
    if tags:
        body["tags"] = tags
        after["tags"] = policy.merged_tags(volume.get("tags") or {}, tags)
        words.append("change its tags {0}".format(", ".join(sorted(tags))))
    before = results.volume(volume)
    if not body:
        return Plan((), before, before)
    steps = [
        Step(
            "VolumeUpdate",
            objects.reference(volume),
            body,
            "update {0} ({1})".format(objects.label("volume", volume), ", ".join(words)),
            destroys=objects.reference(volume) if "shrinkOk" in body else None,
        )
    ]
    steps += [
        Step(
            "ClientConfigWait",
            str(client),
            None,
            f"wait until client {client} sees the new size of {objects.label('volume', after)}",
            method="GET",
            timeout=wanted.wait_timeout,
        )
        for client in current.clients
    ]
    return Plan(tuple(steps), before, results.volume(after))


def _resize(volume: Raw, wanted: Want, body: t.Dict[str, t.Any]) -> str:
    size = t.cast(int, wanted.size)
    sizes = "from {0} to {1}".format(names.human(volume["size"]), names.human(size))
    if size > volume["size"]:
        return "grow it " + sizes
    if not wanted.allow_shrink:
        raise NotAllowed(
            f"{sentence(objects.label('volume', volume))} would shrink {sizes}, and what is beyond the new size would be lost. "
            "If the file system on it is already smaller, set allow_shrink."
        )
    body["shrinkOk"] = True
    return "shrink it " + sizes


def _clients(reader: Reader, volume: Raw) -> t.Tuple[int, ...]:
    return tuple(int(row["client"]) for row in reader.attachments_of(volume))


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The volume as it would be; what is deleted is attached nowhere any more.

    To base a volume on another, StorPool takes a snapshot of that, which becomes the parent of both.
    """
    if current.volume and todo.after is None and current.clients:
        reader.attach("volume", [current.volume], [])
    base = current.source if any(step.body and "baseOn" in step.body for step in todo.steps) else None
    if base is None:
        reader.change("volume", current.volume, todo.after)
        return
    parent = {"parentName": f"{base['name']}@{made_up()}"}
    reader.change("volume", None, todo.after, **parent)
    reader.change("volume", base, results.volume(base), **parent)


VOLUME = Managed("volume", SPEC, want, look, plan, imagine=imagine)
