# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP with an end: every call has a deadline as a whole, and every answer a largest size, whatever the server does.

The time-outs of sockets are for each piece that comes, so a server that sends a byte a second never exceeds them. So before each piece a :class:`Line` gives
its socket what is left of the time of the call. Looking a name up has no time-out at all, so that is done in a thread which is left alone when it takes too
long. What has not been sent when the time is over is never sent.

:mod:`.session` promises the same of the library that CloudStack's client sends with.
"""

from __future__ import annotations

import re
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
_MOST_HEAD = 1 << 16
_PIECE = 1 << 16
#: Content-Encoding -> what tells zlib to read it. What else there is has not been asked for.
_PACKED = {"gzip": zlib.MAX_WBITS + 16, "x-gzip": zlib.MAX_WBITS + 16, "deflate": zlib.MAX_WBITS}
_STATUS = re.compile(rb"HTTP/1\.([01]) ([0-9]{3})(?: .*)?")
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,12})[ \t]*(?:;.*)?")
_IN_BETWEEN = (100, 102, 103)  # answers before the answer
_WITHOUT_BODY = (204, 304)


class TooLarge(Exception):
    """More has come than any answer has."""


class OutOfTime(Exception):
    """The time for a call is over."""


class NotHttp(Exception):
    """What came is no answer of an HTTP server, or not all of one."""


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


class Headers(t.Dict[str, str]):
    """The headers of an answer, by their names in lower case. One that came several times has all values, with commas between."""

    def get(self, name: str, default: t.Any = None) -> t.Any:
        """The value of a header, however its name is written."""
        return super().get(name.lower(), default)


class Answer(t.NamedTuple):
    """An answer, its body unpacked."""

    status_code: int
    headers: Headers
    content: bytearray


class Line:
    """A connection to one server, without TLS and without a proxy. It is made when it is needed, and kept for the next call if both sides keep it.

    ``address`` is ``HOST:PORT`` as URLs have it; ``headers`` go with every request. For one thread at a time.
    """

    def __init__(self, host: str, port: int, address: str, headers: t.Mapping[str, str]) -> None:
        self._place = (host, port)
        self.address = address
        told = dict({"Host": address, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}, **headers)
        self._head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        self._sock: t.Optional[socket.socket] = None

    def ask(self, method: str, path: str, body: t.Optional[bytes], seconds: float) -> Answer:
        """The answer to one request, which has so many seconds for everything: the look-up of the name, sending, and the last byte of the answer.

        Raises :class:`Broken` if it did not come, and :class:`BadAnswer` for a body that is too large or packed in a way that was not asked for.
        """
        end = time.monotonic() + seconds
        sent = kept = False
        try:
            if self._sock is None or _has_ended(self._sock):
                self.close()
                self._sock = _connected(self._place, end)
            request = self._request(method, path, body)
            self._sock.settimeout(_left(end))
            sent = True
            self._sock.sendall(request)
            answer, kept = _Incoming(self._sock, end).answer()
        except (TooLarge, zlib.error) as error:
            raise refusal(error, self.address) from None
        except socket.timeout as error:
            raise Broken(OutOfTime() if sent or time.monotonic() >= end else error, sent) from error
        except (OutOfTime, NotHttp, OSError, ValueError) as error:
            raise Broken(error, sent) from error
        finally:
            if not kept:
                self.close()
        return answer

    def close(self) -> None:
        """End the connection. The next request makes another."""
        if self._sock is not None:
            self._sock.close()
            self._sock = None

    def _request(self, method: str, path: str, body: t.Optional[bytes]) -> bytes:
        length = f"Content-Length: {len(body or b'')}\r\n" if body or method != "GET" else ""
        return f"{method} {path} HTTP/1.1\r\n{self._head}{length}\r\n".encode("ascii") + (body or b"")


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


class _Incoming:
    """What comes over a connection in answer to one request, until ``end``."""

    def __init__(self, sock: socket.socket, end: float) -> None:
        self._sock = sock
        self._end = end
        self._came = b""  # and has not been used
        self._most = MOST_BYTES + MOST_AROUND

    def answer(self) -> t.Tuple[Answer, bool]:
        """The answer, and whether the connection can be used for another request."""
        status = _IN_BETWEEN[0]
        while status in _IN_BETWEEN:
            version, status, headers = self._head()
        body = Body(headers.get("content-encoding", ""))
        ends_by_itself = True
        if status not in _WITHOUT_BODY:
            ends_by_itself = self._read(headers, body)
        wish = headers.get("connection", "").lower()
        kept = "close" not in wish if version else "keep-alive" in wish
        return Answer(status, headers, body.whole()), kept and ends_by_itself and not self._came

    def _head(self) -> t.Tuple[int, int, Headers]:
        """The minor version, the status and the headers."""
        end = _END_OF_HEAD.search(self._came)
        while end is None:
            seen = len(self._came)
            if seen > _MOST_HEAD:
                raise NotHttp("headers without end")
            if not self._more():
                raise ConnectionError("the connection was closed")
            end = _END_OF_HEAD.search(self._came, max(0, seen - 3))
        first, *lines = self._came[: end.start()].split(b"\n")
        self._came = self._came[end.end() :]
        status = _STATUS.fullmatch(first.rstrip(b"\r"))
        if status is None:
            raise NotHttp("no answer of an HTTP server")
        headers = Headers()
        for line in lines:
            name, _colon, value = line.decode("latin-1").partition(":")
            name, value = name.strip().lower(), value.strip()
            headers[name] = f"{headers[name]}, {value}" if name in headers else value
        return int(status.group(1)), int(status.group(2)), headers

    def _read(self, headers: Headers, body: Body) -> bool:
        """Read the body; whether it has an end of its own, and not that of the connection."""
        if headers.get("transfer-encoding", "").lower() == "chunked":
            self._read_chunks(body)
            return True
        lengths = {each.strip() for each in headers.get("content-length", "").split(",")}
        if len(lengths) > 1:
            raise NotHttp("an answer of two lengths")
        [length] = lengths
        if length.isdigit():
            self._read_bytes(int(length), body)
            return True
        body.add(self._came)
        while self._more(fresh=True):
            body.add(self._came)
        self._came = b""
        return False

    def _read_chunks(self, body: Body) -> None:
        size = -1
        while size:
            told = _CHUNK.fullmatch(self._line())
            if told is None:
                raise NotHttp("a chunk of no size")
            size = int(told.group(1), 16)
            self._read_bytes(size, body)
            if size and self._line():
                raise NotHttp("a chunk without end")
        while self._line():
            pass  # headers that come last

    def _read_bytes(self, count: int, body: Body) -> None:
        """Give the body as many bytes as were announced."""
        while count > len(self._came):
            count -= len(self._came)
            body.add(self._came)
            if not self._more(fresh=True):
                raise NotHttp("it ended too early")
        body.add(self._came[:count])
        self._came = self._came[count:]

    def _line(self) -> bytes:
        """The next line, without its end."""
        while b"\n" not in self._came:
            if len(self._came) > _MOST_HEAD:
                raise NotHttp("a line without end")
            if not self._more():
                raise NotHttp("it ended too early")
        line, _end, self._came = self._came.partition(b"\n")
        return line.rstrip(b"\r")

    def _more(self, fresh: bool = False) -> bool:
        """Wait for more, and put it behind what has come, or (``fresh``) in its place. Whether there is more."""
        self._sock.settimeout(_left(self._end))
        piece = self._sock.recv(_PIECE)
        self._most -= len(piece)
        if self._most < 0:
            raise TooLarge
        self._came = piece if fresh else self._came + piece
        return bool(piece)
