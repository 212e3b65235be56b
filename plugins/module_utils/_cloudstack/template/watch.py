# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task waits for: a template that is ready in its zone, or gone from it, or cached on a StorPool pool."""

from __future__ import annotations

import typing as t

from ..._common.errors import Incomplete
from ..cloud.reader import Raw, Reader
from . import progress

Missing = t.Callable[[], t.Optional[str]]


class Ready(t.NamedTuple):
    """VMs can be made of the template in the zone; or, if it is not ``wanted``, nothing is made of it any more."""

    template_id: str
    zone_id: str
    who: str
    wanted: bool = True

    def watch(self, reader: Reader) -> Missing:
        """What is missing, asked anew each time. Raises :class:`Incomplete` for a template that will never be ready."""

        def missing() -> t.Optional[str]:
            row = reader.template(self.template_id, self.zone_id)
            if not self.wanted and (row is None or not progress.is_in_the_making(row)):
                return None
            if row is None:
                raise Incomplete(
                    f"{self.who} is no longer there, so CloudStack could not make it, or somebody has removed it. The log of the management server tells "
                    "why. Run the task again to have it made anew."
                )
            state, words = progress.progress(row)
            if state == progress.FAILED:
                raise Incomplete(failed(self.who, words))
            return None if state == progress.READY else f"CloudStack says {words!r}"

        return missing


class Gone(t.NamedTuple):
    """The template is not in the zone any more."""

    template_id: str
    zone_id: str

    def watch(self, reader: Reader) -> Missing:
        """What is missing, asked anew each time."""

        def missing() -> t.Optional[str]:
            return "CloudStack still lists it" if reader.template(self.template_id, self.zone_id) else None

        return missing


class Cached(t.NamedTuple):
    """The template is on the pool, as CloudStack says or StorPool."""

    template_id: str
    zone_id: str
    pool: t.Tuple[str, str]  # id, and the StorPool template

    def watch(self, reader: Reader) -> Missing:
        """What is missing, asked anew each time."""

        def missing() -> t.Optional[str]:
            pool_id, storpool_template = self.pool
            row: Raw = reader.template(self.template_id, self.zone_id) or {}
            if progress.is_told_cached(row, {"id": pool_id}) or reader.cached_copy(self.template_id, storpool_template):
                return None
            return (
                "neither CloudStack nor StorPool has the copy. CloudStack makes it without a job, and tells failures only in the log of the management server: "
                "look there, and check that a host that is up has connected the pool, and that the sp_ options are those of the pool's StorPool cluster"
            )

        return missing


def failed(who: str, words: str) -> str:
    """The sentence about a template whose download failed."""
    return (
        f"{who} is in CloudStack, but its download failed: {words.rstrip('.')}. Check that the secondary storage VM of the zone can reach the address, and "
        "that the address and the checksum are right; then remove the template (state absent), and run the task again."
    )
