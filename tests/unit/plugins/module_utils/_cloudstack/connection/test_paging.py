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
from ansible_collections.storpool.cloudstack.plugins.module_utils._cloudstack.connection.paging import FEW, WHOLE, Pages
from ansible_collections.storpool.cloudstack.plugins.module_utils._common.errors import (
    ApiError,
    BadAnswer,
    Outdated,
    ReplyLost,
)

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
    """``rows`` in pages of ``size``. ``change`` is called before each page; ``whole`` is what the server does when it is asked for the list without a limit."""

    def __init__(self, number, size, count="all", change=None, whole="refuses"):
        self.rows = [{"id": str(each)} for each in range(number)]
        self.size, self.count, self.change, self.whole = size, COUNTS[count], change, whole
        self.calls = []

    def read(self, page, size):
        self.calls.append((page, size))
        if self.change:
            self.change(self)
        if size == WHOLE:
            assert page is None, "an error"
            if self.whole == "refuses":
                raise ApiError("refused")
            if self.whole == "does not end":
                raise ReplyLost("lost")
            rows = self.rows[: self.size] if self.whole == "gives a page" else list(self.rows)
            return rows, self.count(self.rows, rows)
        if size is not None and size > self.size:
            raise ApiError(f"Page size can't exceed max allowed page size value: {self.size}")
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


WAYS = ["refuses", "does not end", "gives a page", "gives all"]


@given(st.integers(1, 20), st.integers(1, 7), st.sampled_from(sorted(COUNTS)), st.sampled_from(WAYS))
def test_every_row_is_read_once_whatever_the_server_counts(number, size, count, whole):
    server = Server(number, size, count, whole=whole)
    assert Pages().every(server.read) == server.rows
    assert len(server.calls) <= 2 * (number // size + 2) + 1


@given(
    st.one_of(st.integers(0, 20), st.integers(FEW - 1, FEW + 1), st.integers(2 * FEW - 1, 2 * FEW + 1)),
    st.one_of(st.integers(1, 7), st.integers(FEW - 1, FEW + 1), st.just(5 * FEW)),
    st.sampled_from(sorted(COUNTS)),
    st.sampled_from(WAYS),
)
def test_every_row_of_a_list_that_should_have_few_is_read_once_as_well(number, size, count, whole):
    server, pages = Server(number, size, count, whole=whole), Pages()
    for _round in range(2):
        if number or count not in ("too small", "endless"):
            assert pages.every(server.read, few=True) == server.rows
    assert server.calls.count((1, FEW)) <= (1 if size < FEW else 2)


def test_a_list_of_few_is_one_call_and_a_server_that_refuses_so_large_a_page_is_asked_once():
    server, pages = Server(7, 500), Pages()
    assert pages.every(server.read, few=True) == server.rows
    assert server.calls == [(1, FEW)]
    server, pages = Server(7, FEW - 1), Pages()
    for _round in range(2):
        assert pages.every(server.read, few=True) == server.rows
    assert server.calls == [(1, FEW), (None, None), (2, 7), (None, None), (2, 7)]


def test_an_error_that_is_not_about_the_page_is_told_as_without_it():
    def gone(_page, _size):
        raise Outdated("entity does not exist")

    def refused(_page, size):
        raise ApiError(f"no such option ({size})")

    with pytest.raises(Outdated):
        Pages().every(gone, few=True)
    with pytest.raises(ApiError, match="None"):
        Pages().every(refused, few=True)


def test_a_list_is_asked_for_whole_where_the_server_gives_it_so_and_not_again_where_not():
    pages, server = Pages(), Server(20, 5, whole="gives all")
    for _round in range(2):
        assert pages.every(server.read) == server.rows
    assert server.calls == [(None, None), (None, WHOLE)] * 2
    for way in WAYS[:3]:
        pages, server = Pages(), Server(12, 5, whole=way)
        for _round in range(2):
            assert pages.every(server.read) == server.rows
        assert server.calls == [(None, None), (None, WHOLE), (2, 5), (3, 5), (None, None), (2, 5), (3, 5)], way


@pytest.mark.parametrize(("number", "seconds"), [(20, 2.6), (paging.MOST_AT_ONCE + 1, 0)])
def test_a_list_that_is_long_or_slow_is_read_in_pages(number, seconds):
    clock = itertools.count(0, seconds)
    server = Server(number, 5 if number == 20 else 5001, whole="gives all")
    assert Pages(lambda: next(clock)).every(server.read) == server.rows
    assert (None, WHOLE) not in server.calls


def test_what_comes_whole_counts_though_it_has_become_another_number():
    def remove_first(server):
        if len(server.calls) == 2:
            del server.rows[0]

    server = Server(7, 2, change=remove_first, whole="gives all")
    assert [row["id"] for row in Pages().every(server.read)] == ["1", "2", "3", "4", "5", "6"]
    assert len(server.calls) == 2


def test_pages_smaller_than_one_that_was_seen_are_the_last():
    pages = Pages()
    many, few = Server(5, 3), Server(2, 3)
    assert len(pages.every(many.read)) == 5
    assert len(pages.every(few.read)) == 2
    assert (many.calls, few.calls) == ([(None, None), (None, WHOLE), (2, 3)], [(None, None)])


def test_a_list_of_at_most_one_is_not_asked_for_more():
    server = Server(1, 3)
    assert len(Pages().every(server.read, one=True)) == 1
    assert len(server.calls) == 1


def test_a_server_without_pages_answers_with_the_same_rows_again():
    rows = [{"id": "1"}, {"id": "2"}]
    assert Pages().every(lambda _page, _size: (rows, 2)) == rows


def test_what_is_removed_while_the_list_is_read_hides_nothing_else():
    def remove_first(server):
        if len(server.calls) == 3:
            del server.rows[0]

    server = Server(6, 2, change=remove_first)
    assert [row["id"] for row in Pages().every(server.read)] == ["1", "2", "3", "4", "5"]


def test_what_is_added_while_the_list_is_read_is_not_there_twice():
    def add(server):
        if len(server.calls) == 3:
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
