# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a revert may have done to StorPool's halves of volumes: some releases of StorPool give a volume the limits and tags of the snapshot."""

from __future__ import annotations

import typing as t

from ..._common.errors import Failure, NotConfigured
from ..._common.words import listing
from . import other_half
from .reader import Raw, Reader

#: What is compared of a volume on StorPool.
_COMPARED = ("template", "iops", "bw", "limit_type", "tags")


class Halves(t.NamedTuple):
    """Volumes on StorPool, by what StorPool calls them; ``unasked`` is why StorPool, which could be asked, did not say."""

    volumes: t.Mapping[str, Raw]
    unasked: t.Optional[str] = None


def read(reader: Reader, volumes: t.Iterable[Raw]) -> Halves:
    """StorPool's halves of volumes of CloudStack's; none if nobody has told where StorPool is."""
    references = [other_half.reference(volume.get("path")) for volume in volumes]
    try:
        return Halves(reader.volumes_on_storpool([each for each in references if each]))
    except NotConfigured:
        return Halves({})
    except Failure as failure:
        return Halves({}, failure.message.rstrip("."))


def cautions(volumes: t.Iterable[Raw], before: Halves, after: Halves) -> t.Tuple[str, ...]:
    """What has become different with a revert, in sentences."""
    told = []
    unasked = before.unasked or after.unasked
    if unasked:
        told.append(f"Whether the revert has changed limits and tags on StorPool is not known: {unasked}.")
    for volume in volumes:
        reference = str(other_half.reference(volume.get("path")))
        was, now = before.volumes.get(reference), after.volumes.get(reference)
        differing = [] if was is None or now is None else _differences(was, now)
        if differing:
            told.append(
                f"With the revert, StorPool's volume {reference} of volume {volume['name']!r} has become different: {listing(differing, most=20)}. CloudStack "
                "does not put that right: give it back what it had (storpool_volume with allow_foreign)."
            )
    return tuple(told)


def _differences(was: Raw, now: Raw) -> t.List[str]:
    told = []
    for key in _COMPARED:
        one, other = was.get(key), now.get(key)
        if key == "tags":
            one, other = one or {}, other or {}
            names = sorted({*one, *other})
            told += [
                f"tag {name} is {_words(other.get(name))} and was {_words(one.get(name))}"
                for name in names
                if one.get(name) != other.get(name)
            ]
        elif one != other:
            told.append(f"{key} is {_words(other)} and was {_words(one)}")
    return told


def _words(value: t.Any) -> str:
    return "not set" if value is None else repr(value) if isinstance(value, str) else str(value)
