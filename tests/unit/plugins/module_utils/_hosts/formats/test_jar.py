# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Jars: one entry changed, every other byte as it was."""

from __future__ import annotations

import io
import struct
import tracemalloc
import warnings
import zipfile
import zlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import Failure
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.errors import Unusable
from ansible_collections.storpool.cloudstack.plugins.module_utils._hosts.formats import jar
from standins import kvm_plugin as standin

NAMES = st.text("abcdefgh/.-é$", min_size=1, max_size=12)
EXTRA = st.sampled_from([b"", b"\xfe\xca\x00\x00", b"\x99\x99\x03\x00abc"])
TIMES = st.tuples(
    *(st.integers(low, high) for low, high in ((1980, 2107), (1, 12), (1, 28), (0, 23), (0, 59), (0, 59)))
)
METHODS = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
CONTENTS = st.one_of(st.binary(max_size=300), st.binary(min_size=1, max_size=4).map(lambda text: text * 1000))


class Stream(io.BytesIO):
    """What cannot be written to in the middle: zip files get data descriptors then."""

    def seekable(self):
        return False

    def seek(self, *_where):
        raise io.UnsupportedOperation

    def tell(self):
        raise io.UnsupportedOperation


@st.composite
def archives(draw):
    """The bytes of a zip file with one to five entries, and their names."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique=True))
    buffer = Stream() if draw(st.booleans()) else io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in names:
            info = zipfile.ZipInfo(name, draw(TIMES))
            info.compress_type, info.extra, info.comment = draw(METHODS), draw(EXTRA), draw(st.binary(max_size=5))
            info.external_attr, info.create_system = draw(st.integers(0, 2**32 - 1)), draw(st.sampled_from([0, 3]))
            file.writestr(info, draw(CONTENTS))
        # A comment that looks like an end misleads Python's zipfile; there are tests of their own for it.
        file.comment = draw(st.binary(max_size=40).filter(lambda text: b"PK\x05\x06" not in text))
    return buffer.getvalue(), names


def raw(data, info):
    """All bytes of an entry in the archive: header, extra field, packed data, descriptor."""
    at = info.header_offset
    name, extra = struct.unpack_from("<2H", data, at + 26)
    length = 30 + name + extra + info.compress_size
    return data[at : at + length + (16 if info.flag_bits & 8 else 0)]


def unchanging(info):
    """What the directory says of an entry, but for content and place."""
    return {
        key: getattr(info, key)
        for key in zipfile.ZipInfo.__slots__
        if key not in ("CRC", "compress_size", "file_size", "header_offset", "_raw_time", "_end_offset")
    }


@given(archives(), st.data(), CONTENTS)
def test_all_but_the_one_entry_stays(archive, data, content):
    old, names = archive
    chosen = data.draw(st.sampled_from(names))
    new = jar.replace(jar.parse(old), chosen, content)
    with zipfile.ZipFile(io.BytesIO(old)) as before, zipfile.ZipFile(io.BytesIO(new)) as after:
        assert after.testzip() is None
        assert after.comment == before.comment
        assert after.namelist() == before.namelist() == names
        for was, now in zip(before.infolist(), after.infolist(), strict=True):
            assert unchanging(now) == unchanging(was)
            if was.filename == chosen:
                assert after.read(now) == content
            else:
                assert raw(new, now) == raw(old, was)
    parsed = jar.parse(new)
    jar.check(parsed)
    assert jar.read(parsed, parsed.find(chosen), 10_000) == content
    assert jar.replace(parsed, chosen, b"abc") == jar.replace(jar.parse(old), chosen, b"abc")


@given(archives())
def test_what_is_read_is_what_was_written(archive):
    parsed = jar.parse(archive[0])
    with zipfile.ZipFile(io.BytesIO(archive[0])) as file:
        for name in archive[1]:
            assert jar.read(parsed, parsed.find(name), 10_000) == file.read(name)


@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20])
@pytest.mark.parametrize("pattern", [b"\0", b"abcd", bytes(range(256))])
def test_large_entries(size, pattern):
    content = (pattern * size)[:size]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("large", content)
    parsed = jar.parse(buffer.getvalue())
    assert jar.read(parsed, parsed.find("large"), 2**22) == content
    with pytest.raises(Unusable, match="larger than 9 bytes"):
        jar.read(parsed, parsed.find("large"), 9)


@given(archives(), st.data())
def test_a_damaged_archive_is_an_error_in_words_or_still_sound(archive, data):
    damaged = bytearray(archive[0])
    for _byte in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    use(bytes(damaged))


@given(archives(), st.data())
def test_a_cut_off_archive_is_refused(archive, data):
    cut = archive[0][: data.draw(st.integers(0, len(archive[0]) - 1))]
    with pytest.raises(Unusable):
        jar.parse(cut)


@given(st.binary(max_size=200))
@example(b"PK\x05\x06" + bytes(18))
@example(b"")
def test_garbage_is_an_error_in_words_or_an_empty_archive(data):
    use(data)


def use(data):
    """Do with it all that can be done, and let it fail in words only."""
    try:
        parsed = jar.parse(data)
        jar.check(parsed)
        changed = [jar.replace(parsed, entry.name.decode("utf-8", "replace"), b"abc") for entry in parsed.entries]
    except Failure:
        return
    for each in changed:
        jar.check(jar.parse(each))


def one_entry(**changes):
    """An archive with the entry ``a``, as ``zip`` writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        info = zipfile.ZipInfo("a")
        for key, value in changes.items():
            setattr(info, key, value)
        file.writestr(info, b"content")
    return bytearray(buffer.getvalue())


