# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a bulk task, and which has to wait for which.

Templates come before what is made with them, volumes before their snapshots, those before the volumes made from them, all of it before attachments.
What is removed comes last, templates at the very end; but before what takes over its name.
"""

from __future__ import annotations

import functools
import typing as t

from ..._common.errors import InvalidOption, NotAllowed
from ..._common.given import located
from ..._common.many import Job
from ..._common.plan import Plan, Step
from ..._common.words import sentence
from ..cluster.hosts import Hosts
from ..cluster.reader import Raw, Reader, keys_of
from ..connection import config
from ..objects import attach, attach_want, guard
from ..objects import identity as objects
from .items import Item, items, refuse
from .kinds import ATTACHMENTS, KINDS, SET_TAGS, SNAPSHOTS, TEMPLATES, Kind, Names, Reference

#: Which object an entry has found: (kind, global id) -> entry.
Claims = t.Dict[t.Tuple[str, str], "Entry"]


class Common(t.NamedTuple):
    """What all entries of a task share. ``in_full`` is whether objects before and after are to be shown, and not only that there is one and its name."""

    claims: Claims
    set_name: t.Optional[str]
    in_full: bool = True


class Entry:
    """One object of the task, with the job that brings it about. ``where`` is the item, such as "volumes[3]", or ``None`` for what is pruned.

    There can be a hundred thousand, so what can be made again is not kept.
    """

    __slots__ = ("_common", "job", "kind", "present", "wanted", "where")

    def __init__(self, kind: Kind, where: t.Optional[str], wanted: t.Any, present: bool) -> None:
        self.kind = kind
        self.where = where
        self.wanted = wanted
        self.present = present
        self.job = Job(_label(kind, wanted))

    def __repr__(self) -> str:
        return f"<Entry {self.where}: {self.job!r}>"

    @property
    def names(self) -> Names:
        """What it is called, and what it is made of."""
        return self.kind.names(self.wanted)

    def equip(self, common: Common) -> None:
        """Give the job what it takes: the functions of the kind's own module, and a guard around each."""
        self._common = common
        self.job.look, self.job.plan, self.job.imagine = self._look, self._plan, self.kind.managed.imagine

    def _look(self, reader: Reader) -> t.Any:
        current = self.kind.managed.look(reader, self.wanted)
        for raw in self.kind.found(current):
            first = self._common.claims.setdefault((self.kind.option, str(raw["globalId"])), self)
            if first is not self:
                raise InvalidOption(
                    f"{self.where}: this is the same {_noun(self.kind)} as {first.where}, {objects.label(_noun(self.kind), raw)}. One item for each is enough."
                )
        return current

    def _plan(self, current: t.Any) -> Plan:
        if self._common.set_name and self.present:
            for raw in self.kind.found(current):
                _refuse_foreign(self.kind, raw, self._common.set_name)
        todo = self.kind.managed.plan(current, self.wanted)
        if self._common.in_full:
            return todo
        before = self._in_brief(todo.before)
        return todo._replace(before=before, after=before if todo.after is todo.before else self._in_brief(todo.after))

    def _in_brief(self, side: t.Any) -> t.Any:
        """One side of a plan with no more than its name, and not even that if it is the one that it is to have."""
        if not isinstance(side, dict) or "snapshots" in side:
            return side
        own = self.names.own
        return _NAMED if own and side.get("name") == own[0][1] else {"name": side.get("name")}


#: What has the name that its entry says.
_NAMED: t.Dict[str, t.Any] = {}


class Pruned(Entry):
    """What is to be removed because it belongs to the set and is in no list any more. It is left alone if it no longer belongs to the set by then."""

    __slots__ = ("_keys",)

    def __init__(self, kind: Kind, raw: Raw, wanted: t.Any) -> None:
        super().__init__(kind, None, wanted, present=False)
        self._keys = tuple((kind.what, key) for key in keys_of(raw))
        self.job.label = objects.label(kind.what, raw)

    @property
    def names(self) -> Names:
        """All that it can be referred to by."""
        return Names(self._keys, (), ())

    def _plan(self, current: t.Any) -> Plan:
        tag = SET_TAGS[self.kind.what]
        mine = all((each.get("tags") or {}).get(tag) == self._common.set_name for each in self.kind.found(current))
        return self.kind.managed.plan(current, self.wanted) if mine else Plan((), None, None)


