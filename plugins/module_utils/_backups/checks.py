# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a restore that was aimed from going on: disks, safety snapshots, or a VM that are not as it needs them any more. Pure."""

from __future__ import annotations

import contextlib
import typing as t

from .._common.errors import Failure, NotAllowed
from .._common.words import listing
from . import marks, pairing
from .aim import Current, Goal, Want, name_of
from .backup import Row
from .marks import tag
from .pairing import Pair
from .refusals import Gone


def is_reverted(current: Current, pair: Pair) -> bool:
    """Whether the safety snapshot of a disk is no longer among its parents. Raises :class:`NotAllowed` if that is not known."""
    row = pair.target
    half = current.halves[str(row["id"])]
    return not marks.is_on(half, current.memory.safety[row["id"]], current.by_name, pairing.name_of(row))


def still_restored(current: Current, goal: Goal) -> None:
    """Raise if disks are what they were before that restore: a person, or a run beside it that turned back, has reverted them since."""
    safety = current.ended[goal.backup.id].safety
    on_safety = []
    for disk, row in safety.items():
        with contextlib.suppress(NotAllowed):  # what is not known of a chain of parents does not say so
            if disk in current.halves and marks.is_on(current.halves[disk], row, current.by_name, disk):
                on_safety.append(str(row["name"]))
    if on_safety:
        raise NotAllowed(
            f"{name_of(current.vm)} was restored to {goal.backup}, and disks of it are on the safety snapshots of that again ({listing(sorted(on_safety))}): "
            "somebody has reverted them since. If they are to be restored once more, delete these snapshots (storpool_snapshot), and run the task again."
        )


def halves(current: Current, goal: Goal) -> None:
    """Raise if a disk is no longer on StorPool: :class:`Gone` as long as none was touched."""
    gone = [pairing.name_of(pair.target) for pair in goal.pairs if str(pair.target["id"]) not in current.halves]
    if gone:
        told = f"{name_of(current.vm)} cannot be restored: {listing(gone)} is no longer on this StorPool cluster. See what has become of it in CloudStack"
        if current.memory.record is None:  # no disk was touched yet
            raise Gone(f"{told}.")
        raise NotAllowed(f"{told}; what the disks held before is on the safety snapshots. {marks.anew(current.memory)}")


def disks(current: Current, goal: Goal, wanted: Want) -> None:
    """Raise if the VM has other disks than those that were chosen, or the lock is gone. A disk that was detached may be another VM's by now."""
    if current.halted and current.memory.lock is None:
        raise Gone(
            f"The snapshot that keeps other restores away from {name_of(current.vm)} was deleted while the task worked on it. Run the task again."
        )
    has, chosen = {row["id"] for row in current.targets}, {pair.target["id"] for pair in goal.pairs}
    other = [pair.target for pair in goal.pairs if pair.target["id"] not in has]
    if wanted.disks is None:
        other += [row for row in current.targets if row["id"] not in chosen]
    if other:
        were = "was" if len(other) == 1 else "were"
        raise Gone(
            f"{listing(pairing.name_of(row) for row in other)} {were} attached to {name_of(current.vm)} or detached from it while the task worked on it. Run "
            "it again when its disks are those that it shall have."
        )


def whole(current: Current, goal: Goal) -> None:
    """Raise if a safety snapshot that is needed is no more: only it tells whether its disk was reverted, and holds what that held before."""
    memory = current.memory
    if memory.state != marks.BEGUN:
        return
    lacking = [pairing.name_of(pair.target) for pair in goal.pairs if pair.target["id"] not in memory.safety]
    number = tag(t.cast(Row, memory.record), marks.DISKS)
    if lacking or number not in ("", str(len(memory.safety))):
        raise NotAllowed(
            f"The safety snapshot of {listing(lacking) or 'a disk'} was deleted while a restore of {name_of(current.vm)} to {goal.backup} was on its way, so "
            f"whether the disk was reverted is not known. Look at the disks. {marks.anew(memory)}"
        )


def way_back(current: Current, goal: Goal, failure: Failure) -> None:
    """Raise the failure if there is no way back, as somebody else has started the VM."""
    if current.memory.state != marks.BEGUN or current.vm.get("state") == "Stopped":
        return
    halves(current, goal)
    if any(is_reverted(current, pair) for pair in goal.pairs):
        told, state = failure.message.rstrip("."), current.vm.get("state")
        failure.message = f"{told}. {name_of(current.vm)} is {state}, so its disks are left as they are. Stop it, and run the task again"
        raise failure
