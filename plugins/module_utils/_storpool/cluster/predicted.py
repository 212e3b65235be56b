# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster as it would be: the lists as they were read, with what plans would have changed. For check mode, where one plan builds on another."""

from __future__ import annotations

import typing as t

from ..connection.api import Api
from .names import UNLIMITED
from .reader import Lists, Raw, has_tags, keys_of, owner_of

Result = t.Mapping[str, t.Any]

#: Begins the global id of what does not exist yet. StorPool's own have no such character.
_NOT_YET = "?"
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


def known(result: t.Optional[Result]) -> t.Optional[t.Dict[str, t.Any]]:
    """A returned object without the made-up ids of what does not exist yet."""
    if result is None:
        return None
    return {key: None if isinstance(value, str) and _NOT_YET in value else value for key, value in result.items()}


class Predicted(Lists):
    """Lists that can be told what would have changed."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._shelves: t.Dict[str, _Shelf] = {}
        self._rows: t.Optional[t.Dict[str, t.List[Raw]]] = None
        self._created = 0

    def volume(self, reference: str) -> t.Optional[Raw]:
        return self._shelf("volume").by_key.get(reference)

    def snapshot(self, reference: str) -> t.Optional[Raw]:
        return self._shelf("snapshot").by_key.get(reference)

    def template(self, name: str) -> t.Optional[Raw]:
        return self._shelf("template").by_key.get(name)

    def volumes(self) -> t.List[Raw]:
        return self._shelf("volume").every()

    def snapshots(self) -> t.List[Raw]:
        return self._shelf("snapshot").every()

    def templates(self) -> t.List[Raw]:
        return self._shelf("template").every()

    def volumes_with(self, tags: t.Mapping[str, str]) -> t.List[Raw]:
        return self._shelf("volume").tagged(tags)

    def snapshots_with(self, tags: t.Mapping[str, str]) -> t.List[Raw]:
        return self._shelf("snapshot").tagged(tags)

    def attachments(self) -> t.List[Raw]:
        return [row for rows in self._attached().values() for row in rows]

    def attachments_of_any(self, things: t.Iterable[Raw]) -> t.List[Raw]:
        owners = dict.fromkeys(key for thing in things for key in keys_of(thing))
        return [row for owner in owners for row in self._attached().get(owner, ())]

    def change(self, what: str, before: t.Optional[Raw], after: t.Optional[Result]) -> None:
        """A "volume", "snapshot" or "template" as it was read (``None``: not there), and as it would be returned afterwards."""
        shelf = self._shelf(what)
        if before is not None:
            shelf.remove(before)
        if after is not None:
            shelf.add(self._raw(what, before or {}, after))

    def attach(self, what: str, things: t.Iterable[Raw], attachments: t.Iterable[Result]) -> None:
        """Volumes or snapshots ("volume", "snapshot") with all the attachments that they would have, as they would be returned."""
        owners = {}
        for thing in things:
            for key in keys_of(thing):
                self._attached().pop(key, None)
                owners[key] = thing
        for row in attachments:
            thing = owners["~" + str(row["global_id"])]
            new = {"volume": thing["name"], "globalId": thing["globalId"], "snapshot": what == "snapshot"}
            self._attached().setdefault(owner_of(new), []).append(dict(new, client=row["client"], rights=row["rights"]))

    def _shelf(self, what: str) -> _Shelf:
        if what not in self._shelves:
            read = {"volume": super().volumes, "snapshot": super().snapshots, "template": super().templates}[what]
            self._shelves[what] = _Shelf(read(), (lambda raw: (str(raw["name"]),)) if what == "template" else keys_of)
        return self._shelves[what]

    def _attached(self) -> t.Dict[str, t.List[Raw]]:
        if self._rows is None:
            rows: t.Dict[str, t.List[Raw]] = {}
            for row in super().attachments():
                rows.setdefault(owner_of(row), []).append(row)
            self._rows = rows
        return self._rows

    def _raw(self, what: str, before: Raw, after: Result) -> Raw:
        raw = dict(before, **{field: after[key] for key, field in _FIELDS.items() if key in after})
        raw.update({limit: UNLIMITED if after[limit] is None else after[limit] for limit in ("iops", "bw")})
        if what != "template" and "globalId" not in raw:
            self._created += 1
            raw["globalId"] = _NOT_YET + str(self._created)
        raw["name"] = after["name"] or raw.get("name") or "~" + raw["globalId"]
        return raw


class _Shelf:
    """The objects of one kind, by what they can be referred to by."""

    def __init__(self, rows: t.Iterable[Raw], keys: t.Callable[[Raw], t.Iterable[str]]) -> None:
        self.by_key: t.Dict[str, Raw] = {}
        self._keys = keys
        self._by_tag: t.Dict[t.Tuple[str, str], t.Dict[int, Raw]] = {}
        self._every: t.Dict[int, Raw] = {}
        for raw in rows:
            self.add(raw)

    def every(self) -> t.List[Raw]:
        return list(self._every.values())

    def tagged(self, tags: t.Mapping[str, str]) -> t.List[Raw]:
        rarest = min((self._by_tag.get(tag, {}) for tag in tags.items()), key=len)
        return [raw for raw in rarest.values() if has_tags(raw, tags)]

    def add(self, raw: Raw) -> None:
        self._every[id(raw)] = raw
        for key in self._keys(raw):
            self.by_key[key] = raw
        for tag in (raw.get("tags") or {}).items():
            self._by_tag.setdefault(tag, {})[id(raw)] = raw

    def remove(self, raw: Raw) -> None:
        self._every.pop(id(raw), None)
        for key in self._keys(raw):
            self.by_key.pop(key, None)
        for tag in (raw.get("tags") or {}).items():
            self._by_tag.get(tag, {}).pop(id(raw), None)
