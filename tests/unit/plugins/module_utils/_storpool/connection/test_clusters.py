# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls that are done in another cluster, or wherever their object is."""

from __future__ import annotations

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    ApiError,
    BadAnswer,
    InvalidOption,
    NotFound,
    Unreachable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.plan import Step
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster.reader import Reader
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import clusters
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.api import Api
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection.config import endpoint
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.run import notes_of
from simulators.client import start, storpool_call

GIB = 1 << 30


@pytest.fixture(scope="module")
def simulator():
    with start("storpool", token="123") as running:
        yield running


@pytest.fixture
def sim(simulator):
    """A cluster sim.b with a volume ``here``, and a cluster far.c with a volume ``there``."""
    simulator.admin("POST", "reset")
    simulator.admin("POST", "clusters", {"id": "far.c", "name": "far-cluster", "location": "far-away"})
    storpool_call(simulator, "VolumeCreate", {"name": "here", "size": GIB, "replication": 3})
    storpool_call(simulator, "RemoteCommand/~far.c/VolumeCreate", {"name": "there", "size": GIB, "replication": 3})
    simulator.admin("DELETE", "journal")
    return simulator


def api_of(sim, retries=0, **options):
    params = {"sp_api_host": None, "sp_api_timeout": 20, "sp_api_retries": retries, "sp_auth_token": "123", **options}
    return Api(endpoint({**params, "sp_api_http_host": sim.host, "sp_api_http_port": sim.port}))


def paths(sim):
    return [entry["path"].removeprefix("/ctrl/1.0/") for entry in sim.journal()["entries"]]


@pytest.mark.parametrize("wanted", ["far-cluster", "~far.c", "far.c"])
def test_a_named_cluster_gets_every_call_and_is_asked_for_once(sim, wanted):
    api = api_of(sim, sp_cluster=wanted)
    volume = Reader(api).volume("there")
    assert volume["clusterId"] == "far.c"
    assert Reader(api).volume("here") is None
    api.apply(Step("VolumeUpdate", "~" + volume["globalId"], {"iops": 500}, "limit it"))
    assert [row["name"] for row in Reader(api).volumes()] == ["there"]
    assert paths(sim) == [
        "ClustersList",
        "LocationsList",
        "RemoteCommand/~far.c/Volume/there",
        "RemoteCommand/~far.c/Volume/here",
        f"RemoteCommand/~far.c/VolumeUpdate/~{volume['globalId']}",
        "RemoteCommand/~far.c/VolumesList",
    ]


def test_the_cluster_that_is_spoken_to_can_be_named_as_well(sim):
    api = api_of(sim, sp_cluster="~sim.b")
    assert Reader(api).volume("here")["name"] == "here"
    assert paths(sim)[-1] == "Volume/here"
    assert api.place == f"{sim.host}:{sim.port}"


def test_an_unknown_cluster_is_refused_before_anything_is_done(sim):
    sim.switch(remote_command_unknown="local")  # such a server does it here, silently
    with pytest.raises(NotFound) as refusal:
        api_of(sim, sp_cluster="far-clutser").apply(Step("VolumeDelete", "here", None, "delete it"))
    assert "Did you mean 'far-cluster'? It knows far-cluster and simulated." in str(refusal.value)
    assert sim.journal()["effects"] == 0


def test_which_cluster_is_spoken_to_is_not_guessed(sim, monkeypatch):
    """A list of clusters that lacks one makes two of them look as the one that is spoken to."""
    monkeypatch.setattr(clusters, "registered", lambda *_lists: [])
    with pytest.raises(BadAnswer, match=r"'far-cluster' \(~far.c\) and 'simulated' \(~sim.b\)"):
        api_of(sim, sp_cluster="far-cluster").apply(Step("VolumeDelete", "there", None, "delete it"))
    assert sim.journal()["effects"] == 0


def test_errors_name_the_cluster(sim):
    with pytest.raises(ApiError) as refusal:
        api_of(sim, sp_cluster="far-cluster").apply(Step("VolumeUpdate", "here", {"iops": 1}, "limit it"))
    assert "(cluster 'far-cluster' (~far.c))" in str(refusal.value)
    assert refusal.value.call == "POST RemoteCommand/~far.c/VolumeUpdate/here"


def test_what_is_foreseen_is_of_one_cluster(sim, tmp_path, monkeypatch):
    from ansible_collections.storpool.cloudstack.plugins.module_utils._common import foreseen  # noqa: PLC0415

    monkeypatch.setattr(foreseen, "directory", str(tmp_path))
    options = ({}, {"sp_cluster": "~sim.b"}, {"sp_multicluster": True}, {"sp_cluster": "far.c"})
    keys = [notes_of(api_of(sim, **each))._path for each in options]
    assert keys[0] == keys[1] == keys[2] != keys[3]


def test_objects_are_found_and_changed_where_they_are(sim):
    api = api_of(sim, sp_multicluster=True)
    reader = Reader(api)
    assert {row["name"]: row["clusterId"] for row in reader.volumes()} == {"here": "sim.b", "there": "far.c"}
    there = reader.volume("there")
    assert there["clusterId"] == "far.c"
    assert reader.parents_of(there) == []
    api.apply(Step("VolumeUpdate", "~" + there["globalId"], {"iops": 500}, "limit it"))
    api.apply(Step("VolumeCreate", None, {"name": "new", "size": GIB, "replication": 3}, "make it"))
    assert reader.volume("new")["clusterId"] == "sim.b"
    told = paths(sim)
    assert f"RemoteCommand/~far.c/VolumeListSnapshots/~{there['globalId']}" in told
    assert not [path for path in told if path.startswith("RemoteCommand") and "MultiCluster" in path]
    assert [row["iops"] for row in reader.volumes() if row["name"] == "there"] == [500]


def test_nothing_is_taken_for_missing_while_a_cluster_does_not_answer(sim):
    sim.admin("POST", "clusters", {"id": "far.c", "connected": False})
    reader = Reader(api_of(sim, sp_multicluster=True))
    assert reader.volume("here")["name"] == "here"
    for look in (lambda: reader.volume("there"), reader.volumes, reader.snapshots):
        with pytest.raises(Unreachable) as refusal:
            look()
        assert "cluster 'far-cluster' (~far.c) did not answer" in str(refusal.value)


def test_one_answer_of_all_clusters_is_enough(sim):
    reader = Reader(api_of(sim, sp_multicluster=True))
    assert [reader.volume(name) for name in ("a", "b", "c")] == [None] * 3
    assert paths(sim).count("MultiCluster/AllClusters/VolumeTemplatesStatus") == 1


def test_answers_that_are_none_are_refused_when_wrapped(sim):
    api = api_of(sim, sp_cluster="far.c")
    assert api.cluster
    with pytest.raises(BadAnswer):
        api._check("Volume", "there", [{"name": "other", "globalId": "far.c.1", "size": 512}], "GET Volume/there")
    for odd in ({}, {"clusters": [{"clusterId": None}]}, []):
        with pytest.raises(BadAnswer):
            clusters.everywhere(odd, lambda _part: None, "there", "GET VolumesList")
    part = {"clusterId": "far.c", "response": {"data": [{"name": "x"}]}}
    with pytest.raises(BadAnswer):
        clusters.everywhere({"clusters": [part]}, lambda data: api._check("VolumesList", None, data, "?"), "x", "?")


def test_the_two_ways_exclude_each_other(sim):
    with pytest.raises(InvalidOption):
        api_of(sim, sp_cluster="far.c", sp_multicluster=True)
    with pytest.raises(InvalidOption):
        api_of(sim, sp_cluster=" ")
