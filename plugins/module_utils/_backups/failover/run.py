# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module for VMs whose site is gone: its options, one job for each VM, groups one after the other, and what it returns."""

from __future__ import annotations

import time
import typing as t

from ..._common import alike
from ..._common.crew import Crew
from ..._common.errors import Failure, InvalidOption, NotAllowed, NotFound, Outdated, PartlyFailed
from ..._common.given import refuse_empty
from ..._common.many import DONE, Job, converge_all, foresee
from ..._common.plan import Plan, Step, backoff
from ..._common.time_left import checked
from ..._common.words import listing
from .. import volumecare
from ..backup import Params, Row, Seconds, max_age_of, utc
from ..refusals import Refusals
from . import plan as plans
from .plan import CLEANED, STOPPED, UP, Goal, Want
from .sight import Current, Sides, Sight, Watch

Apply = t.Callable[[Step], t.Any]
#: Makes a connection of its own to each side: what applies steps over it.
Connect = t.Callable[[], t.Tuple[Apply, Apply]]

#: More than that side by side are no faster: hosts and management servers have other work as well.
MOST_AT_ONCE = 64
SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "state": {"type": "str", "choices": [UP, STOPPED, CLEANED], "default": UP},
        "groups": {"type": "list", "elements": "list", "required": True},
        "zone": {"type": "str"},
        "cluster": {"type": "str"},
        "max_age": {"type": "str"},
        "made_after": {"type": "str"},
        "older_backups": {"type": "bool", "default": False},
        "fenced": {"type": "bool", "default": False},
        "stop_vms": {"type": "bool", "default": False},
        "template": {"type": "str"},
        "at_once": {"type": "int", "default": 8},
        "wait_timeout": {"type": "int", "default": 900},
        **volumecare.OPTIONS,
    },
    "required_if": [("state", UP, ["cluster", "source"])],
}
#: Calls that CloudStack gets; all others are StorPool's.
TO_CLOUDSTACK = frozenset(["stopVirtualMachine", "startVirtualMachine", "updateVolume"])
#: Calls after whose refusal the disks of the VM become what they were.
_ON_THE_WAY = frozenset(["VolumeCreate", "updateVolume"])
_LEFT, _FAILED, _WAITING, _THERE = "left", "failed", "waiting", "there"
_WORDS = {UP: "up here", STOPPED: "stopped", CLEANED: "cleaned up after"}
#: How many reasons a sentence gives; the rows have all of them.
_MOST_REASONS = 3


def want(params: Params, duration: Seconds, moment: Seconds, drill: bool) -> Want:
    """The desired state that the options describe. Raises :class:`InvalidOption`."""
    for option in ("zone", "cluster", "template"):
        refuse_empty(params[option], option)
    if not 1 <= params["at_once"] <= MOST_AT_ONCE:
        raise InvalidOption(f"at_once is {params['at_once']}: give a number from 1 to {MOST_AT_ONCE}.")
    if not params["groups"]:
        raise InvalidOption("groups: an empty list names no VM. Give a list of VMs for each group.")
    for number, group in enumerate(params["groups"]):
        if not group:
            raise InvalidOption(f"groups[{number}]: an empty list names no VM. Name its VMs, or leave the group out.")
        for place, name in enumerate(group):
            if not isinstance(name, str):
                raise InvalidOption(
                    f"groups[{number}][{place}] is {name!r}: give the name or the id of a VM, in quotes."
                )
            refuse_empty(name, f"groups[{number}][{place}]")
    return Want(
        state=params["state"],
        groups=tuple(tuple(group) for group in params["groups"]),
        zone=params["zone"],
        cluster=params["cluster"],
        max_age=max_age_of(params, duration),
        made_after=moment(params["made_after"], "made_after", "") or None,
        older_backups=params["older_backups"],
        fenced=params["fenced"],
        stop_vms=params["stop_vms"],
        template=params["template"],
        at_once=params["at_once"],
        wait_timeout=checked(params, "wait_timeout"),
        drill=drill,
    )


