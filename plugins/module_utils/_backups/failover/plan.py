# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plans of one VM, pure: brought up here from a backup, and the way back if a call is refused; stopped where it is; and what it has left behind here
deleted."""

from __future__ import annotations

import typing as t

from ..._common.errors import Failure, NotAllowed, NotFound
from ..._common.plan import Plan, Step
from ..._common.words import listing
from ..backup import GLOBAL_ID, Backup, Row, check_age, created_of, utc
from ..marks import tag
from .sight import BACKUP, BEGUN, FROM, STATE, Current, Disk, is_begun

UP, STOPPED, CLEANED = "up", "stopped", "cleaned"
_NO_MORE = ("Destroyed", "Expunging", "Expunged", "Error")
#: Tags of a snapshot that its volume had from CloudStack's driver, and that the new volume needs as well.
_KEPT = ("qc",)
_START = (
    (
        "",
        "Its disks are those of the backup. Run the task again when what stands in the way is gone, or start it in CloudStack.",
    ),
)
_BUSY = (("busy", "Somebody has it open: see whether the VM still runs on a host of this site, and stop it there."),)


class Want(t.NamedTuple):
    """A desired state of VMs, which ``groups`` name in start order. ``cluster`` is the CloudStack cluster they are started in.

    ``max_age`` and ``made_after`` are in seconds. ``drill`` is whether it is only asked what could be done.
    """

    state: str
    groups: t.Tuple[t.Tuple[str, ...], ...]
    zone: t.Optional[str]
    cluster: t.Optional[str]
    max_age: t.Optional[int]
    made_after: t.Optional[int]
    older_backups: bool
    fenced: bool
    stop_vms: bool
    template: t.Optional[str]
    at_once: int
    wait_timeout: int
    drill: bool = False


class Goal(t.NamedTuple):
    """What a VM is brought up from: a backup, and its snapshot for each disk (id) that has no volume of it yet.

    ``already`` is whether the VM was brought up before, or has always been here: then there may be no backup.
    """

    backup: t.Optional[Backup]
    snapshots: t.Mapping[str, str] = {}
    already: bool = False


def aim(current: Current, wanted: Want) -> Goal:
    """What is meant. Raises a :class:`Failure` where it cannot be done, before anything is."""
    who = str(current)
    _check_alive(current)
    if not current.disks:
        raise NotAllowed(f"{who} has no disks. Leave it out (groups).")
    moved = [disk for disk in current.disks if disk.half is not None]
    names = {tag(t.cast(Row, disk.half), BACKUP) for disk in moved}
    if len(moved) == len(current.disks):
        begun = any(is_begun(t.cast(Row, disk.half)) for disk in moved)
        return Goal(_noted(current, max(names)) if names != {""} else None, already=not begun)
    elsewhere = [disk for disk in current.disks if disk.row["reference"] is None]
    if elsewhere:
        raise NotAllowed(f"{listing(map(str, elsewhere))} of {who} is not on StorPool, so no backup has it.")
    if moved:
        name = names.pop()
        goal = None if names or not name else _continued(current, name)
        if goal is None:
            raise NotAllowed(
                f"{listing(map(str, moved))} of {who} is in this cluster and the rest of its disks is not, and there is no backup "
                f"{name + ' any more' if name else 'of which it was made'}, so they would be of different moments. Look at its disks in CloudStack."
            )
        return goal
    started = {tag(row, BACKUP) for disk in current.disks for row in disk.made if is_begun(row)}
    for name in sorted(started, key=lambda one: (-created_of(one), one)):
        goal = _continued(current, name)
        if goal is not None:
            return goal
    backup = _newest(current, wanted)
    of_disks = {disk.volume: disk.snapshot for disk in backup.disks}
    return Goal(backup, {disk.id: of_disks[disk.id] for disk in current.disks})


def _check_alive(current: Current) -> None:
    if current.state in _NO_MORE:
        raise NotAllowed(
            f"{current} is {current.state}, so it cannot be brought up. Recover it in CloudStack if that can be done, or leave it out (groups)."
        )


def _continued(current: Current, name: str) -> t.Optional[Goal]:
    """The failover to a backup that a run has begun, if what is left of it can still be had."""
    backup = next((each for each in current.backups if each.id == name), None)
    has = {disk.volume: disk.snapshot for disk in backup.disks} if backup else {}
    snapshots = {}
    for disk in current.disks:
        if _volume_of(disk, name) is None:
            if has.get(disk.id) not in current.snapshots:
                return None
            snapshots[disk.id] = has[disk.id]
    return Goal(_noted(current, name), snapshots)


def _newest(current: Current, wanted: Want) -> Backup:
    who = str(current)
    if not current.backups:
        raise NotFound(f"{who} has no backup in this cluster.")
    fitting = [backup for backup in current.backups if _fault(current, backup) is None]
    backup = current.backups[0]
    fault = _fault(current, backup)
    if fault is not None:
        if not (wanted.older_backups and fitting):
            other = f" The newest that can is {fitting[0]}: set older_backups to take it." if fitting else ""
            raise NotAllowed(f"The newest {backup} of {who} cannot be used: {fault}.{other}")
        backup = fitting[0]
    check_age(backup, wanted.max_age, current.now)
    if wanted.made_after is not None and backup.created < wanted.made_after:
        raise NotAllowed(
            f"The newest {backup} of {who} was made before {utc(wanted.made_after)} (made_after), so it may lack what was written last. Make another one."
        )
    return backup


def _fault(current: Current, backup: Backup) -> t.Optional[str]:
    has = {disk.volume for disk in backup.disks}
    lacking = [str(disk) for disk in current.disks if disk.id not in has]
    return backup.problem or (f"it lacks {listing(lacking)}" if lacking else None)


def _noted(current: Current, name: str) -> Backup:
    """The backup with this id, as far as it is known."""
    known = next((each for each in current.backups if each.id == name), None)
    return known or Backup(str(current.vm["id"]), created_of(name), name.partition(".")[2])


def _volume_of(disk: Disk, backup: str) -> t.Optional[Row]:
    return next((row for row in disk.made if tag(row, BACKUP) == backup), None)


def forward(current: Current, goal: Goal, wanted: Want, cluster: str) -> Plan:
    """The calls that are left until the VM runs in a cluster (id) of this site, on volumes of the backup."""
    if goal.already or goal.backup is None:
        there = _shown(current, {})
        still = (
            f"{current} was brought up here before and is {current.state} now. Start it in CloudStack if it is to run."
        )
        return Plan((), there, there, cautions=() if current.state == "Running" else (still,))
    _check_alive(current)
    made = {disk.id: _volume_of(disk, goal.backup.id) for disk in current.disks}
    has = {name: row for name, row in made.items() if row is not None}
    is_moved = all(disk.half is not None for disk in current.disks)
    steps = []
    if not is_moved and current.state != "Stopped":
        steps.append(_mark_stopped(current, wanted))
    steps += [
        _delete(row, f"delete volume ~{row['globalId']}, which was made of another backup for {disk} of {current}")
        for disk in current.disks
        for row in disk.made
        if is_begun(row) and row is not disk.half and row is not made[disk.id]
    ]
    before, after = _shown(current, {}), _shown(current, {disk.id: goal.backup for disk in current.disks}, "Running")
    missing = [disk for disk in current.disks if disk.id not in has]
    if missing:
        steps += [_create(current, disk, goal.backup, goal.snapshots[disk.id], wanted) for disk in missing]
        later = [_lead_words(current, disk) for disk in current.disks if disk.half is None]
        return Plan(
            tuple(steps),
            before,
            after,
            (*later, _start_words(current), *(_end_words(current) for _disk in current.disks)),
        )
    steps += [
        _lead(disk, f"/dev/storpool-byid/{has[disk.id]['globalId']}", _lead_words(current, disk), wanted)
        for disk in current.disks
        if disk.half is not has[disk.id]
    ]
    if current.state not in ("Running", "Stopped") and is_moved:
        raise NotAllowed(f"{current} is {current.state} just now. Run the task again in a minute.")
    if not is_moved or current.state == "Stopped":
        body = {"id": current.vm["id"], "clusterid": cluster}
        words = _start_words(current)
        steps.append(Step("startVirtualMachine", None, body, words, timeout=wanted.wait_timeout, advice=_START))
    steps += [_end(current, row) for row in has.values() if is_begun(row)]
    return Plan(tuple(steps), before, after)


def back(current: Current, failure: Failure, wanted: Want) -> Plan:
    """The calls that are left until the disks of the VM are what they were. Raises the failure if somebody has started it, or there is no way back."""
    made = [(disk, row) for disk in current.disks for row in disk.made if is_begun(row)]
    there = _shown(current, {})
    if made and current.state != "Stopped":
        failure.message = (
            f"{failure.message.rstrip('.')}. {current} is {current.state}, so its disks are left as they are"
        )
        raise failure
    steps = [
        _lead(disk, _path_of(tag(row, FROM)), f"lead {disk} of {current} to what it was", wanted)
        for disk, row in made
        if row is disk.half
    ]
    steps += [
        _delete(row, f"delete volume ~{row['globalId']}, which was made for {disk} of {current}") for disk, row in made
    ]
    return Plan(tuple(steps), there, there)


def stop(current: Current, wanted: Want) -> Plan:
    """The call that is left until the VM does not run at the other site. One that is at this site is left as it is."""
    there = _shown(current, {})
    if current.state in (*_NO_MORE, "Stopped") or (
        current.disks and all(disk.half is not None for disk in current.disks)
    ):
        return Plan((), there, there)
    if current.state != "Running":
        raise NotAllowed(f"{current} is {current.state} just now. Run the task again in a minute.")
    if not _is_heard_of(current.host):
        host = (current.host or {}).get("name")
        raise NotAllowed(
            f"{current} runs on host {host!r}, which CloudStack does not hear from, so it cannot be stopped in an orderly way."
        )
    if not wanted.stop_vms:
        raise NotAllowed(f"{current} is Running, and has to be stopped for this. Set stop_vms to let the task do it.")
    body = {"id": current.vm["id"]}
    step = Step("stopVirtualMachine", None, body, f"stop {current}", timeout=wanted.wait_timeout)
    return Plan((step,), there, dict(there, state="Stopped"))


def clean(current: Current) -> Plan:
    """The calls that are left until nothing is here of the disks of the VM but what CloudStack's paths lead to."""
    gone = []
    for disk in current.disks:
        if any(is_begun(row) for row in disk.made):
            raise NotAllowed(f"A failover of {current} was begun here and has not ended. Let it end first.")
        gone += [(disk, row) for row in disk.made if row is not disk.half]
        if disk.half is not None and tag(disk.half, BACKUP):
            gone += [(disk, row) for row in disk.others]
    there = _shown(current, {})
    if gone and current.state != "Running":
        raise NotAllowed(
            f"{current} is {current.state}, so nothing shows that it is whole where it is now. Start it and look at it; its volumes here are the way back."
        )
    words = "delete volume ~{0}, which {1} of {2} does not use any more"
    steps = [_delete(row, words.format(row["globalId"], disk, current), destroys=True) for disk, row in gone]
    losses = [f"What volume ~{row['globalId']} holds, which was {disk} of {current}." for disk, row in gone]
    return Plan(
        tuple(steps), dict(there, left_behind=[row["globalId"] for _disk, row in gone]), there, losses=tuple(losses)
    )


