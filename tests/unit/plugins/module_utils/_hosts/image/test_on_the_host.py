# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What becomes of an image on the host: sources that are refused before anything is opened, devices, and files that are whole or not there."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gzip
import hashlib
import http.server
import os
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    Failure,
    InvalidOption,
    NotAllowed,
    NotConverged,
    NotFound,
    Outdated,
    Unreachable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.errors import (
    Differs,
    NoSpace,
    NotAccessible,
    Unusable,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.image import (
    device,
    headers,
    locks,
    place,
    process,
    qemu,
    source,
)
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.image import want as wants
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.image.hands import Hands
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.image.progress import Progress
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine import files
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.machine.commands import TimedOut
from standins import disk_images
from unit import deadly

MIB = disk_images.MIB
DISK = disk_images.content(3 * MIB)
ID = "abc.b.1"


def want(**options: Any) -> wants.Want:
    """What a task with these options wants; ``dest`` makes it an export."""
    given = {name: rule.get("default") for name, rule in wants.SPEC.items()}
    return wants.want({**given, "state": "exported" if "dest" in options else "present", **options})


@contextlib.contextmanager
def opened(path: Path | str, **options: Any) -> Iterator[source.Source]:
    with source.opened(want(src=str(path), **options), qemu.find("qemu-img", 60)) as image:
        yield image


def refusal(path: Path | str, **options: Any) -> str:
    """The sentence with which an image is refused."""
    with pytest.raises(Unusable) as caught, opened(path, **options):
        pass
    return caught.value.message


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# --- sources ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", disk_images.KINDS)
def test_an_image_of_each_kind_is_taken(tmp_path: Path, kind: str) -> None:
    path = disk_images.make(tmp_path / "image", DISK, kind)
    with opened(path) as image:
        assert (image.format, image.size) == (disk_images.KINDS[kind][0], len(DISK))
        assert image.hash() == sha256(path.read_bytes())
        assert image.stored() > 60_000


def test_a_format_is_insisted_on(tmp_path: Path) -> None:
    path = disk_images.make(tmp_path / "image", DISK, "qcow2")
    with opened(path, format="raw") as image:
        assert (image.format, image.size) == ("raw", path.stat().st_size)
    assert "it is qcow2, and not vmdk as format says" in refusal(path, format="vmdk")


@pytest.mark.parametrize("size", ["8388607T", "65T"])
def test_a_disk_that_is_too_large_is_refused(tmp_path: Path, size: str) -> None:
    path = disk_images.empty(tmp_path / "bomb", "1G")
    data = bytearray(path.read_bytes())
    struct.pack_into(">Q", data, 24, int(size[:-1]) << 40)
    path.write_bytes(data)
    assert "more than the 64 TiB that max_size allows" in refusal(path)


def test_max_size_is_for_what_has_no_size_in_its_header_too(tmp_path: Path) -> None:
    assert "max_size" in refusal(disk_images.empty(tmp_path / "image", "5G", "vhdx"), max_size="4GiB")


def test_nothing_is_started_for_an_image_that_names_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = qemu.find("qemu-img", 60)
    base = disk_images.empty(tmp_path / "base", "1M")
    over = disk_images.empty(tmp_path / "over", "1M", "qcow2", "-b", str(base), "-F", "qcow2")
    monkeypatch.setattr(process, "run", lambda *_arguments: pytest.fail("something was started"))
    with pytest.raises(Unusable, match="backing file"), source.opened(want(src=str(over)), program):
        pass


@pytest.mark.parametrize(
    "kind", ["qcow2", "qcow2 compressed", "vmdk", "vmdk streamOptimized", "vhdx", "vpc", "vpc fixed", "vdi"]
)
def test_an_image_that_ends_too_early_is_refused(tmp_path: Path, kind: str) -> None:
    path = disk_images.make(tmp_path / "image", disk_images.content(9 * MIB), kind)
    os.truncate(path, path.stat().st_size // 2)
    said = refusal(path, format=disk_images.KINDS[kind][0])
    assert ("is raw, and not vpc" if kind == "vpc fixed" else "truncated") in said
    assert "/proc/" not in said


def test_a_size_of_which_qemu_img_would_leave_out_some_is_refused(tmp_path: Path) -> None:
    path = disk_images.make(tmp_path / "image", DISK)
    data = bytearray(path.read_bytes())
    struct.pack_into(">Q", data, 24, len(DISK) + 7)
    path.write_bytes(data)
    assert f"tells of {len(DISK) + 7} bytes" in refusal(path)


@pytest.mark.parametrize("kind", ["vpc", "vpc fixed"])
@pytest.mark.parametrize("creator", [b"vbox", b"vpc ", b"qemu"])
def test_a_vhd_has_all_of_its_disk_whoever_made_it(tmp_path: Path, kind: str, creator: bytes) -> None:
    path = disk_images.make(tmp_path / "image", DISK, kind)
    data = bytearray(path.read_bytes())
    for begin in (*([0] if kind == "vpc" else []), len(data) - 512):
        footer = data[begin : begin + 512]
        footer[28:32] = creator
        struct.pack_into(">HBB", footer, 56, len(DISK) // 512 // (4 * 17), 4, 17)  # a few sectors less than it has
        struct.pack_into(">I", footer, 64, 0)
        struct.pack_into(">I", footer, 64, ~sum(footer) & 0xFFFFFFFF)
        data[begin : begin + 512] = footer
    path.write_bytes(data)
    target = linked(tmp_path, len(DISK))
    ours = hands(tmp_path, src=str(path), format="vpc")
    with ours.source() as image:
        assert image.size == len(DISK)
        ours.fill(image, ID, None, len(DISK), 1)
    assert target.read_bytes() == DISK


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", InvalidOption), (tmp_path, InvalidOption), (tmp_path / "none", NotFound)):
        with pytest.raises(kind), opened(path):
            pass
    (tmp_path / "empty").touch()
    assert "is empty" in refusal(tmp_path / "empty")


def test_a_source_that_changes_is_told(tmp_path: Path) -> None:
    path = disk_images.make(tmp_path / "image", DISK)
    with opened(path) as image:
        image.refuse_changed()
        with path.open("ab") as file:
            file.write(b"x")
        with pytest.raises(Differs, match="was changed"):
            image.refuse_changed()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"src": "images/x.raw"}, "no absolute path"),
        ({"src": "nbd:localhost:1"}, "no address that is fetched"),
        ({"src": 'json:{"driver":"file"}'}, "no address that is fetched"),
        ({"src": "file:///etc/shadow"}, "no address that is fetched"),
        ({"src": "http:///x"}, "no address"),
        ({"src": "https://example.com/x"}, "checksum is required"),
        ({"src": "https://example.com/a b?secret", "checksum": "0" * 64}, r"a b\?\*+' has a space, or another"),
        ({"src": "https://example.com/ü", "checksum": "0" * 64}, "that addresses have only encoded"),
        ({"src": "http://u:1secret/x@example.com/x", "checksum": "0" * 64}, "has a port that is no number .* %2F"),
        ({"src": "http://u:x@example.com:99999/x", "checksum": "0" * 64}, "has a port that is no number"),
        ({"src": "/x\0y"}, "src: a path has no NUL"),
        ({"dest": "/x\0y"}, "dest: a path has no NUL"),
        ({"src": "/x", "work_dir": "/x\0y"}, "work_dir: a path has no NUL"),
        ({"src": "/x", "checksum": "md5:1234"}, "no SHA-256"),
        ({"src": "/x", "dest": "/y"}, "for state present"),
        ({"src": "/x", "compress": True}, "for state exported"),
        ({"dest": "y"}, "no absolute path"),
        ({"dest": "/y", "format": "vmdk"}, "qcow2 or raw"),
        ({"dest": "/y", "format": "raw", "compress": True}, "cannot be compressed"),
        ({"dest": "/y", "checksum": "0" * 64}, "for state present"),
        ({"src": "/x", "copy_timeout": 0}, "copy_timeout"),
        ({"src": " "}, "src is empty"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidOption, match=words) as caught:
        want(**options)
    assert "secret" not in caught.value.message


# --- addresses -------------------------------------------------------------------------------------------------------------


class _Server(http.server.BaseHTTPRequestHandler):
    """Gives what its server has for a path: how much it says that comes, and what comes."""

    def do_GET(self) -> None:
        told, body, *more = self.server.answers.get(self.path.partition("?")[0], (None, b""))  # type: ignore[attr-defined]
        astray = told == -1
        self.send_response(302 if astray else 200 if told is not None else 404)
        self.send_header("Location", body.decode() if astray else "")
        self.send_header("Content-Length", str(told or 0))
        for name, value in more:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    image = disk_images.make(tmp_path / "served", DISK).read_bytes()
    answers = {
        "/image": (len(image), image),
        "/half": (len(image), image[: len(image) // 2]),
        "/huge": (1 << 60, b"x"),
        "/circle": (-1, b"/circle"),
        "/elsewhere": (-1, b"file:///etc/shadow"),
    }
    with served(answers) as found:
        yield found


@contextlib.contextmanager
def served(answers: dict[str, tuple[Any, ...]]) -> Iterator[str]:
    """The address of a server that has these answers."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server) as server:
        server.answers = answers  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


def test_an_address_is_fetched_into_a_file_without_a_name(tmp_path: Path, address: str) -> None:
    work = tmp_path / "work"
    work.mkdir()
    checksum = sha256((tmp_path / "served").read_bytes())
    with opened(f"{address}/image", checksum=checksum.upper(), work_dir=str(work)) as image:
        assert (image.format, image.size, image.hash()) == ("qcow2", len(DISK), checksum)
        assert list(work.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "kind", "words"),
    [
        ("image", Differs, "not 0000"),
        ("half", Unreachable, "broke off after"),
        ("huge", NoSpace, "1024 PiB would be fetched"),
        ("circle", NotFound, "HTTP 302. It leads in a circle"),
        ("elsewhere", NotFound, "something else than http and https"),
        ("none", NotFound, "HTTP 404"),
    ],
)
def test_what_an_address_does_not_give(
    tmp_path: Path, address: str, path: str, kind: type[Failure], words: str
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    with (
        pytest.raises(kind, match=words) as caught,
        opened(f"{address}/{path}?token=secret", checksum="0" * 64, work_dir=str(work)),
    ):
        pass
    assert "secret" not in caught.value.message
    assert list(work.iterdir()) == []


PACKED = ("Content-Encoding", "gzip")


@pytest.mark.parametrize("level", [0, 9])
def test_an_address_that_packs_what_it_gives(tmp_path: Path, level: int) -> None:
    image = disk_images.make(tmp_path / "served", disk_images.content(1 << 16), "raw").read_bytes()
    packed = gzip.compress(image, level)
    answers = {
        "/image": (len(packed), packed, PACKED),
        "/half": (len(packed), packed[: len(packed) // 2], PACKED),
        "/damaged": (len(packed), packed[:50] + b"\xff" * (len(packed) - 50), PACKED),
        "/none": (len(image), image, PACKED),
    }
    with served(answers) as address:
        with opened(f"{address}/image", checksum=sha256(image), work_dir=str(tmp_path)) as found:
            assert found.size == len(image)
        for path in ("half", "damaged", "none"):
            with (
                pytest.raises(Unreachable, match="broke off after"),
                opened(f"{address}/{path}", checksum=sha256(image), work_dir=str(tmp_path)),
            ):
                pass


def test_a_part_of_a_negative_length_is_told(tmp_path: Path) -> None:
    answer = (0, b"-5\r\nab", ("Transfer-Encoding", "chunked"))
    with (
        served({"/image": answer}) as address,
        pytest.raises(Unreachable, match="broke off after"),
        opened(f"{address}/image", checksum="0" * 64, work_dir=str(tmp_path)),
    ):
        pass


def test_nothing_is_said_of_passwords_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / ".netrc"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    with served({"/astray": (-1, b"http://u:canary/x@127.0.0.1/")}) as address:
        for content, kind, words in (
            ("", Unreachable, "leads to, is malformed"),
            ("machine x login u password a canary\n", NotAccessible, "netrc .* is damaged"),
        ):
            netrc.write_text(content)
            netrc.chmod(0o600)
            with (
                pytest.raises(kind, match=words) as caught,
                opened(f"{address}/astray", checksum="0" * 64, work_dir=str(tmp_path)),
            ):
                pass
            assert "canary" not in caught.value.message


def test_a_length_that_is_no_number_is_none(tmp_path: Path) -> None:
    with (
        served({"/image": ("\xb2", b"x" * 512)}) as address,
        opened(f"{address}/image", checksum=sha256(b"x" * 512), work_dir=str(tmp_path)) as found,
    ):
        assert found.size == 512


def test_nobody_at_an_address(tmp_path: Path) -> None:
    with (
        pytest.raises(Unreachable, match="cannot be fetched"),
        opened("http://127.0.0.1:1/x", checksum="0" * 64, work_dir=str(tmp_path)),
    ):
        pass


# --- the program -----------------------------------------------------------------------------------------------------------


def test_no_qemu_img_is_told() -> None:
    with pytest.raises(NotFound, match="qemu-utils on Debian"):
        qemu.find("no-such-qemu-img", 60)


def test_a_program_that_is_no_qemu_img_is_told() -> None:
    with pytest.raises(Unusable, match="which version"):
        qemu.find("/bin/echo", 60)


def limits(**changes: Any) -> process.Limits:
    return process.Limits(5, 1 << 30, 300.0)._replace(**changes)


def test_programs_are_bounded() -> None:
    with pytest.raises(TimedOut, match=r"sleep did not end within 0\.2 seconds"):
        process.run(["/bin/sleep", "60"], limits(seconds=0.2))
    with pytest.raises(TimedOut, match="wrote more than"):
        process.run(["/usr/bin/yes"], limits())
    assert process.run(["/bin/sh", "-c", "while :; do :; done"], limits(processor=1)).status < 0
    assert process.run(["/bin/sh", "-c", "ulimit -v"], limits()).output.strip() == str((1 << 30) // 1024)
    assert len(process.run(["/bin/sh", "-c", "yes | head -c 1000000 >&2"], limits()).errors) == process.MOST_ERRORS
    with pytest.raises(NotAccessible, match="cannot be run"):
        process.run(["/no/such/program"], limits())


def test_programs_beside_each_other_end_together(tmp_path: Path) -> None:
    heard: list[list[bytes]] = [[], []]
    every = [["/bin/sh", "-c", f"echo {word}; sleep 0.1; echo no >&2; exit {word}"] for word in (3, 4)]
    ended = process.side_by_side(every, limits(), [], [each.append for each in heard])
    assert [(each.status, each.errors) for each in ended] == [(3, "no\n"), (4, "no\n")]
    assert heard == [[b"3\n"], [b"4\n"]]
    note = tmp_path / "pid"
    every = [["/bin/sh", "-c", f"echo $$ > {note}; exec sleep 60"], ["/usr/bin/yes"]]
    with pytest.raises(TimedOut, match="wrote more than"):
        process.side_by_side(every, limits(), [], [None, None])
    assert not (note.exists() and note.read_text() and _runs(int(note.read_text())))


@pytest.mark.parametrize("kind", ["raw", "qcow2 compressed", "vmdk", "vhdx"])
def test_an_image_that_is_compared_in_parts_differs_wherever_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(qemu, "_LEAST_PART", 1 << 16)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    size = 3 * (1 << 18) + 512
    assert qemu._parts(size, 3) == [(0, 1 << 18), (1 << 18, 1 << 18), (1 << 19, None)]
    disk = disk_images.content(size)
    image = disk_images.make(tmp_path / "image", disk, kind)
    copy = tmp_path / "copy"
    program = qemu.find("qemu-img", 60)
    heard: list[float] = []
    with image.open("rb") as one, copy.open("w+b") as other:
        nodes = qemu.Node(one.fileno(), disk_images.KINDS[kind][0]), qemu.Node(other.fileno(), "raw")
        os.pwrite(other.fileno(), disk + bytes(1 << 16), 0)
        assert program.compare(*nodes, size, heard.append)
        assert heard[-1] == 100
        for place in (0, (1 << 18) - 1, 1 << 18, (1 << 19) + 1, size - 1, size + 4096):
            was = os.pread(other.fileno(), 1, place)
            os.pwrite(other.fileno(), bytes([was[0] ^ 1]), place)
            assert not program.compare(*nodes, size, heard.append), place
            os.pwrite(other.fileno(), was, place)
        assert program.compare(*nodes, size, heard.append)


@pytest.mark.parametrize(("size", "number"), [(0, 1), (512, 1), ((128 << 20) - 1, 1), (128 << 20, 2), (1 << 40, 4)])
def test_small_disks_are_compared_in_one_part(size: int, number: int) -> None:
    assert len(qemu._parts(size, 4)) == number


def test_a_program_is_gone_with_us(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    child = os.fork()
    if not child:
        process.run(["/bin/sh", "-c", f"echo $$ > {note}; kill -9 $PPID; sleep 60"], limits(seconds=60))
        os._exit(0)
    os.waitpid(child, 0)
    pid = int(note.read_text())
    for _attempt in range(100):
        if not _runs(pid):
            return
        threading.Event().wait(0.05)
    pytest.fail("the program outlived its parent")


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


# --- devices ---------------------------------------------------------------------------------------------------------------


def linked(directory: Path, size: int, link: str = f"storpool-byid/{ID}") -> Path:
    """A device of so many bytes."""
    target = directory / "device"
    target.write_bytes(b"")
    os.truncate(target, size)
    (directory / link).parent.mkdir()
    (directory / link).symlink_to(target)
    return target


@pytest.mark.parametrize("link", [f"storpool-byid/{ID}", "storpool/img"])
def test_a_device_is_found_by_id_or_by_name(tmp_path: Path, link: str) -> None:
    linked(tmp_path, MIB, link)
    with device.opened(str(tmp_path), ID, "img", MIB, True, 1) as found:
        assert (found.size, found.path) == (MIB, str(tmp_path / link))


def test_a_device_that_is_late_or_grows_is_waited_for(tmp_path: Path) -> None:
    def appear(_seconds: float) -> None:
        if not (tmp_path / "device").exists():
            linked(tmp_path, 0)
        else:
            os.truncate(tmp_path / "device", MIB)

    with device.opened(str(tmp_path), ID, "img", MIB, True, 60, sleep=appear):
        pass


def test_a_device_that_does_not_come_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(NotConverged, match=r"did not appear within 0\.1 s"),
        device.opened(str(tmp_path), ID, None, MIB, True, 0.1),
    ):
        pass
    linked(tmp_path, 512)
    with (
        pytest.raises(Differs, match="has 512 B and not 1 MiB"),
        device.opened(str(tmp_path), ID, None, MIB, True, 0.1),
    ):
        pass


def test_a_link_to_something_else_is_no_device(tmp_path: Path) -> None:
    (tmp_path / "storpool-byid").mkdir()
    (tmp_path / "storpool-byid" / ID).symlink_to("/dev/null")
    with pytest.raises(NotAccessible, match="no block device"), device.opened(str(tmp_path), ID, None, MIB, False, 0.1):
        pass


# --- in and out ------------------------------------------------------------------------------------------------------------


def hands(tmp_path: Path, **options: Any) -> Hands:
    return Hands(want(device_dir=str(tmp_path), **options), Progress())


@pytest.mark.parametrize("kind", disk_images.KINDS)
def test_a_device_gets_what_is_in_the_image_and_stays_sparse(tmp_path: Path, kind: str) -> None:
    path = disk_images.make(tmp_path / "image", DISK, kind)
    target = linked(tmp_path, 64 * MIB)
    ours = hands(tmp_path, src=str(path))
    with ours.source() as image:
        assert ours.fill(image, ID, None, 64 * MIB, 1) == sha256(path.read_bytes())
    assert target.read_bytes() == DISK.ljust(64 * MIB, b"\0")
    assert target.stat().st_blocks * 512 < MIB


@pytest.mark.parametrize("size", [512, 513, 4096 - 512, 4097, 65_535, 65_536 + 512, MIB + 1])
def test_odd_sizes(tmp_path: Path, size: int) -> None:
    disk = disk_images.content(size)
    path = disk_images.make(tmp_path / "image", disk, "raw")
    whole = -(-size // 512) * 512
    target = linked(tmp_path, whole)
    ours = hands(tmp_path, src=str(path), format="raw")
    with ours.source() as image:
        assert image.size in (size, whole)
        ours.fill(image, ID, None, whole, 1)
    assert target.read_bytes() == disk.ljust(whole, b"\0")
    out = hands(tmp_path, dest=str(tmp_path / "copy"), format="raw")
    out.save("~x", ID, None, whole, 1)
    assert (tmp_path / "copy").read_bytes() == target.read_bytes()


def test_a_device_that_does_not_keep_what_it_gets_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = disk_images.make(tmp_path / "image", DISK)
    target = linked(tmp_path, len(DISK))

    def lose(_self: device.Device) -> None:
        with target.open("r+b") as file:
            file.seek(len(DISK) - 1)
            file.write(bytes([DISK[-1] ^ 1]))

    monkeypatch.setattr(device.Device, "settle", lose)
    ours = hands(tmp_path, src=str(path))
    with pytest.raises(Differs, match="is not what was read"), ours.source() as image:
        ours.fill(image, ID, None, len(DISK), 1)
    unseen = hands(tmp_path, src=str(path), verify=False)
    with unseen.source() as image:
        unseen.fill(image, ID, None, len(DISK), 1)


def test_a_device_that_is_full_is_told(tmp_path: Path) -> None:
    path = disk_images.make(tmp_path / "image", DISK)
    (tmp_path / "storpool-byid").mkdir()
    (tmp_path / "storpool-byid" / ID).symlink_to(_small_disk(tmp_path))
    ours = hands(tmp_path, src=str(path))
    with pytest.raises(NoSpace, match="no space left"), ours.source() as image:
        ours.fill(image, ID, None, len(DISK), 1)


def _small_disk(tmp_path: Path) -> Path:
    """A sparse file as large as the disk, where there is no room for its data."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system that is full")
    small = tmp_path / "small"
    small.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(small)], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("nothing can be mounted here")
    atexit.register(subprocess.run, ["umount", "-l", str(small)], check=False)
    (small / "device").touch()
    os.truncate(small / "device", len(DISK))
    return small / "device"


@pytest.mark.parametrize("options", [{"format": "raw"}, {"format": "qcow2"}, {"compress": True}])
def test_a_file_is_exported_and_known_again(tmp_path: Path, options: dict[str, Any]) -> None:
    linked(tmp_path, len(DISK)).write_bytes(DISK)
    dest = tmp_path / "copy"
    ours = hands(tmp_path, dest=str(dest), **options)
    assert ours.standing() == (False, None)
    known = ours.save("~abc.b.9", ID, None, len(DISK), 1)
    assert known.sha256 == sha256(dest.read_bytes())
    assert disk_images.disk_in(dest, ours.saved_format) == DISK
    assert dest.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "copy",
        "copy.storpool-image",
        "device",
    ]
    assert ours.standing() == (True, known)
    assert ours.is_as_wanted(known, "~abc.b.9")
    assert not ours.is_as_wanted(known, "~abc.b.8")
    with dest.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")
    assert ours.standing() == (True, None)
    with pytest.raises(NotAllowed, match="Set allow_replace"):
        ours.refuse_to_replace(True, None)


