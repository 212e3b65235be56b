# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The StorPool simulator over HTTP: transport, authentication, faults, waiting, the admin interface."""

from __future__ import annotations

import concurrent.futures
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
import requests

from simulators import client
from simulators.client import SimulatorError, start, storpool_call
from simulators.storpool.__main__ import main

GIB = 1024**3
VOLUME = {"name": "a", "size": GIB, "replication": 3}


@pytest.fixture(scope="module")
def process():
    with start("storpool", token="42", cluster_id="abc.b") as simulator:
        yield simulator


@pytest.fixture
def sim(process):
    process.reset()
    return process


def error(response):
    return response.json()["error"]["name"]


def outcomes(sim):
    return [(entry["call"], entry["outcome"], entry["effect"]) for entry in sim.journal()["entries"]]


def test_the_path_grammar_and_the_answers_form(sim):
    answer = storpool_call(sim, "VolumeCreate", {**VOLUME, "name": "#a"})
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "private"
    envelope = answer.json()
    assert envelope["generation"] == envelope["data"]["generation"] == 101
    assert storpool_call(sim, "MultiCluster/Volume/%23a").json()["data"][0]["clusterId"] == "abc.b"
    assert storpool_call(sim, "MultiCluster/AllClusters/VolumesList").json()["data"]["clusters"]
    refusal = storpool_call(sim, "RemoteCommand/simulated/MultiCluster/VolumesList").json()["error"]
    assert refusal["descr"] == "request 'MultiCluster/VolumesList' is not supported"


@pytest.mark.parametrize(
    ("method", "query"),
    [
        ("GET", "Nope"),
        ("GET", "VolumeCreate"),
        ("POST", "VolumesList"),
        ("PUT", "VolumesList"),
        ("GET", "Volume"),
        ("GET", "Volume/"),
        ("GET", "Volume/a/b"),
        ("POST", "MultiCluster/AllClusters/VolumeCreate"),
    ],
)
def test_unknown_calls_answer_an_error(sim, method, query):
    answer = storpool_call(sim, query, method=method)
    assert (answer.status_code, error(answer)) == (404, "unknownQuery")
    sim.switch(unknown_query_status=200, error_unknown_query="invalidParam")
    answer = storpool_call(sim, query, method=method)
    assert (answer.status_code, error(answer)) == (200, "invalidParam")


@pytest.mark.parametrize("header", [None, "Storpool v1:43", "Bearer 42", "Storpool v1:"])
def test_a_wrong_token_has_no_effect(sim, header):
    headers = {"Authorization": header} if header else {}
    url = f"{sim.url}/ctrl/1.0/VolumeCreate"
    answer = requests.post(url, json=VOLUME, headers=headers, timeout=10)
    assert (answer.status_code, error(answer)) == (401, "unauthorized")
    assert outcomes(sim) == [("VolumeCreate", "error:unauthorized", False)]
    sim.switch(token_status=403)
    assert requests.post(url, json=VOLUME, headers=headers, timeout=10).status_code == 403


def test_bodies_that_are_not_json_are_errors_and_empty_ones_are_fine(sim):
    headers = {"Authorization": "Storpool v1:42"}
    answer = requests.post(f"{sim.url}/ctrl/1.0/VolumeCreate", data=b"{", headers=headers, timeout=10)
    assert error(answer) == "jsonError"
    storpool_call(sim, "VolumeCreate", VOLUME)
    assert storpool_call(sim, "VolumeDelete/a", method="POST").json()["data"]["ok"] is True


@pytest.mark.parametrize(("switch", "missing", "other"), [("200", 200, 200), ("mapped", 404, 500)])
def test_the_http_status_of_errors_is_a_switch(sim, switch, missing, other):
    sim.switch(error_status=switch)
    assert storpool_call(sim, "Volume/a").status_code == missing
    assert storpool_call(sim, "VolumeCreate", {"size": 1}).status_code == other


