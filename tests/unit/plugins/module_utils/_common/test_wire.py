# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers that answer slowly, without end, with too much or with half: both products' calls end in time, in a known way."""

from __future__ import annotations

import gzip
import signal
import socket
import threading
import time
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection import api as cloudstack
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection import (
    config as cloudstack_config,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common import wire
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    BadAnswer,
    ReplyLost,
    Unreachable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Step
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import api as storpool
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import config as storpool_config
from unit.plugins.module_utils._common.bad_server import BadServer, before, chunked, dripping, raw, whole

SECONDS = 0.5
#: How long a call may take that has half a second, on a machine that does other things as well.
PATIENCE = 8
#: How often a call is made that has half a second, until it is sent in that time.
ATTEMPTS = 5
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
TOKEN = "1234567890123456789"


def storpool_api(server, seconds=SECONDS, retries=0):
    host, port = ("127.0.0.1", server.port) if isinstance(server, BadServer) else server
    return storpool.Api(storpool_config.Endpoint(host, port, TOKEN, seconds, retries), sleep=lambda _seconds: None)


def cloudstack_api(server, seconds=SECONDS, retries=0):
    host, port = ("127.0.0.1", server.port) if isinstance(server, BadServer) else server
    url = f"http://{host}:{port}/client/api"
    return cloudstack.Api(
        cloudstack_config.Endpoint(url, "the-key", "the-secret", seconds, retries, True), sleep=lambda _seconds: None
    )


def of_storpool(server, **how):
    return lambda: storpool_api(server, **how).get("VolumesList")


def of_cloudstack(server, **how):
    return lambda: cloudstack_api(server, **how).read("listZones")


BOTH = pytest.mark.parametrize("call", [of_storpool, of_cloudstack])


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@BOTH
@pytest.mark.parametrize(
    "answer",
    [
        dripping(b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nX-", b"y"),
        dripping(HEAD + b"Content-Length: 100000\r\n\r\n"),
        dripping(HEAD + b"\r\n{"),
        dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        dripping(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
        dripping(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b" " * 100)[:12], b"\0"),
        dripping(b"HTTP/1.1 301 Moved\r\nLocation: /elsewhere\r\nContent-Length: 100000\r\n\r\n"),
        dripping(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        dripping(b""),
    ],
    ids=[
        "headers",
        "a header",
        "body",
        "body without length",
        "chunks",
        "size of a chunk",
        "gzip",
        "redirect",
        "continue",
        "anything",
    ],
)
def test_a_server_that_drips_outlives_no_call(call, answer):
    for _attempt in range(ATTEMPTS):
        with BadServer(answer) as server:
            start = time.monotonic()
            with pytest.raises((ReplyLost, BadAnswer, Unreachable)) as failure:
                call(server)()
            assert time.monotonic() - start < PATIENCE
            assert server.address in failure.value.message
            if server.comes_to(lambda server: server.requests):
                break
    assert not isinstance(failure.value, Unreachable)
    assert len(server.requests) == 1


@BOTH
def test_each_try_has_the_whole_time(call):
    for _attempt in range(ATTEMPTS):
        with BadServer(dripping(HEAD + b"Content-Length: 100000\r\n\r\n")) as server:
            start = time.monotonic()
            with pytest.raises((ReplyLost, Unreachable)) as failure:
                call(server, retries=2)()
            assert 3 * SECONDS <= time.monotonic() - start < 3 * PATIENCE
            told = "did not answer to the end within 0.5 s" in failure.value.message
            if server.comes_to(lambda server: len(server.requests) == 3) and told:
                break
    assert told
    assert len(server.requests) == 3


@BOTH
def test_a_name_that_is_looked_up_for_ever_is_given_up_and_nothing_is_sent_later(call, monkeypatch):
    found = threading.Event()
    real = socket.getaddrinfo
    with BadServer(whole(b"{}")) as server:

        def slowly(_host, _port, *args, **kwargs):
            found.wait(20)
            return real("127.0.0.1", server.port, *args, **kwargs)

        monkeypatch.setattr(socket, "getaddrinfo", slowly)
        with pytest.raises(Unreachable, match="nothing was sent"):
            call(("slow.example.com", server.port))()
        found.set()
        time.sleep(0.3)
        assert not server.requests


def test_a_server_that_accepts_and_says_nothing_over_tls_was_sent_nothing():
    with BadServer(raw()) as server:
        place = cloudstack_config.Endpoint(f"https://{server.address}/client/api", "k", "s", SECONDS, 0, True)
        start = time.monotonic()
        with pytest.raises(Unreachable, match="nothing was sent"):
            cloudstack.Api(place).read("listZones")
        assert time.monotonic() - start < PATIENCE


@BOTH
@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (raw(HEAD + b"Content-Length: 50\r\n\r\n{"), ReplyLost),
        (raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"), ReplyLost),
        (raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n{}\r\n0\r\n\r\n"), ReplyLost),
        (raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n{}"), ReplyLost),
        (raw(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"), ReplyLost),
        (raw(HEAD + b"Content-Length: -5\r\n\r\n{}"), BadAnswer),
        (raw(HEAD + b"Content-Length: abc\r\n\r\n{}"), BadAnswer),
        (raw(HEAD + b"Content-Length: \xb2\r\n\r\n{}"), BadAnswer),
        (raw(b"\0\1\2\3 hello\r\n\r\n"), ReplyLost),
        (raw(b""), ReplyLost),
        (whole(b"not gzip", "Content-Encoding: gzip"), BadAnswer),
        (whole(gzip.compress(b"{}")[:-3], "Content-Encoding: gzip"), BadAnswer),
        (whole(gzip.compress(gzip.compress(b"{}")), "Content-Encoding: gzip, gzip"), BadAnswer),
        (whole(b"{}", "Content-Encoding: br"), BadAnswer),
        (whole(b"", status="302 Found"), BadAnswer),
        (whole(b"{}", "Location: http://[::1", status="302 Found"), BadAnswer),
        (whole(b"{}", "Content-Type: application/json; charset=no-such"), BadAnswer),
    ],
)
def test_broken_answers_are_of_a_known_kind(call, answer, kind):
    with BadServer(answer) as server:
        with pytest.raises((ReplyLost, BadAnswer)) as failure:
            call(server, seconds=5)()
        assert failure.type is kind, failure.value.message


def bomb(megabytes, compress):
    piece, count = b" " * (1 << 20), megabytes
    return b"".join([*(compress.compress(piece) for _number in range(count)), compress.flush()])


@BOTH
@pytest.mark.parametrize("bits", [zlib.MAX_WBITS + 16, zlib.MAX_WBITS], ids=["gzip", "deflate"])
def test_a_bomb_is_read_no_further_than_to_the_limit(call, bits, monkeypatch):
    monkeypatch.setattr(wire, "MOST_BYTES", 4 << 20)
    body = bomb(64, zlib.compressobj(9, zlib.DEFLATED, bits))
    with BadServer(whole(body, "Content-Encoding: " + ("gzip" if bits > 15 else "deflate"))) as server:
        tracemalloc.start()
        try:
            with pytest.raises(BadAnswer, match="more than 4 MiB"):
                call(server, seconds=20)()
            assert tracemalloc.get_traced_memory()[1] < 32 << 20
        finally:
            tracemalloc.stop()


@BOTH
@pytest.mark.parametrize(
    "head",
    [b"\r\n", b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", b"Content-Length: 999999999999\r\n\r\n", b"X-Long: "],
    ids=["body", "a chunk of -1", "a length that is none", "headers"],
)
def test_what_has_no_end_is_read_no_further_than_to_the_limit(call, head, monkeypatch):
    monkeypatch.setattr(wire, "MOST_BYTES", 1 << 20)
    with BadServer(dripping(HEAD + head, b" " * (1 << 18), 0)) as server, pytest.raises((BadAnswer, ReplyLost)):
        call(server, seconds=20)()


def test_a_body_that_is_as_large_as_may_be_is_read(monkeypatch):
    body = b'{"data": []' + b" " * 4000 + b"}"
    monkeypatch.setattr(wire, "MOST_BYTES", len(body))
    for answer in (whole(body), whole(gzip.compress(body), "Content-Encoding: gzip")):
        with BadServer(answer) as server:
            assert storpool_api(server, seconds=20).get("VolumesList") == []


def test_a_connection_is_kept_for_the_next_call():
    with BadServer(whole(b'{"data": []}')) as server:
        api = storpool_api(server, seconds=20)
        for _number in range(3):
            api.get("VolumesList")
        assert (server.connections, len(server.requests)) == (1, 3)


def test_a_call_after_one_that_was_given_up_uses_another_connection():
    answers = [dripping(HEAD + b"Content-Length: 100000\r\n\r\n")]

    def each_in_turn(*talk):
        return (answers.pop() if answers else whole(b'{"data": []}'))(*talk)

    with BadServer(each_in_turn) as server:
        # Where this machine is so busy that the second one is given up, too, there is a third.
        assert storpool_api(server, retries=5).get("VolumesList") == []
        assert 2 <= len(server.requests) <= server.connections


@BOTH
@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example.com", "no-such-host.invalid", "ex ample", "[::1"])
def test_what_cannot_be_an_address_was_sent_nothing(call, host):
    with pytest.raises(Unreachable, match="nothing was sent"):
        call((host, 81), seconds=10)()


def test_a_change_that_was_given_up_may_have_taken_effect():
    with BadServer(dripping(HEAD + b"Content-Length: 100000\r\n\r\n")) as server:
        with pytest.raises(ReplyLost, match="may still take effect"):
            storpool_api(server).apply(Step("VolumeDelete", "~a.b.1", None, "delete it"))
        with pytest.raises(ReplyLost, match="may still take effect"):
            cloudstack_api(server).change("deleteVolume", {"id": "1"})
        server.wait_for(lambda server: len(server.requests) == 2)


def test_a_connection_that_has_ended_meanwhile_is_made_again_and_the_request_is_sent_once():
    with BadServer(whole(b'{"data": []}', keep=False)) as server:
        api = storpool_api(server, seconds=20)
        for number in range(3):
            api.get("VolumesList")
            server.wait_for(lambda server, number=number: server.ended == number + 1)
            time.sleep(0.05)  # the way of its end to here
        assert (server.connections, len(server.requests)) == (3, 3)


def test_what_nobody_has_asked_for_is_not_taken_for_the_next_answer():
    said = threading.Semaphore(0)

    def twice(connection, *talk):
        whole(b'{"data": []}')(connection, *talk)
        whole(b'{"data": [{"a": "lie"}]}')(connection, *talk)
        said.release()
        return True

    with BadServer(twice) as server:
        api = storpool_api(server, seconds=20)
        for _number in range(3):
            assert api.get("VolumesList") == []
            assert said.acquire(timeout=60)
            time.sleep(0.05)  # its way to here


@pytest.mark.parametrize(
    ("answer", "connections"),
    [
        (raw(HEAD + b'\r\n{"data": []}'), 2),
        (whole(b'{"data": []}', "Connection: close"), 2),
        (whole(b'{"data": []}', "Connection: keep-alive"), 1),
        (whole(b'{"data": []}', "content-length: 12", "X-Odd", "X-Odd:"), 1),
        (chunked(b'3\r\n{"d\r\n9;a=b\r\nata": []}\r\n0\r\nX-Late: 1\r\n\r\n'), 1),
        (before(b"HTTP/1.1 100 Continue\r\n\r\n"), 1),
        (whole(gzip.compress(b'{"data": []}'), "Content-Encoding: gzip"), 1),
        (whole(zlib.compress(b'{"data": []}'), "Content-Encoding: Deflate"), 1),
    ],
    ids=["no length", "close", "keep", "twice", "chunks", "continue", "gzip", "deflate"],
)
def test_answers_are_read_in_every_form_that_http_has(answer, connections):
    with BadServer(answer) as server:
        api = storpool_api(server, seconds=20)
        assert (api.get("VolumesList"), api.get("VolumesList")) == ([], [])
        assert (server.connections, len(server.requests)) == (connections, 2)


@settings(max_examples=30)
@given(st.lists(st.integers(1, 40), max_size=12), st.booleans())
def test_an_answer_is_the_same_however_it_is_cut(cuts, in_chunks):
    body = b'{"data": []}'
    told = b"Transfer-Encoding: chunked\r\n\r\n5\r\n" + body[:5] + b"\r\n7\r\n" + body[5:] + b"\r\n0\r\n\r\n"
    answer = HEAD + (told if in_chunks else b"Content-Length: 12\r\n\r\n" + body)

    def in_pieces(connection, _head, _body):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        left = answer
        for cut in cuts:
            connection.sendall(left[:cut])
            time.sleep(0.001)
            left = left[cut:]
        connection.sendall(left)
        return True

    with BadServer(in_pieces) as server:
        api = storpool_api(server, seconds=20)
        assert (api.get("VolumesList"), api.get("VolumesList")) == ([], [])
        assert server.connections == 1


def test_each_address_of_a_name_is_tried(monkeypatch):
    real = socket.getaddrinfo
    with BadServer(whole(b'{"data": []}')) as server, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # so nobody else has it, and nobody listens
        closed = taken.getsockname()[1]

        def two(_host, _port, *args, **kwargs):
            return [one for port in (closed, server.port) for one in real("127.0.0.1", port, *args, **kwargs)]

        monkeypatch.setattr(socket, "getaddrinfo", two)
        assert storpool_api(("two.example.com", server.port), seconds=20).get("VolumesList") == []
        assert "Host: two.example.com:" in server.requests[0][0]


def test_a_server_that_does_not_read_is_given_up_and_may_have_got_it():
    def never_reading(_connection, _head, _body):
        time.sleep(3)

    with BadServer(never_reading, reads=False) as server:
        start = time.monotonic()
        with pytest.raises(ReplyLost, match="may still take effect"):
            storpool_api(server).apply(Step("VolumeUpdate", "a", {"tags": {"a": "x" * (32 << 20)}}, "tag it"))
        assert time.monotonic() - start < PATIENCE


def test_a_call_that_is_interrupted_leaves_no_answer_for_the_next():
    interrupted = threading.Event()

    def late(connection, head, body):
        if b"Volume/slow" in head:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)
            interrupted.wait(60)
            return whole(b'{"data": ["late"]}')(connection, head, body)
        return whole(b'{"data": []}')(connection, head, body)

    def interrupt(_signal, _frame):
        raise KeyboardInterrupt

    before_it = signal.signal(signal.SIGALRM, interrupt)
    try:
        with BadServer(late) as server:
            api = storpool_api(server, seconds=60)
            with pytest.raises(KeyboardInterrupt):
                api.get("Volume", "slow")
            interrupted.set()
            assert api.get("VolumesList") == []
            assert server.connections == 2
    finally:
        signal.signal(signal.SIGALRM, before_it)
