# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the errors and answers of ``requests`` mean, in words; the same for every API that is spoken over HTTP."""

from __future__ import annotations

import typing as t


def never_sent(error: BaseException) -> bool:
    """Whether the request certainly did not reach a server: no name, no route, or no one listening."""
    causes = _causes(error)
    return any(word in causes for word in ("ConnectTimeout", "NewConnection", "NameResolution"))


def words(error: BaseException) -> str:
    """The last and shortest words of a chain of errors, for instance "Connection refused"."""
    text = str(error)
    for mark in ("] ", ": "):
        text = text.rsplit(mark, 1)[-1]
    return text.strip("()'\" .,") or type(error).__name__


def excerpt(response: t.Any) -> str:
    """The kind of an answer (a ``requests.Response``) and the first words of its body."""
    kind = response.headers.get("Content-Type", "no content type").split(";")[0]
    text = " ".join(response.text.split())[:80]
    return f"{kind} ({text!r})" if text else "an empty body"


def _causes(error: BaseException) -> str:
    """The class names of an error and of the reasons inside it."""
    names: t.List[str] = []
    inner: t.Optional[BaseException] = error
    while inner is not None and len(names) < 10:
        names.append(type(inner).__name__)
        reason = getattr(inner, "reason", None)
        inner = (
            reason
            if isinstance(reason, BaseException)
            else next((arg for arg in inner.args if isinstance(arg, BaseException)), None)
        )
    return " ".join(names)
