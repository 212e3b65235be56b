# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jars that take the place of others, whose names and directories differ, so that there is always one driver and never two.

No call to the system removes one name and makes another with another content. So a jar that goes first gets the new content, under its old name, and then
the new name: two renames, each of which happens in one moment. Whenever a run is stopped, there are as many jars as before or as afterwards, or a number in
between. What is new comes last, and what goes without a successor goes first.

The one exception are directories of one class path on several file systems, between which nothing can be renamed: there the new jar has both names for a
moment, with one content. The other way round there would be none.

What something else puts in the place of a jar after it was looked at is not lost: what was replaced is looked at before it is removed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import typing as t

from ..kvm.plugin import sha256
from ..machine import files
from ..machine.files import New


def switch(news: t.Sequence[New], gone: t.Sequence[str], there: t.Mapping[str, t.Optional[str]]) -> None:
    """Have the new files in place, and the others gone. ``there`` are the checksums of what is there now, by path; ``None``: nothing is.

    Raises :class:`.errors.NotAccessible`; nothing has changed if a new file could not be written. Raises :class:`Outdated` if something else is there by now.
    """
    for path, checksum in there.items():
        files.expect(path, checksum)
    with contextlib.ExitStack() as stack:
        ready = []
        for new in news:
            with files.told("written", new.path):
                ready.append((stack.enter_context(files.prepared(new)), new))
        fresh = [(scratch, new) for scratch, new in ready if there[new.path] is None]
        pairs, spare = _paired(fresh, gone)
        for path in spare:
            with files.told("removed", path):
                files.take_away(path, str(there[path]))
        for scratch, new in ready:
            checksum = there[new.path]
            if checksum is not None:
                with files.told("replaced", new.path):
                    files.replace(scratch, new.path, checksum)
        for scratch, new, vessel in pairs:
            _become(scratch, new, vessel, str(there[vessel]))
        for scratch, new in fresh[len(pairs) :]:
            with files.told("written", new.path):
                files.put(scratch, new.path)
        files.settle([*gone, *(new.path for new in news)])


Fresh = t.Tuple[str, New]


def _paired(fresh: t.List[Fresh], gone: t.Sequence[str]) -> t.Tuple[t.List[t.Tuple[str, New, str]], t.List[str]]:
    """Which file that goes becomes which new one, if possible in the same directory; and those that only go."""
    spare = list(gone)
    pairs = []
    for scratch, new in fresh[: len(gone)]:
        vessel = next((path for path in spare if os.path.dirname(path) == os.path.dirname(new.path)), spare[0])
        spare.remove(vessel)
        pairs.append((scratch, new, vessel))
    return pairs, spare


def _become(scratch: str, new: New, vessel: str, checksum: str) -> None:
    """Have what is called ``vessel`` get the new content, and then the new name."""
    with files.told("replaced", vessel):
        try:
            files.replace(scratch, vessel, checksum)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _cross(scratch, new, vessel, checksum)
            return
        files.settle([vessel])
    with files.told("renamed", vessel):
        files.put(vessel, new.path)


def _cross(scratch: str, new: New, vessel: str, checksum: str) -> None:
    """The same from one file system to another. Raises :class:`OSError`, too."""
    with files.prepared(new._replace(path=vessel)) as here:
        files.replace(here, vessel, checksum)
        files.settle([vessel])
        files.put(scratch, new.path)
        files.settle([new.path])
        files.take_away(vessel, sha256(new.content))
