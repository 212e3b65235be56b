# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-ins of StorPool's tools on the hosts of the lab."""

from __future__ import annotations

import json
import os
import platform
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import confget as real_confget
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.connection import config
from lab import provisioning
from lab.layout import topology
from lab.simulators import FAR
from lab.state import State
from lab.storpool import block, command, confget, configuration
from simulators.client import Simulator, start, storpool_call
from standins import volumecare

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory that is ``/`` for StorPool's configuration and devices."""
    monkeypatch.setattr(configuration, "MAIN", tmp_path / "etc/storpool.conf")
    monkeypatch.setattr(configuration, "MORE", tmp_path / "etc/storpool.conf.d")
    monkeypatch.setattr(block, "DEV", tmp_path / "dev")
    links = {"name": tmp_path / "dev/storpool", "id": tmp_path / "dev/storpool-byid"}
    monkeypatch.setattr(block, "LINKS", links)
    for path in (tmp_path / "etc/storpool.conf.d", *links.values()):
        path.mkdir(parents=True)
    return tmp_path


@pytest.fixture(scope="module")
def storpool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    where = tmp_path_factory.mktemp("storpool")
    devices = [f"{client}={where / str(client)}" for client in (1, 2)]
    with start("storpool", clients="1,2", data=where / "data", devices=devices, device_kind="file") as simulator:
        yield simulator


