# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a StorPool pool is recognised among CloudStack's pools, and what its id says about it."""

from __future__ import annotations

import re
import typing as t

from ..._common.errors import Ambiguous
from ..._common.words import listing
from .reader import Raw

#: The provider's name. CloudStack compares it by case, and takes its own driver for any name that it does not know.
PROVIDER = "StorPool"
_TOKEN = re.compile(r"(SP_AUTH_TOKEN=)[^;]*")


def is_storpool(row: Raw) -> bool:
    """Whether a pool of ``listStoragePools`` is StorPool's. Before 4.11 the row has no provider: its type, address and path say it then."""
    provider = row.get("provider")
    if provider:
        return bool(provider == PROVIDER)
    if row.get("type") == "StorPool":
        return True
    return (
        row.get("type") == "SharedMountPoint"
        and row.get("ipaddress") == "n/a"
        and str(row.get("path", "")).startswith("/dev/storpool")
    )


def template_of(row: Raw) -> str:
    """The StorPool template of a pool, from its id.

    The id is ``<template>`` (driver of CloudStack 4.8.0), the whole ``SP_API_HTTP=...`` text (drivers of 2019 and 2020) or ``<template>;<uuid>``.
    """
    pairs = _pairs(row)
    return pairs["SP_TEMPLATE"] if "SP_TEMPLATE" in pairs else str(row["id"]).partition(";")[0]


def endpoint_of(row: Raw) -> t.Optional[str]:
    """The ``HOST:PORT`` of StorPool's API that a pool uses, where CloudStack shows it: from 4.21 on, if at all, in its details."""
    details = row.get("details") or {}
    return details.get("SP_API_HTTP_HOST") or _pairs(row).get("SP_API_HTTP")


def shown_id(row: Raw) -> t.Optional[str]:
    """The id without the token that it holds if the driver is one of 2019 or 2020."""
    return None if row.get("id") is None else _TOKEN.sub(r"\g<1>***", str(row["id"]))


def find(
    pools: t.Iterable[Raw], zone: str, name: str, previous_name: t.Optional[str], template: t.Optional[str]
) -> t.Optional[Raw]:
    """The StorPool pool of a zone (name or id) with a name, or else with its previous name.

    CloudStack lets several pools have one name; ``template`` chooses among them. Raises :class:`Ambiguous` if that does not help.
    """
    here = [row for row in within(pools, "zone", zone) if is_storpool(row)]
    named, previous = _one(here, name, template), _one(here, previous_name, template)
    if named and previous:
        raise Ambiguous(
            f"There is a primary storage pool {name!r} ({shown_id(named)}) and a primary storage pool {previous_name!r} ({shown_id(previous)}), so it is "
            "not clear which one is meant. Remove or rename one of them, or leave out previous_name."
        )
    return named or previous


def within(rows: t.Iterable[Raw], what: str, wanted: t.Optional[str]) -> t.List[Raw]:
    """The rows in the ``what`` ("zone", "cluster") with this id; if there is none with it, with this name. All of them for ``None``.

    A name may be another's id, as names are anything that people choose.
    """
    found = list(rows)
    if wanted is None:
        return found
    return [row for row in found if row.get(what + "id") == wanted] or [
        row for row in found if row.get(what + "name") == wanted
    ]


def _one(rows: t.Iterable[Raw], name: t.Optional[str], template: t.Optional[str]) -> t.Optional[Raw]:
    found = [row for row in rows if name is not None and row["name"] == name]
    if len(found) > 1 and template:
        found = [row for row in found if template_of(row) == template] or found
    if len(found) > 1:
        ids = listing(sorted(str(shown_id(row)) for row in found))
        raise Ambiguous(
            f"{len(found)} primary storage pools have the name {name!r}: {ids}. Give the StorPool template of the one that is meant (template), or rename "
            "the others."
        )
    return found[0] if found else None


def _pairs(row: Raw) -> t.Dict[str, str]:
    pieces = (piece.partition("=") for piece in str(row["id"]).split(";"))
    return {key: value for key, equals, value in pieces if equals}
