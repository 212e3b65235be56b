# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab as a whole: up, reset, down."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil

from simulators.storpool import loops

from . import containers, image, inventory, podman, provisioning, simulators, state
from .layout import AGENTS, DATA, DEVICES, INVENTORY, KEY, MANAGEMENT, STATE, Host, topology

#: The version that the CloudStack simulator speaks until one is installed.
VERSION = "4.19.1"
CONFIGURE = "tar --extract --directory / && chmod 700 /root/.ssh"


def up(agents: int | None = None, management: int | None = None, far: int | None = None) -> list[Host]:
    """Bring up a lab of that size and return its hosts; without a size, the one that it has, or the usual one.

    What is there and as it should be is left alone. What a run of another checkout left when it was killed is removed:
    nobody works with a lab whose simulators have ended. :class:`Unavailable` if containers cannot run here.
    """
    podman.require(podman.PROGRAMS)
    with state.alone():
        if not simulators.running():
            for checkout in containers.remove_others():
                print(f"lab: removed what was left of the lab of {checkout}, whose simulators had ended", flush=True)
        present = containers.containers(image.tag())
        have = containers.hosts(present)
        wanted = topology(
            agents or _count(have, "agent") or AGENTS,
            management or _count(have, "management") or MANAGEMENT,
            _count(have, "agent", far=True) if far is None else far,
        )
        names = {host.container for host in wanted}
        found = state.try_load()
        stopped = [host for host in wanted if present.get(host.container) == "exited"]
        missing = [host for host in wanted if present.get(host.container) not in ("running", "exited")]
        superfluous = {
            name for name, status in present.items() if name not in names or status not in ("running", "exited")
        }
        if not (missing or stopped or superfluous) and found is not None and _is_whole(wanted, found):
            return wanted
        containers.remove(superfluous)
        _change(wanted, missing, stopped, found)
    return wanted


def _is_whole(wanted: list[Host], found: state.State) -> bool:
    """Whether both simulators answer and everything is written as it should be."""
    alive = simulators.alive(found.storpool) and simulators.alive(found.cloudstack)
    return alive and found.provisioned == _provisioned(wanted, found)


def _provisioned(hosts: list[Host], current: state.State) -> str:
    """A digest of everything that is written for a lab of these hosts; nothing if some of it is not there."""
    if not INVENTORY.exists() or not KEY.exists():
        return ""
    files = [provisioning.files_of(host, hosts, inventory.make_key(), current) for host in hosts]
    written = [files, inventory.text(hosts, current.storpool, current.cloudstack)]
    return hashlib.sha256(json.dumps(written).encode()).hexdigest()


def _count(hosts: list[Host], component: str, far: bool = False) -> int:
    return sum(host.component == component and host.far == far for host in hosts)


def _change(wanted: list[Host], missing: list[Host], stopped: list[Host], found: state.State | None) -> None:
    """Make the lab be ``wanted``: containers, simulators, what is on the hosts, and the inventory."""
    name = image.ensure()
    for host in (*missing, *stopped):
        inventory.hang_up(host)
    containers.make_network()
    containers.side_by_side(containers.start, stopped)
    containers.side_by_side(lambda host: containers.create(host, name), missing)
    containers.add_service_addresses()
    current = _simulators(found, wanted)
    state.save(current)
    public_key = inventory.make_key()
    inventory.learn_host_key(wanted[0])

    def configure(host: Host) -> None:
        containers.wait_booted(host)
        files = provisioning.archive(provisioning.files_of(host, wanted, public_key, current))
        command = f"{CONFIGURE} && systemctl daemon-reload"
        if host.client_id is not None:
            command += " && systemctl enable --quiet storpool_block && systemctl restart storpool_block"
        podman.podman("exec", "--interactive", host.container, "sh", "-c", command, given=files)
        inventory.wait_for_ssh(host)

    containers.side_by_side(configure, wanted)
    inventory.write(inventory.text(wanted, current.storpool, current.cloudstack))
    state.save(dataclasses.replace(current, provisioned=_provisioned(wanted, current)))


def _simulators(found: state.State | None, hosts: list[Host]) -> state.State:
    """Both simulators, started if they do not run; those that run know the present clients.

    A simulator that has to be started again gets its old port, since the hosts know it by that.
    """
    storpool = found.storpool if found else None
    cloudstack = found.cloudstack if found else None
    if storpool is None or not simulators.alive(storpool):
        simulators.stop(storpool)
        storpool = simulators.start_storpool(_count(hosts, "agent"), port=storpool["port"] if storpool else 0)
    simulators.register_clients(storpool, hosts)
    if cloudstack is None or not simulators.alive(cloudstack):
        simulators.stop(cloudstack)
        version, port = (cloudstack["version"], cloudstack["port"]) if cloudstack else (VERSION, 0)
        cloudstack = simulators.start_cloudstack(version, storpool, port)
    return state.State(storpool, cloudstack, found.installed if found else "")


def reset() -> None:
    """Empty both simulators: state, journal, faults and switches as at the start."""
    with state.alone():
        current = state.load()
        for simulator in (current.storpool, current.cloudstack):
            simulators.reset(simulator)
        simulators.register_clients(current.storpool, containers.hosts(containers.containers()))


def down() -> None:
    """Remove the lab's containers and network and end its simulators; nothing else, and no error if it is down."""
    podman.require({"podman": "podman"})
    with state.alone():
        present = containers.containers()
        for host in containers.hosts(present):
            inventory.hang_up(host)
        containers.remove(present)
        containers.remove_network()
        found = state.try_load()
        if found is not None:
            simulators.stop(found.cloudstack)
            simulators.stop(found.storpool)
        for simulator in simulators.running():  # of which no state is left, such as those of a command that was killed
            simulators.stop(simulator)
        for device in loops.over(DATA):  # of a simulator that was killed
            loops.detach(device)
        for directory in (DATA, DEVICES):
            shutil.rmtree(directory, ignore_errors=True)
        INVENTORY.unlink(missing_ok=True)
        STATE.unlink(missing_ok=True)
