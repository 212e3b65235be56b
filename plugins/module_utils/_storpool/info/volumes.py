# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes and snapshots as the info modules return them: one list call for all, and one more for each of the things that are asked for beside them."""

from __future__ import annotations

import fnmatch
import typing as t

from ..._common.given import refuse_empty
from ..cluster import names, origin, results
from ..cluster.reader import Raw, Reader, has_tags, is_living, keys_of, owner_of
from ..connection import ids as identity
from ..objects import attach_want, policy
from ..objects import identity as objects

_OPTIONS: t.Dict[str, t.Any] = {
    "name": {"type": "list", "elements": "str"},
    "global_id": {"type": "list", "elements": "str"},
    "tags": {"type": "dict"},
    "template": {"type": "str"},
    "client": {"type": "str"},
    "attachments": {"type": "bool", "default": False},
    "chain": {"type": "bool", "default": False},
    "space": {"type": "bool", "default": False},
    "status": {"type": "bool", "default": False},
}
SPEC_VOLUMES: t.Dict[str, t.Any] = {"argument_spec": _OPTIONS}
SPEC_SNAPSHOTS: t.Dict[str, t.Any] = {"argument_spec": dict(_OPTIONS, volume={"type": "str"})}


class Filter(t.NamedTuple):
    """What a volume or snapshot has to meet; ``None`` is no condition. ``patterns`` are shell patterns for names."""

    patterns: t.Optional[t.Tuple[str, ...]]
    ids: t.Optional[t.FrozenSet[str]]
    tags: t.Optional[t.Dict[str, str]]
    template: t.Optional[str]
    client: t.Optional[int]

    def accepts(self, raw: Raw) -> bool:
        """Whether an object meets all conditions but the one about clients."""
        return (
            (self.patterns is None or self._matches(str(raw["name"])))
            and (self.ids is None or bool(self.ids & identity.ids(raw)))
            and (self.tags is None or has_tags(raw, self.tags))
            and (self.template is None or raw.get("templateName") == self.template)
        )

    def _matches(self, name: str) -> bool:
        """What has no name is listed with its global id in place of one, which no pattern is meant for."""
        return not name.startswith("~") and any(fnmatch.fnmatchcase(name, each) for each in self.patterns or ())


def wanted(params: t.Mapping[str, t.Any]) -> Filter:
    """The conditions that the options describe. Raises :class:`InvalidOption`."""
    ids, client = params["global_id"], params["client"]
    for pattern in params["name"] or ():
        refuse_empty(pattern, "name")
    return Filter(
        patterns=None if params["name"] is None else tuple(params["name"]),
        ids=None if ids is None else frozenset(names.global_id(value, "global_id") for value in ids),
        tags=policy.match_tags(params["tags"], "tags"),
        template=objects.checked(params, "template", names.name, "template"),
        client=client,
    )


