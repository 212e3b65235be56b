# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The library ``requests`` with the promises of :mod:`.wire`: a deadline for the call as a whole, and a limit to what is read.

The library sets the time-out of each piece that comes, and none for looking a name up. So a call runs in a thread of its own. Whoever waits for it stops
waiting when the time is over, breaks the connection, and what has not been sent by then is never sent.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import socket
import threading
import typing as t
import zlib

from . import wire
from .errors import Failure
from .transport import chain
from .wire import Broken, OutOfTime, Response, TooLarge, refusal

try:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.exceptions import HTTPError
except ImportError:
    # Whoever needs them says so, and what can be imported without them is.
    requests = None  # type: ignore[assignment]
    HTTPError = OSError  # type: ignore[assignment, misc]
    SESSION: t.Any = object
    HTTPAdapter = HTTPConnectionPool = HTTPSConnectionPool = object  # type: ignore[assignment, misc]
else:
    SESSION = requests.Session

#: What a call may raise that is about the connection, and not about us.
CONNECTION_ERRORS: t.Tuple[t.Type[BaseException], ...] = (HTTPError, OSError, ValueError, http.client.HTTPException)
_KNOWN: t.Tuple[t.Type[BaseException], ...] = (Failure, OutOfTime, *CONNECTION_ERRORS)


class Watch:
    """What is known of one call from outside: its connection, whether the request is under way, whether nobody waits any more."""

    def __init__(self) -> None:
        self.sent: t.Optional[bool] = None  # not known, as long as no connection of ours was used
        self._lock = threading.Lock()
        self._over = False
        self._sock: t.Any = None

    def begin(self) -> None:
        """A connection is being made."""
        with self._lock:
            self._refuse_if_over()
            self.sent = bool(self.sent)

    def sending(self, sock: t.Any, is_request: bool) -> None:
        """Something is about to be sent, of the request or of what makes way for it. Raises :class:`OutOfTime` if it is too late for that."""
        with self._lock:
            self._refuse_if_over()
            self._sock = sock
            self.sent = bool(self.sent) or is_request

    def give_up(self) -> None:
        """Nobody waits any more."""
        with self._lock:
            self._over = True
            sock = self._sock
        if sock is not None:
            with contextlib.suppress(OSError, ValueError):
                # Under TLS it is the connection below it that has to end.
                (socket.socket if isinstance(sock, socket.socket) else type(sock)).shutdown(sock, socket.SHUT_RDWR)

    def _refuse_if_over(self) -> None:
        if self._over:
            raise OutOfTime


class _Here(threading.local):
    watch: t.Optional[Watch] = None


_HERE = _Here()


def within(seconds: float, work: t.Callable[[], t.Any]) -> t.Any:
    """What ``work`` returns, which sends one request over a :class:`Session`. It raises what ``work`` raises, and :class:`Broken` for a lost connection.

    When the time is over the session is used by nobody and must not be used again: see :attr:`Broken.error`.
    """
    watch = Watch()
    ended: t.List[t.Any] = []
    failed: t.List[BaseException] = []

    def run() -> None:
        _HERE.watch = watch
        try:
            ended.append(work())
        except _KNOWN as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if ended:
        return ended[0]
    if failed and isinstance(failed[0], Failure):
        raise failed[0]
    if failed:
        raise Broken(failed[0], _was_sent(failed[0], watch)) from failed[0]
    if not thread.is_alive():
        raise RuntimeError("a call ended by an error of its own; its traceback is above")
    watch.give_up()
    raise Broken(OutOfTime(), watch.sent is not False)


def _was_sent(error: BaseException, watch: Watch) -> bool:
    if watch.sent is not None:
        return watch.sent
    # It was a connection of another kind than ours, or it did not come to one: an address that is none, a file that is not there.
    of_a_connection = (requests.ConnectionError, requests.Timeout, HTTPError, http.client.HTTPException)
    causes = " ".join(type(cause).__name__ for cause in chain(error))
    before = ("ConnectTimeout", "NewConnection", "NameResolution", "Invalid", "Location")
    return isinstance(error, of_a_connection) and not any(word in causes for word in before)


class Watched:
    """A connection that tells the :class:`Watch` of the call what happens."""

    response_class = Response
    _is_there = False

    def connect(self) -> None:
        """As the library's."""
        self._is_there = False
        if _HERE.watch:
            _HERE.watch.begin()
        super().connect()  # type: ignore[misc]
        self._is_there = True

    def send(self, data: t.Any) -> None:
        """As the library's."""
        if getattr(self, "sock", None) is None:
            self.connect()
        if _HERE.watch:
            _HERE.watch.sending(self.sock, self._is_there)  # type: ignore[attr-defined]
        super().send(data)  # type: ignore[misc]


class Adapter(HTTPAdapter):
    """Connects as ``watched`` does."""

    watched: t.Any = Watched

    def init_poolmanager(self, *args: t.Any, **kwargs: t.Any) -> None:
        """As the library's."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = self._pools()

    def proxy_manager_for(self, proxy: t.Any, **kwargs: t.Any) -> t.Any:
        """As the library's."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        if not str(proxy).lower().startswith("socks"):
            manager.pool_classes_by_scheme = self._pools()
        return manager

    @classmethod
    def _pools(cls) -> t.Dict[str, t.Any]:
        return {"http": _watched(HTTPConnectionPool, cls.watched), "https": _watched(HTTPSConnectionPool, cls.watched)}


@functools.lru_cache(maxsize=None)
def _watched(pool: t.Any, watched: t.Any) -> t.Any:
    connection = type("Connection", (watched, pool.ConnectionCls), {})
    return type("Pool", (pool,), {"ConnectionCls": connection})


class Session(SESSION):  # type: ignore[misc]
    """A ``requests`` session that follows no redirect, takes nothing from the environment by itself, and reads bodies up to a limit."""

    adapter: t.Any = Adapter  # which connects

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.headers["Accept-Encoding"] = "gzip, deflate"
        for scheme in ("http://", "https://"):
            self.mount(scheme, self.adapter())

    def get_redirect_target(self, resp: t.Any) -> None:
        """Nowhere: the library would read the whole body of a redirect to see where it leads."""

    def send(self, request: t.Any, **kwargs: t.Any) -> t.Any:
        """The answer, its body read. Raises :class:`BadAnswer` for a body that is too large or packed in a way that was not asked for."""
        kwargs.update(stream=True, allow_redirects=False)
        where = str(request.url).split("/ctrl/", 1)[0]
        try:
            response = super().send(request, **kwargs)
            if response.raw is not None:
                _read(response)
        except (TooLarge, zlib.error) as error:
            raise refusal(error, where) from None
        return response


def _read(response: t.Any) -> None:
    try:
        read = functools.partial(response.raw.read, decode_content=False)
        response._content = bytes(wire.body_of(response.headers, read))
        response._content_consumed = True
    finally:
        if not response._content_consumed:
            response.close()
