# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where CloudStack has its jars, by version, and what they are called. Nothing here touches the host.

CloudStack's packaging: up to 4.10 the management server is an application of Tomcat's, and /usr/share/cloudstack-management/lib is Tomcat's own lib; from
4.11 on it is a program with that directory for its class path. An agent loads lib and plugins. From 4.17 on the packages bring the StorPool driver.
"""

from __future__ import annotations

import re
import typing as t

from .._common.errors import InvalidOption

Release = t.Tuple[int, int, int]

AGENT, MANAGEMENT = "agent", "management"
COMPONENTS = (AGENT, MANAGEMENT)
#: Name of the package, and of the service.
PACKAGE = {AGENT: "cloudstack-agent", MANAGEMENT: "cloudstack-management"}
TITLE = {AGENT: "the agent", MANAGEMENT: "the management server"}
HOME = {AGENT: "/usr/share/cloudstack-agent", MANAGEMENT: "/usr/share/cloudstack-management"}
LIB = {component: home + "/lib" for component, home in HOME.items()}
AGENT_PLUGINS = HOME[AGENT] + "/plugins"
WEBAPP_LIB = HOME[MANAGEMENT] + "/webapps/client/WEB-INF/lib"

OLDEST: Release = (4, 8, 0)
#: From here on: the management server is no application of Tomcat's; the KVM plugin needs no patch; the packages bring the driver.
JETTY, PATCHED, PACKAGED = (4, 11, 0), (4, 12, 0), (4, 17, 0)
#: The lowest Java by the release of CloudStack from which on it holds (CloudStack's pom.xml; 4.20's packages demand 17).
JAVA = (((4, 20, 0), 17), ((4, 14, 0), 11), ((4, 10, 0), 8), ((4, 8, 0), 7))

STORPOOL, KVM = "storpool", "kvm"
PLUGINS = (STORPOOL, KVM)
#: What CloudStack's build calls the plugins, and what the names of copies that people make have in them.
ARTIFACT = {STORPOOL: "cloud-plugin-storage-volume-storpool", KVM: "cloud-plugin-hypervisor-kvm"}
WORD = {STORPOOL: "storpool", KVM: "hypervisor-kvm"}
DRIVER = {STORPOOL: "the StorPool driver", KVM: "the KVM plugin"}

VERSION = re.compile(r"(?:\d+:)?(\d+)\.(\d+)(?:\.(\d+))?")
NUMBERS = re.compile(r"(?:\d+:)?(\d+(?:\.\d+)+)")
#: Words that people and builds add to the name of a jar that is not meant to be loaded.
ASIDE = re.compile(
    r"(?<![a-z])(old|orig|original|ba?k|backup|saved?|copy|prev|previous|disabled?|unpatched|stock|sources|tests|javadoc)(?![a-z])"
)


class Layout(t.NamedTuple):
    """The directories of a component: where the driver belongs, all that it loads jars from, and others that look as if it did.

    ``directory`` is ``None`` if the version is not known; ``packaged`` says whether the driver comes with the package.
    """

    component: str
    directory: t.Optional[str]
    class_path: t.Tuple[str, ...]
    beside: t.Tuple[str, ...]
    packaged: bool


def release(version: t.Optional[str]) -> t.Optional[Release]:
    """Major, minor and patch of a version, as jars and packages have it (``4.19.1.0``, ``4.19.1.0~jammy``, ``1:4.9.3.0-1``); ``None`` if it is none."""
    found = VERSION.match(version or "")
    return (int(found.group(1)), int(found.group(2)), int(found.group(3) or 0)) if found else None


def numbers(version: str) -> str:
    """The numbers alone of a package's version, which are the version of its jars."""
    found = NUMBERS.match(version)
    return found.group(1) if found else version


def short(found: Release) -> str:
    """A release in words: ``4.19.1``."""
    return ".".join(str(number) for number in found)


def layout(component: str, found: t.Optional[Release]) -> Layout:
    """The directories of a component of a release; all that it could be if the release is not known. Raises :class:`InvalidOption` if it is too old."""
    if found is not None and found < OLDEST:
        raise InvalidOption(
            f"CloudStack {short(found)} is not supported; the StorPool driver is for CloudStack {OLDEST[0]}.{OLDEST[1]} and later."
        )
    packaged = found is not None and found >= PACKAGED
    if component == AGENT:
        in_plugins = found is not None and JETTY <= found < PACKAGED
        directory = AGENT_PLUGINS if in_plugins else LIB[AGENT]
        return Layout(AGENT, directory if found else None, (LIB[AGENT], AGENT_PLUGINS), (), packaged)
    if found is None:
        return Layout(MANAGEMENT, None, (LIB[MANAGEMENT], WEBAPP_LIB), (), False)
    own, other = (LIB[MANAGEMENT], WEBAPP_LIB) if found >= JETTY else (WEBAPP_LIB, LIB[MANAGEMENT])
    return Layout(MANAGEMENT, own, (own,), (other,), packaged)


def is_loaded(name: str) -> bool:
    """Whether a file of this name in a directory of the class path is loaded (Java's wildcard: .jar and .JAR, hidden ones too)."""
    return name.endswith((".jar", ".JAR"))


def named_version(plugin: str, name: str) -> t.Optional[str]:
    """The version that the name of a plugin's jar holds, if it is a name as CloudStack's build gives it."""
    found = re.fullmatch(re.escape(ARTIFACT[plugin]) + r"-(\d+\.\d+.*)\.(?:jar|JAR)", name)
    return found.group(1) if found and not ASIDE.search(found.group(1).lower()) else None


def has_word(plugin: str, name: str) -> bool:
    """Whether a file's name is that of a jar of this plugin, or could be that of a copy of one."""
    return WORD[plugin] in name.lower()


def java_of(found: Release) -> int:
    """The lowest release of Java that a release of CloudStack runs with."""
    return next((java for since, java in JAVA if found >= since), JAVA[-1][1])


def choose(
    plugin: str, jars: t.Sequence[t.Tuple[str, t.Optional[str]]], directory: t.Optional[str], version: t.Optional[str]
) -> t.Optional[str]:
    """Which of some jars, paths and versions, is the one that a component of a version should have: the path, or ``None`` if there are none."""

    def merit(jar: t.Tuple[str, t.Optional[str]]) -> t.Tuple[bool, ...]:
        place, _slash, name = jar[0].rpartition("/")
        named = named_version(plugin, name)
        return release(jar[1]) == release(version), named is not None, place == directory, named == version

    return max(jars, key=merit)[0] if jars else None
