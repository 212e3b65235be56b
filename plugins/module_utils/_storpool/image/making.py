# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The volume or snapshot with an image: what is there, and the plans that finish one, or change what is said of one. Without any I/O but :func:`look`."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NameTaken, NotFound
from ..._common.plan import Plan, Step
from ..._common.words import sentence
from ..cluster import names, results
from ..cluster.reader import Raw, Reader
from ..objects import guard, named, policy
from ..objects import identity as objects
from . import wanted as tags
from . import work as works
from .wanted import Made, Want
from .work import Held, Work


class Found(t.NamedTuple):
    """What is there: the object of that name and kind, what else has the name, and the template, if they matter."""

    raw: t.Optional[Raw] = None
    holder: t.Optional[str] = None
    template: t.Optional[Raw] = None
    templates: t.Tuple[str, ...] = ()


def look(reader: Reader, wanted: Want) -> Found:
    """Read what is there under the wanted name, and the template if it is needed."""
    raw = reader.snapshot(wanted.name) if wanted.what == "snapshot" else reader.volume(wanted.name)
    other = None
    if raw is None:
        other = reader.volume(wanted.name) if wanted.what == "snapshot" else reader.snapshot(wanted.name)
    found = Found(raw, ("volume" if wanted.what == "snapshot" else "snapshot") if other else None)
    if wanted.template and (raw is None or raw.get("templateName") != wanted.template):
        found = found._replace(template=reader.template(wanted.template))
        if found.template is None:
            found = found._replace(templates=tuple(str(row["name"]) for row in reader.templates()))
    return found


def refuse(found: Found, wanted: Want) -> None:
    """Raise a :class:`Failure` if the task cannot be done with what is there."""
    if found.holder:
        raise NameTaken(
            f"The name {wanted.name!r} belongs to a {found.holder}, so no {wanted.what} can have it. Volumes and snapshots share their names: choose another."
        )
    if wanted.template and found.template is None and (found.raw or {}).get("templateName") != wanted.template:
        raise NotFound(
            "{0}: {1} Create it first (storpool_template), or name one that exists.".format(
                sentence(str(wanted)), named.no_such("template", wanted.template, found.templates)
            )
        )
    if found.raw is None:
        if not wanted.template:
            raise InvalidOption(
                f"{sentence(str(wanted))} does not exist, and nothing says how it shall be stored: set template."
            )
        return
    if tags.made_of(found.raw) is None:
        raise NameTaken(
            f"{sentence(str(wanted))} exists, and does not say of which image it is made (its tags are not those of this module). "
            "Choose another name, or rename or delete it."
        )
    if wanted.size and found.raw["size"] < wanted.size:
        raise NameTaken(
            "{0} exists, and has {1}, less than the {2} that size asks for. {3}".format(
                sentence(str(wanted)),
                names.human(found.raw["size"]),
                names.human(wanted.size),
                "Grow it with storpool_volume." if wanted.what == "volume" else "Choose another name, or delete it.",
            )
        )


def refuse_other(raw: Raw, wanted: Want, sha256: str, form: t.Optional[str]) -> None:
    """Raise :class:`NameTaken` if the object that is there was made of another image, or of the same one read as another format."""
    made = t.cast(Made, tags.made_of(raw))
    advice = "Choose another name, or delete it, if it is to be made anew."
    if made.sha256 != sha256:
        raise NameTaken(
            f"{sentence(str(wanted))} exists, and is made of another image: its SHA-256 is {made.sha256}, and that of src {sha256}. {advice}"
        )
    if form and made.format != form:
        raise NameTaken(
            f"{sentence(str(wanted))} exists, and is made of the same file read as {made.format}, not as {form}. {advice}"
        )


def keep(raw: t.Optional[Raw], wanted: Want) -> Plan:
    """The call that gives an object that is there the wanted template and tags."""
    if raw is None:
        raise NotFound(f"{sentence(str(wanted))} is gone: something else has deleted or renamed it.")
    return guard.guarded(lambda: _keep(raw, wanted), [guard.Thing(wanted.what, raw)], wanted.allow_foreign)


