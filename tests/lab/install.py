# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""CloudStack's packages on the hosts: as on machines never touched before, or over what is there."""

from __future__ import annotations

import dataclasses
import io
import subprocess
import tarfile
import time
from pathlib import Path

from . import containers, hosts, javac, packages, simulators, state
from .layout import LAB, Host, LabError
from .podman import podman

INSTALL_SECONDS = 120
#: Seconds until the services have reported to the CloudStack simulator.
REPORT_SECONDS = 60
DEBS = "/var/cache/lab-packages"
PROPERTIES = {
    "agent": "/etc/cloudstack/agent/agent.properties",
    "management": "/etc/cloudstack/management/server.properties",
}
#: What packages and people leave, beside what dpkg removes.
LEFT = (
    "/etc/cloudstack",
    "/etc/default/cloudstack-*",
    "/etc/systemd/system/cloudstack-*",
    "/usr/share/cloudstack-*",
    "/var/lib/cloudstack",
    "/var/lib/storpool-cloudstack",
    "/var/log/cloudstack",
    DEBS,
)
REMOVE = f"""
set -eu
systemctl stop 'cloudstack-*' >&2
installed=$(dpkg-query --show --showformat '${{Package}}\\n' 'cloudstack-*' 2>/dev/null || true)
[ -z "$installed" ] || dpkg --purge --force-all $installed >&2
rm -rf {" ".join(LEFT)}
journalctl --quiet --rotate && journalctl --quiet --vacuum-time=1s
"""
INSTALL = """
set -eu
export DEBIAN_FRONTEND=noninteractive
mkdir -p {debs} && tar --extract --directory {debs}
dpkg --install --force-confold {debs}/*.deb >&2
rm -rf {debs}
sed -i '/^simulator=/d' {properties}
echo 'simulator={simulator}' >>{properties}
systemctl daemon-reload
systemctl reset-failed
systemctl --no-block restart {service}
"""


def install(version: str, names: list[str] | None = None, wait: bool = True) -> None:
    """Give the hosts (all, or those called ``names``) the packages of ``version``, and nothing of what they had.

    If it is all of them, the CloudStack simulator becomes one of that version and both simulators are emptied.
    Returns once all services have reported, unless ``wait`` is false.
    """
    with state.alone():
        current = state.load()
        chosen = _chosen(names)
        files = _build(version)
        if names is None:
            simulators.stop(current.cloudstack)
            containers.side_by_side(_clear, chosen)
            simulators.reset(current.storpool)
            simulators.register_clients(current.storpool, chosen)
            cloudstack = simulators.start_cloudstack(version, current.storpool, current.cloudstack["port"])
            current = dataclasses.replace(current, cloudstack=cloudstack, installed=version)
            state.save(current)
        else:
            containers.side_by_side(_clear, chosen)
        before = _boots(current)
        containers.side_by_side(lambda host: _install(host, files, current), chosen)
        if wait:
            _wait_for_reports(current, chosen, before)


def upgrade(version: str, names: list[str] | None = None, wait: bool = True) -> None:
    """Install the packages of ``version`` over what the hosts have, as apt would: changed configuration is kept.

    If it is all of them, the CloudStack simulator becomes one of that version. Both simulators keep their state.
    """
    with state.alone():
        current = state.load()
        chosen = _chosen(names)
        files = _build(version)
        if names is None:
            simulators.admin(current.cloudstack, "POST", "version", {"version": version})
            cloudstack = {**current.cloudstack, "version": version}
            current = dataclasses.replace(current, cloudstack=cloudstack, installed=version)
            state.save(current)
        before = _boots(current)
        containers.side_by_side(lambda host: _install(host, files, current), chosen)
        if wait:
            _wait_for_reports(current, chosen, before)


def _chosen(names: list[str] | None) -> list[Host]:
    """The hosts to work on, which must run."""
    present = containers.containers()
    everyone = {host.name: host for host in containers.hosts(present)}
    unknown = sorted(set(names or ()) - set(everyone))
    if unknown:
        raise LabError(f"The lab has no host {', '.join(unknown)}; it has {', '.join(everyone)}.")
    chosen = [everyone[name] for name in names] if names is not None else list(everyone.values())
    stopped = [host.name for host in chosen if present[host.container] != "running"]
    if stopped:
        raise LabError(f"{', '.join(stopped)} is stopped: run lab start, or lab up.")
    return chosen


def _build(version: str) -> dict[str, Path]:
    """The packages of a version by component (``common``, ``agent``, ``management``)."""
    try:
        built = packages.build(version, LAB / "packages")
    except (ValueError, OSError, javac.CompilerError) as error:
        raise LabError(f"CloudStack's packages of {version} cannot be made: {error}") from error
    except subprocess.SubprocessError as error:
        raise LabError(f"dpkg-deb could not make CloudStack's packages of {version}: {error}") from error
    by_component = {path.name.partition("_")[0].removeprefix("cloudstack-"): path for path in built}
    if not {"common", "agent", "management"} <= set(by_component):
        raise LabError(f"There are no packages of all components for {version}: {sorted(by_component)}")
    return by_component


def _clear(host: Host) -> None:
    """Take away what a test may have left on a host."""
    hosts.mend(host)
    _script(host, REMOVE)


def _install(host: Host, files: dict[str, Path], current: state.State) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for component in ("common", host.component):
            tar.add(files[component], arcname=files[component].name)
    script = INSTALL.format(
        debs=DEBS,
        properties=PROPERTIES[host.component],
        simulator=current.cloudstack["url"],
        service=host.service,
    )
    _script(host, script, buffer.getvalue())


def _script(host: Host, script: str, given: bytes | None = None) -> None:
    try:
        podman("exec", "--interactive", host.container, "sh", "-c", script, timeout=INSTALL_SECONDS, given=given)
    except LabError as error:
        raise LabError(f"{host.name}: {error}") from error


def _boots(current: state.State) -> dict[str, str]:
    """The services that are Up for the CloudStack simulator by their hosts' names, with what tells a start from another."""
    rows = [
        row for path in ("agents", "managementservers") for row in simulators.admin(current.cloudstack, "GET", path)
    ]
    return {row["name"]: row["report"]["boot"] for row in rows if row["state"] == "Up" and row["report"]}


def _wait_for_reports(current: state.State, chosen: list[Host], before: dict[str, str]) -> None:
    """Wait until the services on ``chosen`` were started after ``before`` and are Up for the CloudStack simulator."""
    end = time.monotonic() + REPORT_SECONDS
    missing = {host.name for host in chosen}
    while missing:
        if time.monotonic() > end:
            raise LabError(
                f"{', '.join(sorted(missing))} did not come Up in CloudStack within {REPORT_SECONDS} s: "
                "see lab exec HOST journalctl --unit 'cloudstack-*'."
            )
        time.sleep(0.2)
        missing -= {name for name, boot in _boots(current).items() if boot != before.get(name)}
