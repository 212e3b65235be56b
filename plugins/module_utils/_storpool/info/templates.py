# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading StorPool templates: one list call, a second one for their capacity."""

from __future__ import annotations

import typing as t
from fnmatch import fnmatchcase

from ..cluster import results
from ..cluster.reader import Reader

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "list", "elements": "str"},
        "status": {"type": "bool", "default": False},
    },
}


def read(reader: Reader, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """``templates`` as :func:`results.template` has them, each with ``status``, which is ``None`` unless it is asked for."""
    patterns = ["*"] if params["name"] is None else params["name"]
    status = (
        {row["name"]: results.template_status(row) for row in reader.templates_status()} if params["status"] else {}
    )
    templates = [
        raw for raw in reader.templates() if any(fnmatchcase(str(raw["name"]), pattern) for pattern in patterns)
    ]
    templates.sort(key=lambda raw: str(raw["name"]))
    return {"templates": [dict(results.template(raw), status=status.get(raw["name"])) for raw in templates]}
