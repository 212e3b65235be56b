# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and global ids: listed names, look-ups, the name space that volumes and snapshots share."""

from __future__ import annotations

import re

from simulators.storpool import errors
from simulators.storpool.state import Cluster, Context, PlacementGroup, Snapshot, Template, Volume

# The rules of the vendor client's types; fullmatch, because a trailing newline is not legal.
VOLUME = re.compile(r"#?[A-Za-z0-9_\-.:]+")
SNAPSHOT = re.compile(r"\*?[A-Za-z0-9_\-.:@]+")
GLOBAL_ID = re.compile(r"[a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+")
# An unnamed snapshot that is being deleted is listed as this.
DELETED_ID = re.compile(r"\*~" + GLOBAL_ID.pattern)
PLAIN = re.compile(r"[A-Za-z0-9_\-]+")
DESCRIPTION = re.compile(r"[A-Za-z0-9_\- ]{0,30}")
TAG_NAME = re.compile(r"[A-Za-z0-9_\-.:]+")
# The vendor client's types have no "~" here, but CloudStack tags volumes with ``uuid=~<global id>`` from 4.21 on.
TAG_VALUE = re.compile(r"[A-Za-z0-9_\-.:~]*")

VOLUME_MAX = 199
GROUP_MAX = 127
LOCATION_MAX = 63

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(number: int) -> str:
    """``number`` in the digits of a global id."""
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"


def listed(volume: Volume) -> str:
    """The name in listings: the name; ``~<original id>`` of an unnamed volume; ``<volume>@<number>`` of an unnamed
    snapshot of a named volume. A snapshot being deleted has a leading ``*`` (one listed by its id: if the switch says
    so); an unnamed one of an unnamed volume is listed by its id, or (another switch) as ``<id of the volume>@<number>``.
    """
    if not volume.is_snapshot:
        return volume.name or "~" + volume.lasting_id
    name = volume.name
    if not name:
        origin = volume.created_from.name if volume.created_from is not None else volume.on_name
        origin = origin or volume.of_unnamed
        name = f"{origin}@{volume.id}" if origin else "~" + volume.global_id
    return "*" + name if volume.starred else name


def _find(cluster: Cluster, reference: str) -> Volume | None:
    """The object that ``reference`` means: a name, ``~globalId``, an unnamed snapshot's listed name."""
    found = cluster.by_name.get(reference)
    if found is not None:
        return found
    if reference.startswith("~"):
        return cluster.by_global_id.get(reference[1:])
    number = reference.rpartition("@")[2] if "@" in reference else ""
    if number.isdigit():
        candidate = cluster.snapshots.get(int(number))
        if candidate is not None and listed(candidate) == reference:
            return candidate
    if reference.startswith("*"):
        return next((snap for snap in cluster.snapshots.values() if snap.deleted and listed(snap) == reference), None)
    return None


def _check(reference: str, pattern: re.Pattern[str], kind: str) -> None:
    if reference.startswith("~"):
        if not GLOBAL_ID.fullmatch(reference[1:]):
            errors.invalid(f"Invalid global id '{reference}'")
    elif not pattern.fullmatch(reference) or len(reference) > VOLUME_MAX:
        errors.invalid(f"Invalid {kind} name '{reference}'")


def find_volume(cluster: Cluster, reference: str) -> Volume | None:
    """The volume that ``reference`` (name or ``~globalId``) means, or None; invalidParam if it is no legal name."""
    _check(reference, VOLUME, "volume")
    found = _find(cluster, reference)
    return None if found is None or found.is_snapshot else found


def find_snapshot(cluster: Cluster, reference: str) -> Snapshot | None:
    """As :func:`find_volume`, for a snapshot; snapshots being deleted are found."""
    if not DELETED_ID.fullmatch(reference):
        _check(reference, SNAPSHOT, "snapshot")
    found = _find(cluster, reference)
    return found if isinstance(found, Snapshot) else None


def get_volume(context: Context, reference: str) -> Volume:
    """The volume, or objectDoesNotExist."""
    found = find_volume(context.cluster, reference)
    if found is None:
        errors.missing("Volume", reference)
    return found


def get_snapshot(context: Context, reference: str, *, being_deleted: bool = False) -> Snapshot:
    """The snapshot, or objectDoesNotExist; one being deleted counts only with ``being_deleted``."""
    found = find_snapshot(context.cluster, reference)
    if found is None or (found.deleted and not being_deleted):
        errors.missing("Snapshot", reference)
    return found


def readable_snapshot(context: Context, reference: str) -> Snapshot:
    """The snapshot for a reading call or a deletion; whether one being deleted is found by its id is a switch."""
    being_deleted = context.switches["deleted_by_id"] == "found" and reference.startswith(("~", "*"))
    return get_snapshot(context, reference, being_deleted=being_deleted)


def get_template(context: Context, name: str) -> Template:
    """The template, or objectDoesNotExist."""
    found = context.cluster.templates.get(name)
    if found is None:
        errors.missing("Template", name)
    return found


def get_group(context: Context, name: str) -> PlacementGroup:
    """The placement group, or objectDoesNotExist."""
    found = context.cluster.groups.get(name)
    if found is None:
        errors.missing("Placement group", name)
    return found


def claim(cluster: Cluster, name: str, owner: Volume | None = None) -> None:
    """objectExists if ``name`` is another object's than ``owner``'s. "" is nobody's."""
    holder = cluster.by_name.get(name) if name else None
    if holder is not None and holder is not owner:
        errors.exists(name)


def rename(cluster: Cluster, volume: Volume, name: str) -> None:
    """Gives a volume or snapshot another name; "" makes it unnamed."""
    claim(cluster, name, volume)
    if volume.name:
        del cluster.by_name[volume.name]
    volume.name = name
    if name:
        cluster.by_name[name] = volume
