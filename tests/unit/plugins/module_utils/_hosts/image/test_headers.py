# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Headers of images: what we say of them against what qemu-img says, and that no bytes whatever get past it with a name in them."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.errors import Unusable
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.image import headers
from standins import disk_images

MIB = disk_images.MIB
DISK = disk_images.content(5 * MIB)
Change = Callable[[bytearray], None]


def reader(data: bytes) -> headers.Read:
    return lambda offset, count: data[offset : offset + count]


def told(data: bytes, form: str | None = None) -> tuple[str, int | None]:
    """The format and the size that we find; Unusable if it is refused."""
    form = form or headers.found(reader(data), len(data))
    return form, headers.checked(form, reader(data), len(data))


def opinion(path: Path, form: str | None = None) -> dict[str, object]:
    """What qemu-img says; it is empty if it does not read it. Nothing else is opened."""
    options = ["-f", form] if form else []
    ran = subprocess.run(
        [disk_images.program(), "info", "--output=json", *options, str(path)],
        capture_output=True,
        timeout=60,
        check=False,
    )
    return json.loads(ran.stdout) if ran.returncode == 0 else {}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An image of each kind."""
    directory = tmp_path_factory.mktemp("images")
    return {
        kind: disk_images.make(directory / f"{number}", DISK, kind) for number, kind in enumerate(disk_images.KINDS)
    }


@pytest.mark.parametrize("kind", disk_images.KINDS)
def test_what_qemu_img_made_is_what_it_is(kind: str, made: dict[str, Path]) -> None:
    data = made[kind].read_bytes()
    form, size = told(data)
    assert form == disk_images.KINDS[kind][0]
    seen = opinion(made[kind], form)
    assert size in (None, seen["virtual-size"])
    if kind != "vpc fixed":  # whose header is at its end, where qemu-img does not look unless it is told
        assert opinion(made[kind])["format"] == form


def test_the_rest_is_raw() -> None:
    assert told(DISK) == ("raw", len(DISK))
    assert told(b"\0" * 100) == ("raw", 100)


@pytest.mark.parametrize(
    ("head", "word"),
    [
        (b"QFI\xfb\0\0\0\x01", "QCOW"),
        (b"QED\0", "QED"),
        (b"COWD", "VMDK"),
        (b"LUKS\xba\xbe\0\x01", "encrypted"),
        (b"\x1f\x8b\x08\0", "gzip"),
        (b"\xfd7zXZ\0", "xz"),
        (b"\x28\xb5\x2f\xfd", "zstd"),
        (b"BZh9", "bzip2"),
        (b"PK\x03\x04", "zip"),
        (b"\0" * 257 + b"ustar", "tar"),
        (b"WithoutFreeSpace", "Parallels"),
        (b"Bochs Virtual HD Image\0", "Bochs"),
        (b"#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0", "cloop"),
        (b"\xbe\xba\xfe\xca\0\0\0\0\x01\0", "a part of a VMDK"),
        (b"\x04\x22\x4d\x18", "lz4"),
        (b"\0" * (4096 - 512) + b"koly\0\0\0\x04", "Apple"),
    ],
)
def test_what_is_known_to_be_something_else_is_told(head: bytes, word: str) -> None:
    with pytest.raises(Unusable, match=word):
        told(head.ljust(4096, b"\0"))
    assert told(head.ljust(4096, b"\0"), "raw") == ("raw", 4096)


# --- images that name other files: as qemu-img itself makes them -----------------------------------------------------------


def test_a_backing_file_is_refused(tmp_path: Path) -> None:
    disk_images.empty(tmp_path / "base", "1M")
    for form, base in (("qcow2", "qcow2"), ("vmdk", "vmdk")):
        disk_images.empty(tmp_path / f"base.{base}", "1M", base)
        disk_images.empty(tmp_path / f"over.{form}", "1M", form, "-b", str(tmp_path / f"base.{base}"), "-F", base)
        with pytest.raises(Unusable, match="only the difference"):
            told((tmp_path / f"over.{form}").read_bytes())


def test_a_data_file_is_refused(tmp_path: Path) -> None:
    disk_images.empty(tmp_path / "image", "1M", "qcow2", "-o", f"data_file={tmp_path / 'data'}")
    with pytest.raises(Unusable, match="its data is in another file"):
        told((tmp_path / "image").read_bytes())


@pytest.mark.parametrize("kind", ["twoGbMaxExtentSparse", "monolithicFlat", "twoGbMaxExtentFlat"])
def test_extents_in_other_files_are_refused(tmp_path: Path, kind: str) -> None:
    disk_images.empty(tmp_path / "image.vmdk", "1M", "vmdk", "-o", f"subformat={kind}")
    with pytest.raises(Unusable, match="in other files"):
        told((tmp_path / "image.vmdk").read_bytes())


@pytest.mark.parametrize(
    "text",
    [
        b'# Disk DescriptorFile\nversion=1\ncreateType="monolithicFlat"\nRW 2048 FLAT "/etc/shadow" 0\n',
        b'\n  # a comment\n\n  VERSION = 1\nRW 2048 FLAT "/etc/shadow" 0\n',
        b"# \xff\xfe\n# disk descriptorfile\r\n",
    ],
)
def test_a_description_without_a_disk_is_refused(text: bytes) -> None:
    with pytest.raises(Unusable, match="in other files"):
        told(text.ljust(1024, b"\0"))


def test_a_vmdk_whose_description_is_inside_and_names_extents_is_refused(made: dict[str, Path]) -> None:
    data = bytearray(made["vmdk"].read_bytes())
    struct.pack_into("<Q", data, 12, 0)  # a capacity of 0 has QEMU read the description as if it stood alone
    with pytest.raises(Unusable, match="in other files"):
        told(bytes(data))


@pytest.mark.parametrize(
    "hint", [b'parentFileNameHint="/etc/shadow"', b'PARENTFILENAMEHINT = "x"', b"parentCID=00000001"]
)
def test_a_vmdk_with_a_parent_is_refused(made: dict[str, Path], hint: bytes) -> None:
    data = bytearray(made["vmdk"].read_bytes())
    place = data.index(b"parentCID=ffffffff")
    data[place : place + 60] = hint.ljust(60, b"\n")
    with pytest.raises(Unusable, match="its parent"):
        told(bytes(data))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: struct.pack_into(">Q", data, 8, 512), "backing file"),
        (lambda data: struct.pack_into(">I", data, 32, 2), "encrypted"),
        (lambda data: struct.pack_into(">Q", data, 72, 2), "marked as damaged"),
        (lambda data: struct.pack_into(">Q", data, 72, 4), "in another file"),
        (lambda data: struct.pack_into(">Q", data, 72, 1 << 40), "not known"),
        (lambda data: struct.pack_into(">I", data, 4, 4), "no QCOW2 image"),
        (lambda data: struct.pack_into(">I", data, 20, 40), "damaged"),
    ],
)
def test_a_qcow2_header_that_is_not_plain_is_refused(made: dict[str, Path], change: Change, words: str) -> None:
    data = bytearray(made["qcow2"].read_bytes())
    change(data)
    with pytest.raises(Unusable, match=words):
        told(bytes(data))


def test_a_differencing_vdi_or_vhd_is_refused(made: dict[str, Path]) -> None:
    vdi = bytearray(made["vdi"].read_bytes())
    struct.pack_into("<I", vdi, 0x4C, 4)
    vpc = bytearray(made["vpc"].read_bytes())
    struct.pack_into(">I", vpc, len(vpc) - 512 + 60, 4)
    for data in (vdi, vpc):
        with pytest.raises(Unusable, match="its parent"):
            told(bytes(data))


@pytest.mark.parametrize("kind", ["vpc", "vpc fixed"])
def test_a_missing_end_is_told(made: dict[str, Path], kind: str) -> None:
    data = made[kind].read_bytes()
    with pytest.raises(Unusable, match="truncated"):
        told(data[: len(data) * 2 // 3], disk_images.KINDS[kind][0])


def test_a_fixed_vhd_whose_middle_is_missing_is_told(made: dict[str, Path]) -> None:
    data = made["vpc fixed"].read_bytes()
    with pytest.raises(Unusable, match="truncated"):
        told(data[:MIB] + data[MIB + 512 :])


# --- whatever the bytes -----------------------------------------------------------------------------------------------------

_HEADS = st.sampled_from(
    [b"QFI\xfb\0\0\0\x03", b"QFI\xfb\0\0\0\x02", b"KDMV\x01\0\0\0", b"conectix", b"vhdxfile", b"# Disk", b""]
)


@given(_HEADS, st.binary(max_size=700), st.sampled_from(headers.FORMATS))
def test_any_bytes_are_read_or_refused(head: bytes, rest: bytes, form: str) -> None:
    for wanted in (None, form):
        try:
            found, size = told(head + rest, wanted)
        except Unusable:
            continue
        assert found in headers.FORMATS
        assert size is None or size >= 0


def _names_a_file(seen: dict[str, object]) -> bool:
    data = seen.get("format-specific", {}).get("data", {})  # type: ignore[attr-defined]
    extents = [extent.get("filename") for extent in data.get("extents", [])]
    return (
        any(key in seen for key in ("backing-filename", "full-backing-filename"))
        or "data-file" in data
        or len(set(extents)) > 1
    )


@settings(max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 119), st.integers(0, 255)), min_size=1, max_size=4),
    st.sampled_from(["qcow2", "qcow2 of version 2"]),
)
def test_what_passes_of_qcow2_names_no_file_for_qemu_img_either(
    made: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], kind: str
) -> None:
    _same_opinion(made[kind], tmp_path_factory.getbasetemp() / "changed", changes, "qcow2")


@settings(max_examples=150)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 90), st.integers(0, 255)),
            st.tuples(st.integers(512, 900), st.sampled_from(b'"=\n0fpP /\0')),
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(["vmdk", "vmdk streamOptimized"]),
)
def test_what_passes_of_vmdk_names_no_file_for_qemu_img_either(
    made: dict[str, Path], tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]], kind: str
) -> None:
    _same_opinion(made[kind], tmp_path_factory.getbasetemp() / "changed", changes, "vmdk")


def _same_opinion(path: Path, copy: Path, changes: list[tuple[int, int]], form: str) -> None:
    data = bytearray(path.read_bytes())
    for place, value in changes:
        data[place] = value
    try:
        size = headers.checked(form, reader(bytes(data)), len(data))
    except Unusable:
        return
    copy.write_bytes(data)
    seen = opinion(copy, form)
    assert not _names_a_file(seen), seen
    if seen and form == "qcow2":
        assert (
            seen["virtual-size"] == (size or 0) // 512 * 512
        )  # it leaves out the rest, and so such an image is refused
