# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The audit: all findings of two books. A pure function."""

from __future__ import annotations

import typing as t

from . import attachments, differences, places, presence
from .books import Books, Ledger
from .finding import CODES, SEVERITIES, Finding

_ORDER = {code: number for number, code in enumerate(CODES)}
_PARTS = (attachments.findings, presence.findings, differences.findings, places.findings)


def audit(books: Books, codes: t.Optional[t.Collection[str]] = None) -> t.List[Finding]:
    """The findings with these codes (all by default): the worst first, then by code and object."""
    ledger = Ledger(books)
    found = [finding for part in _PARTS for finding in part(ledger) if codes is None or finding.code in codes]
    return sorted(found, key=lambda each: (SEVERITIES.index(each.severity), _ORDER[each.code], each.object))
