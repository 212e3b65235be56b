# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to build in CloudStack's source: its version, the modules of the two plugins, and which Java they need."""

from __future__ import annotations

import os
import re
import typing as t
from xml.etree import ElementTree

from ..._common.errors import InvalidOption
from ..._common.words import listing
from ..errors import NotRecognised
from ..formats import java_source

GROUP = "org.apache.cloudstack"
#: Modules of CloudStack's source, and the names of what they make.
MODULES = {"kvm": "plugins/hypervisors/kvm", "storpool": "plugins/storage/volume/storpool"}
ARTIFACTS = {"kvm": "cloud-plugin-hypervisor-kvm", "storpool": "cloud-plugin-storage-volume-storpool"}
NAMES = {"kvm": "the KVM plugin", "storpool": "the StorPool plugin"}
ADAPTOR = "com/cloud/hypervisor/kvm/storage/IscsiAdmStorageAdaptor.java"
VERSION = re.compile(r"(\d+)\.(\d+)(\.\d+){1,2}(-[\w.-]+)?")
#: The first version that anything is known of, the first whose KVM plugin is right, the first that has the StorPool plugin in its own source.
FIRST, FIXED, IN_TREE = (4, 8), (4, 12), (4, 17)
#: From which version on: the level of Java that the source is compiled for, and the JDKs that build it (CloudStack's pom.xml and documentation).
JAVA = (((4, 20), 11, (11, 17)), ((4, 14), 11, (11,)), ((4, 10), 8, (8,)), ((4, 8), 7, (7, 8)))


class Project(t.NamedTuple):
    """A Maven project, as its pom.xml describes it. ``parent`` is the artifact and version of its parent; ``dependencies`` are artifacts of CloudStack."""

    group: str
    artifact: str
    version: str
    parent: t.Optional[t.Tuple[str, str]]
    modules: t.Tuple[str, ...]
    dependencies: t.Tuple[str, ...]
    level: t.Optional[int]


def read(directory: str) -> Project:
    """Read the pom.xml of a directory. Raises :class:`NotRecognised` if there is none, or it is damaged."""
    path = os.path.join(directory, "pom.xml")
    try:
        root = ElementTree.parse(path).getroot()
    except FileNotFoundError:
        raise NotRecognised("it has no pom.xml, so it is no source that Maven builds") from None
    except (OSError, ElementTree.ParseError) as error:
        raise NotRecognised(f"its pom.xml cannot be read: {error}") from None
    for element in root.iter():
        element.tag = str(element.tag).rpartition("}")[2]  # with or without a namespace
    parent = root.find("parent")
    above = (_text(parent, "artifactId"), _text(parent, "version")) if parent is not None else None
    return Project(
        _text(root, "groupId") or (_text(parent, "groupId") if parent is not None else ""),
        _text(root, "artifactId"),
        _text(root, "version") or (above[1] if above else ""),
        above,
        tuple(str(module.text).strip() for module in root.iter("module") if module.text),
        tuple(
            _text(dependency, "artifactId")
            for dependency in root.findall("dependencies/dependency")
            if _text(dependency, "groupId") in (GROUP, "${project.groupId}")
        ),
        _level(_text(root, "properties/cs.jdk.version")),
    )


def _text(element: t.Any, name: str) -> str:
    return (element.findtext(name) or "").strip()


def _level(text: str) -> t.Optional[int]:
    """``1.8`` and ``8`` are 8."""
    found = re.fullmatch(r"(?:1\.)?(\d+)", text)
    return int(found.group(1)) if found else None


def release(version: str) -> t.Tuple[int, int]:
    """The first two numbers of a version of CloudStack. Raises :class:`InvalidOption` if it is none that can be built here."""
    found = VERSION.fullmatch(version)
    if not found:
        raise InvalidOption(f"its version, {version or 'not given'}, is none of CloudStack")
    numbers = int(found.group(1)), int(found.group(2))
    if numbers < FIRST:
        raise InvalidOption(f"it is CloudStack {version}, and StorPool is for 4.8 and later")
    return numbers


def cloudstack(directory: str) -> Project:
    """The project of CloudStack's source. Raises :class:`NotRecognised` or :class:`InvalidOption`."""
    project = read(directory)
    if (project.group, project.artifact) != (GROUP, "cloudstack"):
        raise NotRecognised(f"its pom.xml is of {project.artifact or 'nothing'}, not of CloudStack's whole source")
    release(project.version)
    return project


