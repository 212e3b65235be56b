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

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection import api as http
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.config import Endpoint
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
from unit.plugins.module_utils._common.bad_server import BadServer, raw, whole

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
        if isinstance(body, dict) and "listxresponse" in body:
            body = {f"{self.sent[-1][2]['command'].lower()}response": body["listxresponse"]}
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
        ((503, b"starting", {"Content-Type": "text/html"}), ReplyLost, "still starting"),
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


def hosts(*numbers):
    return [{"id": f"h-{number}", "name": f"host{number}"} for number in numbers]


def pages(wire):
    return [(sent.get("page"), sent.get("pagesize")) for _method, _url, sent, _timeout in wire.sent]


def test_lists_are_read_to_their_end_in_pages_of_the_size_that_the_server_gives():
    api, wire, _pauses = connect(
        ok({"count": 5, "host": hosts(1, 2)}),
        error(431, "Page size is not valid"),
        ok({"count": 5, "host": hosts(3, 4)}),
        ok({"count": 5, "host": hosts(5)}),
    )
    assert api.rows("listHosts", "host", type="Routing") == hosts(1, 2, 3, 4, 5)
    assert pages(wire) == [(None, None), (None, "-1"), ("2", "2"), ("3", "2")]


def test_a_list_without_a_limit_is_asked_for_once_and_not_tried_again():
    late = requests.exceptions.ReadTimeout("x")
    first, rest = ok({"count": 3, "host": hosts(1, 2)}), ok({"count": 3, "host": hosts(3)})
    api, wire, pauses = connect(first, late, rest, first, rest)
    for _round in range(2):
        assert api.rows("listHosts", "host") == hosts(1, 2, 3)
    assert pages(wire) == [(None, None), (None, "-1"), ("2", "2"), (None, None), ("2", "2")]
    assert not pauses
    api, wire, _pauses = connect(first, ok({"count": 3, "host": hosts(1, 2, 3)}))
    assert api.rows("listHosts", "host") == hosts(1, 2, 3)
    assert pages(wire) == [(None, None), (None, "-1")]


def test_an_empty_list_has_no_keys_and_neither_has_a_page_beyond_the_end():
    api, wire, _pauses = connect(ok({}))
    assert api.rows("listHosts", "host") == []
    api, wire, _pauses = connect(ok({"count": 2, "host": hosts(1, 2)}), ok({"count": 2}))
    assert api.rows("listHosts", "host") == hosts(1, 2)
    assert len(wire.sent) == 2


def test_a_server_that_is_drained_is_asked_again():
    text = "A shutdown has been triggered. Can not accept new jobs"
    refused = (
        530,
        {"reconnecthostresponse": {"uuidList": [], "errorcode": 530, "cserrorcode": 4250, "errortext": text}},
        {},
    )
    other = error(530, "A shutdown has not been triggered")
    html = 503, b"<html>503</html>", {"Content-Type": "text/html"}
    api, _wire, pauses = connect(refused, html, ok({"zone": hosts(1)}))
    assert api.read("listZones") == {"zone": hosts(1)}
    assert pauses == [1.0, 2.0]
    api, _wire, pauses = connect(refused)
    with pytest.raises(TransientError, match="530: A shutdown has been triggered") as failure:
        api.change("enableStorageMaintenance", {"id": "1"})
    assert failure.value.error["transient"] is True
    api, _wire, _pauses = connect(other)
    with pytest.raises(ApiError, match="530") as failure:
        api.change("cancelShutdown", {})
    assert failure.type is ApiError


def test_of_a_stack_trace_the_first_line_is_shown():
    text = "\n Failed: Could not execute storpool_confget.\r\n\tat com.cloud.Foo.bar(Foo.java:7)\n\tat com.cloud.Baz.run(Baz.java:9)"
    api, _wire, _pauses = connect(error(530, text))
    with pytest.raises(ApiError, match=r"530: Failed: Could not execute storpool_confget\.$") as failure:
        api.change("createStoragePool", {})
    assert failure.value.error["descr"] == "Failed: Could not execute storpool_confget."
    api, _wire, _pauses = connect(error(431, "java.lang.Oops\n\tat a\nthe entity does not exist"))
    with pytest.raises(Outdated):
        api.change("updateStoragePool", {})


@pytest.mark.parametrize(
    ("command", "params", "inner"),
    [
        ("listHosts", {}, {"count": 1, "host": [{"id": "h-1"}]}),
        ("listHosts", {}, {"count": 1, "host": {"id": "h-1", "name": "h"}}),
        ("listHosts", {"zoneid": "z-1"}, {"host": [{"id": "h-1", "name": "h", "zoneid": "z-2"}]}),
        ("listStoragePools", {"id": "p-1"}, {"storagepool": [{"id": "p-2", "name": "p", "state": "Up"}]}),
    ],
)
def test_rows_that_are_none_or_of_something_else_are_a_bad_answer(command, params, inner):
    api, _wire, pauses = connect(ok(inner))
    with pytest.raises(BadAnswer, match=r"^CloudStack at http://cloud.example.com:8080/client/api answered") as failure:
        api.rows(command, "host" if "host" in inner else "storagepool", **params)
    assert failure.value.call == f"POST {command}"
    assert not pauses


