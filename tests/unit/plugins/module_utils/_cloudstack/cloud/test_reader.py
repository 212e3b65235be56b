# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is read: who counts as a host, whose volumes are on a pool, and which calls that takes."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.reader import Reader, StorPool
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.versions import parse
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.info import pools as info
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.pool import contents
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.pool.pool import look
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import BadAnswer
from unit.plugins.module_utils._cloudstack.in_process import NEW, row, want


class Lists:
    """An Api whose lists are functions of the parameters; ``reads`` are the commands in order."""

    def __init__(self, version="4.19.1.0", **lists):
        self.version, self.lists, self.reads = version, lists, []

    def read(self, command, **params):
        self.reads.append(command)
        if command == "listCapabilities":
            return {"capability": {"cloudstackversion": self.version}}
        return {"dataStoreProvider": [{"name": "StorPool"}, {"name": "DefaultPrimary"}]}

    def rows(self, command, key, **params):
        self.reads.append(command)
        found = self.lists.get(command, [])
        return found(params) if callable(found) else list(found)


def reader(api, **asked):
    return Reader(api, StorPool(lambda name: asked["capacity"], lambda name: asked["problem"]))


@pytest.mark.parametrize(
    ("text", "expected"), [("4.8.0", (4, 8, 0)), ("4.23.0.0-SNAPSHOT", (4, 23, 0)), ("4.9", (4, 9, 0))]
)
def test_versions(text, expected):
    assert parse(text) == expected


def test_what_is_no_version_is_no_answer():
    with pytest.raises(BadAnswer, match="version"):
        parse("unknown")


def test_a_zone_is_found_by_its_whole_name_or_its_id():
    zones = [{"id": "z-1", "name": "zone10"}, {"id": "z-2", "name": "zone1"}, {"id": "z-3", "name": "z-1"}]
    found = reader(Lists(listZones=zones)).zone
    assert (found("zone1")["id"], found("z-1")["name"], found("zone")) == ("z-2", "zone10", None)


def host(number, state="Up", resource="Enabled"):
    return {"id": f"h-{number}", "name": f"host{number}", "state": state, "resourcestate": resource}


def test_hosts_that_cannot_run_vms_do_not_count():
    hosts = [host(3), host(1), host(2, "Down"), host(4, resource="Maintenance")]
    api = Lists(
        listHosts=hosts, listStoragePools=lambda params: [row()] if params["hostid"] == "h-1" else [row(id="other")]
    )
    assert reader(api).connections(row()).names() == {"connected": ["host1"], "not_connected": ["host3"]}


def volumes(params):
    rows = [{"id": "v-1", "state": "Ready"}]
    if params.get("projectid") == "-1":
        rows = [{"id": "v-2", "state": "Allocated"}]
    if params.get("state") == "Destroy":
        rows = [{"id": "v-3", "state": "Destroy"}]
    if params.get("listsystemvms"):
        rows.append({"id": "v-4", "state": "Ready", "vmname": "s-1-VM", "vmstate": "Running"})
    return rows


def test_the_volumes_of_projects_and_system_vms_and_the_destroyed_are_seen():
    snapshots = [{"id": "s-1", "name": "a", "volumeid": "v-2"}, {"id": "s-2", "name": "b", "volumeid": "other"}]
    api = Lists(listVolumes=volumes, listSnapshots=snapshots)
    found = contents.read(reader(api), row(), removing=True)
    assert [[one["id"] for one in rows] for rows in found] == [["v-1", "v-2"], ["v-3"], ["v-4"], ["s-1"]]
    older = contents.read(reader(Lists("4.17.2.0", listVolumes=volumes)), row(), removing=False)
    assert (older.system, older.snapshots) == ((), ())


@pytest.mark.parametrize(
    ("version", "options", "reads"),
    [
        ("4.18.1", {}, ["listCapabilities", "listStoragePools"]),
        ("4.19.1", {"connected_hosts": "ignore"}, ["listCapabilities", "listStoragePools"]),
        ("4.19.1", {}, ["listCapabilities", "listStoragePools", "listHosts", "listStoragePools"]),
    ],
)
def test_a_pool_that_is_as_wanted_takes_few_calls(version, options, reads):
    api = Lists(version, listStoragePools=[row()], listHosts=[host(1)])
    look(reader(api), want(**NEW, **options))
    assert api.reads == reads


def test_storpool_is_asked_only_for_a_new_pool():
    api = Lists(listZones=[{"id": "z-1", "name": "zone1"}])
    asked = reader(api, capacity=5, problem="no")
    assert look(asked, want(template="hybrid", capacity="from_template")).capacity == 5
    assert look(asked, want(**NEW)).template_problem == "no"
    assert look(asked, want(**NEW, verify_template=False)).template_problem is None
    assert look(asked, want(**NEW, sp_api_http_host=None, sp_auth_token=None)).template_problem is None
    existing = reader(Lists(listStoragePools=[row()]))  # would fail if StorPool were asked
    assert look(existing, want(template="hybrid", capacity="from_template")).pool == row()


EVERY = [
    row(),
    row(id="ssd;2", name="sp-ssd", tags="fast,ssd", zonename="zone2", zoneid="z-2"),
    row(id="5a", name="nfs", provider="DefaultPrimary"),
]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, ["sp", "sp-ssd"]),
        ({"name": ["sp-*"]}, ["sp-ssd"]),
        ({"name": ["nfs"]}, []),
        ({"zone": "z-2"}, ["sp-ssd"]),
        ({"template": "hybrid"}, ["sp"]),
        ({"tags": ["ssd"]}, ["sp-ssd"]),
        ({"tags": ["ssd", "sp"]}, []),
    ],
)
def test_info_filters_one_list(asked, expected):
    api = Lists(listStoragePools=EVERY)
    params = {"name": None, "zone": None, "template": None, "tags": None, "hosts": False, **asked}
    found = info.pools(Reader(api), params)["pools"]
    assert [pool["name"] for pool in found] == expected
    assert api.reads == ["listStoragePools"]
    assert all(pool["hosts"] is None for pool in found)
