# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Data between locations takes its time. Steps of a plan that wait for it ask again and again, until it is there or the time of the task is over."""

from __future__ import annotations

import time
import typing as t

from ..._common.errors import BadAnswer, NotConverged, NotFound, ReplyLost, TransientError, Unreachable
from ..._common.plan import Step
from ..._common.time_left import TimeLeft
from ..._common.words import listing
from .reader import Reader, has_tags

#: Seconds between two questions: at first, and at most.
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 15.0
#: What whoever waits puts up with.
_AWAY = (BadAnswer, ReplyLost, TransientError, Unreachable)

Apply = t.Callable[[Step], t.Any]


class Recovered(t.NamedTuple):
    """All data of the copies with these ids, without ``~``, is here."""

    ids: t.Tuple[str, ...]

    @property
    def call(self) -> str:
        """The call that tells it."""
        return "Snapshot"

    def missing(self, reader: Reader) -> t.Optional[str]:
        """What is missing, in words; ``None`` if nothing is. Raises :class:`NotFound` if a copy has gone."""
        for one in self.ids:
            snapshot = reader.snapshot("~" + one)
            if snapshot is None:
                raise NotFound(f"Snapshot ~{one} was deleted here while its data was on the way.")
            if snapshot.get("recoveringFromRemote"):
                return f"data of snapshot ~{one} is still on its way. The snapshot can be used meanwhile; run the task again to go on waiting"
        return None


class BackedUp(t.NamedTuple):
    """Backups are complete at a location: those with these ids, without ``~``, or else so many with these tags."""

    ids: t.Tuple[str, ...]
    location: str
    tags: t.Tuple[t.Tuple[str, str], ...]
    number: int

    @property
    def call(self) -> str:
        """The call that tells it."""
        return "SnapshotsRemoteList"

    def missing(self, reader: Reader) -> t.Optional[str]:
        """As for :class:`Recovered`."""
        rows = [row for row in reader.remote_snapshots() if row["location"] == self.location]
        wanted = self.ids or [row["globalId"] for row in reader.snapshots_with(dict(self.tags))]
        there = [row["remoteId"] for row in rows if row["remoteId"] in wanted or has_tags(row, dict(self.tags))]
        if len(there) < self.number:
            return f"location {self.location!r} lists {len(there)} of {self.number} of it. It goes on without this task; run it again to go on waiting"
        going = {str(row.get("globalId")) for row in reader.exports() if row.get("backingUp")}.intersection(there)
        if not going:
            return None
        names = listing(sorted("~" + one for one in going))
        return f"data of {names} is still on its way to location {self.location!r}. It goes on without this task; run it again to go on waiting"


def step(what: t.Any, seconds: int, action: str) -> Step:
    """A step that waits for something of this module, for so many seconds."""
    return Step(what.call, None, what, action, method="GET", timeout=float(seconds))


def patient(
    reader: Reader,
    apply: Apply,
    sleep: t.Callable[[float], None] = time.sleep,
    clock: t.Callable[[], float] = time.monotonic,
) -> Apply:
    """A function that applies steps as ``apply`` does, and waits where a step is one that waits."""

    def apply_or_wait(todo: Step) -> t.Any:
        if todo.method != "GET" or todo.body is None:
            return apply(todo)
        left = TimeLeft(todo.timeout, clock=clock)
        pause = FIRST_PAUSE
        while True:
            missing, away = None, None
            try:
                missing = todo.body.missing(reader)
            except _AWAY as error:
                away = error
            if missing is None and away is None:
                return None
            if not left.allows(pause):
                if away:
                    raise away
                raise NotConverged(f"{left} were not enough: {missing}.", call=str(todo))
            sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    return apply_or_wait