@pytest.mark.parametrize(
    "note", [b"", b"[]", b"\xff", b"[" * 60_000, b'{"size": ' + b"9" * 5_000 + b"}", b'{"size": 3}']
)
def test_a_note_that_is_none_says_nothing(tmp_path: Path, note: bytes) -> None:
    (tmp_path / "copy").write_bytes(b"abc")
    (tmp_path / f"copy{place.NOTE}").write_bytes(note)
    assert place.standing(str(tmp_path / "copy")) == (True, None)


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    linked(tmp_path, len(DISK)).write_bytes(DISK)
    dest = tmp_path / "copy"
    dest.write_bytes(b"before")
    dest.chmod(0o640)
    hands(tmp_path, dest=str(dest), allow_replace=True).save("~x", ID, None, len(DISK), 1)
    assert dest.stat().st_mode & 0o777 == 0o640
    assert disk_images.disk_in(dest, "qcow2") == DISK


def test_no_room_is_told_before_anything_is_copied(tmp_path: Path) -> None:
    ours = hands(tmp_path, dest=str(tmp_path / "copy"))
    ours.refuse_no_room(1 << 62, lambda: None)
    ours.refuse_no_room(1 << 62, lambda: 1 << 20)
    ours.refuse_no_room(1 << 20, lambda: pytest.fail("nobody needed to know"))
    with pytest.raises(NoSpace, match="would take 1024 PiB"):
        ours.refuse_no_room(1 << 62, lambda: 1 << 60)


