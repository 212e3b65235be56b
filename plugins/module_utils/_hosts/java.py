# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Java that a component is started with: read from files, for starting Java takes longer than all the rest."""

from __future__ import annotations

import os
import re
import typing as t

from .._common.errors import Failure
from . import files, layout
from .paths import Root

JAVA = "/usr/bin/java"
MOST_BYTES = 2**20
#: CloudStack's units read /etc/default/cloudstack-agent and the like (rpm: /etc/sysconfig), which can name another Java.
SETTINGS = ("/etc/default/", "/etc/sysconfig/")
CHOICE = re.compile(r"^\s*(?:export\s+)?JAVA=[\"']?(/[^\"'\s]+)", re.MULTILINE)
VERSION = re.compile(r'^JAVA_VERSION="?([0-9][^"\n]*)"?', re.MULTILINE)
#: Directories of Java, where there is no file that says it: java-17-openjdk-amd64, jdk1.8.0_202, jre-11.
NAMED = re.compile(r"(?:java|jdk|jre)-?((?:1\.)?\d+(?:\.\d+)*(?:_\d+)?)")


class Java(t.NamedTuple):
    """The program, its version (``17.0.15``, ``1.8.0_392``), and the release (17, 8). ``None`` is: not known."""

    path: str
    version: t.Optional[str]
    release: t.Optional[int]


def find(root: Root, component: str) -> t.Optional[Java]:
    """The Java of a component; ``None`` if there is none."""
    path = _choice(root, component) or JAVA
    real = root.resolve(path)
    if not os.path.isfile(root.here(real)):
        return None
    home = os.path.dirname(os.path.dirname(real))
    version = _told(root, home) or (_told(root, os.path.dirname(home)) if os.path.basename(home) == "jre" else None)
    if version is None:
        named = NAMED.search(home)
        version = named.group(1) if named else None
    return Java(path, version, release(version))


def release(version: t.Optional[str]) -> t.Optional[int]:
    """The release that a version belongs to: up to 8 the number after ``1.``."""
    found = re.match(r"(?:1\.)?(\d+)", version or "")
    return int(found.group(1)) if found else None


def _choice(root: Root, component: str) -> t.Optional[str]:
    chosen = None
    for directory in SETTINGS:
        found = CHOICE.findall(_text(root, directory + layout.PACKAGE[component]))
        chosen = found[-1] if found else chosen
    return chosen


def _told(root: Root, home: str) -> t.Optional[str]:
    found = VERSION.search(_text(root, home + "/release"))
    return found.group(1) if found else None


def _text(root: Root, path: str) -> str:
    """The content of a file; nothing if it cannot be read."""
    try:
        return files.read(root.reach(path), MOST_BYTES).content.decode("utf-8", "replace")
    except Failure:
        return ""
