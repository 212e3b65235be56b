# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attachments: what there is, and the plan to what is wanted, in one call however many objects."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NotAllowed, NotFound
from ..._common.plan import Managed, Plan, Step
from ..._common.words import there_are
from ..cluster import results, this_client
from ..cluster.predicted import Predicted
from ..cluster.reader import Raw, Reader, keys_of, owner_of
from . import guard, named
from . import identity as objects
from .attach_want import SPEC, Item, Want, want

#: From this many volumes (or snapshots) on, one list call is cheaper than a call for each.
MANY = 4
#: Of how many objects a step speaks by name.
MOST_WORDS = 10

Reference = t.Tuple[str, str]
Rights = t.Dict[int, str]


class Current(t.NamedTuple):
    """What a plan has to know. ``found`` is keyed by kind and reference, with ``None`` for what is not there; ``namesakes`` are those names of missing
    objects that the other kind has, ``there`` what there is in place of others. ``attachments`` are the rights of each client, keyed by ``~globalId``.
    ``clients`` (id -> ClientsConfigDump entry) are read only if something is to be attached.
    """

    found: t.Dict[Reference, t.Optional[Raw]]
    namesakes: t.FrozenSet[str] = frozenset()
    there: t.Mapping[str, str] = {}
    attachments: t.Mapping[str, Rights] = {}
    clients: t.Mapping[int, Raw] = {}


