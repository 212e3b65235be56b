# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Volumes as check mode foresees them: what would be there is listed where it would be, and what was read as it is."""

from __future__ import annotations

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.predicted import Predicted
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi

OLD = {"id": "v-1", "name": "old", "zoneid": "z-1", "storageid": "p-1", "state": "Ready"}


def predicted(rows=(OLD,)):
    return Predicted(FakeApi(lists={"listVolumes": list(rows)}).reader())


def test_a_new_volume_is_where_it_would_be():
    reader = predicted([])
    reader.change_volume(None, {"name": "new", "zoneid": "z-1", "storageid": "p-2"})
    [row] = reader.volumes_called("new", "z-1")
    assert reader.volume(row["id"]) == row
    assert reader.volumes_on("p-2") == reader.volumes(storageid="p-2") == [row]
    assert reader.volumes_on("p-1") == reader.volumes_called("new", "z-2") == reader.volumes(name="other") == []


def test_a_volume_that_would_be_elsewhere_is_no_longer_where_it_was():
    reader = predicted()
    reader.change_volume(OLD, {**OLD, "storageid": "p-2"})
    assert reader.volumes_on("p-1") == []
    assert [row["storageid"] for row in reader.volumes(id="v-1")] == ["p-2"]
    reader.change_volume(OLD, None)
    assert (reader.volume("v-1"), reader.volumes()) == (None, [])


def test_what_was_read_meets_conditions_that_rows_do_not_show():
    assert predicted().volumes(hostid="h-1") == [OLD]
