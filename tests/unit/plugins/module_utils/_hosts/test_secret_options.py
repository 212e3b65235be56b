# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What modules for hosts return, log and run when an option holds a URL with a secret."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils import basic
from ansible.module_utils.testing import patch_module_args

from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import commands
from ansible_collections.storpool.cloudstack.plugins.modules import (
    cloudstack_deployment_info,
    cloudstack_driver_build,
    cloudstack_kvm_patch,
    cloudstack_plugin_jar,
)

TOKEN = "glpat-3F00secret"
URL = f"https://{TOKEN}@git.example.com/x.git"
QUERY = f"https://git.example.com/x.git?private_token={TOKEN}"


@pytest.fixture
def shown(monkeypatch, capsys):
    """Runs a module; all that it logs and prints, and its result."""
    logged = []
    monkeypatch.setattr(basic.AnsibleModule, "log", lambda self, msg, log_args=None: logged.append(f"{msg} {log_args}"))
    monkeypatch.setattr(commands.subprocess, "Popen", lambda *args, **kwargs: pytest.fail(f"{args[0]} was run"))

    def run(module, **options):
        with patch_module_args(options), pytest.raises(SystemExit):
            module.main()
        printed = capsys.readouterr()
        return "\n".join([*logged, printed.out, printed.err]), json.loads(printed.out)

    return run


@pytest.mark.parametrize(
    ("module", "options", "says"),
    [
        (cloudstack_driver_build, {"source": URL, "ref": "main"}, "source: the URL has a password, a token"),
        (cloudstack_driver_build, {"source": QUERY, "ref": "main"}, "source: the URL has a password, a token"),
        (cloudstack_driver_build, {"source": URL}, "source: the URL has a password, a token"),
        (
            cloudstack_driver_build,
            {"source": f"{TOKEN}:x@example.com:y", "ref": "main"},
            "source: the URL has a password",
        ),
        (
            cloudstack_driver_build,
            {"source": "/x", "storpool_source": URL, "storpool_ref": "x"},
            "storpool_source: the URL",
        ),
        (
            cloudstack_driver_build,
            {"source": "/x", "maven_args": [f"-Dx.password={TOKEN}"]},
            "maven_args: there is a password",
        ),
        (cloudstack_driver_build, {"source": "/x", "maven_args": ["-ep", TOKEN]}, "maven_args: there is a password"),
        (cloudstack_driver_build, {"source": "/x", "maven_args": f"-Drepo={URL}"}, "maven_args: there is a password"),
        (cloudstack_driver_build, {"source": URL, "timeout": "soon"}, "timeout"),
        (cloudstack_driver_build, {"source": "/x", "sorce": URL}, "sorce: there is no such option"),
        (cloudstack_driver_build, {"source": "/x", "dest": URL}, "is no absolute path"),
        (cloudstack_plugin_jar, {"component": "agent", "src": URL, "remote_src": True}, "src"),
        (cloudstack_plugin_jar, {"component": "agent", "src": QUERY, "remote_src": True}, "src"),
        (cloudstack_plugin_jar, {"component": URL}, "component: "),
        (cloudstack_kvm_patch, {"path": QUERY}, "path"),
        (cloudstack_deployment_info, {"prefix": URL}, "prefix"),
    ],
)
def test_no_secret_is_shown_logged_or_given_to_a_program(shown, module, options, says):
    text, result = shown(module, **options)
    assert result["failed"]
    assert says in result["msg"]
    assert TOKEN not in text
    assert "secret" not in text.replace("secret_urls", "")
    assert "invocation" in result
