# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs stages, whatever becomes of each, and ends with a table of all: ``make test``."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from . import report
from .workspace import ROOT

#: A stage that waits a lot -> those that run beside it, in what it leaves of the processors. No test of theirs depends on its speed. First come those that look
#: at all of the staged copy, in which nobody may change anything meanwhile; then two lanes, since each of them has times with work for one processor only.
BESIDE: dict[str, tuple[tuple[tuple[str, ...], ...], ...]] = {
    "hosts": ((("lint", "sanity"),), (("unit", "contract", "faults"), ("compat", "integration")))
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="stages", description=__doc__)
    parser.add_argument("stages", nargs="+", metavar="STAGE", help="a target of the Makefile")
    parser.add_argument("--totals", action="store_true", help="run nothing: print the sums of the last results")
    arguments = parser.parse_args()
    if arguments.totals:
        results = [_result(stage, broken=False) for stage in arguments.stages]
        print(sum(result.passed for result in results), sum(result.failed for result in results))
        return 0
    for stage in arguments.stages:
        report.forget(stage)
    watch = report.Stopwatch()
    results = _run_all(arguments.stages)
    print(_table(results, watch.seconds()), flush=True)
    return 0 if all(result.ok for result in results) else 1


def _run_all(stages: list[str]) -> list[report.Result]:
    """Run stages in their order, but those that can run beside another one together with that."""
    waiting = {other for stage in stages for lanes in BESIDE.get(stage, ()) for lane in lanes for other in lane}
    results: dict[str, report.Result] = {}
    for stage in stages:
        if stage not in waiting:
            with ThreadPoolExecutor(1) as pool:
                others = pool.submit(_run_beside, stage, stages)
                results[stage] = _run(stage)
            results |= others.result()
    return [results[stage] for stage in stages]


def _run_beside(stage: str, stages: list[str]) -> dict[str, report.Result]:
    """Run those of the stages that can run beside one."""

    def run(lane: tuple[str, ...]) -> list[report.Result]:
        return [_run(other, aside=True) for other in lane if other in stages]

    results: list[report.Result] = []
    with ThreadPoolExecutor() as pool:
        for lanes in BESIDE.get(stage, ()):
            for of_lane in pool.map(run, lanes):
                results += of_lane
    return {result.stage: result for result in results}


def _run(stage: str, aside: bool = False) -> report.Result:
    """Run a stage; aside, with the lowest priority, and with its output all at once when it has ended."""
    watch = report.Stopwatch()
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    header = f"\n=== {stage} ==="
    if not aside:
        print(header, flush=True)
    ended = subprocess.run(
        [*(("nice", "-n", "19") if aside else ()), environment.get("MAKE", "make"), "--no-print-directory", stage],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE if aside else None,
        stderr=subprocess.STDOUT if aside else None,
        text=True,
        errors="replace",
        check=False,
    )
    if aside:
        print(f"{header}\n{ended.stdout}", flush=True)
    return _result(stage, broken=ended.returncode != 0, seconds=watch.seconds())


def _result(stage: str, broken: bool, seconds: float = 0.0) -> report.Result:
    """What the stage reported; a stage that ended badly without a word of its own counts as one failure."""
    result = report.load(stage)
    if result is None:
        return report.Result(stage, "tests", 0, 1, 0, seconds, "ended before it could report")
    if broken and result.ok:
        return report.Result(stage, result.noun, result.passed, 1, result.skipped, seconds, "ended badly")
    return result


def _table(results: list[report.Result], seconds: float) -> str:
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
            f"{seconds:.0f}",
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
