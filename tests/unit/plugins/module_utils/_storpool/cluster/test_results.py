# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules return of StorPool's objects."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import results


@pytest.mark.parametrize(
    ("listed", "shown"),
    [("golden", "golden"), ("data@7", "data@7"), ("~sim.b.r", "~sim.b.r"), ("", None), ("*golden", None)],
)
def test_a_parent_that_is_being_deleted_is_none(listed, shown):
    assert results.volume({"name": "db-1", "size": 512, "parentName": listed})["parent"] == shown
