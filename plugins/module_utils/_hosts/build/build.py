# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Building the plugins: what is wanted, whether it has been built already, and the way from sources to jars.

Whatever has been built is kept under a key, made of what the sources are and of the options that matter::

    DEST/KEY/record.json, *.jar      what was built
    DEST/KEY.log                     all that Maven wrote, also when it failed
    DEST/.work-KEY/                  the copy that is built from, while it is
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import typing as t

from ..._common import secret_urls
from ..._common.errors import Failure, InvalidOption
from ..._common.seconds import seconds
from ..errors import NotRecognised
from ..machine import obstacles
from . import maven as build_maven
from . import project as build_project
from . import record as build_record
from . import source as build_source
from .maven import Jdk
from .project import ARTIFACTS, MODULES, Project
from .source import Found, Source

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "source": {"type": "str", "required": True},
        "ref": {"type": "str"},
        "storpool_source": {"type": "str"},
        "storpool_ref": {"type": "str"},
        "plugins": {"type": "list", "elements": "str", "choices": ["storpool", "kvm"]},
        "dest": {"type": "path", "default": "~/.cache/storpool-cloudstack/built"},
        "java_home": {"type": "path"},
        "any_java": {"type": "bool", "default": False},
        "adapt_version": {"type": "bool", "default": False},
        "maven": {"type": "str", "default": "mvn"},
        "maven_args": {"type": "list", "elements": "str", "default": []},
        "timeout": {"type": "int", "default": 7200},
    },
    "required_by": {"storpool_ref": "storpool_source"},
}
#: What Ansible shows and logs of options that can hold a secret.
SHOWN: t.Dict[str, t.Callable[[t.Any], t.Any]] = {
    "source": secret_urls.redacted_source,
    "storpool_source": secret_urls.redacted_source,
    "maven_args": secret_urls.redacted_arguments,
}
#: Written into keys: another number makes everything be built again, for when builds are done in another way.
FORMAT = 1
KEY_DIGITS = 16


class Want(t.NamedTuple):
    """What is to be built, from where, how, and where to keep it. ``timeout`` is in seconds, for each program that is run."""

    cloudstack: Source
    storpool: t.Optional[Source]
    plugins: t.Tuple[str, ...]
    dest: str
    java_home: t.Optional[str]
    any_java: bool
    adapt_version: bool
    maven: str
    maven_args: t.Tuple[str, ...]
    timeout: int


class Sources(t.NamedTuple):
    """The sources as they were found, and the key under which what is built of them is kept."""

    cloudstack: Found
    storpool: t.Optional[Found]
    key: str


class Prepared(t.NamedTuple):
    """A copy of the sources that is ready to be built.

    ``plugins`` is what to build; ``directories`` is where each one's module is; ``own`` is that of the StorPool plugin if CloudStack's own build does not
    know it; ``actions`` is what was done to the copy, in words.
    """

    top: str
    project: Project
    jdk: Jdk
    maven: str
    plugins: t.Tuple[str, ...]
    directories: t.Mapping[str, str]
    own: t.Optional[Project]
    needs_git: bool
    actions: t.Tuple[str, ...]


def want(params: t.Mapping[str, t.Any]) -> Want:
    """What the options of the module ask for. Raises :class:`InvalidOption`."""
    seconds(params["timeout"], "timeout")
    if params["plugins"] is not None and not params["plugins"]:
        raise InvalidOption("plugins: the list is empty. Leave the option out to build what the version needs.")
    if not os.path.isabs(params["dest"]):
        raise InvalidOption(f"dest: {params['dest']} is no absolute path.")
    cloudstack = build_source.named("source", params["source"], params["ref"])
    storpool = None
    if params["storpool_source"]:
        storpool = build_source.named("storpool_source", params["storpool_source"], params["storpool_ref"])
    dest = os.path.normpath(params["dest"])
    for source in (cloudstack, storpool):
        if source and not source.ref and _is_within(dest, source.place):
            raise InvalidOption(f"dest: {dest} is in {source.place}, which is built from. Choose another place.")
    shown = secret_urls.redacted_arguments(params["maven_args"])
    if shown != params["maven_args"] or secret_urls.HIDDEN in " ".join(shown):
        raise InvalidOption(
            "maven_args: there is a password or a token in them, which would be in process lists and logs. Put it into a settings file of Maven (servers), and "
            "name that with --settings."
        )
    plugins = tuple(name for name in ("storpool", "kvm") if name in (params["plugins"] or ()))
    return Want(
        cloudstack,
        storpool,
        plugins,
        dest,
        params["java_home"],
        params["any_java"],
        params["adapt_version"],
        params["maven"],
        tuple(params["maven_args"]),
        params["timeout"],
    )


