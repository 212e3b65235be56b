# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The play through ansible-runner, as AWX and others run it: on a terminal, and with a file for everything that happens."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tools.workspace import env_bin

IDENT = "run"
#: What an event has of one run alone.
OF_ONE_RUN = {"created", "duration", "end", "pid", "start", "uuid"}


def command(directory: Path, options: Sequence[str]) -> list[str | Path]:
    """ansible-runner, of the main environment, with these options for the ansible-playbook that is first on the PATH."""
    return [
        *(env_bin() / "ansible-runner", "run", directory, "--ident", IDENT),
        *("--project-dir", directory, "--inventory", directory / "inventory"),
        *("--playbook", "play.yml", f"--cmdline={shlex.join(options)}"),
    ]


def artifacts(directory: Path) -> tuple[str, list[dict[str, Any]]]:
    """What it has left: the names of files, how it ended and what was on the terminal; and each event that is more than a line, with its result.

    What was on the terminal is taken from the events. The file ``stdout`` has it too, but of several lines that come between two events it has, now and then,
    the last alone.
    """
    kept = directory / "artifacts" / IDENT
    ended = [f"{name}: {(kept / name).read_text(encoding='utf-8')}" for name in ("status", "rc", "stderr")]
    files = sorted((kept / "job_events").iterdir(), key=lambda file: int(file.name.partition("-")[0]))
    events = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    shown = [path.name for path in sorted(kept.iterdir())] + ended + [event["stdout"] for event in events]
    return "\n".join(shown), [
        _of_every_run({"event": event["event"], **event["event_data"]})
        for event in events
        if event["event"] != "verbose"
    ]


def _of_every_run(event: dict[str, Any]) -> dict[str, Any]:
    return {key: part for key, part in event.items() if key not in OF_ONE_RUN and not key.endswith("_uuid")}
