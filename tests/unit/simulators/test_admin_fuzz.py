# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the admin interface of a simulator is sent, it does it or says in a sentence why not, and the API works on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.cloudstack.plugin import api
from simulators.cloudstack.server import Simulator as CloudStack
from simulators.cloudstack.state import Options as CloudOptions
from simulators.cloudstack.versions import parse
from simulators.kit.faults import EXTRAS, KINDS
from simulators.kit.pipeline import Pipeline
from simulators.storpool.server import Options, Simulator

TOKEN = "42"
_TEXTS = st.one_of(
    st.sampled_from(
        ["", "*", "~", "a", "db", "~sim.b.rt", "a.b", "far.b", "..", "/", "VolumeUpdate/db", "host1", "pool1"]
    ),
    st.text(max_size=8),
    st.just("x" * 300),
)
_NUMBERS = st.one_of(
    st.sampled_from([0, -1, 1, 2, 101, 2**31, 2**53, 2**63, 2**64 - 1, 10**400, 0.5, -0.0, 1e18, 1e308]),
    st.integers(-5, 5000),
)
_SCALARS = st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_TEXTS, inner, max_size=3)),
    max_leaves=6,
)


def bodies(members: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """What a path is meant to get, with any member missing, odd, or one too many; or something else altogether."""
    some = st.fixed_dictionaries({}, optional={name: st.one_of(good, _VALUES) for name, good in members.items()})
    more = st.tuples(some, st.dictionaries(_TEXTS, _VALUES, max_size=1)).map(lambda both: {**both[1], **both[0]})
    return st.one_of(some, more, _VALUES)


_ids = st.sampled_from(["db", "snap", "~sim.b.rt", "nope"])
_client = st.sampled_from([1, 2, 3, 17])
_cluster = st.sampled_from(["sim.b", "far.b", "nope"])
_fault = {
    "call": st.sampled_from(["*", "VolumesList", "listHosts"]),
    "kind": st.sampled_from(sorted(KINDS)),
    **{name: _VALUES for extras in EXTRAS.values() for name in extras},
    "method": st.sampled_from(["GET", "POST", None]),
    "requests": st.lists(
        bodies({"path": st.just("VolumeUpdate/db"), "command": st.just("listZones"), "body": _VALUES, "target": _ids}),
        min_size=1,
        max_size=2,
    ),
    **dict.fromkeys(["target", "skip", "times", "name", "descr", "transient", "errorcode", "errortext"], _VALUES),
}
_COMMON = {
    "journal": st.nothing(),
    "reset": _VALUES,
    "state": _VALUES,
    "faults": st.one_of(bodies(_fault), st.lists(bodies(_fault), max_size=2)),
}
ON_STORPOOL = {
    **_COMMON,
    "open": bodies({"volume": _ids, "client": _client, "open": st.booleans(), "cluster": _cluster}),
    "clients": bodies(
        {"id": _client, "up": st.booleans(), "lag": st.just(1.5), "registered": st.booleans(), "cluster": _cluster}
    ),
    "disks": bodies({"id": st.just(101), "up": st.booleans(), "cluster": _cluster}),
    "write": bodies({"volume": _ids, "bytes": st.just(512), "cluster": _cluster}),
    "clusters": bodies(
        {
            "id": _cluster,
            "name": st.just("far"),
            "location": st.just("there"),
            "clients": st.lists(_client, max_size=3),
            "disks": st.integers(1, 9),
            "connected": st.booleans(),
        }
    ),
    "now": bodies({"seconds": st.just(60)}),
}
ON_CLOUDSTACK = {
    **_COMMON,
    "agents": bodies(
        {"name": st.just("agent1"), "boot": st.just("b"), "wait": st.just(0), "answers": _VALUES, "client_id": _client}
    ),
    "hosts": bodies(
        {
            "name": st.just("host1"),
            "state": st.just("Down"),
            "client_id": _client,
            "connected": _VALUES,
            "answer": _TEXTS,
        }
    ),
    "jobs": bodies({"expire": st.just("*")}),
    "managementservers": bodies(
        {"name": st.just("ms1"), "state": st.just("Down"), "boot": st.just("b"), "version": _TEXTS}
    ),
    "now": bodies({"seconds": st.just(60)}),
    "objects": bodies(
        {
            "pool": st.just("pool1"),
            "vms": st.just(1),
            "volumes": st.just(1),
            "size_gib": st.just(1),
            "storpool": st.just(False),
        }
    ),
    "pools": bodies({"name": st.just("pool1"), "state": st.just("Up")}),
    "stats": _VALUES,
    "version": bodies({"version": st.sampled_from(["4.20.0", "4.8"])}),
}


def requests(paths: dict[str, st.SearchStrategy[Any]], switches: Any) -> st.SearchStrategy[tuple[str, str, bytes]]:
    """Any method, path and body."""
    values = st.one_of(_VALUES, *(st.sampled_from(each.choices) for each in switches if each.choices))
    every = {
        **paths,
        "switches": st.one_of(
            st.dictionaries(st.sampled_from([each.name for each in switches]), values, max_size=2), _VALUES
        ),
    }
    one = [
        st.tuples(
            st.sampled_from(["GET", "POST", "POST", "POST", "DELETE", "PUT"]),
            st.just(path),
            body.map(_json) if path != "journal" else st.just(b""),
        )
        for path, body in every.items()
    ]
    query = st.one_of(
        st.just(""),
        st.sampled_from(["?since=1", "?since=%C2%B2", "?since=-1", "?since", "?since=" + "9" * 30, "?%ff=%00"]),
    )
    odd = st.tuples(
        st.just("POST"),
        st.sampled_from(["", "nope", "open/x", "%2e", "journal"]),
        st.sampled_from([b"", b"{", b"\xff", b"[" * 2000, b"1e999", b"null"]),
    )
    return st.tuples(st.one_of(*one, odd), query).map(lambda both: (both[0][0], both[0][1] + both[1], both[0][2]))


def _json(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "surrogatepass")


class Content:
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self) -> bytes:
        return self._body


