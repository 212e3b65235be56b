# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules that talk to APIs show of an address that has a secret in it."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

from ansible_collections.storpool.cloudstack.plugins.modules import (
    cloudstack_info,
    cloudstack_storpool_pool,
    storpool_objects,
    storpool_volume,
)

CLOUDSTACK = {"api_key": "key", "api_secret": "hidden"}
POOL = {
    **CLOUDSTACK,
    "name": "sp",
    "zone": "zone1",
    "template": "t",
    "capacity": "t",
    "sp_auth_token": "1234567890123456789",
}


@pytest.mark.parametrize(
    ("module", "options"),
    [
        (cloudstack_info, {**CLOUDSTACK, "api_url": "https://user:canary@cloud.example.com/client/api"}),
        (cloudstack_info, {**CLOUDSTACK, "api_url": "https://canary@cloud.example.com/client/api"}),
        (cloudstack_info, {**CLOUDSTACK, "api_url": "https://cloud.example.com/client/api?apikey=canary"}),
        (cloudstack_info, {**CLOUDSTACK, "api_url": "https://cloud.example.com/client/api#canary"}),
        (cloudstack_info, {**CLOUDSTACK, "api_url": "https://user:canary@cloud.example.com/", "api_timeout": "soon"}),
        (cloudstack_storpool_pool, {**POOL, "api_url": "https://user:canary@cloud.example.com/client/api"}),
        (
            storpool_volume,
            {"name": "v", "sp_api_http_host": "user:canary@10.1.1.1", "sp_auth_token": "1234567890123456789"},
        ),
        (
            storpool_volume,
            {"name": "v", "sp_api_http_host": "http://canary@10.1.1.1/x", "sp_auth_token": "1234567890123456789"},
        ),
        (
            storpool_volume,
            {"name": "v", "sp_api_http_host": "10.1.1.1?token=canary", "sp_auth_token": "1234567890123456789"},
        ),
        (
            storpool_objects,
            {"volumes": ["v"], "sp_api_http_host": "canary@10.1.1.1", "sp_auth_token": "1234567890123456789"},
        ),
    ],
)
def test_an_address_with_a_secret_is_refused_and_not_shown(module, options, monkeypatch, capsys):
    logged = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, msg, log_args=None: logged.append(f"{msg} {log_args}"))
    with patch_module_args(options), pytest.raises(SystemExit):
        module.main()
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert result["error"]["kind"] == "invalid_option"
    assert "canary" not in "\n".join([*logged, printed.out, printed.err])
    assert "10.1.1.1" in printed.out or "cloud.example.com" in printed.out


def test_an_option_that_needs_another_is_told_in_words(capsys):
    options = {"prune": True, "volumes": [], "sp_api_http_host": "10.1.1.1", "sp_auth_token": "1234567890123456789"}
    with patch_module_args(options), pytest.raises(SystemExit):
        storpool_objects.main()
    assert json.loads(capsys.readouterr().out)["msg"] == "prune is true, which needs set as well."
