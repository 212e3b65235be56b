# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only rows can say: how old something is, what is encrypted, which client a host is, and what CloudStack has left of another pool."""

from __future__ import annotations

import dataclasses
import time
import types

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._books.audit import audit
from ansible_collections.storpool.cloudstack.plugins.module_utils._books.books import Books, Cloud, Cluster, moment
from ansible_collections.storpool.cloudstack.plugins.module_utils._books.reading import Ask, Reading, Sides
from ansible_collections.storpool.cloudstack.plugins.module_utils._books.run import _client
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption

NOW = 1_800_000_000
POOL = {"id": "t1;1", "name": "sp", "zoneid": "z", "zonename": "zone1", "state": "Up", "template": "t1"}


def volume(**more):
    row = {"id": "u1", "name": "v", "reference": "~a.b.1", "state": "Ready", "storageid": "t1;1", "size": 1 << 30}
    return {**row, **more}


def thing(**more):
    tags = {"cs": "volume", "uuid": "u1"}
    row = {"globalId": "a.b.1", "name": "~a.b.1", "keys": ("~a.b.1",), "templateName": "t1", "size": 1 << 30}
    return {**row, "iops": "-", "tags": tags, **more}


def found(volumes=(), things=(), min_age=0, version=(4, 19, 1), **cluster):
    cloud = Cloud(version, (POOL,), (), tuple(volumes))
    return audit(Books(cloud, Cluster(tuple(things), templates=({"name": "t1"},), **cluster), NOW, min_age))


@pytest.mark.parametrize(
    ("created", "expected"),
    [({"creationTimestamp": NOW - 10}, []), ({"creationTimestamp": NOW - 7200}, [True]), ({}, [False])],
)
def test_what_is_young_is_no_orphan_and_what_has_no_age_is_not_deleted(created, expected):
    assert [bool(finding.steps) for finding in found(things=[thing(**created)], min_age=3600)] == expected


def test_what_was_just_made_is_not_lost():
    for age, expected in ((10, []), (7200, ["lost_volume"])):
        created = {"created": _written(NOW - age)}
        assert [finding.code for finding in found([volume(**created)], min_age=3600)] == expected


def _written(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(seconds))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1970-01-01T00:00:10+0000", 10),
        ("1970-01-01T01:00:10+0100", 10),
        ("1970-01-01T00:00:10-0130", 5410),
        ("yesterday", None),
        (None, None),
    ],
)
def test_moments(text, expected):
    assert moment(text) == expected


@pytest.mark.parametrize(
    ("row", "size", "expected"),
    [
        ({}, 1 << 30, []),
        ({"encryptformat": "LUKS"}, (1 << 30) + 2097152, []),
        ({"encryptformat": "LUKS"}, 1 << 30, []),
        ({}, (1 << 30) + 2097152, ["size_differs"]),
        ({"size": (1 << 30) - 100}, 1 << 30, []),
    ],
)
def test_sizes(row, size, expected):
    assert [finding.code for finding in found([volume(**row)], [thing(size=size)])] == expected


def test_a_volume_is_found_by_its_id_where_its_path_is_stale():
    assert found([volume(reference="~a.b.9")], [thing()]) == []


def test_names_of_old_drivers_are_references_and_have_no_tags():
    old = thing(name="u1", keys=("u1", "~a.b.1"), tags={})
    assert found([volume(reference="u1")], [old], version=(4, 8, 0)) == []


def test_volumes_of_other_pools_are_known_and_are_not_compared():
    assert found([volume(storageid="other")], [thing(size=5)]) == []
    assert found([volume(state="Destroy")], [thing(size=5)]) == []
    assert found([volume(state="Allocated", reference=None, id="u9")]) == []


@dataclasses.dataclass
class Hosts:
    """A cloud of hosts only."""

    rows: list

    def version(self):
        return (4, 19, 1)

    def every_host(self):
        return self.rows

    def pools(self):
        return [POOL]

    def __getattr__(self, name):
        return lambda **where: []


@pytest.mark.parametrize(
    ("given", "parent", "known", "expected"),
    [
        ({"kvm1.example.com": 7}, "5", {"kvm1": 3}, 7),
        ({}, "5", {"kvm1": 3}, 5),
        ({}, None, {"kvm1.example.com": 2, "kvm1": 3}, 2),
        ({}, None, {"kvm1": 3}, 3),
        ({}, "not told", {}, None),
    ],
)
def test_which_client_a_host_is(given, parent, known, expected):
    row = {
        "id": "h",
        "name": "kvm1.example.com",
        "state": "Up",
        "zoneid": "z",
        **({"parent": parent} if parent else {}),
    }
    lists = dict.fromkeys(("volumes", "snapshots", "attachments", "templates", "templates_status"), list)
    cluster = types.SimpleNamespace(clients=dict, **lists)
    sides = Sides(
        Hosts([row]), cluster, lambda _pool: True, lambda pool: pool["template"], str, tuple, str, lambda: known
    )
    [host] = Reading(sides, Ask(clients=given)).first().cloud.hosts
    assert host["client"] == expected


@pytest.mark.parametrize("client", ["²", "9" * 5000, "", "-1", True])
def test_what_is_no_id_of_a_client_is_refused(client):
    with pytest.raises(InvalidOption, match="is no id of a StorPool client"):
        _client(client, "host1")