def _is_heard_of(host: t.Optional[Row]) -> bool:
    return host is not None and host.get("state") == "Up"


def _mark_stopped(current: Current, wanted: Want) -> Step:
    host = current.host or {}
    if not wanted.drill and _is_heard_of(current.host):
        raise NotAllowed(
            f"{current} runs on host {host['name']!r}, which CloudStack still hears from (state Up), so it is not fenced: it would run twice. Fence the host, "
            "wait until CloudStack says that it is Down or in Alert, and run the task again."
        )
    body = {"id": current.vm["id"], "forced": True}
    words = f"mark {current} as stopped"
    return Step("stopVirtualMachine", None, body, words, timeout=wanted.wait_timeout)


def _create(current: Current, disk: Disk, backup: Backup, snapshot: str, wanted: Want) -> Step:
    """Names are unique, so that two runs at once cannot both make the volume; the name goes when the VM runs."""
    parent = current.snapshots.get(snapshot)
    if parent is None:
        raise NotFound(
            f"Snapshot ~{snapshot} of {backup} was deleted meanwhile. Run the task again: it takes the newest backup then."
        )
    policies = [each.get("value") for each in current.vm.get("tags") or () if each.get("key") == "vc-policy"]
    policy = policies[0] if policies else tag(parent, "vc-policy")
    tags = {
        "cs": "volume",
        "uuid": disk.id,
        "cvm": str(current.vm["id"]),
        BACKUP: backup.id,
        FROM: str(disk.row["reference"]).lstrip("~"),
        STATE: BEGUN,
    }
    tags.update({key: tag(parent, key) for key in _KEPT if tag(parent, key)})
    if policy:
        tags["vc-policy"] = policy
    body = {
        "name": f"{BACKUP}.{disk.id}.{backup.id}",
        "parent": "~" + snapshot,
        "size": max(int(disk.row.get("size") or 0), int(parent["size"])),
        "tags": tags,
    }
    if wanted.template:
        body["template"] = wanted.template
    if disk.row.get("maxiops") and "qc" not in tags:
        body["iops"] = disk.row["maxiops"]
    return Step(
        "VolumeCreate", None, body, f"make a volume of snapshot ~{snapshot} of {backup} for {disk} of {current}"
    )


