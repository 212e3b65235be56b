# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes as people write and read them; inside, a size is a number of bytes."""

from __future__ import annotations

import re
import typing as t

from .errors import InvalidOption
from .given import refuse_empty
from .words import quoted

#: Plain numbers below this are hardly ever meant as bytes.
LEAST_WITHOUT_UNIT = 1 << 20
#: What a signed number of 64 bits holds; no disk array is as large.
MOST = (1 << 63) - 1
_SIZE = re.compile(r"([0-9]{1,20}(?:\.[0-9]{1,20})?)\s*([KMGTP]i?B?|B)?", re.IGNORECASE)
_UNITS = ("", "KiB", "MiB", "GiB", "TiB", "PiB")


def size(value: t.Optional[str], option: str, multiple: int, whose: str) -> t.Optional[int]:
    """Bytes from ``10GiB``, ``512MiB``, ``1.5T``, ``512B`` or a plain number of bytes, from 1 MiB on; units are powers of 1024.

    ``multiple`` is what the size has to be a positive multiple of, and ``whose`` rule that is, for the sentence. Raises :class:`InvalidOption`.
    """
    if value is None:
        return None
    refuse_empty(value, option)
    match = _SIZE.fullmatch(str(value).strip())
    if not match:
        raise InvalidOption(
            f"{option}: {quoted(value)} is no size. Give bytes, or a number with KiB, MiB, GiB, TiB or PiB."
        )
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
    if match.group(2) is None and 0 < count < LEAST_WITHOUT_UNIT:
        bytes_are_meant = "" if count % multiple else f" If bytes are meant, write {number}B."
        raise InvalidOption(
            f"{option}: {number} without a unit is {number} bytes. Did you mean {number}GiB?{bytes_are_meant}"
        )
    if count > MOST:
        raise InvalidOption(f"{option}: {value} is more than {human(MOST + 1)}, the most that can be said.")
    if parts % scale or count <= 0 or count % multiple:
        unit = f"{multiple} bytes" if multiple < 1 << 20 else human(multiple)
        of = f"multiple of {unit}" if multiple > 1 else "number of bytes"
        raise InvalidOption(f"{option}: {value} is not a positive {of}, as {whose} needs it.")
    return count


def about(count: int) -> str:
    """A number of bytes for people who do not need the last of them: ``10 GiB``, ``about 5.82 TiB``."""
    power = next((power for power in range(len(_UNITS) - 1, 0, -1) if count >= 1 << 10 * power), 0)
    exact = human(count)
    return (
        exact
        if not power or exact.endswith(_UNITS[power])
        else f"about {count / (1 << 10 * power):.2f} {_UNITS[power]}"
    )


def human(count: int) -> str:
    """A number of bytes for people: ``10 GiB``, ``1.5 TiB``, ``512 B``; exact, or bytes."""
    for power in range(len(_UNITS) - 1, 0, -1):
        unit = 1 << 10 * power
        whole, rest = divmod(count, unit)
        if whole and rest * 100 % unit == 0:
            fraction = f".{rest * 100 // unit:02}".rstrip("0") if rest else ""
            return f"{whole}{fraction} {_UNITS[power]}"
    return f"{count:,} B"
