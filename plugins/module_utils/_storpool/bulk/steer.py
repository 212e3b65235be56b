# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many objects in one task: the plans of the single modules, made from one read of each list, and carried out over several connections."""

from __future__ import annotations

import time
import typing as t

from ..._common.crew import Apply, Crew
from ..._common.errors import Failure, InvalidOption, NotAllowed, NotConverged
from ..._common.foreseen import Notes
from ..._common.given import refuse_empty
from ..._common.many import DONE, FAILED, NOT_TRIED, Job, converge_all, foresee
from ..._common.plan import backoff
from ..._common.words import in_order, listing, sentence
from ..cluster import names, this_client
from ..cluster.predicted import Predicted
from ..cluster.reader import Lists, Raw, Reader, keys_of
from ..connection.api import Api
from ..objects import detach, guard
from ..objects import identity as objects
from .jobs import Common, Entry, entries, link, pruned
from .kinds import ATTACHMENTS, KINDS, SET_TAGS, SNAPSHOTS, VOLUMES, Kind, meant
from .show import Row, word

MOST_CONNECTIONS = 64
#: How many objects ``prune`` may delete if the task does not say; and never more than the lists keep.
MOST_PRUNED = 10

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        {kind.option: {"type": "list", "elements": "dict"} for kind in KINDS},
        set={"type": "str"},
        prune={"type": "bool", "default": False},
        prune_max={"type": "int"},
        prune_on_attached=detach.OPTION,
        concurrency={"type": "int", "default": 8},
        progress={"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
        return_objects={"type": "bool", "default": False},
        **guard.OPTION,
        _slice={"type": "dict"},
    ),
    "required_one_of": [[*[kind.option for kind in KINDS], "set"]],
    "required_if": [["prune", True, ["set"]]],
    "plain_names": {"templates": "name", "volumes": "name", "snapshots": "name"},
}


class Slice(t.NamedTuple):
    """A part of a task: no object is begun later than ``seconds`` after the first was. ``failed`` are those not to be tried again: kind, item, object."""

    seconds: float = float("inf")
    failed: t.FrozenSet[t.Tuple[str, ...]] = frozenset()


WHOLE = Slice()


def run(
    api: Api,
    connect: t.Callable[[], Apply],
    retries: int,
    params: t.Mapping[str, t.Any],
    check_mode: bool = False,
    part: Slice = WHOLE,
    notes: t.Optional[Notes] = None,
    clock: t.Callable[[], float] = time.monotonic,
    sleep: t.Callable[[float], None] = time.sleep,
    in_full: bool = True,
) -> t.Tuple[t.List[Row], t.List[str]]:
    """Bring all that the task describes about, or in check mode foresee it: a row for each object, and warnings.

    ``api`` reads; ``connect`` opens one more connection, and returns the function that applies a step over it. ``notes`` are what earlier tasks have
    foreseen, and get what this one does. Unless the rows are to be ``in_full``, their objects before and after are no more than a sign that there is one,
    which spares much memory.

    Raises :class:`Failure` for what is wrong with the task as a whole, or with the API before anything was changed.
    """
    _check(params)
    common = Common({}, params["set"], in_full or check_mode)
    every = entries(params, common)
    predicted = Predicted(Lists(api), notes) if check_mode else None
    readers: t.List[Reader] = [t.cast(Reader, predicted) if predicted else Lists(api)]
    if params["prune"]:
        every += _prune(every, readers[0], params, common)
        link(every)
    jobs = [entry.job for entry in every]
    for entry in every:
        if _key(entry) in part.failed:
            entry.job.fail(Failure("it failed before"))
    if predicted:
        foresee(jobs, predicted)
        taken_of = {name for entry in every if entry.kind is SNAPSHOTS for name in entry.names.uses}
        _refresh((entry for entry in every if taken_of.intersection(entry.names.own)), readers[0])
        predicted.remember()
    else:
        fresh = iter(readers[:])

        def read() -> Reader:
            readers[:] = [next(fresh, None) or Lists(api)]
            return readers[0]

        crew = Crew(connect, params["concurrency"])
        converge_all(jobs, read, crew, backoff(retries), part.seconds, clock, sleep)
        _refresh(every, readers[0])
        _settle(every)
    warnings = [loss for job in jobs if job.outcome for loss in job.outcome.losses]
    # The lists go, and the jobs one by one as the rows come.
    for job in jobs:
        job.reader = None
    del jobs
    readers.clear()
    common.claims.clear()
    every.reverse()
    return [_row(number, every.pop()) for number in range(len(every))], warnings


