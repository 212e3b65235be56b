# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of a volume and of its VM, and how to wait until what goes on with them is over."""

from __future__ import annotations

import typing as t

from ..cloud.reader import Raw, Reader

#: States in which a volume can be changed.
SETTLED = ("Allocated", "Ready", "Uploaded")
#: It only waits to be expunged, or is.
GOING = ("Destroy", "Destroying", "Expunging", "Expunged")
#: Nothing is known of what it will be like before this is over.
_MAKING = ("Creating", "Copying", "UploadInProgress")
_PASSING = (*_MAKING, "Migrating", "Snapshotting", "RevertSnapshotting", "Resizing", "Attaching", "Expunging")
#: States of a VM that pass by themselves. In all others but these and the two that it rests in, nothing is done to its volumes.
VM_PASSING = ("Starting", "Stopping", "Migrating")
VM_SETTLED = ("Running", "Stopped")

Missing = t.Callable[[], t.Optional[str]]


def is_in_the_making(row: Raw) -> bool:
    """Whether a volume is not complete yet."""
    return row.get("state") in _MAKING


def is_going_on(row: Raw) -> bool:
    """Whether something works on a volume, or on its VM: CloudStack shows the job in progress on an object with it."""
    return (
        row.get("state") in _PASSING
        or row.get("vmstate") in VM_PASSING
        or (bool(row.get("jobid")) and row.get("jobstatus") == 0)
    )


class Settled(t.NamedTuple):
    """Nothing works on the volume any more; if it is to be ``gone``, it is in no list."""

    volume_id: str
    gone: bool = False

    def watch(self, reader: Reader) -> Missing:
        """What is missing, asked anew each time."""

        def missing() -> t.Optional[str]:
            row = reader.volume(self.volume_id)
            if row is None or not (self.gone or is_going_on(row)):
                return None
            of_vm = f", and its VM {row['vmstate']}" if row.get("vmstate") in VM_PASSING else ""
            return f"it is {row.get('state')}{of_vm}. If no management server works on it (one may have been restarted), repair it in CloudStack"

        return missing


class SettledVm(t.NamedTuple):
    """The VM is in a state that does not pass by itself, or is gone."""

    vm_id: str

    def watch(self, reader: Reader) -> Missing:
        """What is missing, asked anew each time."""

        def missing() -> t.Optional[str]:
            states = [vm.get("state") for vm in reader.vms(id=self.vm_id)]
            return f"it is {states[0]}" if states and states[0] in VM_PASSING else None

        return missing
