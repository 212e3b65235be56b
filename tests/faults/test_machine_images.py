# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Images in and out in any order, of sources that change, by runs that are killed anywhere or meet: what is there is whole, and nothing else is left."""

from __future__ import annotations

import dataclasses
import hashlib
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from faults import runner
from faults.child import Child
from faults.conftest import TOKEN
from faults.runner import Ended, Wire
from faults.storpool_images import CLIENT, LONG, Images, noted
from standins import disk_images

MODULE = "storpool_image"
SIZES = (512, disk_images.MIB, 3 * disk_images.MIB + 512)
#: The object of each kind that the tasks are about.
NAMES = {"snapshot": "img", "volume": "vol"}


@dataclasses.dataclass(frozen=True)
class Source:
    """An image that was made before, and what is in it."""

    path: Path
    form: str
    disk: bytes = dataclasses.field(repr=False)
    sha256: str


@dataclasses.dataclass(frozen=True)
class Kill:
    """Where a run is killed: at a request, before it is sent or after it was answered, or when qemu-img starts with a command."""

    request: int = 0
    after: bool = False
    command: str = ""


#: The first change is request 3 of an export, the last one 17 of an import.
KILLS = st.builds(Kill, st.integers(3, 17), st.booleans()) | st.builds(
    Kill, command=st.sampled_from(["info", "convert", "compare"])
)


