# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which failures turn a run back: those that say for good that a step cannot be done."""

from __future__ import annotations

import typing as t

from .._common.errors import ApiError, Failure, NotAllowed, Outdated, TransientError, Unauthorized
from .._common.plan import NEW_FACTS, Step


class Gone(NotAllowed):
    """What a restore needs is no more, so it can never end: what has begun turns back."""


class Refusals:
    """What was refused in a run. What another look may explain is final only when it is refused once more."""

    def __init__(self) -> None:
        self._seen: t.List[t.Tuple[str, str]] = []

    def is_final(self, step: Step, failure: Failure) -> bool:
        """Whether a failure is a final one of this step: an error of the API's that does not pass, and that another look has not explained.

        One of the question about a job says nothing of the job, and one without a description does not say that it was not done.
        """
        if not isinstance(failure, ApiError) or isinstance(failure, (Outdated, TransientError, Unauthorized)):
            return False
        if not str(failure.call).startswith(f"POST {step.call}") or failure.error.get("descr") == "no description":
            return False
        this = (step.call, str(step.body))
        again = this in self._seen
        self._seen.append(this)
        return again or failure.name not in NEW_FACTS
