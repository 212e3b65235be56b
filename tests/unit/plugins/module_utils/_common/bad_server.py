# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on loopback that answers each connection as a function of the test's says, byte by byte if it likes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class BadServer:
    """Listens until the ``with`` ends. ``answer`` is called with a connection and the request that came over it, in a thread of its own.

    Unless it ``reads``, the request is left where it is.
    """

    def __init__(self, answer, reads=True):
        self._answer = answer
        self._reads = reads
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.requests = []
        self.connections = self.ended = 0

    def __enter__(self):
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(60)  # else it might accept what is for the next server, whose socket gets the same number
        self._socket.close()

    def wait_for(self, condition):
        """A client may be done before the server's threads have come to run."""
        assert self.comes_to(condition, 60), (self.connections, self.ended, self.requests)

    def comes_to(self, condition, seconds=2):
        """Whether that happens which a server would do at once on a machine that is not busy."""
        end = time.monotonic() + seconds
        while not condition(self) and time.monotonic() < end:
            time.sleep(0.005)
        return condition(self)

    def _serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._socket.accept()
                self.connections += 1
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        with connection, contextlib.suppress(OSError):
            self._answer_all(connection)
        self.ended += 1

    def _answer_all(self, connection):
        connection.settimeout(20)
        if not self._reads:
            self._answer(connection, b"", b"")
        while self._reads:
            request = b""
            while b"\r\n\r\n" not in request:
                piece = connection.recv(65536)
                if not piece:
                    return
                request += piece
            head, _end, body = request.partition(b"\r\n\r\n")
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
            )
            while len(body) < length:
                body += connection.recv(65536)
            self.requests.append((head.decode(), body))
            if not self._answer(connection, head, body):
                return


def whole(body, *headers, status="200 OK", keep=True):
    """A complete answer."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]

    def answer(connection, _head, _body):
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        return keep

    return answer


def chunked(body):
    """A complete answer whose body is in chunks."""
    return before(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body, None)


def before(start, answer=b'{"data": []}'):
    """An answer after something else."""

    def both(connection, head, body):
        connection.sendall(start)
        return answer is None or whole(answer)(connection, head, body)

    return both


def dripping(start, piece=b" ", seconds=0.05, most=400):
    """An answer that never ends: ``start`` at once, then a piece now and then."""

    def answer(connection, _head, _body):
        connection.sendall(start)
        for _number in range(most):
            connection.sendall(piece)
            time.sleep(seconds)
        return False

    return answer


def raw(*pieces):
    """These bytes and the end of the connection."""

    def answer(connection, _head, _body):
        for piece in pieces:
            connection.sendall(piece)
        return False

    return answer
