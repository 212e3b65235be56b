# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab for other programs: its command line, run in a process of its own."""

from __future__ import annotations

import subprocess
import sys

from tools.workspace import ROOT, environment

COMMAND = (sys.executable, "-m", "lab")
ENVIRONMENT = {**environment(), "PYTHONPATH": str(ROOT / "tests")}
UNAVAILABLE = 3  # the exit status where containers cannot run
SECONDS = 1200  # for "up": the image is made on first use


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the lab to its end, whatever that is."""
    return subprocess.run(
        [*COMMAND, *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=SECONDS, check=False
    )
