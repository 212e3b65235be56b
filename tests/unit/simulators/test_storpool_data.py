# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The StorPool simulator with --data and --devices, through its server: the directory, and clients' devices.

With loop devices, too, where the tests run as root on a machine that has them.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from simulators.client import Simulator, SimulatorError, start, storpool_call
from simulators.kit import Request
from simulators.storpool import loops, store
from simulators.storpool.devices import FILE, LOOP, Devices
from simulators.storpool.server import DEFAULTS, Options
from simulators.storpool.server import Simulator as Server
from simulators.storpool.steps import Copy, Make
from simulators.storpool.store import MARKER, Store

MIB = 1 << 20
KINDS = [FILE, LOOP] if loops.usable(Path(tempfile.gettempdir())) else [FILE]


class Sim:
    """A simulator with data, and the devices of clients 1 and 2."""

    def __init__(self, root: Path, kind: str) -> None:
        self.root = root
        self.kind = kind
        self.data = root / "data"
        self.simulator = self._start()

    def _start(self) -> Simulator:
        devices = [f"{client}={self.root / str(client)}" for client in (1, 2)]
        return start("storpool", data=self.data, devices=devices, device_kind=self.kind, lifetime=1200)

    def again(self, number: int) -> None:
        """Another simulator after this one got a signal."""
        child = self._server()
        os.kill(child, number)
        self.simulator.stop()
        while os.path.exists(f"/proc/{child}"):
            time.sleep(0.01)
        self.simulator = self._start()

    def refused(self, query: str, body: Any) -> str:
        """The description of the error that a call gives."""
        return storpool_call(self.simulator, query, body).json()["error"]["descr"]

    def post(self, query: str, body: Any) -> dict[str, Any]:
        return storpool_call(self.simulator, query, body).json()["data"]

    def create(self, name: str, size: int = MIB, **more: Any) -> str:
        return self.post("VolumeCreate", {"name": name, "size": size, "replication": 3, **more})["globalId"]

    def reassign(self, **item: Any) -> None:
        assert self.post("VolumesReassignWait", {"reassign": [item]})["ok"]

    def file(self, global_id: str) -> Path:
        return Path(self.simulator.admin("GET", "data")[global_id]["file"])

    def links(self, client: int) -> list[str]:
        """The links that a client has; every one leads to something."""
        directory = self.root / str(client)
        found = []
        for path in directory.glob("storpool*/*"):
            try:
                path.stat()
            except FileNotFoundError:
                assert not path.is_symlink()  # it is gone meanwhile
            else:
                found.append(path.relative_to(directory).as_posix())
        return sorted(found)

    def wait_for_no_links(self, client: int) -> None:
        """Devices go after the call that detached them, if nobody waits for that."""
        end = time.monotonic() + 60
        while self.links(client):
            assert time.monotonic() < end
            time.sleep(0.01)

    def bytes_moved(self) -> int:
        """How many bytes the simulator has read and written so far, by calls of any kind."""
        told = Path(f"/proc/{self._server()}/io").read_text()
        return sum(int(line.split()[1]) for line in told.splitlines() if line.startswith(("rchar", "wchar")))

    def _server(self) -> int:
        """The process that serves; ours is the one that bounds its life."""
        [child] = Path(f"/proc/{self.simulator.pid}/task/{self.simulator.pid}/children").read_text().split()
        return int(child)

    def device(self, client: int, name: str) -> Path:
        return self.root / str(client) / "storpool" / name


@pytest.fixture(scope="module", params=KINDS)
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sim]:
    sim = Sim(tmp_path_factory.mktemp("sim"), request.param)
    yield sim
    sim.simulator.stop()


@pytest.fixture
def sim(running: Sim) -> Sim:
    running.simulator.reset()
    return running


def read(path: Path, count: int = 16) -> bytes:
    with path.open("rb", buffering=0) as file:
        return file.read(count)


def write(path: Path, text: bytes) -> None:
    with path.open("r+b", buffering=0) as file:
        file.write(text)
        os.fsync(file)


