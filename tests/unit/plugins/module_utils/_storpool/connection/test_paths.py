# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A name that is accepted is the name that a server gets: what ``requests`` really sends, decoded as a server decodes it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import ApiError, InvalidOption
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Step
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import names
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.api import Api
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.config import Endpoint

ROOT = "/ctrl/1.0/"
#: The call of each kind that carries a name, and the check that the name has passed by then.
CALLS = {
    "volume": ("Volume", lambda text: names.reference(text, "name", "volume")),
    "snapshot": ("Snapshot", lambda text: names.reference(text, "name", "snapshot")),
    "new snapshot": ("Snapshot", lambda text: names.new_snapshot_name(text, "name")),
    "template": ("VolumeTemplateDescribe", lambda text: names.name(text, "name", "template")),
    "placement group": ("PlacementGroupDelete", lambda text: names.name(text, "name", "placement group")),
    "global id": ("Volume", lambda text: "~" + names.global_id(text, "global_id")),
}
AWKWARD = [
    ".",
    "..",
    "...",
    "a/..",
    "./a",
    "../x",
    "a.",
    ".a",
    "a/",
    "/",
    "//",
    "",
    "~",
    "~.",
    "~..",
    "~a.b.c",
    "~...",
    "a.b.c",
    "#",
    "#.",
    "#..",
    "?a",
    "a?b",
]
AWKWARD += [
    "%2e",
    "%2e%2e",
    "%2F",
    "a%00",
    "%",
    "%25",
    ";a",
    "a;b",
    "*a",
    "*.",
    "*..",
    "@",
    "a@1",
    ":",
    "::",
    "a:b",
    "http:",
    "list",
    "\\",
    "a\\..",
    "..\n",
    "é",
    "a b",
    " ",
]
TEXT = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.sampled_from("aB9_-.:@*#~ /%?;&=+\\é"), max_size=8),
    st.from_regex(r"\A[A-Za-z0-9_\-.:@*#~]{1,12}\Z"),
    st.from_regex(r"\A~?[a-z0-9]{1,3}\.[a-z0-9]{1,2}\.[a-z0-9]{1,3}\Z"),
)


@pytest.fixture(scope="module")
def server():
    """A server that notes the paths of requests as they came over the wire."""
    paths: list[str] = []

    class Noting(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            paths.append(self.path)
            body = json.dumps({"error": {"name": "objectDoesNotExist", "descr": "no", "transient": False}}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - the names that the library calls

        def log_message(self, *args):
            """Nothing to say."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Noting) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield paths, Api(Endpoint("127.0.0.1", httpd.server_address[1], "token", 10.0, 0))
        httpd.shutdown()
        thread.join()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("what", CALLS)
@given(text=TEXT)
@example(text=".")
@example(text="..")
@example(text="#..")
def test_the_path_that_is_sent_decodes_to_the_name_that_was_given(server, what, method, text):
    paths, api = server
    call, check = CALLS[what]
    try:
        target = check(text)
    except InvalidOption:
        return  # nothing is sent
    del paths[:]
    with pytest.raises(ApiError, match="objectDoesNotExist"):
        api.apply(Step(call, target, None, "look", method=method))
    [path] = paths
    assert path.startswith(ROOT + call + "/")
    parts = urlsplit("http://server" + path)
    assert (parts.query, parts.fragment) == ("", "")
    assert [unquote(part) for part in parts.path[len(ROOT) :].split("/")] == [call, target]
    assert target in (text, "~" + text)


@pytest.mark.parametrize("what", CALLS)
@pytest.mark.parametrize("text", [".", "..", "", "/", "a/..", "../x", "?a", "%2e%2e", "~", "~..", "..\n"])
def test_what_a_path_swallows_is_refused(what, text):
    with pytest.raises(InvalidOption, match=r"^(name|global_id)( is empty)?: "):
        CALLS[what][1](text)
