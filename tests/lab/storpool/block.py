# Copyright (c) 2026, StorPool CloudStack collection contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in for the StorPool client service: keeps this host's devices as the cluster has its attachments.

The real one does not ask the management API either; it learns from the cluster over the storage network. So this asks
the simulator's own interface, which leaves no trace among the API calls. A device is a sparse file of the volume's size.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import sys
import time
import types
from pathlib import Path
from typing import Any

from . import configuration

PAUSE = 0.5
TIMEOUT = 5
DEV = Path("/dev")
LINKS = {"name": DEV / "storpool", "id": DEV / "storpool-byid"}


def main() -> int:
    """Run until SIGTERM; the client is up for the cluster as long as this runs."""
    try:
        values = configuration.variables()
        client = int(configuration.required("SP_OURID"))
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
                    _ask(host, port, "POST", "clients", {"id": client, "up": True})
                keep(wanted(_ask(host, port, "GET", "state"), client))
                reached = True
            except (OSError, http.client.HTTPException, ValueError) as error:
                if reached:
                    print(f"storpool_block: the cluster does not answer: {error}", file=sys.stderr, flush=True)
                reached = False
            time.sleep(PAUSE)
    finally:
        with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
            _ask(host, port, "POST", "clients", {"id": client, "up": False})
        keep({})


def wanted(state: dict[str, Any], client: int) -> dict[Path, tuple[Path, int]]:
    """Each link that this client should have, with its device and the device's size in bytes.

    The link by id has the id that a volume was created with, whatever a revert has made of it.
    """
    links: dict[Path, tuple[Path, int]] = {}
    clusters = state["clusters"].values()
    objects = {each["lastingId"]: each for cluster in clusters for each in (*cluster["volumes"], *cluster["snapshots"])}
    for cluster in clusters:
        for attachment in cluster["attachments"]:
            if attachment["client"] != client:
                continue
            found = objects.get(attachment["lastingId"], {})
            target = DEV / f"sp-{attachment['pos']}", int(found.get("size", 0))
            links[LINKS["id"] / attachment["lastingId"]] = target
            if not str(attachment["volume"]).startswith(("~", "*")):
                links[LINKS["name"] / attachment["volume"]] = target
    return links


def keep(links: dict[Path, tuple[Path, int]]) -> None:
    """Make ``links`` and their devices be there, and no others."""
    devices = dict(links.values())
    for directory in LINKS.values():
        for path in directory.iterdir() if directory.is_dir() else ():
            if path not in links or os.readlink(path) != str(links[path][0]):
                path.unlink()
    for path in DEV.glob("sp-*"):
        if path not in devices:
            path.unlink()
    for device, size in devices.items():
        if not device.exists() or device.stat().st_size != size:
            with device.open("ab") as file:
                file.truncate(size)
    for path, (device, _size) in links.items():
        if not path.is_symlink():
            path.symlink_to(device)


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
