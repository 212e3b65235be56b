# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The bound of the ``cs`` library: checked, and the same wherever it is said."""

from __future__ import annotations

import json
import re
from pathlib import Path
from unittest import mock

import cs
import pytest
from ansible.module_utils import basic
from ansible.module_utils.common.text.converters import to_bytes

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection import api, library
from ansible_collections.storpool.cloudstack.plugins.modules import cloudstack_info

ROOT = Path(__file__).parents[6]


class Old:
    """The client of cs 2.7, as far as its parameters go."""

    def __init__(
        self,
        endpoint,
        key,
        secret,
        timeout=10,
        method="get",
        verify=None,
        dangerous_no_tls_verify=False,
        cert=None,
        name=None,
        retry=0,
    ):
        raise AssertionError("it was used")


class NotWritten:
    """A client that has no signature at all."""


def test_the_one_of_the_tests_will_do():
    assert library.problem(cs.CloudStack) is None


@pytest.mark.parametrize("client", [Old, NotWritten, object])
def test_an_old_one_is_refused(client):
    assert f"version {library.LOWEST} or newer is needed" in library.problem(client)


def test_a_module_says_so_before_anything_is_sent(monkeypatch, capsys):
    monkeypatch.setattr(api, "CloudStack", Old)
    given = {"api_url": "http://127.0.0.1:9/client/api", "api_key": "key-of-nobody", "api_secret": "secret-of-nobody"}
    with (
        mock.patch.object(basic, "_ANSIBLE_ARGS", to_bytes(json.dumps({"ANSIBLE_MODULE_ARGS": given}))),
        mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True),
        pytest.raises(SystemExit),
    ):
        cloudstack_info.main()
    result = json.loads(capsys.readouterr().out)
    assert result["failed"]
    assert result["msg"].startswith("The Python library cs on this host is too old: version 2.7.1 or newer is needed")


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "meta/ee-requirements.txt",
        "plugins/doc_fragments/_cloudstack.py",
        "docs/deploying.md",
        "roles/preflight/README.md",
    ],
)
def test_the_bound_is_the_same_everywhere(path):
    text = (ROOT / path).read_text()
    assert set(re.findall(r"\bcs`? ?(?:>= ?)?([0-9]+(?:\.[0-9]+)+)", text)) == {library.LOWEST}