def _check(params: t.Mapping[str, t.Any]) -> None:
    if not 1 <= params["concurrency"] <= MOST_CONNECTIONS:
        raise InvalidOption(
            "concurrency: it is {0}. Give a number of connections from 1 to {1}.".format(
                params["concurrency"], MOST_CONNECTIONS
            )
        )
    if params["prune_max"] is not None and params["prune_max"] < 0:
        raise InvalidOption("prune_max: it is {0}. Give a number of objects, at least 0.".format(params["prune_max"]))
    if params["prune"] and not _prunable(params):
        raise InvalidOption(
            "prune: neither volumes nor snapshots is given, so nothing says what of the set {0!r} shall stay. Only kinds whose list is given are pruned; an "
            "empty list stands for none of that kind.".format(params["set"])
        )
    if params["set"] is not None:
        refuse_empty(params["set"], "set")
        names.tags({"set": params["set"]}, "set")


def _prunable(params: t.Mapping[str, t.Any]) -> t.List[Kind]:
    """The kinds that can be pruned and whose list is given. An empty list is one; a missing list says nothing of what shall stay."""
    return [kind for kind in (VOLUMES, SNAPSHOTS) if params[kind.option] is not None]


def _prune(every: t.Sequence[Entry], reader: Reader, params: t.Mapping[str, t.Any], common: Common) -> t.List[Entry]:
    """What belongs to the set and is not in the list of its kind. Raises :class:`NotAllowed` if it is more than the task allows, or if something is to be
    attached."""
    kept = {
        raw["globalId"]
        for entry in every
        if entry.kind.which
        for which in entry.kind.which(entry.wanted)
        for raw in meant(which, reader)
    }
    kinds = _prunable(params)
    gone: t.List[t.Tuple[Kind, Raw]] = []
    for kind in kinds:
        tagged = reader.volumes_with if kind is VOLUMES else reader.snapshots_with
        own = sorted(
            tagged({SET_TAGS[kind.what]: params["set"]}), key=lambda raw: (in_order(str(raw["name"])), raw["globalId"])
        )
        gone += [(kind, raw) for raw in own if raw["globalId"] not in kept and not raw.get("transient")]
    labels = {key: objects.label(kind.what, raw) for kind, raw in gone for key in _references(kind, raw)}
    _refuse_too_many(list(dict.fromkeys(labels.values())), _listed(every, kinds), params)
    for entry in every:
        if entry.kind is ATTACHMENTS and entry.present and entry.names.uses[0] in labels:
            raise InvalidOption(
                f"{entry.where}: this attaches {labels[entry.names.uses[0]]}, which is in no list of the set, so prune would delete it. Put it into its list, "
                "or leave it unattached."
            )
    options = {"on_attached": params["prune_on_attached"], "allow_foreign": params["allow_foreign"]}
    return [pruned(raw, kind, options, common) for kind, raw in gone]


def _listed(every: t.Iterable[Entry], kinds: t.Sequence[Kind]) -> int:
    """How many objects the lists of these kinds keep. It is the same at the end of a task as at its beginning."""
    listed = (entry for entry in every if entry.present and entry.kind in kinds and entry.kind.which)
    return sum(len(t.cast(t.Any, entry.kind.which)(entry.wanted)) for entry in listed)


