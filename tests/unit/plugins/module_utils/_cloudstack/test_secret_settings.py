# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secret settings of every type through the whole module: nothing of the value given, nor of the value read, is shown anywhere."""

from __future__ import annotations

import contextlib
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from unittest import mock
from urllib.parse import parse_qsl

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.modules import cloudstack_configuration, cloudstack_storpool_pool

READ = "canary-read-5551212"
#: How a setting is known to hold a secret: CloudStack's category, and its name.
SECRET = [("Secure", "any.setting"), ("Hidden", "other"), ("Advanced", "ldap.bind.password"), ("Advanced", "an.apikey")]

#: Values as YAML may give them, each with the marks in it, which stand nowhere else.
numbers = st.integers(10**7, 10**20)
marks = st.from_regex(r"mark[A-Za-z]{3}[0-9]{6}[A-Za-z+/=%&!]{0,6}", fullmatch=True)
values = st.one_of(
    numbers.map(lambda number: (number, [str(number)])),
    numbers.map(lambda number: (-number, [str(number)])),
    st.integers(10**6, 10**9).map(lambda number: (number + 0.015625, [f"{number}.015625"])),
    marks.map(lambda text: (text, [text])),
    st.lists(marks, min_size=1, max_size=3).map(lambda texts: (texts, texts)),
    st.lists(numbers, min_size=1, max_size=3).map(lambda some: (some, [str(number) for number in some])),
    marks.map(lambda text: ({"a": {text: text}, "b": [text]}, [text])),
    st.tuples(marks, marks).map(lambda two: ("\n".join(two), list(two))),
)


class Cloud(ThreadingHTTPServer):
    """A management server with one setting; it quotes both values where it ``refuses`` a change."""

    daemon_threads = True

    def setting(self, name, category, refuses):
        self.row = {"name": name, "category": category, "value": READ, "defaultvalue": READ, "isdynamic": True}
        self.refuses, self.sent = refuses, []

    def answer(self, command, params):
        self.sent.append(command)
        if command == "listCapabilities":
            return 200, {"capability": {"cloudstackversion": "4.19.1.0"}}
        if command == "listConfigurations":
            return 200, {"count": 1, "configuration": [self.row]}
        if self.refuses:
            return 431, {
                "errorcode": 431,
                "errortext": f"bad value {params.get('value')} in place of {self.row['value']}",
            }
        self.row["value"] = params.get("value")
        return 200, {"configuration": self.row}


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        params = dict(parse_qsl(body, keep_blank_values=True))
        status, inner = self.server.answer(params["command"], params)
        told = json.dumps({params["command"].lower() + "response": inner}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_args):
        pass


@pytest.fixture(scope="module")
def cloud():
    with Cloud(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def run(module, options, **internal):
    """All that a module prints and logs, and the result in it."""
    logged, printed = [], io.StringIO()
    with (
        mock.patch.object(AnsibleModule, "log", lambda _self, msg, log_args=None: logged.append((msg, log_args))),
        mock.patch("time.sleep"),
        patch_module_args({**options, **{"_ansible_" + key: value for key, value in internal.items()}}),
        contextlib.redirect_stdout(printed),
        contextlib.redirect_stderr(printed),
        pytest.raises(SystemExit),
    ):
        module.main()
    text = printed.getvalue()
    return text + repr(logged), json.loads(text.splitlines()[-1])


def connection(cloud):
    url = f"http://127.0.0.1:{cloud.server_address[1]}/client/api"
    return {"api_url": url, "api_key": "key-1234", "api_secret": "word-1234", "api_retries": 0}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    values,
    st.sampled_from(SECRET),
    st.booleans(),
    st.sampled_from(
        [{}, {"value": None, "vaule": True}, {"no_such": 1}, {"api_url": "nowhere"}, {"api_url": "http://127.0.0.1:1"}]
    ),
    st.fixed_dictionaries(
        {"check_mode": st.booleans(), "diff": st.booleans(), "no_log": st.booleans(), "verbosity": st.just(3)}
    ),
)
def test_no_value_of_a_secret_is_shown(cloud, value, setting, refuses, wrong, internal):
    given_value, parts = value
    cloud.setting(setting[1], setting[0], refuses)
    options = {**connection(cloud), "name": setting[1], "value": given_value, **wrong}
    if "vaule" in wrong:
        options["vaule"] = given_value
    text, result = run(cloudstack_configuration, options, **internal)
    for part in (*parts, READ):
        assert part not in text
        assert json.dumps(part)[1:-1] not in text
    if not result.get("failed"):
        assert (result["configuration"]["value"], result["configuration"]["hidden"]) == ("***", True)
        assert internal["check_mode"] or cloud.row["value"] != READ
    assert result["invocation"]["module_args"]["name"] == setting[1]


def test_short_values_are_kept_from_errors_too(cloud):
    cloud.setting("a.password", "Advanced", refuses=True)
    _text, result = run(cloudstack_configuration, {**connection(cloud), "name": "a.password", "value": 42})
    assert "bad value *** in place of ***" in result["msg"]
    assert "bad value *** in place of ***" in result["error"]["descr"]
    assert result["invocation"]["module_args"]["value"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"


@pytest.mark.parametrize("value", [600, "600", True, 0.5])
def test_what_is_no_secret_is_shown(cloud, value):
    cloud.setting("a.setting", "Advanced", refuses=False)
    _text, result = run(cloudstack_configuration, {**connection(cloud), "name": "a.setting", "value": value}, diff=True)
    assert result["configuration"]["value"] == str(value).lower()
    assert result["diff"]["before"]["value"] == READ


def test_a_pool_whose_id_holds_a_token_is_named_without_it(cloud):
    cloud.setting("a.setting", "Advanced", refuses=False)
    pool = "SP_API_HTTP=10.1.2.3:81;SP_AUTH_TOKEN=canary-token-8;SP_TEMPLATE=x"
    options = {**connection(cloud), "name": "a.setting", "value": 1, "storage_pool": pool}
    text, result = run(cloudstack_configuration, options)
    assert result["failed"]
    assert "SP_AUTH_TOKEN=***" in result["msg"]
    assert "canary-token" not in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(
    numbers | marks | st.integers(10**6, 10**9).map(lambda number: number + 0.015625),
    st.sampled_from([{}, {"no_such": 1}, {"zone": ""}, {"sp_api_http_port": "x"}, {"capacity": "1 apple"}]),
)
def test_tokens_that_yaml_takes_for_numbers_are_not_shown_either(cloud, token, wrong):
    cloud.setting("a", "Advanced", refuses=True)
    options = {**connection(cloud), "name": "sp", "zone": "z", "template": "hybrid", "capacity": "1TiB", **wrong}
    options.update(sp_api_http_host="10.1.2.3", sp_auth_token=token)
    text, result = run(cloudstack_storpool_pool, options, verbosity=3)
    assert result["failed"]
    assert str(token) not in text
