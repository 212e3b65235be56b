# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses: what is taken is what every library takes for the same host and port, and what is refused is one sentence."""

from __future__ import annotations

import importlib
import ipaddress
import json
import socket
from urllib.parse import urlsplit

import pytest
import requests
import urllib3
from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_bytes
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common import address
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption

PIECES = [
    *["10.1.1.1", "fd00::10", "::1", "[fd00::10]", "[::1]", "::ffff:10.0.0.1", "storpool", "sp-1", "a_b", "example.com", "xn--bcher-kva", "a" * 63, "a" * 64],
    *["0x7f.1", "010.1", "0177.0.0.1", "127.1", "2130706433", "1.2.3", "256.1.1.1", "1.2.3.4.5", "0xfoo", "٣", "bücher", "。", "ß", "\u212a"],
    *["#", "?", "@", ":", "81", ":18086", "/", "//", "\\", "%", "%25", "%41", "%zone", "%eth0", "[", "]", ".", "..", "-", "_", "*", "+", "~", "&", ";", ","],
    *[" ", "\t", "\n", "\r", "\x00", "\x7f", "\x85", "\xa0", "\u200b", "http://", "https://", "HTTP://", "ftp://", "storpool://", "user", "/client/api", "x=1"],
]  # fmt: skip
TEXTS = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=5).map("".join), st.text(max_size=12), st.sampled_from(PIECES)
)
ADVICE = "Give it."


def attempt(check, *arguments):
    """What a check returns, and what it says if it refuses."""
    try:
        return check(*arguments), None
    except InvalidOption as refusal:
        return None, refusal.message


def agreed(url):
    """Host and port of a URL, which requests, urllib3 and Python's own parser have to agree on, and which can be looked up."""
    prepared = requests.Request("POST", url).prepare().url
    by_urllib3, by_python = urllib3.util.parse_url(prepared), urlsplit(prepared)
    host = by_urllib3.host.strip("[]")
    assert (host, by_urllib3.port) == (by_python.hostname, by_python.port)
    assert (by_python.username, by_python.query, by_python.fragment) == (None, "", "")
    host.encode("idna")  # as socket.getaddrinfo does
    return host, by_urllib3.port


@given(TEXTS)
@example("10.1.1.1#vip")
@example("[::1]:18086")
@example("10.1.1.1:81")
@example("fd00::10")
@example("fe80::1%eth0")
@example("a..b")
@example(".a")
@example("a.")
@example("a" * 64)
@example(".".join(["a" * 63] * 4))
@example("010.1")
@example("0x7f.1")
@example("10.1.1.1\n")
@example("token@10.1.1.1")
def test_a_host_is_the_one_that_is_called_or_is_refused_in_a_sentence(text):
    host, refusal = attempt(address.host, text, "sp_api_http_host")
    if refusal:
        assert refusal.startswith("sp_api_http_host is ")
        assert refusal.isprintable()
        return
    called = agreed(f"http://{address.joined(host, 8081)}/ctrl/1.0/VolumesList")
    assert called == (host.lower(), 8081)
    assert text in (host, f"[{host}]")
    # No resolver reads a number into it that is not the one that people read.
    try:
        number = socket.inet_aton(host)
    except OSError:
        number = None
    if number is not None:
        assert socket.inet_ntoa(number) == host
    if ":" in host:
        assert ipaddress.IPv6Address(host)


