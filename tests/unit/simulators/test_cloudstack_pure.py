# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""URLs of pools, signatures, versions and parameters: the parts without a state."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from pathlib import Path

import pytest

from simulators.cloudstack import signature, switches
from simulators.cloudstack.arguments import like, map_values, page_of
from simulators.cloudstack.calls import masked, parse
from simulators.cloudstack.envelopes import date, xml
from simulators.cloudstack.errors import DriverError
from simulators.cloudstack.java import UriSyntaxError, parse_uri, split
from simulators.cloudstack.plugin import url as urls
from simulators.cloudstack.state import LocalStorPool
from simulators.cloudstack.versions import parse as release
from simulators.kit import Request

LOCAL = LocalStorPool("10.0.0.1", 81, "local")
CLASSIC = "SP_API_HTTP=10.0.0.2:81;SP_AUTH_TOKEN=t;SP_TEMPLATE=ssd"


@pytest.mark.parametrize(
    ("driver", "url", "expected"),
    [
        (urls.EXT0, "ssd", ("10.0.0.1:81", "local", "ssd")),
        (urls.EXT0, CLASSIC, ("10.0.0.1:81", "local", CLASSIC)),
        (urls.EXT2019, "ssd", ("10.0.0.1:81", "local", "ssd")),
        (urls.IN_TREE, "ssd", ("10.0.0.1:81", "local", "ssd")),
        (urls.IN_TREE, CLASSIC, ("10.0.0.2:81", "t", "ssd")),
        # pieces that are not exactly key=value are skipped, a trailing "=" is lost, spaces stay
        (urls.IN_TREE, "SP_API_HTTP=h:1;SP_AUTH_TOKEN=a=b;SP_TEMPLATE=x", ("h:1", None, "x")),
        (urls.IN_TREE, "SP_API_HTTP=h:1;SP_AUTH_TOKEN=ab=;SP_TEMPLATE=x", ("h:1", "ab", "x")),
        (urls.IN_TREE, "SP_API_HTTP=h:1; SP_AUTH_TOKEN=ab;SP_TEMPLATE= x", ("h:1", None, " x")),
        (urls.IN_TREE, "SP_API_HTTP=h;SP_AUTH_TOKEN=t;SP_TEMPLATE=x;OTHER=1", ("h", "t", "x")),
        (urls.IN_TREE, "storpool://t@h:81/x", ("10.0.0.1:81", "local", "storpool://t@h:81/x")),
        (urls.IN_TREE, "SP_API_HTTP=[fd00::1]:81;SP_AUTH_TOKEN=t;SP_TEMPLATE=x", ("[fd00::1]:81", "t", "x")),
        (urls.IN_TREE_URI, CLASSIC, ("10.0.0.2:81", "t", "ssd")),
        (urls.IN_TREE_URI, "storpool://t@h:81/ssd", ("h:81", "t", "ssd")),
        (urls.IN_TREE_URI, "STORPOOL://t@h:81/ssd", ("h:81", "t", "ssd")),
        (urls.IN_TREE_URI, "storpool://t@h/ssd", ("h:-1", "t", "ssd")),
        (urls.IN_TREE_URI, "storpool://t@my_host:81/ssd", ("null:-1", None, "ssd")),
        (urls.IN_TREE_URI, "storpool://t@h:81/a/b", ("h:81", "t", "ab")),
        (urls.IN_TREE_URI, "storpool://h:81/ssd", ("h:81", None, "ssd")),
        (urls.IN_TREE_URI, "storpool://t@[fd00::1]:81/ssd", ("[fd00::1]:81", "t", "ssd")),
        (urls.IN_TREE_URI, "SP_API_HTTP=[fd00::1]:81;SP_AUTH_TOKEN=t;SP_TEMPLATE=x", ("[fd00::1]:81", "t", "x")),
    ],
)
def test_pool_urls_by_driver(driver: str, url: str, expected: tuple[str | None, ...]) -> None:
    assert urls.parse(url, driver, LOCAL) == urls.Connection(*expected)


