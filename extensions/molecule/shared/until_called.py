# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until a simulator has got a call so many times: ``JOURNAL CALL TIMES``."""

from __future__ import annotations

import sys
import time

import requests

ANSWERS_WITHIN = 10


def main() -> int:
    journal, call, times = sys.argv[1:]
    while True:
        entries = requests.get(journal, timeout=ANSWERS_WITHIN).json()["entries"]
        if sum(entry["call"] == call for entry in entries) >= int(times):
            return 0
        time.sleep(0.05)


if __name__ == "__main__":
    sys.exit(main())
