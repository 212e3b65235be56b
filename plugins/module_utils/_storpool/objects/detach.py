# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking volumes and snapshots away from all clients, before something that attachments stand in the way of."""

from __future__ import annotations

import typing as t

from ..._common.errors import NotAllowed
from ..._common.plan import Step
from ..._common.words import listing, sentence
from ..cluster.reader import Raw
from . import identity as objects

#: What a task may say about attachments: refuse, detach what no program has open, or detach in any case.
ON_ATTACHED = ("fail", "detach", "detachForce")
OPTION: t.Dict[str, t.Any] = {"type": "str", "choices": list(ON_ATTACHED), "default": "fail"}
#: Seconds. Without it StorPool waits for ever for clients that are away (StorPool API facts: attachTimeout).
ATTACH_TIMEOUT = 60

_OPEN = (
    "is open at",
    "Close it there first, or set on_attached to 'detachForce' if it may be taken away from the program that has it open.",
)


class Attached(t.NamedTuple):
    """A volume or snapshot with the clients that have it attached. ``what`` is "volume" or "snapshot"."""

    what: str
    raw: Raw
    clients: t.Tuple[int, ...]

    def __str__(self) -> str:
        return objects.label(self.what, self.raw)


def steps(things: t.Iterable[Attached], on_attached: str, not_done: str) -> t.Tuple[Step, ...]:
    """One call that detaches all that is attached, or none if nothing is.

    Raises :class:`NotAllowed` where something is attached and ``on_attached`` is "fail"; ``not_done`` ends its sentence: "so it is not deleted".
    """
    attached = [thing for thing in things if thing.clients]
    if not attached:
        return ()
    if on_attached == "fail":
        places = listing(f"{thing} is attached to {objects.client_list(thing.clients)}" for thing in attached)
        raise NotAllowed(
            f"{sentence(places)}, {not_done}. Detach it first (storpool_attach), or set on_attached to 'detach', or to 'detachForce' if it may be "
            "taken away from programs that have it open."
        )
    force = {"force": True} if on_attached == "detachForce" else {}
    items = [dict(force, **{thing.what: objects.reference(thing.raw), "detach": "all"}) for thing in attached]
    words = listing(f"{thing} from {objects.client_list(thing.clients)}" for thing in attached)
    body = {"reassign": items, "attachTimeout": ATTACH_TIMEOUT}
    action = "detach {0}{1}".format(words, " by force" if force else "")
    return (Step("VolumesReassignWait", None, body, action, advice=(_OPEN,)),)


def clients_of(rows: t.Iterable[Raw]) -> t.Tuple[int, ...]:
    """The ids of the clients in the rows of a list of attachments."""
    return tuple(int(row["client"]) for row in rows)
