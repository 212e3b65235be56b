# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files: read with care, and replaced in one moment, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
import threading

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption, NotFound
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts import files
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.errors import NotAccessible
from unit import deadly

OLD, NEW = b"old" * 1000, b"new" * 5000


@pytest.fixture
def jar(tmp_path):
    """A file with an unusual mode and time."""
    path = tmp_path / "lib" / "some.jar"
    path.parent.mkdir()
    path.write_bytes(OLD)
    path.chmod(0o640)
    os.utime(path, ns=(10**18, 10**18 + 5))
    return path


def test_a_file_is_read(jar):
    read = files.read(str(jar), 10_000)
    assert (read.path, read.content, read.status.st_mtime_ns) == (str(jar), OLD, 10**18 + 5)


def test_what_is_no_file_is_refused(jar, tmp_path):
    link, fifo = tmp_path / "link.jar", tmp_path / "fifo.jar"
    link.symlink_to(jar)
    os.mkfifo(fifo)
    for path, kind, says in (
        (link, InvalidOption, f"symbolic link.*Name the file itself, {jar}"),
        (fifo, InvalidOption, "is not a file"),
        (tmp_path, InvalidOption, "is not a file"),
        (tmp_path / "none.jar", NotFound, "There is no file"),
        (jar / "below.jar", NotAccessible, "Not a directory"),
    ):
        with pytest.raises(kind, match=says):
            files.read(str(path), 10_000)
    with pytest.raises(InvalidOption, match="has 3000 bytes, more than 2999"):
        files.read(str(jar), 2999)


def test_a_replaced_file_keeps_owner_and_mode(jar):
    if os.geteuid() == 0:
        os.chown(jar, 12, 34)
    with contextlib.suppress(OSError):  # not every file system has extended attributes
        os.setxattr(jar, "user.note", b"kept")
    before, attributes = jar.stat(), os.listxattr(jar)
    files.write(str(jar), NEW, like=str(jar))
    after = jar.stat()
    assert jar.read_bytes() == NEW
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)
    assert os.listxattr(jar) == attributes
    assert after.st_mtime > before.st_mtime
    assert os.listdir(jar.parent) == ["some.jar"]


def test_a_new_file_is_as_the_one_that_it_is_to_be_like(jar, tmp_path):
    files.make_directory(str(tmp_path / "a" / "b"))
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) & 0o022 == 0
    files.write(str(tmp_path / "a/b/copy"), OLD, like=str(jar), modified=10**18 + 5)
    copy = (tmp_path / "a/b/copy").stat()
    assert (copy.st_mode, copy.st_mtime_ns) == (jar.stat().st_mode, 10**18 + 5)


def test_who_has_the_old_file_open_keeps_it(jar):
    with jar.open("rb") as opened:
        files.write(str(jar), NEW, like=str(jar))
        assert opened.read() == OLD


def test_no_name_that_is_seen_meanwhile_is_on_the_class_path(jar, monkeypatch):
    seen = set()
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (seen.update(os.listdir(jar.parent)), fsync(handle)))
    files.write(str(jar), NEW, like=str(jar))
    assert len(seen) == 2
    assert {name for name in seen if name.lower().endswith(".jar")} == {"some.jar"}


def test_a_process_killed_at_any_moment_leaves_the_old_or_the_new_file(jar):
    def write():
        files.write(str(jar), NEW, like=str(jar))

    seen = set()
    last = deadly.number_of_calls(write)
    assert last >= 10
    for number in range(1, last + 1):
        jar.write_bytes(OLD)
        deadly.kill_before(number, write)
        seen.add(jar.read_bytes())
        write()
        assert jar.read_bytes() == NEW
        assert os.listdir(jar.parent) == ["some.jar"]
    assert seen == {OLD, NEW}


def test_a_call_that_fails_leaves_the_old_file_and_nothing_else(jar, monkeypatch):
    for name in ("ftruncate", "write", "utime", "fsync", "rename"):
        with monkeypatch.context() as patch:
            patch.setattr(
                os, name, lambda *args, **kwargs: (item for item in ()).throw(OSError(errno.ENOSPC, "No space left"))
            )
            with pytest.raises(NotAccessible, match=r"some\.jar cannot be written: No space left"):
                files.write(str(jar), NEW, like=str(jar))
        assert jar.read_bytes() == OLD
        assert os.listdir(jar.parent) == ["some.jar"]


def test_two_at_once(jar):
    with open(jar.parent / ".some.jar.unfinished", "wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(NotAccessible, match="Another task is writing"):
            files.write(str(jar), NEW, like=str(jar))
    assert jar.read_bytes() == OLD


def test_many_at_once_leave_one_whole_file(jar):
    contents = [bytes([number]) * 100_000 for number in range(8)]
    wrote = []

    def write(content):
        with contextlib.suppress(NotAccessible):
            files.write(str(jar), content, like=str(jar))
            wrote.append(content)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert jar.read_bytes() in wrote
    assert os.listdir(jar.parent) == ["some.jar"]


def test_an_unfinished_file_that_is_a_link_is_not_followed(jar, tmp_path):
    (tmp_path / "victim").write_bytes(b"precious")
    (jar.parent / ".some.jar.unfinished").symlink_to(tmp_path / "victim")
    with pytest.raises(NotAccessible):
        files.write(str(jar), NEW, like=str(jar))
    assert (tmp_path / "victim").read_bytes() == b"precious"


def test_directories_that_cannot_be_written_to(jar, tmp_path, monkeypatch):
    files.check_writable(str(tmp_path / "not" / "there"))
    with pytest.raises(NotAccessible, match="is not a directory"):
        files.check_writable(str(jar / "below"))
    monkeypatch.setattr(os, "access", lambda path, mode: path != str(tmp_path))
    with pytest.raises(NotAccessible, match="read-only, or the task needs become"):
        files.check_writable(str(tmp_path / "not" / "there"))


def test_a_listing(jar, tmp_path):
    assert files.listing(str(jar.parent)) == ["some.jar"]
    assert files.listing(str(tmp_path / "none")) == []
    with pytest.raises(NotAccessible, match="Not a directory"):
        files.listing(str(jar))