class Asked:
    """A request as the pipeline gets it from the HTTP server."""

    transport = None

    def __init__(self, method: str, path: str, body: bytes = b"") -> None:
        self.method, self.raw_path, self.content, self.body_exists = method, path, Content(body), bool(body)
        self.headers = {"Authorization": f"Storpool v1:{TOKEN}"}


def ask(pipeline: Pipeline, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    """The status and the JSON of an answer; a defect in the simulator, for which an HTTP server answers 500, is raised here."""
    answer = asyncio.run(pipeline.handle(Asked(method, path, body)))  # type: ignore[arg-type]
    return answer.status, answer.body


@pytest.fixture(autouse=True)
def at_once() -> Iterator[None]:
    """Nobody waits: neither for the delays that a test orders, nor for a StorPool that is not there."""

    async def no_sleep(_seconds: float) -> None:
        return None

    async def unreachable(*_args: Any, **_kwargs: Any) -> Any:
        raise api.StorPoolError("unreachable", "there is none")

    with mock.patch.object(asyncio, "sleep", no_sleep), mock.patch.object(api, "call", unreachable):
        yield


def storpool() -> Pipeline:
    pipeline = Pipeline(Simulator(Options(TOKEN, "sim.b", "here", (1, 2, 3), 9)))
    for call, body in (
        ("VolumeCreate", {"name": "db", "size": 1 << 30, "replication": 3}),
        ("VolumeSnapshot/db", {"name": "snap"}),
        ("VolumesReassign", [{"volume": "db", "rw": [1]}]),
    ):
        assert b"error" not in ask(pipeline, "POST", f"/ctrl/1.0/{call}", _json(body))[1]
    return pipeline


def cloudstack() -> Pipeline:
    return Pipeline(CloudStack(CloudOptions(parse("4.19.1"), "key", "secret", 2, 1, 1)))


STORPOOL_CALLS = [
    ("GET", f"/ctrl/1.0/{name}")
    for name in (
        "VolumesList",
        "SnapshotsList",
        "AttachmentsList",
        "VolumesSpace",
        "DisksList",
        "ServicesList",
        "ClientsConfigDump",
    )
] + [
    ("POST", "/ctrl/1.0/VolumeCreate"),
    ("POST", "/ctrl/1.0/VolumesGroupSnapshot"),
    ("GET", "/ctrl/1.0/VolumeTemplatesStatus"),
]
CLOUDSTACK_COMMANDS = (
    "listHosts",
    "listStoragePools",
    "listVirtualMachines",
    "listVolumes",
    "listManagementServers",
    "createDiskOffering",
)


def works_on(pipeline: Pipeline, sent: list[tuple[str, str, bytes]], calls: list[tuple[str, str]]) -> None:
    for method, path, body in sent:
        status, answer = ask(pipeline, method, f"/_sim/{path}", body)
        assert status in (200, 400, 404, 405), (status, answer)
        told = json.loads(answer)
        if status != 200:
            assert isinstance(told["error"], str)
            assert told["error"]
    for method, path in calls:
        ask(pipeline, method, path, b'{"size": 512, "replication": 3}' if method == "POST" else b"")
    for name in ("state", "switches", "faults", "journal", "clients", "now", ""):
        assert ask(pipeline, "GET", f"/_sim/{name}")[0] in (200, 404)


@given(st.lists(requests(ON_STORPOOL, Simulator.switches), min_size=1, max_size=4))
def test_storpool(sent):
    works_on(storpool(), sent, STORPOOL_CALLS)


@given(st.lists(requests(ON_CLOUDSTACK, CloudStack.switches), min_size=1, max_size=4))
def test_cloudstack(sent):
    """Commands are a rival's, who needs no signature."""
    pipeline = cloudstack()
    works_on(pipeline, sent, [])
    ask(pipeline, "DELETE", "/_sim/faults")
    rival = {"kind": "rival", "call": "*", "requests": [{"command": name} for name in CLOUDSTACK_COMMANDS]}
    assert ask(pipeline, "POST", "/_sim/faults", _json(rival))[0] == 200
    ask(pipeline, "GET", "/client/api?command=listZones&response=json")
    journal = json.loads(ask(pipeline, "GET", "/_sim/journal")[1])["entries"]
    assert [entry["call"] for entry in journal if entry.get("rival")][-len(CLOUDSTACK_COMMANDS) :] == list(
        CLOUDSTACK_COMMANDS
    )
