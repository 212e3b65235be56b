# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's own Python client (package ``storpool``) works against the StorPool simulator, and accepts its answers."""

from __future__ import annotations

from pathlib import Path

import pytest
from storpool import spapi

from contract.conftest import TOKEN
from contract.vendor_scenario import GIB, Recorder, drive
from contract.vendor_types import api_methods, problem_of
from simulators.client import start, storpool_call

#: Calls of the client that the simulator does not have, each with the reason.
LEFT_OUT = {
    "iSCSIConfig": "iSCSI: no object of this collection",
    "iSCSIConfigChange": "iSCSI: no object of this collection",
    "iSCSISessionsInfo": "iSCSI: no object of this collection",
    "iSCSInterfacesInfo": "iSCSI: no object of this collection",
}

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module", params=["200", "mapped"])
def status(request):
    """The HTTP status of errors: 200, or 404 and 500."""
    return request.param


#: What servers may show of volumes that were reverted, and of what was made of them.
SHOWN = (
    {},
    {"revert_global_id": "kept", "backup_remote_name": "snapshot"},
    {"attachment_id": "original", "created_from_id": "then", "unnamed_of_unnamed": "volume"},
)


@pytest.fixture(scope="module", params=SHOWN, ids=["default", "ids-kept", "others"])
def shown(request):
    """Switches of the simulator."""
    return request.param


@pytest.fixture(scope="module", params=[False, True], ids=["single", "multicluster"])
def driven(request, status, shown, storpool_process):
    """The raw answers of a whole scenario, by the client's method names."""
    storpool_process.reset()
    storpool_process.switch(error_status=status, **shown)
    api = Recorder(storpool_process, multiCluster=request.param, timeout=30, transientRetries=0)
    drive(storpool_process, api)
    return api.raw


def client(simulator, **options):
    return spapi.Api(host=simulator.host, port=simulator.port, auth=simulator.args["token"], timeout=30, **options)


def test_what_is_left_out_exists():
    """The list of exceptions holds names that the client has, and nothing else."""
    assert set(LEFT_OUT) <= set(api_methods())


@pytest.mark.parametrize(
    ("member", "value"), [("templateId", None), ("size", None), ("size", "1073741824"), ("name", "a b")]
)
def test_the_checker_finds_what_the_client_lets_pass(storpool, member, value):
    """A member that is missing, internal ones too, a number as a string, a bad name."""
    api = Recorder(storpool)
    api.run("volumeCreate", {"name": "a", "size": GIB, "replication": 3})
    api.run("volumesList")
    [volume] = api.raw["volumesList"][0]
    assert problem_of("volumesList", [volume]) is None
    changed = {key: content for key, content in volume.items() if key != member}
    if value is not None:
        changed[member] = value
    assert member in (problem_of("volumesList", [changed]) or "").replace("VolumeNameOrGlobalId", "name")


@pytest.mark.parametrize("name", sorted(set(api_methods()) - set(LEFT_OUT)))
def test_every_call_passes_the_vendors_types(driven, name):
    """Each call was made, and every answer has all that its type declares, with no value converted."""
    assert driven.get(name), f"{name} is not part of the scenario"
    problems = [problem for problem in (problem_of(name, raw) for raw in driven[name]) if problem]
    assert problems == []


@pytest.mark.parametrize("name", sorted(LEFT_OUT))
def test_calls_left_out_answer_as_unknown_ones(storpool, name):
    arguments = [{"commands": []}] if name == "iSCSIConfigChange" else []
    with pytest.raises(spapi.ApiError) as refused:
        getattr(client(storpool, transientRetries=0), name)(*arguments)
    assert (refused.value.name, refused.value.status) == ("unknownQuery", 404)


REFUSALS = {
    "objectDoesNotExist": lambda api: api.volumeList("nope"),
    "objectExists": lambda api: api.volumeCreate({"name": "there", "size": GIB, "replication": 3}),
    "invalidParam": lambda api: api.volumesReassignWait({"reassign": [{"volume": "there", "rw": [99]}]}),
    "busy": lambda api: api.volumeDelete("attached"),
}


@pytest.mark.parametrize("name", sorted(REFUSALS))
def test_errors_have_the_vendors_form(storpool, status, name):
    storpool.switch(error_status=status)
    api = client(storpool, transientRetries=0)
    for volume in ("there", "attached"):
        api.volumeCreate({"name": volume, "size": GIB, "replication": 3})
    api.volumesReassignWait({"reassign": [{"volume": "attached", "rw": [1]}]})
    with pytest.raises(spapi.ApiError) as refused:
        REFUSALS[name](api)
    expected = 200 if status == "200" else (404 if name == "objectDoesNotExist" else 500)
    assert (refused.value.name, refused.value.status, refused.value.transient) == (name, expected, False)
    assert refused.value.desc