@contextmanager
def opened_elsewhere(path: Path, redirection: str = "<") -> Iterator[None]:
    """Another process has it open."""
    with subprocess.Popen(
        ["sh", "-c", f'exec {redirection}"$0"; echo; exec sleep 60', path], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield
        process.kill()


def test_what_one_client_writes_another_reads(sim):
    volume = sim.create("db")
    sim.reassign(volume="db", rw=[1, 2])
    assert sim.links(1) == sim.links(2) == ["storpool-byid/" + volume, "storpool/db"]
    write(sim.device(1, "db"), b"pattern of client 1")
    assert read(sim.device(2, "db"), 19) == b"pattern of client 1"
    assert read(sim.file(volume), 19) == b"pattern of client 1"
    snapshot = sim.post("VolumeSnapshot/db", {"name": "s"})["snapshotGlobalId"]
    write(sim.device(2, "db"), b"PATTERN")
    assert read(sim.file(snapshot), 7) == b"pattern"


def test_devices_come_and_go_and_get_other_names(sim):
    volume, unnamed = sim.create("db"), sim.create("")
    sim.post("VolumesReassign", [{"volume": "db", "rw": [1]}, {"volume": "~" + unnamed, "ro": [1]}])
    assert sim.links(1) == [f"storpool-byid/{volume}", f"storpool-byid/{unnamed}", "storpool/db"]
    sim.post("VolumeUpdate/db", {"rename": "other"})
    assert sim.links(1) == [f"storpool-byid/{volume}", f"storpool-byid/{unnamed}", "storpool/other"]
    sim.reassign(volume="other", detach=[1])
    sim.simulator.admin("POST", "clients", {"id": 1, "up": False})
    assert sim.links(1) == []
    sim.simulator.admin("POST", "clients", {"id": 1, "up": True})
    assert sim.links(1) == [f"storpool-byid/{unnamed}"]
    assert sim.post(f"VolumeDelete/~{unnamed}", {"onAttached": "detach"})["ok"]
    assert sim.links(1) == []
    assert sim.simulator.admin("GET", "devices") == {"kind": sim.kind, "devices": []}


def test_a_client_that_lags_has_its_devices_later(sim):
    sim.create("db")
    sim.simulator.admin("POST", "clients", {"id": 1, "lag": 600})
    sim.post("VolumesReassign", [{"volume": "db", "rw": [1]}])
    with ThreadPoolExecutor() as beside:
        waiting = beside.submit(storpool_call, sim.simulator, "ClientConfigWait/1")
        while sim.simulator.journal()["entries"][-1]["call"] != "ClientConfigWait":
            time.sleep(0.01)
        sim.simulator.admin("POST", "now", {"seconds": 300})
        assert sim.links(1) == []
        assert not waiting.done()
        sim.simulator.admin("POST", "now", {"seconds": 600})
        assert waiting.result(60).json()["data"]
    assert len(sim.links(1)) == 2
    sim.post("VolumesReassign", [{"volume": "db", "detach": [1]}])
    sim.simulator.admin("POST", "now", {"seconds": 300})
    assert len(sim.links(1)) == 2
    sim.simulator.admin("POST", "now", {"seconds": 600})
    sim.wait_for_no_links(1)


def test_a_device_that_is_open_is_not_detached_without_force(sim):
    volume = sim.create("db")
    sim.reassign(volume="db", rw=[1, 2])
    with opened_elsewhere(sim.device(1, "db")):
        assert (
            sim.refused("VolumesReassignWait", {"reassign": [{"volume": "db", "detach": [1]}]})
            == "'db' is open at client 1"
        )
        assert sim.refused("VolumeDelete/db", {"onAttached": "detach"}) == "'db' is open at client 1"
        assert [row["client"] for row in sim.simulator.admin("GET", "open")] == [1]
        sim.reassign(volume="db", detach=[2])
        sim.reassign(volume="db", detach=[1], force=True)
        assert sim.links(1) == []
    sim.reassign(volume="db", rw=[1])
    sim.reassign(volume="db", detach="all")
    assert sim.file(volume).stat().st_nlink == 1


def test_devices_follow_the_size(sim):
    volume = sim.create("db")
    sim.reassign(volume="db", rw=[1])
    sim.post("VolumeUpdate/db", {"size": 3 * MIB})
    with sim.device(1, "db").open("rb") as device:
        assert device.seek(0, os.SEEK_END) == 3 * MIB
    assert sim.simulator.admin("GET", "data")[volume]["size"] == sim.file(volume).stat().st_size == 3 * MIB
    sim.post("VolumeUpdate/db", {"size": MIB, "shrinkOk": True})
    with sim.device(1, "db").open("rb") as device:
        assert device.seek(0, os.SEEK_END) == MIB


def test_a_revert_reaches_who_has_the_device_open(sim):
    sim.simulator.switch(revert_attached="accepted")
    volume = sim.create("db")
    sim.reassign(volume="db", rw=[1])
    write(sim.device(1, "db"), b"old")
    sim.post("VolumeSnapshot/db", {"name": "s"})
    file = sim.file(volume)
    with file.open("rb", buffering=0) as opened:
        write(sim.device(1, "db"), b"new")
        now = sim.post("VolumeRevert/db", {"toSnapshot": "s"})["globalId"]
        assert opened.read(3) == b"old"
    assert now != volume
    assert sim.file(now) == sim.file(volume) == file
    assert "storpool-byid/" + volume in sim.links(1)


def test_the_clients_of_another_cluster_have_devices_too(tmp_path):
    far = {"id": "far.c", "name": "far", "location": "away", "clients": [1], "token": "42"}
    devices = [f"{client}={tmp_path / client.replace(':', '-')}" for client in ("1", "far.c:1")]
    with start("storpool", data=tmp_path / "data", devices=devices, device_kind=FILE) as simulator:
        simulator.admin("POST", "clusters", far)
        there = Simulator("storpool", simulator._process, simulator.host, simulator.port, {"token": "42"})
        volume = {"name": "db", "size": MIB, "replication": 3}
        made = [storpool_call(each, "VolumeCreate", volume).json()["data"]["globalId"] for each in (simulator, there)]
        storpool_call(there, "VolumesReassignWait", {"reassign": [{"volume": "db", "rw": [1]}]})
        links = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.glob("*1/storpool*/*"))
        assert links == [f"far.c-1/storpool-byid/{made[1]}", "far.c-1/storpool/db"]
        [row] = simulator.admin("GET", "devices")["devices"]
        assert (row["cluster"], row["client"]) == ("far.c", 1)


