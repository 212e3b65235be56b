# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task gives its options, and in which words a mistake in it is told: always with the option's path, such as ``volumes[3].size``."""

from __future__ import annotations

import typing as t

from .errors import InvalidOption


def refuse_empty(value: t.Any, option: str) -> None:
    """Raise :class:`InvalidOption` for a text with nothing in it. Few people write one; it is what a template makes of a variable that is empty."""
    if isinstance(value, str) and not value.strip():
        raise InvalidOption(empty(option))


def empty(option: str) -> str:
    """What to say of an option that is empty."""
    return f"{option} is empty: the variable it comes from is empty or undefined. Give it a value, or leave the option out."