@pytest.mark.parametrize(
    ("driver", "url", "local", "text"),
    [
        (urls.IN_TREE_URI, "ssd", LOCAL, "The scheme is invalid."),
        (urls.IN_TREE_URI, "SP_API_HTTP=h;SP_AUTH_TOKEN=t/x:y;SP_TEMPLATE=x", LOCAL, "The scheme is invalid."),
        (urls.IN_TREE_URI, "SP_API_HTTP=h;SP_AUTH_TOKEN=t;SP_TEMPLATE=x", LOCAL, "The scheme is invalid."),
        (urls.IN_TREE_URI, "nfs://h/x", LOCAL, "The scheme is invalid."),
        (urls.IN_TREE_URI, "storpool:x", LOCAL, "null"),
        (urls.EXT0, "ssd", LocalStorPool(), "Could not execute storpool_confget. Error: "),
        (urls.IN_TREE, "ssd", LocalStorPool(None, 81, "t"), "Missing SP_API_HTTP_HOST"),
        (urls.IN_TREE, "ssd", LocalStorPool("h", None, "t"), "Missing SP_API_HTTP_PORT"),
        (urls.IN_TREE, "ssd", LocalStorPool("h", 81, None), "Missing SP_AUTH_TOKEN"),
    ],
)
def test_pool_urls_that_no_driver_takes(driver: str, url: str, local: LocalStorPool, text: str) -> None:
    with pytest.raises(DriverError) as caught:
        urls.parse(url, driver, local)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("version", "chosen", "driver"),
    [
        ("4.8", "auto", urls.EXT0),
        ("4.10", "auto", urls.EXT0),
        ("4.11.3", "auto", urls.EXT2020),
        ("4.16.1", "ext2019", urls.EXT2019),
        ("4.17.0", "ext0", urls.IN_TREE),
        ("4.19.0", "auto", urls.IN_TREE),
        ("4.19.1", "auto", urls.IN_TREE_URI),
        ("4.23", "auto", urls.IN_TREE_URI),
    ],
)
def test_which_driver_a_release_has(version: str, chosen: str, driver: str) -> None:
    assert urls.driver_of(release(version), {"storpool_plugin": chosen}) == driver


@pytest.mark.parametrize(("text", "parts"), [("a;;b;", ["a", "", "b"]), ("ab=", ["ab"]), ("", [""]), (";", [])])
def test_java_split_drops_empty_ends(text: str, parts: list[str]) -> None:
    assert split(text, ";" if ";" in text else "=") == parts


@pytest.mark.parametrize("text", ["S_P://x", "a b", "http://[zz]/", "1a:b", "x:", "//", "h:p%zz"])
def test_java_refuses_a_uri(text: str) -> None:
    with pytest.raises(UriSyntaxError):
        parse_uri(text)


def test_java_registry_names_have_no_host() -> None:
    assert parse_uri("x://a@256.1.1.1:5/p")[1:4] == (None, None, -1)


def _reference_signature(text: str, secret: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def test_signature_of_a_known_request() -> None:
    params = {
        "signature": "ignored",
        "url": "storpool://a b@h:81/x~y(1);*-_.",
        "command": "createStoragePool",
        "apiKey": "KEY",
        "details[0].SP_X": "a=b",
    }
    text = (
        "apikey=key&command=createstoragepool&details[0].sp_x=a%3db"
        "&url=storpool%3a%2f%2fa%20b%40h%3a81%2fx%7ey%281%29%3b*-_."
    )
    assert signature.string_to_sign(params) == text
    assert signature.sign(params, "SECRET") == _reference_signature(text, "SECRET")


def test_names_are_sorted_as_sent() -> None:
    assert signature.string_to_sign({"b": "1", "Z": "2", "a": "3"}) == "z=2&a=3&b=1"


NOW = 1_770_000_000.0


@pytest.mark.parametrize(
    ("change", "enforced", "refused"),
    [
        ({}, False, None),
        ({"signature": "AAAA"}, False, "wrong signature"),
        ({"apiKey": "other"}, False, "unknown api key"),
        ({"signature": None}, False, "missing signature or api key"),
        ({"expires": "2026-02-02T02:39:59+0000"}, False, "request has expired"),
        ({"expires": "2026-02-02T04:39:59+0200"}, False, "request has expired"),
        ({"expires": "tomorrow"}, False, "expires has the wrong format"),
        ({"expires": None}, False, "missing expires"),
        ({"expires": None, "signatureVersion": None}, False, None),
        ({"expires": None, "signatureVersion": None}, True, "signature version 3 is required"),
        ({"expires": "2026-02-02T02:56:00+0000"}, False, None),
        ({"expires": "2026-02-02T02:56:00+0000"}, True, "expires is too far ahead"),
    ],
)
def test_requests_are_verified(change: dict[str, str | None], enforced: bool, refused: str | None) -> None:
    params = {
        "command": "listZones",
        "apiKey": "k",
        "signatureVersion": "3",
        "expires": "2026-02-02T02:50:00+0000",
        **change,
    }
    sent = {name: value for name, value in params.items() if value is not None}
    if "signature" not in change:
        sent["signature"] = signature.sign(sent, "s")
    assert signature.rejection(sent, "k", "s", NOW, enforced) == refused


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("4.8", "4.8.0"),
        ("4.9.3", "4.9.3.0"),
        ("4.19.1", "4.19.1.0"),
        ("4.23.0.0-SNAPSHOT", "4.23.0.0-SNAPSHOT"),
        ("4.17.0.1", "4.17.0.1"),
    ],
)
def test_versions_as_the_server_spells_them(text: str, full: str) -> None:
    assert release(text).text == full


