# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a volume is: the account or the project in a domain, as options name them and as CloudStack's rows and commands do."""

from __future__ import annotations

import typing as t

from ..cloud import named
from ..cloud.reader import Raw, Reader

Given = t.Mapping[str, str]


def parameters(reader: Reader, owner: Given) -> t.Dict[str, str]:
    """What commands are given for an owner: ``account``, ``domainid``, ``projectid``. Raises :class:`NotFound` and :class:`Ambiguous`."""
    found: t.Dict[str, str] = {}
    if "account" in owner:
        found["account"] = owner["account"]
    if "domain" in owner:
        found["domainid"] = _id("domain", owner["domain"], reader.domains(), (("id",), ("path",), ("name",)))
    if "project" in owner:
        found["projectid"] = _id("project", owner["project"], reader.projects(), named.BY_NAME)
    return found


def is_of(row: Raw, wanted: Given) -> bool:
    """Whether a row belongs to the owner with these parameters."""
    return all(row.get(member) == value for member, value in wanted.items())


def is_same(row: Raw, other: Raw) -> bool:
    """Whether two rows belong to the same owner, as far as they tell: what belongs to a project has no account."""
    owners = [tuple(each.get(member) for member in ("account", "projectid")) for each in (row, other)]
    if any(owned == (None, None) for owned in owners):
        return True
    return owners[0] == owners[1] and len({each.get("domainid") for each in (row, other)} - {None}) < 2


def told(row: Raw) -> str:
    """Whose a row is, in words."""
    who = f"project {row['project']!r}" if row.get("project") else f"account {row.get('account')!r}"
    return f"{who} of domain {row['domain']!r}" if row.get("domain") else who


def _id(what: str, wanted: str, rows: t.Sequence[Raw], by: named.By) -> str:
    def told(row: Raw) -> str:
        return f"{row['id']} ({row.get('path') or row.get('domain')})"

    return str(named.needed(what, what, wanted, rows, by=by, told=told)["id"])
