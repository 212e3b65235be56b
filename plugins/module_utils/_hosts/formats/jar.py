# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jars, as zip files that are changed in one entry and stay the same everywhere else (PKWARE's APPNOTE.TXT, 4.3).

The libraries that write zip files write all of a file anew: other compression, no gaps, other extra fields. Here every byte outside the one entry
stays, except offsets of what comes after it.
"""

from __future__ import annotations

import re
import struct
import typing as t
import zlib

from ..errors import Unusable

END = struct.Struct(
    "<4s4H2IH"
)  # signature, disk, directory's disk, entries here, entries, size, offset, comment's length
CENTRAL = struct.Struct("<4s6H3I5H2I")
LOCAL = struct.Struct("<4s5H3I2H")
SIZES = struct.Struct("<3I")  # crc, packed size, size: in this order in local and central headers, and in descriptors
LOCAL_SIZES, CENTRAL_SIZES, CENTRAL_OFFSET = 14, 16, 42  # where they stand in the headers
DESCRIPTOR = b"PK\x07\x08"
ZIP64_LOCATOR = b"PK\x06\x07"
ENCRYPTED, DESCRIBED = 1, 8  # flags: bits 0 and 3
STORED, DEFLATED = 0, 8
PIECE = 2**20  # bytes that are unpacked at a time
#: A plugin has some hundred files, which have some MB.
MOST_ENTRIES, MOST_UNPACKED = 20000, 2**28
#: What there may be several of, since nothing reads it: builds that put jars together leave such files, and directories.
HARMLESS = re.compile(rb".*/|(?:META-INF/)?(?:LICENSE|NOTICE|DEPENDENCIES|INDEX\.LIST|README)[^/]*", re.IGNORECASE)


class Entry(t.NamedTuple):
    """A file in a jar, and where in the jar's bytes it is.

    ``central`` is the offset of its header in the directory, ``local`` of the one before its packed data, ``start`` of that data and ``end`` of what
    comes after the entry. ``packed`` and ``size`` are in bytes.
    """

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    central: int
    local: int
    start: int
    end: int


class Jar(t.NamedTuple):
    """A whole jar. ``directory`` is the offset of the central directory, ``tail`` of the record at the end."""

    data: bytes
    entries: t.Tuple[Entry, ...]
    directory: int
    tail: int

    def find(self, name: str) -> t.Optional[Entry]:
        """The entry of a name, or ``None``. Raises :class:`Unusable` if there are several."""
        found = [entry for entry in self.entries if entry.name == name.encode()]
        if len(found) > 1:
            raise Unusable(f"it has {len(found)} entries {name}")
        return found[0] if found else None


def parse(data: bytes) -> Jar:
    """Read a jar's structure. Raises :class:`Unusable` if it is not a sound zip file, or one that needs more than a jar does (zip64, several parts)."""
    tail = _tail(data)
    _sign, disk, start_disk, here, count, length, directory, _comment = END.unpack_from(data, tail)
    if (
        data[max(0, tail - 20) :].startswith(ZIP64_LOCATOR)
        or 0xFFFF in (count, disk)
        or 0xFFFFFFFF in (length, directory)
    ):
        raise Unusable("it is a zip64 file, which no plugin of CloudStack is")
    if disk or start_disk or here != count:
        raise Unusable("it is one of several parts of a zip file")
    if count > MOST_ENTRIES:
        raise Unusable(f"it has {count} entries, more than {MOST_ENTRIES}, which no plugin of CloudStack has")
    if directory + length != tail:
        raise Unusable("its directory is not where its end says")
    heads = []
    at = directory
    for _entry in range(count):
        if at + CENTRAL.size > tail or data[at : at + 4] != b"PK\x01\x02":
            raise Unusable("its directory is damaged")
        head = CENTRAL.unpack_from(data, at)
        after = at + CENTRAL.size + sum(head[10:13])
        heads.append((at, head, data[at + CENTRAL.size : at + CENTRAL.size + head[10]]))
        at = after
    if at != tail:
        raise Unusable("its directory is damaged")
    jar = Jar(data, _entries(data, heads, directory), directory, tail)
    _check_whole(jar)
    return jar


