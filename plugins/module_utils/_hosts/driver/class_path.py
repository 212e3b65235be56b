# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The jars of a plugin that are on a component's class path, or look as if they were."""

from __future__ import annotations

import os
import stat
import typing as t

from ..._common.errors import Failure
from .. import layout
from ..errors import NotAccessible
from ..kvm.plugin import sha256
from ..machine import files
from ..machine.files import Owner
from ..machine.paths import Root
from ..machine.service import JarFile
from . import plugin
from .plugin import Facts

#: Whose a jar should be (the packages install theirs so).
UID, GID, MODE = 0, 0, 0o644


class Found(t.NamedTuple):
    """A jar of a plugin. ``path`` is the host's own, ``disk`` how this machine reaches it, ``link`` where it leads to if it is a symbolic link."""

    path: str
    disk: str
    link: t.Optional[str]
    content: bytes
    sha256: str
    status: os.stat_result
    facts: Facts

    @property
    def name(self) -> str:
        """The name of the file."""
        return os.path.basename(self.path)

    @property
    def owner(self) -> Owner:
        """Whose it is."""
        return Owner(self.status.st_uid, self.status.st_gid, stat.S_IMODE(self.status.st_mode))


def rightful_owner(root: Root) -> Owner:
    """Whose a jar should be: root's; in an image that another user makes, that user's."""
    if root.is_here or os.geteuid() == 0:
        return Owner(UID, GID, MODE)
    return Owner(os.geteuid(), os.getegid(), MODE)


def find(root: Root, directories: t.Iterable[str], kind: str) -> t.Tuple[Found, ...]:
    """The jars of a plugin in some directories: those that are called like it, and others with a word of its name that have it inside, or are damaged.

    Raises :class:`.errors.NotAccessible` if a directory or jar that is there cannot be read.
    """
    jars = [_read(root, path, kind) for path in names(root, directories, kind)]
    return tuple([jar for jar in jars if jar and (jar.facts.ours or plugin.has_name(kind, jar.name))])


def names(
    root: Root,
    directories: t.Iterable[str],
    kind: str,
    is_meant: t.Callable[[str], bool] = layout.is_loaded,
) -> t.List[str]:
    """Paths that could be a plugin's jars, by name. A directory that is another one by a symbolic link is looked at once."""
    paths, seen = [], set()
    for directory in directories:
        real = root.resolve(directory)
        if real in seen:
            continue
        seen.add(real)
        for name in files.listing(root.here(real)):
            if is_meant(name) and layout.has_word(kind, name):
                paths.append(f"{directory}/{name}")
    return paths


def _read(root: Root, path: str, kind: str) -> t.Optional[Found]:
    disk = root.reach(path, follow=False)
    status = os.lstat(disk)
    link = os.readlink(disk) if stat.S_ISLNK(status.st_mode) else None
    if not (link or stat.S_ISREG(status.st_mode)):
        return None
    content, facts = b"", None
    try:
        content = files.read(root.reach(path), plugin.MOST_BYTES).content
    except NotAccessible:
        raise
    except Failure as failure:  # a link that leads nowhere; a file that is larger than any jar
        facts = Facts(True, root.inner(failure.message).rstrip("."), layout.named_version(kind, os.path.basename(path)))
    facts = facts or plugin.facts(kind, os.path.basename(path), content)
    return Found(path, disk, link, content, sha256(content), status, facts)


class LeftOver(t.NamedTuple):
    """A hidden file that a run which was stopped has left: its path, that of the jar which it was to become or has been, and what is in it.

    ``is_jar`` is whether it is whole, so that it may be a jar that was on the class path.
    """

    path: str
    jar: str
    content: bytes
    sha256: str
    status: os.stat_result
    is_jar: bool


def left_over(root: Root, directories: t.Iterable[str], kind: str) -> t.Tuple[LeftOver, ...]:
    """What is left of jars of a plugin, apart from what a task is writing at this moment. Raises :class:`.errors.NotAccessible`."""
    found = []
    for path in names(root, directories, kind, files.hidden_name):
        file, jar = files.left_over(root.reach(path, follow=False)), files.named_by(path)
        if file:
            broken = plugin.facts(kind, os.path.basename(jar), file.content).broken
            found.append(LeftOver(path, jar, file.content, sha256(file.content), file.status, not broken))
    return tuple(found)


def in_the_way(root: Root, directories: t.Iterable[str], kind: str) -> t.List[str]:
    """Paths of what is no file, and has a name that a jar of a plugin could need."""
    paths = [path for named in (layout.is_loaded, files.hidden_name) for path in names(root, directories, kind, named)]
    modes = [(path, os.lstat(root.reach(path, follow=False)).st_mode) for path in paths]
    return [path for path, mode in modes if not (stat.S_ISREG(mode) or stat.S_ISLNK(mode))]


def stamps(root: Root, directories: t.Iterable[str]) -> t.Tuple[JarFile, ...]:
    """When the plugins' jars that are there were changed last, without reading them."""
    directories = tuple(directories)
    found = []
    for kind in layout.PLUGINS:
        for path in names(root, directories, kind):
            try:
                status = os.stat(root.reach(path))
            except OSError:  # a link that leads nowhere
                continue
            found.append(JarFile(path, (status.st_dev, status.st_ino), status.st_ctime, status.st_mtime))
    return tuple(found)
