# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lists that come in pages, read to their end, whatever the server says about how long they are.

CloudStack answers with at most default.page.size objects and a ``count``, which on some servers is that of the page. Asking for larger pages is an
error, and a page beyond the end has no rows. So a list ends with a page that has nothing new, or fewer rows than pages of this server have.
"""

from __future__ import annotations

import typing as t

from ..._common.answers import is_whole
from ..._common.errors import BadAnswer

Row = t.Dict[str, t.Any]
#: Reads a page: its number and size, or ``None`` for what the server gives without them. Returns its rows and its ``count``.
Read = t.Callable[[t.Optional[int], t.Optional[int]], t.Tuple[t.List[Row], t.Any]]

#: No list that is read here has more.
MOST_ROWS = 1_000_000
MOST_PAGES = 5000
#: How often a list is read that changes meanwhile.
MOST_PASSES = 4


class Pages:
    """What is known of the pages of one server: the largest that it gave. One with fewer rows than that is the last of its list."""

    def __init__(self) -> None:
        self._largest = 0

    def every(self, read: Read, one: bool = False) -> t.List[Row]:
        """All rows, each once. With ``one`` there can be no more than one, and nothing is asked for after it.

        Rows that come twice, and a number of them that is not the one that the server tells, mean that the list changed while it was read: it is read
        again, until it is as it was told, or the same twice. Raises :class:`BadAnswer` if neither happens, or if there is no end to it.
        """
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

    def _pass(self, read: Read, one: bool) -> t.Tuple[t.Dict[t.Any, Row], bool]:
        """The rows by what they are known by, and whether none came twice and there are as many as the server tells."""
        page, count = read(None, None)
        size = came = len(page)
        if not page and is_whole(count) and count > 0:
            raise BadAnswer(f"CloudStack says that there are {count} objects, and lists none of them.")
        rows = {_key(row): row for row in page}
        counts = {_number(count, size)}
        full, number = size >= self._largest, 1
        self._largest = max(self._largest, size)
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
