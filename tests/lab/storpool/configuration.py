# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""StorPool's configuration files as this host sees them, for the stand-ins of its tools.

Read as StorPool's own Python client reads them (PyPI ``storpool``, ``spconfig``): ``/etc/storpool.conf``, then each
``/etc/storpool.conf.d/*.conf`` by name; of each file the variables above all sections, then those of the host's section.
"""

from __future__ import annotations

import platform
from pathlib import Path

MAIN = Path("/etc/storpool.conf")
MORE = Path("/etc/storpool.conf.d")


class NotConfigured(Exception):
    """What the configuration lacks, in a sentence."""


def variables(section: str = "") -> dict[str, str]:
    """All variables of the host called ``section`` (default: this one); the later value wins.

    :class:`NotConfigured` without ``/etc/storpool.conf``, or if a file cannot be read.
    """
    wanted = section or platform.node()
    found: dict[str, str] = {}
    for path in [MAIN, *sorted(MORE.glob("[!.]*.conf"))]:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise NotConfigured(f"could not read {path}: {error.strerror}") from error
        own: dict[str, str] = {}
        current: dict[str, str] | None = found
        for line in map(str.strip, lines):
            if line.startswith("[") and line.endswith("]"):
                current = own if line[1:-1].strip() == wanted else None
            elif line and line[0] not in "#;" and "=" in line and current is not None:
                name, _equals, value = line.partition("=")
                current[name.strip()] = value.strip()
        found.update(own)
    return found


def required(name: str) -> str:
    """The value of a variable; :class:`NotConfigured` if it has none."""
    value = variables().get(name)
    if not value:
        raise NotConfigured(f"{name} is not set in {MAIN} for {platform.node()}")
    return value
