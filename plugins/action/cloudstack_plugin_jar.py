# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at a jar on the controller, and brings it to the host if the host needs it.

The module is run with what the jar is. Only if it answers that it has to write the jar, the file is transferred and the module run again. So a jar that
is wrong in itself is refused before the host is asked for anything, and a run that changes nothing is one run of the module.

A task with async has to end with a run in the background. There the first run only answers, and does nothing.
"""

from __future__ import annotations

import os
import typing as t

from ansible.errors import AnsibleError, AnsibleFileNotFound
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Failure, NotFound
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.secret_urls import redacted, scrubbed
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts import layout
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.driver import plugin
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.driver.jar import checked
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.driver.plugin import Source
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import files

OPTIONS = {"component": layout.COMPONENTS, "plugin": layout.PLUGINS}
DEFAULTS = {"plugin": layout.STORPOOL}


class ActionModule(ActionBase):
    """The action of the module of the same name."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Dict[str, t.Any]:
        super().run(tmp, task_vars)
        args = {key: value for key, value in self._task.args.items() if key != "_source"}
        options = dict(DEFAULTS, **args)
        known = all(options.get(name) in choices for name, choices in OPTIONS.items())
        if not known or not args.get("src") or _is_true(args.get("remote_src")) or args.get("state") == "previous":
            return self._module(args, task_vars)
        try:
            return self._bring(options, args, task_vars)
        except Failure as failure:
            return dict(failure.result(), failed=True)

    def _bring(
        self, options: t.Mapping[str, t.Any], args: t.Mapping[str, t.Any], task_vars: t.Any
    ) -> t.Dict[str, t.Any]:
        """The result of the task with a jar on the controller. Raises :class:`Failure`."""
        shown = redacted(str(args["src"]))
        try:
            path = self._loader.get_real_file(self._find_needle("files", str(args["src"])))
        except AnsibleFileNotFound:
            raise NotFound(
                f"src: there is no file {shown} on the controller. If it is on the host itself, add remote_src: true."
            ) from None
        except AnsibleError as error:
            raise NotFound(f"src: {shown} cannot be read on the controller: {scrubbed(str(error))}") from None
        try:
            source = checked(options, str(args["src"]), files.read(os.path.realpath(path), plugin.MOST_BYTES).content)
            told = _told(source)
            if self._task.async_val:
                return self._in_background(path, told, args, task_vars)
            result = self._module(dict(args, _source=told), task_vars)
            if not result.get("needs_source"):
                return result
            there = self._transfer(path)
            return self._module(dict(args, _source=dict(told, path=there)), task_vars)
        finally:
            self._loader.cleanup_tmp_file(path)

    def _in_background(
        self, path: str, told: t.Mapping[str, t.Any], args: t.Mapping[str, t.Any], task_vars: t.Any
    ) -> t.Dict[str, t.Any]:
        """Start the task in the background. What the task needs is in the directory that Ansible removes when it has ended."""
        answer = self._execute_module(module_args=dict(args, _source=dict(told, only_ask=True)), task_vars=task_vars)
        if "needs_source" not in answer:
            self.cleanup(force=True)
            return dict(answer)
        more = {"path": self._transfer(path)} if answer["needs_source"] else {}
        return self._module(dict(args, _source=dict(told, is_last=True, **more)), task_vars)

    def _transfer(self, path: str) -> str:
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        shell = self._connection._shell
        there = str(self._transfer_file(path, shell.join_path(shell.tmpdir, "plugin.jar")))
        self._fixup_perms2((shell.tmpdir, there))
        return there

    def _module(self, args: t.Mapping[str, t.Any], task_vars: t.Any) -> t.Dict[str, t.Any]:
        wrap = self._task.async_val
        return dict(self._execute_module(module_args=dict(args), task_vars=task_vars, wrap_async=wrap))


def _told(source: Source) -> t.Dict[str, t.Any]:
    """What the module has to know of the jar."""
    facts = source.facts
    return {"name": source.name, "sha256": source.sha256, "version": facts.version, "java": facts.java}


def _is_true(value: t.Any) -> bool:
    return bool(boolean(value, strict=False)) if value is not None else False
