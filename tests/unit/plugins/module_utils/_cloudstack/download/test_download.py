# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes as files: what is planned and refused, and downloads from a server that breaks off, lies about sizes, or hands out something else."""

from __future__ import annotations

import hashlib
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.api import Api
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.config import Endpoint
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.download import download, fetch
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.download.plan import Current, File, plan
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Ambiguous,
    BadAnswer,
    Failure,
    InvalidOption,
    NotAllowed,
    NotConverged,
    NotFound,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import large_files
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

UUID = "76edd384-2bd1-44f0-8c34-e9f70e68f829"
VOLUME = {
    "id": UUID,
    "name": "data",
    "zoneid": "z-1",
    "zonename": "zone1",
    "state": "Ready",
    "storageid": "ssd;1",
    "size": 8 << 20,
}
CONTENT = b"QFI\xfb" + bytes(range(256)) * 20_000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
SECRET = "canary-3f2a.qcow2"
OPTIONS = {
    "volume": "data",
    "zone": None,
    "dest": "/srv/x.qcow2",
    "checksum": None,
    "force": False,
    "wait_timeout": 60,
}


def want(**options):
    return download.want({**OPTIONS, **options})


def test_a_file_that_is_not_there_is_downloaded():
    planned = plan(Current(volume=VOLUME), want(checksum=DIGEST))
    assert [(step.call, step.body) for step in planned.steps] == [
        ("extractVolume", {"id": UUID, "zoneid": "z-1", "mode": "HTTP_DOWNLOAD"}),
        ("download", None),
    ]
    assert planned.before is None
    assert (planned.after["checksum"], planned.after["volume_id"]) == (f"sha256:{DIGEST}", UUID)


@pytest.mark.parametrize(
    ("options", "downloads", "loses"),
    [
        ({}, False, False),
        ({"force": True}, True, True),
        ({"checksum": DIGEST}, False, False),
        ({"checksum": DIGEST, "force": True}, False, False),
        ({"checksum": "0" * 64, "force": True}, True, True),
    ],
)
def test_a_file_that_is_there_is_left_unless_it_may_be_replaced(options, downloads, loses):
    planned = plan(Current(File(5, DIGEST), VOLUME), want(**options))
    assert (bool(planned.steps), bool(planned.losses)) == (downloads, loses)
    assert plan(Current(File(5, DIGEST), VOLUME, saved=File(6, "ab")), want(**options)).after["checksum"] == "sha256:ab"


@pytest.mark.parametrize(
    ("current", "failure", "says"),
    [
        (
            Current(others=(VOLUME, {**VOLUME, "name": "dat"})),
            NotFound,
            "no volume .data. with.*CloudStack has data and dat",
        ),
        (Current(is_zone_missing=True, others=({"name": "zone1"},)), NotFound, "CloudStack has zone1"),
        (Current(File(5, "00"), VOLUME), NotAllowed, "is there and has the sha256 checksum 00.*set force"),
        (
            Current(volume={**VOLUME, "vmstate": "Running", "vmname": "web"}),
            NotAllowed,
            "of VM 'web', which is Running.*Stop the VM",
        ),
        (Current(volume={**VOLUME, "state": "Allocated", "storageid": None}), NotAllowed, "never attached has no data"),
    ],
)
def test_what_is_refused(current, failure, says):
    with pytest.raises(failure, match=says):
        plan(current, want(checksum=DIGEST))


def disk_with(there, check=lambda path: None):
    """A disk with this file on it."""
    return download.Disk(lambda path, algorithm: there, check, lambda path: 0, large_files.unfinished)


@pytest.mark.parametrize(
    ("there", "options"), [(None, {}), (large_files.Found(3, DIGEST), {"checksum": "0" * 64, "force": True})]
)
def test_where_no_file_can_be_made_is_told_before_anything_is_copied(there, options):
    def refuse(path):
        raise NotAllowed(f"{path} cannot be written")

    reader = Reader(FakeApi(lists={"listVolumes": [VOLUME]}))
    with pytest.raises(NotAllowed, match="cannot be written"):
        download.look(reader, want(**options), disk_with(there, refuse))
    assert download.look(reader, want(), disk_with(large_files.Found(3, DIGEST), refuse)).there.size == 3