def _check_whole(jar: Jar) -> None:
    """Raise :class:`Unusable` if it is not clear what is in it, or it is far too much."""
    unpacked = sum(entry.size for entry in jar.entries)
    if unpacked > MOST_UNPACKED:
        raise Unusable(
            f"unpacked it would have {unpacked} bytes, more than {MOST_UNPACKED}, which no plugin of CloudStack has"
        )
    seen = set()
    for entry in jar.entries:
        if entry.name in seen and not HARMLESS.fullmatch(entry.name):
            raise Unusable(f"it has {_shown(entry)} twice, and which one is loaded is a matter of luck")
        seen.add(entry.name)


def _tail(data: bytes) -> int:
    """Where the record at the end begins. A comment of up to 65535 bytes may follow it, and hold anything."""
    at = len(data)
    lowest = max(0, len(data) - END.size - 0xFFFF)
    while True:
        at = data.rfind(b"PK\x05\x06", lowest, at + 3)
        if at < 0:
            raise Unusable("it is not a zip file, or its end is missing")
        if at + END.size <= len(data) and at + END.size + END.unpack_from(data, at)[7] == len(data):
            return at


def _entries(
    data: bytes, heads: t.Sequence[t.Tuple[int, t.Tuple[t.Any, ...], bytes]], directory: int
) -> t.Tuple[Entry, ...]:
    starts = sorted({head[16] for _at, head, _name in heads})
    if len(starts) != len(heads):
        raise Unusable("two of its entries are in one place")
    ends = dict(zip(starts, [*starts[1:], directory]))
    entries = []
    for central, head, name in heads:
        flags, method, (crc, packed, size), local = head[3], head[4], head[7:10], head[16]
        if local + LOCAL.size > directory or data[local : local + 4] != b"PK\x03\x04":
            raise Unusable("one of its entries is not where its directory says")
        front = LOCAL.unpack_from(data, local)
        start = local + LOCAL.size + front[9] + front[10]
        same = front[3] == method and data[local + LOCAL.size : local + LOCAL.size + front[9]] == name
        if not same or start + packed > ends[local]:
            raise Unusable("one of its entries is not as its directory says")
        entries.append(Entry(name, flags, method, crc, packed, size, central, local, start, ends[local]))
    return tuple(entries)


def read(jar: Jar, entry: Entry, most: int) -> bytes:
    """The content of an entry of at most ``most`` bytes. Raises :class:`Unusable` if it is damaged or larger."""
    if entry.size > most:
        raise Unusable(f"its entry {_shown(entry)} is larger than {most} bytes")
    return b"".join(_unpacked(jar, entry))


def check(jar: Jar) -> None:
    """Unpack every entry, and compare size and checksum. Raises :class:`Unusable` if one is damaged."""
    beginnings(jar, 0)


def beginnings(jar: Jar, size: int) -> t.Dict[bytes, bytes]:
    """The first ``size`` bytes of each entry, by name. Every entry is checked meanwhile, as :func:`check` does."""
    found = {}
    for entry in jar.entries:
        start = b""
        for piece in _unpacked(jar, entry):
            start = start or piece[:size]
        found[entry.name] = start
    return found


def _unpacked(jar: Jar, entry: Entry) -> t.Iterator[bytes]:
    size = crc = 0
    for piece in _pieces(jar, entry):
        size += len(piece)
        crc = zlib.crc32(piece, crc)
        if size > entry.size:
            break
        yield piece
    if (size, crc) != (entry.size, entry.crc):
        raise Unusable(f"its entry {_shown(entry)} is damaged")


