# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""StorPool's configuration files, side by side with PyPI ``confget`` and StorPool's own client, which read them for StorPool's tools."""

from __future__ import annotations

import os
import platform
import re

import confget
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from storpool.spconfig import SPConfig, SPConfigException

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import NotConfigured
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import conf_files, config

IN_FIXTURES = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
#: What the dialect gives a meaning to, what other dialects do, and what text may hold beside it.
PIECES = [
    *["SP_OURID", "A", "1", "7", "=", "[", "]", "[n1]", "[n2]", "[ n1 ]", "#", ";", "# rack 2", "'", '"', "\\", "\\\\", "${A}", "%(A)s"],
    *[" ", "\t", "\x0b", "\x0c", "\x1c", "\x1f", "\x85", "\xa0", "\u2028", "\u3000", "\ufeff", "\x00", "é", "Ж", "\U0001f4be"],
    *["\n", "\n", "\n", "\r\n", "\r", "\\\n", "\\\r\n", "\\ \n", "A=1\n", "SP_OURID = 2\n", "[n1]\n", "[n2] # rack 2\n", "export A=1\n", "A: 1\n"],
]  # fmt: skip
FILES = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
LINES = st.lists(
    st.sampled_from(
        ["SP_OURID=7\n", "SP_OURID = 9 \n", "# one\n", "\n", "SP_OURID=1\\\n2\n", 'A="7"\n', "SP_API_HTTP_HOST=10.0.\\\n  0.1\n"]
        + [f"[{name}]\n" for name in ("n1", " n1 ", "n2", platform.node())]
    ),
    max_size=12,
).map("".join)  # fmt: skip


def theirs(path, content, encoding="utf-8"):
    """What ``confget`` reads, or the line at which it stops."""
    path.write_bytes(content)
    try:
        return confget.BACKENDS["ini"](confget.Config([], filename=str(path), encoding=encoding)).read_file()
    except (confget.backend.ini_pyp.pyp.ParseBaseException, ValueError) as refusal:
        return refusal.lineno


def ours(content):
    try:
        sections = conf_files.parse(content)
    except conf_files.Wrong as refusal:
        return refusal.line
    return {section: {name: value.text for name, value in found.items()} for section, found in sections.items()}


@IN_FIXTURES
@given(st.one_of(FILES, LINES, st.tuples(LINES, FILES, LINES).map("".join)))
@example("[node1]\nSP_OURID=1\n[node2] # rack 2\nSP_OURID=2\n")
@example("SP_API_HTTP_HOST=10.0.\\\n0.1\n")
@example("A=1")
@example("A=1\\\n")
@example("A=1\n# the end")
@example("[n1]")
@example("A=1\n  ")
def test_what_confget_reads_is_read_alike_and_what_it_refuses_is_refused_at_the_same_line(tmp_path, text):
    expected, actual = theirs(tmp_path / "storpool.conf", text.encode()), ours(text.encode())
    if isinstance(expected, int) and isinstance(actual, int):
        # It calls the place after the last line end a line of its own.
        lines = len(re.split("\r\n|\r|\n", text))
        assert actual in (expected, expected - 1 if expected == lines else expected)
    else:
        assert actual == expected


@IN_FIXTURES
@given(st.one_of(FILES, LINES), st.sampled_from(["cp1251", "latin-1", "koi8-r", "cp1252", "iso8859-5"]))
def test_a_file_in_another_encoding_says_what_it_says_where_that_is_the_one_of_the_host(tmp_path, text, encoding):
    def ascii_only(found):
        # What is no ASCII cannot be an address, a token or an id, and other encodings have other blanks at the end of a line.
        return {
            re.sub("[^!-~]+", "", section): {
                re.sub("[^!-~]+", "", name): re.sub("[^ -~]+", "", value).rstrip() for name, value in values.items()
            }
            for section, values in found.items()
        }

    content = text.encode(encoding, "replace")
    expected, actual = theirs(tmp_path / "storpool.conf", content, encoding), ours(content)
    assert isinstance(actual, int) == isinstance(expected, int)
    if not isinstance(actual, int):
        assert ascii_only(actual) == ascii_only(expected)


