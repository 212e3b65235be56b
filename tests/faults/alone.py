# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A module's run of which nothing else is in the journal."""

from __future__ import annotations

from typing import Any

from faults import runner
from faults.worlds import World


def ran(world: World, module: str, options: dict[str, Any], *, check: bool = False) -> runner.Ended:
    """A run that ended as a module may end, with the journal of nothing but it."""
    world.forget()
    ended = runner.run(module, options, check=check)
    assert not ended.escaped
    assert ended.result
    assert not any(secret in ended.output for secret in world.secrets)
    if ended.failed:
        assert ended.result["msg"].endswith("."), ended.result["msg"]
    return ended


def written(world: World) -> list[str]:
    """The changes that were sent."""
    return [entry["call"] for entry in world.journal() if entry["write"]]