def entries(params: t.Mapping[str, t.Any], common: Common) -> t.List[Entry]:
    """The objects that the lists of the task describe, linked. Raises :class:`InvalidOption` with all that is wrong with the task itself."""
    found: t.List[Entry] = []
    wrong: t.List[str] = []
    known: t.Dict[t.Any, t.Any] = {}
    for kind in KINDS:
        want = _want(kind)
        for_all = guard.allowing(params["allow_foreign"], kind.spec["argument_spec"])
        wanted = []
        for item in items(kind.option, params[kind.option], kind.spec):
            try:
                _refuse_tag_of_set(item, kind, params["set"])
                wanted.append((item, _sharing(want(dict(item.params, **for_all) if for_all else item.params), known)))
            except InvalidOption as failure:
                wrong.append(located(item.where, failure.message, item.params))
        if kind is ATTACHMENTS:
            found += _attachments(wanted, wrong)
        else:
            found += [Entry(kind, item.where, each, each.present) for item, each in wanted]
    refuse(wrong)
    for entry in found:
        _mark(entry, params["set"])
        entry.equip(common)
    _share_calls(found)
    _refuse_contradictions(found)
    link(found)
    return found


def pruned(raw: Raw, kind: Kind, options: t.Mapping[str, t.Any], common: Common) -> Entry:
    """The entry of what the set no longer lists; ``options`` are those of the kind's own module that say how it may be deleted."""
    spec = kind.spec["argument_spec"]
    params = {option: rule.get("default") for option, rule in spec.items()}
    params.update(options, state="absent", global_id=raw["globalId"])
    entry = Pruned(kind, raw, kind.managed.want(params))
    entry.equip(common)
    return entry


def link(every: t.Sequence[Entry]) -> None:
    """Say of each entry which others it needs and waits for."""
    named = [(entry, entry.names) for entry in every]
    makers = {name: entry for entry, names in named if entry.present for name in names.own}
    freed = {_space(name): entry for entry, names in named for name in (names.old if entry.present else names.own)}
    users: t.Dict[Reference, t.List[Entry]] = {}
    for entry, names in named:
        for name in names.uses:
            users.setdefault(name, []).append(entry)
    made, removed = Job("what is created or changed"), Job("what is removed")
    all_made: t.List[Job] = []
    all_removed: t.List[Job] = []
    for entry, names in named:
        before = [makers.get(name) for name in names.uses]
        if entry.present:
            before += [freed.get(_space(name)) for name in names.own]
        entry.job.needs = _jobs(entry, before)
        entry.job.after = ()
    in_the_way = {id(job) for entry in every for job in entry.job.needs}
    for entry, names in named:
        if entry.present or entry.kind is ATTACHMENTS:
            all_made.append(entry.job)
            continue
        own = [user for name in names.own for user in users.get(name, ())]
        entry.job.needs = (*entry.job.needs, *_jobs(entry, [user for user in own if user.kind is not ATTACHMENTS]))
        entry.job.after = _jobs(entry, [user for user in own if user.kind is ATTACHMENTS])
        if id(entry.job) not in in_the_way:
            entry.job.after += (made,)
        if entry.kind is TEMPLATES:
            entry.job.after += (removed,)
        else:
            all_removed.append(entry.job)
    made.after, removed.after = all_made, all_removed


def _jobs(entry: Entry, others: t.Iterable[t.Optional[Entry]]) -> t.Tuple[Job, ...]:
    return tuple(other.job for other in others if other is not None and other is not entry)


def _space(name: Reference) -> Reference:
    """Volumes and snapshots share their names."""
    what, text = name
    return ("template" if what == "template" else "object", text)


def _label(kind: Kind, wanted: t.Any) -> str:
    if kind is ATTACHMENTS:
        return f"attachments of {wanted.items[0]}"
    if kind is SNAPSHOTS and wanted.group:
        return f"snapshots of a group, {wanted.items[0].which} and others"
    return str(wanted.items[0].which if kind is SNAPSHOTS else wanted.which)


def _want(kind: Kind) -> t.Callable[[t.Mapping[str, t.Any]], t.Any]:
    """The desired object of an item. For attachments, StorPool's configuration files are read once, not for each of them."""
    if kind is not ATTACHMENTS:
        return kind.managed.want
    files, hosts = functools.lru_cache(maxsize=None)(config.read_files), Hosts()
    return lambda params: attach_want.want(dict(params, attachments=None), files, hosts)


def _sharing(wanted: t.Any, known: t.Dict[t.Any, t.Any]) -> t.Any:
    """A desired object whose tags, if another has the same, are the same object as those."""
    tags = getattr(wanted, "tags", None)
    return wanted._replace(tags=known.setdefault(tuple(tags.items()), tags)) if tags else wanted


