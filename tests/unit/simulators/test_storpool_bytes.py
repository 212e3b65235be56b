# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The StorPool simulator's bytes, without a server: any calls in any order, and writes between them, in two clusters.

What has to be in the files follows from a model of its own, which knows nothing of parents: an object is so many bytes.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simulators.storpool import files
from simulators.storpool.errors import ApiFailure
from simulators.storpool.steps import Copy, Make
from unit.simulators.model import Model

SWITCHES = {
    "smaller_than_parent": ["refused", "accepted"],
    "revert_global_id": ["new", "kept"],
    "revert_attached": ["refused", "accepted"],
    "freeze_keeps_id": [True, False],
    "multiple_children": ["merged", "blocked"],
}
HERE, FAR = "abc.b", "far.c"
REMOTE = {HERE: "", FAR: "RemoteCommand/~far.c/"}
OTHER = {HERE: {"clusterId": FAR}, FAR: {"clusterId": HERE}}
LOCATION = {HERE: "far-away", FAR: "location-abc"}
sizes = st.integers(1, 40).map(lambda number: number * 512)
names = st.sampled_from(["", "", "a", "b", "c", "d", "e"])
clusters = st.sampled_from([HERE, HERE, FAR])
numbers = st.integers(0, 1 << 16)
#: A cluster and the global id that an object was created with.
Key = tuple[str, str]


