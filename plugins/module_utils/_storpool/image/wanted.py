# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task says of the volume or snapshot with the image, and the tags by which such objects are known. Pure functions.

A finished one says what it is made of. One that is being worked on has a name of its own and says whose it is, so that it is never taken for whole, and
whoever made it finds it again.
"""

from __future__ import annotations

import hashlib
import typing as t

from ..._common import answers
from ..._common.errors import InvalidOption
from ..._common.time_left import checked
from ..cluster import names
from ..cluster.reader import Raw
from ..objects import guard
from ..objects import identity as objects

KINDS = ("snapshot", "volume")
SPEC: t.Dict[str, t.Any] = {
    "state": {"type": "str", "choices": ["present", "exported"], "default": "present"},
    "name": {"type": "str", "required": True},
    "kind": {"type": "str", "choices": list(KINDS), "default": "snapshot"},
    "template": {"type": "str"},
    "size": {"type": "str"},
    "tags": {"type": "dict"},
    "wait_timeout": {"type": "int", "default": 60},
    **guard.OPTION,
}

#: Tags. A finished object has the first four, one that is worked on the first and the last two.
STATE, SHA256, SIZE, FORMAT, BY, RUN = "img-state", "img-sha256", "img-size", "img-format", "img-by", "img-run"
COMPLETE, UNFINISHED = "complete", "unfinished"
OWN = frozenset([STATE, SHA256, SIZE, FORMAT, BY, RUN])
#: What the name of a work object begins with of the name that it is for. StorPool limits names to 199 characters.
_LONGEST = 150


class Want(t.NamedTuple):
    """The desired object, or the one that is to be exported. ``size`` is in bytes; ``what`` is "snapshot" or "volume"."""

    state: str
    name: str
    what: str
    template: t.Optional[str]
    size: t.Optional[int]
    tags: t.Dict[str, str]
    wait_seconds: int
    allow_foreign: bool

    def __str__(self) -> str:
        return f"{self.what} {self.name if self.name.startswith('~') else repr(self.name)}"


def want(params: t.Mapping[str, t.Any]) -> Want:
    """What the options say. Raises :class:`InvalidOption`."""
    exported = params["state"] == "exported"
    if exported:
        name = names.reference(params["name"], "name", params["kind"])
        for option in ("template", "size", "tags"):
            if params[option]:
                raise InvalidOption(f"{option}: this is for state present.")
    else:
        name = names.new_snapshot_name(params["name"], "name")
    tags = names.tags(params["tags"], "tags") or {}
    taken = sorted(OWN & set(tags))
    if taken:
        raise InvalidOption(f"tags: {taken[0]!r} is a tag that this module sets itself.")
    return Want(
        state=params["state"],
        name=name,
        what=params["kind"],
        template=objects.checked(params, "template", names.name, "template"),
        size=names.size(params["size"], "size"),
        tags=tags,
        wait_seconds=checked(params, "wait_timeout"),
        allow_foreign=params["allow_foreign"],
    )


def work_name(wanted: Want, more: str = "") -> str:
    """What the object is called that a task works on, the same for each task that makes the same; ``more`` is what else tells tasks apart."""
    digest = hashlib.sha256("\0".join((wanted.state, wanted.what, wanted.name, more)).encode()).hexdigest()[:8]
    return f"{wanted.name.lstrip('~')[:_LONGEST]}.{'making' if wanted.state == 'present' else 'export'}-{digest}"


def work_tags(client: int, run: str) -> t.Dict[str, str]:
    """The tags of an object that a run of this client works on."""
    return {STATE: UNFINISHED, BY: str(client), RUN: run}


class Made(t.NamedTuple):
    """Of what an object was made: SHA-256 and format of the image's file, and the size of the disk in it."""

    sha256: str
    format: str
    size: int


def made_tags(made: Made) -> t.Dict[str, str]:
    """The tags of a finished object."""
    return {STATE: COMPLETE, SHA256: made.sha256, SIZE: str(made.size), FORMAT: made.format}


def made_of(raw: Raw) -> t.Optional[Made]:
    """Of what an object was made; ``None`` if it does not say so, or is not finished."""
    tags = raw.get("tags") or {}
    size = tags.get(SIZE, "")
    if tags.get(STATE) != COMPLETE or not tags.get(SHA256) or answers.number(size):
        return None
    return Made(tags[SHA256], tags.get(FORMAT, ""), int(size))


def rounded(size: int) -> int:
    """The least size that StorPool takes for so many bytes."""
    return -(-size // names.SECTOR) * names.SECTOR
