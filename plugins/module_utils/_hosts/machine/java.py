# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Java that a component is started with the next time: what its unit runs.

What a unit runs is often a shell or a script, which takes it from variables. Where that does not tell, since a command would have to be run, the process
does that is running. Without a unit, what the packages of the version have counts: from 4.12 on /usr/bin/java, whatever older settings are left; before, the
settings.
"""

from __future__ import annotations

import os
import re
import shlex
import typing as t

from ..._common.errors import Failure
from .. import layout
from . import commands, shell_settings, units
from .paths import Root
from .service import Service
from .shell_settings import Values
from .units import Unit

JAVA = "/usr/bin/java"
#: CloudStack's units and scripts read /etc/default/cloudstack-agent and the like (rpm: /etc/sysconfig).
SETTINGS = ("/etc/default/", "/etc/sysconfig/")
#: From here on units of packages run /usr/bin/java, and read nothing that says otherwise.
DIRECT: layout.Release = (4, 12, 0)
SHELLS = ("sh", "bash", "dash", "ksh", "zsh")
#: A word of a script that could be Java, with variables in it or not.
WORD = re.compile(r"(?:(?<=[\s;&|({\"'=])|^)((?:\$\{[^}]*\}|\$\w+|/)[^\s\"';|&()<>=]*)(?=[\s\"';|&)]|$)", re.MULTILINE)
#: A word that is Java, whatever the variables in it are.
MEANT = re.compile(r".*/java|\$\{?_?(?:RUN_?)?JAVA(?:_?(?:CMD|BIN|EXE))?(?:\}|:.*\})?")
VERSION = re.compile(r'^JAVA_VERSION="?([0-9][^"\n]*)"?', re.MULTILINE)
SAID = re.compile(r'version "([0-9][^"]*)"')
#: Directories of Java, where there is no file that says it: java-17-openjdk-amd64, jdk1.8.0_202, jre-11.
NAMED = re.compile(r"(?:java|jdk|jre)-?((?:1\.)?\d+(?:\.\d+)*(?:_\d+)?)")
SECONDS = 20


class Java(t.NamedTuple):
    """The program, its version (``17.0.15``, ``1.8.0_392``), and the release (17, 8). ``None`` is: not known."""

    path: str
    version: t.Optional[str]
    release: t.Optional[int]


def find(
    root: Root, component: str, found: t.Optional[layout.Release] = None, running: t.Optional[Service] = None
) -> t.Optional[Java]:
    """The Java of a component of a release, as far as that is known; ``None`` if there is none."""
    name = layout.PACKAGE[component]
    unit = (running.unit if running else None) or units.read(root, name)
    path = _of_unit(root, unit) if unit else _of_settings(root, name, found)
    path = path or (running.java if running else None) or JAVA
    real = root.resolve(path)
    if not os.path.isfile(root.here(real)):
        return None
    version = _version(root, real)
    return Java(path, version, release(version))


def _version(root: Root, real: str) -> t.Optional[str]:
    home = os.path.dirname(os.path.dirname(real))
    version = _told(root, home) or (_told(root, os.path.dirname(home)) if os.path.basename(home) == "jre" else None)
    if version is None and root.is_here:  # which takes longer than reading a file
        version = _said(real)
    if version is None:
        named = NAMED.search(home)
        version = named.group(1) if named else None
    return version


def release(version: t.Optional[str]) -> t.Optional[int]:
    """The release that a version belongs to: up to 8 the number after ``1.``."""
    found = re.match(r"(?:1\.)?(\d+)", version or "")
    return int(found.group(1)) if found else None


def _of_settings(root: Root, name: str, found: t.Optional[layout.Release]) -> t.Optional[str]:
    """What the settings say to which scripts of this release listen."""
    if found is not None and found >= DIRECT:
        return JAVA
    values = _settings(root, name, {})
    return _absolute(shell_settings.expanded("${JAVA}", values)) or _in_home(root, values)


def _settings(root: Root, name: str, values: Values) -> Values:
    for directory in SETTINGS:
        values = shell_settings.assignments(units.text(root, directory + name), values)
    return values


def _of_unit(root: Root, unit: Unit) -> t.Optional[str]:
    """The Java that a unit runs; ``None`` if it cannot be told from files."""
    values = unit.variables(root)
    words = _words(unit.command)
    while words:
        program = words.pop(0).lstrip("-@:+!|")
        name = os.path.basename(program)
        if name == "java":
            return _absolute(program) or JAVA
        if name == "env":
            while words and (words[0].startswith("-") or "=" in words[0]):
                values.update(shell_settings.assignments(words.pop(0)))
            continue
        if name in SHELLS:
            script = next((word for word in words if not word.startswith("-")), "")
            given = any(re.fullmatch(r"-\w*c\w*", word) for word in words)
            return _of_script(root, script.replace("$$", "$") if given else units.text(root, script), values)
        if name == "jsvc":
            home = words[words.index("-home") + 1 :][:1] if "-home" in words else []
            told = shell_settings.expanded(home[0], values) if home else None
            return _in_home(root, {"JAVA_HOME": told} if told else values)
        if any(os.path.basename(word) == "java" for word in words):
            continue  # a program that runs another
        return _of_script(root, units.text(root, program), values)
    return None


def _words(command: str) -> t.List[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _of_script(root: Root, script: str, values: Values) -> t.Optional[str]:
    for directory in SETTINGS:
        for path in sorted(set(re.findall(re.escape(directory) + r"[\w.-]+", script))):
            values = shell_settings.assignments(units.text(root, path), values)
    values = shell_settings.assignments(script, values)
    for word in WORD.findall(_without_comments(script)):
        told = shell_settings.expanded(word, values)
        if told is None and MEANT.fullmatch(word):
            return None
        if told and os.path.basename(told) == "java" and not os.path.isdir(root.reach(told)):
            return told
    return _in_home(root, values) if "jsvc" in script or "JAVA_HOME" in script else None


def _without_comments(script: str) -> str:
    return re.sub(r"^\s*#.*$", "", script, flags=re.MULTILINE)


def _in_home(root: Root, values: Values) -> t.Optional[str]:
    """The Java in the directory that a variable names."""
    home = _absolute(shell_settings.expanded("${JAVA_HOME}", values))
    for below in ("bin/java", "jre/bin/java") if home else ():
        path = os.path.join(str(home), below)
        if os.path.isfile(root.reach(path)):
            return path
    return None


def _absolute(path: t.Optional[str]) -> t.Optional[str]:
    return path if path and os.path.isabs(path) else None


def _told(root: Root, home: str) -> t.Optional[str]:
    found = VERSION.search(units.text(root, home + "/release"))
    return found.group(1) if found else None


def _said(program: str) -> t.Optional[str]:
    """The version that a program says it is of."""
    try:
        ran = commands.run([program, "-version"], SECONDS)
    except Failure:
        return None
    found = SAID.search(ran.errors + ran.output)
    return found.group(1) if found else None
