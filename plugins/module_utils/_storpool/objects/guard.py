# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to another system is left to it: a plan whose steps would change such a thing is refused, unless the task says that it may.

It looks at the steps of a finished plan, whatever kind of object it is for. What it does not know of a step counts as a change.
"""

from __future__ import annotations

import typing as t

from ..._common.errors import NotAllowed
from ..._common.plan import Plan, Step
from ..._common.words import sentence
from ..cluster.owner import Owner, owner
from ..cluster.reader import Raw
from . import identity as objects

OPTION: t.Dict[str, t.Any] = {"allow_foreign": {"type": "bool", "default": False}}

#: What is made of something leaves it as it is.
_TAKES = frozenset(["VolumeCreate", "VolumeSnapshot", "VolumesGroupSnapshot", "VolumeBackup", "VolumesGroupBackup"])
#: What is exported cannot be deleted by its owner either.
_EXPORTS = frozenset(["SnapshotExport", "SnapshotUnexport"])
_UPDATES = frozenset(["VolumeUpdate", "SnapshotUpdate"])
_NAMES = {
    "cloudstack": "CloudStack",
    "opennebula": "OpenNebula",
    "proxmox": "Proxmox VE",
    "kubernetes": "Kubernetes",
    "openstack": "OpenStack",
}
#: What CloudStack has made something for -> the module that does it on CloudStack's side.
MODULES = {
    "volume": "cloudstack_volume",
    "snapshot": "cloudstack_volume_snapshot",
    "group": "cloudstack_vm_snapshot",
    "template": "cloudstack_template",
}


def allowing(allowed: bool, spec: t.Mapping[str, t.Any]) -> t.Dict[str, bool]:
    """The option with which a task as a whole allows it for an item of this specification; nothing if it does not, or the kind knows no owners."""
    return {option: True for option in OPTION if allowed and option in spec}


class Thing(t.NamedTuple):
    """A "volume" or "snapshot" that a plan may be about, as it was read."""

    what: str
    raw: Raw

    def __str__(self) -> str:
        return objects.label(self.what, self.raw)

    @property
    def owner(self) -> t.Optional[Owner]:
        """The system that it belongs to, if it is not ours."""
        return owner(self.what, self.raw)


def guarded(
    make: t.Callable[[], Plan],
    things: t.Sequence[Thing],
    allowed: bool,
    instead: t.Optional[t.Mapping[str, str]] = None,
) -> Plan:
    """The plan that ``make`` returns. Raises as it does, and :class:`NotAllowed` if that changes one of the things, and it is another system's.

    A plan that is not allowed for another reason, and is about such things only, is refused for this one: the advice would not help. ``instead`` are the
    modules for CloudStack's side, by what CloudStack has made the thing for.
    """
    if allowed:
        return make()
    try:
        todo = make()
    except NotAllowed:
        foreign = [thing for thing in things if thing.owner]
        if not foreign or len(foreign) < len(things):
            raise
        raise _refusal(foreign[0], None, instead or MODULES) from None
    by_reference = {objects.reference(thing.raw): thing for thing in things} if todo.steps else {}
    for step in todo.steps:
        for reference in _changed(step):
            thing = by_reference.get(reference or "")
            found = thing and thing.owner
            if thing and found and not _is_free(step, found):
                raise _refusal(thing, step, instead or MODULES)
    return todo


def _changed(step: Step) -> t.Iterable[t.Optional[str]]:
    """The references of what a step is about, if it changes anything of that."""
    if step.method == "GET" or step.call in _TAKES:
        return ()
    if step.call == "VolumesReassignWait":
        return [item.get("volume") or item.get("snapshot") for item in step.body["reassign"]]
    return (step.body["snapshot"],) if step.call in _EXPORTS else (step.target,)


def _is_free(step: Step, found: Owner) -> bool:
    """Whether a step changes no more than tags that are not the owner's."""
    return step.call in _UPDATES and set(step.body) == {"tags"} and not any(found.has(tag) for tag in step.body["tags"])


def _refusal(thing: Thing, step: t.Optional[Step], instead: t.Mapping[str, str]) -> NotAllowed:
    found = t.cast(Owner, thing.owner)
    system = _NAMES.get(found.system, found.system)
    module = instead.get(found.kind or "")
    if module:
        there = f"Change it there ({module})"
    elif found.kind:
        there = f"{system} has made it for itself ({found.kind}) and takes it away by itself: leave it alone"
    else:
        there = "Change it there"
    known_as = [
        *([f"{found.kind or thing.what} {found.id}"] if found.id else []),
        *([f"of VM {found.vm}"] if found.vm else []),
    ]
    words = f", where it is {' '.join(known_as)}" if found.id else f", {known_as[0]}" if known_as else ""
    refusal = NotAllowed(
        f"{sentence(str(thing))} belongs to {system}{words}, and {system} knows only of what it does itself. {there}, or set allow_foreign if it is meant "
        "all the same."
    )
    return t.cast(NotAllowed, refusal.while_doing(step.action)) if step else refusal
