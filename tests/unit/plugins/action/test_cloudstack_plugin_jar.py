# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A jar on the controller is looked at there, and brought to the host only if it is needed."""

from __future__ import annotations

import hashlib
import re
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleError, AnsibleFileNotFound

from ansible_collections.storpool.cloudstack.plugins.action.cloudstack_plugin_jar import ActionModule
from standins import kvm_plugin, storpool_driver

NAME = storpool_driver.name("4.19.1.0")


class Action(ActionModule):
    """The action without Ansible around it: what it runs and transfers is written down, and what the module answers is given."""

    def __init__(self, directory, answers, async_val=0, **args):
        self._task = SimpleNamespace(
            args=args, check_mode=False, diff=False, async_val=async_val, action="x", environment=None
        )
        self._connection = SimpleNamespace(
            _shell=SimpleNamespace(tmpdir=None, join_path=lambda *parts: "/".join(parts))
        )
        self._loader = SimpleNamespace(get_real_file=lambda path: path, cleanup_tmp_file=self._cleaned)
        self.directory, self.answers = directory, list(answers)
        self.runs, self.transferred, self.cleaned, self.wrapped = [], [], [], []

    def run(self, tmp=None, task_vars=None):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("ansible.plugins.action.ActionBase.run", lambda self, tmp, task_vars: {})
            return super().run(tmp, task_vars or {})

    def _cleaned(self, path):
        self.cleaned.append(path)

    def _find_needle(self, dirname, needle):
        assert dirname == "files"
        if needle == "secret.jar":
            raise AnsibleError("Attempting to decrypt but no vault secrets found")
        path = self.directory / needle
        if not path.exists():
            raise AnsibleFileNotFound(file_name=needle)
        return str(path)

    def cleanup(self, force=False):
        self.cleaned.append("temporary directory")

    def _execute_module(self, module_args=None, task_vars=None, wrap_async=0):
        self.runs.append(module_args)
        self.wrapped.append(wrap_async)
        return self.answers.pop(0)

    def _make_tmp_path(self):
        self._connection._shell.tmpdir = "/home/a/.ansible/tmp"

    def _transfer_file(self, local_path, remote_path):
        self.transferred.append((local_path, remote_path))
        return remote_path

    def _fixup_perms2(self, paths):
        assert self.transferred


@pytest.fixture
def jar(tmp_path):
    path = tmp_path / NAME
    path.write_bytes(storpool_driver.jar("4.19.1.0"))
    return path


def told(jar, **more):
    checksum = hashlib.sha256(jar.read_bytes()).hexdigest()
    return {"name": jar.name, "sha256": checksum, "version": "4.19.1.0", "java": 8} | more


def test_a_run_that_changes_nothing_is_one_run_of_the_module(jar):
    action = Action(jar.parent, [{"changed": False}], component="agent", src=NAME)
    assert action.run() == {"changed": False}
    assert action.runs == [{"component": "agent", "src": NAME, "_source": told(jar)}]
    assert (action.transferred, action.cleaned) == ([], [str(jar)])


def test_a_jar_that_is_needed_is_transferred(jar):
    answers = [{"changed": False, "needs_source": True}, {"changed": True}]
    action = Action(jar.parent, answers, component="agent", src=NAME, sha256=told(jar)["sha256"])
    assert action.run() == {"changed": True}
    assert action.transferred == [(str(jar), "/home/a/.ansible/tmp/plugin.jar")]
    assert [run["_source"] for run in action.runs] == [told(jar), told(jar, path="/home/a/.ansible/tmp/plugin.jar")]


def test_a_module_that_fails_is_not_run_again(jar):
    action = Action(jar.parent, [{"failed": True, "msg": "no"}], component="agent", src=NAME)
    assert action.run() == {"failed": True, "msg": "no"}
    assert action.transferred == []


@pytest.mark.parametrize(
    ("args", "content", "says", "kind"),
    [
        ({"sha256": "0" * 64}, None, "has the checksum [0-9a-f]{64}, not 0{64}", "invalid_option"),
        ({}, b"<html>", "cannot be used, it is not a zip file", "unusable"),
        ({}, kvm_plugin.jar("4.19.1.0"), "is not the StorPool driver", "invalid_option"),
        ({"plugin": "kvm"}, None, "is not the KVM plugin", "invalid_option"),
        ({"src": "none.jar"}, None, r"there is no file none\.jar on the controller.*add remote_src: true", "not_found"),
        ({"src": "secret.jar"}, None, "secret.jar cannot be read on the controller: .*no vault secrets", "not_found"),
        ({"src": "."}, None, "is not a file", "invalid_option"),
    ],
)
def test_a_jar_that_is_wrong_in_itself_is_refused_before_the_host_is_asked(jar, args, content, says, kind):
    if content is not None:
        jar.write_bytes(content)
    action = Action(jar.parent, [], **{"component": "agent", "src": NAME} | args)
    result = action.run()
    assert result["failed"]
    assert result["error"]["kind"] == kind
    assert re.search(says, result["msg"])
    assert action.runs == []


@pytest.mark.parametrize(
    "args",
    [
        {"component": "agent"},
        {"component": "agent", "src": "/on/the/host.jar", "remote_src": "yes"},
        {"component": "agent", "state": "previous"},
        {"component": "other", "src": NAME},
        {"component": "agent", "src": NAME, "plugin": "other"},
        {"src": NAME},
    ],
)
def test_what_the_module_has_to_say_itself_is_left_to_it(tmp_path, args):
    action = Action(tmp_path, [{"changed": True}], **args, _source={"name": "forged"})
    assert action.run() == {"changed": True}
    assert action.runs == [args]


@pytest.mark.parametrize("needed", [True, False])
def test_in_the_background_the_jar_is_brought_first(jar, needed):
    answers = [{"changed": False, "needs_source": needed}, {"ansible_job_id": "j1", "changed": True}]
    action = Action(jar.parent, answers, async_val=60, component="agent", src=NAME)
    assert action._supports_async
    assert action.run() == {"ansible_job_id": "j1", "changed": True}
    assert action.wrapped == [0, 60]
    path = {"path": "/home/a/.ansible/tmp/plugin.jar"} if needed else {}
    assert [run["_source"] for run in action.runs] == [told(jar, only_ask=True), told(jar, is_last=True, **path)]
    assert len(action.transferred) == needed
    assert action.cleaned == [str(jar)]


def test_in_the_background_what_is_refused_is_refused_at_once(jar):
    action = Action(jar.parent, [{"failed": True, "msg": "no"}], async_val=60, component="agent", src=NAME)
    assert action.run() == {"failed": True, "msg": "no"}
    assert action.wrapped == [0]
    assert action.cleaned == ["temporary directory", str(jar)]


def test_in_the_background_what_needs_no_jar_is_one_run(jar):
    action = Action(jar.parent, [{"ansible_job_id": "j1"}], async_val=60, component="agent", state="previous")
    assert action.run() == {"ansible_job_id": "j1"}
    assert action.wrapped == [60]