class Target(t.NamedTuple):
    """One object with the rights that clients have and shall have. ``everywhere``: the task means whoever else has it by then, too."""

    what: str
    raw: Raw
    has: Rights
    shall: Rights
    everywhere: bool

    @property
    def label(self) -> str:
        return objects.label(self.what, self.raw)

    @property
    def added(self) -> t.List[int]:
        """The clients that do not have the object, or not with the rights that they shall have."""
        return sorted(client for client, rights in self.shall.items() if self.has.get(client) != rights)

    @property
    def lowered(self) -> t.List[int]:
        """Those of them that may write now and shall not."""
        return [client for client in self.added if self.has.get(client) == "rw"]

    @property
    def removed(self) -> t.List[int]:
        """The clients that have the object and shall not."""
        return sorted(set(self.has) - set(self.shall))

    def item(self, **fields: t.Any) -> t.Dict[str, t.Any]:
        """A reassign item of this object."""
        return dict({self.what: objects.reference(self.raw)}, **fields)


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs: the objects, their attachments, and the clients if something has to be attached."""
    found = _find(reader, wanted.items)
    things = [raw for raw in found.values() if raw]
    missing = list(_missing(found, wanted))
    namesakes = frozenset(item.reference for item in missing if _is_of_other_kind(reader, item))
    current = Current(
        found,
        namesakes=namesakes,
        there={
            item.reference: named.instead(reader, item.what, item.reference) for item in missing[:1] if not namesakes
        },
        attachments=_attachments(reader, things) if things else {},
    )
    if any(target.added for target in _targets(current, wanted)):
        return current._replace(clients=reader.clients())
    return current


def plan(current: Current, wanted: Want) -> Plan:
    """The call that attaches and detaches all that is needed; before it another one, where a client shall no longer write.

    Whether a server takes the right to write from a client that is sent ``ro`` is not known; detaching first does it on every server, and refuses to
    while a program has the device open.

    Raises :class:`NotFound` for objects and clients that are not there, :class:`NotAllowed` for a snapshot that StorPool keeps for itself, and
    :class:`InvalidOption` where items that mean the same object contradict each other.
    """
    for item in _missing(current.found, wanted):
        other = "snapshot" if item.what == "volume" else "volume"
        hint = f" It is the name of a {other}: use the option {other}." if item.reference in current.namesakes else ""
        there = hint or current.there.get(item.reference, "")
        raise NotFound(f"{item} cannot be attached, because there is no such {item.what}.{there}")
    targets = _targets(current, wanted)
    things = [guard.Thing(target.what, target.raw) for target in targets]
    return guard.guarded(lambda: _plan(targets, current, wanted), things, wanted.allow_foreign)


def _plan(targets: t.Sequence[Target], current: Current, wanted: Want) -> Plan:
    _check_clients(targets, current)
    steps = []
    lowered = [target for target in targets if target.lowered]
    if lowered:
        items = [target.item(detach=target.lowered, **_force(wanted)) for target in lowered]
        words = [
            f"detach {target.label} from {objects.client_list(target.lowered)}, which shall only read it"
            for target in lowered
        ]
        steps.append(_step(items, words, wanted, targets, current))
    changed = [target for target in targets if target.added or target.removed]
    if changed:
        steps.append(
            _step(
                [_item(target, wanted) for target in changed],
                [_words(target) for target in changed],
                wanted,
                targets,
                current,
            )
        )
    return Plan(tuple(steps), _results(targets, "has"), _results(targets, "shall"))


def settle(wanted: Want, attachments: t.Sequence[t.Mapping[str, t.Any]]) -> None:
    """Wait for the device links if this machine is one of the clients. Raises :class:`NotConverged` if they do not come."""
    if wanted.wait_timeout is not None and wanted.here is not None:
        this_client.wait_for_links(wanted.links(attachments), wanted.wait_timeout)


def _find(reader: Reader, items: t.Sequence[Item]) -> t.Dict[Reference, t.Optional[Raw]]:
    """The objects that items name: one call for each, or one list call where they are many."""
    found: t.Dict[Reference, t.Optional[Raw]] = {}
    kinds: t.Tuple[t.Tuple[str, t.Any, t.Any], ...] = (
        ("volume", reader.volume, reader.volumes),
        ("snapshot", reader.snapshot, reader.snapshots),
    )
    for what, one, every in kinds:
        references = {item.reference for item in items if item.what == what}
        many = len(references) >= MANY
        known = {key: raw for raw in every() for key in keys_of(raw)} if many else {}
        for reference in sorted(references):
            found[what, reference] = known.get(reference) if many else one(reference)
    return found


def _attachments(reader: Reader, things: t.Sequence[Raw]) -> t.Dict[str, Rights]:
    """The rights that clients have to each of these objects, by ``~globalId``, whatever the server lists of it: either id, or only a name."""
    by_key = {key: objects.reference(raw) for raw in things for key in keys_of(raw)}
    found: t.Dict[str, Rights] = {reference: {} for reference in by_key.values()}
    for row in reader.attachments_of_any(things):
        owner = by_key.get(owner_of(row))
        if owner is not None:
            found[owner][int(row["client"])] = str(row["rights"])
    return found


def _missing(found: t.Mapping[Reference, t.Optional[Raw]], wanted: Want) -> t.List[Item]:
    """The items that want to attach something that is not there."""
    return [item for item in wanted.items if item.present and found[item.what, item.reference] is None]


def _is_of_other_kind(reader: Reader, item: Item) -> bool:
    """Whether the name that the task uses for a volume is that of a snapshot, or the other way round."""
    if any(mark in item.reference for mark in "#@*"):
        return False  # legal in names of one kind only
    return (reader.snapshot if item.what == "volume" else reader.volume)(item.reference) is not None


def _targets(current: Current, wanted: Want) -> t.List[Target]:
    """The objects that are there, each once, in the order of the task, with what all its items say of them."""
    meant: t.Dict[str, t.Tuple[Raw, t.List[Item]]] = {}
    for item in wanted.items:
        raw = current.found[item.what, item.reference]
        if raw:
            meant.setdefault(objects.reference(raw), (raw, []))[1].append(item)
    return [_target(raw, items, current.attachments.get(key, {})) for key, (raw, items) in meant.items()]


def _target(raw: Raw, items: t.Sequence[Item], has: Rights) -> Target:
    what = items[0].what
    named: Rights = {}
    for item, client in [(each, client) for each in items if each.present for client in each.clients or ()]:
        rights = item.rights or named.get(client) or has.get(client) or ("ro" if what == "snapshot" else "rw")
        if named.setdefault(client, rights) != rights:
            raise InvalidOption(
                f"{objects.label(what, raw)} shall be attached to client {client} both rw and ro: name each client once."
            )
    everyone = any(item.clients is None for item in items)
    gone = {client for item in items if not item.present for client in item.clients or has}
    if named and (everyone or gone & set(named)):
        off = "all clients" if everyone else objects.client_list(sorted(gone & set(named)))
        raise InvalidOption(
            f"{objects.label(what, raw)} shall be attached to {objects.client_list(sorted(named))} and detached from {off} in the same task. Name each client "
            "once, or use exclusive to detach it from all other clients."
        )
    exclusive = any(item.exclusive for item in items)
    kept = {client: rights for client, rights in has.items() if not exclusive and client not in gone}
    kept.update(named)
    return Target(what, raw, has, kept, exclusive or everyone)


def _check_clients(targets: t.Iterable[Target], current: Current) -> None:
    for target in targets:
        unknown = [client for client in target.added if client not in current.clients]
        if unknown:
            raise NotFound(
                f"{target.label} cannot be attached to {objects.client_list(unknown)}, because the cluster knows no such client. "
                + there_are("StorPool", current.clients, unknown[0])
            )
        if target.added and target.raw.get("transient"):
            raise NotAllowed(
                f"{target.label} is transient: StorPool made it for itself and will remove it, so it cannot be attached. Take a snapshot of your own."
            )


def _item(target: Target, wanted: Want) -> t.Dict[str, t.Any]:
    """The reassign item that brings a target where it shall be.

    ``detach: all`` is for those who come to have it while the task runs. It is not sent where a client keeps the object: whether that counts as
    detaching it there while it is open is known of no server, and StorPool's own tools send it only with ``force``.
    """
    fields: t.Dict[str, t.Any] = {}
    if target.removed:
        keeps = set(target.has) & set(target.shall)
        fields = dict(_force(wanted), detach="all" if target.everywhere and not keeps else target.removed)
    for rights in ("rw", "ro"):
        clients = [client for client in target.added if target.shall[client] == rights]
        if clients:
            fields[rights] = clients
    return target.item(**fields)


def _force(wanted: Want) -> t.Dict[str, bool]:
    return {"force": True} if wanted.force else {}


def _step(
    items: t.List[t.Any], words: t.Sequence[str], wanted: Want, targets: t.Iterable[Target], current: Current
) -> Step:
    return Step(
        "VolumesReassignWait",
        None,
        {"reassign": items, "attachTimeout": wanted.attach_timeout},
        _in_words(words),
        timeout=wanted.attach_timeout or None,
        advice=_advice(wanted, targets, current),
    )


def _advice(wanted: Want, targets: t.Iterable[Target], current: Current) -> t.Tuple[t.Tuple[str, str], ...]:
    """What to do about refusals: devices that are open (error ``busy``, of older servers ``invalidParam``), clients that are gone, clients that are down."""
    in_use = "Stop what uses it there first."
    if not wanted.force:
        in_use = "Stop what uses it there, or set force to take it away all the same; the programs that use it then see I/O errors."
    advice = [
        ("is open at", in_use),
        ("busy", in_use),
        ("No such client", "storpool_cluster_info shows the clients that the cluster knows."),
    ]
    added = {client for target in targets for client in target.added}
    down = sorted(client for client in added if current.clients[client].get("configStatus") == "down")
    if down and wanted.attach_timeout:
        verb, them = ("is", "it") if len(down) == 1 else ("are", "them")
        advice.append(
            (
                "",
                f"{objects.client_list(down).capitalize()} {verb} down: start StorPool there, or set attach_timeout to 0 to attach without waiting for {them}.",
            )
        )
    return tuple(advice)


def _in_words(parts: t.Sequence[str]) -> str:
    """The parts, with how many more there are after the first few."""
    more = len(parts) - MOST_WORDS
    return "; ".join([*parts[:MOST_WORDS], f"and so on for {more} more"] if more > 0 else parts)


def _words(target: Target) -> str:
    words: t.List[str] = []
    for rights in ("rw", "ro"):
        clients = [client for client in target.added if target.shall[client] == rights]
        if clients:
            words.append(f"attach {'it' if words else target.label} to {objects.client_list(clients)} ({rights})")
    if target.removed:
        words.append(f"detach {'it' if words else target.label} from {objects.client_list(target.removed)}")
    return " and ".join(words)


def _results(targets: t.Iterable[Target], which: str) -> t.List[t.Dict[str, t.Any]]:
    return [
        results.attachment(
            dict(
                target.raw, volume=target.raw["name"], snapshot=target.what == "snapshot", client=client, rights=rights
            )
        )
        for target in targets
        for client, rights in sorted(getattr(target, which).items())
    ]


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """Each object with all the attachments that it would have."""
    for kind in ("volume", "snapshot"):
        things = [raw for (what, _reference), raw in current.found.items() if what == kind and raw]
        reader.attach(kind, things, [row for row in todo.after if row["snapshot"] == (kind == "snapshot")])


ATTACHMENTS = Managed("attachments", SPEC, want, look, plan, settle, imagine=imagine)