def _attachments(wanted: t.Sequence[t.Tuple[Item, attach_want.Want]], wrong: t.List[str]) -> t.List[Entry]:
    """One entry for all that the items say of one volume or snapshot, as one plan has to see all of it."""
    together: t.Dict[Reference, t.Tuple[Item, attach_want.Want]] = {}
    for item, each in wanted:
        reference = (each.items[0].what, each.items[0].reference)
        first, others = together.setdefault(reference, (item, each._replace(items=())))
        if _manner(each) != _manner(others):
            wrong.append(
                f"{item.where}: {each.items[0]} is in {first.where}, too, with another force, attach_timeout or allow_foreign. They have to be the same."
            )
        waits = [wait for wait in (others.wait_timeout, each.wait_timeout) if wait is not None]
        both = each._replace(
            items=others.items + each.items, here=others.here or each.here, wait_timeout=max(waits) if waits else None
        )
        together[reference] = (first, both)
    return [
        Entry(ATTACHMENTS, item.where, each, any(one.present for one in each.items)) for item, each in together.values()
    ]


def _refuse_tag_of_set(item: Item, kind: Kind, set_name: t.Optional[str]) -> None:
    tag = SET_TAGS.get(kind.what)
    if set_name and tag and (item.params["tags"] or {}).get(tag, set_name) != set_name:
        raise InvalidOption(f"the tag {tag} is the one by which the set knows what is its own. Leave it out of tags.")


def _mark(entry: Entry, set_name: t.Optional[str]) -> None:
    """Give a desired volume or snapshot the tag of the set."""
    tag = SET_TAGS.get(entry.kind.what)
    if set_name and tag and entry.kind.tagged and entry.present:
        entry.wanted = entry.kind.tagged(entry.wanted, {tag: set_name})


def _noun(kind: Kind) -> str:
    return "object" if kind is ATTACHMENTS else kind.what


def _share_calls(every: t.Iterable[Entry]) -> None:
    """Let attachments that are to be made in the same way share calls."""
    wanted = {entry.job: entry.wanted for entry in every if entry.kind is ATTACHMENTS}
    companies: t.Dict[t.Any, t.Callable[[t.Sequence[Job]], Step]] = {}

    def one_step(jobs: t.Sequence[Job]) -> Step:
        found, rights, clients = {}, {}, {}  # type: t.Dict[t.Any, t.Any], t.Dict[str, t.Any], t.Dict[int, Raw]
        for job in jobs:
            found.update(job.current.found)
            rights.update(job.current.attachments)
            clients.update(job.current.clients)
        all_items = tuple(item for job in jobs for item in wanted[job].items)
        current = attach.Current(found, attachments=rights, clients=clients)
        [step] = attach.plan(current, wanted[jobs[0]]._replace(items=all_items)).steps
        return step

    for job, want in wanted.items():
        job.company = companies.setdefault(_manner(want), functools.partial(one_step))


def _manner(wanted: attach_want.Want) -> t.Tuple[bool, int, bool]:
    """What has to be the same of attachments in one call."""
    return wanted.force, wanted.attach_timeout, wanted.allow_foreign


def _refuse_foreign(kind: Kind, raw: Raw, set_name: str) -> None:
    """What belongs to another set is not taken from it: that one would prune it, or take it back."""
    tag = SET_TAGS.get(kind.what)
    other = (raw.get("tags") or {}).get(tag) if tag else None
    if other not in (None, "", set_name):
        raise NotAllowed(
            f"{sentence(objects.label(kind.what, raw))} belongs to the set {other!r}: its tag {tag} says so. Take it out of that set's lists and remove the "
            "tag (storpool_volume or storpool_snapshot, tags with an empty value), or leave it out here."
        )


def _twice(entry: Entry, other: Entry, name: Reference) -> str:
    if entry.where == other.where:
        return f"{entry.where}: it has a range, but not in the name, so it would be {name[0]} {name[1]!r} many times"
    return f"{entry.where}: this is the same {name[0]} as {other.where}, {name[1]!r}. One item for each is enough"


def _refuse_contradictions(every: t.Sequence[Entry]) -> None:
    """No two items may mean the same by the same name, and what is attached must not be removed."""
    wrong: t.List[str] = []
    first: t.Dict[Reference, Entry] = {}
    for entry in every:
        for name in entry.names.own:
            other = first.setdefault(name, entry)
            if other is not entry:
                wrong.append(_twice(entry, other, name))
        if entry.kind is ATTACHMENTS and entry.present:
            holder = first.get(entry.names.uses[0])
            if holder and not holder.present:
                wrong.append(f"{entry.where}: this attaches {entry.wanted.items[0]}, which {holder.where} removes")
    refuse(wrong)
