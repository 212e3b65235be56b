# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster as it would be: what is read, with what plans would have changed. For check mode, where one plan builds on another.

The plans may be those of one task or of several: what a task foresees is noted, and the next one begins with that.
"""

from __future__ import annotations

import typing as t

from ..._common.foreseen import Notes, Predicting, is_made_up, made_up
from . import results
from .names import UNLIMITED
from .reader import Raw, Reader, has_tags, keys_of, names_of, owner_of

Result = t.Mapping[str, t.Any]

#: Key of the objects that modules return -> StorPool's field. What :mod:`results` makes of fields, the other way round.
_FIELDS = {
    "size": "size",
    "parent": "parentName",
    "template": "templateName",
    "tags": "tags",
    "replication": "replication",
    "place_all": "placeAll",
    "place_tail": "placeTail",
    "place_head": "placeHead",
    "reuse_server": "reuseServer",
    "limit_type": "limitType",
    "volume": "onVolume",
    "auto_name": "autoName",
    "bound": "bound",
    "created_from": "createdFromGlobalId",
    "delete_at": "targetDeleteDate",
}
_GROUPS = tuple((field, "placement group") for field in ("placeAll", "placeTail", "placeHead"))
#: Where an object of a kind names another: field -> kind of the other.
_NAMES_OTHERS: t.Dict[str, t.Tuple[t.Tuple[str, str], ...]] = {
    "volume": (("parentName", "snapshot"), ("templateName", "template"), *_GROUPS),
    "snapshot": (("parentName", "snapshot"), ("templateName", "template"), ("onVolume", "volume"), *_GROUPS),
    "template": (("parentName", "snapshot"), *_GROUPS),
    "placement group": (),
}
_HAVE_IDS = ("volume", "snapshot")
#: The settings of a template that say which disks it has.
_PLACES = ("replication", "placeAll", "placeTail", "placeHead")


class Predicted(Predicting):
    """A reader of the cluster, of one object at a time or of lists, that can be told what would have changed."""

    _reader: Reader

    def __init__(self, reader: Reader, notes: t.Optional[Notes] = None) -> None:
        self._shelves = {what: _Shelf(what) for what in _NAMES_OTHERS}
        self._attached: t.Dict[str, t.List[Raw]] = {}  # by ``~globalId`` of what it is of, all attachments of that
        self._owners: t.Dict[str, str] = {}  # by each key that this has had, ``~globalId``
        self._places: t.Dict[str, t.Dict[str, t.List[Raw]]] = {"export": {}, "remote": {}}
        self._changes = 0
        super().__init__(reader, notes)

    # --- what would be there ---------------------------------------------------------------------------------------

    def in_lists(self) -> Predicted:
        """The same reader, asking for lists from now on."""
        self._reader = self._reader.in_lists()
        return self

    def volume(self, reference: str) -> t.Optional[Raw]:
        return self._one("volume", reference, self._reader.volume)

    def snapshot(self, reference: str) -> t.Optional[Raw]:
        return self._one("snapshot", reference, self._reader.snapshot)

    def template(self, name: str) -> t.Optional[Raw]:
        return self._one("template", name, self._reader.template)

    def volumes(self) -> t.List[Raw]:
        return self._every("volume", self._reader.volumes())

    def snapshots(self) -> t.List[Raw]:
        return self._every("snapshot", self._reader.snapshots())

    def every_snapshot(self) -> t.List[Raw]:
        return self._every("snapshot", self._reader.every_snapshot())

    def names(self, what: str) -> t.Optional[t.List[str]]:
        if self._reader.names(what) is None:
            return None
        return names_of(self.volumes() if what == "volume" else self.snapshots())

    def templates(self) -> t.List[Raw]:
        return self._every("template", self._reader.templates())

    def placement_groups(self) -> t.Dict[str, Raw]:
        return {
            str(raw["name"]): raw
            for raw in self._every("placement group", list(self._reader.placement_groups().values()))
        }

    def volumes_with(self, tags: t.Mapping[str, str]) -> t.List[Raw]:
        return self._every("volume", self._reader.volumes_with(tags), tags)

    def snapshots_with(self, tags: t.Mapping[str, str]) -> t.List[Raw]:
        return self._every("snapshot", self._reader.snapshots_with(tags), tags)

    def parents_of(self, volume: Raw) -> t.List[Raw]:
        if not self._shelves["volume"].has(volume):
            return self._reader.parents_of(volume)
        parents: t.Dict[str, Raw] = {}
        parent = self._parent_of(volume)
        while parent and parent["name"] not in parents:
            parents[str(parent["name"])] = parent
            parent = self._parent_of(parent)
        return list(parents.values())

    def volumes_space(self) -> t.List[Raw]:
        return self._with_space("volume", self._reader.volumes_space())

    def snapshots_space(self) -> t.List[Raw]:
        return self._with_space("snapshot", self._reader.snapshots_space())

    def templates_status(self) -> t.List[Raw]:
        """As StorPool tells it; what a new template would have of a cluster is known if another one has the same disks."""
        rows = {str(row["name"]): row for row in self._reader.templates_status()}
        alike = {_places(raw): rows[raw["name"]] for raw in self._reader.templates() if raw["name"] in rows}
        return [
            dict(rows.get(str(raw["name"])) or _empty(alike.get(_places(raw)) or {}), name=raw["name"])
            for raw in self.templates()
        ]

    def exports(self) -> t.List[Raw]:
        return self._of_places("export", self._reader.exports(), "globalId")

    def remote_snapshots(self) -> t.List[Raw]:
        return self._of_places("remote", self._reader.remote_snapshots(), "remoteId")

    def attachments(self) -> t.List[Raw]:
        kept = [row for row in self._reader.attachments() if owner_of(row) not in self._owners]
        return [self._under_its_name(row) for rows in (kept, *self._attached.values()) for row in rows]

    def attachments_of(self, thing: Raw) -> t.List[Raw]:
        return sorted(self.attachments_of_any([thing]), key=lambda row: int(row["client"]))

    def attachments_of_any(self, things: t.Iterable[Raw]) -> t.List[Raw]:
        ids = {"~" + str(thing["globalId"]): thing for thing in things}
        rows = [row for key in ids for row in self._attached.get(key, ())]
        others = [thing for key, thing in ids.items() if key not in self._attached and not is_made_up(key)]
        return rows + (self._reader.attachments_of_any(others) if others else [])

    # --- what plans would have changed -----------------------------------------------------------------------------

    def change(self, what: str, before: t.Optional[Raw], after: t.Optional[Result], **fields: t.Any) -> t.Optional[Raw]:
        """A "volume", "snapshot", "template" or "placement group" as it was read (``None``: not there), and as it would be returned afterwards.

        ``fields`` are StorPool's own, for what objects that are returned do not say. Returns the object as it would be read.
        """
        raw = None if after is None else dict(_raw(what, before or {}, after), **fields)
        self._replace(what, before, raw)
        if what == "volume":
            self._change_parent(before or {}, raw or {})
        return raw

    def attach(self, what: str, things: t.Iterable[Raw], attachments: t.Iterable[Result]) -> None:
        """Volumes or snapshots ("volume", "snapshot") with all the attachments that they would have, as they would be returned."""
        owned = [(thing, ["~" + str(thing["globalId"]), *keys_of(thing)], []) for thing in things]  # type: t.List[t.Tuple[Raw, t.List[str], t.List[Raw]]]
        by_key = {key: (thing, rows) for thing, keys, rows in owned for key in keys}
        for row in attachments:
            thing, rows = by_key["~" + str(row["global_id"])]
            new = {"volume": thing["name"], "globalId": thing["globalId"], "snapshot": what == "snapshot"}
            rows.append(dict(new, client=row["client"], rights=row["rights"]))
        for _thing, keys, rows in owned:
            self._tell("attachments", keys, rows)

    def take(self, volume: Raw, snapshot: Result, **fields: t.Any) -> Raw:
        """A new snapshot of a volume, as it would be returned: it becomes the volume's parent. ``fields`` and the answer are as for :meth:`change`."""
        new = t.cast(Raw, self.change("snapshot", None, snapshot, **fields))
        self.change("volume", volume, results.volume(dict(volume, parentName=new["name"])))
        return new

    def export(self, snapshot: Raw, locations: t.Iterable[str], backing_up: bool = False) -> None:
        """A snapshot with the locations to which it would be exported, or copied."""
        row = {"snapshot": snapshot["name"], "globalId": snapshot["globalId"], "backingUp": backing_up}
        self._tell("export", str(snapshot["globalId"]), [dict(row, location=location) for location in locations])

    def remote(self, global_id: str, rows: t.Sequence[Raw]) -> None:
        """What other locations would have of a snapshot with this id, as they would list it."""
        self._tell("remote", global_id, rows)

    def _of_places(self, what: str, rows: t.List[Raw], member: str) -> t.List[Raw]:
        """The rows of a list about other locations, with what was told of them by id."""
        told = self._places[what]
        kept = [row for row in rows if row.get(member) not in told]
        return kept + [row for new in told.values() for row in new]

    def _replace(self, what: str, before: t.Optional[Raw], raw: t.Optional[Raw]) -> None:
        gone = [] if before is None else list(_keys(what, before))
        self._tell(what, gone, raw)

    def _take(self, what: str, *parts: t.Any) -> None:
        keys, there = parts
        self._changes += 1
        if what in self._places:
            self._places[what][keys] = there
        elif what == "attachments":
            owner = next(key for key in keys if key.startswith("~"))
            self._attached[owner] = there
            self._owners.update(dict.fromkeys(keys, owner))
        else:
            self._shelves[what].change(keys, there, self._changes)

    def _change_parent(self, before: Raw, after: Raw) -> None:
        """A snapshot tells a volume that it is the direct parent of."""
        old, new = self._parent_of(before), self._parent_of(after)
        if old and old.get("onVolume") == before["name"] and (new is None or new["name"] != old["name"]):
            self._replace("snapshot", old, dict(old, onVolume="-"))
        if new and new.get("onVolume") in (None, "", "-"):
            self._replace("snapshot", new, dict(new, onVolume=after["name"]))

    # --- how the two come together ---------------------------------------------------------------------------------

    def _one(self, what: str, reference: str, read: t.Callable[[str], t.Optional[Raw]]) -> t.Optional[Raw]:
        shelf = self._shelves[what]
        if reference in shelf.by_key or is_made_up(reference):
            return self._renewed(what, shelf.by_key.get(reference))
        return self._renewed(what, read(reference))

    def _every(self, what: str, rows: t.List[Raw], tags: t.Optional[t.Mapping[str, str]] = None) -> t.List[Raw]:
        shelf = self._shelves[what]
        if shelf.is_empty and not any(other.moves for other in self._shelves.values()):
            return rows
        left = {id(row): row for row in (shelf.every() if tags is None else shelf.tagged(tags))}
        kept = [left.pop(id(shelf.now(row)), None) if shelf.has(row) else row for row in rows]
        return [t.cast(Raw, self._renewed(what, row)) for row in (*kept, *left.values()) if row is not None]

    def _renewed(self, what: str, raw: t.Optional[Raw]) -> t.Optional[Raw]:
        """The object with the names that others have got since it was as it is: of a snapshot that is deleted, what StorPool calls it until it is gone."""
        if raw is None:
            return None
        since, changed = self._shelves[what].since(raw), {}
        for field, other in _NAMES_OTHERS[what]:
            name = raw.get(field)
            if name in self._shelves[other].moves:
                new = self._shelves[other].name_now(str(name), since)
                changed[field] = new or ("*" + str(name) if other == "snapshot" else "-")
        return dict(raw, **changed) if changed else raw

    def _with_space(self, what: str, rows: t.List[Raw]) -> t.List[Raw]:
        """Nobody has written to what does not exist yet; how much a snapshot of it would hold only StorPool can tell."""
        space = {key: (row["storedSize"], row["spaceUsed"]) for row in rows for key in _keys(what, row)}
        new = (0, 0) if what == "volume" else (None, None)
        told = []
        for row in self._every(what, rows):
            stored, used = next((space[key] for key in _keys(what, row) if key in space), new)
            told.append(dict(row, storedSize=stored, spaceUsed=used))
        return told

    def _parent_of(self, raw: Raw) -> t.Optional[Raw]:
        name = str(raw.get("parentName") or "")
        return self.snapshot(name) if name and not name.startswith("*") else None

    def _under_its_name(self, row: Raw) -> Raw:
        """An attachment of something that may have another name by then."""
        thing = self._shelves["snapshot" if row["snapshot"] else "volume"].by_key.get(owner_of(row))
        return dict(row, volume=thing["name"]) if thing else row


