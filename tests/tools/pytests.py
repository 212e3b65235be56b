# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pytest on one directory below ``tests``: ``python -m tools.pytests unit [pytest's own arguments]``."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from . import report
from .stage import stage
from .workspace import BUILD, ROOT, environment


def main() -> int:
    name, *extra = sys.argv[1:]
    return report.finish(run(name, extra))


def run(name: str, extra: Sequence[str] = ()) -> report.Result:
    """Run the tests below ``tests/<name>``, on all processors, with more arguments for pytest."""
    watch = report.Stopwatch()
    directory = ROOT / "tests" / name
    if not any(directory.rglob("test_*.py")):
        print(f"tests/{name} holds no tests")
        return report.Result(name, "tests", 0, 1, 0, watch.seconds())
    stage()
    junit = BUILD / "results" / f"{name}.xml"
    junit.parent.mkdir(parents=True, exist_ok=True)
    junit.unlink(missing_ok=True)
    note = noted(name)
    note.unlink(missing_ok=True)
    spread = ["-n", "auto", "--dist", "loadgroup"]
    command = [sys.executable, "-m", "pytest", f"tests/{name}", "-q", *spread, f"--junit-xml={junit}", *extra]
    status = subprocess.run(command, cwd=ROOT, env={**environment(), "PYTHONPATH": "tests"}, check=False).returncode
    result = _result(name, junit, status, watch.seconds())
    if note.exists() and not result.note:
        result = dataclasses.replace(result, note=note.read_text(encoding="utf-8"))
    return result


def noted(name: str) -> Path:
    """The file in which tests leave what the line of their stage shall say besides."""
    return BUILD / "results" / f"{name}.note"


def _result(name: str, junit: Path, status: int, seconds: float) -> report.Result:
    if not junit.exists():
        return report.Result(name, "tests", 0, 1, 0, seconds, "pytest ended before it could report")
    suite = ElementTree.parse(junit).getroot().find("testsuite")
    if suite is None:
        return report.Result(name, "tests", 0, 1, 0, seconds, "pytest reported nothing")
    total, failures, errors, skipped = (int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped"))
    failed = failures + errors
    if status and not failed:
        failed = 1
    return report.Result(name, "tests", max(0, total - failures - errors - skipped), failed, skipped, seconds)


if __name__ == "__main__":
    sys.exit(main())
