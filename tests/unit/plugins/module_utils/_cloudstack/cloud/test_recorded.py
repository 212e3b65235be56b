# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What real management servers of 4.19.0 and 4.22.0 answered (recorded.json), read by what reads for the modules.

listClusters alone was not recorded; its row is put together from what listHosts told of the same cluster.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack import configuration
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud import (
    hosts,
    identity,
    results,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.cloud.waiting import Settled, Worker
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection import refusals, shapes
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.info import pools as info
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.info import snapshots as snapshot_info
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.info import volumes as volume_info
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.management import (
    server as management_server,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.offering import disk_offering
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.pool import contents, pool
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    InvalidOption,
    NotAllowed,
    Outdated,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Step
from unit.plugins.module_utils._cloudstack.cloud.test_hosts import OPTIONS as HOST_OPTIONS
from unit.plugins.module_utils._cloudstack.fake_api import FakeApi
from unit.plugins.module_utils._cloudstack.in_process import OPTIONS as POOL_OPTIONS
from unit.plugins.module_utils._cloudstack.offering.test_disk_offering import OPTIONS as OFFERING_OPTIONS
from unit.plugins.module_utils._cloudstack.test_configuration import OPTIONS as SETTING_OPTIONS
from unit.plugins.module_utils._storpool.in_process import options as given

ANSWERS = json.loads((Path(__file__).parent / "recorded.json").read_text(encoding="utf-8"))
TOKEN = "1234567890123456789"
BOTH = pytest.mark.parametrize("version", sorted(ANSWERS))


class Recorded(FakeApi):
    """A management server that answers as a real one did; ``instead`` are names of other answers, by command."""

    def __init__(self, version, **instead):
        super().__init__(version + ".0")
        self.answers = copy.deepcopy(ANSWERS[version])
        self.instead = {
            "listStorageProviders": {"dataStoreProvider": [{"name": "StorPool", "type": "PRIMARY"}]},
            **instead,
        }

    def answer(self, command, params):
        answer = self.instead.get(command, command)
        answer = self.answers.get(answer, {}) if isinstance(answer, str) else answer
        # what CloudStack filters by and our readers rely on
        if command == "listStoragePools" and "hostid" in params:
            answer = self.answers["listStoragePools of a host"]
        return answer

    def read(self, command, **params):
        if command == "listCapabilities":
            return super().read(command, **params)
        return self.answer(command, params)

    def rows(self, command, key, **params):
        found = self.answer(command, params).get(key, [])
        return [row for row in found if params.get("id") in (None, row.get("id"))]

    def change(self, command, params, timeout=None):
        return {"jobid": self.answer("queryAsyncJobResult", {})["jobid"]}

    def scrub(self, text):
        return text


@BOTH
def test_hosts_have_the_names_of_where_they_are(version):
    reader = Recorded(version).reader()
    for options in (
        {},
        {"zone": "zone1", "cluster": "cluster1"},
        {"cluster": ANSWERS[version]["listHosts"]["host"][0]["clusterid"]},
    ):
        found = hosts.hosts(reader, {**HOST_OPTIONS, "pools": True, **options})["hosts"]
        assert [host["name"] for host in found] == ["kvm1", "kvm2"]
        assert {(host["zone"], host["pod"], host["cluster"]) for host in found} == {("zone1", "pod1", "cluster1")}
        assert all(
            host["healthy"] and host["pools"]["connected"] and not host["pools"]["not_connected"] for host in found
        )
    assert hosts.hosts(reader, {**HOST_OPTIONS, "cluster": "cluster2"})["hosts"] == []


@BOTH
@pytest.mark.parametrize("answer", ["listStoragePools", "listStoragePools after a change of tags"])
def test_pools_are_shown_without_what_their_details_hold(version, answer):
    reader = Recorded(version, listStoragePools=answer).reader()
    options = {"name": None, "zone": "zone1", "template": None, "tags": None, "hosts": True}
    found = info.pools(reader, options)["pools"]
    assert found
    assert TOKEN not in json.dumps(found)
    for row in found:
        assert (row["zone"], row["scope"], row["type"], row["state"]) == ("zone1", "ZONE", "StorPool", "Up")
        assert row["template"] in ("t1", "t2")
        assert row["id"].startswith(row["template"] + ";")
        assert row["endpoint"] in (None, "127.0.0.1:8081")
        assert isinstance(row["capacity"], int)
        assert row["allocated"] == 0
        assert row["hosts"] == {"connected": ["kvm1", "kvm2"], "not_connected": []}


@BOTH
def test_a_pool_that_is_as_wanted_is_left_alone(version):
    recorded = Recorded(version, listStoragePools="listStoragePools after a change of tags")
    wanted = pool.want(
        {
            **POOL_OPTIONS,
            "name": "p1",
            "template": "t1",
            "tags": ["z"],
            "sp_api_http_host": "127.0.0.1",
            "sp_api_http_port": 8081,
        }
    )
    assert pool.plan(pool.look(recorded.reader(), wanted), wanted).steps == ()
    other = pool.want({**POOL_OPTIONS, "name": "p1", "template": "t9"})
    with pytest.raises(InvalidOption, match="uses StorPool template 't1', not 't9'"):
        pool.plan(pool.look(recorded.reader(), other), other)


@BOTH
def test_a_pool_with_volumes_is_not_removed(version):
    recorded = Recorded(version, listSnapshots="listSnapshots")
    row = recorded.rows("listStoragePools", "storagepool")[0]
    seen = contents.read(recorded.reader(), row, removing=True)
    assert [each["type"] for each in seen.volumes] == ["ROOT"]
    none = contents.Consent(False, False, False, False)
    with pytest.raises(NotAllowed, match="CloudStack would stop 1 running VM"):
        contents.check_vms("pool", seen, none)
    with pytest.raises(NotAllowed, match="there is 1 volume of VMs on it: 'ROOT-"):
        contents.clear("pool", seen, none, 60)
    recorded.instead["listVolumes"] = "listVolumes detached"
    seen = contents.read(recorded.reader(), row, removing=True)
    with pytest.raises(NotAllowed, match="there is 1 volume on it: 'data1'"):
        contents.clear("pool", seen, none, 60)
    steps = contents.clear("pool", seen, contents.Consent(True, True, True, True), 60)
    assert [(step.call, step.action) for step in steps] == [
        ("deleteSnapshot", "delete volume snapshot 's1'"),
        ("deleteVolume", "delete volume 'data1'"),
    ]


@BOTH
@pytest.mark.parametrize(
    ("answer", "options", "changes"),
    [
        ("listConfigurations", {"name": "sp.bypass.secondary.storage", "value": "FALSE"}, None),
        ("listConfigurations", {"name": "sp.bypass.secondary.storage", "value": True}, {"value": "true"}),
        ("listConfigurations", {"name": "sp.cluster.id", "value": "n/a"}, None),
        (
            "listConfigurations of a cluster",
            {"name": "sp.cluster.id", "value": "a.b", "cluster": "cluster1"},
            {"value": "a.b"},
        ),
        (
            "listConfigurations of a pool",
            {"name": "sp.alternative.endpoint", "value": "x", "storage_pool": "p1"},
            {"value": "x"},
        ),
    ],
)
def test_settings(version, answer, options, changes):
    recorded = Recorded(version, listConfigurations=answer, listStoragePools="listStoragePools after a change of tags")
    wanted = configuration.want({**SETTING_OPTIONS, **options})
    seen = configuration.look(recorded.reader(), wanted)
    planned = configuration.plan(seen, wanted)
    assert [step.body["value"] for step in planned.steps] == ([] if changes is None else [changes["value"]])
    shown = json.dumps([planned.before, planned.after, [step.action for step in planned.steps]])
    assert TOKEN not in shown
    assert planned.after["hidden"] is (options["name"] == "sp.alternative.endpoint")
    if planned.after["hidden"]:
        assert TOKEN in configuration.secrets(seen, wanted)
    assert planned.after["type"] in ("Boolean", "String")


@BOTH
def test_offerings_with_and_without_a_state(version):
    recorded = Recorded(version)
    for row in ANSWERS[version]["listDiskOfferings"]["diskoffering"]:
        wanted = disk_offering.want({**OFFERING_OPTIONS, "name": row["name"], "storpool_template": "t2"})
        seen = disk_offering.look(recorded.reader(), wanted)
        planned = disk_offering.plan(seen, wanted)
        assert planned.steps == ()
        assert bool(planned.cautions) is (version == "4.19.0")
        assert planned.after["disk_size"] == row["disksize"] << 30
        assert planned.after["max_iops"] == row.get("maxiops")
        assert planned.after["zones"] == (["zone1"] if "zoneid" in row else [])
        assert planned.after["storpool_template"] == "t2"


def test_a_drained_server_and_the_number_of_one():
    recorded = Recorded("4.19.0")
    options = {"state": "drained", "provider": True, "allow_alone": False, "wait_timeout": 60}
    wanted = management_server.want({**options, "name": "ms2"})
    planned = management_server.plan(management_server.look(recorded.reader(), wanted), wanted)
    assert (planned.steps, planned.after["state"], planned.after["pending_jobs"]) == ((), "ReadyToShutDown", 0)
    assert planned.after["ip_address"] == "10.77.0.2"
    wanted = management_server.want({**options, "name": "ms1"})
    with pytest.raises(NotAllowed, match="no other management server is Up"):
        management_server.plan(management_server.look(recorded.reader(), wanted), wanted)


@BOTH
def test_how_far_a_server_is(version):
    assert Recorded(version).reader().shutdown_status("any")["pendingjobscount"] == 0


@BOTH
def test_jobs(version):
    recorded = Recorded(version)
    pool_id = recorded.answers["queryAsyncJobResult"]["jobresult"]["storagepool"]["id"]
    step = Step("enableStorageMaintenance", None, {"id": pool_id}, "put it into maintenance", timeout=5)
    Worker(recorded, recorded.reader(), recorded.clock).apply(step)
    recorded.instead["queryAsyncJobResult"] = "queryAsyncJobResult failed"
    with pytest.raises(Outdated, match="as the status is:"):
        Worker(recorded, recorded.reader(), recorded.clock).apply(step)
    assert Settled("t1;x").watch(recorded.reader())() is None


@BOTH
def test_errors_that_say_that_the_world_has_changed(version):
    told = {text: refusals.kind_of("530", text) is Outdated for text in ANSWERS[version]["errors"]}
    for text, outdated in told.items():
        plain = any(
            part in text
            for part in ("Cannot delete pool", "volInstance", "invalid zone", "Failed to update", "istagarule")
        )
        assert outdated is not plain, text


@BOTH
def test_what_keeps_a_pool_is_told_whatever_its_words(version):
    wanted = pool.want({**POOL_OPTIONS, "name": "p1", "state": "absent"})
    row = {**ANSWERS[version]["listStoragePools after a change of tags"]["storagepool"][0], "state": "Maintenance"}
    recorded = Recorded(version, listStoragePools={"storagepool": [row]}, listVolumes={}, listSnapshots={})
    removal = pool.plan(pool.look(recorded.reader(), wanted), wanted).steps[-1]
    for text in ANSWERS[version]["errors"]:
        if "Cannot delete pool" in text or "volInstance" in text:
            failure = Outdated(text, error={"name": "530", "descr": text}).advise(removal.advice)
            assert "Volumes are on the pool" in failure.message


RECORDINGS = Path(__file__).parents[5] / "contract" / "recordings"


@pytest.mark.parametrize(
    "file", sorted([*RECORDINGS.glob("calls-*"), *RECORDINGS.glob("life-*")]), ids=lambda file: file.name
)
def test_no_real_answer_is_taken_for_a_bad_one(file):
    looked_at = 0
    for line in file.read_text(encoding="utf-8").splitlines():
        recorded = json.loads(line)
        command = recorded.get("request", {}).get("command", "")
        if recorded["status"] != 200 or command not in {**shapes.ROWS, **shapes.OBJECTS}:
            continue
        looked_at += 1
        [inner] = recorded["body"].values()
        shapes.refuse_odd(command, inner, "here")
        if command in shapes.ROWS:
            keys = [key for key in inner if key != "count"]
            key = keys[0] if keys else "none"
            asked = {name: recorded["request"][name] for name in ("id", "storageid") if name in recorded["request"]}
            assert len(shapes.rows_of(command, key, inner, asked, "here")) == len(inner.get(key, []))
    assert looked_at


@BOTH
def test_pools_are_told_apart(version):
    rows = ANSWERS[version]["listStoragePools"]["storagepool"]
    assert all(identity.is_storpool(row) for row in rows)
    zone = ANSWERS[version]["listZones"]["zone"][0]
    for where in (zone["id"], zone["name"]):
        assert {row["id"] for row in identity.within(rows, "zone", where)} == {row["id"] for row in rows}
    assert results.tags(rows[0]) == [rows[0]["tags"]]


@BOTH
def test_volumes_of_a_real_server_have_their_vm_pool_and_global_id(version):
    reader = Recorded(version).reader()
    volumes = volume_info.volumes(reader, given(volume_info.SPEC_VOLUMES, {}), dict)["volumes"]
    assert volumes
    for volume in volumes:
        assert (volume["state"], volume["zone"], volume["account"], volume["project"]) == (
            "Ready",
            "zone1",
            "admin",
            None,
        )
        assert volume["path"] == "/dev/storpool-byid/" + volume["storpool_id"]
        assert volume["pool"]["id"].startswith("t1;")
        assert volume["vm"]["name"]
        assert volume["vm"]["state"] in ("Running", "Stopped")
    detached = Recorded(version, listVolumes="listVolumes detached").reader()
    volumes = volume_info.volumes(detached, given(volume_info.SPEC_VOLUMES, {}), dict)["volumes"]
    assert {volume["vm"] and volume["vm"]["id"] for volume in volumes} == {None}


@BOTH
def test_snapshots_of_a_real_server_have_their_volume(version):
    params = given(snapshot_info.SPEC_SNAPSHOTS, {"type": ["manual"], "state": ["BackedUp"]})
    snapshots = snapshot_info.snapshots(Recorded(version).reader(), params, dict)["snapshots"]
    assert snapshots
    for snapshot in snapshots:
        assert (snapshot["volume"]["name"], snapshot["type"], snapshot["revertable"]) == ("data1", "MANUAL", True)
        assert snapshot["size"] > 0
        assert snapshot["storpool"] is None
