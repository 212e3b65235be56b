# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Code of zip files: kept, used, and compiled again when its source is another one."""

from __future__ import annotations

import json
import marshal
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ITS_DIRECTORY = Path(__file__).resolve().parents[1] / "kept_code"
RUN = """
import json, sys
kept_code, kept, archive = sys.argv[1:]
sys.path[:0] = [archive, kept_code]
import kept_code
kept_code.keep_in(kept)
import module
print(json.dumps([module.answer(), module.answer.__code__.co_filename]))
"""
#: Ends with a cycle that tells when it is found, and something of everybody's that has to be done at the end.
END = """
import atexit, sys
sys.path.insert(0, sys.argv[1])
import kept_code
kept_code.keep_in(sys.argv[2])
class Cycle:
    def __del__(self):
        print("found")
atexit.register(lambda: print("done", Cycle().__dict__))
cycle = Cycle()
cycle.itself = cycle
"""


@pytest.fixture
def run(tmp_path):
    """Import a module of this source from a new archive, in a process of its own; its answer, and where its code says that it is from."""

    def run(name: str, source: str, **environment: str) -> tuple[object, str]:
        archive = tmp_path / name
        with zipfile.ZipFile(archive, "w") as entries:
            entries.writestr("module.py", source)
        command = [sys.executable, "-S", "-c", RUN, str(ITS_DIRECTORY), str(tmp_path / "kept"), str(archive)]
        ended = subprocess.run(
            command, env={**os.environ, **environment}, check=True, capture_output=True, text=True, timeout=60
        )
        answer, place = json.loads(ended.stdout)
        return answer, place.replace(f"{archive}/", f"{name}/")

    return run


ONE, TWO = "def answer():\n    return 1\n", "def answer():\n    return 2\n"


def test_code_is_kept_and_used_for_the_same_source_only(run, tmp_path):
    assert run("first.zip", ONE) == (1, "first.zip/module.py")
    [kept] = (tmp_path / "kept").iterdir()
    kept.write_bytes(marshal.dumps(compile("def answer():\n    return 'kept'\n", "elsewhere", "exec")))
    assert run("second.zip", ONE) == ("kept", "second.zip/module.py")
    assert run("third.zip", TWO) == (2, "third.zip/module.py")
    assert len(list((tmp_path / "kept").iterdir())) == 2


def test_nothing_is_kept_where_times_are_measured(run, tmp_path):
    assert run("first.zip", ONE, KEEP_NO_CODE="1") == (1, "first.zip/module.py")
    assert not (tmp_path / "kept").exists()


def test_a_module_runs_where_nothing_can_be_kept(run, tmp_path):
    (tmp_path / "kept").write_text("no directory")
    assert run("first.zip", ONE) == (1, "first.zip/module.py")


@pytest.mark.parametrize(
    ("environment", "said"), [({}, ["found", "done {}"]), ({"KEEP_NO_CODE": "1"}, ["found", "done {}", "found"])]
)
def test_a_process_ends_without_looking_for_cycles(tmp_path, environment, said):
    command = [sys.executable, "-S", "-c", END, str(ITS_DIRECTORY), str(tmp_path)]
    ended = subprocess.run(
        command, env={**os.environ, **environment}, check=True, capture_output=True, text=True, timeout=60
    )
    assert sorted(ended.stdout.splitlines()) == sorted(said)
