# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be changed of a template that is there."""

from __future__ import annotations

import typing as t

from ..._common.words import listing
from ..cloud.reader import Raw
from .want import FLAGS, Want


class Change(t.NamedTuple):
    """A command that changes a template, what it is given besides the id, and what it does in words."""

    command: str
    body: Raw
    words: str


def changes(row: Raw, wanted: Want, system: t.Optional[Raw]) -> t.Tuple[Raw, t.List[Change]]:
    """The row as it is to be, and what makes it so. ``system`` is the wanted guest system, if one is wanted."""
    after = dict(row)
    bodies: t.Dict[str, Raw] = {"updateTemplate": {}, "updateTemplatePermissions": {}}
    words: t.Dict[str, t.List[str]] = {command: [] for command in bodies}
    if wanted.display_text is not None and wanted.display_text != row.get("displaytext"):
        bodies["updateTemplate"]["displaytext"] = after["displaytext"] = wanted.display_text
        words["updateTemplate"].append(f"set its display text to {wanted.display_text!r}")
    if system and system["id"] != row.get("ostypeid"):
        bodies["updateTemplate"]["ostypeid"] = system["id"]
        after.update(ostypeid=system["id"], ostypename=system.get("description"))
        words["updateTemplate"].append(f"set its guest system to {system.get('description')!r}")
    for option, value in sorted(wanted.flags.items()):
        parameter, command = FLAGS[option]
        if value != bool(row.get(parameter)):
            bodies[command][parameter] = after[parameter] = value
            words[command].append(f"set {option} to {str(value).lower()}")
    has = dict(row.get("details") or {})
    missing = {key: value for key, value in wanted.details.items() if str(has.get(key)) != value}
    if missing:
        # CloudStack puts what it is given in the place of all details, and the StorPool driver keeps some of its own among them.
        after["details"] = dict(has, **missing)
        bodies["updateTemplate"]["details"] = [after["details"]]
        told = listing(f"{key}={value}" for key, value in sorted(missing.items()))
        words["updateTemplate"].append(f"set {told} in its details")
    made = [
        Change(command, bodies[command], f"update {wanted}: {', '.join(told)}")
        for command, told in words.items()
        if told
    ]
    return after, made
