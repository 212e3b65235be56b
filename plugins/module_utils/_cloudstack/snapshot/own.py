# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a revert with a safety snapshot writes down, so that a run that was ended on the way is known to the next one. Pure.

Before the safety snapshot is taken, the snapshot to revert to gets a tag with its name; after the revert, the safety snapshot gets one with what was
reverted to. A safety snapshot that is there without either is somebody's.
"""

from __future__ import annotations

import typing as t

from ..._common.plan import Step
from ..cloud import results, tags
from ..cloud.reader import Raw

#: Of the snapshot to revert to, as long as that goes on: the name of the safety snapshot.
_BEGUN = "storpool_cloudstack_reverting"
#: Of a safety snapshot: the id of the snapshot that was reverted to after it was taken.
_DONE = "storpool_cloudstack_reverted_to"


def has_begun(target: Raw, safety: str) -> bool:
    """Whether a revert to a snapshot, with a safety snapshot of this name, began and did not come to its end."""
    return results.tags_of(target).get(_BEGUN) == safety


def is_done(safety: Raw, target: Raw) -> bool:
    """Whether the volume was reverted to a snapshot after this safety snapshot was taken."""
    return results.tags_of(safety).get(_DONE) == str(target["id"])


def begun(target: Raw, safety: str) -> Raw:
    """The snapshot to revert to as it is meanwhile."""
    return tags.changes(target, {_BEGUN: safety}, purge=False)[0]


def done(safety: Raw, target: Raw) -> Raw:
    """The safety snapshot as it is afterwards."""
    return dict(safety, tags=[*(safety.get("tags") or ()), {"key": _DONE, "value": target.get("id")}])


def begin(target: Raw, who: str, safety: str, seconds: int) -> t.List[Step]:
    """The calls that write down that a revert begins."""
    return [tags.step(change, who, seconds) for change in tags.changes(target, {_BEGUN: safety}, purge=False)[1]]


def ended(target: Raw) -> Raw:
    """The snapshot that was reverted to as it is afterwards."""
    return dict(target, tags=[tag for tag in target.get("tags") or () if tag["key"] != _BEGUN])


def end(target: Raw, who: str, safety: Raw, safe: str, seconds: int) -> t.List[Step]:
    """The calls that write down that it has come to its end."""
    made = [] if is_done(safety, target) else tags.changes(safety, {_DONE: str(target["id"])}, purge=False)[1]
    kept = tags.changes(target, results.tags_of(ended(target)), purge=True)[1]
    return [tags.step(change, safe, seconds) for change in made] + [tags.step(change, who, seconds) for change in kept]