@pytest.mark.parametrize("comment", [b"PK\x05\x06" + bytes(17), b"PK\x05\x06" + bytes(19), bytes(0xFFFF)])
def test_a_comment_is_not_taken_for_the_end(comment):
    data = one_entry()
    struct.pack_into("<H", data, len(data) - 2, len(comment))
    new = jar.replace(jar.parse(bytes(data) + comment), "a", b"longer than before")
    assert new.endswith(comment)
    assert jar.read(jar.parse(new), jar.parse(new).find("a"), 100) == b"longer than before"


def test_an_end_that_java_would_take_for_the_end_is_refused():
    data = one_entry()
    fake = b"PK\x05\x06" + bytes(18)  # Java looks from behind, so this archive is an empty one for it
    struct.pack_into("<H", data, len(data) - 2, len(fake))
    with pytest.raises(Unusable, match="directory is not where its end says"):
        jar.parse(bytes(data) + fake)


def test_a_zip64_archive_is_refused():
    """Such an archive has a locator before its end, and in the end numbers that mean "see there"."""
    data = one_entry()
    end = len(data) - 22
    located = data[:end] + b"PK\x06\x07" + bytes(16) + data[end:]
    many = bytearray(data)
    struct.pack_into("<2H", many, end + 8, 0xFFFF, 0xFFFF)
    far = bytearray(data)
    struct.pack_into("<I", far, end + 16, 0xFFFFFFFF)
    for archive in (located, many, far):
        with pytest.raises(Unusable, match="zip64"):
            jar.parse(bytes(archive))


