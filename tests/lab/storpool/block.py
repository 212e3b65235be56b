# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in for the StorPool client service: keeps this host's devices as the cluster has its attachments.

The real one does not ask the management API either; it learns from the cluster over the storage network. So this asks
the simulator's own interface, which leaves no trace among the API calls. A device is the block device that the simulator
has made of the object's file, or where there can be none, a link to the file itself, in a directory that all hosts share.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import stat
import sys
import time
import types
from pathlib import Path
from typing import Any

from . import configuration

PAUSE = 0.5
TIMEOUT = 5
DEV = Path("/dev")
#: Which block device, or else which file.
Target = tuple[int, int] | str

LINKS = {"name": DEV / "storpool", "id": DEV / "storpool-byid"}


def main() -> int:
    """Run until SIGTERM; the client is up for the cluster as long as this runs."""
    try:
        values = configuration.variables()
        cluster, client = configuration.required("SP_CLUSTER_ID"), int(configuration.required("SP_OURID"))
        host, port = values["SP_API_HTTP_HOST"], int(values["SP_API_HTTP_PORT"])
    except (configuration.NotConfigured, KeyError, ValueError) as error:
        print(f"storpool_block: {error}", file=sys.stderr)
        return 1

    def stop(number: int, _frame: types.FrameType | None) -> None:
        raise SystemExit

    signal.signal(signal.SIGTERM, stop)
    for directory in LINKS.values():
        directory.mkdir(exist_ok=True)
    reached = False
    try:
        while True:
            try:
                if not reached:
                    _ask(host, port, "POST", "clients", {"id": client, "cluster": cluster, "up": True})
                keep(wanted(_ask(host, port, "GET", "devices"), cluster, client))
                reached = True
            except (OSError, http.client.HTTPException, ValueError) as error:
                if reached:
                    print(f"storpool_block: the cluster does not answer: {error}", file=sys.stderr, flush=True)
                reached = False
            time.sleep(PAUSE)
    finally:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            _ask(host, port, "POST", "clients", {"id": client, "cluster": cluster, "up": False})
        keep({})


def wanted(answer: dict[str, Any], cluster: str, client: int) -> dict[Path, tuple[Path, Target]]:
    """Each link that this client should have, with its device and what that is.

    The link by id has the id that a volume was created with, whatever a revert has made of it.
    """
    links: dict[Path, tuple[Path, Target]] = {}
    for found in answer["devices"]:
        if (found["cluster"], found["client"]) != (cluster, client):
            continue
        target = tuple(found["numbers"]) if found["numbers"] else found["device"]
        device = DEV / f"sp-{found['position']}", target
        links[LINKS["id"] / found["globalId"]] = device
        if found["name"]:
            links[LINKS["name"] / found["name"]] = device
    return links


def keep(links: dict[Path, tuple[Path, Target]]) -> None:
    """Make ``links`` and their devices be there, and no others."""
    devices = dict(links.values())
    for directory in LINKS.values():
        for path in directory.iterdir() if directory.is_dir() else ():
            if path not in links or os.readlink(path) != str(links[path][0]):
                path.unlink()
    for path in DEV.glob("sp-*"):
        if path not in devices or _target(path) != devices[path]:
            path.unlink()
    for device, target in devices.items():
        if not device.is_symlink() and not device.exists():
            if isinstance(target, str):
                device.symlink_to(target)
            else:
                os.mknod(device, stat.S_IFBLK | 0o660, os.makedev(*target))
    for path, device_and_target in links.items():
        if not path.is_symlink():
            path.symlink_to(device_and_target[0])


def _target(device: Path) -> Target:
    if device.is_symlink():
        return os.readlink(device)
    number = device.stat().st_rdev
    return os.major(number), os.minor(number)


def _ask(host: str, port: int, method: str, name: str, body: Any = None) -> Any:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    try:
        connection.request(method, f"/_sim/{name}", body=None if body is None else json.dumps(body))
        response = connection.getresponse()
        answer = json.loads(response.read())
        if response.status != http.HTTPStatus.OK:
            raise ValueError(answer)
        return answer
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
