# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Modules that work on a host's files: their examples are run on a directory that stands for the host's root."""

from __future__ import annotations

import copy
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from standins import cloudstack_host, cloudstack_source, disk_images, kvm_plugin, maven, storpool_driver


def kvm_agent(root: Path) -> None:
    """An agent of CloudStack 4.9.3.0, as its package installs it."""
    jar = root / "usr/share/cloudstack-agent/lib/cloud-plugin-hypervisor-kvm-4.9.3.0.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(kvm_plugin.jar("4.9.3.0"))


def jars(root: Path) -> None:
    """An agent and a management server of CloudStack 4.11.3.0 without a driver, and jars to give to them."""
    cloudstack_host.make(root, "4.11.3.0", java=8)
    directory = root / "srv/storpool"
    directory.mkdir(parents=True)
    for version in ("4.11.3.0", "4.11.4.0"):
        (directory / storpool_driver.name(version)).write_bytes(storpool_driver.jar(version, spelling="Storpool"))
    patched = kvm_plugin.jar("4.11.3.0", kvm_plugin.adaptor(answer=False))
    (directory / "cloud-plugin-hypervisor-kvm-4.11.3.0.jar").write_bytes(patched)


def deployed(root: Path) -> None:
    """An agent of CloudStack 4.11.3.0 without a driver, and an image of one of 4.19.1.0 with all that it needs."""
    cloudstack_host.make(root, "4.11.3.0", components=("agent",), java=8)
    cloudstack_host.make(root / "srv/images/agent", "4.19.1.0", components=("agent",))
    cloudstack_host.make_storpool(root / "srv/images/agent")


def build_machine(root: Path) -> None:
    """A machine with CloudStack's source, the StorPool plugin's, two JDKs, and Maven."""
    sources = root / "usr/src"
    cloudstack_source.write(sources / "cloudstack-4.19.1.0", cloudstack_source.tree("4.19.1.0"))
    cloudstack_source.write(sources / "cloudstack", cloudstack_source.tree("4.11.3.0"))
    cloudstack_source.write(sources / "storpool-cloudstack-integration", cloudstack_source.plugin("4.11.3.0"))
    git = ("git", "-c", "user.name=tests", "-c", "user.email=tests@localhost", "-C", str(sources / "cloudstack"))
    for command in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "-m", "x"], ["tag", "4.11.3.0"]):
        subprocess.run([*git, *command], check=True)
    maven.install(root / "opt/apache-maven-3.9.9")
    for home, jdk in (("java-11-openjdk-amd64", "11.0.22"), ("java-8-openjdk-amd64", "1.8.0_402")):
        maven.javac(root / "usr/lib/jvm" / home, jdk)


def with_room(root: Path) -> None:
    """A host with a directory for images."""
    (root / "srv/images").mkdir(parents=True)


def images(root: Path) -> None:
    """A StorPool client with disk images. Where its devices are, the simulator says."""
    directory = root / "srv/images"
    directory.mkdir(parents=True)
    disk = disk_images.content(4 * disk_images.MIB)
    disk_images.make(directory / "debian-12.qcow2", disk)
    disk_images.make(directory / "shop-disk.vmdk", disk, "vmdk")


#: What makes the host that a module's examples start from.
HOSTS: dict[str, Callable[[Path], None]] = {
    "cloudstack_driver_build": build_machine,
    "cloudstack_kvm_patch": kvm_agent,
    "cloudstack_plugin_jar": jars,
    "cloudstack_deployment_info": deployed,
    "cloudstack_volume_download": with_room,
    "storpool_image": images,
}
#: Options of modules that take the root of a host: only these name paths of the machine that runs the tests.
OF_THIS_MACHINE = ("prefix", "src")


def moved(task: dict[str, Any], module: str, options: dict[str, Any], root: Path) -> dict[str, Any]:
    """The task with every absolute path among its options, also those that it leaves at their default, below ``root``.

    ``module`` is the name that the task calls, ``options`` what ansible-doc says of the module's options.
    """
    task = copy.deepcopy(task)
    for name, described in options.items():
        if "prefix" in options and name not in OF_THIS_MACHINE:
            continue
        value = task[module].get(name, described.get("default"))
        if described["type"] in ("path", "str") and str(value or "").startswith("/"):
            task[module][name] = f"{root}{value}"
    return task


def look(root: Path, fact: str) -> dict[str, Any]:
    """A task that notes every file and directory below ``root``."""
    command = f'find {root} -mindepth 1 -printf "%i %T@ %m %p\\n"'
    found = f"{{{{ lookup('ansible.builtin.pipe', '{command}').splitlines() }}}}"
    return {"ansible.builtin.set_fact": {fact: found}}


def differences(before: str, after: str) -> str:
    """A Jinja expression: what was made, removed, replaced or changed between two such looks."""
    return f"({before} | symmetric_difference({after}))"