@pytest.mark.parametrize("text", ["4.7", "4.24", "4", "5.0", "latest", "4.19.x", ""])
def test_versions_that_are_not_simulated(text: str) -> None:
    with pytest.raises(ValueError, match=r"CloudStack"):
        release(text)


@pytest.mark.parametrize(
    ("version", "feature", "there"),
    [
        ("4.19.0", "storpool_url_scheme", False),
        ("4.19.1", "storpool_url_scheme", True),
        ("4.9.2", "host_connect_is_strict", False),
        ("4.10", "host_connect_is_strict", True),
        ("4.21", "connection_details_hidden", False),
        ("4.22", "connection_details_hidden", True),
    ],
)
def test_features_by_release(version: str, feature: str, there: bool) -> None:
    assert release(version).has(feature) is there


def test_like_is_mysqls() -> None:
    assert like("SP.", "sp.cluster.id")
    assert like("sp_cluster", "sp.cluster.id")
    assert like("clus%id", "sp.cluster.id")
    assert not like("sp.x", "sp.cluster.id")


def test_pages() -> None:
    rows = list(range(7))
    assert page_of(rows, None, None, 5) == [0, 1, 2, 3, 4]
    assert page_of(rows, 2, 3, 5) == [3, 4, 5]
    assert page_of(rows, 9, 3, 5) == []


def test_map_parameters_have_two_spellings() -> None:
    assert map_values({"0": {"SP_TEMPLATE": "x"}, "1": {"key": "a", "value": "b"}}) == {"SP_TEMPLATE": "x", "a": "b"}
    assert map_values(None) == {}


def test_dates_and_xml() -> None:
    assert date(NOW) == "2026-02-02T02:40:00+0000"
    text = xml("listzonesresponse", {"count": 1, "zone": [{"name": "a<b", "up": True}]}, release("4.19.1"))
    assert text.endswith(
        '<listzonesresponse cloud-stack-version="4.19.1.0"><count>1</count><zone><name>a&lt;b</name><up>true</up></zone>'
        "</listzonesresponse>"
    )


def test_the_journal_never_sees_a_secret() -> None:
    params = {
        "command": "createStoragePool",
        "URL": "storpool://canary@h:1/x",
        "apiKey": "canary",
        "signature": "canary",
        "details[0].SP_AUTH_TOKEN": "canary",
    }
    assert "canary" not in str(masked(params))
    endpoint = {"command": "updateConfiguration", "name": "sp.alternative.endpoint", "value": "canary"}
    assert "canary" not in str(masked(endpoint))
    query = "command=createStoragePool&url=storpool%3A%2F%2Fcanary%40h&id=SP_AUTH_TOKEN%3Dcanary"
    call = parse(Request("GET", f"/client/api?{query}", b"", lambda name: None))
    assert "canary" not in f"{call.path}{call.body}{call.target}"
    assert call.write


def test_the_readme_has_every_switch_with_its_choices() -> None:
    readme = (Path(switches.__file__).parent.parent / "README.md").read_text()
    for switch in switches.SWITCHES:
        choices = ", ".join(f"`{json.dumps(choice)}`" for choice in switch.choices or ())
        assert f"| `{switch.name}` | `{json.dumps(switch.default)}` | {choices}" in readme
        assert switch.help in readme
