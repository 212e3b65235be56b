# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Items of a bulk task: ranges, and that checking alike items once says the same as checking each."""

from __future__ import annotations

import copy

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.given import as_meant, mistakes
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk.items import items, written_out
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.bulk.kinds import KINDS, VOLUMES


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("v-{1..3}", ["v-1", "v-2", "v-3"]),
        ("v-{001..003}", ["v-001", "v-002", "v-003"]),
        ("{9..11}", ["9", "10", "11"]),
        ("{09..11}", ["09", "10", "11"]),
        ("{0..1}", ["0", "1"]),
        ("{1..2}-{5..6}", ["1-5", "2-6"]),
        ("{7..7}", ["7"]),
        ("{a..b}", ["{a..b}"]),
        ("{1..}", ["{1..}"]),
        ("a..b", ["a..b"]),
    ],
)
def test_a_range_is_written_out(text, written):
    assert [each["name"] for each in written_out({"name": text})] == written


def test_ranges_count_together_in_every_text_of_an_item():
    [first, second] = written_out(
        {
            "name": "v-{01..02}",
            "tags": {"n": "{1..2}", "x": "y"},
            "clients": ["{5..6}", "here"],
            "wait": True,
            "iops": None,
        }
    )
    assert first == {"name": "v-01", "tags": {"n": "1", "x": "y"}, "clients": ["5", "here"], "wait": True, "iops": None}
    assert second["clients"] == ["6", "here"]


@given(st.integers(0, 10**6), st.integers(0, 300), st.integers(0, 8))
def test_a_range_has_as_many_members_as_it_says_each_once(first, more, width):
    last = first + more
    text = f"v-{{{first:0{width}}..{last:0{width}}}}"
    names = [each["name"] for each in written_out({"name": text})]
    assert len(set(names)) == more + 1
    assert [int(name[2:]) for name in names] == list(range(first, last + 1))
    if f"{first:0{width}}".startswith("0") and first:
        assert len({len(name) for name in names}) == 1


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(
        InvalidOption, match=r"volumes\[0\]\.nonsense: .*volumes\[2\]: one of the following is required"
    ):
        items("volumes", [{"name": "a", "nonsense": 1}, {"name": "b"}, {"size": "1GiB"}], VOLUMES.spec)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 5),
    st.sampled_from(["", "x", "yes", "present", "absent", "3", "rw", "total", "a,b", "k=v"]),
    st.lists(st.sampled_from(["1", "here", 2]), max_size=2),
    st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from(["1", 2, None]), max_size=2),
)


@pytest.mark.parametrize("kind", KINDS, ids=[kind.option for kind in KINDS])
@given(data=st.data())
def test_items_are_what_ansible_makes_of_each(kind, data):
    options = [*kind.spec["argument_spec"], "client", "nonsense"]
    given_items = data.draw(
        st.lists(st.dictionaries(st.sampled_from(options), VALUES, max_size=5), min_size=1, max_size=4)
    )
    rules = {
        rule: kind.spec[rule] for rule in ("mutually_exclusive", "required_one_of", "required_by") if rule in kind.spec
    }
    validator = ArgumentSpecValidator(dict(kind.spec["argument_spec"]), **rules)
    checked = [validator.validate(as_meant(copy.deepcopy(item), kind.spec)) for item in given_items]
    stricter = any(mistakes(item, kind.spec) for item in given_items)
    if stricter or any(each.error_messages for each in checked):
        with pytest.raises(InvalidOption, match=rf"^{kind.option}\[[0-3]\][.:]"):
            items(kind.option, given_items, kind.spec)
    else:
        found = [item.params for item in items(kind.option, given_items, kind.spec)]
        assert found == [each.validated_parameters for each in checked]