class Machine(RuleBasedStateMachine):
    """One cluster, one host that is its client, one source and one file.

    ``made`` are the sources of the objects that are there, with their sizes. ``exported`` is what the file has and of which object it is. ``killed`` are how
    the names begin of what killed runs may have left, which the next run of the same task takes away.
    """

    images: Images
    sources: list[Source]

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Nothing is there but a source."""
        for name in self.images.left():
            (self.images.files / name).unlink()
        self.images.here.begin(self.images.scenario("import"))
        self.made: dict[str, tuple[Source, int]] = {}
        self.exported: tuple[str | None, bytes] | None = None
        self.killed: set[str] = set()
        self.place = self.images.files.parent / "source"
        self.source_changes(data)

    @rule(data=st.data())
    def source_changes(self, data: st.DataObject) -> None:
        """Another image is where the source was."""
        self.source = data.draw(st.sampled_from(self.sources), label="source")
        shutil.copyfile(self.source.path, self.place)

    @rule(
        kind=st.sampled_from(sorted(NAMES)),
        anew=st.booleans(),
        size=st.sampled_from([None, None, None, "1MiB", "5MiB"]),
        form=st.sampled_from([None, None, None, "vmdk"]),
        kill=st.none() | KILLS,
        again=st.booleans(),
        twice=st.booleans(),
    )
    def imported(
        self, kind: str, anew: bool, size: str | None, form: str | None, kill: Kill | None, again: bool, twice: bool
    ) -> None:
        """An import, or one that is killed, and then perhaps done again; at the end perhaps two at the same time. Before, somebody may delete what is there."""
        if anew and self.made.pop(kind, None):
            self.images.here.do((f"{kind.capitalize()}Delete/{NAMES[kind]}", {}))
        task = {"kind": kind, "name": NAMES[kind], "src": str(self.place), "template": "hybrid", "size": size}
        task["format"] = "raw" if self.source.form == "raw" else form
        before = self.made.get(kind)
        least = -(-len(self.source.disk) // disk_images.SECTOR) * disk_images.SECTOR
        wanted = int(size[0]) * disk_images.MIB if size else least
        refused = form not in (None, self.source.form) and self.source.form != "raw"
        if before:
            refused = refused or before[0].sha256 != self.source.sha256 or (bool(size) and before[1] < wanted)
            refused = refused or before[0].form != self.source.form
        else:
            refused = refused or wanted < least
        if kill:
            self.kill(task, kill, f"{NAMES[kind]}.making-")
            if not before and self.row(kind):
                assert not refused
                self.made[kind] = self.source, wanted
            self.all_is_whole()
        if not kill or again:
            changed = not refused and kind not in self.made
            self.run(task, twice, None if refused else changed, f"{NAMES[kind]}.making-")
            if changed:
                self.made[kind] = self.source, wanted
            self.all_is_whole()

    @rule(kind=st.sampled_from(sorted(NAMES)), kill=st.none() | KILLS)
    def exported_to_the_file(self, kind: str, kill: Kill | None) -> None:
        """An export over whatever is there, or one that is killed."""
        dest = self.images.dest
        task = {"state": "exported", "kind": kind, "name": NAMES[kind], "dest": str(dest), "allow_replace": True}
        row = self.row(kind)
        now = row and (row["lastingId"], self.bytes_of(kind))
        if kill:
            self.kill(task, kill, f"{NAMES[kind]}.export-")
            if now and dest.exists() and disk_images.disk_in(dest, "qcow2") == now[1] and noted(dest).exists():
                # If it held the same before, nobody knows which object the note beside it names.
                self.exported = (None if self.exported and self.exported[1] == now[1] else now[0], now[1])
        else:
            # Of a volume nobody knows whether it is as it was.
            changed = None if now is None else kind == "volume" or now != self.exported or not noted(dest).exists()
            is_known = now is None or bool(self.exported and self.exported[0]) or not dest.exists()
            self.run(task, False, changed if is_known else ..., f"{NAMES[kind]}.export-")
            if now:
                self.exported = now
        self.all_is_whole(now[1] if now else None)

    # --- what a run does ---

    def options(self, task: dict[str, Any]) -> dict[str, Any]:
        more = {"device_dir": str(self.images.devices), "wait_timeout": LONG}
        return {**self.images.here.connection, **more, **{key: value for key, value in task.items() if value}}

    def kill(self, task: dict[str, Any], kill: Kill, work: str) -> None:
        """A run that is killed, if it comes so far."""
        options, wire = self.options(task), Wire(kill_with=signal.SIGKILL, kill_at=kill.request, kill_after=kill.after)
        if kill.command:
            words = f'[ "$1" = {kill.command} ] && {{ kill -9 $PPID; exit; }}'
            options, wire = {**options, "qemu_img": self.images.program(words)}, Wire()
        Child([(MODULE, options)], wire).wait()
        self.killed.add(work)

    def run(self, task: dict[str, Any], twice: bool, changed: Any, work: str) -> None:
        """A run that is left alone, or two at the same time. ``changed`` is what comes of it, ``None`` for a refusal, ``...`` for either."""
        self.images.here.forget()
        options = self.options(task)
        if twice:
            children = [Child([(MODULE, options)]) for _number in range(2)]
            every = [child.wait()[0] for child in children]
        else:
            every = [runner.run(MODULE, options)]
        told = [each.result for each in every]
        if changed is None:
            assert all(is_refused(each) for each in every), told
            assert [entry["call"] for entry in self.images.here.journal() if entry["write"]] == []
            return
        assert not any(each.failed for each in every), told
        if changed is not ... and not (
            work in self.killed and not changed
        ):  # to take away what is left is a change, too
            assert sum(each.changed for each in every) == changed, told
        self.killed.discard(work)

    # --- what is there then ---

    def row(self, kind: str) -> Any:
        state = self.images.here.state()
        rows = state["snapshots"] if kind == "snapshot" else state["volumes"]
        return next((row for row in rows if row["name"] == NAMES[kind] and not row.get("deleted")), None)

    def bytes_of(self, kind: str) -> bytes:
        return Path(self.images.here.admin("GET", "data")[self.row(kind)["lastingId"]]["file"]).read_bytes()

    def all_is_whole(self, also: bytes | None = None) -> None:
        """Each object is there, with all that is in its source, or is not; and nothing else is, but for what was killed."""
        for kind in NAMES:
            assert (self.row(kind) is not None) == (kind in self.made)
            if kind in self.made:
                source, size = self.made[kind]
                assert self.bytes_of(kind) == source.disk.ljust(size, b"\0")
        if self.images.dest.exists():
            disks = [self.exported and self.exported[1], also, *(s.disk.ljust(n, b"\0") for s, n in self.made.values())]
            assert disk_images.disk_in(self.images.dest, "qcow2") in disks
        state = self.images.here.state()
        names = {row["name"] for row in [*state["volumes"], *state["snapshots"]] if not row.get("deleted")}
        attached = {row["volume"] for row in state["attachments"] if row["client"] == int(CLIENT)}
        left = {name for name in names if ".making-" in name or ".export-" in name} | attached
        assert all(name.startswith(tuple(self.killed)) for name in left), (left, self.killed)
        if not any(".export" in work for work in self.killed):
            assert self.images.left() == []


def is_refused(ended: Ended) -> bool:
    """Whether a run ended with a sentence that a person can read."""
    return not ended.escaped and ended.failed and ended.result["msg"].endswith(".")


@pytest.fixture(autouse=True, scope="module")
def _world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cluster and images of several formats and sizes."""
    directory = tmp_path_factory.mktemp("images")
    here = directory / "here"
    here.mkdir()
    Machine.images, Machine.sources = Images(here), []
    for number, (kind, size) in enumerate((kind, size) for kind in ("raw", "qcow2", "vmdk") for size in SIZES):
        disk = disk_images.content(size, seed=number)
        path = disk_images.make(directory / f"image{number}", disk, kind)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        Machine.sources.append(Source(path, disk_images.KINDS[kind][0], disk, digest))
    with Machine.images.world(TOKEN) as world:
        Machine.images.here = world
        yield


@pytest.fixture(autouse=True)
def _this_client(nothing_of_the_user: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests run on the client that has devices."""
    monkeypatch.setenv("SP_OURID", CLIENT)


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=8,
    stateful_step_count=10,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
