# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with CloudStack's packages, each in a directory: the services are started as their units say."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import requests

from lab import packages
from simulators.client import Simulator

SECONDS = 120
#: What stands in for StorPool's tools: it notes how it was called.
TOOL = """#!/bin/sh
echo "$0 $*" >> {log}
{commands}
"""


def unpack(version: str, root: Path, cache: Path) -> Path:
    """The files of all packages of a release below ``root``."""
    root.mkdir(parents=True)
    for file in packages.build(version, cache):
        subprocess.run(["dpkg-deb", "--extract", str(file), str(root)], check=True, timeout=60)
    return root


def wait(condition: Callable[[], Any], what: str) -> None:
    """Returns once the condition holds."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, f"not within {SECONDS} s: {what}"
        time.sleep(0.05)


class Host:
    """One host below a directory. ``component`` is agent or management."""

    def __init__(self, root: Path, component: str, name: str, simulator: Simulator, client_id: int = 1) -> None:
        self.root, self.component, self.name = root, component, name
        self.calls = root / "calls"
        self.log = root / "journal"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        file = "agent/agent.properties" if component == "agent" else "management/server.properties"
        properties = root / "etc/cloudstack" / file
        lines = [f"name={name}", f"simulator={simulator.url}", f"http.port={self.port}"]
        properties.write_text("".join(f"{line}\n" for line in [properties.read_text(), *lines]))
        self.tool("storpool_confget", f"echo SP_CLUSTER_ID=sim.b; echo SP_OURID={client_id}")
        self.tool("storpool", "echo '{}'")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    def tool(self, name: str, commands: str) -> None:
        """Gives the host a command line tool of StorPool's, a few lines of shell."""
        path = self.root / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(TOOL.format(log=self.calls, commands=commands))
        path.chmod(0o755)

    def path(self, name: str) -> Path:
        return self.root / name.lstrip("/")

    def start(self) -> None:
        """Starts the service, as systemd would."""
        environment, command = self._command()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, env={**environment, "PATH": f"{self.root}/bin:{os.environ['PATH']}"}, stderr=log, stdout=log
            )

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Ends it, and gives its exit status."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(number)
        status = self._process.wait(SECONDS)
        self._process = None
        return status

    def ended(self) -> int:
        """Waits until it ends by itself, and gives its exit status."""
        assert self._process is not None
        return self._process.wait(SECONDS)

    def said(self) -> str:
        return self.log.read_text()

    def get(self, path: str) -> int:
        """The HTTP status of a page of the management server; 0 if nobody listens."""
        try:
            return requests.get(
                f"http://127.0.0.1:{self.port}{path}", timeout=SECONDS, allow_redirects=False
            ).status_code
        except requests.ConnectionError:
            return 0

    def _command(self) -> tuple[dict[str, str], list[str]]:
        """ExecStart with its environment, for files below the directory."""
        unit = self._below(self.path(f"/lib/systemd/system/cloudstack-{self.component}.service").read_text())
        [line] = re.findall(r"(?m)^ExecStart=(.*)$", unit)
        defaults = self.path(f"/etc/default/cloudstack-{self.component}")
        text = self._below(defaults.read_text()) if defaults.exists() else ""
        environment = dict(pair.partition("=")[::2] for pair in shlex.split(text))
        command: list[str] = []
        for word in shlex.split(line.replace("\\\\", "\\")):
            if word.startswith("$") and not word.startswith("$$"):
                command += environment[word[1:]].split()
            else:
                command.append(word.replace("$$", "$"))
        return environment, command

    def _below(self, text: str) -> str:
        return re.sub(r"(?<![\w*.])/(?=usr/share|etc)", f"{self.root}/", text)
