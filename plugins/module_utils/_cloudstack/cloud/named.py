# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects that tasks name: the one that is meant, or what to say if it is not there or is not the only one."""

from __future__ import annotations

import typing as t

from ..._common.errors import Ambiguous, NotFound
from ..._common.words import listing
from .. import texts
from .reader import Raw, Reader

#: Members of rows that say what an object is called: those of the first group that one has decide.
By = t.Sequence[t.Sequence[str]]
BY_NAME: By = (("id",), ("name",))
#: How VMs are called.
VM_BY: By = (("id",), ("name", "displayname"))


def zone_id(reader: Reader, zone: t.Optional[str]) -> t.Optional[str]:
    """The id of the zone with this name or id; ``None`` if the task names none. Raises :class:`NotFound`."""
    if zone is None:
        return None
    found = reader.zone(zone)
    if found is None:
        raise missing("zone", "zone", zone, reader.zones())
    return str(found["id"])


def within(zone_id: t.Optional[str]) -> t.Dict[str, str]:
    """The condition of lists for what is in a zone, if there is one."""
    return {"zoneid": zone_id} if zone_id else {}


def is_called(row: Raw, member: str, wanted: str) -> bool:
    """Whether this member of a row is what a task names. Ids are the same in capital letters, for CloudStack too."""
    has = row.get(member)
    return has == wanted or (member == "id" and str(has).lower() == wanted.lower())


def _id(row: Raw) -> str:
    return str(row["id"])


def the_one(
    option: str,
    what: str,
    wanted: str,
    rows: t.Iterable[Raw],
    by: By = BY_NAME,
    told: t.Callable[[Raw], str] = _id,
    way_out: str = "Give the id of one",
) -> t.Optional[Raw]:
    """The one of these rows that an option names, if there is any. Raises :class:`Ambiguous`, which tells them apart (``told``)."""
    every = list(rows)
    for members in by:
        found = [row for row in every if any(is_called(row, member, wanted) for member in members)]
        if len(found) > 1:
            each = listing(sorted(told(row) for row in found))
            raise Ambiguous(f"{option}: {len(found)} {what}s have the name {wanted!r}. {way_out}: {each}.")
        if found:
            return found[0]
    return None


def needed(
    option: str,
    what: str,
    wanted: str,
    rows: t.Iterable[Raw],
    there: t.Optional[t.Iterable[Raw]] = None,
    by: By = BY_NAME,
    told: t.Callable[[Raw], str] = _id,
    where: str = "",
) -> Raw:
    """As above, and raises :class:`NotFound` if there is none. ``there`` is what to tell of then, if that is not the same rows."""
    every = list(rows)
    found = the_one(option, what, wanted, every, by, told)
    if found is None:
        raise missing(option, what, wanted, every if there is None else there, where)
    return found


def missing(option: str, what: str, wanted: t.Optional[str], there: t.Iterable[Raw], where: str = "") -> NotFound:
    """That there is none, and what there is in its place. ``where`` begins with a space."""
    return NotFound(
        f"{option}: there is no {what} {wanted!r}{where} with that name or id. {texts.there_is(there, wanted)}"
    )


def the_vm(reader: Reader, vm: str, zone: t.Optional[str], option: str = "vm") -> t.Optional[Raw]:
    """The VM with this name, display name or id, in a zone if one is given. Raises :class:`Ambiguous`."""
    return the_one(option, "VM", vm, reader.vms_called(vm, zone_id(reader, zone)), VM_BY, told=whose)


def whose(row: Raw) -> str:
    """A VM among several with its name, which each account can give one of its own."""
    kind = "project" if row.get("project") else "account"
    owner = f" of {kind} {row[kind]!r}" if row.get(kind) else ""
    zone = f" in zone {row['zonename']!r}" if row.get("zonename") else ""
    return f"{row['id']}{owner}{zone}"