class Vm:
    """One VM on its way: what it is to become is decided by its first plan, and a call that is refused turns it back."""

    def __init__(self, row: Row, group: int, wanted: Want, cluster: str) -> None:
        self.id, self.group = str(row["id"]), group
        self.name = str(row.get("displayname") or row["name"])
        self.first: t.Optional[Current] = None
        self.last: t.Optional[Current] = None
        self.goal: t.Optional[Goal] = None
        self.failed: t.Optional[Failure] = None
        self._wanted, self._cluster = wanted, cluster
        self._refused = Refusals()
        self.job = Job(f"VM {self.name!r}", self.look, self.plan)

    def look(self, sight: Sight) -> Current:
        """The VM as it is now. Raises :class:`NotFound` if it is no more."""
        seen = sight.of(self.id)
        if seen is None:
            left = listing("~" + one for one in sight.left_of(self.id))
            told = (
                f" Volumes that were made for it are left here: {left}. Delete them if nobody needs them (storpool_volume)."
                if left
                else ""
            )
            raise NotFound(f"VM {self.name!r} was removed while the task worked on it.{told}")
        self.first, self.last = self.first or seen, seen
        return seen

    def plan(self, current: Current) -> Plan:
        """The calls that are left."""
        if self._wanted.state == STOPPED:
            return plans.stop(current, self._wanted)
        if self._wanted.state == CLEANED:
            return plans.clean(current)
        if self.failed is not None:
            return plans.back(current, self.failed, self._wanted)
        if self.goal is None:
            self.goal = plans.aim(current, self._wanted)
        return plans.forward(current, self.goal, self._wanted, self._cluster)

    def turn_back(self, step: Step, failure: Failure) -> None:
        """Take note of a call that failed. Raises :class:`Outdated` if the VM is to be planned anew, on its way back."""
        if self.failed is None and step.call in _ON_THE_WAY and self._refused.is_final(step, failure):
            self.failed = failure.while_doing(step.action)
            # Without the name of the error: a course does not go on after the same one of the same step.
            raise Outdated(failure.message, call=failure.call)

    def shown(self, state: str) -> Row:
        """What the result says of it."""
        failure, result = self._end(state)
        backup = self.goal.backup if self.goal else None
        created = backup.created if backup else None
        return {
            "id": self.id,
            "name": self.name,
            "group": self.group + 1,
            "result": result,
            "state": self._state(),
            "here": bool(self.first and self.first.disks and all(disk.half for disk in self.first.disks)),
            "backup": backup.id if backup else None,
            "data_of": utc(created) if created else None,
            "age": self._age(created) if created else None,
            "msg": failure["msg"] if failure else None,
            "kind": failure["error"]["kind"] if failure else None,
        }

    def _end(self, state: str) -> t.Tuple[t.Optional[Row], str]:
        job = self.job
        if self.failed is not None:
            if job.state == DONE:
                told = self.failed.message.rstrip(".")
                self.failed.message = (
                    f"{told}. All its disks are what they were before, and nothing that was made for it is left"
                )
            return self.failed.result(), _FAILED
        if job.state == DONE:
            return None, state if job.outcome and job.outcome.changed else _THERE
        if job.failure is not None:
            return job.failure.result(), _FAILED if job.begun else _LEFT
        return None, _WAITING

    def _state(self) -> t.Optional[str]:
        outcome = self.job.outcome
        if self._wanted.drill and outcome and outcome.changed:
            return str(outcome.after["state"])
        return self.last.state if self.last else None

    def _age(self, created: int) -> int:
        """How old the data was when the volumes were made of it, or is now."""
        last = t.cast(Current, self.last)
        made = [row.get("creationTimestamp") for disk in last.disks for row in disk.made if row is disk.half]
        moments = [int(moment) for moment in made if moment]
        return max(0, int((min(moments) if moments else last.now) - created))


def bring(
    sides: Sides,
    wanted: Want,
    connect: Connect,
    retries: int,
    clock: t.Callable[[], float] = time.time,
) -> Row:
    """Bring the VMs to their state, and return what became of each; ``diff`` and ``warnings`` are for whoever wants them."""
    if wanted.zone is not None:
        sides.find("zone", "zone", wanted.zone, sides.cloud.zones())
    watch = Watch(sides, clock)
    sight = watch()
    cluster = _cluster(sides, wanted, sight) if wanted.state == UP else ""
    vms = _named(sides, wanted, sight, cluster)
    _in_groups(vms, wanted)
    jobs = [vm.job for vm in vms]
    if wanted.drill:
        foresee(jobs, sight)
    else:
        _look_at_all(vms, sight)
        _refuse_unfenced(vms, wanted)
        sights = iter([sight])
        owners = {vm.id: vm for vm in vms}
        crew = Crew(lambda: _turning_back(*connect(), owners=owners), wanted.at_once)
        converge_all(jobs, lambda: next(sights, None) or watch(), crew, backoff(retries))
    done = [job.outcome for job in jobs if job.outcome]
    return {
        "changed": any(outcome.changed for outcome in done) or any(job.begun and not job.outcome for job in jobs),
        "vms": [vm.shown(wanted.state) for vm in vms],
        "actions": [action for outcome in done for action in outcome.actions],
        "warnings": [caution for outcome in done for caution in outcome.cautions],
        "diff": {
            "before": [outcome.before for outcome in done if outcome.changed],
            "after": [outcome.after for outcome in done if outcome.changed],
        },
    }


