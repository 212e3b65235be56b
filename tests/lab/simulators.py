# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two simulators that the hosts talk to: started on the bridge, found again by a later command, ended."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import requests

from simulators.client import ADMIN_SECONDS, SimulatorError, start

from .layout import (
    CLOUDSTACK_ADDRESS,
    DATA,
    DEVICES,
    MOST_AGENTS,
    MOST_FAR,
    SERVICES,
    STORPOOL_ADDRESS,
    Host,
    LabError,
)

TOKEN = "1234567890123456789"
CLUSTER_ID = "sim.b"
CLUSTER_NAME = "simulated"
#: The cluster of the other site, as ``/_sim/clusters`` adds it.
FAR = {"id": "far.c", "name": "far-cluster", "location": "far-away", "disks": 6, "token": "9876543210987654321"}
API_KEY = "simulator-api-key"
SECRET_KEY = "simulator-secret-key"
#: Seconds after which a simulator that nobody ended does so by itself.
LIFETIME = 12 * 3600
END_SECONDS = 5.0

#: ``{"kind", "url", "host", "port", "pid", ...}``, as kept in the lab's state.
Simulator = dict[str, Any]


def start_storpool(clients: int, port: int = 0) -> Simulator:
    """A cluster with that many clients, their ids from 1."""
    running = _start(
        "storpool",
        STORPOOL_ADDRESS,
        port,
        token=TOKEN,
        cluster_id=CLUSTER_ID,
        cluster_name=CLUSTER_NAME,
        clients=",".join(str(number) for number in range(1, clients + 1)),
        data=DATA,
        devices=[f"{number}={DEVICES / str(number)}" for number in range(1, MOST_AGENTS + 1)]
        + [f"{FAR['id']}:{number}={DEVICES / 'far' / str(number)}" for number in range(1, MOST_FAR + 1)],
    )
    return {**running, "token": TOKEN, "cluster_id": CLUSTER_ID, "cluster_name": CLUSTER_NAME, "clients": clients}


def start_cloudstack(version: str, storpool: Simulator, port: int = 0) -> Simulator:
    """A cloud of that version whose hosts and management servers are those that report to it."""
    running = _start(
        "cloudstack",
        CLOUDSTACK_ADDRESS,
        port,
        version=version,
        api_key=API_KEY,
        secret_key=SECRET_KEY,
        storpool_url=storpool["url"],
        storpool_token=storpool["token"],
        hosts=0,
        management_servers=0,
    )
    return {**running, "version": version, "api_key": API_KEY, "secret_key": SECRET_KEY}


def _start(kind: str, address: str, port: int, **options: Any) -> Simulator:
    try:
        simulator = start(kind, host=address, port=port, lifetime=LIFETIME, **options)
    except SimulatorError as error:
        raise LabError(f"The {kind} simulator did not start on {address}: {error}") from error
    where = {"url": simulator.url, "host": simulator.host, "port": simulator.port, "pid": simulator.pid}
    return {"kind": kind, **where}


def alive(simulator: Simulator | None) -> bool:
    """Whether the process is there, is that simulator, and answers."""
    if simulator is None or not _is_it(simulator):
        return False
    try:
        admin(simulator, "GET", "switches")
    except LabError:
        return False
    return True


def _is_it(simulator: Simulator) -> bool:
    """Process ids are used again: the command line says whether it still is that simulator."""
    words = _words(simulator["pid"])
    return f"simulators.{simulator['kind']}" in words and simulator["host"] in words


def _words(pid: int) -> list[str]:
    """The command line of a process; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def stop(simulator: Simulator | None) -> None:
    """End it and wait for that; nothing happens if it is not there."""
    if simulator is None or not _is_it(simulator):
        return
    os.kill(simulator["pid"], signal.SIGTERM)
    end = time.monotonic() + END_SECONDS
    while _is_it(simulator):
        if time.monotonic() > end:
            os.killpg(simulator["pid"], signal.SIGKILL)
            end += END_SECONDS
        time.sleep(0.02)


def running() -> list[Simulator]:
    """The simulators on the lab's addresses, of whichever checkout: ``{"kind", "host", "pid"}`` of each."""
    pids = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    bounded = [pid for pid in pids if _words(pid)[:1] == ["timeout"]]
    found: list[Simulator] = [
        {"kind": kind, "host": address, "pid": pid} for pid in bounded for kind, address in SERVICES.items()
    ]
    return [simulator for simulator in found if _is_it(simulator)]


def reset(simulator: Simulator) -> None:
    """State, journal, faults and switches as at the start."""
    admin(simulator, "POST", "reset")


def cluster_of(host: Host, storpool: Simulator) -> Simulator:
    """The StorPool cluster that a host is a client of, as the simulator is described."""
    there = {"token": FAR["token"], "cluster_id": FAR["id"], "cluster_name": FAR["name"]}
    return {**storpool, **there} if host.far else storpool


def register_clients(storpool: Simulator, hosts: Sequence[Host]) -> None:
    """Make the agents the registered clients, for a lab that has grown or shrunk since the start.

    Where there are agents of the far site, its cluster is there, too. What was attached to one that is gone is detached first, by force.
    """
    clusters = {row["id"] for row in admin(storpool, "GET", "clusters")}
    if any(host.far for host in hosts) and FAR["id"] not in clusters:
        admin(storpool, "POST", "clusters", {**FAR, "clients": []})
        clusters.add(FAR["id"])
    for far in (False, True):
        cluster = FAR["id"] if far else CLUSTER_ID
        if cluster in clusters:
            _register(storpool, cluster, {host.number for host in hosts if host.client_id and host.far == far})


def _register(storpool: Simulator, cluster: str, wanted: set[int]) -> None:
    known = {client["id"] for client in admin(storpool, "GET", "clients") if client["cluster"] == cluster}
    prefix = f"RemoteCommand/~{cluster}/"
    attached = _call(storpool, f"{prefix}AttachmentsList") if known - wanted else []
    detached = [
        {"snapshot" if row["snapshot"] else "volume": row["volume"], "detach": [row["client"]], "force": True}
        for row in attached
        if row["client"] not in wanted
    ]
    if detached:
        _call(storpool, f"{prefix}VolumesReassignWait", {"reassign": detached})
    for number in sorted(known ^ wanted):
        registered = {"id": number, "cluster": cluster, "registered": number in wanted}
        admin(storpool, "POST", "clients", registered)


def admin(simulator: Simulator, method: str, name: str, body: Any = None) -> Any:
    """A request to ``/_sim/<name>``; :class:`LabError` if there is no answer or it is refused."""
    return _ask(simulator, method, f"_sim/{name}", body)


def _call(storpool: Simulator, call: str, body: Any = None) -> Any:
    """The data of a call of the StorPool API; :class:`LabError` if it fails."""
    return _ask(storpool, "GET" if body is None else "POST", f"ctrl/1.0/{call}", body)["data"]


def _ask(simulator: Simulator, method: str, path: str, body: Any) -> Any:
    session = requests.Session()
    session.trust_env = False
    headers = {"Authorization": f"Storpool v1:{TOKEN}"}
    try:
        with session.request(
            method, f"{simulator['url']}/{path}", json=body, headers=headers, timeout=ADMIN_SECONDS
        ) as response:
            answer = response.json()
    except requests.RequestException as error:
        raise LabError(f"The {simulator['kind']} simulator at {simulator['url']} does not answer: {error}") from error
    refusal = answer.get("error") if isinstance(answer, dict) else None
    if refusal or response.status_code != requests.codes.ok:
        raise LabError(f"The {simulator['kind']} simulator refused {method} {path}: {refusal or answer}")
    return answer
