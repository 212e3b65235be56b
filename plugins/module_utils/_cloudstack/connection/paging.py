# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that come in pages, read to their end, whatever the server says about how long they are.

CloudStack answers with at most default.page.size objects and a ``count``, which on some servers is that of the page. Asking for larger pages is an
error, and a page beyond the end has no rows. So a list ends with a page that has nothing new, or fewer rows than pages of this server have.

A page size of -1 without a page is no limit, whatever default.page.size says. What comes so was there at one moment, and in one call. That is asked for where
the first page shows that the server needs a few seconds for it, and not again of a server that refuses it, or gives no more than a page.

Where a list is to have few rows, a page of :data:`FEW` is asked for: fewer rows are all, which saves the page after the last. A server whose pages are smaller
refuses that, and is not asked so again.
"""

from __future__ import annotations

import time
import typing as t

from ..._common.answers import is_whole
from ..._common.errors import ApiError, BadAnswer, Failure, Outdated, TransientError, Unauthorized

Row = t.Dict[str, t.Any]
#: The size of a page that is the whole list.
WHOLE = -1
#: The size of the page that is asked for where fewer rows are expected.
FEW = 100
#: Reads a page: its number and size, or ``None`` for what the server gives without them. Returns its rows and its ``count``. The ``WHOLE`` has no number.
Read = t.Callable[[t.Optional[int], t.Optional[int]], t.Tuple[t.List[Row], t.Any]]

#: No list that is read here has more.
MOST_ROWS = 1_000_000
MOST_PAGES = 5000
#: How often a list is read that changes meanwhile.
MOST_PASSES = 4
#: How many rows are asked for in one call, and how many seconds that may take by what a page took.
MOST_AT_ONCE = 20_000
SECONDS_AT_ONCE = 10.0


class Pages:
    """What is known of the pages of one server: the largest that it gave, as one with fewer rows is the last of its list, and whether it gives lists whole."""

    def __init__(self, clock: t.Callable[[], float] = time.monotonic) -> None:
        self._largest = 0
        self._whole = True
        self._few = True
        self._clock = clock

    def every(self, read: Read, one: bool = False, few: bool = False) -> t.List[Row]:
        """All rows, each once. With ``one`` there can be no more than one, and nothing is asked for after it; with ``few``, few are expected.

        Rows that come twice, and a number of them that is not the one that the server tells, mean that the list changed while it was read: it is read
        again, until it is as it was told, or the same twice. Raises :class:`BadAnswer` if neither happens, or if there is no end to it.
        """
        short = self._as_few(read) if few and not one else None
        if short is not None:
            return short
        before: t.Optional[t.List[t.Any]] = None
        for _pass in range(MOST_PASSES):
            rows, as_told = self._pass(read, one)
            keys = sorted(rows, key=repr)
            if as_told or keys == before:
                return list(rows.values())
            before = keys
        raise BadAnswer(
            "CloudStack lists other objects each time, so it is not known what there is. Run the task again when less is being created and removed."
        )

    def _as_few(self, read: Read) -> t.Optional[t.List[Row]]:
        """The list, if it is shorter than a page of :data:`FEW`; ``None`` if that does not show."""
        if self._few:
            try:
                rows, count = read(1, FEW)
            except ApiError as refusal:
                if isinstance(refusal, (Outdated, TransientError, Unauthorized)):
                    raise
                self._few = False  # if it was about something else, the next page says so
                return None
            if len(rows) < FEW and (_number(count, len(rows)) or 0) <= len(rows):
                return list({_key(row): row for row in rows}.values())
        return None

    def _pass(self, read: Read, one: bool) -> t.Tuple[t.Dict[t.Any, Row], bool]:
        """The rows by what they are known by, and whether none came twice and there are as many as the server tells."""
        begun = self._clock()
        page, count = read(None, None)
        took = self._clock() - begun
        size = came = len(page)
        if not page and is_whole(count) and count > 0:
            raise BadAnswer(f"CloudStack says that there are {count} objects, and lists none of them.")
        rows = {_key(row): row for row in page}
        counts = {_number(count, size)}
        full, number = size >= self._largest, 1
        self._largest = max(self._largest, size)
        told = _number(count, size) or 0
        if size < told <= MOST_AT_ONCE and not one and took * told <= SECONDS_AT_ONCE * size:
            whole, count = self._at_once(read, size)
            if whole:
                rows = {_key(row): row for row in whole}
                return rows, len(rows) == len(whole) == count
        while page and not one and (full or len(rows) < _most(counts)):
            number += 1
            page, count = read(number, size)
            counts.add(_number(count, len(page)))
            new = {_key(row): row for row in page if _key(row) not in rows}
            if not new:
                break
            rows.update(new)
            came += len(page)
            full = len(page) >= size
            if len(rows) > MOST_ROWS or number > MOST_PAGES:
                raise BadAnswer(f"CloudStack's list has no end: it goes on after {len(rows)} objects.")
        return rows, came == len(rows) and counts <= {None, came}

    def _at_once(self, read: Read, size: int) -> t.Tuple[t.List[Row], t.Any]:
        """The whole list, which is longer than a page of this size, and its count; nothing from a server that does not give it."""
        if self._whole:
            try:
                rows, count = read(None, WHOLE)
            except Failure:  # if pages fail as well, that says why
                rows, count = [], None
            if len(rows) > size and not (is_whole(count) and count > len(rows)):
                return rows, count
            self._whole = False
        return [], None


def _most(counts: t.Iterable[t.Optional[int]]) -> int:
    return max((count for count in counts if count is not None), default=0)


def _number(count: t.Any, rows: int) -> t.Optional[int]:
    """The number of rows that a server tells; ``None`` if it does not, or if it is that of the page and so says nothing."""
    return count if is_whole(count) and count != rows else None


def _key(row: Row) -> t.Any:
    """What tells two rows from each other: the id, or where there is none all that they are."""
    for member in ("id", "jobid"):
        if member in row:
            return row[member]
    return repr(sorted(row.items(), key=lambda pair: pair[0]))