class _Shelf:
    """The objects of one kind that would be others: by what they can be referred to, ``None`` where there would be nothing of that name any more.

    ``moves`` are the names that objects have given up: for each when that was, and the name that they took, ``None`` for what is deleted.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self.by_key: t.Dict[str, t.Optional[Raw]] = {}
        self.moves: t.Dict[str, t.List[t.Tuple[int, t.Optional[str]]]] = {}
        self._by_tag: t.Dict[t.Tuple[str, str], t.Dict[int, Raw]] = {}
        self._every: t.Dict[str, Raw] = {}
        self._since: t.Dict[int, int] = {}

    @property
    def is_empty(self) -> bool:
        """Whether all is as it is read."""
        return not self.by_key

    def has(self, raw: Raw) -> bool:
        """Whether an object that was read is another here. Its name may be that of a newcomer, its id is its own."""
        return self._key(raw) in self.by_key

    def now(self, raw: Raw) -> t.Optional[Raw]:
        """What has become of an object that was read."""
        return self.by_key.get(self._key(raw))

    def _key(self, raw: Raw) -> str:
        return "~" + str(raw["globalId"]) if self._what in _HAVE_IDS else str(raw["name"])

    def every(self) -> t.List[Raw]:
        return list(self._every.values())

    def tagged(self, tags: t.Mapping[str, str]) -> t.List[Raw]:
        rarest = min((self._by_tag.get(tag, {}) for tag in tags.items()), key=len)
        return [raw for raw in rarest.values() if has_tags(raw, tags)]

    def since(self, raw: Raw) -> int:
        """When an object became what it is; 0 for one that was read."""
        return self._since.get(id(raw), 0)

    def name_now(self, name: str, since: int) -> t.Optional[str]:
        """What is called now what had this name then; ``None`` if it is gone."""
        now: t.Optional[str] = name
        while now is not None:
            move = next((move for move in self.moves.get(now, ()) if move[0] > since), None)
            if move is None:
                break
            since, now = move
        return now

    def change(self, gone: t.Sequence[str], raw: t.Optional[Raw], when: int) -> None:
        """Take away what has these keys, and put an object there."""
        name = None if raw is None else str(raw["name"])
        for key in gone:
            old = self.by_key.get(key)
            if old is not None:
                self._remove(old, stays=raw is not None and self._key(raw) == self._key(old))
            self.by_key[key] = None
            if not key.startswith("~") and key != name:
                self.moves.setdefault(key, []).append((when, name))
        if raw is not None:
            self._add(raw, when)

    def _add(self, raw: Raw, when: int) -> None:
        self._every[self._key(raw)], self._since[id(raw)] = raw, when
        self.by_key.update((key, raw) for key in _keys(self._what, raw))
        for tag in (raw.get("tags") or {}).items():
            self._by_tag.setdefault(tag, {})[id(raw)] = raw

    def _remove(self, raw: Raw, stays: bool) -> None:
        """Take it away; what ``stays`` keeps its place in the list for what it becomes."""
        if not stays:
            self._every.pop(self._key(raw), None)
        self._since.pop(id(raw), None)
        for tag in (raw.get("tags") or {}).items():
            self._by_tag.get(tag, {}).pop(id(raw), None)


def _keys(what: str, raw: Raw) -> t.Sequence[str]:
    return keys_of(raw) if what in _HAVE_IDS else (str(raw["name"]),)


def _raw(what: str, before: Raw, after: Result) -> Raw:
    if what == "placement group":
        return dict(before, **after)
    raw = dict(before, **{field: after[key] for key, field in _FIELDS.items() if key in after})
    raw.update({limit: UNLIMITED if after[limit] is None else after[limit] for limit in ("iops", "bw")})
    if what not in _HAVE_IDS:
        return dict(raw, name=after["name"])
    raw.setdefault("globalId", made_up())
    return dict(raw, name=after["name"] or raw.get("name") or "~" + raw["globalId"])


def _places(raw: Raw) -> t.Tuple[t.Any, ...]:
    return tuple(raw.get(field) for field in _PLACES)


def _empty(status: Raw) -> Raw:
    """The status of a template that has the same disks as that with this one, and no volumes yet."""
    own = {key: value for key, value in status.items() if key == "stored" or key.startswith(("capacity", "available"))}
    return dict(own, volumesCount=0, snapshotsCount=0, removingSnapshotsCount=0, size=0, totalSize=0)
