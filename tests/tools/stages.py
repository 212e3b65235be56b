# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs stages, whatever becomes of each, and ends with a table of all: ``make test``.

They run one after another, but for those that mostly wait: these run beside the others, and say at the end what they had to say.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from . import report
from .workspace import LOGS, ROOT

#: Stages that mostly wait, for services that start and hosts that answer.
BESIDE = ("hosts",)


def main() -> int:
    parser = argparse.ArgumentParser(prog="stages", description=__doc__.splitlines()[0])
    parser.add_argument("stages", nargs="+", metavar="STAGE", help="a target of the Makefile")
    parser.add_argument("--totals", action="store_true", help="run nothing: print the sums of the last results")
    arguments = parser.parse_args()
    if arguments.totals:
        results = [_result(stage, broken=False) for stage in arguments.stages]
        print(sum(result.passed for result in results), sum(result.failed for result in results))
        return 0
    for stage in arguments.stages:
        report.forget(stage)
    beside = {stage: _start(stage) for stage in arguments.stages if stage in BESIDE and len(arguments.stages) > 1}
    try:
        done = {stage: _run(stage) for stage in arguments.stages if stage not in beside}
        done |= {stage: _wait(stage, running) for stage, running in beside.items()}
    finally:
        for running in beside.values():
            running.terminate()
    results = [done[stage] for stage in arguments.stages]
    print(_table(results), flush=True)
    return 0 if all(result.ok for result in results) else 1


def _run(stage: str) -> report.Result:
    watch = report.Stopwatch()
    print(f"\n=== {stage} ===", flush=True)
    status = subprocess.run(_command(stage), cwd=ROOT, env=_environment(), check=False).returncode
    return _result(stage, broken=status != 0, seconds=watch.seconds())


def _start(stage: str) -> subprocess.Popen[bytes]:
    print(f"{stage} runs beside the other stages", flush=True)
    log = _log(stage)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        return subprocess.Popen(
            _command(stage), cwd=ROOT, env=_environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )


def _wait(stage: str, running: subprocess.Popen[bytes]) -> report.Result:
    """The result of a stage that was started. It bounds its own time."""
    watch = report.Stopwatch()
    status = running.wait()
    print(f"\n=== {stage}, beside the others ===\n{_log(stage).read_text(errors='replace')}", flush=True)
    return _result(stage, broken=status != 0, seconds=watch.seconds())


def _command(stage: str) -> list[str]:
    return [os.environ.get("MAKE", "make"), "--no-print-directory", stage]


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}


def _log(stage: str) -> Path:
    return LOGS / f"{stage}.log"


def _result(stage: str, broken: bool, seconds: float = 0.0) -> report.Result:
    """What the stage reported; a stage that ended badly without a word of its own counts as one failure."""
    result = report.load(stage)
    if result is None:
        return report.Result(stage, "tests", 0, 1, 0, seconds, "ended before it could report")
    if broken and result.ok:
        return report.Result(stage, result.noun, result.passed, 1, result.skipped, seconds, "ended badly")
    return result


def _table(results: list[report.Result]) -> str:
    rows = [("stage", "result", "passed", "failed", "skipped", "seconds", "")]
    rows += [
        (
            r.stage,
            "not run" if r.impossible else "ok" if r.ok else "FAILED",
            str(r.passed),
            str(r.failed),
            str(r.skipped),
            f"{r.seconds:.0f}",
            r.note,
        )
        for r in results
    ]
    rows.append(
        (
            "all",
            "ok" if all(r.ok for r in results) else "FAILED",
            str(sum(r.passed for r in results)),
            str(sum(r.failed for r in results)),
            str(sum(r.skipped for r in results)),
            f"{sum(r.seconds for r in results):.0f}",
            "",
        )
    )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        words = [
            f"{text:<{width}}" if column < 2 else f"{text:>{width}}"
            for column, (text, width) in enumerate(zip(row, widths, strict=False))
        ]
        lines.append("  ".join([*words, row[-1]]).rstrip())
    return "\n" + "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
