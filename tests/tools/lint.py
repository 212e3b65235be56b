# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that looks at the code without running it, side by side, with one line for each check."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import os
import sys
from collections.abc import Callable
from pathlib import Path

from . import houserules, report
from .processes import Finished, end_with_us, run
from .stage import stage
from .workspace import BUILD, COLLECTION, NAME, NAMESPACE, ROOT, STAGE, env_bin, environment

TIMEOUT = 600  # seconds for one check
PACKAGE = f"ansible_collections.{COLLECTION}"


@dataclasses.dataclass(frozen=True)
class Check:
    """One check: its name, what to run where, and what of its output to show even when all is well."""

    name: str
    command: tuple[str | Path, ...]
    cwd: Path = ROOT
    shown: Callable[[str], str] = lambda output: ""


def main() -> int:
    watch = report.Stopwatch()
    stage()
    rules = houserules.complaints()
    for sentence in rules:
        print(sentence)
    print(f"  {'FAILED' if rules else 'ok    '} house rules", flush=True)
    failed = 1 if rules else 0
    checks = _checks()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for check, ended in zip(checks, pool.map(_run, checks), strict=True):
            failed += 0 if ended.ok else 1
            words = _relative(check.shown(ended.output) if ended.ok else ended.output).strip()
            if words:
                print(words)
            print(f"  {'ok    ' if ended.ok else 'FAILED'} {check.name} {ended.seconds:.1f} s", flush=True)
    return report.finish(report.Result("lint", "checks", len(checks) + 1 - failed, failed, 0, watch.seconds()))


def _checks() -> list[Check]:
    """The slowest first."""
    tool = env_bin("lint")
    mypy = (tool / "mypy", "--config-file", ROOT / "mypy.ini", "--cache-dir")
    return [
        Check("galaxy-importer", (sys.executable, "-m", "tools.importer"), shown=lambda output: output),
        Check("ansible-lint", (tool / "ansible-lint", "--profile", "production", "--offline", "--nocolor"), STAGE),
        Check(
            "antsibull-docs",
            (
                *(tool / "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--check-extra-docs-refs"),
                *("--validate-collection-refs", "all", "--disallow-unknown-collection-refs", "."),
            ),
            STAGE,
        ),
        Check("site of the documentation", (sys.executable, "-m", "tools.site"), shown=lambda output: output),
        Check("mypy of module_utils", (*mypy, BUILD / "mypy", "-p", f"{PACKAGE}.plugins.module_utils"), BUILD),
        Check("mypy of the tools", (*mypy, BUILD / "mypy-tools", "-p", "tools"), ROOT / "tests"),
        Check("ruff check", (tool / "ruff", "check", ".")),
        Check("ruff format", (tool / "ruff", "format", "--check", "--diff", ".")),
        Check("yamllint", (tool / "yamllint", "--strict", ".")),
        Check("Python 3.7 for plugins", (tool / "vermin", "-t=3.7-", "--violations", "--no-tips", "plugins")),
        Check("shellcheck", (tool / "shellcheck", *_shell_scripts())),
        Check("antsibull-changelog fragments", (tool / "antsibull-changelog", "lint")),
        Check(
            "antsibull-changelog changelog.yaml",
            (tool / "antsibull-changelog", "lint-changelog-yaml", "changelogs/changelog.yaml"),
        ),
    ]


def _shell_scripts() -> list[str]:
    return [".ci/run", *(str(path.relative_to(STAGE)) for path in sorted(STAGE.rglob("*.sh")))]


def _run(check: Check) -> Finished:
    env = {**environment("lint"), "PYTHONPATH": str(ROOT / "tests")}
    return run(check.command, f"lint/{check.name.replace(' ', '-')}", TIMEOUT, env, check.cwd)


def _relative(output: str) -> str:
    """Paths as they are in the checkout, whichever copy was looked at."""
    return output.replace(f"{STAGE}/", "").replace(f"ansible_collections/{NAMESPACE}/{NAME}/", "")


if __name__ == "__main__":
    end_with_us()
    sys.exit(main())