def test_another_cluster_has_the_bytes_too(sim):
    sim.simulator.admin("POST", "clusters", {"id": "far.c", "name": "far", "location": "away"})
    volume = sim.create("db")
    write(sim.file(volume), b"from here")
    backup = sim.post("VolumeBackup", {"volume": "db", "location": "away"})["globalId"]
    here, there = (
        Path(sim.simulator.admin("GET", f"data?cluster={each}")[backup]["file"]) for each in ("sim.b", "far.c")
    )
    assert here != there
    assert read(here, 9) == read(there, 9) == b"from here"
    assert sim.file(backup) == here
    sim.post("VolumeMoveToRemote/db", {"clusterId": "far.c"})
    found = sim.simulator.admin("GET", "data")[volume]
    assert (found["cluster"], found["kind"]) == ("far.c", "volume")
    assert read(Path(found["file"]), 9) == b"from here"
    with pytest.raises(SimulatorError, match=r"there is no cluster 'no\.where'"):
        sim.simulator.admin("GET", "data?cluster=no.where")


def test_deleted_and_reset_leave_no_files(sim):
    volume = sim.create("db")
    snapshot = sim.post("VolumeSnapshot/db", {})["snapshotGlobalId"]
    files = [sim.file(each) for each in (volume, snapshot)]
    sim.simulator.switch(snapshot_delete_seconds=0.0)
    sim.post("VolumeDelete/db", {})
    sim.post(f"SnapshotDelete/~{snapshot}", {})
    assert sim.simulator.admin("GET", "data") == {}
    assert not any(path.exists() for path in files)
    sim.create("db")
    sim.reassign(volume="db", rw=[1])
    sim.simulator.reset()
    assert sim.simulator.admin("GET", "data") == {}
    assert [path.name for path in sim.data.iterdir()] == [MARKER]
    sim.wait_for_no_links(1)


