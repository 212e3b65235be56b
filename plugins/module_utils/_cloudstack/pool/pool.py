# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""StorPool pools: what a task may want of one, what it has to know first, and the plan from the one to the other."""

from __future__ import annotations

import typing as t

from ..._common import sizes
from ..._common.errors import InvalidOption
from ..._common.plan import Managed, Plan
from ..._common.time_left import checked
from .. import texts
from ..cloud import identity, states, versions
from ..cloud.predicted import Predicted
from ..cloud.reader import Reader
from . import contents, url
from .plan import FROM_TEMPLATE, Current, Want, plan

_DEFAULTS_OFF = (
    "stop_vms",
    "delete_volumes",
    "delete_snapshots",
    "expunge_destroyed_volumes",
    "allow_same_template_name",
)

#: Without the options for StorPool's address and token, which are the StorPool side's; the module puts them in.
SPEC: t.Dict[str, t.Any] = {
    "argument_spec": dict(
        state={"type": "str", "choices": ["present", "absent"], "default": "present"},
        name={"type": "str", "required": True},
        previous_name={"type": "str"},
        zone={"type": "str", "required": True},
        template={"type": "str"},
        url_form={"type": "str", "choices": list(url.FORMS), "default": "auto"},
        verify_template={"type": "bool", "default": True},
        capacity={"type": "str"},
        tags={"type": "list", "elements": "str"},
        allocation_state={"type": "str", "choices": list(states.GOALS)},
        connected_hosts={"type": "str", "choices": ["ignore", "report", "all"], "default": "report"},
        wait_timeout={"type": "int", "default": 1800},
        **{option: {"type": "bool", "default": False} for option in _DEFAULTS_OFF},
    )
}


def want(params: t.Mapping[str, t.Any]) -> Want:
    """The desired pool that the options describe. Raises :class:`InvalidOption`."""
    present = params["state"] == "present"
    previous = params["previous_name"]
    if previous is not None and not present:
        raise InvalidOption("previous_name is for a rename; with state absent, give the name that the pool has.")
    if previous == params["name"]:
        raise InvalidOption(
            f"name and previous_name are both {previous!r}; previous_name is for a pool that still has its old name."
        )
    if not present and params["allocation_state"]:
        raise InvalidOption("allocation_state is for a pool that shall exist; leave it out with state absent.")
    return Want(
        present=present,
        name=texts.text(params["name"], "name"),
        previous_name=texts.text(previous, "previous_name"),
        zone=texts.text(params["zone"], "zone"),
        template=url.template_name(params["template"]),
        place=url.place(params),
        url_form=params["url_form"],
        capacity=_capacity(params),
        tags=texts.storage_tags(params["tags"]),
        allocation_state=params["allocation_state"],
        allow_same_template_name=params["allow_same_template_name"],
        verify_template=params["verify_template"],
        consent=contents.Consent(*(params[option] for option in contents.Consent._fields)),
        connected_hosts=params["connected_hosts"],
        wait_timeout=checked(params, "wait_timeout"),
    )


def look(reader: Reader, wanted: Want) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if several pools answer to the description."""
    version, pools = reader.version(), reader.pools()
    pool = identity.find(pools, wanted.zone, wanted.name, wanted.previous_name, wanted.template)
    current = Current(version, pool, tuple(row for row in pools if row is not pool))
    if pool is None:
        current = current._replace(zone=reader.zone(wanted.zone))
        if current.zone is None:
            return current._replace(zones=tuple(reader.zones()))
        if not wanted.present:
            return current
        current = current._replace(providers=reader.providers())
        if wanted.template and wanted.capacity == FROM_TEMPLATE:
            return current._replace(capacity=reader.template_capacity(wanted.template))
        asks = wanted.template and wanted.place and wanted.verify_template
        return current._replace(
            template_problem=reader.template_problem(t.cast(str, wanted.template)) if asks else None
        )
    moves = states.moves(pool["state"], wanted.goal)
    if not wanted.present or states.MAINTAIN in moves:
        current = current._replace(contents=contents.read(reader, pool, removing=not wanted.present))
    return current._replace(hosts=reader.connections(pool) if _asks_hosts(version, wanted) else None)


def _asks_hosts(version: versions.Version, wanted: Want) -> bool:
    return wanted.present and wanted.connected_hosts != "ignore" and version >= versions.SHOWS_CONNECTED_HOSTS


def _capacity(params: t.Mapping[str, t.Any]) -> t.Union[int, str, None]:
    if params["capacity"] != FROM_TEMPLATE:
        return sizes.size(params["capacity"], "capacity", 1, "CloudStack")
    if params["state"] == "present" and params["template"] is None:
        raise InvalidOption(f"capacity is {FROM_TEMPLATE!r}: say which StorPool template, with template.")
    return FROM_TEMPLATE


def imagine(reader: Predicted, current: Current, todo: Plan) -> None:
    """The pool as it would be."""
    reader.change_pool(current.pool, todo.after)


POOL = Managed("pool", SPEC, want, look, plan, imagine=imagine)
