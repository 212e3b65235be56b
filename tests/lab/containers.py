# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's network and containers: made, listed, removed."""

from __future__ import annotations

import concurrent.futures
import ipaddress
import json
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .layout import DATA, LABEL, NETWORK, OWNER, SERVICES, SUBNET, Host, LabError, Unavailable, topology
from .podman import execute, last_words, listed, podman

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

BOOT_SECONDS = 90
STOP_SECONDS = 10
PAUSE = 0.2


def side_by_side(work: Callable[[Item], Outcome], items: Iterable[Item]) -> list[Outcome]:
    """What ``work`` gives for each item, all at the same time; the first failure is raised once all have ended."""
    things = list(items)
    if not things:
        return []
    with concurrent.futures.ThreadPoolExecutor(len(things)) as pool:
        return list(pool.map(work, things))


def containers(image: str = "") -> dict[str, str]:
    """The lab's containers by name, each with its state (``running``, ``exited``...), ``outdated`` if not of ``image``.

    :class:`LabError` if they are another checkout's.
    """
    rows = _rows()
    others = sorted({row["Labels"][LABEL] for row in rows} - {OWNER})
    if others:
        raise LabError(
            f"The lab of {others[0]} is up, and there can be one on a machine: take it down there, "
            f"or with podman rm --force --filter label={LABEL}."
        )
    return {row["Names"][0]: "outdated" if image not in ("", row["Image"]) else row["State"] for row in rows}


def remove_others() -> list[str]:
    """Remove the containers of other checkouts, and say which checkouts these are."""
    rows = [row for row in _rows() if row["Labels"][LABEL] != OWNER]
    remove(row["Names"][0] for row in rows)
    return sorted({row["Labels"][LABEL] for row in rows})


def _rows() -> list[dict[str, Any]]:
    """What podman says of every container of a lab, of whichever checkout."""
    return listed("ps", "--all", "--filter", f"label={LABEL}")


def hosts(present: Iterable[str]) -> list[Host]:
    """The hosts whose containers are ``present``, management servers first."""
    names = set(present)
    return [host for host in topology(len(names), len(names), len(names)) if host.container in names]


def make_network() -> None:
    """The bridge network, unless it is there."""
    if execute(["podman", "network", "exists", NETWORK], check=False).returncode == 0:
        return
    taken = _overlapping()
    if taken:
        raise Unavailable(f"The lab's network {SUBNET} is taken on this machine by {taken}: free it.")
    podman("network", "create", "--disable-dns", "--subnet", SUBNET, "--label", f"{LABEL}={OWNER}", NETWORK)


def _overlapping() -> str:
    """The route of this machine that the lab's network would collide with, or nothing."""
    wanted = ipaddress.ip_network(SUBNET)
    for route in json.loads(execute(["ip", "-json", "route", "show"]).stdout or b"[]"):
        target = route["dst"]
        if target != "default" and wanted.overlaps(ipaddress.ip_network(target, strict=False)):
            return f"{target} dev {route.get('dev', '?')}"
    return ""


def add_service_addresses() -> None:
    """The simulators' addresses on the bridge. The bridge is there once a container is on it."""
    bridge = json.loads(podman("network", "inspect", NETWORK))[0]["network_interface"]
    for address in SERVICES.values():
        execute(["ip", "address", "replace", f"{address}/32", "dev", bridge])


def create(host: Host, image: str) -> None:
    """Start a new container for ``host``; it boots on its own (see :func:`wait_booted`).

    runc, because crun fails where the kernel's control groups are mounted in hybrid mode; the limits are explicit,
    because podman's defaults can be above what this process may give. A client makes the nodes of its block devices, which are
    loop devices of this machine, or links to the files, which are where they are for the simulator.
    """
    DATA.mkdir(parents=True, exist_ok=True)
    ended = execute(
        [
            *("podman", "run", "--detach", "--runtime", "runc", "--systemd", "always"),
            *("--ulimit", "nofile=1024:20000", "--ulimit", "nproc=4096:4096"),
            *("--network", NETWORK, "--ip", host.address),
            *("--name", host.container, "--hostname", host.name, "--label", f"{LABEL}={OWNER}"),
            *("--stop-timeout", str(STOP_SECONDS)),
            *("--cap-add", "MKNOD", "--device-cgroup-rule", "b 7:* rwm", "--volume", f"{DATA}:{DATA}"),
            *(image, "/sbin/init"),
        ],
        timeout=120,
        check=False,
    )
    if ended.returncode != 0:
        raise Unavailable(f"podman cannot run a container with systemd here: {last_words(ended)}")


def start(host: Host) -> None:
    """Start the container of a host that was stopped; it boots on its own."""
    podman("start", host.container)


def wait_booted(host: Host) -> None:
    """Wait until systemd has started everything; a unit that failed does not matter here."""
    end = time.monotonic() + BOOT_SECONDS
    state = ""
    while time.monotonic() < end:
        command = ["podman", "exec", host.container, "systemctl", "is-system-running", "--wait"]
        ended = execute(command, timeout=BOOT_SECONDS, check=False)
        state = ended.stdout.decode().strip()
        if state in ("running", "degraded"):
            return
        time.sleep(PAUSE)
    raise LabError(f"systemd on {host.name} did not come up within {BOOT_SECONDS} s: {state or last_words(ended)}")


def remove(names: Iterable[str]) -> None:
    """Remove containers at once, whatever runs in them."""
    wanted = list(names)
    if wanted:
        podman("rm", "--force", "--time", "0", *wanted, timeout=120)


def remove_network() -> None:
    """Remove the network, if it is there and this checkout's."""
    if execute(["podman", "network", "exists", NETWORK], check=False).returncode == 0:
        podman("network", "rm", NETWORK)