@given(
    st.one_of(
        TEXTS,
        st.tuples(
            st.sampled_from(["http://", "https://", "HTTPS://"]),
            TEXTS,
            st.sampled_from(["", "/client/api", ":8443/client/api/"]),
        ).map("".join),
    )
)
@example("https://user:pw@h/client/api")
@example("https://h/client/api?apikey=k")
@example("https://h/client/api?")
@example("https://h/client/api#x")
@example("https://h#@other/client/api")
@example("https://h\\@other/client/api")
@example("h/client/api")
@example("https:///client/api")
@example("https://fd00::10/client/api")
@example("https://[fd00::10]:8443/client/api/")
@example("https://[fd00::10]x/client/api/")
@example("http://h:/client/api")
@example("http://h:0/client/api")
@example("http://h:65536/client/api")
@example("http://h:+80/client/api")
@example("http://h:8\n0/client/api")
@example("http://h/a b")
@example("http://h/%zz")
@example(" http://h/client/api")
def test_a_url_is_the_one_that_is_called_or_is_refused_in_a_sentence(text):
    url, refusal = attempt(address.url, text, "api_url", ADVICE)
    if refusal:
        assert refusal.startswith("api_url is no address: ")
        assert refusal.endswith(ADVICE)
        assert refusal.isprintable()
        return
    assert url == text
    scheme, _colon, rest = text.partition("://")
    host, port = agreed(text)
    named = f"[{host}]" if ":" in host else host
    authority = named if port is None else f"{named}:{port}"
    plain = rest.partition("/")[0].lower()
    assert plain == authority or plain.replace(":0", ":").replace(":0", ":") == authority
    assert scheme.lower() in ("http", "https")


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("10.1.1.10", "10.1.1.10"),
        ("fd00::10", "fd00::10"),
        ("[fd00::10]", "fd00::10"),
        ("::ffff:10.1.1.1", "::ffff:10.1.1.1"),
        ("FD00::A", "FD00::A"),
        ("storpool", "storpool"),
        ("Storpool_1.Example.com.", "Storpool_1.Example.com."),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("1a.b2", "1a.b2"),
    ],
)
def test_hosts(text, host):
    assert address.host(text, "here") == host


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "which is empty"),
        (" \t", "which is empty"),
        ("10.1.1.1#vip", "'10.1.1.1#vip', which has a character that is none of a host name"),
        ("10.1.1.1 ", "which has a space"),
        ("http://10.1.1.1", "'http://10.1.1.1', which is a URL"),
        ("http://[::1]:80/", "whose brackets are not those of"),
        ("10.1.1.1:81", "which holds a port"),
        ("storpool:", "which holds a port"),
        ("[::1]:18086", "whose brackets are not those of"),
        ("[10.1.1.1]", "whose brackets are not those of"),
        ("[::1", "whose brackets are not those of"),
        ("fe80::1%eth0", "whose zone"),
        ("fe80::1%25eth0", "whose zone"),
        ("::ffff:010.1.1.1", "which is no IPv6 address"),
        ("1::2::3", "which is no IPv6 address"),
        ("a..b", "which has nothing between two dots"),
        (".", "which has nothing between two dots"),
        ("a" * 64 + ".example", "longer than the 63"),
        (".".join(["a" * 63] * 4), "longer than the 253"),
        ("bücher.example", "xn--"),
        ("10.1.1.1%2f", "none of a host name"),
        ("010.1", "which is no IPv4 address"),
        ("0x7f.1", "which is no IPv4 address"),
        ("10.1.1.1.", "which is no IPv4 address"),
        ("10.1.1", "which is no IPv4 address"),
        ("3232235777", "which is no IPv4 address"),
        ("a.b.300", "which is no IPv4 address"),
    ],
)
def test_what_is_no_host_is_refused_with_the_reason(text, words):
    with pytest.raises(InvalidOption) as refusal:
        address.host(text, "SP_API_HTTP_HOST in /etc/storpool.conf, line 3")
    assert refusal.value.message.startswith("SP_API_HTTP_HOST in /etc/storpool.conf, line 3 is ")
    assert words in refusal.value.message


def test_what_may_be_a_secret_is_not_shown():
    for text in ("canary@10.1.1.1", "storpool://canary@10.1.1.1:81/one"):
        with pytest.raises(InvalidOption) as refusal:
            address.host(text, "sp_api_http_host")
        assert "canary" not in refusal.value.message


@pytest.mark.parametrize("value", [0, -1, 65536, "", "81x", "0x51", "8 1", "٨١", "²", "1e3", "+81", "9" * 5000, True])
def test_what_is_no_port_is_refused(value):
    with pytest.raises(InvalidOption, match=r"^sp_api_http_port is .*: give a number from 1 to 65535\.$"):
        address.port(value, "sp_api_http_port")


@pytest.mark.parametrize(("value", "number"), [(1, 1), (65535, 65535), ("81", 81), (" 81 ", 81)])
def test_ports(value, number):
    assert address.port(value, "sp_api_http_port") == number


@pytest.mark.parametrize(
    ("module", "given"),
    [
        ("storpool_cluster_info", {"sp_api_http_host": "10.1.1.1#vip"}),
        ("storpool_volume", {"name": "a", "size": "1GiB", "template": "t", "sp_api_http_host": "10.1.1.1:81"}),
        ("storpool_volume_info", {"sp_api_http_host": "a..b"}),
        ("storpool_objects", {"volumes": [{"name": "a"}], "sp_api_http_host": "[::1]:18086"}),
        ("cloudstack_info", {"api_url": "http://a..b/client/api"}),
        ("cloudstack_configuration", {"name": "a", "value": "b", "api_url": f"http://{'a' * 64}/client/api"}),
    ],
)
def test_a_module_refuses_an_address_before_anything_is_looked_up_or_sent(monkeypatch, capsys, module, given):
    def unused(*_arguments, **_more):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket, "getaddrinfo", unused)
    monkeypatch.setattr(socket, "create_connection", unused)
    keys = (
        {"sp_auth_token": "token-of-nobody"}
        if module.startswith("storpool")
        else {"api_key": "key-of-nobody", "api_secret": "secret-of-nobody"}
    )
    monkeypatch.setattr(basic, "_ANSIBLE_ARGS", to_bytes(json.dumps({"ANSIBLE_MODULE_ARGS": given | keys})))
    monkeypatch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    with pytest.raises(SystemExit):
        importlib.import_module(f"ansible_collections.storpool.cloudstack.plugins.modules.{module}").main()
    result = json.loads(capsys.readouterr().out)
    assert result["error"] == {"kind": "invalid_option"}
    assert result["msg"].startswith(
        "sp_api_http_host is " if module.startswith("storpool") else "api_url is no address: "
    )
