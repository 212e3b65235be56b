# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this host does for an image: the hands of a module whose head is on StorPool's side."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ..._common.errors import Failure, NotAllowed
from ..errors import Differs, NoSpace, NotAccessible
from . import beside, device, locks, place, source
from .place import Known
from .progress import Progress
from .qemu import Node, Qemu, find
from .source import Source
from .want import Want

#: What a QCOW2 image takes beside its data: one part in so many, and some tables.
_TABLES, _LEAST_TABLES = 1000, 1 << 20


class Hands:
    """What the task wants of this host, and what it takes to do it. Everything raises :class:`Failure`."""

    def __init__(self, wanted: Want, progress: Progress) -> None:
        self._wanted = wanted
        self._progress = progress
        self._program: t.Optional[Qemu] = None

    @property
    def given_sha256(self) -> t.Optional[str]:
        """The SHA-256 that the source has to have, if the task says it."""
        return self._wanted.sha256

    @property
    def given_format(self) -> t.Optional[str]:
        """The format that the task insists on."""
        return self._wanted.format

    @property
    def is_fetched(self) -> bool:
        """Whether the source comes from an address."""
        return self._wanted.is_url

    @property
    def may_replace(self) -> bool:
        """Whether a file that is there may be replaced."""
        return self._wanted.allow_replace

    @property
    def dest(self) -> str:
        """Where an exported file shall be."""
        return self._wanted.dest

    @property
    def _qemu(self) -> Qemu:
        if self._program is None:
            self._program = find(self._wanted.qemu_img, self._wanted.copy_seconds)
        return self._program

    def check(self) -> None:
        """Whether this host can do it at all: raises if there is no qemu-img, or only root could."""
        if os.geteuid() != 0 and self._wanted.device_dir == "/dev":
            raise NotAccessible("Only root can use the devices of StorPool volumes: the task needs become: true.")
        self._qemu  # noqa: B018

    @staticmethod
    def no_space(words: str) -> Failure:
        """The failure for want of space, wherever that is."""
        return NoSpace(words)

    @staticmethod
    def alone(key: str, seconds: float, busy: t.Callable[[], Exception]) -> t.ContextManager[None]:
        """As :func:`.locks.alone`."""
        return locks.alone(key, seconds, busy)

    @contextlib.contextmanager
    def source(self) -> t.Iterator[Source]:
        """The image that is to be imported, while it is open."""
        self._progress.say("fetching" if self._wanted.is_url else "looking at the image")
        with source.opened(self._wanted, self._qemu) as image:
            yield image

    def refuse_no_place(self) -> None:
        """Raise if the source comes from an address, and could not be kept here."""
        if self._wanted.is_url:
            source.refuse_no_place(self._wanted)

    def source_sha256(self) -> str:
        """The SHA-256 of the source, as the task says it or as it is."""
        if self._wanted.sha256:
            return self._wanted.sha256
        return source.sha256_of_file(self._wanted.src)

    def fill(self, image: Source, global_id: str, name: t.Optional[str], size: int, seconds: float) -> str:
        """Copy an image onto the new, empty volume with this id, name and size, whose device is there within ``seconds``; returns its SHA-256.

        What the device has then is what the image has, if the task does not leave that out.
        """
        with device.opened(self._wanted.device_dir, global_id, name, size, True, seconds) as target:
            self._qemu.fill(image.node, target.node, self._progress.part("copying"))
            target.settle()
            if self._wanted.verify:
                written = f"the volume on {target.path}"
                self._refuse_different(image.node, target.node, image.size, written, "the image")
            sha256 = image.hash()
            image.refuse_changed()
        return sha256

    def standing(self) -> t.Tuple[bool, t.Optional[Known]]:
        """Whether there is a file at ``dest``, and what it is, if that is known."""
        return place.standing(self.dest)

    def is_as_wanted(self, known: t.Optional[Known], origin: str) -> bool:
        """Whether a file is what would be exported of ``origin``."""
        return known is not None and (known.source, known.format, known.compress) == (
            origin,
            self.saved_format,
            self._wanted.compress,
        )

    def refuse_to_replace(self, there: bool, known: t.Optional[Known]) -> None:
        """Raise :class:`NotAllowed` if a file would be lost that the task does not say may be."""
        if there and not self._wanted.allow_replace:
            what = (
                f"an image of {known.source} as {known.format}" if known else "not known to be an image of this module"
            )
            raise NotAllowed(f"dest: {self.dest} is there, and is {what}. Set allow_replace if it may be replaced.")

    def refuse_no_room(self, size: int, stored: t.Callable[[], t.Optional[int]]) -> None:
        """Raise :class:`NoSpace` if it is sure that there is not enough; ``stored`` is asked only if that is not clear without."""
        if self._wanted.compress:
            return
        tables = 0 if self.saved_format == "raw" else size // _TABLES + _LEAST_TABLES
        if place.free(self.dest) >= size + tables:
            return
        data = stored()
        if data is not None:
            place.refuse_no_room(self.dest, min(data, size))

    @property
    def saved_format(self) -> str:
        """The format of an exported file."""
        return self._wanted.format or "qcow2"

    def foreseen(self, origin: str, size: int) -> Known:
        """What :meth:`save` would return, as far as it can be known."""
        return Known(origin, self.saved_format, self._wanted.compress, size, 0, "")

    def save(self, origin: str, global_id: str, name: t.Optional[str], size: int, seconds: float) -> Known:
        """Make the file of the attached volume or snapshot with this id, name and size, whose device is there within ``seconds``."""
        form, dest = self.saved_format, self.dest
        with contextlib.ExitStack() as stack:
            origin_device = stack.enter_context(
                device.opened(self._wanted.device_dir, global_id, name, size, False, seconds)
            )
            handle = stack.enter_context(place.unfinished(dest))
            self._qemu.save(origin_device.node, handle, form, self._wanted.compress, self._progress.part("copying"))
            place.settle(handle, dest)
            with beside.reading(lambda stop: source.sha256_of(handle, dest, stop)) as hashing:
                if self._wanted.verify:
                    file = Node(handle, form, direct=device.can_be_direct(handle))
                    self._refuse_different(file, origin_device.node, size, dest, f"the {origin_device.path}")
                sha256 = hashing.result()
            known = Known(origin, form, self._wanted.compress, size, os.fstat(handle).st_size, sha256)
            self.refuse_to_replace(os.path.lexists(dest), None)  # somebody may have made one meanwhile
            place.finish(handle, dest, known, self._wanted.allow_replace)
        return known

    def _refuse_different(self, one: Node, other: Node, size: int, written: str, read: str) -> None:
        if not self._qemu.compare(one, other, size, self._progress.part("comparing")):
            raise Differs(
                f"what was written, {written}, is not what was read, {read}. Nothing is kept of it; look at the memory and the disks of this host."
            )