def test_a_place_for_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(InvalidOption, match="is not a file"):
        place.standing(str(tmp_path / "there"))
    with pytest.raises(InvalidOption, match="there is no directory"):
        place.standing(str(tmp_path / "none" / "x"))
    with pytest.raises(InvalidOption, match="is too long"):
        place.standing(str(tmp_path / ("x" * 250)))
    assert place.standing(str(tmp_path / ("x" * 220))) == (False, None)


def test_a_program_of_a_killed_run_that_has_not_died_yet_is_waited_for(tmp_path: Path) -> None:
    dest = str(tmp_path / "copy")
    with contextlib.ExitStack() as dying:
        handle = dying.enter_context(Path(files.scratch_of(dest)).open("wb"))
        fcntl.flock(handle, fcntl.LOCK_EX)
        pauses = []

        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                dying.close()

        with place.unfinished(dest, sleep):
            assert len(pauses) == 3
    assert not list(tmp_path.iterdir())


def test_a_file_that_somebody_makes_meanwhile_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    linked(tmp_path, len(DISK)).write_bytes(DISK)
    dest = tmp_path / "copy"
    ours = hands(tmp_path, dest=str(dest))
    monkeypatch.setattr(place, "settle", lambda _handle, _dest: dest.write_bytes(b"theirs"))
    with pytest.raises(NotAllowed, match="Set allow_replace"):
        ours.save("~x", ID, None, len(DISK), 1)
    with pytest.raises(Outdated, match="something else"), place.unfinished(str(dest)) as handle:
        place.finish(handle, str(dest), place.Known("~x", "raw", False, 0, 0, ""), replace=False)
    assert dest.read_bytes() == b"theirs"
    assert not Path(files.scratch_of(str(dest))).exists()


