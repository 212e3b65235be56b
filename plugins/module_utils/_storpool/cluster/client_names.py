# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts by name, and which StorPool client each is: StorPool's configuration files have a section for each host, with ``SP_OURID`` in it."""

from __future__ import annotations

import re
import typing as t

from ..._common.errors import NotConfigured
from ..connection import conf_files
from . import names

_ID = re.compile("[0-9]{1,9}")


def by_name(conf: t.Mapping[str, t.Mapping[str, conf_files.Value]]) -> t.Dict[str, int]:
    """Host name -> client id, of the sections of StorPool's configuration; what is no host's, or no id of a client, is left out."""
    found = {}
    for name, section in conf.items():
        value = section["SP_OURID"].text if "SP_OURID" in section else ""
        if name and _ID.fullmatch(value) and 1 <= int(value) <= names.LAST_CLIENT:
            found[name] = int(value)
    return found


def known_here(reach: conf_files.Reach = str) -> t.Dict[str, int]:
    """As :func:`by_name`, of the files on this machine, of which the later one has the last word. Files that cannot be read say nothing."""
    found: t.Dict[str, int] = {}
    try:
        for _path, sections in conf_files.every_section(reach):
            found.update(by_name(sections))
    except NotConfigured:
        return {}
    return found
