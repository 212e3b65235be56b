# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module is asked to do, and what others may do to the same things meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

GIB = 1 << 30

#: Calls by a rival: StorPool's as (query, body), CloudStack's as (command, parameters).
Steps = tuple[tuple[str, Any], ...]
#: The ids of what there is, by what it is called.
Ids = Mapping[str, str]


@dataclass(frozen=True)
class Scenario:
    """One module in one of its states. ``state`` is how the matrix calls it.

    ``setup`` are the StorPool calls that make what it starts from, and ``written`` the volumes with data; ``prepare`` does the same for CloudStack.
    ``options`` may depend on ids. ``names`` are what a failure has to speak of, if it does not name the API's address.

    ``rivals`` are what others do just before one of the module's calls, by the names of the faults in :mod:`faults.kinds`; they may depend on ids, too.
    ``subjects`` are the objects that rivals touch, so that those may come to harm.

    ``settles`` is false for what is done anew by every run. ``storpool`` is whether a CloudStack
    task is told where StorPool is. ``works`` is whether the task makes objects to work on, which it deletes, and may have to make again.
    ``far`` is whether there is another cluster at another location; ``then`` are calls like ``setup`` that depend on ids.
    ``switches`` are those of the StorPool simulator. ``tells`` is what an error has to say if it leaves something to a person.
    ``long`` is whether it makes so many calls that of faults that are :data:`faults.kinds.ALIKE` one does, and of reads that are the same the first.
    """

    module: str
    state: str
    options: Mapping[str, Any] | Callable[[Ids], Mapping[str, Any]]
    names: tuple[str, ...]
    setup: Steps = ()
    written: tuple[str, ...] = ()
    prepare: Callable[[Any], None] | None = None
    rivals: Mapping[str, Steps | Callable[[Ids], Steps]] = field(default_factory=dict)
    subjects: tuple[str, ...] = ()
    settles: bool = True
    storpool: bool = False
    switches: Mapping[str, Any] = field(default_factory=dict)
    tells: tuple[str, ...] = ()
    works: bool = False
    far: bool = False
    long: bool = False
    then: Callable[[Ids], Steps] | None = None

    def __str__(self) -> str:
        return f"{self.module}-{self.state.replace(' ', '-')}"

    def task(self, ids: Ids) -> dict[str, Any]:
        """The options of the task."""
        return dict(self.options(ids) if callable(self.options) else self.options)

    def rival(self, fault: str, ids: Ids) -> Steps:
        """What the rival of this fault does; nothing if the scenario has none."""
        steps = self.rivals.get(fault, ())
        return steps(ids) if callable(steps) else steps


#: Nothing but the world as it begins.
NOTHING = Scenario("none", "none", {}, names=())
