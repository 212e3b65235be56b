# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls: signatures, the time-outs, pages, what is an answer and what is not, and that no secret is in an error."""

from __future__ import annotations

import json
import subprocess
import sys
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack import api as http
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.config import Endpoint
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    ApiError,
    BadAnswer,
    NotConfigured,
    Outdated,
    ReplyLost,
    TransientError,
    Unauthorized,
    Unreachable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.time_left import TimeLeft
from simulators.cloudstack.signature import sign

KEY, SECRET, TOKEN = "canary-key", "canary-secret", "canary-token"
URL = "http://cloud.example.com:8080/client/api"


class Wire(requests.adapters.BaseAdapter):
    """In place of a connection: answers in turn, or raises; ``requests`` holds what was sent."""

    def __init__(self, *answers):
        super().__init__()
        self.answers = list(answers)
        self.sent = []

    def send(self, request, timeout=None, **kwargs):
        self.sent.append((request.method, request.url, dict(parse_qsl(request.body, keep_blank_values=True)), timeout))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        status, body, headers = answer
        response = requests.Response()
        response.status_code, response.url, response.request = status, request.url, request
        response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        response.headers.update({"Content-Type": "application/json;charset=UTF-8", **headers})
        return response

    def close(self):
        pass


def connect(*answers, **endpoint):
    pauses = []
    values = {"url": URL, "key": KEY, "secret": SECRET, "timeout": 7.0, "retries": 2, "verify": True, **endpoint}
    api = http.Api(Endpoint(**values), [TOKEN], sleep=pauses.append)
    wire = Wire(*answers)
    api._session.mount("http://", wire)
    return api, wire, pauses


def ok(inner, name="listxresponse"):
    return 200, {name: inner}, {}


def error(code, text, **headers):
    return code, {"xresponse": {"uuidList": [], "errorcode": code, "cserrorcode": 4350, "errortext": text}}, headers


def test_every_call_is_a_post_without_a_secret_in_its_address():
    api, wire, _pauses = connect(ok({"zone": []}))
    assert api.read("listZones", name="a;b~c ü", listall=True, id=None) == {"zone": []}
    [(method, url, sent, timeout)] = wire.sent
    assert (method, url) == ("POST", URL)
    assert (sent["command"], sent["name"], sent["listall"], sent["apiKey"]) == ("listZones", "a;b~c ü", "true", KEY)
    assert "id" not in sent
    assert timeout == (7.0, 7.0)
    assert sent.pop("signature") == sign(sent, SECRET)


@given(st.dictionaries(st.from_regex(r"[a-z]{1,8}(\[0\]\.[A-Z_]{1,5})?", fullmatch=True), st.text(), max_size=5))
def test_the_signature_is_the_one_of_the_management_server(params):
    assert http.signature(params, SECRET) == sign(params, SECRET)


def test_long_calls_have_their_own_time():
    api, wire, _pauses = connect(ok({}))
    api.change("createStoragePool", {}, 900)
    assert wire.sent[0][3] == (10.0, 900)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (error(530, "Failed to add data store: x"), ApiError, "530: Failed to add data store"),
        (error(431, "invalid value ... or entity does not exist or"), Outdated, "431"),
        (error(530, "already in use by pool NAME"), Outdated, "already in use"),
        (error(432, "The given command does not exist"), ApiError, "432"),
        (error(503, "Maintenance or Shutdown has been initiated"), TransientError, "503"),
        (error(401, "unable to verify"), Unauthorized, "api_key and api_secret.*clock"),
        ((200, {"data": [], "generation": 1}, {}), BadAnswer, "not StorPool's"),
        ((200, {"error": {"name": "x", "descr": "y"}}, {}), BadAnswer, "not StorPool's"),
        ((200, b"<html>hello</html>", {"Content-Type": "text/html"}), BadAnswer, "text/html.*hello.*client/api"),
        ((500, b"<html>oops</html>", {"Content-Type": "text/html"}), BadAnswer, "HTTP 500.*oops"),
        ((503, b"starting", {"Content-Type": "text/html"}), BadAnswer, "may still be starting"),
        ((504, b"gateway", {"Content-Type": "text/html"}), ReplyLost, "proxy"),
        ((301, b"", {"Location": "/client"}), BadAnswer, "redirects to '/client'"),
        ((200, b"[1]", {}), BadAnswer, "not as CloudStack"),
        ((200, b"\xff\x00", {}), BadAnswer, "not as CloudStack"),
        (requests.exceptions.ConnectTimeout("x"), Unreachable, "api_url"),
        (requests.exceptions.ReadTimeout("x"), ReplyLost, "7 s"),
        (
            requests.exceptions.SSLError("certificate verify failed: unknown (_ssl.c:1)"),
            NotConfigured,
            "api_verify_ssl_cert",
        ),
        (
            requests.exceptions.ConnectionError(
                Exception("Connection aborted.", ConnectionResetError(104, "Connection reset by peer"))
            ),
            ReplyLost,
            r"\(Connection reset by peer\)",
        ),
    ],
)
def test_what_an_answer_means(answer, kind, words):
    api, _wire, _pauses = connect(answer)
    with pytest.raises(kind, match=words) as failure:
        api.change("createStoragePool", {"url": f"storpool://{TOKEN}@h:81/t"})
    assert failure.value.call == "POST createStoragePool"
    assert failure.type is kind
    assert "canary" not in repr(failure.value.result())


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (3600, "The clock of this host is 3600 s behind that of the management server"),
        (-3600, "The clock of this host is 3600 s ahead of that of the management server"),
        (100, "The clock of this host agrees"),
    ],
)
def test_clocks_that_differ_are_told_when_a_signature_is_refused(monkeypatch, ahead, words):
    monkeypatch.setattr(http.time, "time", lambda: 1_800_000_000.0)
    api, _wire, _pauses = connect(error(401, "no", Date=formatdate(1_800_000_000 + ahead)))
    with pytest.raises(Unauthorized, match=words):
        api.read("listStoragePools")


