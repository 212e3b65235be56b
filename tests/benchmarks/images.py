# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images in and out, against ``qemu-img convert`` and ``qemu-img compare`` alone, on the same devices.

What the simulator takes to copy bytes where a real cluster only notes it is in both: a device to export from is made for the bare programs by the same calls.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from benchmarks.plays import Took, Workbench
from simulators.client import Simulator, start, storpool_call
from standins import disk_images
from tools.workspace import BUILD, COLLECTION

GIB = 1 << 30
PIECES = 16  # of data, with as much nothing between them
CLIENT = 1
#: Where no device makes times longer, so that only processors count.
MEMORY = Path("/dev/shm")  # noqa: S108
#: As the module calls it.
IN = ("convert", "-n", "--target-is-zero", "-W", "-m", "4", "-t", "none", "-f", "qcow2", "-O", "raw")
OUT = ("convert", "-m", "4", "-T", "none", "-f", "raw", "-O", "qcow2")
COMPARE = ("compare", "-T", "none")


def measure(bench: Workbench, repeats: int, place: Path = BUILD) -> dict[str, float]:
    """Seconds of the module's process and of the bare programs, the best of each, and the memory of the module with its programs in MB.

    All data is in ``place``. Memory is looked at while an import and an export run whose times do not count.
    """
    with _directory(place) as directory, _cluster(directory) as simulator:
        source = _source(directory)
        times: dict[str, list[float]] = {name: [] for name in ("bare in", "in", "bare out", "out")}
        _volume(simulator, "origin", 2 * GIB)
        device = _attach(simulator, directory, "origin")
        subprocess.run([disk_images.program(), *IN, str(source), str(device)], check=True)
        _detach(simulator, "origin")
        _call(simulator, "VolumeSnapshot/origin", {"name": "origin-snap"})
        for _round in range(repeats):
            times["bare in"].append(_bare_in(simulator, directory, source))
            times["in"].append(_in(bench, simulator, directory, source))
            times["bare out"].append(_bare_out(simulator, directory))
            times["out"].append(_out(bench, simulator, directory))
        with _Memory() as memory:
            _in(bench, simulator, directory, source)
            _out(bench, simulator, directory)
        return {"MB": memory.most, **{name: min(found) for name, found in times.items()}}


def _in(bench: Workbench, simulator: Simulator, directory: Path, source: Path) -> float:
    options = {"name": "in", "kind": "volume", "src": str(source), "template": "hybrid"}
    took = _task(bench, simulator, directory, options)
    _call(simulator, "VolumeDelete/in", {})
    return took.modules[0]["seconds"]


def _out(bench: Workbench, simulator: Simulator, directory: Path) -> float:
    dest = directory / "out.qcow2"
    took = _task(bench, simulator, directory, {"state": "exported", "name": "origin-snap", "dest": str(dest)})
    dest.unlink()
    return took.modules[0]["seconds"]


@contextlib.contextmanager
def _directory(place: Path) -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(dir=place))
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def _cluster(directory: Path) -> Iterator[Simulator]:
    (directory / "data").mkdir()
    (directory / "devices").mkdir()
    devices = [f"{CLIENT}={directory / 'devices'}"]
    with start("storpool", data=directory / "data", devices=devices) as simulator:
        places = {"placeAll": "hdd", "placeTail": "ssd", "placeHead": "hdd"}
        _call(simulator, "VolumeTemplateCreate", {"name": "hybrid", "replication": 3, **places})
        yield simulator


def _source(directory: Path) -> Path:
    """An image of 2 GiB with 1 GiB of data in it."""
    raw, image = directory / "disk", directory / "source.qcow2"
    rng = random.Random(1)
    with raw.open("wb") as file:
        file.truncate(2 * GIB)
        for piece in range(PIECES):
            file.seek(piece * 2 * GIB // PIECES)
            for _mib in range(GIB // PIECES >> 20):
                file.write(rng.randbytes(1 << 20))
    subprocess.run([disk_images.program(), "convert", "-f", "raw", "-O", "qcow2", str(raw), str(image)], check=True)
    raw.unlink()
    return image


def _call(simulator: Simulator, query: str, body: dict[str, Any]) -> None:
    answer = storpool_call(simulator, query, body).json()
    if "error" in answer:
        raise RuntimeError(str(answer))


def _volume(simulator: Simulator, name: str, size: int) -> None:
    _call(simulator, "VolumeCreate", {"name": name, "size": size, "template": "hybrid"})


def _attach(simulator: Simulator, directory: Path, name: str) -> Path:
    _call(simulator, "VolumesReassignWait", {"reassign": [{"volume": name, "rw": [CLIENT]}]})
    return directory / "devices" / "storpool" / name


def _detach(simulator: Simulator, name: str) -> None:
    _call(simulator, "VolumesReassignWait", {"reassign": [{"volume": name, "detach": "all"}]})


def _programs(*commands: tuple[str, ...]) -> None:
    for command in commands:
        subprocess.run([disk_images.program(), *command], check=True, stdout=subprocess.DEVNULL)


def _bare_in(simulator: Simulator, directory: Path, source: Path) -> float:
    _volume(simulator, "bare", 2 * GIB)
    device = str(_attach(simulator, directory, "bare"))
    began = time.monotonic()
    _programs((*IN, str(source), device), (*COMPARE, "-f", "qcow2", "-F", "raw", str(source), device))
    took = time.monotonic() - began
    _detach(simulator, "bare")
    _call(simulator, "VolumeDelete/bare", {})
    return took


def _bare_out(simulator: Simulator, directory: Path) -> float:
    dest = str(directory / "bare.qcow2")
    began = time.monotonic()
    _call(simulator, "VolumeCreate", {"name": "bare", "parent": "origin-snap"})
    device = str(_attach(simulator, directory, "bare"))
    _programs((*OUT, device, dest), (*COMPARE, "-f", "qcow2", "-F", "raw", dest, device))
    _detach(simulator, "bare")
    _call(simulator, "VolumeDelete/bare", {})
    took = time.monotonic() - began
    os.unlink(dest)
    return took


def _task(bench: Workbench, simulator: Simulator, directory: Path, options: dict[str, Any]) -> Took:
    options = {"device_dir": str(directory / "devices"), "progress": "never", **options}
    task = {f"{COLLECTION}.storpool_image": options, "environment": {"SP_OURID": str(CLIENT)}}
    [took] = bench.play(simulator, task)
    return took


class _Memory(threading.Thread):
    """The most memory that the module and its programs have had together, in MB."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most = 0.0
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        while not self._over.wait(0.05):
            self.most = max(self.most, sum(_megabytes(pid) for pid in os.listdir("/proc") if pid.isdigit()))


def _megabytes(pid: str) -> float:
    try:
        words = Path("/proc", pid, "cmdline").read_bytes()
        if b"qemu-img" not in words and b"AnsiballZ_storpool_image" not in words:
            return 0.0
        status = Path("/proc", pid, "status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0.0)
