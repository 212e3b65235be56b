# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is the same for templates and placement groups, the objects that have a name and no other identity."""

from __future__ import annotations

import typing as t

from ..._common.errors import Ambiguous, InvalidOption
from ..._common.words import there_is
from ..cluster import names
from ..cluster.reader import Raw, Reader

_CLEARING = "If volumes or snapshots that used it have just been deleted, StorPool may still be clearing them away: try again in a few seconds."
#: With which error StorPool refuses to delete what is in use is documented nowhere. Snapshots that are being deleted are among the users.
IN_USE = tuple((error, _CLEARING) for error in ("busy", "preconditionViolation", "invalidParam"))


class Which(t.NamedTuple):
    """The object that a task means. ``what`` is "template" or "placement group"."""

    what: str
    name: str
    previous_name: t.Optional[str]

    def __str__(self) -> str:
        return label(self.what, self.name)


def which(what: str, params: t.Mapping[str, t.Any]) -> Which:
    """The object that ``name`` and ``previous_name`` mean. Raises :class:`InvalidOption`."""
    name, previous = names.name(params["name"], "name", what), params["previous_name"]
    if previous is not None:
        names.name(previous, "previous_name", what)
        if params["state"] == "absent":
            raise InvalidOption("previous_name is for a rename; with state absent, give the name that the object has.")
        if previous == name:
            raise InvalidOption(
                f"name and previous_name are both {name!r}; previous_name is for an object that still has its old name."
            )
    return Which(what, name, previous)


def find(wanted: Which, one: t.Callable[[str], t.Optional[Raw]]) -> t.Optional[Raw]:
    """The object with the name or the previous name, ``None`` if there is none; ``one`` reads by name. Raises :class:`Ambiguous` if there are both."""
    # In this order, a rename by somebody else between the two reads hides the object from neither; it may show it to both.
    previous = one(wanted.previous_name) if wanted.previous_name else None
    found = one(wanted.name)
    if found and previous and found.get("id", found["name"]) != previous.get("id", previous["name"]):
        old = label(wanted.what, str(wanted.previous_name))
        raise Ambiguous(
            f"There is a {wanted} and a {old}, so it is not clear which one is meant. Delete or rename one of them, or leave out previous_name."
        )
    return found or previous


def no_such(what: str, name: str, others: t.Iterable[str]) -> str:
    """``there is no StorPool template 'hybird'. Did you mean 'hybrid'? StorPool has hybrid and ssd.``"""
    return f"there is no {label(what, name)}. {there_is('StorPool', others, name)}"


def instead(reader: Reader, what: str, name: str) -> str:
    """What there is in place of a volume or snapshot that is not, as the end of an error that begins with a space; nothing of global ids."""
    names_there = None if name.startswith("~") else reader.names(what)
    return "" if names_there is None else " " + there_is("StorPool", names_there, name)


def label(what: str, name: str) -> str:
    """``StorPool template 'hybrid'``, ``volume 'db-1'``, ``volume ~abcd.b.12``. CloudStack has templates, too, so StorPool's are called that."""
    return "{0} {1}".format(
        "StorPool template" if what == "template" else what, name if name.startswith("~") else repr(name)
    )