def test_secrets_that_cloudstack_quotes_are_replaced():
    api, _wire, _pauses = connect(
        error(
            530,
            f"Bad url storpool://other-token@h:81/t and SP_API_HTTP=h;SP_AUTH_TOKEN=third;SP_TEMPLATE=x {TOKEN} {KEY} {SECRET}",
        )
    )
    with pytest.raises(ApiError) as failure:
        api.change("createStoragePool", {})
    told = repr(failure.value.result())
    assert "storpool://***@h:81/t" in told
    assert "SP_AUTH_TOKEN=***;SP_TEMPLATE=x *** *** ***" in told
    assert not any(secret in told for secret in ("canary", "other-token", "third"))
    assert failure.value.name == "530"


def test_reads_are_tried_again_and_changes_are_not():
    refused = requests.exceptions.ConnectTimeout("no")
    api, wire, pauses = connect(refused, error(503, "soon"), ok({"a": 1}))
    assert api.read("listZones") == {"a": 1}
    assert pauses == [1.0, 2.0]
    api, wire, pauses = connect(refused, refused, refused, refused)
    with pytest.raises(Unreachable):
        api.read("listZones")
    assert len(wire.sent) == 3
    api, wire, pauses = connect(refused)
    with pytest.raises(Unreachable):
        api.change("updateStoragePool", {})
    assert (len(wire.sent), pauses) == (1, [])


def test_lists_are_read_to_their_end_in_pages_of_the_size_that_the_server_gives():
    rows = [{"id": number} for number in range(5)]
    api, wire, _pauses = connect(
        ok({"count": 5, "host": rows[:2]}), ok({"count": 5, "host": rows[2:4]}), ok({"count": 5, "host": rows[4:]})
    )
    assert api.rows("listHosts", "host", type="Routing") == rows
    assert [(sent.get("page"), sent.get("pagesize")) for _method, _url, sent, _timeout in wire.sent] == [
        (None, None),
        ("2", "2"),
        ("3", "2"),
    ]


def test_an_empty_list_has_no_keys_and_one_that_shrinks_ends():
    api, wire, _pauses = connect(ok({}))
    assert api.rows("listHosts", "host") == []
    api, wire, _pauses = connect(ok({"count": 3, "host": [{"id": 1}, {"id": 2}]}), ok({}))
    assert len(api.rows("listHosts", "host")) == 2
    assert len(wire.sent) == 2


def test_what_cs_would_load_for_its_other_client_is_not_loaded_and_stays_usable():
    code = f"import sys, {http.__name__} as api; assert 'aiohttp' not in sys.modules; import aiohttp; print(api.CloudStack.__module__)"
    path = Path(http.__file__).parents[6]
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("cs.client\n", "")


def test_no_call_and_no_retry_outlives_the_time_of_the_task():
    now = [2.0]
    api, wire, _pauses = connect(*[requests.exceptions.ReadTimeout("x")] * 3)
    api.time_left = TimeLeft(3, clock=lambda: now[0])
    api.sleep = lambda seconds: now.__setitem__(0, now[0] + 1.5 * seconds)
    with pytest.raises(ReplyLost, match=r"within 1\.5 s"):
        api.read("listZones")
    now[0] = 100.0
    with pytest.raises(ReplyLost, match="within 1 s"):
        api.change("createStoragePool", {}, 900)
    assert [timeout for *_rest, timeout in wire.sent] == [(3.0, 3.0), (1.5, 1.5), (1.0, 1.0)]
