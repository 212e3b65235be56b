# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""StorPool's configuration files as this host sees them, for the stand-ins of its tools.

Read as StorPool's own Python client reads them (PyPI ``storpool``, ``spconfig``): ``/etc/storpool.conf``, then each
``/etc/storpool.conf.d/*.conf`` by name; of each file the variables above all sections, then those of the host's section. The
dialect is that of PyPI ``confget`` 5, which the hosts do not have: what it refuses, this refuses.
"""

from __future__ import annotations

import platform
import re
from pathlib import Path

MAIN = Path("/etc/storpool.conf")
MORE = Path("/etc/storpool.conf.d")
#: A line with its end, and with those that it goes on in.
LINE = re.compile(
    r"""[ \t]*(?:
      (?:[#;][^\n]*)?
      | \[[ \t]*(?P<section>[^\] \t\n][^\]\n]*)\][ \t]*
      | (?P<name>[^ \t\[#;=\n]+)[ \t]*=[ \t]*(?P<continued>(?:(?:[^\\\n]|\\[^\\\n])*\\\n[ \t]*)*)(?P<last>(?:[^\\\n]|\\[^\\\n])*)
    )\n | [ \t]+\Z""",
    re.VERBOSE,
)


class NotConfigured(Exception):
    """What the configuration lacks, in a sentence."""


def variables(section: str = "") -> dict[str, str]:
    """All variables of the host called ``section`` (default: this one); the later value wins.

    :class:`NotConfigured` without ``/etc/storpool.conf``, or if a file cannot be read.
    """
    found: dict[str, str] = {}
    for path in [MAIN, *sorted(MORE.glob("[!.]*.conf"))]:
        try:
            sections = parse(path.read_text(encoding="utf-8", errors="surrogateescape"))
        except OSError as error:
            raise NotConfigured(f"could not read {path}: {error.strerror}") from error
        except ValueError as error:
            raise NotConfigured(f"could not parse {path}: {error}") from error
        found.update(sections[""])
        found.update(sections.get(section or platform.node(), {}))
    return found


def parse(text: str) -> dict[str, dict[str, str]]:
    """The variables of each section of a file, whose lines end with LF; :class:`ValueError` for the number of one that is wrong."""
    sections: dict[str, dict[str, str]] = {"": {}}
    current = sections[""]
    at = 0
    while at < len(text):
        line = LINE.match(text, at)
        if not line:
            raise ValueError(f"line {text.count(chr(10), 0, at) + 1}")
        if line["section"]:
            current = sections.setdefault(line["section"].rstrip(), {})
        elif line["name"]:
            current[line["name"]] = line["continued"].replace("\\\n", "") + line["last"].rstrip()
        at = line.end()
    return sections


def required(name: str) -> str:
    """The value of a variable; :class:`NotConfigured` if it has none."""
    value = variables().get(name)
    if not value:
        raise NotConfigured(f"{name} is not set in {MAIN} for {platform.node()}")
    return value