def test_what_a_simulator_leaves_the_next_one_removes(sim):
    for number in (signal.SIGTERM, signal.SIGKILL):
        file = sim.file(sim.create("db"))
        sim.reassign(volume="db", rw=[1])
        sim.again(number)
        assert not file.exists()
        assert sim.links(1) == []
        assert loops.over(sim.data) == []


def test_a_failure_with_the_bytes_is_an_error_of_the_call(sim):
    (sim.data / "sim.b").touch()  # so that there can be no directory
    answer = storpool_call(sim.simulator, "VolumeCreate", {"name": "db", "size": MIB, "replication": 3}).json()
    assert answer["error"]["name"] == "insufficientResources"
    assert "The data could not be kept: " in answer["error"]["descr"]
    (sim.data / "sim.b").unlink()
    assert sim.create("other")


def test_ten_gibibytes_are_made_copied_and_attached_at_once(sim):
    size, moved = 10 << 30, sim.bytes_moved()
    volume = sim.create("big", size)
    sim.reassign(volume="big", rw=[1])
    write(sim.device(1, "big"), b"beginning")
    sim.post("VolumeSnapshot/big", {"name": "s"})
    clone = sim.post("VolumeCreate", {"name": "clone", "parent": "s"})["globalId"]
    assert sim.bytes_moved() - moved < 100 * MIB
    for each in (volume, clone):
        found = sim.file(each).stat()
        assert (found.st_size, found.st_blocks * 512 < MIB) == (size, True)
    assert read(sim.file(clone), 9) == b"beginning"


def test_read_only_is_read_only(sim):
    sim.create("db")
    sim.post("VolumeSnapshot/db", {"name": "s"})
    sim.reassign(snapshot="s", ro=[1])
    sim.reassign(volume="db", ro=[1])
    if sim.kind == LOOP:
        for name in ("s", "db"):
            with pytest.raises(OSError, match=r"not permitted|Read-only|denied"):
                write(sim.device(1, name), b"x")
        sim.reassign(volume="db", rw=[1])
        write(sim.device(1, "db"), b"x")
    else:
        assert sim.device(1, "s").stat().st_mode & 0o222 == 0
    assert [row["readOnly"] for row in sim.simulator.admin("GET", "devices")["devices"]] == [True, sim.kind == FILE]


def test_without_data_there_are_none():
    with start("storpool", lifetime=60) as simulator:
        assert simulator.admin("GET", "data") == {}
        assert simulator.admin("GET", "devices") == {"kind": None, "devices": []}
        assert storpool_call(simulator, "VolumeCreate", {"size": MIB, "replication": 3}).json()["data"]["ok"]
        assert simulator.admin("GET", "data") == {}


@pytest.mark.parametrize("name", ["notes.txt", "sim.b/notes.txt", "sim.b/sim.b.rt/notes", "handles/x/sim.b.rt"])
def test_a_directory_of_somebody_else_is_left_as_it_is(tmp_path, name):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(SimulatorError, match="is neither empty nor a simulator's"):
        start("storpool", data=tmp_path, lifetime=60)
    (tmp_path / MARKER).touch()
    (tmp_path / "abc.b").mkdir()
    (tmp_path / "abc.b/abc.b.1").touch()
    with pytest.raises(SimulatorError, match="is not a simulator's: take it out"):
        start("storpool", data=tmp_path, lifetime=60)
    assert (tmp_path / name).read_text() == "mine"
    assert (tmp_path / "abc.b/abc.b.1").exists()


def test_a_directory_is_one_simulators(sim):
    with pytest.raises(SimulatorError, match="is in use by another simulator"):
        start("storpool", data=sim.data, lifetime=60)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"devices": ["1={path}"]}, "--devices needs --data"),
        ({"data": "{path}/data", "devices": ["1={path}", "2={path}"]}, "each client has one directory, of its own"),
        ({"data": "{path}/data", "devices": ["1={path}", "1={path}/x"]}, "each client has one directory, of its own"),
        ({"data": "{path}/data", "devices": ["one={path}"]}, "CLIENT=PATH, with the id of a client"),
        ({"data": "{path}/data", "devices": ["1"]}, "CLIENT=PATH, with the id of a client"),
        ({"data": "{path}/data", "devices": ["1={path}/full"]}, "full/storpool/db is not a simulator's"),
        ({"data": "{path}/file"}, "cannot be used as the directory for data"),
    ],
)
def test_options_that_make_no_sense_are_refused(tmp_path, options, sentence):
    (tmp_path / "full/storpool").mkdir(parents=True)
    (tmp_path / "full/storpool/db").symlink_to("/dev/sp-0")
    (tmp_path / "file").touch()

    def filled(value: Any) -> Any:
        return [filled(each) for each in value] if isinstance(value, list) else value.format(path=tmp_path)

    with pytest.raises(SimulatorError, match=sentence):
        start("storpool", lifetime=60, **{name: filled(value) for name, value in options.items()})
    assert (tmp_path / "full/storpool/db").is_symlink()


