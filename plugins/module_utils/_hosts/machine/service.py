# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service of a component, and whether the process that runs is one of the jars that are there."""

from __future__ import annotations

import os
import time
import typing as t

from .. import layout
from . import files, programs, units
from .paths import Root
from .units import Unit

UNIT = ("LoadState", "ActiveState", "UnitFileState", "MainPID", "ControlGroup", *units.PROPERTIES)
RUNNING = ("active", "activating", "reloading", "deactivating")
CONTROL_GROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
DELETED = " (deleted)"
SECONDS = 20


class OpenJar(t.NamedTuple):
    """A jar that a process has open: its path, whether the file has lost that name, and which file it is (device and inode)."""

    path: str
    deleted: bool
    identity: t.Tuple[int, int]


class JarFile(t.NamedTuple):
    """A jar that is there: its path, which file it is, and when it was last changed in any way and in its content (seconds of unix time)."""

    path: str
    identity: t.Tuple[int, int]
    changed: float
    modified: float


class Service(t.NamedTuple):
    """A service as it is. ``state`` and ``enabled`` are in systemd's words, ``None`` if systemd does not know it or is not there.

    ``started`` is when its process was started, in seconds of unix time; ``None`` if none runs. ``unit`` is what systemd runs for it, and ``java`` the path
    of the Java that its process is, as far as they are known.
    """

    name: str
    state: t.Optional[str] = None
    enabled: t.Optional[str] = None
    started: t.Optional[float] = None
    jars: t.Tuple[OpenJar, ...] = ()
    unit: t.Optional[Unit] = None
    java: t.Optional[str] = None


def look(root: Root, component: str) -> Service:
    """The service of a component on this host; nothing is known of one on another root."""
    name = layout.PACKAGE[component]
    told = (
        programs.answer(["systemctl", "show", "--property=" + ",".join(UNIT), name + ".service"], SECONDS)
        if root.is_here
        else None
    )
    unit = properties(told or "")
    if unit.get("LoadState", "not-found") == "not-found":
        return Service(name)
    processes = _processes(unit)
    times = [started for started in map(_started, processes) if started is not None]
    return Service(
        name,
        unit.get("ActiveState") or None,
        unit.get("UnitFileState") or None,
        times[0] if times else None,
        tuple([jar for process in processes for jar in _open_jars(process)]),
        units.told(told or ""),
        next((path for path in map(_java, processes) if path), None),
    )


def properties(told: str) -> t.Dict[str, str]:
    """What ``systemctl show`` prints."""
    return dict(line.split("=", 1) for line in told.splitlines() if "=" in line)


def _processes(unit: t.Mapping[str, str]) -> t.List[int]:
    """The processes of a running unit, the main one first; of a service without one (System V's scripts: jsvc) in the order in which they started."""
    if unit.get("ActiveState") not in RUNNING:
        return []
    main = int(unit.get("MainPID") or 0)
    found = set()
    if unit.get("ControlGroup"):
        for top in CONTROL_GROUPS:
            found.update(_members(top + unit["ControlGroup"] + "/cgroup.procs"))
    others = sorted((started, process) for process in found - {main} for started in [_started(process)] if started)
    return ([main] if main else []) + [process for _started_at, process in others]


def _members(path: str) -> t.List[int]:
    try:
        with open(path, encoding="ascii") as file:
            return [int(line) for line in file if line.strip() != "0"]
    except (OSError, ValueError):
        return []


def _started(process: int) -> t.Optional[float]:
    """When a process was started, in seconds of unix time to the hundredth (proc(5): field 22 of stat, in ticks since the machine was started)."""
    try:
        with open(f"/proc/{process}/stat", encoding="utf-8", errors="replace") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return None
    uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.time() - uptime + int(fields[19]) / os.sysconf("SC_CLK_TCK")


def _java(process: int) -> t.Optional[str]:
    """The Java that a process is, or has in itself (jsvc); ``None`` if it is none, or the system does not tell."""
    try:
        program = os.readlink(f"/proc/{process}/exe")
        if os.path.basename(_alive(program)) == "java":
            return _alive(program)
        with open(f"/proc/{process}/maps", encoding="utf-8", errors="surrogateescape") as file:
            library = next(
                (line.split(None, 5)[5].strip() for line in file if line.rstrip().endswith("/libjvm.so")), ""
            )
    except OSError:
        return None
    while library.strip("/"):
        library = os.path.dirname(library)
        path = os.path.join(library, "bin/java")
        if os.path.isfile(path):
            return path
    return None


def _alive(path: str) -> str:
    """The name that a file has, or had."""
    return path[: -len(DELETED)] if path.endswith(DELETED) else path


def _open_jars(process: int) -> t.List[OpenJar]:
    """The jars that a process has open; none if the system does not tell."""
    directory = f"/proc/{process}/fd"
    jars = []
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    for name in names:
        try:
            target = os.readlink(os.path.join(directory, name))
            path = _alive(target)
            if files.hidden_name(os.path.basename(path)):  # a jar that was replaced has this name last
                path = files.named_by(path)
            if layout.is_loaded(path) or path.endswith(".kept"):
                status = os.stat(os.path.join(directory, name))
                jars.append(OpenJar(path, path != target, (status.st_dev, status.st_ino)))
        except OSError:  # it has been closed meanwhile
            continue
    return jars


def restart_reason(
    service: Service, jars: t.Iterable[JarFile], class_path: t.Container[str], keep_dir: str
) -> t.Optional[str]:
    """Why the running process is not one of the jars that are there, in words; ``None`` if it is, or none runs.

    ``jars`` are those of the plugins on the class path. ``class_path`` are its directories and ``keep_dir`` the one where replaced jars are, without
    symbolic links.
    """
    if service.started is None:
        return None
    for jar in service.jars:
        directory = os.path.dirname(jar.path)
        if jar.deleted and directory in class_path:
            return f"it still has the {jar.path} open that was there before"
        if not jar.deleted and os.path.commonpath([jar.path, keep_dir]) == keep_dir:
            return f"it has {jar.path} open, which was taken off its class path"
    open_now = {jar.identity for jar in service.jars if not jar.deleted}
    for file in jars:
        same = file.identity in open_now and file.modified <= service.started
        if file.changed > service.started and not same:
            return f"it was started before {file.path} came or was changed"
    return None


def shown(service: Service, reason: t.Optional[str]) -> t.Dict[str, t.Any]:
    """The service as modules return it."""
    return {
        "name": service.name,
        "state": service.state,
        "started": None if service.started is None else moment(service.started),
        "restart_needed": reason is not None,
        "restart_reason": reason,
    }


def age(service: Service) -> t.Optional[int]:
    """For how many whole seconds its process has been running."""
    return None if service.started is None else max(0, int(time.time() - service.started))


def moment(seconds: float) -> str:
    """A time in ISO 8601, to the second, in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
