# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a module says into a file while it runs is said once each time that it is new."""

from __future__ import annotations

import subprocess
import threading
import types
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.storpool.cloudstack.plugins.action.storpool_image import ActionModule, read, watched


def test_what_is_new_is_said_once(tmp_path: Path) -> None:
    path, said, looks = tmp_path / "progress", [], Looks(lambda: read(str(path)))
    with watched(looks, said.append, pause=0.01):
        for words in ("copying", "copying 10 %", "\x1b[2J", "comparing"):
            path.with_suffix(".new").write_text(words)
            path.with_suffix(".new").rename(path)
            looks.wait()
    assert said == ["copying", "copying 10 %", "comparing"]


def test_nothing_is_said_where_nothing_is_written(tmp_path: Path) -> None:
    looks = Looks(lambda: read(str(tmp_path / "none")))
    with watched(looks, unheard, pause=0.01):
        looks.wait()


class Looks:
    """Looks, and tells how often."""

    def __init__(self, look: Callable[[], str]) -> None:
        self._look, self._begun = look, threading.Semaphore(0)

    def __call__(self) -> str:
        self._begun.release()
        return self._look()

    def wait(self) -> None:
        """Return when what is there now has been looked at, and said if it is to be said, twice."""
        while self._begun.acquire(blocking=False):
            pass
        for _look in range(3):  # the first may have begun before, and the third says that the second has ended
            assert self._begun.acquire(timeout=60)


def unheard(words: str) -> None:
    raise AssertionError(words)


class Ssh:
    """A connection to this host, that counts what it is used for."""

    transport = "ssh"

    def __init__(self) -> None:
        self.used = 0

    def exec_command(self, command: str, sudoable: bool) -> tuple[int, bytes, bytes]:
        assert not sudoable, "nobody else has to be asked for who may read it"
        self.used += 1
        if self.used == 2:
            raise AnsibleConnectionFailure("lost")
        ended = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=False)
        return ended.returncode, ended.stdout, ended.stderr


@pytest.mark.parametrize("name", ["progress", "it's; touch $HOME"])
def test_over_ssh_it_is_read_beside_the_connection_of_the_task(tmp_path: Path, name: str) -> None:
    path, connection = tmp_path / name, Ssh()
    action = types.SimpleNamespace(_connection=connection)
    look = ActionModule._look_at(action, str(path))
    assert look() == "", "nothing is written yet"
    path.write_text("x" * 300)
    with pytest.raises(AnsibleConnectionFailure):
        look()
    assert look() == "x" * 200
    assert connection.used == 0
    said, looks = [], Looks(ActionModule._look_at(action, str(path)))
    path.write_text("copying 10 %")
    with watched(looks, said.append, pause=0.01):
        looks.wait()  # a look that fails is followed by others
    assert said == ["copying 10 %"]