def _with_client(params: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    """The options with the id of the client that is meant."""
    found = attach_want.clients(None if params["client"] is None else [params["client"]], option="client")
    return dict(params, client=found[0] if found else None)


def volumes(reader: Reader, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The result of storpool_volume_info. Errors are those of the API, and :class:`InvalidOption`."""
    params = _with_client(params)
    conditions = wanted(params)
    rows = reader.volumes_space() if params["space"] else reader.volumes()
    chosen = [raw for raw in rows if conditions.accepts(raw)]
    return {"volumes": _with_extras(chosen, results.volume, reader, params, reader.every_snapshot)}


def snapshots(reader: Reader, params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """The result of storpool_snapshot_info. Errors are those of the API, and :class:`InvalidOption`."""
    params = _with_client(params)
    conditions = wanted(params)
    of = objects.checked(params, "volume", names.reference, "volume")
    rows = reader.snapshots_space() if params["space"] else reader.every_snapshot()
    chosen = [raw for raw in rows if is_living(raw) and conditions.accepts(raw)]
    if of is not None and chosen:
        chosen = _taken_of(chosen, of, reader)
    elif any(origin.global_id(raw) for raw in chosen):
        chosen = origin.all_settled(chosen, reader.volumes())
    return {"snapshots": _with_extras(chosen, results.snapshot, reader, params, lambda: rows)}


def _taken_of(rows: t.Sequence[Raw], reference: str, reader: Reader) -> t.List[Raw]:
    """The snapshots of a volume. By its global id those of a volume that is gone are found as well."""
    volume = reader.volume(reference)
    if volume:
        return [origin.settled(raw, volume) for raw in rows if origin.is_of(raw, volume)]
    return [raw for raw in rows if "~" + str(origin.global_id(raw)) == reference]


def _with_extras(
    chosen: t.List[Raw],
    result: t.Callable[[Raw], t.Dict[str, t.Any]],
    reader: Reader,
    params: t.Mapping[str, t.Any],
    every_snapshot: t.Callable[[], t.List[Raw]],
) -> t.List[t.Dict[str, t.Any]]:
    """The objects as they are returned, sorted, with what was asked for beside them. Each extra is read once, and not at all if there is no object."""
    columns: t.Dict[str, t.Callable[[Raw], t.Any]] = {}
    if chosen and (params["attachments"] or params["client"] is not None):
        attached = attached_to(reader.attachments())
        if params["client"] is not None:
            chosen = [raw for raw in chosen if any(row["client"] == params["client"] for row in attached(raw))]
        if params["attachments"]:
            columns["attachments"] = attached
    if chosen and params["chain"]:
        columns["chain"] = chain(every_snapshot())
    if chosen and params["status"]:
        columns["status"] = _status(reader.statuses())
    if params["space"]:
        columns["space"] = _space
    found = [dict(result(raw), **{key: column(raw) for key, column in columns.items()}) for raw in chosen]
    return sorted(found, key=lambda thing: (thing["name"] is None, thing["name"] or "", thing["global_id"]))


def chain(every_snapshot: t.Iterable[Raw]) -> t.Callable[[Raw], t.List[t.Dict[str, t.Any]]]:
    """What gives the snapshots that a volume or snapshot is based on, the direct parent first.

    Parents are known by name, and snapshots that are being deleted may share one; then the numeric id decides (vendor client: ``parentVolumeId``).
    """
    by_name: t.Dict[str, t.List[Raw]] = {}
    for snapshot in every_snapshot:
        by_name.setdefault(str(snapshot["name"]), []).append(snapshot)

    def parent(raw: Raw) -> t.Optional[Raw]:
        candidates = by_name.get(str(raw.get("parentName") or ""), [])
        same_id = [snapshot for snapshot in candidates if snapshot.get("id") == raw.get("parentVolumeId")]
        return next(iter(same_id or candidates), None)

    def parents(raw: Raw) -> t.List[t.Dict[str, t.Any]]:
        links: t.Dict[str, t.Dict[str, t.Any]] = {}
        link = parent(raw)
        while link is not None and link["globalId"] not in links:
            links[link["globalId"]] = _link(link)
            link = parent(link)
        return list(links.values())

    return parents


def _link(snapshot: Raw) -> t.Dict[str, t.Any]:
    return {
        "name": results.snapshot(snapshot)["name"],
        "global_id": snapshot["globalId"],
        "deleted": not is_living(snapshot),
    }


def attached_to(rows: t.Iterable[Raw]) -> t.Callable[[Raw], t.List[t.Dict[str, t.Any]]]:
    """What gives the attachments of a volume or snapshot, by client."""
    by_thing: t.Dict[str, t.List[Raw]] = {}
    for row in rows:
        by_thing.setdefault(owner_of(row), []).append(row)

    def attached(raw: Raw) -> t.List[t.Dict[str, t.Any]]:
        own = [results.attachment(identity.attached(row, raw)) for key in keys_of(raw) for row in by_thing.get(key, [])]
        return sorted(
            ({key: row[key] for key in ("client", "rights", "device")} for row in own), key=lambda row: row["client"]
        )

    return attached


def _status(rows: t.Iterable[Raw]) -> t.Callable[[Raw], t.Optional[t.Dict[str, t.Any]]]:
    """What gives the state of the data of a volume or snapshot."""
    by_id = {one: row for row in rows for one in identity.ids(row)}

    def status(raw: Raw) -> t.Optional[t.Dict[str, t.Any]]:
        row = next((by_id[one] for one in identity.ids(raw) if one in by_id), None)
        return None if row is None else results.status(row)

    return status


def _space(raw: Raw) -> t.Dict[str, int]:
    return {"stored": raw["storedSize"], "used": raw["spaceUsed"]}
