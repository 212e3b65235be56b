# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a command, and kills it with -9 as soon as a file on a host has a checksum: ``HOST PATH SHA256 COMMAND...``."""

from __future__ import annotations

import subprocess
import sys
import time

from lab import hosts

SECONDS = 120


def main() -> int:
    host, path, checksum, *command = sys.argv[1:]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + SECONDS
    while running.poll() is None and time.monotonic() < end:
        if hosts.run(hosts.find(host), "sha256sum", path).stdout.decode().startswith(checksum):
            running.kill()
            running.wait(timeout=10)
            return 0
    running.kill()
    print(f"the command ended, or {SECONDS} s passed, before {path} on {host} had the checksum", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
