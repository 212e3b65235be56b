# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a volume or snapshot is, by its tags: CloudStack and others mark what they make, and keep books of it that know only what they did themselves.

Something is another system's if it has a tag that nobody but that system sets. Words that people use as well (``type``, ``img``, ``snap``, ``disk``,
``uuid``, ``transient``) say nothing alone, and neither do those that people give to any volume (``qc``, ``vc-policy``). On what is another system's, though,
they are that system's, too. The tags are those of the StorPool API facts.
"""

from __future__ import annotations

import typing as t

Raw = t.Mapping[str, t.Any]
Tags = t.Mapping[str, str]


class Owner(t.NamedTuple):
    """The system that something belongs to. ``id`` and ``vm`` are that system's own ids of the object and of the virtual machine.

    ``kind`` is CloudStack's word for what it made it for: "volume", "snapshot", "template", ... ``others`` are tags of the system's beside marks.
    """

    system: str
    kind: t.Optional[str]
    id: t.Optional[str]
    vm: t.Optional[str]
    others: t.FrozenSet[str]

    def has(self, tag: str) -> bool:
        """Whether a tag of this name is one of the system's, or one that would make somebody take the object for another system's."""
        return tag in self.others or tag in _SHARED or _is_mark(tag)


class System(t.NamedTuple):
    """A system: the tags by which it is known, others that it sets, and which of all these hold its ids of the object and of the virtual machine."""

    name: str
    marks: t.FrozenSet[str]
    others: t.FrozenSet[str] = frozenset()
    id: str = ""
    vm: str = ""


#: Its value is a system's name for itself.
VIRT = "virt"
#: Its value is what CloudStack's driver has made something for.
CS = "cs"
CLOUDSTACK = System("cloudstack", frozenset([CS, "cvm"]), frozenset(["uuid", "disk"]), "uuid", "cvm")
OPENNEBULA = System(
    "opennebula", frozenset(["nvm", "nloc"]), frozenset(["type", "diskid", "img", "snap"]), "img", "nvm"
)
PROXMOX = System("proxmox", frozenset(["pve"]), id="pve-disk", vm="pve-vm")
KUBERNETES = System("kubernetes", frozenset(["csi_name"]), id="csi_name")
OPENSTACK = System("openstack", frozenset(["osvm"]), frozenset(["disk", "transient"]), vm="osvm")
SYSTEMS = (CLOUDSTACK, OPENNEBULA, PROXMOX, KUBERNETES, OPENSTACK)
#: All of Proxmox VE's own begin with it.
_PVE = "pve-"
_BY_VIRT = {"cs": CLOUDSTACK, "one": OPENNEBULA, "pve": PROXMOX}
#: Tags that any system sets: the class of service, and the policy of backups.
_SHARED = frozenset(["qc", "vc-policy", "vc_policy"])
_MARKS = frozenset([VIRT]).union(*(system.marks for system in SYSTEMS))


def owner(what: str, raw: Raw) -> t.Optional[Owner]:
    """The system that a "volume" or "snapshot" belongs to; ``None`` if it is no other system's.

    CloudStack says of each snapshot of its own what it is for ("snapshot", "group", "template", ...). One with the tags of its volume is somebody else's:
    some copy them, and so do some clusters.
    """
    tags = {key: str(value) for key, value in (raw.get("tags") or {}).items() if value}
    system = _system(tags)
    if system is None or (
        what == "snapshot" and system is CLOUDSTACK and VIRT not in tags and tags.get(CS) in (None, "volume")
    ):
        return None
    kind = tags.get(CS, what) if system is CLOUDSTACK else None
    return Owner(system.name, kind, tags.get(system.id), tags.get(system.vm), system.others)


def shown(what: str, raw: Raw) -> t.Optional[t.Dict[str, t.Optional[str]]]:
    """The owner as modules return it."""
    found = owner(what, raw)
    return None if found is None else {"system": found.system, "id": found.id, "vm": found.vm}


def unmarked(tags: Tags) -> t.Dict[str, str]:
    """The tags without those that would make somebody take what has them for another system's."""
    return {key: value for key, value in tags.items() if not _is_mark(key)}


def _is_mark(tag: str) -> bool:
    return tag in _MARKS or tag.startswith(_PVE)


def _system(tags: Tags) -> t.Optional[System]:
    marks = {_PVE[:-1] if key.startswith(_PVE) else key for key in tags if _is_mark(key)}
    if VIRT in marks:
        return _BY_VIRT.get(tags[VIRT]) or System(tags[VIRT], frozenset([VIRT]))
    return next((system for system in SYSTEMS if not system.marks.isdisjoint(marks)), None)
