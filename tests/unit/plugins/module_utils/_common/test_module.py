# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules show of an address that has a secret in it, of secrets, and of very long texts."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import ApiError
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.module import Module
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.run import finish
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


@pytest.mark.parametrize("at", [0, 4_975, 4_985, 4_995, 5_005, 99_995])
def test_a_failure_has_as_much_of_a_long_text_as_a_person_reads(at, capsys):
    noise = "x " * 50_000

    def work():
        words = f"{noise[:at]} The-Token/9+8 https://user:parole@cloud.example.com/ kept-for-itself {noise[at:]}"
        raise ApiError(f"There is no volume: {words}. Name another.", error={"descr": words, "hosts": [{"msg": words}]})

    spec = {"argument_spec": {"token": {"type": "str", "no_log": True}}}
    with patch_module_args({"token": "The-Token/9+8"}):
        module = Module(spec)
        module.keep(["kept-for-itself"])
        with pytest.raises(SystemExit):
            finish(module, work)
    told = json.loads(capsys.readouterr().out)
    assert told["msg"].startswith("There is no volume: ")
    assert told["msg"].endswith("Name another.")
    for text in (told["msg"], told["error"]["descr"], told["error"]["hosts"][0]["msg"]):
        assert len(text) < 6_100
        assert "characters are left out) ..." in text
        assert not any(part in text for part in ("The-", "9+8", "kept-", "itself"))
    assert "parole" not in told["msg"]
    assert "user:p" not in told["msg"]
