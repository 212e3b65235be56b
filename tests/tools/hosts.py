# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the Molecule scenarios of ``extensions/molecule`` one after another, on the hosts of one lab.

The lab is up for all of them, so each scenario finds it up and leaves it so; each begins by installing CloudStack's
packages as on machines never touched before. With ``LAB_KEEP=1`` in the environment the lab stays up at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from lab import command

from . import report
from .processes import STOPPED, Finished, end_with_us, run
from .stage import stage
from .workspace import BUILD, ROOT, env_bin

SCENARIOS = ROOT / "extensions" / "molecule"
TIMEOUT = 1800  # seconds for one scenario
DOWN_SECONDS = 120
TAIL = 60  # lines shown of one that failed
WIDEST = 400  # characters shown of a line: a failed task can be one of a hundred thousand
LOCK = Path("/run/lock/storpool-cloudstack-hosts")


def main() -> int:
    parser = argparse.ArgumentParser(prog="hosts", description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="names of scenarios; all if none is given")
    arguments = parser.parse_args()
    watch = report.Stopwatch()
    known = all_scenarios()
    scenarios = arguments.scenarios or known
    unknown = sorted(set(scenarios) - set(known))
    if unknown or not scenarios:
        print(f"no such scenarios: {', '.join(unknown)}" if unknown else "extensions/molecule holds no scenarios")
        return report.finish(report.Result("hosts", "scenarios", 0, 1, 0, watch.seconds()))
    with _alone() as alone:
        result = _result(scenarios) if alone else _nothing(scenarios, "another run is at work on this machine's lab")
    return report.finish(dataclasses.replace(result, seconds=watch.seconds()))


def _result(scenarios: list[str]) -> report.Result:
    """Bring the lab up, run the scenarios, take the lab down."""
    stage()
    try:
        up = run([*command.COMMAND, "up"], "hosts/up", command.SECONDS, command.ENVIRONMENT)
        if not up.ok:
            return _nothing(scenarios, up.output.strip(), up.status == command.UNAVAILABLE and not os.environ.get("CI"))
        print(f"  lab up {up.seconds:.1f} s", flush=True)
        outcomes = _run_all(scenarios)
    finally:
        _down()
    failed = [name for name in scenarios if name not in outcomes or not outcomes[name].ok]
    note = f"failed: {', '.join(failed)}; see .build/logs/hosts" if failed else ""
    return report.Result("hosts", "scenarios", len(scenarios) - len(failed), len(failed), 0, 0, note)


def _nothing(scenarios: list[str], note: str, impossible: bool = False) -> report.Result:
    """No scenario ran. It fails the stage unless containers cannot run on this machine; CI has to see to it that they can."""
    counts = (0, len(scenarios)) if impossible else (len(scenarios), 0)
    return report.Result("hosts", "scenarios", 0, *counts, 0, note, impossible)


@contextlib.contextmanager
def _alone() -> Iterator[bool]:
    """Whether nobody else runs scenarios; while this lasts nobody else does."""
    if os.geteuid() != 0:
        yield True  # and the lab will say that it needs root
        return
    with LOCK.open("w", encoding="utf-8") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def all_scenarios() -> list[str]:
    """Every directory that holds a scenario; ``lab``, which the others stand on, comes first."""
    names = [path.parent.name for path in SCENARIOS.glob("*/molecule.yml")]
    return sorted(names, key=lambda name: (name != "lab", name))


def _run_all(scenarios: list[str]) -> dict[str, Finished]:
    """How each scenario ended; those that were not run any more, since we were told to end, are missing."""
    outcomes: dict[str, Finished] = {}
    for name in scenarios:
        ended = _scenario(name)
        if ended.status == STOPPED:
            break
        outcomes[name] = ended
        if not ended.ok:
            print("\n".join(line[:WIDEST] for line in ended.output.splitlines()[-TAIL:]), flush=True)
        print(f"  {'ok    ' if ended.ok else 'FAILED'} {name} {ended.seconds:.1f} s", flush=True)
    return outcomes


def _scenario(name: str) -> Finished:
    """``molecule test`` without what Molecule remembers of an earlier run, and without taking the lab down."""
    scratch = BUILD / "hosts" / name
    shutil.rmtree(scratch, ignore_errors=True)
    env = {
        **command.ENVIRONMENT,
        "MOLECULE_EPHEMERAL_DIRECTORY": str(scratch),
        "LAB_KEEP": "1",
        "NO_COLOR": "1",
        "ANSIBLE_FORCE_COLOR": "0",
        "COLUMNS": "180",
    }
    molecule: list[str | Path] = [env_bin() / "molecule", "test", "--no-command-borders", "--no-report"]
    return run([*molecule, "--destroy", "never", "--scenario-name", name], f"hosts/{name}", TIMEOUT, env)


def _down() -> None:
    """Take the lab down, also when this process was told to end; whatever goes wrong with that is said, no more."""
    if os.environ.get("LAB_KEEP"):
        return
    subprocess.run(
        [*command.COMMAND, "down"],
        env=command.ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        timeout=DOWN_SECONDS,
        check=False,
    )


if __name__ == "__main__":
    end_with_us()
    sys.exit(main())
