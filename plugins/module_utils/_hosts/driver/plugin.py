# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A jar of a plugin: whether it is one, whether it is sound, of which version it is, and which Java it needs."""

from __future__ import annotations

import re
import typing as t

from ..._common.errors import Failure, InvalidOption
from .. import layout
from ..errors import NotRecognised, Unusable
from ..formats import jar, manifest
from ..kvm import plugin as kvm_plugin
from ..kvm.plugin import sha256

#: The driver's classes are called Storpool... in the vendor's own releases (up to CloudStack 4.16) and StorPool... in CloudStack's.
PARTS = {
    layout.AGENT: re.compile(rb"com/cloud/hypervisor/kvm/storage/Stor[pP]oolStorageAdaptor\.class"),
    layout.MANAGEMENT: re.compile(
        rb"org/apache/cloudstack/storage/datastore/provider/Stor[pP]oolPrimaryDataStoreProvider\.class"
    ),
}
#: Where CloudStack's Spring looks for the driver; two jars with it on one class path are two modules of one name.
DESCRIPTOR = re.compile(rb"META-INF/cloudstack/storage-volume-storpool/.+")
#: Names of CloudStack's jars.
OTHERS = re.compile(r"(cloud-|cloudstack-).*", re.IGNORECASE)
#: Entries that only newer Java loads, or only its module system.
ASIDE = re.compile(rb"META-INF/versions/.*|(?:.*/)?module-info\.class")
MAGIC = b"\xca\xfe\xba\xbe"
FIRST_JAVA = 44  # version 45 of class files is that of Java 1
MOST_BYTES = kvm_plugin.MOST_BYTES


class Facts(t.NamedTuple):
    """What a jar is.

    ``broken`` says in words why it cannot be used, if so. ``ours`` is whether its content is that of the plugin; of one that is broken, nobody knows.
    ``version`` is that of its manifest or name, ``java`` the release of Java that it needs, as far as they are known. ``patched`` is only known of a KVM
    plugin: whether it answers false for a path that is not iSCSI.
    """

    ours: bool
    broken: t.Optional[str] = None
    version: t.Optional[str] = None
    java: t.Optional[int] = None
    patched: t.Optional[bool] = None


class Source(t.NamedTuple):
    """A jar that is to be installed: the name of its file, its checksum, what it is, and its content where that is at hand."""

    name: str
    sha256: str
    facts: Facts
    content: t.Optional[bytes]


def facts(plugin: str, name: str, content: bytes) -> Facts:
    """What a jar on the class path is. ``name`` is that of its file."""
    named = layout.named_version(plugin, name)
    try:
        parsed = jar.parse(content)
        starts = jar.beginnings(parsed, 8)
        version = manifest.version(parsed) or named
    except Unusable as failure:
        return Facts(True, failure.message, named)
    if plugin == layout.STORPOOL:
        return Facts(_has_driver(starts), None, version, _java(starts))
    ours = kvm_plugin.CLASS_FILE.encode() in starts
    return Facts(ours, None, version, _java(starts), _patched(content) if ours else None)


def _has_driver(starts: t.Iterable[bytes]) -> bool:
    patterns = (DESCRIPTOR, *PARTS.values())
    return any(pattern.fullmatch(name) for name in starts for pattern in patterns)


def _patched(content: bytes) -> t.Optional[bool]:
    try:
        return kvm_plugin.read(layout.ARTIFACT[layout.KVM] + ".jar", content).patched
    except Failure:
        return None


def _java(starts: t.Mapping[bytes, bytes]) -> t.Optional[int]:
    """The release of Java that the newest class is for (Java Virtual Machine Specification, 4.1)."""
    found = [
        int.from_bytes(start[6:8], "big")
        for name, start in starts.items()
        if name.endswith(b".class") and start.startswith(MAGIC) and len(start) == 8 and not ASIDE.fullmatch(name)
    ]
    return max(found) - FIRST_JAVA if found else None


def source(plugin: str, component: str, path: str, content: bytes) -> Source:
    """A jar that is to be installed. ``path`` is shown in messages; its last part is the name.

    Raises :class:`InvalidOption` if it is something else than the plugin, :class:`.errors.Unusable` if it is damaged, and :class:`.errors.NotRecognised`
    if it is a KVM plugin whose answer nobody knows.
    """
    name = path.rpartition("/")[2]
    title = layout.DRIVER[plugin]
    if OTHERS.fullmatch(name) and not has_name(plugin, name):
        raise InvalidOption(f"src: by its name, {path} is not {title}. Give a jar such as {example(plugin)}.")
    found = _kvm_facts(path, content) if plugin == layout.KVM else facts(plugin, name, content)
    if found.broken:
        raise Unusable(f"src: {path} cannot be used, {found.broken}. Build or download it again.")
    if plugin == layout.STORPOOL:
        _check_driver(component, path, content)
    named = layout.named_version(plugin, name)
    if named and found.version and layout.release(named) != layout.release(found.version):
        raise InvalidOption(
            f"src: by its name, {path} is of CloudStack {named}, and by its manifest (Implementation-Version) of {found.version}. Give a jar that knows what "
            "it is."
        )
    return Source(name, sha256(content), found, content)


def has_name(plugin: str, name: str) -> bool:
    """Whether a file has the name that CloudStack's build gives to a plugin's jar, whatever comes after it."""
    return name.startswith(layout.ARTIFACT[plugin])


def example(plugin: str) -> str:
    """A name of such a jar."""
    return layout.ARTIFACT[plugin] + "-VERSION.jar"


def _check_driver(component: str, path: str, content: bytes) -> None:
    parsed = jar.parse(content)
    if not any(PARTS[component].fullmatch(entry.name) for entry in parsed.entries):
        raise InvalidOption(
            f"src: {path} is not the StorPool driver: it has no class {_readable(component)}. Give the jar that is built from plugins/storage/volume/storpool, "
            f"{example(layout.STORPOOL)}."
        )


def _readable(component: str) -> str:
    return "StorPoolStorageAdaptor" if component == layout.AGENT else "StorPoolPrimaryDataStoreProvider"


def _kvm_facts(path: str, content: bytes) -> Facts:
    name = path.rpartition("/")[2]
    known = kvm_plugin.NAME.fullmatch(name)
    try:
        found = kvm_plugin.read(name if known else layout.ARTIFACT[layout.KVM] + ".jar", content)
    except (InvalidOption, Unusable, NotRecognised) as failure:
        failure.message = f"src: {path} cannot be used: {failure.message}."
        raise
    if not found.patched:
        raise InvalidOption(
            f"src: {path} is not patched: it answers true for a path that is not iSCSI, as the installed one does. Build it with the patch, or have "
            "storpool.cloudstack.cloudstack_kvm_patch patch the installed one."
        )
    return facts(layout.KVM, name, content)
