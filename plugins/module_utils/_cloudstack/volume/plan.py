# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a volume: pure, from what was read to what is to be sent."""

from __future__ import annotations

import typing as t

from ..._common.errors import Failure, NotAllowed, NotFound
from ..._common.plan import Plan, Step
from ..._common.words import sentence
from ..cloud import named, results, versions
from ..cloud.reader import Raw
from . import changes, create, place, states
from .current import Current, vm_of, who
from .want import Want


def plan(current: Current, wanted: Want) -> Plan:
    """The calls that make the current volume the wanted one.

    Raises a :class:`Failure` where the task must not or cannot be done: see the kinds in :mod:`.._common.errors`.
    """
    if current.is_zone_missing(wanted):
        raise named.missing("zone", "zone", wanted.zone, current.there.get("zones", ()))
    row = current.row
    if not wanted.present:
        return _plan_absent(current, row, wanted) if row else Plan((), None, None)
    if row is None:
        return create.plan(current, wanted)
    if not states.is_going_on(row):
        return _plan_update(current, row, wanted)
    before = results.volume(row)
    waiting = Plan((_wait(row, wanted),), before, before)
    if states.is_in_the_making(row):
        return waiting
    try:
        todo = _plan_update(current, row, wanted)
    except Failure:
        return waiting  # what is refused now may be right when that is over
    return waiting if todo.steps else todo


def _plan_absent(current: Current, row: Raw, wanted: Want) -> Plan:
    what, shown = sentence(who(row)), results.volume(row)
    if row.get("state") in ("Expunging", "Destroying"):
        words = f"wait until {who(row)} is expunged"
        return Plan((_waiting(states.Settled(row["id"], gone=True), words, wanted),), shown, None)
    if row.get("state") in states.GOING and not wanted.expunge:
        return Plan((), None, None)
    if row.get("type") == "ROOT":
        raise NotAllowed(
            f"{what} is the root disk of {vm_of(row)}: it goes with the VM, and this module does not remove it."
        )
    attached = row.get("virtualmachineid")
    if attached and wanted.vm is None:
        raise NotAllowed(
            f"{what} is attached to {vm_of(row)}, which is {row.get('vmstate')}, so it is not removed. Detach it first, or say that it may be detached by "
            "setting vm to an empty text as well."
        )
    if current.version < versions.DESTROYS_VOLUMES and not wanted.expunge and row.get("state") != "Allocated":
        raise NotAllowed(
            f"{what} is not removed: CloudStack {current.version} keeps nothing of a volume that is removed; the first that does for a while is "
            f"{versions.DESTROYS_VOLUMES}. Set expunge to remove it for good."
        )
    removing = _remove(current, row, wanted)
    if states.is_going_on(row):
        return Plan((_wait(row, wanted),), shown, None, later=(removing.action,))
    steps = ([place.detach(row, wanted)] if attached else []) + [removing]
    lost = wanted.expunge and row.get("state") != "Allocated"
    return Plan(tuple(steps), shown, None, losses=(f"All data of {who(row)} is lost.",) if lost else ())


def _remove(current: Current, row: Raw, wanted: Want) -> Step:
    """The call that destroys a volume, for good if it is to be expunged. Snapshots of it stay."""
    if current.version < versions.DESTROYS_VOLUMES:
        command, body = "deleteVolume", {"id": row["id"]}
    else:
        command, body = "destroyVolume", {"id": row["id"], "expunge": wanted.expunge}
    words = f"{'expunge' if wanted.expunge else 'destroy'} {who(row)}"
    return Step(command, None, body, words, timeout=wanted.wait_timeout, destroys=str(row["id"]))


def _plan_update(current: Current, row: Raw, wanted: Want) -> Plan:
    before, after = results.volume(row), dict(row)
    steps: t.List[Step] = []
    if row.get("state") in states.GOING:
        _check_recovery(current, row)
        rest = _plan_update(current, dict(row, state="Ready" if row.get("storageid") else "Allocated"), wanted)
        step = Step("recoverVolume", None, {"id": row["id"]}, f"recover {who(row)}, which was destroyed")
        return rest._replace(steps=(step,), before=before, later=(*(each.action for each in rest.steps), *rest.later))
    new = current.wanted_offering(wanted)
    new = None if new and new["id"] == row.get("diskofferingid") else new
    steps += changes.rename(current, row, after, wanted)
    placing = place.attachment(current, row, wanted)
    if placing.waits:
        return Plan(placing.waits, before, before)
    steps += placing.detach
    if placing.detach:
        after.update(place.attached_nowhere())
    moving, is_moved_with_it = place.move(current, row, after, wanted, new, bool(placing.attach))
    if moving:
        steps.append(moving)
    changing = changes.change(current, row, after, wanted, new, is_moved_with_it)
    steps += changing
    cautions = changes.cautions(current, row, after)
    steps += placing.attach
    after.update(placing.attached)
    if steps and row.get("state") not in states.SETTLED and not states.is_going_on(row):
        raise NotAllowed(
            f"{sentence(who(row))} is {row.get('state')}, and CloudStack changes only volumes that are Ready or Allocated. Repair it in CloudStack first."
        )
    later = _later(current, row, wanted) if placing.attach else ()
    lost = changes.losses(row, changing)
    return Plan(tuple(steps), before, results.volume(after), later=later, losses=lost, cautions=cautions)


def _check_recovery(current: Current, row: Raw) -> None:
    if row.get("state") != "Destroy" or current.version < versions.DESTROYS_VOLUMES:
        raise NotFound(f"{sentence(who(row))} is {row.get('state')}, and cannot be had back.")


def _later(current: Current, row: Raw, wanted: Want) -> t.Tuple[str, ...]:
    pool = current.wanted_pool(wanted) if row.get("state") == "Allocated" else None
    return (f"move {who(row)} to primary storage pool {pool['name']!r}, if CloudStack chooses another",) if pool else ()


def _wait(row: Raw, wanted: Want) -> Step:
    return _waiting(states.Settled(row["id"]), f"wait until nothing else works on {who(row)}", wanted)


def _waiting(watched: states.Settled, words: str, wanted: Want) -> Step:
    return Step("listVolumes", None, watched, words, method="GET", timeout=wanted.wait_timeout)
