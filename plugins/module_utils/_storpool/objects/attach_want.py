# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which attachments a task wants: its options, checked, for one object or for several alike."""

from __future__ import annotations

import typing as t

from ..._common.errors import InvalidOption, NotConfigured
from ..._common.given import located
from ..._common.time_left import checked
from ..cluster import names, this_client
from ..cluster.hosts import HERE, Hosts
from ..connection import config
from . import guard

_ITEM: t.Dict[str, t.Any] = {
    "volume": {"type": "str"},
    "snapshot": {"type": "str"},
    "clients": {"type": "list", "elements": "str", "aliases": ["client"]},
    "rights": {"type": "str", "choices": ["rw", "ro"]},
}

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        _ITEM,
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        exclusive={"type": "bool", "default": False},
        attachments={
            "type": "list",
            "elements": "dict",
            "options": dict(_ITEM, state={"type": "str", "choices": ["present", "absent"]}, exclusive={"type": "bool"}),
            "mutually_exclusive": [["volume", "snapshot"]],
            "required_one_of": [["volume", "snapshot"]],
        },
        force={"type": "bool", "default": False},
        attach_timeout={"type": "int", "default": 60},
        wait={"type": "bool", "default": True},
        wait_timeout={"type": "int", "default": 60},
        **guard.OPTION,
    ),
    "mutually_exclusive": [["volume", "snapshot", "attachments"]],
    "required_one_of": [["volume", "snapshot", "attachments"]],
    "plain_names": {"attachments": "volume"},
}
#: In place of clients: whoever has the object.
ALL = "all"


class Item(t.NamedTuple):
    """What a task wants of one object. ``clients`` is ``None`` for "all", which only an absent item may say; ``rights`` is ``None`` for "as they are"."""

    what: str
    reference: str
    present: bool
    clients: t.Optional[t.Tuple[int, ...]]
    rights: t.Optional[str]
    exclusive: bool

    def __str__(self) -> str:
        return "{0} {1}".format(self.what, self.reference if self.reference.startswith("~") else repr(self.reference))


class Want(t.NamedTuple):
    """Desired attachments. ``attach_timeout`` and ``wait_timeout`` are in seconds; the latter is ``None`` if nobody shall wait for devices, and so is
    ``here``, the client id of this machine, if it is not known.
    """

    items: t.Tuple[Item, ...]
    force: bool
    attach_timeout: int
    here: t.Optional[int]
    wait_timeout: t.Optional[int]
    allow_foreign: bool

    def links(self, attachments: t.Iterable[t.Mapping[str, t.Any]]) -> t.List[str]:
        """The device links that this machine has to have when the task is done, given the attachments that there are by then."""
        mine = {item.reference for item in self.items if self.here in (item.clients or ())}
        return [row["device"] for row in attachments if row["client"] == self.here and mine & _references(row)]


def want(
    params: t.Mapping[str, t.Any], files: this_client.Files = config.read_files, hosts: t.Optional[Hosts] = None
) -> Want:
    """The attachments that the options describe. ``files`` reads StorPool's configuration, and is asked only if this machine's client id plays a role.

    Raises :class:`InvalidOption`, and :class:`NotConfigured` if the task says ``here`` and this machine does not know its id.
    """
    hosts = hosts or Hosts()
    for option, least in (("attach_timeout", 0), ("wait_timeout", 1)):
        checked(params, option, least)
    given = [params] if params["attachments"] is None else [_inherit(entry, params) for entry in params["attachments"]]
    here = _here(given, params["wait"], files)
    return Want(
        items=_items(given, here, hosts, params["force"], in_list=params["attachments"] is not None),
        force=params["force"],
        attach_timeout=params["attach_timeout"],
        here=here,
        wait_timeout=params["wait_timeout"] if params["wait"] else None,
        allow_foreign=params["allow_foreign"],
    )


def clients(
    given: t.Optional[t.Sequence[str]], files: this_client.Files = config.read_files, option: str = "clients"
) -> t.Optional[t.Tuple[int, ...]]:
    """The ids of clients that an option names, in order and each once; ``None`` if it is not given. Raises as :func:`want`."""
    here = this_client.required_client_id(files) if HERE in map(str.strip, given or ()) else None
    return _clients(given, here, Hosts(), option)


def _references(row: t.Mapping[str, t.Any]) -> t.Set[t.Optional[str]]:
    """By what an item may mean the object of an attachment, as modules return it."""
    return {row["name"], *("~" + row[key] for key in ("global_id", "current_global_id") if row.get(key))}


def _items(
    given: t.Sequence[t.Mapping[str, t.Any]], here: t.Optional[int], hosts: Hosts, force: bool, in_list: bool
) -> t.Tuple[Item, ...]:
    items = []
    for index, entry in enumerate(given):
        try:
            items.append(_item(entry, here, hosts, force))
        except InvalidOption as failure:
            if in_list:
                raise InvalidOption(located(f"attachments[{index}]", failure.message, _ITEM)) from None
            raise
    return tuple(items)


def _inherit(entry: t.Mapping[str, t.Any], params: t.Mapping[str, t.Any]) -> t.Dict[str, t.Any]:
    """An entry of ``attachments``, with what it leaves open taken from the options beside it."""
    full = {
        option: params[option] if entry[option] is None else entry[option]
        for option in ("clients", "rights", "state", "exclusive")
    }
    if entry["exclusive"] is None and full["state"] == "absent":
        full["exclusive"] = False
    return dict(entry, **full)


def _here(given: t.Sequence[t.Mapping[str, t.Any]], wait: bool, files: this_client.Files) -> t.Optional[int]:
    if any(client.strip() == HERE for entry in given for client in entry["clients"] or ()):
        return this_client.required_client_id(files)
    if not wait or not any(entry["state"] == "present" for entry in given):
        return None
    try:
        return this_client.client_id(files)
    except NotConfigured:
        return None  # the task does not speak of this machine; so there is nothing to wait for on it


def _item(entry: t.Mapping[str, t.Any], here: t.Optional[int], hosts: Hosts, force: bool) -> Item:
    what = "snapshot" if entry["volume"] is None else "volume"
    present = entry["state"] == "present"
    item = Item(
        what,
        names.reference(entry[what], what, what),
        present,
        None if not present and entry["clients"] == [ALL] else _clients(entry["clients"], here, hosts),
        entry["rights"] if present else None,
        entry["exclusive"],
    )
    if item.clients == ():
        raise InvalidOption(
            f"{item}: clients is empty. Name the clients{'' if present else ', or say all to detach it from all'}."
        )
    if force and not present and entry["clients"] is None:
        raise InvalidOption(
            f"{item}: with force and without clients, it would be taken away from every client that uses it. Name the clients, or say clients: all if that "
            "is meant."
        )
    if present and item.clients is None:
        raise InvalidOption(f"{item}: set clients, to say where it shall be attached.")
    if what == "snapshot" and item.rights == "rw":
        raise InvalidOption(
            f"{item}: rights is rw, but snapshots never change and can only be attached ro. To write, make a volume from it (storpool_volume, parent)."
        )
    if item.exclusive and not present:
        raise InvalidOption(
            f"{item}: exclusive is for state present. To detach it from all clients, leave out clients."
        )
    return item


def _clients(
    given: t.Optional[t.Sequence[str]], here: t.Optional[int], hosts: Hosts, option: str = "clients"
) -> t.Optional[t.Tuple[int, ...]]:
    if given is None:
        return None
    ids = {t.cast(int, here) if client.strip() == HERE else hosts.client(client, option) for client in given}
    return tuple(sorted(ids))
