# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the API is: the option, the environment, the files; and the files as the vendor's client reads them."""

from __future__ import annotations

import platform

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storpool.spconfig import SPConfig

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption, NotConfigured
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool import config

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


LINES = st.lists(
    st.sampled_from(
        [
            "SP_API_HTTP_HOST=10.0.0.1",
            "SP_API_HTTP_HOST = 10.0.0.2",
            "SP_API_HTTP_PORT=8081",
            "SP_AUTH_TOKEN=123",
            "SP_OURID=7",
            "SP_OURID=9",
            "# SP_OURID=11",
            "",
            f"[{platform.node()}]",
            "[another-host]",
        ]
    ),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(main=LINES, extra=st.lists(LINES, max_size=2))
def test_the_files_say_what_they_say_to_the_vendors_client(tmp_path, monkeypatch, main, extra):
    directory = tmp_path / "etc/storpool.conf.d"
    directory.mkdir(parents=True, exist_ok=True)
    for old in directory.iterdir():
        old.unlink()
    (tmp_path / "etc/storpool.conf").write_text("".join(f"{line}\n" for line in main))
    for number, lines in enumerate(extra):
        (directory / f"{number}.conf").write_text("".join(f"{line}\n" for line in lines))
    (directory / ".hidden.conf").write_text("SP_OURID=1")
    (directory / "9.conf.bak").write_text("SP_OURID=2")
    monkeypatch.setattr(SPConfig, "PATH_CONFIG", str(tmp_path / "etc/storpool.conf"))
    monkeypatch.setattr(SPConfig, "PATH_CONFIG_DIR", str(directory))
    theirs, ours = SPConfig(use_env=False), config.read_files(str(tmp_path))
    for name in ("SP_API_HTTP_HOST", "SP_API_HTTP_PORT", "SP_AUTH_TOKEN", "SP_OURID"):
        assert ours.get(name) == theirs.get(name, None) or (name.startswith("SP_API_HTTP") and name not in ours)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/storpool.conf").write_bytes(b"\xff\xfe")
    with pytest.raises(NotConfigured, match=r"etc/storpool.conf cannot be read"):
        config.read_files(str(tmp_path))
