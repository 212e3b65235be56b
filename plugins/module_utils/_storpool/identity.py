# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By what a volume or snapshot is known, whatever has happened to it.

A revert may give a volume another ``globalId``. The id that it was created with stays valid: it is ``preservedGlobalId`` then, it is in the name of an
unnamed volume (``~ID``), and the device link keeps it. Ids in between are not known any more.
"""

from __future__ import annotations

import typing as t

Raw = t.Mapping[str, t.Any]


def global_id(raw: Raw) -> str:
    """The id that stays valid, without ``~``: the one that the object was created with."""
    name = str(raw.get("name") or "")
    unnamed = name.lstrip("*")
    return str(raw.get("preservedGlobalId") or (unnamed[1:] if unnamed.startswith("~") else raw["globalId"]))


def references(raw: Raw) -> t.FrozenSet[str]:
    """All that the object can be referred to by: its name, and ``~`` with the id that stays and with the present one."""
    ids = {global_id(raw), str(raw["globalId"])}
    return frozenset({str(raw["name"]), *("~" + one for one in ids)})