REQUEST = b"GET /ctrl/1.0/VolumesList HTTP/1.1\r\nHost: x\r\nAuthorization: Storpool v1:42\r\n\r\n"


def test_connections_are_kept_alive(sim):
    with socket.create_connection((sim.host, sim.port), timeout=10) as connection:
        for _time in range(2):
            connection.sendall(REQUEST)
            assert b'"data":[]' in connection.recv(4096)


def test_connections_can_be_closed_after_each_request(sim):
    sim.switch(connection="close")
    with socket.create_connection((sim.host, sim.port), timeout=10) as connection:
        connection.sendall(REQUEST)
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert b'"data":[]' in answer
    assert b"connection: close" in answer.lower()


def wait_for_a_call(sim):
    """Who has given up waiting for an answer may have done so before the simulator came to read the call."""
    deadline = time.monotonic() + 60
    while not sim.journal()["entries"]:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("kind", "effect", "seen"),
    [
        ("reset_before", False, "ConnectionError"),
        ("reset_after", True, "ConnectionError"),
        ("hang_before", False, "ReadTimeout"),
        ("hang_after", True, "ReadTimeout"),
        ("http_error", False, "text/html"),
        ("garbage", False, "application/json"),
        ("api_error", False, "application/json"),
    ],
)
def test_faults_come_before_or_after_the_effect(sim, kind, effect, seen):
    sim.fault({"call": "VolumeCreate", "kind": kind, "name": "busy", "transient": True})
    try:
        answer = storpool_call(sim, "VolumeCreate", VOLUME, timeout=0.3 if kind.startswith("hang") else 60)
        observed = answer.headers["Content-Type"]
    except requests.RequestException as failure:
        answer, observed = None, type(failure).__name__
    assert observed == seen
    if kind == "api_error":
        assert answer.json()["error"] == {"name": "busy", "descr": "Injected error", "transient": True}
    elif kind == "garbage":
        with pytest.raises(requests.JSONDecodeError):
            answer.json()
    wait_for_a_call(sim)
    assert outcomes(sim) == [("VolumeCreate", f"fault:{kind}", effect)]
    assert (storpool_call(sim, "Volume/a").json().get("data") is not None) is effect
    assert sim.faults() == []


def test_silence_ends_when_the_faults_are_removed(sim):
    sim.fault({"call": "VolumeCreate", "kind": "hang_before"})
    with concurrent.futures.ThreadPoolExecutor() as beside:
        call = beside.submit(storpool_call, sim, "VolumeCreate", VOLUME, timeout=30)
        wait_for_a_call(sim)
        sim.clear_faults()
        with pytest.raises(requests.ConnectionError):
            call.result(timeout=30)
    assert outcomes(sim) == [("VolumeCreate", "fault:hang_before", False)]


def test_a_fault_may_garble_the_answer_after_the_effect(sim):
    sim.fault({"call": "VolumeCreate", "kind": "garbage", "after": True})
    storpool_call(sim, "VolumeCreate", VOLUME)
    assert len(storpool_call(sim, "VolumesList").json()["data"]) == 1


def test_a_rival_acts_just_before(sim):
    rival = {"call": "VolumeCreate", "kind": "rival", "requests": [{"path": "VolumeCreate", "body": VOLUME}]}
    sim.fault(rival)
    assert error(storpool_call(sim, "VolumeCreate", VOLUME)) == "objectExists"
    first, second = sim.journal()["entries"]
    assert (first["rival"], first["outcome"], "rival" in second) == (True, "ok", False)
    with pytest.raises(SimulatorError, match="there is no call POST Nope"):
        sim.fault({**rival, "requests": [{"path": "Nope"}]})


def test_delays_apply_to_the_api_only(sim):
    sim.switch(delay_ms=600_000)
    sim.journal()
    sim.switch(delay_ms=1000)
    before = time.monotonic()
    storpool_call(sim, "VolumesList")
    assert time.monotonic() - before >= 1


