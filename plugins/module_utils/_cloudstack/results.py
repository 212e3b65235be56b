# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects that modules return: one function for each kind, used by the managing and the info modules alike.

Keys are snake_case, sizes are bytes, ``None`` is "none", or "not told by this version of CloudStack".
"""

from __future__ import annotations

import typing as t

from . import identity
from .reader import Raw
from .states import allocation_state


def pool(raw: Raw, hosts: t.Optional[t.Mapping[str, t.Sequence[str]]] = None) -> t.Dict[str, t.Any]:
    """A StorPool pool of listStoragePools, or one that a plan predicts (``id`` and ``created`` are ``None`` until it exists).

    ``hosts`` has the names under "connected" and "not_connected"; ``None`` if that was not asked, or cannot be.
    """
    capacity = raw.get("capacitybytes")
    return {
        "id": identity.shown_id(raw),
        "name": raw["name"],
        "zone": raw.get("zonename"),
        "zone_id": raw.get("zoneid"),
        "template": raw["template"] if "template" in raw else identity.template_of(raw),
        "endpoint": raw["endpoint"] if "endpoint" in raw else identity.endpoint_of(raw),
        "provider": identity.PROVIDER,
        "state": raw.get("state"),
        "allocation_state": allocation_state(raw.get("state")),
        "scope": raw.get("scope"),
        "hypervisor": raw.get("hypervisor"),
        "type": raw.get("type"),
        "path": raw.get("path"),
        "capacity": raw.get("disksizetotal") if capacity is None else capacity,
        "used": raw.get("disksizeused"),
        "allocated": raw.get("disksizeallocated"),
        "tags": tags(raw),
        "tag_is_rule": bool(raw.get("istagarule")),
        "created": raw.get("created"),
        "hosts": None if hosts is None else {key: list(names) for key, names in hosts.items()},
    }


def tags(raw: Raw) -> t.List[str]:
    """The storage tags of a pool, sorted. A tag rule (4.19) is one text, whatever commas it has."""
    text = str(raw.get("tags") or "")
    if raw.get("istagarule"):
        return [text] if text else []
    return sorted({tag.strip() for tag in text.split(",") if tag.strip()})