@pytest.fixture
def host(tmp_path, monkeypatch):
    """The root of a host, whose files StorPool's own client reads, too."""
    (tmp_path / "etc/storpool.conf.d").mkdir(parents=True)
    monkeypatch.setattr(SPConfig, "PATH_CONFIG", f"{tmp_path}/etc/storpool.conf")
    monkeypatch.setattr(SPConfig, "PATH_CONFIG_DIR", f"{tmp_path}/etc/storpool.conf.d")
    return tmp_path


def reach(host):
    return lambda path: f"{host}{path}"


@IN_FIXTURES
@given(main=st.one_of(LINES, FILES), extra=st.lists(LINES, max_size=2))
def test_the_files_together_say_what_they_say_to_the_vendors_client(host, main, extra):
    directory = host / "etc/storpool.conf.d"
    for old in directory.iterdir():
        old.unlink()
    (host / "etc/storpool.conf").write_bytes(main.encode())
    for number, lines in enumerate(extra):
        (directory / f"{number}.conf").write_text(lines)
    (directory / ".hidden.conf").write_text("SP_OURID=1\n")
    (directory / "9.conf.bak").write_text("SP_OURID=2\n")
    try:
        expected = SPConfig(use_env=False)
    except SPConfigException:
        with pytest.raises(NotConfigured, match=r"/etc/storpool\.conf is wrong in line \d+: "):
            config.read_files(reach(host))
        return
    found = config.read_files(reach(host))
    for name in ("SP_OURID", "A", "SP_AUTH_TOKEN"):
        assert found.get(name) == expected.get(name)
    assert found.get("SP_API_HTTP_HOST", "127.0.0.1") == expected["SP_API_HTTP_HOST"]


def test_another_hosts_id_is_not_taken_for_this_ones(host):
    (host / "etc/storpool.conf").write_text("[node1]\nSP_OURID=1\n[node2] # rack 2\nSP_OURID=2\n")
    with pytest.raises(
        NotConfigured, match=r"/etc/storpool\.conf is wrong in line 3: a header is \[NAME\] and nothing else"
    ):
        config.read_files(reach(host), "node1")


def test_a_refusal_does_not_tell_the_line(host):
    (host / "etc/storpool.conf.d/10.conf").write_text("SP_OURID=1\nSP_AUTH_TOKEN canary\n")
    with pytest.raises(NotConfigured) as refusal:
        config.read_files(reach(host))
    assert "/etc/storpool.conf.d/10.conf is wrong in line 2" in refusal.value.message
    assert "canary" not in refusal.value.message
    assert str(host) not in refusal.value.message


def test_a_comment_in_an_old_encoding_is_a_comment(host):
    (host / "etc/storpool.conf").write_bytes("# сървър\nSP_OURID=7\n".encode("cp1251") + "# сървър\n".encode())
    assert config.read_files(reach(host)) == {"SP_OURID": "7"}


def test_each_variable_knows_its_file_and_line(host):
    (host / "etc/storpool.conf").write_text("A=1\nB=2\n[n1]\nA=\\\n  3\n")
    (host / "etc/storpool.conf.d/x.conf").write_text("\nB=4\n")
    found = config.read_files(reach(host), "n1")
    assert dict(found) == {"A": "  3", "B": "4"}
    assert found.places == {
        "A": "A in /etc/storpool.conf, line 4",
        "B": "B in /etc/storpool.conf.d/x.conf, line 2",
    }
    assert found.files == ["/etc/storpool.conf", "/etc/storpool.conf.d/x.conf"]


def test_no_files_say_nothing(tmp_path):
    assert config.read_files(reach(tmp_path)) == {}
    (tmp_path / "etc").write_text("")
    assert config.read_files(reach(tmp_path)) == {}


@pytest.mark.parametrize("kind", ["loop", "directory without a right", "too long"])
def test_what_cannot_be_read_is_named(host, monkeypatch, kind):
    if kind == "loop":
        os.symlink("storpool.conf", host / "etc/storpool.conf")
    elif kind == "too long":
        (host / "etc/storpool.conf").write_text("# \n" * 10)
        monkeypatch.setattr(conf_files, "MOST_BYTES", 10)
    else:

        def locked(_path):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(os, "listdir", locked)
    with pytest.raises(
        NotConfigured, match=r"^StorPool's configuration file /etc/storpool\.conf(\.d)? (cannot be read: \w+|is wrong)"
    ):
        config.read_files(reach(host))
