# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios for disk images: a cluster that holds bytes, a client with devices, and a directory with images."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.image import run
from faults.scenario import Scenario, Steps
from faults.worlds import StorPool
from simulators.client import Simulator, start
from standins import disk_images

DISK = disk_images.content(3 * disk_images.MIB + 512)
CLIENT = "1"
#: Seconds of which pauses count, though they take no time here: whoever waits for another process waits as long as that takes.
LONG = 600_000
_THEIRS = {"size": 1 << 30, "template": "ssd", "tags": {"by": "rival"}}
_SOURCE = {"name": "db", "size": 1 << 20, "template": "hybrid"}
_MAKE: Steps = (("VolumeCreate", _SOURCE),)
_SNAP: Steps = (*_MAKE, ("VolumeSnapshot/db", {"name": "snap"}))


class _World(StorPool):
    """A cluster, and a file that is not there when a case begins."""

    def __init__(self, simulator: Simulator, dest: Path) -> None:
        super().__init__(simulator)
        self._dest = dest

    def begin(self, scenario: Scenario) -> None:
        for path in (self._dest, noted(self._dest)):
            path.unlink(missing_ok=True)
        super().begin(scenario)


def noted(dest: Path) -> Path:
    """The note beside an exported file."""
    return dest.with_name(f"{dest.name}.storpool-image")


class Images:
    """Where the images of the scenarios are, and the devices of the client that the tests run on."""

    def __init__(self, directory: Path) -> None:
        self.here: StorPool  # the cluster, for tests that are many in one
        self.devices, self.data, self.files, self._programs = (
            directory / name for name in ("devices", "data", "files", "programs")
        )
        for each in (self.devices, self.data, self.files, self._programs):
            each.mkdir()
        self.source = disk_images.make(self.files / "disk.qcow2", DISK)
        self.dest = self.files / "copy.qcow2"

    @contextlib.contextmanager
    def world(self, token: str) -> Iterator[StorPool]:
        """A cluster whose client 1 has devices."""
        devices = [f"{CLIENT}={self.devices}"]
        with (
            mock.patch.object(run, "CLOSING", LONG),
            start("storpool", token=token, data=self.data, devices=devices, device_kind="file") as simulator,
        ):
            yield _World(simulator, self.dest)

    def program(self, first: str) -> str:
        """A qemu-img that does something else first, in the language of the shell."""
        path = self._programs / "qemu-img"
        path.write_text(f'#!/bin/sh\n{first}\nexec {disk_images.program()} "$@"\n')
        path.chmod(0o755)
        return str(path)

    def left(self) -> list[str]:
        """What is in the directories of images that no run should leave there."""
        known = {self.source.name, self.dest.name, noted(self.dest).name}
        return sorted(path.name for path in self.files.iterdir() if path.name not in known)

    def scenario(self, state: str) -> Scenario:
        """One of :data:`STATES`."""
        return {scenario.state: scenario for scenario in self._all()}[state]

    def _all(self) -> tuple[Scenario, ...]:
        present = {"name": "img", "src": str(self.source), "template": "hybrid", "tags": {"own": "1"}}
        exported = {"state": "exported", "name": "snap", "dest": str(self.dest), "allow_replace": True}
        return (
            self._image("import", present, rivals={"rival: exists": (("VolumeCreate", {**_THEIRS, "name": "img"}),)}),
            self._image(
                "import as a volume",
                {**present, "kind": "volume"},
                rivals={"rival: exists": (("VolumeCreate", {**_THEIRS, "name": "img"}),)},
            ),
            self._image("export", exported, setup=_SNAP, names=("snap",)),
            self._image(
                "export of a volume",
                {**exported, "name": "db", "kind": "volume"},
                setup=_MAKE,
                names=("db",),
                settles=False,
            ),
        )

    def _image(self, state: str, options: dict[str, Any], **more: Any) -> Scenario:
        options = {**options, "device_dir": str(self.devices), "wait_timeout": 5}
        return Scenario("storpool_image", state, options, **{"names": ("img",), "works": True, **more})


STATES = ("import", "import as a volume", "export", "export of a volume")