def _keep(raw: Raw, wanted: Want) -> Plan:
    body: t.Dict[str, t.Any] = {}
    after = dict(raw)
    if wanted.template and wanted.template != raw.get("templateName"):
        body["template"] = after["templateName"] = wanted.template
    changes = policy.tag_changes(raw.get("tags") or {}, wanted.tags, False)
    if changes:
        body["tags"] = changes
        after["tags"] = policy.merged_tags(raw.get("tags") or {}, changes)
    before = shown(raw, wanted)
    if not body:
        return Plan((), before, before)
    call = "SnapshotUpdate" if wanted.what == "snapshot" else "VolumeUpdate"
    words = [f"move it to template {wanted.template!r}"] if "template" in body else []
    words += ["change its tags {0}".format(", ".join(sorted(changes)))] if changes else []
    step = Step(call, objects.reference(raw), body, "update {0} ({1})".format(wanted, ", ".join(words)))
    return Plan((step,), before, shown(after, wanted))


def create(wanted: Want, name: str, size: int, own: t.Mapping[str, str]) -> Step:
    """The call that makes the volume that the image is copied to."""
    body = {"name": name, "size": size, "template": wanted.template, "tags": dict(own)}
    advice = (("insufficientResources", "The template's disks have no room for it."),)
    return Step("VolumeCreate", None, body, f"create volume {name!r} of {names.human(size)}", advice=advice)


def finish(held: Held, target: t.Optional[Raw], wanted: Want, work: Work, made: Made) -> Plan:
    """The calls after which the object is there, with all that it has to say, and the work object is not.

    Raises :class:`NameTaken` if something else has the name by now, and :class:`NotFound` if the work object was taken away.
    """
    own = policy.merged_tags(dict(wanted.tags, **tags.made_tags(made)), {})
    if target is not None:
        if tags.made_of(target) != made:
            raise NameTaken(
                f"Something else has got the name {wanted.name!r} meanwhile. Choose another, or rename or delete that."
            )
        return works.drop(held, work)._replace(before=None, after=shown(target, wanted))
    raw = held.raw
    if raw is None or not works.is_ours(raw, work):
        raise NotFound(
            f"{sentence(str(work))} is gone: something else has taken it away while the image was copied to it. Run the task again."
        )
    after = dict(raw, name=wanted.name, tags=own)
    if wanted.what == "volume":
        nothing = dict.fromkeys((tags.BY, tags.RUN), "")
        body = {"rename": wanted.name, "tags": dict(nothing, **own)}
        steps: t.Tuple[Step, ...] = (works.detach(work, raw, held.clients),) if held.clients else ()
        steps += (Step("VolumeUpdate", objects.reference(raw), body, f"call it {wanted}"),)
    else:
        take = Step(
            "VolumeSnapshot", objects.reference(raw), {"name": wanted.name, "tags": own}, f"take {wanted} of it"
        )
        steps = (take, *works.drop(held, work).steps)
    return Plan(steps, None, shown(after, wanted))


def shown(raw: Raw, wanted: Want) -> t.Dict[str, t.Any]:
    """The object as modules return it."""
    return results.snapshot(raw) if wanted.what == "snapshot" else results.volume(raw)


def predicted(wanted: Want, found: Found, size: t.Optional[int], made: t.Optional[Made]) -> t.Dict[str, t.Any]:
    """The object as it would be returned, as far as it can be known before it is made."""
    template = found.template or {}
    own = policy.merged_tags(dict(wanted.tags, **(tags.made_tags(made) if made else {})), {})
    raw = dict(policy.settings_of(template), name=wanted.name, size=size, templateName=wanted.template, tags=own)
    for place in policy.PLACES:
        raw[place] = raw.get(place) or raw.get("placeAll") or policy.DEFAULT_GROUP
    return shown(raw, wanted)
