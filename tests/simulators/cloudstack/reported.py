# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The body of a report, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulators.kit import AdminError


def members(body: Any, known: Mapping[str, tuple[Any, bool]], who: str) -> dict[str, Any]:
    """All known members of a report, None for what was not given; AdminError when one is missing, unknown or wrong.

    `known` says for each name its type and whether it must be given, and not be empty.
    """
    if not isinstance(body, dict):
        raise AdminError(f"the report of {who} is an object")
    for name, value in body.items():
        if name not in known:
            raise AdminError(f"the report of {who} has no {name}; it has {', '.join(known)}")
        wanted = known[name][0]
        exact = wanted if isinstance(wanted, tuple) else (wanted,)
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in exact):
            raise AdminError(f"the report of {who} has no {name} with the value {value!r}")
    for name, (_type, required) in known.items():
        if required and not body.get(name):
            raise AdminError(f"the report of {who} names its {name}")
    return {name: body.get(name) for name in known}
