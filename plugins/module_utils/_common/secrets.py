# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in what others say: found as they are, and in each way in which servers and proxies write what they were sent.

Ansible hides secrets as they are, in all that a module returns; this is for the other ways: escaped for an address, for HTML or for JSON, and in base64.
"""

from __future__ import annotations

import base64
import functools
import html
import re
import typing as t

HIDDEN = "***"
#: Shorter ones would make words unreadable rather than keep a secret; Ansible hides those in results.
LEAST = 4
#: Fewer characters of base64 could be any word.
_LEAST_CODED = 8


class Secrets:
    """Texts that nobody may see. They are compiled when something is to be hidden, which most tasks never have to do."""

    def __init__(self, texts: t.Iterable[t.Any]) -> None:
        self._texts = sorted({str(text) for text in texts if len(str(text)) >= LEAST}, key=len, reverse=True)
        self._least = min(map(len, self._texts), default=0)
        self._compiled: t.Optional[t.Pattern[str]] = None

    def hide(self, text: str) -> str:
        """The text without them."""
        if not self._texts or len(text) < self._least:
            return text
        if self._compiled is None:
            self._compiled = re.compile("|".join([*map(_escaped, self._texts), *_coded(self._texts)]))
        return self._compiled.sub(HIDDEN, text)


def _escaped(secret: str) -> str:
    """A pattern for a secret each of whose characters may be escaped in any way."""
    return "".join(_character(each) for each in secret)


@functools.lru_cache(maxsize=None)
def _character(character: str) -> str:
    point = ord(character)
    ways = [re.escape(character), rf"(?i:&#0*{point};?)", rf"(?i:&#x0*{point:x};?)"]
    ways.append("%(?:25)*".join(["", *(f"(?i:{byte:02x})" for byte in character.encode("utf-8", "replace"))]))
    ways.append(rf"\\+(?i:u{point:04x})" if point < 0x10000 else re.escape(character))
    ways.append(rf"\\+(?i:x{point:02x})" if point < 0x100 else re.escape(character))
    named = html.escape(character)
    if named != character:
        ways.append(re.escape(named))
    if character in "\\/\"'":
        ways.append(r"\\+" + re.escape(character))
    if character == " ":
        ways.append(r"\+")
    return "(?:{0})".format("|".join(dict.fromkeys(ways)))


def _coded(secrets: t.Iterable[str]) -> t.List[str]:
    """What a secret looks like inside a text in base64, which depends on where in the text it begins; and in hexadecimal."""
    found: t.Dict[str, None] = {}
    for secret in secrets:
        raw = secret.encode("utf-8", "replace")
        found[f"(?i:{raw.hex()})"] = None
        for offset in range(3):
            for coded in (base64.b64encode(b"\0" * offset + raw), base64.urlsafe_b64encode(b"\0" * offset + raw)):
                begin, end = (0, 2, 3)[offset], (offset + len(raw)) * 8 // 6
                core = coded.decode("ascii")[begin:end]
                if len(core) >= _LEAST_CODED:
                    # What stands before and after shares a character with it.
                    found[f"[A-Za-z0-9+/_-]?{re.escape(core)}[A-Za-z0-9+/_-]?=*"] = None
    return list(found)
