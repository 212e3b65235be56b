# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lists in pages: all rows, each once, whatever the server says about how many there are, and always an end."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection import paging
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.paging import Pages
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import BadAnswer

COUNTS = {
    "all": lambda rows, page: len(rows),
    "of the page": lambda rows, page: len(page),
    "none": lambda rows, page: None,
    "too small": lambda rows, page: 1,
    "endless": lambda rows, page: 10**15,
    "negative": lambda rows, page: -3,
    "text": lambda rows, page: "5",
}


class Server:
    """``rows`` in pages of ``size``. ``change`` is called before each page."""

    def __init__(self, number, size, count="all", change=None):
        self.rows = [{"id": str(each)} for each in range(number)]
        self.size, self.count, self.change = size, COUNTS[count], change
        self.calls = []

    def read(self, page, size):
        self.calls.append((page, size))
        if self.change:
            self.change(self)
        assert size is None or size <= self.size, "larger pages than it has are an error"
        first = ((page or 1) - 1) * (size or self.size)
        rows = self.rows[first : first + (size or self.size)]
        return rows, self.count(self.rows, rows)


@pytest.mark.parametrize("count", ["all", "none"])
def test_an_empty_list_is_one(count):
    assert Pages().every(Server(0, 3, count).read) == []


@pytest.mark.parametrize("count", ["too small", "endless"])
def test_a_list_that_has_objects_and_shows_none_is_no_answer(count):
    with pytest.raises(BadAnswer, match="lists none of them"):
        Pages().every(Server(0, 3, count).read)


@given(st.integers(1, 20), st.integers(1, 7), st.sampled_from(sorted(COUNTS)))
def test_every_row_is_read_once_whatever_the_server_counts(number, size, count):
    server = Server(number, size, count)
    assert Pages().every(server.read) == server.rows
    assert len(server.calls) <= 2 * (number // size + 2)


def test_pages_smaller_than_one_that_was_seen_are_the_last():
    pages = Pages()
    many, few = Server(5, 3), Server(2, 3)
    assert len(pages.every(many.read)) == 5
    assert len(pages.every(few.read)) == 2
    assert (many.calls, few.calls) == ([(None, None), (2, 3)], [(None, None)])


def test_a_list_of_at_most_one_is_not_asked_for_more():
    server = Server(1, 3)
    assert len(Pages().every(server.read, one=True)) == 1
    assert len(server.calls) == 1


def test_a_server_without_pages_answers_with_the_same_rows_again():
    rows = [{"id": "1"}, {"id": "2"}]
    assert Pages().every(lambda _page, _size: (rows, 2)) == rows


def test_what_is_removed_while_the_list_is_read_hides_nothing_else():
    def remove_first(server):
        if len(server.calls) == 2:
            del server.rows[0]

    server = Server(6, 2, change=remove_first)
    assert [row["id"] for row in Pages().every(server.read)] == ["1", "2", "3", "4", "5"]


def test_what_is_added_while_the_list_is_read_is_not_there_twice():
    def add(server):
        if len(server.calls) == 2:
            server.rows.insert(0, {"id": "new"})

    server = Server(6, 2, change=add)
    assert sorted(row["id"] for row in Pages().every(server.read)) == ["0", "1", "2", "3", "4", "5", "new"]


def test_rows_without_an_id_are_told_from_each_other_by_all_that_they_are():
    rows = [{"name": "a"}, {"name": "b"}, {"name": "a"}]
    assert Pages().every(lambda page, _size: (rows if page is None else [], 3)) == rows[:2]


def test_a_list_that_is_another_one_each_time_is_a_bad_answer():
    numbers = itertools.count()
    with pytest.raises(BadAnswer, match="other objects each time"):
        Pages().every(lambda page, _size: ([{"id": next(numbers)}] if page is None else [], 5))


@pytest.mark.parametrize("limit", ["MOST_ROWS", "MOST_PAGES"])
def test_a_list_without_end_is_a_bad_answer(limit, monkeypatch):
    monkeypatch.setattr(paging, limit, 50)
    numbers = itertools.count()
    with pytest.raises(BadAnswer, match="no end"):
        Pages().every(lambda _page, _size: ([{"id": next(numbers)}, {"id": next(numbers)}], 10**15))
