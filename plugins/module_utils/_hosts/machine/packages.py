# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which version of CloudStack a host has: by its packages, or else by the names of its jars."""

from __future__ import annotations

import os
import re
import typing as t
import zipfile

from ..._common.errors import InvalidOption, NotFound
from ..._common.words import listing
from .. import layout
from ..formats import manifest
from . import files, programs
from .paths import Root

#: States of dpkg's in which the files of a package are there.
UNPACKED = ("installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending")
#: A machine with many packages has some MB of them in dpkg's list.
MOST_BYTES = 2**28
#: Jars that have the version of all of CloudStack, by component; the later ones are for want of the earlier.
CORE = {
    layout.AGENT: ("cloud-agent", "cloudstack-agent", "cloud-plugin-hypervisor-kvm"),
    layout.MANAGEMENT: ("cloudstack", "cloud-server", "cloud-client-ui"),
}


#: Names of CloudStack's own jars: what they are, and of which version.
OWN = re.compile(r"(cloud(?:stack)?(?:-.+?)?)-(\d+\.\d+.*)\.(?:jar|JAR)")


class Installed(t.NamedTuple):
    """What is known of a component. ``package_version`` is the package's own; ``version`` that of CloudStack. ``None`` is: not known, or not there."""

    package: t.Optional[str]
    package_version: t.Optional[str]
    version: t.Optional[str]

    @property
    def release(self) -> t.Optional[layout.Release]:
        """Major, minor and patch of the version."""
        return layout.release(self.version)


def installed(root: Root, component: str) -> Installed:
    """The package of a component and its version, or else the version that its jars have. Raises :class:`InvalidOption` if jars of several are there."""
    package = layout.PACKAGE[component]
    version = _by_dpkg(root, package) or _by_rpm(root, package)
    if version:
        return Installed(package, version, layout.numbers(version) if layout.release(version) else None)
    return Installed(None, None, _by_jars(root, component))


def _by_dpkg(root: Root, package: str) -> t.Optional[str]:
    if not root.is_here:
        return _by_list(root, package)
    if not os.path.isdir("/var/lib/dpkg"):
        return None
    told = programs.answer(["dpkg-query", "--show", "--showformat=${Status}:${Version}\\n", package])
    for line in (told or "").splitlines():
        status, _colon, version = line.partition(":")
        if status.rpartition(" ")[2] in UNPACKED and version:
            return version
    return None


def _by_list(root: Root, package: str) -> t.Optional[str]:
    """The version in dpkg's list (dpkg's manual, deb822) of another root: dpkg itself would follow a link there out of it, and need not be here."""
    try:
        content = files.read(root.reach("/var/lib/dpkg/status"), MOST_BYTES).content.decode("utf-8", "replace")
    except NotFound:
        return None
    for stanza in re.split(r"\n[ \t]*\n", content):
        fields = dict(re.findall(r"^(Package|Status|Version):[ \t]*(.*?)[ \t]*$", stanza, re.MULTILINE))
        if fields.get("Package") == package and fields.get("Status", "").rpartition(" ")[2] in UNPACKED:
            return fields.get("Version") or None
    return None


def _by_rpm(root: Root, package: str) -> t.Optional[str]:
    """rpm prints nothing and fails if it is not installed."""
    places = [path for path in ("/var/lib/rpm", "/usr/lib/sysimage/rpm") if os.path.isdir(root.reach(path))]
    if not places:
        return None
    where = [] if root.is_here else ["--root", root.prefix, "--dbpath", root.resolve(places[0])]
    told = programs.answer(["rpm", *where, "--query", "--queryformat", "%{VERSION}-%{RELEASE}\\n", package])
    return told.splitlines()[0] if told else None


def _by_jars(root: Root, component: str) -> t.Optional[str]:
    directories = layout.layout(component, None).class_path
    jars = [f"{place}/{name}" for place in directories for name in files.listing(root.reach(place))]
    for core in CORE[component]:
        found = {
            layout.release(version): version for version in (_version(root, path, core) for path in jars) if version
        }
        if len(found) > 1:
            raise InvalidOption(
                f"No package {layout.PACKAGE[component]} is installed, and {layout.HOME[component]} has jars of CloudStack "
                f"{listing(sorted(found.values()))}. Remove those that are left over, or install the package."
            )
        if found:
            return next(iter(found.values()))
    return None


def _version(root: Root, path: str, core: str) -> t.Optional[str]:
    found = re.fullmatch(re.escape(core) + r"(?:-(\d+\.\d+[^-]*(?:-SNAPSHOT)?))?\.jar", os.path.basename(path))
    return (found.group(1) or _manifest_version(root, path)) if found else None


def _manifest_version(root: Root, path: str) -> t.Optional[str]:
    """The version in the manifest of a jar that may have 100 MB, of which only the manifest is read."""
    try:
        with zipfile.ZipFile(root.reach(path)) as file, file.open(manifest.NAME) as entry:
            text = entry.read(manifest.MOST_BYTES).decode("utf-8", "replace")
    except (OSError, KeyError, zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return None
    return manifest.version_in(text)


def left_over(root: Root, directories: t.Iterable[str], found: Installed) -> t.List[t.Dict[str, str]]:
    """CloudStack's own jars of another version than the installed one, apart from those of the plugins, as modules return them.

    A package can have jars whose last number is another one than its own. So that alone says nothing, unless there are two of the same jar.
    """
    if found.release is None:
        return []
    there: t.Dict[str, t.List[t.Tuple[str, str]]] = {}
    for directory in directories:
        for name in files.listing(root.reach(directory)):
            named = OWN.fullmatch(name)
            is_plugin = any(layout.has_word(plugin, name) for plugin in layout.PLUGINS)
            if named and not is_plugin and os.path.isfile(root.reach(f"{directory}/{name}")):
                there.setdefault(named.group(1), []).append((f"{directory}/{name}", named.group(2)))
    old = []
    for jars in there.values():
        right = [jar for jar in jars if jar[1] == found.version] or [
            jar for jar in jars if layout.release(jar[1]) == found.release
        ]
        old += [jar for jar in jars if jar not in right[:1]]
    return [{"path": path, "version": version} for path, version in sorted(old)]
