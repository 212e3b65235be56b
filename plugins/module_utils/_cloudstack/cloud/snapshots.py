# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of snapshots, of volumes and of VMs, and waiting for those that pass by themselves."""

from __future__ import annotations

import datetime
import typing as t

from ..._common.errors import Outdated
from ..._common.plan import Step
from .reader import Raw, Reader

_WHEN = "%Y-%m-%dT%H:%M:%S%z"


class Kind(t.NamedTuple):
    """A kind of snapshots: its list command, the reader's function for it, and the parameter that names one; and what its states mean.

    Those in ``passing`` end by themselves, in ``ready``, in one that says that they are ``gone``, or in Error.
    """

    call: str
    function: str
    parameter: str
    ready: str
    passing: t.FrozenSet[str]
    gone: t.FrozenSet[str]

    def rows(self, reader: Reader, snapshot_id: str) -> t.List[Raw]:
        """The snapshot with this id, if there is one."""
        rows: t.List[Raw] = getattr(reader, self.function)(**{self.parameter: snapshot_id})
        return rows


OF_VOLUMES = Kind(
    "listSnapshots",
    "volume_snapshots",
    "id",
    "BackedUp",
    frozenset(["Allocated", "Creating", "CreatedOnPrimary", "BackingUp", "Copying", "Destroying"]),
    frozenset(["Destroyed", "Hidden"]),
)
OF_VMS = Kind(
    "listVMSnapshot",
    "vm_snapshots",
    "vmsnapshotid",
    "Ready",
    frozenset(["Allocated", "Creating", "Reverting", "Expunging"]),
    frozenset(["Removed"]),
)


class Settled(t.NamedTuple):
    """The snapshot is in a state that does not pass by itself, or is gone."""

    kind: Kind
    snapshot_id: str

    def watch(self, reader: Reader) -> t.Callable[[], t.Optional[str]]:
        """What is missing, asked anew each time."""

        def missing() -> t.Optional[str]:
            try:
                rows = self.kind.rows(reader, self.snapshot_id)
            except Outdated:
                return None
            states = [str(row.get("state")) for row in rows if row.get("state") in self.kind.passing]
            return f"it still is {states[0]}" if states else None

        return missing


def waiting(kind: Kind, row: Raw, who: str, seconds: int) -> Step:
    """The step that waits until what goes on with a snapshot has ended."""
    words = f"wait until {who} is no longer {row.get('state')}"
    return Step(kind.call, None, Settled(kind, str(row["id"])), words, method="GET", timeout=seconds)


def holds_all(safety: Raw, vm: t.Optional[Raw]) -> bool:
    """Whether nothing can have been written to the disks after this snapshot: their VM is stopped, and has been since before.

    CloudStack tells when a VM became what it is (4.16 and newer). It tells nothing of a volume that no VM has.
    """
    if vm is None or vm.get("state") != "Stopped":
        return False
    try:
        stopped, taken = (
            datetime.datetime.strptime(str(row[key]), _WHEN) for row, key in ((vm, "lastupdated"), (safety, "created"))
        )
    except (KeyError, ValueError):
        return False
    return stopped < taken
