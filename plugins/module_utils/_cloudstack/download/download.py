# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes as files on the host that runs the task: what a task may want, what it has to know first, and how the steps of its plan are carried out."""

from __future__ import annotations

import typing as t

from ..._common.errors import BadAnswer, NotConverged
from ..._common.plan import Managed, Plan, Step
from ..._common.time_left import checked
from .. import texts
from ..cloud import checksum, named
from ..cloud.reader import Raw, Reader
from ..cloud.waiting import Worker
from ..connection.api import Api
from .fetch import Fetch, address, most_bytes
from .plan import SAVE, Current, File, Want, plan

SPEC: t.Dict[str, t.Any] = {
    "argument_spec": {
        "volume": {"type": "str", "required": True},
        "zone": {"type": "str"},
        "dest": {"type": "path", "required": True},
        "checksum": {"type": "str"},
        "force": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 7200},
    }
}


class Disk(t.NamedTuple):
    """The files of the host, which this side knows nothing of.

    ``found`` gives the file at a path, with the checksum of an algorithm; ``check`` raises if no file can be made there; ``free`` is how many bytes more
    fit there. ``unfinished`` is a context in which a file is made beside its place (``size``, ``digest``, ``restart()``, ``add(piece)``), and gets its name
    (``name(replace)``).
    """

    found: t.Callable[[str, str], t.Optional[t.Any]]
    check: t.Callable[[str], None]
    free: t.Callable[[str], int]
    unfinished: t.Callable[[str, str], t.ContextManager[t.Any]]


def want(params: t.Mapping[str, t.Any]) -> Want:
    """What the options describe. Raises :class:`InvalidOption`."""
    asked = checksum.parse(params["checksum"])
    return Want(
        volume=str(texts.text(params["volume"], "volume")),
        zone=texts.text(params["zone"], "zone"),
        dest=str(texts.text(params["dest"], "dest", 4096)),
        checksum=asked,
        algorithm=asked.name.replace("-", "").lower() if asked else "sha256",
        force=params["force"],
        wait_timeout=checked(params, "wait_timeout"),
    )


class Download:
    """One run of a task: between its steps it knows where CloudStack hands the volume out, and afterwards what it has made of it."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self._wanted: t.Optional[Want] = None
        self._current = Current()
        self._url: t.Optional[str] = None
        self._saved: t.Optional[File] = None

    @property
    def kind(self) -> Managed:
        """What there is to manage."""
        return Managed("download", SPEC, want, self._look, self._plan)

    def carry(self, api: Api, worker: Worker) -> t.Callable[[Step], t.Any]:
        """What carries out the steps of the plan."""

        def apply(step: Step) -> None:
            if step.call == SAVE:
                self._save(api)
            else:
                self._url = address(_extracted(worker.apply(step)).get("url"))

        return apply

    def _look(self, reader: Reader, wanted: Want) -> Current:
        self._wanted = wanted
        if self._saved is None:
            self._current = look(reader, wanted, self._disk)
        return self._current._replace(saved=self._saved)

    def _plan(self, current: Current, wanted: Want) -> Plan:
        return plan(current, wanted)

    def _save(self, api: Api) -> None:
        wanted, url, volume = t.cast(Want, self._wanted), t.cast(str, self._url), t.cast(Raw, self._current.volume)
        with self._disk.unfinished(wanted.dest, wanted.algorithm) as out:
            most, is_checked = most_bytes(volume.get("size")), wanted.checksum is not None
            Fetch(api, url, out, most, lambda: self._disk.free(wanted.dest), is_checked).run()
            if wanted.checksum and out.digest != wanted.checksum.digest:
                raise NotConverged(
                    f"what was downloaded has the {wanted.algorithm} checksum {out.digest}, not {wanted.checksum.digest}, so it was thrown away. The volume "
                    "holds something else, or CloudStack handed out a copy that it had made earlier (it keeps them for some hours)."
                )
            out.name(replace=self._current.there is not None)
            self._saved = File(out.size, out.digest)


def look(reader: Reader, wanted: Want, disk: Disk) -> Current:
    """Read what :func:`plan` needs. Raises :class:`Ambiguous` if several volumes answer to the description, and one of them is needed."""
    there = disk.found(wanted.dest, wanted.algorithm)
    current = Current(File(there.size, there.digest) if there else None)
    if not wanted.is_met_by(current.there):
        disk.check(wanted.dest)
    zone = reader.zone(wanted.zone) if wanted.zone is not None else None
    if wanted.zone is not None and zone is None:
        return current._replace(is_zone_missing=True, others=tuple(reader.zones()))
    zone_id = str(zone["id"]) if zone else None
    rows = reader.volumes_called(wanted.volume, zone_id)
    if len(rows) > 1 and wanted.is_met_by(current.there):
        return current
    volume = named.the_one("volume", "volume", wanted.volume, rows)
    if volume is None and not wanted.is_met_by(current.there):
        return current._replace(others=tuple(reader.volumes(**named.within(zone_id))))
    return current._replace(volume=volume)


def _extracted(result: t.Any) -> t.Mapping[str, t.Any]:
    volume = result.get("volume") if isinstance(result, dict) else None
    if not isinstance(volume, dict):
        raise BadAnswer("CloudStack's job ended without an answer about the volume.", call="POST extractVolume")
    return volume
