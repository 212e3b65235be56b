# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""qemu-img, told exactly what to open and how: no format is guessed, and nothing is opened by a name that an image or a user chose.

Images and devices are given as open files (``/proc/self/fd/N``), with their driver, and with no backing file.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import typing as t

from ..._common.errors import Failure, NotFound
from ..errors import NoSpace, Unusable
from ..machine import programs
from . import process

#: For looking at an image: what OpenStack allows.
_LOOK = process.Limits(30, 1 << 30, 60)
#: For reading all of its tables.
_WALK = process.Limits(600, 2 << 30, 1800)
#: The address space for copying; what it uses of it is far less.
_COPY_MEMORY = 4 << 30
#: Reads and writes under way at the same time.
_COROUTINES = "4"
#: How many parts of an image are compared at the same time, and how large each of them is at least.
_PARTS, _LEAST_PART = 4, 64 << 20
_PERCENT = re.compile(rb"\((\d+(?:\.\d+)?)/100%\)")
#: Statuses of ``qemu-img check`` that are no mistake in the image: in order, space that is not used, cannot be checked.
_SOUND = (0, 3, 63)
#: Since this version qemu-img can be told that the target is empty, and does not write zeros again.
_TARGET_IS_ZERO = (5, 0)


class Node(t.NamedTuple):
    """An open file as qemu-img gets it. ``driver`` is the format, ``device`` whether it is a block device, ``direct`` whether to go around the cache.

    ``part`` is what of the disk in it is meant: from where on, and how much of it, ``None`` for all the rest.
    """

    handle: int
    driver: str
    device: bool = False
    direct: bool = False
    part: t.Tuple[int, t.Optional[int]] = (0, None)

    def __str__(self) -> str:
        file: t.Dict[str, t.Any] = {
            "driver": "host_device" if self.device else "file",
            "filename": f"/proc/self/fd/{self.handle}",
        }
        if self.direct:
            file["cache"] = {"direct": True, "no-flush": False}
        node: t.Dict[str, t.Any] = {"driver": self.driver, "file": file}
        if self.driver in ("qcow2", "vmdk"):
            node["backing"] = None
        if self.driver == "vpc":
            # Else it would take cylinders, heads and sectors of most programs' images for the size, and leave out the rest.
            node["force_size_calc"] = "current_size"
        offset, size = self.part
        if self.part != (0, None):
            node = {"driver": "raw", "offset": offset, "file": node, **({"size": size} if size else {})}
        return "json:" + json.dumps(node)


#: Hears how much of 100 has been done.
Hear = t.Callable[[float], None]