def test_an_unfinished_file_that_another_run_takes_for_left_over_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dest = str(tmp_path / "copy")
    lock, others = fcntl.flock, ["another run"]

    def flock(handle: int, how: int) -> None:
        if others and os.fstat(handle).st_ino == os.stat(files.scratch_of(dest)).st_ino:
            others.clear()
            os.unlink(files.scratch_of(dest))  # it had the lock for that
        lock(handle, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with place.unfinished(dest) as handle:
        assert os.path.samestat(os.fstat(handle), os.stat(files.scratch_of(dest)))


def test_a_kill_before_any_call_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    dest = tmp_path / "copy"
    known = place.Known("~x", "raw", False, 3, 3, sha256(b"new"))

    def work() -> None:
        with place.unfinished(str(dest)) as handle:
            os.write(handle, b"new")
            place.settle(handle, str(dest))
            place.finish(handle, str(dest), known, replace=True)

    def clean() -> None:
        for path in tmp_path.iterdir():
            path.unlink()
        dest.write_bytes(b"old")

    clean()
    calls = deadly.number_of_calls(work)
    assert calls > 10
    for number in range(1, calls + 1):
        clean()
        deadly.kill_before(number, work)
        assert dest.read_bytes() in (b"old", b"new")
        there, found = place.standing(str(dest))
        assert there
        assert found == (known if dest.read_bytes() == b"new" else None)
        work()
        assert place.standing(str(dest)) == (True, known)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "copy.storpool-image"]


