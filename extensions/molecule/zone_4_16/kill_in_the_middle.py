# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starts a command, and kills it with -9 as soon as a file on a host has a checksum: ``HOST PATH SHA256 COMMAND...``."""

from __future__ import annotations

import subprocess
import sys

from lab import hosts

SECONDS = 120


def main() -> int:
    host, path, checksum, *command = sys.argv[1:]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    watch = f'until [ "$(sha256sum < {path})" = "{checksum}  -" ]; do :; done'
    seen = hosts.run(hosts.find(host), "timeout", str(SECONDS), "sh", "-c", watch, timeout=2 * SECONDS)
    ended = running.poll()
    running.kill()
    if seen.returncode or ended is not None:
        print(f"{path} did not get the checksum on {host} in {SECONDS} s while the command ran", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
