# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers of disk images, read by us before anything that knows the formats opens one. Pure functions.

An image can name other files: a backing file, a file that holds its data, extents. A program that opens such an image opens those, too, with the rights of
whoever runs it, and they need not be files. So an image that names anything is refused, and so is one that says nothing certain about itself.

Sources: QEMU's docs/interop/qcow2.txt, VMware's "Virtual Disk Format 5.0", Microsoft's "Virtual Hard Disk Image Format Specification" and [MS-VHDX], and how
QEMU's block drivers read each.
"""

from __future__ import annotations

import re
import struct
import typing as t

from ..errors import Unusable

#: Reads so many bytes from an offset on; fewer at the end of the file.
Read = t.Callable[[int, int], bytes]

RAW = "raw"
FORMATS = (RAW, "qcow2", "vmdk", "vhdx", "vpc", "vdi")
SECTOR = 512
#: What is looked at to find out the format: more than any magic number needs, and as much as QEMU looks at.
HEAD = 2048

#: Offset and bytes -> what a file is that is not read here, and what to do with it.
_CONVERT = "Make a QCOW2 or raw image of it first."
_UNPACK = "Unpack it first."
_AS_IT_IS = "If it is meant as it is, set format to raw"
_OTHERS = (
    (0, b"QFI\xfb\0\0\0\x01", "a QCOW image of the first version", _CONVERT),
    (0, b"QED\0", "a QED image", _CONVERT),
    (0, b"COWD", "a VMDK image of an old ESX server", _CONVERT),
    (0, b"LUKS\xba\xbe", "encrypted (LUKS)", "Import what is in it, decrypted."),
    (0, b"WithoutFreeSpace", "a Parallels image", _CONVERT),
    (0, b"WithouFreSpacExt", "a Parallels image", _CONVERT),
    (0, b"Bochs Virtual HD Image", "a Bochs image", _CONVERT),
    (0, b"#!/bin/sh\n#V2.0 Format\nmodprobe cloop", "a cloop image", _CONVERT),
    (0, b"\xbe\xba\xfe\xca\0\0\0\0", "a part of a VMDK image, of a snapshot on an ESX server", _CONVERT),
    (0, b"\x04\x22\x4d\x18", "packed with lz4", _UNPACK),
    (0, b"\x1f\x8b\x08", "packed with gzip", _UNPACK),
    (0, b"\xfd7zXZ\0", "packed with xz", _UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "packed with zstd", _UNPACK),
    (0, b"BZh", "packed with bzip2", _UNPACK),
    (0, b"PK\x03\x04", "a zip archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (257, b"ustar", "a tar archive (an OVA is one)", _UNPACK),
)

QCOW2_MAGIC = b"QFI\xfb"
_QCOW2 = struct.Struct(">4sIQIIQIIQQIIQ")
_QCOW2_V3 = struct.Struct(">QQQII")
_DIRTY, _CORRUPT, _DATA_FILE, _COMPRESSION, _EXTENDED_L2 = 1, 2, 4, 8, 16

VMDK_MAGIC = b"KDMV"
_VMDK = struct.Struct("<4sIIQQQQIQQQB4sH")
_AT_END = (1 << 64) - 1
#: Where QEMU looks for the descriptor, whatever the header says, and how much of it.
_DESCRIPTOR, _DESCRIPTOR_BYTES = 0x200, 20 * SECTOR

_VPC_MAGIC = b"conectix"
_VPC = struct.Struct(">8sIIQI4sIIQQHBBI")
_VPC_FIXED, _VPC_DYNAMIC = 2, 3
_DMG_MAGIC = b"koly"
_VDI_MAGIC = 0xBEDA107F
_VHDX_MAGIC = b"vhdxfile"


def found(read: Read, length: int) -> str:
    """The format of a file of so many bytes, by what it begins (a fixed VHD: ends) with: one of :data:`FORMATS`, ``raw`` if it is nothing else.

    Raises :class:`Unusable` for what is known to be something else.
    """
    head = read(0, HEAD)
    for offset, magic, what, advice in _OTHERS:
        if head[offset : offset + len(magic)] == magic:
            raise Unusable(f"it is {what}. {advice} {_AS_IT_IS}")
    if head.startswith(QCOW2_MAGIC):
        return "qcow2"
    if head.startswith(VMDK_MAGIC) or _is_descriptor(head):
        return "vmdk"
    if head.startswith(_VHDX_MAGIC):
        return "vhdx"
    if len(head) >= 0x44 and struct.unpack_from("<I", head, 0x40)[0] == _VDI_MAGIC:
        return "vdi"
    tail = read(length - SECTOR, 8) if length > SECTOR else b""
    if head.startswith(_VPC_MAGIC) or tail == _VPC_MAGIC:
        return "vpc"
    if tail.startswith(_DMG_MAGIC):
        raise Unusable(f"it is an Apple disk image (DMG). {_CONVERT} {_AS_IT_IS}")
    return RAW


def checked(form: str, read: Read, length: int) -> t.Optional[int]:
    """The virtual size that the header of a file of this format tells, in bytes; ``None`` where it takes more than the header to know it.

    Raises :class:`Unusable` if it is no such image, names another file, or is encrypted or damaged.
    """
    if form == RAW:
        return length
    try:
        return _CHECKS[form](read, length)
    except struct.error:
        raise Unusable(f"its {form} header is incomplete; the file may be truncated") from None


def _qcow2(read: Read, _length: int) -> int:
    head = read(0, 112)
    magic, version, backing, _size, bits, size, crypt, l1_size, _l1, _table, _clusters, _snapshots, _at = (
        _QCOW2.unpack_from(head)
    )
    if magic != QCOW2_MAGIC or version not in (2, 3):
        raise Unusable("it is no QCOW2 image of version 2 or 3")
    if backing:
        raise Unusable(f"it is only the difference from another file, its backing file, which is not opened. {_WHOLE}")
    if crypt:
        raise Unusable("it is encrypted. Import what is in it, decrypted")
    if version == 3:
        features = _QCOW2_V3.unpack_from(head, _QCOW2.size)[0]
        if features & _DATA_FILE:
            raise Unusable(f"its data is in another file, which is not opened. {_WHOLE}")
        if features & _CORRUPT:
            raise Unusable("it is marked as damaged. See what qemu-img check says of it")
        unknown = features & ~(_DIRTY | _CORRUPT | _DATA_FILE | _COMPRESSION | _EXTENDED_L2)
        if unknown:
            raise Unusable(f"it needs features that are not known (0x{unknown:x})")
    if not 9 <= bits <= 21 or l1_size > 1 << 22:
        raise Unusable("its header is damaged")
    return int(size)


_WHOLE = "Make an image of it that is whole, with qemu-img convert, where the other file is"


def _vmdk(read: Read, length: int) -> int:
    head = read(0, SECTOR)
    if _is_descriptor(head) or not head.startswith(VMDK_MAGIC):
        raise Unusable(
            "it is the description of a VMDK image whose data is in other files, which are not opened. "
            + _WHOLE.replace("file is", "files are")
        )
    header = _VMDK.unpack_from(head)
    headers = [header]
    if header[9] == _AT_END:  # streamOptimized: the header that counts is before the end-of-stream marker
        footer = read(length - 2 * SECTOR, SECTOR)
        if not footer.startswith(VMDK_MAGIC):
            raise Unusable("its end is missing; the file is truncated")
        headers.append(_VMDK.unpack_from(footer))
    places = {_DESCRIPTOR}
    for _magic, version, _flags, capacity, _grain, descriptor, _size, per_table, *_rest in headers:
        if not capacity:
            raise Unusable(f"its data is in other files, which are not opened. {_WHOLE}")
        if version > 3 or per_table > SECTOR:
            raise Unusable("its header is damaged")
        if descriptor:
            places.add(descriptor * SECTOR)
    for place in sorted(places):
        _check_descriptor(read(place, _DESCRIPTOR_BYTES) if place < length else b"")
    return max(int(each[3]) for each in headers) * SECTOR


def _check_descriptor(text: bytes) -> None:
    """Raise :class:`Unusable` if the description inside a VMDK image names another file that it would be the difference from."""
    text = text.lower()
    hint = re.search(rb'parentfilenamehint\s*=\s*"?\s*[^\s"]', text)
    parent = re.search(rb"parentcid\s*=\s*([0-9a-f]+)", text)
    if hint or b"parentfilenamehint" in text or (parent and parent.group(1) != b"ffffffff"):
        raise Unusable(f"it is only the difference from another file, its parent, which is not opened. {_WHOLE}")


def _is_descriptor(head: bytes) -> bool:
    """Whether a file begins as a description of a VMDK image in text, as QEMU tells it: comments and empty lines, then the version."""
    for line in map(bytes.strip, head.split(b"\n")):
        if line.lower().startswith(b"# disk descriptorfile"):
            return True
        if line and not line.startswith(b"#"):
            return re.match(rb"version\s*=\s*[0-9]", line, re.IGNORECASE) is not None
    return False


def _vpc(read: Read, length: int) -> int:
    at_end = read(max(0, length - SECTOR), SECTOR)
    if not at_end.startswith(_VPC_MAGIC):
        raise Unusable("its end is missing, so it is truncated or no VHD image")
    footer = _VPC.unpack_from(at_end)
    if footer[13] not in (_VPC_FIXED, _VPC_DYNAMIC):
        raise Unusable(f"it is only the difference from another file, its parent, which is not opened. {_WHOLE}")
    if footer[13] == _VPC_DYNAMIC and _VPC.unpack_from(read(0, SECTOR))[8:] != footer[8:]:
        raise Unusable("its two copies of the header differ, so it is damaged")
    size = int(footer[9])
    if footer[13] == _VPC_FIXED and length < size + SECTOR:  # which qemu-img does not look at
        raise Unusable("some of it is missing; the file is truncated")
    return size


def _vdi(read: Read, length: int) -> int:
    head = read(0, SECTOR)
    magic, kind, size = (
        struct.unpack_from(code, head, offset)[0] for code, offset in (("<I", 0x40), ("<I", 0x4C), ("<Q", 0x170))
    )
    if magic != _VDI_MAGIC:
        raise Unusable("it is no VDI image")
    if kind not in (1, 2) or any(head[0x1A8:0x1C8]):
        raise Unusable(f"it is only the difference from another file, its parent, which is not opened. {_WHOLE}")
    data = struct.unpack_from("<I", head, 0x158)[0]
    block, extra, _blocks, allocated = struct.unpack_from("<IIII", head, 0x178)
    if length < data + allocated * (block + extra):  # which qemu-img does not look at
        raise Unusable("its end is missing; the file is truncated")
    return int(size)


def _vhdx(read: Read, _length: int) -> None:
    if not read(0, 8).startswith(_VHDX_MAGIC):
        raise Unusable("it is no VHDX image")


_CHECKS: t.Dict[str, t.Callable[[Read, int], t.Optional[int]]] = {
    "qcow2": _qcow2,
    "vmdk": _vmdk,
    "vpc": _vpc,
    "vdi": _vdi,
    "vhdx": _vhdx,
}
