# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP with an end: every call has a deadline as a whole, and every answer a largest size, whatever the server does.

The time-outs of sockets are for each piece that comes, so a server that sends a byte a second never exceeds them. So before each piece a :class:`Line`, which
is a connection of ``http.client``, gives its socket what is left of the time of the call. Looking a name up has no time-out at all, so that is done in a
thread which is left alone when it takes too long. What has not been sent when the time is over is never sent.

:mod:`.session` promises the same of the library that CloudStack's client sends with.
"""

from __future__ import annotations

import functools
import http.client
import io
import select
import socket
import threading
import time
import typing as t
import zlib

from .errors import BadAnswer

CONNECT_TIMEOUT = 10.0
#: The largest body that is read, as it comes and when it is unpacked: a list of some 200,000 snapshots.
MOST_BYTES = 128 << 20
#: All that may come before a body, and after one that comes in chunks.
MOST_AROUND = 1 << 20
_PIECE = 1 << 16
_MOST_DIGITS = 20
#: Content-Encoding -> what tells zlib to read it. What else there is has not been asked for.
_PACKED = {"gzip": zlib.MAX_WBITS + 16, "x-gzip": zlib.MAX_WBITS + 16, "deflate": zlib.MAX_WBITS}


class TooLarge(Exception):
    """More has come than any answer has."""


class OutOfTime(Exception):
    """The time for a call is over."""


class Broken(Exception):
    """A call failed without an answer. ``sent`` is whether any of the request may have left this host."""

    def __init__(self, error: BaseException, sent: bool) -> None:
        super().__init__(str(error))
        self.error = error
        self.sent = sent

    @property
    def is_late(self) -> bool:
        """Whether the time for it was over, rather than the connection broken."""
        return isinstance(self.error, OutOfTime) or type(self.error).__name__ == "ReadTimeout"


class Body:
    """The body of an answer, put together from the pieces in which it comes, up to a limit.

    Raises :class:`TooLarge`, and :class:`zlib.error` for what is packed in a way that was not asked for or does not unpack.
    """

    def __init__(self, packing: str) -> None:
        packing = packing.strip().lower()
        if packing not in ("", "identity", *_PACKED):
            raise zlib.error
        self._unpack = zlib.decompressobj(_PACKED[packing]) if packing in _PACKED else None
        self._body = bytearray()
        self._came = False

    def add(self, piece: bytes) -> None:
        """Take the next piece, as it came."""
        self._came = self._came or bool(piece)
        if self._unpack is not None:
            piece = self._unpack.decompress(piece, MOST_BYTES + 1 - len(self._body))
        self._body += piece
        if len(self._body) > MOST_BYTES:
            raise TooLarge

    def whole(self) -> bytearray:
        """All of it, once everything has come."""
        if self._unpack is not None and self._came and not self._unpack.eof:
            raise zlib.error
        return self._body


def refusal(error: Exception, where: str) -> BadAnswer:
    """What is said of a body that raised :class:`TooLarge` or :class:`zlib.error`."""
    if isinstance(error, TooLarge):
        return BadAnswer(f"{where} sends more than {MOST_BYTES >> 20} MiB, which no answer has.")
    return BadAnswer(f"{where} answered with a body that cannot be unpacked.")


class Limited(io.RawIOBase):
    """What comes over a connection, up to a number of bytes. ``before`` is called before each piece."""

    def __init__(self, raw: t.Any, most: int, before: t.Callable[[], None]) -> None:
        super().__init__()
        self._raw = raw
        self._left = most
        self._before = before

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: t.Any) -> t.Optional[int]:
        """As of any raw stream. Raises :class:`TooLarge`, and what ``before`` raises."""
        self._before()
        count: t.Optional[int] = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise TooLarge
        return count

    def close(self) -> None:
        """Close what is below it."""
        self._raw.close()
        super().close()


def _nothing() -> None:
    pass


class Response(http.client.HTTPResponse):
    """An answer of which no more is read than any answer has."""

    most = MOST_BYTES + MOST_AROUND

    def __init__(self, sock: t.Any, *args: t.Any, before: t.Callable[[], None] = _nothing, **kwargs: t.Any) -> None:
        super().__init__(sock, *args, **kwargs)
        if isinstance(self.fp, io.BufferedReader):
            self.fp = io.BufferedReader(Limited(self.fp.detach(), self.most, before))

    def _read_next_chunk_size(self) -> int:
        size = int(super()._read_next_chunk_size())  # type: ignore[misc]
        if size < 0:
            raise http.client.HTTPException("a chunk of negative size")
        return size


def announced(headers: t.Any) -> t.Optional[int]:
    """How many bytes an answer says that its body has, as it comes; ``None`` if it does not say it, or says what is no such number."""
    told = headers.get("Content-Length") or ""
    return int(told) if told.isascii() and told.isdigit() and len(told) < _MOST_DIGITS else None


def body_of(headers: t.Any, read: t.Callable[[int], bytes]) -> bytearray:
    """The whole body of an answer. Raises as :class:`Body` does, and :class:`http.client.IncompleteRead`."""
    body, came, piece = Body(headers.get("Content-Encoding", "")), 0, b"-"
    while piece:
        piece = read(_PIECE)
        came += len(piece)
        body.add(piece)
    length = announced(headers)
    if length is not None and came < length and not headers.get("Transfer-Encoding"):
        raise http.client.IncompleteRead(b"", length - came)
    return body.whole()


class Answer(t.NamedTuple):
    """An answer, its body unpacked."""

    status_code: int
    headers: t.Any  # a mapping that does not care how names are written
    content: bytearray


class Line:
    """A connection to one server, without TLS and without a proxy. It is made when it is needed, and kept for the next call if both sides keep it.

    ``address`` is ``HOST:PORT`` as URLs have it; ``headers`` go with every request. For one thread at a time.
    """

    def __init__(self, host: str, port: int, address: str, headers: t.Mapping[str, str]) -> None:
        self._place = (host, port)
        self.address = address
        self._headers = dict({"Host": address, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}, **headers)
        self._connection = http.client.HTTPConnection("storpool")  # which is connected here, and told its Host

    def ask(self, method: str, path: str, body: t.Optional[bytes], seconds: float) -> Answer:
        """The answer to one request, which has so many seconds for everything: the look-up of the name, sending, and the last byte of the answer.

        Raises :class:`Broken` if it did not come, and :class:`BadAnswer` for a body that is too large or packed in a way that was not asked for.
        """
        end = time.monotonic() + seconds
        sent = kept = False
        connection = self._connection
        try:
            if connection.sock is None or _has_ended(connection.sock):
                self.close()
                connection.sock = _connected(self._place, end)
            in_time = functools.partial(_hurry, connection.sock, end)
            connection.response_class = functools.partial(Response, before=in_time)  # type: ignore[assignment]
            in_time()
            sent = True
            connection.request(method, path, body, self._headers)
            response = connection.getresponse()
            content = body_of(response.headers, response.read)
            kept = response.isclosed()
            return Answer(response.status, response.headers, content)
        except (TooLarge, zlib.error) as error:
            raise refusal(error, self.address) from None
        except socket.timeout as error:
            raise Broken(OutOfTime() if sent or time.monotonic() >= end else error, sent) from error
        except (OutOfTime, http.client.HTTPException, OSError, ValueError) as error:
            raise Broken(error, sent) from error
        finally:
            if not kept:
                self.close()

    def close(self) -> None:
        """End the connection. The next request makes another."""
        self._connection.close()


def _hurry(sock: socket.socket, end: float) -> None:
    """Give the next piece what is left of the time."""
    sock.settimeout(_left(end))


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise OutOfTime
    return left


def _has_ended(sock: socket.socket) -> bool:
    """Whether a connection over which nothing is under way has something to read: its end, or what nobody has asked for."""
    poll = select.poll()
    poll.register(sock, select.POLLIN)
    return bool(poll.poll(0))


def _connected(place: t.Tuple[str, int], end: float) -> socket.socket:
    """A connection to the first of the addresses of a host that takes one."""
    failed: Exception = OSError("no address")
    for family, address in _addresses(place, end):
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(min(CONNECT_TIMEOUT, _left(end)))
            sock.connect(address)
        except OSError as error:
            sock.close()
            failed = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failed


def _addresses(place: t.Tuple[str, int], end: float) -> t.List[t.Tuple[int, t.Any]]:
    """What to connect to, as families and addresses. A name is looked up in a thread, since nothing can end a look-up."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, place[0])
        except (OSError, ValueError):
            continue
        return [(family, place)]
    found: t.List[t.List[t.Any]] = []
    failed: t.List[Exception] = []

    def look_up() -> None:
        try:
            found.append(socket.getaddrinfo(place[0], place[1], 0, socket.SOCK_STREAM))
        except (OSError, ValueError) as error:
            failed.append(error)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(_left(end))
    if failed:
        raise failed[0]
    if not found:
        raise OutOfTime
    return [(family, address) for family, _kind, _protocol, _name, address in found[0]]
