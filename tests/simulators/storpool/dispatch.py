# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a call on the state: which cluster, which arguments, which envelope. No I/O and no clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from simulators.storpool import (
    attachments,
    disks,
    errors,
    groups,
    kv,
    lifecycle,
    locations,
    names,
    relocation,
    remote,
    services,
    snapshots,
    templates,
    volumes,
)
from simulators.storpool.calls import CALLS, ApiCall
from simulators.storpool.fields import parse
from simulators.storpool.paths import Path
from simulators.storpool.state import Cluster, Context, World

# Importing these fills the table of calls.
HANDLERS = (
    attachments,
    disks,
    groups,
    kv,
    locations,
    relocation,
    remote,
    services,
    snapshots,
    templates,
    volumes,
)


@dataclass(frozen=True)
class Done:
    """A call that was carried out. ``data`` is final unless ``pending`` says what is waited for first."""

    context: Context
    envelope: dict[str, Any]
    pending: attachments.Reassigned | services.ClientWait | None = None


def read_json(text: bytes | str | None) -> Any:
    """The JSON document, None for no text at all; jsonError if it is none."""
    if not text:
        return None
    try:
        return orjson.loads(text)
    except ValueError:
        errors.bad_json("The request is not valid JSON")


def execute(
    world: World,
    switches: Mapping[str, Any],
    now: float,
    method: str,
    path: Path,
    body: Any,
    asked: Cluster | None = None,
) -> Done:
    """Carries out one call at the model's time ``now``; ApiFailure if it is refused. ``asked`` is the cluster that got it, the local one by default."""
    call = CALLS.get((method, path.name))
    if call is None or len(path.targets) != call.targets or "" in path.targets or (path.every and method != "GET"):
        raise errors.ApiFailure(
            switches["error_unknown_query"],
            f"Unknown query '{method} {'/'.join((path.name, *path.targets))}'",
            status=switches["unknown_query_status"],
        )
    if path.remote is not None and path.multi:
        raise errors.ApiFailure(
            switches["error_unknown_query"],
            f"request 'MultiCluster/{path.name}' is not supported",
            status=switches["unknown_query_status"],
        )
    if switches["cluster_status"] != "running" and call.name != "ServersListBlocked":
        raise errors.ApiFailure("clusterNotOperational", "The cluster is not operational", transient=True)
    home = _home(world, asked or world.local, switches, path.remote)
    context = Context(world, home, switches, now, multi=path.multi)
    lifecycle.advance(context)
    args = call.body(body, context) if call.body is not None else parse(call.fields or {}, body, switches)
    if path.every:
        return Done(context, _on_every_cluster(call, context, path, args))
    if path.multi:
        if call.listing:
            return Done(context, _envelope(context, _joined(call, context, path, args)))
        context.cluster = _owner(call, context, path, args)
    result = call.handler(context, *path.targets, args)
    if method == "GET":
        if isinstance(result, services.ClientWait):
            return Done(context, {}, result)
        return Done(context, _envelope(context, result))
    context.cluster.disk_sets.clear()
    services.configuration_changed(context)
    if isinstance(result, attachments.Reassigned):
        return Done(context, _change(context, None), result)
    return Done(context, _change(context, result))


def _envelope(context: Context, data: Any) -> dict[str, Any]:
    return {"generation": context.cluster.generation, "data": data}


def _change(context: Context, extra: dict[str, Any] | None) -> dict[str, Any]:
    generation = context.cluster.generation
    envelope = {"generation": generation, "data": {"ok": True, "generation": generation, **(extra or {})}}
    if context.multi:
        envelope["clusterId"] = context.cluster.id
    return envelope


def _home(world: World, local: Cluster, switches: Mapping[str, Any], remote_name: str | None) -> Cluster:
    """The cluster that a call is for: the one that got it, or what RemoteCommand/ names."""
    if remote_name is None or remote_name in (local.name, "~" + local.id):
        return local
    wanted = remote_name[1:] if remote_name.startswith("~") else None
    registered = local.remotes.get(remote_name)
    if registered is not None:
        wanted = f"{registered.location.id}.{registered.id}"
    cluster = world.clusters.get(wanted) if wanted else None
    if cluster is None:
        if registered is None and switches["remote_command_unknown"] == "local":
            return local
        errors.missing("Cluster", remote_name)
    if not cluster.connected:
        raise errors.ApiFailure(errors.MULTI_CLUSTER, f"Cluster '{cluster.name}' is not connected", transient=True)
    return cluster


def _connected(context: Context) -> list[Cluster]:
    """The cluster itself, then the others that can be reached."""
    others = [each for each in context.world.clusters.values() if each is not context.cluster and each.connected]
    return [context.cluster, *others]


def _owner(call: ApiCall, context: Context, path: Path, args: dict[str, Any]) -> Cluster:
    """Where the object is that a MultiCluster/ call is about; the cluster itself if it is nowhere."""
    if call.locate is None:
        return context.cluster
    if callable(call.locate):
        reference, kinds = call.locate(args), ("either",)
    else:
        reference, kinds = path.targets[0], (call.locate,)
    if reference is None:
        return context.cluster
    for cluster in _connected(context):
        if reference.startswith("~"):
            found = cluster.by_global_id.get(reference[1:])
        else:
            found = cluster.by_name.get(reference) or (
                names.find_snapshot(cluster, reference) if "@" in reference else None
            )
        if found is not None and ("either" in kinds or found.is_snapshot == (kinds[0] == "snapshot")):
            return cluster
    return context.cluster


def _joined(call: ApiCall, context: Context, path: Path, args: dict[str, Any]) -> Any:
    """The items of every connected cluster's listing, in one list or object."""
    results = [call.handler(replace(context, cluster=each), *path.targets, args) for each in _connected(context)]
    if isinstance(results[0], list):
        return [item for result in results for item in result]
    merged = dict(results[0])
    for result in results[1:]:
        for key, value in result.items():
            merged[key] = merged[key] + value if isinstance(merged.get(key), list) else value
    return merged


def _on_every_cluster(call: ApiCall, context: Context, path: Path, args: dict[str, Any]) -> dict[str, Any]:
    """Each cluster's own envelope; a cluster that cannot be reached has none."""
    answers = []
    for cluster in context.world.clusters.values():
        answer: dict[str, Any] = {"clusterId": cluster.id, "clusterName": cluster.name}
        if cluster.connected:
            there = replace(context, cluster=cluster)
            answer["response"] = _envelope(there, call.handler(there, *path.targets, args))
        answers.append(answer)
    return _envelope(context, {"clusters": answers})