def test_waiting_calls_answer_when_the_client_is_ready_and_have_had_their_effect_before(sim):
    storpool_call(sim, "VolumeCreate", VOLUME)
    sim.admin("POST", "clients", {"id": 1, "up": False})
    answers = []

    def attach():
        body = {"reassign": [{"volume": "a", "rw": [1]}], "attachTimeout": 60}
        answers.append(storpool_call(sim, "VolumesReassignWait", body).json())

    waiting = threading.Thread(target=attach)
    waiting.start()
    deadline = time.monotonic() + 60
    while [entry["effect"] for entry in sim.journal()["entries"]] != [True, True]:
        assert time.monotonic() < deadline
    assert sim.journal()["entries"][-1]["outcome"] == "pending"
    assert storpool_call(sim, "AttachmentsList").json()["data"]
    assert not answers
    sim.admin("POST", "clients", {"id": 1, "up": True})
    waiting.join(60)
    assert answers[0]["data"]["ok"] is True


def test_the_clock_can_be_moved(sim):
    storpool_call(sim, "VolumeCreate", VOLUME)
    storpool_call(sim, "VolumeSnapshot/a", {"name": "s", "deleteAfter": 3600})
    sim.admin("POST", "now", {"seconds": 3600})
    sim.admin("POST", "now", {"seconds": 2})
    assert storpool_call(sim, "SnapshotsList").json()["data"] == []


def test_a_timeout_of_the_attachment_is_an_error(sim):
    storpool_call(sim, "VolumeCreate", VOLUME)
    sim.admin("POST", "clients", {"id": 1, "up": False})
    answer = storpool_call(sim, "VolumesReassignWait", {"reassign": [{"volume": "a", "rw": [1]}], "attachTimeout": 1})
    assert error(answer) == "timeout"
    assert outcomes(sim)[-1] == ("VolumesReassignWait", "error:timeout", True)


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("open", {"volume": "x", "client": 1}, "there is no volume or snapshot 'x'"),
        ("open", {"volume": "a", "client": 1}, "a is not attached to client 1"),
        ("clients", {"id": 0}, "a client's id is from 1 to 4095"),
        ("clients", {"id": 1, "lag": -1}, "lag is a number of seconds"),
        ("disks", {"id": 999}, "there is no disk 999"),
        ("write", {"volume": "a", "bytes": 2 * GIB}, "bytes is from 0 to the volume's size"),
        ("clusters", {"id": "Far"}, "id is a cluster id"),
        ("now", {"seconds": -1}, "seconds is a number"),
        ("switches", [], "switches are set with an object"),
    ],
)
def test_the_admin_interface_says_what_is_wrong(sim, name, body, sentence):
    storpool_call(sim, "VolumeCreate", VOLUME)
    with pytest.raises(SimulatorError, match=sentence):
        sim.admin("POST", name, body)


def test_the_admin_interface_lists_itself_and_is_not_journaled(sim):
    paths = sim.admin("GET", "")["paths"]
    assert {"/_sim/journal", "/_sim/state", "/_sim/open", "/_sim/clients", "/_sim/now"} <= set(paths)
    assert requests.get(f"{sim.url}/_sim/nope", timeout=10).status_code == 404
    assert requests.get(f"{sim.url}/_sim/reset", timeout=10).status_code == 405
    assert requests.post(f"{sim.url}/_sim/open", data="{", timeout=10).status_code == 400
    assert sim.journal()["calls"] == 0


def test_the_journal_says_what_was_asked(sim):
    storpool_call(sim, "MultiCluster/VolumeCreate", VOLUME)
    storpool_call(sim, "VolumeUpdate/a", {})
    create, update = sim.journal()["entries"]
    expected = {"n": 1, "method": "POST", "call": "VolumeCreate", "target": None, "write": True, "effect": True}
    assert {key: create[key] for key in expected} == expected
    assert (create["path"], create["body"]) == ("/ctrl/1.0/MultiCluster/VolumeCreate", VOLUME)
    assert (update["target"], update["effect"], update["outcome"]) == ("a", False, "ok")
    assert sim.journal(since=1)["calls"] == 1
    sim.clear_journal()
    assert sim.journal()["calls"] == 0


