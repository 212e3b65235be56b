# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files: read with care, and replaced in one moment, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import socket
import stat
import struct
import subprocess
import threading

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    InvalidOption,
    NotFound,
    Outdated,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.errors import NotAccessible
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import files, obstacles, renames
from unit import deadly

OLD, NEW = b"old" * 1000, b"new" * 5000


def sha256(content):
    return hashlib.sha256(content).hexdigest()


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
    for name in ("write", "utime", "fsync", "rename"):
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


@pytest.mark.parametrize("kind", ["symbolic link", "hard link", "hard link of a jar", "fifo", "socket", "garbage"])
def test_whatever_has_the_unfinished_name_loses_it_and_is_not_written_to(jar, tmp_path, kind):
    victim, scratch = tmp_path / "victim", jar.parent / ".some.jar.unfinished"
    victim.write_bytes(b"precious")
    victim.chmod(0o600)
    before = victim.stat()
    if kind == "symbolic link":
        scratch.symlink_to(victim)
    elif kind.startswith("hard link"):
        os.link(victim, scratch)
    elif kind == "fifo":
        os.mkfifo(scratch)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(scratch))
    else:
        scratch.write_bytes(b"half of a ja")
    files.write(str(jar), NEW, like=str(jar))
    after = victim.stat()
    assert victim.read_bytes() == b"precious"
    assert (after.st_mode, after.st_uid, after.st_mtime_ns, after.st_nlink) == (
        before.st_mode,
        before.st_uid,
        before.st_mtime_ns,
        1,
    )
    assert jar.read_bytes() == NEW
    assert os.listdir(jar.parent) == ["some.jar"]


def test_a_directory_in_the_way_is_named(jar):
    (jar.parent / ".some.jar.unfinished").mkdir()
    with pytest.raises(NotAccessible, match=r"some\.jar cannot be written: Is a directory"):
        files.write(str(jar), NEW, like=str(jar))
    assert jar.read_bytes() == OLD


@pytest.mark.parametrize("umask", [0o077, 0o777, 0o000])
def test_new_directories_and_files_do_not_depend_on_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        files.make_directory(str(tmp_path / "a/b"))
        files.write(str(tmp_path / "a/b/c.jar"), NEW, files.Owner(os.geteuid(), os.getegid(), 0o644))
        assert os.umask(umask) == umask
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b", "a/b/c.jar")]
    assert modes == [0o755, 0o755, 0o644]


def test_the_umask_comes_back_after_a_failure(tmp_path, monkeypatch):
    before = os.umask(0o027)
    try:
        monkeypatch.setattr(os, "mkdir", lambda *args: (item for item in ()).throw(OSError(errno.EROFS, "Read-only")))
        with pytest.raises(NotAccessible, match="cannot be made: Read-only"):
            files.make_directory(str(tmp_path / "a"))
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


@pytest.fixture(params=["renameat2", "without it"])
def renaming(request, monkeypatch):
    """Both ways of renaming: with the kernel's exchange, and where it cannot be had."""
    if request.param == "without it":
        monkeypatch.setattr(renames, "renameat2", lambda source, target, flags: False)
    return request.param


def test_the_kernel_here_exchanges_names(tmp_path):
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    assert renames.exchange(str(tmp_path / "a"), str(tmp_path / "b"))
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"b", b"a")
    with pytest.raises(FileExistsError):
        renames.move(str(tmp_path / "a"), str(tmp_path / "b"))
    with pytest.raises(FileNotFoundError):
        renames.exchange(str(tmp_path / "a"), str(tmp_path / "c"))


def test_an_older_c_library_or_kernel_can_do_without(tmp_path, monkeypatch):
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    monkeypatch.setattr(renames.ctypes, "CDLL", lambda name, use_errno: object())
    assert not renames.exchange(str(tmp_path / "a"), str(tmp_path / "b"))
    with pytest.raises(FileExistsError):
        renames.move(str(tmp_path / "a"), str(tmp_path / "b"))
    renames.move(str(tmp_path / "a"), str(tmp_path / "c"))
    assert (tmp_path / "c").read_bytes() == b"a"


def test_what_was_not_expected_is_left(jar, renaming):
    with pytest.raises(Outdated, match="was changed by something else"):
        files.write(str(jar), NEW, like=str(jar), expected=sha256(b"another"))
    assert jar.read_bytes() == OLD
    with pytest.raises(Outdated):
        files.take_away(str(jar), sha256(b"another"))
    assert jar.read_bytes() == OLD
    assert os.listdir(jar.parent) == ["some.jar"]
    files.write(str(jar), NEW, like=str(jar), expected=sha256(OLD))
    assert jar.read_bytes() == NEW
    files.take_away(str(jar), sha256(NEW))
    assert os.listdir(jar.parent) == []
    for gone in (lambda: files.take_away(str(jar), sha256(NEW)), lambda: files.replace(str(jar), str(jar) + "x", "")):
        with pytest.raises(Outdated):
            gone()


