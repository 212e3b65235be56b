# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which of CloudStack's pools are StorPool's, and what their ids tell."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import identity, results
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Ambiguous

OLD = {
    "id": "hybrid",
    "name": "p",
    "zoneid": "z-1",
    "zonename": "zone1",
    "type": "SharedMountPoint",
    "ipaddress": "n/a",
}
EXT0 = {**OLD, "path": "/dev/storpool/"}
NEW = {**OLD, "id": "hybrid;0b1c", "type": "StorPool", "provider": "StorPool", "path": "/dev/storpool-byid/"}
LEAKY = {**EXT0, "id": "SP_API_HTTP=10.0.0.1:81;SP_AUTH_TOKEN=123456;SP_TEMPLATE=hybrid"}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (EXT0, True),
        (NEW, True),
        (LEAKY, True),
        ({**EXT0, "provider": "DefaultPrimary"}, False),
        ({**EXT0, "path": "/mnt/primary"}, False),
        ({**EXT0, "ipaddress": "10.0.0.1"}, False),
        ({**EXT0, "type": "NetworkFilesystem"}, False),
        ({**NEW, "provider": "storpool"}, False),
    ],
)
def test_storpool_pools_are_told_by_provider_or_by_what_the_driver_leaves(row, expected):
    assert identity.is_storpool(row) is expected


@pytest.mark.parametrize("row", [EXT0, NEW, LEAKY])
def test_the_template_is_in_the_id(row):
    assert identity.template_of(row) == "hybrid"


def test_a_token_in_an_id_is_never_shown():
    assert identity.shown_id(LEAKY) == "SP_API_HTTP=10.0.0.1:81;SP_AUTH_TOKEN=***;SP_TEMPLATE=hybrid"
    assert "123456" not in repr(results.pool(LEAKY))


def test_the_endpoint_is_known_where_cloudstack_shows_it():
    assert identity.endpoint_of(NEW) is None
    assert identity.endpoint_of(LEAKY) == "10.0.0.1:81"
    shown = {**NEW, "details": {"SP_API_HTTP_HOST": "10.0.0.2:81", "SP_AUTH_TOKEN": "123456"}}
    assert results.pool(shown)["endpoint"] == "10.0.0.2:81"
    assert "123456" not in repr(results.pool(shown))


def find(pools, name="p", previous=None, template=None, zone="zone1"):
    return identity.find(pools, zone, name, previous, template)


def test_a_pool_is_found_by_zone_name_and_provider():
    elsewhere = {**NEW, "id": "hybrid;9", "zoneid": "z-2", "zonename": "zone2"}
    nfs = {**NEW, "id": "5a", "provider": "DefaultPrimary"}
    assert find([nfs, elsewhere, NEW]) is NEW
    assert find([elsewhere, NEW], zone="z-1") is NEW
    assert find([nfs, elsewhere]) is None
    assert find([{**NEW, "name": "P"}]) is None


def test_the_previous_name_counts_only_while_there_is_no_new_one():
    old, new = {**NEW, "name": "old"}, {**NEW, "name": "new", "id": "ssd;1"}
    assert find([old], "new", "old") is old
    assert find([new], "new", "old") is new
    with pytest.raises(Ambiguous, match=r"ssd;1.*hybrid;0b1c"):
        find([old, new], "new", "old")


def test_of_two_pools_with_one_name_the_template_chooses():
    twin = {**NEW, "id": "ssd;1"}
    assert find([NEW, twin], template="ssd") is twin
    with pytest.raises(Ambiguous, match="template"):
        find([NEW, twin])
    with pytest.raises(Ambiguous):
        find([NEW, twin], template="other")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, []),
        ({"tags": ""}, []),
        ({"tags": "b, a,b"}, ["a", "b"]),
        ({"tags": "x > 1, y", "istagarule": True}, ["x > 1, y"]),
        ({"istagarule": True}, []),
    ],
)
def test_tags_are_a_set_and_a_rule_is_one_text(row, expected):
    assert results.tags(row) == expected


def test_capacity_has_two_names():
    assert results.pool({**NEW, "disksizetotal": 5})["capacity"] == 5
    assert results.pool({**NEW, "disksizetotal": 5, "capacitybytes": 7})["capacity"] == 7
    assert results.pool({**NEW, "disksizetotal": 5, "capacitybytes": 0})["capacity"] == 0
