# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A jar of CloudStack's KVM plugin: which version it is, whether it is signed, and what its iSCSI adaptor answers."""

from __future__ import annotations

import hashlib
import os
import re
import typing as t

from ..._common.errors import InvalidOption
from ..errors import NotRecognised, Unusable
from ..formats import jar, manifest
from ..formats.jar import Jar
from . import iscsi_answer
from .iscsi_answer import Answer

#: CloudStack's build names the plugin so.
NAME = re.compile(r"cloud-plugin-hypervisor-kvm(?:-(?P<version>\d+\.\d+.*))?\.jar")
CLASS_FILE = iscsi_answer.CLASS + ".class"
SIGNATURE = re.compile(rb"META-INF/[^/]+\.(SF|RSA|DSA|EC)", re.IGNORECASE)
OTHER_RELEASE = re.compile(rb"META-INF/versions/\d+/(.*)")  # classes for newer releases of Java, in a jar for several
#: A jar of the plugin has about 1 MB, its classes at most 300 kB.
MOST_BYTES = 2**28
MOST_ENTRY_BYTES = 2**24
#: The first release that is known to have the method, and the first that answers as it should (CloudStack pull request 2997).
FIRST, FIXED = (4, 8), (4, 12)


class Plugin(t.NamedTuple):
    """A jar of the KVM plugin that was read and found sound."""

    jar: Jar
    version: str
    class_file: bytes
    answer: Answer
    signed: bool

    @property
    def patched(self) -> bool:
        """Whether it answers false for a path that is not iSCSI."""
        return not self.answer.value


def sha256(content: bytes) -> str:
    """The checksum, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def read(name: str, content: bytes) -> Plugin:
    """Read a jar of the KVM plugin. ``name`` is the name of its file.

    Raises :class:`InvalidOption` if the name, or the version, is not of a plugin that has to be patched; :class:`.errors.Unusable` if it is no sound jar;
    and :class:`.errors.NotRecognised` if it is not what is known.
    """
    named = NAME.fullmatch(name)
    if not named:
        raise InvalidOption(
            "its name is not that of a jar of CloudStack's KVM plugin, such as cloud-plugin-hypervisor-kvm-4.11.3.0.jar"
        )
    parsed = jar.parse(content)
    jar.check(parsed)
    version = _version(named.group("version"), manifest.version(parsed))
    entry = parsed.find(CLASS_FILE)
    others = [found.group(1).decode(errors="replace") for found in map(_other_release, parsed.entries) if found]
    if entry is None or CLASS_FILE in others:
        raise NotRecognised(
            f"it has {'several variants of' if entry else 'no'} class {iscsi_answer.CLASS}; so it is no KVM plugin as CloudStack builds it"
        )
    class_file = jar.read(parsed, entry, MOST_ENTRY_BYTES)
    try:
        answer = iscsi_answer.find(class_file)
    except (Unusable, NotRecognised) as failure:
        failure.message = f"in {os.path.basename(CLASS_FILE)}, {failure.message}"
        raise
    signed = any(SIGNATURE.fullmatch(entry.name) for entry in parsed.entries)
    return Plugin(parsed, version, class_file, answer, signed)


def _other_release(entry: jar.Entry) -> t.Optional[t.Match[bytes]]:
    return OTHER_RELEASE.fullmatch(entry.name)


def answering(plugin: Plugin, value: bool) -> bytes:
    """The bytes of the jar with this answer for a path that is not iSCSI. Raises :class:`.errors.Unusable` as :func:`.jar.replace` does."""
    return jar.replace(plugin.jar, CLASS_FILE, iscsi_answer.answering(plugin.class_file, value))


def same_but_answer(one: Plugin, other: Plugin) -> bool:
    """Whether two jars differ in nothing but that answer, and how the class that gives it is packed."""
    return answering(one, False) == answering(other, False)


def _version(named: t.Optional[str], stated: t.Optional[str]) -> str:
    """The version of CloudStack, of the name and the manifest, which have to agree."""
    if named and stated and _release(named) != _release(stated):
        raise InvalidOption(
            f"by its name it is of CloudStack {named}, and by its manifest (Implementation-Version) of {stated}"
        )
    version = stated or named
    if not version:
        raise InvalidOption(
            "neither its name nor its manifest (Implementation-Version) says which version of CloudStack it is of"
        )
    if _release(version) >= FIXED:
        raise InvalidOption(
            f"it is of CloudStack {version}, which is right as it is; the patch is for 4.8 to 4.11, never for 4.12 or later"
        )
    if _release(version) < FIRST:
        raise InvalidOption(f"it is of CloudStack {version}, and the patch is for 4.8 to 4.11")
    return version


def _release(version: str) -> t.Tuple[int, int]:
    major, minor = version.split(".")[:2]
    digits = re.match(r"\d+", minor)
    return int(major), int(digits.group()) if digits else 0
