# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""By what a volume or snapshot is known, whatever has happened to it.

A revert may give a volume another ``globalId``. The id that it was created with stays valid: it is ``preservedGlobalId`` then, it is in the name of an
unnamed volume (``~ID``), and the device link keeps it. Ids in between are not known any more.

The reader hands out objects that are settled: their ``globalId`` is the id that stays, so nobody behind it has to ask which one an id is.
"""

from __future__ import annotations

import re
import typing as t

Raw = t.Mapping[str, t.Any]

_UNNAMED = re.compile(r"\*?~([a-z0-9]+\.[a-z0-9]+\.[a-z0-9]+)")


def global_id(raw: Raw) -> str:
    """The id that stays valid, without ``~``: the one that the object was created with."""
    unnamed = _UNNAMED.fullmatch(str(raw.get("name") or ""))
    return str(raw.get("preservedGlobalId") or (unnamed.group(1) if unnamed else raw["globalId"]))


def ids(raw: Raw) -> t.FrozenSet[str]:
    """The ids by which the object is known, without ``~``: the one that stays, and the present one."""
    return frozenset({global_id(raw), str(raw["globalId"]), str(raw.get("currentGlobalId") or raw["globalId"])})


def references(raw: Raw) -> t.FrozenSet[str]:
    """All that the object can be referred to by: its name, and ``~`` with the id that stays and with the present one."""
    return frozenset({str(raw["name"]), *("~" + one for one in ids(raw))})


def current(raw: Raw) -> str:
    """The id that StorPool lists at present, without ``~``. A revert changes it, if the server changes ids at all."""
    return str(raw.get("currentGlobalId") or raw["globalId"])


def settled(raw: Raw) -> t.Dict[str, t.Any]:
    """A listed object with the id that stays as its ``globalId``, and the present one beside it as ``currentGlobalId``, if that is another."""
    lasting, listed = global_id(raw), current(raw)
    if listed == lasting == raw["globalId"] and isinstance(raw, dict):
        return raw
    return dict(raw, globalId=lasting, **({} if listed == lasting else {"currentGlobalId": listed}))


def attached(row: Raw, thing: Raw) -> t.Dict[str, t.Any]:
    """A row of AttachmentsList with the ids and the name of what it is of. Servers differ in which id they list, and old ones list none."""
    known = {key: thing[key] for key in ("globalId", "currentGlobalId") if key in thing}
    return dict(row, volume=thing["name"], **known)
