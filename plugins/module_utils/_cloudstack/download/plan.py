# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan for a volume that is to be a file: pure, from what was read to what is to be done."""

from __future__ import annotations

import typing as t

from ..._common.errors import NotAllowed
from ..._common.plan import Plan, Step
from ..._common.words import sentence
from ..cloud import named, results
from ..cloud.checksum import Checksum
from ..cloud.reader import Raw

#: The step that is no call to CloudStack.
SAVE = "download"
_ADVICE = (
    (
        "secondary storage",
        "Check the secondary storage of the zone, its room and its VM, and that a host with the StorPool client is up.",
    ),
    ("stopped state", "Detach the volume, or stop its VM."),
    ("encrypted", "CloudStack hands out no encrypted volumes."),
)


class File(t.NamedTuple):
    """A file on the host: its size in bytes, and its checksum as hexadecimal digits."""

    size: int
    digest: str


class Want(t.NamedTuple):
    """A volume (name or id, in a zone if one is given) as a file. ``algorithm`` is that of its checksum, as ``hashlib`` calls it."""

    volume: str
    zone: t.Optional[str]
    dest: str
    checksum: t.Optional[Checksum]
    algorithm: str
    force: bool
    wait_timeout: int

    def __str__(self) -> str:
        return f"volume {self.volume!r}"

    def is_met_by(self, there: t.Optional[File]) -> bool:
        """Whether a file is what is wanted: of the checksum, or, if there is none, there at all."""
        if there is None:
            return False
        return there.digest == self.checksum.digest if self.checksum else not self.force


class Current(t.NamedTuple):
    """What a plan for one file has to know. ``saved`` is what this run has downloaded already."""

    there: t.Optional[File] = None
    volume: t.Optional[Raw] = None
    is_zone_missing: bool = False
    others: t.Tuple[Raw, ...] = ()  # the zones, or the volumes, if the one that is meant is not there
    saved: t.Optional[File] = None


def plan(current: Current, wanted: Want) -> Plan:
    """What makes the file of the volume. Raises :class:`NotFound` and :class:`NotAllowed`."""
    before = _shown(current.volume, wanted, current.there) if current.there else None
    if current.saved or wanted.is_met_by(current.there):
        after = _shown(current.volume, wanted, current.saved or current.there)
        return Plan((), before, after)
    if current.is_zone_missing:
        raise named.missing("zone", "zone", wanted.zone, current.others)
    volume = current.volume
    if volume is None:
        where = f" in zone {wanted.zone!r}" if wanted.zone else ""
        raise named.missing("volume", "volume", wanted.volume, current.others, where)
    if current.there and not wanted.force and wanted.checksum:
        raise NotAllowed(
            f"{wanted.dest} is there and has the {wanted.algorithm} checksum {current.there.digest}, not {wanted.checksum.digest}, and it is not replaced. "
            "Remove it, give another dest, or set force."
        )
    _check(volume)
    who = f"volume {volume['name']!r}"
    body = {"id": volume["id"], "zoneid": volume.get("zoneid"), "mode": "HTTP_DOWNLOAD"}
    extract = Step(
        "extractVolume",
        None,
        body,
        f"have {who} copied to secondary storage",
        timeout=wanted.wait_timeout,
        advice=_ADVICE,
    )
    save = Step(SAVE, None, None, f"download {who} to {wanted.dest}", method="HTTP", timeout=wanted.wait_timeout)
    losses = (f"{wanted.dest} is replaced: what it holds now is lost.",) if current.there else ()
    return Plan((extract, save), before, _shown(volume, wanted, None), losses=losses)


def _check(volume: Raw) -> None:
    """Refuse what CloudStack would refuse, or copy while somebody writes to it."""
    who, running = sentence(f"volume {volume['name']!r}"), volume.get("vmstate")
    if running and running != "Stopped":
        raise NotAllowed(
            f"{who} is that of VM {str(volume.get('vmdisplayname') or volume.get('vmname'))!r}, which is {running}, and CloudStack hands out only volumes that "
            "nobody writes to. Stop the VM, detach the volume, or make a volume of a snapshot of it and download that."
        )
    if volume.get("state") not in (None, "Ready") or not volume.get("storageid"):
        raise NotAllowed(
            f"{who} is {volume.get('state')}, and CloudStack hands out only volumes that are Ready on a pool. One that was never attached has no data yet."
        )


def _shown(volume: t.Optional[Raw], wanted: Want, there: t.Optional[File]) -> t.Dict[str, t.Any]:
    """The file as results show it; of one that is yet to come, the checksum that it has to have."""
    digest = there.digest if there else wanted.checksum.digest if wanted.checksum else None
    return results.download(
        volume or {}, wanted.dest, there.size if there else None, digest and f"{wanted.algorithm}:{digest}"
    )