def test_what_cannot_be_read_after_it_was_exchanged_comes_back(jar, renaming, monkeypatch):
    def failing(place, checksum, path=None):
        raise NotAccessible("no")

    monkeypatch.setattr(files, "expect", failing)
    with pytest.raises(NotAccessible):
        files.write(str(jar), NEW, like=files.Owner(os.geteuid(), os.getegid(), 0o644), expected=sha256(OLD))
    with pytest.raises(NotAccessible):
        files.take_away(str(jar), sha256(OLD))
    assert jar.read_bytes() == OLD
    assert os.listdir(jar.parent) == ["some.jar"]


def test_a_file_with_other_names_is_dressed_alone(jar, tmp_path):
    other = tmp_path / "other"
    os.link(jar, other)
    files.dress(str(jar), files.Owner(os.geteuid(), os.getegid(), 0o600))
    assert stat.S_IMODE(jar.stat().st_mode) == 0o600
    assert stat.S_IMODE(other.stat().st_mode) == 0o640
    assert (jar.read_bytes(), jar.stat().st_mtime_ns) == (OLD, 10**18 + 5)


@pytest.fixture
def attribute():
    """Gives a file an attribute, for as long as the test takes."""
    given = []

    def give(letter, path):
        if os.geteuid() or subprocess.run(["chattr", f"+{letter}", path], check=False, capture_output=True).returncode:
            pytest.skip("only root may, and not on every file system")
        given.append((letter, path))

    yield give
    for letter, path in given:
        subprocess.run(["chattr", f"-{letter}", path], check=True)


@pytest.mark.parametrize(("letter", "word"), [("i", "immutable"), ("a", "append-only")])
def test_what_nobody_may_replace_is_known_before(jar, attribute, letter, word):
    obstacles.check_replaceable(str(jar))
    attribute(letter, str(jar))
    with pytest.raises(NotAccessible, match=f"some.jar is {word}, so that not even root .* chattr -{letter} /"):
        obstacles.check_replaceable(str(jar))
    attribute(letter, str(jar.parent))
    with pytest.raises(NotAccessible, match=f"lib is {word}"):
        obstacles.check_writable(str(jar.parent / "new"))


def test_the_attributes_are_those_that_the_system_tells(jar, monkeypatch):
    for flags, word in ((0x10, "immutable"), (0x20, "append-only")):
        monkeypatch.setattr(
            fcntl, "ioctl", lambda handle, request, room, flags=flags: struct.pack("l", flags | 0x80000)
        )
        with pytest.raises(NotAccessible, match=word):
            obstacles.check_replaceable(str(jar))

    def none(handle, request, room):
        raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")

    monkeypatch.setattr(fcntl, "ioctl", none)
    obstacles.check_replaceable(str(jar))


def test_what_is_mounted_belongs_to_others_or_is_no_file(jar, tmp_path, monkeypatch):
    mounts = tmp_path / "mountinfo"
    odd = tmp_path / "a b.jar"
    odd.write_bytes(OLD)
    mounts.write_text(f"36 35 98:0 /x {jar} rw - ext4 /dev/x rw\n37 35 0:1 / {tmp_path}/a\\040b.jar rw - tmpfs x rw\n")
    monkeypatch.setattr(obstacles, "MOUNTS", str(mounts))
    for path in (jar, odd):
        with pytest.raises(NotAccessible, match="is mounted there"):
            obstacles.check_replaceable(str(path))
    monkeypatch.setattr(obstacles, "MOUNTS", str(tmp_path / "none"))
    obstacles.check_replaceable(str(jar))
    jar.parent.chmod(0o1777)
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(NotAccessible, match="belongs to another user: the task needs become"):
        obstacles.check_replaceable(str(jar))
    with pytest.raises(NotAccessible, match="is in the way, which is no file"):
        obstacles.check_replaceable(str(jar.parent))


def test_directories_that_cannot_be_written_to(jar, tmp_path, monkeypatch):
    obstacles.check_writable(str(tmp_path / "not" / "there"))
    with pytest.raises(NotAccessible, match="is not a directory"):
        obstacles.check_writable(str(jar / "below"))
    monkeypatch.setattr(os, "access", lambda path, mode: path != str(tmp_path))
    with pytest.raises(NotAccessible, match="read-only, or the task needs become"):
        obstacles.check_writable(str(tmp_path / "not" / "there"))


def test_a_listing(jar, tmp_path):
    assert files.listing(str(jar.parent)) == ["some.jar"]
    assert files.listing(str(tmp_path / "none")) == []
    with pytest.raises(NotAccessible, match="Not a directory"):
        files.listing(str(jar))
