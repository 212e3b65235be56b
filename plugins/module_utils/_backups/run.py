# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules for backups of VMs: their options, and what they do."""

from __future__ import annotations

import time
import typing as t

from .._common.errors import Failure, InvalidOption, NotAllowed, NotFound
from .._common.given import refuse_empty
from .._common.plan import backoff, converge
from .._common.time_left import TimeLeft, checked
from . import volumecare
from .aim import Goal, Want
from .backup import LATEST, Params, Row, Seconds, before_of, max_age_of
from .marks import tag
from .pairing import is_called
from .reading import Apply, Run, Shelf, Sides, other_vms

BOTH: t.Dict[str, t.Any] = {
    **volumecare.OPTIONS,
    "source": dict(volumecare.OPTIONS["source"], required=True),
    "zone": {"type": "str"},
}
INFO: t.Dict[str, t.Any] = {"argument_spec": dict(BOTH, vm={"type": "list", "elements": "str"})}
RESTORE: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        BOTH,
        vm={"type": "str", "required": True},
        backup={"type": "str", "default": LATEST},
        before={"type": "str"},
        max_age={"type": "str"},
        onto={"type": "str"},
        disks={
            "type": "list",
            "elements": "dict",
            "options": {"from": {"type": "str", "required": True}, "to": {"type": "str", "required": True}},
        },
        stop_vm={"type": "bool", "default": False},
        start={"type": "bool"},
        wait_timeout={"type": "int", "default": 3600},
    )
}


def want(params: Params, duration: Seconds, moment: Seconds) -> Want:
    """The desired restore that the options describe. Raises :class:`InvalidOption`."""
    for option in ("vm", "backup", "onto", "zone"):
        refuse_empty(params[option], option)
    disks = params["disks"]
    if disks is not None and not disks:
        raise InvalidOption("disks: the list is empty. Name the disks, or leave the option out for all of them.")
    for number, item in enumerate(disks or ()):
        for side in ("from", "to"):
            refuse_empty(item[side], f"disks[{number}].{side}")
    return Want(
        vm=params["vm"],
        onto=params["onto"],
        zone=params["zone"],
        disks=disks,
        backup=params["backup"],
        before=before_of(params, moment),
        max_age=max_age_of(params, duration),
        stop_vm=params["stop_vm"],
        start=params["start"],
        wait_timeout=checked(params, "wait_timeout"),
    )


def restore(
    sides: Sides,
    wanted: Want,
    cloud: Apply,
    cluster: Apply,
    retries: int,
    check_mode: bool,
    time_left: TimeLeft,
    clock: t.Callable[[], float] = time.time,
) -> Row:
    """Bring a VM back to a backup, and return what was done; ``diff`` is for whoever wants one."""
    run = Run(sides, wanted, cloud, cluster, clock)
    try:
        outcome = converge(
            look=run.look,
            plan=run.plan,
            apply=run.apply,
            check_mode=check_mode,
            pauses=backoff(retries),
            time_left=time_left,
        )
    except Failure as failure:
        if run.failed is not None and failure is not run.failed:
            told, first = failure.message.rstrip("."), run.failed.message.rstrip(".")
            again = "" if isinstance(failure, NotFound) else ". Run it again: it goes on"
            failure.message = f"{told}. The task was on its way back, since this had failed: {first}{again}"
        elif not isinstance(failure, NotAllowed):
            failure.message = f"{failure.message.rstrip('.')}.{run.left_as()}"
        raise
    outcome = run.end(outcome, check_mode)
    return {
        "changed": outcome.changed,
        "vm": outcome.after["vm"],
        "backup": t.cast(Goal, run.aimed).backup.shown(clock()),
        "disks": outcome.after["disks"],
        "safety_snapshots": outcome.after["safety_snapshots"],
        "actions": list(outcome.actions),
        "warnings": list(outcome.cautions),
        "diff": {"before": outcome.before, "after": outcome.after},
    }


def look(sides: Sides, params: Params, clock: t.Callable[[], float] = time.time) -> Row:
    """What the info module returns: VMs, each with its backups. Raises :class:`NotFound` for one that neither is there nor has a backup."""
    for number, name in enumerate(params["vm"] or ()):
        refuse_empty(name, f"vm[{number}]")
    shelf = Shelf(sides)
    sides.zone_id(params["zone"])  # which raises if there is none
    names = params["vm"]
    row = sides.the_vm(names[0], params["zone"]) if names is not None and len(names) == 1 else None
    rows = [row] if row else sides.cloud.vms()
    volumes = shelf.disks(row) if row else sides.cloud.volumes()
    for each in volumes:
        each["reference"] = sides.reference(each.get("path"))
    backups = shelf.backups(volumes)
    known = {str(row["id"]): row for row in rows}
    if params["vm"] is None:
        ids = sorted(
            set(known) | set(backups), key=lambda one: (one not in known, str(known.get(one, {}).get("name")), one)
        )
        ids = [one for one in ids if params["zone"] is None or params["zone"] in _zone(known.get(one))]
    else:
        ids = [_id_of(sides, name, rows, backups, params["zone"]) for name in params["vm"]]
    policies: t.Dict[str, t.Set[str]] = {}
    for volume in shelf.volumes():
        if tag(volume, "cvm"):
            policies.setdefault(tag(volume, "cvm"), set()).add(tag(volume, "vc-policy"))
    now = clock()
    return {
        "vms": [
            {
                "id": one,
                "name": known[one].get("displayname") or known[one]["name"] if one in known else None,
                "state": known[one].get("state") if one in known else None,
                "policies": sorted(policy for policy in policies.get(one, ()) if policy),
                "mixed_policies": len(policies.get(one, ())) > 1,
                "backups": [backup.shown(now) for backup in backups.get(one, ())],
            }
            for one in ids
        ]
    }


def _zone(row: t.Optional[Row]) -> t.Tuple[t.Any, ...]:
    return (row.get("zoneid"), row.get("zonename")) if row else ()


def _id_of(
    sides: Sides, name: str, rows: t.Sequence[Row], backups: t.Mapping[str, t.Any], zone: t.Optional[str]
) -> str:
    found = [
        row
        for row in rows
        if is_called(name, row["id"], row["name"], row.get("displayname")) and (zone is None or zone in _zone(row))
    ]
    row = found[0] if len(found) == 1 else sides.the_vm(name, zone) if found else None  # which tells them apart
    if row is not None:
        return str(row["id"])
    if name.lower() in backups:
        return name.lower()
    raise NotFound(
        f"vm: there is no VM {name!r}, and no backup is of one with that id. {other_vms(rows, name)} Leave vm out for all that have backups."
    )
