# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving all volumes of a pool to another: one job for each volume, with the plan that a single volume has, carried out side by side."""

from __future__ import annotations

import functools
import typing as t

from ..._common.crew import Crew
from ..._common.errors import ApiError, InvalidOption, NotAllowed, Outdated
from ..._common.many import DONE, FAILED, Job, converge_all, foresee
from ..._common.plan import Step, backoff
from ..._common.time_left import checked
from ..._common.words import sentence
from .. import texts
from ..cloud import identity, named, versions
from ..cloud.reader import Raw, Reader
from ..pool import contents
from ..pool.plan import label
from ..volume import with_vm
from ..volume.current import who
from ..volume.volume import VOLUME
from ..volume.want import Want as Volume
from . import report

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "pool": {"type": "str", "required": True},
        "to": {"type": "str", "required": True},
        "zone": {"type": "str"},
        "at_once": {"type": "int", "default": 4},
        "expunge_destroyed": {"type": "bool", "default": False},
        "allow_vm_migration": {"type": "bool", "default": False},
        "progress": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
        "wait_timeout": {"type": "int", "default": 3600},
        "_slice": {"type": "dict"},
    }
}
Apply = t.Callable[[Step], t.Any]
#: Makes a connection: a reader, and what applies steps over it.
Connect = t.Callable[[], t.Tuple[Reader, Apply]]

#: More than that side by side are no faster: every host and the StorPool cluster have other work as well.
MOST_AT_ONCE = 64


class Want(t.NamedTuple):
    """An evacuation. Pools are names or ids; ``wait_timeout`` is for each volume."""

    pool: str
    to: str
    zone: t.Optional[str]
    at_once: int
    expunge_destroyed: bool
    wait_timeout: int
    allow_vm_migration: bool


class Part(t.NamedTuple):
    """A part of an evacuation: volumes are begun in these seconds, and those that failed before (ids) are not tried again."""

    seconds: float = float("inf")
    failed: t.FrozenSet[str] = frozenset()


#: All of it at once.
WHOLE = Part()