def test_the_answer_to_another_command_is_none():
    api, _wire, _pauses = connect((200, {"listpodsresponse": {}}, {}))
    with pytest.raises(BadAnswer, match="not as CloudStack does"):
        api.read("listZones")


def test_a_change_of_another_object_is_a_bad_answer():
    api, _wire, _pauses = connect((200, {"updatestoragepoolresponse": {"storagepool": {"id": "p-2"}}}, {}))
    with pytest.raises(BadAnswer, match="something else than what was to be changed"):
        api.change("updateStoragePool", {"id": "p-1"})


PROXY = "http://someone:proxy-canary@127.0.0.1:{0}"


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("http_proxy", URL),
        ("HTTP_PROXY", URL),
        ("https_proxy", URL.replace("http:", "https:")),
        ("HTTPS_PROXY", URL.replace("http:", "https:")),
        ("ALL_PROXY", URL),
        ("all_proxy", URL.replace("http:", "https:")),
    ],
)
def test_a_proxy_that_is_not_there_is_named_with_its_variable(monkeypatch, variable, url):
    proxied(monkeypatch, **{variable: PROXY.format(9)})
    api = http.Api(Endpoint(url, KEY, SECRET, 20.0, 0, True))
    with pytest.raises(Unreachable) as failure:
        api.change("createStoragePool", {})
    told = failure.value.message
    assert f"http://127.0.0.1:9, which {variable} in the environment names" in told
    assert "Nothing was sent to CloudStack" in told
    assert "no_proxy" in told
    assert "canary" not in told
    assert "someone" not in told


def test_a_proxy_that_refuses_is_named(monkeypatch):
    with BadServer(raw(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")) as proxy:
        proxied(monkeypatch, https_proxy=PROXY.format(proxy.port), http_proxy=PROXY.format(proxy.port))
        api = http.Api(Endpoint(URL.replace("http:", "https:"), KEY, SECRET, 20.0, 0, True))
        with pytest.raises(Unreachable, match=rf"127.0.0.1:{proxy.port}, which https_proxy in.*407.*Nothing was sent"):
            api.read("listZones")
        with pytest.raises(
            BadAnswer, match=rf"127.0.0.1:{proxy.port}, which http_proxy.*407.*wants a user and a password"
        ):
            http.Api(Endpoint(URL, KEY, SECRET, 20.0, 0, True)).read("listZones")


def test_a_host_that_is_excepted_is_reached_without_the_proxy(monkeypatch):
    with BadServer(whole(b'{"listzonesresponse": {}}')) as server:
        proxied(monkeypatch, http_proxy=PROXY.format(9), no_proxy="127.0.0.1")
        assert (
            http.Api(Endpoint(f"http://{server.address}/client/api", KEY, SECRET, 20.0, 0, True)).read("listZones")
            == {}
        )


@pytest.mark.parametrize("proxy", ["http://[::1", "http://a b:x", "ftp://", "socks5://127.0.0.1:9", "http://:80"])
def test_a_proxy_that_cannot_be_one_is_a_failure_and_no_traceback(monkeypatch, proxy):
    proxied(monkeypatch, http_proxy=proxy)
    with pytest.raises(Unreachable, match=r"http_proxy|no_proxy|cannot be reached"):
        http.Api(Endpoint(URL.replace("cloud.example.com", "no-such.invalid"), KEY, SECRET, 20.0, 0, True)).read(
            "listZones"
        )


def test_certificates_of_the_environment_are_not_looked_at(monkeypatch, tmp_path):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "none.pem"))
    api, _wire, _pauses = connect(ok({}))
    assert api.read("listZones") == {}
    missing = http.Api(Endpoint(URL.replace("http:", "https:"), KEY, SECRET, 20.0, 0, str(tmp_path / "none.pem")))
    with pytest.raises(NotConfigured, match="api_verify_ssl_cert"):
        missing.read("listZones")


def proxied(monkeypatch, **variables):
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_a_token_that_cloudstack_quotes_in_any_way_is_hidden():
    forms = [
        "storpool%3A%2F%2Fother-canary%40h%3A81%2Ft",
        "storpool%3a//other-canary@h",
        "SP_AUTH_TOKEN%3Dother-canary%3BSP_TEMPLATE%3Dx",
        "SP_AUTH_TOKEN&#61;other-canary;SP_TEMPLATE=x",
        "sp_auth_token=other%2Dcanary%3BSP",
    ]
    for form in forms:
        api, _wire, _pauses = connect(error(530, f"bad url {form}"))
        with pytest.raises(ApiError) as failure:
            api.change("createStoragePool", {})
        assert "canary" not in repr(failure.value.result()), form


def test_what_cs_would_load_for_its_other_client_is_not_loaded_and_stays_usable():
    code = f"import sys, {http.__name__} as api; assert 'aiohttp' not in sys.modules; import aiohttp; print(api.CloudStack.__module__)"
    path = Path(http.__file__).parents[7]
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
