# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes as people write and read them; inside, a size is a number of bytes."""

from __future__ import annotations

import re
import typing as t

from .errors import InvalidOption

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGTP]i?B?|B)?", re.IGNORECASE)
_UNITS = ("", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(value: t.Optional[str], option: str, multiple: int, whose: str) -> t.Optional[int]:
    """Bytes from ``10GiB``, ``512MiB``, ``1.5T`` or a plain number of bytes; units are powers of 1024.

    ``multiple`` is what the size has to be a positive multiple of, and ``whose`` rule that is, for the sentence. Raises :class:`InvalidOption`.
    """
    if value is None:
        return None
    match = _SIZE.fullmatch(str(value).strip())
    if not match:
        raise InvalidOption(f"{option}: {value!r} is no size. Give bytes, or a number with KiB, MiB, GiB, TiB or PiB.")
    number, unit = match.group(1), (match.group(2) or "B").upper()
    if len(unit) == 2 and unit != "IB" and unit.endswith("B"):
        raise InvalidOption(
            "{0}: {1!r} could mean powers of 1000 or of 1024. Write {2}.".format(option, value, number + unit[0] + "iB")
        )
    factor = 1 << 10 * "BKMGTP".index(unit[0])
    whole, _dot, fraction = number.partition(".")
    parts = int(fraction or 0) * factor
    scale: int = 10 ** len(fraction)
    count = int(whole) * factor + parts // scale
    if parts % scale or count <= 0 or count % multiple:
        of = f"multiple of {multiple} bytes" if multiple > 1 else "number of bytes"
        raise InvalidOption(f"{option}: {value} is not a positive {of}, as {whose} needs it.")
    return count


def human(count: int) -> str:
    """A number of bytes for people: ``10 GiB``, ``1.5 TiB``, ``512 B``; exact, or bytes."""
    for power in range(len(_UNITS) - 1, 0, -1):
        unit = 1 << 10 * power
        whole, rest = divmod(count, unit)
        if whole and rest * 100 % unit == 0:
            fraction = f".{rest * 100 // unit:02}".rstrip("0") if rest else ""
            return f"{whole}{fraction} {_UNITS[power]}"
    return f"{count} B"