@pytest.fixture
def run(root: Path, storpool: Simulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs ``storpool`` as the host agent2; gives exit status, output and errors."""
    storpool.reset()
    described = {
        "host": storpool.host,
        "port": storpool.port,
        "token": storpool.args["token"],
        "cluster_id": "sim.b",
        "cluster_name": "simulated",
    }
    (root / "etc/storpool.conf").write_text(provisioning.storpool_conf(topology(2, 1), described))
    monkeypatch.setattr(platform, "node", lambda: "agent2")
    storpool_call(storpool, "VolumeCreate", {"name": "db-1", "size": 1 << 20, "replication": 3})

    def call(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["storpool", *words])
        try:
            status = command.main()
        except SystemExit as end:
            status = int(str(end.code))
        return status, *capsys.readouterr()

    return call


CONFIGURATION = """\
# a comment
SP_OURID = 7
SP_AUTH_TOKEN=a=b
[other]
SP_OURID=8
[this-host]
SP_OURID=9
; another
"""


def test_configuration_is_read_as_the_modules_read_it(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / "etc/storpool.conf").write_text(CONFIGURATION)
    (root / "etc/storpool.conf.d/20-b.conf").write_text("[this-host]\nSP_API_HTTP_PORT=82\n")
    (root / "etc/storpool.conf.d/10-a.conf").write_text("SP_API_HTTP_PORT=83\nSP_CLUSTER_ID=far.c\n")
    (root / "etc/storpool.conf.d/.hidden.conf").write_text("SP_CLUSTER_ID=no.b\n")
    monkeypatch.setattr(platform, "node", lambda: "this-host")
    assert configuration.variables() == {
        "SP_OURID": "9",
        "SP_AUTH_TOKEN": "a=b",
        "SP_API_HTTP_PORT": "82",
        "SP_CLUSTER_ID": "far.c",
    }
    for host in ("this-host", "other", "unknown"):
        assert configuration.variables(host) == config.read_files(lambda path: f"{root}{path}", host)


PIECES = [
    "SP_OURID",
    "A",
    "1",
    "=",
    "[",
    "]",
    "[n1]",
    "[n2] # rack 2",
    "#",
    ";",
    '"',
    "\\",
    "\\\\",
    " ",
    "\t",
    "\x0b",
    "\x85",
    "é",
]
PIECES += ["\n", "\n", "\n", "\\\n", "A=1\n", " B = 2 \n", "[n1]\n", "[ n2 ]\n"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_a_file_says_what_it_says_to_confget(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "storpool.conf"
    path.write_text(text, encoding="utf-8")
    reader = real_confget.BACKENDS["ini"](real_confget.Config([], filename=str(path), encoding="utf-8"))
    try:
        expected = reader.read_file()
    except real_confget.backend.ini_pyp.pyp.ParseBaseException:
        with pytest.raises(ValueError, match="line"):
            configuration.parse(text)
    else:
        assert configuration.parse(text) == expected


def test_a_file_that_is_wrong_is_named(root: Path) -> None:
    (root / "etc/storpool.conf").write_text("[other] # rack 1\nSP_OURID=8\n")
    with pytest.raises(configuration.NotConfigured, match=r"could not parse .*/etc/storpool\.conf: line 1"):
        configuration.variables("other")


def test_confget_prints_and_quotes(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["storpool_confget", "-s", "other", "-S", "SP_OURID", "NO_SUCH", "A"])
    assert confget.main() == 1
    assert capsys.readouterr().err.startswith("storpool_confget: could not read ")
    (root / "etc/storpool.conf").write_text(f"A=two words\n{CONFIGURATION}")
    assert confget.main() == 0
    assert capsys.readouterr().out == "SP_OURID=8\nA='two words'\n"


def test_attach_here_waits_for_the_device_and_detach_takes_it_away(
    run: Run, storpool: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[str] = []
    monkeypatch.setattr(command, "_wait_for_device", waited.append)
    status, out, _err = run("-M", "-j", "attach", "volume", "db-1", "here", "onRemoteAttached", "export")
    assert status == 0
    assert json.loads(out)["data"]["ok"] is True
    last = storpool.journal()["entries"][-1]
    assert last["path"] == "/ctrl/1.0/MultiCluster/VolumesReassignWait"
    assert last["body"] == {"reassign": [{"volume": "db-1", "rw": [2], "onRemoteAttached": "export"}]}
    assert waited == ["db-1"]
    assert [(each["volume"], each["client"]) for each in storpool_attachments(storpool)] == [("db-1", 2)]
    assert run("-M", "detach", "volume", "db-1", "all", "force", "yes")[0] == 0
    assert storpool_attachments(storpool) == []


def storpool_attachments(simulator: Simulator) -> list[dict[str, Any]]:
    return list(storpool_call(simulator, "AttachmentsList").json()["data"])


def test_errors_of_the_api_come_as_json_if_asked_for(run: Run) -> None:
    status, out, err = run("-j", "attach", "volume", "~sim.b.nope", "client", "1")
    assert (status, json.loads(out)["error"]["name"], err) == (1, "objectDoesNotExist", "")
    status, out, err = run("attach", "volume", "nope", "client", "1")
    assert (status, out) == (1, "")
    assert err.startswith("Error: objectDoesNotExist: ")


@pytest.mark.parametrize(
    "words", [["nonsense"], ["-x"], ["attach", "volume", "db-1"], ["attach", "volume", "db-1", "x"]]
)
def test_unknown_commands_are_not_guessed_at(run: Run, words: list[str]) -> None:
    status, out, err = run(*words)
    assert (status, out) == (2, "")
    assert err.startswith("Usage: ")


def test_here_needs_an_id_and_the_api_an_answer(
    run: Run, root: Path, monkeypatch: pytest.MonkeyPatch, storpool: Simulator
) -> None:
    monkeypatch.setattr(platform, "node", lambda: "mgmt1")
    assert "SP_OURID is not set" in run("attach", "volume", "db-1", "here")[2]
    assert storpool_attachments(storpool) == []
    (root / "etc/storpool.conf").write_text("SP_API_HTTP_PORT=1\nSP_AUTH_TOKEN=1\n")
    status, out, err = run("-j", "service", "list")
    assert (status, out) == (1, "")
    assert "could not be asked" in err


def test_service_list_is_what_the_driver_reads(run: Run) -> None:
    clients = json.loads(run("-j", "service", "list")[1])["data"]["clients"]
    assert [(client["nodeId"], client["status"]) for client in clients.values()] == [(1, "running"), (2, "running")]


def test_devices_follow_the_attachments(root: Path, storpool: Simulator) -> None:
    storpool.reset()
    made = [
        storpool_call(storpool, "VolumeCreate", {"name": name, "size": size, "replication": 3}).json()["data"]
        for name, size in (("db-1", 1 << 20), ("", 512), ("db-2", 1 << 20))
    ]
    for volume, client in ((made[0], 2), (made[1], 2), (made[2], 1)):
        item = {"volume": f"~{volume['globalId']}", "rw": [client]}
        storpool_call(storpool, "VolumesReassignWait", {"reassign": [item]})
    block.keep(block.wanted(storpool.admin("GET", "devices"), "sim.b", 2))
    dev = root / "dev"
    assert devices(dev) == {
        "storpool/db-1": 1 << 20,
        f"storpool-byid/{made[0]['globalId']}": 1 << 20,
        f"storpool-byid/{made[1]['globalId']}": 512,
    }
    with (dev / "storpool/db-1").open("r+b") as device:
        device.write(b"written there")
    file = Path(storpool.admin("GET", "data")[made[0]["globalId"]]["file"])
    assert file.read_bytes().rstrip(b"\0") == b"written there"
    assert not (dev / "storpool/db-2").exists()
    item = {"volume": "db-1", "detach": "all"}
    storpool_call(storpool, "VolumesReassignWait", {"reassign": [item]})
    storpool_call(storpool, f"VolumeUpdate/~{made[1]['globalId']}", {"size": 1024})
    block.keep(block.wanted(storpool.admin("GET", "devices"), "sim.b", 2))
    assert devices(dev) == {f"storpool-byid/{made[1]['globalId']}": 1024}
    assert len(list(dev.glob("sp-*"))) == 1
    block.keep({})
    assert not list(dev.glob("sp-*"))
    assert devices(dev) == {}


def test_the_node_of_a_block_device_has_its_numbers(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[Path, int, int]] = []
    monkeypatch.setattr(block.os, "mknod", lambda path, mode, number: made.append((path, mode, number)) or path.touch())
    row = {
        "cluster": "sim.b",
        "client": 2,
        "globalId": "sim.b.rt",
        "name": "",
        "position": 3,
        "device": "/dev/loop5",
        "numbers": [7, 5],
    }
    answer = {"kind": "loop", "devices": [row]}
    block.keep(block.wanted(answer, "sim.b", 2))
    assert made == [(root / "dev/sp-3", stat.S_IFBLK | 0o660, os.makedev(7, 5))]
    assert [path.name for path in root.glob("dev/storpool*/*")] == ["sim.b.rt"]
    for other in (("sim.b", 1), ("far.c", 2)):
        block.keep(block.wanted(answer, *other))
        assert not list(root.glob("dev/storpool*/*")) + list(root.glob("dev/sp-*"))


def test_hosts_of_the_far_site_are_clients_of_the_cluster_there() -> None:
    hosts = topology(1, 1, 1)
    assert [(host.name, host.client_id, host.far) for host in hosts] == [
        ("mgmt1", None, False),
        ("agent1", 1, False),
        ("far1", 1, True),
    ]
    assert len({host.address for host in hosts}) == 3
    here = {
        "host": "10.1.1.1",
        "port": 81,
        "token": "1",
        "cluster_id": "sim.b",
        "cluster_name": "simulated",
        "url": "http://10.1.1.1:81",
    }
    current = State(here, {"url": "http://10.1.1.2:80"})
    configured = {}
    for host in hosts[1:]:
        files = provisioning.files_of(host, hosts, "key", current)
        configured[host.name] = set(files["etc/storpool.conf"][0].splitlines())
        assert "volumecare http://10.1.1.2:80 http://10.1.1.1:81" in files["usr/bin/storpool_vcctl"][0]
        assert "usr/lib/storpool/standins/volumecare.py" in files
    assert {"SP_CLUSTER_ID=sim.b", "SP_AUTH_TOKEN=1", "[agent1]"} <= configured["agent1"]
    assert {"SP_CLUSTER_ID=far.c", f"SP_AUTH_TOKEN={FAR['token']}", "[far1]"} <= configured["far1"]


def test_volumecare_tells_of_the_clusters_that_are_connected() -> None:
    volumes = [{"id": "v-1", "path": "/dev/storpool-byid/sim.b.r1"}, {"id": "v-2", "path": ""}]

    def snapshot(number: str, of: str, **tags: str) -> dict[str, Any]:
        return {
            "globalId": number,
            "createdFromGlobalId": of,
            "creationTimestamp": 100,
            "deleted": False,
            "tags": {"cvm": "vm-1", **tags},
        }

    rows = [
        snapshot("sim.b.s1", "sim.b.r1"),
        snapshot("sim.b.s2", "sim.b.r9", uuid="v-2"),
        snapshot("sim.b.s3", "sim.b.r1", cs="snapshot"),
    ]
    clusters = {"sim.b": {"connected": False, "snapshots": rows}, "far.c": {"connected": True, "snapshots": rows}}
    [_policy, vm] = volumecare.status(volumes, clusters, 3700.0)
    [told] = vm["history"]
    assert (told["id"]["location"], told["create_ts"], told["age_in_h"]) == ("far.c", 100, 1.0)
    assert told["extra_info"]["sp"]["map"] == {"~v-1": "~sim.b.s1", "~v-2": "~sim.b.s2"}


def devices(dev: Path) -> dict[str, int]:
    """The links, with the sizes of the devices that they lead to."""
    return {path.relative_to(dev).as_posix(): path.stat().st_size for path in dev.glob("storpool*/*")}
