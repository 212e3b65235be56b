# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task may want of a volume, checked."""

from __future__ import annotations

import typing as t


class Want(t.NamedTuple):
    """A desired volume. Texts are checked, ``size`` is bytes; ``None`` is "leave it".

    ``vm`` is the name or id of the VM that has it, an empty text for none. ``owner`` has those of the options account, domain and project that are given.
    """

    present: bool
    name: t.Optional[str]
    id: t.Optional[str]
    owner: t.Mapping[str, str]
    zone: t.Optional[str]
    offering: t.Optional[str]
    size: t.Optional[int]
    allow_shrink: bool
    min_iops: t.Optional[int]
    max_iops: t.Optional[int]
    vm: t.Optional[str]
    device_id: t.Optional[int]
    pool: t.Optional[str]
    snapshot: t.Optional[str]
    expunge: bool
    wait_timeout: int
    allow_vm_migration: bool = False
    #: Move what else the VM has on the same pool as well, if its disks are moved only together with it.
    with_others: bool = False

    def __str__(self) -> str:
        return f"volume {self.name!r}" if self.name is not None else f"volume {self.id}"
