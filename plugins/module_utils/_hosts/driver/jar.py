# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One jar of a plugin on a component's class path: what is wanted, and what is there."""

from __future__ import annotations

import os
import re
import typing as t

from ..._common.errors import Failure, InvalidOption, NotFound
from .. import layout
from ..kvm.plugin import sha256
from ..layout import Layout
from ..machine import files, java, obstacles, packages, paths, service
from ..machine.files import File, Owner
from ..machine.java import Java
from ..machine.packages import Installed
from ..machine.paths import Root
from ..machine.service import Service
from . import class_path, kept, plugin
from .class_path import Found, LeftOver
from .kept import Kept, Record
from .plugin import Facts, Source

KEEP_DIR = "/var/lib/storpool-cloudstack/kept"
SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "component": {"type": "str", "choices": list(layout.COMPONENTS), "required": True},
        "plugin": {"type": "str", "choices": list(layout.PLUGINS), "default": layout.STORPOOL},
        "state": {"type": "str", "choices": ["present", "previous"], "default": "present"},
        "src": {"type": "path"},
        "remote_src": {"type": "bool", "default": False},
        "sha256": {"type": "str"},
        "any_version": {"type": "bool", "default": False},
        "directory": {"type": "path"},
        "keep_dir": {"type": "path", "default": KEEP_DIR},
        "prefix": {"type": "path", "default": "/"},
        "_source": {"type": "dict"},
    },
}
CHECKSUM = re.compile(r"[0-9a-fA-F]{64}")


class Want(t.NamedTuple):
    """What a task asks for. Paths are the host's own.

    ``source`` is the jar to install, without its content where that is not on the host yet; ``leave`` the checksum of the jar to go back from, if not from any.
    """

    component: str
    plugin: str
    state: str
    source: t.Optional[Source]
    leave: t.Optional[str]
    any_version: bool
    directory: t.Optional[str]
    keep_dir: str
    root: Root

    @property
    def record_path(self) -> str:
        """Where the record of the last change is."""
        return kept.record_path(self.keep_dir, self.component, self.plugin)


class Back(t.NamedTuple):
    """A kept jar that can be put back: its file, what it is, and its checksum."""

    file: File
    facts: Facts
    sha256: str