class Qemu:
    """The program. ``copy_seconds`` is how long copying or comparing may take."""

    def __init__(self, program: str, copy_seconds: float) -> None:
        self._program = program
        self._copy = process.Limits(None, _COPY_MEMORY, copy_seconds)
        told = re.search(r"version (\d+)\.(\d+)", self._run(["--version"], _LOOK).output)
        if not told:
            raise Unusable(f"{program} --version does not say which version of qemu-img it is.")
        self.version = (int(told.group(1)), int(told.group(2)))

    def size(self, image: Node) -> int:
        """The virtual size of an image. Raises :class:`Unusable`."""
        ended = self._run(["info", "--output=json", str(image)], _LOOK, [image.handle])
        told = _json(ended)
        size = told.get("virtual-size")
        if ended.status or not isinstance(size, int) or isinstance(size, bool):
            raise Unusable(f"it may be damaged or truncated; qemu-img cannot read it: {_words(ended)}")
        if told.get("backing-filename") or told.get("full-backing-filename"):
            raise Unusable("it is only the difference from another file, its backing file, which is not opened")
        return size

    def check(self, image: Node) -> None:
        """Raise :class:`Unusable` if an image is damaged or ends too early, as far as its tables tell. Reads no data."""
        if image.driver == "raw":
            return
        ended = self._run(["check", "--output=json", str(image)], _WALK, [image.handle])
        if ended.status not in _SOUND:
            raise Unusable(f"it is damaged or truncated; qemu-img check says: {_words(ended)}")

    def stored(self, image: Node) -> int:
        """About how many bytes of an image are more than nothing; 0 if that cannot be told."""
        arguments = ["measure", "--output=json", "-O", "qcow2", str(image)]
        ended = self._run(arguments, _WALK, [image.handle])
        required = _json(ended).get("required")
        return required if isinstance(required, int) and ended.status == 0 else 0

    def fill(self, image: Node, target: Node, hear: Hear) -> None:
        """Copy an image onto a device that has nothing but zeros. Raises :class:`Unusable` and :class:`NoSpace`."""
        empty = ["--target-is-zero"] if self.version >= _TARGET_IS_ZERO else []
        onto = ",".join(
            f"{key}={value}"
            for key, value in (
                ("driver", "raw"),
                ("file.driver", "host_device" if target.device else "file"),
                ("file.filename", f"/proc/self/fd/{target.handle}"),
            )
        )
        arguments = ["convert", "-p", "-n", *empty, "-W", "-m", _COROUTINES]
        arguments += ["-t", "none" if target.direct else "writeback", "--target-image-opts", str(image), onto]
        self._convert(arguments, [image.handle, target.handle], hear)

    def save(self, device: Node, path_handle: int, driver: str, compress: bool, hear: Hear) -> None:
        """Copy a device into an open file, which becomes an image of the format ``driver``. Raises as :meth:`fill` does."""
        arguments = ["convert", "-p", "-m", _COROUTINES, "-O", driver]
        arguments += ["-c"] if compress else []
        arguments += [str(device), f"/proc/self/fd/{path_handle}"]
        self._convert(arguments, [device.handle, path_handle], hear)

    def compare(self, one: Node, other: Node, size: int, hear: Hear) -> bool:
        """Whether two images hold the same; what one has more than the other has to be zeros. Raises :class:`Unusable`.

        ``size`` is that of the smaller one. One program reads one piece after the other, so as many as there are processors share it.
        """
        parts = _parts(size, min(_PARTS, os.cpu_count() or 1))
        done = [0.0 for _part in parts]

        def hear_of(number: int) -> Hear:
            def hear_part(percent: float) -> None:
                done[number] = percent
                hear(sum(done) / len(done))

            return hear_part

        every = [
            [self._program, "compare", "-p", str(one._replace(part=part)), str(other._replace(part=part))]
            for part in parts
        ]
        hears = [_percents(hear_of(number)) for number in range(len(parts))]
        every_end = process.side_by_side(every, self._copy, [one.handle, other.handle], hears)
        for ended in every_end:
            if ended.status not in (0, 1):
                raise _failed("comparing failed", ended)
        return not any(ended.status for ended in every_end)

    def _convert(self, arguments: t.List[str], handles: t.List[int], hear: Hear) -> None:
        ended = process.run([self._program, *arguments], self._copy, handles, _percents(hear))
        if ended.status:
            raise _failed("copying failed", ended)

    def _run(self, arguments: t.List[str], limits: process.Limits, handles: t.Sequence[int] = ()) -> process.Ended:
        return process.run([self._program, *arguments], limits, handles)


def find(name: str, copy_seconds: float) -> Qemu:
    """The program of this name or path. Raises :class:`NotFound`."""
    search = os.pathsep.join([os.environ.get("PATH", ""), *programs.PLACES])
    program = shutil.which(os.path.expanduser(name), path=search)
    if program is None:
        raise NotFound(
            f"There is no program {name} on this host. Install it: the package is qemu-utils on Debian and Ubuntu, and qemu-img elsewhere."
        )
    return Qemu(os.path.abspath(program), copy_seconds)


def _parts(size: int, most: int) -> t.List[t.Tuple[int, t.Optional[int]]]:
    """Parts of a disk of so many bytes, of about the same size: where each begins, and its length, of the last ``None`` for all the rest."""
    number = max(1, min(most, size // _LEAST_PART))
    length = size // number // _LEAST_PART * _LEAST_PART
    return [(each * length, length) for each in range(number - 1)] + [((number - 1) * length, None)]


def _percents(hear: Hear) -> t.Callable[[bytes], None]:
    def listen(piece: bytes) -> None:
        told = _PERCENT.findall(piece)
        if told:
            hear(float(told[-1]))

    return listen


def _failed(what: str, ended: process.Ended) -> Failure:
    words = _words(ended)
    if os.strerror(errno.ENOSPC) in words:
        return NoSpace(f"{what}, there is no space left: {words}")
    return Unusable(f"{what}: {words}")


def _json(ended: process.Ended) -> t.Dict[str, t.Any]:
    try:
        told = json.loads(ended.output)
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _words(ended: process.Ended) -> str:
    """What qemu-img says is wrong, in a line."""
    lines = [line.strip() for line in ended.errors.splitlines() if line.strip()]
    line = lines[-1] if lines else ""
    line = re.sub(r"^qemu-img: ", "", line)
    line = re.sub(r"json:\{.*?\}\}?(?=[:'\"]|$)", "the image", line)
    line = re.sub(r"/proc/self/fd/\d+", "the file", line)
    if line:
        return line[:300]
    if ended.status < 0:
        return f"it took more than it may, and was ended (signal {-ended.status})"
    return f"it ended with status {ended.status}"
