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
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool import names

BYTES = st.integers(1, 2**45).map(lambda count: count * 512)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("512", 512),
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


@pytest.mark.parametrize("text", ["", "0", "511", "10GB", "-1GiB", "1.3MiB", "ten", "1e9", "10 GiB 5", "0.1K"])
def test_what_is_no_size_or_no_multiple_of_512_is_refused(text):
    with pytest.raises(InvalidOption, match="size: "):
        names.size(text, "size")


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
    assert _passes(names.name, text, "name", what) == _passes(VENDOR[what], text)


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
