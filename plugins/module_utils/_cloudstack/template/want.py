# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task may want of a template, checked."""

from __future__ import annotations

import typing as t

from ..cloud.checksum import Checksum


class Flag(t.NamedTuple):
    """An option that is true or false: the parameter and the member of a row with it, and the command that changes it."""

    parameter: str
    command: str


FLAGS = {
    "public": Flag("ispublic", "updateTemplatePermissions"),
    "featured": Flag("isfeatured", "updateTemplatePermissions"),
    "extractable": Flag("isextractable", "updateTemplatePermissions"),
    "password_enabled": Flag("passwordenabled", "updateTemplate"),
    "ssh_key_enabled": Flag("sshkeyenabled", "updateTemplate"),
    "dynamically_scalable": Flag("isdynamicallyscalable", "updateTemplate"),
}


class Source(t.NamedTuple):
    """What a template is made of: ``url``, ``volume`` or ``snapshot``, and which."""

    kind: str
    what: str


class Want(t.NamedTuple):
    """A desired template. Texts are checked; ``flags`` and ``details`` are those that the task gives; ``None`` is "leave it"."""

    present: bool
    name: str
    zone: str
    source: t.Optional[Source]
    checksum: t.Optional[Checksum]
    format: t.Optional[str]
    display_text: t.Optional[str]
    os_type: t.Optional[str]
    flags: t.Mapping[str, bool]
    details: t.Mapping[str, str]
    wait: bool
    cached_on: t.Optional[str]
    forced: bool
    wait_timeout: int

    def __str__(self) -> str:
        return f"template {self.name!r}"