def test_a_look_does_not_mind_volumes_that_are_gone_if_the_file_is_there():
    disk = disk_with(large_files.Found(3, DIGEST))
    none = Reader(FakeApi())
    two = Reader(FakeApi(lists={"listVolumes": [VOLUME, {**VOLUME, "id": "2"}]}))
    assert download.look(none, want(), disk).volume is None
    assert download.look(two, want(), disk).volume is None
    with pytest.raises(Ambiguous, match="2 volumes have the name 'data'"):
        download.look(two, want(checksum="0" * 64), disk)


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("http://10.1.1.1/userdata/a.qcow2", "http://10.1.1.1/userdata/a.qcow2"),
        ("https%3A%2F%2F10-1-1-1.example.com%2Fuserdata%2Fa.qcow2", "https://10-1-1-1.example.com/userdata/a.qcow2"),
        ("ftp://h/a", None),
        ("file:///etc/passwd", None),
        ("http://h/a b", None),
        ("http://h:99999999/", None),
        (None, None),
        ("", None),
    ],
)
def test_the_address_that_cloudstack_tells(told, meant):
    if meant:
        assert fetch.address(told) == meant
    else:
        with pytest.raises(BadAnswer, match="no address"):
            fetch.address(told)


class Server:
    """Hands out CONTENT. ``script`` has what to do with one request after another; then they are answered well."""

    def __init__(self):
        self.script, self.asked = [], []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((self.headers.get("Range"), self.headers.get("If-Range")))
                how = outer.script.pop(0) if outer.script else {}
                outer.answer(self, **how)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    def answer(
        self,
        handler,
        *,
        stops=None,
        status=None,
        content=CONTENT,
        tag='"1"',
        ranges=True,
        length=True,
        says=None,
        wait=0,
        **more,
    ):
        asked, as_of = handler.headers.get("Range"), handler.headers.get("If-Range")
        first = int(asked[6:-1]) if asked and ranges and as_of == tag else 0
        handler.send_response(status or (206 if first else 200))
        if tag:
            handler.send_header("ETag", tag)
        if first:
            handler.send_header(
                "Content-Range", f"bytes {first + more.pop('off', 0)}-{len(content) - 1}/{len(content)}"
            )
        if length:
            handler.send_header("Content-Length", str(says or len(content) - first))
        for name, value in more.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        time.sleep(wait)
        handler.wfile.write(content[first : first + stops] if stops else content[first:])
        handler.close_connection = True


@pytest.fixture
def server():
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


class Out:
    """A file in memory."""

    def __init__(self):
        self.content = b""

    @property
    def size(self):
        return len(self.content)

    def restart(self):
        self.content = b""

    def add(self, piece):
        self.content += piece


def run(
    server, out, *, most=16 << 20, free=1 << 40, seconds=30.0, patience=5.0, retries=2, scheme="http", checked=False
):
    port = server.http.server_address[1]
    place = Endpoint("http://127.0.0.1:1/client/api", "key", "secret", patience, retries, True)
    api = Api(place, sleep=lambda seconds: None, time_left=TimeLeft(seconds))
    fetch.Fetch(api, f"{scheme}://127.0.0.1:{port}/userdata/{SECRET}", out, most, lambda: free, checked).run()


@pytest.mark.parametrize("stops", [1, 4, 70_000, len(CONTENT) - 1])
def test_what_breaks_off_is_taken_up(server, stops):
    server.script = [{"stops": stops}, {"stops": 100_000}]
    out = Out()
    run(server, out)
    assert out.content == CONTENT
    assert server.asked[0] == (None, None)
    assert server.asked[1][1] == '"1"'
    assert 0 < int(server.asked[1][0][6:-1]) <= stops