def _lead(disk: Disk, path: str, words: str, wanted: Want) -> Step:
    return Step("updateVolume", None, {"id": disk.id, "path": path}, words, timeout=wanted.wait_timeout)


def _lead_words(current: Current, disk: Disk) -> str:
    return f"lead {disk} of {current} to its new volume"


def _path_of(reference: str) -> str:
    return f"/dev/storpool-byid/{reference}" if GLOBAL_ID.fullmatch(reference) else f"/dev/storpool/{reference}"


def _end(current: Current, row: Row) -> Step:
    return Step("VolumeUpdate", "~" + str(row["globalId"]), {"rename": "", "tags": {STATE: ""}}, _end_words(current))


def _delete(row: Row, words: str, destroys: bool = False) -> Step:
    one = str(row["globalId"])
    body = {"onAttached": "detach"}
    return Step("VolumeDelete", "~" + one, body, words, advice=_BUSY, destroys=one if destroys else None)


def _start_words(current: Current) -> str:
    return f"start {current}"


def _end_words(current: Current) -> str:
    return f"note on a volume of {current} that it is brought up"


def _shown(current: Current, backups: t.Mapping[str, Backup], state: t.Optional[str] = None) -> Row:
    """One side of the diff."""
    return {
        "id": current.vm["id"],
        "name": current.vm.get("displayname") or current.vm["name"],
        "state": state or current.state,
        "disks": {
            str(disk.row["name"]): f"as of {utc(backups[disk.id].created)}"
            if disk.id in backups
            else disk.row["reference"]
            for disk in current.disks
        },
    }
