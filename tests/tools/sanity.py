# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``ansible-test sanity`` on the staged collection: every test that it has, and no ignore file."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

from . import report
from .processes import end_with_us, run
from .stage import stage
from .workspace import env_bin, environment, python_version

TIMEOUT = 1500  # seconds; the first run installs the tests' own environments
# A test that was wanted and could not be run, in ansible-test's words.
NOT_RUN = re.compile(r"WARNING: (Skipping sanity test.*|Required program .* not found.*)")


def main() -> int:
    watch = report.Stopwatch()
    collection = stage()
    ignores = sorted(path.name for path in (collection / "tests" / "sanity").glob("ignore*"))
    if ignores:
        print(f"tests/sanity must hold no ignore files: {', '.join(ignores)}")
        return report.finish(report.Result("sanity", "tests", 0, 1, 0, watch.seconds()))

    env = {**environment(), "ANSIBLE_TEST_CONTENT_ROOT": str(collection)}
    _keep_pip_at_home(Path(env["HOME"]))
    junit = collection / "tests" / "output" / "junit"
    for old in junit.glob("ansible-test-sanity-*.xml"):
        old.unlink()
    command: list[str | Path] = [
        env_bin() / "ansible-test",
        "sanity",
        "--python",
        python_version(),
        "--color",
        "no",
        "--junit",
    ]
    ended = run(command, "sanity", TIMEOUT, env, cwd=collection)

    wanted = _list_tests(collection, env)
    outcomes = _outcomes(junit)
    missing = sorted(wanted - set(outcomes))
    not_run = sorted(set(NOT_RUN.findall(ended.output)))
    failed = sorted(name for name, outcome in outcomes.items() if outcome == "failed")
    passed = sorted(name for name, outcome in outcomes.items() if outcome == "passed")
    idle = sorted(name for name, outcome in outcomes.items() if outcome == "skipped")

    if not ended.ok:
        print(_errors(ended.output))
    for name in missing:
        print(f"sanity test {name} left no result")
    for sentence in not_run:
        print(f"not every sanity test could run: {sentence}")
    print(f"passed: {' '.join(passed)}")
    note = f"of {len(wanted)}; no files in the collection for {', '.join(idle)}" if idle else f"of {len(wanted)}"
    bad = len(failed) + len(missing) + len(not_run)
    if not ended.ok and not bad:
        bad = 1
    return report.finish(report.Result("sanity", "tests", len(passed), bad, len(idle), watch.seconds(), note))


def _keep_pip_at_home(home: Path) -> None:
    """Let ansible-test begin its virtual environments with the pip that Python brings along.

    It would download a script for that, even where an index for pip is all there is, unless the script is in its cache.
    """
    package = importlib.util.find_spec("ansible_test")
    if package is None or package.origin is None:
        raise RuntimeError("ansible-core came without ansible-test")
    source = Path(package.origin).parent / "_internal" / "python_requirements.py"
    versions = set(re.findall(r"pip=['\"]([\d.]+)['\"]", source.read_text(encoding="utf-8")))
    cache = home / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in versions:
        script = cache / f"get_pip_{version.replace('.', '_')}.py"
        script.write_text("import ensurepip\n\nensurepip.bootstrap(upgrade=True)\n", encoding="utf-8")


def _list_tests(collection: Path, env: dict[str, str]) -> set[str]:
    ended = run([env_bin() / "ansible-test", "sanity", "--list-tests"], "sanity-list", 60, env, cwd=collection)
    return {line for line in ended.output.splitlines() if re.fullmatch(r"[a-z][a-z0-9-]+", line)}


def _outcomes(junit: Path) -> dict[str, str]:
    """Name of each sanity test -> ``passed``, ``failed`` or ``skipped``."""
    outcomes = {}
    for path in junit.glob("ansible-test-sanity-*.xml"):
        name = re.sub(r"-python-[\d.]+$", "", path.stem.removeprefix("ansible-test-sanity-"))
        suite = ElementTree.parse(path).getroot()
        tags = {element.tag for element in suite.iter()}
        outcomes[name] = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
    return outcomes


def _errors(output: str) -> str:
    """What ansible-test has to say, without the installation of its environments."""
    lines = output.splitlines()
    kept = [
        line for line in lines if re.match(r"ERROR|FATAL|See documentation|WARNING: (?!Using locale|Reviewing)", line)
    ]
    return "\n".join(kept or lines[-40:])


if __name__ == "__main__":
    end_with_us()
    sys.exit(main())