def test_state_shows_everything_and_reset_forgets_it(sim):
    storpool_call(sim, "VolumeCreate", VOLUME)
    storpool_call(sim, "VolumesReassign", [{"volume": "a", "rw": [1]}])
    sim.switch(limit_type="absent")
    sim.admin("POST", "open", {"volume": "a", "client": 1, "open": True})
    sim.admin("POST", "write", {"volume": "a", "bytes": 4096})
    cluster = sim.state()["clusters"]["abc.b"]
    assert (cluster["volumes"][0]["limitType"], cluster["volumes"][0]["storedSize"]) == ("total", 4096)
    assert [(item["volume"], item["client"], item["open"]) for item in cluster["attachments"]] == [("a", 1, True)]
    assert len(sim.admin("GET", "open")) == 1
    sim.reset()
    assert sim.state()["clusters"]["abc.b"]["volumes"] == []
    assert sim.switches()["limit_type"]["value"] == "listed"


def test_a_state_that_was_kept_comes_back_as_often_as_it_is_wanted(sim):
    storpool_call(sim, "VolumeCreate", VOLUME)
    storpool_call(sim, "VolumeSnapshot/a", {"name": "s"})
    storpool_call(sim, "VolumesReassign", [{"volume": "a", "rw": [1]}])
    sim.switch(limit_type="absent")
    sim.admin("POST", "keep")
    before = sim.state()["clusters"]
    for _time in range(2):
        storpool_call(sim, "VolumesReassign", [{"volume": "a", "detach": "all"}])
        storpool_call(sim, "VolumeUpdate/a", {"rename": "b"})
        storpool_call(sim, "SnapshotDelete/s", {})
        sim.switch(limit_type="listed")
        sim.fault({"call": "*", "kind": "garbage"})
        assert sim.state()["clusters"] != before
        sim.admin("POST", "reset", {"to": "kept"})
        assert (sim.state()["clusters"], sim.faults(), sim.journal()["calls"]) == (before, [], 0)
        assert sim.switches()["limit_type"]["value"] == "absent"
    with pytest.raises(SimulatorError, match="what is reset becomes"):
        sim.admin("POST", "reset", {"to": "something"})


def test_bytes_are_not_kept(tmp_path):
    with start("storpool", data=tmp_path / "data") as simulator:
        with pytest.raises(SimulatorError, match="does not keep a state"):
            simulator.admin("POST", "keep")
        with pytest.raises(SimulatorError, match="nothing was kept"):
            simulator.admin("POST", "reset", {"to": "kept"})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--token", "1", "--cluster-id", "ABC"], "a cluster id has two parts"),
        (["--token", "1", "--clients", "0"], "client ids are from 1 to 4095"),
        (["--token", "1", "--disks", "0"], "the number of disks is from 1 to 900"),
        (["--token", "1", "--port", "99999"], "a port is a number"),
        ([], "the following arguments are required: --token"),
    ],
)
def test_a_bad_command_line_says_why(options, sentence, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["simulators.storpool", *options])
    with pytest.raises(SystemExit, match="2"):
        main()
    assert sentence in capsys.readouterr().err


def test_a_port_in_use_is_a_sentence(sim):
    with pytest.raises(SimulatorError, match=f"cannot listen on 127.0.0.1:{sim.port}"):
        start("storpool", port=sim.port)


def test_every_switch_is_in_the_readme(sim):
    readme = (Path(client.__file__).parent / "README.md").read_text()
    assert [name for name in sim.switches() if f"| `{name}` |" not in readme] == []