# --- locks -----------------------------------------------------------------------------------------------------------------


def busy() -> Failure:
    return Failure("busy")


def test_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_directory", lambda: str(tmp_path))
    with locks.alone("a", 0, busy), locks.alone("b", 0, busy), pytest.raises(Failure, match="busy"):
        locks.alone("a", 0.1, busy).__enter__()
    with locks.alone("a", 0, busy):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_lock_is_gone_with_its_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_directory", lambda: str(tmp_path))
    child = os.fork()
    if not child:
        with locks.alone("a", 0, busy):
            os._exit(0)
    os.waitpid(child, 0)
    assert len(list(tmp_path.iterdir())) == 1
    with locks.alone("a", 0, busy):
        pass


def test_how_far_it_is(tmp_path: Path) -> None:
    now = iter(range(100))
    progress = Progress(str(tmp_path / "progress"), clock=lambda: float(next(now)))
    hear = progress.part("copying")
    assert (tmp_path / "progress").read_text() == "copying"
    hear(12.3)
    assert (tmp_path / "progress").read_text() == "copying 12 %"
    Progress(str(tmp_path / "none" / "progress")).say("nobody hears")


def test_formats_are_those_of_the_option() -> None:
    assert wants.SPEC["format"]["choices"] == list(headers.FORMATS)