@pytest.mark.parametrize("says", ["\xb2", "9" * 5000, "-1"], ids=["superscript", "endless", "negative"])
def test_a_length_that_is_no_number_is_none(server, says):
    server.script = [{"says": says}]
    out = Out()
    run(server, out, retries=0, checked=True)
    assert out.content == CONTENT


@pytest.mark.parametrize(
    "then",
    [
        {"content": CONTENT[:-1] + b"!", "tag": '"2"'},  # another file by now
        {"ranges": False},  # a server that knows no ranges
        {"status": 416, "content": b"", "then": "x"},
        {"off": 1},  # the wrong part
    ],
)
def test_what_is_no_rest_of_it_is_not_put_together_with_it(server, then):
    then = {key: value for key, value in then.items() if key != "then"}
    server.script = [{"stops": 70_000}, then]
    if then.get("tag"):
        server.script.append(then)
    out = Out()
    run(server, out)
    assert out.content == then.get("content") or out.content == CONTENT


@pytest.mark.parametrize("tag", [None, 'W/"1"'])
def test_without_a_strong_tag_it_begins_again(server, tag):
    server.script = [{"stops": 70_000, "tag": tag}]
    out = Out()
    run(server, out)
    assert (out.content, server.asked[1]) == (CONTENT, (None, None))


@pytest.mark.parametrize(
    ("script", "options", "failure", "says"),
    [
        ([{"status": 404}], {}, NotConverged, "HTTP 404.*extract.url.expiration.interval"),
        ([{"status": 302, "Location": "http://elsewhere/"}], {}, NotConverged, "HTTP 302"),
        ([{"status": 503}] * 3, {}, NotConverged, "HTTP 503.*secondary storage"),
        ([{"stops": 3}, {"status": 500}], {"retries": 0}, NotConverged, r"HTTP 500\); 3 B of 5,120,004 B came"),
        ([{"content": b"<html>Please log in</html>"}], {}, BadAnswer, "no QCOW2 image"),
        ([{"content": b""}], {}, BadAnswer, "no QCOW2 image"),
        ([{"Content_Encoding": "gzip"}], {}, BadAnswer, "packs the volume"),
        ([{}], {"most": 1000}, BadAnswer, "sends more than 1,000 B"),
        ([{"length": False}], {"most": 1000, "checked": True}, BadAnswer, "sends more than 1,000 B"),
        ([{"length": False, "stops": 70_000}], {}, BadAnswer, "does not say how large the volume is"),
        ([{}], {"free": 1000}, InvalidOption, "there is room for 1,000 B more"),
        ([{"says": 1 << 62}], {}, BadAnswer, "sends more than"),
        ([{"wait": 3}] * 5, {"patience": 0.3, "retries": 1}, NotConverged, "nothing came within 0.3 s|timed out"),
        ([{"wait": 5}], {"seconds": 1.0}, NotConverged, r"1 s \(wait_timeout\) were not enough"),
        ([], {"scheme": "https"}, Failure, "TLS"),
    ],
)
def test_downloads_that_fail(server, script, options, failure, says):
    server.script = list(script)
    begun = time.monotonic()
    with pytest.raises(failure, match=says) as caught:
        run(server, Out(), **options)
    assert time.monotonic() - begun < 20
    told = caught.value.result()
    assert SECRET not in repr(told)
    assert told["call"].startswith(("GET http://127.0.0.1:", "GET https://127.0.0.1:"))


def test_nobody_writes_after_the_time_is_over(server):
    server.script = [{"wait": 1.6}]
    out = Out()
    with pytest.raises(NotConverged, match="were not enough"):
        run(server, out, seconds=1.0)
    size = out.size
    time.sleep(1.2)
    assert out.size == size


def test_a_job_that_ends_without_a_volume_is_no_answer():
    run_of_it = download.Download(download.Disk(None, None, None, None))
    worker = SimpleNamespace(apply=lambda step: {"success": True})
    with pytest.raises(BadAnswer, match="without an answer"):
        run_of_it.carry(None, worker)(SimpleNamespace(call="extractVolume"))