def test_what_java_does_not_read_is_refused():
    with pytest.raises(Unusable, match="packed in a way that Java does not read"):
        jar.check(jar.parse(bytes(one_entry(compress_type=zipfile.ZIP_LZMA))))
    encrypted = one_entry()
    encrypted[encrypted.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(Unusable, match="packed in a way that Java does not read"):
        jar.check(jar.parse(bytes(encrypted)))


def test_parts_of_an_archive_are_refused():
    part = one_entry()
    part[-22 + 4] = 1
    with pytest.raises(Unusable, match="one of several parts"):
        jar.parse(bytes(part))


def test_something_before_the_directory_is_refused():
    data = one_entry()
    at = data.index(b"PK\x01\x02")
    with pytest.raises(Unusable, match="directory is not where its end says"):
        jar.parse(bytes(data[:at] + b"signature" + data[at:]))


def test_an_entry_followed_by_something_else_cannot_be_replaced():
    data = one_entry()
    at = data.index(b"PK\x01\x02")
    data[at:at] = b"gap"
    struct.pack_into("<I", data, len(data) - 6, at + 3)
    parsed = jar.parse(bytes(data))
    jar.check(parsed)
    with pytest.raises(Unusable, match="followed by something that is not part of it"):
        jar.replace(parsed, "a", b"abc")


def test_sizes_that_differ_are_refused():
    data = one_entry()
    data[14] ^= 1
    with pytest.raises(Unusable, match="is not as its directory says"):
        jar.replace(jar.parse(bytes(data)), "a", b"abc")


def test_one_name_twice_is_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("a", b"2")
    with pytest.raises(Unusable, match="it has a twice"):
        jar.parse(buffer.getvalue()).find("a")


def test_a_wrong_checksum_is_found():
    data = bytearray(standin.jar())
    data[data.index(bytes(range(256))) + 7] ^= 1
    with pytest.raises(Unusable, match=r"entry stored\.bin is damaged"):
        jar.check(jar.parse(bytes(data)))


def test_a_content_that_is_longer_than_said_is_found():
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(bytes(2**24)) + packer.flush()
    data = one_entry()
    data[data.index(b"content") : data.index(b"content") + 7] = packed
    at = data.index(b"PK\x01\x02")
    for place in (8, at + 10):
        struct.pack_into("<H", data, place, zipfile.ZIP_DEFLATED)
    struct.pack_into("<I", data, at + 20, len(packed))
    struct.pack_into("<I", data, len(data) - 6, at)
    parsed = jar.parse(bytes(data))
    with pytest.raises(Unusable, match="entry a is damaged"):
        jar.read(parsed, parsed.find("a"), 100)


def with_entries(*entries, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of the same name twice
        for name, content in entries:
            file.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "name",
    ["com/cloud/A.class", "META-INF/MANIFEST.MF", "META-INF/cloudstack/storage-volume-storpool/module.properties", "x"],
)
def test_what_is_in_a_jar_twice_is_refused(name):
    data = with_entries((name, b"one"), ("other", b""), (name, b"two"))
    with pytest.raises(Unusable, match=f"it has {name} twice, and which one is loaded is a matter of luck"):
        jar.parse(data)


def test_licences_and_directories_may_be_there_twice():
    names = ["META-INF/", "META-INF/LICENSE", "META-INF/NOTICE.txt", "META-INF/DEPENDENCIES", "LICENSE.txt"]
    parsed = jar.parse(with_entries(*((name, b"") for name in names * 2)))
    jar.check(parsed)
    assert len(parsed.entries) == 10


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(jar, "MOST_UNPACKED", 10_000)
    jar.parse(with_entries(*((f"{number}.class", bytes(1000)) for number in range(10))))
    bomb = with_entries(*((f"{number}.class", bytes(1000)) for number in range(11)))
    monkeypatch.setattr(jar, "_pieces", lambda jar, entry: 1 / 0)
    with pytest.raises(Unusable, match="unpacked it would have 11000 bytes, more than 10000"):
        jar.parse(bomb)


def test_a_bomb_that_says_it_is_small_ends_soon():
    bomb = bytearray(with_entries(("a.class", bytes(2**26))))
    directory = bomb.index(b"PK\x01\x02")
    for at in (22, directory + 24):
        struct.pack_into("<I", bomb, at, 100)
    parsed = jar.parse(bytes(bomb))
    tracemalloc.start()
    with pytest.raises(Unusable, match="is damaged"):
        jar.check(parsed)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**23


def test_too_many_entries(monkeypatch):
    monkeypatch.setattr(jar, "MOST_ENTRIES", 5)
    jar.parse(with_entries(*((str(number), b"") for number in range(5))))
    with pytest.raises(Unusable, match="it has 6 entries, more than 5"):
        jar.parse(with_entries(*((str(number), b"") for number in range(6))))


def test_a_jar_in_a_jar_is_not_unpacked():
    inner = with_entries(("a.class", bytes(2**20)), ("a.class", b""))
    jar.check(jar.parse(with_entries(("lib/inner.jar", inner))))
