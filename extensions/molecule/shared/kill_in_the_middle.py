# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a command, and kills it with -9, with all that it has started, as soon as another one says that it is time: ``WATCH... -- COMMAND...``."""

from __future__ import annotations

import subprocess
import sys

from tools.processes import kill_family

SECONDS = 120


def main() -> int:
    split = sys.argv.index("--")
    running = subprocess.Popen(sys.argv[split + 1 :], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        in_time = subprocess.run(sys.argv[1:split], check=False, timeout=SECONDS).returncode == 0
    except subprocess.TimeoutExpired:
        in_time = False
    ended = running.poll()
    kill_family(running)
    if ended is not None or not in_time:
        print(f"it ended with {ended}" if ended is not None else f"it was not time in {SECONDS} s", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
