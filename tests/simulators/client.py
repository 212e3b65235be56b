# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Starts a simulator in a process of its own and steers it; for tests and demonstrations.

::

    from simulators.client import start, storpool_call

    with start("storpool", token="123", clients="1,2,3") as sim:
        sim.switch(error_status="mapped")
        sim.fault({"call": "VolumeCreate", "kind": "reset_after"})
        answer = storpool_call(sim, "VolumesList")  # requests.Response
        assert sim.journal()["writes"] == 0
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Self

import requests

START_SECONDS = 90  # on a machine that is busy with much else
STOP_SECONDS = 5
ADMIN_SECONDS = 30
TESTS = Path(__file__).resolve().parent.parent


class SimulatorError(RuntimeError):
    """The simulator did not start, or refused what it was told."""


class Simulator:
    """A running simulator. ``url`` is ``http://HOST:PORT``; ``args`` are the arguments it was started with."""

    def __init__(self, kind: str, process: subprocess.Popen[bytes], host: str, port: int, args: dict[str, Any]) -> None:
        self.kind = kind
        self.host = host
        self.port = port
        self.url = f"http://{host}:{port}"
        self.args = args
        self._process = process
        self._session = requests.Session()
        self._session.trust_env = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def admin(self, method: str, name: str, body: Any = None) -> Any:
        """A request to ``/_sim/<name>``; SimulatorError with the server's sentence if it is refused."""
        response = self._session.request(method, f"{self.url}/_sim/{name}", json=body, timeout=ADMIN_SECONDS)
        answer = response.json()
        if response.status_code != requests.codes.ok:
            raise SimulatorError(answer["error"])
        return answer

    def journal(self, since: int = 0) -> dict[str, Any]:
        """``{calls, writes, effects, entries}`` of the calls numbered above ``since``."""
        return self.admin("GET", f"journal?since={since}")

    def clear_journal(self) -> None:
        """Forgets the journal's entries."""
        self.admin("DELETE", "journal")

    def reset(self) -> None:
        """State, journal, faults and switches as at the start."""
        self.admin("POST", "reset")

    def switch(self, **values: Any) -> None:
        """Sets switches by name."""
        self.admin("POST", "switches", values)

    def switches(self) -> dict[str, Any]:
        """Every switch: value, default, choices, help."""
        return self.admin("GET", "switches")

    def fault(self, *faults: dict[str, Any]) -> None:
        """Adds faults."""
        self.admin("POST", "faults", list(faults))

    def faults(self) -> list[dict[str, Any]]:
        """The faults that have not struck yet."""
        return self.admin("GET", "faults")

    def clear_faults(self) -> None:
        """Removes every fault."""
        self.admin("DELETE", "faults")

    def state(self) -> dict[str, Any]:
        """The whole state."""
        return self.admin("GET", "state")

    def stop(self) -> None:
        """Ends the server; does nothing if it has ended."""
        self._session.close()
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def _first_line(process: subprocess.Popen[bytes]) -> str:
    """The server's first line of output; "" if it ends or START_SECONDS pass before there is one."""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        if not selector.select(START_SECONDS):
            return ""
    return process.stdout.readline().decode().strip()


def start(kind: str, *, host: str = "127.0.0.1", port: int = 0, lifetime: int | None = None, **args: Any) -> Simulator:
    """Starts ``python -m simulators.<kind>`` and returns once it listens.

    Each further argument becomes an option: ``cluster_id="abc.b"`` is ``--cluster-id abc.b``; a list, one for each item.
    ``kind`` "storpool"
    gets a token and "cloudstack" a key pair and a version if none is given. With a ``lifetime`` in seconds it ends by
    itself, and does not end with this process. SimulatorError if it does not start.
    """
    if kind == "storpool":
        args = {"token": "1234567890123456789", **args}
    elif kind == "cloudstack":
        args = {"api_key": "simulator-api-key", "secret_key": "simulator-secret-key", "version": "4.19.1", **args}
    command = [sys.executable, "-m", f"simulators.{kind}", "--host", host, "--port", str(port)]
    if lifetime is not None:
        command = ["timeout", str(lifetime), *command]
    for name, value in args.items():
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                command += [f"--{name.replace('_', '-')}", str(each)]
    paths = [str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=errors, start_new_session=lifetime is not None
        )
        line = _first_line(process)
        prefix = "listening on "
        if not line.startswith(prefix):
            process.kill()
            process.wait()
            process.stdout.close()
            errors.seek(0)
            raise SimulatorError(f"simulator {kind} did not start: {line} {errors.read().decode(errors='replace')}")
    bound_host, _colon, bound_port = line[len(prefix) :].rpartition(":")
    return Simulator(kind, process, bound_host, int(bound_port), args)


def storpool_call(
    simulator: Simulator, query: str, body: Any = None, *, method: str | None = None, timeout: float = 60
) -> requests.Response:
    """A call of the StorPool API: ``query`` is what follows ``/ctrl/1.0/``; POST if there is a body, else GET."""
    return requests.request(
        method or ("GET" if body is None else "POST"),
        f"{simulator.url}/ctrl/1.0/{query}",
        json=body,
        headers={"Authorization": f"Storpool v1:{simulator.args['token']}"},
        timeout=timeout,
    )