def _refuse_too_many(gone: t.Sequence[str], listed: int, params: t.Mapping[str, t.Any]) -> None:
    """Raise :class:`NotAllowed` if more would be pruned than the task allows, or if it does not say, than a list that was lost somewhere would leave."""
    given = params["prune_max"]
    most = min(MOST_PRUNED, listed) if given is None else given
    if len(gone) <= most:
        return
    if given is not None:
        limit = f"prune_max, which is {given}"
    elif listed < MOST_PRUNED:
        limit = f"the lists keep ({listed}), which is as many as may go without prune_max"
    else:
        limit = f"the {MOST_PRUNED} that may go without prune_max"
    raise NotAllowed(
        "The set {0!r} has {1} {2} in no list: {3}. That is more than {4}, so nothing was done. If {5} shall be deleted, set prune_max to {6}.".format(
            params["set"],
            f"{len(gone):,}",
            "object that is" if len(gone) == 1 else "objects that are",
            listing(gone),
            limit,
            "it" if len(gone) == 1 else "all of them",
            len(gone),
        )
    )


def _references(kind: Kind, raw: Raw) -> t.Tuple[t.Tuple[str, str], ...]:
    return tuple((kind.what, key) for key in keys_of(raw))


def _refresh(every: t.Iterable[Entry], reader: Reader) -> None:
    """Show what was done early as it is now: a snapshot taken of a volume later on becomes the parent of it."""
    for entry in every:
        job = entry.job
        if job.state == DONE and job.outcome and (job.reader is not reader or reader.foresees):
            try:
                job.look_and_plan(reader)
            except Failure:
                continue  # it was done well; something else has changed or removed it since
            job.outcome = job.outcome._replace(after=job.todo.before if entry.present else job.outcome.after)
            job.forget()


def _settle(every: t.Iterable[Entry]) -> None:
    """Wait until this machine has the devices that it shall have: all of them at once, since one that does not come would hold up the rest."""
    waiting = [entry for entry in every if entry.kind is ATTACHMENTS and entry.job.state == DONE]
    links: t.Dict[int, t.List[t.Tuple[Job, t.List[str]]]] = {}
    for entry in waiting:
        seconds = entry.wanted.wait_timeout
        if seconds is not None and entry.wanted.here is not None:
            links.setdefault(seconds, []).append((entry.job, entry.wanted.links(_after(entry.job))))
    for seconds, some in sorted(links.items()):
        try:
            this_client.wait_for_links([link for _job, own in some for link in own], seconds)
        except NotConverged:
            for job, own in some:
                missing = this_client.missing_links(own)
                if missing:
                    job.fail(this_client.did_not_appear(missing, seconds))


def _after(job: Job) -> t.Any:
    return job.outcome.after if job.outcome else None


def _key(entry: Entry) -> t.Tuple[str, ...]:
    return entry.kind.what, str(entry.where), entry.job.label


def _row(number: int, entry: Entry) -> Row:
    job, outcome = entry.job, entry.job.outcome
    actions = list(outcome.actions) if outcome else [step.action for step in job.course.done]
    changed = outcome.changed if outcome else any(step.method != "GET" for step in job.course.done)
    before, after = (outcome.before, outcome.after) if outcome else (None, None)
    row = {
        "number": number,
        "kind": entry.kind.what,
        "object": job.label,
        "name": _name(entry, before if after is None else after),
        "item": entry.where,
        "result": word(before, after, changed),
        "actions": actions,
        "msg": None,
        "error": None,
        "call": None,
        "changed": changed,
        "before": before,
        "after": after,
    }
    if job.state != DONE:
        seen = outcome or job.course.first
        row.update(result=job.state.replace(" ", "_"), before=seen.before if seen else None, after=None)
    if job.state == NOT_TRIED:
        row["msg"] = sentence(_why_not(job))
    if job.state == FAILED and job.failure:
        told = job.failure.result()
        row.update(msg=told["msg"], error=told["error"], call=told.get("call"))
    return row


def _why_not(job: Job) -> str:
    if job.culprit:
        return f"{job.label} was not tried, because it depends on {job.culprit.label}, which failed."
    return f"{job.label} was not tried: {job.failure}"


def _name(entry: Entry, shown: t.Any) -> t.Optional[str]:
    if isinstance(shown, dict) and shown.get("name"):
        return str(shown["name"])
    own = entry.names.uses[:1] if entry.kind is ATTACHMENTS else entry.names.own
    return own[0][1] if own else None
