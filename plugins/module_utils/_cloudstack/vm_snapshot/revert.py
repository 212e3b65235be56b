# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A VM back to one of its snapshots: what a task may want, what it has to know first, and the plan.

CloudStack does not show whether a VM was reverted, so this is a verb.
"""

from __future__ import annotations

import typing as t

from ..._common.errors import Incomplete, NameTaken, NotAllowed
from ..._common.plan import Outcome, Plan, Step
from ..._common.time_left import checked
from ..._common.verb import History, Verb
from ..._common.words import listing, sentence
from .. import texts
from ..cloud import named, results, reverted
from ..cloud.predicted import Predicted
from ..cloud.reader import Raw, Reader
from ..cloud.reverted import Halves
from ..cloud.snapshots import OF_VMS, holds_all, waiting
from .plan import label, name_of, predicted_of, taking
from .vm_snapshot import BY, snapshots_of, vms_there

#: Without the options for StorPool's address and token, which are the StorPool side's; the module puts them in.
SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "vm": {"type": "str", "required": True},
        "snapshot": {"type": "str", "required": True},
        "zone": {"type": "str"},
        "safety_snapshot": {"type": "str"},
        "wait_timeout": {"type": "int", "default": 1800},
    }
}
#: The type of a snapshot that holds no memory.
_DISK = "Disk"
_REVERTING = "Reverting"
_ADVICE = (
    ("not allowed", "Somebody has started the VM: stop it, and run the task again."),
    ("not in the state", "Somebody has started the VM: stop it, and run the task again."),
    (
        "",
        "The log of the management server tells more, and what is on StorPool by now: disks are reverted one after the other.",
    ),
)


class Want(t.NamedTuple):
    """A desired revert: a VM and one of its snapshots, by name or id."""

    vm: str
    snapshot: str
    zone: t.Optional[str]
    safety: t.Optional[str]
    wait_timeout: int


class Current(t.NamedTuple):
    """What the plan has to know. ``others`` are the snapshots of the VM, ``volumes`` its disks as they are attached now."""

    vm: t.Optional[Raw] = None
    snapshot: t.Optional[Raw] = None
    others: t.Tuple[Raw, ...] = ()
    volumes: t.Tuple[Raw, ...] = ()
    halves: Halves = Halves({})
    safeties: t.Tuple[Raw, ...] = ()  # the snapshots that have the name of the safety snapshot, the oldest first
    there: t.Tuple[Raw, ...] = ()  # all VMs, if the one that is meant is not there


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired revert that the options describe. Raises :class:`InvalidOption`."""
    return Want(
        vm=texts.text(params["vm"], "vm"),
        snapshot=texts.text(params["snapshot"], "snapshot"),
        zone=texts.text(params["zone"], "zone"),
        safety=texts.text(params["safety_snapshot"], "safety_snapshot"),
        wait_timeout=checked(params, "wait_timeout"),
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if several VMs, or snapshots of the VM, answer to the description."""
    vm = named.the_vm(reader, wanted.vm, wanted.zone)
    if vm is None:
        return Current(there=vms_there(reader, wanted.zone))
    rows = snapshots_of(reader, vm)
    snapshot = named.the_one("snapshot", "snapshot", wanted.snapshot, rows, BY)
    if snapshot is None:
        return Current(vm, others=tuple(rows))
    volumes = tuple(reader.volumes(virtualmachineid=vm["id"]))
    safe = [row for row in rows if wanted.safety and wanted.safety in (row.get("displayname"), row.get("name"))]
    safe.sort(key=lambda row: str(row.get("created")))
    return Current(vm, snapshot, tuple(rows), volumes, reverted.read(reader, volumes), tuple(safe))


def pin(wanted: Want, first: Current) -> Want:
    """From the first look on, the VM and the snapshot that were found then are meant."""
    if first.vm is None or first.snapshot is None:
        return wanted
    return wanted._replace(vm=str(first.vm["id"]), snapshot=str(first.snapshot["id"]))


def plan(current: Current, wanted: Want, history: History) -> Plan:
    """The call that is left, or, when it was made, what it has changed on StorPool and should not have.

    Raises a :class:`Failure` where the task must not or cannot be done: see the kinds in :mod:`.._common.errors`.
    """
    first = t.cast(Current, history.first)
    vm, snapshot = _found(current, wanted)
    who = label(snapshot, vm)
    kept = _kept(current, vm, snapshot, first)
    is_done = any(step.call == "revertToVMSnapshot" for step in history.done)
    if is_done or (kept is not None and _came_after(kept, snapshot, current.others)):
        there = _shown(vm, snapshot, kept, f"as of {who}")
        cautions = reverted.cautions(current.volumes, first.halves, current.halves) if is_done else ()
        return Plan((), there, there, cautions=cautions)
    _check_vm(vm, snapshot)
    taken = f" of {snapshot['created']}" if snapshot.get("created") else ""
    revert = f"revert {name_of(vm)} to {who}{taken}"
    disks = listing(repr(str(volume["name"])) for volume in current.volumes)
    loss = f"{name_of(vm)} is reverted to {who}{taken}: what was written to its disks {disks} since is lost (no safety_snapshot)."
    losses = () if wanted.safety else (loss,)
    safety, steps = _keep(current, vm, snapshot, wanted, kept)
    before = _shown(vm, snapshot, kept, "what has been written to its disks")
    after = _shown(vm, dict(snapshot, current=True), safety and dict(safety, current=False), f"as of {who}")
    body = {"vmsnapshotid": snapshot["id"]}
    step = Step("revertToVMSnapshot", None, body, revert, timeout=wanted.wait_timeout, advice=_ADVICE)
    if snapshot.get("state") in OF_VMS.passing:
        wait = waiting(OF_VMS, snapshot, who, wanted.wait_timeout)
        # It may be this very revert that goes on, begun by this task or another: to do it once more is harmless.
        if snapshot["state"] == _REVERTING and not any(_is_own(row, snapshot) for row in current.safeties):
            return Plan((wait, *steps, step), before, after, losses=losses)
        return Plan((wait,), before, after, tuple(each.action for each in (*steps, step)), losses)
    if snapshot.get("state") != OF_VMS.ready:
        raise NotAllowed(f"{name_of(vm)} cannot be reverted: {who} is in state {snapshot.get('state')}.")
    return Plan((*steps, step), before, after, losses=losses)


def _purpose(snapshot: Raw) -> str:
    """The description of a safety snapshot, from which the next run knows whose it is if this one is ended on the way."""
    return f"Taken before the VM is reverted to snapshot {snapshot['id']}"


def _is_own(safety: Raw, snapshot: Raw) -> bool:
    """Whether a run of this task took a snapshot, to revert to the same one."""
    return safety.get("description") == _purpose(snapshot)


def _kept(current: Current, vm: Raw, snapshot: Raw, first: Current) -> t.Optional[Raw]:
    """The safety snapshot: the newest of this run, or one of an earlier run, if that has reverted the VM or nothing was written after it was taken."""
    known = {str(row["id"]) for row in first.safeties}
    for row in reversed(current.safeties):
        if str(row["id"]) not in known:
            return row
    mine = [row for row in current.safeties if _is_own(row, snapshot)]
    if not mine:
        return None
    last = mine[-1]
    still_comes = last.get("state") in OF_VMS.passing
    return last if still_comes or _came_after(last, snapshot, current.others) or holds_all(last, vm) else None


def _came_after(safety: Raw, snapshot: Raw, others: t.Iterable[Raw]) -> bool:
    """Whether the VM was reverted to a snapshot after its safety snapshot was taken.

    That one became the current one then, which the next to be taken has as its parent.
    """
    if safety.get("state") != OF_VMS.ready or snapshot.get("state") != OF_VMS.ready or not _is_own(safety, snapshot):
        return False
    taken = str(safety.get("created"))
    return bool(snapshot.get("current")) or any(
        row.get("parent") == snapshot["id"] and str(row.get("created")) > taken and not _is_own(row, snapshot)
        for row in others
    )


def _keep(
    current: Current, vm: Raw, snapshot: Raw, wanted: Want, safety: t.Optional[Raw]
) -> t.Tuple[t.Optional[Raw], t.Tuple[Step, ...]]:
    """The snapshot of what the disks hold now, as it is or will be, and what is left to do for it.

    It has to be a new one, or that of an earlier run of the task: nothing shows whether another was taken before or after what is to be kept.
    """
    if wanted.safety is None:
        return None, ()
    foreign = [row for row in current.safeties if not _is_own(row, snapshot)]
    if foreign:
        taken = f" of {foreign[-1]['created']}" if foreign[-1].get("created") else ""
        raise NameTaken(
            f"safety_snapshot: {name_of(vm)} has a snapshot {wanted.safety!r}{taken} already, and no earlier run of this task took it. Choose another name, or "
            "delete the snapshot if it is not needed."
        )
    who = f"snapshot {wanted.safety!r} of {name_of(vm)}"
    if safety is None:
        last = next((row for row in current.others if row.get("current")), None)
        step = taking(vm, current.volumes, wanted.safety, _purpose(snapshot), wanted.wait_timeout)
        return predicted_of(vm, wanted.safety, _purpose(snapshot), last), (step,)
    if safety.get("state") in OF_VMS.passing:
        return safety, (waiting(OF_VMS, safety, who, wanted.wait_timeout),)
    if safety.get("state") != OF_VMS.ready:
        raise Incomplete(
            f"safety_snapshot: {who} could not be taken (state {safety.get('state')}), so the VM is not reverted. Delete it (cloudstack_vm_snapshot), and run "
            "the task again."
        )
    return safety, ()


def show(outcome: Outcome) -> t.Dict[str, t.Any]:
    """The VM, the snapshots, and what was lost for good."""
    return dict({key: outcome.after[key] for key in ("vm", "snapshot", "safety_snapshot")}, lost=list(outcome.losses))


def _found(current: Current, wanted: Want) -> t.Tuple[Raw, Raw]:
    vm = current.vm
    if vm is None:
        where = f" in zone {wanted.zone!r}" if wanted.zone else ""
        raise named.missing("vm", "VM", wanted.vm, current.there, where)
    if current.snapshot is None:
        there = [dict(row, name=row.get("displayname") or row["name"]) for row in current.others]
        raise named.missing("snapshot", "snapshot", wanted.snapshot, there, f" of {name_of(vm)}")
    return vm, current.snapshot


def _check_vm(vm: Raw, snapshot: Raw) -> None:
    """Refuse what CloudStack would refuse: with disks alone go only VMs that are stopped."""
    kind, state = str(snapshot.get("type") or _DISK), vm.get("state")
    if kind != _DISK:
        raise NotAllowed(
            f"{sentence(label(snapshot, vm))} holds memory as well (type {kind}), which none of StorPool's disks has. Revert to it in CloudStack itself."
        )
    if state != "Stopped":
        raise NotAllowed(
            f"{name_of(vm)} is {state}, and CloudStack reverts the disks of VMs that are Stopped only. Stop it first; then run the task again."
        )


def _shown(vm: Raw, snapshot: Raw, safety: t.Optional[Raw], contents: str) -> t.Dict[str, t.Any]:
    """One side of the diff. ``contents`` says in words what the disks hold, as nothing else need show a revert."""
    return {
        "vm": {"id": vm["id"], "name": vm["name"], "state": vm.get("state")},
        "snapshot": results.vm_snapshot(snapshot),
        "safety_snapshot": None if safety is None else results.vm_snapshot(safety),
        "contents": contents,
    }


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The snapshot that was reverted to is the current one; and there is the one that keeps what the disks held."""
    for row in current.others:
        now = current.snapshot is not None and row["id"] == current.snapshot["id"]
        if bool(row.get("current")) != now:
            reader.change_vm_snapshot(row, dict(row, current=now))
    safety = todo.after["safety_snapshot"]
    if not current.safeties and safety is not None:
        last = next((row for row in current.others if row.get("current")), None)
        row = predicted_of(t.cast(Raw, current.vm), safety["display_name"], safety["description"], last)
        reader.change_vm_snapshot(None, dict(row, current=False))


REVERT = Verb("vm", SPEC, want, look, plan, show, pin=pin, imagine=imagine)
