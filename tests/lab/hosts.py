# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Single hosts, for tests: run something there, take its network, its room or its power away, and give it back."""

from __future__ import annotations

import subprocess

from . import containers, inventory, simulators, state
from .layout import SERVICES, Host, LabError
from .podman import execute, podman

#: What the file systems of :func:`fill` are called among the mounts of a host.
FULL = "lab-full"
#: How nsenter is told what of a host to enter: its network; its mounts, which are listed by process.
ITS_NETWORK, ITS_MOUNTS = ("--net",), ("--mount", "--pid")


def find(name: str) -> Host:
    """The host of that name; :class:`LabError` if the lab has none."""
    present = {host.name: host for host in containers.hosts(containers.containers())}
    if name not in present:
        has = f"it has {', '.join(present)}" if present else "it is down: run lab up"
        raise LabError(f"The lab has no host {name}; {has}.")
    return present[name]


def run(
    host: Host, *command: str, timeout: float = 120, given: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a command on a host as root, whatever its exit status; :class:`LabError` after ``timeout`` seconds."""
    words = ["podman", "exec", "--interactive", host.container, *command]
    return execute(words, timeout=timeout, given=given, check=False)


def cut(host: Host, service: str) -> None:
    """Let a host reach the simulator ``service`` (``storpool`` or ``cloudstack``) no more: "No route to host".

    ssh to the host and the other simulator are not touched.
    """
    _route(host, "replace", service)


def fill(host: Host, directory: str) -> None:
    """Let a directory of a host be on a file system with no room left for a jar. What is in it is hidden meanwhile."""
    run(host, "mkdir", "--parents", directory)
    _inside(host, ITS_MOUNTS, "mount", "--types", "tmpfs", "--options", "size=4k", FULL, directory)


def mend(host: Host) -> None:
    """Give a host back what :func:`cut` and :func:`fill` took."""
    for service in SERVICES:
        _route(host, "del", service)
    _inside(host, ITS_MOUNTS, "umount", FULL, check=False)


def _route(host: Host, verb: str, service: str) -> None:
    _inside(host, ITS_NETWORK, "ip", "route", verb, "unreachable", f"{SERVICES[service]}/32", check=verb != "del")


def _inside(host: Host, namespaces: tuple[str, ...], *command: str, check: bool = True) -> None:
    """Run a command in namespaces of the host's, but from outside: the containers may not change theirs."""
    pid = podman("inspect", "--format", "{{.State.Pid}}", host.container).strip()
    if pid == "0":
        raise LabError(f"{host.name} is stopped: start it first.")
    execute(["nsenter", "--target", pid, *namespaces, *command], timeout=10, check=check)


def stop(host: Host, power_cut: bool = False) -> None:
    """Shut a host down, or with ``power_cut`` end it at once, so that nothing on it can say goodbye."""
    inventory.hang_up(host)
    if power_cut:
        podman("kill", host.container, check=False)  # which is no error if it does not run
        podman("wait", host.container)
    else:
        podman("stop", "--time", str(containers.STOP_SECONDS), host.container)
    if host.client_id is not None:
        current = state.load()
        cluster = simulators.cluster_of(host, current.storpool)["cluster_id"]
        simulators.admin(current.storpool, "POST", "clients", {"id": host.client_id, "cluster": cluster, "up": False})


def start(host: Host) -> None:
    """Start a host that was stopped, and wait until one can log in."""
    containers.start(host)
    containers.wait_booted(host)
    inventory.wait_for_ssh(host)
