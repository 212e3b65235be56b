# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that CloudStack keeps in its database: what may be in them."""

from __future__ import annotations

import typing as t

from .._common import words
from .._common.errors import InvalidOption


def text(value: t.Any, option: str, most: int = 255) -> t.Any:
    """The value of an option as it is, also if it was not given. Raises :class:`InvalidOption` for what cannot be stored."""
    if value is not None and (not value.strip() or value != value.strip() or len(value) > most):
        raise InvalidOption(
            f"{option} is {value[:80]!r}: give 1 to {most} characters, with no space at the beginning or the end."
        )
    return value


def storage_tags(tags: t.Optional[t.Sequence[str]]) -> t.Optional[t.Tuple[str, ...]]:
    """Storage tags in order, each once; None if the option was not given. Raises :class:`InvalidOption`."""
    if tags is None:
        return None
    for tag in tags:
        if not tag.strip() or tag != tag.strip() or "," in tag:
            raise InvalidOption(
                f"tags: {tag!r} cannot be a storage tag. A tag is not empty, has no comma, and no space at its beginning or end."
            )
    return tuple(sorted(set(tags)))


def there_is(rows: t.Iterable[t.Mapping[str, t.Any]], wanted: t.Optional[str] = None) -> str:
    """What there is in place of what was asked for, as the end of an error: ``Did you mean 'zone1'? CloudStack has zone1 and zone2.``"""
    return words.there_is("CloudStack", (str(row["name"]) for row in rows), wanted)
