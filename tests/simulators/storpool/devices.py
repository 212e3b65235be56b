# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices of clients: below a directory that takes the place of ``/dev``, the links that StorPool makes there."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulators.storpool import loops, openers, services
from simulators.storpool.names import listed
from simulators.storpool.state import Attachment, Context
from simulators.storpool.store import HANDLES, DataError, Store

BY_NAME, BY_ID = "storpool", "storpool-byid"
LOOP, FILE = "loop", "file"


@dataclass(frozen=True)
class Wanted:
    """What a client shall have of an object: its file, the name of the link by name ("" for none), its size in bytes."""

    file: str
    name: str
    read_only: bool
    size: int
    position: int


@dataclass(frozen=True)
class Device:
    """What a client has: ``path`` is what the links lead to."""

    wanted: Wanted
    path: Path


class Devices:
    """Keeps the devices of the local cluster's clients; ``paths`` has the directory of each client's links.

    ``kind`` "loop": block devices; "file": the files themselves, which root can write to even where they are read only.
    """

    def __init__(self, store: Store, paths: Mapping[int, Path], kind: str | None = None) -> None:
        self._store = store
        self._paths = paths
        for device in loops.over(store.root):
            loops.detach(device)
        possible = loops.usable(store.root)
        if kind == LOOP and not possible:
            raise DataError("This machine lets us have no loop devices: leave out --device-kind.")
        self.kind = kind or (LOOP if possible else FILE)
        for path in paths.values():
            _prepare(path, store.root)
        self._present: dict[int, dict[str, Device]] = {client: {} for client in paths}
        #: The configuration without the attachment, by client and global id.
        self._leaving: dict[tuple[int, str], int] = {}
        self._alone = asyncio.Lock()

    async def follow(self, present: Callable[[], Context]) -> bool:
        """Let the devices be as the clients' attachments are; false if a client is still to apply some of these."""
        async with self._alone:
            context = present()
            wanted = {client: self._wanted(context, client) for client in self._paths}
            for number, found in wanted.items():
                for lasting_id in [*self._present[number], *found]:
                    await self._keep(number, lasting_id, found.get(lasting_id))
            return not any(self._is_behind(present(), number) for number in self._paths)

    def _wanted(self, context: Context, number: int) -> dict[str, Wanted]:
        """What a client shall have, by lasting global id: as of the configuration that it has applied."""
        client = context.cluster.clients.get(number)
        if client is None or not client.up:
            return {}
        applied = services.applied_generation(client, context)
        wanted = {}
        attached = {each.volume.lasting_id: each for each in _attachments(context, number)}
        for lasting_id, attachment in attached.items():
            self._leaving.pop((number, lasting_id), None)
            if attachment.generation <= applied:
                wanted[lasting_id] = _of(attachment)
        for lasting_id, device in self._present[number].items():
            if lasting_id not in attached:
                gone = self._leaving.setdefault((number, lasting_id), context.cluster.generation)
                if gone > applied:
                    wanted[lasting_id] = device.wanted
        return wanted

    def _is_behind(self, context: Context, number: int) -> bool:
        client = context.cluster.clients.get(number)
        if client is None or not client.up:
            return bool(self._present[number])
        there = {each.volume.lasting_id: _of(each) for each in _attachments(context, number)}
        return there != {lasting_id: device.wanted for lasting_id, device in self._present[number].items()}

    async def _keep(self, number: int, lasting_id: str, wanted: Wanted | None) -> None:
        device = self._present[number].get(lasting_id)
        if wanted is not None:
            await self._store.settled(wanted.file)
        if (device.wanted if device else None) == wanted:
            return
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(None, self._change, number, lasting_id, device, wanted)
        except (OSError, DataError) as error:
            print(f"client {number} does not get its device of {lasting_id}: {error}", file=sys.stderr, flush=True)

    def _change(self, number: int, lasting_id: str, device: Device | None, wanted: Wanted | None) -> None:
        """Make, change or remove the device of one object."""
        links = self._links(number, lasting_id, wanted)
        for path in set(self._links(number, lasting_id, device.wanted if device else None)) - set(links):
            path.unlink(missing_ok=True)
        path = device.path if device else None
        if device is not None and (wanted is None or wanted.read_only != device.wanted.read_only):
            for link in links:
                link.unlink(missing_ok=True)
            del self._present[number][lasting_id]
            self._take(device.path)
            path = None
        if wanted is None:
            self._leaving.pop((number, lasting_id), None)
            return
        if path is None:
            path = self._give(number, lasting_id, wanted)
        elif self.kind == LOOP and device is not None and wanted.size != device.wanted.size:
            loops.resized(path)
        self._present[number][lasting_id] = Device(wanted, path)
        for link in links:
            if not link.is_symlink():
                link.symlink_to(path)

    def _give(self, number: int, lasting_id: str, wanted: Wanted) -> Path:
        file = self._store.root / wanted.file
        if self.kind == LOOP:
            return loops.attach(file, read_only=wanted.read_only)
        handle = self._store.root / HANDLES / str(number) / lasting_id
        handle.parent.mkdir(parents=True, exist_ok=True)
        handle.unlink(missing_ok=True)
        os.link(file, handle)
        return handle

    def _take(self, path: Path) -> None:
        if self.kind == LOOP:
            loops.detach(path)
        else:
            path.unlink(missing_ok=True)

    def _links(self, number: int, lasting_id: str, wanted: Wanted | None) -> list[Path]:
        if wanted is None:
            return []
        directory = self._paths[number]
        by_name = [directory / BY_NAME / wanted.name] if wanted.name else []
        return [directory / BY_ID / lasting_id, *by_name]

    def in_use(self, attachment: Attachment) -> bool:
        """Whether the device of an attachment is open, as somebody says or as this machine shows."""
        if attachment.open:
            return True
        device = self._present.get(attachment.client, {}).get(attachment.volume.lasting_id)
        return device is not None and _is_of(attachment, device) and openers.is_open(device.path)

    def describe(self) -> dict[str, Any]:
        """``{"kind", "devices": [{"client", "globalId", "name", "position", "readOnly", "size", "device"}]}``."""
        return {
            "kind": self.kind,
            "devices": [
                {
                    "client": number,
                    "globalId": lasting_id,
                    "name": device.wanted.name,
                    "position": device.wanted.position,
                    "readOnly": device.wanted.read_only,
                    "size": device.wanted.size,
                    "device": str(device.path),
                }
                for number, devices in self._present.items()
                for lasting_id, device in devices.items()
            ],
        }

    def close(self) -> None:
        """Remove every device."""
        for number, devices in self._present.items():
            for lasting_id, device in list(devices.items()):
                try:
                    self._change(number, lasting_id, device, None)
                except (OSError, DataError) as error:
                    print(f"{device.path} could not be removed: {error}", file=sys.stderr, flush=True)


def _attachments(context: Context, number: int) -> list[Attachment]:
    return [each for each in context.cluster.attachments.values() if each.client == number]


def _is_of(attachment: Attachment, device: Device) -> bool:
    """An object of another cluster may have the same global id."""
    return attachment.volume.file == device.wanted.file


def _of(attachment: Attachment) -> Wanted:
    volume = attachment.volume
    name = listed(volume)
    name = "" if name.startswith(("~", "*")) or name in (".", "..") else name
    return Wanted(volume.file, name, attachment.rights == "ro", volume.size, attachment.pos)


def _prepare(path: Path, root: Path) -> None:
    """Make the directories of a client's links; links that an earlier simulator left there go, anything else refuses."""
    for directory in (path / BY_NAME, path / BY_ID):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            for link in directory.iterdir():
                target = Path(os.readlink(link)) if link.is_symlink() else None
                ours = target is not None and (target.parent == Path("/dev") and target.name.startswith("loop"))
                if not ours and (target is None or root not in target.parents):
                    raise DataError(f"{link} is not a simulator's: give another directory for the devices.")
                link.unlink()
        except OSError as error:
            raise DataError(f"{directory} cannot be used for devices: {error.strerror or error}.") from error