class Current(t.NamedTuple):
    """What is there.

    ``found`` are the jars of the plugin on the class path; ``back`` those of the record that are not there as they were before, by path, or the failure to
    read them. ``left_over`` is what a run that was stopped has left beside them. ``locked`` says in sentences why directories and files cannot be written
    to, by path. ``owner`` is whose a jar should be. ``restart_reason`` says why the service should be started anew, if so.
    """

    installed: Installed
    layout: Layout
    found: t.Tuple[Found, ...]
    kept: t.Tuple[Kept, ...]
    record: t.Optional[Record]
    back: t.Mapping[str, t.Union[Back, Failure]]
    java: t.Optional[Java]
    service: Service
    restart_reason: t.Optional[str]
    owner: Owner
    left_over: t.Tuple[LeftOver, ...]
    locked: t.Mapping[str, str]


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired state of the options. Raises :class:`.._common.errors.Failure` if the jar is not one that can be installed."""
    component, kind, state = params["component"], params["plugin"], params["state"]
    if kind == layout.KVM and component != layout.AGENT:
        raise InvalidOption("plugin: the KVM plugin is an agent's. Use component: agent.")
    if state == "previous" and params["src"]:
        raise InvalidOption(
            "src: it is for state: present; state: previous puts back what was there. Leave one of them out."
        )
    root = paths.root(params["prefix"])
    keep_dir = paths.absolute("keep_dir", params["keep_dir"])
    directory = paths.absolute("directory", params["directory"]) if params["directory"] else None
    _check_keep_dir(root, keep_dir, component, directory)
    leave = _checksum(params["sha256"]) if state == "previous" else None
    return Want(component, kind, state, _source(params), leave, params["any_version"], directory, keep_dir, root)


def _check_keep_dir(root: Root, keep_dir: str, component: str, directory: t.Optional[str]) -> None:
    place = root.resolve(keep_dir)
    loaded = layout.layout(component, None).class_path
    for path in (*loaded, directory) if directory else loaded:
        real = root.resolve(path)
        if os.path.commonpath([real, place]) == real:
            raise InvalidOption(
                f"keep_dir: {keep_dir} is in {path}, from where {layout.TITLE[component]} loads its classes. Choose another place."
            )


def _source(params: t.Mapping[str, t.Any]) -> t.Optional[Source]:
    path, told = params["src"], params["_source"]
    if not path:
        if params["sha256"] and params["state"] == "present":
            raise InvalidOption("sha256: there is no src that could have this checksum. Give both, or none of them.")
        return None
    if params["remote_src"]:
        file = files.read(paths.absolute("src", path), plugin.MOST_BYTES)
        return checked(params, path, file.content)
    if not told:
        raise InvalidOption(
            "src: this module gets the jar from its action plugin; call it in a task, or use remote_src: true."
        )
    if told.get("path"):
        found = checked(params, told["name"], files.read(told["path"], plugin.MOST_BYTES).content)
        if found.sha256 != told["sha256"]:
            raise InvalidOption(f"src: {path} has changed while it was transferred. Run the task again.")
        return found
    return Source(told["name"], told["sha256"], Facts(True, None, told["version"], told["java"]), None)


def checked(params: t.Mapping[str, t.Any], path: str, content: bytes) -> Source:
    """The jar that is to be installed, given its content. Raises :class:`InvalidOption` and the like if it cannot be."""
    stated, actual = _checksum(params.get("sha256")), sha256(content)
    if stated and stated != actual:
        raise InvalidOption(
            f"src: {path} has the checksum {actual}, not {stated} as sha256 says. It was not downloaded completely, or it is another build: get the file "
            "again, or correct sha256."
        )
    return plugin.source(params["plugin"], params["component"], path, content)


def _checksum(stated: t.Optional[str]) -> t.Optional[str]:
    if stated and not CHECKSUM.fullmatch(stated):
        raise InvalidOption(f"sha256: {stated} is no SHA-256 checksum, which has 64 hexadecimal digits.")
    return stated.lower() if stated else None


def look(wanted: Want) -> Current:
    """Read all that a plan depends on. Raises :class:`.._common.errors.Failure` if the host has no CloudStack that is known."""
    with wanted.root.telling():
        return _look(wanted)


def _look(wanted: Want) -> Current:
    root, component = wanted.root, wanted.component
    installed = packages.installed(root, component)
    if installed.release is None:
        raise NotFound(_unknown(installed, component))
    home = _layout(layout.layout(component, installed.release), wanted)
    record = kept.read_record(root, wanted.record_path)
    directories = _directories(home, record)
    found = class_path.find(root, directories, wanted.plugin)
    owner = class_path.rightful_owner(root)
    kept_jars = kept.find(root, wanted.keep_dir, directories, wanted.plugin)
    running = service.look(root, component)
    return Current(
        installed,
        home,
        found,
        kept_jars,
        record,
        _back(wanted, record, found) if wanted.state == "previous" else {},
        java.find(root, component, installed.release, running),
        running,
        restart_reason(root, running, directories, wanted.keep_dir),
        owner,
        class_path.left_over(root, directories, wanted.plugin),
        {
            **_locked_files(wanted, directories, [*(jar.path for jar in found), *(jar.path for jar in kept_jars)]),
            **_locked(root, directories, wanted.keep_dir, owner),
        },
    )


def restart_reason(root: Root, running: Service, directories: t.Sequence[str], keep_dir: str) -> t.Optional[str]:
    """Why a service should be started anew, as :func:`.service.restart_reason`, given the directories of its class path."""
    if running.started is None:
        return None
    places = frozenset(root.resolve(directory) for directory in directories)
    return service.restart_reason(running, class_path.stamps(root, directories), places, root.resolve(keep_dir))


def _unknown(installed: Installed, component: str) -> str:
    if installed.package:
        return f"The version {installed.package_version} of the package {installed.package} is not one of CloudStack's, so where its jars belong is not known."
    return (
        f"The version of CloudStack is not known here: the package {layout.PACKAGE[component]} is not installed, and no jar in "
        f"{layout.HOME[component]} says it. Install the package first."
    )


def _layout(home: Layout, wanted: Want) -> Layout:
    """The directories, with the one that the task names, and that of the KVM plugin, in their places.

    What is one directory by a symbolic link has one path, the first.
    """
    directory = wanted.directory or (layout.LIB[layout.AGENT] if wanted.plugin == layout.KVM else home.directory)
    known: t.Dict[str, str] = {}
    for path in (*home.class_path, directory):
        if path:
            known.setdefault(wanted.root.resolve(path), path)
    return home._replace(
        directory=known[wanted.root.resolve(directory)] if directory else None, class_path=tuple(known.values())
    )


def _directories(home: Layout, record: t.Optional[Record]) -> t.Tuple[str, ...]:
    """The class path, and where else the last change has put or taken jars."""
    noted = [os.path.dirname(path) for jars in (record.before, record.after) for path in jars] if record else []
    return tuple(dict.fromkeys((*home.class_path, *sorted(noted))))


def _back(wanted: Want, record: t.Optional[Record], found: t.Iterable[Found]) -> t.Dict[str, t.Union[Back, Failure]]:
    there = {jar.path: jar.sha256 for jar in found}
    back: t.Dict[str, t.Union[Back, Failure]] = {}
    for path, checksum in record.before.items() if record else ():
        if there.get(path) == checksum:
            continue
        try:
            file = kept.read(wanted.root, wanted.keep_dir, path, checksum)
            back[path] = Back(file, plugin.facts(wanted.plugin, os.path.basename(path), file.content), checksum)
        except Failure as failure:
            failure.message = wanted.root.inner(failure.message)
            back[path] = failure
    return back


def _locked(root: Root, directories: t.Sequence[str], keep_dir: str, owner: Owner) -> t.Dict[str, str]:
    """Why jars cannot be written to directories, by directory."""
    locked = {}
    for directory in (*directories, keep_dir, *(keep_dir + directory for directory in directories)):
        try:
            obstacles.check_writable(root.reach(directory))
            if os.geteuid() not in (0, owner.uid):
                locked[directory] = "Only root can give a jar to root: the task needs become: true."
        except Failure as failure:
            locked[directory] = root.inner(failure.message)
    return locked


def _locked_files(wanted: Want, directories: t.Iterable[str], jars: t.Iterable[str]) -> t.Dict[str, str]:
    """Why files cannot be replaced or taken away, by path."""
    locked = {}
    root = wanted.root
    for path in (*jars, wanted.record_path, *class_path.in_the_way(root, directories, wanted.plugin)):
        disk = root.reach(path, follow=False)
        try:
            if os.path.lexists(disk):
                obstacles.check_replaceable(disk)
        except Failure as failure:
            locked[path] = failure.message
    return locked
