# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Java sources to class files, each set compiled once: what it was compiled from names the directory of the result."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.workspace import BUILD

SOURCES = Path(__file__).resolve().parent / "java"
CLASSES = BUILD / "lab" / "classes"
SECONDS = 120


class CompilerError(Exception):
    """There is no compiler, or it refused the sources; one text for a person."""


def sources(part: str) -> dict[str, str]:
    """The sources of ``program``, ``driver`` or ``broken``: path below that directory to text."""
    root = SOURCES / part
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in sorted(root.rglob("*.java"))
    }


def digest(*parts: object) -> str:
    """A short name for everything that a result depends on."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def compiled(texts: Mapping[str, str], release: int) -> dict[str, bytes]:
    """Path to content of the class files of ``texts``, for that Java release (8 and up); :class:`CompilerError`."""
    kept = CLASSES / digest(sorted(texts.items()), release)
    if not kept.is_dir():
        CLASSES.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CLASSES, prefix=".tmp-") as scratch:
            result = _compile(texts, release, Path(scratch))
            try:
                result.rename(kept)
            except OSError:
                # Another process was faster, with the same result.
                if not kept.is_dir():
                    raise
    return {path.relative_to(kept).as_posix(): path.read_bytes() for path in sorted(kept.rglob("*.class"))}


def _compile(texts: Mapping[str, str], release: int, scratch: Path) -> Path:
    if shutil.which("javac") is None:
        raise CompilerError("There is no javac: install a JDK (Debian: default-jdk-headless).")
    classes = scratch / "classes"
    classes.mkdir()
    files = []
    for name, text in texts.items():
        path = scratch / "sources" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        files.append(str(path))
    # Warnings are about Java releases that are out of date, which is the point.
    command = ["javac", "-nowarn", "-Xlint:-options", "-proc:none", "-g:none", "--release", str(release)]
    run = subprocess.run(
        [*command, "-J-XX:TieredStopAtLevel=1", "-d", str(classes), *files],
        check=False,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
    )
    if run.returncode != 0:
        raise CompilerError(f"javac refused the sources:\n{run.stderr}")
    return classes
