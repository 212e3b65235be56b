# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the bulk module has to know of each kind of object beside the plan that the kind's own module uses: what depends on what, and the set's tag."""

from __future__ import annotations

import typing as t

from ..._common.plan import Managed
from ..cluster.reader import Raw, Reader
from ..objects import attach, attach_want, snapshot, snapshot_plan, template, volume
from ..objects import identity as objects

#: ("template", name), ("volume", reference) or ("snapshot", reference)
Reference = t.Tuple[str, str]

#: The tags by which a set knows what is its own, by kind. Each kind has another: StorPool and those who take snapshots copy tags from a volume to what is
#: made of it, and a copied tag must not make a snapshot somebody else's to remove.
SET_TAGS = {"volume": "ansible-volume-set", "snapshot": "ansible-snapshot-set"}


class Names(t.NamedTuple):
    """What a desired object is called and what it is made of.

    ``own`` are the names that it has afterwards, ``old`` those that it gives up, ``uses`` what has to be there first.
    """

    own: t.Tuple[Reference, ...]
    old: t.Tuple[Reference, ...]
    uses: t.Tuple[Reference, ...]


class Kind(t.NamedTuple):
    """A kind of object: ``option`` is the list of the module, ``what`` the word for one.

    ``names`` is given a desired object; ``found`` what was looked at, and returns the objects that it is about. ``tagged`` adds tags to a desired object.
    ``spec`` is what one item may say, if it is less than the kind's own module takes.
    """

    option: str
    what: str
    managed: Managed
    spec: t.Mapping[str, t.Any]
    names: t.Callable[[t.Any], Names]
    found: t.Callable[[t.Any], t.List[Raw]]
    which: t.Optional[t.Callable[[t.Any], t.List[objects.Which]]] = None
    tagged: t.Optional[t.Callable[[t.Any, t.Mapping[str, str]], t.Any]] = None


def _template_names(wanted: template.Want) -> Names:
    return Names(
        own=(("template", wanted.which.name),),
        old=_given("template", wanted.which.previous_name),
        uses=_given("snapshot", wanted.parent),
    )


def _volume_names(wanted: volume.Want) -> Names:
    return Names(
        own=_given("volume", wanted.which.name),
        old=_given("volume", wanted.which.previous_name),
        uses=_given("template", wanted.template) + _given("snapshot", wanted.parent) + _given("volume", wanted.base_on),
    )


def _tagged_volume(wanted: volume.Want, tags: t.Mapping[str, str]) -> volume.Want:
    return wanted._replace(tags=dict(wanted.tags or {}, **tags))


def _snapshot_names(wanted: snapshot_plan.Want) -> Names:
    own: t.Tuple[Reference, ...] = ()
    old: t.Tuple[Reference, ...] = ()
    uses = _given("template", wanted.template)
    for item in wanted.items:
        own += _given("snapshot", item.which.name)
        old += _given("snapshot", item.which.previous_name)
        uses += _given("volume", item.volume)
    return Names(own, old, uses)


def _tagged_snapshot(wanted: snapshot_plan.Want, tags: t.Mapping[str, str]) -> snapshot_plan.Want:
    return wanted._replace(items=tuple(item._replace(tags=dict(item.tags or {}, **tags)) for item in wanted.items))


def _attachment_names(wanted: attach_want.Want) -> Names:
    return Names((), (), tuple(dict.fromkeys((item.what, item.reference) for item in wanted.items)))


def _given(what: str, name: t.Optional[str]) -> t.Tuple[Reference, ...]:
    return ((what, name),) if name else ()


_ONE_ATTACHMENT = dict(
    attach_want.SPEC,
    argument_spec={
        option: rule for option, rule in attach_want.SPEC["argument_spec"].items() if option != "attachments"
    },
    mutually_exclusive=[["volume", "snapshot"]],
    required_one_of=[["volume", "snapshot"]],
)

TEMPLATES = Kind(
    "templates",
    "template",
    template.TEMPLATE,
    template.SPEC,
    _template_names,
    lambda current: [],  # noqa: ARG005
)
VOLUMES = Kind(
    "volumes",
    "volume",
    volume.VOLUME,
    volume.SPEC,
    _volume_names,
    lambda current: [current.volume] if current.volume else [],
    lambda wanted: [wanted.which],
    _tagged_volume,
)
SNAPSHOTS = Kind(
    "snapshots",
    "snapshot",
    snapshot.SNAPSHOT,
    snapshot.SPEC,
    _snapshot_names,
    lambda current: [found.snapshot for found in current.items if found.snapshot],
    lambda wanted: [item.which for item in wanted.items],
    _tagged_snapshot,
)
ATTACHMENTS = Kind(
    "attachments",
    "attachment",
    attach.ATTACHMENTS,
    _ONE_ATTACHMENT,
    _attachment_names,
    lambda current: [raw for raw in current.found.values() if raw],
)
KINDS = (TEMPLATES, VOLUMES, SNAPSHOTS, ATTACHMENTS)


def meant(which: objects.Which, reader: Reader) -> t.List[Raw]:
    """Everything that a description of a volume or snapshot may mean, also where it is not clear which one."""
    one, tagged = (
        (reader.volume, reader.volumes_with) if which.what == "volume" else (reader.snapshot, reader.snapshots_with)
    )
    names = [which.name, which.previous_name, which.global_id and "~" + which.global_id]
    found = [one(name) for name in names if name]
    return [raw for raw in found if raw] + (list(tagged(which.match_tags)) if which.match_tags else [])