def test_the_client_lists_what_its_own_patterns_have_no_place_for(storpool):
    """Snapshots that are being deleted and have no name (``*~ID``), and tags that CloudStack sets (``uuid=~ID``): it raises nothing, and goes on."""
    api = client(storpool)
    volume = api.volumeCreate({"size": GIB, "replication": 3})
    storpool_call(storpool, f"VolumeUpdate/{volume.name}", {"tags": {"uuid": volume.name}})
    made = api.snapshotCreate(volume.name, {"tags": {"kept": "1"}})
    api.snapshotDelete(f"~{made.snapshotGlobalId}")
    [listed] = storpool_call(storpool, "SnapshotsList").json()["data"]
    assert (listed["name"], listed["deleted"]) == (f"*~{made.snapshotGlobalId}", True)
    assert [snapshot.globalId for snapshot in api.snapshotsList()] == [made.snapshotGlobalId]
    assert [each.globalId for each in api.volumesList()] == [volume.globalId]
    assert [snapshot.deleted for snapshot in api.snapshotsList()] == [True]


def test_transient_errors_are_retried(storpool):
    storpool.fault({"call": "VolumesList", "kind": "api_error", "name": "busy", "transient": True, "times": 2})
    assert client(storpool, transientSleep=lambda _retry: 0).volumesList() == []
    assert [entry["outcome"] for entry in storpool.journal()["entries"]] == ["fault:api_error"] * 2 + ["ok"]


def test_a_broken_connection_is_retried_even_where_it_creates_twice(storpool):
    """The client repeats a call whose answer was lost: an unnamed volume then exists twice."""
    storpool.fault({"call": "VolumeCreate", "kind": "reset_after"})
    client(storpool, transientSleep=lambda _retry: 0).volumeCreate({"size": GIB, "replication": 3})
    assert len(client(storpool).volumesList()) == 2


def test_a_wrong_token_is_refused(storpool):
    api = spapi.Api(host=storpool.host, port=storpool.port, auth="wrong", transientRetries=0)
    with pytest.raises(spapi.ApiError) as refused:
        api.volumesList()
    assert (refused.value.status, refused.value.name) == (401, "unauthorized")


def test_version_mismatch_of_a_bucket_is_the_clients_false(storpool):
    api = client(storpool)
    api.kvsCreate("settings")
    assert api.kvsTryUpdate("settings", {"set": {"a": "1"}, "runIfVersionIs": 1}) is True
    assert api.kvsTryUpdate("settings", {"set": {"a": "2"}, "runIfVersionIs": 1}) is False
    assert api.kvsGet("settings", "a").pairs == {"a": "1"}


def test_bytes_follow_what_the_client_does(tmp_path):
    """The whole scenario with data: in the end each object has its file, and no other is left; then bytes of our own."""
    with start("storpool", token=TOKEN, cluster_id="abc.b", data=tmp_path / "data", lifetime=300) as simulator:
        drive(simulator, Recorder(simulator, timeout=30, transientRetries=0))
        simulator.admin("POST", "now", {"seconds": 1e6})  # what is to go by itself has gone
        state = simulator.state()
        wanted = {
            f"{cluster['id']}/{each['lastingId']}": each["size"]
            for cluster in state["clusters"].values()
            for each in (*cluster["volumes"], *cluster["snapshots"])
        }
        simulator.admin("GET", "data")
        kept = {
            path.relative_to(tmp_path / "data").as_posix(): path.stat().st_size for path in tmp_path.glob("data/*/*")
        }
        assert kept == wanted
        assert any(name.startswith("far.c/") for name in kept)

        api = client(simulator)
        base = api.volumeCreate({"name": "bytes", "size": 1 << 20, "replication": 3}).globalId
        content = b"of the first hour"
        Path(simulator.admin("GET", "data")[base]["file"]).write_bytes(content + bytes((1 << 20) - len(content)))
        first = api.snapshotCreate("bytes", {"name": "hour"}).snapshotGlobalId
        clone = api.volumeCreate({"name": "bytes-clone", "parent": "hour", "size": 2 << 20}).globalId
        api.volumeUpdate("bytes", {"size": 512, "shrinkOk": True})
        api.volumeUpdate("bytes", {"size": 1024})
        api.volumeRevert("bytes-clone", {"toSnapshot": "hour"})
        found = simulator.admin("GET", "data")
        assert {found[each]["kind"] for each in (base, clone)} == {"volume"}
        for each, size in ((base, 1024), (first, 1 << 20), (clone, 2 << 20)):
            held = Path(found[each]["file"]).read_bytes()
            assert (len(held), held.rstrip(b"\0")) == (size, content)
        assert found[first]["kind"] == "snapshot"
