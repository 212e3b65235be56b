# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""URLs with secrets in them: found in whatever form, and what has none is left as it is."""

from __future__ import annotations

import html
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common import secret_urls

TOKEN = "glpat-3F00secret"

SECRET = [
    "https://{}@git.example.com/team/x.git",
    "https://{}:@git.example.com/team/x.git",
    "https://oauth2:{}@git.example.com:8443/team/x.git",
    "https://me:pass/{}@git.example.com/x.git",
    "https://me:{}/word@git.example.com/x.git",
    "https://me:p@{}@git.example.com/x.git",
    "HTTPS://{}@git.example.com",
    "http://{}@[fd00::1]:80/x.git",
    "https://git.example.com/x.git?private_token={}",
    "https://git.example.com/x.git?a=b&X-Amz-Signature={}",
    "https://git.example.com/x.git#{}",
    "https://{}%40git.example.com/x.git",
    "https%3A%2F%2F{}%40git.example.com%2Fx.git",
    "https%253A%252F%252F{}%2540git.example.com",
    "ssh://me:{}@git.example.com/x.git",
    "ftp://{}@example.com/x",
    "git+https://{}@git.example.com/x.git",
    " https://{}@git.example.com/x.git",
    "https://{}\n@git.example.com/x.git",
    "https::https://{}@git.example.com/x.git",
    "htps://{}@git.example.com",
    "git://{}@example.com/x",
]
SOURCES = ["https:{}@git.example.com/x.git", "https:/{}@git.example.com/x", "me:{}@example.com:x.git", "{}@example.com"]
PLAIN = [
    "https://git.example.com/team/x.git",
    "https://git.example.com:8443/@team/x.git",
    "https://[fd00::1]:8443/c%23-lib.git",
    "ssh://git@git.example.com:22/x.git",
    "git+ssh://git@git.example.com/x.git",
    "file:///srv/a@b/x?y#z",
    "/srv/a@b?c#d/x.jar",
    "a@b/x.jar",
    "git@git.example.com:team/x.git",
    "",
    "main",
]


@pytest.mark.parametrize("url", SECRET)
def test_a_secret_is_hidden_and_can_still_be_told_to_have_been_there(url):
    shown = secret_urls.redacted(url.format(TOKEN))
    assert TOKEN not in shown
    assert "secret" not in shown
    assert secret_urls.is_secret(url.format(TOKEN))
    assert secret_urls.is_secret(shown)
    assert secret_urls.redacted(shown) == shown
    assert secret_urls.redacted_source(url.format(TOKEN)) == shown


@pytest.mark.parametrize("place", SOURCES)
def test_a_source_with_a_wrong_scheme_or_none(place):
    shown = secret_urls.redacted_source(place.format(TOKEN))
    assert TOKEN not in shown
    assert secret_urls.is_secret(shown, secret_urls.redacted_source)


@pytest.mark.parametrize("url", PLAIN)
def test_what_has_no_secret_stays(url):
    assert secret_urls.redacted(url) == url
    assert not secret_urls.is_secret(url)
    if url != "a@b/x.jar":  # as a source it would have to be absolute
        assert secret_urls.redacted_source(url) == url


@given(
    st.sampled_from(["https", "http", "ftp", "git", "HTTPS"]),
    st.text("abcXYZ019-_.~!$&'()*+,;=:%", max_size=12),
    st.sampled_from(["/x.git", "/@team/x", "", "/x?y=1"]),
)
def test_any_user_or_password_is_hidden(scheme, user, path):
    shown = secret_urls.redacted(f"{scheme}://{user}{TOKEN}@example.com{path}")
    assert TOKEN not in shown
    assert "@example.com" in shown or "@team" in shown
    assert secret_urls.redacted(shown) == shown


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["-Drepo.password=x1"], ["-Drepo.password=********"]),
        (["-D", "gpg.passphrase=x1"], ["-D", "gpg.passphrase=********"]),
        (["--define", "my.accessKey=x1"], ["--define", "my.accessKey=********"]),
        (["-Dx.privateToken=x1=x1"], ["-Dx.privateToken=********"]),
        (
            ["-DaltDeploymentRepository=id::https://me:x1@example.com/m2"],
            ["-DaltDeploymentRepository=id::https://********@example.com/m2"],
        ),
        (["-Durl=https://example.com/m2?token=x1"], ["-Durl=https://example.com/m2?********"]),
        (["-ep", "x1"], ["-ep", "********"]),
        (["--encrypt-master-password", "x1"], ["--encrypt-master-password", "********"]),
    ],
)
def test_arguments_with_secrets(arguments, shown):
    assert secret_urls.redacted_arguments(arguments) == shown
    assert secret_urls.redacted_arguments(shown) == shown


def test_arguments_without():
    plain = [
        "--offline",
        "-Dmaven.repo.local=/srv/m2",
        "--settings=/srv/me@here/settings.xml",
        "-Dskip.secrets=true",
        "-T2",
    ]
    assert secret_urls.redacted_arguments(plain) == plain


@pytest.mark.parametrize(
    "text",
    [
        "fatal: unable to access 'https://{}@example.com/x.git/': Could not resolve host",
        "fatal: repository 'https://example.com/x.git/?private_token={}' not found",
        "fatal: Authentication failed for 'https://me:{}@example.com/'",
        "Downloading from my: https://me:{}@repo.example.com/m2/x.pom",
        "Could not transfer artifact a:b from/to r (https://repo.example.com/m2?access_token={}): 401",
        "> Authorization: Basic {}",
        "> PRIVATE-TOKEN: {}",
        "args: [-Drepo.password={}, x]",
    ],
)
@pytest.mark.parametrize("escape", [str, quote, quote_plus, lambda text: quote(quote(text)), html.escape])
def test_what_programs_write_is_scrubbed(text, escape):
    if escape is not str and "https" not in text:
        return
    place = text.format(TOKEN)
    assert TOKEN not in secret_urls.scrubbed(place)
    if "@" in text:
        url = f"https://{TOKEN}@example.com/x"
        told = secret_urls.scrubbed(f"see {escape(url)} there")
        assert TOKEN not in told
        assert told.endswith("there")


def test_what_programs_write_stays_otherwise():
    for text in ("fatal: ssh://git@example.com/x is gone", "mail me@example.com", "a: https://example.com/@x/y", "ok"):
        assert secret_urls.scrubbed(text) == text
