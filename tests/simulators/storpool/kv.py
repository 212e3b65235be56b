# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The key-value store."""

from __future__ import annotations

from typing import Any

from simulators.storpool import errors, fields
from simulators.storpool.calls import get, post
from simulators.storpool.fields import Field, required
from simulators.storpool.state import Context

MISMATCH = "runIfVersionIsMismatch"
KEY_MAX = 1022


def _bucket(context: Context, name: str) -> dict[str, Any]:
    found = context.cluster.buckets.get(name)
    if found is None:
        errors.missing("Bucket", name)
    return found


@get("KV")
def buckets_list(context: Context, args: dict[str, Any]) -> dict[str, Any]:
    return {"buckets": {name: bucket["version"] for name, bucket in context.cluster.buckets.items()}}


@get("KV/List", targets=1)
def bucket_list(context: Context, name: str, args: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, **_bucket(context, name)}


@get("KV/Get", targets=2)
def bucket_get(context: Context, name: str, key: str, args: dict[str, Any]) -> dict[str, Any]:
    bucket = _bucket(context, name)
    if key not in bucket["pairs"]:
        errors.missing("Key", key)
    return {"name": name, "version": bucket["version"], "pairs": {key: bucket["pairs"][key]}}


@post("KV/Create", targets=1)
def bucket_create(context: Context, name: str, args: dict[str, Any]) -> None:
    name = fields.bucket_name("name", name, context.switches)
    if name in context.cluster.buckets:
        errors.exists(name)
    context.cluster.buckets[name] = {"version": 1, "pairs": {}}
    context.changed = True


@post("KV/Delete", targets=1)
def bucket_delete(context: Context, name: str, args: dict[str, Any]) -> None:
    _bucket(context, name)
    del context.cluster.buckets[name]
    context.changed = True


def _pairs(name: str, value: Any, switches: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        errors.bad_json(f"{name} must be an object of strings")
    if any(len(key) > KEY_MAX for key in value):
        errors.invalid("A key is too long")
    return value


@post("KV/Set", required("set", _pairs), Field("runIfVersionIs", fields.integer(0)), targets=1)
def bucket_set(context: Context, name: str, args: dict[str, Any]) -> None:
    """An empty value deletes its key; the version rises with every change."""
    bucket = _bucket(context, name)
    if args.get("runIfVersionIs", bucket["version"]) != bucket["version"]:
        raise errors.ApiFailure(MISMATCH, f"The version of '{name}' is {bucket['version']}")
    pairs = {key: value for key, value in {**bucket["pairs"], **args["set"]}.items() if value}
    if pairs != bucket["pairs"]:
        bucket["pairs"] = pairs
        bucket["version"] += 1
        context.changed = True
