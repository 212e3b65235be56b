# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StorPool templates: named settings that volumes and snapshots are made with."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NotAllowed, NotFound
from ..._common.plan import Managed, Plan, Step
from ..._common.words import listing, sentence
from ..cluster import names, results
from ..cluster.predicted import Predicted
from ..cluster.reader import Raw, Reader
from ..connection.options import POLICY, POLICY_FIELDS
from . import named, policy

#: What listings show for a size, a replication or a place that a template leaves open.
OPEN = (None, "", "-", 0)
#: A place for copies that nobody names (StorPool's knowledge base).
DEFAULT_GROUP = "default"
#: Option -> field: what CloudStack's StorPool driver needs of the template of a primary storage pool (the driver's own documentation).
FOR_CLOUDSTACK = {
    "replication": "replication",
    "place_all": "placeAll",
    "place_tail": "placeTail",
    "place_head": "placeHead",
}

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        name={"type": "str", "required": True},
        previous_name={"type": "str"},
        size={"type": "str"},
        parent={"type": "str"},
        propagate={"type": "bool", "default": False},
        for_cloudstack={"type": "bool", "default": False},
        **POLICY,
    ),
}


class Want(t.NamedTuple):
    """A desired template. The size is in bytes, policy is in StorPool's fields."""

    present: bool
    which: named.Which
    size: t.Optional[int]
    parent: t.Optional[str]
    policy: t.Dict[str, t.Any]
    propagate: bool
    for_cloudstack: bool


class Current(t.NamedTuple):
    """What a plan for one template has to know. ``users`` are the volumes and snapshots with the template, read only if it may be deleted."""

    template: t.Optional[Raw] = None
    unknown_groups: t.Mapping[str, str] = {}
    unknown_parent: t.Optional[str] = None  # what there is in its place
    users: t.Tuple[str, ...] = ()


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired template that the options describe. Raises :class:`InvalidOption`."""
    for option in ("size", "parent"):
        if params[option] is not None and params[option].strip() in ("", "-", "none"):
            raise InvalidOption(
                f"{option}: it cannot be {params[option]!r}, since StorPool's API has no way to take the {option} of a template away. "
                "Leave the option out to keep what there is, or make a new template without it."
            )
    parent = params["parent"]
    return Want(
        present=params["state"] == "present",
        which=named.which("template", params),
        size=names.size(params["size"], "size"),
        parent=None if parent is None else names.name(parent, "parent", "snapshot"),
        policy=policy.wanted(params),
        propagate=params["propagate"],
        for_cloudstack=params["for_cloudstack"],
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if the old and the new name of a rename are both there."""
    template = named.find(wanted.which, reader.template)
    if not wanted.present:
        return Current(template, users=_users(reader, wanted.which.name) if template else ())
    shown = template or {}
    new_parent = wanted.parent is not None and wanted.parent != shown.get("parentName")
    parent = str(wanted.parent)
    return Current(
        template,
        unknown_groups=policy.unknown_groups(reader, policy.changes(shown, wanted.policy)),
        unknown_parent=named.instead(reader, "snapshot", parent)
        if new_parent and reader.snapshot(parent) is None
        else None,
    )


def plan(current: Current, wanted: Want) -> Plan:
    """The call that makes the current template the wanted one.

    Raises :class:`NotFound` for a parent or placement groups that are not there, :class:`NotAllowed` if a template to be deleted is in use, and
    :class:`InvalidOption` if it shall do for CloudStack and something is missing.
    """
    if not wanted.present:
        return _plan_absent(current)
    policy.refuse_unknown(current.unknown_groups, sentence(str(wanted.which)))
    if current.unknown_parent is not None:
        raise NotFound(
            f"{wanted.which}: there is no snapshot {wanted.parent!r} to be its parent.{current.unknown_parent} "
            "Create it first (storpool_snapshot), or name one that exists."
        )
    if current.template is None:
        return _plan_create(wanted)
    return _plan_update(current.template, wanted)


def _plan_absent(current: Current) -> Plan:
    template = current.template
    if template is None:
        return Plan((), None, None)
    what = named.label("template", template["name"])
    if current.users:
        raise NotAllowed(
            f"{what} is in use by {listing(current.users)}, so it is not deleted. Move those to another template first, or delete them."
        )
    step = Step("VolumeTemplateDelete", template["name"], None, f"delete {what}", advice=named.IN_USE)
    return Plan((step,), results.template(template), None)


