# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud as it would be: what is read, with what plans would have changed. For check mode, where a task builds on what earlier ones foresee."""

from __future__ import annotations

import typing as t

from ..._common.foreseen import Notes, Predicting, is_made_up, made_up
from . import identity
from .reader import Hosts, Raw, Reader

Result = t.Mapping[str, t.Any]

#: How the names of settings begin that the StorPool driver brings with it.
_OF_THE_DRIVER = ("sp.", "storpool.")


class Predicted(Predicting):
    """A reader of the cloud that can be told what would have changed."""

    _reader: Reader

    def __init__(self, reader: Reader, notes: t.Optional[Notes] = None) -> None:
        self._rows: t.Dict[str, t.Dict[str, t.Optional[Raw]]] = {
            "pool": {},
            "offering": {},
            "server": {},
            "template": {},
            "vm": {},
            "volume": {},
            "snapshot": {},
            "vm_snapshot": {},
        }
        self._details: t.Dict[str, t.Dict[str, str]] = {}
        self._copies: t.Dict[t.Tuple[str, str], Raw] = {}  # by the id of a template and StorPool's template
        self._halves: t.Dict[str, t.Dict[str, str]] = {}  # tags of volumes on StorPool, by what it calls these
        self._values: t.Dict[t.Tuple[str, ...], t.Optional[str]] = {}
        self._driver = False
        super().__init__(reader, notes)

    # --- what would be there ---------------------------------------------------------------------------------------

    def pools(self) -> t.List[Raw]:
        return self._every("pool", self._reader.pools())

    def pool(self, pool_id: str) -> t.Optional[Raw]:
        return next((pool for pool in self.pools() if pool["id"] == pool_id), None)

    def disk_offerings(self, name: str) -> t.List[Raw]:
        rows = self._every("offering", self._reader.disk_offerings(name))
        return [row for row in rows if row["name"] == name]

    def every_disk_offering(self) -> t.List[Raw]:
        return self._every("offering", self._reader.every_disk_offering())

    def offering_details(self, offering_id: str) -> t.Dict[str, str]:
        if offering_id in self._details:
            return dict(self._details[offering_id])
        return self._reader.offering_details(offering_id)

    def templates(self, name: str, zone_id: t.Optional[str] = None) -> t.List[Raw]:
        rows = self._every("template", self._reader.templates(name, zone_id))
        return [row for row in rows if row["name"] == name and zone_id in (None, row.get("zoneid"))]

    def cached_copy(self, template_id: str, storpool_template: str) -> t.Optional[Raw]:
        if (template_id, storpool_template) in self._copies or is_made_up(template_id):
            return self._copies.get((template_id, storpool_template))
        return self._reader.cached_copy(template_id, storpool_template)

    def vms(self, **where: t.Any) -> t.List[Raw]:
        rows = [] if any(map(is_made_up, where.values())) else self._reader.vms(**where)
        return self._as_changed("vm", rows)

    def vms_called(self, name_or_id: str, zone_id: t.Optional[str]) -> t.List[Raw]:
        return self._as_changed("vm", self._reader.vms_called(name_or_id, zone_id))

    def volumes(self, **where: t.Any) -> t.List[Raw]:
        rows = [] if any(map(is_made_up, where.values())) else self._reader.volumes(**where)
        return self._every("volume", rows, lambda row: _meets(row, where))

    def volume(self, volume_id: str) -> t.Optional[Raw]:
        if volume_id in self._rows["volume"]:
            return self._rows["volume"][volume_id]
        return self._reader.volume(volume_id)

    def volumes_called(self, name_or_id: str, zone_id: t.Optional[str]) -> t.List[Raw]:
        rows = self._reader.volumes_called(name_or_id, zone_id)
        return self._every(
            "volume",
            rows,
            lambda row: zone_id in (None, row.get("zoneid")) and name_or_id in (row["id"], row["name"]),
        )

    def volume_snapshots(self, **where: t.Any) -> t.List[Raw]:
        rows = [] if any(map(is_made_up, where.values())) else self._reader.volume_snapshots(**where)
        return self._every("snapshot", rows, lambda row: _meets(row, where))

    def vm_snapshots(self, **where: t.Any) -> t.List[Raw]:
        rows = [] if any(map(is_made_up, where.values())) else self._reader.vm_snapshots(**where)
        return self._every("vm_snapshot", rows, lambda row: _meets(row, where))

    def snapshots_called(self, name_or_id: str, zone_id: t.Optional[str]) -> t.List[Raw]:
        rows = self._reader.snapshots_called(name_or_id, zone_id)
        here = self._every("snapshot", rows, lambda row: zone_id in (None, row.get("zoneid")))
        return [row for row in here if row["id"] == name_or_id] or [row for row in here if row["name"] == name_or_id]

    def snapshots_on_storpool(self, ids: t.Iterable[str]) -> t.Dict[str, Raw]:
        every = list(ids)
        asked = [each for each in every if not is_made_up(each)]
        # Those that would be taken are there, and nothing more is known of them.
        return {
            **{each: {} for each in every if is_made_up(each)},
            **(self._reader.snapshots_on_storpool(asked) if asked else {}),
        }

    def volumes_on_storpool(self, references: t.Iterable[str]) -> t.Dict[str, Raw]:
        halves = self._reader.volumes_on_storpool(references)
        return {
            one: dict(half, tags={**half["tags"], **self._halves[one]}) if one in self._halves else half
            for one, half in halves.items()
        }

    def providers(self) -> t.FrozenSet[str]:
        return self._reader.providers() | (frozenset([identity.PROVIDER]) if self._driver else frozenset())

    def settings_like(self, name: str, **scope: str) -> t.List[Raw]:
        rows = (
            self._scoped(name, scope)
            if any(map(is_made_up, scope.values()))
            else self._reader.settings_like(name, **scope)
        )
        if self._driver and name.startswith(_OF_THE_DRIVER) and not any(row["name"] == name for row in rows):
            # The management server will have it, with a type and a default that nobody knows before.
            rows = [*rows, {"name": name, "value": None}]
        return [dict(row, value=self._values.get(_key(row["name"], scope), row.get("value"))) for row in rows]

    def management_servers(self) -> t.List[Raw]:
        return self._every("server", self._reader.management_servers())

    def connections(self, pool: Raw) -> Hosts:
        if not is_made_up(pool["id"]):
            return self._reader.connections(pool)
        return Hosts(tuple((str(host["id"]), str(host["name"])) for host in self._reader.hosts(pool["zoneid"])))

    def pools_connected_by(self, host_id: str) -> t.FrozenSet[str]:
        new = frozenset(key for key, row in self._rows["pool"].items() if row is not None and is_made_up(key))
        return self._reader.pools_connected_by(host_id) | new

    def volumes_on(self, pool_id: str) -> t.List[Raw]:
        rows = [] if is_made_up(pool_id) else self._reader.volumes_on(pool_id)
        return self._every("volume", rows, lambda row: row.get("storageid") == pool_id)

    def system_volumes_on(self, pool_id: str) -> t.List[Raw]:
        return [] if is_made_up(pool_id) else self._reader.system_volumes_on(pool_id)

    # --- what plans would have changed -----------------------------------------------------------------------------

    def change_pool(self, before: t.Optional[Raw], after: t.Optional[Result]) -> None:
        """A pool as it was read (``None``: not there), and as it would be returned afterwards."""
        row = None
        if after is not None:
            row = dict(
                before or {"id": f"{after['template']};{made_up()}", "provider": identity.PROVIDER, "endpoint": None},
                name=after["name"],
                state=after["state"],
                tags=",".join(after["tags"]),
            )
            if before is None:
                row.update(_fields_of_a_new_pool(after))
        self._tell("pool", None if before is None else before["id"], row)

    def change_offering(self, before: t.Optional[Raw], after: t.Optional[Raw], details: t.Mapping[str, str]) -> None:
        """A disk offering as it was read (``None``: not there), as it would be read afterwards, and its details then."""
        row = None if after is None else dict(after, id=after.get("id") or made_up())
        self._tell("offering", None if before is None else before["id"], row, dict(details))

    def change_template(
        self, before: t.Optional[Raw], after: t.Optional[Raw], copy: t.Optional[t.Tuple[str, Raw]]
    ) -> None:
        """A template of a zone as it was read (``None``: not there), as it would be read afterwards, and the StorPool template that then has a copy,
        with that."""
        row = None if after is None else dict(after, id=after.get("id") or made_up())
        self._tell("template", None if before is None else _key_of("template", before), row, copy)

    def change_vm(self, before: Raw, after: Raw) -> None:
        """A VM as it was read, and as it would be read afterwards; nothing that conditions of lists can name is another."""
        self._change("vm", before, after)

    def follow(self, reference: str, tags: t.Mapping[str, str]) -> None:
        """The driver would have set these tags of a volume on StorPool."""
        self._tell("half", reference, dict(tags))

    def change_volume(self, before: t.Optional[Raw], after: t.Optional[Raw]) -> None:
        """A volume as it was read (``None``: not there), and as it would be read afterwards."""
        self._change("volume", before, after)

    def change_snapshot(self, before: t.Optional[Raw], after: t.Optional[Raw]) -> None:
        """A volume snapshot as it was read (``None``: not there), and as it would be read afterwards."""
        self._change("snapshot", before, after)

    def change_vm_snapshot(self, before: t.Optional[Raw], after: t.Optional[Raw]) -> None:
        """A VM snapshot as it was read (``None``: not there), and as it would be read afterwards."""
        self._change("vm_snapshot", before, after)

    def change_setting(self, name: str, scope: t.Mapping[str, str], value: t.Optional[str]) -> None:
        """The value that a setting would have, in its scope as for :meth:`Reader.settings_like`."""
        self._tell("setting", name, dict(scope), value)

    def change_server(self, before: Raw, state: str) -> None:
        """The state that a management server would be in."""
        self._tell("server", before["id"], dict(before, state=state))

    def load_driver(self) -> None:
        """The management server would have loaded the StorPool driver."""
        self._tell("driver")

    # --- how the two come together ---------------------------------------------------------------------------------

    def _change(self, what: str, before: t.Optional[Raw], after: t.Optional[Raw]) -> None:
        row = None if after is None else dict(after, id=after.get("id") or made_up())
        self._tell(what, None if before is None else before["id"], row)

    def _take(self, what: str, *parts: t.Any) -> None:
        if what == "driver":
            self._driver = True
        elif what == "half":
            reference, tags = parts
            self._halves[reference] = {**self._halves.get(reference, {}), **tags}
        elif what == "setting":
            name, scope, value = parts
            self._values[_key(name, scope)] = value
        else:
            before, row = parts[:2]
            if before is not None:
                self._rows[what][before] = None
            if row is not None:
                self._rows[what][_key_of(what, row)] = row
                if what == "offering":
                    self._details[row["id"]] = parts[2]
                elif what == "template" and parts[2]:
                    storpool_template, copy = parts[2]
                    self._copies[row["id"], storpool_template] = copy

    def _every(
        self, what: str, rows: t.Iterable[Raw], is_asked_for: t.Callable[[Raw], bool] = lambda _row: True
    ) -> t.List[Raw]:
        """What is read, without what would have changed, and what would be there of that, as far as it is asked for."""
        changed = self._rows[what]
        new = [row for row in changed.values() if row is not None and is_asked_for(row)]
        return [row for row in rows if _key_of(what, row) not in changed] + new

    def _as_changed(self, what: str, rows: t.Iterable[Raw]) -> t.List[Raw]:
        """What is read, in the order in which it is, with what would have changed of it."""
        changed = self._rows[what]
        return [dict(row, **(changed.get(_key_of(what, row)) or {})) for row in rows]

    def _scoped(self, name: str, scope: t.Mapping[str, str]) -> t.List[Raw]:
        """The settings of a pool that does not exist yet: those that another pool may have, if there is one, with the values for the whole cloud."""
        rows = [{**row, "scope": None} for row in self._reader.settings_like(name)]
        others = [str(pool["id"]) for pool in self._reader.pools()]
        if not others:
            return rows
        parameter = next(iter(scope))
        possible = {row["name"] for row in self._reader.settings_like(name, **{parameter: others[0]})}
        return [row for row in rows if row["name"] in possible]


def _fields_of_a_new_pool(after: Result) -> Raw:
    same = ("scope", "hypervisor", "type", "path", "template")
    return dict(
        {key: after[key] for key in same},
        zoneid=after["zone_id"],
        zonename=after["zone"],
        capacitybytes=after["capacity"],
        disksizeallocated=0,
    )


def _meets(row: Raw, where: t.Mapping[str, t.Any]) -> bool:
    """Whether a row meets the conditions of a list command; ``vmsnapshotid`` is the one that is called otherwise in rows."""
    return all(
        row.get("id" if name == "vmsnapshotid" else name) == value for name, value in where.items() if value is not None
    )


def _key_of(what: str, row: Raw) -> str:
    """What a row is known by: a template has one for each zone, all with its id."""
    return f"{row['id']} {row.get('zoneid')}" if what == "template" else str(row["id"])


def _key(name: str, scope: t.Mapping[str, str]) -> t.Tuple[str, ...]:
    return (name, *(part for pair in sorted(scope.items()) for part in pair))
