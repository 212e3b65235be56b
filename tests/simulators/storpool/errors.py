# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors of the API: ``{"error": {"name", "descr", "transient"}}``."""

from __future__ import annotations

from typing import NoReturn

DOES_NOT_EXIST = "objectDoesNotExist"
EXISTS = "objectExists"
BUSY = "busy"
INVALID = "invalidParam"
JSON = "jsonError"
PRECONDITION = "preconditionViolation"
RESOURCES = "insufficientResources"
MULTI_CLUSTER = "multiCluster"


class ApiFailure(Exception):
    """A call that is refused. ``status`` overrides the HTTP status that follows from ``name``."""

    def __init__(self, name: str, descr: str, *, transient: bool = False, status: int | None = None) -> None:
        super().__init__(descr)
        self.name = name
        self.descr = descr
        self.transient = transient
        self.status = status


def missing(kind: str, name: str) -> NoReturn:
    """Raises objectDoesNotExist."""
    raise ApiFailure(DOES_NOT_EXIST, f"{kind} '{name}' does not exist")


def exists(name: str) -> NoReturn:
    """Raises objectExists: volumes and snapshots share one name space."""
    raise ApiFailure(EXISTS, f"Object '{name}' already exists")


def invalid(descr: str) -> NoReturn:
    """Raises invalidParam."""
    raise ApiFailure(INVALID, descr)


def bad_json(descr: str) -> NoReturn:
    """Raises jsonError."""
    raise ApiFailure(JSON, descr)