def _plan_create(wanted: Want) -> Plan:
    settings = _settings(wanted)
    _check_cloudstack(wanted, settings)
    after = dict(policy.settings_of({}), size=wanted.size, name=wanted.which.name, parentName=wanted.parent)
    after.update(wanted.policy)
    after["placeAll"] = after["placeAll"] or DEFAULT_GROUP
    for place in ("placeTail", "placeHead"):
        after[place] = after[place] or after["placeAll"]
    step = Step("VolumeTemplateCreate", None, dict(settings, name=wanted.which.name), f"create {wanted.which}")
    return Plan((step,), None, results.template(after))


def _plan_update(template: Raw, wanted: Want) -> Plan:
    before = results.template(template)
    after = dict(template)
    body: t.Dict[str, t.Any] = {}
    words: t.List[str] = []
    if template["name"] != wanted.which.name:
        body["rename"] = after["name"] = wanted.which.name
        words.append(f"rename it to {wanted.which.name!r}")
    if wanted.parent is not None and wanted.parent != template.get("parentName"):
        body["parent"] = after["parentName"] = wanted.parent
        words.append(f"set its parent to snapshot {wanted.parent!r}")
    if wanted.size is not None and wanted.size != template.get("size"):
        body["size"] = after["size"] = wanted.size
        words.append(f"set its default size to {names.human(wanted.size)}")
    changes = policy.changes(template, wanted.policy)
    words += [
        "set {0} to {1}".format(field, "unlimited" if value == names.UNLIMITED else value)
        for field, value in changes.items()
    ]
    body.update(changes)
    after.update(changes)
    _check_cloudstack(wanted, after)
    if not body:
        return Plan((), before, before)
    if wanted.propagate:
        body["propagate"] = True
        words.append("propagate this to its volumes and snapshots")
    action = "update {0}: {1}".format(named.label("template", template["name"]), ", ".join(words))
    return Plan((Step("VolumeTemplateUpdate", template["name"], body, action),), before, results.template(after))


def _settings(wanted: Want) -> t.Dict[str, t.Any]:
    """The fields of VolumeTemplateCreate that the task names."""
    given = {"size": wanted.size, "parent": wanted.parent}
    return dict({field: value for field, value in given.items() if value is not None}, **wanted.policy)


def _check_cloudstack(wanted: Want, shown: t.Mapping[str, t.Any]) -> None:
    """What a new template leaves out StorPool fills in by itself, and then shows it as if it had been set; so it has to be said when it is new."""
    missing = [option for option, field in FOR_CLOUDSTACK.items() if shown.get(field) in OPEN]
    if wanted.for_cloudstack and missing:
        raise InvalidOption(
            f"{wanted.which} would not do for a CloudStack pool: {listing(missing)} {'is' if len(missing) == 1 else 'are'} not set. "
            f"Set {'it' if len(missing) == 1 else 'them'} in this task."
        )


def _users(reader: Reader, name: str) -> t.Tuple[str, ...]:
    """The volumes and snapshots with this template, each with its kind."""
    kinds = (("volume", reader.volumes), ("snapshot", reader.snapshots))
    return tuple(
        named.label(kind, raw["name"]) for kind, every in kinds for raw in every() if raw.get("templateName") == name
    )


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The template as it would be, and what volumes and snapshots would get of the change, where it is propagated."""
    body = todo.steps[0].body or {}
    if body.get("propagate"):
        settings = {
            field: body[field]
            for option, field in POLICY_FIELDS.items()
            if todo.before[option] != todo.after[option] and field in body
        }
        kinds: t.Tuple[t.Tuple[str, t.List[Raw], t.Callable[[Raw], t.Mapping[str, t.Any]]], ...] = (
            ("volume", reader.volumes(), results.volume),
            ("snapshot", reader.snapshots(), results.snapshot),
        )
        for what, rows, shown in kinds:
            for raw in rows:
                if raw.get("templateName") == todo.before["name"]:
                    reader.change(what, raw, shown(raw), **settings)
    reader.change("template", current.template, todo.after)


TEMPLATE = Managed("template", SPEC, want, look, plan, imagine=imagine)
