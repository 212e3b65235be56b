# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The version in a jar's manifest (JAR File Specification)."""

from __future__ import annotations

import re
import typing as t

from . import jar
from .jar import Jar

NAME = "META-INF/MANIFEST.MF"
MOST_BYTES = 2**24
IMPLEMENTATION = re.compile(r"^Implementation-Version:\s*(\d+\.\d+\S*)\s*$", re.IGNORECASE | re.MULTILINE)


def version(parsed: Jar) -> t.Optional[str]:
    """``Implementation-Version`` of a jar, if it is a version. Raises :class:`.errors.Unusable` if the manifest is damaged."""
    entry = parsed.find(NAME)
    return None if entry is None else version_in(jar.read(parsed, entry, MOST_BYTES).decode("utf-8", "replace"))


def version_in(text: str) -> t.Optional[str]:
    """``Implementation-Version`` of a manifest's main section, if it is a version."""
    lines = (
        text.replace("\r\n", "\n").replace("\r", "\n").replace("\n ", "")
    )  # a line that begins with a space continues the one before
    found = IMPLEMENTATION.search(lines.split("\n\n", 1)[0])
    return found.group(1) if found else None
