# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a command of the lab leaves for the next: ``.build/lab/lab.json``."""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

from .layout import STATE, LabError
from .simulators import Simulator

LOCK = Path("/run/lock/storpool-cloudstack-lab")
#: Seconds that a command waits for another one to end.
PATIENCE = 1200


@dataclasses.dataclass(frozen=True)
class State:
    """Where the simulators are, the version of CloudStack that was installed last ("" for none), and a digest of what
    was written to the hosts ("" until they are done).
    """

    storpool: Simulator
    cloudstack: Simulator
    installed: str = ""
    provisioned: str = ""


def load() -> State:
    """The present state; :class:`LabError` if there is no lab."""
    found = try_load()
    if found is None:
        raise LabError("The lab is down: run lab up.")
    return found


def try_load() -> State | None:
    """The present state, if there is one."""
    try:
        return State(**json.loads(STATE.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def save(state: State) -> None:
    """Keep it for the next command."""
    STATE.parent.mkdir(parents=True, exist_ok=True)
    scratch = STATE.with_suffix(".new")
    scratch.write_text(json.dumps(dataclasses.asdict(state), indent=2), encoding="utf-8")
    os.replace(scratch, STATE)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One command that changes the lab at a time, of whichever checkout."""
    with LOCK.open("w", encoding="utf-8") as handle:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise LabError(f"Another command has been at work on the lab for {PATIENCE} s.") from None
                time.sleep(0.1)
        yield
