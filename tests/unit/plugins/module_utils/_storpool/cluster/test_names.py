# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, sizes, limits and tags: what passes, what is refused, and how it reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from storpool import sptypes
from storpool.spcatch import InvalidArgumentError

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import names, times
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.objects import attach_want

BYTES = st.integers(1, 2**45).map(lambda count: count * 512)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("512B", 512),
        ("1048576", 2**20),
        ("10GiB", 10 * 2**30),
        ("10G", 10 * 2**30),
        ("10 gib", 10 * 2**30),
        ("0.5TiB", 2**39),
        ("1.5k", 1536),
        ("1024B", 1024),
    ],
)
def test_sizes(text, count):
    assert names.size(text, "size") == count


@pytest.mark.parametrize("text", ["0", "511B", "10GB", "-1GiB", "1.3MiB", "ten", "1e9", "10 GiB 5", "0.1K"])
def test_what_is_no_size_or_no_multiple_of_512_is_refused(text):
    with pytest.raises(InvalidOption, match="size: "):
        names.size(text, "size")


@pytest.mark.parametrize("text", ["10", "512", "1.5", "1024", "1048575"])
def test_a_small_number_without_a_unit_is_hardly_meant_as_bytes(text):
    with pytest.raises(InvalidOption) as caught:
        names.size(text, "size")
    assert f"Did you mean {text}GiB?" in str(caught.value)
    assert ("write 512B" in str(caught.value)) == (text == "512")


@pytest.mark.parametrize("text", ["8192PiB", "9999999999999999999 PiB", "9" * 5000])
def test_what_no_disk_array_holds_is_refused(text):
    with pytest.raises(InvalidOption, match=r"^size: .{,200}$"):
        names.size(text, "size")


EMPTY = [
    lambda value: names.size(value, "it"),
    lambda value: names.limit(value, "it"),
    lambda value: names.name(value, "it"),
    lambda value: names.name(value, "it", "template"),
    lambda value: names.new_snapshot_name(value, "it"),
    lambda value: names.reference(value, "it", "snapshot"),
    lambda value: names.global_id(value, "it"),
    lambda value: times.duration(value, "it"),
    lambda value: times.moment(value, "it"),
]


@pytest.mark.parametrize("check", EMPTY)
@pytest.mark.parametrize("value", ["", " ", "\n", "\t "])
def test_an_empty_value_is_called_empty(check, value):
    with pytest.raises(InvalidOption, match=r"^it is empty: the variable it comes from is empty or undefined"):
        check(value)


@pytest.mark.parametrize("what", ["volume", "snapshot", "new snapshot"])
@pytest.mark.parametrize("name", [".", ".."])
def test_names_that_the_path_of_a_url_swallows_are_refused(what, name):
    with pytest.raises(InvalidOption, match="refer to it by its global id"):
        names.name(name, "name", what)


@pytest.mark.parametrize("text", ["...", "..a", "a..", ".a", "a.", "#x", "#.", "#..", "%2e", "-", "_"])
def test_other_names_with_dots_are_names(text):
    assert _passes(names.name, text, "name") == ("%" not in text)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("~a.b.1", "there is the option global_id"),
        ("x-{1...5}", r"A range is written as in web-\{1\.\.5\}"),
        (" db-1", "white space"),
    ],
)
def test_what_may_have_been_meant_is_said(name, hint):
    with pytest.raises(InvalidOption, match=hint):
        names.name(name, "name")


@pytest.mark.parametrize("text", ["\u00b2", "9" * 5000, "\u0663"])
def test_odd_digits_and_endless_numbers_are_mistakes_and_no_tracebacks(text):
    checks = [*EMPTY[:2], EMPTY[7], EMPTY[8], lambda value: attach_want.clients([value])]
    for check in checks:
        with pytest.raises(InvalidOption) as caught:
            check(text)
        assert len(str(caught.value)) < 300


def test_powers_of_1000_are_pointed_out():
    with pytest.raises(InvalidOption, match="Write 10GiB"):
        names.size("10GB", "size")


@given(BYTES)
def test_a_size_for_people_is_exact(count):
    assert names.size(names.human(count).replace(" ", ""), "size") == count


@pytest.mark.parametrize(("text", "value"), [("unlimited", "-"), ("0", "-"), ("-", "-"), ("2000", 2000)])
def test_limits(text, value):
    assert names.limit(text, "iops") == value


@pytest.mark.parametrize("text", ["1.5", "-1", "many", "2k", "٣"])
def test_what_is_no_limit_is_refused(text):
    with pytest.raises(InvalidOption, match="iops: "):
        names.limit(text, "iops")


TEXT = st.text(st.sampled_from("aB9_-.:@*#~ /é"), max_size=6) | st.sampled_from(
    ["list", "status", "x" * 199, "x" * 200]
)
VENDOR = {
    "volume": sptypes.VolumeName.handleVal,
    "snapshot": sptypes.SnapshotName.handleVal,
    "template": sptypes.VolumeTemplateName.handleVal,
    "placement group": sptypes.PlacementGroupName.handleVal,
}


@pytest.mark.parametrize("what", VENDOR)
@given(text=TEXT)
def test_names_are_those_that_the_vendors_client_takes(what, text):
    swallowed = text in (".", "..")
    assert _passes(names.name, text, "name", what) == (_passes(VENDOR[what], text) and not swallowed)


@given(text=TEXT)
def test_tags_are_those_that_the_vendors_client_takes(text):
    assert _passes(names.tags, {text: "x"}, "tags") == _passes(sptypes.VolumeTagName.handleVal, text)
    assert _passes(names.tags, {"x": text}, "tags") == _passes(sptypes.VolumeTagValue.handleVal, text.replace("~", "."))


@pytest.mark.parametrize("text", ["~abcd.b.12", "a~b", "~"])
def test_values_of_tags_may_have_a_tilde(text):
    """CloudStack tags volumes with ``uuid=~<global id>`` from 4.21 on; the vendor's client is stricter than the API."""
    assert names.tags({"uuid": text}, "tags") == {"uuid": text}
    with pytest.raises(InvalidOption):
        names.tags({text: "x"}, "tags")


def _passes(check, *args):
    try:
        check(*args)
    except (InvalidOption, InvalidArgumentError):
        return False
    return True


@pytest.mark.parametrize("text", ["db-1\n", "db\n1"])
def test_a_line_end_is_no_part_of_a_name(text):
    with pytest.raises(InvalidOption):
        names.name(text, "name")


def test_references_are_names_or_global_ids():
    assert names.reference("~ab.b.1", "parent", "snapshot") == "~ab.b.1"
    assert names.reference("db@7", "parent", "snapshot") == "db@7"
    assert names.global_id("~ab.b.1", "global_id") == names.global_id("ab.b.1", "global_id") == "ab.b.1"
    with pytest.raises(InvalidOption, match=r"looks like 'abcd\.b\.12'"):
        names.global_id("ab.b", "global_id")


def test_tag_values_are_text():
    assert names.tags({"a": 1, "b": None, "c": "x"}, "tags") == {"a": "1", "b": "", "c": "x"}
    assert names.tags(None, "tags") is None
    for value in (True, 1.5, ["x"]):
        with pytest.raises(InvalidOption, match="put it in quotes"):
            names.tags({"a": value}, "tags")
