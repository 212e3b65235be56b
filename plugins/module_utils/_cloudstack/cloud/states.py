# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of a primary storage pool, and the way from one to another (CloudStack StorageManagerImpl, StoragePoolAutomationImpl)."""

from __future__ import annotations

import typing as t

#: Option ``allocation_state`` -> the state of the pool.
GOALS = {"enabled": "Up", "disabled": "Disabled", "maintenance": "Maintenance"}
#: States that end by themselves -> what they normally end in.
PASSING = {
    "Initial": "Up",
    "Initialized": "Up",
    "Creating": "Up",
    "Attaching": "Up",
    "PrepareForMaintenance": "Maintenance",
    "CancelMaintenance": "Up",
}


class Move(t.NamedTuple):
    """A command that changes the state of a pool, with its parameters besides ``id``; ``words`` is an infinitive with room for the pool."""

    command: str
    params: t.Tuple[t.Tuple[str, t.Any], ...]
    words: str


ENABLE = Move("updateStoragePool", (("enabled", True),), "enable {0}")
DISABLE = Move("updateStoragePool", (("enabled", False),), "disable {0}")
MAINTAIN = Move("enableStorageMaintenance", (), "put {0} into maintenance")
RESUME = Move("cancelStorageMaintenance", (), "take {0} out of maintenance")

#: (state, goal) -> moves. A pool is disabled only from Up, and put into maintenance only from Up or ErrorInMaintenance.
_MOVES: t.Dict[t.Tuple[str, str], t.Tuple[Move, ...]] = {
    ("Up", "Disabled"): (DISABLE,),
    ("Up", "Maintenance"): (MAINTAIN,),
    ("Disabled", "Up"): (ENABLE,),
    ("Disabled", "Maintenance"): (ENABLE, MAINTAIN),
    ("Maintenance", "Up"): (RESUME,),
    ("Maintenance", "Disabled"): (RESUME, DISABLE),
    ("ErrorInMaintenance", "Up"): (RESUME,),
    ("ErrorInMaintenance", "Disabled"): (RESUME, DISABLE),
    ("ErrorInMaintenance", "Maintenance"): (MAINTAIN,),
}


def settled(state: str) -> str:
    """The state, or the one that it will be in once what goes on has ended."""
    return PASSING.get(state, state)


def moves(state: str, goal: t.Optional[str]) -> t.Tuple[Move, ...]:
    """The commands that lead from a state (or what it will settle in) to a goal; ``None`` is no goal."""
    return _MOVES.get((settled(state), goal), ()) if goal else ()


def allocation_state(state: t.Optional[str]) -> t.Optional[str]:
    """The option that describes a state; ``None`` for one that passes or is an error."""
    return next((option for option, goal in GOALS.items() if goal == state), None)