def _is_within(path: str, directory: str) -> bool:
    path, directory = os.path.realpath(path), os.path.realpath(directory)
    return os.path.commonpath([path, directory]) == directory


def make(wanted: Want, check_mode: bool, scratch: str) -> t.Dict[str, t.Any]:
    """Have the plugins built, and return the module's result. ``scratch`` is a directory for what check mode needs for a moment.

    Check mode does all but run Maven, so it refuses what a run would refuse. Raises :class:`Failure`.
    """
    sources = look(wanted)
    kept = build_record.read(wanted.dest, sources.key)
    if kept:
        return _result(wanted, sources, kept, ())
    if check_mode:
        obstacles.check_writable(wanted.dest)
        with _temporary(scratch) as top:
            prepared = prepare(wanted, sources, top)
            return _result(wanted, sources, _foretold(wanted, sources, prepared), _actions(prepared))
    with build_record.alone(wanted.dest, wanted.timeout):
        kept = build_record.read(wanted.dest, sources.key)  # another task may have built it meanwhile
        if kept:
            return _result(wanted, sources, kept, ())
        with build_record.work(wanted.dest, sources.key) as top:
            prepared = prepare(wanted, sources, top)
            built = _build(wanted, sources, prepared)
            return _result(wanted, sources, built, _actions(prepared))


def look(wanted: Want) -> Sources:
    """Look at the sources, without changing or copying anything."""
    cloudstack = build_source.look(wanted.cloudstack, wanted.timeout)
    storpool = build_source.look(wanted.storpool, wanted.timeout, with_history=True) if wanted.storpool else None
    matters = {
        "format": FORMAT,
        "cloudstack": cloudstack.identity,
        "storpool": storpool.identity if storpool else None,
        "plugins": list(wanted.plugins),
        "java_home": wanted.java_home,
        "adapt_version": wanted.adapt_version,
        "maven_args": list(wanted.maven_args),
    }
    key = hashlib.sha256(json.dumps(matters, sort_keys=True).encode()).hexdigest()[:KEY_DIGITS]
    return Sources(cloudstack, storpool, key)


@contextlib.contextmanager
def _temporary(scratch: str) -> t.Iterator[str]:
    top = tempfile.mkdtemp(dir=scratch)
    try:
        yield top
    finally:
        shutil.rmtree(top, ignore_errors=True)


def prepare(wanted: Want, sources: Sources, top: str) -> Prepared:
    """Make a copy of the sources in ``top`` that can be built. All that can be known before Maven runs is checked here."""
    maven, jdk = build_maven.find_maven(wanted.maven), build_maven.find_jdk(wanted.java_home)
    tree = os.path.join(top, "cloudstack")
    build_source.bring(sources.cloudstack, tree, wanted.timeout)
    actions: t.List[str] = []
    with _of(wanted.cloudstack):
        project = build_project.cloudstack(tree)
        plugins = _plugins(wanted, project)
        build_project.check_jdk(project, jdk.release, wanted.any_java)
        if "kvm" in plugins and build_project.patch_adaptor(tree):
            actions.append(
                "have IscsiAdmStorageAdaptor.disconnectPhysicalDiskByPath answer false for a path that is not iSCSI"
            )
    directories = {"kvm": os.path.join(tree, MODULES["kvm"])}
    own, needs_git = None, False
    if "storpool" in plugins:
        directory, own = _storpool(wanted, sources, project, top, tree, actions)
        directories["storpool"] = directory
        needs_git = build_project.needs_git_properties(directory)
        if needs_git:
            found = sources.storpool or sources.cloudstack._replace(commit=None)
            actions.append(build_source.give_history(found, directory, wanted.timeout))
    return Prepared(top, project, jdk, maven, plugins, directories, own, needs_git, tuple(actions))


@contextlib.contextmanager
def _of(source: Source) -> t.Iterator[None]:
    """Say which source a failure is about."""
    try:
        yield
    except (NotRecognised, InvalidOption) as failure:
        failure.message = f"{source.option}: {source.place} cannot be built: {failure.message}"
        raise


def _plugins(wanted: Want, project: Project) -> t.Tuple[str, ...]:
    if "kvm" in wanted.plugins and build_project.release(project.version) >= build_project.FIXED:
        raise InvalidOption(
            f"it is of {project.version}, whose KVM plugin is right as the package has it. Leave kvm out of plugins; it is for 4.8 to 4.11"
        )
    return wanted.plugins or build_project.default_plugins(project.version)


