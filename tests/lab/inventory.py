# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way in for Ansible: a key pair of the lab's own, the hosts' key, the inventory."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import yaml

from .layout import INVENTORY, KEY, KNOWN_HOSTS, PREFIX, Host, LabError
from .podman import execute, last_words, podman
from .simulators import Simulator, cluster_of

#: Control sockets of ssh: their paths must be short, which a checkout's need not be.
SOCKETS = Path("/run/storpool-cloudstack-lab")
SSH_SECONDS = 30
#: Of an option given twice, ssh takes the first: a connection that is not kept, since who keeps it holds our pipes.
ALONE = ("-o", "ControlMaster=no", "-o", "ControlPath=none")


def make_key() -> str:
    """The lab's public key; the pair is made on first use."""
    if not KEY.exists():
        KEY.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        execute(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(KEY)])
    return KEY.with_suffix(".pub").read_text(encoding="utf-8")


def learn_host_key(host: Host) -> None:
    """Write the file of known hosts: all hosts have the image's key."""
    kind, key = podman("exec", host.container, "cat", "/etc/ssh/ssh_host_ed25519_key.pub").split()[:2]
    KNOWN_HOSTS.write_text(f"{PREFIX}* {kind} {key}\n", encoding="utf-8")


def ssh_options() -> list[str]:
    """Options for ssh to any host: nothing of the user's own configuration, and a bound on every wait."""
    SOCKETS.mkdir(mode=0o700, exist_ok=True)
    options = {
        "IdentitiesOnly": "yes",
        "IdentityFile": KEY,
        "UserKnownHostsFile": KNOWN_HOSTS,
        "StrictHostKeyChecking": "yes",
        "PasswordAuthentication": "no",
        "ConnectTimeout": 10,
        "ServerAliveInterval": 5,
        "ServerAliveCountMax": 3,
        "ControlMaster": "auto",
        "ControlPersist": "60s",
        "ControlPath": f"{SOCKETS}/%h",
    }
    return ["-F", "/dev/null", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]


def wait_for_ssh(host: Host) -> None:
    """Wait until a login works."""
    end = time.monotonic() + SSH_SECONDS
    while True:
        ended = execute(
            ["ssh", *ALONE, *ssh_options(), f"root@{host.address}", "true"], timeout=SSH_SECONDS, check=False
        )
        if ended.returncode == 0:
            return
        if time.monotonic() > end:
            raise LabError(f"ssh to {host.name} does not work within {SSH_SECONDS} s: {last_words(ended)}")
        time.sleep(0.1)


def hang_up(host: Host) -> None:
    """End the connection that ssh keeps to a host, which would outlive the host."""
    if (SOCKETS / host.address).exists():
        execute(["ssh", *ssh_options(), "-O", "exit", f"root@{host.address}"], timeout=10, check=False)


def text(hosts: list[Host], storpool: Simulator, cloudstack: Simulator) -> str:
    """The inventory; the hosts' names are their names in CloudStack."""
    everything = {
        "sp_api_http_host": storpool["host"],
        "sp_api_http_port": storpool["port"],
        "sp_auth_token": storpool["token"],
        "cloudstack_api_url": f"{cloudstack['url']}/client/api",
        "cloudstack_api_key": cloudstack["api_key"],
        "cloudstack_api_secret": cloudstack["secret_key"],
    }
    reached: dict[str, Any] = {
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_args": "",
        "ansible_ssh_common_args": " ".join(ssh_options()),
        "ansible_pipelining": True,
    }
    groups = {
        f"cloudstack_{'agents' if component == 'agent' else component}": {
            "vars": dict(reached),
            "hosts": {host.name: {"ansible_host": host.address} for host in hosts if host.component == component},
        }
        for component in ("management", "agent")
    }
    far = [host for host in hosts if host.far]
    if far:
        there = cluster_of(far[0], storpool)
        groups["far_agents"] = {
            "vars": {"sp_auth_token": there["token"]},
            "hosts": {host.name: {} for host in far},
        }
    local = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    inventory = {"all": {"vars": everything, "hosts": {"localhost": local}, "children": groups}}
    return f"---\n{yaml.safe_dump(inventory, sort_keys=False)}"


def write(inventory: str) -> None:
    """Put it into ``.build/lab/inventory.yml``, which only we can read: it has the keys of the simulators."""
    scratch = INVENTORY.with_suffix(".new")
    scratch.touch(mode=0o600)
    scratch.write_text(inventory, encoding="utf-8")
    os.replace(scratch, INVENTORY)
