# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Devices of clients: below a directory that takes the place of ``/dev``, the links that StorPool makes there."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from simulators.storpool import loops, openers, services
from simulators.storpool.names import listed
from simulators.storpool.state import Attachment, Context
from simulators.storpool.state import Client as ClientState
from simulators.storpool.store import HANDLES, DataError, Store

BY_NAME, BY_ID = "storpool", "storpool-byid"
LOOP, FILE = "loop", "file"


#: A client: the id of its cluster, and its own.
Client = tuple[str, int]


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
    """Keeps the devices of clients; ``paths`` has the directory of each client's links.

    ``kind`` "loop": block devices; "file": the files themselves, which root can write to even where they are read only.
    """

    def __init__(self, store: Store, paths: Mapping[Client, Path], kind: str | None = None) -> None:
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
        self._present: dict[Client, dict[str, Device]] = {client: {} for client in paths}
        #: The configuration without the attachment, by client and global id.
        self._leaving: dict[tuple[Client, str], int] = {}
        #: What could not be had; it is tried again with the next change, whatever that is.
        self._failed: set[tuple[Client, str]] = set()
        self._alone = asyncio.Lock()

    async def follow(self, present: Callable[[], Context]) -> bool:
        """Let the devices be as the clients' attachments are; false if a client is still to apply some of these.

        What concerns a file that is being worked on is left for later, too: nobody waits for other people's copies.
        """
        async with self._alone:
            context = present()
            wanted = {client: self._wanted(context, client) for client in self._paths}
            for one, found in wanted.items():
                for lasting_id in [*self._present[one], *found]:
                    await self._keep(one, lasting_id, found.get(lasting_id))
            return not any(self._is_behind(present(), one) for one in self._paths)

    def _wanted(self, context: Context, one: Client) -> dict[str, Wanted]:
        """What a client shall have, by lasting global id: as of the configuration that it has applied."""
        context, client = _at(context, one)
        if client is None or not client.up:
            return {}
        applied = services.applied_generation(client, context)
        wanted = {}
        attached = {each.volume.lasting_id: each for each in _attachments(context, one)}
        for lasting_id, attachment in attached.items():
            self._leaving.pop((one, lasting_id), None)
            if attachment.generation <= applied:
                wanted[lasting_id] = _of(attachment)
        for lasting_id, device in self._present[one].items():
            if lasting_id not in attached:
                gone = self._leaving.setdefault((one, lasting_id), context.cluster.generation)
                if gone > applied:
                    wanted[lasting_id] = device.wanted
        return wanted

    def _is_behind(self, context: Context, one: Client) -> bool:
        context, client = _at(context, one)
        if client is None or not client.up:
            return not all((one, lasting_id) in self._failed for lasting_id in self._present[one])
        there = {each.volume.lasting_id: _of(each) for each in _attachments(context, one)}
        present = {lasting_id: device.wanted for lasting_id, device in self._present[one].items()}
        different = {lasting_id for lasting_id, _wanted in there.items() ^ present.items()}
        return not all((one, lasting_id) in self._failed for lasting_id in different)

    async def _keep(self, one: Client, lasting_id: str, wanted: Wanted | None) -> None:
        device = self._present[one].get(lasting_id)
        if (device.wanted if device else None) == wanted or (wanted is not None and self._store.is_busy(wanted.file)):
            return
        loop = asyncio.get_running_loop()
        self._failed.discard((one, lasting_id))
        try:
            await loop.run_in_executor(None, self._change, one, lasting_id, device, wanted)
        except (OSError, DataError) as error:
            self._failed.add((one, lasting_id))
            print(
                f"client {one[1]} of {one[0]} does not get its device of {lasting_id}: {error}",
                file=sys.stderr,
                flush=True,
            )

    def _change(self, one: Client, lasting_id: str, device: Device | None, wanted: Wanted | None) -> None:
        """Make, change or remove the device of one object."""
        if device is not None and (wanted is None or wanted.read_only != device.wanted.read_only):
            self._unlink(one, lasting_id, device)
            del self._present[one][lasting_id]
            self._take(device.path)
            device = None
        if wanted is None:
            self._leaving.pop((one, lasting_id), None)
            return
        if device is None:
            path = self._give(one, lasting_id, wanted)
        else:
            path = device.path
            if self.kind == LOOP and wanted.size != device.wanted.size:
                loops.resized(path)
            if wanted.name != device.wanted.name:
                self._unlink(one, lasting_id, device)
        self._present[one][lasting_id] = Device(wanted, path)
        for link in self._links(one, lasting_id, wanted):
            if _target(link) != path:
                link.unlink(missing_ok=True)  # one of another object that had the name
                link.symlink_to(path)

    def _unlink(self, one: Client, lasting_id: str, device: Device) -> None:
        for link in self._links(one, lasting_id, device.wanted):
            if _target(link) == device.path:
                link.unlink()

    def _give(self, one: Client, lasting_id: str, wanted: Wanted) -> Path:
        file = self._store.root / wanted.file
        if self.kind == LOOP:
            return loops.attach(file, read_only=wanted.read_only)
        handle = self._store.root / HANDLES / f"{one[0]}.{one[1]}" / lasting_id
        handle.parent.mkdir(parents=True, exist_ok=True)
        handle.unlink(missing_ok=True)
        os.link(file, handle)
        return handle

    def _take(self, path: Path) -> None:
        if self.kind == LOOP:
            loops.detach(path)
        else:
            path.unlink(missing_ok=True)

    def _links(self, one: Client, lasting_id: str, wanted: Wanted) -> list[Path]:
        directory = self._paths[one]
        by_name = [directory / BY_NAME / wanted.name] if wanted.name else []
        return [directory / BY_ID / lasting_id, *by_name]

    def in_use(self, attachments: Iterable[Attachment]) -> list[Attachment]:
        """Those whose devices are open, as somebody says or as this machine shows."""
        wanted = list(attachments)
        paths = [self._path(each) for each in wanted]
        opened = openers.opened(path for path in paths if path is not None)
        return [each for each, path in zip(wanted, paths, strict=True) if each.open or path in opened]

    def _path(self, attachment: Attachment) -> Path | None:
        device = self._present.get((attachment.cluster, attachment.client), {}).get(attachment.volume.lasting_id)
        # An object of another cluster may have the same id.
        return device.path if device is not None and device.wanted.file == attachment.volume.file else None

    def describe(self) -> dict[str, Any]:
        """``{"kind", "devices": [{"cluster", "client", "globalId", "name", "position", "readOnly", "size", "device", "numbers"}]}``.

        ``numbers`` are those of a block device, major and minor, or null.
        """
        return {
            "kind": self.kind,
            "devices": [
                {
                    "cluster": cluster,
                    "client": number,
                    "globalId": lasting_id,
                    "name": device.wanted.name,
                    "position": device.wanted.position,
                    "readOnly": device.wanted.read_only,
                    "size": device.wanted.size,
                    "device": str(device.path),
                    "numbers": loops.numbers(device.path) if self.kind == LOOP else None,
                }
                for (cluster, number), devices in self._present.items()
                for lasting_id, device in list(devices.items())
            ],
        }

    def close(self) -> None:
        """Remove every device."""
        for one, devices in self._present.items():
            for lasting_id, device in list(devices.items()):
                try:
                    self._change(one, lasting_id, device, None)
                except (OSError, DataError) as error:
                    print(f"{device.path} could not be removed: {error}", file=sys.stderr, flush=True)


