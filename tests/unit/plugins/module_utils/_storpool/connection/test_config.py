# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the API is: the option, the environment, the files."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption, NotConfigured
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import config

OPEN = {
    "sp_api_http_host": None,
    "sp_api_http_port": None,
    "sp_auth_token": None,
    "sp_api_timeout": 300,
    "sp_api_retries": 5,
}


def endpoint(options=(), files=()):
    return config.endpoint({**OPEN, **dict(options)}, lambda: dict(files))


def test_an_option_beats_a_file_and_a_file_beats_the_default():
    files = {"SP_API_HTTP_HOST": "10.0.0.5", "SP_AUTH_TOKEN": "from-file"}
    assert endpoint(files=files)[:3] == ("10.0.0.5", 81, "from-file")
    assert endpoint({"sp_api_http_host": "10.0.0.9", "sp_api_http_port": 8000}, files)[:3] == (
        "10.0.0.9",
        8000,
        "from-file",
    )


def test_files_are_not_read_if_the_options_say_everything():
    def unread():
        raise AssertionError("the files were read")

    options = {**OPEN, "sp_api_http_host": "h", "sp_api_http_port": 81, "sp_auth_token": "t"}
    assert config.endpoint(options, unread).address == "h:81"


def test_without_a_token_all_three_ways_to_give_one_are_named():
    with pytest.raises(NotConfigured, match=r"sp_auth_token.*SP_AUTH_TOKEN.*/etc/storpool.conf"):
        endpoint()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"sp_api_http_host": "http://10.0.0.5"}, "no URL"),
        ({"sp_api_http_port": 0, "sp_api_http_host": "h", "sp_auth_token": "t"}, None),
        ({"sp_api_http_port": 65536}, "1 to 65535"),
        ({"sp_auth_token": "a b"}, "space"),
        ({"sp_auth_token": "tökén"}, "cannot be sent"),
        ({"sp_api_timeout": 0}, "above 0"),
        ({"sp_api_timeout": -0.5}, "^sp_api_timeout is -0.5"),
        ({"sp_api_timeout": float("nan")}, "^sp_api_timeout is nan"),
        ({"sp_api_timeout": float("inf")}, "^sp_api_timeout is inf"),
        ({"sp_api_timeout": 1e10}, r"^sp_api_timeout is 1e\+10"),
        ({"sp_api_retries": -1}, "0 to 100"),
    ],
)
def test_what_cannot_be_right_is_refused(options, words):
    if words is None:
        assert endpoint(options).port == 81
        return
    with pytest.raises(InvalidOption, match=words) as caught:
        endpoint({"sp_auth_token": "t", **options})
    assert "a b" not in caught.value.message  # the token itself is never told


def test_an_ipv6_address_is_put_into_brackets():
    assert endpoint({"sp_api_http_host": "fd00::1", "sp_auth_token": "t"}).address == "[fd00::1]:81"
    assert endpoint({"sp_api_http_host": "[fd00::1]", "sp_auth_token": "t"}).address == "[fd00::1]:81"


def test_what_is_wrong_names_the_line_of_the_file_that_gives_it(tmp_path):
    (tmp_path / "etc").mkdir()
    conf = tmp_path / "etc/storpool.conf"

    def read(text):
        conf.write_text(text)
        return config.endpoint(OPEN, lambda: config.read_files(lambda path: f"{tmp_path}{path}", "node1"))

    assert read("SP_AUTH_TOKEN=t\n").told_by == "SP_AUTH_TOKEN in /etc/storpool.conf, line 1"
    assert read("SP_AUTH_TOKEN=t\n[node1]\nSP_API_HTTP_HOST=[fd00::1]\n").address == "[fd00::1]:81"
    with pytest.raises(
        InvalidOption,
        match=r"^SP_API_HTTP_HOST in /etc/storpool\.conf, line 3 is '10\.0\.0\.1#vip', which has a character",
    ):
        read("SP_AUTH_TOKEN=t\n[node1]\nSP_API_HTTP_HOST=10.0.0.1#vip\n")
    with pytest.raises(InvalidOption, match=r"^SP_API_HTTP_PORT in /etc/storpool\.conf, line 1 is '81x'"):
        read("SP_API_HTTP_PORT=81x\nSP_AUTH_TOKEN=t\n")
    with pytest.raises(InvalidOption, match=r"^SP_AUTH_TOKEN in /etc/storpool\.conf, line 2 holds a space") as refusal:
        read("# of the cluster\nSP_AUTH_TOKEN=canary # the new one\n")
    assert "canary" not in refusal.value.message


def test_what_is_wrong_names_the_variable_that_gives_it(monkeypatch):
    monkeypatch.setenv("SP_API_HTTP_HOST", "10.0.0.1:81")
    with pytest.raises(
        InvalidOption,
        match=r"^sp_api_http_host \(the environment variable SP_API_HTTP_HOST\) is '10\.0\.0\.1:81', which holds a port",
    ):
        endpoint({"sp_api_http_host": "10.0.0.1:81", "sp_auth_token": "t"})
    with pytest.raises(InvalidOption, match=r"^sp_api_http_host is 'a\.\.b'"):
        endpoint({"sp_api_http_host": "a..b", "sp_auth_token": "t"})
