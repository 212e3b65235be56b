# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stays of a series, whatever the clocks did."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.backup.retention import Keep, staying

NOW = int(datetime(2026, 3, 29, 12, 0, tzinfo=UTC).timestamp())  # a day on which Europe's clocks jump
HOUR, DAY = 3600, 86400

counts = st.integers(0, 6)
keeps = st.builds(Keep, counts, counts, counts, counts, st.integers(1, 6))
moments = st.lists(st.integers(NOW - 90 * DAY, NOW + 3 * DAY), max_size=60).map(
    lambda times: {f"p{number}": time for number, time in enumerate(times)}
)


def at(*when):
    return int(datetime(*when, tzinfo=UTC).timestamp())


@given(moments, keeps)
def test_the_newest_and_what_is_of_the_future_always_stay_and_never_too_few(points, keep):
    stay = staying(points, keep, NOW)
    known = {name: time for name, time in points.items() if time <= NOW}
    assert stay >= points.keys() - known.keys()
    if known:
        assert any(known[name] == max(known.values()) for name in stay & known.keys())
    assert len(stay & known.keys()) >= min(len(known), keep.at_least)
    most = max(keep.last, keep.at_least) + keep.hourly + keep.daily + keep.weekly
    assert len(stay & known.keys()) <= most


@given(moments, keeps)
def test_doing_it_twice_changes_nothing(points, keep):
    stay = staying(points, keep, NOW)
    left = {name: points[name] for name in stay}
    assert staying(left, keep, NOW) == stay


@given(st.lists(st.integers(NOW - 40 * DAY, NOW), max_size=40, unique=True), keeps)
def test_to_remove_after_each_is_to_remove_once(times, keep):
    left = {}
    for time in sorted(times):
        left[str(time)] = time
        left = {name: left[name] for name in staying(left, keep, time)}
    assert left.keys() == staying({str(time): time for time in times}, keep, NOW)


@given(moments, keeps, st.integers(0, 2 * DAY))
def test_a_clock_that_is_behind_removes_nothing_more(points, keep, lag):
    """What a slow clock takes for the future stays; so it never removes what is newest."""
    behind = staying(points, keep, NOW - lag)
    newer = {name for name, time in points.items() if NOW - lag < time}
    assert newer <= behind


@given(moments, keeps, keeps)
def test_who_keeps_more_keeps_all_that_who_keeps_less_does(points, one, other):
    more = Keep(*(max(pair) for pair in zip(one, other, strict=True)))
    assert staying(points, one, NOW) <= staying(points, more, NOW)


def test_grandfather_father_son():
    points = {f"{day:02}T{hour:02}": at(2026, 3, day, hour) for day in range(1, 29) for hour in (0, 6, 12, 18)}
    stay = sorted(staying(points, Keep(last=2, hourly=3, daily=3, weekly=3), at(2026, 3, 28, 19)))
    # last: 28T12, 28T18; hourly: 28T06 as well; daily: 26T18, 27T18; weekly: the Sundays 15 and 22
    assert stay == ["15T18", "22T18", "26T18", "27T18", "28T06", "28T12", "28T18"]


def test_the_hour_that_comes_twice_in_autumn_is_two_hours():
    points = {"first": at(2026, 10, 25, 0, 30), "second": at(2026, 10, 25, 1, 30)}  # 02:30 and 02:30 in Berlin
    assert staying(points, Keep(hourly=2), at(2026, 10, 25, 2)) == points.keys()


def test_after_a_pause_of_a_month_nothing_old_goes_for_its_age():
    points = {"a": NOW - 40 * DAY, "b": NOW - 39 * DAY, "c": NOW - 38 * DAY}
    assert staying(points, Keep(daily=3), NOW) == points.keys()


def test_two_of_one_moment_are_told_apart_the_same_way_each_time():
    points = {"a": NOW, "b": NOW, "c": NOW}
    assert staying(points, Keep(last=2), NOW) == {"b", "c"}
