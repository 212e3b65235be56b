# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings: list, update, reset. `name` of a list is a part of the name, in every release."""

from __future__ import annotations

from typing import Any

from simulators.cloudstack import settings
from simulators.cloudstack.arguments import like
from simulators.cloudstack.errors import invalid
from simulators.cloudstack.members import shown
from simulators.cloudstack.registry import LIST, OBJECT, Context, Param, command
from simulators.cloudstack.settings import CLUSTER, GLOBAL, POOL, ZONE, Setting
from simulators.cloudstack.state import State

SCOPES = {"zoneid": ZONE, "clusterid": CLUSTER, "storageid": POOL}
SCOPE_PARAMS = (
    Param("zoneid", "id", "zones"),
    Param("clusterid", "id", "clusters"),
    Param("storageid", "id", "pools"),
    Param("accountid"),
    Param("domainid"),
    Param("imagestoreuuid"),
)


def _scope(context: Context) -> tuple[str, int]:
    """The scope that a call names, and the internal id in it."""
    given = [param.name for param in SCOPE_PARAMS if context.args[param.name]]
    if len(given) > 1:
        raise invalid("cannot handle multiple IDs, provide only one ID corresponding to the scope")
    if not given:
        return GLOBAL, 0
    return SCOPES.get(given[0], given[0].removesuffix("id")), context.args[given[0]]


def row(state: State, setting: Setting, scope: str, db_id: int, reset: bool = False) -> dict[str, Any]:
    """A setting with its effective value in a scope; only resets name the scope as it is written."""
    kinds = {"Boolean": "Boolean", "String": "String", "Float": "Decimal"}
    kind = "Range" if "threshold" in setting.name else kinds.get(setting.kind, "Number")
    group, subgroup = setting.group
    values: dict[str, Any] = {
        "category": setting.category,
        "group": group,
        "subgroup": subgroup,
        "name": setting.name,
        "value": settings.effective(state, setting, scope, db_id),
        "description": setting.description,
        "defaultvalue": setting.default,
        "scope": None if scope == GLOBAL else scope if reset else scope.lower(),
        "isdynamic": setting.dynamic,
        "component": setting.component,
        "displaytext": setting.name.replace(".", " ").capitalize(),
        "type": kind,
    }
    return shown(state.release, "configuration", values)


def _check_scope(state: State, scope: str, db_id: int) -> None:
    table = {ZONE: state.zones, CLUSTER: state.clusters, POOL: state.pools}[scope]
    found = table.get(db_id)
    if found is None or found.removed:
        raise invalid(f"unable to find {scope.lower()} by id {db_id}")


@command(
    "listConfigurations",
    LIST,
    "configuration",
    Param("name"),
    Param("category"),
    Param("group", feature="configuration_groups"),
    Param("subgroup", feature="configuration_groups"),
    *SCOPE_PARAMS,
)
async def list_configurations(context: Context) -> list[dict[str, Any]]:
    state, args = context.state, context.args
    scope, db_id = _scope(context)
    if scope not in (GLOBAL, ZONE, CLUSTER, POOL):
        return []
    found = []
    for setting in sorted(settings.known(state), key=lambda known: known.name):
        text = args["name"] or args["keyword"]
        if setting.hidden or (text and not like(text, setting.name)):
            continue
        if args["category"] and args["category"].lower() != setting.category.lower():
            continue
        if scope != GLOBAL and scope not in setting.scopes:
            continue
        found.append(row(state, setting, scope, db_id))
    wanted = {name: args[name] for name in ("group", "subgroup") if args[name]}
    return [one for one in found if all(one.get(name) == value for name, value in wanted.items())]


def _wanted(context: Context) -> tuple[Setting, str, int]:
    setting = settings.find(context.state, context.args["name"])
    if setting is None:
        raise invalid(f"Config parameter with name {context.args['name']} doesn't exist")
    scope, db_id = _scope(context)
    if scope != GLOBAL:
        if scope not in setting.scopes:
            raise invalid(f"Invalid scope id provided for the parameter {setting.name}")
        _check_scope(context.state, scope, db_id)
    return setting, scope, db_id


def _checked(state: State, setting: Setting, text: str) -> str:
    """The value as it is stored, which is as it was sent; 431 for the wrong type."""
    if setting.kind == "Boolean":
        said = text.lower() if state.release.has("booleans_in_any_case") else text
        if said not in ("true", "false"):
            raise invalid("Please enter either 'true' or 'false'.")
        return text
    try:
        settings.CHECKS.get(setting.kind, str)(text)
    except ValueError:
        raise invalid(f"There was an error trying to parse the {setting.kind} value for: {setting.name}") from None
    return text


@command("updateConfiguration", OBJECT, "configuration", Param("name", required=True), Param("value"), *SCOPE_PARAMS)
async def update_configuration(context: Context) -> dict[str, Any]:
    state = context.state
    setting, scope, db_id = _wanted(context)
    text = context.args["value"]
    if text is not None:
        new = _checked(state, setting, text) if text else (None if scope == GLOBAL else "")
        settings.store(state, setting, new, scope, db_id)
        context.changed()
    return row(state, setting, scope, db_id)


@command(
    "resetConfiguration",
    OBJECT,
    "configuration",
    Param("name", required=True),
    *SCOPE_PARAMS,
    feature="reset_configuration",
)
async def reset_configuration(context: Context) -> dict[str, Any]:
    setting, scope, db_id = _wanted(context)
    settings.clear(context.state, setting, scope, db_id)
    context.changed()
    return row(context.state, setting, scope, db_id, reset=True)
