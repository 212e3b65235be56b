# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Large files: found with their checksum, made beside their place, and never half there."""

from __future__ import annotations

import hashlib
import os
import stat

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption, Outdated
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.errors import NotAccessible
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import files, large_files


def test_a_file_is_found_with_its_checksum(tmp_path):
    path = tmp_path / "x"
    assert large_files.found(str(path), "sha256", "dest") is None
    content = os.urandom((2 << 20) + 17)
    path.write_bytes(content)
    for algorithm in ("sha256", "sha512", "md5"):
        found = large_files.found(str(path), algorithm, "dest")
        assert found == (len(content), hashlib.new(algorithm, content).hexdigest())


@pytest.mark.parametrize("kind", ["relative", "no directory", "directory", "link", "fifo"])
def test_what_is_no_place_for_a_file(tmp_path, kind):
    path = tmp_path / "x"
    if kind == "directory":
        path.mkdir()
    if kind == "link":
        path.symlink_to(tmp_path / "elsewhere")
    if kind == "fifo":
        os.mkfifo(path)
    given = {"relative": "x", "no directory": str(tmp_path / "none" / "x")}.get(kind, str(path))
    with pytest.raises(InvalidOption, match="dest is"):
        large_files.found(given, "sha256", "dest")


def test_a_file_gets_its_name_when_it_is_complete(tmp_path):
    path = tmp_path / "x"
    with large_files.unfinished(str(path), "sha256") as out:
        out.add(b"wrong")
        out.restart()
        out.add(b"ab")
        out.add(b"c")
        assert not path.exists()
        assert (out.size, out.digest) == (3, hashlib.sha256(b"abc").hexdigest())
        out.name(replace=False)
    assert path.read_bytes() == b"abc"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["x"]


@pytest.mark.parametrize("replace", [True, False])
def test_a_file_that_has_come_meanwhile_is_replaced_only_if_it_may_be(tmp_path, replace):
    path = tmp_path / "x"
    with large_files.unfinished(str(path), "sha256") as out:
        out.add(b"new")
        path.write_bytes(b"theirs")
        if replace:
            out.name(replace=True)
        else:
            with pytest.raises(Outdated, match="changed by something else"):
                out.name(replace=False)
    assert path.read_bytes() == (b"new" if replace else b"theirs")
    assert os.listdir(tmp_path) == ["x"]


def test_nothing_is_left_of_what_fails(tmp_path):
    path = tmp_path / "x"

    def fail():
        with large_files.unfinished(str(path), "sha256") as out:
            out.add(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert os.listdir(tmp_path) == []


def test_what_a_killed_run_has_left_is_taken_away_and_another_run_is_not_disturbed(tmp_path):
    path = tmp_path / "x"
    left = tmp_path / os.path.basename(files.scratch_of(str(path)))
    left.write_bytes(b"left")
    with large_files.unfinished(str(path), "sha256") as out:
        assert left.read_bytes() == b""
        with (
            pytest.raises(NotAccessible, match="Another task is writing"),
            large_files.unfinished(str(path), "sha256"),
        ):
            pass
        out.add(b"mine")
        out.name(replace=False)
    assert path.read_bytes() == b"mine"


def test_a_full_disk_is_a_sentence(tmp_path, monkeypatch):
    def full(handle, piece):
        raise OSError(28, "No space left on device")

    with large_files.unfinished(str(tmp_path / "x"), "sha256") as out:
        monkeypatch.setattr(os, "write", full)
        with pytest.raises(NotAccessible, match="x cannot be written: No space left on device"):
            out.add(b"piece")
    assert os.listdir(tmp_path) == []


def test_how_much_room_there_is(tmp_path):
    assert 0 < large_files.free_bytes(str(tmp_path)) < 1 << 60


def test_a_place_where_no_file_can_be_made_is_told(tmp_path, monkeypatch):
    large_files.check_place(str(tmp_path / ("x" * 240)), "dest")
    with pytest.raises(InvalidOption, match=r"dest: the name of .* is too long"):
        large_files.check_place(str(tmp_path / ("x" * 250)), "dest")
    (tmp_path / "directory").mkdir()
    with pytest.raises(NotAccessible, match="in the way"):
        large_files.check_place(str(tmp_path / "directory"), "dest")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(NotAccessible, match="No files can be made in"):
        large_files.check_place(str(tmp_path / "x"), "dest")
