# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a program and writes down what it took: ``stopwatch.py LOG PROGRAM ARGUMENTS...`` adds a line of JSON to LOG.

Set as Ansible's Python interpreter, by way of a shell script, it measures modules as they really run.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> int:
    log, *command = sys.argv[1:]
    start = time.monotonic()
    process = os.spawnv(os.P_NOWAIT, command[0], command)  # noqa: S606
    _process, status, usage = os.wait4(process, 0)
    took = {
        "seconds": time.monotonic() - start,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "megabytes": usage.ru_maxrss / 1024,
    }
    with open(log, "a", encoding="utf-8") as file:
        file.write(json.dumps(took) + "\n")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
