# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands. Importing this package declares all of them; `find` is the registry's, with them in it."""

from __future__ import annotations

from simulators.cloudstack.commands import (
    asyncjobs,
    configurations,
    extraction,
    infrastructure,
    management_servers,
    offerings,
    owners,
    pool_maintenance,
    pools,
    snapshots,
    tags,
    templates,
    virtual_machines,
    vm_snapshots,
    vm_storage,
    volume_offerings,
    volumes,
)
from simulators.cloudstack.registry import find

__all__ = [
    "asyncjobs",
    "configurations",
    "extraction",
    "find",
    "infrastructure",
    "management_servers",
    "offerings",
    "owners",
    "pool_maintenance",
    "pools",
    "snapshots",
    "tags",
    "templates",
    "virtual_machines",
    "vm_snapshots",
    "vm_storage",
    "volume_offerings",
    "volumes",
]
