# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the workers leave what became of the cases, for the stage to put together."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable

from faults.matrix import Row
from tools.workspace import BUILD

DIRECTORY = BUILD / "faults"


def keep(name: str, rows: Iterable[Row]) -> None:
    """Write the rows of one scenario."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    path = DIRECTORY / f"{name}.json"
    path.write_text(json.dumps([dataclasses.asdict(row) for row in rows]), encoding="utf-8")
