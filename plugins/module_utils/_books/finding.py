# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A finding: where the books, or a book and the world, do not agree. The codes are fixed; playbooks and alerts know them."""

from __future__ import annotations

import typing as t

from .._common.plan import Step
from .books import Row

ERROR, WARNING, INFO = "error", "warning", "info"
#: From the worst on.
SEVERITIES = (ERROR, WARNING, INFO)
#: Code -> how bad it is, if nothing makes it better.
CODES: t.Dict[str, str] = {
    "dangling_attachment": ERROR,
    "missing_attachment": ERROR,
    "double_attachment": ERROR,
    "orphan_volume": WARNING,
    "orphan_snapshot": WARNING,
    "lost_volume": ERROR,
    "lost_snapshot": WARNING,
    "size_differs": WARNING,
    "template_differs": WARNING,
    "limit_differs": WARNING,
    "tags_differ": WARNING,
    "left_temporary": INFO,
    "client_down": ERROR,
    "host_without_client": WARNING,
    "pool_template_missing": ERROR,
    "pool_over_capacity": WARNING,
    "pool_not_connected": WARNING,
}
#: The codes for which there can be a repair.
REPAIRABLE = (
    "dangling_attachment",
    "missing_attachment",
    "double_attachment",
    "orphan_volume",
    "orphan_snapshot",
    "size_differs",
    "template_differs",
    "limit_differs",
    "tags_differ",
    "left_temporary",
)


class Finding(t.NamedTuple):
    """One finding. ``object`` names it in both books and all runs alike; ``steps`` are the calls to StorPool that repair it, if that can be done safely."""

    code: str
    object: str
    message: str
    next: str
    cloudstack: t.Optional[Row] = None
    storpool: t.Optional[Row] = None
    steps: t.Tuple[Step, ...] = ()
    milder: t.Optional[str] = None

    @property
    def severity(self) -> str:
        """How bad it is: one of :data:`SEVERITIES`."""
        return self.milder or CODES[self.code]

    @property
    def key(self) -> t.Tuple[str, str]:
        """What tells it from others, in every look."""
        return self.code, self.object

    def shown(self) -> t.Dict[str, t.Any]:
        """The finding as modules return it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "object": self.object,
            "cloudstack": self.cloudstack,
            "storpool": self.storpool,
            "message": self.message,
            "next": self.next,
            "repair": "; ".join(step.action for step in self.steps) or None,
        }


def of_cloudstack(row: Row, *members: str) -> Row:
    """What a finding shows of a row of CloudStack's."""
    return {member: row.get(member) for member in ("id", "name", *members)}


def of_storpool(thing: Row, clients: t.Optional[t.Mapping[int, str]] = None) -> Row:
    """What a finding shows of a volume or snapshot of StorPool's; ``clients`` are those that have it attached, with their rights."""
    shown = {
        "name": thing["name"],
        "global_id": thing["globalId"],
        "template": thing.get("templateName"),
        "size": thing.get("size"),
        "tags": dict(thing.get("tags") or {}),
    }
    if clients is not None:
        shown["clients"] = [{"client": client, "rights": clients[client]} for client in sorted(clients)]
    return shown
