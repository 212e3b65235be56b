# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who has a turn together."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.filter.waves import waves


def test_one_at_once_is_one_after_the_other_in_their_order():
    assert waves({"a": "a", "b": "b", "c": "c"}, 1) == [["a"], ["b"], ["c"]]


def test_the_fullest_domain_does_not_come_last():
    domains = {"a": "x", "b": "y", "c": "z", "d": "z", "e": "z"}
    assert waves(domains, 2) == [["a", "c"], ["b", "d"], ["e"]]
    assert waves({}, 4) == []


@given(st.lists(st.integers(0, 4), max_size=20), st.integers(1, 6))
def test_waves_are_as_few_as_there_can_be_and_never_two_of_one_domain(found, at_once):
    domains = {f"host{number}": domain for number, domain in enumerate(found)}
    made = waves(domains, at_once)
    assert sorted(name for wave in made for name in wave) == sorted(domains)
    assert all(len(wave) <= at_once and len({domains[name] for name in wave}) == len(wave) for wave in made)
    assert len(made) == max([-(-len(found) // at_once), *Counter(found).values()])
