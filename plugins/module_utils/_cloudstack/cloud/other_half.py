# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What StorPool calls a volume or snapshot of CloudStack's.

Rows of volumes have the path of the device in ``path``; the path of a snapshot is shown nowhere, its tags on StorPool (``cs``, ``uuid``) tell.
"""

from __future__ import annotations

import re
import typing as t

_GLOBAL_ID = re.compile(r"/dev/storpool-byid/(?P<id>[0-9a-z]+\.[0-9a-z]+\.[0-9a-z]+)")
#: The driver of CloudStack 4.8 and the first ones after it gave names.
_NAME = re.compile(r"/dev/storpool/(?P<name>[^/]+)")


def reference(path: t.Optional[str]) -> t.Optional[str]:
    """``~`` and the global id, or the name, of what has this path; ``None`` for a volume that is not on StorPool, or not there yet."""
    text = path or ""
    by_id, by_name = _GLOBAL_ID.fullmatch(text), _NAME.fullmatch(text)
    return "~" + by_id["id"] if by_id else by_name["name"] if by_name else None
