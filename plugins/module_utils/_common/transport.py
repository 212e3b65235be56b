# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What errors and answers mean, in words; the same for every API that is spoken over HTTP."""

from __future__ import annotations

import typing as t


def words(error: BaseException) -> str:
    """The last and shortest words of a chain of errors, for instance "Connection refused"."""
    deepest = chain(error)[-1]
    text = getattr(deepest, "strerror", None) or str(error)
    for mark in ("] ", ": "):
        text = text.rsplit(mark, 1)[-1]
    return text.partition(" (_ssl")[0].strip("()'\" .,") or type(error).__name__


def excerpt(response: t.Any) -> str:
    """The kind of an answer (one of :mod:`.wire`, or of ``requests``) and the first words of its body."""
    kind = response.headers.get("Content-Type", "no content type").split(";")[0]
    text = " ".join(response.content[:400].decode("utf-8", "replace").split())[:80]
    return f"{kind} ({text!r})" if text else "an empty body"


def first_line(text: str) -> str:
    """The first line that says something: what servers add is a trace of their own code."""
    return next((line.strip() for line in text.splitlines() if line.strip()), text.strip())


def chain(error: BaseException) -> t.List[BaseException]:
    """An error, the reason inside it, the reason inside that, and so on."""
    found = [error]
    while len(found) < 10:
        inside = [getattr(found[-1], "reason", None), *found[-1].args]
        reason = next((inner for inner in inside if isinstance(inner, BaseException)), None)
        if reason is None:
            break
        found.append(reason)
    return found