def _cluster(sides: Sides, wanted: Want, sight: Sight) -> str:
    """The id of the cluster that VMs are started in. Raises if there is none of this name, or none of its hosts could run a VM."""
    rows = [row for row in sides.cloud.clusters() if wanted.zone in (None, row.get("zoneid"), row.get("zonename"))]
    row = sides.find("cluster", "cluster of hosts", str(wanted.cluster), rows)
    hosts = [host for host in sight.hosts.values() if host.get("clusterid") == row["id"]]
    if not any((host.get("state"), host.get("resourcestate")) == ("Up", "Enabled") for host in hosts):
        told = (
            listing(f"{host['name']} is {host.get('state')}, {host.get('resourcestate')}" for host in hosts)
            or "it has no hosts"
        )
        raise NotAllowed(f"No host of cluster {row['name']!r} could run a VM now: {told}.")
    return str(row["id"])


def _named(sides: Sides, wanted: Want, sight: Sight, cluster: str) -> t.List[Vm]:
    rows = [row for row in sight.vms.values() if wanted.zone in (None, row.get("zoneid"), row.get("zonename"))]
    by_id = {str(row["id"]): row for row in rows}
    found: t.Dict[str, Vm] = {}
    for number, group in enumerate(wanted.groups):
        for place, name in enumerate(group):
            option = f"groups[{number}][{place}]"
            row = by_id.get(name) or sides.find(option, "VM", name, rows)
            if str(row["id"]) in found:
                raise InvalidOption(f"{option}: VM {name!r} is named twice.")
            found[str(row["id"])] = Vm(row, number, wanted, cluster)
    return list(found.values())


def _in_groups(vms: t.Sequence[Vm], wanted: Want) -> None:
    """Each group waits for the one before it; they are stopped in the other direction."""
    groups = [[vm for vm in vms if vm.group == number] for number in range(len(wanted.groups))]
    if wanted.state == STOPPED:
        groups.reverse()
    for first, second in zip(groups, groups[1:]):
        for vm in second:
            vm.job.after = [each.job for each in first]


def _look_at_all(vms: t.Iterable[Vm], sight: Sight) -> None:
    """What cannot be done is told of every VM before anything is done, and what each is brought up from is decided at one moment."""
    for vm in vms:
        try:
            vm.plan(vm.look(sight))
        except Failure as failure:
            vm.job.fail(failure)


def _refuse_unfenced(vms: t.Iterable[Vm], wanted: Want) -> None:
    run = [
        vm.name
        for vm in vms
        if not vm.job.over
        and vm.last
        and vm.last.state != "Stopped"
        and any(disk.half is None for disk in vm.last.disks)
    ]
    if wanted.state == UP and run and not wanted.fenced:
        raise NotAllowed(
            f"CloudStack takes {listing(sorted(run))} for running. If a host of the other site still runs one of them, it would run twice. Make sure that "
            "these hosts are off, and say so with fenced."
        )


def _turning_back(cloud: Apply, cluster: Apply, owners: t.Mapping[str, Vm]) -> Apply:
    """Applies steps; a final refusal sends the VM that it is of back."""

    def apply(step: Step) -> t.Any:
        try:
            return (cloud if step.call in TO_CLOUDSTACK else cluster)(step)
        except Failure as failure:
            vm = _owner(step, owners)
            if vm is not None:
                vm.turn_back(step, failure)
            raise

    return apply


def _owner(step: Step, owners: t.Mapping[str, Vm]) -> t.Optional[Vm]:
    if step.call == "VolumeCreate":
        return owners.get(step.body["tags"]["cvm"])
    if step.call != "updateVolume":
        return None
    has = (vm for vm in owners.values() if vm.last and step.body["id"] in [disk.id for disk in vm.last.disks])
    return next(has, None)


def judged(result: Row, wanted: Want) -> Row:
    """The result. Raises :class:`PartlyFailed` with it if a VM is not what it shall be."""
    rows = result["vms"]
    bad = [row for row in rows if row["result"] in (_LEFT, _FAILED, _WAITING)]
    if not bad:
        return result
    found = alike.groups(
        alike.Reason(repr(row["name"]), (str(row["name"]), str(row["id"])), str(row["msg"] or "It was not begun."))
        for row in bad
    )
    told = [alike.line(group) for group in found[:_MOST_REASONS]]
    verb = "could not be" if wanted.drill else "is not" if len(bad) == 1 else "are not"
    more = " The list vms has every reason." if len(found) > _MOST_REASONS else ""
    raise PartlyFailed(
        f"{len(bad):,} of {len(rows):,} VMs {verb} {_WORDS[wanted.state]}. {' '.join(told)}{more} Run the task again when that is put right.",
        result,
    )