def _at(context: Context, one: Client) -> tuple[Context, ClientState | None]:
    """The cluster of a client, and what that knows of it; nothing if there is no such cluster (any more)."""
    cluster = context.world.clusters.get(one[0])
    return (context, None) if cluster is None else (replace(context, cluster=cluster), cluster.clients.get(one[1]))


def _attachments(context: Context, one: Client) -> list[Attachment]:
    """Those of a client, in the context of its cluster."""
    return [each for each in context.cluster.attachments.values() if each.client == one[1]]


def _of(attachment: Attachment) -> Wanted:
    volume = attachment.volume
    name = listed(volume)
    name = "" if name.startswith(("~", "*")) or name in (".", "..") else name
    return Wanted(volume.file, name, attachment.rights == "ro", volume.size, attachment.pos)


def _target(link: Path) -> Path | None:
    return Path(os.readlink(link)) if link.is_symlink() else None


def _prepare(path: Path, root: Path) -> None:
    """Make the directories of a client's links; links that an earlier simulator left there go, anything else refuses."""
    for directory in (path / BY_NAME, path / BY_ID):
        try:
            directory.mkdir(parents=True, exist_ok=True)
            for link in directory.iterdir():
                target = _target(link)
                loop = target is not None and target.parent == Path("/dev") and target.name.startswith("loop")
                if target is None or not (loop or root in target.parents):
                    raise DataError(f"{link} is not a simulator's: give another directory for the devices.")
                link.unlink()
        except OSError as error:
            raise DataError(f"{directory} cannot be used for devices: {error.strerror or error}.") from error
