# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The url of a new pool: one table of versions and forms, and that the driver reads back what was put in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.versions import parse
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.pool import url
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption
from simulators.cloudstack.plugin import url as driver
from simulators.cloudstack.state import LocalStorPool

PLACE = url.Place("10.1.2.3", 81, "123456")
PAIRS = "SP_API_HTTP=10.1.2.3:81;SP_AUTH_TOKEN=123456;SP_TEMPLATE=hybrid"
URI = "storpool://123456@10.1.2.3:81/hybrid"


@pytest.mark.parametrize(
    ("version", "place", "expected"),
    [
        ("4.8.0", PLACE, "hybrid"),
        ("4.8.0", None, "hybrid"),
        ("4.10.0.0", PLACE, "hybrid"),
        ("4.11.0.0", PLACE, PAIRS),
        ("4.11.3.0", None, "hybrid"),
        ("4.17.0.0", PLACE, PAIRS),
        ("4.18.1.0", None, "hybrid"),
        ("4.19.0.0", PLACE, PAIRS),
        ("4.19.1.0", PLACE, URI),
        ("4.23.0.0-SNAPSHOT", PLACE, URI),
        ("4.23.0.0", PLACE._replace(host="fd00::1"), "storpool://123456@[fd00::1]:81/hybrid"),
        ("4.19.1.0", PLACE._replace(token="a@b"), PAIRS.replace("123456", "a@b")),
        ("4.19.1.0", PLACE._replace(token="a;b="), URI.replace("123456", "a;b=")),
        ("4.19.1.0", PLACE._replace(host="sp_1"), PAIRS.replace("10.1.2.3", "sp_1")),
    ],
)
def test_the_form_follows_the_version(version, place, expected):
    assert url.build(parse(version), "auto", place, "hybrid") == expected


@pytest.mark.parametrize(
    ("version", "form", "place", "template", "words"),
    [
        ("4.19.1", "auto", None, "hybrid", "sp_api_http_host and sp_auth_token"),
        ("4.19.1", "template", PLACE, "hybrid", "does not take any more"),
        ("4.19.0", "uri", PLACE, "hybrid", "the first that does is 4.19.1"),
        ("4.17.0", "pairs", None, "hybrid", "sp_api_http_host and sp_auth_token"),
        ("4.17.0", "auto", PLACE._replace(token="a=b"), "hybrid", "';' or '='"),
        ("4.17.0", "auto", PLACE._replace(token="ab;"), "hybrid", "';' or '='"),
        ("4.19.1", "auto", PLACE._replace(token="a=b@"), "hybrid", "sp_auth_token"),
        ("4.19.1", "auto", PLACE._replace(host="sp_1", token="a=b"), "hybrid", "sp_api_http_host"),
        ("4.19.1", "uri", PLACE._replace(token="50%"), "hybrid", "sp_auth_token"),
        ("4.8.0", "auto", None, "42", "row number"),
    ],
)
def test_what_cannot_be_carried_is_refused(version, form, place, template, words):
    with pytest.raises(InvalidOption, match=words) as failure:
        url.build(parse(version), form, place, template)
    assert place is None or place.token not in failure.value.message


HOSTS = st.one_of(
    st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9](\.[a-z0-9_]{1,5}){0,2}", fullmatch=True),
    st.ip_addresses().map(str),
)
TOKENS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)


@given(
    version=st.sampled_from(["4.11.0", "4.15.0", "4.17.0", "4.19.0", "4.19.1", "4.21.0", "4.23.0"]),
    host=HOSTS,
    port=st.integers(1, 65535),
    token=TOKENS,
    template=st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True),
    form=st.sampled_from(["auto", "pairs", "uri"]),
)
def test_the_driver_reads_what_was_meant_or_nothing_is_sent(version, host, port, token, template, form):
    place = url.Place(host, port, token)
    release = parse(version)
    built = refusal = ""
    try:
        built = url.build(release, form, place, template)
    except InvalidOption as error:
        refusal = error.message
    if refusal:
        assert len(token) < 4 or token not in refusal  # a short one may be a part of any word
        return
    reader = driver.IN_TREE_URI if release >= (4, 19, 1) else driver.EXT2020
    assert driver.parse(built, reader, LocalStorPool()) == driver.Connection(place.address, token, template)


@pytest.mark.parametrize(
    ("host", "token", "words"),
    [
        ("10.1.2.3", None, "sp_auth_token"),
        (None, "123456", "sp_api_http_host"),
        ("http://10.1.2.3", "123456", "no URL"),
        ("10.1.2.3:81", "123456", "no port"),
        ("a b", "123456", "host name"),
        ("10.1.2.3", "12 34", "space"),
        ("10.1.2.3", "caf\u00e9", "HTTP header"),
    ],
)
def test_half_a_place_is_none(host, token, words):
    with pytest.raises(InvalidOption, match=words):
        url.place({"sp_api_http_host": host, "sp_api_http_port": None, "sp_auth_token": token})


def test_a_place_has_port_81_and_may_be_missing():
    given_options = {"sp_api_http_host": "[fd00::1]", "sp_api_http_port": None, "sp_auth_token": "1"}
    assert url.place(given_options).address == "[fd00::1]:81"
    assert url.place(dict.fromkeys(given_options)) is None
    with pytest.raises(InvalidOption, match="65535"):
        url.place({**given_options, "sp_api_http_port": 65536})


@pytest.mark.parametrize("name", ["", "a b", "a/b", "list", "x" * 200, "a;b", "hybrid\n"])
def test_template_names_are_those_of_storpool(name):
    with pytest.raises(InvalidOption, match="template"):
        url.template_name(name)
