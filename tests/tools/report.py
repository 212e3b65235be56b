# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a stage says what came of it: one line for a person, one file for the summary of all stages."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

from .workspace import BUILD

RESULTS = BUILD / "results"


@dataclasses.dataclass(frozen=True)
class Result:
    """What a stage did. ``noun`` says what was counted; ``note`` is what a reader must know besides.

    ``impossible`` says that this machine cannot run it, which is no failure of what is tested.
    """

    stage: str
    noun: str
    passed: int
    failed: int
    skipped: int
    seconds: float
    note: str = ""
    impossible: bool = False

    @property
    def ok(self) -> bool:
        """Something ran, and none of it failed: a stage that found nothing to run has proved nothing."""
        return self.impossible or (self.passed > 0 and self.failed == 0)

    def __str__(self) -> str:
        counts = []
        if self.failed:
            counts.append(f"{self.failed} failed")
        counts.append(f"{self.passed} {self.noun} passed" if self.passed else f"no {self.noun} passed")
        if self.skipped:
            counts.append(f"{self.skipped} skipped")
        note = f" ({self.note})" if self.note else ""
        return f"{self.stage}: {', '.join(counts)} in {self.seconds:.0f} s{note}"


class Stopwatch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def seconds(self) -> float:
        return time.monotonic() - self._start


def finish(result: Result) -> int:
    """Print the line, keep the result for the summary, and return the exit status."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    _file(result.stage).write_text(json.dumps(dataclasses.asdict(result)), encoding="utf-8")
    print(result, flush=True)
    return 0 if result.ok else 1


def load(stage: str) -> Result | None:
    """The last result of a stage, if it came that far."""
    try:
        return Result(**json.loads(_file(stage).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def forget(stage: str) -> None:
    """Remove the last result, so that it cannot be mistaken for the next."""
    _file(stage).unlink(missing_ok=True)


def _file(stage: str) -> Path:
    return RESULTS / f"{stage}.json"
