# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's command line: ``PYTHONPATH=tests .venv/bin/python -m lab up``. Exit status 3: containers cannot run here."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable

from . import hosts, install, lab, state
from .command import UNAVAILABLE
from .containers import containers
from .layout import INVENTORY, MOST_AGENTS, MOST_FAR, MOST_MANAGEMENT, SERVICES, LabError, Unavailable
from .simulators import admin, alive


def main() -> int:
    """Carry out one command."""
    given = _parser().parse_args()
    start = time.monotonic()
    try:
        status = given.run(given)
    except Unavailable as error:
        print(f"lab: {error}", file=sys.stderr)
        return UNAVAILABLE
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    if given.command not in ("exec", "status"):
        print(f"lab {given.command}: done in {time.monotonic() - start:.1f} s")
    return int(status or 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab", description="Hosts with systemd and ssh, in containers, for tests.")
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int | None], help_: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help_, description=help_)
        added.set_defaults(run=run)
        return added

    up = command("up", _up, "bring the lab up, or to another size; quick if it is up")
    up.add_argument("--agents", type=_number(MOST_AGENTS), help="how many agents (default: as it is, or 3)")
    up.add_argument("--far", type=_number(MOST_FAR, least=0), help="how many agents at the other site (or none)")
    up.add_argument("--management", type=_number(MOST_MANAGEMENT), help="how many management servers (or 2)")
    for name, function, help_ in (
        ("install", install.install, "CloudStack's packages, as on machines never touched before"),
        ("upgrade", install.upgrade, "CloudStack's packages, over those that are there"),
    ):
        packages = command(name, _packages(function), help_)
        packages.add_argument("--version", required=True, help="CloudStack's version, such as 4.19.1")
        packages.add_argument("--hosts", type=_names, help="only on these, such as agent1,agent2; default: on all")
        packages.add_argument("--no-wait", action="store_true", help="do not wait until the services have reported")
    command("reset", lambda given: lab.reset(), "empty both simulators")
    command("status", _status, "what is there, as JSON")
    command("down", lambda given: lab.down(), "remove containers, network and simulators")
    run = command("exec", _exec, "run a command on a host as root")
    run.add_argument("host")
    run.add_argument("words", nargs=argparse.REMAINDER, metavar="COMMAND")
    cut = command(
        "cut", lambda given: hosts.cut(hosts.find(given.host), given.service), "let a host reach a simulator no more"
    )
    cut.add_argument("host")
    cut.add_argument("service", choices=sorted(SERVICES))
    fill = command(
        "fill", lambda given: hosts.fill(hosts.find(given.host), given.directory), "leave a directory no room for a jar"
    )
    fill.add_argument("host")
    fill.add_argument("directory")
    mend = command("mend", lambda given: hosts.mend(hosts.find(given.host)), "undo every cut and fill of a host")
    mend.add_argument("host")
    stop = command("stop", lambda given: hosts.stop(hosts.find(given.host), given.power_cut), "shut a host down")
    stop.add_argument("host")
    stop.add_argument("--power-cut", action="store_true", help="at once, without a goodbye")
    start = command("start", lambda given: hosts.start(hosts.find(given.host)), "start a host that was stopped")
    start.add_argument("host")
    return parser


def _number(most: int, least: int = 1) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdigit() or not least <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"a number from {least} to {most}")
        return int(text)

    return number


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _up(given: argparse.Namespace) -> None:
    present = lab.up(given.agents, given.management, given.far)
    print(f"{' '.join(host.name for host in present)}; inventory: {INVENTORY}")


def _packages(function: Callable[..., None]) -> Callable[[argparse.Namespace], None]:
    return lambda given: function(given.version, given.hosts, not given.no_wait)


def _exec(given: argparse.Namespace) -> int:
    ended = hosts.run(hosts.find(given.host), *given.words, timeout=600)
    sys.stdout.buffer.write(ended.stdout)
    sys.stderr.buffer.write(ended.stderr)
    return ended.returncode


def _status(given: argparse.Namespace) -> None:
    found = state.try_load()
    storpool_alive = found is not None and alive(found.storpool)
    answer = {
        "containers": containers(),
        "installed": found.installed if found else "",
        "storpool": {**found.storpool, "alive": storpool_alive} if found else None,
        "devices": admin(found.storpool, "GET", "devices") if found and storpool_alive else None,
        "cloudstack": {**found.cloudstack, "alive": alive(found.cloudstack)} if found else None,
    }
    print(json.dumps(answer, indent=2))


if __name__ == "__main__":
    sys.exit(main())