def _storpool(
    wanted: Want, sources: Sources, project: Project, top: str, tree: str, actions: t.List[str]
) -> t.Tuple[str, t.Optional[Project]]:
    """Where the StorPool plugin's module is, and its project if CloudStack's own build does not know it."""
    inside = os.path.join(tree, MODULES["storpool"])
    is_inside = os.path.exists(os.path.join(inside, "pom.xml"))
    if not wanted.storpool or not sources.storpool:
        with _of(wanted.cloudstack):
            if not is_inside:
                raise NotRecognised(
                    f"CloudStack {project.version} has no {MODULES['storpool']}. Before 4.17 the StorPool plugin has a repository of its own; name it, or "
                    "a directory with its source, with storpool_source"
                )
            plugin = build_project.storpool_plugin(inside)
            _check_version(wanted, plugin, project, inside, actions)
        return inside, None if build_project.in_reactor(tree) else plugin
    with _of(wanted.storpool):
        if is_inside:
            raise NotRecognised(
                f"CloudStack {project.version} in {wanted.cloudstack.place} has a StorPool plugin already, in {MODULES['storpool']}. Leave storpool_source out"
            )
        directory = os.path.join(top, "storpool")
        build_source.bring(sources.storpool, directory, wanted.timeout)
        plugin = build_project.storpool_plugin(directory)
        _check_version(wanted, plugin, project, directory, actions)
    return directory, plugin


def _check_version(wanted: Want, plugin: Project, project: Project, directory: str, actions: t.List[str]) -> None:
    version = plugin.parent[1] if plugin.parent else ""
    if version == project.version:
        return
    if not wanted.adapt_version:
        raise InvalidOption(
            f"the StorPool plugin is for CloudStack {version}, and {wanted.cloudstack.place} is {project.version}. Take sources that belong together; or have "
            "the plugin built for the other version with adapt_version=true"
        )
    build_project.adapt_parent(directory, project.version)
    actions.append(f"have the StorPool plugin built for CloudStack {project.version} instead of {version}")


def _actions(prepared: Prepared) -> t.Tuple[str, ...]:
    whole = build_project.what(prepared.plugins, prepared.project.version)
    return (*prepared.actions, f"build {whole} with JDK {prepared.jdk.release}")


def _names(prepared: Prepared) -> t.Dict[str, str]:
    return {name: f"{ARTIFACTS[name]}-{prepared.project.version}.jar" for name in prepared.plugins}


def _foretold(wanted: Want, sources: Sources, prepared: Prepared) -> build_record.Record:
    directory = build_record.directory(wanted.dest, sources.key)
    jars = {
        name: {"path": os.path.join(directory, file), "version": prepared.project.version, "sha256": None}
        for name, file in _names(prepared).items()
    }
    return build_record.Record(prepared.project.version, prepared.jdk.version, jars)


def _build(wanted: Want, sources: Sources, prepared: Prepared) -> build_record.Record:
    log = build_record.log(wanted.dest, sources.key)
    build_record.start_log(log)
    tree = os.path.join(prepared.top, "cloudstack")
    shared = (prepared.maven, wanted.maven_args, prepared.jdk)
    in_tree = [MODULES[name] for name in prepared.plugins if name == "kvm" or not prepared.own]
    try:
        if prepared.own:  # CloudStack's modules that the plugin is built on have to be there first
            parent = [prepared.own.parent[0]] if prepared.own.parent else []
            in_tree += [f":{artifact}" for artifact in dict.fromkeys([*parent, *prepared.own.dependencies])]
        build_maven.build(*shared, tree, log, wanted.timeout, in_tree)
        if prepared.own:
            build_maven.build(*shared, prepared.directories["storpool"], log, wanted.timeout)
    except Failure as failure:
        raise failure.while_doing("build " + build_project.what(prepared.plugins, prepared.project.version)) from None
    made = {
        name: build_record.Made(os.path.join(prepared.directories[name], "target", file), prepared.needs_git)
        for name, file in _names(prepared).items()
    }
    level = build_project.level_of(prepared.project)
    return build_record.keep(wanted.dest, sources.key, prepared.project.version, prepared.jdk.version, level, made)


def _result(
    wanted: Want, sources: Sources, record: build_record.Record, actions: t.Tuple[str, ...]
) -> t.Dict[str, t.Any]:
    result = {
        "changed": bool(actions),
        "jars": record.jars,
        "build": {
            "version": record.version,
            "commit": sources.cloudstack.commit,
            "storpool_commit": sources.storpool.commit if sources.storpool else None,
            "java": record.java,
            "log": build_record.log(wanted.dest, sources.key),
        },
        "actions": list(actions),
    }
    return dict(result, diff={"before": {} if actions else record.jars, "after": record.jars})
