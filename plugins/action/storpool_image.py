# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Says how far an image is, while it is copied.

A module can say nothing before it ends. So this one writes how far it is into a file, in the directory that Ansible makes for the task; and that can be read
while the module runs: on the controller itself, and over ssh, which does several things at the same time.
"""

from __future__ import annotations

import contextlib
import copy
import os
import shlex
import sys
import threading
import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

display = Display()
#: Seconds between two looks, by connection. Over ssh a look is a process on both sides.
PAUSES = {"local": 2.0, "ssh": 5.0}
#: What is said last is not waited for any longer.
LAST_SECONDS = 5.0
#: What is read of the file.
MOST = 200
#: Ansible's strategies load a plugin where there is still a terminal; the process that runs it has none.
ON_A_TERMINAL = sys.stdout.isatty() and not os.environ.get("CI")


class ActionModule(ActionBase):
    """The action of the module of the same name."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: t.Any = None, task_vars: t.Any = None) -> t.Dict[str, t.Any]:
        super().run(tmp, task_vars)
        args = {name: value for name, value in self._task.args.items() if name != "_progress"}
        if not self._is_talkative():
            wrap = self._task.async_val
            return dict(self._execute_module(module_args=args, task_vars=task_vars, wrap_async=wrap))
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        path = self._connection._shell.join_path(self._connection._shell.tmpdir, "progress")
        with watched(self._look_at(path), self._say, PAUSES[self._connection.transport]):
            return dict(self._execute_module(module_args=dict(args, _progress=path), task_vars=task_vars))

    def _is_talkative(self) -> bool:
        if self._task.async_val or self._task.check_mode or self._connection.transport not in PAUSES:
            return False
        progress = self._task.args.get("progress", "auto")
        return progress == "always" or (progress == "auto" and ON_A_TERMINAL)

    def _look_at(self, path: str) -> t.Callable[[], str]:
        """What reads the file where the module runs, beside the connection over which that is waited for."""
        if self._connection.transport == "local":
            return lambda: read(path)
        beside = copy.copy(self._connection)
        command = f"head -c {MOST} {shlex.quote(path)}"

        def look() -> str:
            status, output, _errors = beside.exec_command(command, sudoable=False)
            return "" if status else str(output.decode("utf-8", "replace"))

        return look

    def _say(self, words: str) -> None:
        display.display("{0}: {1} ...".format(self._task.action.rpartition(".")[2], words))


def read(path: str) -> str:
    """The beginning of a file of this host."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read(MOST)


@contextlib.contextmanager
def watched(look: t.Callable[[], str], say: t.Callable[[str], None], pause: float) -> t.Iterator[None]:
    """Look from time to time how far it is, and say what is new."""
    over = threading.Event()

    def watch() -> None:
        said = ""
        while not over.wait(pause):
            with contextlib.suppress(OSError, AnsibleError):
                words = look()
                if words not in ("", said) and words.isprintable() and not over.is_set():
                    said = words
                    say(words)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(LAST_SECONDS)
