# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks of a run in check mode foresee, written down for the later tasks of the same run.

A task that runs in Ansible's own process is told a directory by its action. It is the run's own: other runs do not know it, and it is gone when the run is.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import typing as t
import uuid

from ansible.module_utils.parsing.convert_bool import boolean

#: Where the notes of this run are; ``None`` for a task that is to know nothing of what others foresee.
directory: t.Optional[str] = None
#: The environment variable by which the action of a module that can foresee tells it whether to, on other hosts too.
SWITCH = "STORPOOL_CLOUDSTACK_FORESEE"

#: What is added to a refusal for want of something, if the task is in check mode.
HINT = (
    "What earlier tasks would make is known in check mode only if the whole run is in check mode, and those tasks and this one run in Ansible's own process "
    "(-vvv says whether they do)."
)

_MADE_UP = re.compile(r"\?[0-9a-f]{32}")
_UNKNOWN = "(not known before it is there)"


def told() -> t.Optional[bool]:
    """Whether the task is to foresee: ``False`` for one that only looks at what there is, ``None`` for a module that never does."""
    switch = os.environ.get(SWITCH)
    return None if switch is None else bool(boolean(switch, strict=False))


def made_up() -> str:
    """An id for what does not exist yet, which only the API can give one. No id of the APIs has a ``?``."""
    return "?" + uuid.uuid4().hex


def is_made_up(text: t.Any) -> bool:
    """Whether a text is an id that was made up, or has one in it."""
    return isinstance(text, str) and "?" in text and bool(_MADE_UP.search(text))


def known(thing: t.Any) -> t.Any:
    """What a module returns, without ids that were made up: ``None`` in their place, and words where they are in sentences."""
    if isinstance(thing, dict):
        return {key: known(value) for key, value in thing.items()}
    if isinstance(thing, (list, tuple)):
        return [known(value) for value in thing]
    if not is_made_up(thing):
        return thing
    return _MADE_UP.sub(_UNKNOWN, thing) if " " in thing else None


class Notes:
    """The notes about one API, in the order in which they were made. Several tasks may read and add at the same time.

    ``api`` is what tells it from others, such as its address. Without a :data:`directory` there are none, and none are kept.
    """

    def __init__(self, api: str) -> None:
        name = hashlib.sha256(api.encode("utf-8")).hexdigest()
        self._path = os.path.join(directory, name) if directory else None

    @property
    def are_kept(self) -> bool:
        """Whether there is somebody to read them."""
        return self._path is not None

    def read(self) -> t.List[t.Any]:
        """All that was noted so far."""
        if self._path is None or not os.path.exists(self._path):
            return []
        with open(self._path, encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return [json.loads(line) for line in file]

    def add(self, notes: t.Iterable[t.Any]) -> None:
        """Add notes, which have to be JSON."""
        text = "".join(json.dumps(note) + "\n" for note in notes)
        if self._path is None or not text:
            return
        os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with open(descriptor, "w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.write(text)
            file.flush()


class Predicting:
    """A reader that can be told what would have changed: it answers as the one that it is given, but for that.

    What it was told it keeps in :class:`Notes`, and begins with those that are there. ``_take`` of a subclass is told each note, and is to keep what it says.
    """

    foresees = True

    def __init__(self, reader: t.Any, notes: t.Optional[Notes] = None) -> None:
        self._reader = reader
        self._notes = notes
        self._new: t.List[t.Any] = []
        for note in notes.read() if notes else ():
            self._take(*note)

    def __getattr__(self, name: str) -> t.Any:
        """What nobody foresees is as it is read."""
        return getattr(self._reader, name)

    def remember(self) -> None:
        """Note what it was told for the tasks to come."""
        if self._notes:
            self._notes.add(self._new)
        self._new = []

    def _tell(self, *note: t.Any) -> None:
        self._take(*note)
        self._new.append(note)

    def _take(self, what: str, *parts: t.Any) -> None:
        raise NotImplementedError
