# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations and moments: what passes, what is refused, and how it reads."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import InvalidOption
from ansible_collections.storpool.cloudstack.plugins.module_utils._storpool.cluster import times

UNIX = st.integers(1, 4_000_000_000)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("5m", 300), ("12h", 43200), ("7d", 604800), ("2 w", 1209600), ("0", 0), ("never", 0)],
)
def test_durations(text, seconds):
    assert times.duration(text, "delete_after") == seconds


@pytest.mark.parametrize("text", ["7 days", "-1", "1.5h", "d", "7D", "7d 1h", "٣"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(InvalidOption, match=r"^delete_after: .* is no duration"):
        times.duration(text, "delete_after")


@pytest.mark.parametrize("text", ["73201d", "10600w", "9" * 12, "9" * 5000 + "s", "10000000000"])
def test_a_duration_that_ends_after_all_time_is_refused(text):
    with pytest.raises(InvalidOption, match=r"^delete_after: .* is too long"):
        times.duration(text, "delete_after")
    assert times.utc(4_000_000_000 + times.duration("73200d", "delete_after"))


@given(
    st.text(max_size=30) | st.from_regex(r"[0-9²٣]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}[+-][0-9]{4}", fullmatch=True)
)
@example("0001-01-01T00:00+9959")
@example("9999-12-31T23:59-9959")
@example("²")
@example("٣")
def test_any_text_is_a_moment_that_can_be_shown_or_is_refused(text):
    moment = None
    with contextlib.suppress(InvalidOption):
        moment = times.moment(text, "delete_at")
    assert moment is None or times.utc(moment)


@pytest.mark.parametrize("zone", ["+25:00", "+99:99", "-14:01", "+10:60", "+1401"])
def test_a_zone_that_is_nowhere_is_refused_and_is_no_other_day(zone):
    with pytest.raises(InvalidOption, match=r"^before: '2030-01-31T12:00:00.*' is no time"):
        times.moment(f"2030-01-31T12:00:00{zone}", "before")


def test_never_is_refused_where_it_means_nothing_and_not_recommended():
    for read in (times.duration, times.moment):
        with pytest.raises(InvalidOption, match=r"or 'never'[.]$"):
            read("x", "delete_after")
        with pytest.raises(InvalidOption) as caught:
            read("never", "max_age", "")
        assert "or 'never'" not in caught.value.message


@given(st.integers(1, times.LONGEST))
def test_a_duration_for_people_is_exact(seconds):
    assert times.duration(times.human(seconds), "delete_after") == seconds


@given(UNIX)
def test_a_moment_for_people_is_exact(moment):
    assert times.moment(times.utc(moment), "delete_at") == moment
    assert times.moment(str(moment), "delete_at") == moment


@given(UNIX, st.integers(-14 * 60, 14 * 60))
def test_a_moment_may_be_in_any_zone(moment, minutes):
    there = datetime.fromtimestamp(moment, timezone(timedelta(minutes=minutes)))
    assert times.moment(there.isoformat(), "delete_at") == moment


@given(UNIX)
def test_a_moment_without_a_zone_is_in_utc_as_yaml_and_python_write_it(moment):
    there = datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)
    assert times.moment(there.isoformat(), "delete_at") == moment
    assert times.moment(str(there), "delete_at") == moment


def test_a_day_begins_at_midnight():
    assert times.utc(times.moment("2030-01-31", "delete_at")) == "2030-01-31T00:00:00Z"
    assert times.moment("never", "delete_at") == times.moment("0", "delete_at") == times.NEVER


@pytest.mark.parametrize(
    "text",
    [
        "tomorrow",
        "0001-01-01T00:00+05:00",
        "9999-12-31T23:59-05:00",
        "\u00b2",
        "2030-13-01",
        "2030-01-31T25:00Z",
        "2030-1-1",
        "31.01.2030",
        "-5",
    ],
)
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(InvalidOption, match=r"^delete_at: .* is no time"):
        times.moment(text, "delete_at")


def test_what_is_not_given_stays_out():
    assert times.duration(None, "delete_after") is None
    assert times.moment(None, "delete_at") is None