def _pieces(jar: Jar, entry: Entry) -> t.Iterator[bytes]:
    if entry.flags & ENCRYPTED or entry.method not in (STORED, DEFLATED):
        raise Unusable(f"its entry {_shown(entry)} is packed in a way that Java does not read")
    packed = memoryview(jar.data)[entry.start : entry.start + entry.packed]
    if entry.method == STORED:
        yield bytes(packed)
        return
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for at in range(0, len(packed), PIECE):
            piece = unpacker.decompress(packed[at : at + PIECE], PIECE)
            while piece:  # there may be more to come out even when nothing is left to go in
                yield piece
                piece = unpacker.decompress(unpacker.unconsumed_tail, PIECE)
    except zlib.error:
        pass
    if not unpacker.eof or unpacker.unused_data:
        raise Unusable(f"its entry {_shown(entry)} is damaged")


def _shown(entry: Entry) -> str:
    return entry.name.decode("utf-8", "replace")


def replace(jar: Jar, name: str, content: bytes) -> bytes:
    """The bytes of the jar with another content of one entry, packed in the same way as before.

    All other bytes stay, and so do time, extra fields, comment and attributes of the entry. Raises :class:`Unusable` if there is no such entry, or
    something stands in its place that is not part of it.
    """
    entry = jar.find(name)
    if entry is None:
        raise Unusable(f"it has no entry {name}")
    packed = content if entry.method == STORED else _deflated(content)
    sizes = SIZES.pack(zlib.crc32(content), len(packed), len(content))
    data = bytearray(jar.data[: entry.start])
    data[entry.local + LOCAL_SIZES : entry.local + LOCAL_SIZES + SIZES.size] = _local_sizes(jar, entry, sizes)
    data += packed + _descriptor(jar, entry, sizes)
    delta = len(data) - entry.end
    data += jar.data[entry.end : jar.directory]
    for other in jar.entries:
        head = bytearray(jar.data[other.central : other.central + CENTRAL.size])
        if other is entry:
            head[CENTRAL_SIZES : CENTRAL_SIZES + SIZES.size] = sizes
        elif other.local > entry.local:
            struct.pack_into("<I", head, CENTRAL_OFFSET, other.local + delta)
        data += head + jar.data[other.central + CENTRAL.size : _next_central(jar, other)]
    record = bytearray(jar.data[jar.tail :])
    struct.pack_into("<I", record, 16, jar.directory + delta)
    return bytes(data + record)


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(zlib.Z_DEFAULT_COMPRESSION, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def _old_sizes(entry: Entry) -> bytes:
    return SIZES.pack(entry.crc, entry.packed, entry.size)


def _local_sizes(jar: Jar, entry: Entry, sizes: bytes) -> bytes:
    """What the local header says of checksum and sizes, with others: it may leave them to the descriptor."""
    said = jar.data[entry.local + LOCAL_SIZES : entry.local + LOCAL_SIZES + SIZES.size]
    if entry.flags & DESCRIBED and said == bytes(SIZES.size):
        return said
    if said == _old_sizes(entry):
        return sizes
    raise Unusable(f"its entry {_shown(entry)} is not as its directory says")


def _descriptor(jar: Jar, entry: Entry, sizes: bytes) -> bytes:
    """What follows the packed data of an entry, with other sizes: nothing, or a descriptor, with or without a signature."""
    rest = jar.data[entry.start + entry.packed : entry.end]
    described = bool(entry.flags & DESCRIBED)
    for sign in (b"", DESCRIPTOR):
        if described and rest == sign + _old_sizes(entry):
            return sign + sizes
    if described or rest:
        raise Unusable(f"its entry {_shown(entry)} is followed by something that is not part of it")
    return b""


def _next_central(jar: Jar, entry: Entry) -> int:
    name, extra, comment = struct.unpack_from("<3H", jar.data, entry.central + 28)
    return int(entry.central + CENTRAL.size + name + extra + comment)
