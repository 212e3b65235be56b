# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are, and the environment in which every tool of this checkout runs."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

NAMESPACE = "storpool"
NAME = "cloudstack"
COLLECTION = f"{NAMESPACE}.{NAME}"

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"  # derived, cheap to make again
VENV = ROOT / ".venv"  # downloaded, slow to make again
STAGE = BUILD / "ansible_collections" / NAMESPACE / NAME
LOGS = BUILD / "logs"


def env_bin(name: str = "") -> Path:
    """The directory of programs of the main environment, or of the one called ``name`` (``lint``, ``core-2.18``)."""
    return (VENV / "envs" / name if name else VENV) / "bin"


def environment(name: str = "", collections: Path = BUILD) -> dict[str, str]:
    """Environment variables for tools of the environment ``name`` that shall see the collection below ``collections``.

    Nothing of the caller's Ansible set-up gets in: ``ANSIBLE_*`` variables are dropped and ``HOME`` is one of our own,
    with only pip's configuration carried over. Other ``collections`` have another home, since tools that run side by
    side would make the same files there.
    """
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "PYTHON", "MAKE", "MFLAGS"))
    }
    return {
        **kept,
        "HOME": str(_home(VENV / "home" if collections == BUILD else collections / "home")),
        "PATH": f"{env_bin(name)}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(env_bin(name).parent),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "PYTHONPYCACHEPREFIX": str(BUILD / "pycache"),
        "LC_ALL": "C.UTF-8",
    }


def python_version() -> str:
    """``3.11`` and the like: the Python of the main environment."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def _home(home: Path) -> Path:
    """``home`` as a home directory for tools, made on first use."""
    config = home / ".config" / "pip" / "pip.conf"
    if not config.exists():
        config.parent.mkdir(parents=True, exist_ok=True)
        config.touch(mode=0o600)
        config.write_text(_pip_configuration(), encoding="utf-8")
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pip"
        link = home / ".cache" / "pip"
        link.parent.mkdir(exist_ok=True)
        if cache.is_dir() and not link.is_symlink():
            link.symlink_to(cache)
    return home


def _pip_configuration() -> str:
    """The caller's pip configuration as one file.

    ansible-test installs its requirements with pip in an environment emptied of ``PIP_*``, so an index that the caller
    names there or in a file of his home would be lost.
    """
    answer = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], check=True, capture_output=True, text=True, timeout=60
    ).stdout
    sections: dict[str, dict[str, str]] = {}
    for line in answer.splitlines():
        match = re.fullmatch(r"(:env:|[\w-]+)\.([\w-]+)=(.*)", line)
        if match:
            section = "global" if match[1] == ":env:" else match[1]
            value = str(ast.literal_eval(match[3])).replace("\n", "\n  ")
            sections.setdefault(section, {})[match[2]] = value
    return "".join(
        f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in values.items())
        for section, values in sections.items()
    )
