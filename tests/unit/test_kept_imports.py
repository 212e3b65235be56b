# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What files import: kept, used, and looked for again when a file is another one."""

from __future__ import annotations

import json
import marshal
import os
import subprocess
import sys
from pathlib import Path

import pytest

ITS_DIRECTORY = Path(__file__).resolve().parents[1] / "kept_code"
#: Packs a module as ansible-playbook does, and tells what has gone with it, and how often a file was parsed.
RUN = """
import io, json, sys, zipfile
kept_code, kept, source = sys.argv[1:]
sys.path.insert(0, kept_code)
import kept_imports
kept_imports.keep_in(kept)
from ansible.plugins.loader import init_plugin_loader
init_plugin_loader([])
from ansible.executor import module_common
parsed = []
sys.addaudithook(lambda event, given: parsed.append(event) if event == "compile" else None)
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as entries:
    found = module_common.recursive_finder(
        "module", "ansible.modules.module", source.encode(), entries, __import__("datetime").datetime(2026, 1, 1),
        module_common._builder.ExtensionManager(),
    )
    names = sorted(entries.namelist())
print(json.dumps([names, found.serialization_profile, len(parsed)]))
"""
ONE = "import ansible.module_utils.basic\n"
TWO = "import ansible.module_utils.basic\nfrom ansible.module_utils import urls\n"


@pytest.fixture
def packed(tmp_path):
    """Pack a module of this source in a process of its own: the names of what goes with it, its profile, and how many files were parsed."""

    def packed(source: str, **environment: str) -> tuple[list[str], str, int]:
        command = [sys.executable, "-S", "-c", RUN, str(ITS_DIRECTORY), str(tmp_path / "kept"), source]
        paths = os.pathsep.join(path for path in sys.path if path)
        env = {**os.environ, "PYTHONPATH": paths, **environment}
        ended = subprocess.run(command, env=env, check=False, capture_output=True, text=True, timeout=120)
        assert ended.returncode == 0, ended.stderr
        return tuple(json.loads(ended.stdout))

    return packed


def test_what_is_packed_is_what_ansible_packs(packed, tmp_path):
    plain = packed(TWO, KEEP_NO_CODE="1")
    assert not (tmp_path / "kept").exists()
    first, second = packed(TWO), packed(TWO)
    assert first[:2] == second[:2] == plain[:2]
    assert second[2] < 5 < plain[2]
    assert "ansible/module_utils/urls.py" in plain[0]
    assert "ansible/module_utils/urls.py" not in packed(ONE)[0]


def test_what_is_kept_is_what_is_used(packed, tmp_path):
    packed(ONE)
    for kept in (tmp_path / "kept").iterdir():
        submodules, optional = marshal.loads(kept.read_bytes())  # noqa: S302 - what was written by us
        kept.write_bytes(marshal.dumps((submodules | {("ansible", "module_utils", "urls", "urls")}, optional)))
    assert "ansible/module_utils/urls.py" in packed(ONE)[0]


def test_a_module_is_packed_where_nothing_can_be_kept(packed, tmp_path):
    (tmp_path / "kept").write_text("no directory")
    assert "ansible/module_utils/urls.py" in packed(TWO)[0]
