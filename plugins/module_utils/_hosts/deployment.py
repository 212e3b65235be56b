# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is deployed on a host: CloudStack's components with their jars, Java and service, and the StorPool client. Nothing is changed."""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import typing as t

from .._common.errors import Failure, InvalidOption
from . import findings, layout
from .driver import class_path, kept
from .driver import jar as plugin_jar
from .driver.class_path import Found
from .findings import Host
from .layout import Layout
from .machine import java, packages, paths, service, storpool_client
from .machine.java import Java
from .machine.packages import Installed
from .machine.paths import Root

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "component": {"type": "list", "elements": "str", "choices": list(layout.COMPONENTS), "default": []},
        "keep_dir": {"type": "path", "default": plugin_jar.KEEP_DIR},
        "prefix": {"type": "path", "default": "/"},
    }
}


class StorPoolFiles(t.NamedTuple):
    """What StorPool's configuration files say to a host: the variables, the file and line of each, and the files that were read."""

    values: t.Mapping[str, str]
    places: t.Mapping[str, str]
    files: t.Sequence[str]


#: Reads those files of a root, as the host of a name (this one if there is none) sees them.
ReadFiles = t.Callable[[Root, t.Optional[str]], StorPoolFiles]
#: A component as the module returns it.
Component = t.Dict[str, t.Any]


def read(params: t.Mapping[str, t.Any], storpool_files: ReadFiles) -> t.Dict[str, t.Any]:
    """The result of the module. Raises :class:`Failure` if something that is there cannot be read."""
    root = paths.root(params["prefix"])
    with root.telling():
        return _read(root, params, storpool_files)


def _read(root: Root, params: t.Mapping[str, t.Any], storpool_files: ReadFiles) -> t.Dict[str, t.Any]:
    keep_dir = paths.absolute("keep_dir", params["keep_dir"])
    unclear: t.Dict[str, str] = {}
    found = {name: _component(root, name, keep_dir, unclear) for name in layout.COMPONENTS}
    client = _client(root, storpool_files, unclear)
    problems = findings.problems(Host(found, client, params["component"], unclear, _rightful(root), root.is_here))
    told = [problem._asdict() for problem in problems]
    return {"deployment": dict(found, storpool=storpool_client.shown(client), problems=told)}


def _client(root: Root, storpool_files: ReadFiles, unclear: t.Dict[str, str]) -> storpool_client.Client:
    try:
        found = storpool_files(root, storpool_client.host_name(root))
    except Failure as failure:
        unclear["storpool"] = root.inner(failure.message)
        return storpool_client.look(root, {}, {}, ())
    return storpool_client.look(root, *found)


def _component(root: Root, component: str, keep_dir: str, unclear: t.Dict[str, str]) -> t.Optional[Component]:
    """A component; ``None`` if nothing of it is there. Why its version is not clear goes to ``unclear``."""
    try:
        installed = packages.installed(root, component)
    except InvalidOption as failure:
        installed, unclear[component] = Installed(None, None, None), root.inner(failure.message)
    if installed.package is None and not os.path.isdir(root.reach(layout.HOME[component])):
        return None
    try:
        home = layout.layout(component, installed.release)
    except InvalidOption as failure:
        home, unclear[component] = layout.layout(component, None), failure.message
    running = service.look(root, component)
    reason = plugin_jar.restart_reason(root, running, home.class_path, keep_dir)
    stores = [jar for kind in layout.PLUGINS for jar in kept.find(root, keep_dir, home.class_path, kind)]
    kvm_jars = _kvm_jars(root, home, installed) if component == layout.AGENT else []
    return {
        **installed._asdict(),
        "service": dict(service.shown(running, reason), enabled=running.enabled, seconds=service.age(running)),
        "java": _java(java.find(root, component, installed.release, running)),
        "directory": home.directory,
        "packaged": home.packaged,
        "driver_jars": _driver_jars(root, home, installed),
        "kvm_jars": kvm_jars,
        "kvm_patch": _kvm_patch(installed, kvm_jars) if component == layout.AGENT else None,
        "kept": kept.shown(stores),
        "left_over_jars": packages.left_over(root, home.class_path, installed),
        "unfinished": _unfinished(root, component, keep_dir),
    }


def _unfinished(root: Root, component: str, keep_dir: str) -> t.List[str]:
    """The plugins whose jars were being changed when the task was stopped. Of a record that cannot be understood, the task that needs it says so."""
    unfinished = []
    for plugin in layout.PLUGINS:
        with contextlib.suppress(Failure):
            record = kept.read_record(root, kept.record_path(keep_dir, component, plugin))
            unfinished += [plugin] if record and record.is_unfinished else []
    return unfinished


def _driver_jars(root: Root, home: Layout, installed: Installed) -> t.List[t.Dict[str, t.Any]]:
    loaded = class_path.find(root, home.class_path, layout.STORPOOL)
    versions = [(jar.path, jar.facts.version) for jar in loaded]
    chosen = layout.choose(layout.STORPOOL, versions, home.directory, installed.version)
    told = []
    for jar in (*loaded, *class_path.find(root, home.beside, layout.STORPOOL)):
        directory = os.path.dirname(jar.path)
        role = (
            "expected"
            if jar.path == chosen
            else findings.role(jar.name, jar.facts.version, directory, home, installed.release)
        )
        told.append(
            {
                **_file(jar),
                "java": jar.facts.java,
                "owner": _user(jar.owner.uid),
                "group": _group(jar.owner.gid),
                "mode": f"{jar.owner.mode:04o}",
                "role": role,
            }
        )
    return told


def _kvm_jars(root: Root, home: Layout, installed: Installed) -> t.List[t.Dict[str, t.Any]]:
    fixed = installed.release is not None and installed.release >= layout.PATCHED
    states = {True: "patched", False: "original", None: "unknown"}
    return [
        dict(_file(jar), state=None if fixed else states[jar.facts.patched])
        for jar in class_path.find(root, home.class_path, layout.KVM)
    ]


def _kvm_patch(installed: Installed, jars: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    """Whether the patch is there: that of the jar that the agent should load."""
    if installed.release and installed.release >= layout.PATCHED:
        return "not_needed"
    versions = [(jar["path"], jar["version"]) for jar in jars]
    chosen = layout.choose(layout.KVM, versions, layout.LIB[layout.AGENT], installed.version)
    state = next((jar["state"] for jar in jars if jar["path"] == chosen), "unknown")
    return {"patched": "patched", "original": "needed"}.get(state, "unknown")


def _file(jar: Found) -> t.Dict[str, t.Any]:
    return {"path": jar.path, "version": jar.facts.version, "sha256": jar.sha256, "broken": jar.facts.broken}


def _java(found: t.Optional[Java]) -> t.Optional[t.Dict[str, t.Any]]:
    return None if found is None else dict(found._asdict())


def _rightful(root: Root) -> t.Tuple[str, str, str]:
    owner = class_path.rightful_owner(root)
    return _user(owner.uid), _group(owner.gid), f"{owner.mode:04o}"


def _user(uid: int) -> str:
    """The name of a user, or the number of one without a name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
