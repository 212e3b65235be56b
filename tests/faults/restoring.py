# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A VM whose disks have real bytes, and its backups, here and at another location."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from faults.cloudstack_pools import made
from faults.scenario import NOTHING, Scenario
from faults.worlds import CloudStack, StorPool
from simulators.client import Simulator
from standins import disks, volumecare

FAR = {"id": "far.c", "name": "far-cluster", "location": "far-away", "clients": [1], "disks": 6}


class TwoSites(StorPool):
    """A StorPool cluster, and another one at another location."""

    def begin(self, scenario: Scenario) -> None:
        super().begin(scenario)
        self.admin("POST", "clusters", FAR)

    def state(self) -> dict[str, Any]:
        return dict(next(iter(self.admin("GET", "state")["clusters"].values())))


class Restored(CloudStack):
    """The VM ``web`` with a root disk and data disks. What they held ``THEN`` is in the backup, what they hold ``NOW`` is not."""

    def __init__(self, simulator: Simulator, storpool: TwoSites) -> None:
        super().__init__(simulator, storpool)
        #: What was on a disk after something was written, by the digest of the whole.
        self.known: dict[str, str] = {}

    def new(self, disks: int = 3, *, remote: bool, running: bool = True, **switches: Any) -> str:
        """Begin, and make the VM and its backup; its id."""
        self.begin(Scenario("none", "none", {}, names=(), prepare=made, switches=switches) if switches else NOTHING)
        if not switches:
            made(self)
        self.add(pool="sp", vms=1, name="web", running=running)
        for number in range(1, disks):
            self.add(pool="sp", volumes=1, name=f"data-{number}", size_gib=number)
        self.attach("web", *(f"data-{number}" for number in range(1, disks)))
        self.write("web", "THEN")
        self.back_up("web", remote=remote)
        self.write("web", "NOW")
        self.forget()
        return self.vm("web")["id"]

    def attach(self, vm: str, *volumes: str) -> None:
        """Attach volumes to a VM, one after the other."""
        for name in volumes:
            self.do(("attachVolume", {"id": self.volume(name)["id"], "virtualmachineid": self.vm(vm)["id"]}))

    def vm(self, name: str) -> dict[str, Any]:
        """CloudStack's row of a VM, also of one that is gone."""
        return next(row for row in self.admin("GET", "state")["vms"] if row["name"] == name)

    def volume(self, name: str) -> dict[str, Any]:
        """CloudStack's row of a volume."""
        return next(row for row in self.admin("GET", "state")["volumes"] if row["name"] == name)

    def disks(self, vm: str) -> dict[str, str]:
        """The ids that the disks of a VM have on StorPool, by their names."""
        state = self.admin("GET", "state")
        number = next(row["db_id"] for row in state["vms"] if row["name"] == vm)
        return {row["name"]: row["path"].rpartition("/")[2] for row in state["volumes"] if row["vm"] == number}

    def files(self, vm: str) -> dict[str, Path]:
        """Where the bytes of each disk are."""
        files = self.storpool.admin("GET", "data")
        return {name: Path(files[one]["file"]) for name, one in self.disks(vm).items()}

    def write(self, vm: str, text: str) -> None:
        """Write all over each disk, something else for each text and disk."""
        for name, path in self.files(vm).items():
            disks.write(path, f"{text} of {name}")
            self.known[disks.digest(path)] = f"{text} of {name}"

    def contents(self, vm: str) -> dict[str, str]:
        """What each disk holds, to the last byte: ``THEN of data-1``, as it was after that was written, or that it is nothing of all that."""
        return {
            name: self.known.get(disks.digest(path), "none of what was written")
            for name, path in self.files(vm).items()
        }

    def times(self, vm: str) -> set[str]:
        """``{"THEN"}`` or ``{"NOW"}`` if each disk holds what was written to it then or now, to the last byte."""
        return {
            held.removesuffix(f" of {name}") if held.endswith(f" of {name}") else f"{name}: {held}"
            for name, held in self.contents(vm).items()
        }

    def back_up(self, vm: str, *, remote: bool) -> None:
        """A backup of all disks of a VM, with the tags that say whose it is; a remote one is only at the other location."""
        volumes = [f"~{one}" for one in self.disks(vm).values()]
        tags = {"cvm": self.vm(vm)["id"], "made-by": "us"}
        if not remote:
            self.storpool.do(
                ("VolumesGroupSnapshot", {"volumes": [{"volume": each} for each in volumes], "tags": tags})
            )
            return
        self.storpool.do(("VolumesGroupBackup", {"volumes": volumes, "location": "far-away", "tags": tags}))
        mine = [row["lastingId"] for row in self.storpool.state()["snapshots"] if row["tags"].get("made-by") == "us"]
        self.storpool.do(*((f"SnapshotDelete/~{one}", None) for one in mine))

    def status(self, path: Path) -> Path:
        """A program that answers as VolumeCare's does at this moment."""
        clusters = self.storpool.admin("GET", "state")["clusters"]
        answer = json.dumps(volumecare.status(self.admin("GET", "state")["volumes"], clusters, time.time()))
        path.write_text(f"#!/bin/sh\n[ \"$*\" = 'status --json' ] || exit 2\ncat <<'END'\n{answer}\nEND\n")
        path.chmod(0o755)
        return path

    @property
    def task(self) -> dict[str, Any]:
        """The connections."""
        return {**self.connection, **self.storpool.connection}

    def left(self) -> list[str]:
        """What a restore has left beside safety snapshots: copies of snapshots, its lock, and tags on disks."""
        state = self.storpool.state()
        copies = [
            row["name"]
            for row in state["snapshots"]
            if row["tags"].get("vm-restore-kind") in ("copy", "mark") and not row["deleted"]
        ]
        return copies + [
            row["name"] for row in state["volumes"] if any(key.startswith("vm-restore") for key in row["tags"])
        ]

    def safety(self) -> list[str]:
        """The names of safety snapshots."""
        rows = self.storpool.state()["snapshots"]
        return sorted(
            row["givenName"] for row in rows if row["tags"].get("vm-restore-kind") == "safety" and not row["deleted"]
        )
