# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module under every other supported ansible-core that a Python here can run: loaded, documented, options checked; and it runs both ways alike."""

from __future__ import annotations

import argparse
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import both_ways

from . import pythons, report
from .processes import end_with_us, run
from .stage import stage
from .workspace import BUILD, COLLECTION, ROOT, VENV, env_bin, environment

# ansible-core -> the Pythons that its controller supports, as its release notes have it.
CORES = {
    "2.17": ("3.10", "3.11", "3.12"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.12", "3.13", "3.14"),
}
TIMEOUT = 600  # seconds for one core
# What a module says of it, whatever else is missing.
REFUSAL = "no_such_option: there is no such option"
REQUIREMENTS = ROOT / "tests" / "requirements" / "run.txt"


def main() -> int:
    parser = argparse.ArgumentParser(prog="compat", description=__doc__)
    parser.add_argument("cores", nargs="*", metavar="X.Y", help="versions of ansible-core; all that can run if none")
    arguments = parser.parse_args()
    watch = report.Stopwatch()
    collection = stage()
    modules = sorted(path.stem for path in (collection / "plugins" / "modules").glob("*.py"))
    playbook = _playbook(modules)
    found = {core: pythons.find(versions) for core, versions in CORES.items()}
    possible = [core for core, python in found.items() if python]
    cores = arguments.cores or possible
    failed = 0

    def problem(core: str) -> str:
        python = found.get(core, sys.executable)
        wrong = _install(core, python)
        if wrong:
            return wrong
        _keep_code(core)
        return _problem(core, modules, playbook)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for core, wrong in zip(cores, pool.map(problem, cores), strict=True):
            failed += 1 if wrong else 0
            print(f"{wrong}\n  FAILED core {core}" if wrong else f"  ok     core {core}", flush=True)
    others = [] if arguments.cores else [core for core in CORES if core not in possible]
    note = f"no Python here for {', '.join(others)}" if others else ""
    return report.finish(
        report.Result("compat", "cores", len(cores) - failed, failed, len(others), watch.seconds(), note)
    )


def _install(core: str, python: str) -> str:
    """Make the environment ``core-X.Y`` if it is not there or what it is made of changed; what went wrong, or nothing."""
    if not python:
        return f"ansible-core {core} needs one of Python {', '.join(CORES[core])}, with venv: none is on the PATH, nor pyenv's."
    home = VENV / "envs" / f"core-{core}"
    wanted = re.sub(r"(?m)^ansible-core.*$", f"ansible-core=={core}.*", REQUIREMENTS.read_text(encoding="utf-8"))
    wanted = f"# {python}\n{wanted}"
    stamp = home / "requirements.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return ""
    subprocess.run([python, "-m", "venv", "--clear", str(home)], check=True, timeout=120)
    file = home / "wanted.txt"
    file.write_text(wanted, encoding="utf-8")
    ended = run(
        [home / "bin" / "pip", "install", "--quiet", "--no-compile", "-r", file],
        f"compat/install-{core}",
        900,
        environment(),
    )
    if not ended.ok:
        return ended.output
    file.rename(stamp)
    return ""


def _keep_code(core: str) -> None:
    """Let the environment's Python keep the code of modules, as the Makefile lets the main one (tests/kept_code says why)."""
    lines = f'{ROOT}/tests/kept_code\nimport kept_code; kept_code.keep_in("{BUILD}/kept_code")\n'
    for packages in (VENV / "envs" / f"core-{core}").glob("lib/python*/site-packages"):
        (packages / "kept_code.pth").write_text(lines, encoding="utf-8")


def _problem(core: str, modules: list[str], playbook: Path) -> str:
    """What went wrong, or nothing."""
    name = f"core-{core}"
    env = {**environment(name), "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false"}
    documented = run(
        [
            env_bin(name) / "ansible-doc",
            "--type",
            "module",
            "--json",
            *(f"{COLLECTION}.{module}" for module in modules),
        ],
        f"compat/doc-{core}",
        TIMEOUT,
        env,
    )
    if not documented.ok or "WARNING" in documented.output:
        return documented.output
    ran = run([env_bin(name) / "ansible-playbook", playbook], f"compat/playbook-{core}", TIMEOUT, env)
    if not ran.ok:
        return ran.output
    listed = run(
        [env_bin(name) / "ansible-inventory", "--list", "--inventory", _inventory()],
        f"compat/inventory-{core}",
        TIMEOUT,
        env,
    )
    if REFUSAL not in " ".join(listed.output.split()):
        return listed.output
    with tempfile.TemporaryDirectory() as directory:
        differ = both_ways.differences(Path(directory) / "ways", name)
        differ += both_ways.differences(Path(directory) / "runner", name, "-vvv", runner=True)
        return "\n".join(differ)


def _playbook(modules: list[str]) -> Path:
    """A play that gives every module an option it cannot have.

    The refusal comes from inside the module, so each was packed, sent, imported with its utilities and started; and then run directly.
    """
    tasks: list[dict[str, object]] = []
    for module in modules:
        tasks += [
            {
                "name": f"Start {module}",
                f"{COLLECTION}.{module}": {"no_such_option": True},
                "register": "refused",
                "ignore_errors": True,
            },
            {
                "name": f"Check that {module} looked at its options",
                "ansible.builtin.assert": {
                    "that": ["refused is failed", f"refused.msg is search({REFUSAL!r})"],
                },
            },
        ]
    host = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
    play = [dict(host, vars={"storpool_cloudstack_direct": directly}) for directly in (False, True)]
    path = BUILD / "compat.yml"
    path.write_text(json.dumps(play, indent=2), encoding="utf-8")
    return path


def _inventory() -> Path:
    """An inventory with an option that it cannot have; as above, the refusal comes from inside."""
    path = BUILD / "compat.cloudstack_hosts.yml"
    path.write_text(json.dumps({"plugin": f"{COLLECTION}.cloudstack_hosts", "no_such_option": True}), encoding="utf-8")
    return path


if __name__ == "__main__":
    end_with_us()
    sys.exit(main())
