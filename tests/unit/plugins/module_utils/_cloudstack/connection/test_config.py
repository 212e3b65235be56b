# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where CloudStack is: the option, the environment, the file of the cs library."""

from __future__ import annotations

import os

import pytest
from ansible.module_utils.basic import AnsibleFallbackNotFound

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection import config, options
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption, NotConfigured

GIVEN = {
    "api_url": "https://c.example.com/client/api",
    "api_key": "k",
    "api_secret": "s",
    "api_timeout": 60,
    "api_retries": 5,
    "api_verify_ssl_cert": None,
    "validate_certs": True,
}


def endpoint(files=(), **given):
    return config.endpoint({**GIVEN, **given}, lambda: dict(files))


def no_files():
    raise AssertionError("nothing is missing")


def test_options_are_enough():
    found = config.endpoint(GIVEN, no_files)
    assert found == ("https://c.example.com/client/api", "k", "s", 60.0, 5, True)


def test_files_fill_what_is_left_open():
    found = endpoint({"endpoint": "http://other/client/api", "key": "fk", "secret": "fs"}, api_key=None, api_secret="")
    assert (found.url, found.key, found.secret) == (GIVEN["api_url"], "fk", "fs")


@pytest.mark.parametrize(
    ("option", "word"),
    [("api_url", "CLOUDSTACK_ENDPOINT"), ("api_key", "CLOUDSTACK_KEY"), ("api_secret", "CLOUDSTACK_SECRET")],
)
def test_what_is_missing_is_named(option, word):
    with pytest.raises(NotConfigured, match=f"{option}.*{word}"):
        endpoint(**{option: None})


@pytest.mark.parametrize(
    "url", ["c.example.com", "ftp://c/client/api", "http://", "http://c:port/x", "http://c:99999/x", "  "]
)
def test_what_is_no_address_is_refused(url):
    with pytest.raises(InvalidOption, match="api_url"):
        endpoint(api_url=url)


@pytest.mark.parametrize("url", ["http://user:pw-canary@c/client/api", "http://c/client/api?apikey=pw-canary"])
def test_an_address_with_a_secret_is_refused_and_not_repeated(url):
    with pytest.raises(InvalidOption, match="api_key") as refusal:
        endpoint(api_url=url)
    assert "canary" not in refusal.value.message


@pytest.mark.parametrize(
    "given",
    [
        {"api_timeout": 0},
        {"api_timeout": 86401},
        {"api_timeout": -1},
        {"api_timeout": float("nan")},
        {"api_timeout": float("inf")},
        {"api_timeout": 1e10},
        {"api_retries": -1},
        {"api_retries": 101},
        {"api_verify_ssl_cert": "/no/such"},
    ],
)
def test_values_that_cannot_be_right_are_refused(given):
    with pytest.raises(InvalidOption, match=next(iter(given))):
        endpoint(**given)


def test_certificates(tmp_path):
    authority = tmp_path / "ca.pem"
    authority.write_text("")
    assert endpoint(api_verify_ssl_cert=str(authority)).verify == str(authority)
    assert endpoint(api_verify_ssl_cert=str(authority), validate_certs=False).verify is False


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return tmp_path


def ini(path, section="cloudstack", **values):
    path.write_text(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items()))


def test_the_files_of_the_cs_library(home):
    assert config.read_files({}) == {}
    ini(home / ".cloudstack.ini", key="home", secret="50%s", endpoint="e")
    assert config.read_files({}) == {"key": "home", "secret": "50%s", "endpoint": "e"}
    ini(home / "work/cloudstack.ini", key="work")
    assert config.read_files({})["key"] == "work"
    ini(home / "named.ini", key="named")
    assert config.read_files({"CLOUDSTACK_CONFIG": "~/named.ini"})["key"] == "named"
    assert config.read_files({"CLOUDSTACK_CONFIG": "~/missing.ini"})["key"] == "work"


def test_the_region_is_a_section(home):
    ini(home / ".cloudstack.ini", "east", key="east")
    assert config.read_files({}) == {}
    assert config.read_files({"CLOUDSTACK_REGION": "east"}) == {"key": "east"}


def test_a_file_that_cannot_be_read_is_named_and_not_quoted(home):
    (home / ".cloudstack.ini").write_text("secret = pw-canary\n")
    with pytest.raises(NotConfigured, match=r"\.cloudstack\.ini") as refusal:
        config.read_files({})
    assert "canary" not in refusal.value.message
    os.remove(home / ".cloudstack.ini")
    (home / "work/cloudstack.ini").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(NotConfigured, match=r"work/cloudstack\.ini is no ini file in line 1"):
        config.read_files({})


def test_a_comment_in_an_old_encoding_is_a_comment(home):
    (home / ".cloudstack.ini").write_bytes("# ключ\n[cloudstack]\nkey = k\n".encode("cp1251"))
    assert config.read_files({}) == {"key": "k"}


def test_a_wrong_address_names_where_it_comes_from(home, monkeypatch):
    ini(home / ".cloudstack.ini", endpoint="http://a..b/client/api", key="k", secret="s")
    open_ = {**GIVEN, "api_url": None, "api_key": None, "api_secret": None}
    with pytest.raises(
        InvalidOption,
        match=r"^endpoint in the section \[cloudstack\] of .*/\.cloudstack\.ini is no address: it has a host",
    ):
        config.endpoint(open_, lambda: config.read_files({}))
    monkeypatch.setenv("CLOUDSTACK_ENDPOINT", "cloud.example.com")
    with pytest.raises(
        InvalidOption,
        match=r"^api_url \(the environment variable CLOUDSTACK_ENDPOINT\) is no address: it does not begin with",
    ):
        endpoint(api_url="cloud.example.com")
    with pytest.raises(InvalidOption, match=r"^api_url is no address"):
        endpoint(api_url="other.example.com")
    monkeypatch.setenv("CLOUDSTACK_TIMEOUT", "1e10")
    with pytest.raises(InvalidOption, match=r"^api_timeout \(the environment variable CLOUDSTACK_TIMEOUT\) is 1e\+10"):
        endpoint(api_timeout=1e10)


@pytest.mark.parametrize(("text", "expected"), [("true", False), ("1", False), ("False", True), ("off", True)])
def test_the_variable_that_says_the_opposite_is_turned_round(monkeypatch, text, expected):
    monkeypatch.setenv("CLOUDSTACK_DANGEROUS_NO_TLS_VERIFY", text)
    assert options.not_env_fallback("CLOUDSTACK_DANGEROUS_NO_TLS_VERIFY") is expected


@pytest.mark.parametrize("text", ["", "perhaps"])
def test_a_variable_that_says_nothing_is_none(monkeypatch, text):
    monkeypatch.setenv("CLOUDSTACK_DANGEROUS_NO_TLS_VERIFY", text)
    with pytest.raises(AnsibleFallbackNotFound):
        options.not_env_fallback("CLOUDSTACK_DANGEROUS_NO_TLS_VERIFY")
