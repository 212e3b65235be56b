# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fault matrix: every module and state, every call that it makes, everything that can go wrong with a call."""

from __future__ import annotations

import pytest

from faults import (
    cloudstack_failovers,
    cloudstack_operations,
    cloudstack_pools,
    cloudstack_restores,
    cloudstack_snapshots,
    cloudstack_templates,
    cloudstack_volumes,
    storpool_bulk,
    storpool_locations,
    storpool_objects,
    storpool_volumes,
    two_books,
)
from faults.matrix import rows
from faults.record import keep

# The longest first, so that no worker is left with one at the end.
ON_STORPOOL = (
    *storpool_bulk.OBJECTS,
    *storpool_locations.LOCATIONS,
    *storpool_volumes.VOLUMES,
    *storpool_volumes.ATTACHMENTS,
    *storpool_volumes.REVERTS,
    *storpool_objects.SNAPSHOTS,
    *storpool_objects.TEMPLATES,
    *storpool_objects.GROUPS,
    *storpool_objects.INFO,
)
ON_CLOUDSTACK = (
    *cloudstack_pools.POOLS,
    *cloudstack_templates.TEMPLATES,
    *cloudstack_templates.DOWNLOADS,
    *cloudstack_snapshots.SNAPSHOTS,
    *cloudstack_restores.RESTORES,
    *cloudstack_failovers.FAILOVERS,
    *cloudstack_volumes.VOLUMES,
    *cloudstack_volumes.EVACUATIONS,
    *cloudstack_operations.OPERATIONS,
    *two_books.BOOKS,
    *cloudstack_operations.INFO,
    *cloudstack_pools.INFO,
)


@pytest.mark.parametrize("scenario", ON_CLOUDSTACK, ids=str)
def test_cloudstack(scenario, cloudstack):
    survives(cloudstack, scenario)


@pytest.mark.parametrize("scenario", cloudstack_volumes.WITH_VMS, ids=str)
def test_cloudstack_with_two_hosts(scenario, two_hosts):
    survives(two_hosts, scenario)


@pytest.mark.parametrize("scenario", ON_STORPOOL, ids=str)
def test_storpool(scenario, storpool):
    survives(storpool, scenario)


def survives(world, scenario):
    found = list(rows(world, scenario))
    keep(str(scenario), found)
    assert found
    lost = [f"{row.call}, {row.fault}: {row.outcome}" for row in found if row.lost]
    assert not lost, f"{len(lost)} of {len(found)} cases lost\n" + "\n".join(lost)
