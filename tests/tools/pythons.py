# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds another Python on this machine, for what the main one is too old or too new for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from .workspace import python_version

SECONDS = 30
#: Fails where Python cannot make environments, as Debian's without python3-venv.
SHOW_ITSELF = "import ensurepip, sys, venv; print(sys.executable)"


def find(versions: Sequence[str]) -> str:
    """A Python of one of these versions (``3.12``) that can make environments: ours if it is one, else the newest of the PATH or of pyenv; empty if none."""
    if python_version() in versions:
        return sys.executable
    for version in sorted(versions, key=_numbers, reverse=True):
        for program in _programs(version):
            found = _asked(program)
            if found:
                return found
    return ""


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


def _programs(version: str) -> Iterator[str]:
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield on_path
    pyenv = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    yield from (str(path) for path in sorted(pyenv.glob(f"versions/{version}*/bin/python{version}")))


def _asked(program: str) -> str:
    """What it says is its path: a launcher on the PATH may stand for another, or for none."""
    asked = subprocess.run(
        [program, "-c", SHOW_ITSELF],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return asked.stdout.strip() if asked.returncode == 0 else ""
