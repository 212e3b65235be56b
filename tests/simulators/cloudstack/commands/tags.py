# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags of virtual machines, volumes and volume snapshots: the driver copies `vc-policy` of a VM to all its volumes."""

from __future__ import annotations

import contextlib
from typing import Any

from simulators.cloudstack import rows
from simulators.cloudstack.commands.vm_power import storpool_of, volumes_of
from simulators.cloudstack.errors import DriverError, internal, invalid
from simulators.cloudstack.plugin import storage
from simulators.cloudstack.registry import JOB, Context, Param, Plan, command
from simulators.cloudstack.state import State

RESOURCES = (Param("resourceids", "list", required=True), Param("resourcetype", required=True))


#: Tables with what can have tags, by what the API calls their kind.
KINDS = {"uservm": "vms", "volume": "volumes", "snapshot": "snapshots"}
Tagged = rows.VirtualMachine | rows.Volume | rows.Snapshot


def _things(context: Context) -> list[Tagged]:
    kind = context.args["resourcetype"]
    if kind.lower() not in KINDS:
        raise invalid(f"Resource type {kind} is not supported by this simulator")
    table = getattr(context.state, KINDS[kind.lower()])
    found = []
    for resource in context.args["resourceids"]:
        row = table.by_uuid(resource)
        if row is None or row.removed:
            raise invalid(f"Unable to find resource by id {resource} and type {kind}")
        found.append(row)
    return found


def _named(context: Context) -> dict[str, str | None]:
    """The tags in the arguments, with their values, which need not be told to delete them."""
    return {item.get("key", ""): item.get("value") for item in (context.args["tags"] or {}).values()}


async def _copy_policy(state: State, vm: rows.VirtualMachine, value: str) -> None:
    """What the driver does for each volume. If StorPool refuses, or cannot be reached, it only logs that."""
    for volume in volumes_of(state, vm):
        pool = storpool_of(state, volume)
        if pool:
            with contextlib.suppress(DriverError):
                await storage.update_tags(state, pool, volume, {storage.POLICY: value})


@command("createTags", JOB, None, *RESOURCES, Param("tags", "map", required=True))
async def create_tags(context: Context) -> Plan:
    """A tag that is there already is no tag to create, whatever its value. Either all get the tags or none; what StorPool was told by then stays there."""
    state, things, named = context.state, _things(context), _named(context)
    tags = {key: value for key, value in named.items() if value}
    for key in named:
        if key not in tags:
            raise invalid(f"Value for the key {key} is either null or empty")

    async def run() -> dict[str, Any]:
        before = [dict(thing.tags) for thing in things]
        for thing in things:
            for key in tags:
                if key in thing.tags:
                    for each, had in zip(things, before, strict=True):
                        each.tags = had
                    raise internal(f"tag {key} already on {context.args['resourcetype']} with id {thing.id}")
            thing.tags.update(tags)
            if storage.POLICY in tags and isinstance(thing, rows.VirtualMachine):
                await _copy_policy(state, thing, tags[storage.POLICY])
        return {"success": True}

    return Plan(run)


@command("deleteTags", JOB, None, *RESOURCES, Param("tags", "map"))
async def delete_tags(context: Context) -> Plan:
    """Those tags that are named, if they have the value that is named with them; all of them if none is."""
    state, things, named = context.state, _things(context), _named(context)

    async def run() -> dict[str, Any]:
        for thing in things:
            gone = [
                key
                for key, value in thing.tags.items()
                if not named or (key in named and named[key] in (None, "", value))
            ]
            for key in gone:
                del thing.tags[key]
            if storage.POLICY in gone and isinstance(thing, rows.VirtualMachine):
                await _copy_policy(state, thing, "")
        return {"success": True}

    return Plan(run)