class Pools(t.NamedTuple):
    """The pool that is to be empty, and the one that its volumes go to."""

    source: Raw
    target: Raw


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The evacuation that the options describe. Raises :class:`InvalidOption`."""
    if not 1 <= params["at_once"] <= MOST_AT_ONCE:
        raise InvalidOption(f"at_once is {params['at_once']}: give a number from 1 to {MOST_AT_ONCE}.")
    return Want(
        pool=texts.text(params["pool"], "pool"),
        to=texts.text(params["to"], "to"),
        zone=texts.text(params["zone"], "zone"),
        at_once=params["at_once"],
        expunge_destroyed=params["expunge_destroyed"],
        wait_timeout=checked(params, "wait_timeout"),
        allow_vm_migration=params["allow_vm_migration"],
    )


def pools(rows: t.Sequence[Raw], wanted: Want) -> Pools:
    """The two pools. Raises what stands in the way of moving anything: one that is not there, or is not in the right state."""
    source = _the_pool("pool", wanted.pool, identity.within(rows, "zone", wanted.zone), wanted)
    target = _the_pool("to", wanted.to, [row for row in rows if row.get("zoneid") == source.get("zoneid")], wanted)
    if source is target:
        raise InvalidOption(f"pool and to are both {label(source['name'])}: to is where its volumes shall go.")
    if target.get("state") != "Up":
        raise NotAllowed(
            f"{sentence(label(target['name']))} is {target.get('state')}, and has to be Up to take volumes."
        )
    if source.get("state") not in ("Disabled", "Maintenance"):
        raise NotAllowed(
            f"{sentence(label(source['name']))} is {source.get('state')}, so that CloudStack could put new volumes on it all the time. Disable it first "
            "(cloudstack_storpool_pool, allocation_state).",
            error={"state": source.get("state")},
        )
    return Pools(source, target)


def _the_pool(option: str, wanted: str, rows: t.Sequence[Raw], task: Want) -> Raw:
    def told(row: Raw) -> str:
        return f"{identity.shown_id(row)} ({row.get('zonename')})"

    where = f" in zone {task.zone!r}" if task.zone else ""
    return named.needed(option, "primary storage pool", wanted, rows, told=told, where=where)


class Seen:
    """A reader for many jobs at once: what all of them ask for is read once, and volumes are those on some pools, or else read one by one."""

    def __init__(self, reader: Reader, on: t.Iterable[Raw] = ()) -> None:
        self._reader = reader
        self._volumes = {str(row["id"]): row for pool in on for row in reader.volumes_on(pool["id"])}
        self.pools = functools.lru_cache(maxsize=None)(reader.pools)
        self.every_disk_offering = functools.lru_cache(maxsize=None)(reader.every_disk_offering)

    def __getattr__(self, name: str) -> t.Any:
        return getattr(self._reader, name)

    def volume(self, volume_id: str) -> t.Optional[Raw]:
        """The volume with this id, wherever it is."""
        return self._volumes.get(volume_id) or self._reader.volume(volume_id)


def evacuate(
    reader: Reader,
    connect: Connect,
    retries: int,
    wanted: Want,
    part: Part = WHOLE,
    check_mode: bool = False,
) -> t.Tuple[t.List[report.Row], t.Dict[str, t.Any]]:
    """Move what is on the pool. Returns the rows of :mod:`report`, and what the result has besides."""
    both = pools(reader.pools(), wanted)
    there = contents.read(reader, both.source, removing=True)
    jobs = {str(row["id"]): (row, _job(row, both, wanted)) for row in _to_do(there, reader, wanted, part)}
    _carry_out([job for _row, job in jobs.values()], reader, both, connect, retries, wanted, part, check_mode)
    again = {key: _job(row, both, wanted) for key, (row, job) in jobs.items() if isinstance(job.failure, ApiError)}
    _carry_out(list(again.values()), reader, both, connect, retries, wanted, WHOLE, check_mode)
    rows = [_row(row, again.get(key, job)) for key, (row, job) in jobs.items()]
    rows += [_of_system(row) for row in there.system if str(row["id"]) not in part.failed]
    more = {
        "pool": {"id": identity.shown_id(both.source), "name": both.source["name"]},
        "to": {"id": identity.shown_id(both.target), "name": both.target["name"]},
        "destroyed": [] if wanted.expunge_destroyed else [str(row["name"]) for row in there.going],
        "snapshots": sorted(str(row["name"]) for row in there.snapshots),
    }
    return rows, more


def _to_do(there: contents.Contents, reader: Reader, wanted: Want, part: Part) -> t.List[Raw]:
    """The volumes to be moved, and those that wait to be expunged, if they may be."""
    rows = list(there.volumes)
    if wanted.expunge_destroyed and there.going:
        if reader.version() < versions.DESTROYS_VOLUMES:
            raise InvalidOption(
                f"expunge_destroyed: CloudStack {reader.version()} expunges destroyed volumes only by itself; the first that is told to is "
                f"{versions.DESTROYS_VOLUMES}."
            )
        rows += there.going
    return [row for row in rows if str(row["id"]) not in part.failed]


def _wish(row: Raw, both: Pools, wanted: Want) -> Volume:
    """What is wanted of one volume: that it is on the other pool, or, if it was destroyed, gone."""
    going = contents.is_going(row)
    return Volume(
        present=not going,
        name=None,
        id=str(row["id"]),
        owner={},
        zone=None,
        offering=None,
        size=None,
        allow_shrink=False,
        min_iops=None,
        max_iops=None,
        vm=None,
        device_id=None,
        pool=None if going else str(both.target["id"]),
        snapshot=None,
        expunge=True,
        wait_timeout=wanted.wait_timeout,
        allow_vm_migration=wanted.allow_vm_migration,
        with_others=True,
    )


def _job(row: Raw, both: Pools, wanted: Want) -> Job:
    volume = _wish(row, both, wanted)
    return Job(
        who(row),
        lambda reader: VOLUME.look(reader, volume),
        lambda current: VOLUME.plan(current, volume),
        imagine=VOLUME.imagine,
    )


def _carry_out(
    jobs: t.Sequence[Job],
    reader: Reader,
    both: Pools,
    connect: Connect,
    retries: int,
    wanted: Want,
    part: Part,
    check_mode: bool,
) -> None:
    if not jobs:
        return
    if check_mode:
        foresee(jobs, Seen(reader, both))
        return
    crew = Crew(lambda: _looking_first(*connect(), both, wanted), wanted.at_once)
    converge_all(jobs, lambda: Seen(reader, both), crew, backoff(retries), seconds=part.seconds)


def _looking_first(own: Reader, apply: Apply, both: Pools, wanted: Want) -> Apply:
    """Applies steps, but looks at a volume once more before it is moved: its turn may come long after the lists were read.

    If the step is not what is to be done any more, because its VM was started, or somebody else moves it, it is planned anew.
    """
    seen = t.cast(Reader, Seen(own))

    def apply_after_a_look(step: Step) -> t.Any:
        ids = _of_one_move(step)
        if ids:
            volume = _wish({"id": ids[0]}, both, wanted)
            if step not in VOLUME.plan(VOLUME.look(seen, volume), volume).steps:
                raise Outdated("It is no longer as it was when this was planned.", call=str(step))
        return apply(step)

    return apply_after_a_look


def _of_one_move(step: Step) -> t.List[str]:
    """The volumes that a step moves."""
    if step.call == with_vm.CALL:
        return [str(each["volume"]) for each in step.body["migrateto"]]
    return [str(step.body["volumeid"])] if step.call == "migrateVolume" else []


def _row(row: Raw, job: Job) -> report.Row:
    result = report.WAITING
    if job.state == DONE:
        result = report.EXPUNGED if contents.is_going(row) else report.MOVED
    failure = job.failure.result() if job.failure and job.state != DONE else None
    if job.state == FAILED or failure:
        result = report.FAILED
    return dict(
        _named(row),
        result=result,
        msg=failure["msg"] if failure else None,
        kind=failure["error"]["kind"] if failure else None,
    )


def _of_system(row: Raw) -> report.Row:
    return dict(
        _named(row),
        result=report.FAILED,
        msg="It is that of a system VM, which CloudStack makes anew on another pool: destroy that VM in CloudStack.",
        kind=NotAllowed.kind,
    )


def _named(row: Raw) -> report.Row:
    return {
        "id": row["id"],
        "name": row["name"],
        "type": row.get("type"),
        "vm": row.get("vmdisplayname") or row.get("vmname"),
    }