class Machine(RuleBasedStateMachine):
    """``bytes`` is what each object has to hold, ``kinds`` whether it is a volume."""

    @initialize(switches=st.fixed_dictionaries({name: st.sampled_from(values) for name, values in SWITCHES.items()}))
    def begin(self, switches: dict[str, Any]) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="bytes-"))
        self.model = Model(**switches)
        self.model.add_cluster(id=FAR, name="far-cluster", location="far-away")
        self.bytes: dict[Key, bytes] = {}
        self.templates = 0
        for number, (cluster, name) in enumerate([(HERE, "a"), (HERE, "b"), (FAR, "a")]):
            self.create(cluster, name, 4096 * (number + 1))
            self.write(cluster, number, 100, b"in the beginning")

    def teardown(self) -> None:
        if hasattr(self, "root"):
            shutil.rmtree(self.root)

    def call(self, cluster: str, query: str, body: Any) -> Any:
        """The data of a call's answer, None if it is refused; what it does to bytes is done."""
        try:
            return self.model.post(REMOTE[cluster] + query, body)
        except ApiFailure:
            return None
        finally:
            self.carry_out()

    def carry_out(self) -> None:
        steps, self.model.world.steps = self.model.world.steps, []
        files.carry_out(self.root, steps, threading.Event())

    def listed(self) -> dict[Key, dict[str, Any]]:
        """What there is, by cluster and the id that it was created with."""
        found = {}
        for cluster, prefix in REMOTE.items():
            for query in ("VolumesList", "SnapshotsList"):
                for row in self.model.get(prefix + query):
                    found[cluster, row.get("preservedGlobalId", row["globalId"])] = row
        self.carry_out()
        return found

    def pick(self, cluster: str, number: int, snapshot: bool | None = None) -> Key | None:
        """Some object of a cluster that is not being deleted."""
        rows = self.listed()
        keys = [key for key, row in rows.items() if key[0] == cluster and not row.get("deleted")]
        keys = [key for key in keys if snapshot is None or rows[key].get("snapshot", False) == snapshot]
        return keys[number % len(keys)] if keys else None

    def new(self, before: dict[Key, dict[str, Any]]) -> list[Key]:
        """What has come since."""
        return [key for key in self.listed() if key not in before]

    @rule(cluster=clusters, name=names, size=sizes)
    def create(self, cluster: str, name: str, size: int) -> None:
        answer = self.call(cluster, "VolumeCreate", {"name": name, "size": size, "replication": 3})
        if answer:
            self.bytes[cluster, answer["globalId"]] = bytes(size)

    @rule(cluster=clusters, number=numbers, name=names, size=st.none() | sizes, snapshot=st.booleans())
    def clone(self, cluster: str, number: int, name: str, size: int | None, snapshot: bool) -> None:
        source = self.pick(cluster, number, snapshot)
        if source is None:
            return
        before = self.listed()
        body = {"name": name, "parent" if snapshot else "baseOn": "~" + source[1]}
        answer = self.call(cluster, "VolumeCreate", body if size is None else {**body, "size": size})
        if answer:
            for key in self.new(before):
                length = before[source]["size"] if size is None or key[1] != answer["globalId"] else size
                self.bytes[key] = cut(self.bytes[source], length)

    @rule(cluster=clusters, number=numbers, name=names)
    def clone_of_template(self, cluster: str, number: int, name: str) -> None:
        parent = self.pick(cluster, number, snapshot=True)
        if parent is None:
            return
        self.templates += 1
        template = {"name": f"t{self.templates}", "replication": 3, "parent": "~" + parent[1]}
        self.call(cluster, "VolumeTemplateCreate", template)
        answer = self.call(cluster, "VolumeCreate", {"name": name, "template": template["name"]})
        if answer:
            self.bytes[cluster, answer["globalId"]] = self.bytes[parent]

    @rule(cluster=clusters, number=numbers, place=numbers, text=st.binary(min_size=1, max_size=600))
    def write(self, cluster: str, number: int, place: int, text: bytes) -> None:
        volume = self.pick(cluster, number, snapshot=False)
        if volume is None:
            return
        old = self.bytes[volume]
        place %= len(old)
        text = text[: len(old) - place]
        with (self.root / "/".join(volume)).open("r+b") as file:
            file.seek(place)
            file.write(text)
        self.bytes[volume] = old[:place] + text + old[place + len(text) :]

    @rule(cluster=clusters, number=numbers, size=sizes, shrink=st.booleans(), more=st.booleans())
    def resize(self, cluster: str, number: int, size: int, shrink: bool, more: bool) -> None:
        volume = self.pick(cluster, number, snapshot=False)
        body = {"sizeAdd" if more else "size": size, "shrinkOk": shrink}
        if volume and self.call(cluster, f"VolumeUpdate/~{volume[1]}", body):
            old = self.bytes[volume]
            self.bytes[volume] = cut(old, len(old) + size if more else size)

    @rule(cluster=clusters, number=numbers, name=names)
    def rename(self, cluster: str, number: int, name: str) -> None:
        volume = self.pick(cluster, number, snapshot=False)
        if volume:
            self.call(cluster, f"VolumeUpdate/~{volume[1]}", {"rename": name})

    @rule(cluster=clusters, number=numbers, name=names, bind=st.booleans())
    def snapshot(self, cluster: str, number: int, name: str, bind: bool) -> None:
        volume = self.pick(cluster, number, snapshot=False)
        answer = volume and self.call(cluster, f"VolumeSnapshot/~{volume[1]}", {"name": name, "bind": bind})
        if answer:
            self.bytes[cluster, answer["snapshotGlobalId"]] = self.bytes[volume]

    @rule(cluster=clusters)
    def group_snapshot(self, cluster: str) -> None:
        rows = self.listed()
        volumes = [key for key, row in rows.items() if key[0] == cluster and not row.get("snapshot")]
        body = {"volumes": [{"volume": "~" + volume[1]} for volume in volumes]}
        answer = self.call(cluster, "VolumesGroupSnapshot", body)
        for volume, row in zip(volumes, answer["snapshots"] if answer else [], strict=bool(answer)):
            self.bytes[cluster, row["snapshotGlobalId"]] = self.bytes[volume]

    @rule(cluster=clusters, one=numbers, other=numbers, size=st.booleans())
    def revert(self, cluster: str, one: int, other: int, size: bool) -> None:
        volume, snapshot = self.pick(cluster, one, snapshot=False), self.pick(cluster, other, snapshot=True)
        if not volume or not snapshot:
            return
        body = {"toSnapshot": "~" + snapshot[1], "revertSize": size}
        if self.call(cluster, f"VolumeRevert/~{volume[1]}", body):
            content = self.bytes[snapshot]
            self.bytes[volume] = content if size else cut(content, len(self.bytes[volume]))

    @rule(cluster=clusters, number=numbers)
    def freeze(self, cluster: str, number: int) -> None:
        volume = self.pick(cluster, number, snapshot=False)
        before = self.listed()
        if volume and self.call(cluster, f"VolumeFreeze/~{volume[1]}", {}):
            content = self.bytes.pop(volume)
            [key] = self.new({key: row for key, row in before.items() if key != volume})
            self.bytes[key] = content

    @rule(cluster=clusters, number=numbers, how=st.sampled_from(["fail", "detachForce"]))
    def delete(self, cluster: str, number: int, how: str) -> None:
        key = self.pick(cluster, number)
        if key and self.listed()[key].get("snapshot"):
            self.call(cluster, f"SnapshotDelete/~{key[1]}", {})
        elif key and self.call(cluster, f"VolumeDelete/~{key[1]}", {"onAttached": how}):
            del self.bytes[key]

    @rule(seconds=st.sampled_from([0.5, 5, 5000]))
    def time_passes(self, seconds: float) -> None:
        self.model.now += seconds

    @rule(cluster=clusters, number=numbers, rights=st.sampled_from(["rw", "ro"]), detach=st.booleans())
    def attach(self, cluster: str, number: int, rights: str, detach: bool) -> None:
        key = self.pick(cluster, number)
        if key:
            kind = "snapshot" if self.listed()[key].get("snapshot") else "volume"
            rest = {"detach": "all"} if detach else {rights: [1]}
            self.call(cluster, "VolumesReassign", [{kind: "~" + key[1], **rest}])

    @rule(cluster=clusters, number=numbers, how=st.sampled_from(["fail", "detach", "export"]))
    def move(self, cluster: str, number: int, how: str) -> None:
        key = self.pick(cluster, number)
        if key is None:
            return
        kind = "Snapshot" if self.listed()[key].get("snapshot") else "Volume"
        body = {**OTHER[cluster], "onAttached": how}
        if self.call(cluster, f"{kind}MoveToRemote/~{key[1]}", body):
            self.bytes[OTHER[cluster]["clusterId"], key[1]] = self.bytes.pop(key)

    @rule(cluster=clusters, number=numbers)
    def acquire_by_attaching(self, cluster: str, number: int) -> None:
        other = OTHER[cluster]["clusterId"]
        key = self.pick(other, number, snapshot=False)
        item = {"volume": "~" + key[1] if key else "", "rw": [2]}
        if key and self.call(cluster, "MultiCluster/VolumesReassign", [item]) and key not in self.listed():
            self.bytes[cluster, key[1]] = self.bytes.pop(key)

    @rule(cluster=clusters)
    def backup(self, cluster: str) -> None:
        rows = self.listed()
        volumes = [key for key, row in rows.items() if key[0] == cluster and not row.get("snapshot")]
        body = {"location": LOCATION[cluster], "volumes": ["~" + volume[1] for volume in volumes]}
        answer = self.call(cluster, "VolumesGroupBackup", body) if volumes else None
        for row, volume in zip(answer["backups"].values() if answer else [], volumes, strict=bool(answer)):
            for where in (cluster, OTHER[cluster]["clusterId"]):
                self.bytes[where, row["snapshotGlobalId"]] = self.bytes[volume]

    @rule(cluster=clusters, number=numbers, name=names, volume=st.booleans())
    def from_remote(self, cluster: str, number: int, name: str, volume: bool) -> None:
        other = OTHER[cluster]["clusterId"]
        source = self.pick(other, number, snapshot=True)
        if source is None:
            return
        self.call(other, "SnapshotExport", {"snapshot": "~" + source[1], "location": LOCATION[other]})
        before = self.listed()
        body = {"remoteLocation": LOCATION[cluster], "remoteId": source[1], "name": name}
        if self.call(cluster, "VolumeFromRemote" if volume else "SnapshotFromRemote", body):
            for key in self.new(before):
                self.bytes[key] = self.bytes[source]

    @invariant()
    def files_hold_what_they_should(self) -> None:
        if not hasattr(self, "root"):
            return
        rows = self.listed()
        # A snapshot goes when its time has come; what else goes is taken out by the rule that let it go.
        gone = [key for key in self.bytes if key not in rows]
        assert all(key not in self.volumes for key in gone)
        for key in gone:
            del self.bytes[key]
        self.volumes = {key for key, row in rows.items() if not row.get("snapshot")}
        found = {path.relative_to(self.root).as_posix(): path.read_bytes() for path in self.root.glob("*/*")}
        assert {"/".join(key): content for key, content in self.bytes.items()} == found
        assert {key: len(content) for key, content in self.bytes.items()} == {k: row["size"] for k, row in rows.items()}

    volumes: frozenset[Key] | set[Key] = frozenset()


