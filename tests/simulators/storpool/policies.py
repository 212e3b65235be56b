# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Placement and limits: what comes from the request, the template, or the source of a copy."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

from simulators.storpool import errors, names
from simulators.storpool.state import GIB, Context, Policy, Template, Volume

_PLACES = (("placeAll", "place_all"), ("placeTail", "place_tail"), ("placeHead", "place_head"))
_LIMITS = ("bw", "iops", "limit_type")


def apply(context: Context, policy: Policy, args: dict[str, Any]) -> Policy:
    """``policy`` with what the request sets; objectDoesNotExist for an unknown placement group."""
    values: dict[str, Any] = {}
    for key, attribute in _PLACES:
        if key in args:
            values[attribute] = names.get_group(context, args[key])
    if "replication" in args:
        values["replication"] = None if args["replication"] == "-" else args["replication"]
    for key in ("bw", "iops"):
        if key in args:
            values[key] = None if args[key] == "-" else args[key]
    if "limitType" in args and context.switches["limit_type"] == "listed":
        values["limit_type"] = args["limitType"]
    if "reuseServer" in args:
        values["reuse_server"] = args["reuseServer"]
    return replace(policy, **values) if values else policy


def complete(context: Context, policy: Policy) -> Policy:
    """``policy`` with every place set: placeAll falls back to the group "default", the others to placeAll.

    invalidParam if there is no placeAll and no group "default".
    """
    place_all = policy.place_all or context.cluster.groups.get("default")
    if place_all is None:
        errors.invalid("No placeAll specified")
    return replace(
        policy,
        place_all=place_all,
        place_tail=policy.place_tail or place_all,
        place_head=policy.place_head or place_all,
    )


def for_volume(context: Context, template: Template | None, source: Volume | None, args: dict[str, Any]) -> Policy:
    """The policy of a new volume: the template's, else its source's, and what the request sets, all resolved."""
    base = template.policy if template is not None else (source.policy if source is not None else Policy())
    policy = complete(context, apply(context, base, args))
    if policy.replication is None and source is not None:
        policy = replace(policy, replication=source.policy.replication)
    if policy.replication is None:
        errors.invalid("No replication specified")
    for group in (policy.place_all, policy.place_tail, policy.place_head):
        if not group.disks:
            raise errors.ApiFailure(errors.RESOURCES, f"No disks in placement group '{group.name}'")
    return policy


def switch_template(context: Context, volume: Volume, template: Template) -> Policy:
    """The policy of ``volume`` when it changes to ``template``; whether limits change too is a switch."""
    policy = complete(context, template.policy)
    if policy.replication is None:
        policy = replace(policy, replication=volume.policy.replication)
    if context.switches["template_change_limits"] == "kept":
        policy = copy_limits(policy, volume.policy)
    return policy


def copy_limits(policy: Policy, source: Policy) -> Policy:
    """``policy`` with the limits of ``source``."""
    return replace(policy, **{name: getattr(source, name) for name in _LIMITS})


def propagated(volume: Volume, before: Policy, after: Policy) -> Policy:
    """The policy of ``volume`` when a change of its template, from ``before`` to ``after``, is propagated."""
    changed = {
        each.name: getattr(after, each.name)
        for each in fields(Policy)
        if getattr(before, each.name) != getattr(after, each.name)
    }
    if changed.get("replication", 1) is None:
        del changed["replication"]
    return replace(volume.policy, **changed)


def effective(limit: float | None, policy: Policy, size: int) -> float | None:
    """A limit as it is enforced: per GiB of ``size`` (bytes) if the type says so; None: unlimited."""
    if not limit:
        return None
    return limit if policy.limit_type == "total" else limit * size / GIB


def merge_tags(tags: dict[str, str], given: dict[str, str] | None) -> dict[str, str]:
    """``tags`` with ``given`` added or replaced; a value "" removes its tag."""
    return {key: value for key, value in {**tags, **(given or {})}.items() if value != ""}
