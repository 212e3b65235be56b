# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was taken off a class path, and the record of the last change.

A jar is kept below its own path and under its own checksum, with an ending that no class path loads. The record is written before the first file of a
change is touched, and says what was on the class path then; so a run that is killed leaves the way back, and the next one can finish what it began.
"""

from __future__ import annotations

import json
import os
import re
import typing as t

from ..._common.errors import NotFound
from .. import layout
from ..errors import Unusable
from ..kvm.plugin import sha256
from ..machine import files
from ..machine.files import File
from ..machine.paths import Root

ENDING = ".kept"
NAME = re.compile(r"(?P<name>.+)\.(?P<sha256>[0-9a-f]{64})" + re.escape(ENDING))
FORMAT = 1
MOST_RECORD = 2**20
MOST_BYTES = 2**28
#: Where a change stands: the new jars are being put in place, or are in place; those from before are being put back, or are back.
CHANGING, CHANGED, RESTORING, RESTORED = "changing", "changed", "restoring", "restored"
UNFINISHED = (CHANGING, RESTORING)

Jars = t.Mapping[str, str]


class Kept(t.NamedTuple):
    """A jar that was taken off the class path: where it is now, where it was, its checksum by its name, and the system's data about it."""

    path: str
    original: str
    sha256: str
    status: os.stat_result


class Record(t.NamedTuple):
    """The last change of a plugin's jars. ``before`` and ``after`` are checksums by path; ``cloudstack`` is the version that it was made for."""

    state: str
    cloudstack: t.Optional[str]
    before: Jars
    after: Jars

    @property
    def is_unfinished(self) -> bool:
        """Whether a run was stopped in the middle of it."""
        return self.state in UNFINISHED

    def covers(self, jars: Jars) -> bool:
        """Whether these jars are all of the change, so that nothing else has changed the class path meanwhile.

        In between, what is new has the name of what was there before.
        """
        paths, checksums = {*self.before, *self.after}, {*self.before.values(), *self.after.values()}
        return all(path in paths and checksum in checksums for path, checksum in jars.items())


def record_path(keep_dir: str, component: str, plugin: str) -> str:
    """Where the record is."""
    return f"{keep_dir}/{component}-{plugin}.json"


def kept_path(keep_dir: str, path: str, checksum: str) -> str:
    """Where a jar of a path is kept."""
    return f"{keep_dir}{path}.{checksum}{ENDING}"


def read_record(root: Root, path: str) -> t.Optional[Record]:
    """The record, or ``None`` if there is none. Raises :class:`.errors.Unusable` if it cannot be understood."""
    try:
        content = files.read(root.reach(path), MOST_RECORD).content
    except NotFound:
        return None
    try:
        told = json.loads(content.decode("utf-8"))
        if told["format"] != FORMAT or told["state"] not in (CHANGING, CHANGED, RESTORING, RESTORED):
            raise ValueError
        return Record(told["state"], told["cloudstack"], _jars(told["before"]), _jars(told["after"]))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Unusable(
            f"{path} is not a record as this module writes it. Move it away, and the next change begins a new one; the jars that are kept stay."
        ) from None


def _jars(told: t.Any) -> t.Dict[str, str]:
    return {str(path): str(checksum) for path, checksum in told.items()}


def written(record: Record) -> bytes:
    """The record as it is written."""
    told = dict(record._asdict(), format=FORMAT)
    return (json.dumps(told, indent=2, sort_keys=True) + "\n").encode()


def find(root: Root, keep_dir: str, directories: t.Iterable[str], plugin: str) -> t.Tuple[Kept, ...]:
    """The jars of a plugin that are kept of some directories. Raises :class:`.errors.NotAccessible`."""
    kept = []
    for directory in directories:
        place = keep_dir + directory
        for entry in files.listing(root.reach(place)):
            named = NAME.fullmatch(entry)
            if named and layout.has_word(plugin, named.group("name")):
                path = f"{place}/{entry}"
                status = os.lstat(root.reach(path, follow=False))
                kept.append(Kept(path, f"{directory}/{named.group('name')}", named.group("sha256"), status))
    return tuple(kept)


def read(root: Root, keep_dir: str, path: str, checksum: str) -> File:
    """A kept jar. Raises :class:`NotFound` if it is not there, or is not what was kept."""
    place = kept_path(keep_dir, path, checksum)
    try:
        file = files.read(root.reach(place), MOST_BYTES)
    except NotFound:
        raise NotFound(
            f"What {path} was before is not kept any more: there is no {place}. Give the jar as src."
        ) from None
    if sha256(file.content) != checksum:
        raise NotFound(f"What {path} was before is not kept any more: {place} has changed since. Give the jar as src.")
    return file


def shown(kept: t.Iterable[Kept]) -> t.List[t.Dict[str, str]]:
    """Kept jars as modules return them, in the order of their paths."""
    told = [{"path": jar.path, "original": jar.original, "sha256": jar.sha256} for jar in kept]
    return sorted(told, key=lambda jar: jar["path"])