def cut(content: bytes, size: int) -> bytes:
    """The beginning of it, with zeros after it as far as the size goes."""
    return content[:size].ljust(size, b"\0")


Machine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=40, phases=[Phase.explicit, Phase.generate, Phase.shrink]
)
TestBytes = Machine.TestCase


def test_copies_are_made_again_if_a_source_is_written_to_meanwhile(tmp_path, monkeypatch):
    files.carry_out(tmp_path, [Make("c/a", 4096), Make("c/b", 4096)], threading.Event())
    copy = files._copy
    seen = []

    def disturbed(root, step, abandoned):
        copy(root, step, abandoned)
        seen.append(step.file)
        if len(seen) == 1:  # the first is copied, the second not yet
            (root / "c/a").write_bytes(b"A" * 4096)
            (root / "c/b").write_bytes(b"B" * 4096)

    monkeypatch.setattr(files, "_copy", disturbed)
    files.carry_out(tmp_path, [Copy("c/a", "c/x", 4096, True), Copy("c/b", "c/y", 4096, True)], threading.Event())
    assert seen == ["c/x", "c/y", "c/x", "c/y"]
    assert [(tmp_path / name).read_bytes()[:1] for name in ("c/x", "c/y")] == [b"A", b"B"]


def test_what_is_written_to_all_the_time_is_copied_all_the_same_and_said(tmp_path, monkeypatch, capsys):
    files.carry_out(tmp_path, [Make("c/a", 4096)], threading.Event())
    copy = files._copy

    def disturbed(root, step, abandoned):
        copy(root, step, abandoned)
        (root / "c/a").write_bytes(b"A" * 4096)

    monkeypatch.setattr(files, "_copy", disturbed)
    files.carry_out(tmp_path, [Copy("c/a", "c/x", 4096, True)], threading.Event())
    assert (tmp_path / "c/x").stat().st_size == 4096
    assert "a: written to all the time" in capsys.readouterr().err