def in_reactor(directory: str) -> bool:
    """Whether CloudStack's source builds the StorPool plugin as one of its modules."""
    plugins = os.path.join(directory, "plugins")
    has_pom = os.path.exists(os.path.join(plugins, "pom.xml"))
    wanted = os.path.relpath(MODULES["storpool"], "plugins")
    return has_pom and wanted in (os.path.normpath(module) for module in read(plugins).modules)


def default_plugins(version: str) -> t.Tuple[str, ...]:
    """What has to be built for a version: the KVM plugin only where it has to be patched."""
    return ("storpool", "kvm") if release(version) < FIXED else ("storpool",)


def level_of(project: Project) -> int:
    """The level of Java that CloudStack's source is compiled for, 8 and the like."""
    return project.level or next(level for since, level, _jdks in JAVA if release(project.version) >= since)


def check_jdk(project: Project, jdk: int, any_java: bool) -> None:
    """Raise :class:`InvalidOption` if a JDK (8, 17 and the like) does not build a version of CloudStack.

    ``any_java`` leaves it at what the compiler can do: javac 9 to 11 make classes for Java 6 and later, 12 to 19 for 7 and later, 20 and later for 8.
    """
    level = level_of(project)
    oldest = 1 if jdk < 9 else 6 if jdk < 12 else 7 if jdk < 20 else 8
    known = next(jdks for since, _level, jdks in JAVA if release(project.version) >= since)
    builders = " or ".join(f"JDK {number}" for number in known)
    told = f"CloudStack {project.version} is compiled for Java {level}, and {builders} can build it"
    if not oldest <= level <= jdk:
        raise InvalidOption(f"{told}; JDK {jdk} makes no classes for Java {level}. Name another one with java_home.")
    if jdk not in known and not any_java:
        raise InvalidOption(
            f"{told}; this is JDK {jdk}. Name another one with java_home, or try this one all the same with any_java=true."
        )


def needs_git_properties(directory: str) -> bool:
    """Whether Java source below a directory reads ``git.properties``, as the StorPool plugin of its own repository does since 2019."""
    for above, _directories, names in os.walk(directory):
        for name in names:
            if name.endswith(".java") and "/test/" not in above:
                with open(os.path.join(above, name), encoding="utf-8", errors="replace") as file:
                    if '"git.properties"' in file.read():
                        return True
    return False


def patch_adaptor(directory: str) -> bool:
    """Have the iSCSI adaptor in a copy of CloudStack's source answer false for what is not its own; whether that was a change.

    Raises :class:`NotRecognised` if the source is not exactly what is known.
    """
    paths = [os.path.join(directory, MODULES["kvm"], *place, ADAPTOR) for place in (["src"], ["src", "main", "java"])]
    there = [path for path in paths if os.path.isfile(path)]
    if len(there) != 1:
        raise NotRecognised(
            f"{MODULES['kvm']} has {'no' if not there else 'more than one'} {os.path.basename(ADAPTOR)}"
        )
    with open(there[0], encoding="latin-1", newline="") as file:  # every byte is a letter, and stays what it is
        source = file.read()
    try:
        patched = java_source.answering_false(source)
    except NotRecognised as failure:
        failure.message = f"in {os.path.relpath(there[0], directory)}, {failure.message}"
        raise
    if patched != source:
        with open(there[0], "w", encoding="latin-1", newline="") as file:
            file.write(patched)
    return patched != source


def adapt_parent(directory: str, version: str) -> None:
    """Name another version of the parent in a copy of the StorPool plugin's pom.xml. Raises :class:`NotRecognised`."""
    path = os.path.join(directory, "pom.xml")
    with open(path, encoding="utf-8", newline="") as file:
        text = file.read()
    parents = re.findall(r"<parent>.*?</parent>", text, re.DOTALL)
    changed, count = re.subn(
        r"(<version>\s*)[^<\s]+(\s*</version>)", rf"\g<1>{version}\g<2>", parents[0] if parents else ""
    )
    if len(parents) != 1 or count != 1:
        raise NotRecognised("its pom.xml does not name one version of one parent")
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text.replace(parents[0], changed))


def storpool_plugin(directory: str) -> Project:
    """The project of the StorPool plugin. Raises :class:`NotRecognised`."""
    project = read(directory)
    if project.artifact != ARTIFACTS["storpool"] or not project.parent:
        raise NotRecognised(f"its pom.xml is of {project.artifact or 'nothing'}, not of {ARTIFACTS['storpool']}")
    return project


def what(plugins: t.Iterable[str], version: str) -> str:
    """``the StorPool plugin and the KVM plugin of CloudStack 4.11.3.0``"""
    return f"{listing(NAMES[name] for name in plugins)} of CloudStack {version}"
