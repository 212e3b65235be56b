# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What servers and programs say: no secret in it in whatever form, and nothing that a terminal would obey."""

from __future__ import annotations

import base64
import html
import json
import unicodedata
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common import plain
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import ApiError
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.run import finish
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.secrets import Secrets

#: Tokens have letters and digits; keys of CloudStack - and _; any sign may be in what people choose.
secrets = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=12, max_size=40)
around = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)

FORMS = {
    "as it is": lambda text: text,
    "quote": lambda text: quote(text, safe=""),
    "quote, small letters": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()),
    "quote_plus": quote_plus,
    "quoted twice": lambda text: quote(quote(text, safe=""), safe=""),
    "HTML": html.escape,
    "HTML, numbers": lambda text: "".join(f"&#{ord(each)};" for each in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(each):X};" for each in text),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON of JSON": lambda text: json.dumps(json.dumps(text)[1:-1])[1:-1],
    "JSON, all escaped": lambda text: "".join(f"\\u{ord(each):04x}" for each in text),
    "JSON, slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "hexadecimal": lambda text: text.encode().hex(),
    "repr": lambda text: repr(text)[1:-1],
}


@given(secrets, around, around, st.sampled_from(sorted(FORMS)))
def test_a_secret_is_found_in_every_form(secret, before, after, form):
    shown = Secrets([secret]).hide(before + FORMS[form](secret) + after)
    assert FORMS[form](secret) not in shown
    assert secret not in html.unescape(shown)


@given(
    secrets,
    st.binary(max_size=30),
    st.binary(max_size=30),
    st.sampled_from([base64.b64encode, base64.urlsafe_b64encode]),
)
def test_a_secret_is_found_inside_of_what_is_in_base64(secret, before, after, encode):
    shown = Secrets([secret]).hide(encode(before + secret.encode() + after).decode())
    assert "***" in shown
    assert len(shown.replace("***", "").rstrip("=")) <= len(encode(before)) + len(encode(after))


@given(st.text(st.sampled_from("abcdefgh 0123456789%&;#x\\u+/="), max_size=80))
def test_other_text_stays_as_it_is(text):
    assert Secrets(["The-Token/9+8"]).hide(text) == text


@pytest.mark.parametrize("short", ["", "a", "abc"])
def test_what_is_too_short_to_be_one_hides_no_word(short):
    assert Secrets([short]).hide("abc a b c") == "abc a b c"


ATTACKS = {
    "\x1b[31mred\x1b[0m": "red",
    "\x9b1;31mred": "red",
    "a\x1b]0;title\x07b": "ab",
    "a\x1b]8;;http://x\x1b\\b": "ab",
    "\x1bPq#0\x1b\\b": "b",
    "\x1bc\x1b(Bx": "x",
    "db\x08\x08rm": "dbrm",
    "\u202egnp.exe": "gnp.exe",
    "a\u2066b\u2069c\u200e": "abc",
    "half \udc80": "half \ufffd",
    "a\x00b\x7fc\x85d": "abc\nd",
    "one\r\ntwo\rthree\u2028four": "one\ntwo\nthree\nfour",
    "tab\tand\nlines": "tab\tand\nlines",
    "Grüße, 你好, می‌خواهم 👩‍💻": "Grüße, 你好, می‌خواهم 👩‍💻",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_commands_to_terminals_are_left_out(attack):
    assert plain.text(attack) == ATTACKS[attack]


@given(st.text(st.one_of(st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"]), st.sampled_from("[]0;31mHab\n"))))
def test_nothing_but_text_is_left(text):
    left = plain.text(text)
    assert {unicodedata.category(each) for each in left if each not in "\n\t"} <= {
        "Cf",
        "Nd",
        "Lu",
        "Ll",
        "Ps",
        "Pe",
        "Po",
        "So",
    }
    assert not set(left) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    assert plain.text(left) == left
    assert len(plain.line(text).splitlines()) <= 1


class Module:
    """As much of an AnsibleModule as ends."""

    check_mode = False
    no_log_values = frozenset(["The-Token/9+8", "abc"])

    def __init__(self):
        self.ended = []

    def exit_json(self, **result):
        self.ended.append(result)

    def fail_json(self, **result):
        self.ended.append(result)
        raise SystemExit


def test_every_module_ends_with_text_and_without_secrets():
    module = Module()
    finish(
        module,
        lambda: {
            "volume": {"tags": {"a\x1b[2J": "x\u202e"}, "names": ("\x07b", 5, None)},
            "url": "http://h/The%2DToken%2f9%2B8/x",
        },
    )
    assert module.ended == [{"volume": {"tags": {"a": "x"}, "names": ["b", 5, None]}, "url": "http://h/***/x"}]


def test_every_failure_is_one_line_of_text_without_secrets():
    module = Module()

    def work():
        raise ApiError(
            "no\r\nok: [localhost]\x1b[2K The-Token/9+8",
            call="GET Volume/\x1b[1mx",
            error={"name": "busy\n", "descr": "VGhlLVRva2VuLzkrOA== \udc80", "hosts": {"a\x9b": "b"}},
        )

    with pytest.raises(SystemExit):
        finish(module, work)
    [told] = module.ended
    assert told["msg"] == "No ok: [localhost] ***."
    assert told["error"] == {"name": "busy\n", "descr": "*** \ufffd", "hosts": {"a": "b"}, "kind": "api_error"}
    assert told["call"] == "GET Volume/x"
