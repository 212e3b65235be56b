# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Text of others for people's terminals: what would move the cursor, colour or reverse what stands there, or begin a line of its own, is left out.

Everything that a module returns goes through :func:`.run.finish`, and so through here; plugins that run on the controller call it themselves.
"""

from __future__ import annotations

import re
import typing as t

#: Commands to a terminal as a whole: those that begin with CSI, those with a text up to BEL or ST, and those of one or two characters.
_COMMANDS = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[PX\\]^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\\\|\x9c)|\x1b[ -/]*[0-~]"
)
#: Controls but tabs and ends of lines; marks that change the direction of text, or that nobody sees.
_MARKS = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_LONE = re.compile("[\ud800-\udfff]")
_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")


def text(value: str) -> str:
    """The text, with its lines, and without what is no text."""
    if value.isprintable():
        return value
    return _ENDS.sub("\n", _LONE.sub("\ufffd", _MARKS.sub("", _COMMANDS.sub("", value))))


def line(value: str) -> str:
    """The text in one line."""
    return value if value.isprintable() else " ".join(text(value).split())


def everything(value: t.Any, change: t.Callable[[str], str] = text) -> t.Any:
    """A result with every text in it changed, and keys made plain."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {text(key) if isinstance(key, str) else key: everything(each, change) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [everything(each, change) for each in value]
    return value