def test_a_long_copy_keeps_nothing_else_waiting(tmp_path, monkeypatch):
    carry_out, goes_on, done = store.carry_out, threading.Event(), []

    def slow(root, steps, abandoned):
        if isinstance(steps[0], Copy) and steps[0].file == "c/long":
            goes_on.wait(30)
        carry_out(root, steps, abandoned)
        done.append(steps[-1].file)

    async def story() -> None:
        kept = Store(tmp_path / "data")
        monkeypatch.setattr(store, "carry_out", slow)
        await kept.submit([Make("c/a", 512)])
        long = kept.submit([Copy("c/a", "c/long", 512, False)])
        after = kept.submit([Copy("c/long", "c/b", 512, False)])
        await kept.submit([Make("c/other", 512)])
        assert not long.done()
        goes_on.set()
        await after
        await kept.settled()
        kept.close()

    asyncio.run(story())
    assert done == ["c/a", "c/other", "c/long", "c/b"]


def test_a_long_copy_of_an_attached_volume_keeps_no_other_call_waiting(tmp_path, monkeypatch):
    carry_out, goes_on, copies = store.carry_out, threading.Event(), threading.Event()

    def slow(root, steps, abandoned):
        if isinstance(steps[0], Copy):
            copies.set()
            goes_on.wait(30)
        carry_out(root, steps, abandoned)

    monkeypatch.setattr(store, "carry_out", slow)

    async def story() -> None:
        kept = Store(tmp_path / "data")
        simulator = Server(
            Options("t", "sim.b", "sim", (1,), 3), kept, Devices(kept, {("sim.b", 1): tmp_path / "dev"}, FILE)
        )
        simulator.reset(DEFAULTS)

        async def post(query: str, body: Any) -> dict[str, Any]:
            request = Request(
                "POST", f"/ctrl/1.0/{query}", json.dumps(body).encode(), {"Authorization": "Storpool v1:t"}.get
            )
            answer = simulator.perform(simulator.parse(request))
            return json.loads((await answer.wait() if answer.wait else answer).body)["data"]

        def links() -> set[str]:
            return {path.name for path in (tmp_path / "dev/storpool").iterdir()}

        for name in ("big", "other"):
            await post("VolumeCreate", {"name": name, "size": MIB, "replication": 3})
        await post("VolumesReassignWait", [{"volume": "big", "rw": [1]}])
        snapshot = asyncio.create_task(post("VolumeSnapshot/big", {"name": "s"}))
        await asyncio.to_thread(copies.wait, 30)
        await post("VolumesReassignWait", [{"volume": "other", "rw": [1]}])
        await post("VolumeUpdate/other", {"rename": "another"})
        await post("VolumesReassign", [{"snapshot": "s", "ro": [1]}])
        assert links() == {"big", "another"}
        attached = asyncio.create_task(post("VolumesReassignWait", [{"snapshot": "s", "ro": [1]}]))
        await post("VolumeUpdate/big", {"rename": "large"})
        await post("VolumeUpdate/another", {"rename": "big"})
        assert links() == {"big"}
        assert not snapshot.done()
        assert not attached.done()
        goes_on.set()
        await attached
        while links() != {"big", "large", "s"}:
            await asyncio.sleep(0.01)
        targets = {path.name: path.readlink().name for path in (tmp_path / "dev/storpool").iterdir()}
        assert len(set(targets.values())) == 3
        assert targets["large"] < targets["big"] < targets["s"]
        simulator.close()

    asyncio.run(asyncio.wait_for(story(), 60))
