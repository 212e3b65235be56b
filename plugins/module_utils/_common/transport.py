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
    deepest = _chain(error)[-1]
    text = getattr(deepest, "strerror", None) or str(error)
    for mark in ("] ", ": "):
        text = text.rsplit(mark, 1)[-1]
    return text.partition(" (_ssl")[0].strip("()'\" .,") or type(error).__name__


def excerpt(response: t.Any) -> str:
    """The kind of an answer (a ``requests.Response``) and the first words of its body."""
    kind = response.headers.get("Content-Type", "no content type").split(";")[0]
    text = " ".join(response.text.split())[:80]
    return f"{kind} ({text!r})" if text else "an empty body"


def _causes(error: BaseException) -> str:
    return " ".join(type(cause).__name__ for cause in _chain(error))


def _chain(error: BaseException) -> t.List[BaseException]:
    """An error, the reason inside it, the reason inside that, and so on."""
    chain = [error]
    while len(chain) < 10:
        inside = [getattr(chain[-1], "reason", None), *chain[-1].args]
        reason = next((inner for inner in inside if isinstance(inner, BaseException)), None)
        if reason is None:
            break
        chain.append(reason)
    return chain
