# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object that a run works on: made, attached to this host, and taken away again; and whose one is that is there already. Plans, without any I/O.

The name is the lock: StorPool gives it to one object only. The tags say which client it is for, and a word that only one run knows. Runs of one
client exclude each other on their host, so what is this client's and has another word is of a run that is gone.
"""

from __future__ import annotations

import typing as t

from ..._common.errors import Failure, NameTaken
from ..._common.plan import Plan, Step
from ..cluster import results
from ..cluster.reader import Raw, Reader
from ..objects import identity as objects
from . import wanted as tags


#: What StorPool says of a device that a program has open.
OPEN = "is open at"


class Busy(Failure):
    """Another run works on the same, or another task uses what has to be used alone."""

    kind = "busy"


class Work(t.NamedTuple):
    """An object to work on. ``what`` is "volume" or "snapshot", ``make`` the call that makes it, ``rights`` those with which this client gets it."""

    what: str
    name: str
    client: int
    run: str
    make: Step
    rights: str
    attach_timeout: int

    def __str__(self) -> str:
        return f"{self.what} {self.name!r}"


class Held(t.NamedTuple):
    """What there is under the name of a work object, and the clients that have it."""

    raw: t.Optional[Raw] = None
    clients: t.Tuple[int, ...] = ()


def look(reader: Reader, work: Work) -> Held:
    """What is there."""
    raw = reader.snapshot(work.name) if work.what == "snapshot" else reader.volume(work.name)
    if raw is None:
        return Held()
    return Held(raw, tuple(int(row["client"]) for row in reader.attachments_of(raw)))


def is_ours(raw: Raw, work: Work) -> bool:
    """Whether this run made it."""
    return (raw.get("tags") or {}).get(tags.RUN) == work.run


def is_left(raw: Raw, work: Work) -> bool:
    """Whether a run of this client that is gone has left it."""
    own = raw.get("tags") or {}
    return own.get(tags.STATE) == tags.UNFINISHED and own.get(tags.BY) == str(work.client) and not is_ours(raw, work)


def refuse_strange(raw: Raw, work: Work) -> None:
    """Raise :class:`NameTaken` if it is no work object of any run."""
    own = raw.get("tags") or {}
    if own.get(tags.STATE) != tags.UNFINISHED or not own.get(tags.RUN):
        raise NameTaken(
            f"The name {work.name!r}, which this module uses while it works, belongs to a {work.what} of somebody else. Rename or delete that one."
        )


def busy(held: Held, work: Work, seconds: float) -> Busy:
    """The failure of a wait for another run."""
    by = ((held.raw or {}).get("tags") or {}).get(tags.BY, "")
    where = f"It is attached to {objects.client_list(held.clients)}. " if held.clients else ""
    return Busy(
        f"Client {by} is working on {work} already, and was not done within {seconds:g} s (wait_timeout). {where}If no task runs there any more, run it there "
        f"again, which takes away what is left, or detach {work} from it (storpool_attach) and run this one again."
    )


def begin(held: Held, work: Work, stale: t.Container[str] = ()) -> Plan:
    """The calls after which this run has its object, attached to this host. ``stale`` are the global ids of what others have left."""
    raw = held.raw
    if raw is None:
        return Plan((work.make,), None, None, later=(_attaching(work),))
    refuse_strange(raw, work)
    if not is_ours(raw, work):
        if not (is_left(raw, work) or raw["globalId"] in stale):
            raise busy(held, work, 0)
        return Plan((*_away(held, work, "what an earlier run has left"), work.make), None, None)
    if held.clients == (work.client,):
        return Plan((), None, _shown(work, raw))
    return Plan((_attach(work, raw),), None, _shown(work, raw))


def drop(held: Held, work: Work) -> Plan:
    """The calls after which nothing is left of this run, nor of one of this client that is gone."""
    raw = held.raw
    if raw is None or not (is_ours(raw, work) or is_left(raw, work)):
        return Plan((), None, None)
    return Plan(_away(held, work, ""), None, None)


def foreseen(work: Work, size: int) -> Held:
    """What there would be, once the run has begun."""
    own = tags.work_tags(work.client, work.run)
    return Held({"name": work.name, "globalId": "", "size": size, "tags": own}, (work.client,))


def _attaching(work: Work) -> str:
    return f"attach {work} to client {work.client} ({work.rights})"


def _shown(work: Work, raw: Raw) -> t.Dict[str, t.Any]:
    return results.snapshot(raw) if work.what == "snapshot" else results.volume(raw)


def _attach(work: Work, raw: Raw) -> Step:
    item = {work.what: objects.reference(raw), work.rights: [work.client]}
    advice = (
        ("No such client", "See whether SP_OURID of this host is right, and its StorPool client service runs."),
        ("", f"See whether the StorPool client service runs on this host, which is client {work.client}."),
    )
    return Step(
        "VolumesReassignWait",
        None,
        {"reassign": [item], "attachTimeout": work.attach_timeout},
        _attaching(work),
        timeout=work.attach_timeout,
        advice=advice,
    )


def _away(held: Held, work: Work, why: str) -> t.Tuple[Step, ...]:
    """Detach and delete, in two calls."""
    raw = t.cast(Raw, held.raw)
    reference = objects.reference(raw)
    steps: t.Tuple[Step, ...] = (detach(work, raw, held.clients),) if held.clients else ()
    call = "SnapshotDelete" if work.what == "snapshot" else "VolumeDelete"
    action = f"delete {work}{f' ({why})' if why else ''}"
    return (*steps, Step(call, reference, None, action, destroys=reference))


def detach(work: Work, raw: Raw, clients: t.Sequence[int]) -> Step:
    """The call after which nobody has it."""
    item = {work.what: objects.reference(raw), "detach": "all"}
    return Step(
        "VolumesReassignWait",
        None,
        {"reassign": [item], "attachTimeout": work.attach_timeout},
        f"detach {work} from {objects.client_list(clients)}",
        timeout=work.attach_timeout,
        advice=(
            (
                OPEN,
                f"Something on {objects.client_list(clients)} has its device open; the next run tries again.",
            ),
        ),
    )
