# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failures that only the hosts' side knows."""

from __future__ import annotations

from .._common.errors import Failure


class Unusable(Failure):
    """A file is damaged, or of another kind than its name says."""

    kind = "unusable"


class NotRecognised(Failure):
    """A file is sound, and not exactly what is known; so nobody can say what a change would do to it."""

    kind = "not_recognised"


class NotAccessible(Failure):
    """The operating system does not let a file be read or written."""

    kind = "not_accessible"


class NoSpace(Failure):
    """There is not enough space for what would be written."""

    kind = "no_space"


class Differs(Failure):
    """What was written, or came, is not what it should be."""

    kind = "differs"
