# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs integration targets, each with ``ansible-test integration`` and a bound on its time, several side by side.

Each worker has a copy of the collection of its own, because ansible-test keeps files in fixed places.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import threading

from . import report
from .processes import STOPPED, Finished, end_with_us, run
from .stage import stage
from .workspace import BUILD, ROOT, env_bin, environment

TARGETS = ROOT / "tests" / "integration" / "targets"
TIMEOUT = 600  # seconds for one target


def main() -> int:
    parser = argparse.ArgumentParser(prog="integration", description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="names of targets; all if none is given")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="how many run at a time")
    parser.add_argument(
        "--core", default="", metavar="X.Y", help="use the environment core-X.Y instead of the main one"
    )
    parser.add_argument("--verbose", "-v", action="count", default=0, help="passed on to ansible-test")
    arguments = parser.parse_args()
    watch = report.Stopwatch()
    targets = arguments.targets or all_targets()
    unknown = sorted(set(targets) - set(all_targets()))
    if unknown or not targets:
        print(f"no such targets: {', '.join(unknown)}" if unknown else "tests/integration/targets holds no targets")
        return report.finish(report.Result("integration", "targets", 0, 1, 0, watch.seconds()))
    outcomes = _run_all(targets, min(arguments.workers, len(targets)), arguments.core, arguments.verbose)
    failed = sorted(name for name, ended in outcomes.items() if not ended.ok)
    lost = len(targets) - len(outcomes)
    note = f"failed: {', '.join(failed)}; see .build/logs/integration" if failed else ""
    passed = len(outcomes) - len(failed)
    return report.finish(report.Result("integration", "targets", passed, len(failed) + lost, 0, watch.seconds(), note))


def all_targets() -> list[str]:
    """Every target that is a test; ``setup_*`` roles only serve others."""
    if not TARGETS.is_dir():
        return []
    return sorted(path.name for path in TARGETS.iterdir() if path.is_dir() and not path.name.startswith("setup_"))


def _run_all(targets: list[str], workers: int, core: str, verbosity: int) -> dict[str, Finished]:
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    for target in sorted(targets, key=_weight, reverse=True):
        waiting.put(target)
    outcomes: dict[str, Finished] = {}
    threads = [
        threading.Thread(target=_work, args=(number, waiting, outcomes, core, verbosity)) for number in range(workers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes


def _weight(target: str) -> int:
    """A guess at how long a target takes, so that the longest do not come last: the size of what it does."""
    return sum(path.stat().st_size for path in (TARGETS / target).rglob("*.yml"))


def _work(
    number: int, waiting: queue.SimpleQueue[str], outcomes: dict[str, Finished], core: str, verbosity: int
) -> None:
    top = BUILD / "workers" / str(number)
    top.mkdir(parents=True, exist_ok=True)
    collection = stage(top)
    env = {**environment(f"core-{core}" if core else "", top), "ANSIBLE_TEST_CONTENT_ROOT": str(collection)}
    program = env_bin(f"core-{core}" if core else "") / "ansible-test"
    command = [str(program), "integration", "--local", "--color", "no", *["-v"] * verbosity]
    while True:
        try:
            target = waiting.get_nowait()
        except queue.Empty:
            return
        ended = run([*command, target], f"integration/{target}", TIMEOUT, env, cwd=collection)
        if ended.status == STOPPED:
            return
        outcomes[target] = ended
        if not ended.ok:
            print(_tail(ended.output), flush=True)
        print(f"  {'ok    ' if ended.ok else 'FAILED'} {target} {ended.seconds:.1f} s", flush=True)


def _tail(output: str, lines: int = 60) -> str:
    """The end of a target's output, where the failing task is."""
    return "\n".join(output.splitlines()[-lines:])


if __name__ == "__main__":
    end_with_us()
    sys.exit(main())