def test_a_disk_that_is_full_leaves_no_part_of_a_copy(tmp_path, monkeypatch):
    files.carry_out(tmp_path, [Make("c/a", 8192)], threading.Event())
    (tmp_path / "c/a").write_bytes(b"x" * 8192)
    whole = files._send

    def full(given, taken, offset, count):
        if (tmp_path / "c/c").exists():
            whole(given, taken, offset, 4096)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return whole(given, taken, offset, count)

    monkeypatch.setattr(files, "_send", full)
    monkeypatch.setattr(files, "FICLONE", 0)  # a file system that cannot do that
    copies = [Copy("c/a", "c/b", 8192, True), Copy("c/a", "c/c", 8192, True)]
    with pytest.raises(OSError, match="No space"):
        files.carry_out(tmp_path, copies, threading.Event())
    assert [path.name for path in (tmp_path / "c").iterdir()] == ["a"]
    with pytest.raises(FileNotFoundError):
        files.carry_out(tmp_path, [Copy("c/c", "c/d", 8192, False)], threading.Event())


def test_ten_gibibytes_with_little_in_them_cost_little(tmp_path):
    size = 10 << 30
    files.carry_out(tmp_path, [Make("c/a", size)], threading.Event())
    with (tmp_path / "c/a").open("r+b") as file:
        for place in (0, 5 << 30, size - 4096):
            file.seek(place)
            file.write(b"x" * 4096)
    steps = [Copy("c/a", "c/b", size, True), Copy("c/b", "c/c", 2 * size, False)]
    files.carry_out(tmp_path, steps, threading.Event())
    for name in "abc":
        with (tmp_path / "c" / name).open("rb") as file:
            file.seek(5 << 30)
            assert file.read(4097) == b"x" * 4096 + b"\0"
        assert (tmp_path / "c" / name).stat().st_blocks * 512 < 1 << 20


def test_work_that_nobody_needs_any_more_is_given_up(tmp_path):
    abandoned = threading.Event()
    abandoned.set()
    with pytest.raises(files.Abandoned):
        files.carry_out(tmp_path, [Make("c/a", 512)], abandoned)
    assert not list(tmp_path.iterdir())
