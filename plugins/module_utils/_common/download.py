# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Large files over HTTP, by the rules of :mod:`session`: a deadline for the whole, no redirects, nothing of the environment. A file has no largest size here.

Whoever takes the pieces says when there are too many.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
import typing as t

from . import session, wire

#: How much is read and written at once.
PIECE = 1 << 20
#: Takes a piece of a file.
Sink = t.Callable[[bytes], None]
Headers = t.Mapping[str, str]
#: Given the status and the headers of an answer, what takes its body; ``None`` if nobody wants it.
Opened = t.Callable[[int, Headers], t.Optional[Sink]]


class Gate:
    """Lets pieces through to a sink until it is shut. After that none is taken, whatever a thread that nobody waits for any more still brings."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_shut = False

    def through(self, sink: Sink, piece: bytes) -> None:
        """Give a piece to a sink. Raises :class:`.wire.OutOfTime` if it is shut."""
        with self._lock:
            if self._is_shut:
                raise wire.OutOfTime
            sink(piece)

    def shut(self) -> None:
        """Let nothing through any more; when this returns, no piece is being taken."""
        with self._lock:
            self._is_shut = True


def fetch(
    url: str,
    headers: Headers,
    opened: Opened,
    seconds: float,
    patience: float,
    verify: t.Union[bool, str],
    proxies: t.Mapping[str, str],
) -> None:
    """Get a file, and give its pieces to the sink that ``opened`` returns.

    ``seconds`` are for all of it, ``patience`` for each piece. Raises :class:`.wire.Broken` if the connection is lost or the time over, and what ``opened`` and
    the sink raise; those must be a :class:`.errors.Failure`.
    """
    gate = Gate()

    def work() -> None:
        own = _Session(opened, gate)
        own.headers["Accept-Encoding"] = "identity"
        timeout = (min(wire.CONNECT_TIMEOUT, seconds), min(patience, seconds))
        with contextlib.closing(own):
            own.get(url, headers=dict(headers), timeout=timeout, verify=verify, proxies=dict(proxies))

    try:
        session.within(seconds, work)
    finally:
        gate.shut()


class _Response(wire.Response):
    """Without a largest size."""

    most = 1 << 62


class _Watched(session.Watched):
    response_class = _Response


class _Adapter(session.Adapter):
    watched = _Watched


class _Session(session.Session):
    """Hands the body of an answer on, piece by piece, instead of keeping it."""

    adapter = _Adapter

    def __init__(self, opened: Opened, gate: Gate) -> None:
        super().__init__()
        self._opened = opened
        self._gate = gate

    def send(self, request: t.Any, **kwargs: t.Any) -> t.Any:
        kwargs.update(stream=True, allow_redirects=False)
        response = session.SESSION.send(self, request, **kwargs)
        try:
            sink = self._opened(response.status_code, response.headers)
            if sink is not None:
                self._hand_on(response, sink)
            response._content, response._content_consumed = b"", True
        finally:
            if response.raw is not None:
                response.close()
        return response

    def _hand_on(self, response: t.Any, sink: Sink) -> None:
        came, length = 0, wire.announced(response.headers)
        while True:
            piece = self._next(response, came)
            if not piece:
                break
            came += len(piece)
            self._gate.through(sink, piece)
        if length is not None and came != length and not response.headers.get("Transfer-Encoding"):
            raise http.client.IncompleteRead(b"", length - came)

    @staticmethod
    def _next(response: t.Any, came: int) -> bytes:
        if response.raw is None:  # an answer that came over no connection of ours, and is there as a whole
            return b"" if came else bytes(response.content)
        return bytes(response.raw.read(PIECE, decode_content=False))
